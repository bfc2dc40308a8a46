//! QUIC recognised by content: a long header of a version that is known.

use super::keys::Keys;
use super::wire::{Form, Header, Version, bits};
use crate::dissector::{Probe, Speaker, Verdict};
use crate::units::{PerSide, Side};

/// A packet with a long header, not shorter than any that makes sense.
const LEAST: usize = 13;

pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if bytes.len() < LEAST || bytes.first().is_some_and(|b| b & bits::LONG == 0) {
        return Verdict::No;
    }
    let Some(header) = Header::read(bytes) else {
        return Verdict::No;
    };
    let is_fixed = bytes.first().is_some_and(|b| b & bits::FIXED != 0);
    match header.form {
        Form::Retry | Form::VersionNegotiation if header.version == Version::NEGOTIATION => {
            negotiation(&header, bytes)
        }
        Form::Unknown if !header.version.is_grease() || !is_fixed => Verdict::No,
        Form::Retry => Verdict::Certain(Speaker::Server),
        Form::Initial => Verdict::Certain(speaker(&header, bytes)),
        _ => Verdict::Certain(Speaker::Unknown),
    }
}

/// A list of versions, of which one must be known: the version alone is too little to tell (RFC 9000 17.2.1).
fn negotiation(header: &Header<'_>, bytes: &[u8]) -> Verdict {
    let versions = bytes.get(header.payload..).unwrap_or(&[]);
    let (versions, rest) = versions.as_chunks::<4>();
    let known = versions
        .iter()
        .any(|version| Version(u32::from_be_bytes(*version)).is_known());
    if known && rest.is_empty() {
        Verdict::Certain(Speaker::Server)
    } else {
        Verdict::No
    }
}

/// Who has sent an Initial packet: it opens with one side's keys. Only a client has a token to show.
fn speaker(header: &Header<'_>, bytes: &[u8]) -> Speaker {
    if header.has_token {
        return Speaker::Client;
    }
    let Some(packet) = bytes.get(..header.len) else {
        return Speaker::Unknown;
    };
    let opens = |keys: &PerSide<Keys>, side: Side| {
        let keys = &keys[side];
        let bare = keys.bare(packet, header.form, header.payload)?;
        keys.open(packet, bare, header.payload, None)
    };
    match Keys::initial(header.version, header.dcid) {
        Some(keys) if opens(&keys, Side::Client).is_some() => Speaker::Client,
        _ => Speaker::Unknown,
    }
}
