//! What the rules on NBSS and SMB share: statuses that belong together, and failures grouped by what they are about.

use colloquy_dissectors::event::Expect;
use colloquy_dissectors::units::Side;

use super::{Finding, RuleMeta, Verdicts, View, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

/// No access: NTSTATUS, and DOS class and code.
pub(crate) const ACCESS: &[u32] = &[
    0x0001_0005, // ERRnoaccess
    0x0002_0004, // ERRaccess
    0xC000_0022, // ACCESS_DENIED
    0xC000_00CA, // NETWORK_ACCESS_DENIED
];
/// Something is used up.
pub(crate) const RESOURCES: &[u32] = &[
    0x0001_0004, // ERRnofids
    0x0001_0008, // ERRnomem
    0x0001_0070, // ERRdiskfull
    0x0002_0059, // ERRnoresource
    0x0002_005A, // ERRtoomanyuids
    0x0003_0027, // ERRdiskfull
    0xC000_0044, // QUOTA_EXCEEDED
    0xC000_007F, // DISK_FULL
    0xC000_009A, // INSUFFICIENT_RESOURCES
    0xC000_00CE, // TOO_MANY_SESSIONS
    0xC000_00D0, // REQUEST_NOT_ACCEPTED
    0xC000_011F, // TOO_MANY_OPENED_FILES
    0xC000_0205, // INSUFF_SERVER_RESOURCES
];
/// The disk behind the server fails.
pub(crate) const DISK_ERRORS: &[u32] = &[
    0x0003_0015, // ERRnotready
    0x0003_0017, // ERRdata
    0x0003_001B, // ERRbadsector
    0x0003_001D, // ERRwrite
    0x0003_001E, // ERRread
    0x0003_001F, // ERRgeneral
    0xC000_0032, // DISK_CORRUPT_ERROR
    0xC000_003E, // DATA_ERROR
    0xC000_003F, // CRC_ERROR
    0xC000_009C, // DEVICE_DATA_ERROR
    0xC000_00A3, // DEVICE_NOT_READY
    0xC000_00E9, // UNEXPECTED_IO_ERROR
    0xC000_0102, // FILE_CORRUPT_ERROR
    0xC000_016A, // DISK_OPERATION_FAILED
    0xC000_0185, // IO_DEVICE_ERROR
];
/// What is to be written to is read-only.
pub(crate) const WRITE_PROTECTED: &[u32] = &[
    0x0003_0013, // ERRnowrite
    0xC000_00A2, // MEDIA_WRITE_PROTECTED
];
/// The session or tree is gone.
pub(crate) const GONE: &[u32] = &[
    0x0002_0005, // ERRinvtid
    0x0002_005B, // ERRbaduid
    0xC000_00C9, // NETWORK_NAME_DELETED
    0xC000_0203, // USER_SESSION_DELETED
];
/// What is behind the pipe is gone, or hung up.
pub(crate) const PIPE_GONE: &[u32] = &[
    0x0001_006D, // ERRbrokenpipe
    0x0001_00E6, // ERRbadpipe
    0x0001_00E8, // ERRpipeclosing
    0x0001_00E9, // ERRnotconnected
    0xC000_00B0, // PIPE_DISCONNECTED
    0xC000_00B1, // PIPE_CLOSING
    0xC000_014B, // PIPE_BROKEN
];
/// Somebody else has the file or the range.
pub(crate) const CONFLICTS: &[u32] = &[
    0x0001_0020, // ERRbadshare
    0x0001_0021, // ERRlock
    0xC000_0043, // SHARING_VIOLATION
    0xC000_0054, // FILE_LOCK_CONFLICT
    0xC000_0055, // LOCK_NOT_GRANTED
];
/// The logon has expired.
pub(crate) const SESSION_EXPIRED: u32 = 0xC000_035C;
/// SMB1 and SMB2 CREATE with MAXIMUM_ALLOWED: what is allowed is asked for, not something certain.
pub(crate) const MAXIMUM_ALLOWED: i64 = 0x0200_0000;

/// Every fact of an answer that said no.
pub(crate) const FAILURES: &[&str] = &[
    "smb.create-failed",
    "smb.request-failed",
    "smb.tree-connect-failed",
    "smb.session-setup-failed",
];

/// The status of a failure.
pub(crate) fn code(fact: &SeenFact) -> u32 {
    fact.int("code").map_or(0, |code| code as u32)
}

/// Failures of the given kinds whose status is one of `codes`.
pub(crate) fn failures<'a>(
    view: &View<'a>,
    names: &'a [&str],
    codes: &'a [u32],
) -> impl Iterator<Item = &'a SeenFact> {
    let session = view.session;
    session
        .facts
        .iter()
        .filter(|fact| names.contains(&fact.fact.name) && codes.contains(&code(fact)))
}

/// Several failures that are told as one.
pub(crate) struct Group<'a> {
    /// The first of them.
    pub(crate) first: &'a SeenFact,
    /// The last of them.
    pub(crate) last: &'a SeenFact,
    /// How many.
    pub(crate) count: usize,
    /// What they are about, each once, in the order of their first.
    pub(crate) names: Vec<&'a str>,
}

impl Group<'_> {
    /// The status by name.
    pub(crate) fn status(&self) -> &str {
        self.first.text("status")
    }

    /// ", 4 times" where it happened more than once.
    pub(crate) fn times(&self) -> String {
        match self.count {
            1 => String::new(),
            n => format!(", {n} times"),
        }
    }

    /// `a.txt, b.txt, c.txt and 9 more`; empty where no name is known.
    pub(crate) fn listed(&self) -> String {
        const SHOWN: usize = 3;
        let shown = self.names.iter().take(SHOWN).copied();
        let list = shown.collect::<Vec<_>>().join(", ");
        match self.names.len().saturating_sub(SHOWN) {
            0 => list,
            more => format!("{list} and {more} more"),
        }
    }

    /// Cites the first and the last of them, each with its request.
    pub(crate) fn cite(&self, finding: Finding) -> Finding {
        let finding = finding
            .maybe_frame(self.first.request, "request")
            .frame(self.first.stamp, "answer");
        if self.count == 1 {
            return finding;
        }
        finding
            .maybe_frame(self.last.request, "last-request")
            .frame(self.last.stamp, "last-answer")
            .number("times", self.count as f64)
    }
}

/// Failures grouped by status and one of their values, in the order of their first.
pub(crate) fn group<'a>(facts: impl Iterator<Item = &'a SeenFact>, key: &str) -> Vec<Group<'a>> {
    group_by(facts, |fact| (fact.fact.name, fact.text(key)))
}

/// Failures grouped by status and what `key` makes of them, in the order of their first.
pub(crate) fn group_by<'a, K: PartialEq>(
    facts: impl Iterator<Item = &'a SeenFact>,
    key: impl Fn(&'a SeenFact) -> K,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for fact in facts {
        let same = |g: &&mut Group<'a>| code(g.first) == code(fact) && key(g.first) == key(fact);
        let name = fact.text("name");
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.last = fact;
                group.count += 1;
                if !name.is_empty() && !group.names.contains(&name) {
                    group.names.push(name);
                }
            }
            None => groups.push(Group {
                first: fact,
                last: fact,
                count: 1,
                names: Some(name).filter(|n| !n.is_empty()).into_iter().collect(),
            }),
        }
    }
    groups
}

/// The share that a failure names. SMB 3 connects a share on one of several connections and uses it on all.
pub(crate) fn share<'a>(view: &View<'_>, fact: &'a SeenFact) -> &'a str {
    let otherwise = if view.began_late() {
        "a share that was connected before the capture"
    } else {
        "a share that was connected on another connection"
    };
    or(fact.text("share"), otherwise)
}

/// The dialect is SMB 2.0.2 or 2.1, which know no encryption.
pub(crate) fn below_smb3(view: &View<'_>) -> bool {
    let dialect = view.session.detail("dialect").map(ToString::to_string);
    dialect.is_some_and(|d| matches!(d.as_str(), "2.0.2" | "2.1"))
}

/// `text`, or `otherwise` where it is empty.
pub(crate) fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// True when `open` is overdue or its connection is over, and no guard forbids to say so; else the reason is noted.
pub(crate) fn overdue(view: &View<'_>, open: &Open, rule: &RuleMeta, out: &mut Verdicts) -> bool {
    if matches!(open.expect, Expect::LongWait(_)) || open.cancelled.is_some() {
        return false;
    }
    let waited = view.waited(open);
    if view.one_sided() {
        out.cannot_tell(
            rule,
            "T3",
            "only one direction of this connection was captured",
        );
    } else if open.answer_may_be_missing || unseen(view, open.side.other()) {
        out.cannot_tell(rule, "T4", "bytes are missing where the answer would be");
    } else if view.hides_answers() {
        out.cannot_tell(
            rule,
            "T8",
            "the session became encrypted, so that its answer cannot be seen",
        );
    } else if view.ending().is_none() && !gave_up(view, open) && waited < view.patience(open) {
        let why = format!(
            "{} waits since {} when the capture ends",
            open.op,
            seconds(waited)
        );
        out.cannot_tell(rule, "T2", why);
    } else {
        return true;
    }
    false
}

/// Who asked closed its direction after a fair wait: it no longer waits, so the capture need not show more.
fn gave_up(view: &View<'_>, open: &Open) -> bool {
    let fin = view.tcp().and_then(|t| t.sides[open.side].fin);
    fin.is_some_and(|fin| fin.time.since(open.asked.time) >= view.world.thresholds.least_patience)
}

/// The peer of `side` acknowledged bytes of it that were not captured (guard T4).
pub(crate) fn unseen(view: &View<'_>, side: Side) -> bool {
    view.lost(side)
}

/// How long an open request waited, in words: the connection's end, or the capture's.
pub(crate) fn waited(view: &View<'_>, open: &Open) -> String {
    let waited = seconds(view.waited(open));
    if let Some(end) = view.ending() {
        let frame = end.stamp().frame;
        return format!("the connection ended {waited} later (frame {frame})");
    }
    let fin = view.tcp().and_then(|t| t.sides[open.side].fin);
    if let Some(fin) = fin.filter(|_| gave_up(view, open)) {
        let after = seconds(fin.time.since(open.asked.time));
        return format!(
            "the {} gave up {after} later (frame {})",
            open.side, fin.frame
        );
    }
    format!(
        "nothing came within {waited}; {} is reasonable",
        seconds(view.patience(open))
    )
}

/// The guard that forbids a verdict on files that were not closed, and why: the closing may not have been seen.
pub(crate) fn closing_unseen(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    if view.lost(Side::Client) {
        return Some(("T4", "requests are missing, which may have closed files"));
    }
    if view.session.encrypted.is_some() {
        let why = "the session became encrypted, so that closing cannot be seen";
        return Some(("T8", why));
    }
    let why = "the session has several connections; files may be closed on another";
    view.has_channels().then_some(("T13", why))
}

/// Messages for the tests of rules.
#[cfg(test)]
pub(crate) mod testing {
    use crate::capture::script::Script;

    /// A connection to `port`.
    pub(crate) fn to(port: u16) -> Script {
        Script::tcp("10.0.0.1:40000", &format!("10.0.0.2:{port}")).connect()
    }

    /// A session request for `called`.
    pub(crate) fn session_request(called: &str) -> Vec<u8> {
        let mut out = vec![0x81, 0, 0, 68];
        for (name, kind) in [(called, 0x20), ("CLI", 0)] {
            let mut raw = [b' '; 16];
            raw[..name.len()].copy_from_slice(name.as_bytes());
            raw[15] = kind;
            out.push(32);
            out.extend(raw.iter().flat_map(|b| [b'A' + (b >> 4), b'A' + (b & 15)]));
            out.push(0);
        }
        out
    }

    /// The positive answer.
    pub(crate) const GRANTED: [u8; 4] = [0x82, 0, 0, 0];

    /// The negative answer.
    pub(crate) const fn refused(code: u8) -> [u8; 5] {
        [0x83, 0, 0, 1, code]
    }

    /// An SMB2 message in its NBSS frame: `body` behind a header with SessionId 7 and TreeId 5.
    pub(crate) fn smb2(command: u16, id: u64, answer: Option<u32>, body: &[u8]) -> Vec<u8> {
        let mut out = (64 + body.len() as u32).to_be_bytes().to_vec();
        out.extend(b"\xFESMB\x40\0\x01\0");
        out.extend(answer.unwrap_or(0).to_le_bytes());
        out.extend(command.to_le_bytes());
        out.extend([1, 0]);
        out.extend(u32::from(answer.is_some()).to_le_bytes());
        out.extend([0; 4]);
        out.extend(id.to_le_bytes());
        out.extend([0, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        out.extend([0; 16]);
        out.extend(body);
        out
    }

    fn placed(len: usize, at: usize, text: &str, fields: &[(usize, u16)]) -> Vec<u8> {
        let mut out = vec![0; len];
        for (at, value) in fields {
            out[*at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        out.resize(at, 0);
        out.extend(text);
        out
    }

    /// NEGOTIATE and its answer: 3.0.2.
    pub(crate) fn negotiated(script: Script) -> Script {
        let answer = placed(64, 64, "", &[(0, 65), (2, 1), (4, 0x0302)]);
        script
            .client(&smb2(
                0,
                0,
                None,
                &placed(38, 38, "", &[(0, 36), (2, 1), (36, 0x0302)]),
            ))
            .server(&smb2(0, 0, Some(0), &answer))
    }

    /// A leg of SESSION_SETUP, anonymous but for an NTLM AUTHENTICATE of `user`.
    pub(crate) fn setup(id: u64, user: &str) -> Vec<u8> {
        let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
        token.resize(64, 0);
        token[60] = 1;
        let user: Vec<u8> = user.encode_utf16().flat_map(u16::to_le_bytes).collect();
        token[36] = user.len() as u8;
        token[40] = 64;
        token.extend(user);
        let mut body = placed(24, 24, "", &[(0, 25), (12, 88), (14, token.len() as u16)]);
        body.extend(token);
        smb2(1, id, None, &body)
    }

    /// A leg of SESSION_SETUP with `token`.
    pub(crate) fn setup_of(id: u64, token: &[u8]) -> Vec<u8> {
        let mut body = placed(24, 24, "", &[(0, 25), (12, 88), (14, token.len() as u16)]);
        body.extend(token);
        smb2(1, id, None, &body)
    }

    /// Its answer with `token`.
    pub(crate) fn setup_answer_of(id: u64, status: u32, token: &[u8]) -> Vec<u8> {
        let mut body = vec![9, 0, 0, 0, 72, 0, token.len() as u8, 0];
        body.extend(token);
        smb2(1, id, Some(status), &body)
    }

    /// An NTLMSSP message of `kind`.
    pub(crate) fn ntlm(kind: u8, user: &str, domain: &str) -> Vec<u8> {
        let mut token = b"NTLMSSP\0".to_vec();
        token.extend([kind, 0, 0, 0]);
        token.resize(64, 0);
        token[60] = 1;
        for (field, text) in [(36, user), (28, domain)] {
            let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            token[field] = text.len() as u8;
            token[field + 4] = token.len() as u8;
            token.extend(text);
        }
        token
    }

    /// A NegTokenInit that offers `mechanisms`, with `token` for the first of them.
    pub(crate) fn offered(mechanisms: &[&str], token: &[u8]) -> Vec<u8> {
        let tlv = |tag: u8, content: &[u8]| {
            let mut out = vec![tag, 0x81, content.len() as u8];
            out.extend(content);
            out
        };
        let oid = |name: &&str| match *name {
            "Kerberos" => tlv(6, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2]),
            _ => tlv(6, &[0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10]),
        };
        let list: Vec<u8> = mechanisms.iter().flat_map(oid).collect();
        let mut fields = tlv(0xA0, &tlv(0x30, &list));
        if !token.is_empty() {
            fields.extend(tlv(0xA2, &tlv(4, token)));
        }
        let spnego = tlv(6, &[0x2B, 6, 1, 5, 5, 2]);
        tlv(0x60, &[spnego, tlv(0xA0, &tlv(0x30, &fields))].concat())
    }

    /// Its answer.
    pub(crate) fn setup_answer(id: u64, status: u32) -> Vec<u8> {
        smb2(1, id, Some(status), &[9, 0, 0, 0, 0, 0, 0, 0])
    }

    /// TREE_CONNECT to `path`.
    pub(crate) fn tree(id: u64, path: &str) -> Vec<u8> {
        let len = (path.encode_utf16().count() * 2) as u16;
        smb2(
            3,
            id,
            None,
            &placed(8, 8, path, &[(0, 9), (4, 72), (6, len)]),
        )
    }

    /// Its answer, for a share of `kind`: 1 disk, 2 pipe.
    pub(crate) fn tree_answer(id: u64, status: u32, kind: u16) -> Vec<u8> {
        smb2(
            3,
            id,
            Some(status),
            &placed(16, 16, "", &[(0, 16), (2, kind)]),
        )
    }

    /// CREATE of `name`.
    pub(crate) fn create(id: u64, name: &str) -> Vec<u8> {
        let len = (name.encode_utf16().count() * 2) as u16;
        smb2(
            5,
            id,
            None,
            &placed(
                56,
                56,
                name,
                &[(0, 57), (24, 0x0089), (36, 1), (44, 120), (46, len)],
            ),
        )
    }

    /// The answer to a CREATE that opened `file`.
    pub(crate) fn opened(id: u64, file: u64) -> Vec<u8> {
        let mut body = vec![0; 88];
        body[0] = 89;
        body[64..72].copy_from_slice(&file.to_le_bytes());
        smb2(5, id, Some(0), &body)
    }

    /// CLOSE of `file`.
    pub(crate) fn close(id: u64, file: u64) -> Vec<u8> {
        let mut body = vec![24, 0, 0, 0, 0, 0, 0, 0];
        body.extend(file.to_le_bytes());
        body.extend([0; 8]);
        smb2(6, id, None, &body)
    }

    /// An answer that says no.
    pub(crate) fn no(command: u16, id: u64, status: u32) -> Vec<u8> {
        smb2(command, id, Some(status), &[9, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// READ, of no file in particular.
    pub(crate) fn read(id: u64) -> Vec<u8> {
        smb2(8, id, None, &placed(49, 49, "", &[(0, 49), (16, 9)]))
    }

    /// A session that is at work on a disk share: negotiated, logged on, connected. Message ids 0 to 2 are spent.
    pub(crate) fn at_work() -> Script {
        at_work_on(1)
    }

    /// The same on a share of `kind`.
    pub(crate) fn at_work_on(kind: u16) -> Script {
        logged_on(to(445), kind)
    }

    /// The same from `client`.
    pub(crate) fn at_work_of(client: &str) -> Script {
        logged_on(Script::tcp(client, "10.0.0.2:445").connect(), 1)
    }

    fn logged_on(script: Script, kind: u16) -> Script {
        negotiated(script)
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, 0))
            .client(&tree(2, "\\\\SRV\\data"))
            .server(&tree_answer(2, 0, kind))
    }
}
