//! QUIC's fields, by tshark's names.

crate::fields! {
    group: crate::field::group::QUIC;
    /// QUIC IETF
    protocol: "quic";
    /// Bytes of the packet.
    PACKET_LENGTH = "quic.packet_length", Uint(Dec), "Packet Length";
    /// 1: a long header, 0: a short one (RFC 8999 5).
    HEADER_FORM = "quic.header_form", Uint(Dec), "Header Form";
    /// Set in all packets but those of Version Negotiation.
    FIXED_BIT = "quic.fixed_bit", Bool, "Fixed Bit";
    /// 0 Initial, 1 0-RTT, 2 Handshake, 3 Retry (RFC 9000 17.2).
    PACKET_TYPE = "quic.long.packet_type", Uint(Dec), "Packet Type";
    /// The same in version 2: 1 Initial, 2 0-RTT, 3 Handshake, 0 Retry (RFC 9369 3.2).
    PACKET_TYPE_V2 = "quic.long.packet_type_v2", Uint(Dec), "Packet Type";
    /// Two bits that must be 0.
    LONG_RESERVED = "quic.long.reserved", Uint(Dec), "Reserved";
    /// Bytes of the packet number, less one.
    PACKET_NUMBER_LENGTH = "quic.packet_number_length", Uint(Dec), "Packet Number Length";
    /// The version.
    VERSION = "quic.version", Uint(Hex(8)), "Version";
    /// Bytes of the destination's connection id.
    DCIL = "quic.dcil", Uint(Dec), "Destination Connection ID Length";
    /// The connection by the receiver's choice.
    DCID = "quic.dcid", Bytes, "Destination Connection ID";
    /// Bytes of the source's connection id.
    SCIL = "quic.scil", Uint(Dec), "Source Connection ID Length";
    /// The connection by the sender's choice.
    SCID = "quic.scid", Bytes, "Source Connection ID";
    /// Bytes of the token.
    TOKEN_LENGTH = "quic.token_length", Uint(Dec), "Token Length";
    /// What a Retry or an earlier connection has given the client.
    TOKEN = "quic.token", Bytes, "Token";
    /// Bytes that follow, the packet number included.
    LENGTH = "quic.length", Uint(Dec), "Length";
    /// The packet number in full.
    PACKET_NUMBER = "quic.packet_number", Uint(Dec), "Packet Number";
    /// The encrypted bytes of a packet that could be opened.
    PAYLOAD = "quic.payload", Bytes, "Payload";
    /// Those of a packet with a short header.
    PROTECTED_PAYLOAD = "quic.protected_payload", Bytes, "Protected Payload";
    /// What is left of a packet that could not be opened.
    REMAINING_PAYLOAD = "quic.remaining_payload", Bytes, "Remaining Payload";
    /// What stands behind the packets of a datagram and is none.
    COALESCED_PADDING = "quic.coalesced_padding_data", Flag, "Coalesced Padding Data";
    /// A version that the server has.
    SUPPORTED_VERSION = "quic.supported_version", Uint(Hex(8)), "Supported Version";
    /// Seven bits of a Version Negotiation that mean nothing.
    VN_UNUSED = "quic.vn.unused", Uint(Hex(2)), "Unused";
    /// What the client is to show when it comes again.
    RETRY_TOKEN = "quic.retry_token", Bytes, "Retry Token";
    /// Shows that the server has seen the client's first packet (RFC 9001 5.8).
    RETRY_TAG = "quic.retry_integrity_tag", Bytes, "Retry Integrity Tag";
    /// A short header.
    SHORT = "quic.short", Flag, "QUIC Short Header";
    /// Turns with every round trip (RFC 9000 17.4).
    SPIN_BIT = "quic.spin_bit", Bool, "Spin Bit";
    /// Two bits that must be 0.
    SHORT_RESERVED = "quic.short.reserved", Uint(Dec), "Reserved";
    /// Turns with every update of keys (RFC 9001 6).
    KEY_PHASE = "quic.key_phase", Bool, "Key Phase Bit";

    /// A frame (RFC 9000 19).
    FRAME = "quic.frame", Flag, "Frame";
    /// Which one.
    FRAME_TYPE = "quic.frame_type", Uint(Dec), "Frame Type";
    /// Bytes of padding.
    PADDING_LENGTH = "quic.padding_length", Uint(Dec), "Padding Length";
    /// The largest packet number that came.
    ACK_LARGEST = "quic.ack.largest_acknowledged", Uint(Dec), "Largest Acknowledged";
    /// How long it took to say so, in units that the sides have agreed on.
    ACK_DELAY = "quic.ack.ack_delay", Uint(Dec), "ACK Delay";
    /// Further ranges.
    ACK_RANGE_COUNT = "quic.ack.ack_range_count", Uint(Dec), "ACK Range Count";
    /// Packets without a gap before the largest.
    ACK_FIRST_RANGE = "quic.ack.first_ack_range", Uint(Dec), "First ACK Range";
    /// Packets that did not come, less one.
    ACK_GAP = "quic.ack.gap", Uint(Dec), "Gap";
    /// Packets that came, less one.
    ACK_RANGE = "quic.ack.ack_range", Uint(Dec), "ACK Range";
    /// Packets marked ECT(0).
    ACK_ECT0 = "quic.ack.ect0_count", Uint(Dec), "ECT(0) Count";
    /// Packets marked ECT(1).
    ACK_ECT1 = "quic.ack.ect1_count", Uint(Dec), "ECT(1) Count";
    /// Packets that met congestion.
    ACK_CE = "quic.ack.ecn_ce_count", Uint(Dec), "ECN-CE Count";
    /// RESET_STREAM: the stream that its sender gives up.
    RSTS_STREAM = "quic.rsts.stream_id", Uint(Dec), "Stream ID";
    /// RESET_STREAM: why.
    RSTS_ERROR = "quic.rsts.application_error_code", Uint(Dec), "Application Error code";
    /// RESET_STREAM: bytes of the stream.
    RSTS_SIZE = "quic.rsts.final_size", Uint(Dec), "Final Size";
    /// STOP_SENDING: the stream that its receiver does not want.
    SS_STREAM = "quic.ss.stream_id", Uint(Dec), "Stream ID";
    /// STOP_SENDING: why.
    SS_ERROR = "quic.ss.application_error_code", Uint(Dec), "Application Error code";
    /// CRYPTO: where in the handshake's bytes.
    CRYPTO_OFFSET = "quic.crypto.offset", Uint(Dec), "Offset";
    /// CRYPTO: how many bytes.
    CRYPTO_LENGTH = "quic.crypto.length", Uint(Dec), "Length";
    /// CRYPTO: bytes of the handshake.
    CRYPTO_DATA = "quic.crypto.crypto_data", Flag, "Crypto Data";
    /// NEW_TOKEN: bytes of the token.
    NT_LENGTH = "quic.nt.length", Uint(Dec), "(Token) Length";
    /// NEW_TOKEN: for the client's next connection.
    NT_TOKEN = "quic.nt.token", Bytes, "Token";
    /// STREAM: the stream ends with it.
    STREAM_FIN = "quic.stream.fin", Bool, "Fin";
    /// STREAM: it says its length.
    STREAM_LEN = "quic.stream.len", Bool, "Len(gth)";
    /// STREAM: it says its offset.
    STREAM_OFF = "quic.stream.off", Bool, "Off(set)";
    /// STREAM: which one.
    STREAM_ID = "quic.stream.stream_id", Uint(Dec), "Stream ID";
    /// STREAM: 0 the client has opened it, 1 the server.
    STREAM_INITIATOR = "quic.stream.initiator", Uint(Dec), "Stream initiator";
    /// STREAM: 0 both ways, 1 one way.
    STREAM_DIRECTION = "quic.stream.direction", Uint(Dec), "Stream direction";
    /// STREAM: where in the stream.
    STREAM_OFFSET = "quic.stream.offset", Uint(Dec), "Offset";
    /// STREAM: how many bytes.
    STREAM_LENGTH = "quic.stream.length", Uint(Dec), "Length";
    /// STREAM: the bytes.
    STREAM_DATA = "quic.stream_data", Bytes, "Stream Data";
    /// MAX_DATA: bytes that may be sent on all streams.
    MD = "quic.md.maximum_data", Uint(Dec), "Maximum Data";
    /// MAX_STREAM_DATA: which stream.
    MSD_STREAM = "quic.msd.stream_id", Uint(Dec), "Stream ID";
    /// MAX_STREAM_DATA: bytes that may be sent on it.
    MSD = "quic.msd.maximum_stream_data", Uint(Dec), "Maximum Stream Data";
    /// MAX_STREAMS: streams that may be opened.
    MS = "quic.ms.max_streams", Uint(Dec), "Max Streams";
    /// DATA_BLOCKED: the sender has to wait at so many bytes.
    DB = "quic.sb.stream_data_limit", Uint(Dec), "Stream Data Limit";
    /// STREAM_DATA_BLOCKED: which stream.
    SDB_STREAM = "quic.sdb.stream_id", Uint(Dec), "Stream ID";
    /// STREAMS_BLOCKED: the sender has to wait at so many streams.
    SIB = "quic.sib.stream_limit", Uint(Dec), "Stream Limit";
    /// NEW_CONNECTION_ID: its number.
    NCI_SEQUENCE = "quic.nci.sequence", Uint(Dec), "Sequence";
    /// NEW_CONNECTION_ID: those before this one are to be given up.
    NCI_RETIRE = "quic.nci.retire_prior_to", Uint(Dec), "Retire Prior To";
    /// NEW_CONNECTION_ID: its bytes.
    NCI_LENGTH = "quic.nci.connection_id.length", Uint(Dec), "Connection ID Length";
    /// NEW_CONNECTION_ID: the id.
    NCI_ID = "quic.nci.connection_id", Bytes, "Connection ID";
    /// NEW_CONNECTION_ID: what a reset of a connection that was forgotten will show.
    NCI_TOKEN = "quic.nci.stateless_reset_token", Bytes, "Stateless Reset Token";
    /// RETIRE_CONNECTION_ID: its number.
    RCI_SEQUENCE = "quic.rci.sequence", Uint(Dec), "Sequence";
    /// PATH_CHALLENGE: to be sent back.
    PATH_CHALLENGE = "quic.path_challenge.data", Bytes, "Data";
    /// PATH_RESPONSE: what was asked for.
    PATH_RESPONSE = "quic.path_response.data", Bytes, "Data";
    /// CONNECTION_CLOSE: why, of the transport (RFC 9000 20.1).
    CC_ERROR = "quic.cc.error_code", Uint(Dec), "Error code";
    /// CONNECTION_CLOSE: why, of the application.
    CC_APP_ERROR = "quic.cc.error_code.app", Uint(Dec), "Application Error code";
    /// CONNECTION_CLOSE: the alert of TLS (RFC 9001 4.8).
    CC_ALERT = "quic.cc.error_code.tls_alert", Uint(Dec), "TLS Alert Description";
    /// CONNECTION_CLOSE: the frame that is to blame.
    CC_FRAME_TYPE = "quic.cc.frame_type", Uint(Dec), "Frame Type";
    /// CONNECTION_CLOSE: bytes of the phrase.
    CC_REASON_LENGTH = "quic.cc.reason_phrase.length", Uint(Dec), "Reason phrase Length";
    /// CONNECTION_CLOSE: why, in words.
    CC_REASON = "quic.cc.reason_phrase", Text, "Reason phrase";
    /// DATAGRAM: bytes of it (RFC 9221).
    DG_LENGTH = "quic.dg.length", Uint(Dec), "Datagram Length";
    /// DATAGRAM: the bytes.
    DG = "quic.dg", Bytes, "Datagram";
}
