//! What the fields of a call's PDUs need of its other PDUs. Kept only while fields are asked for.

use std::collections::VecDeque;

use super::contexts::Contexts;
use super::describe::{self, Stub};
use super::interfaces::Interface;
use super::wire::{self, Flags, Pdu, PduType, Request, Uuid};

/// Calls that are remembered, answered or not.
const CALLS: usize = 1024;
/// The longest stub that is put together of its fragments.
const LONGEST_STUB: usize = 1024 * 1024;

/// What is known of a call.
#[derive(Clone, Debug)]
pub(super) struct Told {
    call_id: u32,
    /// Tells apart calls of one id, which come one after the other.
    number: u32,
    pub(super) operation: u16,
    pub(super) object: Option<Uuid>,
    pub(super) interface: Option<&'static Interface>,
    /// The name of the interface's layer, if it has one.
    pub(super) layer: Option<&'static str>,
    /// Its stubs are in NDR64.
    pub(super) wide: bool,
}

/// A call with the fragments of its request and of its answer so far.
#[derive(Debug)]
struct Call {
    told: Told,
    request: Fragments,
    answer: Fragments,
}

/// The stub of a message in fragments.
#[derive(Clone, Debug, Default)]
struct Fragments {
    stub: Vec<u8>,
    begun: bool,
    lost: bool,
}

impl Told {
    /// What pairs a request with its answer.
    pub(super) const fn key(&self) -> u64 {
        (self.number as u64) << 32 | self.call_id as u64
    }

    /// The endpoint mapper is called, whose stubs are read.
    pub(super) fn is_mapper(&self) -> bool {
        self.interface.is_some_and(|i| i.name == "epmapper")
    }
}

impl Fragments {
    /// Adds a fragment. The stub of a single one stays where it is; of others it is kept where `told` says that it is read.
    fn add<'s>(&'s mut self, told: &Told, pdu: &Pdu<'s>, stub: &'s [u8]) -> Stub<'s> {
        let flags = pdu.header.flags;
        let (first, last) = (flags.has(Flags::FIRST), flags.has(Flags::LAST));
        if first {
            self.stub.clear();
            self.lost = !pdu.whole;
        } else if !pdu.whole || !self.begun || self.stub.len() + stub.len() > LONGEST_STUB {
            self.lost = true;
        }
        self.begun = !last;
        let read = told.layer.is_none() || told.is_mapper();
        if read && !(self.lost || first && last) {
            self.stub.extend_from_slice(stub);
        }
        match (first, last, self.lost) {
            (_, false, _) => Stub::Unfinished,
            (_, true, true) => Stub::Lost,
            _ if describe::is_encrypted(pdu) => Stub::Encrypted,
            (true, true, false) => Stub::Whole(stub),
            (false, true, false) => Stub::Whole(&self.stub),
        }
    }
}

/// The calls of an association.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: VecDeque<Call>,
    next: u32,
}

impl Calls {
    /// Notes what a PDU says, and gives what is known of its call, and its stub.
    pub(super) fn note<'s>(
        &'s mut self,
        contexts: &Contexts,
        pdu: &Pdu<'s>,
    ) -> (Option<&'s Told>, Stub<'s>) {
        match pdu.header.kind {
            PduType::REQUEST => self.request(contexts, pdu),
            PduType::RESPONSE => self.answer(pdu, wire::response_stub(pdu)),
            PduType::FAULT => {
                let call = self.find(pdu.header.call_id);
                (call.map(|call| &call.told), Stub::Unfinished)
            }
            _ => (None, Stub::Unfinished),
        }
    }

    fn find(&mut self, call_id: u32) -> Option<&mut Call> {
        let mut calls = self.list.iter_mut().rev();
        calls.find(|call| call.told.call_id == call_id)
    }

    /// A call on a context that was not offered is none that could be followed.
    fn request<'s>(
        &'s mut self,
        contexts: &Contexts,
        pdu: &Pdu<'s>,
    ) -> (Option<&'s Told>, Stub<'s>) {
        let Some(request) = Request::read(pdu) else {
            return (None, Stub::Lost);
        };
        let call_id = pdu.header.call_id;
        let offered = contexts.offered(request.context);
        if pdu.header.flags.has(Flags::FIRST)
            && let Some((interface, wide)) = offered
        {
            self.list.retain(|call| call.told.call_id != call_id);
            if self.list.len() >= CALLS {
                self.list.pop_front();
            }
            self.next = self.next.wrapping_add(1);
            self.list.push_back(Call {
                told: Told {
                    call_id,
                    number: self.next,
                    operation: request.operation,
                    object: request.object,
                    interface: super::interfaces::by_uuid(interface.uuid),
                    layer: describe::layer(&interface),
                    wide,
                },
                request: Fragments::default(),
                answer: Fragments::default(),
            });
        } else if offered.is_none() {
            return (None, Stub::Lost);
        }
        match self.find(call_id) {
            Some(call) => {
                let stub = call.request.add(&call.told, pdu, request.stub);
                (Some(&call.told), stub)
            }
            None => (None, Stub::Lost),
        }
    }

    fn answer<'s>(&'s mut self, pdu: &Pdu<'s>, stub: &'s [u8]) -> (Option<&'s Told>, Stub<'s>) {
        match self.find(pdu.header.call_id) {
            Some(call) => {
                let stub = call.answer.add(&call.told, pdu, stub);
                (Some(&call.told), stub)
            }
            None => (None, Stub::Lost),
        }
    }
}
