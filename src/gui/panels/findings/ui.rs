//! Draws the list.

use colloquy::diagnosis::Category;
use egui::{Align, FontId, Id, Rect, Ui, pos2};

use super::FindingsPanel;
use super::data::{Group, Item, Line, question};
use crate::gui::command::Command;
use crate::gui::context::Ctx;
use crate::gui::expressions::menu_ui;
use crate::gui::selection::Pick;
use crate::gui::theme;
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::{badge, text};

const PAD: f32 = 12.0;
/// The width of a letter of a title, on the safe side.
const LETTER: f32 = 6.7;

/// Draws it in all the room there is.
pub(crate) fn findings_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FindingsPanel) {
    let lines = ctx.doc.findings.lines(&panel.unfolded);
    let width = ui.available_width();
    let built_for = (ctx.doc.generation, lines.len(), width as u32);
    if panel.built_for != built_for {
        panel.ends = ends(&lines, width);
        panel.built_for = built_for;
    }
    let selected = ctx.selection.finding();
    let reveal = (panel.seen != ctx.selection.serial())
        .then(|| {
            lines
                .iter()
                .position(|l| matches!(l, Line::Item(item) if Some(&item.key) == selected))
        })
        .flatten();
    panel.seen = ctx.selection.serial();
    let id = Id::unique("findings");
    let wanted = Wanted {
        id,
        heights: Heights::Ends(&panel.ends),
        reveal,
        follow: false,
        wheel: true,
        bar: ctx.theme.line,
    };
    panel.rows.show(ui, wanted, |ui, index, rect| {
        let Some(line) = lines.get(index) else { return };
        match line {
            Line::Question(group) => question_ui(ui, ctx, rect, group),
            Line::Capture(facts) => said_ui(ui, ctx, rect, facts, false),
            Line::Nothing(what) => said_ui(ui, ctx, rect, what, true),
            Line::Item(item) => item_ui(ui, ctx, rect, id.with(("item", index)), item),
            Line::More(rule, more) => {
                fold_ui(ui, ctx, rect, rule, &format!("… and {more} more of {rule}"));
            }
            Line::Fewer(rule) => fold_ui(ui, ctx, rect, rule, &format!("fewer of {rule}")),
        }
    });
}

/// Where each line ends. A title has one or two lines: told by its length, so that nothing out of sight is laid out.
fn ends(lines: &[Line<'_>], width: f32) -> Vec<f64> {
    let mut end = 0.0;
    let height = |line: &Line<'_>| match line {
        Line::Question(_) => 34.0,
        Line::Capture(_) | Line::Nothing(_) => 20.0,
        Line::Item(item) if item.title.chars().count() as f32 * LETTER < width - 48.0 => {
            theme::FINDING_ROW - 16.0
        }
        Line::Item(_) => theme::FINDING_ROW,
        Line::More(..) | Line::Fewer(_) => 22.0,
    };
    lines
        .iter()
        .map(|line| {
            end += f64::from(height(line));
            end
        })
        .collect()
}

fn question_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, group: &Group) {
    let painter = ui.painter();
    let rect = rect.with_min_y(rect.top() + 8.0);
    let place = rect.shrink2(egui::vec2(PAD, 0.0));
    let title = if group.category == Category::Capture {
        "Capture quality"
    } else {
        question(group.category)
    };
    let font = FontId::proportional(theme::TITLE);
    text::line(painter, place, Align::Min, font, ctx.theme.strong, title);
    let color = group
        .worst
        .map_or(ctx.theme.good, |severity| ctx.theme.severity(severity));
    let count = group.count.to_string();
    let width = 14.0 + 7.0 * count.len() as f32;
    let at = pos2(rect.right() - PAD - width, rect.center().y);
    if group.count > 0 {
        badge::paint(painter, at, &count, color, ctx.theme.tint(color));
    } else {
        let place = place.with_max_x(place.right() - 4.0);
        let font = FontId::proportional(theme::TEXT);
        text::line(painter, place, Align::Max, font, color, "✔");
    }
}

fn said_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, said: &str, faint: bool) {
    let color = if faint {
        ctx.theme.faint
    } else {
        ctx.theme.text
    };
    let place = rect.shrink2(egui::vec2(PAD, 0.0));
    let font = FontId::proportional(12.0);
    text::line(ui.painter(), place, Align::Min, font, color, said);
    if !faint {
        ui.interact(rect, ui.scope_id().with(said), egui::Sense::hover())
            .on_hover_text(said);
    }
}

fn fold_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, rule: &'static str, said: &str) {
    let response = row(ui, ui.scope_id().with(said), rect, false, said);
    let place = rect.shrink2(egui::vec2(PAD + 14.0, 0.0));
    let font = FontId::proportional(12.0);
    text::line(
        ui.painter(),
        place,
        Align::Min,
        font,
        ctx.theme.accent,
        said,
    );
    if response.clicked() {
        ctx.send(Command::Fold(rule));
    }
}

fn item_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, id: Id, item: &Item) {
    let selected = ctx.selection.finding() == Some(&item.key);
    let response = row(ui, id, rect, selected, &item.title);
    let painter = ui.painter();
    let card = rect.shrink2(egui::vec2(8.0, 2.0));
    let fill = if selected {
        ctx.theme.selected
    } else if response.hovered() {
        ctx.theme.hover
    } else {
        ctx.theme.raised
    };
    painter.rect_filled(card, 5.0, fill);
    let color = ctx.theme.severity(item.severity);
    painter.rect_filled(card.with_max_x(card.left() + 3.0), 2.0, color);
    let inner = card.shrink2(egui::vec2(10.0, 4.0));
    let title = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - 15.0));
    let font = FontId::proportional(theme::TEXT);
    text::block(painter, title, 2, font, ctx.theme.strong, &item.title);
    let y = inner.bottom() - 6.0;
    let mut word = item.severity.name().to_owned();
    if item.likely {
        word.push_str(", likely");
    }
    let badge = badge::paint(
        painter,
        pos2(inner.left(), y),
        &word,
        color,
        ctx.theme.tint(color),
    );
    let place = Rect::from_min_max(
        pos2(badge.right() + 7.0, y - 8.0),
        pos2(inner.right(), y + 8.0),
    );
    let font = FontId::proportional(theme::SMALL);
    text::line(
        painter,
        place,
        Align::Min,
        font,
        ctx.theme.faint,
        &item.place,
    );
    if response.clicked() {
        ctx.select(Pick::Finding(item.key.clone()));
    }
    response.context_menu(|ui| menu_ui(ui, ctx, &Pick::Finding(item.key.clone())));
}
