//! The fields of what carries messages: the frame, link, IP, UDP and TCP; and the columns of a summary line.

use colloquy_dissectors::field::FieldInfo;

/// A table a group.
pub(super) const FIELDS: &[&[FieldInfo]] = &[column::FIELDS, frame::FIELDS];

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
    }
}
