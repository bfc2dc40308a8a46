//! Security tokens, as SMB, DCE/RPC and HTTP carry them: NTLMSSP, bare or inside SPNEGO, and which mechanism it is otherwise.

mod der;
pub(crate) mod fields;
pub(crate) mod kerberos;
pub(crate) mod legs;
mod ntlmssp;
mod spnego;

use crate::field::{Writer, group};

/// What a token tells of the negotiation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The mechanisms that are offered, the preferred one first; empty names for unknown ones.
    pub(crate) offered: Vec<&'static str>,
    /// The mechanism that was chosen; empty where this is not said.
    pub(crate) chosen: &'static str,
    /// The type of the NTLMSSP message in it: 1 NEGOTIATE, 2 CHALLENGE, 3 AUTHENTICATE.
    pub(crate) ntlm: Option<u32>,
    /// The Kerberos message in it.
    pub(crate) kerberos: Option<kerberos::Message>,
}

/// Reads a token.
pub(crate) fn read(blob: &[u8]) -> Told {
    if blob.starts_with(ntlmssp::SIGNATURE) {
        return Told {
            ntlm: Some(ntlmssp::kind(blob)),
            ..Told::default()
        };
    }
    spnego::told(blob).unwrap_or_else(|| Told {
        kerberos: kerberos::of_gss(blob),
        ..Told::default()
    })
}

/// Describes the token `blob`, which stands at `at` of the message.
pub(crate) fn describe(w: &mut Writer<'_>, blob: &[u8], at: usize) {
    if !w.wants_group(group::NTLMSSP) && !w.wants_group(group::GSSAPI) {
        return;
    }
    if blob.starts_with(ntlmssp::SIGNATURE) {
        ntlmssp::describe(w, blob, at);
    } else {
        spnego::describe(w, blob, at);
    }
}

/// What the info column says of a token, to be put behind what is said of its message; empty where nothing is.
pub(crate) fn info(blob: &[u8]) -> String {
    let ntlm = if blob.starts_with(ntlmssp::SIGNATURE) {
        Some(blob)
    } else {
        spnego::inner(blob)
    };
    ntlm.map_or(String::new(), ntlmssp::info)
}

#[cfg(test)]
mod tests;
