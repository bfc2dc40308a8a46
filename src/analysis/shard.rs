//! The second stage: the conversations that one worker owns.

use std::collections::VecDeque;
use std::sync::Arc;

use colloquy_dissectors::secrets::Secrets;
use colloquy_dissectors::units::{Side, Stamp, Timestamp};

use super::batch::{Batch, Item, Kind};
use super::response_times::ResponseTimes;
use crate::limits;
use crate::session::conversation::{Conversation, Datagram, Opening};
use crate::session::ledger::Ledger;
use crate::session::model::{Endpoint, Flow};
use crate::session::told::Dialogue;
use crate::stream::facts::IcmpError;
use crate::stream::tcp::Segment;

#[derive(Default)]
enum Place {
    #[default]
    /// Never opened here: a number of another shard, or of a conversation only quoted.
    Empty,
    Announced(Opening),
    Running(Box<Conversation>),
    Done(Box<Flow>),
}

/// Conversations, and what they said.
#[derive(Default)]
pub(crate) struct Shard {
    /// By conversation number divided by the number of shards.
    places: Vec<Place>,
    shards: usize,
    /// Ended conversations that linger, in the order of their ends' discovery.
    ended: VecDeque<(Timestamp, u32)>,
    /// The conversation whose messages are written down.
    tell: Option<u32>,
    dialogue: Option<Dialogue>,
    blocks: u32,
    /// TLS secrets that the capture has told so far.
    secrets: Option<Arc<Secrets>>,
    /// Conversations touched since the last look.
    touched: Option<Vec<u32>>,
    /// Response times, where they are wanted.
    times: Option<Box<ResponseTimes>>,
    /// Lent to one conversation after the other while there are response times to be added up.
    ledger: Option<Box<Ledger>>,
}

impl Shard {
    /// One of `shards`. `watch`: remember which conversations were touched, for a live view.
    pub(crate) fn new(shards: usize, watch: bool) -> Self {
        Self {
            shards: shards.max(1),
            touched: watch.then(Vec::new),
            ..Self::default()
        }
    }

    /// Takes the frames of one block.
    pub(crate) fn take(&mut self, batch: &Batch) {
        if let Some(secrets) = &batch.secrets {
            self.learn(secrets);
        }
        for (opening, _) in &batch.openings {
            let at = opening.index as usize / self.shards;
            if self.places.len() <= at {
                self.places.resize_with(at + 1, || Place::Empty);
            }
            if let Some(place) = self.places.get_mut(at) {
                *place = Place::Announced(*opening);
            }
        }
        for first in &batch.firsts {
            let mut next = batch.items.get(*first as usize);
            while let Some(item) = next {
                self.item(item, batch);
                next = item.next.and_then(|at| batch.items.get(at.get() as usize));
            }
        }
        if let Some(last) = batch.items.last() {
            self.let_go(last.stamp.time);
            self.blocks += 1;
            if self.blocks.is_multiple_of(limits::BLOCKS_UNTIL_REST) {
                self.rest(last.stamp.time);
            }
        }
    }

    /// TLS secrets, all that are known by now.
    pub(crate) fn learn(&mut self, secrets: &Arc<Secrets>) {
        self.secrets = Some(Arc::clone(secrets));
    }

    /// The shard that writes down what one conversation says.
    pub(crate) fn telling(flow: u32) -> Self {
        Self {
            tell: Some(flow),
            ..Self::new(1, false)
        }
    }

    /// One of `shards` that adds up response times.
    pub(crate) fn timing(shards: usize, times: Option<Box<ResponseTimes>>) -> Self {
        Self {
            ledger: times.is_some().then(Box::default),
            times,
            ..Self::new(shards, false)
        }
    }

    /// All conversations, finished, in the order of their numbers, and the response times that were wanted.
    pub(crate) fn finish_timing(mut self) -> (Vec<Flow>, Option<Box<ResponseTimes>>) {
        let flows = self.end().0;
        (flows, self.times)
    }

    /// All conversations, finished, in the order of their numbers.
    pub(crate) fn finish(mut self) -> Vec<Flow> {
        self.end().0
    }

    /// What the conversation said that was asked for.
    pub(crate) fn finish_telling(mut self) -> Option<Dialogue> {
        self.end().1
    }

    fn end(&mut self) -> (Vec<Flow>, Option<Dialogue>) {
        let mut flows = Vec::with_capacity(self.places.len());
        for at in 0..self.places.len() {
            match self.places.get_mut(at).map(std::mem::take) {
                Some(Place::Running(conversation)) => flows.push(self.finished(at, *conversation)),
                Some(Place::Done(flow)) => flows.push(*flow),
                _ => {}
            }
        }
        (flows, self.dialogue.take())
    }

    /// The conversations touched since the last call, as they stand now.
    pub(crate) fn changed(&mut self) -> Vec<Flow> {
        let mut touched = self
            .touched
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        touched.sort_unstable();
        touched.dedup();
        touched
            .into_iter()
            .filter_map(|flow| self.look(flow))
            .collect()
    }

    /// All conversations as they stand now.
    pub(crate) fn all(&self) -> Vec<Flow> {
        (0..self.places.len())
            .filter_map(|at| self.look((at * self.shards) as u32))
            .collect()
    }

    fn look(&self, flow: u32) -> Option<Flow> {
        match self.places.get(flow as usize / self.shards)? {
            Place::Running(conversation) => Some(conversation.snapshot()),
            Place::Done(flow) => Some((**flow).clone()),
            Place::Empty | Place::Announced(_) => None,
        }
    }

    fn item(&mut self, item: &Item, batch: &Batch) {
        if let Some(touched) = &mut self.touched
            && touched.last() != Some(&item.flow)
        {
            touched.push(item.flow);
        }
        let at = item.flow as usize / self.shards;
        let Some(place) = self.places.get_mut(at) else {
            return;
        };
        if let Place::Announced(opening) = place {
            let flags = if let Kind::Tcp { flags, .. } = item.kind {
                flags
            } else {
                0
            };
            *place = Place::Running(Box::new(Conversation::new(*opening, item.stamp, flags)));
        }
        if let Place::Running(conversation) = place {
            if lingered(conversation, item.stamp) {
                self.finish_one(at);
            } else {
                if let Some(secrets) = &self.secrets {
                    conversation.learn(secrets);
                }
                if self.ledger.is_some() {
                    conversation.swap_ledger(&mut self.ledger);
                    feed(conversation, item, batch);
                    conversation.swap_ledger(&mut self.ledger);
                    let server = conversation.server();
                    settle(&mut self.times, &mut self.ledger, item.flow, server);
                } else {
                    feed(conversation, item, batch);
                }
                if matches!(item.kind, Kind::Tcp { flags, .. } if flags & 0x05 != 0)
                    && let Some(end) = conversation.ended()
                {
                    self.ended.push_back((end.time, item.flow));
                }
                return;
            }
        }
        if let Some(Place::Done(flow)) = self.places.get_mut(at) {
            flow.frames += 1;
            flow.last = flow.last.max(item.stamp);
        }
    }

    /// Conversations that are silent give memory back.
    fn rest(&mut self, now: Timestamp) {
        for place in &mut self.places {
            if let Place::Running(conversation) = place {
                conversation.rest(now);
            }
        }
    }

    /// Conversations that ended and lingered long enough shrink to what the report needs.
    fn let_go(&mut self, now: Timestamp) {
        while let Some((end, flow)) = self.ended.front().copied() {
            if now.nanos_since(end) <= limits::LINGER_NANOS {
                return;
            }
            self.ended.pop_front();
            let at = flow as usize / self.shards;
            if let Some(Place::Running(conversation)) = self.places.get(at)
                && conversation.ended().is_some()
            {
                self.finish_one(at);
            }
        }
    }

    fn finish_one(&mut self, at: usize) {
        let Some(place) = self.places.get_mut(at) else {
            return;
        };
        match std::mem::take(place) {
            Place::Running(conversation) => {
                let flow = Box::new(self.finished(at, *conversation));
                if let Some(place) = self.places.get_mut(at) {
                    *place = Place::Done(flow);
                }
            }
            other => *place = other,
        }
    }

    fn finished(&mut self, at: usize, conversation: Conversation) -> Flow {
        if self.ledger.is_some() {
            let flow = conversation.finish_with(&mut self.ledger);
            settle(&mut self.times, &mut self.ledger, flow.index, flow.server);
            return flow;
        }
        if self.tell != Some((at * self.shards) as u32) {
            return conversation.finish();
        }
        let dialogue = conversation.finish_telling();
        self.dialogue.insert(dialogue).flow.clone()
    }
}

/// Adds up what a conversation with `server` has written down.
fn settle(
    times: &mut Option<Box<ResponseTimes>>,
    ledger: &mut Option<Box<Ledger>>,
    flow: u32,
    server: Endpoint,
) {
    if let (Some(times), Some(ledger)) = (times, ledger) {
        times.take(flow, server, ledger);
    }
}

/// A frame long after the end does not belong to what was said: by the conversation's own time, so that it does not
/// matter when a sweep came by.
fn lingered(conversation: &Conversation, now: Stamp) -> bool {
    conversation
        .ended()
        .is_some_and(|end| now.time.nanos_since(end.time) > limits::LINGER_NANOS)
}

fn feed(conversation: &mut Conversation, item: &Item, batch: &Batch) {
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
            conversation.segment(item.from_first, &segment);
        }
        Kind::Udp => {
            let datagram = Datagram {
                stamp: item.stamp,
                ip_id: item.ip_id,
                payload,
                wire_len: item.wire_len,
            };
            conversation.datagram(item.from_first, &datagram);
        }
        Kind::Icmp {
            from,
            v6,
            kind,
            code,
        } => {
            let error = IcmpError {
                stamp: item.stamp,
                from,
                v6,
                kind,
                code,
                about: Side::Client,
            };
            conversation.icmp(item.from_first, error);
        }
        Kind::Cut | Kind::Outside { .. } => conversation.note(item.stamp),
    }
}
