//! `tls-renegotiation-unanswered`.

use colloquy_dissectors::units::Side;

use super::tls::{alert_name, ended_by_alert, guard, server_words};
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// One side asked for a new handshake within the open session (renegotiation), and the other said nothing more, or the
    /// server refused it by an alert.
    ///
    /// ## Why it matters
    /// Who asked waits for it, most often to see the client's certificate; the request behind it waits too.
    ///
    /// ## How it is told
    /// Up to TLS 1.2 the type of a record is in clear: a handshake record in the open session, to which the other side
    /// says nothing at all, neither handshake nor alert nor data, until the connection ends a second or more later, or for
    /// 10 s. A client that goes on with its data has passed it over, as it may. Or the server answers the
    /// client's at once with an alert (`likely` where it can't be read). In TLS 1.3 this can't be seen.
    ///
    /// ## Example
    /// A web server asks for a client certificate for one of its directories, and the client's library does not renegotiate.
    ///
    /// ## What to do
    /// Ask for the certificate in the first handshake, or use TLS 1.3 with post-handshake authentication; allow secure
    /// renegotiation at the other side.
    ///
    /// ## References
    /// RFC 5246 sections 7.4.1.1 and 7.2.2 (no_renegotiation), RFC 5746.
    pub TlsRenegotiationUnanswered = "tls-renegotiation-unanswered" {
        summary: "Renegotiation not answered, or refused",
        severity: Warning,
        category: Dialogue,
        protocols: ["tls"],
        reference: "RFC 5246 sections 7.4.1.1 and 7.2.2; RFC 5746",
    }
}

/// Who ends the connection sooner has not waited, and who answers later answers something else: seconds.
const FAIR: f64 = 1.0;

impl TlsRenegotiationUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(asked) = last(view) else { return };
        if let Some((asked, alert)) = refused(view) {
            return out.raise(refusal(view, asked, alert));
        }
        let peer = asked.side.other();
        let spoke = view.session.last_message[peer].is_some_and(|m| m.stamp > asked.stamp);
        if spoke || ended_by_alert(view) {
            return;
        }
        if let Some((guard, why)) = guard(view) {
            return out.cannot_tell(&META, guard, why);
        }
        let end = view.ending().map(Ending::stamp);
        let waited = end.map_or_else(
            || view.until_end(asked.stamp),
            |end| end.time.since(asked.stamp.time),
        );
        let patience = match end {
            Some(_) => FAIR,
            None => view.world.thresholds.close_reply,
        };
        if waited < patience {
            if end.is_none() {
                out.cannot_tell(&META, "T2", "the capture ends right after it was asked for");
            }
            return;
        }
        let finding = Finding::new(&META, asked.stamp)
            .side(peer)
            .frame(asked.stamp, "request")
            .maybe_frame(end, "end")
            .title(format!(
                "The {peer} does not answer the renegotiation that the {} asks for ({})",
                asked.side,
                server_words(view)
            ))
            .explain(format!(
                "In frame {} the {} sent a handshake message within the open session; the {peer} said nothing more in {}.",
                asked.stamp.frame,
                asked.side,
                seconds(waited)
            ))
            .advise("Let the server ask for what it wants in the first handshake, or the other side allow secure renegotiation.")
            .number("waited", waited)
            .number("patience", patience);
        out.raise(finding);
    }
}

/// A renegotiation that the client asked for, and the server's alert in answer, at once.
pub(super) fn refused<'a>(view: &View<'a>) -> Option<(&'a SeenFact, &'a SeenFact)> {
    let refused = view.session.facts_named("tls.renegotiation-refused");
    let alert = refused.last().filter(|_| guard(view).is_none())?;
    let before = |f: &&SeenFact| f.side == Side::Client && f.stamp < alert.stamp;
    let asked = view.session.facts_named("tls.renegotiation");
    let asked = asked.filter(before).last()?;
    let soon = alert.stamp.time.since(asked.stamp.time) < FAIR;
    soon.then_some((asked, alert))
}

fn refusal(view: &View<'_>, asked: &SeenFact, alert: &SeenFact) -> Finding {
    let mut alerts = view.session.facts_named("tls.alert");
    let code = alerts
        .find(|a| a.stamp == alert.stamp)
        .and_then(|a| a.int("code"));
    let how = match code {
        Some(code) => format!("the alert {} ({code})", alert_name(code)),
        None => "an alert that can't be read, most likely no_renegotiation".to_owned(),
    };
    let finding = Finding::new(&META, alert.stamp)
        .side(Culprit::Unknown)
        .frame(asked.stamp, "request")
        .frame(alert.stamp, "alert")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title(format!(
            "{} refuses the renegotiation that the client asks for",
            server_words(view)
        ))
        .explain(format!(
            "In frame {} the client sent a handshake message within the open session; the server answered in frame {} with \
             {how}.",
            asked.stamp.frame, alert.stamp.frame
        ))
        .advise("Let the client do without a new handshake, or allow secure renegotiation at the server.");
    if code.is_some() {
        finding
    } else {
        finding.likely()
    }
}

/// The last handshake message within the open session.
fn last<'a>(view: &View<'a>) -> Option<&'a SeenFact> {
    view.session.facts_named("tls.renegotiation").last()
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::tls::{
        TLS12, closed_by_server, data, opened12, record, to,
    };
    use crate::diagnosis::rules::bench::ws::elsewhere;
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "tls-renegotiation-unanswered";

    /// A HelloRequest under the keys.
    fn asked() -> Script {
        let script = opened12(to(443), TLS12, &[]).client(&data(90));
        script.server(&record(22, &[0x6B; 28]))
    }

    #[test]
    fn the_client_says_nothing_more() {
        let frames = elsewhere(asked(), 30.0);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert_eq!(loud(frames), [RULE]);
        let closed = asked().wait_secs(5.0).fin(Side::Server).fin(Side::Client);
        assert_eq!(findings(closed.frames(), RULE).len(), 1);
    }

    #[test]
    fn the_server_answers_with_an_alert() {
        let hello = record(22, &[0x6B; 200]);
        let alert = record(21, &[0x6B; 26]);
        let asked = || {
            let script = opened12(to(443), TLS12, &[]).client(&data(90));
            script.server(&data(300)).client(&hello)
        };
        let refused = asked().server(&alert).client(&alert);
        let frames = closed_by_server(refused);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Likely));
        assert_eq!(loud(frames), [RULE]);
        let unanswered = opened12(to(443), TLS12, &[])
            .client(&data(90))
            .client(&hello);
        assert_eq!(loud(closed_by_server(unanswered.server(&alert))), [RULE]);
        // It takes it, goes on with its data, or is tired of the connection.
        for answer in [record(22, &[0x6B; 900]), data(300)] {
            let script = asked().server(&answer).client(&data(90)).server(&alert);
            assert!(findings(closed_by_server(script), RULE).is_empty());
        }
        let late = asked().wait_secs(30.0).server(&alert);
        assert!(findings(closed_by_server(late), RULE).is_empty());
        let lost = asked().server_lost(&data(90)).server(&alert);
        assert!(findings(closed_by_server(lost), RULE).is_empty());
    }

    #[test]
    fn an_answer_of_any_kind_will_do() {
        for answer in [record(22, &[0x6B; 200]), record(21, &[0x6B; 26]), data(90)] {
            let script = asked().client(&answer).server(&data(500));
            assert!(findings(elsewhere(script, 30.0), RULE).is_empty());
        }
    }

    #[test]
    fn too_early_or_with_bytes_missing_nothing_is_told() {
        assert_eq!(cannot_tell(elsewhere(asked(), 2.0), RULE), ["T2"]);
        let lost = asked().client_lost(&record(22, &[0x6B; 200]));
        let frames = elsewhere(lost.server(&data(40)), 30.0);
        assert!(findings(frames, RULE).is_empty());
    }
}
