//! The presentation contexts of an association: what was offered, what was made of it.

use super::interfaces::{self, Interface};
use super::names;
use super::wire::{Ack, Answer, Bind, Offer, Syntax};

/// Contexts of one association that are remembered; real clients offer a handful.
const CONTEXTS: usize = 256;
/// Binds and alter_contexts that wait for their answer at once.
const PENDING: usize = 16;

/// What became of an offered context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not answered yet, or the answer was not seen.
    Offered,
    /// It may be used.
    Accepted,
    /// It may not.
    Rejected(&'static str),
}

/// One context.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    id: u16,
    pub(super) syntax: Syntax,
    pub(super) interface: Option<&'static Interface>,
    pub(super) standing: Standing,
    /// Its stubs are in NDR64.
    pub(super) wide: bool,
}

/// A bind or alter_context without an answer.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) call_id: u32,
    pub(super) alters: bool,
    /// It carried a security token.
    pub(super) secured: bool,
    pub(super) offers: Vec<Offer>,
    /// False when not all of the offers were read: answers can't be told apart then.
    whole: bool,
}

/// An interface of which no offer was accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal<'a> {
    pub(super) offer: &'a Offer,
    pub(super) answer: Answer,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    list: Vec<Context>,
    pending: Vec<Pending>,
    /// A bind was seen.
    pub(super) bound: bool,
    /// Some were offered that are not in the list: what is not there may have been offered.
    pub(super) incomplete: bool,
}

impl Contexts {
    /// Notes what a bind or alter_context offers. False when a bound was hit.
    pub(super) fn offer(&mut self, bind: &Bind, call_id: u32, alters: bool, secured: bool) -> bool {
        if !alters {
            self.bound = true;
            self.list.clear();
        }
        self.incomplete |= !bind.whole;
        let mut room = true;
        for offer in bind.offers.iter().filter(|o| !is_feature(o)) {
            room &= self.note(offer);
        }
        self.incomplete |= !room;
        if self.pending.len() >= PENDING {
            self.pending.remove(0);
            room = false;
        }
        self.pending.push(Pending {
            call_id,
            alters,
            secured,
            offers: bind.offers.clone(),
            whole: bind.whole,
        });
        room
    }

    fn note(&mut self, offer: &Offer) -> bool {
        let context = Context {
            id: offer.id,
            syntax: offer.interface,
            interface: interfaces::by_uuid(offer.interface.uuid),
            standing: Standing::Offered,
            wide: offer.transfers.iter().all(Syntax::is_ndr64) && !offer.transfers.is_empty(),
        };
        if let Some(old) = self.list.iter_mut().find(|c| c.id == offer.id) {
            // An alter_context that only carries another leg of authentication repeats what stands.
            if old.syntax != context.syntax || old.standing != Standing::Accepted {
                *old = context;
            }
            return true;
        }
        if self.list.len() >= CONTEXTS {
            return false;
        }
        self.list.push(context);
        true
    }

    /// The bind or alter_context that an answer with this call id belongs to: one of its own kind first, where the kind
    /// can be told, since both may have the same call id and wait behind a hole in the other direction.
    pub(super) fn answered(&mut self, call_id: u32, alters: Option<bool>) -> Option<Pending> {
        let mut waiting = self.pending.iter().enumerate();
        let at = waiting
            .clone()
            .find(|(_, p)| p.call_id == call_id && Some(p.alters) == alters)
            .or_else(|| waiting.find(|(_, p)| p.call_id == call_id))
            .map(|(at, _)| at)?;
        Some(self.pending.remove(at))
    }

    /// True when such an answer is waited for.
    pub(super) fn awaits(&self, call_id: u32) -> bool {
        self.pending.iter().any(|p| p.call_id == call_id)
    }

    /// Notes the answers to what was offered.
    pub(super) fn settle(&mut self, pending: &Pending, ack: &Ack) {
        for (offer, answer) in pending.offers.iter().zip(&ack.answers) {
            let Some(context) = self.list.iter_mut().find(|c| c.id == offer.id) else {
                continue;
            };
            match answer.result {
                0 => {
                    context.standing = Standing::Accepted;
                    context.wide = answer.transfer.is_ndr64();
                }
                _ if context.standing == Standing::Accepted => {}
                _ => context.standing = Standing::Rejected(names::provider_reason(answer.reason)),
            }
        }
    }

    /// Notes that a bind was refused as a whole.
    pub(super) fn refuse(&mut self, pending: &Pending) {
        for offer in &pending.offers {
            if let Some(context) = self.list.iter_mut().find(|c| c.id == offer.id) {
                context.standing = Standing::Rejected("the bind was refused");
            }
        }
    }

    /// The interface that was offered as this context, and whether its stubs are in NDR64.
    pub(super) fn offered(&self, id: u16) -> Option<(Syntax, bool)> {
        self.find(id).map(|c| (c.syntax, c.wide))
    }

    /// The context with this id.
    pub(super) fn find(&self, id: u16) -> Option<&Context> {
        self.list.iter().find(|c| c.id == id)
    }

    /// True when some context can be used.
    pub(super) fn any_accepted(&self) -> bool {
        self.list.iter().any(|c| c.standing == Standing::Accepted)
    }

    /// The interfaces by name, as a report prints them.
    pub(super) fn labels(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for context in &self.list {
            let name = label(&context.syntax);
            if !names.contains(&name) {
                if names.len() == 16 {
                    names.push("…".to_owned());
                    break;
                }
                names.push(name);
            }
        }
        names.join(", ")
    }
}

impl Pending {
    /// How many offers were accepted.
    pub(super) fn accepted(&self, ack: &Ack) -> usize {
        let answers = self.offers.iter().zip(&ack.answers);
        answers
            .filter(|(o, a)| a.result == 0 && !is_feature(o))
            .count()
    }

    /// Each interface of which every offer was rejected, once, with the answer that tells most. A refused
    /// feature item, or NDR64 beside an accepted NDR, is how things are agreed and no refusal.
    pub(super) fn refusals<'a>(&'a self, ack: &'a Ack) -> Vec<Refusal<'a>> {
        let mut refused: Vec<Refusal<'a>> = Vec::new();
        if !self.whole {
            return refused;
        }
        let answers = || self.offers.iter().zip(&ack.answers);
        for (offer, answer) in answers().filter(|(o, a)| a.result != 0 && !is_feature(o)) {
            let same = |other: &Offer| other.interface == offer.interface;
            let accepted = answers().any(|(o, a)| a.result == 0 && same(o));
            if !accepted && !refused.iter().any(|r| same(r.offer)) {
                refused.push(Refusal {
                    offer,
                    answer: *answer,
                });
            }
        }
        refused
    }
}

/// An item that only negotiates features (MS-RPCE 3.3.1.5.3).
pub(super) fn is_feature(offer: &Offer) -> bool {
    offer.transfers.iter().any(Syntax::is_feature)
}

/// An interface by name, by UUID where it has none here.
pub(super) fn label(syntax: &Syntax) -> String {
    interfaces::by_uuid(syntax.uuid).map_or_else(|| syntax.uuid.to_string(), |i| i.name.to_owned())
}

/// Transfer syntaxes by name.
pub(super) fn transfers(offer: &Offer) -> String {
    let names = offer.transfers.iter().map(|t| match t.transfer_name() {
        "" => t.uuid.to_string(),
        name => name.to_owned(),
    });
    names.take(8).collect::<Vec<_>>().join(", ")
}
