//! Fields: what a message says, value by value, under tshark's names.
//!
//! A protocol lists its fields with [`fields!`](crate::fields) and fills them in `describe.rs`, for the messages and the
//! fields that somebody asked for ([`Wanted`]) and for no others. Tracking a session needs none of them.
//!
//! ```text
//!   session.rs finds a message ─ Output::fields ─▶ describe.rs ─ Writer ─▶ Values, given to the frame that completes it
//! ```

pub mod layout;
mod values;
mod wanted;
mod writer;

pub use values::{Entry, Mark, Role, Said, Value, Values};
pub use wanted::Wanted;
pub use writer::Writer;

/// A field by number: its group and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u16);

/// Bits of a [`FieldId`] that tell the place in the group.
const PLACE_BITS: u32 = 9;

impl FieldId {
    /// The field at `place` of `group`.
    #[must_use]
    pub const fn new(group: u8, place: u16) -> Self {
        Self(((group as u16) << PLACE_BITS) | (place & ((1 << PLACE_BITS) - 1)))
    }

    /// Its group, see [`group`].
    #[must_use]
    pub const fn group(self) -> u8 {
        (self.0 >> PLACE_BITS) as u8
    }

    /// Its place in the group.
    #[must_use]
    pub const fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }

    /// The number as a whole.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// `445`
    Dec,
    /// `0x01bd`, with so many digits at least.
    Hex(u8),
}

/// What values a field has, and how they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A protocol: present or not.
    Protocol,
    /// A remark without a value: `1` where it stands (tshark's expert infos).
    Flag,
    /// `1` or `0`, as tshark 4.0 writes it.
    Bool,
    /// A number without a sign.
    Uint(Base),
    /// A number with a sign.
    Int,
    /// A number with a fraction.
    Double,
    /// Text.
    Text,
    /// Bytes: `0a1b2c`.
    Bytes,
    /// A hardware address: `00:0c:29:3e:5f:01`.
    Ether,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A UUID: `367abb81-9844-35f1-ad32-98f038001003`.
    Guid,
    /// A moment, written as seconds since 1970.
    Time,
    /// A moment, written as a date: `Jun 13, 2016 09:52:33.457746200 UTC`.
    Date,
    /// Seconds, with nine digits behind the point.
    Duration,
    /// The number of a frame.
    Frame,
}

/// A field as the registry knows it.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// Its number.
    pub id: FieldId,
    /// tshark's name, or one in its manner.
    pub name: &'static str,
    /// What values it has.
    pub kind: Kind,
    /// What it is, in a few words.
    pub title: &'static str,
}

/// The groups: one a protocol, with those of the engine first.
pub mod group {
    /// Columns of a summary line: `_ws.col.protocol`, `_ws.col.info`.
    pub const COLUMN: u8 = 0;
    /// The frame itself.
    pub const FRAME: u8 = 1;
    /// Ethernet.
    pub const ETH: u8 = 2;
    /// Everything else between the link and IP: cooked headers, PPPoE, MPLS, GRE, VXLAN.
    pub const LINK: u8 = 3;
    /// 802.1Q.
    pub const VLAN: u8 = 4;
    /// IPv4.
    pub const IP: u8 = 5;
    /// IPv6.
    pub const IPV6: u8 = 6;
    /// ICMP.
    pub const ICMP: u8 = 7;
    /// ICMPv6.
    pub const ICMPV6: u8 = 8;
    /// UDP.
    pub const UDP: u8 = 9;
    /// TCP.
    pub const TCP: u8 = 10;
    /// ARP.
    pub const ARP: u8 = 11;
    /// Sessions, as the report tells them.
    pub const SESSION: u8 = 14;
    /// Findings.
    pub const FINDING: u8 = 15;
    /// NetBIOS Session Service.
    pub const NBSS: u8 = 16;
    /// SMB1.
    pub const SMB: u8 = 17;
    /// SMB2 and 3.
    pub const SMB2: u8 = 18;
    /// NTLM's messages.
    pub const NTLMSSP: u8 = 19;
    /// ONC RPC.
    pub const RPC: u8 = 20;
    /// The port mapper.
    pub const PORTMAP: u8 = 21;
    /// NFS.
    pub const NFS: u8 = 22;
    /// MOUNT.
    pub const MOUNT: u8 = 23;
    /// DCE/RPC.
    pub const DCERPC: u8 = 24;
    /// WebSocket.
    pub const WEBSOCKET: u8 = 25;
    /// HTTP/1.
    pub const HTTP: u8 = 26;
    /// TLS.
    pub const TLS: u8 = 27;
    /// SSH.
    pub const SSH: u8 = 28;
    /// HTTP/2.
    pub const HTTP2: u8 = 29;
    /// gRPC.
    pub const GRPC: u8 = 30;
    /// SPNEGO and GSS-API.
    pub const GSSAPI: u8 = 31;
    /// The endpoint mapper.
    pub const EPM: u8 = 32;
    /// SSDP.
    pub const SSDP: u8 = 33;
    /// The lock manager of NFS.
    pub const NLM: u8 = 40;
    /// The kernel's lock manager.
    pub const KLM: u8 = 41;
    /// NetBIOS Datagram Service.
    pub const NBDGM: u8 = 42;
    /// LDAP.
    pub const LDAP: u8 = 43;
    /// QUIC.
    pub const QUIC: u8 = 44;
    /// How many there may be.
    pub const COUNT: usize = 64;
}

/// The protocol column of a summary line.
pub const PROTOCOL_COLUMN: FieldId = FieldId::new(group::COLUMN, 1);
/// The info column of a summary line.
pub const INFO_COLUMN: FieldId = FieldId::new(group::COLUMN, 2);
/// A branch of the tree without a field of its own; its value is the label.
pub const BRANCH: FieldId = FieldId::new(group::COLUMN, 3);

/// Messages of one protocol that belong together as request and reply. The one who reads the events pairs them by `key`
/// in one conversation, since only he knows frames and times.
#[derive(Debug)]
pub struct Pair {
    /// Told apart from other pairs by it.
    pub name: &'static str,
    /// On the request: the frame of its reply.
    pub reply_in: Option<FieldId>,
    /// On the reply: the frame of its request.
    pub request_in: Option<FieldId>,
    /// On the reply: the time since its request.
    pub time: Option<FieldId>,
    /// On a message whose key was there before: that it is a duplicate. Then the first with its key counts; without this
    /// field a request with the key of another is a new one.
    pub duplicate: Option<FieldId>,
    /// Of the reply's info text the word behind which its request's frame is named: `V3 READ Reply (Call In 7)`.
    pub hint: Option<&'static str>,
}

/// What one message says and others show by a key: the path of a tree, the name of a file, the frame of a logon.
#[derive(Debug)]
pub struct Name {
    /// Told apart from other names by it.
    pub name: &'static str,
    /// The text itself.
    pub text: Option<FieldId>,
    /// A number that belongs to it.
    pub number: Option<FieldId>,
    /// The frame of the message that said it.
    pub frame: Option<FieldId>,
    /// Who shows it.
    pub reach: Reach,
}

/// Which messages show a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those behind the one that said it, in its conversation.
    Behind,
    /// All of its conversation, those before it too; what was said last counts, as tshark's second pass shows it.
    Conversation,
    /// All of the capture, in the same way: an SMB2 session may have several connections.
    Capture,
}

/// Lists the fields of a protocol: constants by which `describe.rs` names them, and the table for the registry.
///
/// ```
/// colloquy_dissectors::fields! {
///     group: colloquy_dissectors::field::group::NBSS;
///     /// NetBIOS Session Service
///     protocol: "nbss";
///     /// What the message is (RFC 1002 4.3.1).
///     TYPE = "nbss.type", Uint(Hex(2)), "Message Type";
///     /// Bytes that follow the header.
///     LENGTH = "nbss.length", Uint(Dec), "Length";
/// }
/// assert_eq!(FIELDS[1].id, TYPE);
/// assert_eq!(FIELDS[0].id, PROTO);
/// ```
#[macro_export]
macro_rules! fields {
    (group: $group:expr; #[doc = $about:literal] protocol: $short:literal;
     $($(#[doc = $doc:literal])* $id:ident = $name:literal, $kind:ident $(($base:ident $(($digits:literal))?))?, $title:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "the places of the constants below")]
        #[allow(dead_code, reason = "each gives a place")]
        enum Place { PROTO, $($id,)* }
        #[doc = $about]
        pub(crate) const PROTO: $crate::field::FieldId = $crate::field::FieldId::new($group, Place::PROTO as u16);
        $($(#[doc = $doc])*
        pub(crate) const $id: $crate::field::FieldId = $crate::field::FieldId::new($group, Place::$id as u16);)*
        /// The fields of this protocol, in the order of their places.
        pub(crate) const FIELDS: &[$crate::field::FieldInfo] = &[
            $crate::field::FieldInfo { id: PROTO, name: $short, kind: $crate::field::Kind::Protocol, title: $about },
            $($crate::field::FieldInfo {
                id: $id,
                name: $name,
                kind: $crate::field::Kind::$kind $(($crate::field::Base::$base $(($digits))?))?,
                title: $title,
            },)*
        ];
    };
}

#[cfg(test)]
mod tests;
