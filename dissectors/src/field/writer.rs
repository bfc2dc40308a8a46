//! What `describe.rs` writes with.

use super::{
    BRANCH, Entry, FieldId, INFO_COLUMN, Mark, Name, PROTOCOL_COLUMN, Pair, Role, Said, Value,
    Values, Wanted,
};

/// Takes the values of one message, those that are wanted only.
pub struct Writer<'w> {
    wanted: &'w Wanted,
    values: &'w mut Values,
    depth: u8,
    /// What is written stands nowhere in the message, see [`Writer::unplaced`].
    unplaced: bool,
}

impl<'w> Writer<'w> {
    /// Writes into `values` what `wanted` asks for.
    pub const fn new(wanted: &'w Wanted, values: &'w mut Values) -> Self {
        Self {
            wanted,
            values,
            depth: 0,
            unplaced: false,
        }
    }

    /// True when the field is asked for: for values that cost something to compute.
    #[must_use]
    pub fn wants(&self, id: FieldId) -> bool {
        self.wanted.has(id)
    }

    /// True when any field of the group is asked for, or a whole tree.
    #[must_use]
    pub const fn wants_group(&self, group: u8) -> bool {
        self.wanted.has_group(group)
    }

    /// A value that stands in `len` bytes of the message from `at` on; 0 bytes for what was computed.
    pub fn put(&mut self, id: FieldId, value: Value<'_>, at: usize, len: usize) {
        if self.wanted.has(id) {
            let (at, len) = if self.unplaced { (0, 0) } else { (at, len) };
            self.values.push(Entry {
                id,
                value,
                depth: self.depth,
                at: at as u32,
                len: len as u32,
            });
        }
    }

    /// A number.
    pub fn uint(&mut self, id: FieldId, value: impl Into<u64>, at: usize, len: usize) {
        self.put(id, Value::Uint(value.into()), at, len);
    }

    /// True or false.
    pub fn bool(&mut self, id: FieldId, value: bool, at: usize, len: usize) {
        self.put(id, Value::Bool(value), at, len);
    }

    /// A text.
    pub fn text(&mut self, id: FieldId, value: &str, at: usize, len: usize) {
        self.put(id, Value::Text(value), at, len);
    }

    /// A text that costs something to make.
    pub fn text_with(
        &mut self,
        id: FieldId,
        value: impl FnOnce() -> String,
        at: usize,
        len: usize,
    ) {
        if self.wanted.has(id) {
            self.put(id, Value::Text(&value()), at, len);
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, id: FieldId, value: &[u8], at: usize) {
        self.put(id, Value::Bytes(value), at, value.len());
    }

    /// The protocol itself, or a remark.
    pub fn present(&mut self, id: FieldId, at: usize, len: usize) {
        self.put(id, Value::Present, at, len);
    }

    /// The protocol's layer: all that `inner` writes stands in it, in a tree. `name` is for the protocol column.
    pub fn layer(
        &mut self,
        proto: FieldId,
        name: &str,
        at: usize,
        len: usize,
        inner: impl FnOnce(&mut Self),
    ) {
        self.present(proto, at, len);
        self.text(PROTOCOL_COLUMN, name, at, len);
        self.deeper(inner);
    }

    /// A field with parts, which `inner` writes.
    pub fn parts(
        &mut self,
        id: FieldId,
        value: Value<'_>,
        at: usize,
        len: usize,
        inner: impl FnOnce(&mut Self),
    ) {
        self.put(id, value, at, len);
        self.deeper(inner);
    }

    /// A branch of the tree that is no field.
    pub fn branch(
        &mut self,
        label: impl FnOnce() -> String,
        at: usize,
        len: usize,
        inner: impl FnOnce(&mut Self),
    ) {
        self.text_with(BRANCH, label, at, len);
        self.deeper(inner);
    }

    /// All that `inner` writes is computed: it stands in bytes that were decompressed, or in another order.
    pub fn unplaced(&mut self, inner: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.unplaced, true);
        inner(self);
        self.unplaced = before;
    }

    fn deeper(&mut self, inner: impl FnOnce(&mut Self)) {
        self.depth = self.depth.saturating_add(1);
        inner(self);
        self.depth -= 1;
    }

    /// What the info column says of the message, in Wireshark's manner.
    pub fn info(&mut self, text: impl FnOnce() -> String) {
        self.text_with(INFO_COLUMN, text, 0, 0);
    }

    /// The message is a request (or a call) to be paired by `key`.
    pub fn request(&mut self, pair: &'static Pair, key: u64) {
        self.mark(pair, key, Role::Request);
    }

    /// The message is a further part of the request of `key`.
    pub fn part(&mut self, pair: &'static Pair, key: u64) {
        self.mark(pair, key, Role::Part);
    }

    /// The message is the reply to the request of `key`.
    pub fn reply(&mut self, pair: &'static Pair, key: u64) {
        self.mark(pair, key, Role::Reply);
    }

    /// The message says that the reply to the request of `key` is still to come.
    pub fn interim(&mut self, pair: &'static Pair, key: u64) {
        self.mark(pair, key, Role::Interim);
    }

    /// The message says what `key` stands for, and shows it.
    pub fn says(&mut self, of: &'static Name, key: u64, text: &str, number: u64) {
        let said = Some((text.into(), number));
        self.values.name(Said { of, key, said });
    }

    /// The message shows what `key` stands for.
    pub fn shows(&mut self, of: &'static Name, key: u64) {
        let fields = [of.text, of.number, of.frame];
        if fields.iter().flatten().any(|id| self.wants(*id)) {
            let said = None;
            self.values.name(Said { of, key, said });
        }
    }

    /// The message answers the last request before it in the capture, unless another message does already.
    pub fn answer(&mut self, pair: &'static Pair) {
        self.mark(pair, 0, Role::Answer);
    }

    fn mark(&mut self, pair: &'static Pair, key: u64, role: Role) {
        self.values.mark(Mark { pair, key, role });
    }
}
