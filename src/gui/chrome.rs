//! What stands around the panels: menu, errors, progress, the closing line, and what lies over all.

use std::path::PathBuf;

use egui::{
    Align, Align2, Button, Context, FontId, Frame, Id, Key, Layout, Margin, Modal, Panel, RichText,
    TextEdit, Ui,
};

use super::app::{App, Page};
use super::command::{Action, Command};
use super::document::Extent;
use super::format::plural;
use super::theme::{SMALL, Theme};
use super::widgets::badge::badge_ui;

/// A path that is asked for, where the system has no dialog.
#[derive(Clone, Debug)]
pub(crate) struct AskPath {
    text: String,
    saving: bool,
}

impl AskPath {
    /// To open, or to save.
    pub(crate) const fn new(saving: bool) -> Self {
        Self {
            text: String::new(),
            saving,
        }
    }
}

fn entry_ui(ui: &mut Ui, app: &App, action: Action, enabled: bool) {
    let spec = action.spec();
    let key = spec
        .shortcut
        .map(|s| ui.ctx().format_shortcut(&s))
        .unwrap_or_default();
    let button = Button::new(spec.text).shortcut_text(key);
    if ui
        .add_enabled(enabled, button)
        .on_hover_text(spec.tooltip)
        .clicked()
    {
        app.queue.send(Command::Do(action));
        ui.close();
    }
}

/// The menu, and what is open.
pub(crate) fn menu_ui(ui: &mut Ui, app: &App) {
    let frame = Frame::NONE
        .fill(app.theme.base)
        .inner_margin(Margin::symmetric(8, 3));
    Panel::top("menu").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            menus_ui(ui, app);
            if let Some(doc) = app.doc.as_ref().filter(|_| app.page == Page::Main) {
                ui.separator();
                let names: Vec<&str> = doc
                    .outcome
                    .captures
                    .iter()
                    .map(|c| super::format::file_name(&c.summary.path))
                    .collect();
                ui.label(RichText::new(names.join("  ")).color(app.theme.strong));
                for (severity, n) in &doc.findings.by_severity {
                    let color = app.theme.severity(*severity);
                    let said = plural(*n as u64, severity.name());
                    badge_ui(ui, &said, color, app.theme.tint(color));
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let look = if app.theme.dark { "☀" } else { "🌙" };
                for (action, sign) in [(Action::SwitchTheme, look), (Action::Palette, "Commands")] {
                    let spec = action.spec();
                    let key = spec
                        .shortcut
                        .map(|s| ui.ctx().format_shortcut(&s))
                        .unwrap_or_default();
                    let hint = format!("{} ({key}): {}", spec.text, spec.tooltip);
                    let button = ui
                        .add(Button::new(sign))
                        .accessible_name(spec.text)
                        .on_hover_text(hint);
                    if button.clicked() {
                        app.queue.send(Command::Do(action));
                    }
                }
            });
        });
    });
}

fn menus_ui(ui: &mut Ui, app: &App) {
    let open = app.doc.is_some() && app.page == Page::Main;
    ui.menu_button("File", |ui| {
        entry_ui(ui, app, Action::Open, true);
        entry_ui(ui, app, Action::Reload, !app.paths.is_empty());
        ui.menu_button("Recent", |ui| {
            for path in &app.settings.recent {
                if ui.button(path.display().to_string()).clicked() {
                    app.queue.send(Command::Open(vec![path.clone()]));
                    ui.close();
                }
            }
        });
        entry_ui(ui, app, Action::Close, open);
        ui.separator();
        entry_ui(ui, app, Action::Quit, true);
    });
    if cfg!(feature = "live") {
        ui.menu_button("Capture", |ui| {
            entry_ui(ui, app, Action::LivePage, true);
            entry_ui(ui, app, Action::StartOrStop, true);
            let kept = app.doc.as_ref().is_some_and(|d| d.kept_in.is_some());
            entry_ui(ui, app, Action::SaveCapture, kept);
        });
    }
    ui.menu_button("Go", |ui| {
        for action in [
            Action::NextFinding,
            Action::PreviousFinding,
            Action::NextSession,
            Action::PreviousSession,
            Action::NextMessage,
            Action::PreviousMessage,
            Action::NextFrame,
            Action::PreviousFrame,
            Action::NextInConversation,
            Action::PreviousInConversation,
            Action::GoToFrame,
            Action::FilterFrames,
            Action::FilterSessions,
            Action::CopyFinding,
        ] {
            entry_ui(ui, app, action, open);
        }
    });
    ui.menu_button("View", |ui| {
        for action in [
            Action::ShowFindings,
            Action::ShowLadder,
            Action::ShowFrames,
            Action::FramesAlone,
            Action::ShowTimeline,
            Action::WholeConnection,
            Action::ByHealth,
            Action::FitTimeline,
            Action::ZoomToSession,
        ] {
            entry_ui(ui, app, action, open);
        }
        ui.separator();
        entry_ui(ui, app, Action::SwitchTheme, true);
        entry_ui(ui, app, Action::Palette, true);
    });
}

/// What went wrong, until it was read.
pub(crate) fn errors_ui(ui: &mut Ui, app: &App) {
    if app.errors.is_empty() {
        return;
    }
    let color = app.theme.failed();
    let frame = Frame::NONE
        .fill(app.theme.tint(color))
        .inner_margin(Margin::symmetric(12, 5));
    Panel::top("errors").frame(frame).show(ui, |ui| {
        for (index, error) in app.errors.iter().enumerate().take(4) {
            ui.horizontal(|ui| {
                if ui.small_button("Dismiss").clicked() {
                    app.queue.send(Command::Dismiss(index));
                }
                ui.add(egui::Label::new(RichText::new(error).color(app.theme.strong)).wrap());
            });
        }
        if app.errors.len() > 4 {
            ui.label(plural(app.errors.len() as u64 - 4, "further error"));
        }
    });
}

/// What is at work: loading, capturing. Below all, what was checked.
pub(crate) fn work_ui(ui: &mut Ui, app: &App) {
    loading_ui(ui, app);
    #[cfg(feature = "live")]
    capture_ui(ui, app);
    status_ui(ui, app);
}

fn strip(theme: &Theme) -> Frame {
    Frame::NONE
        .fill(theme.raised)
        .inner_margin(Margin::symmetric(12, 5))
}

fn loading_ui(ui: &mut Ui, app: &App) {
    let Some(loading) = &app.loading else { return };
    let far = loading.how_far();
    Panel::top("loading")
        .frame(strip(&app.theme))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                let path = loading
                    .paths
                    .get(far.capture)
                    .map(|p| p.display().to_string());
                ui.label(
                    RichText::new(format!("Reading {}", path.unwrap_or_default()))
                        .color(app.theme.strong),
                );
                let said = plural(far.frames, "frame");
                ui.label(RichText::new(said).color(app.theme.faint));
                if app.doc.as_ref().is_some_and(|d| d.extent == Extent::First) {
                    ui.label(RichText::new("below: first results").color(app.theme.accent));
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let label = if loading.cancelled() {
                        "Stopping …"
                    } else {
                        "Stop"
                    };
                    let button = Button::new(label);
                    let hint = Action::Cancel.spec().tooltip;
                    if ui
                        .add_enabled(!loading.cancelled(), button)
                        .on_hover_text(hint)
                        .clicked()
                    {
                        app.queue.send(Command::Do(Action::Cancel));
                    }
                    let mut bar = egui::ProgressBar::new(far.part.unwrap_or(0.0))
                        .desired_width(ui.available_width().min(360.0));
                    bar = match far.part {
                        Some(_) => bar.show_percentage(),
                        None => bar.animate(true),
                    };
                    ui.add(bar);
                });
            });
            ui.ctx()
                .request_repaint_after(std::time::Duration::from_millis(60));
        });
}

#[cfg(feature = "live")]
fn capture_ui(ui: &mut Ui, app: &App) {
    use super::format::{bytes, count};
    let Some(recorder) = &app.recorder else {
        return;
    };
    let (frames, size, dropped) = recorder.counts();
    Panel::top("capturing")
        .frame(strip(&app.theme))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                badge_ui(ui, "live", app.theme.good, app.theme.tint(app.theme.good));
                let said = format!("Capturing on {}", recorder.interface);
                ui.label(RichText::new(said).color(app.theme.strong));
                ui.label(format!("{}, {}", plural(frames, "frame"), bytes(size)));
                let (said, color) = match dropped {
                    0 => ("none dropped".to_owned(), app.theme.faint),
                    n => (format!("{} dropped", count(n)), app.theme.failed()),
                };
                ui.label(RichText::new(said).color(color));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let label = if recorder.stopping() {
                        "Stopping …"
                    } else {
                        "Stop capturing"
                    };
                    let button = Button::new(label);
                    if ui.add_enabled(!recorder.stopping(), button).clicked() {
                        app.queue.send(Command::Do(Action::StartOrStop));
                    }
                });
            });
            ui.ctx()
                .request_repaint_after(std::time::Duration::from_millis(200));
        });
}

fn status_ui(ui: &mut Ui, app: &App) {
    let frame = Frame::NONE
        .fill(app.theme.base)
        .inner_margin(Margin::symmetric(12, 3));
    Panel::bottom("status").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            let small = |said: &str, color| RichText::new(said).size(SMALL).color(color);
            match &app.doc {
                Some(doc) if app.page == Page::Main => {
                    ui.label(small(&doc.findings.checked, app.theme.text));
                    ui.label(small(&plural(doc.frames(), "frame"), app.theme.faint));
                    if doc.extent == Extent::Cancelled {
                        let said =
                            "Reading was stopped: this is only the first part of the capture.";
                        ui.label(small(said, app.theme.missing()));
                    }
                }
                _ => {
                    let said = concat!("Colloquy ", env!("CARGO_PKG_VERSION"));
                    ui.label(small(said, app.theme.faint));
                }
            }
            if let Some(notice) = &app.notice {
                ui.label(small(notice, app.theme.good));
            }
        });
    });
}

/// Asks for a path, where the system has no file dialog.
pub(crate) fn ask_path_ui(ctx: &Context, app: &mut App) {
    let Some(mut ask) = app.asking_path.take() else {
        return;
    };
    let mut chosen = None;
    let modal = Modal::new(Id::unique("ask-path")).show(ctx, |ui| {
        ui.set_width(520.0);
        let title = if ask.saving {
            "Save the capture as"
        } else {
            "Open a capture"
        };
        ui.label(RichText::new(title).size(16.0).color(app.theme.strong));
        let said = "This system shows no file dialog: type the path, or drop a file on the window.";
        ui.label(RichText::new(said).color(app.theme.faint));
        let field = TextEdit::singleline(&mut ask.text).desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name("Path");
        let entered = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if !entered {
            response.request_focus();
        }
        let path = ask.text.trim();
        ui.horizontal(|ui| {
            let word = if ask.saving { "Save" } else { "Open" };
            if (ui
                .add_enabled(!path.is_empty(), Button::new(word))
                .clicked()
                || entered)
                && !path.is_empty()
            {
                chosen = Some(PathBuf::from(path));
            }
            if ui.button("Cancel").clicked() {
                ui.close();
            }
        });
    });
    match chosen {
        Some(path) if ask.saving => app.save_capture(path),
        Some(path) => app.queue.send(Command::Open(vec![path])),
        None if modal.should_close() => {}
        None => app.asking_path = Some(ask),
    }
}

/// While a file is held over the window.
pub(crate) fn drop_ui(ctx: &Context, theme: &Theme) {
    if ctx.input(|i| i.raw.hovered_files.is_empty()) {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, Id::unique("drop"));
    let painter = ctx.layer_painter(layer);
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0.0, theme.base.gamma_multiply(0.85));
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        "Drop to open",
        FontId::proportional(28.0),
        theme.accent,
    );
}
