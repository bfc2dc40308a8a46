//! Opening one side's records with one set of keys, also behind a hole in the stream.

use std::ops::RangeInclusive;

use super::inflate::Inflater;
use crate::cipher::{Cipher, Hash, Kind, unchain};
use crate::protocols::tls::wire::{self, Head, RECORD_MOST, content, version};
use crate::secrets::Label;

/// Records in a row that cannot be opened before the keys are given up.
const FAILURES: u8 = 4;
/// Numbers that are tried for the record behind a hole, and for all such records of a side. A try costs as much as reading the
/// record, at most.
const TRIES: u64 = 256;
const ALL_TRIES: u64 = 16 * TRIES;

/// Opens one side's records.
pub(super) struct Opener {
    pub(super) cipher: Cipher,
    pub(super) kind: Kind,
    /// The fixed part of the nonce, or the vector of the next record's chaining.
    pub(super) iv: Vec<u8>,
    /// The code behind the content, where the cipher does not check it itself.
    pub(super) mac: Option<Mac>,
    pub(super) version: u16,
    /// From which the next keys are made (TLS 1.3).
    pub(super) secret: Vec<u8>,
    pub(super) label: Label,
    pub(super) inflater: Option<Inflater>,
    pub(super) progress: Progress,
}

/// How far a side's records were opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// The number of the next record.
    count: u64,
    /// A record was opened.
    pub(super) proven: bool,
    /// Records that are encrypted otherwise may come first.
    pub(super) tolerant: bool,
    /// Its keys came into use somewhere in the hole.
    is_new: bool,
    /// The vector of the chaining was lost with the record before.
    unchained: bool,
    failures: u8,
    tries: u64,
    /// Bytes of the stream since the last record that was opened.
    hole: u64,
}

/// How records are authenticated by a code of their own (RFC 5246 6.2.3.1, RFC 7366).
pub(super) struct Mac {
    pub(super) hash: Hash,
    pub(super) key: Vec<u8>,
    /// It goes over the encrypted bytes.
    pub(super) outside: bool,
}

/// A record's content in clear.
pub(in crate::protocols::tls) struct Opened {
    pub(in crate::protocols::tls) kind: u8,
    pub(in crate::protocols::tls) bytes: Vec<u8>,
    /// What was lost before it.
    pub(in crate::protocols::tls) lost: Option<Lost>,
}

/// Bytes of content that were lost before a record that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocols::tls) struct Lost {
    /// Bytes of the stream that they took.
    pub(in crate::protocols::tls) hole: u64,
    /// How many, where the cipher tells. Records of other content than data are counted with them.
    pub(in crate::protocols::tls) content: Option<u64>,
}

impl Mac {
    fn len(&self) -> usize {
        self.hash.len()
    }

    /// True when `code` is that of the `number`th record.
    fn fits(&self, number: u64, head: Head, bytes: &[u8], code: &[u8]) -> bool {
        let len = bytes.len() as u16;
        let head = Head { len, ..head };
        let parts = [&number.to_be_bytes()[..], &head.bytes(), bytes];
        self.hash.hmac(&self.key, &parts) == code
    }
}

impl Opener {
    /// Opens the next record.
    pub(super) fn open(&mut self, head: Head, body: &[u8]) -> Option<Opened> {
        let numbers = self.numbers();
        let is_stream = matches!(self.cipher, Cipher::Rc4(_)) || self.inflater.is_some();
        if self.progress.hole > 0 && is_stream {
            return None;
        }
        let first = *numbers.start();
        let mut found = None;
        if wire::is_tls13(self.version) {
            found = self.sealed13(head, body, numbers);
        } else if let Some((number, bytes)) = self.sealed12(head, body, numbers) {
            let kind = head.kind;
            found = Some((number, kind, bytes));
        }
        let (number, kind, mut bytes) = found?;
        if let Some(inflater) = &mut self.inflater {
            bytes = inflater.record(&bytes)?;
        }
        let overhead = self.overhead();
        let p = &mut self.progress;
        let hole = std::mem::take(&mut p.hole);
        let records = number - p.count;
        p.tries += number - first;
        (p.count, p.proven, p.failures) = (number + 1, true, 0);
        let content = if std::mem::take(&mut p.is_new) {
            (records == 0).then_some(0)
        } else {
            overhead.and_then(|bytes| hole.checked_sub(records * bytes))
        };
        let lost = (hole > 0).then_some(Lost { hole, content });
        Some(Opened { kind, bytes, lost })
    }

    /// A record of `bytes` bytes could not be opened. False when there is no hope for those behind it.
    pub(super) fn failed(&mut self, bytes: u64) -> bool {
        let behind_hole = self.progress.hole > 0;
        let p = &mut self.progress;
        if !p.proven {
            // It is not its first record, or not its key.
            return p.tolerant;
        }
        if behind_hole {
            p.tries = p.tries.saturating_add(TRIES);
        }
        p.failures += 1;
        p.hole += bytes;
        // Its last block is the next one's vector all the same, where it was looked at.
        p.unchained |= self.mac.as_ref().is_some_and(|mac| mac.outside);
        let is_stream = matches!(self.cipher, Cipher::Rc4(_)) || self.inflater.is_some();
        p.failures < FAILURES && p.tries < ALL_TRIES && !is_stream
    }

    /// So many bytes of the stream were not seen, or not opened.
    pub(super) fn missed(&mut self, bytes: u64) {
        self.progress.hole += bytes;
        if self.version <= version::TLS10 && matches!(self.cipher, Cipher::Blocks(..)) {
            self.progress.unchained = true;
        }
    }

    /// Of so many bytes that were lost some may have come under these keys.
    pub(super) const fn within(mut self, hole: u64) -> Self {
        self.progress.hole = hole;
        self.progress.is_new = true;
        self
    }

    /// True while bytes were lost since the last record that was opened.
    pub(super) const fn hole(&self) -> u64 {
        self.progress.hole
    }

    /// The numbers that the record at hand may have.
    fn numbers(&self) -> RangeInclusive<u64> {
        let Progress {
            count,
            hole,
            tries,
            is_new,
            ..
        } = self.progress;
        if hole == 0 {
            return count..=count;
        }
        let longest = u64::from(RECORD_MOST) + wire::HEAD as u64;
        let shortest = wire::HEAD as u64 + self.overhead().unwrap_or(0);
        let least = if is_new { 0 } else { hole.div_ceil(longest) };
        let most =
            (hole / shortest).clamp(least, least + TRIES.min(ALL_TRIES.saturating_sub(tries)));
        count + least..=count + most
    }

    /// Bytes that a record is longer than its content, where that is always the same.
    fn overhead(&self) -> Option<u64> {
        let is_short = matches!(self.kind, Kind::Ccm8_128 | Kind::Ccm8_256);
        let tag = if is_short { 8 } else { 16 };
        let more = match &self.cipher {
            Cipher::Aead(_) if wire::is_tls13(self.version) => 1 + tag,
            Cipher::Aead(_) if self.kind == Kind::ChaCha20 => tag,
            Cipher::Aead(_) => 8 + tag,
            _ => return None,
        };
        Some(wire::HEAD as u64 + more)
    }

    /// The fixed part of the nonce with the record's number (RFC 8446 5.3).
    fn nonce(&self, number: u64) -> Option<[u8; 12]> {
        let mut nonce: [u8; 12] = self.iv.as_slice().try_into().ok()?;
        for (byte, part) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        Some(nonce)
    }

    /// A record of TLS 1.3: its number, what it holds, and that.
    fn sealed13(
        &self,
        head: Head,
        body: &[u8],
        mut numbers: RangeInclusive<u64>,
    ) -> Option<(u64, u8, Vec<u8>)> {
        let Cipher::Aead(open) = &self.cipher else {
            return None;
        };
        let (number, mut bytes) = numbers.find_map(|number| {
            let bytes = open(self.nonce(number)?, &head.bytes(), body)?;
            Some((number, bytes))
        })?;
        // The type stands behind the content, zeros may follow.
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        let kind = bytes.pop()?;
        Some((number, kind, bytes))
    }

    /// A record up to TLS 1.2: its number and what it holds.
    fn sealed12(
        &mut self,
        head: Head,
        body: &[u8],
        mut numbers: RangeInclusive<u64>,
    ) -> Option<(u64, Vec<u8>)> {
        if let Cipher::Aead(open) = &self.cipher {
            let (explicit, sealed) = match self.kind {
                Kind::ChaCha20 => (None, body),
                _ => {
                    let (explicit, sealed) = body.split_first_chunk::<8>()?;
                    (Some(explicit), sealed)
                }
            };
            let tag = match self.kind {
                Kind::Ccm8_128 | Kind::Ccm8_256 => 8,
                _ => 16,
            };
            let len = sealed.len().checked_sub(tag)? as u16;
            let inner = Head { len, ..head }.bytes();
            return numbers.find_map(|number| {
                let nonce = match explicit {
                    Some(explicit) => [self.iv.as_slice(), explicit].concat().try_into().ok()?,
                    None => self.nonce(number)?,
                };
                let aad = [&number.to_be_bytes()[..], &inner].concat();
                open(nonce, &aad, sealed).map(|bytes| (number, bytes))
            });
        }
        let Mac { outside, .. } = *self.mac.as_ref()?;
        if outside {
            let mac = self.mac.as_ref()?;
            let (sealed, code) = body.split_at_checked(body.len().checked_sub(mac.len())?)?;
            let number = numbers.find(|number| mac.fits(*number, head, sealed, code))?;
            let bytes = self.plain(sealed)?;
            return Some((number, bytes));
        }
        let plain = self.plain(body)?;
        let mac = self.mac.as_ref()?;
        let (bytes, code) = plain.split_at_checked(plain.len().checked_sub(mac.len())?)?;
        let number = numbers.find(|number| mac.fits(*number, head, bytes, code))?;
        Some((number, bytes.to_vec()))
    }

    /// What is in a record of a cipher of blocks or of RC4, with its code but without its padding.
    fn plain(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (size, open) = match &mut self.cipher {
            Cipher::Rc4(cipher) => return Some(cipher.open(sealed)),
            Cipher::Blocks(size, open) => (*size, open),
            Cipher::Aead(_) => return None,
        };
        let chained = self.version <= version::TLS10;
        let mut plain = if chained {
            let last = sealed.get(sealed.len().checked_sub(size)?..)?.to_vec();
            let iv = std::mem::replace(&mut self.iv, last);
            if std::mem::take(&mut self.progress.unchained) {
                return None;
            }
            unchain(size, open, &iv, sealed)?
        } else {
            let (iv, sealed) = sealed.split_at_checked(size)?;
            unchain(size, open, iv, sealed)?
        };
        let padding = usize::from(*plain.last()?) + 1;
        plain.truncate(plain.len().checked_sub(padding)?);
        Some(plain)
    }
}

/// True for records that are encrypted: TLS 1.3 hides its own under one type, what has another is in clear.
pub(super) fn is_sealed(kind: u8, version: u16) -> bool {
    kind == content::APPLICATION_DATA || !wire::is_tls13(version)
}
