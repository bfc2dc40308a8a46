//! Numbers conversations in the order of their first frames.

use std::net::IpAddr;

use colloquy_dissectors::units::Stamp;
use hashbrown::hash_map::Entry as MapEntry;

use super::known::{Known, NEVER};
use super::{Belonging, Dispatcher, TCP};
use crate::analysis::batch::Batch;
use crate::frame::{FlowKey, TcpSegment};
use crate::session::conversation::Opening;
use crate::session::model::{Endpoint, Transport};

impl Dispatcher {
    /// Gives a number to a header that opens no conversation, yet is a stream to tshark.
    pub(super) fn phantom(&mut self, key: FlowKey, is_first: bool) -> u32 {
        let stream = self.next_stream(key.protocol());
        let known = Known {
            flow: stream,
            stream,
            last: NEVER,
            key_order: is_first,
            bases: [None; 2],
            phantom: true,
        };
        self.known.insert(key, known);
        stream
    }

    fn next_stream(&mut self, protocol: u8) -> u32 {
        let counter = if protocol == TCP {
            &mut self.tcp_streams
        } else {
            &mut self.udp_streams
        };
        let stream = *counter;
        *counter += 1;
        stream
    }

    /// The conversation of a frame that is then pushed to its batch.
    pub(super) fn number(
        &mut self,
        key: FlowKey,
        is_first: bool,
        tcp: Option<&TcpSegment>,
        stamp: Stamp,
        batches: &mut [Batch],
    ) -> Belonging {
        let side = usize::from(!is_first);
        let mut stream = None;
        let mut reused = false;
        match self.known.entry(key) {
            MapEntry::Occupied(mut entry) => {
                let known = entry.get_mut();
                if known.phantom {
                    // The number that the quoted header took is this conversation's.
                    stream = Some(known.stream);
                } else if !tcp.is_some_and(|t| known.is_new_incarnation(side, t)) {
                    if let Some(tcp) = tcp {
                        known.learn_bases(side, tcp);
                    }
                    return Belonging {
                        flow: known.flow,
                        from_first: is_first == known.key_order,
                        before: known.follow(self.blocks, room(batches, known.flow, self.shards)),
                    };
                } else {
                    reused = true;
                }
            }
            MapEntry::Vacant(_) => {}
        }
        let protocol = key.protocol();
        let stream = stream.unwrap_or_else(|| self.next_stream(protocol));
        let flow = self.flows;
        self.flows += 1;
        let mut known = Known {
            flow,
            stream,
            last: (self.blocks, room(batches, flow, self.shards)),
            key_order: is_first,
            bases: [None; 2],
            phantom: false,
        };
        if let Some(tcp) = tcp {
            known.learn_bases(side, tcp);
        }
        self.known.insert(key, known);
        let [first, second] = key.ends();
        let (sender, receiver) = if is_first {
            (first, second)
        } else {
            (second, first)
        };
        let end = |(address, port): (IpAddr, u16)| Endpoint { address, port };
        let transport = if protocol == TCP {
            Transport::Tcp
        } else {
            Transport::Udp
        };
        let opening = Opening {
            index: flow,
            stream,
            transport,
            first_sender: end(sender),
            first_receiver: end(receiver),
            reused,
            tell: self.tell == Some(flow),
        };
        if let Some(batch) = batches.get_mut(flow as usize % self.shards) {
            batch.openings.push((opening, stamp));
        }
        Belonging {
            flow,
            from_first: true,
            before: None,
        }
    }
}

/// Where the next frame of `flow` will stand in its batch.
pub(super) fn room(batches: &[Batch], flow: u32, shards: usize) -> u32 {
    batches
        .get(flow as usize % shards)
        .map_or(0, |batch| batch.items.len() as u32)
}
