//! Draws one row of the ladder.

use colloquy::diagnosis::seconds;
use colloquy::dissectors::units::Side;
use egui::{Align, Color32, FontId, Id, Painter, Rect, Shape, Stroke, Ui, pos2, vec2};

use super::data::{Fate, Kind, Row, SLOTS, describe};
use crate::gui::context::Ctx;
use crate::gui::selection::{Pick, SessionKey};
use crate::gui::widgets::rows::row;
use crate::gui::widgets::text;

/// Frame numbers and times.
pub(super) const LEFT: f32 = 150.0;
/// Response times.
const RIGHT: f32 = 170.0;
/// A bar of a running exchange.
const BAR: f32 = 4.0;
const FONT: f32 = 12.5;

/// Where the lifelines stand.
#[derive(Clone, Copy)]
pub(super) struct Lifelines {
    pub(super) client: f32,
    pub(super) server: f32,
}

impl Lifelines {
    pub(super) fn of(rect: Rect) -> Self {
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

/// Draws it. `place`: the row's number, where it is, whether it is selected.
pub(super) fn step_ui(
    ui: &Ui,
    ctx: &Ctx<'_>,
    place: (usize, Rect, bool),
    step: &Row,
    key: SessionKey,
) {
    let (at, rect, selected) = place;
    let id = Id::unique("ladder-row").with(at);
    let response = row(ui, id, rect, selected, &describe(step));
    let painter = ui.painter();
    let fill = match (selected, proves(ctx, step), response.hovered()) {
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

/// The row has a frame of the selected finding.
fn proves(ctx: &Ctx<'_>, step: &Row) -> bool {
    let within = |frame: u64| step.first_frame <= frame && frame <= step.frame;
    let finding = ctx.selection.finding().filter(|_| step.proof);
    finding.is_some_and(|key| key.frames.iter().any(|proof| within(proof.frame)))
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
        (Fate::Again, _) => {
            text::line(
                painter,
                place,
                Align::Min,
                font(),
                ctx.theme.missing(),
                "sent again",
            );
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
