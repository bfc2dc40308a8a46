//! Handshake messages out of records: several in one, or one over several (RFC 8446 5.1).

use super::names;
use super::wire::{self, MESSAGE_MOST};
use crate::units::StreamOffset;

/// A message that began in a record before this one, or begins in it and goes on in the next.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    bytes: Vec<u8>,
    /// Where the record begins in which the message begins, and how far behind that the message does.
    record: StreamOffset,
    base: usize,
    /// Places in the message at which another record begins.
    seams: Vec<usize>,
}

/// A whole handshake message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    /// With its head.
    pub(super) bytes: &'a [u8],
    /// Where it begins, from the start of the record that it begins in.
    pub(super) base: usize,
    /// Places in it at which another record begins.
    pub(super) seams: &'a [usize],
}

impl<'a> Message<'a> {
    pub(super) fn body(&self) -> &'a [u8] {
        self.bytes.get(wire::MESSAGE_HEAD..).unwrap_or(&[])
    }
}

/// What a record of handshake bytes holds.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// The message that began in an earlier record and ends here, with the offset of that record.
    pub(super) carried: Option<(StreamOffset, Message<'a>)>,
    /// Messages that lie in this record.
    pub(super) whole: Vec<Message<'a>>,
    /// What follows cannot be read: it is encrypted.
    pub(super) encrypted: bool,
}

impl<'a> Found<'a> {
    /// Every message, with the offset of the record that it begins in.
    pub(super) fn all(
        &self,
        record: StreamOffset,
    ) -> impl Iterator<Item = (StreamOffset, &Message<'a>)> {
        let carried = self.carried.iter().map(|(start, m)| (*start, m));
        carried.chain(self.whole.iter().map(move |m| (record, m)))
    }
}

impl Assembly {
    /// True when no message is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Gives the message under way up.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the content of the record at `record`. `secret`: this side's handshake messages are encrypted from now on.
    /// `kept` holds the bytes of a message from several records as long as it is looked at.
    pub(super) fn push<'a>(
        &mut self,
        content: &'a [u8],
        record: StreamOffset,
        secret: bool,
        kept: &'a mut Self,
    ) -> Found<'a> {
        let mut found = Found::default();
        let mut rest = content;
        if !self.is_empty() {
            self.seams.push(self.bytes.len());
            let Some(missing) = self.missing(rest) else {
                self.bytes.extend_from_slice(rest);
                // The first record may have been too short to show it.
                if size(&self.bytes).is_some_and(|n| n >= MESSAGE_MOST) {
                    self.clear();
                    found.encrypted = true;
                }
                return found;
            };
            let (end, behind) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
            self.bytes.extend_from_slice(end);
            rest = behind;
            *kept = std::mem::take(self);
            if let Some(&kind) = kept.bytes.first() {
                let message = Message {
                    kind,
                    bytes: &kept.bytes,
                    base: kept.base,
                    seams: &kept.seams,
                };
                found.carried = Some((kept.record, message));
            }
        }
        while !rest.is_empty() {
            if is_encrypted(rest, secret) {
                found.encrypted = true;
                return found;
            }
            let base = wire::HEAD + content.len() - rest.len();
            let Some((bytes, behind)) = size(rest).and_then(|n| rest.split_at_checked(n)) else {
                *self = Self {
                    bytes: rest.to_vec(),
                    record,
                    base,
                    seams: Vec::new(),
                };
                return found;
            };
            if let Some(&kind) = bytes.first() {
                found.whole.push(Message {
                    kind,
                    bytes,
                    base,
                    seams: &[],
                });
            }
            rest = behind;
        }
        found
    }

    /// Bytes of `more` that end the message under way; `None` when they do not.
    fn missing(&self, more: &[u8]) -> Option<usize> {
        let head: Vec<u8> = self.bytes.iter().chain(more).take(4).copied().collect();
        let missing = size(&head)?.saturating_sub(self.bytes.len());
        (missing <= more.len()).then_some(missing)
    }
}

/// Bytes of the message that begins here, its head included.
fn size(bytes: &[u8]) -> Option<usize> {
    let &[_, a, b, c] = bytes.first_chunk()?;
    Some(wire::MESSAGE_HEAD + u32::from_be_bytes([0, a, b, c]) as usize)
}

/// Bytes that are no handshake message in clear. Sixteen bytes is what encryption adds at least.
fn is_encrypted(bytes: &[u8], secret: bool) -> bool {
    if bytes.len() < 16 {
        return false;
    }
    let strange = bytes
        .first()
        .is_some_and(|kind| names::handshake(*kind).is_empty());
    secret || strange || size(bytes).is_some_and(|n| n >= MESSAGE_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first record is too short to show how long the message is.
    #[test]
    fn a_message_over_records_of_one_byte_is_bounded() {
        let mut assembly = Assembly::default();
        for (index, byte) in [11, 1, 0, 0].into_iter().enumerate() {
            let mut kept = Assembly::default();
            let record = [byte];
            let found = assembly.push(&record, 6 * index as u64, false, &mut kept);
            assert_eq!(found.encrypted, index == 3, "byte {index}");
        }
        assert!(assembly.is_empty());
    }
}
