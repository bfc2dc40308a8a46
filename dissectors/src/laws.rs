//! The laws every protocol is tested for, in one place.
//!
//! [`events`] runs a dialogue and records all that was said of it; [`check`] asserts that no chunking changes
//! it, that spans lie within the bytes that were given, and that no truncation or gap panics.

use std::sync::Arc;

use crate::dissector::{Carrier, End, Input, Sink, Slot};
use crate::event::Act;
use crate::field::{FieldId, Value, Values, Wanted, Writer};
use crate::secrets::Secrets;
use crate::stack::{Outcome, Stack};
use crate::units::{PerSide, Side, Span};

/// One line of what a dialogue gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    /// The session: protocol names from the outermost in, `nbss/smb2`.
    pub(crate) session: String,
    pub(crate) side: Side,
    pub(crate) span: Span,
    pub(crate) act: Act,
}

/// The fields of one message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Described {
    pub(crate) side: Side,
    pub(crate) span: Span,
    /// Each with its value as text, its place and its length.
    pub(crate) values: Vec<(FieldId, String, u32, u32)>,
}

/// Records everything.
#[derive(Default)]
pub(crate) struct Recorder {
    /// Fields of messages, where they are asked for.
    described: Option<Vec<Described>>,
    sessions: Vec<String>,
    pub(crate) said: Vec<Said>,
    pub(crate) texts: Vec<String>,
}

impl Sink for Recorder {
    fn open(&mut self, parent: Slot, protocol: &'static str, _beginning: bool, _key: u64) -> Slot {
        let path = match parent.0 {
            0 => protocol.to_owned(),
            n => format!("{}/{protocol}", self.sessions[n as usize - 1]),
        };
        self.sessions.push(path);
        Slot(self.sessions.len() as u32)
    }

    fn rename(&mut self, slot: Slot, protocol: &'static str) {
        if let Some(path) = self.sessions.get_mut(slot.0 as usize - 1) {
            let parent = path.rfind('/').map_or(0, |at| at + 1);
            path.truncate(parent);
            path.push_str(protocol);
        }
    }

    fn event(&mut self, slot: Slot, side: Side, span: Span, act: Act, text: Option<String>) {
        let session = match slot.0 {
            0 => "carrier".to_owned(),
            n => self.sessions[n as usize - 1].clone(),
        };
        self.texts.extend(text);
        self.said.push(Said {
            session,
            side,
            span,
            act,
        });
    }

    fn wants_text(&self) -> bool {
        true
    }

    fn wants_fields(&self) -> bool {
        self.described.is_some()
    }

    fn wants_field(&self, _id: FieldId) -> bool {
        self.described.is_some()
    }

    fn message(
        &mut self,
        _slot: Slot,
        side: Side,
        span: Span,
        describe: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        let (all, mut values) = (Wanted::all(), Values::default());
        describe(&mut Writer::new(&all, &mut values));
        let text = |value: Value<'_>| match value {
            Value::Text(text) => text.to_owned(),
            Value::Uint(n) => n.to_string(),
            other => format!("{other:?}"),
        };
        let values = values.iter().map(|e| (e.id, text(e.value), e.at, e.len));
        self.described.get_or_insert_default().push(Described {
            side,
            span,
            values: values.collect(),
        });
    }
}

/// What one step of a dialogue is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Says(Side, Vec<u8>),
    Loses(Side, u64),
    Ends(Side, End),
}

/// The client says.
pub(crate) fn client(bytes: &[u8]) -> Step {
    Step::Says(Side::Client, bytes.to_vec())
}

/// The server says.
pub(crate) fn server(bytes: &[u8]) -> Step {
    Step::Says(Side::Server, bytes.to_vec())
}

/// A TCP conversation to `port` seen from its beginning, each step one piece.
pub(crate) fn events(port: u16, steps: &[Step]) -> Vec<Said> {
    run(stream(port, true), steps, usize::MAX).said
}

/// The same, joined in mid-stream, roles unknown.
pub(crate) fn events_midstream(port: u16, steps: &[Step]) -> Vec<Said> {
    run(stream(port, false), steps, usize::MAX).said
}

/// The texts of the messages of a dialogue.
pub(crate) fn texts(port: u16, steps: &[Step]) -> Vec<String> {
    run(stream(port, true), steps, usize::MAX).texts
}

/// The fields of the messages of a dialogue. Asserts that no chunking changes them and that asking for them changes no event.
pub(crate) fn fields(port: u16, steps: &[Step]) -> Vec<Described> {
    let asked = |size| {
        let recorder = Recorder {
            described: Some(Vec::new()),
            ..Recorder::default()
        };
        run_into(recorder, stream(port, true), steps, size)
    };
    let whole = asked(usize::MAX);
    assert_eq!(whole.said, events(port, steps), "fields change events");
    for size in [1, 7, 64] {
        let cut = asked(size).described;
        assert_eq!(
            whole.described, cut,
            "chunks of {size} bytes give other fields"
        );
    }
    whole.described.unwrap_or_default()
}

/// The values of one field in all messages, in their order.
pub(crate) fn values(described: &[Described], id: FieldId) -> Vec<&str> {
    let all = described.iter().flat_map(|message| &message.values);
    all.filter(|value| value.0 == id)
        .map(|value| value.1.as_str())
        .collect()
}

/// The values of the field that tshark calls `name` in the messages of one side.
pub(crate) fn named<'a>(described: &'a [Described], side: Side, name: &str) -> Vec<&'a str> {
    let mut all = crate::protocols::FIELDS.iter().copied().flatten();
    let id = all.find(|f| f.name == name).expect("a field").id;
    let of_side = described.iter().filter(|message| message.side == side);
    let values = of_side.flat_map(|message| &message.values);
    values.filter(|v| v.0 == id).map(|v| v.1.as_str()).collect()
}

/// The fields of a UDP conversation, each step one datagram.
pub(crate) fn datagram_fields(port: u16, steps: &[Step]) -> Vec<Described> {
    let recorder = Recorder {
        described: Some(Vec::new()),
        ..Recorder::default()
    };
    let ports = PerSide::new(40000, port);
    let stack = Stack::new(Carrier::Datagrams, ports, true, true);
    let recorder = run_into(recorder, stack, steps, usize::MAX);
    recorder.described.unwrap_or_default()
}

/// A UDP conversation, each step one datagram.
pub(crate) fn datagrams(port: u16, steps: &[Step]) -> Vec<Said> {
    let ports = PerSide::new(40000, port);
    run(
        Stack::new(Carrier::Datagrams, ports, true, true),
        steps,
        usize::MAX,
    )
    .said
}

/// What is said of a TCP conversation to `port` where the peers' secrets are known.
pub(crate) fn events_opened(port: u16, secrets: &Arc<Secrets>, steps: &[Step]) -> Vec<Said> {
    run(opened(port, secrets), steps, usize::MAX).said
}

fn opened(port: u16, secrets: &Arc<Secrets>) -> Stack {
    stream(port, true).with_secrets(Some(Arc::clone(secrets)))
}

/// Asserts the laws for a TCP conversation to `port`.
pub(crate) fn check(port: u16, steps: &[Step]) {
    check_of(|beginning| stream(port, beginning), steps);
}

/// The same where the peers' secrets are known.
pub(crate) fn check_opened(port: u16, secrets: &Arc<Secrets>, steps: &[Step]) {
    let stack = |beginning| stream(port, beginning).with_secrets(Some(Arc::clone(secrets)));
    check_of(stack, steps);
}

fn check_of(stack: impl Fn(bool) -> Stack, steps: &[Step]) {
    let whole = run(stack(true), steps, usize::MAX).said;
    for size in [1, 2, 3, 5, 7, 11, 64, 1460] {
        let cut = run(stack(true), steps, size).said;
        assert_eq!(whole, cut, "chunks of {size} bytes give other events");
    }
    let mut given = PerSide::new(0_u64, 0_u64);
    for step in steps {
        match step {
            Step::Says(side, bytes) => given[*side] += bytes.len() as u64,
            Step::Loses(side, len) => given[*side] += len,
            Step::Ends(..) => {}
        }
    }
    for said in &whole {
        assert!(said.span.start <= said.span.end, "{said:?}");
        assert!(
            said.span.end <= given[said.side].max(1),
            "{said:?} ends beyond {given:?}"
        );
    }
    damage(stack, steps);
}

/// Truncations, gaps and flipped bits anywhere: no panic. Whether it is right is another test's matter.
fn damage(stack: impl Fn(bool) -> Stack, steps: &[Step]) {
    for (index, step) in steps.iter().enumerate() {
        let Step::Says(side, bytes) = step else {
            continue;
        };
        let stride = (bytes.len() / 64).max(1);
        for cut in (0..bytes.len()).step_by(stride) {
            let mut cut_short = steps.to_vec();
            cut_short[index] = Step::Says(*side, bytes[..cut].to_vec());
            let mut lost = cut_short.clone();
            lost.insert(index + 1, Step::Loses(*side, (bytes.len() - cut) as u64));
            let mut flipped = steps.to_vec();
            let mut changed = bytes.clone();
            changed[cut] ^= 1 << (cut % 8);
            flipped[index] = Step::Says(*side, changed);
            cut_short.truncate(index + 1);
            for end in [End::Fin, End::Reset, End::CaptureStopped] {
                cut_short.push(Step::Ends(*side, end));
            }
            for variant in [cut_short, lost, flipped] {
                run(stack(true), &variant, usize::MAX);
                run(stack(false), &variant, usize::MAX);
            }
        }
    }
}

fn stream(port: u16, beginning: bool) -> Stack {
    Stack::new(
        Carrier::Stream,
        PerSide::new(40000, port),
        beginning,
        !beginning,
    )
}

fn run(stack: Stack, steps: &[Step], most: usize) -> Recorder {
    run_into(Recorder::default(), stack, steps, most)
}

fn run_into(mut recorder: Recorder, mut stack: Stack, steps: &[Step], most: usize) -> Recorder {
    let mut offsets = PerSide::new(0_u64, 0_u64);
    let mut reversed = false;
    let carrier = if most == usize::MAX { None } else { Some(most) };
    for step in steps {
        let (side, inputs) = match step {
            Step::Says(side, bytes) => {
                let pieces = match carrier {
                    Some(size) => bytes.chunks(size).map(|c| (Some(c), 0)).collect::<Vec<_>>(),
                    None => vec![(Some(bytes.as_slice()), 0)],
                };
                (*side, pieces)
            }
            Step::Loses(side, len) => (*side, vec![(None, *len)]),
            Step::Ends(side, end) => {
                let side = if reversed { side.other() } else { *side };
                stack.handle(side, offsets[side], Input::End(*end), &mut recorder);
                continue;
            }
        };
        for (bytes, gap) in inputs {
            let len = bytes.map_or(gap, |b| b.len() as u64);
            if len == 0 {
                continue;
            }
            let mut to = if reversed { side.other() } else { side };
            let make = |stack: &Stack| match bytes {
                Some(b) if stack.is_datagrams() => Input::Datagram {
                    bytes: b,
                    wire_len: b.len() as u64,
                },
                Some(b) => Input::Data(b),
                None => Input::Gap { len: gap },
            };
            let next = make(&stack);
            if stack.handle(to, offsets[to], next, &mut recorder) == Outcome::Reversed {
                reversed = true;
                offsets.swap();
                to = to.other();
                let next = make(&stack);
                assert_eq!(
                    stack.handle(to, offsets[to], next, &mut recorder),
                    Outcome::Taken
                );
            }
            offsets[to] += len;
        }
    }
    recorder
}
