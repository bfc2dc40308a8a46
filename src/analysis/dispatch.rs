//! The first stage: every frame in order, taken apart and given to its conversation.
//!
//! One hash look-up a frame. Conversations are numbered here, as tshark numbers `tcp.stream` and
//! `udp.stream`, so that no later stage needs to know about the others.

mod beside;
mod known;
mod number;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use colloquy_dissectors::units::{FrameNo, Stamp, Timestamp};
use hashbrown::HashMap;

use super::batch::{Batch, Beside, Item, Kind};
use crate::capture::{Block, LinkType};
use crate::diagnosis::world::LostDatagram;
use crate::frame::defragment::{End as DefragmentEnd, Limits as DefragmentLimits};
use crate::frame::{
    Decoded, Defragmented, Defragmenter, FlowKey, Headers, IcmpMessage, Incomplete, TcpSegment,
    Transport as Layer4, UdpDatagram, decode_headers, decode_to,
};
use crate::limits;
use beside::Around;
use known::Known;
use number::room;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Where a frame belongs.
struct Belonging {
    flow: u32,
    from_first: bool,
    /// Where its conversation's last frame stands in the same batch.
    before: Option<u32>,
}

/// What was seen of frames that belong to no conversation, and of the frames as such.
#[derive(Clone, Debug, Default)]
pub struct FrameCounts {
    /// Frames in all.
    pub frames: u64,
    /// Their captured bytes.
    pub bytes: u64,
    /// Frames in conversations.
    pub in_conversations: u64,
    /// Frames that stay outside, by kind: `arp`, `icmp`, `ip protocol 89`.
    pub other: BTreeMap<String, u64>,
    /// IP fragments.
    pub fragments: u64,
    /// Datagrams put together of fragments.
    pub rebuilt: u64,
    /// Frames whose payload the snap length cut.
    pub cut: u64,
    /// Frames with more payload than a wire carries: offload.
    pub giant: u64,
    /// The earliest and the latest time of a frame.
    pub first: Option<Stamp>,
    /// The latest.
    pub last: Option<Stamp>,
    /// Fragmented datagrams that were given up beyond those kept.
    pub lost_not_kept: u64,
}

/// Gives every frame to its conversation.
pub(crate) struct Dispatcher {
    known: HashMap<FlowKey, Known>,
    defragmenter: Defragmenter,
    flows: u32,
    tcp_streams: u32,
    udp_streams: u32,
    shards: usize,
    /// Blocks so far.
    blocks: u32,
    tell: Option<u32>,
    /// Frames that belong to no conversation are given to a shard too.
    every_frame: bool,
    /// Frames that complete a datagram, each with one of its fragments.
    joined: Vec<(FrameNo, FrameNo)>,
    /// The stream number of the header that the ICMP message at hand quotes.
    quoted: Option<u32>,
    /// What the frame at hand has beside its item.
    beside: Beside,
    /// The time of the frame at hand.
    now: Timestamp,
    /// The time of the capture's first frame, and of the last one of the block before.
    origin: Option<Timestamp>,
    before: Option<Timestamp>,
    /// What was seen.
    pub(crate) counts: FrameCounts,
    /// Fragmented datagrams that were given up.
    pub(crate) lost: Vec<LostDatagram>,
}

impl Dispatcher {
    /// For so many shards. `tell`: the conversation whose messages are to be written down.
    pub(crate) fn new(shards: usize, tell: Option<u32>) -> Self {
        Self {
            known: HashMap::new(),
            defragmenter: Defragmenter::new(DefragmentLimits {
                datagrams: limits::FRAGMENT_DATAGRAMS,
                bytes: limits::FRAGMENT_BYTES,
                ..DefragmentLimits::default()
            }),
            flows: 0,
            tcp_streams: 0,
            udp_streams: 0,
            shards: shards.max(1),
            blocks: 0,
            tell,
            every_frame: false,
            joined: Vec::new(),
            quoted: None,
            beside: Beside::default(),
            now: Timestamp::default(),
            origin: None,
            before: None,
            counts: FrameCounts::default(),
            lost: Vec::new(),
        }
    }

    /// For so many shards that are given every frame, those outside of conversations too.
    pub(crate) fn of_every_frame(shards: usize) -> Self {
        Self {
            every_frame: true,
            ..Self::new(shards, None)
        }
    }

    /// Takes a block apart into one batch a shard. What was in `batches` is gone, and its room used again.
    pub(crate) fn dispatch(&mut self, block: &Arc<Block>, batches: &mut Vec<Batch>) {
        self.joined.clear();
        self.blocks = self.blocks.wrapping_add(1);
        batches.resize_with(self.shards, Batch::default);
        // About the share of each; a busy one grows.
        let share = block.records.len() * 5 / 4 / self.shards;
        for batch in batches.iter_mut() {
            batch.begin(block);
            batch.items.reserve(share);
        }
        let mut decoded = Decoded::default();
        for record in &block.records {
            let data = block.bytes(record);
            let stamp = Stamp {
                time: record.time,
                frame: record.no,
            };
            self.counts.frames += 1;
            self.counts.bytes += u64::from(record.len);
            if record.link == LinkType::NOT_A_PACKET {
                self.count("not a packet");
                self.left_over(stamp, batches);
                continue;
            }
            self.now = record.time;
            self.counts.first = Some(
                self.counts
                    .first
                    .map_or(stamp, |f| if stamp.time < f.time { stamp } else { f }),
            );
            self.counts.last = Some(
                self.counts
                    .last
                    .map_or(stamp, |l| if stamp.time > l.time { stamp } else { l }),
            );
            decode_to(&mut decoded, record.link, data, record.wire_len);
            if decoded.tunnel_depth > 0 {
                let mut headers = Headers::default();
                decode_headers(record.link, data, record.wire_len, &mut headers);
                let around = Around {
                    data,
                    network: None,
                    decoded: &decoded,
                };
                self.outer(record.no, &headers, around);
            }
            if let Layer4::Fragment(_) = decoded.transport {
                self.fragment(&decoded, data, stamp, batches);
            } else {
                self.frame(&decoded, record.start, None, stamp, batches);
            }
            self.left_over(stamp, batches);
        }
        self.give_up_old();
        if self.every_frame {
            let (Some(first), Some(last)) = (block.records.first(), block.records.last()) else {
                return;
            };
            let origin = *self.origin.get_or_insert(first.time);
            for batch in batches.iter_mut() {
                batch.beside.origin = origin;
                batch.beside.before = self.before;
            }
            self.before = Some(last.time);
        }
    }

    /// The capture is over: datagrams still waiting for fragments are given up.
    pub(crate) fn finish(&mut self) {
        self.give_up_old();
        self.defragmenter.finish(self.now);
        self.take_lost();
    }

    /// Datagrams whose time is over. Fragments that come look for them too; without one, time passes all the same.
    fn give_up_old(&mut self) {
        self.defragmenter.expire(self.now);
        self.take_lost();
    }

    fn fragment(&mut self, decoded: &Decoded, data: &[u8], stamp: Stamp, batches: &mut [Batch]) {
        self.counts.fragments += 1;
        let result = self
            .defragmenter
            .push(decoded, data, stamp.time, stamp.frame);
        self.take_lost();
        if let Defragmented::Whole(whole) = result {
            self.counts.rebuilt += 1;
            if self.every_frame {
                let parts = whole.frames.iter();
                self.joined.extend(parts.map(|part| (stamp.frame, *part)));
            }
            self.whole(&whole, stamp.frame);
            self.frame(&whole.decoded, 0, Some(&whole.bytes), stamp, batches);
        }
    }

    fn take_lost(&mut self) {
        for incomplete in self.defragmenter.take_incomplete() {
            if self.lost.len() < limits::LOST_DATAGRAMS {
                self.lost.push(lost_datagram(incomplete));
            } else {
                self.counts.lost_not_kept += 1;
            }
        }
    }

    /// `rebuilt`: the bytes that `decoded` speaks of, where they are not in the block.
    fn frame(
        &mut self,
        decoded: &Decoded,
        start: u32,
        rebuilt: Option<&[u8]>,
        stamp: Stamp,
        batches: &mut [Batch],
    ) {
        let Some(network) = &decoded.network else {
            return self.outside(decoded);
        };
        let base = Item {
            stamp,
            flow: 0,
            start: 0,
            len: 0,
            wire_len: 0,
            from_first: true,
            rebuilt: false,
            ttl: network.ttl,
            ip_id: network.id,
            kind: Kind::Cut,
            next: None,
        };
        let item = match &decoded.transport {
            Layer4::Tcp(tcp) => tcp_item(base, tcp),
            Layer4::Udp(udp) => udp_item(base, udp),
            Layer4::Icmp(icmp) => return self.icmp(icmp, base, network.src, batches),
            Layer4::Cut(_) => base,
            _ => return self.outside(decoded),
        };
        let Some((key, is_first)) = FlowKey::of(decoded) else {
            return self.outside(decoded);
        };
        self.counts.in_conversations += 1;
        self.counts.cut += u64::from(item.len < item.wire_len);
        self.counts.giant += u64::from(item.wire_len > 9000);
        let seq = match &decoded.transport {
            Layer4::Tcp(tcp) => Some(tcp),
            _ => None,
        };
        let Belonging {
            flow,
            from_first,
            before,
        } = self.number(key, is_first, seq, stamp, batches);
        let Some(batch) = batches.get_mut(flow as usize % self.shards) else {
            return;
        };
        let start = match rebuilt {
            Some(bytes) => {
                let at = batch.rebuilt.len() as u32;
                let payload = bytes.get(item.start as usize..).unwrap_or(&[]);
                batch
                    .rebuilt
                    .extend_from_slice(payload.get(..item.len as usize).unwrap_or(payload));
                at
            }
            None => start + item.start,
        };
        let item = Item {
            flow,
            from_first,
            start,
            rebuilt: rebuilt.is_some(),
            ..item
        };
        batch.push(item, before);
    }

    fn icmp(&mut self, icmp: &IcmpMessage, base: Item, from: IpAddr, batches: &mut [Batch]) {
        let quoted = icmp
            .quoted
            .as_ref()
            .and_then(|q| FlowKey::of_quoted(q).map(|k| (k, q.protocol)));
        let name = if icmp.v6 { "icmpv6" } else { "icmp" };
        let Some(((key, is_first), protocol)) = quoted else {
            return self.count(name);
        };
        self.count(name);
        if let Some(known) = self.known.get_mut(&key) {
            if known.phantom {
                self.quoted = Some(known.stream);
                return;
            }
            let to = Belonging {
                flow: known.flow,
                from_first: is_first == known.key_order,
                before: known.follow(self.blocks, room(batches, known.flow, self.shards)),
            };
            self.push_icmp(&to, icmp, base, from, batches);
        } else if protocol == UDP && icmp.is_port_unreachable() {
            // What was sent was not captured; that nobody listens is known all the same.
            let to = self.number(key, is_first, None, base.stamp, batches);
            self.push_icmp(&to, icmp, base, from, batches);
        } else if matches!(protocol, TCP | UDP) {
            // tshark numbers quoted headers as streams too.
            self.quoted = Some(self.phantom(key, is_first));
        }
    }

    fn push_icmp(
        &self,
        to: &Belonging,
        icmp: &IcmpMessage,
        base: Item,
        from: IpAddr,
        batches: &mut [Batch],
    ) {
        let kind = Kind::Icmp {
            from,
            v6: icmp.v6,
            kind: icmp.kind,
            code: icmp.code,
        };
        if let Some(batch) = batches.get_mut(to.flow as usize % self.shards) {
            let item = Item {
                flow: to.flow,
                from_first: to.from_first,
                kind,
                ..base
            };
            batch.push(item, to.before);
        }
    }

    fn outside(&mut self, decoded: &Decoded) {
        let name = match (&decoded.stop, &decoded.transport) {
            (Some(stop), _) => stop.to_string(),
            (None, Layer4::Other(protocol)) => format!("ip protocol {protocol}"),
            (None, _) => "not ip".to_owned(),
        };
        self.count(&name);
    }

    fn count(&mut self, name: &str) {
        if let Some(n) = self.counts.other.get_mut(name) {
            *n += 1;
        } else {
            let bounded = self.counts.other.len() < 256;
            let name = if bounded { name } else { "others" };
            *self.counts.other.entry(name.to_owned()).or_default() += 1;
        }
    }
}

fn tcp_item(base: Item, tcp: &TcpSegment) -> Item {
    Item {
        start: tcp.payload.start,
        len: tcp.payload.len,
        wire_len: tcp.wire_len,
        kind: Kind::Tcp {
            seq: tcp.seq,
            ack: tcp.ack,
            flags: tcp.flags.0,
            window: tcp.window,
            wscale: tcp.options.window_scale,
        },
        ..base
    }
}

fn udp_item(base: Item, udp: &UdpDatagram) -> Item {
    Item {
        start: udp.payload.start,
        len: udp.payload.len,
        wire_len: udp.wire_len,
        kind: Kind::Udp,
        ..base
    }
}

fn lost_datagram(incomplete: Incomplete) -> LostDatagram {
    let cut_short = incomplete.end == DefragmentEnd::CaptureEnded;
    let evicted = incomplete.end == DefragmentEnd::Evicted;
    LostDatagram {
        source: incomplete.network.src,
        destination: incomplete.network.dst,
        protocol: incomplete.network.protocol,
        ports: incomplete.ports,
        has_first: incomplete.has_first,
        began: incomplete.began,
        frames: incomplete.frames,
        missing: incomplete
            .missing
            .iter()
            .map(|m| (m.start, m.end))
            .collect(),
        cut_short,
        evicted,
        flow: None,
    }
}
