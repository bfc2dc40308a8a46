//! One flow of datagrams: packets opened with the keys that are known, and the handshake's bytes handed on.

use std::sync::Arc;

use super::crypto::InOrder;
use super::describe::{self, Packet};
use super::frames;
use super::keys::{Keys, Opened};
use super::wire::{Form, Header, Version};
use crate::dissector::{Dissector, End, Input, Output, Start};
use crate::secrets::{Label, Secrets};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Packets of one datagram that are looked at.
const PACKETS: usize = 64;
/// Bytes of a hello that hold its random, session id and cipher suite (RFC 8446 4.1.3).
const HELLO: usize = 4 + 2 + 32 + 1 + 32 + 2;
/// Where the random stands in a hello, and where the session id.
const RANDOM: usize = 6;
const SESSION_ID: usize = RANDOM + 32;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(Quic {
        secrets: start.secrets.cloned(),
        offsets: PerSide::default(),
        connection: Connection::default(),
    })
}

struct Quic {
    secrets: Option<Arc<Secrets>>,
    /// Where each side's next datagram begins.
    offsets: PerSide<StreamOffset>,
    connection: Connection,
}

/// Packets of a level have keys, numbers and handshake bytes of their own (RFC 9001 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Initial,
    Handshake,
    Data,
}

const LEVELS: [Level; 3] = [Level::Initial, Level::Handshake, Level::Data];

/// What one side has on each level.
#[derive(Default)]
struct Lane {
    /// On the first two levels.
    keys: [Option<Keys>; 2],
    data: Option<DataKeys>,
    /// The largest packet number so far.
    largest: [Option<u64>; LEVELS.len()],
    crypto: [InOrder; LEVELS.len()],
    /// The first bytes of its first hello.
    hello: Vec<u8>,
    /// The connection id by which it wants to be addressed.
    cid: Vec<u8>,
}

/// Keys of 1-RTT packets, which are updated now and then (RFC 9001 6).
struct DataKeys {
    /// Headers stay protected with these.
    first: Keys,
    now: Option<Keys>,
    before: Option<Keys>,
    phase: bool,
}

/// A connection that is followed.
#[derive(Default)]
struct Connection {
    /// Its first Initial packet: which connection id the client has made up.
    origin: Option<Vec<u8>>,
    /// The connection id of a Retry, with which the client is to begin again.
    retry: Option<Vec<u8>>,
    /// The version of its handshake.
    version: Version,
    lanes: PerSide<Lane>,
}

/// Handshake bytes that are next in order.
struct Piece {
    level: Level,
    /// Where they stand in the side's datagrams; what has waited is taken for the end of what it has waited for.
    at: StreamOffset,
    bytes: Vec<u8>,
    /// They are the first of another connection.
    anew: bool,
}

impl Dissector for Quic {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        let (Input::Data(bytes) | Input::Datagram { bytes, .. }) = input else {
            return;
        };
        let start = self.offsets[side];
        self.offsets[side] += bytes.len() as u64;
        let (mut packets, mut pieces) = (Vec::new(), Vec::new());
        let mut at = 0;
        let mut first: Option<&[u8]> = None;
        while packets.len() < PACKETS
            && let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty())
            && first.is_none_or(|dcid| is_for(rest, dcid))
            && let Some(packet) = self.packet(side, (bytes, at), &mut pieces)
        {
            at += packet.bytes.len();
            first.get_or_insert(packet.header.dcid);
            packets.push(packet);
        }
        let padding = at..bytes.len();
        let span = Span::new(start, self.offsets[side]);
        out.fields(side, span, |w| describe::datagram(w, &packets, padding));
        for piece in pieces {
            let key = piece.level as u64;
            if piece.anew {
                for level in LEVELS {
                    out.end_child(level as u64, End::CaptureStopped);
                }
            }
            out.start_child(key, "tls-messages", true, &[]);
            out.child(key, side, piece.at, Input::Data(&piece.bytes));
        }
    }
}

impl Quic {
    /// The packet that begins at `at` of a datagram, opened where that is possible.
    fn packet<'a>(
        &mut self,
        side: Side,
        (datagram, at): (&'a [u8], usize),
        pieces: &mut Vec<Piece>,
    ) -> Option<Packet<'a>> {
        let rest = datagram.get(at..)?;
        let mut header = Header::read(rest)?;
        let bytes = rest.get(..header.len).unwrap_or(rest);
        let connection = &mut self.connection;
        let (level, opened, anew) = match header.form {
            Form::Initial => {
                let opened = connection.initial(side, &header, bytes);
                let anew = opened.as_ref().is_some_and(|(_, anew)| *anew);
                (Level::Initial, opened.map(|(opened, _)| opened), anew)
            }
            Form::Handshake => {
                let secrets = self.secrets.as_deref();
                let opened = connection.handshake(side, &header, bytes, secrets);
                (Level::Handshake, opened, false)
            }
            Form::Short => {
                let cid = &connection.lanes[side.other()].cid;
                header.address(bytes, cid.len());
                let is_known = header.dcid == cid;
                let secrets = self.secrets.as_deref();
                let opened = connection.data(side, &header, bytes, secrets);
                if opened.is_none() && !is_known {
                    header.address(bytes, 0);
                }
                (Level::Data, opened, false)
            }
            form => {
                if form == Form::Retry && side == Side::Server {
                    connection.retry = Some(header.scid.to_vec());
                }
                (Level::Initial, None, false)
            }
        };
        if matches!(header.form, Form::Initial | Form::Handshake) {
            header.scid.clone_into(&mut connection.lanes[side].cid);
        }
        let packet = Packet {
            header,
            bytes,
            at,
            opened,
        };
        let start = self.offsets[side] - datagram.len() as u64 + packet.frames_at() as u64;
        if let Some(opened) = &packet.opened {
            connection.opened(side, level, opened.number);
            let known = pieces.len();
            for frame in frames::all(&opened.plain) {
                if let Some(crypto) = frame.crypto {
                    connection.crypto(side, (level, start), crypto, pieces);
                }
            }
            if let Some(first) = pieces.get_mut(known) {
                first.anew = anew;
            }
        }
        Some(packet)
    }
}

impl Connection {
    /// A packet of `side` was opened.
    fn opened(&mut self, side: Side, level: Level, number: u64) {
        let largest = &mut self.lanes[side].largest;
        if let Some(largest) = largest.get_mut(level as usize) {
            *largest = (*largest).max(Some(number));
        }
    }

    /// Takes bytes of the handshake; `start` is where the packet's frames stand.
    fn crypto(
        &mut self,
        side: Side,
        (level, start): (Level, StreamOffset),
        crypto: frames::Crypto<'_>,
        pieces: &mut Vec<Piece>,
    ) {
        let lane = &mut self.lanes[side];
        let order = lane.crypto.get_mut(level as usize);
        let Some(fresh) = order.and_then(|o| o.push(crypto.offset, crypto.bytes)) else {
            return;
        };
        let own = crypto.bytes.get(fresh.skip..).unwrap_or(&[]);
        if level == Level::Initial {
            let hello = own.iter().chain(&fresh.waited);
            let missing = HELLO.saturating_sub(lane.hello.len());
            lane.hello.extend(hello.take(missing));
        }
        let at = start + crypto.at as u64;
        let end = at + crypto.bytes.len() as u64;
        let waited_at = end.saturating_sub(fresh.waited.len() as u64);
        let own_at = at + fresh.skip as u64;
        for (at, bytes) in [(own_at, own.to_vec()), (waited_at, fresh.waited)] {
            if !bytes.is_empty() {
                pieces.push(Piece {
                    level,
                    at,
                    bytes,
                    anew: false,
                });
            }
        }
    }

    /// Opens an Initial packet; says whether it begins another connection.
    fn initial(
        &mut self,
        side: Side,
        header: &Header<'_>,
        packet: &[u8],
    ) -> Option<(Opened, bool)> {
        let lane = &self.lanes[side];
        if let Some(opened) = try_keys(lane, Level::Initial, header, packet) {
            return Some((opened, false));
        }
        // The sides may have agreed on another version (RFC 9368 2.3): the client's id stays what it was.
        if let Some(origin) = self.origin.clone()
            && let Some(opened) = self.renewed(side, header, packet, &origin)
        {
            return Some((opened, false));
        }
        if side == Side::Server {
            return None;
        }
        // A connection goes on after a Retry, with the id that the server wants.
        let goes_on = self.origin.is_some() && self.retry.as_deref() == Some(header.dcid);
        let mut fresh = Self::default();
        let connection = if goes_on { &mut *self } else { &mut fresh };
        let opened = connection.renewed(side, header, packet, header.dcid)?;
        connection.origin = Some(header.dcid.to_vec());
        if !goes_on {
            *self = fresh;
        }
        Some((opened, !goes_on))
    }

    /// Opens an Initial packet with keys of its version and of the id `dcid`, and keeps them when they fit.
    fn renewed(
        &mut self,
        side: Side,
        header: &Header<'_>,
        packet: &[u8],
        dcid: &[u8],
    ) -> Option<Opened> {
        let keys = Keys::initial(header.version, dcid)?;
        let largest = self.lanes[side].largest.first().copied().flatten();
        let opened = open(&keys[side], header, packet, largest)?;
        self.version = header.version;
        let PerSide { client, server } = keys;
        for (side, keys) in [(Side::Client, client), (Side::Server, server)] {
            let [initial, _] = &mut self.lanes[side].keys;
            *initial = Some(keys);
        }
        Some(opened)
    }

    fn handshake(
        &mut self,
        side: Side,
        header: &Header<'_>,
        packet: &[u8],
        secrets: Option<&Secrets>,
    ) -> Option<Opened> {
        let [_, known] = &self.lanes[side].keys;
        if known.is_none() {
            let label = match side {
                Side::Client => Label::ClientHandshake,
                Side::Server => Label::ServerHandshake,
            };
            let keys = self.keys(header.version, secrets?, label);
            let [_, known] = &mut self.lanes[side].keys;
            *known = keys;
        }
        try_keys(&self.lanes[side], Level::Handshake, header, packet)
    }

    fn data(
        &mut self,
        side: Side,
        header: &Header<'_>,
        packet: &[u8],
        secrets: Option<&Secrets>,
    ) -> Option<Opened> {
        if self.lanes[side].data.is_none() {
            let label = match side {
                Side::Client => Label::ClientTraffic,
                Side::Server => Label::ServerTraffic,
            };
            let first = self.keys(self.version, secrets?, label)?;
            self.lanes[side].data = Some(DataKeys {
                first,
                now: None,
                before: None,
                phase: false,
            });
        }
        let lane = &mut self.lanes[side];
        let [_, _, largest] = lane.largest;
        lane.data.as_mut()?.open(header, packet, largest)
    }

    /// Keys of a secret that a key log tells for this connection.
    fn keys(&self, version: Version, secrets: &Secrets, label: Label) -> Option<Keys> {
        let hello = &self.lanes.client.hello;
        let random = *hello.get(RANDOM..)?.first_chunk()?;
        let secret = secrets.get(random, label)?;
        Keys::new(version, self.suite()?, secret)
    }

    /// The cipher suite that the server has chosen.
    fn suite(&self) -> Option<u16> {
        let hello = &self.lanes.server.hello;
        let id_len = usize::from(*hello.get(SESSION_ID)?);
        let suite = hello.get(SESSION_ID + 1 + id_len..)?.first_chunk()?;
        Some(u16::from_be_bytes(*suite))
    }
}

impl DataKeys {
    fn open(&mut self, header: &Header<'_>, packet: &[u8], largest: Option<u64>) -> Option<Opened> {
        let at = header.payload;
        let bare = self.first.bare(packet, header.form, at)?;
        let now = self.now.as_ref().unwrap_or(&self.first);
        if bare.phase() == self.phase {
            return now.open(packet, bare, at, largest);
        }
        // Either the keys are new, or the packet is late.
        let next = now.updated()?;
        if let Some(opened) = next.open(packet, bare, at, largest) {
            self.before = self.now.replace(next);
            self.phase = bare.phase();
            return Some(opened);
        }
        let before = self.before.as_ref().unwrap_or(&self.first);
        before.open(packet, bare, at, largest)
    }
}

/// Packets of one datagram are of one connection, all with the same id (RFC 9000 12.2); what follows them otherwise is padding.
fn is_for(bytes: &[u8], dcid: &[u8]) -> bool {
    let Some(mut header) = Header::read(bytes) else {
        return false;
    };
    if header.form == Form::Short {
        header.address(bytes, dcid.len());
    }
    header.dcid == dcid
}

fn try_keys(lane: &Lane, level: Level, header: &Header<'_>, packet: &[u8]) -> Option<Opened> {
    let keys = lane.keys.get(level as usize)?.as_ref()?;
    let largest = lane.largest.get(level as usize).copied().flatten();
    open(keys, header, packet, largest)
}

fn open(keys: &Keys, header: &Header<'_>, packet: &[u8], largest: Option<u64>) -> Option<Opened> {
    let bare = keys.bare(packet, header.form, header.payload)?;
    keys.open(packet, bare, header.payload, largest)
}
