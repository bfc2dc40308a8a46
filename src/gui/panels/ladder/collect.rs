//! Collects what a ladder shows: messages, bytes, what TCP itself did, missing bytes, frames that prove something.

use colloquy::diagnosis::Evidence;
use colloquy::dissectors::units::{Side, Stamp, Timestamp};
use colloquy::session::model::Flow;
use colloquy::session::told::Dialogue;

use super::data::{Fate, Kind, Row, empty};

/// Collects rows, in no order yet.
pub(super) struct Builder {
    /// The moment from which seconds are counted.
    pub(super) begin: Timestamp,
    /// They.
    pub(super) rows: Vec<Row>,
}

impl Builder {
    fn push(&mut self, kind: Kind, stamp: Stamp, side: Option<Side>, text: String) -> &mut Row {
        self.rows.push(Row {
            frame: stamp.frame,
            first_frame: stamp.frame,
            at: Some(stamp.time.since(self.begin)),
            time: Some(stamp.time),
            side,
            text,
            ..empty(kind)
        });
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    /// The messages of one session, or of all.
    pub(super) fn messages(
        &mut self,
        dialogue: &Dialogue,
        session: Option<u32>,
        focus: Option<u32>,
    ) {
        for (index, told) in dialogue.messages.iter().enumerate() {
            if session.is_some_and(|s| s != told.session) {
                continue;
            }
            // What follows the first line is for those who read it all.
            let what = told.text.lines().next().unwrap_or_default();
            let text = match dialogue.flow.sessions.get(told.session as usize) {
                Some(of) if session.is_none() => format!("{}  {what}", of.protocol),
                _ => what.to_owned(),
            };
            let row = self.push(Kind::Message(index), told.stamp, Some(told.side), text);
            row.first_frame = told.began.frame;
            row.bad = told.status.is_some_and(|s| s.failed);
            row.other = focus.is_some_and(|f| f != told.session);
        }
    }

    /// A conversation of an unknown protocol: who sent how much when.
    pub(super) fn pieces(&mut self, dialogue: &Dialogue) {
        for piece in dialogue.pieces.iter().filter(|p| p.missing == 0) {
            let shown = |b: &u8| {
                if b.is_ascii_graphic() || *b == b' ' {
                    *b as char
                } else {
                    '.'
                }
            };
            let head: String = piece.bytes.iter().take(64).map(shown).collect();
            let text = format!("{} bytes  {head}", piece.bytes.len());
            self.push(Kind::Bytes, piece.stamp, Some(piece.side), text);
        }
    }

    /// The connection itself. `all`: also how it came about, where it came about well.
    pub(super) fn carrier(&mut self, flow: &Flow, all: bool) {
        if let Some(tcp) = &flow.tcp {
            let refused = tcp.reset().is_some_and(|r| r.to_syn) || !tcp.icmp.is_empty();
            for side in Side::BOTH {
                let syns = &tcp.sides[side].syns;
                for (index, syn) in syns.iter().enumerate() {
                    let lonely = tcp.syn_ack.is_none() && !refused && index + 1 == syns.len();
                    if all || tcp.syn_ack.is_none() {
                        let text = if index == 0 { "SYN" } else { "SYN again" };
                        let row = self.push(Kind::Carrier, *syn, Some(side), text.to_owned());
                        if lonely {
                            row.fate = Fate::Unanswered(flow.last.time.since(syn.time).max(0.0));
                        }
                    }
                }
                if let Some(fin) = tcp.sides[side].fin {
                    self.push(
                        Kind::Carrier,
                        fin,
                        Some(side),
                        "FIN: closes its side".to_owned(),
                    );
                }
            }
            if let Some(syn_ack) = tcp.syn_ack.filter(|_| all) {
                self.push(
                    Kind::Carrier,
                    syn_ack,
                    Some(Side::Server),
                    "SYN, ACK".to_owned(),
                );
            }
            if let Some(reset) = tcp.reset() {
                let text = if reset.to_syn {
                    "RST: refused"
                } else {
                    "RST: breaks off"
                };
                let row = self.push(
                    Kind::Carrier,
                    reset.stamp,
                    Some(reset.side),
                    text.to_owned(),
                );
                row.bad = true;
            }
        }
        let icmp = flow.tcp.as_ref().map_or(&flow.icmp, |t| &t.icmp);
        for error in icmp {
            let text = format!("ICMP from {}: {}", error.from, error.meaning());
            let row = self.push(Kind::Carrier, error.stamp, Some(error.about.other()), text);
            row.bad = true;
        }
    }

    /// Bytes that were never captured.
    pub(super) fn gaps(&mut self, flow: &Flow) {
        for hole in flow.tcp.iter().flat_map(|t| &t.holes) {
            let text = format!("{} bytes were never captured", hole.len);
            let row = self.push(Kind::Gap, hole.stamp, Some(hole.side), text);
            row.bad = true;
        }
    }

    /// Marks the rows that prove a finding, and adds frames that have no row.
    pub(super) fn proofs(&mut self, proofs: &[Evidence]) {
        let mut missing: Vec<Evidence> = Vec::new();
        for proof in proofs {
            let frame = proof.frame;
            let within = |r: &&mut Row| r.first_frame <= frame && frame <= r.frame;
            let mut any = false;
            for row in self.rows.iter_mut().filter(within) {
                row.proof = true;
                any = true;
            }
            if !any && !missing.contains(proof) {
                missing.push(*proof);
            }
        }
        for proof in missing {
            let stamp = Stamp {
                frame: proof.frame,
                time: proof.time,
            };
            let text = format!("frame {}: {}", proof.frame, proof.role.replace('-', " "));
            self.push(Kind::Proof, stamp, None, text).proof = true;
        }
    }
}
