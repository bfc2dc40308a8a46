//! Where the panels are. Each keeps the size that the user gave it.

use std::sync::Arc;

use egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::app::{App, Panels};
use super::context::Ctx;
use super::document::Document;
use super::panels::explanation::explanation_ui;
use super::panels::findings::findings_ui;
use super::panels::frames::frames_ui;
use super::panels::ladder::ladder_ui;
use super::panels::sessions::sessions_ui;
use super::panels::timeline::{Shown, timeline_ui};

/// What is open: findings, explanation, sessions, ladder, timeline.
pub(super) fn main_ui(ui: &mut Ui, app: &mut App, doc: &Arc<Document>) {
    let App {
        panels,
        selection,
        telling,
        theme,
        queue,
        settings,
        wake,
        ..
    } = app;
    panels.sessions.bring_up_to_date(doc, wake);
    panels.explanation.bring_up_to_date(doc, selection);
    panels.ladder.bring_up_to_date(doc, selection, telling);
    if settings.frames {
        panels.frames.bring_up_to_date(doc, selection, wake);
    }
    let ctx = Ctx::new(doc, selection, telling, theme, queue);
    let plain = || Frame::NONE.fill(theme.panel);
    if settings.frames && settings.frames_alone {
        CentralPanel::default().frame(plain()).show(ui, |ui| {
            frames_ui(ui, &ctx, &mut panels.frames, true);
        });
        return;
    }
    if settings.timeline {
        let most = (ui.available_height() * 0.7).max(120.0);
        Panel::bottom("timeline")
            .frame(plain().inner_margin(Margin {
                top: 4,
                ..Margin::ZERO
            }))
            .resizable(true)
            .default_size(176.0)
            .size_range(70.0..=most)
            .show(ui, |ui| {
                ui.take_available_space();
                let shown = Shown {
                    order: panels.sessions.order(),
                    grows_at_end: panels.sessions.layout.sort.grows_at_end(),
                    ladder: panels.ladder.ladder.as_ref(),
                };
                timeline_ui(ui, &ctx, &mut panels.timeline, shown);
            });
    }
    if settings.findings {
        Panel::left("left")
            .frame(plain())
            .resizable(true)
            .default_size(420.0)
            .size_range(240.0..=760.0)
            .show(ui, |ui| {
                ui.take_available_space();
                left_ui(ui, &ctx, panels);
            });
    }
    if settings.ladder || settings.frames {
        lower_ui(ui, &ctx, panels, settings.frames);
    }
    CentralPanel::default()
        .frame(plain().inner_margin(Margin {
            top: 4,
            ..Margin::ZERO
        }))
        .show(ui, |ui| sessions_ui(ui, &ctx, &mut panels.sessions));
}

/// The ladder, or the frames in its place, which need more room: they are three things.
fn lower_ui(ui: &mut Ui, ctx: &Ctx<'_>, panels: &mut Panels, frames: bool) {
    let most = (ui.available_height() - 90.0).max(120.0);
    let (name, part) = if frames {
        ("frames", 0.63)
    } else {
        ("ladder", 0.54)
    };
    Panel::bottom(name)
        .frame(Frame::NONE.fill(ctx.theme.panel).inner_margin(Margin {
            top: 4,
            ..Margin::ZERO
        }))
        .resizable(true)
        .default_size(ui.available_height() * part)
        .size_range(100.0..=most)
        .show(ui, |ui| {
            ui.take_available_space();
            if frames {
                frames_ui(ui, ctx, &mut panels.frames, false);
            } else {
                ladder_ui(ui, ctx, &mut panels.ladder);
            }
        });
}

fn left_ui(ui: &mut Ui, ctx: &Ctx<'_>, panels: &mut Panels) {
    let half = ui.available_height() * 0.5;
    let most = (ui.available_height() - 90.0).max(120.0);
    Panel::bottom("explanation")
        .frame(Frame::NONE.fill(ctx.theme.panel).inner_margin(Margin {
            top: 6,
            ..Margin::ZERO
        }))
        .resizable(true)
        .default_size(half)
        .size_range(80.0..=most)
        .show(ui, |ui| {
            ui.take_available_space();
            explanation_ui(ui, ctx, &panels.explanation);
        });
    CentralPanel::default()
        .frame(Frame::NONE.fill(ctx.theme.panel))
        .show(ui, |ui| findings_ui(ui, ctx, &mut panels.findings));
}
