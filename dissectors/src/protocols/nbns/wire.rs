//! One message of the name service (RFC 1002 section 4.2).

use std::net::Ipv4Addr;

use nom::IResult;
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u32, u8};

/// The head of every message.
const HEAD: usize = 12;
const NB: u16 = 0x0020;
const NBSTAT: u16 = 0x0021;
const INTERNET: u16 = 1;
/// Addresses of one answer that are read.
const MOST_ADDRESSES: usize = 16;

const QUERY: u8 = 0;
const REGISTRATION: u8 = 5;
const RELEASE: u8 = 6;
const WAIT: u8 = 7;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) is_answer: bool,
    pub(super) opcode: u8,
    /// Sent to everybody.
    pub(super) broadcast: bool,
    /// RCODE (RFC 1002 section 4.2.6).
    pub(super) code: u8,
    /// The name in question, `FILESRV<20>`.
    pub(super) name: String,
    /// NB or NBSTAT.
    pub(super) kind: u16,
    pub(super) addresses: Vec<Ipv4Addr>,
}

impl Message {
    /// An answer to the question which address a name has.
    pub(super) fn answers_a_query(&self) -> bool {
        self.is_answer && self.opcode == QUERY && self.kind == NB
    }

    pub(super) fn title(&self) -> &'static str {
        match (self.opcode, self.is_answer, self.kind) {
            (QUERY, false, NBSTAT) => "Node status request",
            (QUERY, true, NBSTAT) => "Node status response",
            (QUERY, false, _) => "Name query",
            (QUERY, true, _) => "Name query response",
            (REGISTRATION, false, _) => "Registration",
            (REGISTRATION, true, _) => "Registration response",
            (RELEASE, false, _) => "Release",
            (RELEASE, true, _) => "Release response",
            (WAIT, ..) => "Wait for acknowledgement",
            (8 | 9, false, _) => "Refresh",
            (8 | 9, true, _) => "Refresh response",
            (15, false, _) => "Multi-homed registration",
            (15, true, _) => "Multi-homed registration response",
            _ => "Unknown",
        }
    }

    /// The name of the code, in the RFC's words.
    pub(super) const fn code_name(&self) -> &'static str {
        match self.code {
            0 => "no error",
            1 => "FMT_ERR",
            2 => "SRV_ERR",
            3 => "NAM_ERR",
            4 => "IMP_ERR",
            5 => "RFS_ERR",
            6 => "ACT_ERR",
            7 => "CFT_ERR",
            _ => "unknown",
        }
    }

    pub(super) fn text(&self) -> String {
        let (title, name) = (self.title(), &self.name);
        if self.is_answer && self.code != 0 {
            format!("{title} {name}: {} ({})", self.code_name(), self.code)
        } else if self.answers_a_query() {
            let all: Vec<String> = self.addresses.iter().map(Ipv4Addr::to_string).collect();
            format!("{title} {name}: {}", all.join(", "))
        } else if self.broadcast {
            format!("{title} {name} (broadcast)")
        } else {
            format!("{title} {name}")
        }
    }
}

/// Reads a message; `None` where it is none, or says nothing of a name.
pub(super) fn message(bytes: &[u8]) -> Option<Message> {
    read(bytes).ok().map(|(_, message)| message)
}

fn read(bytes: &[u8]) -> IResult<&[u8], Message> {
    let (rest, (_id, flags, questions, answers)) = (be_u16, be_u16, be_u16, be_u16).parse(bytes)?;
    let (rest, _) = take(HEAD - 8)(rest)?;
    let is_answer = flags & 0x8000 != 0;
    let opcode = (flags >> 11 & 0x0F) as u8;
    let (rest, name) = name(rest)?;
    let (rest, (kind, class)) = (be_u16, be_u16).parse(rest)?;
    let known = matches!(opcode, QUERY | REGISTRATION..=9 | 15);
    let of_names = matches!(kind, NB | NBSTAT | 0x000A) && class & 0x7FFF == INTERNET;
    // An answer repeats the name in its record; a request has it in its question.
    let counted = if is_answer {
        questions == 0 && answers <= 1
    } else {
        questions == 1
    };
    if !known || !of_names || !counted {
        return Err(nom::Err::Error(nom::error::Error::new(
            bytes,
            nom::error::ErrorKind::Verify,
        )));
    }
    let mut message = Message {
        is_answer,
        opcode,
        broadcast: flags & 0x0010 != 0,
        code: (flags & 0x0F) as u8,
        name,
        kind,
        addresses: Vec::new(),
    };
    // A negative answer may end with its name (RFC 1002 section 4.2.14 has a NULL record).
    if message.answers_a_query()
        && message.code == 0
        && let Ok((_, addresses)) = addresses(rest)
    {
        message.addresses = addresses;
    }
    Ok((&[], message))
}

/// ADDR_ENTRY records: flags and an address each.
fn addresses(record: &[u8]) -> IResult<&[u8], Vec<Ipv4Addr>> {
    let (rest, (_ttl, len)) = (be_u32, be_u16).parse(record)?;
    let (rest, data) = take(len)(rest)?;
    let entries = data.chunks_exact(6).take(MOST_ADDRESSES);
    let addresses = entries.filter_map(|entry| entry.last_chunk::<4>().copied());
    Ok((rest, addresses.map(Ipv4Addr::from).collect()))
}

/// A name in first-level encoding (RFC 1001 section 14.1), its scope behind it: `FILESRV<20>.SCOPE`.
fn name(bytes: &[u8]) -> IResult<&[u8], String> {
    let wrong = || nom::Err::Error(nom::error::Error::new(bytes, nom::error::ErrorKind::Verify));
    let (rest, len) = u8(bytes)?;
    if len != 32 {
        return Err(wrong());
    }
    let (mut rest, letters) = take(32_usize)(rest)?;
    let raw: Option<Vec<u8>> = letters.chunks_exact(2).map(decoded).collect();
    let raw = raw.ok_or_else(wrong)?;
    let (kind, text) = raw.split_last().ok_or_else(wrong)?;
    // The node status request asks for `*` with zeros behind it.
    let text: &[u8] = text.split(|b| *b == 0).next().unwrap_or(text);
    let mut name = format!("{}<{kind:02x}>", printable(text.trim_ascii_end()));
    loop {
        let (behind, len) = u8(rest)?;
        if len == 0 {
            return Ok((behind, name));
        }
        if len > 63 || name.len() > 255 {
            return Err(wrong());
        }
        let (behind, label) = take(len)(behind)?;
        name.push('.');
        name.push_str(&printable(label));
        rest = behind;
    }
}

fn decoded(pair: &[u8]) -> Option<u8> {
    match pair {
        [high @ b'A'..=b'P', low @ b'A'..=b'P'] => Some((high - b'A') << 4 | (low - b'A')),
        _ => None,
    }
}

fn printable(bytes: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("<{byte:02x}>"),
    };
    bytes.iter().map(shown).collect()
}
