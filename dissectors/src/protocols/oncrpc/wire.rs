//! RPC messages as they stand on the wire (RFC 5531 section 9), and the record mark before them (section 11).
//! No state, no judgement: unknown numbers stay numbers, what is cut off is `None`.

use super::xdr::Xdr;
use crate::event::digest;

/// Bytes of a record mark.
pub(super) const MARK: usize = 4;
/// Bytes of a call up to its procedure number, and of the shortest accepted reply.
pub(super) const LEAST_HEAD: usize = 24;
/// A credential or verifier has at most 400 bytes (section 8.2).
const LARGEST_AUTH: u32 = 400;
/// Programs are assigned below this (section 13.1); beyond it nothing is defined.
const PROGRAMS_END: u32 = 0x6000_0000;

/// The four bytes before a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(pub(super) u32);

impl Mark {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        Xdr::new(bytes).word().map(Self)
    }

    /// The record ends with this fragment.
    pub(super) const fn is_last(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    /// Bytes of the fragment, the mark not counted.
    pub(super) const fn len(self) -> u64 {
        (self.0 & 0x7fff_ffff) as u64
    }
}

/// A message as far as it was captured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message<'a> {
    Call(Call<'a>),
    Reply(Reply<'a>),
    /// A message type that is neither 0 nor 1, or too little to tell.
    Neither,
}

/// A call. What is cut off is empty or `None`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) xid: u32,
    pub(super) rpcvers: u32,
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    pub(super) cred: Option<Auth<'a>>,
    /// The procedure's arguments, as many of their bytes as there are.
    pub(super) args: Option<&'a [u8]>,
}

/// A credential or a verifier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Auth<'a> {
    pub(super) flavor: u32,
    pub(super) body: &'a [u8],
}

/// A reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'a> {
    pub(super) xid: u32,
    pub(super) outcome: Outcome<'a>,
    pub(super) verifier: Option<Auth<'a>>,
}

/// What a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    /// SUCCESS, with the results as far as they were captured.
    Success(&'a [u8]),
    /// PROG_MISMATCH, with the versions that the server has.
    ProgMismatch { low: u32, high: u32 },
    /// Another `accept_stat`: PROG_UNAVAIL, PROC_UNAVAIL, GARBAGE_ARGS, SYSTEM_ERR, or an unknown number.
    Accepted(u32),
    /// RPC_MISMATCH, with the RPC versions that the server has.
    RpcMismatch { low: u32, high: u32 },
    /// AUTH_ERROR with its `auth_stat`.
    AuthError(u32),
    /// A `reply_stat` or `reject_stat` that nobody defined.
    Unknown(u32),
    /// Cut off before it says.
    Cut,
}

/// Reads a message; `bytes` begin at the xid.
pub(super) fn message(bytes: &[u8]) -> Message<'_> {
    let mut xdr = Xdr::new(bytes);
    let (Some(xid), Some(kind)) = (xdr.word(), xdr.word()) else {
        return Message::Neither;
    };
    match kind {
        0 => call(xid, xdr).map_or(Message::Neither, Message::Call),
        1 => Message::Reply(reply(xid, xdr)),
        _ => Message::Neither,
    }
}

fn call(xid: u32, mut xdr: Xdr<'_>) -> Option<Call<'_>> {
    let mut call = Call {
        xid,
        rpcvers: xdr.word()?,
        program: xdr.word()?,
        version: xdr.word()?,
        procedure: xdr.word()?,
        cred: auth(&mut xdr),
        args: None,
    };
    if call.cred.is_some() && auth(&mut xdr).is_some() {
        call.args = Some(xdr.rest());
    }
    Some(call)
}

fn auth<'a>(xdr: &mut Xdr<'a>) -> Option<Auth<'a>> {
    Some(Auth {
        flavor: xdr.word()?,
        body: xdr.opaque(LARGEST_AUTH)?,
    })
}

fn reply(xid: u32, mut xdr: Xdr<'_>) -> Reply<'_> {
    let mut reply = Reply {
        xid,
        outcome: Outcome::Cut,
        verifier: None,
    };
    match xdr.word() {
        Some(0) => {
            reply.verifier = auth(&mut xdr);
            if reply.verifier.is_some() {
                reply.outcome = accepted(xdr).unwrap_or(Outcome::Cut);
            }
        }
        Some(1) => reply.outcome = denied(xdr).unwrap_or(Outcome::Cut),
        Some(other) => reply.outcome = Outcome::Unknown(other),
        None => {}
    }
    reply
}

fn accepted(mut xdr: Xdr<'_>) -> Option<Outcome<'_>> {
    Some(match xdr.word()? {
        0 => Outcome::Success(xdr.rest()),
        2 => Outcome::ProgMismatch {
            low: xdr.word()?,
            high: xdr.word()?,
        },
        other => Outcome::Accepted(other),
    })
}

fn denied(mut xdr: Xdr<'_>) -> Option<Outcome<'_>> {
    Some(match xdr.word()? {
        0 => Outcome::RpcMismatch {
            low: xdr.word()?,
            high: xdr.word()?,
        },
        1 => Outcome::AuthError(xdr.word()?),
        other => Outcome::Unknown(other),
    })
}

/// A fingerprint of what a call asks: its program, version, procedure and arguments, not its credential, which a
/// client may make anew for every transmission of the same call.
pub(super) fn call_digest(call: &Call<'_>, len: u64) -> u32 {
    let gss = call
        .cred
        .is_some_and(|c| c.flavor == super::auth::RPCSEC_GSS);
    // RPCSEC_GSS numbers each transmission within the arguments (RFC 2203 section 5.3.3.1).
    let args = if gss { None } else { call.args };
    let mut head = [0_u8; 20];
    let words = [
        call.program,
        call.version,
        call.procedure,
        len as u32,
        args.map_or(0, digest),
    ];
    for (to, word) in head.chunks_exact_mut(4).zip(words) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    digest(&head)
}

/// How much like an RPC message a message looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// It cannot be one.
    No,
    /// It may be; more bytes would tell.
    More,
    /// A call.
    Call {
        /// Its program.
        program: u32,
    },
    /// A reply.
    Reply,
}

/// Judges the first bytes of a message that says to have `len` bytes.
pub(super) fn looks(bytes: &[u8], len: u64) -> Looks {
    let mut xdr = Xdr::new(bytes);
    if len < 20 || !len.is_multiple_of(4) {
        return Looks::No;
    }
    let (Some(_xid), Some(kind)) = (xdr.word(), xdr.word()) else {
        return Looks::More;
    };
    match kind {
        0 => looks_call(xdr, len),
        1 => looks_reply(xdr, len).unwrap_or(Looks::More),
        _ => Looks::No,
    }
}

fn looks_call(mut xdr: Xdr<'_>, len: u64) -> Looks {
    let fine = |word: Option<u32>, most: u32| word.is_none_or(|w| w <= most);
    let (rpcvers, program) = (xdr.word(), xdr.word());
    let (version, procedure) = (xdr.word(), xdr.word());
    let known = program.is_some_and(|p| super::programs::program(p).is_some());
    // Another RPC version than 2 is believed only of programs that are known.
    let rpcvers_fits = rpcvers.is_none_or(|v| v == 2 || (v <= 16 && (known || program.is_none())));
    if len < 40
        || !rpcvers_fits
        || !program.is_none_or(|p| (1..PROGRAMS_END).contains(&p))
        || !fine(version, 0xffff)
        || !fine(procedure, 0xffff)
    {
        return Looks::No;
    }
    let (flavor, body) = (xdr.word(), xdr.word());
    if !fine(flavor, 0x000f_ffff) || !fine(body, LARGEST_AUTH) {
        return Looks::No;
    }
    match (program, procedure, body) {
        (Some(program), Some(_), Some(_)) => Looks::Call { program },
        (Some(program), Some(_), None) if known => Looks::Call { program },
        _ => Looks::More,
    }
}

fn looks_reply(mut xdr: Xdr<'_>, len: u64) -> Option<Looks> {
    let sure = |is: bool| if is { Looks::Reply } else { Looks::No };
    match xdr.word()? {
        0 => {
            let (flavor, verifier) = (xdr.word()?, xdr.word()?);
            if flavor > 7 || verifier > LARGEST_AUTH || (flavor == 0 && verifier > 8) {
                return Some(Looks::No);
            }
            let least = LEAST_HEAD as u64 + u64::from(verifier).next_multiple_of(4);
            if least > len {
                return Some(Looks::No);
            }
            xdr.fixed(verifier as usize)?;
            Some(match xdr.word()? {
                0 => Looks::Reply,
                2 => sure(len == least + 8),
                1 | 3..=5 => sure(len == least),
                _ => Looks::No,
            })
        }
        1 => Some(match xdr.word()? {
            0 => sure(len == 24),
            1 => sure(len == 20 && xdr.word()? <= 16),
            _ => Looks::No,
        }),
        _ => Some(Looks::No),
    }
}
