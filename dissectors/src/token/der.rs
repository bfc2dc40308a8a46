//! Values in DER (X.690), one behind the other; no recursion.

/// One value in DER: its tag, its content and where that begins.
pub(super) struct Tlv<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) at: usize,
}

/// Values one behind the other; what is cut short ends with the bytes that are there.
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Values<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let [tag, first, rest @ ..] = self.bytes else {
            return None;
        };
        let (len, head) = if *first < 0x80 {
            (usize::from(*first), 0)
        } else {
            let count = usize::from(first & 0x7F);
            let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            let len = digits.iter().fold(0, |sum, d| sum << 8 | usize::from(*d));
            (len, count)
        };
        let rest = rest.get(head..)?;
        let content = rest.get(..len).unwrap_or(rest);
        let at = self.at + 2 + head;
        self.bytes = rest.get(len..).unwrap_or(&[]);
        self.at = at + len;
        Some(Tlv {
            tag: *tag,
            content,
            at,
        })
    }
}

impl<'a> Tlv<'a> {
    pub(super) const fn inside(&self) -> Values<'a> {
        Values {
            bytes: self.content,
            at: self.at,
        }
    }

    /// The value in it, where it is one of this tag.
    pub(super) fn only(&self, tag: u8) -> Option<Self> {
        self.inside().next().filter(|value| value.tag == tag)
    }

    /// A number that is not negative, up to 32 bits.
    pub(super) fn number(&self) -> Option<u32> {
        let digits = self.content.strip_prefix(&[0]).unwrap_or(self.content);
        let first = self.content.first()?;
        (digits.len() <= 4 && first & 0x80 == 0)
            .then(|| digits.iter().fold(0, |sum, d| sum << 8 | u32::from(*d)))
    }
}
