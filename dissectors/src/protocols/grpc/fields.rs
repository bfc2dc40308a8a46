//! gRPC's fields, by tshark's names.

crate::fields! {
    group: crate::field::group::GRPC;
    /// GRPC Message
    protocol: "grpc";
    /// What the message is: 0 data, 1 the trailers of gRPC-Web.
    FRAME_TYPE = "grpc.frame_type", Uint(Dec), "Frame Type";
    /// The message is compressed, with what `grpc-encoding` names.
    COMPRESSED_FLAG = "grpc.compressed_flag", Uint(Dec), "Compressed Flag";
    /// Bytes of the message.
    MESSAGE_LENGTH = "grpc.message_length", Uint(Dec), "Message Length";
    /// The message, as it was sent.
    MESSAGE_DATA = "grpc.message_data", Bytes, "Message Data";
    /// The method that is called, and not tshark's.
    PATH = "grpc.path", Text, "Path";
}
