//! A word on a tint of its colour.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Response, Sense, Ui, vec2};

/// Room at the left and right of the word.
const PAD: f32 = 6.0;
const HEIGHT: f32 = 16.0;

/// Paints it with its left middle at `at`; returns where it is.
pub(crate) fn paint(
    painter: &Painter,
    at: Pos2,
    text: &str,
    color: Color32,
    tint: Color32,
) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(11.0), color);
    let size = vec2(galley.size().x + 2.0 * PAD, HEIGHT);
    let rect = Rect::from_min_size(at - vec2(0.0, HEIGHT / 2.0), size);
    painter.rect_filled(rect, 4.0, tint);
    let place = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    painter.galley(place.min, galley, color);
    rect
}

/// The same as a widget among others.
pub(crate) fn badge_ui(ui: &mut Ui, text: &str, color: Color32, tint: Color32) -> Response {
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), FontId::proportional(11.0), color);
    let size = vec2(galley.size().x + 2.0 * PAD, HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, 4.0, tint);
    let place = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    ui.painter().galley(place.min, galley, color);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
    response
}
