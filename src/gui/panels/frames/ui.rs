//! Draws the list at the left, tree and bytes at the right.

use egui::{Align, FontId, Id, Rect, Sense, Ui, UiBuilder, pos2, vec2};

use super::data::{LINE, Node, Place, dump_line};
use super::{FramesPanel, Shown};
use crate::gui::context::Ctx;
use crate::gui::format::{count, plural};
use crate::gui::selection::Pick;
use crate::gui::spool::Spool;
use crate::gui::theme;
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::text;

/// Headings and widths of the list; the last one takes what is left.
const COLUMNS: [(&str, f32, Align); 7] = [
    ("No.", 50.0, Align::Max),
    ("Time", 76.0, Align::Max),
    ("Source", 100.0, Align::Min),
    ("Destination", 100.0, Align::Min),
    ("Protocol", 64.0, Align::Min),
    ("Length", 48.0, Align::Max),
    ("Info", 0.0, Align::Min),
];
const PAD: f32 = 5.0;
const INDENT: f32 = 14.0;
const DUMP_ROW: f32 = 17.0;

/// Draws it in all the room there is.
pub(crate) fn frames_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel) {
    head_ui(ui, ctx, panel);
    let room = ui.available_rect_before_wrap();
    if let Some(why) = panel.failed.as_deref().filter(|_| panel.spool.is_none()) {
        said_ui(ui, ctx, room, why);
        return;
    }
    let middle = room.left() + room.width() * 0.48;
    let left = room.with_max_x(middle - 4.0);
    let mut list = ui.new_child(UiBuilder::new().max_rect(left));
    list_ui(&mut list, ctx, panel);
    let right = room.with_min_x(middle + 4.0);
    ui.painter().vline(
        middle,
        room.y_range(),
        egui::Stroke::new(1.0, ctx.theme.line),
    );
    let split = right.top() + right.height() * 0.58;
    let mut shown = panel.shown.take();
    match &mut shown {
        Some(shown) => {
            let mut tree = ui.new_child(UiBuilder::new().max_rect(right.with_max_y(split - 2.0)));
            tree_ui(&mut tree, ctx, panel, shown);
            ui.painter().hline(
                right.x_range(),
                split,
                egui::Stroke::new(1.0, ctx.theme.line),
            );
            let mut bytes = ui.new_child(UiBuilder::new().max_rect(right.with_min_y(split + 2.0)));
            bytes_ui(&mut bytes, ctx, panel, shown);
        }
        None if panel.showing.is_some() => said_ui(ui, ctx, right, "Reading the frame …"),
        None => said_ui(
            ui,
            ctx,
            right,
            "Select a frame to see its fields and bytes.",
        ),
    }
    panel.shown = shown;
    ui.allocate_rect(room, Sense::hover());
}

fn said_ui(ui: &Ui, ctx: &Ctx<'_>, room: Rect, said: &str) {
    let font = FontId::proportional(theme::TEXT);
    text::line(
        ui.painter(),
        room.shrink(12.0),
        Align::Center,
        font,
        ctx.theme.faint,
        said,
    );
}

fn head_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel) {
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        let title = egui::RichText::new("Frames")
            .size(theme::TITLE)
            .color(ctx.theme.strong);
        ui.label(title);
        let small = |said: String| {
            egui::RichText::new(said)
                .size(theme::SMALL)
                .color(ctx.theme.faint)
        };
        ui.label(small(plural(panel.len() as u64, "frame")));
        if !panel.settled() {
            ui.add(egui::Spinner::new().size(12.0));
        }
        if let Some(why) = panel.failed.as_ref().or(panel
            .spool
            .as_ref()
            .and_then(Spool::error)
            .as_ref())
        {
            ui.label(
                egui::RichText::new(why)
                    .size(theme::SMALL)
                    .color(ctx.theme.failed()),
            );
        }
        ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            let hint = "Also the frames of other conversations, and those of none";
            ui.checkbox(&mut panel.all, "All frames")
                .on_hover_text(hint);
        });
    });
}

fn list_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel) {
    let room = ui.available_rect_before_wrap();
    let head = room.with_max_y(room.top() + 20.0);
    ui.painter().rect_filled(head, 0.0, ctx.theme.raised);
    for ((title, _, align), cell) in COLUMNS.iter().zip(cells(head)) {
        text::line(
            ui.painter(),
            cell,
            *align,
            FontId::proportional(12.0),
            ctx.theme.faint,
            title,
        );
    }
    let selected = ctx.selection.frame();
    let reveal = (panel.seen != ctx.selection.serial())
        .then(|| selected.and_then(|frame| panel.row_of(frame)))
        .flatten();
    panel.seen = ctx.selection.serial();
    let wanted = Wanted {
        id: Id::unique("frames"),
        heights: Heights::Even {
            count: panel.len(),
            height: theme::ROW,
        },
        reveal,
        follow: false,
        wheel: true,
        bar: ctx.theme.line,
    };
    let mut below = ui.new_child(UiBuilder::new().max_rect(room.with_min_y(head.bottom())));
    let mut rows = std::mem::take(&mut panel.rows);
    rows.show(&mut below, wanted, |ui, at, rect| {
        if let Some(frame) = panel.frame(at) {
            line_ui(ui, ctx, panel, (at, frame), rect);
        }
    });
    panel.rows = rows;
}

fn cells(line: Rect) -> impl Iterator<Item = Rect> {
    let mut x = line.left();
    COLUMNS.iter().map(move |(_, width, _)| {
        let right = if *width > 0.0 {
            x + width
        } else {
            line.right()
        };
        let cell = Rect::from_min_max(pos2(x, line.top()), pos2(right.max(x), line.bottom()));
        x = right;
        cell.shrink2(vec2(PAD, 0.0))
    })
}

fn line_ui(ui: &Ui, ctx: &Ctx<'_>, panel: &FramesPanel, (at, frame): (usize, u64), rect: Rect) {
    let selected = ctx.selection.frame() == Some(frame);
    let summary = panel
        .spool
        .as_ref()
        .and_then(|s| s.summary(frame))
        .unwrap_or_default();
    let [_, _, _, _, protocol, _, info] = &summary.cells;
    let label = format!("frame {frame} {protocol} {info}");
    let response = row(ui, Id::unique(("frame", frame)), rect, selected, &label);
    let proof = ctx
        .selection
        .finding()
        .is_some_and(|f| f.frames.iter().any(|e| e.frame == frame));
    let fill = match (selected, proof, response.hovered(), at % 2) {
        (true, ..) => Some(ctx.theme.selected),
        (_, true, ..) => Some(ctx.theme.evidence),
        (_, _, true, _) => Some(ctx.theme.hover),
        (_, _, _, 1) => Some(ctx.theme.stripe),
        _ => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    for (((_, _, align), cell), said) in COLUMNS.iter().zip(cells(rect)).zip(&summary.cells) {
        text::line(
            ui.painter(),
            cell,
            *align,
            FontId::proportional(12.0),
            ctx.theme.text,
            said,
        );
    }
    if response.clicked() {
        match ctx.selection.session() {
            Some(key) => ctx.select(Pick::Frame(key, frame)),
            None => ctx.select(Pick::LooseFrame(frame)),
        }
    }
}

fn tree_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel, shown: &mut Shown) {
    let visible = shown.tree.visible(&shown.folded);
    let wanted = Wanted {
        id: Id::unique("frame-fields"),
        heights: Heights::Even {
            count: visible.len(),
            height: 20.0,
        },
        reveal: None,
        follow: false,
        wheel: true,
        bar: ctx.theme.line,
    };
    let mut clicked = None;
    let mut folds = None;
    panel.fields.show(ui, wanted, |ui, at, rect| {
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
        if response.clicked() {
            clicked = Some(at);
            if has_parts && (node.depth == 0 || selected) {
                folds = Some(at);
            }
        }
    });
    if let Some(at) = clicked {
        shown.pick(at);
    }
    if let Some(at) = folds
        && !shown.folded.remove(&at)
    {
        shown.folded.insert(at);
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

fn bytes_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel, shown: &mut Shown) {
    sources_ui(ui, shown);
    let bytes = shown.bytes();
    let place = shown
        .node
        .and_then(|at| shown.tree.nodes.get(at)?.place)
        .filter(|p| p.source == shown.source);
    let wanted = Wanted {
        id: Id::unique("frame-bytes"),
        heights: Heights::Even {
            count: bytes.len().div_ceil(LINE),
            height: DUMP_ROW,
        },
        reveal: None,
        follow: false,
        wheel: true,
        bar: ctx.theme.line,
    };
    let font = FontId::monospace(12.0);
    let galley = ui
        .painter()
        .layout_no_wrap("0".to_owned(), font.clone(), ctx.theme.text);
    let advance = galley.size().x;
    let mut clicked = None;
    panel.dump.show(ui, wanted, |ui, line, rect| {
        let columns = Columns::of(rect, advance);
        if let Some(place) = place {
            columns.mark_ui(ui, ctx, line, place);
        }
        let (at, hex, letters) = dump_line(bytes, line);
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
            clicked = columns.at(pointer.x).map(|column| line * LINE + column);
        }
    });
    if let Some(node) = clicked.and_then(|byte| shown.tree.at_byte(shown.source, byte)) {
        shown.pick(node);
    }
}

/// Where the columns of a line of the dump stand.
struct Columns {
    line: Rect,
    advance: f32,
    hex: f32,
    letters: f32,
}

impl Columns {
    fn of(line: Rect, advance: f32) -> Self {
        let hex = line.left() + PAD + advance * 6.0;
        Self {
            line,
            advance,
            hex,
            letters: hex + advance * (LINE as f32 * 3.0 + 1.0),
        }
    }

    /// Marks the bytes of a field in this line.
    fn mark_ui(&self, ui: &Ui, ctx: &Ctx<'_>, line: usize, place: Place) {
        let cell = |x: f32, width: f32| {
            Rect::from_min_size(pos2(x, self.line.top()), vec2(width, self.line.height()))
        };
        let bytes = line * LINE..(line + 1) * LINE;
        for byte in bytes.filter(|b| place.at <= *b && *b < place.at + place.len) {
            let column = (byte % LINE) as f32;
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
        (0.0..LINE as f32)
            .contains(&column)
            .then_some(column as usize)
    }
}
