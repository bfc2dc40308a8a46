//! Names of the small numbers: reject reasons, results, authentication.

/// Why a bind is refused: `p_reject_reason_t` (C706 12.6.3.1, MS-RPCE 2.2.2.5).
pub(super) const fn nak_reason(reason: u16) -> &'static str {
    match reason {
        0 => "reason not specified",
        1 => "temporary congestion",
        2 => "local limit exceeded",
        3 => "called presentation address unknown",
        4 => "protocol version not supported",
        5 => "default context not supported",
        6 => "user data not readable",
        7 => "no presentation service access point available",
        8 => "authentication type not recognized",
        9 => "invalid checksum",
        _ => "",
    }
}

/// The answer to one presentation context: `p_cont_def_result_t` (C706 12.6.3.1, MS-RPCE 2.2.2.4).
pub(super) const fn result(result: u16) -> &'static str {
    match result {
        0 => "acceptance",
        1 => "user rejection",
        2 => "provider rejection",
        3 => "negotiate_ack",
        _ => "",
    }
}

/// Why the provider rejects a context: `p_provider_reason_t` (C706 12.6.3.1).
pub(super) const fn provider_reason(reason: u16) -> &'static str {
    match reason {
        0 => "reason not specified",
        1 => "abstract syntax not supported",
        2 => "proposed transfer syntaxes not supported",
        3 => "local limit exceeded",
        _ => "",
    }
}

/// The security provider (MS-RPCE 2.2.1.1.7); empty where it is unknown.
pub(super) const fn auth_type(kind: u8) -> &'static str {
    match kind {
        0 => "none",
        1 => "DCE private key",
        2 => "DCE public key",
        9 => "SPNEGO",
        10 => "NTLM",
        14 => "Schannel",
        16 => "Kerberos",
        68 => "Netlogon",
        255 => "default",
        _ => "",
    }
}

/// The authentication level (MS-RPCE 2.2.1.1.8); empty where it is unknown.
pub(super) const fn auth_level(level: u8) -> &'static str {
    match level {
        0 => "default",
        1 => "none",
        2 => "connect",
        3 => "call",
        4 => "packet",
        5 => "packet integrity",
        6 => "packet privacy",
        _ => "",
    }
}

/// The level from which the stubs are encrypted.
pub(super) const PRIVACY: u8 = 6;
