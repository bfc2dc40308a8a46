//! Remarks on a segment, as a set.

use colloquy_dissectors::field::FieldId;

use crate::fields::engine::tcp;

/// What Wireshark remarks on a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rows) struct Remarks(u16);

/// Each remark with its field and its words in the info column, in the order in which they stand there.
pub(in crate::rows) const ALL: [(Remarks, FieldId, &str); 15] = [
    (
        Remarks::ZERO_WINDOW_PROBE_ACK,
        tcp::ANALYSIS_ZERO_WINDOW_PROBE_ACK,
        "TCP ZeroWindowProbeAck",
    ),
    (
        Remarks::ZERO_WINDOW,
        tcp::ANALYSIS_ZERO_WINDOW,
        "TCP ZeroWindow",
    ),
    (
        Remarks::ZERO_WINDOW_PROBE,
        tcp::ANALYSIS_ZERO_WINDOW_PROBE,
        "TCP ZeroWindowProbe",
    ),
    (
        Remarks::DUPLICATE_ACK,
        tcp::ANALYSIS_DUPLICATE_ACK,
        "TCP Dup ACK",
    ),
    (
        Remarks::KEEP_ALIVE_ACK,
        tcp::ANALYSIS_KEEP_ALIVE_ACK,
        "TCP Keep-Alive ACK",
    ),
    (
        Remarks::KEEP_ALIVE,
        tcp::ANALYSIS_KEEP_ALIVE,
        "TCP Keep-Alive",
    ),
    (
        Remarks::WINDOW_FULL,
        tcp::ANALYSIS_WINDOW_FULL,
        "TCP Window Full",
    ),
    (
        Remarks::WINDOW_UPDATE,
        tcp::ANALYSIS_WINDOW_UPDATE,
        "TCP Window Update",
    ),
    (
        Remarks::ACK_LOST_SEGMENT,
        tcp::ANALYSIS_ACK_LOST_SEGMENT,
        "TCP ACKed unseen segment",
    ),
    (
        Remarks::LOST_SEGMENT,
        tcp::ANALYSIS_LOST_SEGMENT,
        "TCP Previous segment not captured",
    ),
    (
        Remarks::OUT_OF_ORDER,
        tcp::ANALYSIS_OUT_OF_ORDER,
        "TCP Out-Of-Order",
    ),
    (
        Remarks::SPURIOUS_RETRANSMISSION,
        tcp::ANALYSIS_SPURIOUS_RETRANSMISSION,
        "TCP Spurious Retransmission",
    ),
    (
        Remarks::FAST_RETRANSMISSION,
        tcp::ANALYSIS_FAST_RETRANSMISSION,
        "TCP Fast Retransmission",
    ),
    (
        Remarks::RETRANSMISSION,
        tcp::ANALYSIS_RETRANSMISSION,
        "TCP Retransmission",
    ),
    (
        Remarks::REUSED_PORTS,
        tcp::ANALYSIS_REUSED_PORTS,
        "TCP Port numbers reused",
    ),
];

impl Remarks {
    pub(in crate::rows) const RETRANSMISSION: Self = Self(1);
    pub(in crate::rows) const FAST_RETRANSMISSION: Self = Self(1 << 1);
    pub(in crate::rows) const SPURIOUS_RETRANSMISSION: Self = Self(1 << 2);
    pub(super) const OUT_OF_ORDER: Self = Self(1 << 3);
    pub(super) const LOST_SEGMENT: Self = Self(1 << 4);
    pub(super) const ACK_LOST_SEGMENT: Self = Self(1 << 5);
    pub(in crate::rows) const DUPLICATE_ACK: Self = Self(1 << 6);
    pub(super) const KEEP_ALIVE: Self = Self(1 << 7);
    pub(super) const KEEP_ALIVE_ACK: Self = Self(1 << 8);
    pub(super) const ZERO_WINDOW: Self = Self(1 << 9);
    pub(super) const ZERO_WINDOW_PROBE: Self = Self(1 << 10);
    pub(super) const ZERO_WINDOW_PROBE_ACK: Self = Self(1 << 11);
    pub(super) const WINDOW_UPDATE: Self = Self(1 << 12);
    pub(super) const WINDOW_FULL: Self = Self(1 << 13);
    pub(super) const REUSED_PORTS: Self = Self(1 << 14);

    pub(super) const fn add(&mut self, remark: Self) {
        self.0 |= remark.0;
    }

    /// True when `remark` is among them.
    pub(in crate::rows) const fn has(self, remark: Self) -> bool {
        self.0 & remark.0 != 0
    }

    /// With those of `other`.
    pub(in crate::rows) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True without any.
    pub(in crate::rows) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
