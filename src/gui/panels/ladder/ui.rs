//! Draws the ladder: two lifelines, an arrow a message, a bar while an answer is awaited.

use std::fmt::Write as _;

use colloquy::dissectors::units::Side;
use egui::{Align, FontId, Id, Rect, Ui, UiBuilder, pos2, vec2};

use super::data::{Ladder, Row};
use super::step::{LEFT, Lifelines, step_ui};
use super::{LadderPanel, Telling};
use crate::gui::command::Action;
use crate::gui::context::Ctx;
use crate::gui::document::Extent;
use crate::gui::format::{count, plural};
use crate::gui::selection::SessionKey;
use crate::gui::theme;
use crate::gui::widgets::rows::{Heights, Wanted};
use crate::gui::widgets::text;

/// Draws it in all the room there is.
pub(crate) fn ladder_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut LadderPanel) {
    let Some(key) = ctx.selection.session() else {
        said_ui(
            ui,
            ctx,
            "Select a session or a finding to see what was said.",
            false,
        );
        return;
    };
    head_ui(ui, ctx, panel, key);
    match (panel.ladder.take(), ctx.telling) {
        (Some(ladder), _) => {
            if ladder.rows.is_empty() {
                said_ui(ui, ctx, "This session has no messages of its own.", false);
            } else {
                body_ui(ui, ctx, panel, &ladder, key);
            }
            panel.ladder = Some(ladder);
        }
        (None, Telling::Failed(_, why)) => said_ui(ui, ctx, why, true),
        (None, _) => {
            said_ui(ui, ctx, "Reading the conversation …", false);
        }
    }
}

fn said_ui(ui: &Ui, ctx: &Ctx<'_>, said: &str, bad: bool) {
    let rect = ui.available_rect_before_wrap();
    let color = if bad {
        ctx.theme.failed()
    } else {
        ctx.theme.faint
    };
    let place = rect.shrink(16.0);
    let font = FontId::proportional(theme::TEXT);
    text::line(ui.painter(), place, Align::Center, font, color, said);
}

fn head_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &LadderPanel, key: SessionKey) {
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        let title = egui::RichText::new("Ladder")
            .size(theme::TITLE)
            .color(ctx.theme.strong);
        ui.label(title);
        if let Some(row) = ctx.doc.row(key) {
            let said = format!("session {}  ·  {}", row.id, row.session.protocol);
            ui.label(egui::RichText::new(said).color(ctx.theme.faint));
        }
        if let Some(ladder) = &panel.ladder {
            let said = plural(ladder.messages as u64, "message");
            ui.label(
                egui::RichText::new(said)
                    .size(theme::SMALL)
                    .color(ctx.theme.faint),
            );
            if ladder.unanswered > 0 {
                let said = format!("{} without an answer", count(ladder.unanswered as u64));
                ui.label(
                    egui::RichText::new(said)
                        .size(theme::SMALL)
                        .color(ctx.theme.waiting()),
                );
            }
            if ladder.cut {
                let said = "longer than what is shown";
                ui.label(
                    egui::RichText::new(said)
                        .size(theme::SMALL)
                        .color(ctx.theme.missing()),
                );
            }
        }
        if let Telling::Reading(_) = ctx.telling {
            ui.add(egui::Spinner::new().size(12.0));
            ui.label(
                egui::RichText::new("reading …")
                    .size(theme::SMALL)
                    .color(ctx.theme.faint),
            );
        }
        ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            let mut whole = panel.whole;
            let spec = Action::WholeConnection.spec();
            if ui
                .checkbox(&mut whole, spec.text)
                .on_hover_text(spec.tooltip)
                .changed()
            {
                ctx.act(Action::WholeConnection);
            }
        });
    });
}

fn body_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut LadderPanel, ladder: &Ladder, key: SessionKey) {
    let room = ui.available_rect_before_wrap();
    let ends = Rect::from_min_size(room.min, vec2(room.width(), 22.0));
    ends_ui(ui, ctx, ends, key);
    let selected = ctx.selection.frame().and_then(|frame| ladder.row_of(frame));
    let foot = selected
        .and_then(|at| ladder.rows.get(at))
        .map_or(0.0, |_| 40.0);
    let reveal = (panel.seen != ctx.selection.serial())
        .then_some(selected)
        .flatten();
    panel.seen = ctx.selection.serial();
    let list = Rect::from_min_max(ends.left_bottom(), pos2(room.right(), room.bottom() - foot));
    let mut child = ui.new_child(UiBuilder::new().max_rect(list));
    let wanted = Wanted {
        id: Id::unique("ladder"),
        heights: Heights::Even {
            count: ladder.rows.len(),
            height: theme::ROW,
        },
        reveal,
        follow: ctx.doc.extent == Extent::Running,
        wheel: true,
        bar: ctx.theme.line,
    };
    panel.rows.show(&mut child, wanted, |ui, at, rect| {
        if let Some(step) = ladder.rows.get(at) {
            let place = (at, rect, selected == Some(at));
            step_ui(ui, ctx, place, step, key);
        }
    });
    if let Some(step) = selected.and_then(|at| ladder.rows.get(at)) {
        let rect = Rect::from_min_max(pos2(room.left(), list.bottom()), room.max);
        foot_ui(ui, ctx, rect, step);
    }
}

fn ends_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, key: SessionKey) {
    let Some(judged) = ctx.doc.flow(key) else {
        return;
    };
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, ctx.theme.raised);
    let lines = Lifelines::of(rect.with_max_x(rect.right() - 10.0));
    let font = || FontId::proportional(12.0);
    let head = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to, rect.y_range());
    let faint = ctx.theme.faint;
    text::line(
        painter,
        head(rect.left() + 8.0, rect.left() + 58.0),
        Align::Max,
        font(),
        faint,
        "frame",
    );
    text::line(
        painter,
        head(rect.left() + 62.0, rect.left() + LEFT),
        Align::Max,
        font(),
        faint,
        "seconds",
    );
    let half = f32::midpoint(lines.client, lines.server);
    let client = format!("client  {}", judged.flow.client);
    let server = format!("server  {}", judged.flow.server);
    let (blue, violet) = (ctx.theme.side(Side::Client), ctx.theme.side(Side::Server));
    text::line(
        painter,
        head(lines.client + 2.0, half - 6.0),
        Align::Min,
        font(),
        blue,
        &client,
    );
    text::line(
        painter,
        head(half + 6.0, lines.server - 2.0),
        Align::Max,
        font(),
        violet,
        &server,
    );
    let place = head(lines.server + 34.0, rect.right() - 14.0);
    text::line(painter, place, Align::Min, font(), faint, "answered after");
}

/// The selected row in full.
fn foot_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, step: &Row) {
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, ctx.theme.raised);
    let inner = rect.shrink2(vec2(10.0, 3.0));
    let mut where_ = if step.frame == 0 {
        String::new()
    } else if step.first_frame == step.frame {
        format!("frame {}", step.frame)
    } else {
        format!("frames {} to {}", step.first_frame, step.frame)
    };
    if let Some(time) = step.time {
        let _ = write!(where_, "  ·  {}", crate::gui::format::clock(time));
    }
    let top = inner.with_max_y(inner.top() + 16.0);
    let font = FontId::proportional(theme::SMALL);
    text::line(painter, top, Align::Min, font, ctx.theme.faint, &where_);
    let below = inner.with_min_y(inner.top() + 16.0);
    let font = FontId::proportional(theme::TEXT);
    text::line(
        painter,
        below,
        Align::Min,
        font,
        ctx.theme.strong,
        &step.text,
    );
}
