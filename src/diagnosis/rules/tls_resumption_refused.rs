//! `tls-resumption-refused`.

use super::tls::{again, server_words};
use super::tls_resumption_mismatch as mismatch;
use crate::diagnosis::tls::{Alike, Issued};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client offered to resume an earlier session, and the server made a new one.
    ///
    /// ## Why it matters
    /// Resuming saves a round trip (up to TLS 1.2), certificates and expensive signatures. A server that never resumes pays for
    /// all of them each time; early data falls with it.
    ///
    /// ## How it is told
    /// Up to TLS 1.2: a session id or a ticket is offered, and the server answers with a full handshake (Certificate or
    /// ServerHelloDone). TLS 1.3: a pre-shared key is offered, and the ServerHello does not choose it. An id in a hello of
    /// TLS 1.3 without ticket is no offer, unless it is that of a session in this capture. It is a warning where the
    /// earlier session is in this capture and its lifetime is not over, else a note: the server may have forgotten it
    /// rightly. Told once a server, with the number of times.
    ///
    /// ## Example
    /// A server is restarted, and its ticket keys with it; or a load balancer chooses a host that has other keys.
    ///
    /// ## What to do
    /// Let all hosts behind one name share ticket keys or the session cache, and keep keys over a restart as long as tickets
    /// live.
    ///
    /// ## References
    /// RFC 5246 section 7.3, RFC 5077 section 3, RFC 8446 sections 2.2 and 4.2.11.
    pub TlsResumptionRefused = "tls-resumption-refused" {
        summary: "Resumption offered and not taken",
        severity: Warning,
        category: Establishment,
        protocols: ["tls"],
        reference: "RFC 5246 section 7.3; RFC 5077 section 3; RFC 8446 sections 2.2 and 4.2.11",
    }
}

impl TlsResumptionRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let refused = view.session.facts_named("tls.resumption-refused");
        let Some(fact) = refused
            .filter(|f| f.is("meant") || origin(view, f).is_some())
            .last()
        else {
            return;
        };
        let alike = Alike::NotResumed(view.flow.server);
        let series = view.world.tls.series(&alike, fact.stamp);
        // One that only its origin shows to be meant belongs to no series.
        let Some(series) = series.or_else(|| {
            (!fact.is("meant")).then_some(crate::diagnosis::tls::Series {
                first: fact.stamp,
                last: fact.stamp,
                count: 1,
            })
        }) else {
            return;
        };
        let origin = origin(view, fact);
        let age = origin.map(|o| fact.stamp.time.since(o.stamp.time));
        let over = origin
            .zip(age)
            .is_some_and(|(o, age)| o.lifetime > 0 && age >= o.lifetime as f64);
        let told = mismatch::of(view).is_some();
        let loud = origin.is_some() && !over && !told;
        let finding = Finding::new(&META, fact.stamp)
            .severity(if loud { Severity::Warning } else { Severity::Note })
            .side(Culprit::Server)
            .maybe_frame(origin.map(|o| o.stamp), "earlier-session")
            .frame(view.session.first, "client-hello")
            .frame(fact.stamp, "answer")
            .title(format!(
                "{} does not resume the session that the client offers by {}",
                server_words(view),
                fact.text("by")
            ))
            .explain(format!(
                "The client offered to resume an earlier session by {} (frame {}); the server answered with a full handshake (frame {}). {}",
                fact.text("by"),
                view.session.first.frame,
                fact.stamp.frame,
                history(view, origin, age, over)
            ))
            .advise("Let all hosts behind this name share their ticket keys or session cache, and keep them over a restart.")
            .number("alike", f64::from(series.count));
        let finding = match age {
            Some(age) => finding.number("age", age),
            None => finding,
        };
        let finding = if told {
            finding.also("The cause is told by tls-resumption-mismatch.")
        } else {
            finding
        };
        out.raise(again(finding, series));
    }
}

/// The earlier session, where it is in the capture.
fn origin<'a>(view: &View<'a>, fact: &SeenFact) -> Option<&'a Issued> {
    view.world.tls.origin(fact)
}

fn history(view: &View<'_>, origin: Option<&Issued>, age: Option<f64>, over: bool) -> String {
    let Some((origin, age)) = origin.zip(age) else {
        return "The earlier session is not in this capture, or was given out under encryption, so that its age is not known."
            .to_owned();
    };
    let lifetime = match origin.lifetime {
        0 => String::new(),
        n if over => format!(", whose lifetime of {} is over", seconds(n as f64)),
        n => format!(", of a lifetime of {}", seconds(n as f64)),
    };
    let by = if origin.server == view.flow.server {
        "It was given out".to_owned()
    } else {
        format!("It was given out by another server, {},", origin.server)
    };
    format!(
        "{by} in frame {}, {} before{lifetime}.",
        origin.stamp.frame,
        seconds(age)
    )
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::tls::{
        Hello, TLS12, TLS13, client_hello, finished12, finished13, flight12, flight13, from,
        key_exchange12, opened12, server_hello12, ticket12, to,
    };
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tls-resumption-refused";
    const ID: &[u8] = &[3; 32];
    const TICKET: &[u8] = &[4; 160];

    /// A session that may be resumed by its id.
    fn earlier() -> Script {
        opened12(from(50, 443), TLS12, ID).close()
    }

    fn by_id(later: f64) -> Script {
        let hello = Hello {
            session_id: ID,
            ..TLS12
        };
        opened12(from(51, 443).wait_secs(later), hello, &[5; 32]).close()
    }

    #[test]
    fn a_session_of_this_capture_is_not_resumed() {
        let frames = Script::merge([earlier(), by_id(60.0)]);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert_eq!(found[0].frames[0].role, "earlier-session");
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn a_ticket_is_good_for_its_lifetime() {
        let earlier = from(50, 443)
            .client(&client_hello(TLS12))
            .server(&flight12(&[], "2040", false))
            .client(&key_exchange12(false))
            .server(&[ticket12(TICKET, 300), finished12()].concat())
            .close();
        let hello = Hello {
            ticket: TICKET,
            ..TLS12
        };
        let again = |later| opened12(from(51, 443).wait_secs(later), hello, &[]).close();
        let severity = |later| {
            let found = findings(Script::merge([earlier.clone(), again(later)]), RULE);
            found[0].severity
        };
        assert_eq!(severity(60.0), Severity::Warning);
        assert_eq!(severity(900.0), Severity::Note);
    }

    #[test]
    fn a_session_that_nobody_saw_is_a_note() {
        let found = findings(by_id(1.0).frames(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        let hello = Hello {
            psk: b"an earlier session",
            ..TLS13
        };
        let script = to(443)
            .client(&client_hello(hello))
            .server(&flight13(false));
        let found = findings(script.client(&finished13()).close().frames(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
    }

    #[test]
    fn a_resumed_session_and_an_id_that_is_there_for_looks_are_no_refusal() {
        let hello = Hello {
            session_id: ID,
            ..TLS12
        };
        let resumed = from(51, 443)
            .wait_secs(60.0)
            .client(&client_hello(hello))
            .server(&[server_hello12(ID), finished12()].concat())
            .client(&finished12());
        let frames = Script::merge([earlier(), resumed.close()]);
        assert!(findings(frames, RULE).is_empty());
        let looks = Hello {
            session_id: &[6; 32],
            tls13: true,
            ..TLS12
        };
        assert!(findings(opened12(to(443), looks, &[]).close().frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_is_missing_refuses_nothing() {
        let hello = Hello {
            session_id: ID,
            ..TLS12
        };
        let lost = from(51, 443)
            .wait_secs(60.0)
            .client(&client_hello(hello))
            .server_lost(&flight12(&[], "2040", false))
            .client(&key_exchange12(false))
            .server(&finished12());
        assert!(findings(Script::merge([earlier(), lost.close()]), RULE).is_empty());
    }
}
