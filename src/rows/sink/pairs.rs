//! What messages of one conversation have to do with each other: the other half of an exchange, and names.

use colloquy_dissectors::field::{Entry, FieldId, Mark, Reach, Role, Value, Values};
use colloquy_dissectors::units::{FrameNo, Stamp};

use super::{Ahead, Messages};
use crate::limits;
use crate::rows::asides::name_call;
use crate::rows::forward::{Known, Meaning, Request};

/// A request: the first frame with its key, and the frame of its first reply.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    stamp: Stamp,
    replied: Option<FrameNo>,
}

impl Messages {
    /// Finds the other half of an exchange, and says so in both.
    pub(super) fn pair(&mut self, values: &mut Values, stamp: Stamp, ahead: &mut Ahead<'_>) {
        for mark in values.marks().to_vec() {
            match mark.role {
                Role::Reply | Role::Interim => self.reply(values, &mark, stamp, ahead),
                Role::Answer => {
                    if let Some(key) = self.answered(mark.pair.name, stamp) {
                        let role = Role::Reply;
                        self.reply(values, &Mark { key, role, ..mark }, stamp, ahead);
                    }
                }
                Role::Part | Role::Request => self.request(values, &mark, stamp, ahead),
            }
        }
    }

    fn request(&mut self, values: &mut Values, mark: &Mark, stamp: Stamp, ahead: &Ahead<'_>) {
        let key = (mark.pair.name, mark.key);
        let first = self.requests.get(&key).copied();
        let goes_on = mark.role == Role::Part || mark.pair.duplicate.is_some();
        let asked = match first.filter(|_| goes_on) {
            Some(asked) => asked,
            None => {
                let asked = Asked {
                    stamp,
                    replied: None,
                };
                self.requests.insert(key, asked);
                asked
            }
        };
        let frame = asked.stamp.frame;
        if let Ahead::Known(forward) = ahead {
            let request = Request::new(self.flow, mark.pair, mark.key, frame);
            if let Some(frame) = forward.reply(request) {
                self.add(values, mark.pair.reply_in, Value::Uint(frame));
            }
        }
        if first.is_none() {
            self.order.push_back(key);
        } else if frame != stamp.frame && mark.role == Role::Request {
            self.add(values, mark.pair.duplicate, Value::Present);
        }
        if self.order.len() > limits::PAIRS
            && let Some(oldest) = self.order.pop_front()
        {
            self.requests.remove(&oldest);
        }
    }

    /// The key of the last request before `stamp`, if it has no reply yet. Messages that waited for lost bytes come here after
    /// requests that were made later.
    fn answered(&self, pair: &str, stamp: Stamp) -> Option<u64> {
        let mut latest = self.order.iter().rev().filter(|(name, _)| *name == pair);
        let earlier = |key: &&(&'static str, u64)| {
            let asked = self.requests.get(*key);
            asked.is_some_and(|a| a.stamp.frame <= stamp.frame)
        };
        let key = latest.by_ref().take(limits::ANSWERS).find(earlier)?;
        let asked = self.requests.get(key)?;
        asked.replied.is_none().then_some(key.1)
    }

    fn reply(&mut self, values: &mut Values, mark: &Mark, stamp: Stamp, ahead: &mut Ahead<'_>) {
        let Some(asked) = self.requests.get_mut(&(mark.pair.name, mark.key)) else {
            return;
        };
        let request = asked.stamp;
        let again = *asked.replied.get_or_insert(stamp.frame) != stamp.frame;
        if let Ahead::Collected(forward) = ahead
            && mark.role == Role::Reply
            && mark.pair.reply_in.is_some()
        {
            let request = Request::new(self.flow, mark.pair, mark.key, request.frame);
            forward.note_reply(request, stamp.frame);
        }
        self.add(values, mark.pair.request_in, Value::Uint(request.frame));
        if let Some(word) = mark.pair.hint {
            name_call(values, word, request.frame);
        }
        let nanos = stamp.time.nanos_since(request.time);
        self.add(values, mark.pair.time, Value::Duration(nanos));
        if again {
            self.add(values, mark.pair.duplicate, Value::Present);
        }
    }

    /// Keeps what a message says of names, and writes those that it shows.
    pub(super) fn name(&mut self, values: &mut Values, stamp: Stamp, ahead: &mut Ahead<'_>) {
        for name in values.names().to_vec() {
            let known = Known::new(self.flow, name.of, name.key);
            let far = name.of.reach != Reach::Behind;
            if let Some((text, number)) = name.said {
                let frame = stamp.frame;
                let meaning = Meaning {
                    text,
                    number,
                    frame,
                };
                if let Ahead::Collected(forward) = ahead
                    && far
                {
                    forward.note_name(known, meaning.clone());
                }
                if self.names.len() < limits::NAMES || self.names.contains_key(&known) {
                    self.names.insert(known, meaning);
                }
                continue;
            }
            let later = match ahead {
                Ahead::Known(forward) if far => forward.name(known),
                _ => None,
            };
            if let Some(meaning) = later.or_else(|| self.names.get(&known)) {
                self.add(values, name.of.text, Value::Text(&meaning.text));
                self.add(values, name.of.number, Value::Uint(meaning.number));
                self.add(values, name.of.frame, Value::Uint(meaning.frame));
            }
        }
    }

    fn add(&self, values: &mut Values, field: Option<FieldId>, value: Value<'_>) {
        if let Some(id) = field.filter(|id| self.wanted.has(*id)) {
            values.push(Entry {
                id,
                value,
                depth: 1,
                at: 0,
                len: 0,
            });
        }
    }
}
