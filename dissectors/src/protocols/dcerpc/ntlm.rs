//! Who logs on: the names in an NTLM AUTHENTICATE message (MS-NLMP 2.2.1.3), bare or within SPNEGO.

/// Bytes of a token that are searched for the message: SPNEGO's wrapping is short.
const SEARCHED: usize = 256;
/// UTF-16 units of a name that are read.
const NAME: usize = 256;

/// The names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) domain: String,
    /// Empty for an anonymous logon.
    pub(super) user: String,
    pub(super) workstation: String,
}

/// Finds an AUTHENTICATE message in a security token.
pub(super) fn authenticate(token: &[u8]) -> Option<Names> {
    let searched = token.get(..SEARCHED).unwrap_or(token);
    let at = searched.windows(8).position(|w| w == b"NTLMSSP\0")?;
    let message = token.get(at..)?;
    if number(message, 8)? != 3 {
        return None;
    }
    let unicode = number(message, 60).is_none_or(|flags| flags & 1 != 0);
    Some(Names {
        domain: name(message, 28, unicode)?,
        user: name(message, 36, unicode)?,
        workstation: name(message, 44, unicode)?,
    })
}

fn number(message: &[u8], at: usize) -> Option<u32> {
    let bytes = message.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// The text that the length and the offset at `at` point to.
fn name(message: &[u8], at: usize, unicode: bool) -> Option<String> {
    let length = (number(message, at)? & 0xffff) as usize;
    let offset = number(message, at + 4)? as usize;
    let bytes = message.get(offset..offset.checked_add(length)?)?;
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    if !unicode {
        let short = bytes.get(..NAME).unwrap_or(bytes);
        return Some(
            String::from_utf8_lossy(short)
                .chars()
                .map(printable)
                .collect(),
        );
    }
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().take(NAME).map(|b| u16::from_le_bytes(*b));
    Some(
        char::decode_utf16(units)
            .map(|c| printable(c.unwrap_or(char::REPLACEMENT_CHARACTER)))
            .collect(),
    )
}
