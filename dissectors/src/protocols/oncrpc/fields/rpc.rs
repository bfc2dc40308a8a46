//! RPC's own fields.

use crate::field::Pair;

crate::fields! {
    group: crate::field::group::RPC;
    /// Remote Procedure Call
    protocol: "rpc";
    /// The fragment is the last of its record (RFC 5531 section 11).
    LASTFRAG = "rpc.lastfrag", Bool, "Last Fragment";
    /// Bytes of the fragment.
    FRAGLEN = "rpc.fraglen", Uint(Dec), "Fragment Length";
    /// The transaction.
    XID = "rpc.xid", Uint(Hex(8)), "XID";
    /// Call or reply.
    MSGTYP = "rpc.msgtyp", Uint(Dec), "Message Type";
    /// RPC's version.
    VERSION = "rpc.version", Uint(Dec), "RPC Version";
    /// The least version that the server has.
    VERSION_MIN = "rpc.version.min", Uint(Dec), "RPC Version (Minimum)";
    /// The greatest.
    VERSION_MAX = "rpc.version.max", Uint(Dec), "RPC Version (Maximum)";
    /// The program; in a reply that of its call.
    PROGRAM = "rpc.program", Uint(Dec), "Program";
    /// Its version.
    PROGRAMVERSION = "rpc.programversion", Uint(Dec), "Program Version";
    /// The least version of the program that the server has.
    PROGRAMVERSION_MIN = "rpc.programversion.min", Uint(Dec), "Program Version (Minimum)";
    /// The greatest.
    PROGRAMVERSION_MAX = "rpc.programversion.max", Uint(Dec), "Program Version (Maximum)";
    /// The procedure.
    PROCEDURE = "rpc.procedure", Uint(Dec), "Procedure";
    /// On a call: the frame of its reply.
    REQFRAME = "rpc.reqframe", Frame, "Request Frame";
    /// On a reply: the frame of its call.
    REPFRAME = "rpc.repframe", Frame, "Reply Frame";
    /// On a reply: since its call.
    TIME = "rpc.time", Duration, "Time from request";
    /// The call or reply was there before.
    DUP = "rpc.dup", Flag, "Duplicate Call/Reply";
    /// Accepted or denied.
    REPLYSTAT = "rpc.replystat", Uint(Dec), "Reply State";
    /// What became of an accepted call (RFC 5531 section 9).
    STATE_ACCEPT = "rpc.state_accept", Uint(Dec), "Accept State";
    /// Why a call was denied.
    STATE_REJECT = "rpc.state_reject", Uint(Dec), "Reject State";
    /// Why its authentication was not taken.
    STATE_AUTH = "rpc.state_auth", Uint(Dec), "Auth State";
    /// The flavor of a credential or a verifier.
    AUTH_FLAVOR = "rpc.auth.flavor", Uint(Dec), "Flavor";
    /// Bytes of its body.
    AUTH_LENGTH = "rpc.auth.length", Uint(Dec), "Length";
    /// AUTH_SYS: an arbitrary number of the caller's.
    AUTH_STAMP = "rpc.auth.stamp", Uint(Hex(8)), "Stamp";
    /// AUTH_SYS: the caller's host.
    AUTH_MACHINENAME = "rpc.auth.machinename", Text, "Machine Name";
    /// AUTH_SYS: the user.
    AUTH_UID = "rpc.auth.uid", Uint(Dec), "UID";
    /// AUTH_SYS: the group, then further groups.
    AUTH_GID = "rpc.auth.gid", Uint(Dec), "GID";
    /// RPCSEC_GSS: its version (RFC 2203 section 5).
    GSS_VERSION = "rpc.authgss.version", Uint(Dec), "GSS Version";
    /// RPCSEC_GSS: data or a step of the context's life.
    GSS_PROCEDURE = "rpc.authgss.procedure", Uint(Dec), "GSS Procedure";
    /// RPCSEC_GSS: the sequence number.
    GSS_SEQNUM = "rpc.authgss.seqnum", Uint(Dec), "GSS Sequence Number";
    /// RPCSEC_GSS: none, integrity or privacy.
    GSS_SERVICE = "rpc.authgss.service", Uint(Dec), "GSS Service";
    /// RPCSEC_GSS: bytes of the context's handle.
    GSS_CONTEXT_LENGTH = "rpc.authgss.context.length", Uint(Dec), "GSS Context Length";
    /// RPCSEC_GSS: the context's handle.
    GSS_CONTEXT = "rpc.authgss.context", Bytes, "GSS Context";
    /// RPCSEC_GSS: GSS-API's major status.
    GSS_MAJOR = "rpc.authgss.major", Uint(Dec), "GSS Major Status";
    /// RPCSEC_GSS: GSS-API's minor status.
    GSS_MINOR = "rpc.authgss.minor", Uint(Dec), "GSS Minor Status";
    /// RPCSEC_GSS: the sequence window.
    GSS_WINDOW = "rpc.authgss.window", Uint(Dec), "GSS Sequence Window";
    /// Bytes of a string or of opaque data.
    OPAQUE_LENGTH = "rpc.opaque_length", Uint(Dec), "length";
    /// Entries of an array.
    ARRAY_LEN = "rpc.array.len", Uint(Dec), "num";
    /// One more entry of a list.
    VALUE_FOLLOWS = "rpc.value_follows", Bool, "Value Follows";
}

/// A call and its reply.
pub(crate) static CALL: Pair = Pair {
    name: "rpc",
    reply_in: Some(REQFRAME),
    request_in: Some(REPFRAME),
    time: Some(TIME),
    duplicate: Some(DUP),
    hint: Some(" Reply"),
};
