//! Kerberos messages (RFC 4120 5.4, 5.5, 5.9), as far as they are in the clear: who asks whom for what, and errors.

use super::der::{Tlv, Values};

/// Characters of a name that are kept.
const MAX_NAME: usize = 256;
/// Parts of a principal's name; there are rarely more than three.
const MAX_PARTS: usize = 8;

/// Which message it is, by its application tag, which is its msg-type too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AsReq,
    AsRep,
    TgsReq,
    TgsRep,
    ApReq,
    ApRep,
    Error,
}

/// What a message tells in the clear. Empty texts for what it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    /// Who asks, without the realm.
    pub(crate) client: String,
    pub(crate) realm: String,
    /// For which service: `krbtgt/EXAMPLE.COM`, `cifs/fs1.example.com`.
    pub(crate) service: String,
    /// Of an error.
    pub(crate) error: Option<Error>,
}

/// What KRB-ERROR says beyond names (5.9.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) code: u32,
    /// The server's time: seconds since 1970, and microseconds.
    pub(crate) time: Option<(i64, u32)>,
    /// The server's words.
    pub(crate) text: String,
}

impl Error {
    /// Its name (7.5.9); empty for an unknown one.
    pub(crate) fn name(&self) -> &'static str {
        name(self.code)
    }
}

impl Message {
    /// Reads a message; `None` where it is none. What is cut short tells what is there.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let outer = Values::new(bytes).next()?;
        let kind = match outer.tag {
            0x6A => Kind::AsReq,
            0x6B => Kind::AsRep,
            0x6C => Kind::TgsReq,
            0x6D => Kind::TgsRep,
            0x6E => Kind::ApReq,
            0x6F => Kind::ApRep,
            0x7E => Kind::Error,
            _ => return None,
        };
        let sequence = outer.only(0x30)?;
        // pvno and msg-type, which come first; requests count their fields from 1.
        let from = u8::from(matches!(kind, Kind::AsReq | Kind::TgsReq));
        let field = |n: u8| sequence.inside().find(|field| field.tag == 0xA0 + n);
        let number = |n: u8| field(n).and_then(|field| field.only(0x02)?.number());
        if number(from) != Some(5) || number(from + 1) != Some(u32::from(outer.tag & 0x1F)) {
            return None;
        }
        let mut message = Self {
            kind,
            client: String::new(),
            realm: String::new(),
            service: String::new(),
            error: None,
        };
        match kind {
            Kind::AsReq | Kind::TgsReq => {
                if let Some(body) = field(4).and_then(|body| body.only(0x30)) {
                    let field = |n: u8| body.inside().find(|field| field.tag == 0xA0 + n);
                    message.client = principal(field(1));
                    message.realm = text(field(2));
                    message.service = principal(field(3));
                }
            }
            Kind::AsRep | Kind::TgsRep => {
                message.client = principal(field(4));
                message.ticket(field(5));
            }
            Kind::ApReq => message.ticket(field(3)),
            Kind::ApRep => {}
            Kind::Error => {
                message.client = principal(field(8));
                message.realm = text(field(9));
                message.service = principal(field(10));
                message.error = Some(Error {
                    code: number(6).unwrap_or_default(),
                    time: field(4)
                        .and_then(|t| Some((time(&t.only(0x18)?)?, number(5).unwrap_or(0)))),
                    text: text(field(11)),
                });
            }
        }
        Some(message)
    }

    /// Realm and service of a ticket (5.3).
    fn ticket(&mut self, field: Option<Tlv<'_>>) {
        let ticket = field.and_then(|field| field.only(0x61)?.only(0x30));
        let field = |n: u8| ticket.as_ref()?.inside().find(|f| f.tag == 0xA0 + n);
        self.realm = text(field(1));
        self.service = principal(field(2));
    }
}

/// The Kerberos message of a GSS-API token (RFC 4121 4.1): behind the mechanism and two bytes of token id.
pub(super) fn of_gss(token: &[u8]) -> Option<Message> {
    if let Some(message) = Message::read(token) {
        // Windows answers some clients without the frame.
        return Some(message);
    }
    let frame = Values::new(token)
        .next()
        .filter(|frame| frame.tag == 0x60)?;
    let oid = frame.inside().next().filter(|oid| oid.tag == 0x06)?;
    let behind = oid.at + oid.content.len() + 2;
    Message::read(token.get(behind..)?)
}

/// A realm or a text: a GeneralString in a field.
fn text(field: Option<Tlv<'_>>) -> String {
    let value = field.and_then(|field| field.inside().next());
    value.map_or_else(String::new, |value| printable(value.content))
}

/// A principal's name (5.2.2): its parts with slashes between.
fn principal(field: Option<Tlv<'_>>) -> String {
    let name = field.and_then(|field| field.only(0x30));
    let parts = name.and_then(|name| name.inside().find(|f| f.tag == 0xA1)?.only(0x30));
    let parts = parts.iter().flat_map(Tlv::inside).take(MAX_PARTS);
    let parts: Vec<String> = parts.map(|part| printable(part.content)).collect();
    parts.join("/")
}

fn printable(bytes: &[u8]) -> String {
    let short = bytes.get(..MAX_NAME).unwrap_or(bytes);
    let text = String::from_utf8_lossy(short);
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// `20150119225403Z` as seconds since 1970 (5.2.3).
fn time(value: &Tlv<'_>) -> Option<i64> {
    let text = std::str::from_utf8(value.content).ok()?;
    let digits = text.strip_suffix('Z').filter(|d| d.len() == 14)?;
    let number = |at: usize, len: usize| digits.get(at..at + len)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 2)?, number(6, 2)?);
    if !(1..=12).contains(&month) {
        return None;
    }
    // Days of the civil calendar, years beginning with March.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + number(8, 2)? * 3600 + number(10, 2)? * 60 + number(12, 2)?)
}

/// The names of error codes (RFC 4120 7.5.9, RFC 4556 3.1.3, RFC 6113 6).
pub(crate) fn name(code: u32) -> &'static str {
    match NAMES.binary_search_by_key(&code, |(code, _)| *code) {
        Ok(at) => NAMES.get(at).map_or("", |(_, name)| name),
        Err(_) => "",
    }
}

const NAMES: &[(u32, &str)] = &[
    (0, "KDC_ERR_NONE"),
    (1, "KDC_ERR_NAME_EXP"),
    (2, "KDC_ERR_SERVICE_EXP"),
    (3, "KDC_ERR_BAD_PVNO"),
    (4, "KDC_ERR_C_OLD_MAST_KVNO"),
    (5, "KDC_ERR_S_OLD_MAST_KVNO"),
    (6, "KDC_ERR_C_PRINCIPAL_UNKNOWN"),
    (7, "KDC_ERR_S_PRINCIPAL_UNKNOWN"),
    (8, "KDC_ERR_PRINCIPAL_NOT_UNIQUE"),
    (9, "KDC_ERR_NULL_KEY"),
    (10, "KDC_ERR_CANNOT_POSTDATE"),
    (11, "KDC_ERR_NEVER_VALID"),
    (12, "KDC_ERR_POLICY"),
    (13, "KDC_ERR_BADOPTION"),
    (14, "KDC_ERR_ETYPE_NOSUPP"),
    (15, "KDC_ERR_SUMTYPE_NOSUPP"),
    (16, "KDC_ERR_PADATA_TYPE_NOSUPP"),
    (17, "KDC_ERR_TRTYPE_NOSUPP"),
    (18, "KDC_ERR_CLIENT_REVOKED"),
    (19, "KDC_ERR_SERVICE_REVOKED"),
    (20, "KDC_ERR_TGT_REVOKED"),
    (21, "KDC_ERR_CLIENT_NOTYET"),
    (22, "KDC_ERR_SERVICE_NOTYET"),
    (23, "KDC_ERR_KEY_EXPIRED"),
    (24, "KDC_ERR_PREAUTH_FAILED"),
    (25, "KDC_ERR_PREAUTH_REQUIRED"),
    (26, "KDC_ERR_SERVER_NOMATCH"),
    (27, "KDC_ERR_MUST_USE_USER2USER"),
    (28, "KDC_ERR_PATH_NOT_ACCEPTED"),
    (29, "KDC_ERR_SVC_UNAVAILABLE"),
    (31, "KRB_AP_ERR_BAD_INTEGRITY"),
    (32, "KRB_AP_ERR_TKT_EXPIRED"),
    (33, "KRB_AP_ERR_TKT_NYV"),
    (34, "KRB_AP_ERR_REPEAT"),
    (35, "KRB_AP_ERR_NOT_US"),
    (36, "KRB_AP_ERR_BADMATCH"),
    (37, "KRB_AP_ERR_SKEW"),
    (38, "KRB_AP_ERR_BADADDR"),
    (39, "KRB_AP_ERR_BADVERSION"),
    (40, "KRB_AP_ERR_MSG_TYPE"),
    (41, "KRB_AP_ERR_MODIFIED"),
    (42, "KRB_AP_ERR_BADORDER"),
    (44, "KRB_AP_ERR_BADKEYVER"),
    (45, "KRB_AP_ERR_NOKEY"),
    (46, "KRB_AP_ERR_MUT_FAIL"),
    (47, "KRB_AP_ERR_BADDIRECTION"),
    (48, "KRB_AP_ERR_METHOD"),
    (49, "KRB_AP_ERR_BADSEQ"),
    (50, "KRB_AP_ERR_INAPP_CKSUM"),
    (51, "KRB_AP_PATH_NOT_ACCEPTED"),
    (52, "KRB_ERR_RESPONSE_TOO_BIG"),
    (60, "KRB_ERR_GENERIC"),
    (61, "KRB_ERR_FIELD_TOOLONG"),
    (62, "KDC_ERROR_CLIENT_NOT_TRUSTED"),
    (63, "KDC_ERROR_KDC_NOT_TRUSTED"),
    (64, "KDC_ERROR_INVALID_SIG"),
    (65, "KDC_ERR_KEY_TOO_WEAK"),
    (66, "KDC_ERR_CERTIFICATE_MISMATCH"),
    (67, "KRB_AP_ERR_NO_TGT"),
    (68, "KDC_ERR_WRONG_REALM"),
    (69, "KRB_AP_ERR_USER_TO_USER_REQUIRED"),
    (70, "KDC_ERR_CANT_VERIFY_CERTIFICATE"),
    (71, "KDC_ERR_INVALID_CERTIFICATE"),
    (72, "KDC_ERR_REVOKED_CERTIFICATE"),
    (73, "KDC_ERR_REVOCATION_STATUS_UNKNOWN"),
    (74, "KDC_ERR_REVOCATION_STATUS_UNAVAILABLE"),
    (75, "KDC_ERR_CLIENT_NAME_MISMATCH"),
    (76, "KDC_ERR_KDC_NAME_MISMATCH"),
    (90, "KDC_ERR_PREAUTH_EXPIRED"),
    (91, "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED"),
    (93, "KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS"),
];
