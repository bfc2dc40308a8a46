//! Draws the fields of a frame as a tree, and its bytes.

use egui::{Align, FontId, Id, Rect, Sense, Ui, pos2, vec2};

use super::data::{LINE, Node, Place, SHORT_LINE, dump_line, expression};
use super::filter::{Join, joined};
use super::ui::PAD;
use super::{FramesPanel, Shown};
use crate::gui::command::Command;
use crate::gui::context::Ctx;
use crate::gui::format::count;
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::text;

const INDENT: f32 = 14.0;
const FIELD_ROW: f32 = 20.0;
const DUMP_ROW: f32 = 17.0;
/// Letters of an expression that a menu shows.
const MENU_CHARS: usize = 56;

pub(super) fn tree_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel, shown: &mut Shown) {
    let visible = shown.tree.visible(&shown.folded);
    let reveal = std::mem::take(&mut shown.reveal[0])
        .then(|| shown.row_to_see(&visible))
        .flatten();
    if let Some((row, true)) = reveal {
        panel.fields.begin_at(row as f64 * f64::from(FIELD_ROW));
    }
    let reveal = reveal.map(|(row, _)| row);
    let wanted = Wanted {
        id: Id::unique("frame-fields"),
        heights: Heights::Even {
            count: visible.len(),
            height: FIELD_ROW,
        },
        reveal,
        follow: false,
        wheel: true,
        bar: ctx.theme.line,
    };
    let mut clicked = None;
    let mut folds = None;
    let mut rows = std::mem::take(&mut panel.fields);
    rows.show(ui, wanted, |ui, at, rect| {
        let Some((at, node)) = visible
            .get(at)
            .and_then(|at| Some((*at, shown.tree.nodes.get(*at)?)))
        else {
            return;
        };
        let has_parts = node.end > at + 1;
        let selected = shown.node == Some(at);
        let response =
            row(ui, Id::unique(("field", at)), rect, selected, &node.text).on_hover_text(node.name);
        let fill = match (selected, response.hovered(), node.depth) {
            (true, ..) => Some(ctx.theme.selected),
            (_, true, _) => Some(ctx.theme.hover),
            (_, _, 0) => Some(ctx.theme.raised),
            _ => None,
        };
        if let Some(fill) = fill {
            ui.painter().rect_filled(rect, 0.0, fill);
        }
        let open = !shown.folded.contains(&at);
        node_ui(ui, ctx, rect, node, has_parts.then_some(open));
        if !node.name.is_empty() {
            response.context_menu(|ui| {
                menu_ui(ui, ctx, panel.filter.applied().map(|a| a.0), shown, node);
            });
        }
        if response.secondary_clicked() {
            clicked = Some(at);
        }
        if response.clicked() {
            clicked = Some(at);
            if has_parts && (node.depth == 0 || selected) {
                folds = Some(at);
            }
        }
    });
    panel.fields = rows;
    if let Some(at) = clicked {
        shown.pick(at);
        // It is where the pointer is already.
        shown.reveal[0] = false;
    }
    if let Some(at) = folds
        && !shown.folded.remove(&at)
    {
        shown.folded.insert(at);
    }
}

/// What can be done with a field's value.
fn menu_ui(ui: &mut Ui, ctx: &Ctx<'_>, applied: Option<&str>, shown: &Shown, node: &Node) {
    ui.set_max_width(460.0);
    let Some(new) = expression(&shown.detail, node) else {
        ui.label("No expression can hold this value.");
        return;
    };
    ui.label(egui::RichText::new("Apply as filter").color(ctx.theme.faint));
    let mut joins = vec![Join::Only, Join::Not];
    if applied.is_some() {
        joins.extend([Join::And, Join::Or, Join::AndNot]);
    }
    for join in joins {
        let text = joined(applied, join, &new);
        let own = joined(None, join, &new);
        let word = match join {
            Join::Only | Join::Not => "",
            Join::And | Join::AndNot => "… and ",
            Join::Or => "… or ",
        };
        let short: String = own.chars().take(MENU_CHARS).collect();
        let dots = if short.len() < own.len() { " …" } else { "" };
        if ui
            .button(format!("{word}{short}{dots}"))
            .on_hover_text(&text)
            .clicked()
        {
            ctx.send(Command::FilterFrames(text));
            ui.close();
        }
    }
    if new != node.name && ui.button(format!("{} (any value)", node.name)).clicked() {
        ctx.send(Command::FilterFrames(node.name.to_owned()));
        ui.close();
    }
    ui.separator();
    for (word, text) in [("Copy as filter", &new), ("Copy the line", &node.text)] {
        if ui.button(word).clicked() {
            ui.ctx().copy_text(text.clone());
            ui.close();
        }
    }
}

fn node_ui(ui: &Ui, ctx: &Ctx<'_>, rect: Rect, node: &Node, open: Option<bool>) {
    let left = rect.left() + PAD + INDENT * node.depth as f32;
    let mark = match open {
        Some(true) => "▼",
        Some(false) => "▶",
        None => "",
    };
    let color = if node.depth == 0 {
        ctx.theme.strong
    } else {
        ctx.theme.text
    };
    let place = rect.with_min_x(left);
    text::line(
        ui.painter(),
        place,
        Align::Min,
        FontId::proportional(9.0),
        ctx.theme.faint,
        mark,
    );
    let place = place.with_min_x(left + INDENT);
    text::line(
        ui.painter(),
        place,
        Align::Min,
        FontId::proportional(12.5),
        color,
        &node.text,
    );
}

/// Which bytes are dumped: those of the frame, or of one of its messages.
fn sources_ui(ui: &mut Ui, shown: &mut Shown) {
    if shown.detail.messages.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        let messages = shown.detail.messages.iter().enumerate();
        let sources = std::iter::once((0, shown.detail.bytes.len()))
            .chain(messages.map(|(at, bytes)| (at + 1, bytes.len())));
        // As many as have room.
        for (source, len) in sources.take(6).collect::<Vec<_>>() {
            let name = match source {
                0 => format!("Frame ({} B)", count(len as u64)),
                n => format!("Message {n} ({} B)", count(len as u64)),
            };
            ui.selectable_value(&mut shown.source, source, name);
        }
    });
}

pub(super) fn bytes_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel, shown: &mut Shown) {
    sources_ui(ui, shown);
    let font = FontId::monospace(12.0);
    let advance = advance(ui);
    // What has no room at the right is never cut: the lines are shorter then.
    let len = if ui.available_width() + 14.0 < dump_width(ui) {
        SHORT_LINE
    } else {
        LINE
    };
    let bytes = shown.bytes();
    let place = shown
        .node
        .and_then(|at| shown.tree.nodes.get(at)?.place)
        .filter(|p| p.source == shown.source);
    let wanted = Wanted {
        id: Id::unique("frame-bytes"),
        heights: Heights::Even {
            count: bytes.len().div_ceil(len),
            height: DUMP_ROW,
        },
        reveal: place.filter(|_| shown.reveal[1]).map(|p| p.at / len),
        follow: false,
        wheel: true,
        bar: ctx.theme.line,
    };
    let mut clicked = None;
    panel.dump.show(ui, wanted, |ui, line, rect| {
        let columns = Columns::of(rect, advance, len);
        if let Some(place) = place {
            columns.mark_ui(ui, ctx, line, place);
        }
        let (at, hex, letters) = dump_line(bytes, line, len);
        for (x, color, said) in [
            (rect.left() + PAD, ctx.theme.faint, &at),
            (columns.hex, ctx.theme.text, &hex),
            (columns.letters, ctx.theme.faint, &letters),
        ] {
            let place = rect.with_min_x(x);
            text::line(ui.painter(), place, Align::Min, font.clone(), color, said);
        }
        let response = ui.interact(rect, Id::unique(("dump", line)), Sense::click());
        let pointer = response.interact_pointer_pos();
        if let Some(pointer) = pointer.filter(|_| response.clicked()) {
            clicked = columns.at(pointer.x).map(|column| line * len + column);
        }
    });
    shown.reveal[1] = false;
    if let Some(node) = clicked.and_then(|byte| shown.tree.at_byte(shown.source, byte)) {
        shown.pick(node);
        shown.reveal[1] = false;
    }
}

/// The width of a letter of the dump.
fn advance(ui: &Ui) -> f32 {
    let font = FontId::monospace(12.0);
    let color = egui::Color32::PLACEHOLDER;
    let galley = ui
        .painter()
        .layout_no_wrap("00000000".to_owned(), font, color);
    galley.size().x / 8.0
}

/// What lines of full length need, the scroll bar included.
pub(super) fn dump_width(ui: &Ui) -> f32 {
    PAD * 2.0 + advance(ui) * (6.0 + LINE as f32 * 4.0 + 1.0) + 18.0
}

/// Where the columns of a line of the dump stand.
struct Columns {
    line: Rect,
    /// Bytes in a line.
    len: usize,
    advance: f32,
    hex: f32,
    letters: f32,
}

impl Columns {
    fn of(line: Rect, advance: f32, len: usize) -> Self {
        let hex = line.left() + PAD + advance * 6.0;
        Self {
            line,
            len,
            advance,
            hex,
            letters: hex + advance * (len as f32 * 3.0 + 1.0),
        }
    }

    /// Marks the bytes of a field in this line.
    fn mark_ui(&self, ui: &Ui, ctx: &Ctx<'_>, line: usize, place: Place) {
        let cell = |x: f32, width: f32| {
            Rect::from_min_size(pos2(x, self.line.top()), vec2(width, self.line.height()))
        };
        let bytes = line * self.len..(line + 1) * self.len;
        for byte in bytes.filter(|b| place.at <= *b && *b < place.at + place.len) {
            let column = (byte % self.len) as f32;
            for spot in [
                cell(self.hex + self.advance * column * 3.0, self.advance * 3.0),
                cell(self.letters + self.advance * column, self.advance),
            ] {
                ui.painter().rect_filled(spot, 0.0, ctx.theme.selected);
            }
        }
    }

    /// The byte of the line at `x`.
    fn at(&self, x: f32) -> Option<usize> {
        let column = if x < self.letters {
            (x - self.hex) / (self.advance * 3.0)
        } else {
            (x - self.letters) / self.advance
        };
        (0.0..self.len as f32)
            .contains(&column)
            .then_some(column as usize)
    }
}
