//! `tls-aborted-by-alert`.

use super::tls::{again, alert_name, alert_words, finding, server_words, told};
use super::tls_renegotiation_unanswered;
use crate::diagnosis::tls::{Failure, Kind};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, counted, declare_rule};
use crate::session::model::SeenFact;
use crate::session::troubles::Malformed;

declare_rule! {
    /// ## What it means
    /// The session was open, and one side ended it with a fatal alert: it could not take what it got.
    ///
    /// ## Why it matters
    /// What was under way is lost. bad_record_mac means that bytes were changed on their way or keys do not fit, which TCP
    /// did not notice.
    ///
    /// ## How it is told
    /// A fatal alert in clear (a session without encryption, or read by a key log) behind the handshake. Where it is
    /// encrypted: the server's only answer to the client's first records is a record of just the size of an alert, at
    /// once, and then it closes; tickets before it do not count, which all have one length (`likely`).
    /// Where that answers a renegotiation, `tls-renegotiation-unanswered` tells it.
    /// Not told where the client was idle before, for the server may have been about to close. An encrypted alert
    /// behind data of the server cannot be told from close_notify.
    ///
    /// ## Example
    /// `tls13-corrupt-record`: a byte is changed on the way; the server answers bad_record_mac.
    ///
    /// ## What to do
    /// bad_record_mac and decrypt_error: look for a device that changes bytes, and for wrong checksums of its other
    /// connections. unexpected_message and decode_error: one of the two implementations is at fault. internal_error: see
    /// the log of who sent it.
    ///
    /// ## References
    /// RFC 8446 sections 5.2 and 6.2, RFC 5246 section 7.2.2.
    pub TlsAbortedByAlert = "tls-aborted-by-alert" {
        summary: "Ended by a fatal alert",
        severity: Error,
        category: Establishment,
        protocols: ["tls"],
        reference: "RFC 8446 sections 5.2 and 6.2; RFC 5246 section 7.2.2",
    }
}

impl TlsAbortedByAlert {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some((failure, series)) = told(view, Kind::Aborted, &META, out) else {
            return;
        };
        if tls_renegotiation_unanswered::refused(view).is_some() {
            return;
        }
        let alert = failure.alert;
        let title = match failure.code() {
            Some(code) => format!(
                "The {} ended the session with {}: {}",
                alert.side,
                server_words(view),
                alert_name(code)
            ),
            None => format!(
                "{} answers the client's first record with an alert, and closes",
                server_words(view)
            ),
        };
        let finding = finding(view, &META, &failure, series)
            .side(blame(view, &failure))
            .title(title)
            .explain(format!(
                "In frame {} the {} sent {}. {}",
                alert.stamp.frame,
                alert.side,
                alert_words(&failure),
                why(&failure)
            ))
            .advise("See the log of who sent it, which names the alert. Where it is bad_record_mac, look for a device on the path that changes bytes.");
        out.raise(again(foreign(view, alert, finding), series));
    }
}

/// What the other side sent just before is no record of TLS: the alert answers that.
fn foreign(view: &View<'_>, alert: &SeenFact, finding: Finding) -> Finding {
    let before = |m: &&Malformed| m.side != alert.side && m.stamp <= alert.stamp;
    let malformed = &view.session.troubles.malformed;
    match malformed.iter().rev().find(before) {
        Some(m) => finding.frame(m.stamp, "no-record").also(&format!(
            "In frame {} the {} had sent what is no record of TLS.",
            m.stamp.frame, m.side
        )),
        None => finding,
    }
}

fn blame(view: &View<'_>, failure: &Failure<'_>) -> Culprit {
    match failure.code() {
        // The handshake would have shown whether the keys are the same.
        Some(20 | 21 | 51) if view.session.began_before_capture => Culprit::Unknown,
        Some(20 | 21 | 51) => Culprit::Network,
        Some(80 | 90) => failure.alert.side.into(),
        Some(_) => failure.alert.side.other().into(),
        None => Culprit::Unknown,
    }
}

fn why(failure: &Failure<'_>) -> String {
    match failure.code() {
        Some(20 | 21 | 51) => {
            "A record did not come as it was sent: bytes were changed on their way, or the keys of the two differ."
                .to_owned()
        }
        Some(22) => "A record is longer than was agreed.".to_owned(),
        Some(80) => "Something in it went wrong that has nothing to do with the peer.".to_owned(),
        Some(_) => "A message of the other side is not one that it could take.".to_owned(),
        None => format!(
            "After the handshake the client sent {} and got no answer but this, and then the end of the connection. \
             So ends who can't read a record (bad_record_mac), or does not want the client.",
            counted(
                failure.alert.int("records").unwrap_or_default().unsigned_abs(),
                "record"
            )
        ),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::rules::bench::tls::{
        alert, bare, closed_by_server, data, hidden_alert, opened_bare, opened13, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "tls-aborted-by-alert";

    #[test]
    fn nothing_but_tickets_and_an_alert_answers_the_request() {
        let asked = opened13(to(443)).client(&data(35));
        let tickets = asked.server(&data(250)).server(&data(250));
        let frames = closed_by_server(tickets.clone().server(&hidden_alert()));
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Likely));
        assert_eq!(loud(frames), [RULE]);
        let stale = opened13(to(443)).wait_secs(60.0).client(&data(35));
        assert!(loud(closed_by_server(stale.server(&hidden_alert()))).is_empty());
        let late = tickets.wait_secs(30.0).server(&hidden_alert());
        assert!(loud(closed_by_server(late)).is_empty());
    }

    #[test]
    fn an_alert_in_clear_is_read() {
        let script = opened13(to(443)).client(&data(35)).server(&alert(2, 20));
        let found = findings(closed_by_server(script), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Network));
    }

    #[test]
    fn words_in_clear_within_the_session_are_what_the_alert_answers() {
        let script = opened_bare(to(443)).client(&bare(23, b"opaque"));
        let script = script.client(b"GET /plain HTTP/1.1\r\n\r\n");
        let answered = script.server(&bare(21, &[2, 70]));
        let found = findings(closed_by_server(answered), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert!(
            found[0].frames.iter().any(|e| e.role == "no-record"),
            "{found:?}"
        );
        let clean = opened_bare(to(443)).client(&bare(23, b"opaque"));
        let found = findings(closed_by_server(clean.server(&bare(21, &[2, 70]))), RULE);
        assert!(!found[0].explanation.contains("no record"), "{found:?}");
    }

    #[test]
    fn a_decode_error_for_the_end_of_the_stream_is_no_abort() {
        let answered = opened13(to(443)).client(&data(35)).server(&data(300));
        let early = answered.clone().server(&alert(2, 50)).fin(Side::Client);
        assert_eq!(findings(early.fin(Side::Server).frames(), RULE).len(), 1);
        let late = answered
            .fin(Side::Client)
            .server(&alert(2, 50))
            .fin(Side::Server);
        assert!(loud(late.frames()).is_empty());
    }

    #[test]
    fn an_answer_before_it_makes_it_close_notify() {
        let answered = opened13(to(443)).client(&data(35)).server(&data(300));
        assert!(loud(closed_by_server(answered.server(&hidden_alert()))).is_empty());
        let mut log = opened13(to(6514));
        for _ in 0..9 {
            log = log.client(&data(80)).wait_secs(1.0);
        }
        let log = log.client(&data(80)).server(&hidden_alert());
        assert!(loud(closed_by_server(log)).is_empty());
        let both = opened13(to(443)).client(&data(35)).client(&hidden_alert());
        assert!(loud(closed_by_server(both.server(&hidden_alert()))).is_empty());
    }

    #[test]
    fn the_answer_may_be_among_the_bytes_that_are_missing() {
        let script = opened13(to(443)).client(&data(35)).client(&data(35));
        let lost = script.client_lost(&data(30)).client(&data(35));
        let frames = closed_by_server(lost.server(&hidden_alert()));
        assert!(findings(frames.clone(), RULE).is_empty());
        assert!(cannot_tell(frames, RULE).iter().all(|guard| *guard == "T4"));
    }
}
