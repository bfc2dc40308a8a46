//! The port mapper's fields.

crate::fields! {
    group: crate::field::group::PORTMAP;
    /// Portmap
    protocol: "portmap";
    /// The procedure of version 1.
    PROCEDURE_V1 = "portmap.procedure_v1", Uint(Dec), "V1 Procedure";
    /// The procedure of version 2.
    PROCEDURE_V2 = "portmap.procedure_v2", Uint(Dec), "V2 Procedure";
    /// The procedure of rpcbind, version 3.
    PROCEDURE_V3 = "portmap.procedure_v3", Uint(Dec), "V3 Procedure";
    /// The procedure of rpcbind, version 4.
    PROCEDURE_V4 = "portmap.procedure_v4", Uint(Dec), "V4 Procedure";
    /// The program that is asked for or told of (RFC 1833 section 3).
    PROG = "portmap.prog", Uint(Dec), "Program";
    /// Its version.
    VERSION = "portmap.version", Uint(Dec), "Version";
    /// Its IP protocol.
    PROTO_NUMBER = "portmap.proto", Uint(Dec), "Protocol";
    /// Its port; 0 when it is not registered.
    PORT = "portmap.port", Uint(Dec), "Port";
    /// The procedure that CALLIT calls.
    PROC = "portmap.proc", Uint(Dec), "Procedure";
    /// Whether SET or UNSET did it.
    ANSWER = "portmap.answer", Bool, "Answer";
    /// The arguments of CALLIT's inner call.
    ARGS = "portmap.args", Bytes, "Arguments";
    /// The results of CALLIT's inner call.
    RESULT = "portmap.result", Bytes, "Result";
    /// A mapping of rpcbind.
    RPCB = "portmap.rpcb", Flag, "RPCB";
    /// rpcbind: the program (RFC 1833 section 2).
    RPCB_PROG = "portmap.rpcb.prog", Uint(Dec), "Program";
    /// rpcbind: its version.
    RPCB_VERSION = "portmap.rpcb.version", Uint(Dec), "Version";
    /// rpcbind: the network.
    RPCB_NETID = "portmap.rpcb.netid", Text, "Network Id";
    /// rpcbind: the universal address.
    RPCB_ADDR = "portmap.rpcb.addr", Text, "Universal Address";
    /// rpcbind: who registered it.
    RPCB_OWNER = "portmap.rpcb.owner", Text, "Owner of this Service";
    /// The universal address that answers GETADDR.
    UADDR = "portmap.uaddr", Text, "Universal Address";
}
