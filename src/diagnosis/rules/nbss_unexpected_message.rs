//! `nbss-unexpected-message`.

use crate::diagnosis::smb::{or, unseen};
use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

/// What may be wrong with a packet.
const KINDS: [&str; 5] = [
    "nbss.wrong-way",
    "nbss.out-of-turn",
    "nbss.unknown-type",
    "nbss.reserved-flags",
    "nbss.bad-length",
];

declare_rule! {
    /// ## What it means
    /// A packet of the session service that may not be there: its type goes the other way or comes at another time, is
    /// unknown, has flags that must be zero, or a length that its type does not have.
    ///
    /// ## Why it matters
    /// The peer need not understand it, and what follows may be misread. Often it is not NetBIOS at all that is spoken, or
    /// one side has lost count of its own bytes.
    ///
    /// ## How it is told
    /// By the first four bytes of each packet: 0x81 comes from the client only, 0x82 to 0x84 from the server only and
    /// once; types other than 00 and 81 to 85 do not exist; flags have one bit; 82 and 85 are 0 bytes long, 83 is one,
    /// 84 is six, and 81 holds two names. After bytes that the capture lost, nothing is told.
    ///
    /// ## Example
    /// A server that sends `81 00 00 44`, a client that speaks HTTP on port 139.
    ///
    /// ## What to do
    /// Look at the bytes of the frame. When every packet is odd, the port is used for something else.
    ///
    /// ## References
    /// RFC 1002 sections 4.3.1 to 4.3.7.
    pub NbssUnexpectedMessage = "nbss-unexpected-message" {
        summary: "Unexpected NetBIOS session packet",
        severity: Warning,
        category: Establishment,
        protocols: ["nbss"],
        reference: "RFC 1002 sections 4.3.1 to 4.3.7",
    }
}

impl NbssUnexpectedMessage {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for kind in KINDS {
            let mut facts = view.session.facts_named(kind);
            let Some(first) = facts.next() else { continue };
            if kind == "nbss.unknown-type" && speaks_something_else(view) {
                continue;
            }
            if view.one_sided() && kind == "nbss.out-of-turn" {
                let why = "only one direction of this connection was captured";
                out.cannot_tell(&META, "T3", why);
                continue;
            }
            if unseen(view, first.side.other()) && kind == "nbss.out-of-turn" {
                out.cannot_tell(&META, "T4", "bytes of the peer are missing");
                continue;
            }
            let rest: Vec<_> = facts.map(|f| f.stamp).collect();
            let finding = Finding::new(&META, first.stamp)
                .side(first.side)
                .frame(first.stamp, "packet")
                .frames(&rest, "again")
                .title(format!("The {} sends {}", first.side, what(first)))
                .explain(format!(
                    "Frame {} holds {} from the {}{}.",
                    first.stamp.frame,
                    what(first),
                    first.side,
                    match rest.len() {
                        0 => String::new(),
                        n => format!(", and {n} more like it follow"),
                    }
                ))
                .advise("Look at the bytes: is it NetBIOS at all that is spoken here? If it is, the sender's program is at fault.")
                .number("packets", (rest.len() + 1) as f64);
            out.raise(finding);
        }
    }
}

/// Who asks for SMB is answered in another protocol: `smb2-negotiate-failed` tells of it.
fn speaks_something_else(view: &View<'_>) -> bool {
    view.flow
        .children(view.session)
        .any(|smb| smb.open.iter().any(|o| o.op.name == "NEGOTIATE"))
}

fn what(fact: &SeenFact) -> String {
    let kind = fact.int("type").unwrap_or_default();
    let name = or(fact.text("name"), "packet");
    match fact.fact.name {
        "nbss.wrong-way" => format!("a {name} (0x{kind:02x}), which only its peer may send"),
        "nbss.out-of-turn" => format!(
            "a {name} (0x{kind:02x}) at the wrong time ({})",
            fact.text("state")
        ),
        "nbss.unknown-type" => format!("a packet of the unknown type 0x{kind:02x}"),
        "nbss.reserved-flags" => format!(
            "a packet of type 0x{kind:02x} with reserved flag bits (0x{:02x})",
            fact.int("flags").unwrap_or_default()
        ),
        _ => format!(
            "a {name} (0x{kind:02x}) with {} bytes instead of {}",
            fact.int("length").unwrap_or_default(),
            fact.int("expected").unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{GRANTED, session_request, to};

    const RULE: &str = "nbss-unexpected-message";

    fn granted() -> Script {
        to(139).client(&session_request("FILESRV")).server(&GRANTED)
    }

    #[test]
    fn each_kind_of_fault_is_told() {
        let cases: [(&[u8], &str); 5] = [
            (&GRANTED, "only its peer may send"),
            (&session_request("FILESRV"), "wrong time"),
            (&[0x99, 0, 0, 0], "unknown type 0x99"),
            (&[0x85, 0x40, 0, 0], "reserved flag bits (0x40)"),
            (&[0x85, 0, 0, 2, 0, 0], "2 bytes instead of 0"),
        ];
        for (packet, part) in cases {
            let found = findings(granted().client(packet).close().frames(), RULE);
            assert_eq!(found.len(), 1, "{part}");
            assert!(found[0].title.contains(part), "{}", found[0].title);
        }
    }

    #[test]
    fn keep_alives_and_data_are_quiet() {
        let keep = [0x85, 0, 0, 0];
        let script = granted()
            .client(&keep)
            .server(&keep)
            .client(&[0, 0, 0, 2, 1, 2]);
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn after_lost_bytes_nothing_is_told() {
        let script = granted()
            .client(&[0, 0, 0, 9, 1])
            .client_lost(&[7; 40])
            .wait_secs(1.0);
        let script = script
            .client(&[0x99, 1, 2, 3, 0x99, 1, 2, 3])
            .wait_secs(1.0);
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
