//! NetBIOS Name Service: which address a name has, on UDP 137. Its answers lead to the sessions of the Session Service.
//!
//! Heads up: read RFC 1002 section 4.2 first. Messages have DNS's form; names are in first-level encoding.
//!
//! ```text
//!   0 id   2 R opcode(4) flags rcode(4)   4 questions   6 answers   8 authorities   10 additional
//!   12 question: name, type (0x0020 NB, 0x0021 NBSTAT), class
//!   12 answer:   name, type, class, time to live (4), length (2), data: flags (2), address (4), ...
//! ```
//!
//! Who does not have a name says nothing (RFC 1002 section 4.2.14), so that nobody waits for an answer: all are messages.
//!
//! Details: `names`, what was answered (`FILESRV<20>: 10.0.0.2`).
//!
//! | fact | values |
//! |---|---|
//! | `nbns.answer` | `name`, `address`: a name query was answered, one fact an address |
//! | `nbns.no-such-name` | `name`, `code`: a name server knows no such name |

#[cfg(test)]
mod tests;
mod wire;

use wire::Message;

use crate::dissector::{
    Carrier, Dissector, Input, Output, Probe, Protocol, Speaker, Start, Verdict,
};
use crate::event::{Act, Fact, Op, Value};
use crate::units::{PerSide, Side, Span, StreamOffset};

const PORT: u16 = 137;
/// Names that are listed.
const MOST_NAMES: usize = 16;

/// NBNS, on port 137.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "nbns",
    title: "NetBIOS Name Service (RFC 1001, RFC 1002)",
    carriers: &[Carrier::Datagrams],
    ports: &[PORT],
    sessions: &["nbns"],
    probe,
    start: |_: &Start<'_>| Box::new(Nbns::default()),
};

fn probe(probe: &Probe<'_>) -> Verdict {
    let on_port = probe.ports.client == PORT || probe.ports.server == PORT;
    match wire::message(probe.bytes) {
        Some(message) if on_port && message.is_answer => Verdict::Certain(Speaker::Server),
        Some(_) if on_port => Verdict::Certain(Speaker::Client),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Nbns {
    offsets: PerSide<StreamOffset>,
    names: Vec<Value>,
}

impl Dissector for Nbns {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        let Input::Datagram { bytes, .. } = input else {
            return;
        };
        let start = self.offsets[side];
        self.offsets[side] = start + bytes.len() as u64;
        let span = Span::new(start, self.offsets[side]);
        match wire::message(bytes) {
            Some(message) => self.message(side, span, &message, out),
            None => {
                let what = "no message of the name service";
                out.emit(side, span, Act::Malformed { what });
            }
        }
    }
}

impl Nbns {
    fn message(&mut self, side: Side, span: Span, message: &Message, out: &mut Output<'_>) {
        out.describe(|| message.text());
        let op = Op::new(message.title(), u32::from(message.opcode));
        out.emit(side, span, Act::Message { op });
        if !message.answers_a_query() {
            return;
        }
        if message.code != 0 {
            let fact = Fact::new("nbns.no-such-name").with("name", message.name.clone());
            out.fact(side, span, fact.with("code", message.code_name()));
            return;
        }
        for address in &message.addresses {
            let told = Value::Text(format!("{}: {address}", message.name));
            if self.names.contains(&told) {
                continue;
            }
            let fact = Fact::new("nbns.answer").with("name", message.name.clone());
            out.fact(side, span, fact.with("address", address.to_string()));
            if self.names.len() < MOST_NAMES {
                self.names.push(told);
                out.detail(side, span, "names", Value::List(self.names.clone()));
            }
        }
    }
}
