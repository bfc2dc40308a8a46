//! The fields of LDAP's bind, by tshark's names.

crate::fields! {
    group: crate::field::group::LDAP;
    /// Lightweight Directory Access Protocol
    protocol: "ldap";
    /// Pairs a request with its answers.
    MESSAGE_ID = "ldap.messageID", Uint(Dec), "messageID";
    /// The operation, by the number of its tag.
    PROTOCOL_OP = "ldap.protocolOp", Uint(Dec), "protocolOp";
    VERSION = "ldap.version", Uint(Dec), "version";
    NAME = "ldap.name", Text, "name";
    /// 0 simple, 3 SASL.
    AUTHENTICATION = "ldap.authentication", Uint(Dec), "authentication";
    MECHANISM = "ldap.mechanism", Text, "mechanism";
    RESULT_CODE = "ldap.resultCode", Uint(Dec), "resultCode";
    MATCHED_DN = "ldap.matchedDN", Text, "matchedDN";
    ERROR_MESSAGE = "ldap.errorMessage", Text, "errorMessage";
    RESPONSE_TO = "ldap.response_to", Frame, "Response To";
    RESPONSE_IN = "ldap.response_in", Frame, "Response In";
    TIME = "ldap.time", Duration, "Time";
}
