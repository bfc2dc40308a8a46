//! Carries commands out.

use std::path::PathBuf;
use std::sync::Arc;

use colloquy::dissectors::units::FrameNo;
use egui::{Context, ViewportCommand};

use super::app::{App, Page};
use super::chrome::AskPath;
use super::command::{Action, Command};
use super::files::Chosen;
use super::loader::Loading;
use super::panels::frames::{self, FramesPanel, Keys};
use super::panels::ladder::Telling;
use super::panels::sessions::focus_filter;
use super::panels::timeline::data::Window;
use super::selection::Pick;
use super::theme::Theme;

impl App {
    pub(super) fn apply(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::Do(action) => self.act(ctx, action),
            Command::Open(paths) => self.open(paths),
            Command::Select(pick) => self.selection.pick(pick),
            Command::Sort(column) => {
                let layout = &mut self.panels.sessions.layout;
                layout.sort = layout.sort.clicked(column);
            }
            Command::Filter(words) => self.panels.sessions.filter = words,
            Command::FilterFrames(text) => {
                let frames = &mut self.panels.frames;
                frames.filter.text = text;
                frames.filter.apply();
                frames.all = true;
                self.settings.frames = true;
            }
            Command::Fold(rule) => {
                let unfolded = &mut self.panels.findings.unfolded;
                if !unfolded.remove(rule) {
                    unfolded.insert(rule);
                }
            }
            Command::Dismiss(index) => {
                if index < self.errors.len() {
                    self.errors.remove(index);
                }
            }
            #[cfg(feature = "live")]
            Command::Capture {
                interface,
                filter,
                promiscuous,
            } => self.capture(&interface, &filter, promiscuous),
        }
        ctx.request_repaint();
    }

    fn act(&mut self, ctx: &Context, action: Action) {
        self.notice = None;
        match action {
            Action::Palette => self.panels.palette.open(),
            Action::Open => self.files.ask_to_open(),
            Action::Reload if !self.paths.is_empty() => self.open(self.paths.clone()),
            Action::Close => self.close(),
            Action::Cancel => {
                if let Some(loading) = &self.loading {
                    loading.cancel();
                }
            }
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Action::SwitchTheme => {
                self.settings.dark = !self.settings.dark;
                self.theme = Theme::of(self.settings.dark);
                self.theme.apply(ctx);
            }
            Action::ShowFindings => self.settings.findings = !self.settings.findings,
            Action::ShowTimeline => self.settings.timeline = !self.settings.timeline,
            Action::ShowLadder => {
                self.settings.ladder = self.settings.frames || !self.settings.ladder;
                self.settings.frames = false;
            }
            Action::ShowFrames => self.settings.frames = !self.settings.frames,
            Action::FramesAlone => {
                self.settings.frames_alone = !(self.settings.frames && self.settings.frames_alone);
                self.settings.frames = true;
            }
            Action::LivePage | Action::StartOrStop | Action::SaveCapture => self.act_live(action),
            Action::Reload => {}
            _ => self.act_in_document(ctx, action),
        }
    }

    fn act_in_document(&mut self, ctx: &Context, action: Action) {
        if self.page != Page::Main || self.doc.is_none() {
            return;
        }
        match action {
            Action::NextFinding => self.step_finding(1),
            Action::PreviousFinding => self.step_finding(-1),
            Action::NextSession => self.step_session(1),
            Action::PreviousSession => self.step_session(-1),
            Action::NextMessage => self.step_message(1),
            Action::PreviousMessage => self.step_message(-1),
            Action::PreviousFrame => self.step_frame(FramesPanel::step, -1),
            Action::NextFrame => self.step_frame(FramesPanel::step, 1),
            Action::PreviousInConversation => {
                self.step_frame(FramesPanel::step_in_conversation, -1);
            }
            Action::NextInConversation => {
                self.step_frame(FramesPanel::step_in_conversation, 1);
            }
            Action::GoToFrame => {
                self.settings.frames = true;
                self.panels.frames.going_to = Some(String::new());
            }
            Action::FilterFrames => {
                self.settings.frames = true;
                frames::focus_filter(ctx);
            }
            Action::FilterSessions => focus_filter(ctx),
            Action::ByHealth => {
                self.panels.sessions.layout.sort = super::panels::sessions::data::Sort::default();
            }
            Action::WholeConnection => self.panels.ladder.whole = !self.panels.ladder.whole,
            Action::FitTimeline => self.panels.timeline.window = None,
            Action::ZoomToSession => self.zoom_to_session(),
            Action::CopyFinding => {
                if let Some(text) = self.panels.explanation.text() {
                    ctx.copy_text(text);
                    self.notice = Some("The finding is on the clipboard.".to_owned());
                }
            }
            _ => {}
        }
    }

    /// Begins to read captures; what was open is gone.
    pub(super) fn open(&mut self, paths: Vec<PathBuf>) {
        self.close();
        for path in paths.iter().rev().filter(|p| p.as_os_str() != "-") {
            self.settings.opened(path.clone());
        }
        self.paths.clone_from(&paths);
        match Loading::start(paths, Arc::clone(&self.wake)) {
            Ok(loading) => self.loading = Some(loading),
            Err(error) => self.errors.push(error.to_string()),
        }
    }

    fn close(&mut self) {
        self.loading = None;
        self.doc = None;
        self.telling = Telling::Nothing;
        self.selection.clear();
        self.errors.clear();
        self.notice = None;
        self.paths.clear();
        self.page = Page::Welcome;
        self.panels.sessions.filter.clear();
        self.panels.timeline.window = None;
        self.panels.frames.forget();
        self.panels.frames.filter.clear();
        #[cfg(feature = "live")]
        {
            self.recorder = None;
            self.kept = None;
        }
    }

    fn step_finding(&mut self, by: isize) {
        let Some(doc) = &self.doc else { return };
        let keys: Vec<_> = doc.findings.items().map(|i| &i.key).collect();
        let at = self
            .selection
            .finding()
            .and_then(|key| keys.iter().position(|k| *k == key));
        let to = at.map_or(0, |at| at.saturating_add_signed(by));
        if let Some(key) = keys.get(to.min(keys.len().saturating_sub(1))) {
            self.selection.pick(Pick::Finding((*key).clone()));
        }
    }

    fn step_session(&mut self, by: isize) {
        let Some(doc) = &self.doc else { return };
        let from = self.selection.session();
        if let Some(key) = self.panels.sessions.step(&doc.sessions, from, by) {
            self.selection.pick(Pick::Session(key));
        }
    }

    fn step_frame(
        &mut self,
        step: fn(&FramesPanel, Option<FrameNo>, isize) -> Option<FrameNo>,
        by: isize,
    ) {
        let Some(doc) = &self.doc else { return };
        let frames = &self.panels.frames;
        if let Some(frame) = step(frames, self.selection.frame(), by) {
            let pick = frames.pick(doc, &self.selection, frame);
            self.selection.pick(pick);
        }
    }

    /// What a key means while the frames have the arrow keys; true when it is done.
    pub(super) fn key_in_frames(&mut self, action: Action) -> bool {
        if !self.settings.frames || self.page != Page::Main {
            return false;
        }
        let frames = &mut self.panels.frames;
        match (frames.keys, action) {
            (Keys::List, Action::NextSession) => self.step_frame(FramesPanel::step, 1),
            (Keys::List, Action::PreviousSession) => self.step_frame(FramesPanel::step, -1),
            (Keys::Fields, _) => {
                let Some(shown) = frames.shown_mut() else {
                    return false;
                };
                match action {
                    Action::NextSession => shown.step(1),
                    Action::PreviousSession => shown.step(-1),
                    Action::NextMessage => shown.fold(false),
                    Action::PreviousMessage => shown.fold(true),
                    _ => return false,
                }
            }
            _ => return false,
        }
        true
    }

    fn step_message(&mut self, by: isize) {
        let frame = self.panels.ladder.step(self.selection.frame(), by);
        if let Some((key, frame)) = self.selection.session().zip(frame) {
            self.selection.pick(Pick::Frame(key, frame));
        }
    }

    fn zoom_to_session(&mut self) {
        let Some(doc) = &self.doc else { return };
        let Some(row) = self.selection.session().and_then(|key| doc.row(key)) else {
            return;
        };
        let from = row.session.first.time.since(doc.start);
        let until = row
            .closed()
            .map_or(doc.end, |s| s.time.max(row.session.last.time));
        let to = until.since(doc.start);
        let air = ((to - from) * 0.05).max(1e-5);
        self.panels.timeline.window = Some(Window {
            from: from - air,
            to: to + air,
        });
    }

    pub(super) fn drain_files(&mut self) {
        match self.files.take() {
            Some(Chosen::Open(paths)) if !paths.is_empty() => self.open(paths),
            #[cfg(feature = "live")]
            Some(Chosen::SaveTo(path)) => self.save_capture(path),
            Some(Chosen::Saved(Ok(path))) => {
                self.notice = Some(format!("Saved as {}.", path.display()));
            }
            Some(Chosen::Saved(Err(why))) => self.errors.push(why),
            Some(Chosen::NoDialog) => {
                let saving = self.doc.as_ref().is_some_and(|d| d.kept_in.is_some());
                self.asking_path = Some(AskPath::new(saving));
            }
            Some(Chosen::Open(_) | Chosen::Nothing) | None => {}
        }
    }

    /// Keeps the frames of the live capture.
    pub(super) fn save_capture(&mut self, path: PathBuf) {
        if let Some(from) = self.doc.as_ref().and_then(|d| d.kept_in.clone()) {
            self.files.copy(from, path);
        }
    }
}

#[cfg(not(feature = "live"))]
impl App {
    fn act_live(&mut self, _action: Action) {
        self.errors
            .push("this colloquy was built without live capture".to_owned());
    }
}

#[cfg(feature = "live")]
mod live {
    use super::{Action, App, Arc, Page};
    use crate::gui::document::Extent;
    use crate::gui::recorder::{Recorded, Recorder};
    use colloquy::capture::live::LiveOptions;

    impl App {
        pub(super) fn act_live(&mut self, action: Action) {
            match action {
                Action::LivePage => {
                    self.page = Page::Live;
                    self.panels.live.look(Arc::clone(&self.wake));
                }
                Action::SaveCapture => {
                    if self.doc.as_ref().is_some_and(|d| d.kept_in.is_some()) {
                        self.files.ask_where_to_save();
                    }
                }
                _ => match &self.recorder {
                    Some(recorder) => recorder.stop(),
                    None => match self.panels.live.wanted() {
                        Some((interface, filter, promiscuous)) => {
                            self.capture(&interface, &filter, promiscuous);
                        }
                        None => self.act_live(Action::LivePage),
                    },
                },
            }
        }

        /// Begins to capture.
        pub(super) fn capture(&mut self, interface: &str, filter: &str, promiscuous: bool) {
            self.close();
            self.settings.interface = Some(interface.to_owned());
            let mut options = LiveOptions::new(interface);
            options.filter = (!filter.is_empty()).then(|| filter.to_owned());
            options.promiscuous = promiscuous;
            match Recorder::start(options, Arc::clone(&self.wake)) {
                Ok(recorder) => {
                    self.kept = Some(Arc::clone(&recorder.kept));
                    self.recorder = Some(recorder);
                    self.page = Page::Main;
                }
                Err(error) => {
                    self.errors.push(error.to_string());
                    self.page = Page::Live;
                }
            }
        }

        /// Takes what the capturing thread has.
        pub(in crate::gui) fn drain_recorder(&mut self) {
            self.panels.live.drain();
            while let Some(recorded) = self.recorder.as_ref().and_then(Recorder::take) {
                match recorded {
                    Recorded::Snapshot(doc) => {
                        if self.page == Page::Main {
                            self.show(doc);
                        }
                    }
                    Recorded::Ended(doc, error) => {
                        self.recorder = None;
                        self.errors.extend(error);
                        match doc {
                            Some(doc) => {
                                debug_assert!(doc.extent != Extent::Running);
                                self.show(doc);
                            }
                            None => {
                                self.kept = None;
                                self.act_live(Action::LivePage);
                            }
                        }
                    }
                }
            }
        }
    }
}
