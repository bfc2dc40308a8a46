//! Security tokens, as SMB, DCE/RPC and HTTP carry them: NTLMSSP, bare or inside SPNEGO, and which mechanism it is otherwise.

pub(crate) mod fields;
mod ntlmssp;
mod spnego;

use crate::field::{Writer, group};

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
