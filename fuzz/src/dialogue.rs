//! ```text
//!   byte 0      how it begins, see `Shape`
//!   then steps: kind and side (1), length (2, little endian), as many bytes or what is left of them
//! ```

use std::sync::LazyLock;

use colloquy_dissectors::dissector::{End, Input, Sink, Slot};
use colloquy_dissectors::event::Act;
use colloquy_dissectors::field::{FieldId, Values, Wanted, Writer};
use colloquy_dissectors::stack::{Outcome, Stack};
use colloquy_dissectors::units::{PerSide, Side, Span};

/// Every field is asked for.
static ALL: LazyLock<Wanted> = LazyLock::new(Wanted::all);
/// Steps read of one input.
const STEPS: usize = 4096;

/// What one side does next.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Bytes of a stream.
    Says(&'a [u8]),
    /// A datagram, of which so many bytes more were on the wire.
    Sends(&'a [u8], u64),
    /// Bytes that were not captured.
    Loses(u64),
    /// Its end.
    Ends(End),
}

/// How a dialogue begins: the bits of an input's first byte.
#[derive(Clone, Copy, Debug)]
pub struct Shape(pub u8);

impl Shape {
    /// It is seen from its first byte.
    pub fn beginning(self) -> bool {
        self.0 & 1 == 0
    }

    /// Which of several carriers or ports.
    pub fn choice(self, of: usize) -> usize {
        (self.0 >> 1 & 7) as usize % of.max(1)
    }

    /// Bytes of the pieces that streams are cut into for the second reading.
    pub fn piece(self) -> usize {
        [1, 2, 3, 7, 16, 64, 333, 1460][(self.0 >> 4 & 7) as usize]
    }
}

/// Takes an input apart.
pub fn read(input: &[u8]) -> (Shape, Vec<(Side, Step<'_>)>) {
    let Some((shape, mut rest)) = input.split_first() else {
        return (Shape(0), Vec::new());
    };
    let mut steps = Vec::new();
    while let [head, low, high, after @ ..] = rest {
        if steps.len() == STEPS {
            break;
        }
        let len = u16::from_le_bytes([*low, *high]);
        let side = Side::BOTH[(head & 1) as usize];
        let (bytes, beyond) = after.split_at((len as usize).min(after.len()));
        rest = after;
        let step = match head >> 1 & 7 {
            0..=3 => Step::Says(bytes),
            4 | 5 => Step::Sends(bytes, if head & 0x80 == 0 { 0 } else { 100 }),
            6 => Step::Loses(1 + u64::from(len)),
            _ if len & 1 == 0 => Step::Ends(End::Fin),
            _ => Step::Ends(End::Reset),
        };
        if let Step::Says(_) | Step::Sends(..) = step {
            rest = beyond;
        }
        steps.push((side, step));
    }
    (Shape(*shape), steps)
}

/// The other way: an input of a first byte and pieces of a stream or datagrams.
pub fn write(shape: u8, datagrams: bool, steps: &[(Side, Vec<u8>)]) -> Vec<u8> {
    let mut input = vec![shape];
    for (side, bytes) in steps {
        for part in bytes.chunks(usize::from(u16::MAX)) {
            let kind = if datagrams { 4 << 1 } else { 0 };
            input.push(kind | side.index() as u8);
            input.extend((part.len() as u16).to_le_bytes());
            input.extend(part);
        }
    }
    input
}

/// One line of what a dialogue gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The session.
    pub slot: Slot,
    /// Who.
    pub side: Side,
    /// In which bytes.
    pub span: Span,
    /// What.
    pub act: Act,
    /// As a ladder tells it.
    pub text: Option<String>,
}

/// The fields of one message.
pub type Described = (Side, Span, Vec<(FieldId, String)>);

/// Records all that is said.
#[derive(Debug, Default)]
pub struct Recorder {
    fields: bool,
    /// Sessions that were opened: inside which, and of which protocol.
    pub opened: Vec<(Slot, &'static str)>,
    /// Events.
    pub said: Vec<Said>,
    /// Fields of messages.
    pub described: Vec<Described>,
}

impl Recorder {
    /// Records events, and fields where they are wanted.
    pub fn new(fields: bool) -> Self {
        Self {
            fields,
            ..Self::default()
        }
    }

    /// The protocols of a session and those around it, from the outermost in.
    pub fn path(&self, slot: Slot) -> Vec<&'static str> {
        let mut path = Vec::new();
        let mut next = slot;
        while let Some((parent, protocol)) = self.opened.get((next.0 as usize).wrapping_sub(1)) {
            path.insert(0, *protocol);
            next = *parent;
        }
        path
    }
}

impl Sink for Recorder {
    fn open(&mut self, parent: Slot, protocol: &'static str, _beginning: bool, _key: u64) -> Slot {
        assert!(parent.0 as usize <= self.opened.len(), "{parent:?}");
        self.opened.push((parent, protocol));
        Slot(self.opened.len() as u32)
    }

    fn event(&mut self, slot: Slot, side: Side, span: Span, act: Act, text: Option<String>) {
        assert!(slot.0 as usize <= self.opened.len(), "{slot:?}");
        assert!(span.start <= span.end, "{side} {span:?} {act:?}");
        self.said.push(Said {
            slot,
            side,
            span,
            act,
            text,
        });
    }

    fn wants_text(&self) -> bool {
        true
    }

    fn wants_names(&self) -> bool {
        true
    }

    fn wants_fields(&self) -> bool {
        self.fields
    }

    fn wants_field(&self, _id: FieldId) -> bool {
        self.fields
    }

    fn message(
        &mut self,
        _slot: Slot,
        side: Side,
        span: Span,
        describe: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        let mut values = Values::default();
        describe(&mut Writer::new(&ALL, &mut values));
        let values = values.iter();
        let values = values.map(|e| (e.id, format!("{:?} {}+{}", e.value, e.at, e.len)));
        self.described.push((side, span, values.collect()));
    }
}

/// Has a stack read a dialogue, its streams in pieces of at most so many bytes.
pub fn run(mut stack: Stack, steps: &[(Side, Step<'_>)], piece: usize, fields: bool) -> Recorder {
    let mut recorder = Recorder::new(fields);
    let mut offsets = PerSide::new(0_u64, 0_u64);
    let mut over = PerSide::new(false, false);
    let mut turned = false;
    for &(side, step) in steps {
        let mut feed = |input: Input<'_>, len: u64| {
            let mut to = if turned { side.other() } else { side };
            if over[to] {
                return;
            }
            over[to] = matches!(input, Input::End(_));
            if stack.handle(to, offsets[to], input, &mut recorder) == Outcome::Reversed {
                turned = true;
                offsets.swap();
                over.swap();
                to = to.other();
                let again = stack.handle(to, offsets[to], input, &mut recorder);
                assert_eq!(again, Outcome::Taken, "turned round once");
            }
            offsets[to] += len;
        };
        match step {
            Step::Says(bytes) => {
                for part in bytes.chunks(piece) {
                    feed(Input::Data(part), part.len() as u64);
                }
            }
            Step::Sends(bytes, more) => {
                let wire_len = bytes.len() as u64 + more;
                feed(Input::Datagram { bytes, wire_len }, bytes.len() as u64);
            }
            Step::Loses(len) => feed(Input::Gap { len }, len),
            Step::Ends(end) => feed(Input::End(end), 0),
        }
    }
    for side in Side::BOTH {
        if !over[side] {
            let end = Input::End(End::CaptureStopped);
            stack.handle(side, offsets[side], end, &mut recorder);
        }
    }
    recorder
}
