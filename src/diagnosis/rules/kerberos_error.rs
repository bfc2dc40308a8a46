//! `kerberos-error`.

use colloquy_dissectors::units::Timestamp;

use crate::diagnosis::smb::or;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::{SeenFact, Transport};

declare_rule! {
    /// ## What it means
    /// A key distribution centre or a server answered a Kerberos request with an error.
    ///
    /// ## Why it matters
    /// Without a ticket nobody is let in, or the programs fall back to NTLM, which many networks forbid. What the user sees
    /// ("access denied", "logon failure") does not say that a clock or a name is wrong; this error does.
    ///
    /// ## How it is told
    /// A KRB-ERROR on port 88 that answers AS-REQ or TGS-REQ, or inside the security token of an SMB session setup or a
    /// DCE/RPC bind. KDC_ERR_PREAUTH_REQUIRED is the ordinary first leg and is left out; so is KRB_ERR_RESPONSE_TOO_BIG over
    /// UDP when the client asks again over TCP. It is a warning for KDC_ERR_S_PRINCIPAL_UNKNOWN (clients try names),
    /// KDC_ERR_BADOPTION and KDC_ERR_ETYPE_NOSUPP (clients try options), and where the same was granted later on the same
    /// conversation or, for a wrong clock inside a token, the session came about after all.
    /// Equal errors of a session are told together. The server's clock is compared with the capture's.
    ///
    /// ## Example
    /// A laptop whose battery was empty has a clock of 2010: KRB_AP_ERR_SKEW to everything.
    ///
    /// ## What to do
    /// KRB_AP_ERR_SKEW: set the clocks (5 minutes are allowed). KDC_ERR_PREAUTH_FAILED, or KRB_AP_ERR_BAD_INTEGRITY to an
    /// AS-REQ: the password, or an old keytab.
    /// KDC_ERR_S_PRINCIPAL_UNKNOWN: the service has no SPN of that name, or two accounts have it. KRB_AP_ERR_MODIFIED: the
    /// service runs under another account than the one the SPN belongs to, or a name resolves to another host.
    /// KDC_ERR_ETYPE_NOSUPP: allow an encryption type that both have.
    ///
    /// ## References
    /// RFC 4120 sections 5.9.1 and 7.5.9; RFC 4178 section 4.2.2; RFC 4121 section 4.1.
    pub KerberosError = "kerberos-error" {
        summary: "Kerberos error",
        severity: Error,
        category: Authentication,
        protocols: ["kerberos", "smb", "smb2", "dcerpc"],
        reference: "RFC 4120 sections 5.9.1 and 7.5.9; RFC 4178 section 4.2.2; RFC 4121 section 4.1",
    }
}

/// Clocks that differ by more are told (RFC 4120 1.6: five minutes are usual): seconds.
const SKEW: f64 = 300.0;
/// A client asks again over TCP within: seconds.
const AGAIN: f64 = 10.0;
/// KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_MORE_PREAUTH_DATA_REQUIRED: another leg is asked for.
const LEGS: [i64; 2] = [25, 91];
const TOO_BIG: i64 = 52;
/// KDC_ERR_S_PRINCIPAL_UNKNOWN, KDC_ERR_BADOPTION and KDC_ERR_ETYPE_NOSUPP: names and options are tried.
const TRIED: [i64; 3] = [7, 13, 14];

impl KerberosError {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut groups: Vec<Vec<&SeenFact>> = Vec::new();
        for fact in view.session.facts_named("kerberos.error") {
            let code = fact.int("code").unwrap_or_default();
            if LEGS.contains(&code) || code == TOO_BIG && asks_again(view, fact) {
                continue;
            }
            let key = |f: &SeenFact| (f.int("code"), f.text("service").to_owned());
            match groups
                .iter_mut()
                .find(|g| g.first().is_some_and(|f| key(f) == key(fact)))
            {
                Some(group) => group.push(fact),
                None => groups.push(vec![fact]),
            }
        }
        for group in groups {
            if let [first, .., last] | [first @ last] = group.as_slice() {
                out.raise(finding(view, first, last, group.len()));
            }
        }
    }
}

/// The client came back over TCP, which has room for the answer.
fn asks_again(view: &View<'_>, fact: &SeenFact) -> bool {
    let server = view.flow.server;
    let mut connects =
        view.world
            .connects_to(server.address, Some(server.port), fact.stamp.time, AGAIN);
    view.flow.transport == Transport::Udp && connects.any(|c| c.client == view.flow.client.address)
}

fn finding(view: &View<'_>, first: &SeenFact, last: &SeenFact, count: usize) -> Finding {
    let code = first.int("code").unwrap_or_default();
    let name = match first.text("name") {
        "" => format!("Kerberos error {code}"),
        name => name.to_owned(),
    };
    let asked = or(first.text("asked"), "AS-REQ");
    let service = first.text("service");
    let user = or(first.text("user"), known_user(view));
    let (culprit, why, advice) = meaning(code, asked);
    let granted = granted(view, last);
    let severity = if TRIED.contains(&code) || granted {
        Severity::Warning
    } else {
        META.severity
    };
    let whom = match (user, service) {
        ("", "") => String::new(),
        (user, "") => format!(" of {user}"),
        ("", service) => format!(" for {service}"),
        (user, service) => format!(" of {user} for {service}"),
    };
    let times = if count == 1 {
        String::new()
    } else {
        format!(", {count} times")
    };
    let clock = Clock::of(first);
    let mut explained = format!(
        "{} answered the {asked}{whom} in frame {} with {name}{times}: {why}.",
        view.server(),
        first.stamp.frame
    );
    if !first.text("text").is_empty() {
        explained.extend([" Its own words: ", first.text("text"), "."]);
    }
    if let Some(clock) = &clock {
        explained.push_str(&clock.told(code));
    }
    if granted {
        explained.push_str(" It was granted later.");
    }
    let finding = Finding::new(&META, first.stamp)
        .severity(severity)
        .side(culprit)
        .maybe_frame(first.request, "request")
        .frame(first.stamp, "error")
        .title(format!("{name} to the {asked}{whom}{times}"))
        .explain(explained)
        .advise(advice)
        .number("code", code as f64)
        .number("times", count as f64);
    let finding = match clock {
        Some(clock) => finding.number("clock_ahead", clock.ahead),
        None => finding,
    };
    if count == 1 {
        return finding;
    }
    finding
        .maybe_frame(last.request, "last-request")
        .frame(last.stamp, "last-error")
}

/// The user whom the session names.
fn known_user<'a>(view: &View<'a>) -> &'a str {
    match view.session.detail("user") {
        Some(colloquy_dissectors::event::Value::Text(user)) => user,
        _ => "",
    }
}

/// The same was asked again and answered without an error; a token's session was logged on.
fn granted(view: &View<'_>, last: &SeenFact) -> bool {
    use colloquy_dissectors::event::Phase;
    if view.session.protocol == "kerberos" {
        let mut operations = view.session.operations.iter();
        let after = view.session.last_message[last.side].is_some_and(|m| m.stamp > last.stamp);
        let failed_last = view
            .session
            .facts_named("kerberos.error")
            .any(|f| f.stamp > last.stamp);
        return after
            && !failed_last
            && operations.any(|o| o.op.name == last.text("asked") && o.times.count() > o.failed);
    }
    let mut phases = view.session.phases.iter();
    phases.any(|p| p.phase == Phase::Open && p.stamp > last.stamp)
}

/// The answerer's clock against the capture's.
struct Clock {
    /// Seconds that the answerer's clock is ahead.
    ahead: f64,
}

impl Clock {
    fn of(fact: &SeenFact) -> Option<Self> {
        let (seconds, micros) = (fact.int("time")?, fact.int("micros").unwrap_or(0));
        let nanos = seconds
            .checked_mul(1_000_000_000)?
            .checked_add(micros * 1000)?;
        let theirs = Timestamp::from_nanos(nanos);
        Some(Self {
            ahead: theirs.since(fact.stamp.time),
        })
    }

    fn told(&self, code: i64) -> String {
        /// KRB_AP_ERR_SKEW.
        const CLOCKS: i64 = 37;
        let apart = seconds(self.ahead.abs());
        let way = if self.ahead > 0.0 {
            "ahead of"
        } else {
            "behind"
        };
        match (self.ahead.abs() > SKEW, code == CLOCKS) {
            (true, _) => format!(" Its clock is {apart} {way} the capture's."),
            (false, true) => format!(
                " Its clock agrees with the capture's within {apart}: it is the client's that is wrong, if the capture's is right."
            ),
            _ => String::new(),
        }
    }
}

/// Error codes that mean the same: whom they point at, what they mean, and what to do.
type Meaning = (&'static [i64], Culprit, &'static str, &'static str);

const MEANINGS: &[Meaning] = &[
    (
        &[1],
        Culprit::Client,
        "the account has expired",
        "See the account.",
    ),
    (
        &[18],
        Culprit::Client,
        "the account is disabled, locked or expired",
        "See the account.",
    ),
    (
        &[23],
        Culprit::Client,
        "the password has expired",
        "The password must be changed first.",
    ),
    (
        &[32],
        Culprit::Client,
        "the ticket has expired",
        "The client should get a new ticket: renew it, and look at what runs longer than tickets live.",
    ),
    (
        &[21, 33],
        Culprit::Client,
        "it is not valid yet",
        "Compare the clocks of client, server and key distribution centre.",
    ),
    (
        &[2, 7, 19, 22, 26],
        Culprit::Server,
        "the key distribution centre has no such service, or may not give tickets for it",
        "Look for the service's principal name (setspn -Q): none has it, two accounts have it, or the client uses another name.",
    ),
    (
        &[6],
        Culprit::Client,
        "the key distribution centre does not know that user",
        "Check the user's name and realm.",
    ),
    (
        &[12],
        Culprit::Client,
        "a policy forbids it: hours, workstations, or where the account may log on to",
        "See the account's restrictions and authentication policies.",
    ),
    (
        &[13],
        Culprit::Unknown,
        "an option cannot be granted: delegation that is not allowed, or a ticket that cannot be renewed or forwarded",
        "See whether the account is trusted for delegation to that service.",
    ),
    (
        &[14],
        Culprit::Unknown,
        "there is no encryption type that both sides support",
        "Allow AES for the account and its host, or reset its password so that it has AES keys.",
    ),
    (
        &[24],
        Culprit::Client,
        "the password is wrong",
        "Check the password, or the keytab: it is older than the last change of the password.",
    ),
    (
        &[31, 41],
        Culprit::Server,
        "the ticket cannot be decrypted with the service's key",
        "See which account the service runs under and which account its principal name belongs to, and whether a name leads to another host.",
    ),
    (
        &[34],
        Culprit::Unknown,
        "the same authenticator came twice",
        "Something repeats requests, or two programs share a replay cache.",
    ),
    (
        &[37],
        Culprit::Client,
        "the clocks are too far apart",
        "Set the clocks of client, server and key distribution centre by one source; five minutes are allowed.",
    ),
    (
        &[44, 45],
        Culprit::Server,
        "the server does not have the key that the ticket was made with",
        "Renew the service's keytab: its password was changed since.",
    ),
    (
        &[52],
        Culprit::Unknown,
        "the answer is too large for UDP, and the client did not ask again over TCP",
        "Let the client reach port 88 over TCP.",
    ),
    (
        &[68],
        Culprit::Client,
        "the user belongs to another realm",
        "Ask the other realm: check the user's suffix and the trust between the realms.",
    ),
];

/// Whom it points at, what it means, and what to do.
fn meaning(code: i64, asked: &str) -> (Culprit, &'static str, &'static str) {
    /// KDC_ERR_PREAUTH_FAILED.
    const WRONG_PASSWORD: i64 = 24;
    /// KRB_AP_ERR_BAD_INTEGRITY.
    const NOT_DECRYPTED: i64 = 31;
    // An AS-REQ bears no ticket: what can't be decrypted is its pre-authentication.
    let code = match (code, asked) {
        (NOT_DECRYPTED, "AS-REQ") => WRONG_PASSWORD,
        _ => code,
    };
    let known = MEANINGS.iter().find(|(codes, ..)| codes.contains(&code));
    if let Some((_, culprit, why, advice)) = known {
        return (*culprit, why, advice);
    }
    if asked == "AP-REQ" {
        return (
            Culprit::Server,
            "the server did not take the ticket",
            "See the server's log for it, and RFC 4120 section 7.5.9 for the error.",
        );
    }
    (
        Culprit::Unknown,
        "it did not grant it",
        "See the log of the key distribution centre, and RFC 4120 section 7.5.9 for the error.",
    )
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::smb::testing::{negotiated, offered, setup_answer_of, setup_of, to};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "kerberos-error";

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match content.len() {
            n @ 0..0x80 => out.push(n as u8),
            n => out.extend([0x82, (n >> 8) as u8, n as u8]),
        }
        out.extend(content);
        out
    }

    fn field(n: u8, tag: u8, content: &[u8]) -> Vec<u8> {
        tlv(0xA0 + n, &tlv(tag, content))
    }

    fn name(n: u8, text: &str) -> Vec<u8> {
        let parts = tlv(0x1B, text.as_bytes());
        field(
            n,
            0x30,
            &[field(0, 2, &[1]), field(1, 0x30, &parts)].concat(),
        )
    }

    fn ask(nonce: u8) -> Vec<u8> {
        let body = [
            name(1, "alice"),
            field(2, 0x1B, b"EX.COM"),
            name(3, "krbtgt"),
            field(7, 2, &[nonce]),
        ];
        let fields = [
            field(1, 2, &[5]),
            field(2, 2, &[10]),
            field(4, 0x30, &body.concat()),
        ];
        tlv(0x6A, &tlv(0x30, &fields.concat()))
    }

    fn granted() -> Vec<u8> {
        let fields = [
            field(0, 2, &[5]),
            field(1, 2, &[11]),
            field(3, 0x1B, b"EX.COM"),
            name(4, "alice"),
        ];
        tlv(0x6B, &tlv(0x30, &fields.concat()))
    }

    fn error(code: u8) -> Vec<u8> {
        let fields = [
            field(0, 2, &[5]),
            field(1, 2, &[30]),
            field(4, 0x18, b"20000101000000Z"),
            field(5, 2, &[0]),
            field(6, 2, &[code]),
            field(9, 0x1B, b"EX.COM"),
            name(10, "krbtgt"),
        ];
        tlv(0x7E, &tlv(0x30, &fields.concat()))
    }

    fn asked(port: u16, nonce: u8) -> Script {
        Script::udp(&format!("10.0.0.1:{port}"), "10.0.0.2:88").client(&ask(nonce))
    }

    #[test]
    fn a_wrong_password_and_a_wrong_clock_are_told() {
        let found = findings(asked(40000, 1).server(&error(24)).frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("KDC_ERR_PREAUTH_FAILED"));
        assert!(found[0].title.contains("alice"), "{}", found[0].title);
        assert_eq!(found[0].severity, Severity::Error);
        let found = findings(asked(40000, 1).server(&error(37)).frames(), RULE);
        assert!(found[0].explanation.contains("the capture's"), "{found:?}");
    }

    #[test]
    fn pre_authentication_that_cannot_be_decrypted_is_a_wrong_password() {
        let found = findings(asked(40000, 1).server(&error(31)).frames(), RULE);
        assert!(found[0].explanation.contains("the password is wrong"));
        assert_eq!(found[0].side, Culprit::Client);
        // Elsewhere it is a ticket.
        assert_eq!(super::meaning(31, "AP-REQ").0, Culprit::Server);
        assert_eq!(super::meaning(41, "AS-REQ").0, Culprit::Server);
    }

    #[test]
    fn the_first_leg_and_an_answer_that_needs_tcp_are_quiet() {
        let legs = asked(40000, 1)
            .server(&error(25))
            .client(&ask(2))
            .server(&granted());
        assert!(loud(legs.frames()).is_empty());
        let framed = |message: Vec<u8>| {
            let mut out = (message.len() as u32).to_be_bytes().to_vec();
            out.extend(message);
            out
        };
        let udp = asked(40000, 1).server(&error(52));
        assert_eq!(findings(udp.clone().frames(), RULE).len(), 1);
        let tcp = Script::tcp("10.0.0.1:40001", "10.0.0.2:88")
            .wait_secs(1.0)
            .connect()
            .client(&framed(ask(2)))
            .server(&framed(granted()))
            .close();
        assert!(findings(Script::merge([udp, tcp]), RULE).is_empty());
    }

    #[test]
    fn what_is_granted_later_is_a_warning() {
        let script = asked(40000, 1)
            .server(&error(24))
            .client(&ask(2))
            .server(&granted());
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn an_error_inside_a_logon_of_smb_is_told() {
        // GSS-API's frame: the mechanism, the token id of KRB-ERROR, the message; and SPNEGO's around it.
        let kerberos = tlv(6, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2]);
        let token = tlv(0x60, &[kerberos, vec![3, 0], error(41)].concat());
        let answer = tlv(0xA1, &tlv(0x30, &field(2, 4, &token)));
        let script = negotiated(to(445))
            .client(&setup_of(1, &offered(&["Kerberos"], &[])))
            .server(&setup_answer_of(1, 0xC000_006D, &answer));
        let script = script.close();
        let logon = findings(script.clone().frames(), "smb-logon-failed");
        assert_eq!(logon[0].severity, Severity::Warning);
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("KRB_AP_ERR_MODIFIED to the AP-REQ"));
        assert_eq!(found[0].frames[0].role, "request");
    }

    #[test]
    fn an_error_that_was_not_captured_tells_nothing() {
        let lost = asked(40000, 1).server_lost(&error(24));
        assert!(findings(lost.frames(), RULE).is_empty());
    }
}
