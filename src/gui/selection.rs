//! What is selected: one value, from which every panel highlights. It names things by what they are, not by their place in a
//! list, so that it survives a new snapshot of a running capture.

use colloquy::diagnosis::Evidence;
use colloquy::dissectors::units::{FrameNo, Timestamp};
use serde::Serialize;

/// A session, by its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) struct SessionKey {
    /// The capture's place among those given.
    pub(crate) capture: u32,
    /// The conversation's number in it.
    pub(crate) flow: u32,
    /// The session's place in the conversation.
    pub(crate) session: u32,
}

/// A finding, by what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FindingKey {
    /// The capture's place among those given.
    pub(crate) capture: u32,
    /// The session; none for one on the capture.
    pub(crate) session: Option<SessionKey>,
    /// The rule.
    pub(crate) rule: &'static str,
    /// When it became true.
    pub(crate) at: Timestamp,
    /// Its proof.
    pub(crate) frames: Vec<Evidence>,
}

/// Something to select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// A session.
    Session(SessionKey),
    /// A finding, with its session.
    Finding(FindingKey),
    /// A frame of a session: a message, or a piece of evidence.
    Frame(SessionKey, FrameNo),
    /// A frame of the capture, while no session is selected.
    LooseFrame(FrameNo),
}

/// What is selected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    session: Option<SessionKey>,
    finding: Option<FindingKey>,
    frame: Option<FrameNo>,
    serial: u64,
}

impl Selection {
    /// The session.
    pub(crate) const fn session(&self) -> Option<SessionKey> {
        self.session
    }

    /// The finding.
    pub(crate) const fn finding(&self) -> Option<&FindingKey> {
        self.finding.as_ref()
    }

    /// The frame, in the session.
    pub(crate) const fn frame(&self) -> Option<FrameNo> {
        self.frame
    }

    /// Counts the changes: a panel that sees a new number brings the selection into view.
    pub(crate) const fn serial(&self) -> u64 {
        self.serial
    }

    /// Selects.
    pub(crate) fn pick(&mut self, pick: Pick) {
        self.serial += 1;
        match pick {
            Pick::Session(session) => {
                if self.session != Some(session) {
                    self.frame = None;
                    self.finding = None;
                }
                self.session = Some(session);
            }
            Pick::Finding(finding) => {
                self.session = finding.session;
                self.frame = finding.frames.first().map(|e| e.frame);
                self.finding = Some(finding);
            }
            Pick::LooseFrame(frame) => self.frame = Some(frame),
            Pick::Frame(session, frame) => {
                if self.session != Some(session) {
                    self.finding = None;
                }
                self.session = Some(session);
                self.frame = Some(frame);
            }
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            serial: self.serial + 1,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SessionKey = SessionKey {
        capture: 0,
        flow: 1,
        session: 0,
    };
    const OTHER: SessionKey = SessionKey { flow: 2, ..ONE };

    fn finding() -> FindingKey {
        FindingKey {
            capture: 0,
            session: Some(ONE),
            rule: "request-unanswered",
            at: Timestamp::from_nanos(5),
            frames: vec![Evidence {
                frame: 7,
                time: Timestamp::from_nanos(5),
                role: "request",
            }],
        }
    }

    #[test]
    fn a_finding_selects_its_session_and_its_first_proof() {
        let mut selection = Selection::default();
        selection.pick(Pick::Finding(finding()));
        assert_eq!(selection.session(), Some(ONE));
        assert_eq!(selection.frame(), Some(7));
    }

    #[test]
    fn a_frame_keeps_the_finding_of_its_session() {
        let mut selection = Selection::default();
        selection.pick(Pick::Finding(finding()));
        selection.pick(Pick::Frame(ONE, 9));
        assert_eq!(
            (selection.frame(), selection.finding().is_some()),
            (Some(9), true)
        );
        selection.pick(Pick::Frame(OTHER, 9));
        assert!(selection.finding().is_none());
    }

    #[test]
    fn another_session_forgets_frame_and_finding() {
        let mut selection = Selection::default();
        selection.pick(Pick::Finding(finding()));
        let before = selection.serial();
        selection.pick(Pick::Session(OTHER));
        assert!(selection.finding().is_none() && selection.frame().is_none());
        assert!(selection.serial() > before);
    }
}
