//! `tls-not-spoken`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{Side, Stamp};

use super::tls::{alert_name, server_words};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// One side speaks TLS and the other does not: a client asks for TLS where none is spoken, or speaks in clear where TLS is
    /// wanted.
    ///
    /// ## Why it matters
    /// Nothing can come of it. The usual reasons are http:// instead of https://, a wrong port, or STARTTLS left out.
    ///
    /// ## How it is told
    /// The first words of a server in answer to a ClientHello are no record of TLS; its first bytes are shown. Or (`likely`)
    /// its last words in clear before the ClientHello were a refusal, as in answer to STARTTLS, and nothing in TLS came. Or the
    /// server refuses STARTTLS (of SMTP, IMAP, POP3, FTP, XMPP, LDAP, or PostgreSQL's SSLRequest), and the client leaves with no
    /// more than good-bye; who goes on in clear is content with that, and nothing is told. Or a server
    /// answers words in clear with an alert of TLS, or with the page that nginx, Apache and Go have for it. Or (`likely`) a
    /// server closes at once and without a word on a request of HTTP, on a port where other clients of this capture speak
    /// TLS to it, or that is known for TLS.
    ///
    /// ## Example
    /// `words-in-clear`: GET in clear to an HTTPS port. `starttls-refused`: PostgreSQL has no TLS, and psql wants it.
    ///
    /// ## What to do
    /// Correct the port, or the scheme of the URL, or whether the client begins with TLS at once or by STARTTLS.
    ///
    /// ## References
    /// RFC 8446 sections 5.1 and 6, RFC 9110 section 4.2.2, RFC 8314 section 3.
    pub TlsNotSpoken = "tls-not-spoken" {
        summary: "TLS on one side only",
        severity: Error,
        category: Establishment,
        protocols: [],
        reference: "RFC 8446 sections 5.1 and 6; RFC 9110 section 4.2.2; RFC 8314 section 3",
    }
}

/// Who does not understand closes at once: seconds.
const AT_ONCE: f64 = 1.0;
/// Ports for TLS: of the IANA registry, and those that servers take by default (4433 is OpenSSL's).
const PORTS: &[u16] = &[
    443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 4433, 5061, 5671, 6514, 8443, 8883,
];

impl TlsNotSpoken {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(fact) = in_clear(view) {
            if view.lost(Side::Server) {
                return out.cannot_tell(&META, "T4", "bytes of the server are missing");
            }
            if fact.side == Side::Client
                && let Some((guard, why)) = unheard(view)
            {
                return out.cannot_tell(&META, guard, why);
            }
            if fact.is("refused") {
                return out.raise(refused(view, fact));
            }
            let what = match fact.text("looks_like") {
                "" => "what is not TLS".to_owned(),
                name => format!("in clear, as it seems {name}"),
            };
            let finding = Finding::new(&META, fact.stamp)
                .side(Culprit::Client)
                .frame(hello(view), "client-hello")
                .frame(fact.stamp, "answer")
                .title(format!("No TLS is spoken at {}: it answers {what}", server_words(view)))
                .explain(explanation(view, fact))
                .advise("Correct the client's port or scheme; where TLS begins by STARTTLS there, let the client begin so.");
            return out.raise(finding);
        }
        if let Some(refusal) = view.session.fact("tls.refused-in-clear") {
            out.raise(left(view, refusal));
        }
        if let Some(plain) = Plain::of(view) {
            match unheard(view) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(plain.finding(view)),
            }
        }
    }
}

/// Why the client's first words are not known: they may have been a ClientHello, or what TLS begins behind (CONNECT, STARTTLS).
fn unheard(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if view.began_late() {
        return Some(("T1", "the client's first words came before the capture"));
    }
    let lost = view.lost(Side::Client);
    lost.then_some(("T4", "bytes of the client are missing"))
}

/// The words in clear by which the server shows that no TLS will come of it. A server may have refused something else before,
/// and then taken the hello.
pub(super) fn in_clear<'a>(view: &View<'a>) -> Option<&'a SeenFact> {
    let fact = view.session.fact("tls.not-spoken")?;
    let answered = view.session.last_message.server.is_some();
    (!answered || !fact.is("refused")).then_some(fact)
}

/// The client's hello: words in clear before it may belong to the session too.
fn hello(view: &View<'_>) -> Stamp {
    let begun = view.session.entered(Phase::Negotiating);
    begun.map_or(view.session.first, |p| p.stamp)
}

/// TLS after a refusal in clear.
fn refused(view: &View<'_>, fact: &SeenFact) -> Finding {
    let (first, here) = (hello(view).frame, fact.stamp.frame);
    Finding::new(&META, hello(view))
        .likely()
        .side(Culprit::Server)
        .frame(fact.stamp, "refusal")
        .frame(hello(view), "client-hello")
        .title(format!(
            "{} refuses TLS in clear, and the client begins with it all the same",
            server_words(view)
        ))
        .explain(format!(
            "The server's last words, in frame {here}, were \"{}\"; in frame {first} the client began with TLS, and the server \
             said nothing in TLS to that.",
            fact.text("first")
        ))
        .advise("See the server's log for why it refuses STARTTLS: it may have no certificate, or TLS may be switched off there.")
}

/// The client left on a refusal in clear.
fn left(view: &View<'_>, refusal: &SeenFact) -> Finding {
    let asked = view.session.fact("tls.asked-in-clear").map(|f| f.stamp);
    let gone = view.tcp().and_then(|tcp| tcp.sides.client.fin);
    let asks = match asked {
        Some(asked) => format!("In frame {} the client asked for TLS", asked.frame),
        None => "The client asked for TLS".to_owned(),
    };
    Finding::new(&META, refusal.stamp)
        .side(Culprit::Server)
        .maybe_frame(asked, "request")
        .frame(refusal.stamp, "refusal")
        .maybe_frame(gone, "end")
        .title(format!(
            "{} refuses TLS, and the client leaves",
            server_words(view)
        ))
        .explain(format!(
            "{asks}, and the server refused with \"{}\" (frame {}). The client said no more than good-bye and ended the connection: \
             it wants TLS, or nothing.",
            refusal.text("first"),
            refusal.stamp.frame
        ))
        .advise(
            "See the server's configuration and log for why it refuses TLS: it may have no certificate, or TLS may be switched off there.",
        )
}

fn explanation(view: &View<'_>, fact: &SeenFact) -> String {
    let (first, here) = (hello(view).frame, fact.stamp.frame);
    match fact.side {
        Side::Server => format!(
            "The client began with TLS in frame {first}, and the server answered in frame {here} with \"{}\".",
            fact.text("first")
        ),
        Side::Client => format!(
            "The server spoke first, {} in clear (frame {first}), and the client began with TLS in frame {here}.",
            fact.text("looks_like")
        ),
    }
}

/// How a server shows that it wants TLS.
enum How {
    /// An alert of this number.
    Alert(i64),
    /// A page that says so.
    Page,
    /// It closed without a word.
    Closed,
}

/// Words in clear to a server that wants TLS.
struct Plain {
    /// The client's first words, where they are one message.
    first: Option<Stamp>,
    /// Seconds from there to the end, where the server only closed.
    until: f64,
    answer: Stamp,
    how: How,
    spoken: &'static str,
}

impl Plain {
    fn of(view: &View<'_>) -> Option<Self> {
        let tcp = view.tcp()?;
        let session = view.session;
        if let Some(alert) = session.fact("tls.alert-to-plain") {
            let client = &tcp.sides.client;
            let only = client.last_data.filter(|_| client.data_segments == 1);
            let asked = session.open.first().map(|open| open.asked);
            // Whose words are not known may have said hello; who has said nothing speaks nothing else.
            let spoke = client.stream_bytes > 0 || unheard(view).is_some();
            return spoke.then(|| Self {
                first: asked.or(only).filter(|first| *first < alert.stamp),
                until: 0.0,
                answer: alert.stamp,
                how: alert.int("code").map_or(How::Page, How::Alert),
                spoken: session.protocol,
            });
        }
        let [open, ..] = session.open.as_slice() else {
            return None;
        };
        let answer = silent_end(view, open)?;
        Some(Self {
            first: Some(open.asked),
            until: answer.time.since(open.asked.time),
            answer,
            how: How::Closed,
            spoken: session.protocol,
        })
    }

    fn finding(&self, view: &View<'_>) -> Finding {
        let spoken = match self.spoken {
            "tcp" => "something else than TLS",
            "http" => "HTTP in clear",
            name => name,
        };
        let (how, why) = match self.how {
            How::Page => (
                "answered with a page that says so".to_owned(),
                "as servers of HTTP over TLS do".to_owned(),
            ),
            How::Alert(code) => (
                format!("answered with the alert {} of TLS", alert_name(code)),
                "which only a server of TLS sends".to_owned(),
            ),
            How::Closed => (
                format!("closed without a word {} later", seconds(self.until)),
                match opened_elsewhere(view) {
                    Some(frame) => format!(
                        "as a server of TLS does; other sessions of TLS with it came about (frame {frame})"
                    ),
                    None => "as a server of TLS does, for which this port is known".to_owned(),
                },
            ),
        };
        let finding = Finding::new(&META, self.answer)
            .side(Culprit::Client)
            .maybe_frame(self.first, "first-words")
            .frame(self.answer, "answer")
            .title(format!(
                "The client speaks {spoken} to {}, which wants TLS",
                view.server()
            ))
            .explain(format!(
                "{} spoke {spoken}; the server {how} (frame {}), {why}.",
                match self.first {
                    Some(first) => format!("In frame {} the client", first.frame),
                    None => "The client".to_owned(),
                },
                self.answer.frame
            ))
            .advise("Let the client use TLS there (https:// instead of http://), or give it the port for words in clear.");
        if matches!(self.how, How::Closed) {
            finding.likely()
        } else {
            finding
        }
    }
}

/// Where the server closed at once on the first request of HTTP, without a word, on a port for TLS.
fn silent_end(view: &View<'_>, open: &Open) -> Option<Stamp> {
    let (tcp, session) = (view.tcp()?, view.session);
    let for_tls = PORTS.contains(&view.flow.server.port) || opened_elsewhere(view).is_some();
    let first = session.protocol == "http" && session.requests.sent == 1;
    let silent = tcp.sides.server.stream_bytes == 0 && !view.lost(Side::Server);
    if !for_tls || !first || !silent || view.one_sided() || view.began_late() {
        return None;
    }
    let reset = tcp
        .reset()
        .filter(|r| tcp.was_reset() && r.side == Side::Server);
    let fin = tcp.sides.server.fin;
    let fin = fin.filter(|fin| tcp.sides.client.fin.is_none_or(|client| *fin < client));
    let end = fin.or(reset.map(|r| r.stamp))?;
    (end.time.since(open.asked.time) <= AT_ONCE).then_some(end)
}

/// The frame in which a session of TLS with this server came about.
fn opened_elsewhere(view: &View<'_>) -> Option<u64> {
    let server = view.world.tls.server(view.flow.server)?;
    server.chosen.first().map(|(_, _, stamp)| stamp.frame)
}

/// True when this rule tells why a request was not answered.
pub(super) fn tells(view: &View<'_>) -> bool {
    Plain::of(view).is_some() && unheard(view).is_none()
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::tls::{
        TLS12, alert, client_hello, closed_by_server, from, opened12, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "tls-not-spoken";
    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    fn told(frames: Vec<crate::capture::script::ScriptFrame>, certainty: Certainty) {
        let found = findings(frames.clone(), RULE);
        assert_eq!(
            (found.len(), found[0].side),
            (1, Culprit::Client),
            "{found:?}"
        );
        assert_eq!(found[0].certainty, certainty);
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn a_hello_is_answered_in_clear() {
        let asked = to(8080).client(&client_hello(TLS12));
        let script = asked.server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        told(closed_by_server(script), Certainty::Certain);
        let banner = to(22)
            .server(b"SSH-2.0-OpenSSH_9.2\r\n")
            .client(&client_hello(TLS12));
        told(closed_by_server(banner), Certainty::Certain);
    }

    #[test]
    fn a_server_of_words_answers_a_hello_behind_its_greeting() {
        let greeted = to(8443).server(b"220 mail.example.org ESMTP\r\n");
        let hello = greeted.client(&client_hello(TLS12));
        let answered = hello.clone().server(b"500 Command not recognised\r\n");
        told(closed_by_server(answered.clone()), Certainty::Certain);
        let short = hello.clone().server(b"500\r\n");
        told(closed_by_server(short), Certainty::Certain);
        let lost = hello
            .server_lost(b"500 what")
            .server(b"and so on, until\r\n");
        assert!(findings(closed_by_server(lost), RULE).is_empty());
    }

    #[test]
    fn starttls_is_refused_and_the_client_begins_all_the_same() {
        let asked = |answer: &[u8]| {
            let script = to(25).server(b"220 mail.example.org ESMTP\r\n");
            let script = script
                .client(b"EHLO me\r\n")
                .server(b"250 mail.example.org\r\n");
            script.client(b"STARTTLS\r\n").server(answer)
        };
        let refused = asked(b"454 4.7.0 TLS not available\r\n").client(&client_hello(TLS12));
        let found = findings(closed_by_server(refused.wait_secs(5.0)), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert_eq!(found[0].certainty, Certainty::Likely);
        let frame = |role| {
            found[0]
                .frames
                .iter()
                .find(|e| e.role == role)
                .unwrap()
                .frame
        };
        assert!(frame("refusal") < frame("client-hello"));
        // The server takes it, or has refused nothing.
        let taken = opened12(asked(b"454 4.7.0 not now\r\n"), TLS12, &[]);
        assert!(findings(taken.close().frames(), RULE).is_empty());
        let ready = asked(b"220 go ahead\r\n").client(&client_hello(TLS12));
        let ready = closed_by_server(ready.wait_secs(5.0));
        assert!(findings(ready.clone(), RULE).is_empty());
        assert_eq!(loud(ready), ["tls-handshake-stalled"]);
        let lost = asked(b"454 4.7.0 not now\r\n").server_lost(b"220 go ahead\r\n");
        let lost = lost.client(&client_hello(TLS12)).wait_secs(5.0);
        assert!(findings(closed_by_server(lost), RULE).is_empty());
    }

    #[test]
    fn a_client_that_is_refused_leaves() {
        let said = |port, asks: &[u8], answer: &[u8]| {
            let script = to(port).client(asks).server(answer);
            script.wait_secs(0.01)
        };
        let unbind = [0x30, 5, 2, 1, 2, 0x42, 0];
        let mut start_tls = vec![0x30, 29, 2, 1, 1, 0x77, 24, 0x80, 22];
        start_tls.extend(b"1.3.6.1.4.1.1466.20037");
        let unsupported = *b"\x30\x0E\x02\x01\x01\x78\x09\x0A\x01\x02\x04\x00\x04\x02no";
        let success = *b"\x30\x0C\x02\x01\x01\x78\x07\x0A\x01\x00\x04\x00\x04\x00";
        let ssl_request = [0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F];
        let starttls: &[u8] = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
        let failure: &[u8] = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
        // What is asked, answered and said in parting, and what of the answer is told.
        let cases: [(u16, [&[u8]; 3], &str); 6] = [
            (
                25,
                [
                    b"STARTTLS\r\n",
                    b"454 4.7.0 TLS not available\r\n",
                    b"QUIT\r\n",
                ],
                "454 4.7.0",
            ),
            (
                143,
                [b"a1 STARTTLS\r\n", b"a1 BAD no\r\n", b"a2 LOGOUT\r\n"],
                "a1 BAD no",
            ),
            (110, [b"stls\r\n", b"-ERR no\r\n", b"QUIT\r\n"], "-ERR no"),
            (5432, [&ssl_request, b"N", b""], "\"N\""),
            (389, [&start_tls, &unsupported, &unbind], "resultCode 2 no"),
            (5222, [starttls, failure, b"</stream:stream>"], "<failure"),
        ];
        for (port, [asks, answer, farewell], words) in cases {
            let mut script = said(port, asks, answer);
            if !farewell.is_empty() {
                script = script.client(farewell);
            }
            let gone = script.fin(Side::Client).fin(Side::Server);
            let found = findings(gone.frames(), RULE);
            assert_eq!((found.len(), found[0].side), (1, Culprit::Server), "{port}");
            assert_eq!(found[0].certainty, Certainty::Certain);
            assert!(found[0].explanation.contains(words), "{:?}", found[0]);
            let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
            assert_eq!(roles, ["request", "refusal", "end"]);
            // Who goes on in clear is content, and who was not refused may leave.
            let on = said(port, asks, answer).client(b"\0\0\0\x10 goes on in clear\r\n");
            assert!(findings(closed_by_server(on.server(b"250 ok\r\n")), RULE).is_empty());
            let lost = said(port, asks, answer).client_lost(b"a2 NOOP\r\n");
            let lost = lost.client(b"QUIT\r\n").fin(Side::Client);
            assert!(findings(lost.fin(Side::Server).frames(), RULE).is_empty());
            let running = said(port, asks, answer);
            assert!(findings(running.frames(), RULE).is_empty());
        }
        for (port, asks, answer) in [
            (
                25,
                b"STARTTLS\r\n".as_slice(),
                b"220 go ahead\r\n".as_slice(),
            ),
            (5432, &ssl_request, b"S"),
            (389, &start_tls, &success),
            (25, b"VRFY me\r\n", b"550 no such user\r\n"),
        ] {
            let ready = said(port, asks, answer).fin(Side::Client).fin(Side::Server);
            assert!(findings(ready.frames(), RULE).is_empty(), "{port}");
        }
    }

    #[test]
    fn words_in_clear_are_answered_by_an_alert_or_a_page() {
        let get = to(9443).client(GET).server(&alert(2, 70));
        told(closed_by_server(get), Certainty::Certain);
        let smtp = to(9443).client(b"EHLO me\r\n").server(&alert(2, 10));
        told(closed_by_server(smtp), Certainty::Certain);
        let page =
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        told(
            closed_by_server(to(9443).client(GET).server(page)),
            Certainty::Certain,
        );
    }

    #[test]
    fn a_server_of_tls_closes_without_a_word() {
        told(closed_by_server(to(443).client(GET)), Certainty::Likely);
        let elsewhere = opened12(from(50, 9443), TLS12, &[]).close();
        let get = from(51, 9443).wait_secs(1.0).client(GET);
        let get = get.fin(Side::Server).fin(Side::Client);
        told(Script::merge([elsewhere, get]), Certainty::Likely);
    }

    #[test]
    fn other_ports_and_other_answers_tell_nothing_of_it() {
        let closed = closed_by_server(to(8080).client(GET));
        assert_eq!(loud(closed), ["request-unanswered"]);
        let bad = to(443)
            .client(GET)
            .server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
        assert!(findings(closed_by_server(bad), RULE).is_empty());
    }

    #[test]
    fn what_the_client_said_first_may_have_come_before_the_capture() {
        let late = |port| Script::tcp("10.0.0.1:40000", &format!("10.0.0.2:{port}"));
        let hello = late(9443).server(&alert(2, 40)).client(&[]);
        assert_eq!(cannot_tell(closed_by_server(hello), RULE), ["T1"]);
        let tunnel = late(3128).server(b"HTTP/1.1 200 Connection Established\r\n\r\n");
        let tunnel = tunnel.client(&client_hello(TLS12));
        assert_eq!(cannot_tell(closed_by_server(tunnel), RULE), ["T1"]);
        // A server that is tired of waiting for a hello answers nothing.
        let tired = to(9443).wait_secs(60.0).server(&alert(2, 80));
        assert!(findings(closed_by_server(tired), RULE).is_empty());
    }

    #[test]
    fn what_the_server_said_may_be_missing() {
        let script = to(8080).client(&client_hello(TLS12)).server_lost(&[22; 30]);
        let frames = closed_by_server(script.server(b"and so on, in clear or not"));
        assert!(findings(frames, RULE).is_empty());
        let hello = to(9443).client_lost(&client_hello(TLS12));
        let hello = hello.server(&alert(2, 40));
        assert_eq!(cannot_tell(closed_by_server(hello), RULE), ["T4"]);
        let lost = to(443).client(GET).server_lost(&alert(2, 70));
        assert!(findings(closed_by_server(lost), RULE).is_empty());
        let asked = to(8080).client(&client_hello(TLS12));
        let script = asked
            .server(b"220 mail.example.org\r\n")
            .server_lost(b"500\r\n")
            .server(b"500\r\n");
        assert_eq!(cannot_tell(closed_by_server(script), RULE), ["T4"]);
    }
}
