//! One conversation, for the fields of its messages.

use std::sync::Arc;

use colloquy_dissectors::dissector::{Carrier, End, Input};
use colloquy_dissectors::field::Wanted;
use colloquy_dissectors::secrets::Secrets;
use colloquy_dissectors::stack::{Outcome, Stack};
use colloquy_dissectors::units::{FrameNo, PerSide, Side, Span, Stamp, StreamOffset};

use super::Said;
use super::sink::{Ahead, Messages};
use crate::session::conversation::{Opening, first_roles};
use crate::session::model::{Roles, Transport};
use crate::session::told::Record;
use crate::stream::tcp::{Receiver, Segment, Tcp};

/// A conversation whose messages are dissected.
pub(super) struct Talk {
    sender_is_client: bool,
    tcp: Option<Tcp>,
    /// Of UDP: how many bytes each side sent.
    offsets: PerSide<StreamOffset>,
    stack: Stack,
    messages: Messages,
    turned: bool,
    /// The bytes of both sides, when they are to be shown.
    record: Option<Record>,
}

/// What the transport delivers, on its way to the dissectors.
struct Ears<'a, 'b> {
    stack: &'a mut Stack,
    messages: &'a mut Messages,
    turned: &'a mut bool,
    ahead: &'a mut Ahead<'b>,
    record: &'a mut Option<Record>,
    /// The frame at hand.
    now: Stamp,
    /// A hole was given up: what comes behind it belongs to the frames that brought it, not to the one that closed a hole.
    after_gap: bool,
    /// What comes waited for a hole of the other side to be filled.
    waited: bool,
}

impl Receiver for Ears<'_, '_> {
    fn waited(&mut self, waited: bool) {
        self.waited = waited;
    }

    fn deliver(&mut self, side: Side, at: StreamOffset, stamp: Stamp, input: Input<'_>) {
        let side = if *self.turned { side.other() } else { side };
        let len = match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => bytes.len() as u64,
            Input::Gap { len } => {
                self.after_gap = true;
                len
            }
            Input::End(_) => 0,
        };
        let gap = matches!(input, Input::Gap { .. });
        let frame = if self.after_gap || self.waited {
            stamp
        } else {
            self.now
        };
        if let Some(record) = self.record {
            record.take(side, at, stamp, input);
        }
        self.messages.keep(side, at, input);
        if self.stack.handle(side, at, input, self.messages) == Outcome::Reversed {
            self.messages.swap();
            if let Some(record) = self.record {
                record.swap();
            }
            *self.turned = !*self.turned;
            self.stack.handle(side.other(), at, input, self.messages);
        }
        let side = if *self.turned { side.other() } else { side };
        self.messages.arrived(side, at, at + len);
        match input {
            Input::Data(_) if self.stack.is_probing() => self.messages.hold(side, frame),
            // What is not clear by now never will be.
            Input::End(End::Reset | End::CaptureStopped) => self.messages.forget(),
            _ => {}
        }
        if !self.stack.is_probing() {
            // What one side said may have waited for what the other says now.
            self.messages.came(side.other(), (frame, false), self.ahead);
            self.messages.came(side, (frame, gap), self.ahead);
        }
        if matches!(input, Input::Data(_)) && self.stack.is_known() {
            self.messages.understood(side, stamp.frame);
        }
        if !gap && len > 0 {
            self.messages.heard(side, at + len, frame.frame);
        }
    }
}

impl Talk {
    pub(super) fn new(
        opening: &Opening,
        tcp_flags: u16,
        wanted: Arc<Wanted>,
        secrets: Option<Arc<Secrets>>,
    ) -> Self {
        let (sender_is_client, roles) = first_roles(opening, tcp_flags);
        let (client, server) = if sender_is_client {
            (opening.first_sender, opening.first_receiver)
        } else {
            (opening.first_receiver, opening.first_sender)
        };
        let ports = PerSide::new(client.port, server.port);
        let is_tcp = opening.transport == Transport::Tcp;
        let carrier = if is_tcp {
            Carrier::Stream
        } else {
            Carrier::Datagrams
        };
        let beginning = roles == Roles::Seen || !is_tcp;
        Self {
            sender_is_client,
            tcp: is_tcp.then(Tcp::default),
            offsets: PerSide::default(),
            stack: Stack::new(carrier, ports, beginning, roles != Roles::Seen)
                .with_secrets(secrets),
            messages: Messages::new(opening.index, wanted),
            turned: false,
            record: None,
        }
    }

    /// Keeps the bytes of both sides from now on.
    pub(super) fn record(&mut self) {
        self.record.get_or_insert_default();
    }

    /// The bytes of a message, as far as they were captured; a gap is left out.
    pub(super) fn bytes(&self, side: Side, span: Span) -> Vec<u8> {
        let pieces = self.record.iter().flat_map(|r| &r.pieces);
        let mut bytes = Vec::new();
        for piece in pieces.filter(|p| p.side == side) {
            let from = span.start.saturating_sub(piece.at) as usize;
            let until = span.end.saturating_sub(piece.at) as usize;
            let until = until.min(piece.bytes.len());
            bytes.extend_from_slice(piece.bytes.get(from..until).unwrap_or(&[]));
        }
        bytes
    }

    fn side(&self, from_first: bool) -> Side {
        if from_first == self.sender_is_client {
            Side::Client
        } else {
            Side::Server
        }
    }

    pub(super) fn segment(
        &mut self,
        from_first: bool,
        segment: &Segment<'_>,
        ahead: &mut Ahead<'_>,
    ) {
        let side = self.side(from_first);
        let Some(tcp) = &mut self.tcp else { return };
        let mut ears = Ears {
            stack: &mut self.stack,
            messages: &mut self.messages,
            turned: &mut self.turned,
            ahead,
            record: &mut self.record,
            now: segment.stamp,
            after_gap: false,
            waited: false,
        };
        tcp.segment(side, segment, &mut ears);
        self.turn();
    }

    pub(super) fn datagram(
        &mut self,
        from_first: bool,
        stamp: Stamp,
        bytes: &[u8],
        wire_len: u64,
        ahead: &mut Ahead<'_>,
    ) {
        let side = self.side(from_first);
        let at = self.offsets[side];
        self.offsets[side] += bytes.len() as u64;
        let mut ears = Ears {
            stack: &mut self.stack,
            messages: &mut self.messages,
            turned: &mut self.turned,
            ahead,
            record: &mut self.record,
            now: stamp,
            after_gap: false,
            waited: false,
        };
        ears.deliver(side, at, stamp, Input::Datagram { bytes, wire_len });
        self.turn();
    }

    /// The capture is over, or this conversation is: what still waits is delivered.
    pub(super) fn finish(&mut self, now: Stamp, ahead: &mut Ahead<'_>) {
        if let Some(tcp) = &mut self.tcp {
            let mut ears = Ears {
                stack: &mut self.stack,
                messages: &mut self.messages,
                turned: &mut self.turned,
                ahead,
                record: &mut self.record,
                now,
                after_gap: false,
                waited: false,
            };
            tcp.finish(&mut ears);
            self.turn();
        }
    }

    /// What waits for bytes that have not come is delivered without them.
    pub(super) fn give_up(&mut self, now: Stamp, ahead: &mut Ahead<'_>) {
        let Some(tcp) = &mut self.tcp else {
            self.messages.forget();
            return;
        };
        let mut ears = Ears {
            stack: &mut self.stack,
            messages: &mut self.messages,
            turned: &mut self.turned,
            ahead,
            record: &mut self.record,
            now,
            after_gap: false,
            waited: false,
        };
        tcp.give_up(&mut ears);
        self.messages.forget();
        self.turn();
    }

    fn turn(&mut self) {
        if std::mem::take(&mut self.turned) {
            self.sender_is_client = !self.sender_is_client;
            match &mut self.tcp {
                Some(tcp) => tcp.swap(),
                None => self.offsets.swap(),
            }
        }
    }

    /// The first frame whose bytes wait for earlier ones, or for others to tell what is spoken.
    pub(super) fn held_since(&self) -> Option<FrameNo> {
        let bytes = self.tcp.as_ref().and_then(Tcp::held_since);
        bytes.into_iter().chain(self.messages.held_since()).min()
    }

    /// Frames whose last bytes belong to a message that later ones complete.
    pub(super) fn parts(&mut self) -> std::vec::Drain<'_, FrameNo> {
        self.messages.parts.drain(..)
    }

    /// Messages that are complete, with their frames.
    pub(super) fn ready(&mut self) -> std::vec::Drain<'_, Said> {
        self.messages.ready.drain(..)
    }
}
