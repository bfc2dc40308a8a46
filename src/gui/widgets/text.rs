//! Text in a given place: one line that ends in `…` where there is no room.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align, Color32, FontId, Painter, Rect};

/// One line of text in `rect`, in the middle of its height. Returns its width.
pub(crate) fn line(
    painter: &Painter,
    rect: Rect,
    align: Align,
    font: FontId,
    color: Color32,
    text: &str,
) -> f32 {
    if text.is_empty() || rect.width() < 4.0 {
        return 0.0;
    }
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(rect.width());
    let galley = painter.layout_job(job);
    let width = galley.size().x;
    let x = match align {
        Align::Min => rect.left(),
        Align::Center => rect.center().x - width / 2.0,
        Align::Max => rect.right() - width,
    };
    let y = rect.center().y - galley.size().y / 2.0;
    painter.galley(egui::pos2(x, y), galley, color);
    width
}

/// Up to `rows` lines of text from the top of `rect`.
pub(crate) fn block(
    painter: &Painter,
    rect: Rect,
    rows: usize,
    font: FontId,
    color: Color32,
    text: &str,
) {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, rect.width());
    job.wrap.max_rows = rows;
    let galley = painter.layout_job(job);
    painter.galley(rect.min, galley, color);
}
