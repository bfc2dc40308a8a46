//! Who logs on: NTLMSSP messages (MS-NLMP 2.2.1), bare or inside SPNEGO (RFC 4178), and the mechanism otherwise.

use super::bytes::{oem, part, u16_at, u32_at, utf16};
use crate::token::{self, Told};

/// NTLMSSP_NEGOTIATE_UNICODE (MS-NLMP 2.2.2.5).
const UNICODE: u32 = 1;
/// The Kerberos 5 mechanism, 1.2.840.113554.1.2.2, and Microsoft's slip of it, 1.2.840.48018.1.2.2.
const KERBEROS: [&[u8]; 2] = [
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02],
    &[0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02],
];
/// Bytes of a token that are searched for a mechanism.
const SEARCHED: usize = 4096;

/// What a security token tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Token {
    /// `NTLM` or `Kerberos`; empty for another or none.
    pub(super) mechanism: &'static str,
    /// Of an NTLM AUTHENTICATE message.
    pub(super) identity: Option<Identity>,
    /// What it tells of the negotiation.
    pub(super) told: Told,
}

/// Who an NTLM client says it is. Empty texts for an anonymous logon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) user: String,
    pub(super) domain: String,
    pub(super) workstation: String,
}

impl Token {
    /// Reads a security buffer.
    pub(super) fn read(blob: &[u8]) -> Self {
        let searched = part(blob, 0, SEARCHED);
        if let Some(ntlm) = find(searched, b"NTLMSSP\0").and_then(|at| blob.get(at..)) {
            return Self {
                mechanism: "NTLM",
                identity: identity(ntlm),
                told: token::read(blob),
            };
        }
        let kerberos = KERBEROS.iter().any(|oid| find(searched, oid).is_some());
        Self {
            mechanism: if kerberos { "Kerberos" } else { "" },
            identity: None,
            told: token::read(blob),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|w| w == wanted)
}

/// The AUTHENTICATE message (MS-NLMP 2.2.1.3): length and offset of each text in fixed places.
fn identity(ntlm: &[u8]) -> Option<Identity> {
    if u32_at(ntlm, 8)? != 3 {
        return None;
    }
    let unicode = u32_at(ntlm, 60).unwrap_or(UNICODE) & UNICODE != 0;
    let text = |field: usize| -> Option<String> {
        let len = usize::from(u16_at(ntlm, field)?);
        let bytes = part(ntlm, u32_at(ntlm, field + 4)? as usize, len);
        Some(if unicode { utf16(bytes) } else { oem(bytes) })
    };
    Some(Identity {
        domain: text(28)?,
        user: text(36)?,
        workstation: text(44)?,
    })
}
