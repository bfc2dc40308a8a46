//! The tables of HPACK (RFC 7541 section 2.3): fields by their index.

use std::collections::VecDeque;

/// The static table (RFC 7541 appendix A), from index 1.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// What an entry costs beyond its bytes (RFC 7541 section 4.1).
const OVERHEAD: usize = 32;
/// The size of a dynamic table before anything else is said (RFC 9113 section 6.5.2).
const INITIAL: usize = 4096;
/// The largest dynamic table that is kept; of a larger one only the newest entries are known.
const MOST: usize = 64 * 1024;

/// A field by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known<'a> {
    /// Its name, where it is known.
    pub(super) name: Option<&'a [u8]>,
    /// Its value, where it is known.
    pub(super) value: Option<&'a [u8]>,
}

/// What an index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A field.
    Field(Known<'a>),
    /// An entry that was added before the capture began, or in bytes that it lost.
    Unknown,
    /// There is no such entry.
    Nothing,
}

/// The dynamic table, newest entry first.
///
/// Invariant: `size` is the sum of the entries' sizes and at most `limit` and [`MOST`].
#[derive(Debug)]
pub(super) struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    /// What the encoder may use.
    limit: usize,
    /// There are entries behind those that are known.
    holes: bool,
}

#[derive(Debug)]
struct Entry {
    bytes: Box<[u8]>,
    name_len: usize,
    name_known: bool,
    value_known: bool,
}

impl Entry {
    fn size(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }

    fn known(&self) -> Known<'_> {
        let (name, value) = self
            .bytes
            .split_at_checked(self.name_len)
            .unwrap_or((&[], &[]));
        Known {
            name: self.name_known.then_some(name),
            value: self.value_known.then_some(value),
        }
    }
}

impl Table {
    /// An empty table. `whole`: all entries will be seen from here on.
    pub(super) const fn new(whole: bool) -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            limit: INITIAL,
            holes: !whole,
        }
    }

    /// Entries may have been added that were not seen.
    pub(super) fn lose(&mut self) {
        self.entries.clear();
        self.size = 0;
        self.holes = true;
    }

    pub(super) fn get(&self, index: u32) -> Found<'_> {
        let Some(place) = (index as usize).checked_sub(1) else {
            return Found::Nothing;
        };
        if let Some((name, value)) = STATIC.get(place) {
            return Found::Field(Known {
                name: Some(name.as_bytes()),
                value: Some(value.as_bytes()),
            });
        }
        match self.entries.get(place - STATIC.len()) {
            Some(entry) => Found::Field(entry.known()),
            None if self.holes => Found::Unknown,
            None => Found::Nothing,
        }
    }

    pub(super) fn add(&mut self, field: Known<'_>) {
        let (name, value) = (field.name.unwrap_or(&[]), field.value.unwrap_or(&[]));
        let mut bytes = Vec::with_capacity(name.len() + value.len());
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(value);
        let entry = Entry {
            bytes: bytes.into_boxed_slice(),
            name_len: name.len(),
            name_known: field.name.is_some(),
            value_known: field.value.is_some(),
        };
        let size = entry.size();
        self.evict(size);
        // One that is larger than the table empties it and is not kept (RFC 7541 section 4.4).
        if size <= self.limit.min(MOST) {
            self.size += size;
            self.entries.push_front(entry);
        }
    }

    /// The encoder says how much it will use from here on (RFC 7541 section 6.3).
    pub(super) fn resize(&mut self, limit: u32) {
        self.limit = limit as usize;
        self.evict(0);
    }

    fn evict(&mut self, room: usize) {
        while self.size + room > self.limit.min(MOST) {
            let Some(oldest) = self.entries.pop_back() else {
                return;
            };
            self.size -= oldest.size();
            self.holes |= self.limit > MOST;
        }
    }

    /// Bytes in use (RFC 7541 section 4.1).
    #[cfg(test)]
    pub(super) const fn size(&self) -> usize {
        self.size
    }
}
