//! WebSocket's fields, by tshark's names.

crate::fields! {
    group: crate::field::group::WEBSOCKET;
    /// WebSocket
    protocol: "websocket";
    /// The last frame of its message (RFC 6455 5.2).
    FIN = "websocket.fin", Bool, "Fin";
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    RSV = "websocket.rsv", Uint(Hex(2)), "Reserved";
    /// RSV1 where permessage-deflate was agreed on (RFC 7692 6).
    PMC = "websocket.pmc", Bool, "Per-Message Compressed";
    /// What the frame is.
    OPCODE = "websocket.opcode", Uint(Dec), "Opcode";
    /// The payload is masked.
    MASK = "websocket.mask", Bool, "Mask";
    /// The length as its first byte tells it; 126 and 127 mean that more bytes do.
    LENGTH = "websocket.payload_length", Uint(Dec), "Payload length";
    /// The length in 16 bits.
    LENGTH_16 = "websocket.payload_length_ext_16", Uint(Dec), "Extended Payload length (16 bits)";
    /// The length in 64 bits.
    LENGTH_64 = "websocket.payload_length_ext_64", Uint(Dec), "Extended Payload length (64 bits)";
    /// What the payload is masked with (RFC 6455 5.3).
    MASKING_KEY = "websocket.masking_key", Bytes, "Masking-Key";
    /// There is a masked payload.
    MASKED_PAYLOAD = "websocket.masked_payload", Flag, "Masked payload";
    /// There is a payload.
    PAYLOAD = "websocket.payload", Flag, "Payload";
    /// The payload of a frame that continues a message and does not end it.
    CONTINUE = "websocket.payload.continue", Bytes, "Continue";
    /// A whole message of text, decompressed, up to its first zero byte.
    TEXT = "websocket.payload.text", Text, "Text";
    /// The payload of a Close.
    CLOSE = "websocket.payload.close", Flag, "Close";
    /// Why the session is closed (RFC 6455 7.4).
    CLOSE_CODE = "websocket.payload.close.status_code", Uint(Dec), "Status code";
    /// The same in words.
    CLOSE_REASON = "websocket.payload.close.reason", Text, "Reason";
    /// The payload of a Ping.
    PING = "websocket.payload.ping", Bytes, "Ping";
    /// The payload of a Pong.
    PONG = "websocket.payload.pong", Bytes, "Pong";
    /// The payload of a frame that is none of these.
    UNKNOWN = "websocket.payload.unknown", Bytes, "Unknown";
    /// A message was put together of several frames.
    FRAGMENTS = "websocket.fragments", Flag, "Reassembled websocket Fragments";
    /// The frames that it was put together of.
    FRAGMENT_COUNT = "websocket.fragment.count", Uint(Dec), "Fragment count";
    /// The bytes that it has before they are decompressed.
    REASSEMBLED_LENGTH = "websocket.reassembled.length", Uint(Dec), "Reassembled websocket Payload length";
    /// What is said to be compressed can't be decompressed.
    DECOMPRESSION_FAILED = "websocket.decompression.failed.expert", Flag, "Decompression failed";
}
