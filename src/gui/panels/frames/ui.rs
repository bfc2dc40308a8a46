//! Draws the filter and the list above, tree and bytes beside each other below.

use egui::{
    Align, Button, CentralPanel, FontId, Frame, Id, Key, Layout, Margin, Panel, Rect, TextEdit, Ui,
    UiBuilder, pos2, vec2,
};

use super::detail_ui::{bytes_ui, dump_width, tree_ui};
use super::filter::names;
use super::{FramesPanel, Keys};
use crate::gui::command::Action;
use crate::gui::context::Ctx;
use crate::gui::format::{count, plural};
use crate::gui::matching::Matching;
use crate::gui::spool::{Spool, Summary};
use crate::gui::theme;
use crate::gui::widgets::filter_bar::{FilterBar, Verdict};
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::text;

/// Headings and widths of the list; the last one takes what is left.
const COLUMNS: [(&str, f32, Align); 7] = [
    ("No.", 64.0, Align::Max),
    ("Time", 86.0, Align::Max),
    ("Source", 104.0, Align::Min),
    ("Destination", 104.0, Align::Min),
    ("Protocol", 68.0, Align::Min),
    ("Length", 50.0, Align::Max),
    ("Info", 0.0, Align::Min),
];
pub(super) const PAD: f32 = 5.0;
/// Points that are left to the field tree beside the bytes at least.
const TREE: f32 = 220.0;

fn filter_id() -> Id {
    Id::unique("frames-filter")
}

fn go_to_id() -> Id {
    Id::unique("frames-go-to")
}

/// Puts the cursor into the filter.
pub(crate) fn focus_filter(ctx: &egui::Context) {
    ctx.memory_mut(|m| m.request_focus(filter_id()));
}

/// Draws it in all the room there is.
pub(crate) fn frames_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel, alone: bool) {
    head_ui(ui, ctx, panel, alone);
    let room = ui.available_rect_before_wrap();
    if let Some(why) = panel.failed.as_deref().filter(|_| panel.spool.is_none()) {
        said_ui(ui, ctx, room, why);
        return;
    }
    let pressed = ui.input(|i| i.pointer.any_pressed().then(|| i.pointer.interact_pos()));
    let is_pressed = |rect: Rect| pressed.flatten().is_some_and(|at| rect.contains(at));
    if pressed.is_some() {
        panel.keys = Keys::Elsewhere;
    }
    let plain = Frame::NONE.fill(ctx.theme.panel);
    let most = (room.height() - 70.0).max(60.0);
    Panel::bottom("frames-detail")
        .frame(plain.inner_margin(Margin {
            top: 3,
            ..Margin::ZERO
        }))
        .resizable(true)
        .default_size(room.height() * 0.5)
        .size_range(50.0..=most)
        .show(ui, |ui| {
            ui.take_available_space();
            below_ui(ui, ctx, panel, &is_pressed);
        });
    CentralPanel::default().frame(plain).show(ui, |ui| {
        if is_pressed(ui.available_rect_before_wrap()) {
            panel.keys = Keys::List;
        }
        list_ui(ui, ctx, panel);
    });
}

/// The fields at the left, the bytes at the right.
fn below_ui(
    ui: &mut Ui,
    ctx: &Ctx<'_>,
    panel: &mut FramesPanel,
    is_pressed: &dyn Fn(Rect) -> bool,
) {
    let room = ui.available_rect_before_wrap();
    let Some(mut shown) = panel.shown.take() else {
        let said = if panel.showing.is_some() || panel.cutting.is_some() {
            "Reading the frame …"
        } else {
            "Select a frame to see its fields and bytes."
        };
        said_ui(ui, ctx, room, said);
        return;
    };
    let plain = Frame::NONE.fill(ctx.theme.panel);
    let most = (room.width() - TREE).max(120.0);
    Panel::right("frames-bytes")
        .frame(plain)
        .resizable(true)
        .default_size(dump_width(ui).min(most))
        .size_range(120.0..=most)
        .show(ui, |ui| {
            ui.take_available_space();
            bytes_ui(ui, ctx, panel, &mut shown);
        });
    CentralPanel::default().frame(plain).show(ui, |ui| {
        if is_pressed(ui.available_rect_before_wrap()) {
            panel.keys = Keys::Fields;
        }
        tree_ui(ui, ctx, panel, &mut shown);
    });
    panel.shown = Some(shown);
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

fn small(ctx: &Ctx<'_>, said: impl Into<String>) -> egui::RichText {
    egui::RichText::new(said)
        .size(theme::SMALL)
        .color(ctx.theme.faint)
}

fn head_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel, alone: bool) {
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        let title = egui::RichText::new("Frames")
            .size(theme::TITLE)
            .color(ctx.theme.strong);
        ui.label(title);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            let spec = Action::FramesAlone.spec();
            let sign = if alone { "🗗" } else { "🗖" };
            let button = ui.add(Button::new(sign).small());
            if button
                .accessible_name(spec.text)
                .on_hover_text(spec.tooltip)
                .clicked()
            {
                ctx.act(Action::FramesAlone);
            }
            let hint = "Also the frames of other conversations, and those of none";
            ui.checkbox(&mut panel.all, "All frames")
                .on_hover_text(hint);
            go_to_ui(ui, ctx, panel);
            progress_ui(ui, ctx, panel);
            filter_ui(ui, ctx, panel);
        });
    });
}

/// How many frames are listed, and what is at work.
fn progress_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &FramesPanel) {
    let error = |spool: &Spool| spool.error();
    let failed = panel.failed.clone();
    let failed = failed.or_else(|| panel.spool.as_ref().and_then(error));
    let failed = failed.or_else(|| panel.matching.as_ref().and_then(Matching::error));
    if let Some(why) = failed {
        let said = egui::RichText::new(why).size(theme::SMALL);
        ui.add(egui::Label::new(said.color(ctx.theme.failed())).truncate());
    }
    let (shown, of) = (panel.list.len() as u64, panel.list.of() as u64);
    let said = if panel.list.kind.filtered {
        format!("{} of {}", count(shown), plural(of, "frame"))
    } else {
        plural(of, "frame")
    };
    let matching = panel.matching.as_ref().filter(|m| !m.is_over());
    let part = |seen: u64| seen as f32 / panel.list.frames.max(1) as f32;
    if let Some(matching) = matching {
        if ui.small_button("Stop").clicked() {
            matching.cancel();
        }
        ui.add(
            egui::ProgressBar::new(part(matching.seen()).min(1.0))
                .desired_width(56.0)
                .desired_height(6.0),
        )
        .on_hover_text("The filter is at work");
        ui.ctx()
            .request_repaint_after(std::time::Duration::from_millis(60));
    } else if !panel.settled() {
        // A spinner would paint all the time, beside those who make the list.
        ui.weak("reading…").on_hover_text("The list is being made");
        ui.ctx()
            .request_repaint_after(std::time::Duration::from_millis(250));
    }
    ui.label(small(ctx, said));
    if panel.matching.as_ref().is_some_and(Matching::cancelled) {
        ui.label(small(ctx, "stopped after"));
    }
}

/// Where the number of a frame is typed.
fn go_to_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel) {
    let Some(mut text) = panel.going_to.take() else {
        return;
    };
    let field = TextEdit::singleline(&mut text)
        .id(go_to_id())
        .hint_text("frame no.")
        .desired_width(70.0);
    let response = ui.add(field).accessible_name("Go to frame");
    if response.lost_focus() {
        let frame = text.trim().replace(',', "").parse().ok();
        if let Some(frame) = frame.filter(|f| (1..=panel.list.frames as u64).contains(f))
            && ui.input(|i| i.key_pressed(Key::Enter))
        {
            // A frame that is asked for by its number is shown wherever it belongs.
            if panel.list.row_of(frame).is_none() && panel.list.kind.filtered {
                panel.filter.clear();
            }
            panel.all |= panel.list.row_of(frame).is_none();
            ctx.select(panel.pick(ctx.doc, ctx.selection, frame));
        }
        return;
    }
    response.request_focus();
    panel.going_to = Some(text);
}

fn filter_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut FramesPanel) {
    let filter = &mut panel.filter;
    if (!filter.text.is_empty() || filter.applied().is_some()) && ui.small_button("Clear").clicked()
    {
        filter.clear();
    }
    if filter.is_new() && ui.small_button("Apply").clicked() {
        filter.apply();
    }
    let mut text = filter.text.clone();
    let verdict = filter.verdict().clone();
    let bar = FilterBar {
        id: filter_id(),
        label: "Display filter",
        hint: "display filter: smb2.cmd == 5 and tcp.port == 445",
        width: (ui.available_width() - 8.0).max(80.0),
        verdict: &verdict,
        past: &filter.past,
        theme: ctx.theme,
    };
    let done = bar.show(ui, &mut text, names);
    filter.text = text;
    if done.escaped {
        filter.clear();
    } else if done.entered {
        filter.apply();
        // What is no filter yet is typed on.
        if matches!(filter.verdict(), Verdict::Bad(..)) {
            focus_filter(ui.ctx());
        }
    }
    if done.changed {
        filter.read();
    }
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
        .then(|| selected.and_then(|frame| panel.list.row_of(frame)))
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
    if panel.len() == 0 && panel.settled() && panel.list.kind.filtered {
        said_ui(ui, ctx, room, "No frame passes the filter.");
    }
    let mut below = ui.new_child(UiBuilder::new().max_rect(room.with_min_y(head.bottom())));
    let mut rows = std::mem::take(&mut panel.rows);
    rows.show(&mut below, wanted, |ui, at, rect| {
        if let Some(frame) = panel.list.frame(at) {
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
    let summary = panel.spool.as_ref().and_then(|s| s.summary(frame));
    let summary = summary.unwrap_or_else(|| not_yet(frame));
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
    if selected && panel.keys == Keys::List {
        let mark = rect.with_max_x(rect.left() + 3.0);
        ui.painter().rect_filled(mark, 0.0, ctx.theme.accent);
    }
    if response.clicked() {
        ctx.select(panel.pick(ctx.doc, ctx.selection, frame));
    }
}

/// A frame of which no more is known than its number.
fn not_yet(frame: u64) -> Summary {
    let mut summary = Summary::default();
    let [number, .., info] = &mut summary.cells;
    *number = frame.to_string();
    "…".clone_into(info);
    summary
}
