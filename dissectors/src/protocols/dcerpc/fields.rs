//! The fields of DCE/RPC and of the endpoint mapper, by tshark's names.

use crate::field::Pair;

crate::fields! {
    group: crate::field::group::DCERPC;
    /// Distributed Computing Environment / Remote Procedure Call (DCE/RPC)
    protocol: "dcerpc";
    /// 5 over connections, 4 in datagrams (C706 12.6.3, 12.5.2).
    VER = "dcerpc.ver", Uint(Dec), "Version";
    /// The minor version.
    VER_MINOR = "dcerpc.ver_minor", Uint(Dec), "Version (minor)";
    /// What the PDU is.
    PKT_TYPE = "dcerpc.pkt_type", Uint(Dec), "Packet type";
    /// Flags of the header.
    CN_FLAGS = "dcerpc.cn_flags", Uint(Hex(2)), "Packet Flags";
    /// The first fragment.
    CN_FLAGS_FIRST = "dcerpc.cn_flags.first_frag", Bool, "First Frag";
    /// The last fragment.
    CN_FLAGS_LAST = "dcerpc.cn_flags.last_frag", Bool, "Last Frag";
    /// A cancel was pending; of a bind: headers are signed.
    CN_FLAGS_CANCEL = "dcerpc.cn_flags.cancel_pending", Bool, "Cancel Pending";
    /// Nobody's.
    CN_FLAGS_RESERVED = "dcerpc.cn_flags.reserved", Bool, "Reserved";
    /// Several calls at once on one connection.
    CN_FLAGS_MPX = "dcerpc.cn_flags.mpx", Bool, "Multiplex";
    /// The call was not carried out.
    CN_FLAGS_DNE = "dcerpc.cn_flags.dne", Bool, "Did Not Execute";
    /// No answer is wanted.
    CN_FLAGS_MAYBE = "dcerpc.cn_flags.maybe", Bool, "Maybe";
    /// The UUID of an object follows.
    CN_FLAGS_OBJECT = "dcerpc.cn_flags.object", Bool, "Object";
    /// The sender's data representation (C706 14.1).
    DREP = "dcerpc.drep", Bytes, "Data Representation";
    /// Its byte order.
    DREP_BYTEORDER = "dcerpc.drep.byteorder", Uint(Dec), "Byte order";
    /// Its characters.
    DREP_CHARACTER = "dcerpc.drep.character", Uint(Dec), "Character";
    /// Its floating-point numbers.
    DREP_FP = "dcerpc.drep.fp", Uint(Dec), "Floating-point";
    /// Bytes of the PDU.
    CN_FRAG_LEN = "dcerpc.cn_frag_len", Uint(Dec), "Frag Length";
    /// Bytes of its security token.
    CN_AUTH_LEN = "dcerpc.cn_auth_len", Uint(Dec), "Auth Length";
    /// The call.
    CN_CALL_ID = "dcerpc.cn_call_id", Uint(Dec), "Call ID";
    /// The longest fragment that the sender sends.
    CN_MAX_XMIT = "dcerpc.cn_max_xmit", Uint(Dec), "Max Xmit Frag";
    /// The longest that it takes.
    CN_MAX_RECV = "dcerpc.cn_max_recv", Uint(Dec), "Max Recv Frag";
    /// The association group.
    CN_ASSOC_GROUP = "dcerpc.cn_assoc_group", Uint(Hex(8)), "Assoc Group";
    /// Presentation contexts that are offered.
    CN_NUM_CTX_ITEMS = "dcerpc.cn_num_ctx_items", Uint(Dec), "Num Ctx Items";
    /// One of them.
    CN_CTX_ITEM = "dcerpc.cn_ctx_item", Flag, "Ctx Item";
    /// Its number.
    CN_CTX_ID = "dcerpc.cn_ctx_id", Uint(Dec), "Context ID";
    /// Transfer syntaxes that are offered with it.
    CN_NUM_TRANS_ITEMS = "dcerpc.cn_num_trans_items", Uint(Dec), "Num Trans Items";
    /// The interface that is offered.
    CN_BIND_ABSTRACT_SYNTAX = "dcerpc.cn_bind_abstract_syntax", Flag, "Abstract Syntax";
    /// Its UUID.
    CN_BIND_TO_UUID = "dcerpc.cn_bind_to_uuid", Guid, "Interface UUID";
    /// Its version.
    CN_BIND_IF_VER = "dcerpc.cn_bind_if_ver", Uint(Dec), "Interface Ver";
    /// Its minor version.
    CN_BIND_IF_VER_MINOR = "dcerpc.cn_bind_if_ver_minor", Uint(Dec), "Interface Ver Minor";
    /// A transfer syntax that is offered.
    CN_BIND_TRANS = "dcerpc.cn_bind_trans", Flag, "Transfer Syntax";
    /// Its UUID.
    CN_BIND_TRANS_ID = "dcerpc.cn_bind_trans_id", Guid, "ID";
    /// Its version.
    CN_BIND_TRANS_VER = "dcerpc.cn_bind_trans_ver", Uint(Dec), "ver";
    /// Features that are negotiated at bind time (MS-RPCE 2.2.2.14).
    CN_BIND_TRANS_BTFN = "dcerpc.cn_bind_trans_btfn", Uint(Hex(4)), "Bind Time Features";
    /// Several security contexts on one connection.
    CN_BIND_TRANS_BTFN_01 = "dcerpc.cn_bind_trans_btfn.01", Bool, "Security Context Multiplexing Supported";
    /// The connection outlives an orphaned call.
    CN_BIND_TRANS_BTFN_02 = "dcerpc.cn_bind_trans_btfn.02", Bool, "Keep Connection On Orphan Supported";
    /// Bytes of stub that are still to come, as the sender guesses.
    CN_ALLOC_HINT = "dcerpc.cn_alloc_hint", Uint(Dec), "Alloc hint";
    /// Bytes of the secondary address.
    CN_SEC_ADDR_LEN = "dcerpc.cn_sec_addr_len", Uint(Dec), "Scndry Addr len";
    /// Where further connections of the group go.
    CN_SEC_ADDR = "dcerpc.cn_sec_addr", Text, "Scndry Addr";
    /// Answers to the contexts.
    CN_NUM_RESULTS = "dcerpc.cn_num_results", Uint(Dec), "Num results";
    /// The answer to one.
    CN_ACK_RESULT = "dcerpc.cn_ack_result", Uint(Dec), "Ack result";
    /// Why it was rejected.
    CN_ACK_REASON = "dcerpc.cn_ack_reason", Uint(Dec), "Ack reason";
    /// The transfer syntax that was chosen.
    CN_ACK_TRANS_ID = "dcerpc.cn_ack_trans_id", Guid, "Transfer Syntax";
    /// Its version.
    CN_ACK_TRANS_VER = "dcerpc.cn_ack_trans_ver", Uint(Dec), "Syntax ver";
    /// Why the bind was refused.
    CN_REJECT_REASON = "dcerpc.cn_reject_reason", Uint(Dec), "Reject reason";
    /// Versions of the protocol that the server has.
    CN_NUM_PROTOCOLS = "dcerpc.cn_num_protocols", Uint(Dec), "Number of protocols";
    /// One of them.
    CN_PROTOCOL_VER_MAJOR = "dcerpc.cn_protocol_ver_major", Uint(Dec), "Protocol major version";
    /// Its minor version.
    CN_PROTOCOL_VER_MINOR = "dcerpc.cn_protocol_ver_minor", Uint(Dec), "Protocol minor version";
    /// Cancels that were received.
    CN_CANCEL_COUNT = "dcerpc.cn_cancel_count", Uint(Dec), "Cancel count";
    /// Flags of a fault.
    CN_FAULT_FLAGS = "dcerpc.cn_fault_flags", Uint(Hex(2)), "Fault flags";
    /// More about the error follows.
    CN_FAULT_FLAGS_EXTENDED = "dcerpc.cn_fault_flags.extended_error", Bool, "Extended error information present";
    /// Why the call failed.
    CN_STATUS = "dcerpc.cn_status", Uint(Hex(8)), "Status";
    /// The operation; of an answer that of its request.
    OPNUM = "dcerpc.opnum", Uint(Dec), "Opnum";
    /// The object that is called.
    OBJ_ID = "dcerpc.obj_id", Guid, "Object";
    /// On a request: the frame of its answer.
    RESPONSE_IN = "dcerpc.response_in", Frame, "Response in frame";
    /// On an answer: the frame of its request.
    REQUEST_IN = "dcerpc.request_in", Frame, "Request in frame";
    /// On an answer: since its request.
    TIME = "dcerpc.time", Duration, "Time from request";
    /// The security trailer (C706 13.2.6.1).
    AUTH_INFO = "dcerpc.auth_info", Flag, "Auth Info";
    /// The security provider (MS-RPCE 2.2.1.1.7).
    AUTH_TYPE = "dcerpc.auth_type", Uint(Dec), "Auth type";
    /// What is protected (MS-RPCE 2.2.1.1.8).
    AUTH_LEVEL = "dcerpc.auth_level", Uint(Dec), "Auth level";
    /// Bytes of padding before the trailer.
    AUTH_PAD_LEN = "dcerpc.auth_pad_len", Uint(Dec), "Auth pad len";
    /// Nobody's.
    AUTH_RSRVD = "dcerpc.auth_rsrvd", Uint(Dec), "Auth Rsrvd";
    /// The security context.
    AUTH_CTX_ID = "dcerpc.auth_ctx_id", Uint(Dec), "Auth Context ID";
    /// The stub, where nobody can read it.
    STUB_DATA = "dcerpc.stub_data", Bytes, "Stub data";
    /// In datagrams: flags of the header (C706 12.5.2.2).
    DG_FLAGS1 = "dcerpc.dg_flags1", Uint(Hex(2)), "Flags1";
    /// Sent to all.
    DG_FLAGS1_BROADCAST = "dcerpc.dg_flags1_broadcast", Bool, "Broadcast";
    /// It may be carried out more than once.
    DG_FLAGS1_IDEMPOTENT = "dcerpc.dg_flags1_idempotent", Bool, "Idempotent";
    /// No answer is wanted.
    DG_FLAGS1_MAYBE = "dcerpc.dg_flags1_maybe", Bool, "Maybe";
    /// The fragment need not be acknowledged.
    DG_FLAGS1_NOFACK = "dcerpc.dg_flags1_nofack", Bool, "No Fack";
    /// A fragment.
    DG_FLAGS1_FRAG = "dcerpc.dg_flags1_frag", Bool, "Fragment";
    /// The last fragment.
    DG_FLAGS1_LAST_FRAG = "dcerpc.dg_flags1_last_frag", Bool, "Last Fragment";
    /// More flags.
    DG_FLAGS2 = "dcerpc.dg_flags2", Uint(Hex(2)), "Flags2";
    /// A cancel was pending.
    DG_FLAGS2_CANCEL = "dcerpc.dg_flags2_cancel_pending", Bool, "Cancel Pending";
    /// The serial number, upper half.
    DG_SERIAL_HI = "dcerpc.dg_serial_hi", Uint(Hex(2)), "Serial High";
    /// Its lower half.
    DG_SERIAL_LO = "dcerpc.dg_serial_lo", Uint(Hex(2)), "Serial Low";
    /// The interface that is called.
    DG_IF_ID = "dcerpc.dg_if_id", Guid, "Interface";
    /// The caller's activity.
    DG_ACT_ID = "dcerpc.dg_act_id", Guid, "Activity";
    /// When the server started.
    DG_SERVER_BOOT = "dcerpc.dg_server_boot", Date, "Server boot time";
    /// The interface's version.
    DG_IF_VER = "dcerpc.dg_if_ver", Uint(Dec), "Interface Ver";
    /// The call's number in its activity.
    DG_SEQNUM = "dcerpc.dg_seqnum", Uint(Dec), "Sequence num";
    /// A hint for the interface.
    DG_IHINT = "dcerpc.dg_ihint", Uint(Hex(4)), "Interface Hint";
    /// A hint for the activity.
    DG_AHINT = "dcerpc.dg_ahint", Uint(Hex(4)), "Activity Hint";
    /// Bytes of the body.
    DG_FRAG_LEN = "dcerpc.dg_frag_len", Uint(Dec), "Fragment len";
    /// The fragment's number.
    DG_FRAG_NUM = "dcerpc.dg_frag_num", Uint(Dec), "Fragment num";
    /// How it is authenticated.
    DG_AUTH_PROTO = "dcerpc.dg_auth_proto", Uint(Dec), "Auth proto";
}

/// A call and its answer.
pub(crate) static CALL: Pair = Pair {
    name: "dcerpc",
    reply_in: Some(RESPONSE_IN),
    request_in: Some(REQUEST_IN),
    time: Some(TIME),
    duplicate: None,
    hint: None,
};

/// The same, told once more in the layer of the interface that is called.
pub(crate) static CALL_WITHIN: Pair = Pair { time: None, ..CALL };

/// The endpoint mapper's fields.
pub(in super::super) mod epm {
    crate::fields! {
        group: crate::field::group::EPM;
        /// DCE/RPC Endpoint Mapper
        protocol: "epm";
        /// The operation (C706 appendix O).
        OPNUM = "epm.opnum", Uint(Dec), "Operation";
        /// What a lookup goes by.
        INQ_TYPE = "epm.inq_type", Uint(Dec), "Inquiry type";
        /// The object that is registered or looked for.
        OBJECT = "epm.object", Guid, "Object";
        /// The interface that is looked for.
        IF_ID = "epm.if_id", Guid, "Interface";
        /// Its version.
        VER_MAJ = "epm.ver_maj", Uint(Dec), "Version Major";
        /// Its minor version, also that of a floor.
        VER_MIN = "epm.ver_min", Uint(Dec), "Version Minor";
        /// How versions have to fit.
        VER_OPT = "epm.ver_opt", Uint(Dec), "Version Option";
        /// What an answer in parts goes on with.
        HND = "epm.hnd", Bytes, "Handle";
        /// Entries that are wanted at most.
        MAX_ENTS = "epm.max_ents", Uint(Dec), "Max entries";
        /// Entries that come.
        NUM_ENTS = "epm.num_ents", Uint(Dec), "Num entries";
        /// Towers that are wanted at most.
        MAX_TOWERS = "epm.max_towers", Uint(Dec), "Max Towers";
        /// Towers that come.
        NUM_TOWERS = "epm.num_towers", Uint(Dec), "Num Towers";
        /// An interface or a transfer syntax of a tower.
        UUID = "epm.uuid", Guid, "UUID";
        /// Its version: minor in the upper byte's stead.
        UUID_VERSION = "epm.uuid_version", Uint(Dec), "Version";
        /// Where in its array an annotation begins.
        ANN_OFFSET = "epm.ann_offset", Uint(Dec), "Annotation offset";
        /// Its bytes.
        ANN_LEN = "epm.ann_len", Uint(Dec), "Annotation length";
        /// What an entry is, in words.
        ANNOTATION = "epm.annotation", Text, "Annotation";
        /// Bytes of a tower.
        TOWER_LEN = "epm.tower.len", Uint(Dec), "Length";
        /// Its floors.
        TOWER_FLOORS = "epm.tower.num_floors", Uint(Dec), "Number of floors";
        /// Bytes of a floor's left side.
        TOWER_LHS = "epm.tower.lhs.len", Uint(Dec), "LHS Length";
        /// Bytes of its right side.
        TOWER_RHS = "epm.tower.rhs.len", Uint(Dec), "RHS Length";
        /// What the floor is (C706 appendix I).
        TOWER_PROTOCOL = "epm.tower.proto_id", Uint(Hex(2)), "Protocol";
        /// The TCP port of a tower.
        TCP_PORT = "epm.proto.tcp_port", Uint(Dec), "TCP Port";
        /// The UDP port.
        UDP_PORT = "epm.proto.udp_port", Uint(Dec), "UDP Port";
        /// The port of RPC over HTTP.
        HTTP_PORT = "epm.proto.http_port", Uint(Dec), "TCP Port";
        /// The address.
        IP = "epm.proto.ip", Ipv4, "IP";
        /// The pipe.
        NAMED_PIPE = "epm.proto.named_pipe", Text, "Named Pipe";
        /// The host, by its NetBIOS name.
        NETBIOS_NAME = "epm.proto.netbios_name", Text, "NetBIOS Name";
        /// How it ended.
        RC = "epm.rc", Uint(Hex(8)), "Return code";
    }
}
