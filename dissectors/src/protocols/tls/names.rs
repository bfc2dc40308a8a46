//! Names of the numbers in messages.

use super::wire::{content, message2};

/// A handshake message; empty for an unknown one.
pub(super) const fn handshake(kind: u8) -> &'static str {
    match kind {
        0 => "Hello Request",
        1 => "Client Hello",
        2 => "Server Hello",
        3 => "Hello Verify Request",
        4 => "New Session Ticket",
        5 => "End of Early Data",
        6 => "Hello Retry Request",
        8 => "Encrypted Extensions",
        11 => "Certificate",
        12 => "Server Key Exchange",
        13 => "Certificate Request",
        14 => "Server Hello Done",
        15 => "Certificate Verify",
        16 => "Client Key Exchange",
        20 => "Finished",
        21 => "Client Certificate URL",
        22 => "Certificate Status",
        23 => "Supplemental Data",
        24 => "Key Update",
        25 => "Compressed Certificate",
        67 => "Next Protocol",
        _ => "",
    }
}

/// A message of SSL 2.0; empty for an unknown one.
pub(super) const fn handshake2(kind: u8) -> &'static str {
    match kind {
        0 => "Error",
        message2::CLIENT_HELLO => "Client Hello",
        message2::CLIENT_MASTER_KEY => "Client Master Key",
        3 => "Client Finished",
        message2::SERVER_HELLO => "Server Hello",
        5 => "Server Verify",
        6 => "Server Finished",
        7 => "Request Certificate",
        8 => "Client Certificate",
        _ => "",
    }
}

/// What a record carries.
pub(super) const fn content(kind: u8) -> &'static str {
    match kind {
        content::CHANGE_CIPHER_SPEC => "Change Cipher Spec",
        content::ALERT => "Alert",
        content::HANDSHAKE => "Handshake",
        content::APPLICATION_DATA => "Application Data",
        content::HEARTBEAT => "Heartbeat",
        _ => "",
    }
}

/// An alert's level; empty for an unknown one.
pub(super) const fn alert_level(level: u8) -> &'static str {
    match level {
        1 => "Warning",
        2 => "Fatal",
        _ => "",
    }
}

/// The alert that ends a side in order.
pub(super) const CLOSE_NOTIFY: u8 = 0;

/// What an alert is about (RFC 8446 6, with those of older versions); empty for an unknown one.
pub(super) const fn alert(description: u8) -> &'static str {
    match description {
        0 => "Close Notify",
        1 => "End of Early Data",
        10 => "Unexpected Message",
        20 => "Bad Record MAC",
        21 => "Decryption Failed",
        22 => "Record Overflow",
        30 => "Decompression Failure",
        40 => "Handshake Failure",
        41 => "No Certificate",
        42 => "Bad Certificate",
        43 => "Unsupported Certificate",
        44 => "Certificate Revoked",
        45 => "Certificate Expired",
        46 => "Certificate Unknown",
        47 => "Illegal Parameter",
        48 => "Unknown CA",
        49 => "Access Denied",
        50 => "Decode Error",
        51 => "Decrypt Error",
        60 => "Export Restriction",
        70 => "Protocol Version",
        71 => "Insufficient Security",
        80 => "Internal Error",
        86 => "Inappropriate Fallback",
        90 => "User Canceled",
        100 => "No Renegotiation",
        109 => "Missing Extension",
        110 => "Unsupported Extension",
        111 => "Certificate Unobtainable",
        112 => "Unrecognized Name",
        113 => "Bad Certificate Status Response",
        114 => "Bad Certificate Hash Value",
        115 => "Unknown PSK Identity",
        116 => "Certificate Required",
        120 => "No application Protocol",
        121 => "ECH Required",
        _ => "",
    }
}

/// An extension (the IANA registry "TLS ExtensionType Values"); `Reserved` for those against ossification, `Unknown` else.
pub(super) const fn extension(kind: u16) -> &'static str {
    match kind {
        0 => "server_name",
        1 => "max_fragment_length",
        2 => "client_certificate_url",
        3 => "trusted_ca_keys",
        4 => "truncated_hmac",
        5 => "status_request",
        6 => "user_mapping",
        7 => "client_authz",
        8 => "server_authz",
        9 => "cert_type",
        10 => "supported_groups",
        11 => "ec_point_formats",
        12 => "srp",
        13 => "signature_algorithms",
        14 => "use_srtp",
        15 => "heartbeat",
        16 => "application_layer_protocol_negotiation",
        17 => "status_request_v2",
        18 => "signed_certificate_timestamp",
        19 => "client_certificate_type",
        20 => "server_certificate_type",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        24 => "token_binding",
        25 => "cached_info",
        27 => "compress_certificate",
        28 => "record_size_limit",
        34 => "delegated_credentials",
        35 => "session_ticket",
        40 => "key_share (draft)",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        48 => "oid_filters",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        52 => "transparency_info",
        54 => "connection_id",
        57 => "quic_transport_parameters",
        13172 => "next_protocol_negotiation",
        17513 => "application_settings",
        30031 => "channel_id_old",
        30032 => "channel_id",
        65037 => "encrypted_client_hello",
        65281 => "renegotiation_info",
        _ if super::wire::is_grease(kind) => "Reserved (GREASE)",
        _ => "Unknown",
    }
}

/// A protocol that may go over to TLS (STARTTLS and its like), by its port.
pub(super) const fn upgraded(port: u16) -> &'static str {
    match port {
        21 => "FTP",
        25 | 587 | 2525 => "SMTP",
        110 => "POP3",
        119 => "NNTP",
        143 => "IMAP",
        389 | 3268 => "LDAP",
        1080 => "SOCKS",
        3128 | 8080 => "a proxy",
        3306 => "MySQL",
        4190 => "ManageSieve",
        5222 | 5269 => "XMPP",
        5432 => "PostgreSQL",
        _ => "another protocol",
    }
}
