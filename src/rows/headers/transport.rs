//! UDP and TCP.

use std::fmt::Write as _;

use colloquy_dissectors::field::{FieldId, Value, group};
use colloquy_dissectors::units::Timestamp;

use super::bytes::{Bytes, uint};
use super::network::UNVERIFIED;
use super::options::{self, Options};
use super::{Context, Out, Past, Picked};
use crate::fields::engine::{tcp, udp};
use crate::frame::TcpFlags;
use crate::rows::tcp::{Connection, REMARKS, Remarks, Scale, Seen, Segment};

/// What tshark says of a checksum that is not there.
const MISSING: u32 = 3;

/// A TCP header with what the connection's past says of it.
pub(super) struct TcpHeader<'a> {
    pub(super) bytes: Bytes<'a>,
    pub(super) segment: Segment,
    pub(super) seen: Seen,
    header_len: u32,
    /// Nanoseconds since the connection's first frame and its last one.
    since: Option<(i64, i64)>,
    quoted: bool,
}

pub(super) fn udp(picked: &Picked, header: &[u8], context: &mut Context<'_>, out: &mut Out<'_>) {
    let bytes = Bytes(header);
    let stream = context.stream();
    let time = context.frame.item.stamp.time;
    let since = context.past().map(|past| past.touch(time));
    for id in picked.of(group::UDP) {
        match *id {
            udp::PROTO => out.protocol(udp::PROTO, 8, 8, header),
            udp::SRCPORT => number(out, *id, bytes.u16(0), 0, 2),
            udp::DSTPORT => number(out, *id, bytes.u16(2), 2, 2),
            udp::PORT => {
                number(out, *id, bytes.u16(0), 0, 2);
                number(out, *id, bytes.u16(2), 2, 2);
            }
            udp::LENGTH => number(out, *id, bytes.u16(4), 4, 2),
            udp::CHECKSUM => number(out, *id, bytes.u16(6), 6, 2),
            udp::CHECKSUM_STATUS => {
                if let Some(sum) = bytes.u16(6) {
                    let status = if sum == 0 { MISSING } else { UNVERIFIED };
                    out.computed(*id, uint(status));
                }
            }
            udp::STREAM => {
                if let Some(stream) = stream {
                    out.computed(*id, uint(stream));
                }
            }
            udp::TIME_RELATIVE => {
                if let Some((first, _)) = since {
                    out.computed(*id, Value::Duration(first));
                }
            }
            udp::TIME_DELTA => {
                if let Some((_, last)) = since {
                    out.computed(*id, Value::Duration(last));
                }
            }
            udp::PAYLOAD => {
                let len = usize::from(bytes.u16(4).unwrap_or(8)).saturating_sub(8);
                let payload = bytes.from(8);
                let payload = payload.get(..len).unwrap_or(payload);
                if !payload.is_empty() {
                    out.put(*id, Value::Bytes(payload), 8, payload.len() as u32);
                }
            }
            _ => {}
        }
    }
}

impl Past {
    /// Nanoseconds since the conversation's first frame and its last one; this one is its last now.
    fn touch(&mut self, now: Timestamp) -> (i64, i64) {
        let (first, last) = self.times.unwrap_or((now, now));
        self.times = Some((first, now));
        (now.nanos_since(first), now.nanos_since(last))
    }
}

/// Reads a TCP header, and notes it in its connection where it is a frame's own. `None` where little more than the ports was
/// captured.
pub(super) fn read<'a>(
    header: &'a [u8],
    (wire, quoted): (u32, bool),
    context: &mut Context<'_>,
) -> Option<TcpHeader<'a>> {
    let bytes = Bytes(header);
    let (seq, ack) = (bytes.u32(4)?, bytes.u32(8)?);
    let (flags, window) = (bytes.u16(12)?, bytes.u16(14)?);
    bytes.u16(18)?;
    let header_len = u32::from(flags >> 12) * 4;
    let stamp = context.frame.item.stamp;
    let mut segment = Segment {
        frame: stamp.frame,
        time: stamp.time,
        seq,
        ack,
        flags: TcpFlags(flags & 0xfff),
        window,
        len: wire.saturating_sub(header_len),
        ..Segment::default()
    };
    (segment.wscale, segment.sacked) = Options::of(header, header_len).of_past();
    let from_first = context.frame.item.from_first;
    let reused = context.reused;
    let later = context.later;
    let is_valid = header_len >= 20 && header_len <= wire;
    let mut since = None;
    let mut seen = Seen::default();
    if let Some(past) = context.past()
        && is_valid
    {
        since = Some(past.touch(stamp.time));
        let connection = past
            .tcp
            .get_or_insert_with(|| Box::new(Connection::new(reused)));
        seen = connection.segment(from_first, &segment);
    } else if let Some(past) = context.past.as_deref_mut()
        && let Some(connection) = past.tcp.as_deref()
    {
        // What ICMP quotes is none of the connection's segments: nobody knows its length, and its numbers stay as they are.
        if !quoted {
            seen.bases = connection.bases(from_first);
        }
        seen.parts = connection.parts();
        seen.parts_before = seen.parts;
        if quoted && context.streams.outer.is_empty() {
            since = Some(past.touch(stamp.time));
        }
    }
    if let Some(later) = later {
        seen.parts = later.parts.with(seen.parts_before);
        seen.initial_rtt = later.initial_rtt;
    }
    Some(TcpHeader {
        bytes,
        segment,
        seen,
        header_len,
        since,
        quoted,
    })
}

/// The ports and the stream of a header that was cut; all of one that was not. `icmp`: it is quoted by ICMP for IPv4.
pub(super) fn tcp(
    picked: &Picked,
    (bytes, icmp): (&[u8], bool),
    header: Option<&TcpHeader<'_>>,
    context: &Context<'_>,
    out: &mut Out<'_>,
) {
    let bytes = Bytes(bytes);
    for id in picked.of(group::TCP) {
        match *id {
            tcp::PROTO => {
                let len = header.map_or(20, |h| h.header_len);
                let carried = header.map_or(0, |h| h.segment.len);
                let all = len + carried;
                out.protocol(tcp::PROTO, len, all, bytes.first(all as usize));
            }
            tcp::SRCPORT => number(out, *id, bytes.u16(0), 0, 2),
            tcp::DSTPORT => number(out, *id, bytes.u16(2), 2, 2),
            tcp::PORT => {
                number(out, *id, bytes.u16(0), 0, 2);
                number(out, *id, bytes.u16(2), 2, 2);
            }
            tcp::STREAM => {
                if let Some(stream) = context.stream() {
                    out.computed(*id, uint(stream));
                }
            }
            // Under ICMP for IPv4 tshark has the number as it is, once.
            tcp::SEQ if icmp => number(out, *id, bytes.u32(4), 4, 4),
            tcp::SEQ_RAW if icmp => {}
            tcp::SEQ_RAW => number(out, *id, bytes.u32(4), 4, 4),
            _ => {
                if let Some(header) = header {
                    header.field(*id, out);
                }
            }
        }
    }
}

impl TcpHeader<'_> {
    fn field(&self, id: FieldId, out: &mut Out<'_>) {
        let (s, seen) = (&self.segment, &self.seen);
        let [base, peer_base] = seen.bases;
        match id {
            tcp::COMPLETENESS => out.computed(id, uint(seen.parts.0)),
            tcp::LEN | tcp::NXTSEQ if self.quoted => {}
            tcp::LEN => out.put(id, uint(s.len), 12, 1),
            tcp::SEQ => out.put(id, uint(s.seq.wrapping_sub(base)), 4, 4),
            tcp::NXTSEQ => out.computed(id, uint(self.next().wrapping_sub(base))),
            tcp::ACK => out.put(id, uint(self.relative_ack(peer_base)), 8, 4),
            tcp::ACK_RAW => out.put(id, uint(s.ack), 8, 4),
            tcp::HDR_LEN => out.put(id, uint(self.header_len), 12, 1),
            tcp::WINDOW_SIZE_VALUE => out.put(id, uint(s.window), 14, 2),
            tcp::WINDOW_SIZE => out.computed(id, uint(self.window())),
            tcp::WINDOW_SIZE_SCALEFACTOR if s.flags.has(TcpFlags::SYN) => {}
            tcp::WINDOW_SIZE_SCALEFACTOR => {
                out.computed(id, Value::Int(scale_factor(seen.scale)));
            }
            tcp::CHECKSUM => number(out, id, self.bytes.u16(16), 16, 2),
            tcp::CHECKSUM_STATUS => out.computed(id, uint(UNVERIFIED)),
            tcp::URGENT_POINTER => number(out, id, self.bytes.u16(18), 18, 2),
            tcp::TIME_RELATIVE | tcp::TIME_DELTA => {
                if let Some((first, last)) = self.since {
                    let nanos = if id == tcp::TIME_DELTA { last } else { first };
                    out.computed(id, Value::Duration(nanos));
                }
            }
            tcp::PAYLOAD => {
                let payload = self.bytes.from(self.header_len as usize);
                let payload = payload.get(..s.len as usize).unwrap_or(payload);
                if !payload.is_empty() {
                    out.put(
                        id,
                        Value::Bytes(payload),
                        self.header_len,
                        payload.len() as u32,
                    );
                }
            }
            _ if (tcp::FLAGS.place()..=tcp::CONNECTION_RST.place()).contains(&id.place()) => {
                self.flags(id, out);
            }
            _ if (tcp::OPTIONS.place()..=tcp::OPTIONS_TIMESTAMP_TSECR.place())
                .contains(&id.place()) =>
            {
                options::write(id, self.options(), self.seen.bases[1], out);
            }
            _ if seen.is_something() => self.analysis(id, out),
            _ => {}
        }
    }

    /// The sequence number that follows.
    fn next(&self) -> u32 {
        let s = &self.segment;
        let more = s.flags.has(TcpFlags::SYN) || s.flags.has(TcpFlags::FIN);
        s.seq.wrapping_add(s.len).wrapping_add(u32::from(more))
    }

    pub(super) fn relative_ack(&self, peer_base: u32) -> u32 {
        if self.segment.flags.has(TcpFlags::ACK) {
            self.segment.ack.wrapping_sub(peer_base)
        } else {
            self.segment.ack
        }
    }

    /// The window in bytes; a SYN's is never scaled.
    pub(super) fn window(&self) -> u64 {
        let window = u64::from(self.segment.window);
        match self.seen.scale {
            Scale::By(shift) if !self.segment.flags.has(TcpFlags::SYN) => window << shift.min(31),
            _ => window,
        }
    }

    fn flags(&self, id: FieldId, out: &mut Out<'_>) {
        let flags = self.segment.flags;
        let mut bit = |flag: u16| out.part(id, Value::Bool(flags.0 & flag != 0), 12, 2);
        match id {
            tcp::FLAGS => out.put(id, uint(flags.0), 12, 2),
            tcp::FLAGS_RES => bit(0xe00),
            tcp::FLAGS_AE => bit(TcpFlags::NS.0),
            tcp::FLAGS_CWR => bit(TcpFlags::CWR.0),
            tcp::FLAGS_ECE => bit(TcpFlags::ECE.0),
            tcp::FLAGS_URG => bit(TcpFlags::URG.0),
            tcp::FLAGS_ACK => bit(TcpFlags::ACK.0),
            tcp::FLAGS_PUSH => bit(TcpFlags::PSH.0),
            tcp::FLAGS_RESET => bit(TcpFlags::RST.0),
            tcp::FLAGS_SYN => bit(TcpFlags::SYN.0),
            tcp::FLAGS_FIN => bit(TcpFlags::FIN.0),
            tcp::FLAGS_STR => out.part(id, Value::Text(&letters(flags)), 12, 2),
            tcp::CONNECTION_SYN | tcp::CONNECTION_SYNACK => {
                let acknowledges = flags.has(TcpFlags::ACK);
                if flags.has(TcpFlags::SYN) && acknowledges == (id == tcp::CONNECTION_SYNACK) {
                    out.part(id, Value::Present, 12, 2);
                }
            }
            tcp::CONNECTION_FIN if flags.has(TcpFlags::FIN) => {
                out.part(id, Value::Present, 12, 2);
            }
            tcp::CONNECTION_RST if flags.has(TcpFlags::RST) => {
                out.part(id, Value::Present, 12, 2);
            }
            _ => {}
        }
    }

    pub(super) fn options(&self) -> Options<'_> {
        Options::of(self.bytes.0, self.header_len)
    }

    /// `51234 → 445 [SYN] Seq=0 Win=64240 Len=0 MSS=1460`, with what is remarked on it before.
    pub(super) fn info(&self, out: &mut String) {
        let s = &self.segment;
        let [base, peer_base] = self.seen.bases;
        self.remarks(out);
        let port = |at| self.bytes.u16(at).unwrap_or_default();
        // Writing to a String can't fail.
        let _ = write!(out, "{} → {} [", port(0), port(2));
        names(s.flags, out);
        let _ = write!(out, "] Seq={}", s.seq.wrapping_sub(base));
        if s.flags.has(TcpFlags::ACK) {
            let _ = write!(out, " Ack={}", s.ack.wrapping_sub(peer_base));
        }
        let _ = write!(out, " Win={}", self.window());
        if s.flags.has(TcpFlags::URG) {
            let _ = write!(out, " Urg={}", port(18));
        }
        let _ = write!(out, " Len={}", s.len);
        self.options().info(peer_base, out);
    }

    fn remarks(&self, out: &mut String) {
        let remarks = self.seen.remarks;
        let special = Remarks::FAST_RETRANSMISSION.with(Remarks::SPURIOUS_RETRANSMISSION);
        for (remark, _, words) in REMARKS {
            let is_told = remark == Remarks::RETRANSMISSION && remarks.has(special);
            if !remarks.has(remark) || is_told {
                continue;
            }
            let _ = match remark {
                Remarks::DUPLICATE_ACK => {
                    let (number, frame) = self.seen.duplicate;
                    write!(out, "[{words} {frame}#{number}] ")
                }
                _ => write!(out, "[{words}] "),
            };
        }
    }

    fn analysis(&self, id: FieldId, out: &mut Out<'_>) {
        let seen = &self.seen;
        match id {
            tcp::ANALYSIS => out.computed(id, Value::Present),
            tcp::ANALYSIS_ACKS_FRAME => {
                if let Some((frame, _)) = seen.acks {
                    out.computed(id, Value::Uint(frame));
                }
            }
            tcp::ANALYSIS_ACK_RTT => nonzero(out, id, seen.acks.map(|(_, nanos)| nanos)),
            tcp::ANALYSIS_INITIAL_RTT => nonzero(out, id, seen.initial_rtt),
            tcp::ANALYSIS_BYTES_IN_FLIGHT => computed(out, id, seen.in_flight),
            tcp::ANALYSIS_PUSH_BYTES_SENT => computed(out, id, seen.push_bytes),
            tcp::ANALYSIS_RTO => nonzero(out, id, seen.rto.map(|(nanos, _)| nanos)),
            tcp::ANALYSIS_RTO_FRAME => {
                if let Some((_, frame)) = seen.rto {
                    out.computed(id, Value::Uint(frame));
                }
            }
            tcp::ANALYSIS_DUPLICATE_ACK_NUM | tcp::ANALYSIS_DUPLICATE_ACK_FRAME => {
                if seen.remarks.has(Remarks::DUPLICATE_ACK) {
                    let (number, frame) = seen.duplicate;
                    let value = if id == tcp::ANALYSIS_DUPLICATE_ACK_NUM {
                        uint(number)
                    } else {
                        Value::Uint(frame)
                    };
                    out.computed(id, value);
                }
            }
            tcp::ANALYSIS_FLAGS => {
                if !seen.remarks.is_empty() {
                    out.computed(id, Value::Present);
                }
            }
            _ => {
                let remark = REMARKS.iter().find(|(_, field, _)| *field == id);
                if remark.is_some_and(|(remark, ..)| seen.remarks.has(*remark)) {
                    out.computed(id, Value::Present);
                    // tshark shows it as a branch and as a remark.
                    if id == tcp::ANALYSIS_DUPLICATE_ACK {
                        out.computed(id, Value::Present);
                    }
                }
            }
        }
    }
}

/// `SYN, ACK`
fn names(flags: TcpFlags, out: &mut String) {
    const NAMES: [&str; 9] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    let reserved = flags.0 & 0xe00 != 0;
    let set = NAMES.iter().enumerate();
    let set = set.filter(|(bit, _)| flags.0 >> bit & 1 == 1);
    let all = set.map(|(_, name)| *name);
    let mut is_first = true;
    for name in all.chain(reserved.then_some("Reserved")) {
        if !std::mem::take(&mut is_first) {
            out.push_str(", ");
        }
        out.push_str(name);
    }
    if is_first {
        out.push_str("<None>");
    }
}

/// `·····AP···`, as Wireshark draws the flags.
fn letters(flags: TcpFlags) -> String {
    const LETTERS: &[u8] = b"RRRNCEUAPRSF";
    let mut out = String::new();
    for (i, letter) in LETTERS.iter().enumerate() {
        if flags.0 >> (11 - i) & 1 == 1 {
            out.push(char::from(*letter));
        } else {
            out.push('·');
        }
    }
    out
}

fn scale_factor(scale: Scale) -> i64 {
    match scale {
        Scale::Unknown => -1,
        Scale::None => -2,
        Scale::By(shift) => 1 << shift.min(31),
    }
}

fn number(out: &mut Out<'_>, id: FieldId, n: Option<impl Into<u64>>, at: u32, len: u32) {
    if let Some(n) = n {
        out.put(id, uint(n), at, len);
    }
}

fn computed(out: &mut Out<'_>, id: FieldId, n: Option<u32>) {
    if let Some(n) = n {
        out.computed(id, uint(n));
    }
}

/// A time that passed, if any did.
fn nonzero(out: &mut Out<'_>, id: FieldId, nanos: Option<i64>) {
    if let Some(nanos) = nanos.filter(|nanos| *nanos != 0) {
        out.computed(id, Value::Duration(nanos));
    }
}
