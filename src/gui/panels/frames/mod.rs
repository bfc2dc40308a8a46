//! The frames: a filter, a list, the fields of the selected one as a tree, and its bytes.

pub(crate) mod data;
mod detail_ui;
pub(crate) mod filter;
mod list;
mod ui;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use colloquy::dissectors::units::FrameNo;
use colloquy::runner::{Detail, Excerpt};

use self::data::Tree;
use self::filter::FilterText;
use self::list::{Kind, List};
use crate::gui::dissecting::{self, Finding};
use crate::gui::document::{Document, Extent};
use crate::gui::keys;
use crate::gui::loader::Wake;
use crate::gui::matching::{Matching, Target};
use crate::gui::selection::{Pick, Selection, SessionKey};
use crate::gui::spool::Spool;
use crate::gui::widgets::rows::Rows;
use colloquy::selection::FrameFilter;

pub(crate) use ui::{focus_filter, frames_ui};

/// A conversation of a capture.
type Conversation = (PathBuf, u32);
/// A frame of a capture.
type OneFrame = (PathBuf, FrameNo);

/// What the arrow keys move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Nothing in this panel.
    #[default]
    Elsewhere,
    /// The selected frame.
    List,
    /// The selected field.
    Fields,
}

/// What outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct FramesPanel {
    /// Also the frames of other conversations.
    pub(crate) all: bool,
    /// The display filter.
    pub(crate) filter: FilterText,
    /// What the arrow keys move.
    pub(crate) keys: Keys,
    /// The number of a frame that is being typed.
    pub(crate) going_to: Option<String>,
    list: List,
    spool: Option<Spool>,
    excerpt: Option<(Conversation, Arc<Excerpt>)>,
    cutting: Option<Finding<Conversation, Excerpt>>,
    matching: Option<Matching>,
    /// It has found all there is.
    all_found: bool,
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
    /// The node is to be brought into view, in the tree and in the bytes.
    reveal: [bool; 2],
}

impl Shown {
    /// With the field selected that was selected in the frame `before`.
    fn of(about: OneFrame, detail: Detail, before: Option<&Self>) -> Self {
        let tree = Tree::of(&detail);
        let mut shown = Self {
            about,
            folded: tree.folded_at_first(),
            source: 0,
            node: None,
            reveal: [true; 2],
            tree,
            detail,
        };
        let field = before.and_then(|b| b.tree.nodes.get(b.node?));
        let same = field.filter(|f| !f.name.is_empty()).and_then(|field| {
            let mut nodes = shown.tree.nodes.iter();
            nodes.position(|n| n.name == field.name)
        });
        if let Some(at) = same {
            shown.pick(at);
        }
        shown
    }

    /// What is brought into view: the field that is selected, or the last protocol.
    fn place(&self) -> Option<usize> {
        let last = || self.tree.nodes.iter().rposition(|n| n.depth == 0);
        self.node.or_else(last)
    }

    fn bytes(&self) -> &[u8] {
        match self.source.checked_sub(1) {
            None => &self.detail.bytes,
            Some(message) => self.detail.messages.get(message).map_or(&[], Vec::as_slice),
        }
    }

    /// The row that is brought into view, and whether as the first one: for a protocol, whose fields are below.
    fn row_to_see(&self, visible: &[usize]) -> Option<(usize, bool)> {
        let place = self.place()?;
        let row = visible.iter().position(|v| *v == place)?;
        Some((row, self.node.is_none()))
    }

    /// Selects a node, and shows its bytes.
    pub(crate) fn pick(&mut self, at: usize) {
        self.node = Some(at);
        self.reveal = [true; 2];
        if let Some(place) = self.tree.nodes.get(at).and_then(|n| n.place) {
            self.source = place.source;
        }
        for outer in self.tree.around(at).collect::<Vec<_>>() {
            self.folded.remove(&outer);
        }
    }

    /// Selects the field so many lines below.
    pub(crate) fn step(&mut self, by: isize) {
        let visible = self.tree.visible(&self.folded);
        let at = self
            .place()
            .and_then(|node| visible.iter().position(|v| *v == node));
        let to = at.map_or(0, |at| at.saturating_add_signed(by));
        if let Some(node) = visible.get(to.min(visible.len().saturating_sub(1))) {
            self.pick(*node);
        }
    }

    /// Opens or folds the selected field.
    pub(crate) fn fold(&mut self, folded: bool) {
        match self.node {
            Some(node) if folded => self.folded.insert(node),
            Some(node) => self.folded.remove(&node),
            None => false,
        };
    }
}

impl FramesPanel {
    /// Forgets the capture.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            all: self.all,
            filter: std::mem::take(&mut self.filter),
            keys: self.keys,
            ..Self::default()
        };
    }

    /// Begins what is needed for what is selected, and takes what is there.
    pub(crate) fn bring_up_to_date(
        &mut self,
        doc: &Arc<Document>,
        selection: &Selection,
        wake: &Wake,
    ) {
        self.filter.read();
        let capture = selection.session().map_or(0, |key| key.capture);
        let Some(path) = doc
            .path_of(capture)
            .filter(|_| doc.extent != Extent::Running)
        else {
            self.forget();
            let why = match doc.extent {
                Extent::Running => "Frames are shown once the capture was stopped.",
                _ => {
                    "Standard input cannot be read a second time; save it to a file to see its frames."
                }
            };
            self.failed = Some(why.to_owned());
            return;
        };
        if self.spool.as_ref().is_none_or(|s| s.path != path) {
            self.forget();
            match Spool::start(&path, Arc::clone(wake)) {
                Ok(spool) => self.spool = Some(spool),
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        // The frames that are known to come have their rows already.
        let known = doc.outcome.captures.get(capture as usize);
        let known = known.map_or(0, |c| c.summary.frames as usize);
        self.list.frames = match &self.spool {
            Some(spool) if spool.is_over() => spool.len(),
            Some(spool) => spool.len().max(known),
            None => 0,
        };
        self.cut(&path, selection, wake);
        self.find((&path, capture), doc, wake);
        let kind = Kind {
            all: self.all,
            filtered: self.filter.applied().is_some(),
        };
        if self.list.kind != kind {
            self.list.show(kind);
            self.seen = 0;
        }
        self.show(&path, selection, wake);
    }

    /// The frames of the selected conversation.
    fn cut(&mut self, path: &Path, selection: &Selection, wake: &Wake) {
        if let Some(cutting) = &self.cutting
            && let Some(found) = cutting.take()
        {
            match found {
                Ok(excerpt) => {
                    let frames = excerpt.frames().iter().map(|f| f as u32).collect();
                    self.list.set_conversation(frames);
                    self.excerpt = Some((cutting.about.clone(), Arc::new(excerpt)));
                }
                Err(why) => self.failed = Some(why),
            }
            self.cutting = None;
            self.seen = 0;
        }
        let Some(key) = selection.session() else {
            return;
        };
        let about = (path.to_owned(), key.flow);
        let known = self.excerpt.as_ref().is_some_and(|(of, _)| *of == about);
        if known || self.cutting.as_ref().is_some_and(|c| c.about == about) {
            return;
        }
        let work = Finding::start(about, Arc::clone(wake), |(path, flow), stop| {
            let source = keys::open(&path.to_string_lossy());
            let mut source = source.map_err(|e| e.to_string())?;
            let excerpt = Excerpt::of(source.as_mut(), *flow, stop).map_err(|e| e.to_string())?;
            excerpt.ok_or_else(|| "not wanted any more".to_owned())
        });
        match work {
            Ok(cutting) => self.cutting = Some(cutting),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// The frames for which the filter holds.
    fn find(&mut self, (path, capture): (&Path, u32), doc: &Arc<Document>, wake: &Wake) {
        let wanted = self.filter.applied().map(|(text, filter)| Target {
            path: path.to_owned(),
            capture,
            text: text.to_owned(),
            generation: FrameFilter::needs_sessions(filter).then_some(doc.generation),
        });
        if self.matching.as_ref().map(|m| &m.target) != wanted.as_ref() {
            self.matching = None;
            self.all_found = false;
            self.list.clear_found();
            self.rows.rewind();
            self.seen = 0;
            if let Some((target, (_, filter))) = wanted.zip(self.filter.applied()) {
                let filter = filter.clone();
                match Matching::start(target, filter, Arc::clone(doc), Arc::clone(wake)) {
                    Ok(matching) => self.matching = Some(matching),
                    Err(error) => self.failed = Some(error.to_string()),
                }
            }
        }
        if let Some(matching) = &self.matching {
            let is_over = matching.is_over();
            self.list.find(|frames| matching.take(frames));
            // The frame that is selected is brought into view when all are there.
            if is_over && !std::mem::replace(&mut self.all_found, true) {
                self.seen = 0;
            }
        }
    }

    fn show(&mut self, path: &Path, selection: &Selection, wake: &Wake) {
        if let Some(showing) = &self.showing
            && let Some(found) = showing.take()
        {
            match found {
                Ok(detail) => {
                    let shown = Shown::of(showing.about.clone(), detail, self.shown.as_ref());
                    self.shown = Some(shown);
                }
                Err(why) => self.failed = Some(why),
            }
            self.showing = None;
        }
        let Some(frame) = selection.frame() else {
            return;
        };
        let about = (path.to_owned(), frame);
        let known = self.shown.as_ref().is_some_and(|s| s.about == about);
        let at_work = self.showing.as_ref().is_some_and(|s| s.about == about);
        // What is cut out makes it quick, so it is waited for.
        if known || at_work || self.cutting.is_some() {
            return;
        }
        let excerpt = self.excerpt.as_ref().map(|(_, excerpt)| excerpt);
        let excerpt = excerpt.filter(|e| e.frames().has(frame)).cloned();
        let work = Finding::start(about, Arc::clone(wake), move |(path, frame), stop| {
            let quick = excerpt.and_then(|e| e.detail(*frame, stop));
            quick.map_or_else(|| dissecting::detail(path, *frame, stop), Ok)
        });
        match work {
            Ok(showing) => self.showing = Some(showing),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// Nothing is at work.
    pub(crate) fn settled(&self) -> bool {
        self.cutting.is_none()
            && self.showing.is_none()
            && self.spool.as_ref().is_none_or(Spool::is_over)
            && self.matching.as_ref().is_none_or(Matching::is_over)
    }

    /// How many rows the list has.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The frame of a row.
    #[cfg(test)]
    pub(crate) fn frame(&self, row: usize) -> Option<FrameNo> {
        self.list.frame(row)
    }

    /// The rows that were drawn last.
    #[cfg(test)]
    pub(crate) fn drawn(&self) -> std::ops::Range<usize> {
        self.rows.drawn()
    }

    /// What selects a frame: with the session that is selected, or the first one of the conversation that it belongs to.
    pub(crate) fn pick(&self, doc: &Document, selection: &Selection, frame: FrameNo) -> Pick {
        let excerpt = self.excerpt.as_ref();
        let is_here = excerpt.is_some_and(|(_, e)| e.frames().has(frame));
        let flow = self.spool.as_ref().and_then(|s| s.flow(frame));
        let own = selection.session();
        let key = own
            .filter(|key| is_here || flow == Some(key.flow))
            .or_else(|| {
                let key = SessionKey {
                    capture: own.map_or(0, |key| key.capture),
                    flow: flow?,
                    session: 0,
                };
                doc.row(key).map(|_| key)
            });
        key.map_or(Pick::LooseFrame(frame), |key| Pick::Frame(key, frame))
    }

    /// The frame so many rows below the one selected.
    pub(crate) fn step(&self, from: Option<FrameNo>, by: isize) -> Option<FrameNo> {
        self.list.step(from, by)
    }

    /// The frame of the conversation so many behind the one selected.
    pub(crate) fn step_in_conversation(&self, from: Option<FrameNo>, by: isize) -> Option<FrameNo> {
        self.list.step_in_conversation(from, by)
    }

    /// What is shown of the selected frame.
    pub(crate) const fn shown_mut(&mut self) -> Option<&mut Shown> {
        self.shown.as_mut()
    }

    /// The same, to be read.
    #[cfg(test)]
    pub(crate) const fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }
}
