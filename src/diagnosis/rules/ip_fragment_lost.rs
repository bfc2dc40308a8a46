//! `ip-fragment-lost`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::world::LostDatagram;
use crate::diagnosis::{
    CaptureView, Category, Culprit, Finding, Severity, Verdicts, View, declare_rule,
};

declare_rule! {
    /// ## What it means
    /// A datagram was sent in fragments, and not all of them came.
    ///
    /// ## Why it matters
    /// One lost fragment costs the whole datagram; the receiver throws the others away after half a minute. Over UDP
    /// nobody repeats it but the program itself.
    ///
    /// ## How it is told
    /// Fragments were seen and the datagram was not whole within 30 s, or whoever it was for repeated the request that it
    /// answers. Or all were seen, and the receiver says by ICMP (time exceeded, fragment reassembly) that it did not get all:
    /// they were lost behind the place of the capture. It is given to the conversation with the
    /// same ports, or where the first fragment is missing too, to the one between the two hosts that is nearest in
    /// time. A datagram of no known conversation is listed with the capture. Not told when the capture ends sooner or lost
    /// frames itself.
    ///
    /// ## Example
    /// `nfs3-udp-fragment-lost`: one fragment of a read's answer is lost, and the call is repeated after a second.
    ///
    /// ## What to do
    /// Use smaller datagrams or TCP. Look for firewalls that drop fragments: they often drop all but the first.
    ///
    /// ## References
    /// RFC 791 section 3.2, RFC 792, RFC 8200 section 4.5, RFC 8900.
    pub IpFragmentLost = "ip-fragment-lost" {
        summary: "A fragmented datagram was never whole",
        severity: Warning,
        category: Dialogue,
        protocols: ["udp", "tcp"],
        reference: "RFC 791 section 3.2; RFC 8200 section 4.5; RFC 8900",
    }
}

const ADVICE: &str =
    "Send smaller datagrams or use TCP; look for loss and for firewalls that drop fragments.";

impl IpFragmentLost {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let index = view.flow.index;
        let mut told = false;
        let own = view.world.lost_datagrams.iter();
        for lost in own.filter(|l| l.flow == Some(index)) {
            if lost.cut_short && !repeated_for(view, lost) {
                let why = "the capture ended before the datagram's time was over";
                out.cannot_tell(&META, "T2", why);
            } else if lost.evicted || view.world.dropped > 0 {
                let why = "the capture itself lost frames, or a bound was reached";
                out.cannot_tell(&META, "T4", why);
            } else {
                out.raise(finding(lost));
                told = true;
            }
        }
        if let Some(finding) = said_by_receiver(view).filter(|_| !told) {
            out.raise(finding);
        }
    }
}

/// The receiver has waited in vain for fragments that were lost behind the place of the capture.
fn said_by_receiver(view: &View<'_>) -> Option<Finding> {
    let tcp = view.tcp().map_or(&[][..], |tcp| &tcp.icmp);
    let errors = view.flow.icmp.iter().chain(tcp);
    let mut errors = errors.filter(|i| i.is_reassembly_time_exceeded());
    let first = errors.next()?;
    let count = 1 + errors.count();
    let (sender, receiver) = (first.about, first.about.other());
    let finding = Finding::new(&META, first.stamp)
        .side(Culprit::Network)
        .frame(first.stamp, "icmp")
        .title(format!(
            "A fragmented datagram of the {sender} was never whole at the {receiver}"
        ))
        .explain(format!(
            "{} says in frame {} that it has waited in vain for fragments of a datagram from {}, and has dropped what it had of \
             it{}. They were lost between the place of this capture and the {receiver}.",
            first.from,
            first.stamp.frame,
            view.end_of(sender),
            if count > 1 { format!(" ({count} times)") } else { String::new() }
        ))
        .advise(ADVICE)
        .number("icmp_errors", count as f64);
    Some(finding)
}

/// Its receiver repeated a request that was open while its fragments came: it did not get this answer.
fn repeated_for(view: &View<'_>, lost: &LostDatagram) -> bool {
    let asker = if lost.source == view.flow.client.address {
        Side::Server
    } else {
        Side::Client
    };
    let missed = |side: Side, first: Stamp, again: &[Stamp]| {
        side == asker && first.time <= lost.began && again.iter().any(|a| a.time > lost.began)
    };
    view.flow.sessions.iter().any(|session| {
        let mut open = session.open.iter();
        let mut repeats = session.troubles.repeats.iter();
        open.any(|o| missed(o.side, o.asked, &o.repeats))
            || repeats.any(|r| !r.differs && missed(r.side, r.first, &r.again))
    })
}

/// Datagrams that belong to no conversation, told with the capture.
pub(super) fn of_no_session(view: &CaptureView<'_>) -> Option<Finding> {
    let mut homeless = view
        .world
        .lost_datagrams
        .iter()
        .filter(|l| l.flow.is_none() && !l.cut_short && !l.evicted);
    let first = homeless.next()?;
    let count = 1 + homeless.count();
    let mut finding = finding(first)
        .severity(Severity::Note)
        .title(format!(
            "{count} fragmented datagrams of no known conversation were never whole"
        ))
        .number("datagrams", count as f64);
    // What they said, and to whom it mattered, limits what this capture can tell.
    finding.category = Category::Capture;
    Some(finding)
}

fn finding(lost: &LostDatagram) -> Finding {
    let stamps: Vec<_> = lost
        .frames
        .iter()
        .map(|frame| Stamp {
            time: lost.began,
            frame: *frame,
        })
        .collect();
    let ranges: Vec<_> = lost
        .missing
        .iter()
        .map(|(from, to)| match to {
            Some(to) => format!("{from} to {}", to.saturating_sub(1)),
            None => format!("from {from} on"),
        })
        .collect();
    let known: u32 = lost
        .missing
        .iter()
        .filter_map(|(from, to)| Some((*to)?.saturating_sub(*from)))
        .sum();
    let ports = lost.ports.map_or_else(String::new, |(from, to)| {
        format!(" (port {from} to port {to})")
    });
    let first = stamps.first().copied().unwrap_or_default();
    Finding::new(&META, first)
        .side(Culprit::Network)
        .frames(&stamps, "fragment")
        .title(format!(
            "A fragmented datagram from {} was never whole",
            lost.source
        ))
        .explain(format!(
            "{} fragments of a datagram from {} to {}{ports} came, bytes {} did not. The receiver has dropped all of it.",
            lost.frames.len(),
            lost.source,
            lost.destination,
            ranges.join(", ")
        ))
        .advise(ADVICE)
        .number("fragments", lost.frames.len() as f64)
        .number("missing_bytes", f64::from(known))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame};
    use crate::diagnosis::rules::bench::calls::{answer, call, over_udp};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud, quality};

    const RULE: &str = "ip-fragment-lost";

    /// An answer with results that go in three fragments.
    fn long_answer() -> Vec<u8> {
        let mut bytes = answer(1);
        bytes.resize(4000, 0);
        bytes
    }

    /// A call, its answer in three fragments, and a frame when the receiver's time is over.
    fn fragmented(then_secs: f64) -> Vec<ScriptFrame> {
        let script = over_udp()
            .client(&call(1))
            .server(&long_answer())
            .wait_secs(then_secs)
            .client(&call(2));
        script.frames()
    }

    fn without(mut frames: Vec<ScriptFrame>, index: usize) -> Vec<ScriptFrame> {
        frames.remove(index);
        frames
    }

    #[test]
    fn the_middle_fragment_is_lost() {
        let found = findings(without(fragmented(40.0), 2), RULE);
        assert_eq!(found[0].frames.len(), 2);
        assert!(
            found[0].numbers.contains(&("missing_bytes", 1480.0)),
            "{found:?}"
        );
    }

    #[test]
    fn without_the_first_fragment_the_hosts_tell_whose_it_was() {
        assert_eq!(findings(without(fragmented(40.0), 1), RULE).len(), 1);
    }

    #[test]
    fn all_fragments_came() {
        assert!(loud(fragmented(40.0)).is_empty());
    }

    #[test]
    fn the_capture_ends_before_the_receivers_time_is_over() {
        let frames = without(fragmented(5.0), 2);
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T2"]);
    }

    #[test]
    fn the_call_is_repeated_before_the_receivers_time_is_over() {
        let script = over_udp()
            .client(&call(1))
            .server(&long_answer())
            .wait_secs(1.0)
            .client(&call(1))
            .server(&answer(1));
        assert_eq!(findings(without(script.frames(), 2), RULE).len(), 1);
    }

    #[test]
    fn the_receiver_says_that_fragments_were_lost_behind_the_capture() {
        let script = over_udp().client(&call(1)).server(&long_answer());
        let script = script
            .wait_secs(30.0)
            .reassembly_time_exceeded(Side::Client, 1);
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
        assert_eq!(roles, ["icmp"]);
        // What the capture lacks too is told once.
        let script = over_udp().client(&call(1)).server(&long_answer());
        let script = script
            .wait_secs(31.0)
            .reassembly_time_exceeded(Side::Client, 1);
        assert_eq!(findings(without(script.frames(), 2), RULE).len(), 1);
    }

    #[test]
    fn another_error_about_a_fragment_is_none_of_its_loss() {
        let script = over_udp().client(&long_answer()).icmp_port_unreachable();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_datagram_of_no_conversation_is_told_with_the_capture() {
        let alone = Script::udp("10.0.0.5:7", "10.0.0.6:7").client(&[0; 4000]);
        let later = Script::udp("10.0.0.7:1000", "10.0.0.8:2000")
            .wait_secs(40.0)
            .client(b"x");
        let frames = without(Script::merge([alone, later]), 1);
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(quality(frames, RULE).len(), 1);
    }
}
