//! One frame taken apart: link types, VLAN tags, tunnels, IP and the transport header.
//!
//! [`decode`] neither allocates nor copies: a [`Decoded`] is plain data, every place in the frame an offset. It reads to the
//! innermost IP header, as tshark does, and it is lax: what stands before a cut is kept and [`Decoded::stop`] says why
//! decoding ended. Payload lengths come from the IP and transport headers, never from the frame's end, so Ethernet
//! padding is not payload; an IPv4 total length of 0 (segmentation offload) means the rest of the frame.
//!
//! Heads up, read first: RFC 791 s3.1, RFC 8200 s3-4, RFC 9293 s3.1, and the registry of link types at tcpdump.org.
//!
//! ```text
//!  link.rs ─► ethertype ─► ip.rs ─► transport.rs ─► Decoded ─► FlowKey
//!  wlan.rs ─┘     ▲         │ ▲         │
//!                 └─ tunnel.rs ◄────────┘          Fragment ─► Defragmenter ─► decoded again
//! ```

pub mod checksum;
mod cursor;
mod decoded;
pub mod defragment;
mod extension;
mod flow;
mod headers;
mod icmp;
mod ip;
mod link;
mod tcp;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;
mod walk;
mod wlan;

pub use decoded::{
    CutHeader, Decoded, Extent, FragmentInfo, IcmpMessage, Layer, Network, Quoted, SackBlocks,
    Stop, TcpFlags, TcpOptions, TcpSegment, Transport, UdpDatagram,
};
pub use defragment::{Defragmented, Defragmenter, Incomplete};
pub use flow::FlowKey;
pub use headers::{Header, HeaderKind, Headers};
pub(crate) use walk::decode_to;
pub use walk::{decode, decode_headers, decode_payload, decode_payload_headers};
