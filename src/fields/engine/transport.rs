//! UDP and TCP.

/// UDP.
pub mod udp {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::UDP;
        /// User Datagram Protocol
        protocol: "udp";
        /// Source port.
        SRCPORT = "udp.srcport", Uint(Dec), "Source Port";
        /// Destination port.
        DSTPORT = "udp.dstport", Uint(Dec), "Destination Port";
        /// Both.
        PORT = "udp.port", Uint(Dec), "Source or Destination Port";
        /// Bytes of header and payload.
        LENGTH = "udp.length", Uint(Dec), "Length";
        /// Checksum.
        CHECKSUM = "udp.checksum", Uint(Hex(4)), "Checksum";
        /// The number of the conversation among those of UDP.
        STREAM = "udp.stream", Uint(Dec), "Stream index";
        /// Seconds since the conversation's first frame.
        TIME_RELATIVE = "udp.time_relative", Duration, "Time since first frame";
        /// Seconds since the conversation's frame before.
        TIME_DELTA = "udp.time_delta", Duration, "Time since previous frame";
        /// The payload.
        PAYLOAD = "udp.payload", Bytes, "UDP payload";
        /// 3 without a checksum, else 2, unverified, as tshark has it unless it is told to verify.
        CHECKSUM_STATUS = "udp.checksum.status", Uint(Dec), "Checksum Status";
    }
}

/// TCP.
pub mod tcp {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::TCP;
        /// Transmission Control Protocol
        protocol: "tcp";
        /// Source port.
        SRCPORT = "tcp.srcport", Uint(Dec), "Source Port";
        /// Destination port.
        DSTPORT = "tcp.dstport", Uint(Dec), "Destination Port";
        /// Both.
        PORT = "tcp.port", Uint(Dec), "Source or Destination Port";
        /// The number of the connection.
        STREAM = "tcp.stream", Uint(Dec), "Stream index";
        /// What was seen of the connection, bit by bit: SYN 1, SYN/ACK 2, ACK 4, data 8, FIN 16, RST 32.
        COMPLETENESS = "tcp.completeness", Uint(Dec), "Conversation completeness";
        /// Bytes of payload.
        LEN = "tcp.len", Uint(Dec), "TCP Segment Len";
        /// Sequence number, from the connection's beginning.
        SEQ = "tcp.seq", Uint(Dec), "Sequence Number";
        /// Sequence number as on the wire.
        SEQ_RAW = "tcp.seq_raw", Uint(Dec), "Sequence Number (raw)";
        /// The sequence number that follows.
        NXTSEQ = "tcp.nxtseq", Uint(Dec), "Next Sequence Number";
        /// Acknowledgment number, from the connection's beginning.
        ACK = "tcp.ack", Uint(Dec), "Acknowledgment Number";
        /// Acknowledgment number as on the wire.
        ACK_RAW = "tcp.ack_raw", Uint(Dec), "Acknowledgment number (raw)";
        /// Bytes of the header with options.
        HDR_LEN = "tcp.hdr_len", Uint(Dec), "Header Length";
        /// The flags, with the reserved bits.
        FLAGS = "tcp.flags", Uint(Hex(4)), "Flags";
        /// Reserved.
        FLAGS_RES = "tcp.flags.res", Bool, "Reserved";
        /// Accurate ECN.
        FLAGS_AE = "tcp.flags.ae", Bool, "Accurate ECN";
        /// Congestion window reduced.
        FLAGS_CWR = "tcp.flags.cwr", Bool, "Congestion Window Reduced";
        /// ECN echo.
        FLAGS_ECE = "tcp.flags.ece", Bool, "ECN-Echo";
        /// Urgent.
        FLAGS_URG = "tcp.flags.urg", Bool, "Urgent";
        /// Acknowledgment.
        FLAGS_ACK = "tcp.flags.ack", Bool, "Acknowledgment";
        /// Push.
        FLAGS_PUSH = "tcp.flags.push", Bool, "Push";
        /// Reset.
        FLAGS_RESET = "tcp.flags.reset", Bool, "Reset";
        /// Synchronize.
        FLAGS_SYN = "tcp.flags.syn", Bool, "Syn";
        /// Finish.
        FLAGS_FIN = "tcp.flags.fin", Bool, "Fin";
        /// The flags as letters.
        FLAGS_STR = "tcp.flags.str", Text, "TCP Flags";
        /// A SYN.
        CONNECTION_SYN = "tcp.connection.syn", Flag, "Connection establish request (SYN)";
        /// A SYN that acknowledges another.
        CONNECTION_SYNACK = "tcp.connection.synack", Flag, "Connection establish acknowledge (SYN+ACK)";
        /// A FIN.
        CONNECTION_FIN = "tcp.connection.fin", Flag, "Connection finish (FIN)";
        /// A RST.
        CONNECTION_RST = "tcp.connection.rst", Flag, "Connection reset (RST)";
        /// Window as on the wire.
        WINDOW_SIZE_VALUE = "tcp.window_size_value", Uint(Dec), "Window";
        /// Window in bytes, as far as the scale is known.
        WINDOW_SIZE = "tcp.window_size", Uint(Dec), "Calculated window size";
        /// By what it is multiplied: -1 unknown, -2 not scaled.
        WINDOW_SIZE_SCALEFACTOR = "tcp.window_size_scalefactor", Int, "Window size scaling factor";
        /// Checksum.
        CHECKSUM = "tcp.checksum", Uint(Hex(4)), "Checksum";
        /// Urgent pointer.
        URGENT_POINTER = "tcp.urgent_pointer", Uint(Dec), "Urgent Pointer";
        /// The options.
        OPTIONS = "tcp.options", Bytes, "TCP Options";
        /// What each is.
        OPTION_KIND = "tcp.option_kind", Uint(Dec), "Kind";
        /// How long each is.
        OPTION_LEN = "tcp.option_len", Uint(Dec), "Length";
        /// Maximum segment size.
        OPTIONS_MSS_VAL = "tcp.options.mss_val", Uint(Dec), "MSS Value";
        /// Window scale: a shift count.
        OPTIONS_WSCALE_SHIFT = "tcp.options.wscale.shift", Uint(Dec), "Shift count";
        /// Window scale: by what the window is multiplied.
        OPTIONS_WSCALE_MULTIPLIER = "tcp.options.wscale.multiplier", Uint(Dec), "Multiplier";
        /// Left edges of what was received beyond a hole, relative.
        OPTIONS_SACK_LE = "tcp.options.sack_le", Uint(Dec), "TCP SACK Left Edge";
        /// Right edges.
        OPTIONS_SACK_RE = "tcp.options.sack_re", Uint(Dec), "TCP SACK Right Edge";
        /// How many.
        OPTIONS_SACK_COUNT = "tcp.options.sack.count", Uint(Dec), "TCP SACK Count";
        /// Timestamp.
        OPTIONS_TIMESTAMP_TSVAL = "tcp.options.timestamp.tsval", Uint(Dec), "Timestamp value";
        /// Timestamp echoed.
        OPTIONS_TIMESTAMP_TSECR = "tcp.options.timestamp.tsecr", Uint(Dec), "Timestamp echo reply";
        /// Seconds since the connection's first frame.
        TIME_RELATIVE = "tcp.time_relative", Duration, "Time since first frame in this TCP stream";
        /// Seconds since the connection's frame before.
        TIME_DELTA = "tcp.time_delta", Duration, "Time since previous frame in this TCP stream";
        /// What follows was found out.
        ANALYSIS = "tcp.analysis", Protocol, "SEQ/ACK analysis";
        /// The frame with the segment that this one acknowledges.
        ANALYSIS_ACKS_FRAME = "tcp.analysis.acks_frame", Frame, "This is an ACK to the segment in frame";
        /// How long that took.
        ANALYSIS_ACK_RTT = "tcp.analysis.ack_rtt", Duration, "The RTT to ACK the segment was";
        /// How long the handshake took.
        ANALYSIS_INITIAL_RTT = "tcp.analysis.initial_rtt", Duration, "iRTT";
        /// Bytes sent and not acknowledged.
        ANALYSIS_BYTES_IN_FLIGHT = "tcp.analysis.bytes_in_flight", Uint(Dec), "Bytes in flight";
        /// Bytes since the last PSH.
        ANALYSIS_PUSH_BYTES_SENT = "tcp.analysis.push_bytes_sent", Uint(Dec), "Bytes sent since last PSH flag";
        /// One of the remarks below is there.
        ANALYSIS_FLAGS = "tcp.analysis.flags", Flag, "TCP Analysis Flags";
        /// A segment that was sent before.
        ANALYSIS_RETRANSMISSION = "tcp.analysis.retransmission", Flag, "This frame is a (suspected) retransmission";
        /// … and the receiver had asked for it by duplicate ACKs.
        ANALYSIS_FAST_RETRANSMISSION = "tcp.analysis.fast_retransmission", Flag, "This frame is a (suspected) fast retransmission";
        /// … and the receiver had it already.
        ANALYSIS_SPURIOUS_RETRANSMISSION = "tcp.analysis.spurious_retransmission", Flag, "This frame is a (suspected) spurious retransmission";
        /// A segment that was overtaken.
        ANALYSIS_OUT_OF_ORDER = "tcp.analysis.out_of_order", Flag, "This frame is a (suspected) out-of-order segment";
        /// Bytes before this segment were not seen.
        ANALYSIS_LOST_SEGMENT = "tcp.analysis.lost_segment", Flag, "Previous segment(s) not captured (common at capture start)";
        /// It acknowledges what was not seen.
        ANALYSIS_ACK_LOST_SEGMENT = "tcp.analysis.ack_lost_segment", Flag, "ACKed segment that wasn't captured (common at capture start)";
        /// It says again what the one before said.
        ANALYSIS_DUPLICATE_ACK = "tcp.analysis.duplicate_ack", Flag, "Duplicate ACK";
        /// Which of the duplicates it is.
        ANALYSIS_DUPLICATE_ACK_NUM = "tcp.analysis.duplicate_ack_num", Uint(Dec), "Duplicate ACK #";
        /// The frame that said it first.
        ANALYSIS_DUPLICATE_ACK_FRAME = "tcp.analysis.duplicate_ack_frame", Frame, "Duplicate to the ACK in frame";
        /// It asks whether the peer is there.
        ANALYSIS_KEEP_ALIVE = "tcp.analysis.keep_alive", Flag, "TCP keep-alive segment";
        /// The answer.
        ANALYSIS_KEEP_ALIVE_ACK = "tcp.analysis.keep_alive_ack", Flag, "ACK to a TCP keep-alive segment";
        /// The receiver has no room.
        ANALYSIS_ZERO_WINDOW = "tcp.analysis.zero_window", Flag, "TCP Zero Window segment";
        /// It asks whether there is room again.
        ANALYSIS_ZERO_WINDOW_PROBE = "tcp.analysis.zero_window_probe", Flag, "TCP Zero Window Probe";
        /// The answer: no.
        ANALYSIS_ZERO_WINDOW_PROBE_ACK = "tcp.analysis.zero_window_probe_ack", Flag, "ACK to a TCP Zero Window Probe";
        /// The receiver has more room.
        ANALYSIS_WINDOW_UPDATE = "tcp.analysis.window_update", Flag, "TCP window update";
        /// The sender has used all room there is.
        ANALYSIS_WINDOW_FULL = "tcp.analysis.window_full", Flag, "TCP window specified by the receiver is now completely full";
        /// A new connection between ports that had one.
        ANALYSIS_REUSED_PORTS = "tcp.analysis.reused_ports", Flag, "A new tcp session is started with the same ports as an earlier session in this trace";
        /// How long the sender waited until it sent the segment again.
        ANALYSIS_RTO = "tcp.analysis.rto", Duration, "The RTO for this segment was";
        /// Since which frame.
        ANALYSIS_RTO_FRAME = "tcp.analysis.rto_frame", Frame, "RTO based on delta from frame";
        /// The payload.
        PAYLOAD = "tcp.payload", Bytes, "TCP payload";
        /// Always 2, unverified, as tshark has it unless it is told to verify.
        CHECKSUM_STATUS = "tcp.checksum.status", Uint(Dec), "Checksum Status";
    }
}
