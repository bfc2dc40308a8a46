//! NetBIOS Datagram Service: what computers announce and mailslots carry, in SMB1 (RFC 1001 17, RFC 1002 4.4).
//!
//! ```text
//!   0 type   1 flags   2 id   4 source address   8 source port   10 length   12 offset of a fragment
//!   14 source name, destination name, and what they carry; or an error code, or the name that is asked for
//! ```
//!
//! Nobody waits for an answer here: all are messages. SMB in them is read for its fields alone.
//!
//! Details: `source_name`, `destination_name`, of the last datagram.

mod describe;
pub(super) mod fields;
#[cfg(test)]
mod tests;

use crate::dissector::{
    Carrier, Dissector, Input, Output, Probe, Protocol, Speaker, Start, Verdict,
};
use crate::event::{Act, Op};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// NBDS, on port 138.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "nbdgm",
    title: "NetBIOS Datagram Service (RFC 1001, RFC 1002)",
    carriers: &[Carrier::Datagrams],
    ports: &[138],
    sessions: &["nbdgm"],
    probe,
    start: |start| Box::new(Nbdgm::new(start)),
};

/// DIRECT_UNIQUE, DIRECT_GROUP and BROADCAST DATAGRAM: those that carry something.
const CARRIERS: std::ops::RangeInclusive<u8> = 0x10..=0x12;
/// DATAGRAM ERROR.
const ERROR: u8 = 0x13;
/// DATAGRAM QUERY REQUEST to DATAGRAM NEGATIVE QUERY RESPONSE.
const QUERIES: std::ops::RangeInclusive<u8> = 0x14..=0x16;
/// Bytes before the names of a datagram that carries something; of the other kinds there are ten.
const HEAD: usize = 14;
const SHORT_HEAD: usize = 10;
/// The child that SMB is handed to, and the bytes that stand for a session service's head before it.
const CHILD: u64 = 0;
const LEAD: usize = 4;

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some((kind, name)) = probe.bytes.first().zip(probe.bytes.get(HEAD)) else {
        return Verdict::No;
    };
    let rest = probe.bytes.get(HEAD + 1..).unwrap_or(&[]);
    let letters = rest.iter().take(32).all(u8::is_ascii_uppercase);
    if CARRIERS.contains(kind) && *name == 32 && letters && rest.len() > 32 {
        Verdict::Certain(Speaker::Unknown)
    } else if *kind == ERROR || QUERIES.contains(kind) {
        Verdict::Likely(Speaker::Unknown)
    } else {
        Verdict::No
    }
}

struct Nbdgm {
    offsets: PerSide<StreamOffset>,
    beginning: bool,
    /// Of whom the last one was, and for whom.
    names: Option<(String, String)>,
}

impl Nbdgm {
    fn new(start: &Start<'_>) -> Self {
        Self {
            offsets: PerSide::default(),
            beginning: start.beginning,
            names: None,
        }
    }

    fn tell(&mut self, side: Side, span: Span, bytes: &[u8], out: &mut Output<'_>) {
        let Some(kind) = bytes.first() else { return };
        let names = describe::names(bytes);
        out.describe(|| match &names {
            Some((from, to)) => format!("{} {from} \u{2192} {to}", describe::title(*kind)),
            None => describe::title(*kind).to_owned(),
        });
        let op = Op::new(describe::title(*kind), u32::from(*kind));
        out.emit(side, span, Act::Message { op });
        if let Some((from, to)) = names
            && self.names != Some((from.clone(), to.clone()))
        {
            out.detail(side, span, "source_name", from.clone());
            out.detail(side, span, "destination_name", to.clone());
            self.names = Some((from, to));
        }
    }

    fn datagram(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let at = self.offsets[side];
        let len = bytes.len() as u64;
        self.offsets[side] += len;
        let span = Span::new(at, at + len);
        out.fields(side, span, |w| describe::datagram(w, bytes));
        self.tell(side, span, bytes, out);
        let Some((from, content)) = describe::content(bytes) else {
            return;
        };
        // SMB's reader expects the session service's head: its place is taken from the names before.
        let is_smb = content.starts_with(b"\xFFSMB");
        if !is_smb || !out.wants_fields() || !out.start_child(CHILD, "smb", self.beginning, &[]) {
            return;
        }
        let len = (content.len() as u32).to_be_bytes();
        let from = at + from as u64;
        out.child(CHILD, side, from - LEAD as u64, Input::Data(&len));
        out.child(CHILD, side, from, Input::Data(content));
    }
}

impl Dissector for Nbdgm {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => self.datagram(side, bytes, out),
            Input::Gap { len } => self.offsets[side] += len,
            Input::End(_) => {}
        }
    }
}
