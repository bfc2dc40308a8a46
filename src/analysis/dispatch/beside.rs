//! What a frame has beside its place in a conversation: the streams around a tunnel's innermost header, and what only those
//! ask for who look at single frames.

use colloquy_dissectors::units::{FrameNo, Stamp};

use super::super::batch::{Batch, Item, Kind, WholeAt};
use super::Dispatcher;
use crate::frame::defragment::Whole;
use crate::frame::{Decoded, Headers, Network, decode_payload_headers};

/// Where the headers of a tunnel are: in `data`, behind `network` if that is not in it; `decoded` is what is in the tunnel.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) data: &'a [u8],
    pub(super) network: Option<&'a Network>,
    pub(super) decoded: &'a Decoded,
}

impl Dispatcher {
    /// The fragments of the datagrams that the last block completed, each behind the frame that did it.
    pub(crate) fn take_joined(&mut self) -> Vec<(FrameNo, FrameNo)> {
        std::mem::take(&mut self.joined)
    }

    /// Where every frame is asked for: one that no conversation got, and what a frame has beside its item.
    pub(super) fn left_over(&mut self, stamp: Stamp, batches: &mut [Batch]) {
        if !self.every_frame {
            return;
        }
        let stream = self.quoted.take();
        let is_this = |batch: &Batch| {
            batch
                .items
                .last()
                .is_some_and(|i| i.stamp.frame == stamp.frame)
        };
        let place = batches.iter().position(is_this);
        let Some(batch) = batches.get_mut(place.unwrap_or(stamp.frame as usize % self.shards))
        else {
            return;
        };
        if place.is_none() {
            batch.items.push(Item {
                stamp,
                flow: u32::MAX,
                start: 0,
                len: 0,
                wire_len: 0,
                from_first: true,
                rebuilt: false,
                ttl: 0,
                ip_id: 0,
                kind: Kind::Outside { stream },
                next: None,
            });
        }
        batch.beside.outer.append(&mut self.beside.outer);
        for whole in self.beside.wholes.drain(..) {
            let start = batch.beside.bytes.len() as u32;
            batch.beside.wholes.push(WholeAt { start, ..whole });
        }
        batch.beside.bytes.append(&mut self.beside.bytes);
    }

    /// tshark numbers the UDP headers of tunnels as streams, before what is in the tunnel.
    pub(super) fn outer(&mut self, frame: FrameNo, headers: &Headers, around: Around<'_>) {
        let Around {
            data,
            network,
            decoded,
        } = around;
        for (key, is_first) in headers.outer_udp(data, network, &decoded.transport) {
            let stream = match self.known.get(&key) {
                Some(known) => known.stream,
                None => self.phantom(key, is_first),
            };
            if self.every_frame {
                self.beside.outer.push((frame, stream));
            }
        }
    }

    /// A datagram that was put together: what is around its innermost header, and all of it for those who ask for it.
    pub(super) fn whole(&mut self, whole: &Whole, frame: FrameNo) {
        let wire_len = whole.network.total_len;
        if whole.decoded.tunnel_depth > 0 {
            let mut headers = Headers::default();
            decode_payload_headers(&whole.network, &whole.bytes, wire_len, &mut headers);
            let around = Around {
                data: &whole.bytes,
                network: Some(&whole.network),
                decoded: &whole.decoded,
            };
            self.outer(frame, &headers, around);
        }
        if self.every_frame {
            self.beside.wholes.push(WholeAt {
                frame,
                network: whole.network,
                start: 0,
                len: whole.bytes.len() as u32,
                wire_len,
            });
            self.beside.bytes.extend_from_slice(&whole.bytes);
        }
    }
}
