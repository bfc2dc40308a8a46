//! The fields of security tokens, by tshark's names.

/// NTLMSSP. Of secrets (responses, keys) only the lengths are shown: `ntlmssp.blob.length`.
pub(crate) mod ntlmssp {
    crate::fields! {
        group: crate::field::group::NTLMSSP;
        /// NT LAN Manager (MS-NLMP)
        protocol: "ntlmssp";
        MESSAGETYPE = "ntlmssp.messagetype", Uint(Hex(8)), "NTLM Message Type";
        NEGOTIATEFLAGS = "ntlmssp.negotiateflags", Uint(Hex(8)), "Negotiate Flags";
        NEGOTIATEUNICODE = "ntlmssp.negotiateunicode", Bool, "Negotiate UNICODE";
        NEGOTIATEOEM = "ntlmssp.negotiateoem", Bool, "Negotiate OEM";
        REQUESTTARGET = "ntlmssp.requesttarget", Bool, "Request Target";
        NEGOTIATE00000008 = "ntlmssp.negotiate00000008", Bool, "Request 0x00000008";
        NEGOTIATESIGN = "ntlmssp.negotiatesign", Bool, "Negotiate Sign";
        NEGOTIATESEAL = "ntlmssp.negotiateseal", Bool, "Negotiate Seal";
        NEGOTIATEDATAGRAM = "ntlmssp.negotiatedatagram", Bool, "Negotiate Datagram";
        NEGOTIATELMKEY = "ntlmssp.negotiatelmkey", Bool, "Negotiate Lan Manager Key";
        NEGOTIATE00000100 = "ntlmssp.negotiate00000100", Bool, "Negotiate 0x00000100";
        NEGOTIATENTLM = "ntlmssp.negotiatentlm", Bool, "Negotiate NTLM key";
        NEGOTIATENTONLY = "ntlmssp.negotiatentonly", Bool, "Negotiate NT Only";
        NEGOTIATEANONYMOUS = "ntlmssp.negotiateanonymous", Bool, "Negotiate Anonymous";
        NEGOTIATEOEMDOMAINSUPPLIED = "ntlmssp.negotiateoemdomainsupplied", Bool, "Negotiate OEM Domain Supplied";
        NEGOTIATEOEMWORKSTATIONSUPPLIED = "ntlmssp.negotiateoemworkstationsupplied", Bool, "Negotiate OEM Workstation Supplied";
        NEGOTIATE00004000 = "ntlmssp.negotiate00004000", Bool, "Negotiate 0x00004000";
        NEGOTIATEALWAYSSIGN = "ntlmssp.negotiatealwayssign", Bool, "Negotiate Always Sign";
        TARGETTYPEDOMAIN = "ntlmssp.targettypedomain", Bool, "Target Type Domain";
        TARGETTYPESERVER = "ntlmssp.targettypeserver", Bool, "Target Type Server";
        TARGETTYPESHARE = "ntlmssp.targettypeshare", Bool, "Target Type Share";
        NEGOTIATENTLM2 = "ntlmssp.negotiatentlm2", Bool, "Negotiate Extended Security";
        NEGOTIATEIDENTIFY = "ntlmssp.negotiateidentify", Bool, "Negotiate Identify";
        NEGOTIATENT00200000 = "ntlmssp.negotiatent00200000", Bool, "Negotiate 0x00200000";
        REQUESTNONNTSESSION = "ntlmssp.requestnonntsession", Bool, "Request Non-NT Session";
        NEGOTIATETARGETINFO = "ntlmssp.negotiatetargetinfo", Bool, "Negotiate Target Info";
        NEGOTIATENT01000000 = "ntlmssp.negotiatent01000000", Bool, "Negotiate 0x01000000";
        NEGOTIATEVERSION = "ntlmssp.negotiateversion", Bool, "Negotiate Version";
        NEGOTIATENT04000000 = "ntlmssp.negotiatent04000000", Bool, "Negotiate 0x04000000";
        NEGOTIATENT08000000 = "ntlmssp.negotiatent08000000", Bool, "Negotiate 0x08000000";
        NEGOTIATENT10000000 = "ntlmssp.negotiatent10000000", Bool, "Negotiate 0x10000000";
        NEGOTIATE128 = "ntlmssp.negotiate128", Bool, "Negotiate 128";
        NEGOTIATEKEYEXCH = "ntlmssp.negotiatekeyexch", Bool, "Negotiate Key Exchange";
        NEGOTIATE56 = "ntlmssp.negotiate56", Bool, "Negotiate 56";
        NEGOTIATE_CALLINGWORKSTATION = "ntlmssp.negotiate.callingworkstation", Text, "Calling workstation name";
        NEGOTIATE_DOMAIN = "ntlmssp.negotiate.domain", Text, "Calling workstation domain";
        NTLMSERVERCHALLENGE = "ntlmssp.ntlmserverchallenge", Bytes, "NTLM Server Challenge";
        CHALLENGE_TARGET_NAME = "ntlmssp.challenge.target_name", Text, "Target Name";
        AUTH_DOMAIN = "ntlmssp.auth.domain", Text, "Domain name";
        AUTH_USERNAME = "ntlmssp.auth.username", Text, "User name";
        AUTH_HOSTNAME = "ntlmssp.auth.hostname", Text, "Host name";
        STRING_LENGTH = "ntlmssp.string.length", Uint(Dec), "Length";
        STRING_MAXLEN = "ntlmssp.string.maxlen", Uint(Dec), "Maxlen";
        STRING_OFFSET = "ntlmssp.string.offset", Uint(Dec), "Offset";
        BLOB_LENGTH = "ntlmssp.blob.length", Uint(Dec), "Length";
        BLOB_MAXLEN = "ntlmssp.blob.maxlen", Uint(Dec), "Maxlen";
        BLOB_OFFSET = "ntlmssp.blob.offset", Uint(Dec), "Offset";
        VERSION = "ntlmssp.version", Flag, "Version";
        VERSION_MAJOR = "ntlmssp.version.major", Uint(Dec), "Major Version";
        VERSION_MINOR = "ntlmssp.version.minor", Uint(Dec), "Minor Version";
        VERSION_BUILD_NUMBER = "ntlmssp.version.build_number", Uint(Dec), "Build Number";
        VERSION_NTLM_CURRENT_REVISION = "ntlmssp.version.ntlm_current_revision", Uint(Dec), "NTLM Current Revision";
        CHALLENGE_TARGET_INFO = "ntlmssp.challenge.target_info", Flag, "Target Info";
        CHALLENGE_TARGET_INFO_LENGTH = "ntlmssp.challenge.target_info.length", Uint(Dec), "Length";
        CHALLENGE_TARGET_INFO_MAXLEN = "ntlmssp.challenge.target_info.maxlen", Uint(Dec), "Maxlen";
        CHALLENGE_TARGET_INFO_OFFSET = "ntlmssp.challenge.target_info.offset", Uint(Dec), "Offset";
        CHALLENGE_TARGET_INFO_ITEM_TYPE = "ntlmssp.challenge.target_info.item.type", Uint(Hex(4)), "Target Info Item Type";
        CHALLENGE_TARGET_INFO_ITEM_LENGTH = "ntlmssp.challenge.target_info.item.length", Uint(Dec), "Target Info Item Length";
        CHALLENGE_TARGET_INFO_NB_COMPUTER_NAME = "ntlmssp.challenge.target_info.nb_computer_name", Text, "NetBIOS Computer Name";
        CHALLENGE_TARGET_INFO_NB_DOMAIN_NAME = "ntlmssp.challenge.target_info.nb_domain_name", Text, "NetBIOS Domain Name";
        CHALLENGE_TARGET_INFO_DNS_COMPUTER_NAME = "ntlmssp.challenge.target_info.dns_computer_name", Text, "DNS Computer Name";
        CHALLENGE_TARGET_INFO_DNS_DOMAIN_NAME = "ntlmssp.challenge.target_info.dns_domain_name", Text, "DNS Domain Name";
        CHALLENGE_TARGET_INFO_DNS_TREE_NAME = "ntlmssp.challenge.target_info.dns_tree_name", Text, "DNS Tree Name";
        CHALLENGE_TARGET_INFO_FLAGS = "ntlmssp.challenge.target_info.flags", Uint(Hex(8)), "Flags";
        CHALLENGE_TARGET_INFO_TIMESTAMP = "ntlmssp.challenge.target_info.timestamp", Date, "Timestamp";
        CHALLENGE_TARGET_INFO_RESTRICTIONS = "ntlmssp.challenge.target_info.restrictions", Bytes, "Restrictions";
        CHALLENGE_TARGET_INFO_TARGET_NAME = "ntlmssp.challenge.target_info.target_name", Text, "Target Name";
        CHALLENGE_TARGET_INFO_CHANNEL_BINDINGS = "ntlmssp.challenge.target_info.channel_bindings", Bytes, "Channel Bindings";
        NTLMV2_RESPONSE_ITEM_TYPE = "ntlmssp.ntlmv2_response.item.type", Uint(Hex(4)), "NTLMV2 Response Item Type";
        NTLMV2_RESPONSE_ITEM_LENGTH = "ntlmssp.ntlmv2_response.item.length", Uint(Dec), "NTLMV2 Response Item Length";
        NTLMV2_RESPONSE_NB_COMPUTER_NAME = "ntlmssp.ntlmv2_response.nb_computer_name", Text, "NetBIOS Computer Name";
        NTLMV2_RESPONSE_NB_DOMAIN_NAME = "ntlmssp.ntlmv2_response.nb_domain_name", Text, "NetBIOS Domain Name";
        NTLMV2_RESPONSE_DNS_COMPUTER_NAME = "ntlmssp.ntlmv2_response.dns_computer_name", Text, "DNS Computer Name";
        NTLMV2_RESPONSE_DNS_DOMAIN_NAME = "ntlmssp.ntlmv2_response.dns_domain_name", Text, "DNS Domain Name";
        NTLMV2_RESPONSE_DNS_TREE_NAME = "ntlmssp.ntlmv2_response.dns_tree_name", Text, "DNS Tree Name";
        NTLMV2_RESPONSE_FLAGS = "ntlmssp.ntlmv2_response.flags", Uint(Hex(8)), "Flags";
        NTLMV2_RESPONSE_TIMESTAMP = "ntlmssp.ntlmv2_response.timestamp", Date, "Timestamp";
        NTLMV2_RESPONSE_RESTRICTIONS = "ntlmssp.ntlmv2_response.restrictions", Bytes, "Restrictions";
        NTLMV2_RESPONSE_TARGET_NAME = "ntlmssp.ntlmv2_response.target_name", Text, "Target Name";
        NTLMV2_RESPONSE_CHANNEL_BINDINGS = "ntlmssp.ntlmv2_response.channel_bindings", Bytes, "Channel Bindings";
        NTLMV2_RESPONSE_RVERSION = "ntlmssp.ntlmv2_response.rversion", Uint(Dec), "Response Version";
        NTLMV2_RESPONSE_HIRVERSION = "ntlmssp.ntlmv2_response.hirversion", Uint(Dec), "Hi Response Version";
        NTLMV2_RESPONSE_TIME = "ntlmssp.ntlmv2_response.time", Date, "Time";
    }
}

/// GSS-API and SPNEGO (RFC 2743, RFC 4178).
pub(crate) mod spnego {
    crate::fields! {
        group: crate::field::group::GSSAPI;
        /// Simple Protected Negotiation
        protocol: "spnego";
        OID = "gss-api.OID", Text, "OID";
        MECH_TYPES = "spnego.mechTypes", Uint(Dec), "mechTypes";
        MECH_TYPE = "spnego.MechType", Text, "MechType";
        HINT_NAME = "spnego.hintName", Text, "hintName";
        NEG_RESULT = "spnego.negResult", Uint(Dec), "negResult";
        SUPPORTED_MECH = "spnego.supportedMech", Text, "supportedMech";
        KRB5_OID = "spnego.krb5_oid", Text, "KRB5 OID";
        KRB5_TOK_ID = "spnego.krb5.tok_id", Uint(Hex(4)), "krb5_tok_id";
    }
}
