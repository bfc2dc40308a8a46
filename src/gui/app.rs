//! The application: what is open, what is selected, what is at work. [`App::drain`] takes what the threads have, [`App::draw`]
//! paints; what the user asked for meanwhile is carried out afterwards, in `apply.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{CentralPanel, Context, Ui};

use super::command::{Command, pressed};
use super::context::Queue;
use super::document::{Document, Extent};
use super::files::Files;
use super::loader::{Loaded, Loading, Wake};
use super::panels::explanation::ExplanationPanel;
use super::panels::findings::FindingsPanel;
use super::panels::findings::data::Item;
use super::panels::frames::FramesPanel;
use super::panels::ladder::{LadderPanel, Telling, Which};
use super::panels::palette::{Palette, palette_ui};
use super::panels::sessions::SessionsPanel;
use super::panels::timeline::TimelinePanel;
use super::panels::welcome::{Welcome, welcome_ui};
use super::picture::Picture;
use super::selection::{Pick, Selection};
use super::settings::{KEY, Settings};
use super::teller::Teller;
use super::theme::Theme;
use super::{Start, chrome, layout};

/// Which page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Open something.
    Welcome,
    /// Choose an interface.
    #[cfg(feature = "live")]
    Live,
    /// What is open.
    Main,
}

/// The panels with what outlives a frame.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    pub(crate) findings: FindingsPanel,
    pub(crate) explanation: ExplanationPanel,
    pub(crate) sessions: SessionsPanel,
    pub(crate) ladder: LadderPanel,
    pub(crate) frames: FramesPanel,
    pub(crate) timeline: TimelinePanel,
    pub(crate) palette: Palette,
    pub(crate) welcome: Welcome,
    #[cfg(feature = "live")]
    pub(crate) live: super::panels::live::LivePage,
}

/// The application.
pub(crate) struct App {
    pub(super) wake: Wake,
    pub(super) settings: Settings,
    pub(super) theme: Theme,
    pub(super) page: Page,
    pub(super) doc: Option<Arc<Document>>,
    pub(super) selection: Selection,
    pub(super) telling: Telling,
    pub(super) panels: Panels,
    pub(super) queue: Queue,
    pub(super) files: Files,
    pub(super) loading: Option<Loading>,
    /// The captures that are open, to read them again.
    pub(super) paths: Vec<std::path::PathBuf>,
    #[cfg(feature = "live")]
    pub(super) recorder: Option<super::recorder::Recorder>,
    /// The frames of the live capture that is shown.
    #[cfg(feature = "live")]
    pub(super) kept: Option<Arc<super::recorder::Kept>>,
    /// What went wrong, to be read and dismissed.
    pub(super) errors: Vec<String>,
    /// What went well.
    pub(super) notice: Option<String>,
    /// A path is asked for, since the system has no dialog.
    pub(super) asking_path: Option<chrome::AskPath>,
    /// The selection that was made for the user, by its serial: another document may bring another.
    proposed: u64,
    picture: Option<Picture>,
    title: String,
    told: Option<(Instant, Duration)>,
}

impl App {
    /// Begins, with what was remembered.
    pub(super) fn new(
        cc: &eframe::CreationContext<'_>,
        start: Start,
        picture: Option<Picture>,
    ) -> Self {
        let stored = cc.storage.filter(|_| picture.is_none());
        let mut settings: Settings = stored
            .and_then(|storage| eframe::get_value(storage, KEY))
            .unwrap_or_default();
        settings.dark = start.dark.unwrap_or(settings.dark);
        let ctx = cc.egui_ctx.clone();
        let wake: Wake = Arc::new(move || ctx.request_repaint());
        let mut app = Self::with(settings, wake);
        app.picture = picture;
        app.theme.apply(&cc.egui_ctx);
        if !start.files.is_empty() {
            app.open(start.files);
        }
        app
    }

    /// With nothing open.
    pub(super) fn with(settings: Settings, wake: Wake) -> Self {
        let mut panels = Panels::default();
        panels.sessions.layout = settings.sessions.clone();
        panels
            .frames
            .filter
            .past
            .clone_from(&settings.frame_filters);
        #[cfg(feature = "live")]
        panels.live.chosen.clone_from(&settings.interface);
        Self {
            theme: Theme::of(settings.dark),
            files: Files::new(Arc::clone(&wake)),
            wake,
            settings,
            page: Page::Welcome,
            doc: None,
            selection: Selection::default(),
            telling: Telling::Nothing,
            panels,
            queue: Queue::default(),
            loading: None,
            paths: Vec::new(),
            #[cfg(feature = "live")]
            recorder: None,
            #[cfg(feature = "live")]
            kept: None,
            errors: Vec::new(),
            notice: None,
            asking_path: None,
            proposed: 0,
            picture: None,
            title: String::new(),
            told: None,
        }
    }

    /// Shows a document, with the worst finding selected where nothing is selected yet.
    pub(super) fn show(&mut self, doc: Arc<Document>) {
        self.page = Page::Main;
        let known = self
            .selection
            .session()
            .is_some_and(|key| doc.row(key).is_some());
        let untouched = self.selection.serial() == self.proposed;
        let running = doc.extent == Extent::Running;
        let nothing = self.selection.session().is_none();
        if nothing || !running && (untouched || !known) {
            self.selection.clear();
            if let Some(item) = proposal(&doc) {
                self.selection.pick(Pick::Finding(item.key.clone()));
            }
            self.proposed = self.selection.serial();
        }
        self.doc = Some(doc);
    }

    /// Takes what the threads have.
    pub(super) fn drain(&mut self) {
        match self.loading.as_ref().and_then(Loading::take) {
            Some(Loaded::First(doc)) => self.show(doc),
            Some(Loaded::Done(doc)) => {
                self.errors.extend(doc.outcome.errors.iter().cloned());
                self.loading = None;
                self.show(doc);
            }
            Some(Loaded::Failed(why)) => {
                self.errors.push(why);
                self.loading = None;
            }
            None => {}
        }
        if let Telling::Reading(teller) = &self.telling
            && let Some((told, took)) = teller.take()
        {
            let which = teller.which().clone();
            self.told = Some((Instant::now(), took));
            self.telling = match told {
                Ok(dialogue) => Telling::Told(which, dialogue),
                Err(why) => Telling::Failed(which, why),
            };
        }
        self.drain_files();
        #[cfg(feature = "live")]
        self.drain_recorder();
    }

    /// Reads the conversation of the selected session, where that has not been done.
    pub(super) fn follow_selection(&mut self) {
        let wanted = self
            .doc
            .as_ref()
            .zip(self.selection.session())
            .and_then(|(doc, key)| {
                let flow = &doc.flow(key)?.flow;
                Some((
                    doc.path_of(key.capture),
                    key,
                    (flow.frames, flow.last.frame),
                ))
            });
        let Some((path, key, (frames, last))) = wanted else {
            self.telling = Telling::Nothing;
            return;
        };
        let which = Which {
            capture: key.capture,
            flow: key.flow,
            frames,
            last,
            path: path.clone().unwrap_or_default(),
        };
        let known = self.telling.which().filter(|w| w.continues(&which));
        if known.is_some_and(|w| w.frames == frames || !self.may_read_again()) {
            return;
        }
        if path.is_none() {
            let why = "standard input cannot be read a second time; save it to a file to see the messages";
            self.telling = Telling::Failed(which, why.to_owned());
            return;
        }
        let before = known.and_then(|_| self.telling.dialogue(key)).cloned();
        self.telling = match Teller::start(which.clone(), before, Arc::clone(&self.wake)) {
            Ok(teller) => Telling::Reading(teller),
            Err(error) => Telling::Failed(which, error.to_string()),
        };
    }

    /// A running conversation is not read again all the time.
    fn may_read_again(&self) -> bool {
        let running = self
            .doc
            .as_ref()
            .is_some_and(|d| d.extent == Extent::Running);
        match (&self.telling, self.told) {
            (Telling::Reading(_), _) => false,
            (_, Some((at, took))) if running => {
                at.elapsed() > (took * 5).max(Duration::from_secs(1))
            }
            _ => true,
        }
    }

    /// Paints a frame and carries out what was asked for.
    pub(super) fn draw(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        if !self.panels.palette.open && self.asking_path.is_none() {
            for action in pressed(&ctx) {
                if !self.key_in_frames(action) {
                    self.queue.send(Command::Do(action));
                }
            }
        }
        self.take_dropped(&ctx);
        chrome::menu_ui(ui, self);
        chrome::errors_ui(ui, self);
        chrome::work_ui(ui, self);
        match (self.page, self.doc.clone()) {
            (Page::Main, Some(doc)) => layout::main_ui(ui, self, &doc),
            #[cfg(feature = "live")]
            (Page::Live, _) => {
                CentralPanel::default().show(ui, |ui| {
                    super::panels::live::live_ui(
                        ui,
                        &self.theme,
                        &mut self.panels.live,
                        &self.queue,
                    );
                });
            }
            _ => {
                CentralPanel::default().show(ui, |ui| {
                    let page = &mut self.panels.welcome;
                    welcome_ui(ui, &self.theme, page, &self.settings.recent, &self.queue);
                });
            }
        }
        palette_ui(&ctx, &self.theme, &mut self.panels.palette, &self.queue);
        chrome::ask_path_ui(&ctx, self);
        chrome::drop_ui(&ctx, &self.theme);
        for command in self.queue.take() {
            self.apply(&ctx, command);
        }
        self.follow_selection();
        self.show_title(&ctx);
        let settled = self.settled();
        if let Some(picture) = &mut self.picture {
            picture.drawn(&ctx, settled);
        }
    }

    /// All that there is to show is there.
    pub(super) fn settled(&self) -> bool {
        self.loading.is_none()
            && !self.panels.sessions.is_choosing()
            && !matches!(self.telling, Telling::Reading(_))
            && (!self.settings.frames || self.panels.frames.settled())
    }

    fn take_dropped(&self, ctx: &Context) {
        let paths: Vec<_> = ctx.input(|i| {
            i.raw
                .dropped_files
                .iter()
                .map(|f| f.path().to_owned())
                .collect()
        });
        if !paths.is_empty() {
            self.queue.send(Command::Open(paths));
        }
    }

    fn show_title(&mut self, ctx: &Context) {
        let title = match &self.doc {
            Some(doc) if self.page == Page::Main => match doc.outcome.captures.as_slice() {
                [] => "Colloquy".to_owned(),
                [one] => format!("{} – Colloquy", super::format::file_name(&one.summary.path)),
                several => format!("{} captures – Colloquy", several.len()),
            },
            _ => "Colloquy".to_owned(),
        };
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

/// What a document is opened at: the worst finding; among equals one on an inner session, of which most can be told, and
/// the first in the order of the list.
fn proposal(doc: &Document) -> Option<&Item> {
    let rank = |item: &Item| {
        let row = item.key.session.and_then(|key| doc.row(key));
        let entry = row.and_then(|row| doc.sessions.entries.get(row.id as usize - 1));
        (item.severity, entry.map_or(0, |e| e.depth))
    };
    let items = doc.findings.items().filter(|i| i.key.session.is_some());
    items.reduce(|a, b| if rank(b) > rank(a) { b } else { a })
}

impl eframe::App for App {
    fn logic(&mut self, _ctx: &Context, _frame: &mut eframe::Frame) {
        self.drain();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn raw_input_hook(&mut self, _ctx: &Context, raw_input: &mut egui::RawInput) {
        // Wherever the pointer happens to be, a picture does not show it.
        if self.picture.is_some() {
            raw_input.events.clear();
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        if self.picture.is_none() {
            self.settings.sessions = self.panels.sessions.layout.clone();
            let past = &self.panels.frames.filter.past;
            self.settings.frame_filters.clone_from(past);
            eframe::set_value(storage, KEY, &self.settings);
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        #[cfg(feature = "live")]
        if let Some(recorder) = self.recorder.take() {
            recorder.end();
        }
    }

    fn persist_egui_memory(&self) -> bool {
        self.picture.is_none()
    }
}
