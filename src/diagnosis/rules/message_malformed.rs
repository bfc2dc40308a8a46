//! `message-malformed`.

use crate::diagnosis::{Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A message of SMB or DCE/RPC is not what its protocol says: a length, an offset or a chain in it leads nowhere.
    ///
    /// ## Why it matters
    /// The receiver drops it, answers with an error or closes the connection. What sends it is broken, or means harm:
    /// such messages are how servers are attacked.
    ///
    /// ## How it is told
    /// The dissector could not read on in a message of which every byte was captured. Not told where bytes of its sender
    /// are missing, nor where the session was joined late or its messages were lost track of.
    ///
    /// ## Example
    /// An SMB1 chain of commands whose next command stands inside its own header: who follows it never comes to an end.
    ///
    /// ## What to do
    /// Look at the frame's bytes, and at the program that sent it. Where it comes from outside, take it for an attack.
    ///
    /// ## References
    /// MS-CIFS 2.2.3 and 2.2.3.4 (chains), MS-SMB2 2.2.1 (NextCommand), C706 chapter 12.
    pub MessageMalformed = "message-malformed" {
        summary: "A message that breaks its protocol",
        severity: Warning,
        category: Dialogue,
        protocols: ["smb", "smb2", "dcerpc"],
        reference: "MS-CIFS 2.2.3; MS-SMB2 2.2.1; C706 chapter 12",
    }
}

impl MessageMalformed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        let Some(first) = session.troubles.malformed.first() else {
            return;
        };
        if view.lost(first.side) || session.troubles.skipped[first.side] > 0 {
            out.cannot_tell(&META, "T4", "bytes of its sender are missing");
            return;
        }
        if view.began_late() {
            out.cannot_tell(&META, "T1", "the capture began in mid-session");
            return;
        }
        let stamps: Vec<_> = session.troubles.malformed.iter().map(|m| m.stamp).collect();
        let more = match session.troubles.malformed_count {
            0 | 1 => String::new(),
            n => format!("; {n} such messages in all"),
        };
        let finding = Finding::new(&META, first.stamp)
            .side(first.side)
            .frames(&stamps, "message")
            .title(format!("The {} sends a message that is no {}", first.side, name(session.protocol)))
            .explain(format!(
                "Frame {} holds a message of the {} that cannot be read: {}{more}.",
                first.stamp.frame, first.side, first.what
            ))
            .advise("Look at its bytes and at the program that sent it; from outside, take it for an attack.")
            .number("messages", session.troubles.malformed_count as f64);
        out.raise(finding);
    }
}

fn name(protocol: &str) -> &'static str {
    match protocol {
        "smb" => "SMB",
        "smb2" => "SMB2",
        _ => "DCE/RPC",
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, read, to};

    const RULE: &str = "message-malformed";

    /// LOGOFF_ANDX with a further command at `offset`.
    fn logoff(offset: u8) -> Vec<u8> {
        let mut out = vec![0, 0, 0, 39];
        out.extend(b"\xFFSMB\x74");
        out.resize(4 + 32, 0);
        out.extend([2, 0x74, 0, offset, 0, 0, 0]);
        out
    }

    fn logged_off(offset: u8) -> Script {
        to(445).client(&logoff(offset))
    }

    #[test]
    fn a_chain_that_does_not_advance_is_told() {
        let found = findings(logged_off(0).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("no SMB"));
    }

    #[test]
    fn messages_in_order_are_quiet() {
        assert!(findings(at_work().client(&read(3)).close().frames(), RULE).is_empty());
    }

    #[test]
    fn lost_bytes_excuse_it() {
        let script = to(445)
            .client(&logoff(0))
            .client_lost(&logoff(0))
            .client(&logoff(0));
        assert_eq!(cannot_tell(script.close().frames(), RULE), ["T4"]);
    }
}
