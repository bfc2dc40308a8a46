//! Which bytes a protocol has in filters, as its item in tshark 4.0 has them.

use colloquy_dissectors::field::{FieldId, group};

/// Where the bytes of a protocol are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// In the frame: the frame itself or a header of it, of TCP and ICMP with what they carry; what follows is searched too.
    Header,
    /// All of a message: its header and what it carries.
    Message,
    /// From a message on to the end of the one that it is in: of SMB's compounds each holds those behind it.
    Outer,
    /// From the first message that begins in a frame to the end of what the frame brings.
    Rest,
    /// The message's own header; what it carries is searched too.
    Head,
}

impl Contents {
    /// Of a protocol; `None` where they are not known: what tshark shows there was put together, or it shows
    /// other bytes than those that were read.
    pub const fn of(protocol: FieldId) -> Option<Self> {
        if protocol.place() != 0 {
            return None;
        }
        Some(match protocol.group() {
            group::FRAME..=group::ARP => Self::Header,
            group::NBSS | group::RPC | group::DCERPC | group::HTTP | group::HTTP2 | group::LDAP => {
                Self::Message
            }
            group::SMB | group::SMB2 => Self::Outer,
            group::TLS | group::SSH | group::SSDP | group::NBDGM => Self::Rest,
            group::WEBSOCKET => Self::Head,
            _ => return None,
        })
    }
}
