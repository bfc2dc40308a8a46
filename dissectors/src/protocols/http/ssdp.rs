//! SSDP (UPnP Device Architecture 1.1, section 1): HTTP messages in datagrams, announcements and searches of which no
//! session comes. Only their fields are of interest.

use super::describe::{self, Context};
use crate::dissector::{
    Carrier, Dissector, Input, Output, Probe, Protocol, Speaker, Start, Verdict,
};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// SSDP's port.
const PORT: u16 = 1900;

/// SSDP.
pub(in crate::protocols) const PROTOCOL: Protocol = Protocol {
    name: "ssdp",
    title: "Simple Service Discovery Protocol (UPnP Device Architecture 1.1)",
    carriers: &[Carrier::Datagrams],
    ports: &[PORT],
    sessions: &[],
    probe,
    start,
};

fn probe(probe: &Probe<'_>) -> Verdict {
    let on_port = probe.ports.client == PORT || probe.ports.server == PORT;
    if on_port && describe::is_message(probe.bytes) {
        Verdict::Certain(Speaker::Unknown)
    } else {
        Verdict::No
    }
}

fn start(_: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(Ssdp::default())
}

#[derive(Default)]
struct Ssdp {
    offsets: PerSide<StreamOffset>,
    requests: u64,
}

impl Dissector for Ssdp {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        let Input::Datagram { bytes, .. } = input else {
            return;
        };
        let start = self.offsets[side];
        let end = start + bytes.len() as u64;
        self.offsets[side] = end;
        if !describe::is_message(bytes) {
            return;
        }
        self.requests += 1;
        let context = Context {
            number: self.requests,
            ..Context::default()
        };
        out.fields(side, Span::new(start, end), |w| {
            describe::ssdp(w, bytes, &context);
        });
    }
}
