//! Display filters for what a session or a finding is about, as its menu offers them.

use colloquy::fields;
use colloquy::session::model::Transport;
use egui::Ui;

use super::command::Command;
use super::context::Ctx;
use super::document::Document;
use super::selection::{FindingKey, Pick, SessionKey};

/// Frames that an expression names at most.
const FRAMES: usize = 256;

/// What stands in a menu, and the filter.
type Offer = (&'static str, String);

/// The frames of a session's messages, and those of all its conversation.
pub(crate) fn of_session(doc: &Document, key: SessionKey) -> Vec<Offer> {
    let Some(row) = doc.row(key) else {
        return Vec::new();
    };
    let flow = &row.judged.flow;
    let transport = match flow.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    let stream = format!("{transport}.stream == {}", flow.stream);
    let protocol = row.session.protocol;
    let mut offers = Vec::new();
    if protocol != transport && fields::find(protocol).is_some() {
        offers.push(("Frames of this session", format!("{stream} and {protocol}")));
    }
    offers.push(("Frames of its conversation", stream));
    offers
}

/// The frames that prove a finding.
pub(crate) fn of_finding(key: &FindingKey) -> Option<Offer> {
    let frames = key.frames.iter().take(FRAMES);
    let frames: Vec<String> = frames.map(|e| e.frame.to_string()).collect();
    let text = format!("frame.number in {{{}}}", frames.join(", "));
    (!frames.is_empty()).then_some(("Frames that prove it", text))
}

/// The menu of a session, or of a finding on one.
pub(crate) fn menu_ui(ui: &mut Ui, ctx: &Ctx<'_>, pick: &Pick) {
    let (finding, session) = match pick {
        Pick::Finding(key) => (of_finding(key), key.session),
        Pick::Session(key) => (None, Some(*key)),
        Pick::Frame(..) | Pick::LooseFrame(_) => (None, None),
    };
    let of_session = session.map_or_else(Vec::new, |key| of_session(ctx.doc, key));
    for (word, text) in finding.into_iter().chain(of_session) {
        if ui.button(word).on_hover_text(&text).clicked() {
            ctx.select(pick.clone());
            ctx.send(Command::FilterFrames(text));
            ui.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use colloquy::filter::Filter;

    use super::*;
    use crate::gui::testing::sample;

    #[test]
    fn every_session_and_finding_offers_valid_filters() {
        let doc = sample("smb/logon-failure.pcap");
        let key = doc.key(3).unwrap();
        let offers = of_session(&doc, key);
        let texts: Vec<&str> = offers.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["tcp.stream == 0 and smb2", "tcp.stream == 0"]);
        let finding = doc.findings.items().next().unwrap();
        let (_, proof) = of_finding(&finding.key).unwrap();
        assert_eq!(proof, "frame.number in {16, 17}");
        for name in [
            "dcerpc/pipe-over-netbios.pcapng",
            "oncrpc/replies-reversed.pcap",
        ] {
            let doc = sample(name);
            for entry in &doc.sessions.entries {
                for (_, text) in of_session(&doc, entry.key) {
                    assert!(Filter::compile(&text).is_ok(), "{text}");
                }
            }
        }
    }
}
