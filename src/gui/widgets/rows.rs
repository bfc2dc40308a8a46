//! A list of any length of which only the visible rows are drawn. The place is kept in 64 bits: egui's own scroll areas keep
//! it in 32, which is not enough for a row's place after a few hundred thousand rows.

use std::ops::Range;

use egui::{
    Color32, Id, Rect, Response, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, pos2, vec2,
};

/// Width of the scroll bar.
const BAR: f32 = 10.0;

/// How tall the rows are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Heights<'a> {
    /// All the same.
    Even {
        /// How many rows.
        count: usize,
        /// Of each.
        height: f32,
    },
    /// Each its own: where each row ends.
    Ends(&'a [f64]),
}

impl Heights<'_> {
    /// How many rows.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Even { count, .. } => *count,
            Self::Ends(ends) => ends.len(),
        }
    }

    fn total(&self) -> f64 {
        match self {
            Self::Even { count, height } => *count as f64 * f64::from(*height),
            Self::Ends(ends) => ends.last().copied().unwrap_or(0.0),
        }
    }

    fn top(&self, row: usize) -> f64 {
        match self {
            Self::Even { height, .. } => row as f64 * f64::from(*height),
            Self::Ends(ends) => row
                .checked_sub(1)
                .and_then(|before| ends.get(before))
                .copied()
                .unwrap_or(0.0),
        }
    }

    fn bottom(&self, row: usize) -> f64 {
        self.top(row + 1)
    }

    /// The row at a place.
    fn at(&self, y: f64) -> usize {
        match self {
            Self::Even { height, .. } => (y / f64::from(*height)).max(0.0) as usize,
            Self::Ends(ends) => ends.partition_point(|end| *end <= y),
        }
    }
}

/// Where a list stands.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    top: f64,
    at_end: bool,
    drawn: Range<usize>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            top: 0.0,
            at_end: true,
            drawn: 0..0,
        }
    }
}

/// What is wanted of a list in this frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Names the list.
    pub(crate) id: Id,
    /// Its rows.
    pub(crate) heights: Heights<'a>,
    /// A row to bring into view.
    pub(crate) reveal: Option<usize>,
    /// Rows are added at the end: stay there while the user is there.
    pub(crate) follow: bool,
    /// The wheel moves the list; false where it means something else.
    pub(crate) wheel: bool,
    /// The colour of the scroll bar.
    pub(crate) bar: Color32,
}

impl Rows {
    /// The rows that were drawn last.
    #[cfg(test)]
    pub(crate) fn drawn(&self) -> Range<usize> {
        self.drawn.clone()
    }

    /// To the first row.
    pub(crate) fn rewind(&mut self) {
        self.top = 0.0;
        self.at_end = false;
    }

    /// Begins so many points below the first row.
    pub(crate) const fn begin_at(&mut self, top: f64) {
        self.top = top;
        self.at_end = false;
    }

    /// Moves by so many points.
    pub(crate) fn scroll(&mut self, points: f32) {
        self.top -= f64::from(points);
    }

    /// Draws the visible rows in all the room there is.
    pub(crate) fn show(
        &mut self,
        ui: &mut Ui,
        wanted: Wanted<'_>,
        mut draw: impl FnMut(&mut Ui, usize, Rect),
    ) {
        let outer = ui.available_rect_before_wrap();
        ui.allocate_rect(outer, Sense::hover());
        let body = outer.with_max_x(outer.right() - BAR);
        self.place(ui, &wanted, outer);
        let heights = wanted.heights;
        let mut child = ui.new_child(UiBuilder::new().id_salt(wanted.id).max_rect(body));
        child.set_clip_rect(body.intersect(ui.clip_rect()));
        let first = heights.at(self.top).min(heights.len());
        let mut row = first;
        while row < heights.len() {
            let y = body.top() + (heights.top(row) - self.top) as f32;
            if y >= body.bottom() {
                break;
            }
            let height = (heights.bottom(row) - heights.top(row)) as f32;
            let rect =
                Rect::from_min_size(pos2(body.left(), y.round()), vec2(body.width(), height));
            draw(&mut child, row, rect);
            row += 1;
        }
        self.drawn = first..row;
        self.bar_ui(ui, &wanted, outer);
    }

    fn place(&mut self, ui: &Ui, wanted: &Wanted<'_>, outer: Rect) {
        let height = f64::from(outer.height());
        let most = (wanted.heights.total() - height).max(0.0);
        if wanted.wheel && ui.rect_contains_pointer(outer) {
            self.top -= f64::from(ui.input(|i| i.smooth_scroll_delta().y));
        } else if wanted.follow && self.at_end {
            self.top = most;
        }
        if let Some(row) = wanted.reveal.filter(|r| *r < wanted.heights.len()) {
            let (top, bottom) = (wanted.heights.top(row), wanted.heights.bottom(row));
            if top < self.top || bottom > self.top + height {
                self.top = top - (height / 3.0).min(height - (bottom - top)).max(0.0);
            }
        }
        self.top = self.top.clamp(0.0, most);
        self.at_end = self.top >= most - 1.0;
    }

    fn bar_ui(&mut self, ui: &Ui, wanted: &Wanted<'_>, outer: Rect) {
        let (total, height) = (wanted.heights.total(), f64::from(outer.height()));
        if total <= height || height < 1.0 {
            return;
        }
        let track = outer.with_min_x(outer.right() - BAR + 2.0);
        let response = ui.interact(track, wanted.id.with("bar"), Sense::click_and_drag());
        let len = ((height / total) as f32 * track.height()).max(24.0);
        let room = track.height() - len;
        if let Some(pointer) = response.interact_pointer_pos() {
            let part = ((pointer.y - track.top() - len / 2.0) / room.max(1.0)).clamp(0.0, 1.0);
            self.top = f64::from(part) * (total - height);
        }
        let part = (self.top / (total - height)) as f32;
        let handle = Rect::from_min_size(
            pos2(track.left(), track.top() + part * room),
            vec2(track.width() - 2.0, len),
        );
        let strength = if response.hovered() || response.dragged() {
            1.0
        } else {
            0.55
        };
        ui.painter()
            .rect_filled(handle, 3.0, wanted.bar.gamma_multiply(strength));
    }
}

/// A row that can be clicked, with its words for a screen reader and for tests.
pub(crate) fn row(ui: &Ui, id: Id, rect: Rect, selected: bool, label: &str) -> Response {
    let response = ui.interact(rect.intersect(ui.clip_rect()), id, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Row, true, selected, label));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_rows_are_found_by_their_place() {
        let heights = Heights::Even {
            count: 10_000_000,
            height: 22.0,
        };
        for row in [0, 1, 4_999_999, 9_999_999] {
            assert_eq!(heights.at(heights.top(row)), row);
            assert_eq!(heights.at(heights.bottom(row) - 0.5), row);
        }
    }

    #[test]
    fn uneven_rows_are_found_by_their_place() {
        let ends = [28.0, 86.0, 108.0];
        let heights = Heights::Ends(&ends);
        assert_eq!(heights.at(0.0), 0);
        assert_eq!(heights.at(28.0), 1);
        assert_eq!(heights.at(85.9), 1);
        assert_eq!(heights.at(107.0), 2);
        assert_eq!((heights.top(1), heights.bottom(2)), (28.0, 108.0));
    }
}
