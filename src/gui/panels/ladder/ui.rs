//! Draws the ladder: two lifelines, an arrow a message, a bar while an answer is awaited.

use colloquy::diagnosis::seconds;
use colloquy::dissectors::units::Side;
use egui::{Align, Color32, FontId, Id, Painter, Rect, Shape, Stroke, Ui, UiBuilder, pos2, vec2};

use super::data::{Fate, Kind, Ladder, Row, SLOTS, describe};
use super::{LadderPanel, Telling};
use crate::gui::command::Action;
use crate::gui::context::Ctx;
use crate::gui::document::Extent;
use crate::gui::format::{count, plural};
use crate::gui::selection::{Pick, SessionKey};
use crate::gui::theme;
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::text;

/// Frame numbers and times.
const LEFT: f32 = 150.0;
/// Response times.
const RIGHT: f32 = 170.0;
/// A bar of a running exchange.
const BAR: f32 = 4.0;
const FONT: f32 = 12.5;

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
            step_ui(ui, ctx, at, rect, step, selected == Some(at), key);
        }
    });
    if let Some(step) = selected.and_then(|at| ladder.rows.get(at)) {
        let rect = Rect::from_min_max(pos2(room.left(), list.bottom()), room.max);
        foot_ui(ui, ctx, rect, step);
    }
}

/// Where the lifelines stand.
#[derive(Clone, Copy)]
struct Lifelines {
    client: f32,
    server: f32,
}

impl Lifelines {
    fn of(rect: Rect) -> Self {
        let room = BAR * SLOTS as f32 + 6.0;
        let client = rect.left() + LEFT + room;
        let server = (rect.right() - RIGHT - room).max(client + 60.0);
        Self { client, server }
    }

    const fn of_side(self, side: Side) -> f32 {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
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

fn step_ui(
    ui: &Ui,
    ctx: &Ctx<'_>,
    at: usize,
    rect: Rect,
    step: &Row,
    selected: bool,
    key: SessionKey,
) {
    let id = Id::unique("ladder-row").with(at);
    let response = row(ui, id, rect, selected, &describe(step));
    let painter = ui.painter();
    let fill = match (selected, step.proof, response.hovered()) {
        (true, ..) => Some(ctx.theme.selected),
        (_, true, _) => Some(ctx.theme.evidence),
        (_, _, true) => Some(ctx.theme.hover),
        _ => None,
    };
    if let Some(fill) = fill {
        painter.rect_filled(rect, 0.0, fill);
    }
    let lines = Lifelines::of(rect);
    numbers(painter, ctx, rect, step);
    for side in Side::BOTH {
        let x = lines.of_side(side);
        painter.vline(x, rect.y_range(), Stroke::new(1.0, ctx.theme.line));
        bars(painter, ctx, rect, step, side, x);
    }
    match step.side {
        Some(side) if step.kind != Kind::Gap => arrow(painter, ctx, rect, lines, step, side),
        _ => between(painter, ctx, rect, lines, step),
    }
    after(painter, ctx, rect, lines, step);
    if response.clicked() && step.frame > 0 {
        ctx.select(Pick::Frame(key, step.frame));
    }
    if step.text.len() > 60 {
        response.on_hover_text_at_pointer(&step.text);
    }
}

fn numbers(painter: &Painter, ctx: &Ctx<'_>, rect: Rect, step: &Row) {
    let cell = |from: f32, to: f32| {
        Rect::from_x_y_ranges(rect.left() + from..=rect.left() + to, rect.y_range())
    };
    let font = || FontId::monospace(11.5);
    if step.frame > 0 {
        let color = if step.proof {
            ctx.theme.missing()
        } else {
            ctx.theme.faint
        };
        text::line(
            painter,
            cell(4.0, 58.0),
            Align::Max,
            font(),
            color,
            &step.frame.to_string(),
        );
    }
    if let Some(at) = step.at {
        let said = format!("{at:.6}");
        text::line(
            painter,
            cell(62.0, LEFT),
            Align::Max,
            font(),
            ctx.theme.faint,
            &said,
        );
    }
}

/// Running exchanges at the side that has to answer, outwards of its lifeline.
fn bars(painter: &Painter, ctx: &Ctx<'_>, rect: Rect, step: &Row, side: Side, x: f32) {
    let bars = step.bars[side];
    for slot in 0..SLOTS {
        let bit = 1 << slot;
        if bars.all & bit == 0 {
            continue;
        }
        let out = slot as f32 * (BAR + 1.0) + 1.0;
        let left = match side {
            Side::Client => x - out - BAR,
            Side::Server => x + out,
        };
        let top = if bars.begin & bit == 0 {
            rect.top()
        } else {
            rect.center().y
        };
        let bottom = if bars.end & bit == 0 {
            rect.bottom()
        } else {
            rect.center().y
        };
        let color = if bars.dead & bit == 0 {
            ctx.theme.accent.gamma_multiply(0.55)
        } else {
            ctx.theme.waiting()
        };
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + BAR, bottom));
        painter.rect_filled(bar, 1.0, color);
    }
}

fn color_of(ctx: &Ctx<'_>, step: &Row, side: Side) -> Color32 {
    if matches!(step.fate, Fate::Unanswered(_)) {
        ctx.theme.waiting()
    } else if step.bad {
        ctx.theme.failed()
    } else if step.other || step.kind == Kind::Carrier {
        ctx.theme.faint
    } else {
        ctx.theme.side(side)
    }
}

/// The message on its arrow: the words at its sender, then the line to its receiver.
fn arrow(painter: &Painter, ctx: &Ctx<'_>, rect: Rect, lines: Lifelines, step: &Row, side: Side) {
    let color = color_of(ctx, step, side);
    let y = rect.center().y;
    let (from, to) = (lines.of_side(side), lines.of_side(side.other()));
    let forward = (to - from).signum();
    painter.circle_filled(pos2(from, y), 2.5, color);
    let room = (to - from).abs() - 44.0;
    let words = Rect::from_x_y_ranges(
        (from + forward * 10.0).min(from + forward * (10.0 + room))
            ..=(from + forward * 10.0).max(from + forward * (10.0 + room)),
        rect.y_range(),
    );
    let align = if forward > 0.0 {
        Align::Min
    } else {
        Align::Max
    };
    let text_color = match (step.bad, &step.fate) {
        (true, _) | (_, Fate::Unanswered(_)) => color,
        _ if step.other || step.kind == Kind::Carrier => ctx.theme.faint,
        _ => ctx.theme.text,
    };
    let width = text::line(
        painter,
        words,
        align,
        FontId::proportional(FONT),
        text_color,
        &step.text,
    );
    let start = pos2(from + forward * (width + 16.0), y);
    let tip = pos2(to - forward * 2.0, y);
    if matches!(step.fate, Fate::Unanswered(_)) {
        // It arrives, as far as is known; what is cut off is the answer.
        line_and_head(painter, start, tip, forward, color);
    } else if step.kind == Kind::Bytes || step.kind == Kind::Carrier {
        painter.extend(Shape::dashed_line(
            &[start, tip],
            Stroke::new(1.0, color),
            4.0,
            3.0,
        ));
        head(painter, tip, forward, color);
    } else {
        line_and_head(painter, start, tip, forward, color);
    }
}

fn line_and_head(
    painter: &Painter,
    start: egui::Pos2,
    tip: egui::Pos2,
    forward: f32,
    color: Color32,
) {
    if (tip.x - start.x) * forward > 4.0 {
        painter.line_segment([start, tip], Stroke::new(1.2, color));
    }
    head(painter, tip, forward, color);
}

fn head(painter: &Painter, tip: egui::Pos2, forward: f32, color: Color32) {
    let points = vec![
        tip,
        tip + vec2(-7.0 * forward, -3.5),
        tip + vec2(-7.0 * forward, 3.5),
    ];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// What has no arrow: silence, missing bytes, the end.
fn between(painter: &Painter, ctx: &Ctx<'_>, rect: Rect, lines: Lifelines, step: &Row) {
    let color = match step.kind {
        Kind::Gap => ctx.theme.missing(),
        Kind::End => ctx.theme.strong,
        Kind::Proof => ctx.theme.text,
        _ => ctx.theme.faint,
    };
    let inner = Rect::from_x_y_ranges(lines.client + 8.0..=lines.server - 8.0, rect.y_range());
    let words = match step.side {
        Some(side) => format!("✂  {} of the {}", step.text, side.name()),
        None => step.text.clone(),
    };
    let font = FontId::proportional(FONT);
    let width = text::line(painter, inner, Align::Center, font, color, &words);
    if matches!(step.kind, Kind::Gap | Kind::End) {
        let y = rect.center().y;
        let stroke = Stroke::new(1.0, color.gamma_multiply(0.6));
        let half = width / 2.0 + 10.0;
        for (from, to) in [
            (inner.left(), inner.center().x - half),
            (inner.center().x + half, inner.right()),
        ] {
            if to > from {
                painter.extend(Shape::dashed_line(
                    &[pos2(from, y), pos2(to, y)],
                    stroke,
                    3.0,
                    3.0,
                ));
            }
        }
    }
}

/// At the right: how long the answer took, or that none came: an arrow that is cut.
fn after(painter: &Painter, ctx: &Ctx<'_>, rect: Rect, lines: Lifelines, step: &Row) {
    let place = Rect::from_x_y_ranges(lines.server + 34.0..=rect.right() - 6.0, rect.y_range());
    let font = || FontId::proportional(12.0);
    match (&step.fate, step.answers) {
        (Fate::Unanswered(waited), _) => {
            let color = ctx.theme.waiting();
            let from = lines.of_side(step.side.unwrap_or(Side::Client).other());
            let back =
                (lines.client - from).signum() * if from > lines.client { 1.0 } else { -1.0 };
            stub(
                painter,
                pos2(from + 2.0 * back, rect.bottom() - 4.0),
                back,
                color,
            );
            let said = format!("no answer, {}", seconds(*waited));
            text::line(painter, place, Align::Min, font(), color, &said);
        }
        (Fate::Waits(why), _) => {
            text::line(painter, place, Align::Min, font(), ctx.theme.faint, why);
        }
        (_, Some((_, wait))) => {
            text::line(
                painter,
                place,
                Align::Min,
                font(),
                ctx.theme.faint,
                &seconds(wait),
            );
        }
        _ => {}
    }
}

/// The answer that did not come: a dashed arrow that ends in a cross.
fn stub(painter: &Painter, from: egui::Pos2, back: f32, color: Color32) {
    let end = from + vec2(46.0 * back, 0.0);
    let stroke = Stroke::new(1.4, color);
    painter.extend(Shape::dashed_line(&[from, end], stroke, 4.0, 3.0));
    for (dx, dy) in [(3.5, 3.5), (3.5, -3.5)] {
        painter.line_segment([end + vec2(-dx, -dy), end + vec2(dx, dy)], stroke);
    }
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
        where_ += &format!("  ·  {}", crate::gui::format::clock(time));
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
