//! NBSS's fields, by tshark's names.

crate::fields! {
    group: crate::field::group::NBSS;
    /// NetBIOS Session Service
    protocol: "nbss";
    /// What the packet is (RFC 1002 4.3.1).
    TYPE = "nbss.type", Uint(Hex(2)), "Message Type";
    /// Bytes that follow the head.
    LENGTH = "nbss.length", Uint(Dec), "Length";
    /// Flags of the head; bit 0 extends the length.
    FLAGS = "nbss.flags", Uint(Hex(2)), "Flags";
    /// The length goes on in this bit.
    FLAGS_E = "nbss.flags.e", Bool, "Extend";
    /// Why a session was refused (RFC 1002 4.3.4).
    ERROR_CODE = "nbss.error_code", Uint(Hex(2)), "Error code";
    /// Who is called, decoded (RFC 1001 14.1).
    CALLED_NAME = "nbss.called_name", Text, "Called name";
    /// Who calls.
    CALLING_NAME = "nbss.calling_name", Text, "Calling name";
    /// Where to call instead: the address.
    RETARGET_IP = "nbss.retarget_ip_address", Ipv4, "Retarget IP address";
    /// Where to call instead: the port.
    RETARGET_PORT = "nbss.retarget_port", Uint(Dec), "Retarget port";
}
