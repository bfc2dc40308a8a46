//! The contract between a protocol and what drives it.

use std::sync::Arc;

use crate::event::{Act, Fact, Phase, Value};
use crate::field::{FieldId, Writer};
use crate::offsets::Offsets;
use crate::secrets::Secrets;
use crate::stack::Children;
use crate::units::{PerSide, Side, Span, StreamOffset};

/// What one side of a conversation did next. Exhaustive on purpose: nobody forgets gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The next bytes of an ordered stream, cut anywhere.
    Data(&'a [u8]),
    /// One whole datagram (or one whole message that a parent hands down as such). It takes as many offsets
    /// as it has bytes.
    Datagram {
        /// The bytes that were captured.
        bytes: &'a [u8],
        /// Bytes on the wire; more than `bytes` holds when the capture cut it.
        wire_len: u64,
    },
    /// Bytes of this side that were sent and never captured.
    Gap {
        /// How many; never 0.
        len: u64,
    },
    /// This side ends.
    End(End),
}

/// How a side ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order (TCP FIN).
    Fin,
    /// The connection was reset, by whichever side.
    Reset,
    /// The capture stopped; the conversation goes on unseen.
    CaptureStopped,
}

/// One conversation of one protocol.
pub trait Dissector: Send {
    /// Takes the next input of `side`. Never fails and never panics: what cannot be read becomes one
    /// [`Act::Malformed`], and reading goes on at the next message that can be found.
    ///
    /// Offsets in emitted spans are the dissector's own: the first byte it is given of a side is 0, each byte
    /// of data, datagram and gap counts one. An [`Inbox`](crate::inbox::Inbox) keeps count.
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>);
}

/// What a protocol is carried by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// An ordered stream: TCP.
    Stream,
    /// Datagrams: UDP.
    Datagrams,
    /// Only inside another protocol.
    Inside,
}

/// The bytes a probe may judge by.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// What was said so far, from the start of a stream, of a datagram, or of a segment in mid-stream.
    pub bytes: &'a [u8],
    /// True when `bytes` begin where the stream begins (its SYN was seen, or it is a datagram); false in
    /// mid-stream, where a probe must be sure before it says `Certain`.
    pub beginning: bool,
    /// True when the first words of the conversation may be missing: it was joined late, or it has holes. A protocol that
    /// can only begin with words of its own cannot begin in mid-stream of a conversation that is seen whole.
    pub joined_late: bool,
    /// Who speaks, if the roles are what they seem.
    pub side: Side,
    /// The port of the client and of the server: a hint, never proof.
    pub ports: PerSide<u16>,
    /// What carries the bytes.
    pub carrier: Carrier,
}

/// What a probe answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not this protocol.
    No,
    /// It may be; more bytes are needed.
    NeedMore,
    /// It may well be: taken when the port agrees.
    Likely(Speaker),
    /// It is.
    Certain(Speaker),
    /// It is, and its session begins with these bytes, wherever they stand.
    Begins(Speaker),
}

/// Whose message the probed bytes are, as their content tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A client's: a request, a call, masked frames.
    Client,
    /// A server's.
    Server,
    /// The bytes don't tell.
    Unknown,
}

/// In the context of a start: the session begins in the middle of a connection, behind words of another protocol.
pub(crate) const BEHIND: &str = "begins_behind_others";

/// How a dissector is started.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// False in mid-stream: the beginning of the session was not captured (guard T1).
    pub beginning: bool,
    /// The ports.
    pub ports: PerSide<u16>,
    /// What carries it.
    pub carrier: Carrier,
    /// What a parent tells: pipe name, negotiated extensions.
    pub context: &'a [(&'static str, Value)],
    /// What encrypted sessions can be read with, where it is known.
    pub secrets: Option<&'a Arc<Secrets>>,
}

impl Start<'_> {
    /// A text of the context.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.context
            .iter()
            .find(|(k, _)| *k == key)
            .and_then(|(_, v)| match v {
                Value::Text(s) => Some(s.as_str()),
                Value::Name(s) => Some(*s),
                _ => None,
            })
    }

    /// True where the context says so.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.context
            .iter()
            .any(|(k, v)| *k == key && *v == Value::Bool(true))
    }

    /// A number of the context.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        let mut values = self.context.iter();
        values.find_map(|(k, v)| match v {
            Value::Int(number) if *k == key => Some(*number),
            _ => None,
        })
    }
}

/// A protocol as the registry knows it.
#[derive(Debug)]
pub struct Protocol {
    /// The name in reports: `nbss`.
    pub name: &'static str,
    /// In full, with its reference: `NetBIOS Session Service (RFC 1001, RFC 1002)`.
    pub title: &'static str,
    /// What it is found in.
    pub carriers: &'static [Carrier],
    /// Well-known server ports: a hint, never proof.
    pub ports: &'static [u16],
    /// Names of the sessions that it reports, its own and those within (`rpc`: `nfs`, `mount`).
    pub sessions: &'static [&'static str],
    /// Recognises it by content.
    pub probe: fn(&Probe<'_>) -> Verdict,
    /// Starts a conversation.
    pub start: fn(&Start<'_>) -> Box<dyn Dissector>,
}

/// A session as the sink knows it: 0 is the conversation's carrier (TCP or UDP) itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(pub u32);

impl Slot {
    /// The carrier.
    pub const ROOT: Self = Self(0);
}

/// Who listens to events.
pub trait Sink {
    /// A session begins to be seen inside `parent`. `key` tells several of one protocol apart.
    /// Returns the slot that its events will name.
    fn open(&mut self, parent: Slot, protocol: &'static str, beginning: bool, key: u64) -> Slot;

    /// The session `slot` turns out to be `protocol`: an SMB1 client that was answered in SMB2 (MS-SMB2 3.3.5.3).
    fn rename(&mut self, _slot: Slot, _protocol: &'static str) {}

    /// Something happened. `span` is in the stream of `side` of the carrier.
    fn event(&mut self, slot: Slot, side: Side, span: Span, act: Act, text: Option<String>);

    /// True when the texts of messages are wanted (a ladder is drawn), false when they would be thrown away.
    fn wants_text(&self) -> bool;

    /// True when operations are to be named where their [`Op`](crate::event::Op) does not, see [`Output::name`].
    fn wants_names(&self) -> bool {
        false
    }

    /// How the operation of the request that comes next is called.
    fn name(&mut self, _name: String) {}

    /// True when the answer that was told last in `slot` was so slow that it is worth a name.
    fn was_slow(&self, _slot: Slot) -> bool {
        false
    }

    /// True when the fields of messages are wanted (a frame is shown), see [`Sink::message`].
    fn wants_fields(&self) -> bool {
        false
    }

    /// True when this field is: for those for which more than a message's head has to be kept.
    fn wants_field(&self, _id: FieldId) -> bool {
        false
    }

    /// What `side` said in the session `slot` was decrypted: as many bytes as `span` has, which end where their encrypted
    /// form ends.
    fn opened(&mut self, _slot: Slot, _side: Side, _span: Span, _bytes: &[u8]) {}

    /// Of what `side` said in the session `slot` the bytes of `span` are handed on to the child `key`, whose messages may go on in
    /// other ones: to a pipe.
    fn unpacked(&mut self, _slot: Slot, _key: u64, _side: Side, _span: Span, _bytes: &[u8]) {}

    /// A message of `side` that ends with `span`, whether all of it came yet or not. `describe` writes its fields.
    fn message(
        &mut self,
        _slot: Slot,
        _side: Side,
        _span: Span,
        _describe: &mut dyn FnMut(&mut Writer<'_>),
    ) {
    }
}

/// From a layer's offsets to the carrier's, through all layers between.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'a> {
    pub(crate) above: Option<&'a Self>,
    pub(crate) maps: &'a PerSide<Offsets>,
}

impl Chain<'_> {
    pub(crate) fn carrier_offset(&self, side: Side, offset: StreamOffset) -> StreamOffset {
        let parent = self.maps[side].parent(offset);
        self.above
            .map_or(parent, |above| above.carrier_offset(side, parent))
    }

    fn carrier_span(&self, side: Side, span: Span) -> Span {
        if span.is_empty() {
            let at = self.carrier_offset(side, span.start);
            return Span::new(at, at);
        }
        // The end is mapped by its last byte: the byte after it may stand in another piece.
        Span::new(
            self.carrier_offset(side, span.start),
            self.carrier_offset(side, span.end - 1) + 1,
        )
    }
}

/// One of several sessions that one dissector tells apart (NFS in RPC, one SMB2 session of many).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The protocol that its row names.
    pub protocol: &'static str,
    /// Tells several of them apart.
    pub key: u64,
}

/// What the content of a layer is recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// This protocol of the registry.
    As(&'static str),
    /// It takes more bytes.
    Unsure,
    /// None that is known.
    Not,
}

/// Where a dissector says what it saw.
pub struct Output<'a> {
    pub(crate) sink: &'a mut dyn Sink,
    pub(crate) slot: Slot,
    pub(crate) chain: Chain<'a>,
    pub(crate) children: &'a mut Children,
    pub(crate) text: Option<String>,
}

impl Output<'_> {
    /// Says that `act` happened in the bytes `span` of `side`, in the dissector's own session.
    pub fn emit(&mut self, side: Side, span: Span, act: Act) {
        let text = self.text.take();
        let span = self.chain.carrier_span(side, span);
        self.sink.event(self.slot, side, span, act, text);
    }

    /// The same in a session within the dissector's own. The first event opens it.
    pub fn emit_in(&mut self, scope: Scope, side: Side, span: Span, act: Act) {
        let text = self.text.take();
        let span = self.chain.carrier_span(side, span);
        let slot = self.children.scope(scope, self.slot, self.sink);
        self.sink.event(slot, side, span, act, text);
    }

    /// The dissector's own session turns out to be `protocol`, one of its protocol's `sessions`.
    pub fn rename(&mut self, protocol: &'static str) {
        self.sink.rename(self.slot, protocol);
    }

    /// Gives the text of the next message that is emitted ("READ length 65536 offset 0 file a.txt"). The closure
    /// runs only when somebody will read it.
    pub fn describe(&mut self, text: impl FnOnce() -> String) {
        if self.sink.wants_text() {
            self.text = Some(text());
        }
    }

    /// Gives the name of the operation of the request that is emitted next, where its [`Op`](crate::event::Op) has none
    /// of its own: a path, a number of a program. The closure runs only when somebody counts operations.
    pub fn name(&mut self, name: impl FnOnce() -> String) {
        if self.sink.wants_names() {
            self.sink.name(name());
        }
    }

    /// The session enters a phase.
    pub fn phase(&mut self, side: Side, span: Span, phase: Phase) {
        self.emit(side, span, Act::Phase(phase));
    }

    /// A fact for the rules.
    pub fn fact(&mut self, side: Side, span: Span, fact: Fact) {
        self.emit(side, span, Act::Fact(Box::new(fact)));
    }

    /// Something to know of the session as a whole.
    pub fn detail(&mut self, side: Side, span: Span, key: &'static str, value: impl Into<Value>) {
        self.emit(
            side,
            span,
            Act::Detail {
                key,
                value: value.into(),
            },
        );
    }

    /// Starts the child `key` as `protocol` (a name of the registry), if it is not there yet. False when the
    /// registry has no such protocol or the bound on children is reached.
    pub fn start_child(
        &mut self,
        key: u64,
        protocol: &str,
        beginning: bool,
        context: &[(&'static str, Value)],
    ) -> bool {
        self.children.start(
            key, protocol, None, beginning, context, self.slot, self.sink,
        )
    }

    /// The same for a child that has no session of its own: its events are told in the session `scope`, which several
    /// children may share (the streams of HTTP/2 with calls of gRPC).
    pub fn start_child_in(
        &mut self,
        scope: Scope,
        key: u64,
        protocol: &str,
        beginning: bool,
        context: &[(&'static str, Value)],
    ) -> bool {
        self.children.start(
            key,
            protocol,
            Some(scope),
            beginning,
            context,
            self.slot,
            self.sink,
        )
    }

    /// Hands bytes of this layer down to the child `key`. `at` is the offset of their first byte in this layer's
    /// own stream of `side`. Nothing happens when there is no such child.
    pub fn child(&mut self, key: u64, side: Side, at: StreamOffset, input: Input<'_>) {
        self.children
            .handle(key, side, at, input, &self.chain, self.sink);
    }

    /// The child `key` is over: it is told the end on both sides and forgotten.
    pub fn end_child(&mut self, key: u64, end: End) {
        self.children.end(key, end, &self.chain, self.sink);
    }

    /// The child `key` is told that `side` is over; what the carrier says of that side's end later concerns it no more.
    pub fn end_child_side(&mut self, key: u64, side: Side, end: End) {
        self.children
            .close((key, side), end, &self.chain, self.sink);
    }

    /// The child `key` is never told that `side` is over.
    pub fn leave_child_side(&mut self, key: u64, side: Side) {
        self.children.leave(key, side);
    }

    /// Bytes that were decrypted, and stand at `at` of `side` for whoever they are handed to.
    pub fn opened(&mut self, side: Side, at: StreamOffset, bytes: &[u8]) {
        let len = bytes.len() as u64;
        let span = self.chain.carrier_span(side, Span::new(at, at + len));
        let span = Span::new(span.end.saturating_sub(len), span.end);
        self.sink.opened(self.slot, side, span, bytes);
    }

    /// Bytes that stand at `at` of `side` and are handed on to the child `key`, whose messages may go on in other ones.
    pub fn unpacked(&mut self, key: u64, side: Side, at: StreamOffset, bytes: &[u8]) {
        let span = Span::new(at, at + bytes.len() as u64);
        let span = self.chain.carrier_span(side, span);
        self.sink.unpacked(self.slot, key, side, span, bytes);
    }

    /// From the offset `at` of `side` on what the child `key` says, and whatever is inside it, may not be seen: it is encrypted.
    pub fn blind_child(&mut self, key: u64, side: Side, at: StreamOffset) {
        let span = self.chain.carrier_span(side, Span::new(at, at));
        self.children.blind(key, (side, span), self.sink);
    }

    /// What is spoken, where `side` begins with `bytes` inside this layer, if it can be told by their content.
    /// `beginning`: nothing was said before.
    #[must_use]
    pub fn recognise(&self, side: Side, bytes: &[u8], beginning: bool) -> Recognised {
        let wants_fields = self.sink.wants_fields();
        self.children
            .recognise(side, bytes, beginning, wants_fields)
    }

    /// True when the child `key` runs.
    #[must_use]
    pub fn has_child(&self, key: u64) -> bool {
        self.children.has(key)
    }

    /// What encrypted sessions can be read with, as far as it is known by now.
    #[must_use]
    pub fn secrets(&self) -> Option<&Arc<Secrets>> {
        self.children.secrets()
    }

    /// True when texts of messages are wanted.
    #[must_use]
    pub fn wants_text(&self) -> bool {
        self.sink.wants_text()
    }

    /// True when operations are to be named, see [`Output::name`].
    #[must_use]
    pub fn wants_names(&self) -> bool {
        self.sink.wants_names()
    }

    /// True when the answer that was told last was so slow that it is worth a name.
    #[must_use]
    pub fn was_slow(&self) -> bool {
        self.sink.was_slow(self.slot)
    }

    /// True when fields of messages are wanted: then a message is read whole, as far as its bytes are bounded.
    #[must_use]
    pub fn wants_fields(&self) -> bool {
        self.sink.wants_fields()
    }

    /// True when this field of messages is wanted.
    #[must_use]
    pub fn wants_field(&self, id: FieldId) -> bool {
        self.sink.wants_field(id)
    }

    /// Gives the fields of the message `span` of `side`, which may still be on its way. A message that contains others
    /// gives its own before its children's bytes are handed down. `describe` runs at most once, and only where
    /// somebody asked for fields.
    pub fn fields(&mut self, side: Side, span: Span, describe: impl FnOnce(&mut Writer<'_>)) {
        if self.sink.wants_fields() {
            let span = self.chain.carrier_span(side, span);
            let mut describe = Some(describe);
            self.sink.message(self.slot, side, span, &mut |writer| {
                if let Some(describe) = describe.take() {
                    describe(writer);
                }
            });
        }
    }
}
