//! The fields of the NetBIOS Datagram Service, by tshark's names.

crate::fields! {
    group: crate::field::group::NBDGM;
    /// NetBIOS Datagram Service
    protocol: "nbdgm";
    /// What the datagram is (RFC 1002 4.4.1).
    TYPE = "nbdgm.type", Uint(Dec), "Message Type";
    FLAGS = "nbdgm.flags", Uint(Hex(2)), "Flags";
    NEXT = "nbdgm.next", Bool, "More fragments follow";
    FIRST = "nbdgm.first", Bool, "This is first fragment";
    NODE_TYPE = "nbdgm.node_type", Uint(Dec), "Node Type";
    ID = "nbdgm.dgram_id", Uint(Hex(4)), "Datagram ID";
    SOURCE_IP = "nbdgm.src.ip", Ipv4, "Source IP";
    SOURCE_PORT = "nbdgm.src.port", Uint(Dec), "Source Port";
    LENGTH = "nbdgm.dgram_len", Uint(Dec), "Datagram length";
    OFFSET = "nbdgm.pkt_offset", Uint(Dec), "Packet offset";
    ERROR_CODE = "nbdgm.error_code", Uint(Hex(2)), "Error code";
    SOURCE_NAME = "nbdgm.source_name", Text, "Source name";
    DESTINATION_NAME = "nbdgm.destination_name", Text, "Destination name";
}
