//! Draws the timeline.

use egui::{Align, FontId, Id, Painter, Rect, Sense, Stroke, Ui, UiBuilder, pos2, vec2};

use super::TimelinePanel;
use super::data::{Lane, What, Window, axis};
use crate::gui::command::Action;
use crate::gui::context::Ctx;
use crate::gui::document::Extent;
use crate::gui::panels::ladder::data::{Kind, Ladder};
use crate::gui::selection::Pick;
use crate::gui::theme;
use crate::gui::widgets::rows::{Heights, Wanted, row};
use crate::gui::widgets::text;

/// Names of lanes.
const NAMES: f32 = 132.0;
const AXIS: f32 = 20.0;
/// Room for the scroll bar at the right.
const BAR: f32 = 10.0;

/// What the timeline is drawn from beside the document.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The sessions in their order, by their places among the entries.
    pub(crate) order: &'a [u32],
    /// What is new comes last in this order.
    pub(crate) grows_at_end: bool,
    /// The messages of the selected session.
    pub(crate) ladder: Option<&'a Ladder>,
}

/// Draws it in all the room there is.
pub(crate) fn timeline_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &mut TimelinePanel, shown: Shown<'_>) {
    head_ui(ui, ctx, panel);
    let room = ui.available_rect_before_wrap();
    let whole = Window::whole(ctx.doc);
    let window = panel.window.unwrap_or(whole);
    let plot = Rect::from_min_max(
        pos2(room.left() + NAMES, room.top()),
        pos2(room.right() - BAR, room.bottom()),
    );
    axis_ui(ui, ctx, plot, &window);
    let lanes = room.with_min_y(room.top() + AXIS);
    panel.window = move_ui(ui, panel, plot, window, &whole);
    lanes_ui(ui, ctx, panel, shown, lanes, &window);
    cursor_ui(ui, ctx, shown, plot, &window);
    ui.allocate_rect(room, Sense::hover());
}

fn head_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &TimelinePanel) {
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        ui.label(
            egui::RichText::new("Timeline")
                .size(theme::TITLE)
                .color(ctx.theme.strong),
        );
        let said = "wheel: zoom   drag: move   click: select";
        ui.label(
            egui::RichText::new(said)
                .size(theme::SMALL)
                .color(ctx.theme.faint),
        );
        ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            for (action, on) in [
                (Action::FitTimeline, panel.window.is_some()),
                (Action::ZoomToSession, ctx.selection.session().is_some()),
            ] {
                let spec = action.spec();
                let button =
                    egui::Button::new(egui::RichText::new(spec.text).size(theme::SMALL)).small();
                if ui
                    .add_enabled(on, button)
                    .on_hover_text(spec.tooltip)
                    .clicked()
                {
                    ctx.act(action);
                }
            }
        });
    });
}

fn axis_ui(ui: &Ui, ctx: &Ctx<'_>, plot: Rect, window: &Window) {
    let painter = ui.painter();
    let marks = axis(window, (plot.width() / 110.0) as usize);
    for (at, words) in marks {
        let x = plot.left() + (window.part(at) as f32) * plot.width();
        if !plot.x_range().contains(x) {
            continue;
        }
        painter.vline(
            x,
            plot.y_range(),
            Stroke::new(1.0, ctx.theme.line.gamma_multiply(0.6)),
        );
        let place = Rect::from_min_size(pos2(x + 4.0, plot.top()), vec2(100.0, AXIS));
        text::line(
            painter,
            place,
            Align::Min,
            FontId::proportional(11.0),
            ctx.theme.faint,
            &words,
        );
    }
}

/// Wheel and drag over the plot.
fn move_ui(
    ui: &Ui,
    panel: &mut TimelinePanel,
    plot: Rect,
    window: Window,
    whole: &Window,
) -> Option<Window> {
    let mut now = window;
    let drag = ui.interact(plot, Id::unique("timeline-plot"), Sense::drag());
    if drag.dragged() {
        let delta = drag.drag_delta();
        now = now.moved(-f64::from(delta.x / plot.width()), whole);
        panel.rows.scroll(delta.y);
    }
    if let Some(pointer) = ui
        .input(|i| i.pointer.hover_pos())
        .filter(|p| plot.contains(*p) && ui.rect_contains_pointer(plot))
    {
        let (scroll, zoom) = ui.input(|i| (i.smooth_scroll_delta(), f64::from(i.zoom_delta())));
        let part = f64::from((pointer.x - plot.left()) / plot.width());
        let factor = zoom * f64::from(scroll.y / 200.0).exp();
        if (factor - 1.0).abs() > 1e-6 {
            now = now.zoomed(factor, part, whole);
        }
        if scroll.x.abs() > 0.0 {
            now = now.moved(-f64::from(scroll.x / plot.width()), whole);
        }
    }
    (now != *whole).then_some(now)
}

fn lanes_ui(
    ui: &mut Ui,
    ctx: &Ctx<'_>,
    panel: &mut TimelinePanel,
    shown: Shown<'_>,
    room: Rect,
    window: &Window,
) {
    let selected = ctx.selection.session();
    let entry = |lane: usize| {
        ctx.doc
            .sessions
            .entries
            .get(*shown.order.get(lane)? as usize)
    };
    let reveal = (panel.seen != ctx.selection.serial() && selected.is_some())
        .then(|| (0..shown.order.len()).find(|i| entry(*i).map(|e| e.key) == selected))
        .flatten();
    panel.seen = ctx.selection.serial();
    let mut child = ui.new_child(UiBuilder::new().max_rect(room));
    let wanted = Wanted {
        id: Id::unique("timeline"),
        heights: Heights::Even {
            count: shown.order.len(),
            height: theme::LANE,
        },
        reveal,
        follow: ctx.doc.extent == Extent::Running && shown.grows_at_end,
        wheel: false,
        bar: ctx.theme.line,
    };
    // Over the names the wheel moves the lanes; over the plot it zooms.
    let names = room.with_max_x(room.left() + NAMES);
    let wheel = ui.rect_contains_pointer(names);
    panel
        .rows
        .show(&mut child, Wanted { wheel, ..wanted }, |ui, index, rect| {
            let lane = entry(index).and_then(|e| Lane::of(ctx.doc, e.key, e.depth));
            if let Some(lane) = lane {
                lane_ui(ui, ctx, rect, &lane, window, shown.ladder);
            }
        });
}

fn lane_ui(
    ui: &Ui,
    ctx: &Ctx<'_>,
    rect: Rect,
    lane: &Lane,
    window: &Window,
    ladder: Option<&Ladder>,
) {
    let selected = ctx.selection.session() == Some(lane.key);
    let id = Id::unique(("lane", lane.key.capture, lane.key.flow, lane.key.session));
    let response = row(ui, id, rect, selected, &format!("lane {}", lane.name));
    let painter = ui.painter();
    if selected {
        painter.rect_filled(rect, 0.0, ctx.theme.selected.gamma_multiply(0.6));
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, ctx.theme.hover);
    }
    let left = rect.left() + 10.0 + 8.0 * f32::from(lane.depth);
    let name = Rect::from_x_y_ranges(left..=rect.left() + NAMES - 6.0, rect.y_range());
    let color = if selected {
        ctx.theme.strong
    } else {
        ctx.theme.faint
    };
    text::line(
        painter,
        name,
        Align::Min,
        FontId::proportional(11.5),
        color,
        &lane.name,
    );
    let plot = rect.with_min_x(rect.left() + NAMES);
    let painter = painter.with_clip_rect(plot.intersect(ui.clip_rect()));
    let drawing = Drawing {
        painter: &painter,
        ctx,
        plot,
        window,
    };
    drawing.bands(lane);
    if let Some(ladder) = ladder.filter(|_| selected) {
        drawing.messages(ladder);
    }
    drawing.waits_and_ticks(lane);
    let hovered = drawing.marks(ui, lane);
    if response.clicked() {
        let finding = hovered.map(|(key, _)| Pick::Finding(key.clone()));
        let pick = finding
            .or_else(|| {
                drawing
                    .frame_at(ui, ladder.filter(|_| selected))
                    .map(|f| Pick::Frame(lane.key, f))
            })
            .unwrap_or(Pick::Session(lane.key));
        ctx.select(pick);
    }
    if let Some((_, title)) = hovered {
        response.on_hover_text_at_pointer(title);
    }
}

struct Drawing<'a> {
    painter: &'a Painter,
    ctx: &'a Ctx<'a>,
    plot: Rect,
    window: &'a Window,
}

impl Drawing<'_> {
    fn x(&self, at: f64) -> f32 {
        let part = self.window.part(at).clamp(-1.0, 2.0);
        self.plot.left() + part as f32 * self.plot.width()
    }

    fn bar(&self, from: f64, to: f64, height: f32) -> Rect {
        let (left, right) = (self.x(from), self.x(to));
        Rect::from_min_max(
            pos2(left, self.plot.center().y - height / 2.0),
            pos2(right.max(left + 2.0), self.plot.center().y + height / 2.0),
        )
    }

    fn bands(&self, lane: &Lane) {
        for band in &lane.bands {
            let color = self.ctx.theme.phase(band.phase).gamma_multiply(0.75);
            self.painter
                .rect_filled(self.bar(band.from, band.to, 8.0), 2.0, color);
        }
    }

    /// The messages of the selected session: one line a pixel column at most, the client's up, the server's down.
    fn messages(&self, ladder: &Ladder) {
        let mut last = [f32::MIN; 2];
        let middle = self.plot.center().y;
        for row in ladder
            .rows
            .iter()
            .filter(|r| matches!(r.kind, Kind::Message(_) | Kind::Bytes))
        {
            let (Some(side), Some(time)) = (row.side, row.time) else {
                continue;
            };
            let x = self.x(time.since(self.ctx.doc.start)).round();
            let Some(before) = last
                .get_mut(side.index())
                .filter(|l| (**l - x).abs() >= 1.0)
            else {
                continue;
            };
            *before = x;
            let up = if side.index() == 0 { -8.0 } else { 8.0 };
            let color = self.ctx.theme.side(side);
            self.painter.line_segment(
                [pos2(x, middle), pos2(x, middle + up)],
                Stroke::new(1.0, color),
            );
        }
    }

    fn waits_and_ticks(&self, lane: &Lane) {
        for wait in &lane.waits {
            let color = if wait.by_design {
                self.ctx.theme.faint
            } else {
                self.ctx.theme.waiting()
            };
            let bar = self.bar(wait.from, wait.to, 4.0);
            self.painter.rect_filled(bar, 1.0, color);
        }
        for (at, what) in &lane.ticks {
            let color = match what {
                What::Failure => self.ctx.theme.failed(),
                What::Repeat => self.ctx.theme.missing(),
                What::Malformed => self.ctx.theme.waiting(),
            };
            let y = self.plot.y_range().shrink(2.0);
            self.painter.vline(self.x(*at), y, Stroke::new(1.5, color));
        }
    }

    /// Findings; returns the one under the pointer.
    fn marks<'l>(
        &self,
        ui: &Ui,
        lane: &'l Lane,
    ) -> Option<(&'l crate::gui::selection::FindingKey, &'l str)> {
        let pointer = ui.input(|i| i.pointer.hover_pos());
        let mut under = None;
        for (at, severity, key, title) in &lane.marks {
            let at = pos2(self.x(*at), self.plot.center().y);
            let color = self.ctx.theme.severity(*severity);
            let on = self.ctx.selection.finding() == Some(key);
            let radius = if on { 5.5 } else { 4.0 };
            let points = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)];
            let points = points.map(|(x, y)| at + vec2(x, y) * radius).to_vec();
            let line = if on {
                self.ctx.theme.strong
            } else {
                self.ctx.theme.base
            };
            self.painter.add(egui::Shape::convex_polygon(
                points,
                color,
                Stroke::new(1.0, line),
            ));
            if pointer.is_some_and(|p| p.distance(at) < 7.0) {
                under = Some((key, title.as_str()));
            }
        }
        under
    }

    /// The frame of the message nearest to the pointer.
    fn frame_at(&self, ui: &Ui, ladder: Option<&Ladder>) -> Option<u64> {
        let pointer = ui.input(|i| i.pointer.interact_pos())?;
        let distance = |row: &crate::gui::panels::ladder::data::Row| {
            let x = self.x(row.time?.since(self.ctx.doc.start));
            (row.frame > 0 && (x - pointer.x).abs() < 6.0).then_some((x - pointer.x).abs())
        };
        ladder?
            .rows
            .iter()
            .filter_map(|row| distance(row).map(|d| (d, row.frame)))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, frame)| frame)
    }
}

/// A line at the selected frame.
fn cursor_ui(ui: &Ui, ctx: &Ctx<'_>, shown: Shown<'_>, plot: Rect, window: &Window) {
    let time = ctx
        .selection
        .frame()
        .zip(shown.ladder)
        .and_then(|(frame, ladder)| ladder.time_of(frame));
    if let Some(time) = time {
        let part = window.part(time.since(ctx.doc.start));
        if (0.0..=1.0).contains(&part) {
            let x = plot.left() + part as f32 * plot.width();
            ui.painter()
                .vline(x, plot.y_range(), Stroke::new(1.0, ctx.theme.accent));
        }
    }
}
