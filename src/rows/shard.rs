//! The rows that one worker makes.

use std::collections::VecDeque;
use std::sync::Arc;

use colloquy_dissectors::field::Wanted;
use colloquy_dissectors::secrets::Secrets;
use colloquy_dissectors::units::{FrameNo, Stamp};

use super::flow::Talk;
use super::forward::Forward;
use super::headers::{self, Frame};
use super::plan::Plan;
use super::sink::Ahead;
use super::{Message, Row, Said};
use crate::analysis::batch::{Batch, Item, Kind};
use crate::frame::Headers;
use crate::limits;
use crate::session::conversation::Opening;
use crate::stream::tcp::Segment;

/// What is known of one conversation.
pub(crate) struct Known {
    opening: Opening,
    headers: headers::Past,
    talk: Option<Box<Talk>>,
    last: Stamp,
}

/// Makes the rows of the frames that it is given, in their order.
pub(crate) struct RowShard {
    wanted: Arc<Wanted>,
    picked: headers::Picked,
    /// Room for the headers of the frame at hand.
    headers: Headers,
    messages: bool,
    shards: usize,
    /// By conversation number divided by the number of shards.
    known: Vec<Option<Known>>,
    /// Rows to which something may still be added, or that are behind such.
    waiting: VecDeque<Row>,
    /// Conversations with bytes that wait, and since which frame.
    held: Vec<(u32, FrameNo)>,
    collected: Option<Forward>,
    ahead: Option<Arc<Forward>>,
    /// TLS secrets that the capture has told so far.
    secrets: Option<Arc<Secrets>>,
    /// The only conversation that matters, and the frame that does; its bytes are kept.
    only: Option<(Option<u32>, FrameNo)>,
    /// Rows to be used again.
    spare: Vec<Row>,
    last: Stamp,
}

impl RowShard {
    /// One of `shards`. `ahead`: what a first pass found.
    pub(crate) fn new(plan: &Plan, shards: usize, ahead: Option<Arc<Forward>>) -> Self {
        Self {
            wanted: Arc::new(Plan::with_protocols(&plan.wanted)),
            picked: headers::Picked::new(&plan.wanted),
            headers: Headers::default(),
            messages: plan.messages(),
            shards: shards.max(1),
            known: Vec::new(),
            waiting: VecDeque::new(),
            held: Vec::new(),
            collected: None,
            ahead,
            secrets: None,
            only: None,
            spare: Vec::new(),
            last: Stamp::default(),
        }
    }

    /// The same for one frame and its conversation only.
    pub(crate) fn only(self, flow: Option<u32>, frame: FrameNo) -> Self {
        Self {
            only: Some((flow, frame)),
            ..self
        }
    }

    /// The bytes of a message of a row that was given away, of the conversation that [`RowShard::only`] named.
    pub(crate) fn bytes(&self, message: &Message) -> Vec<u8> {
        let flow = self.only.and_then(|(flow, _)| flow);
        let known = flow.and_then(|f| self.known.get(f as usize / self.shards));
        let talk = known.and_then(Option::as_ref).and_then(|k| k.talk.as_ref());
        talk.map(|t| t.bytes(message.side, message.span))
            .unwrap_or_default()
    }

    /// One for a first pass, which finds out what later frames tell.
    pub(crate) fn collecting(plan: &Plan, shards: usize) -> Self {
        Self {
            collected: Some(Forward::default()),
            ..Self::new(plan, shards, None)
        }
    }

    /// Takes the frames of one batch, and gives those rows away to which nothing more can be added.
    pub(crate) fn take(&mut self, batch: &Batch, give: &mut dyn FnMut(&Row)) {
        if batch.secrets.is_some() {
            self.secrets.clone_from(&batch.secrets);
        }
        for (opening, _) in &batch.openings {
            let at = opening.index as usize / self.shards;
            if self.known.len() <= at {
                self.known.resize_with(at + 1, || None);
            }
            if let Some(slot) = self.known.get_mut(at) {
                *slot = Some(Known {
                    opening: *opening,
                    headers: headers::Past::default(),
                    talk: None,
                    last: Stamp::default(),
                });
            }
        }
        for item in &batch.items {
            let matters = |(flow, frame)| flow == Some(item.flow) || frame == item.stamp.frame;
            if !self.only.is_none_or(matters) {
                continue;
            }
            self.item(item, batch);
            self.release(give);
        }
    }

    /// The end: gives the rest away.
    pub(crate) fn finish(&mut self, give: &mut dyn FnMut(&Row)) -> Option<Forward> {
        for at in 0..self.known.len() {
            self.settle(at);
        }
        self.held.clear();
        self.release(give);
        let mut collected = self.collected.take();
        if let Some(forward) = &mut collected {
            for known in self.known.iter().flatten() {
                if let Some(later) = known.headers.later() {
                    forward.note_later(known.opening.index, later);
                }
            }
        }
        collected
    }

    /// The frame before which all rows were given away, when all frames before `read_until` were taken.
    pub(crate) fn given_until(&self, read_until: FrameNo) -> FrameNo {
        self.waiting
            .front()
            .map_or(read_until, |row| row.stamp.frame)
    }

    fn item(&mut self, item: &Item, batch: &Batch) {
        self.last = item.stamp;
        let mut row = self.spare.pop().unwrap_or_default();
        row.clear();
        row.stamp = item.stamp;
        let at = item.flow as usize / self.shards;
        let known = self.known.get_mut(at).and_then(Option::as_mut);
        let known = known.filter(|k| k.opening.index == item.flow);
        row.flow = known.is_some().then_some(item.flow);
        let first = batch.block.records.first().map_or(0, |r| r.no);
        if let Some(record) = batch.block.records.get((item.stamp.frame - first) as usize) {
            let frame = Frame {
                record,
                bytes: batch.block.bytes(record),
                item,
                batch,
            };
            let past = known.map(|k| (&k.opening, &mut k.headers));
            let ahead = self.ahead.as_deref();
            headers::write(
                &self.picked,
                &frame,
                past,
                ahead,
                &mut self.headers,
                &mut row.values,
                &mut row.protocols,
            );
        }
        self.waiting.push_back(row);
        if self.messages {
            self.talk(at, item, batch);
        }
    }

    fn talk(&mut self, at: usize, item: &Item, batch: &Batch) {
        let Some(known) = self.known.get_mut(at).and_then(Option::as_mut) else {
            return;
        };
        if known.opening.index != item.flow {
            return;
        }
        known.last = item.stamp;
        let flags = if let Kind::Tcp { flags, .. } = item.kind {
            flags
        } else {
            0
        };
        let talk = known.talk.get_or_insert_with(|| {
            let wanted = Arc::clone(&self.wanted);
            Box::new(Talk::new(
                &known.opening,
                flags,
                wanted,
                self.secrets.clone(),
            ))
        });
        if self.only.is_some() {
            talk.record();
        }
        let mut ahead = ahead(&mut self.collected, self.ahead.as_deref());
        // Rows can't wait for ever: by the frames' numbers, so that the number of shards changes nothing.
        if talk
            .held_since()
            .is_some_and(|since| item.stamp.frame - since > limits::ROWS_WAITING)
        {
            talk.give_up(item.stamp, &mut ahead);
        }
        feed(talk, item, batch, &mut ahead);
        let held = talk.held_since();
        hand_out(talk, &mut self.waiting);
        self.note_held(item.flow, held);
    }

    fn note_held(&mut self, flow: u32, held: Option<FrameNo>) {
        let place = self.held.iter().position(|(f, _)| *f == flow);
        match (place.and_then(|p| self.held.get_mut(p)), held) {
            (Some(entry), Some(since)) => entry.1 = since,
            (None, Some(since)) => self.held.push((flow, since)),
            (Some(_), None) => self.held.retain(|(f, _)| *f != flow),
            (None, None) => {}
        }
    }

    fn settle(&mut self, at: usize) {
        let Some(known) = self.known.get_mut(at).and_then(Option::as_mut) else {
            return;
        };
        if let Some(talk) = &mut known.talk {
            let mut ahead = ahead(&mut self.collected, self.ahead.as_deref());
            talk.finish(known.last, &mut ahead);
            hand_out(talk, &mut self.waiting);
        }
    }

    fn release(&mut self, give: &mut dyn FnMut(&Row)) {
        let oldest = self.held.iter().map(|(_, since)| *since).min();
        // A flow that is silent must not keep all rows waiting.
        if oldest.is_some_and(|since| self.last.frame - since > limits::ROWS_WAITING) {
            self.give_up_old();
        }
        let until = self
            .held
            .iter()
            .map(|(_, since)| *since)
            .min()
            .unwrap_or(FrameNo::MAX);
        while self
            .waiting
            .front()
            .is_some_and(|row| row.stamp.frame < until)
        {
            if let Some(mut row) = self.waiting.pop_front() {
                row.complete();
                give(&row);
                if self.spare.len() < 64 {
                    self.spare.push(row);
                }
            }
        }
    }

    fn give_up_old(&mut self) {
        let now = self.last;
        let old = |(_, since): &(u32, FrameNo)| now.frame - since > limits::ROWS_WAITING;
        let flows: Vec<u32> = self.held.iter().filter(|h| old(h)).map(|h| h.0).collect();
        for flow in flows {
            let known = self.known.get_mut(flow as usize / self.shards);
            if let Some(talk) = known.and_then(Option::as_mut).and_then(|k| k.talk.as_mut()) {
                let mut ahead = ahead(&mut self.collected, self.ahead.as_deref());
                talk.give_up(now, &mut ahead);
                hand_out(talk, &mut self.waiting);
            }
            self.note_held(flow, None);
        }
    }
}

fn ahead<'a>(collected: &'a mut Option<Forward>, known: Option<&'a Forward>) -> Ahead<'a> {
    match (collected, known) {
        (Some(forward), _) => Ahead::Collected(forward),
        (None, Some(forward)) => Ahead::Known(forward),
        (None, None) => Ahead::Nothing,
    }
}

fn hand_out(talk: &mut Talk, waiting: &mut VecDeque<Row>) {
    for said in talk.ready() {
        add(waiting, &said);
    }
    for frame in talk.parts() {
        if let Ok(place) = waiting.binary_search_by_key(&frame, |row| row.stamp.frame)
            && let Some(row) = waiting.get_mut(place)
        {
            row.is_part = true;
        }
    }
}

fn add(waiting: &mut VecDeque<Row>, said: &Said) {
    let place = waiting.binary_search_by_key(&said.stamp.frame, |row| row.stamp.frame);
    let place = place.unwrap_or_else(|next| next.min(waiting.len().saturating_sub(1)));
    if let Some(row) = waiting.get_mut(place) {
        row.add(said);
    }
}

fn feed(talk: &mut Talk, item: &Item, batch: &Batch, ahead: &mut Ahead<'_>) {
    let payload = batch.payload(item);
    match item.kind {
        Kind::Tcp {
            seq,
            ack,
            flags,
            window,
            wscale,
        } => {
            let segment = Segment {
                stamp: item.stamp,
                seq,
                ack,
                flags,
                window,
                wscale,
                ip_id: item.ip_id,
                ttl: item.ttl,
                payload,
                wire_len: item.wire_len,
            };
            talk.segment(item.from_first, &segment, ahead);
        }
        Kind::Udp => talk.datagram(
            item.from_first,
            item.stamp,
            payload,
            u64::from(item.wire_len),
            ahead,
        ),
        Kind::Icmp { .. } | Kind::Cut | Kind::Outside { .. } => {}
    }
}
