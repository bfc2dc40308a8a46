//! `spnego-fallback`.

use std::net::IpAddr;

use colloquy_dissectors::event::Value;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::Session;

declare_rule! {
    /// ## What it means
    /// Kerberos was on offer, and client and server used NTLM instead.
    ///
    /// ## Why it matters
    /// NTLM is slower (the server asks a domain controller for each logon), cannot delegate, and is being switched off in many
    /// networks: what works today by NTLM fails then. It often is the only sign of a missing or wrong principal name.
    ///
    /// ## How it is told
    /// The server named Kerberos among its mechanisms and the client offered NTLM alone; or the client offered Kerberos and the
    /// server chose NTLM. It is a note. Left out where it is by design: the share is named by an IP address, for which
    /// nobody gives tickets; the logon is anonymous; the account is one of the server's own (its domain is `.` or empty or
    /// the workstation's).
    ///
    /// ## Example
    /// A share is mapped by an alias for which no principal name was registered.
    ///
    /// ## What to do
    /// Use the name that has a principal name (`setspn -L HOST`), or register the alias. See on port 88 whether the client asked
    /// for a ticket, and what it was answered (kerberos-error).
    ///
    /// ## References
    /// RFC 4178 sections 3 and 4.2; MS-SPNG 3.1.5 and 3.2.5.2.
    pub SpnegoFallback = "spnego-fallback" {
        summary: "NTLM instead of Kerberos",
        severity: Note,
        category: Authentication,
        protocols: ["smb", "smb2"],
        reference: "RFC 4178 sections 3 and 4.2; MS-SPNG 3.1.5 and 3.2.5.2",
    }
}

impl SpnegoFallback {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("smb.mechanism-fallback") else {
            return;
        };
        if by_address(view.session) || is_local(view.session) {
            return;
        }
        let offered = fact
            .value("offered")
            .map_or_else(String::new, Value::to_string);
        let (culprit, title, what, advice) = if fact.text("by") == "server" {
            (
                Culprit::Server,
                "The server chose NTLM although the client offered Kerberos",
                format!("The client offered {offered}; the server chose NTLM"),
                "Join the server to the realm, or see why it has no key of its own (a keytab).",
            )
        } else {
            (
                Culprit::Client,
                "The client used NTLM although the server has Kerberos",
                "The server named Kerberos among its mechanisms; the client offered NTLM alone"
                    .to_owned(),
                "See whether the name that the client used has a principal name, and what a key distribution centre answered.",
            )
        };
        out.raise(
            Finding::new(&META, fact.stamp)
                .side(culprit)
                .maybe_frame(fact.request, "offer")
                .frame(fact.stamp, "chosen")
                .title(title)
                .explain(format!("{what} (frame {}).", fact.stamp.frame))
                .advise(advice),
        );
    }
}

/// The shares are named by an address.
fn by_address(session: &Session) -> bool {
    let Some(Value::List(shares)) = session.detail("shares") else {
        return false;
    };
    shares.iter().any(|share| {
        let share = share.to_string();
        let host = share.trim_start_matches('\\').split('\\').next();
        host.is_some_and(|host| host.parse::<IpAddr>().is_ok() || host.contains(".ipv6-literal."))
    })
}

/// The user is nobody, or one of the server's own.
fn is_local(session: &Session) -> bool {
    let text = |key: &str| match session.detail(key) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let (user, domain) = (text("user"), text("domain"));
    user.is_empty()
        || user == "anonymous"
        || matches!(domain, "" | "." | "WORKGROUP")
        || domain.eq_ignore_ascii_case(text("workstation"))
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        ntlm, offered, setup_answer_of, setup_of, smb2, to, tree, tree_answer,
    };

    const RULE: &str = "spnego-fallback";
    const MORE: u32 = 0xC000_0016;

    fn negotiated(mechanisms: &[&str]) -> Script {
        let mut request = vec![36, 0, 1, 0];
        request.resize(36, 0);
        request.extend(0x0302_u16.to_le_bytes());
        let token = offered(mechanisms, &[]);
        let mut answer = vec![65, 0, 1, 0, 2, 3];
        answer.resize(64, 0);
        answer[56] = 128;
        answer[58] = token.len() as u8;
        answer.extend(token);
        to(445)
            .client(&smb2(0, 0, None, &request))
            .server(&smb2(0, 0, Some(0), &answer))
    }

    /// A logon of `domain`\alice by NTLM on a server with `mechanisms`, then `path`.
    fn logged_on(mechanisms: &[&str], domain: &str, path: &str) -> Script {
        negotiated(mechanisms)
            .client(&setup_of(1, &offered(&["NTLM"], &ntlm(1, "", ""))))
            .server(&setup_answer_of(1, MORE, &ntlm(2, "", "")))
            .client(&setup_of(2, &ntlm(3, "alice", domain)))
            .server(&setup_answer_of(2, 0, &[]))
            .client(&tree(3, path))
            .server(&tree_answer(3, 0, 1))
            .close()
    }

    #[test]
    fn ntlm_on_a_server_that_has_kerberos_is_told() {
        let script = logged_on(&["Kerberos", "NTLM"], "LAB", "\\\\srv.lab\\data");
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].side, crate::diagnosis::Culprit::Client);
    }

    #[test]
    fn what_the_server_chose_is_told_with_the_offer() {
        let offer = offered(&["Kerberos", "Kerberos", "NTLM"], &[]);
        // NegTokenResp: accept-incomplete, supportedMech NTLM.
        let choice = [
            0xA1, 0x15, 0x30, 0x13, 0xA0, 3, 0x0A, 1, 1, 0xA1, 12, 6, 10, 0x2B, 6, 1, 4, 1, 0x82,
            0x37, 2, 2, 10,
        ];
        let script = negotiated(&["Kerberos", "NTLM"])
            .client(&setup_of(1, &offer))
            .server(&setup_answer_of(1, MORE, &choice))
            .client(&setup_of(2, &ntlm(3, "alice", "LAB")))
            .server(&setup_answer_of(2, 0, &[]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        let text = &found[0].explanation;
        assert!(text.contains("offered Kerberos, NTLM;"), "{text}");
        let roles: Vec<_> = found[0].frames.iter().map(|f| f.role).collect();
        assert_eq!(roles, ["offer", "chosen"]);
    }

    #[test]
    fn by_design_it_is_quiet() {
        let quiet = |mechanisms: &[&str], domain, path| {
            let frames = logged_on(mechanisms, domain, path).frames();
            assert!(findings(frames, RULE).is_empty(), "{domain} {path}");
        };
        quiet(&["Kerberos", "NTLM"], "LAB", "\\\\10.0.0.2\\data");
        quiet(&["Kerberos", "NTLM"], ".", "\\\\srv\\data");
        quiet(&["NTLM"], "LAB", "\\\\srv.lab\\data");
    }

    #[test]
    fn a_servers_answer_that_is_missing_tells_nothing() {
        let script = to(445)
            .client(&setup_of(1, &offered(&["NTLM"], &ntlm(1, "", ""))))
            .server_lost(&setup_answer_of(1, MORE, &ntlm(2, "", "")))
            .client(&setup_of(2, &ntlm(3, "alice", "LAB")))
            .wait_secs(1.0);
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
