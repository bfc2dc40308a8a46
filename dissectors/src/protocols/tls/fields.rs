//! TLS's fields, by tshark's names.

crate::fields! {
    group: crate::field::group::TLS;
    /// Transport Layer Security
    protocol: "tls";
    /// One record (RFC 8446 5.1).
    RECORD = "tls.record", Flag, "Record Layer";
    /// What the record carries.
    CONTENT_TYPE = "tls.record.content_type", Uint(Dec), "Content Type";
    /// What an encrypted record of TLS 1.3 pretends to carry (RFC 8446 5.2).
    OPAQUE_TYPE = "tls.record.opaque_type", Uint(Dec), "Opaque Type";
    /// The record's version.
    RECORD_VERSION = "tls.record.version", Uint(Hex(4)), "Version";
    /// Bytes behind the record's head.
    RECORD_LENGTH = "tls.record.length", Uint(Dec), "Length";
    /// SSL 2.0: a security escape.
    IS_ESCAPE = "tls.record.is_escape", Bool, "Is Escape";
    /// SSL 2.0: bytes of padding.
    PADDING_LENGTH = "tls.record.padding_length", Uint(Dec), "Padding Length";
    /// From here on this side's records are under the negotiated keys.
    CHANGE_CIPHER_SPEC = "tls.change_cipher_spec", Flag, "Change Cipher Spec Message";
    /// An alert, readable or not.
    ALERT = "tls.alert_message", Flag, "Alert Message";
    /// 1 warning, 2 fatal.
    ALERT_LEVEL = "tls.alert_message.level", Uint(Dec), "Level";
    /// What it is about (RFC 8446 6).
    ALERT_DESC = "tls.alert_message.desc", Uint(Dec), "Description";
    /// A heartbeat (RFC 6520).
    HEARTBEAT = "tls.heartbeat_message", Flag, "Heartbeat Message";
    /// 1 request, 2 response.
    HEARTBEAT_TYPE = "tls.heartbeat_message.type", Uint(Dec), "Type";
    /// Bytes to be sent back.
    HEARTBEAT_LENGTH = "tls.heartbeat_message.payload_length", Uint(Dec), "Payload Length";

    /// A handshake message, readable or not.
    HANDSHAKE = "tls.handshake", Flag, "Handshake Protocol";
    /// Which one (RFC 8446 4).
    HANDSHAKE_TYPE = "tls.handshake.type", Uint(Dec), "Handshake Message Type";
    /// Bytes behind its head.
    HANDSHAKE_LENGTH = "tls.handshake.length", Uint(Dec), "Length";
    /// The hello's version; from TLS 1.3 on `supported_version` tells.
    VERSION = "tls.handshake.version", Uint(Hex(4)), "Version";
    /// 32 random bytes; a fixed value makes a ServerHello a HelloRetryRequest.
    RANDOM = "tls.handshake.random", Bytes, "Random";
    /// The first four of them, when they were a clock.
    RANDOM_TIME = "tls.handshake.random_time", Date, "GMT Unix Time";
    /// The other 28.
    RANDOM_BYTES = "tls.handshake.random_bytes", Bytes, "Random Bytes";
    /// Bytes of the session id.
    SESSION_ID_LENGTH = "tls.handshake.session_id_length", Uint(Dec), "Session ID Length";
    /// The session to resume, or the one given.
    SESSION_ID = "tls.handshake.session_id", Bytes, "Session ID";
    /// SSL 2.0: the server knows the session.
    SESSION_ID_HIT = "tls.handshake.session_id_hit", Bool, "Session ID Hit";
    /// Bytes of the list.
    CIPHER_SUITES_LENGTH = "tls.handshake.cipher_suites_length", Uint(Dec), "Cipher Suites Length";
    /// The list.
    CIPHER_SUITES = "tls.handshake.ciphersuites", Flag, "Cipher Suites";
    /// A cipher suite: offered, or chosen.
    CIPHER_SUITE = "tls.handshake.ciphersuite", Uint(Hex(4)), "Cipher Suite";
    /// SSL 2.0: bytes of the list.
    CIPHER_SPEC_LENGTH = "tls.handshake.cipher_spec_len", Uint(Dec), "Cipher Spec Length";
    /// SSL 2.0: a cipher kind.
    CIPHER_SPEC = "tls.handshake.cipherspec", Uint(Hex(6)), "Cipher Spec";
    /// SSL 2.0: bytes of the challenge.
    CHALLENGE_LENGTH = "tls.handshake.challenge_length", Uint(Dec), "Challenge Length";
    /// SSL 2.0: the challenge.
    CHALLENGE = "tls.handshake.challenge", Flag, "Challenge";
    /// SSL 2.0: bytes of the connection id.
    CONNECTION_ID_LENGTH = "tls.handshake.connection_id_length", Uint(Dec), "Connection ID Length";
    /// SSL 2.0: what the certificate is.
    CERT_TYPE = "tls.handshake.cert_type", Uint(Dec), "Certificate Type";
    /// SSL 2.0: bytes of the key in clear.
    CLEAR_KEY_LENGTH = "tls.handshake.clear_key_length", Uint(Dec), "Clear Key Data Length";
    /// SSL 2.0: bytes of the encrypted key.
    ENCRYPTED_KEY_LENGTH = "tls.handshake.encrypted_key_length", Uint(Dec), "Encrypted Key Data Length";
    /// SSL 2.0: bytes of the argument.
    KEY_ARG_LENGTH = "tls.handshake.key_arg_length", Uint(Dec), "Key Argument Length";
    /// How many.
    COMP_METHODS_LENGTH = "tls.handshake.comp_methods_length", Uint(Dec), "Compression Methods Length";
    /// The list.
    COMP_METHODS = "tls.handshake.comp_methods", Flag, "Compression Methods";
    /// A compression method: offered, or chosen.
    COMP_METHOD = "tls.handshake.comp_method", Uint(Dec), "Compression Method";
    /// What JA3 digests.
    JA3_FULL = "tls.handshake.ja3_full", Text, "JA3 Fullstring";
    /// The client's fingerprint.
    JA3 = "tls.handshake.ja3", Text, "JA3";
    /// What JA3S digests.
    JA3S_FULL = "tls.handshake.ja3s_full", Text, "JA3S Fullstring";
    /// The server's fingerprint.
    JA3S = "tls.handshake.ja3s", Text, "JA3S";

    /// Bytes of all extensions.
    EXTENSIONS_LENGTH = "tls.handshake.extensions_length", Uint(Dec), "Extensions Length";
    /// Which extension.
    EXTENSION_TYPE = "tls.handshake.extension.type", Uint(Dec), "Type";
    /// Its bytes.
    EXTENSION_LEN = "tls.handshake.extension.len", Uint(Dec), "Length";
    /// The content of one that is not taken apart.
    EXTENSION_DATA = "tls.handshake.extension.data", Bytes, "Data";
    /// Bytes of the list.
    SERVER_NAME_LIST_LEN = "tls.handshake.extensions_server_name_list_len", Uint(Dec), "Server Name list length";
    /// 0: a host name (RFC 6066 3).
    SERVER_NAME_TYPE = "tls.handshake.extensions_server_name_type", Uint(Dec), "Server Name Type";
    /// Bytes of the name.
    SERVER_NAME_LEN = "tls.handshake.extensions_server_name_len", Uint(Dec), "Server Name length";
    /// The host that is asked for.
    SERVER_NAME = "tls.handshake.extensions_server_name", Text, "Server Name";
    /// 2^(8+n) bytes a record at most.
    MAX_FRAGMENT_LENGTH = "tls.handshake.max_fragment_length", Uint(Dec), "Maximum Fragment Length";
    /// 1: OCSP.
    STATUS_REQUEST_TYPE = "tls.handshake.extensions_status_request_type", Uint(Dec), "Certificate Status Type";
    /// Bytes of the list.
    GROUPS_LENGTH = "tls.handshake.extensions_supported_groups_length", Uint(Dec), "Supported Groups List Length";
    /// The list.
    GROUPS = "tls.handshake.extensions_supported_groups", Flag, "Supported Groups List";
    /// A group for the key exchange.
    GROUP = "tls.handshake.extensions_supported_group", Uint(Hex(4)), "Supported Group";
    /// How many.
    POINT_FORMATS_LENGTH = "tls.handshake.extensions_ec_point_formats_length", Uint(Dec), "EC point formats Length";
    /// The list.
    POINT_FORMATS = "tls.handshake.extensions_ec_point_formats", Flag, "EC point formats";
    /// How points of curves may be written.
    POINT_FORMAT = "tls.handshake.extensions_ec_point_format", Uint(Dec), "EC point format";
    /// Bytes of the list.
    SIG_ALGS_LENGTH = "tls.handshake.sig_hash_alg_len", Uint(Dec), "Signature Hash Algorithms Length";
    /// The list.
    SIG_ALGS = "tls.handshake.sig_hash_algs", Flag, "Signature Algorithms";
    /// A signature algorithm: accepted, or used.
    SIG_ALG = "tls.handshake.sig_hash_alg", Uint(Hex(4)), "Signature Algorithm";
    /// Its first byte, before TLS 1.3 the hash.
    SIG_ALG_HASH = "tls.handshake.sig_hash_hash", Uint(Dec), "Signature Hash Algorithm Hash";
    /// Its second byte, before TLS 1.3 the signature.
    SIG_ALG_SIG = "tls.handshake.sig_hash_sig", Uint(Dec), "Signature Hash Algorithm Signature";
    /// 1 the peer may send heartbeats, 2 it may not.
    HEARTBEAT_MODE = "tls.handshake.extension.heartbeat.mode", Uint(Dec), "Mode";
    /// Bytes of the list.
    ALPN_LEN = "tls.handshake.extensions_alpn_len", Uint(Dec), "ALPN Extension Length";
    /// The list.
    ALPN_LIST = "tls.handshake.extensions_alpn_list", Flag, "ALPN Protocol";
    /// Bytes of the name.
    ALPN_STR_LEN = "tls.handshake.extensions_alpn_str_len", Uint(Dec), "ALPN string length";
    /// What is to be spoken inside: offered, or chosen (RFC 7301).
    ALPN_STR = "tls.handshake.extensions_alpn_str", Text, "ALPN Next Protocol";
    /// Bytes of the name.
    NPN_STR_LEN = "tls.handshake.extensions_npn_str_len", Uint(Dec), "Protocol string length";
    /// What is to be spoken inside, by the extension before ALPN.
    NPN_STR = "tls.handshake.extensions_npn", Text, "Next Protocol";
    /// Padding that hides the message's length.
    PADDING_DATA = "tls.handshake.extensions_padding_data", Bytes, "Padding Data";
    /// Records may be this long (RFC 8449).
    RECORD_SIZE_LIMIT = "tls.record_size_limit", Uint(Dec), "Record Size Limit";
    /// Bytes of the list.
    COMPRESS_CERT_LENGTH = "tls.compress_certificate.algorithms_length", Uint(Dec), "Algorithms Length";
    /// How certificates may be compressed (RFC 8879).
    COMPRESS_CERT_ALGORITHM = "tls.compress_certificate.algorithm", Uint(Dec), "Algorithm";
    /// Bytes of the certificate message before it was compressed.
    COMPRESS_CERT_UNCOMPRESSED = "tls.compress_certificate.uncompressed_length", Uint(Dec), "Uncompressed Length";
    /// Bytes of it as it was sent.
    COMPRESS_CERT_MESSAGE_LENGTH = "tls.compress_certificate.compressed_certificate_message.length", Uint(Dec), "Length";
    /// The compressed certificate message.
    COMPRESS_CERT_MESSAGE = "tls.compress_certificate.compressed_certificate_message", Bytes, "Compressed Certificate Message";
    /// Bytes of the list.
    VERSIONS_LEN = "tls.handshake.extensions.supported_versions_len", Uint(Dec), "Supported Versions length";
    /// A version: offered, or chosen.
    SUPPORTED_VERSION = "tls.handshake.extensions.supported_version", Uint(Hex(4)), "Supported Version";
    /// Bytes of the cookie.
    COOKIE_LEN = "tls.handshake.extensions.cookie_len", Uint(Dec), "Cookie length";
    /// What a HelloRetryRequest wants to be told again.
    COOKIE = "tls.handshake.extensions.cookie", Bytes, "Cookie";
    /// How many.
    PSK_MODES_LENGTH = "tls.extension.psk_ke_modes_length", Uint(Dec), "PSK Key Exchange Modes Length";
    /// How a pre-shared key may be used.
    PSK_MODE = "tls.extension.psk_ke_mode", Uint(Dec), "PSK Key Exchange Mode";
    /// Bytes of all key shares.
    KEY_SHARE_LENGTH = "tls.handshake.extensions_key_share_client_length", Uint(Dec), "Client Key Share Length";
    /// The group of a key share.
    KEY_SHARE_GROUP = "tls.handshake.extensions_key_share_group", Uint(Dec), "Group";
    /// Its bytes.
    KEY_SHARE_KEY_LENGTH = "tls.handshake.extensions_key_share_key_exchange_length", Uint(Dec), "Key Exchange Length";
    /// The public key.
    KEY_SHARE_KEY = "tls.handshake.extensions_key_share_key_exchange", Bytes, "Key Exchange";
    /// The group that a HelloRetryRequest wants.
    KEY_SHARE_SELECTED = "tls.handshake.extensions_key_share_selected_group", Uint(Dec), "Selected Group";
    /// Bytes of all identities.
    PSK_IDENTITIES_LENGTH = "tls.handshake.extensions.psk.identities.length", Uint(Dec), "Identities Length";
    /// Bytes of one.
    PSK_IDENTITY_LENGTH = "tls.handshake.extensions.psk.identity.identity_length", Uint(Dec), "Identity Length";
    /// A ticket, or the name of a key.
    PSK_IDENTITY = "tls.handshake.extensions.psk.identity.identity", Bytes, "Identity";
    /// How old the ticket is, veiled.
    PSK_TICKET_AGE = "tls.handshake.extensions.psk.identity.obfuscated_ticket_age", Uint(Dec), "Obfuscated Ticket Age";
    /// Bytes of all binders.
    PSK_BINDERS_LEN = "tls.handshake.extensions.psk.binders_len", Uint(Dec), "PSK Binders length";
    /// The proof that the client has the keys.
    PSK_BINDERS = "tls.handshake.extensions.psk.binders", Flag, "PSK Binders";
    /// The identity that the server takes, from 0.
    PSK_SELECTED = "tls.handshake.extensions.psk.identity.selected", Uint(Dec), "Selected Identity";
    /// How much early data a ticket allows.
    MAX_EARLY_DATA = "tls.early_data.max_early_data_size", Uint(Dec), "Maximum Early Data Size";
    /// Bytes of what follows.
    RENEG_INFO_LEN = "tls.handshake.extensions_reneg_info_len", Uint(Dec), "Renegotiation info extension length";
    /// The Finished messages of the handshake before (RFC 5746).
    RENEG_INFO = "tls.handshake.extensions_reneg_info", Bytes, "Renegotiation info";

    /// Bytes of all certificates.
    CERTIFICATES_LENGTH = "tls.handshake.certificates_length", Uint(Dec), "Certificates Length";
    /// The chain.
    CERTIFICATES = "tls.handshake.certificates", Flag, "Certificates";
    /// Bytes of one.
    CERTIFICATE_LENGTH = "tls.handshake.certificate_length", Uint(Dec), "Certificate Length";
    /// A certificate, in DER.
    CERTIFICATE = "tls.handshake.certificate", Bytes, "Certificate";
    /// How many kinds.
    CERT_TYPES_COUNT = "tls.handshake.cert_types_count", Uint(Dec), "Certificate types count";
    /// The list.
    CERT_TYPES = "tls.handshake.cert_types", Flag, "Certificate types";
    /// Bytes of the names.
    DNAMES_LEN = "tls.handshake.dnames_len", Uint(Dec), "Distinguished Names Length";
    /// Names of accepted authorities.
    DNAMES = "tls.handshake.dnames", Flag, "Distinguished Names";
    /// Bytes of one name.
    DNAME_LEN = "tls.handshake.dname_len", Uint(Dec), "Distinguished Name Length";
    /// Bytes of the OCSP response.
    OCSP_RESPONSE_LEN = "tls.handshake.ocsp_response_len", Uint(Dec), "OCSP Response Length";
    /// 3: a named curve.
    CURVE_TYPE = "tls.handshake.server_curve_type", Uint(Hex(2)), "Curve Type";
    /// The curve of the key exchange.
    NAMED_CURVE = "tls.handshake.server_named_curve", Uint(Hex(4)), "Named Curve";
    /// Bytes of the point.
    SERVER_POINT_LEN = "tls.handshake.server_point_len", Uint(Dec), "Pubkey Length";
    /// The server's public key.
    SERVER_POINT = "tls.handshake.server_point", Bytes, "Pubkey";
    /// Bytes of the point.
    CLIENT_POINT_LEN = "tls.handshake.client_point_len", Uint(Dec), "Pubkey Length";
    /// The client's public key.
    CLIENT_POINT = "tls.handshake.client_point", Bytes, "Pubkey";
    /// Bytes of the prime.
    P_LEN = "tls.handshake.p_len", Uint(Dec), "p Length";
    /// The prime.
    P = "tls.handshake.p", Bytes, "p";
    /// Bytes of the generator.
    G_LEN = "tls.handshake.g_len", Uint(Dec), "g Length";
    /// The generator.
    G = "tls.handshake.g", Bytes, "g";
    /// Bytes of the server's value.
    YS_LEN = "tls.handshake.ys_len", Uint(Dec), "Pubkey Length";
    /// The server's value.
    YS = "tls.handshake.ys", Bytes, "Pubkey";
    /// Bytes of the client's value.
    YC_LEN = "tls.handshake.yc_len", Uint(Dec), "Pubkey Length";
    /// The client's value.
    YC = "tls.handshake.yc", Bytes, "Pubkey";
    /// Bytes of the secret.
    EPMS_LEN = "tls.handshake.epms_len", Uint(Dec), "Encrypted PreMaster length";
    /// The secret under the server's RSA key.
    EPMS = "tls.handshake.epms", Bytes, "Encrypted PreMaster";
    /// Bytes of the signature.
    SIG_LEN = "tls.handshake.sig_len", Uint(Dec), "Signature Length";
    /// The signature of the key exchange.
    SIG = "tls.handshake.sig", Bytes, "Signature";
    /// Bytes of the signature.
    CERT_VERIFY_SIG_LEN = "tls.handshake.client_cert_vrfy.sig_len", Uint(Dec), "Signature length";
    /// The proof that the client has its certificate's key.
    CERT_VERIFY_SIG = "tls.handshake.client_cert_vrfy.sig", Bytes, "Signature";
    /// Bytes that prove the handshake.
    VERIFY_DATA = "tls.handshake.verify_data", Flag, "Verify Data";
    /// Seconds that a ticket may be kept.
    TICKET_LIFETIME = "tls.handshake.session_ticket_lifetime_hint", Uint(Dec), "Session Ticket Lifetime Hint";
    /// Added to the ticket's age, to veil it.
    TICKET_AGE_ADD = "tls.handshake.session_ticket_age_add", Uint(Dec), "Session Ticket Age Add";
    /// Bytes of the nonce.
    TICKET_NONCE_LENGTH = "tls.handshake.session_ticket_nonce_length", Uint(Dec), "Session Ticket Nonce Length";
    /// Tells tickets of one connection apart.
    TICKET_NONCE = "tls.handshake.session_ticket_nonce", Bytes, "Session Ticket Nonce";
    /// Bytes of the context.
    REQUEST_CONTEXT_LENGTH = "tls.handshake.certificate_request_context_length", Uint(Dec), "Certificate Request Context Length";
    /// What a certificate answers.
    REQUEST_CONTEXT = "tls.handshake.certificate_request_context", Bytes, "Certificate Request Context";
    /// Bytes of the ticket.
    TICKET_LENGTH = "tls.handshake.session_ticket_length", Uint(Dec), "Session Ticket Length";
    /// The ticket.
    TICKET = "tls.handshake.session_ticket", Bytes, "Session Ticket";
}
