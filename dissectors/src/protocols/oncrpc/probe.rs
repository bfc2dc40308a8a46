//! Recognises RPC by content.

use super::record::LARGEST_FRAGMENT;
use super::wire::{LEAST_HEAD, Looks, MARK, Mark, looks};
use crate::dissector::{Carrier, Probe, Speaker, Verdict};
use crate::units::Side;

/// Bytes of a message that are put together out of small fragments to judge it.
const ENOUGH: usize = 64;
/// Servers on these ports speak RPC and nothing else: portmapper and NFS.
const RPC_ONLY: [u16; 2] = [111, 2049];
/// What a client says on such a port and is no RPC is believed to be meant for RPC when it has so many bytes and no
/// other protocol has claimed it; text waits longer, since a line of it may be long.
const FOREIGN: usize = 16;
const FOREIGN_TEXT: usize = 64;

pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.carrier {
        Carrier::Datagrams => datagram(probe.bytes),
        Carrier::Stream | Carrier::Inside => stream(probe),
    }
}

fn datagram(bytes: &[u8]) -> Verdict {
    let len = bytes.len() as u64;
    // A datagram is whole, unless the capture cut it: then only a call still shows what it is.
    let cut = !len.is_multiple_of(4);
    match judge(looks(bytes, len.next_multiple_of(4))) {
        Verdict::NeedMore | Verdict::Likely(_) => Verdict::No,
        Verdict::Certain(Speaker::Server) if cut => Verdict::No,
        other => other,
    }
}

fn stream(probe: &Probe<'_>) -> Verdict {
    let seen = first_message(probe.bytes);
    let verdict = match seen {
        Seen::NotMarked => Verdict::No,
        Seen::TooLittle => Verdict::NeedMore,
        Seen::Message { head, kept, len } => judge(looks(head.get(..kept).unwrap_or(&head), len)),
    };
    match verdict {
        Verdict::Certain(_) => verdict,
        // In mid-stream a piece that only may begin with a record is no proof; a frame that was cut is known by
        // its first 28 bytes.
        _ if !probe.beginning => Verdict::No,
        Verdict::NeedMore if on_rpc_port(probe) && probe.bytes.len() >= MARK + 8 => {
            Verdict::Likely(speaker(probe.side))
        }
        Verdict::No if meant_for_rpc(probe) => Verdict::Likely(Speaker::Client),
        other => other,
    }
}

enum Seen {
    NotMarked,
    TooLittle,
    Message {
        head: [u8; ENOUGH],
        kept: usize,
        len: u64,
    },
}

/// Puts the first message's head together; small fragments may lie in its way.
fn first_message(bytes: &[u8]) -> Seen {
    let mut head = [0; ENOUGH];
    let (mut kept, mut len, mut rest) = (0, 0_u64, bytes);
    loop {
        let Some(mark) = Mark::read(rest) else {
            return match bytes.first() {
                // The upper byte of a believable mark: nothing, or the last-fragment bit.
                Some(0 | 0x80) if bytes.len() < MARK => Seen::TooLittle,
                _ if bytes.len() < MARK => Seen::NotMarked,
                _ => unfinished(head, kept, len),
            };
        };
        if mark.len() > LARGEST_FRAGMENT || (mark.len() == 0 && !mark.is_last()) {
            return Seen::NotMarked;
        }
        len += mark.len();
        rest = rest.get(MARK..).unwrap_or(&[]);
        let here = (mark.len() as usize).min(rest.len());
        for (to, from) in head.iter_mut().skip(kept).zip(rest.iter().take(here)) {
            *to = *from;
            kept += 1;
        }
        if mark.is_last() || kept == ENOUGH {
            return Seen::Message { head, kept, len };
        }
        if here < mark.len() as usize {
            return unfinished(head, kept, len);
        }
        rest = rest.get(here..).unwrap_or(&[]);
    }
}

/// Fragments are still to come, so that the length is not known: long enough for anything.
fn unfinished(head: [u8; ENOUGH], kept: usize, len: u64) -> Seen {
    Seen::Message {
        head,
        kept,
        len: (len + 400).next_multiple_of(4),
    }
}

fn judge(looks: Looks) -> Verdict {
    match looks {
        Looks::No => Verdict::No,
        Looks::More => Verdict::NeedMore,
        // A program of the transient range is a callback service: its caller is the server of something else.
        Looks::Call { program } if program >= 0x4000_0000 => Verdict::Certain(Speaker::Unknown),
        Looks::Call { .. } => Verdict::Certain(Speaker::Client),
        Looks::Reply => Verdict::Certain(Speaker::Server),
    }
}

fn on_rpc_port(probe: &Probe<'_>) -> bool {
    RPC_ONLY.contains(&probe.ports.server)
}

const fn speaker(side: Side) -> Speaker {
    match side {
        Side::Client => Speaker::Client,
        Side::Server => Speaker::Server,
    }
}

/// The client's first bytes at an RPC service cannot be a record: its dissector has to say so.
fn meant_for_rpc(probe: &Probe<'_>) -> bool {
    let text = probe.bytes.first().is_some_and(u8::is_ascii_graphic);
    let least = if text { FOREIGN_TEXT } else { FOREIGN };
    on_rpc_port(probe)
        && probe.side == Side::Client
        && probe.bytes.len() >= least.max(LEAST_HEAD - 8)
}
