//! The frames: a list, the fields of the selected one as a tree, and its bytes.

pub(crate) mod data;
mod ui;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use colloquy::dissectors::units::FrameNo;
use colloquy::runner::Detail;

use self::data::Tree;
use crate::gui::dissecting::{self, Finding};
use crate::gui::document::{Document, Extent};
use crate::gui::loader::Wake;
use crate::gui::selection::Selection;
use crate::gui::spool::Spool;
use crate::gui::widgets::rows::Rows;

pub(crate) use ui::frames_ui;

/// A conversation of a capture.
type Conversation = (PathBuf, u32);
/// A frame of a capture.
type OneFrame = (PathBuf, FrameNo);

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct FramesPanel {
    /// Only the frames of the selected conversation.
    pub(crate) all: bool,
    spool: Option<Spool>,
    generation: u64,
    list: Option<(Conversation, Arc<Vec<u32>>)>,
    listing: Option<Finding<Conversation, Vec<u32>>>,
    shown: Option<Shown>,
    showing: Option<Finding<OneFrame, Detail>>,
    /// What could not be found out.
    failed: Option<String>,
    rows: Rows,
    fields: Rows,
    dump: Rows,
    seen: u64,
}

/// The frame whose fields are shown.
#[derive(Debug)]
pub(crate) struct Shown {
    about: OneFrame,
    detail: Detail,
    /// Its fields.
    pub(crate) tree: Tree,
    folded: BTreeSet<usize>,
    /// The node that is selected.
    pub(crate) node: Option<usize>,
    /// The bytes that are dumped: of the frame (0), or of a message.
    source: usize,
}

impl Shown {
    fn of(about: OneFrame, detail: Detail) -> Self {
        let tree = Tree::of(&detail);
        Self {
            about,
            folded: tree.folded_at_first(),
            source: 0,
            node: None,
            tree,
            detail,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self.source.checked_sub(1) {
            None => &self.detail.bytes,
            Some(message) => self.detail.messages.get(message).map_or(&[], Vec::as_slice),
        }
    }

    /// Selects a node, and shows its bytes.
    pub(crate) fn pick(&mut self, at: usize) {
        self.node = Some(at);
        if let Some(place) = self.tree.nodes.get(at).and_then(|n| n.place) {
            self.source = place.source;
        }
        for outer in self.tree.around(at).collect::<Vec<_>>() {
            self.folded.remove(&outer);
        }
    }
}

impl FramesPanel {
    /// Begins what is needed for what is selected, and takes what is there.
    pub(crate) fn bring_up_to_date(&mut self, doc: &Document, selection: &Selection, wake: &Wake) {
        let capture = selection.session().map_or(0, |key| key.capture);
        let Some(path) = doc
            .path_of(capture)
            .filter(|_| doc.extent != Extent::Running)
        else {
            *self = Self::default();
            let why = match doc.extent {
                Extent::Running => "Frames are shown once the capture was stopped.",
                _ => {
                    "Standard input cannot be read a second time; save it to a file to see its frames."
                }
            };
            self.failed = Some(why.to_owned());
            return;
        };
        if self.generation != doc.generation || self.spool.as_ref().is_none_or(|s| s.path != path) {
            *self = Self {
                all: self.all,
                generation: doc.generation,
                ..Self::default()
            };
            match Spool::start(&path, Arc::clone(wake)) {
                Ok(spool) => self.spool = Some(spool),
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        self.list(&path, selection, wake);
        self.show(&path, selection, wake);
    }

    fn list(&mut self, path: &std::path::Path, selection: &Selection, wake: &Wake) {
        if let Some(listing) = &self.listing
            && let Some(found) = listing.take()
        {
            match found {
                Ok(frames) => self.list = Some((listing.about.clone(), Arc::new(frames))),
                Err(why) => self.failed = Some(why),
            }
            self.listing = None;
            self.seen = 0;
        }
        let Some(key) = selection.session() else {
            return;
        };
        let about = (path.to_owned(), key.flow);
        let known = self.list.as_ref().is_some_and(|(of, _)| *of == about);
        if known || self.all || self.listing.as_ref().is_some_and(|l| l.about == about) {
            return;
        }
        let work = Finding::start(about, Arc::clone(wake), |(path, flow), stop| {
            dissecting::frames_of(path, *flow, stop)
        });
        match work {
            Ok(listing) => self.listing = Some(listing),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    fn show(&mut self, path: &std::path::Path, selection: &Selection, wake: &Wake) {
        if let Some(showing) = &self.showing
            && let Some(found) = showing.take()
        {
            match found {
                Ok(detail) => self.shown = Some(Shown::of(showing.about.clone(), detail)),
                Err(why) => self.failed = Some(why),
            }
            self.showing = None;
        }
        let Some(frame) = selection.frame() else {
            return;
        };
        let about = (path.to_owned(), frame);
        let known = self.shown.as_ref().is_some_and(|s| s.about == about);
        if known || self.showing.as_ref().is_some_and(|s| s.about == about) {
            return;
        }
        let work = Finding::start(about, Arc::clone(wake), |(path, frame), stop| {
            dissecting::detail(path, *frame, stop)
        });
        match work {
            Ok(showing) => self.showing = Some(showing),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// Nothing is at work.
    pub(crate) fn settled(&self) -> bool {
        self.listing.is_none()
            && self.showing.is_none()
            && self.spool.as_ref().is_none_or(Spool::is_over)
    }

    /// The frames of the list: those of the conversation, or none for all.
    fn chosen(&self) -> Option<&Arc<Vec<u32>>> {
        self.list
            .as_ref()
            .filter(|_| !self.all)
            .map(|(_, frames)| frames)
    }

    /// How many rows the list has.
    pub(crate) fn len(&self) -> usize {
        match self.chosen() {
            Some(frames) => frames.len(),
            None if self.all => self.spool.as_ref().map_or(0, Spool::len),
            None => 0,
        }
    }

    /// The frame of a row.
    pub(crate) fn frame(&self, row: usize) -> Option<FrameNo> {
        match self.chosen() {
            Some(frames) => frames.get(row).map(|f| FrameNo::from(*f)),
            None => Some(row as FrameNo + 1),
        }
    }

    fn row_of(&self, frame: FrameNo) -> Option<usize> {
        match self.chosen() {
            Some(frames) => frames.binary_search(&(frame as u32)).ok(),
            None => (frame as usize).checked_sub(1),
        }
    }

    /// What is shown of the selected frame.
    #[cfg(test)]
    pub(crate) fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }
}
