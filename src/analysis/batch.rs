//! What goes from the dispatcher to the shards.

use std::net::IpAddr;
use std::num::NonZero;
use std::sync::Arc;

use colloquy_dissectors::secrets::Secrets;
use colloquy_dissectors::units::{FrameNo, Stamp, Timestamp};

use crate::capture::Block;
use crate::frame::Network;
use crate::session::conversation::Opening;

/// One frame for a shard: plain data; its payload stands in the block, or in the batch's own buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) stamp: Stamp,
    pub(crate) flow: u32,
    pub(crate) start: u32,
    pub(crate) len: u32,
    pub(crate) wire_len: u32,
    pub(crate) from_first: bool,
    pub(crate) rebuilt: bool,
    pub(crate) ttl: u8,
    pub(crate) ip_id: u32,
    pub(crate) kind: Kind,
    /// The next frame of its conversation in the same batch.
    pub(crate) next: Option<NonZero<u32>>,
}

/// What the frame is to its conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Tcp {
        seq: u32,
        ack: u32,
        flags: u16,
        window: u16,
        wscale: Option<u8>,
    },
    Udp,
    /// An ICMP error that quotes a packet that `from_first` sent.
    Icmp {
        from: IpAddr,
        v6: bool,
        kind: u8,
        code: u8,
    },
    /// The snap length cut its transport header.
    Cut,
    /// It belongs to no conversation; only where every frame is asked for. `stream`: the number that a header quoted
    /// by ICMP has.
    Outside {
        stream: Option<u32>,
    },
}

/// The frames of one block for one shard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) block: Arc<Block>,
    pub(crate) openings: Vec<(Opening, Stamp)>,
    pub(crate) items: Vec<Item>,
    /// The first frame of each conversation; the others follow by [`Item::next`]. A conversation at a time is faster to
    /// take than a frame at a time, since what it needs is at hand then.
    pub(crate) firsts: Vec<u32>,
    /// Payloads put together of fragments.
    pub(crate) rebuilt: Vec<u8>,
    /// TLS secrets, where the capture has told new ones.
    pub(crate) secrets: Option<Arc<Secrets>>,
    /// What only those need to know who look at single frames.
    pub(crate) beside: Beside,
}

/// What a block's frames have beside their items, where every frame is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// The time of the capture's first frame.
    pub(crate) origin: Timestamp,
    /// The time of the frame before the block's first one.
    pub(crate) before: Option<Timestamp>,
    /// Numbers of the UDP streams around the innermost header, the outermost first.
    pub(crate) outer: Vec<(FrameNo, u32)>,
    /// What the capture says of the block's frames in words, where somebody asks.
    pub(crate) labels: Option<Arc<Labels>>,
    /// Datagrams that a frame made whole, in `bytes`.
    pub(crate) wholes: Vec<WholeAt>,
    pub(crate) bytes: Vec<u8>,
}

/// What pcapng files say in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// The name of each interface; empty where the format has none.
    pub(crate) interfaces: Vec<Option<String>>,
    /// Comments on frames of the block.
    pub(crate) comments: Vec<(FrameNo, String)>,
}

/// A datagram put together of fragments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeAt {
    pub(crate) frame: FrameNo,
    pub(crate) network: Network,
    pub(crate) start: u32,
    pub(crate) len: u32,
    pub(crate) wire_len: u32,
}

impl Batch {
    /// True when there is nothing in it for its shard.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.openings.is_empty() && self.secrets.is_none()
    }

    /// Begins anew for a block, in the same room.
    pub(super) fn begin(&mut self, block: &Arc<Block>) {
        self.block = Arc::clone(block);
        self.openings.clear();
        self.items.clear();
        self.firsts.clear();
        self.rebuilt.clear();
        self.secrets = None;
        self.beside = Beside::default();
    }

    /// Adds a frame; `before`: where its conversation's last frame stands.
    pub(super) fn push(&mut self, item: Item, before: Option<u32>) {
        let at = self.items.len() as u32;
        match before.and_then(|before| self.items.get_mut(before as usize)) {
            Some(before) => before.next = NonZero::new(at),
            None => self.firsts.push(at),
        }
        self.items.push(item);
    }

    /// The frame at `at` alone, with its own copy of all that there is of it but openings and secrets.
    pub(crate) fn excerpt(&self, at: usize) -> Option<Self> {
        let item = *self.items.get(at)?;
        let frame = item.stamp.frame;
        let first = self.block.records.first()?.no;
        let place = usize::try_from(frame.checked_sub(first)?).ok()?;
        let record = self.block.records.get(place)?;
        let earlier = place.checked_sub(1).and_then(|p| self.block.records.get(p));
        let mut block = Block::new();
        block.push(*record, self.block.bytes(record));
        let (data, rebuilt) = if item.rebuilt {
            (0, self.payload(&item).to_vec())
        } else {
            (item.start.saturating_sub(record.start), Vec::new())
        };
        let mut beside = Beside {
            origin: self.beside.origin,
            before: earlier.map_or(self.beside.before, |record| Some(record.time)),
            outer: self.beside.outer_streams(frame).to_vec(),
            labels: self.beside.labels.clone(),
            ..Beside::default()
        };
        if let Some((whole, bytes)) = self.beside.whole(frame) {
            beside.wholes.push(WholeAt { start: 0, ..*whole });
            beside.bytes = bytes.to_vec();
        }
        Some(Self {
            block: Arc::new(block),
            openings: Vec::new(),
            items: vec![Item {
                start: data,
                next: None,
                ..item
            }],
            firsts: vec![0],
            rebuilt,
            secrets: None,
            beside,
        })
    }

    /// Bytes that it keeps, about.
    pub(crate) fn size(&self) -> usize {
        let inner = self.block.data.len() + self.rebuilt.len() + self.beside.bytes.len();
        size_of::<Self>() + size_of::<Block>() + 2 * size_of::<Item>() + inner
    }

    /// The captured bytes that a frame adds to its conversation.
    pub(crate) fn payload(&self, item: &Item) -> &[u8] {
        let data = if item.rebuilt {
            &self.rebuilt
        } else {
            &self.block.data
        };
        data.get(item.start as usize..item.start as usize + item.len as usize)
            .unwrap_or(&[])
    }
}

impl Beside {
    /// The numbers of the UDP streams around the frame's innermost header.
    pub(crate) fn outer_streams(&self, frame: FrameNo) -> &[(FrameNo, u32)] {
        let start = self.outer.partition_point(|(f, _)| *f < frame);
        let end = self.outer.partition_point(|(f, _)| *f <= frame);
        self.outer.get(start..end).unwrap_or_default()
    }

    /// The datagram that the frame made whole.
    pub(crate) fn whole(&self, frame: FrameNo) -> Option<(&WholeAt, &[u8])> {
        let whole = self.wholes.iter().find(|whole| whole.frame == frame)?;
        let start = whole.start as usize;
        let bytes = self.bytes.get(start..start + whole.len as usize)?;
        Some((whole, bytes))
    }
}
