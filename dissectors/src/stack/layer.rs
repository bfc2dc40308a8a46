//! One protocol at work, and what it carries.

use std::sync::Arc;

use super::judge::{Judgement, judge};
use crate::dissector::{
    Carrier, Chain, Dissector, End, Input, Output, Probe, Protocol, Recognised, Scope, Sink, Slot,
    Start,
};
use crate::event::{Act, Value};
use crate::offsets::Offsets;
use crate::protocols::PROTOCOLS;
use crate::secrets::Secrets;
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Children of one layer that run at once (pipes open on one connection).
const CHILDREN: usize = 256;
/// Sessions that one layer tells apart by scope.
const SCOPES: usize = 256;

/// One protocol at work, with what it carries.
pub(crate) struct Layer {
    pub(super) protocol: &'static str,
    /// It has fields and no sessions.
    silent: bool,
    dissector: Box<dyn Dissector>,
    maps: PerSide<Offsets>,
    slot: Slot,
    ports: PerSide<u16>,
    /// Its parent has told it the end of a side.
    closed: PerSide<bool>,
    children: Children,
}

impl Layer {
    pub(super) fn new(protocol: &'static Protocol, start: &Start<'_>, slot: Slot) -> Self {
        Self {
            protocol: protocol.name,
            silent: protocol.sessions.is_empty(),
            dissector: (protocol.start)(start),
            maps: PerSide::default(),
            slot,
            ports: start.ports,
            closed: PerSide::default(),
            children: Children {
                ports: start.ports,
                secrets: start.secrets.cloned(),
                ..Children::default()
            },
        }
    }

    /// It has fields and no sessions.
    pub(super) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Its session.
    pub(super) const fn slot(&self) -> Slot {
        self.slot
    }

    pub(super) fn handle(
        &mut self,
        side: Side,
        at: StreamOffset,
        input: Input<'_>,
        above: Option<&Chain<'_>>,
        sink: &mut dyn Sink,
    ) {
        let len = match input {
            Input::Data(bytes) => bytes.len() as u64,
            Input::Datagram { bytes, .. } => bytes.len() as u64,
            Input::Gap { len } => len,
            Input::End(_) => 0,
        };
        self.maps[side].push(at, len);
        self.children.ports = self.ports;
        let mut out = Output {
            sink,
            slot: self.slot,
            chain: Chain {
                above,
                maps: &self.maps,
            },
            children: &mut self.children,
            text: None,
        };
        self.dissector.handle(side, input, &mut out);
        if let Input::End(end) = input {
            self.children.end_side(
                side,
                end,
                &Chain {
                    above,
                    maps: &self.maps,
                },
                sink,
            );
        }
    }
}

/// The layers inside one layer, and the sessions that it tells apart itself.
#[derive(Default)]
pub(crate) struct Children {
    ports: PerSide<u16>,
    secrets: Option<Arc<Secrets>>,
    layers: Vec<(u64, Layer)>,
    scopes: Vec<(Scope, Slot)>,
}

impl Children {
    pub(crate) const fn secrets(&self) -> Option<&Arc<Secrets>> {
        self.secrets.as_ref()
    }

    pub(crate) fn scope(&mut self, scope: Scope, parent: Slot, sink: &mut dyn Sink) -> Slot {
        if let Some((_, slot)) = self.scopes.iter().find(|(s, _)| *s == scope) {
            return *slot;
        }
        if self.scopes.len() >= SCOPES {
            return parent;
        }
        let slot = sink.open(parent, scope.protocol, true, scope.key);
        if self.scopes.len() < 4 {
            self.scopes.reserve_exact(1);
        }
        self.scopes.push((scope, slot));
        slot
    }

    /// `scope`: the session in which the child's events are told; without one it opens a session of its own.
    pub(crate) fn start(
        &mut self,
        key: u64,
        protocol: &str,
        scope: Option<Scope>,
        beginning: bool,
        context: &[(&'static str, Value)],
        parent: Slot,
        sink: &mut dyn Sink,
    ) -> bool {
        if self.has(key) {
            return true;
        }
        let Some(protocol) = PROTOCOLS.iter().find(|p| p.name == protocol) else {
            return false;
        };
        if self.layers.len() >= CHILDREN {
            return false;
        }
        let secrets = self.secrets.clone();
        let start = Start {
            beginning,
            ports: self.ports,
            carrier: Carrier::Inside,
            context,
            secrets: secrets.as_ref(),
        };
        let slot = match scope {
            Some(scope) => self.scope(scope, parent, sink),
            None => sink.open(parent, protocol.name, beginning, key),
        };
        if self.layers.len() < 4 {
            self.layers.reserve_exact(1);
        }
        self.layers.push((key, Layer::new(protocol, &start, slot)));
        true
    }

    pub(crate) fn has(&self, key: u64) -> bool {
        self.layers.iter().any(|(k, _)| *k == key)
    }

    pub(crate) fn handle(
        &mut self,
        key: u64,
        side: Side,
        at: StreamOffset,
        input: Input<'_>,
        chain: &Chain<'_>,
        sink: &mut dyn Sink,
    ) {
        if let Some((_, layer)) = self.layers.iter_mut().find(|(k, _)| *k == key) {
            layer.handle(side, at, input, Some(chain), sink);
        }
    }

    pub(crate) fn end(&mut self, key: u64, end: End, chain: &Chain<'_>, sink: &mut dyn Sink) {
        if let Some(index) = self.layers.iter().position(|(k, _)| *k == key) {
            let (_, mut layer) = self.layers.swap_remove(index);
            for side in Side::BOTH {
                let at = layer.next_parent_offset(side);
                layer.handle(side, at, Input::End(end), Some(chain), sink);
            }
        }
    }

    fn end_side(&mut self, side: Side, end: End, chain: &Chain<'_>, sink: &mut dyn Sink) {
        for (_, layer) in self.layers.iter_mut().filter(|(_, l)| !l.closed[side]) {
            let at = layer.next_parent_offset(side);
            layer.handle(side, at, Input::End(end), Some(chain), sink);
        }
    }

    /// One side of a child is over, whatever the carrier does.
    pub(crate) fn close(
        &mut self,
        (key, side): (u64, Side),
        end: End,
        chain: &Chain<'_>,
        sink: &mut dyn Sink,
    ) {
        if let Some((_, layer)) = self.layers.iter_mut().find(|(k, _)| *k == key) {
            let at = layer.next_parent_offset(side);
            if !std::mem::replace(&mut layer.closed[side], true) {
                layer.handle(side, at, Input::End(end), Some(chain), sink);
            }
        }
    }

    /// A child is not told when a side ends.
    pub(crate) fn leave(&mut self, key: u64, side: Side) {
        if let Some((_, layer)) = self.layers.iter_mut().find(|(k, _)| *k == key) {
            layer.closed[side] = true;
        }
    }

    /// Of the sessions in the child `key` nothing is seen from `span` of `side` on.
    pub(crate) fn blind(&self, key: u64, (side, span): (Side, Span), sink: &mut dyn Sink) {
        if let Some((_, layer)) = self.layers.iter().find(|(k, _)| *k == key) {
            layer.blind(side, span, sink);
        }
    }

    /// What begins with `bytes` inside a layer.
    pub(crate) fn recognise(
        &self,
        side: Side,
        bytes: &[u8],
        beginning: bool,
        wants_fields: bool,
    ) -> Recognised {
        let probe = Probe {
            bytes,
            beginning,
            joined_late: !beginning,
            side,
            ports: self.ports,
            carrier: Carrier::Stream,
        };
        match judge(&probe, wants_fields) {
            Judgement::Is(protocol, ..) => Recognised::As(protocol.name),
            Judgement::Wait => Recognised::Unsure,
            Judgement::Nothing => Recognised::Not,
        }
    }
}

impl Layer {
    pub(super) fn learn(&mut self, secrets: &Arc<Secrets>) {
        self.children.secrets = Some(Arc::clone(secrets));
        for (_, child) in &mut self.children.layers {
            child.learn(secrets);
        }
    }

    fn blind(&self, side: Side, span: Span, sink: &mut dyn Sink) {
        let scopes = self.children.scopes.iter().map(|(_, slot)| *slot);
        for slot in scopes.chain([self.slot]) {
            sink.event(slot, side, span, Act::Encrypted, None);
        }
        for (_, child) in &self.children.layers {
            child.blind(side, span, sink);
        }
    }

    pub(super) fn rest(&mut self) {
        for side in Side::BOTH {
            self.maps[side].rest();
        }
        for (_, child) in &mut self.children.layers {
            child.rest();
        }
    }

    fn next_parent_offset(&self, side: Side) -> StreamOffset {
        let map = &self.maps[side];
        map.parent(map.next().saturating_sub(1))
            .saturating_add(u64::from(map.next() > 0))
    }
}
