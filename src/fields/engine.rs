//! The fields of what carries messages: the frame, link, IP, UDP and TCP; and the columns of a summary line.

mod link;
mod network;
mod transport;

use colloquy_dissectors::field::FieldInfo;

pub use link::{arp, eth, sll, vlan};
pub use network::{icmp, icmpv6, ip, ipv6};
pub use transport::{tcp, udp};

/// A table a group.
pub(super) const FIELDS: &[&[FieldInfo]] = &[
    column::FIELDS,
    frame::FIELDS,
    eth::FIELDS,
    sll::FIELDS,
    vlan::FIELDS,
    ip::FIELDS,
    ipv6::FIELDS,
    icmp::FIELDS,
    icmpv6::FIELDS,
    udp::FIELDS,
    tcp::FIELDS,
    arp::FIELDS,
];

/// Columns. The places of the first three are known to the dissectors.
pub mod column {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::COLUMN;
        /// Columns of a summary line
        protocol: "_ws.col";
        /// The protocol.
        PROTOCOL = "_ws.col.Protocol", Text, "Protocol";
        /// What the frame says.
        INFO = "_ws.col.Info", Text, "Info";
        /// A branch of a detail tree.
        BRANCH = "_ws.branch", Text, "Branch";
    }
}

/// The frame.
pub mod frame {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::FRAME;
        /// Frame
        protocol: "frame";
        /// Its number, from 1.
        NUMBER = "frame.number", Uint(Dec), "Frame Number";
        /// When it was captured, in seconds since 1970.
        TIME_EPOCH = "frame.time_epoch", Time, "Epoch Time";
        /// Bytes on the wire.
        LEN = "frame.len", Uint(Dec), "Frame length on the wire";
        /// Bytes captured.
        CAP_LEN = "frame.cap_len", Uint(Dec), "Frame length stored into the capture file";
        /// Seconds since the frame before it.
        TIME_DELTA = "frame.time_delta", Duration, "Time delta from previous captured frame";
        /// Seconds since the first frame.
        TIME_RELATIVE = "frame.time_relative", Duration, "Time since reference or first frame";
        /// The index of its interface, from 0.
        INTERFACE_ID = "frame.interface_id", Uint(Dec), "Interface id";
        /// When it was captured.
        TIME = "frame.time", Date, "Arrival Time";
        /// Where its bytes begin in the file.
        FILE_OFF = "frame.file_off", Int, "File Offset";
        /// The name of its interface, where the file has interfaces.
        INTERFACE_NAME = "frame.interface_name", Text, "Interface name";
        /// A comment that the file has on it.
        COMMENT = "frame.comment", Text, "Comment";
        /// The protocols in it, from the outermost: `eth:ethertype:ip:tcp:http`. Of those that are known here.
        PROTOCOLS = "frame.protocols", Text, "Protocols in frame";
    }
}
