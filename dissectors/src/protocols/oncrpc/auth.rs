//! Credentials by flavor: AUTH_SYS (RFC 5531 appendix A) and RPCSEC_GSS (RFC 2203).

use super::wire::Auth;
use super::xdr::{Xdr, text};

pub(super) const AUTH_SYS: u32 = 1;
pub(super) const RPCSEC_GSS: u32 = 6;
/// RFC 9289: a call that asks for TLS.
pub(super) const AUTH_TLS: u32 = 7;

/// The IANA name of a flavor; empty for an unknown one.
pub(super) const fn flavor_name(flavor: u32) -> &'static str {
    match flavor {
        0 => "AUTH_NONE",
        1 => "AUTH_SYS",
        2 => "AUTH_SHORT",
        3 => "AUTH_DH",
        4 => "AUTH_KERB",
        5 => "AUTH_RSA",
        6 => "RPCSEC_GSS",
        7 => "AUTH_TLS",
        390_003 => "RPCSEC_GSS_KRB5",
        390_004 => "RPCSEC_GSS_KRB5I",
        390_005 => "RPCSEC_GSS_KRB5P",
        _ => "",
    }
}

/// Who an AUTH_SYS credential says to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sys<'a> {
    pub(super) machine: &'a [u8],
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Sys<'_> {
    pub(super) fn machine_name(&self) -> String {
        text(self.machine)
    }
}

/// `struct authsys_parms`.
pub(super) fn sys<'a>(auth: &Auth<'a>) -> Option<Sys<'a>> {
    if auth.flavor != AUTH_SYS {
        return None;
    }
    let mut xdr = Xdr::new(auth.body);
    let _stamp = xdr.word()?;
    Some(Sys {
        machine: xdr.opaque(255)?,
        uid: xdr.word()?,
        gid: xdr.word()?,
    })
}

/// `struct rpc_gss_cred_vers_1_t` (RFC 2203 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gss {
    /// 0 DATA, 1 INIT, 2 CONTINUE_INIT, 3 DESTROY.
    pub(super) procedure: u32,
    pub(super) sequence: u32,
    /// 1 none, 2 integrity, 3 privacy.
    pub(super) service: u32,
}

pub(super) fn gss(auth: &Auth<'_>) -> Option<Gss> {
    if auth.flavor != RPCSEC_GSS {
        return None;
    }
    let mut xdr = Xdr::new(auth.body);
    let _version = xdr.word()?;
    Some(Gss {
        procedure: xdr.word()?,
        sequence: xdr.word()?,
        service: xdr.word()?,
    })
}

/// The handle of the context that an RPCSEC_GSS credential names.
pub(super) fn gss_handle<'a>(auth: &Auth<'a>) -> Option<&'a [u8]> {
    let mut xdr = Xdr::new(auth.body);
    xdr.skip_words(4)?;
    xdr.opaque(1024)
}

impl Gss {
    pub(super) const fn procedure_name(self) -> &'static str {
        match self.procedure {
            0 => "RPCSEC_GSS_DATA",
            1 => "RPCSEC_GSS_INIT",
            2 => "RPCSEC_GSS_CONTINUE_INIT",
            3 => "RPCSEC_GSS_DESTROY",
            _ => "",
        }
    }

    pub(super) const fn service_name(self) -> &'static str {
        match self.service {
            1 => "none",
            2 => "integrity",
            3 => "privacy",
            _ => "unknown",
        }
    }

    /// The procedure's own data in what travels as arguments or results, or `None` where it is encrypted or no
    /// procedure's data at all (section 5.3.2).
    pub(super) fn inner(self, data: &[u8]) -> Option<&[u8]> {
        match (self.procedure, self.service) {
            (0, 1) => Some(data),
            // databody_integ: its length, the sequence number, then the data.
            (0, 2) => data.get(8..),
            _ => None,
        }
    }

    /// Data whose content is encrypted.
    pub(super) const fn is_private(self) -> bool {
        self.procedure == 0 && self.service == 3
    }
}
