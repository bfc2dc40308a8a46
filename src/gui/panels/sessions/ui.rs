//! Draws the table.

use colloquy::analysis::Outcome;
use egui::accesskit::Role;
use egui::{
    Align, CursorIcon, FontId, Id, Rect, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::SessionsPanel;
use super::data::{Column, Entry};
use super::filter::names;
use crate::gui::command::Command;
use crate::gui::context::Ctx;
use crate::gui::document::Extent;
use crate::gui::expressions::menu_ui;
use crate::gui::format::{count, plural};
use crate::gui::selection::Pick;
use crate::gui::theme;
use crate::gui::widgets::filter_bar::FilterBar;
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::{badge, text};

const HEAD: f32 = 24.0;
const PAD: f32 = 6.0;
/// Points by which an inner session stands further right.
const INDENT: f32 = 12.0;

fn filter_id() -> Id {
    Id::unique("sessions-filter")
}

/// Puts the cursor into the filter.
pub(crate) fn focus_filter(ctx: &egui::Context) {
    ctx.memory_mut(|m| m.request_focus(filter_id()));
}

/// Draws it in all the room there is.
pub(crate) fn sessions_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut SessionsPanel) {
    title_ui(ui, ctx, panel);
    let wide: f32 = SessionsPanel::columns(&ctx.doc.outcome)
        .map(|c| panel.layout.width(c))
        .sum();
    let room = ui.available_rect_before_wrap();
    if ui.rect_contains_pointer(room) {
        panel.across -= ui.input(|i| i.smooth_scroll_delta().x);
    }
    panel.across = panel
        .across
        .clamp(0.0, (wide - room.width() + 14.0).max(0.0));
    let head = Rect::from_min_size(room.min, vec2(room.width(), HEAD));
    head_ui(ui, ctx, panel, head);
    let across = wide > room.width() - 13.0;
    let foot = if across { 9.0 } else { 0.0 };
    let body = Rect::from_min_max(head.left_bottom(), pos2(room.right(), room.bottom() - foot));
    if across {
        across_ui(ui, ctx, panel, room.with_min_y(body.bottom()), wide);
    }
    let mut below = ui.new_child(UiBuilder::new().max_rect(body));
    rows_ui(&mut below, ctx, panel);
    ui.allocate_rect(room, Sense::hover());
}

/// The scroll bar below, where the columns have not all room.
fn across_ui(ui: &Ui, ctx: &Ctx<'_>, panel: &mut SessionsPanel, track: Rect, wide: f32) {
    let most = wide - track.width() + 14.0;
    let len = (track.width() / wide * track.width()).max(24.0);
    let room = (track.width() - len).max(1.0);
    let response = ui.interact(
        track,
        Id::unique("sessions-across"),
        Sense::click_and_drag(),
    );
    if let Some(pointer) = response.interact_pointer_pos() {
        let part = ((pointer.x - track.left() - len / 2.0) / room).clamp(0.0, 1.0);
        panel.across = part * most;
    }
    let left = track.left() + panel.across / most.max(1.0) * room;
    let handle = Rect::from_min_size(pos2(left, track.top() + 1.0), vec2(len, 6.0));
    let strength = if response.hovered() || response.dragged() {
        1.0
    } else {
        0.55
    };
    ui.painter()
        .rect_filled(handle, 3.0, ctx.theme.line.gamma_multiply(strength));
}

fn title_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &SessionsPanel) {
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        ui.label(
            egui::RichText::new("Sessions")
                .size(theme::TITLE)
                .color(ctx.theme.strong),
        );
        for (state, n) in &ctx.doc.sessions.states {
            let color = ctx.theme.state(*state);
            let word = format!("{} {}", state.name(), count(*n as u64));
            let on = panel.filter == state.name();
            let fill = if on {
                ctx.theme.selected
            } else {
                ctx.theme.tint(color)
            };
            let button =
                egui::Button::new(egui::RichText::new(word).size(theme::SMALL).color(color))
                    .fill(fill)
                    .small();
            let hint = if on {
                "Show all sessions"
            } else {
                "Show only these"
            };
            if ui.add(button).on_hover_text(hint).clicked() {
                let words = if on {
                    String::new()
                } else {
                    state.name().to_owned()
                };
                ctx.send(Command::Filter(words));
            }
        }
        ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            filter_ui(ui, ctx, panel);
        });
    });
}

fn filter_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &SessionsPanel) {
    let mut words = panel.filter.clone();
    let bar = FilterBar {
        id: filter_id(),
        label: "Find sessions",
        hint: "find: 10.0.0.1 smb2, or: session.state == \"stuck\"",
        width: 300.0,
        verdict: &panel.verdict(),
        past: &[],
        theme: ctx.theme,
    };
    let done = bar.show(ui, &mut words, names);
    if done.escaped {
        words.clear();
    }
    if done.changed || done.escaped {
        ctx.send(Command::Filter(words));
    }
    let (shown, all) = (panel.order.len(), ctx.doc.sessions.entries.len());
    if shown < all {
        let said = format!(
            "{} of {}",
            count(shown as u64),
            plural(all as u64, "session")
        );
        ui.label(
            egui::RichText::new(said)
                .size(theme::SMALL)
                .color(ctx.theme.faint),
        );
    }
}

fn head_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut SessionsPanel, head: Rect) {
    let mut child = ui.new_child(UiBuilder::new().max_rect(head));
    child.set_clip_rect(head.intersect(ui.clip_rect()));
    let ui = &mut child;
    ui.painter().rect_filled(head, 0.0, ctx.theme.raised);
    let mut x = head.left() - panel.across;
    for column in SessionsPanel::columns(&ctx.doc.outcome) {
        let width = panel.layout.width(column);
        let cell = Rect::from_min_size(pos2(x, head.top()), vec2(width, HEAD));
        x += width;
        if cell.intersects(head) {
            heading_ui(ui, ctx, panel, column, cell);
        }
    }
}

fn heading_ui(ui: &Ui, ctx: &Ctx<'_>, panel: &mut SessionsPanel, column: Column, cell: Rect) {
    let id = Id::unique(("sessions-head", column));
    let response = ui
        .interact(cell.with_max_x(cell.right() - 4.0), id, Sense::click())
        .on_hover_text(column.tooltip());
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, column.title()));
    let sort = panel.layout.sort;
    let on = sort.column == column;
    let color = match (on, response.hovered()) {
        (true, _) => ctx.theme.accent,
        (_, true) => ctx.theme.strong,
        _ => ctx.theme.faint,
    };
    let mark = match (on, sort.descending) {
        (false, _) => "",
        (true, true) => " ▼",
        (true, false) => " ▲",
    };
    let title = format!("{}{mark}", column.title());
    let align = if column.is_number() {
        Align::Max
    } else {
        Align::Min
    };
    let place = cell.shrink2(vec2(PAD, 0.0));
    text::line(
        ui.painter(),
        place,
        align,
        FontId::proportional(12.0),
        color,
        &title,
    );
    if response.clicked() {
        ctx.send(Command::Sort(column));
    }
    let edge = Rect::from_center_size(cell.right_center(), vec2(7.0, HEAD));
    let grip = ui
        .interact(edge, id.with("edge"), Sense::drag())
        .on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
    if grip.dragged() {
        panel.layout.widen(column, grip.drag_delta().x);
    }
    let line = if grip.hovered() || grip.dragged() {
        ctx.theme.accent
    } else {
        ctx.theme.line
    };
    let y = cell.y_range().shrink(4.0);
    ui.painter().vline(cell.right(), y, Stroke::new(1.0, line));
}

fn rows_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut SessionsPanel) {
    let selected = ctx.selection.session();
    let reveal = (panel.seen != ctx.selection.serial())
        .then(|| selected.and_then(|key| panel.position(&ctx.doc.sessions, key)))
        .flatten();
    panel.seen = ctx.selection.serial();
    let wanted = Wanted {
        id: Id::unique("sessions"),
        heights: Heights::Even {
            count: panel.order.len(),
            height: theme::ROW,
        },
        reveal,
        follow: ctx.doc.extent == Extent::Running && panel.layout.sort.grows_at_end(),
        wheel: true,
        bar: ctx.theme.line,
    };
    let mut rows = std::mem::take(&mut panel.rows);
    rows.show(ui, wanted, |ui, index, rect| {
        if let Some(entry) = panel.entry(ctx.doc, index) {
            entry_ui(ui, ctx, panel, index, rect, entry);
        }
    });
    panel.rows = rows;
    if panel.order.is_empty() {
        let said = if ctx.doc.sessions.entries.is_empty() {
            "No sessions in this capture."
        } else {
            "No session has these words."
        };
        ui.painter().text(
            ui.max_rect().center(),
            egui::Align2::CENTER_CENTER,
            said,
            FontId::proportional(theme::TEXT),
            ctx.theme.faint,
        );
    }
}

fn entry_ui(
    ui: &Ui,
    ctx: &Ctx<'_>,
    panel: &SessionsPanel,
    index: usize,
    rect: Rect,
    entry: &Entry,
) {
    let selected = ctx.selection.session() == Some(entry.key);
    let label = label(entry, &ctx.doc.outcome);
    let id = Id::unique((
        "session",
        entry.key.capture,
        entry.key.flow,
        entry.key.session,
    ));
    let response = row(ui, id, rect, selected, &label);
    let painter = ui.painter();
    let fill = match (selected, response.hovered(), index % 2) {
        (true, _, _) => Some(ctx.theme.selected),
        (_, true, _) => Some(ctx.theme.hover),
        (_, _, 1) => Some(ctx.theme.stripe),
        _ => None,
    };
    if let Some(fill) = fill {
        painter.rect_filled(rect, 0.0, fill);
    }
    let mut x = rect.left() - panel.across;
    for column in SessionsPanel::columns(&ctx.doc.outcome) {
        let width = panel.layout.width(column);
        let cell = Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height()));
        x += width;
        if cell.intersects(rect) {
            cell_ui(ui, ctx, panel, column, cell.shrink2(vec2(PAD, 0.0)), entry);
        }
    }
    if response.clicked() {
        ctx.select(Pick::Session(entry.key));
    }
    response.context_menu(|ui| menu_ui(ui, ctx, &Pick::Session(entry.key)));
}

fn cell_ui(
    ui: &Ui,
    ctx: &Ctx<'_>,
    panel: &SessionsPanel,
    column: Column,
    place: Rect,
    entry: &Entry,
) {
    let painter = ui.painter().with_clip_rect(place.intersect(ui.clip_rect()));
    let said = entry.cell(column, &ctx.doc.outcome);
    match column {
        Column::State => {
            let color = ctx.theme.state(entry.state);
            badge::paint(
                &painter,
                place.left_center(),
                &said,
                color,
                ctx.theme.tint(color),
            );
        }
        Column::Finding => {
            if let Some(worst) = entry.worst {
                let color = ctx.theme.severity(worst);
                badge::paint(
                    &painter,
                    place.left_center(),
                    &said,
                    color,
                    ctx.theme.tint(color),
                );
            }
        }
        _ => {
            let bad =
                column == Column::Unanswered || (column == Column::Waiting && entry.unanswered > 0);
            let color = match column {
                _ if bad => ctx.theme.waiting(),
                Column::Protocol => ctx.theme.strong,
                Column::Id | Column::Start => ctx.theme.faint,
                _ => ctx.theme.text,
            };
            let mut place = place;
            if column == Column::Protocol && panel.layout.sort.column.keeps_trees() {
                place.min.x += INDENT * f32::from(entry.depth);
                if entry.depth > 0 {
                    let mark = place.translate(vec2(-10.0, 0.0));
                    text::line(
                        &painter,
                        mark,
                        Align::Min,
                        FontId::proportional(11.0),
                        ctx.theme.faint,
                        "└",
                    );
                }
            }
            let align = if column.is_number() {
                Align::Max
            } else {
                Align::Min
            };
            text::line(
                &painter,
                place,
                align,
                FontId::proportional(12.5),
                color,
                &said,
            );
        }
    }
}

/// A row in words.
fn label(entry: &Entry, outcome: &Outcome) -> String {
    format!(
        "session {} {} {} {} to {}",
        entry.id,
        entry.protocol,
        entry.state.name(),
        entry.cell(Column::Client, outcome),
        entry.cell(Column::Server, outcome)
    )
}
