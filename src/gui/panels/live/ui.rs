//! Draws the page for live captures.

use egui::{
    Align, Button, FontId, Id, Layout, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, vec2,
};

use super::LivePage;
use super::data::InterfaceRow;
use crate::gui::command::{Action, Command};
use crate::gui::context::Queue;
use crate::gui::theme::Theme;
use crate::gui::widgets::rows::row;
use crate::gui::widgets::text;

const WIDTH: f32 = 720.0;
const ROW: f32 = 40.0;

/// Draws it in the middle of the room there is.
pub(crate) fn live_ui(ui: &mut Ui, theme: &Theme, page: &mut LivePage, commands: &Queue) {
    let side = ((ui.available_width() - WIDTH) / 2.0).max(16.0);
    ui.add_space(28.0);
    let height = ui.available_height();
    let most = (height - 260.0).max(2.0 * ROW);
    ui.horizontal_top(|ui| {
        ui.add_space(side);
        ui.allocate_ui_with_layout(vec2(WIDTH, height), Layout::top_down(Align::Min), |ui| {
            ui.set_width(WIDTH.min(ui.available_width()));
            ui.label(RichText::new("Capture live traffic").size(24.0).color(theme.strong));
            let said = "Choose an interface. Findings appear as they become true; the frames are kept until something else is opened.";
            ui.label(RichText::new(said).color(theme.faint));
            ui.add_space(12.0);
            interfaces_ui(ui, theme, page, most);
            ui.add_space(10.0);
            filter_ui(ui, theme, page);
            ui.add_space(12.0);
            start_ui(ui, theme, page, commands);
        });
    });
}

fn interfaces_ui(ui: &mut Ui, theme: &Theme, page: &mut LivePage, most: f32) {
    let rows = match &page.rows {
        None => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label("Looking for interfaces …");
            });
            return;
        }
        Some(Err(why)) => {
            ui.label(RichText::new(why).color(theme.failed()));
            return;
        }
        Some(Ok(rows)) => rows,
    };
    if rows.is_empty() {
        ui.label("This machine has no interface.");
    }
    let mut chosen = None;
    ScrollArea::vertical().max_height(most).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for interface in rows {
            let on = page.chosen.as_deref() == Some(interface.name.as_str());
            if interface_ui(ui, theme, interface, on) {
                chosen = Some(interface.name.clone());
            }
        }
    });
    if chosen.is_some() {
        page.chosen = chosen;
    }
}

fn interface_ui(ui: &mut Ui, theme: &Theme, interface: &InterfaceRow, on: bool) -> bool {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let label = match &interface.why_not {
        Some(why) => format!("interface {}: {why}", interface.name),
        None => format!("interface {}", interface.name),
    };
    let response = row(
        ui,
        Id::unique(("interface", &interface.name)),
        rect,
        on,
        &label,
    );
    let painter = ui.painter();
    let fill = match (on, response.hovered()) {
        (true, _) => theme.selected,
        (_, true) => theme.hover,
        _ => theme.raised,
    };
    painter.rect_filled(rect, 5.0, fill);
    let usable = interface.why_not.is_none();
    let color = match (usable, interface.up) {
        (true, true) => theme.good,
        (true, false) => theme.faint,
        _ => theme.failed(),
    };
    painter.circle_filled(rect.left_center() + vec2(16.0, 0.0), 4.5, color);
    let inner = rect.shrink2(vec2(32.0, 3.0));
    let (top, below) = inner.split_top_bottom_at_fraction(0.52);
    let name = top.with_max_x(top.left() + 160.0);
    let strong = if usable { theme.strong } else { theme.faint };
    text::line(
        painter,
        name,
        Align::Min,
        FontId::proportional(14.0),
        strong,
        &interface.name,
    );
    let what = Rect::from_min_max(egui::pos2(name.right(), top.top()), top.max);
    let said = match (interface.up, interface.what.as_str()) {
        (true, what) => what.to_owned(),
        (false, "") => "down".to_owned(),
        (false, what) => format!("down, {what}"),
    };
    text::line(
        painter,
        what,
        Align::Min,
        FontId::proportional(12.0),
        theme.text,
        &said,
    );
    let (said, color) = match &interface.why_not {
        Some(why) => (why, theme.failed()),
        None => (&interface.addresses, theme.faint),
    };
    text::line(
        painter,
        below,
        Align::Min,
        FontId::proportional(11.5),
        color,
        said,
    );
    let clicked = response.clicked();
    if let Some(why) = &interface.why_not {
        response.on_hover_text(why);
    }
    clicked
}

fn filter_ui(ui: &mut Ui, theme: &Theme, page: &mut LivePage) {
    ui.horizontal(|ui| {
        let label = ui.label("Capture filter");
        let field = TextEdit::singleline(&mut page.filter.text)
            .hint_text("all traffic; for example: host 10.0.0.1 and tcp port 445")
            .desired_width(430.0);
        ui.add(field).labelled_by(label.id);
        ui.checkbox(&mut page.only_own, "not promiscuous")
            .on_hover_text("Leave out frames that are for others");
    });
    if let Some(link) = page.row().and_then(|r| r.link) {
        page.filter.check(link);
    }
    if let Some(fault) = page.filter.fault() {
        ui.label(RichText::new(fault).size(12.0).color(theme.failed()));
    } else if !page.filter.text.trim().is_empty() {
        ui.label(
            RichText::new("The filter is valid.")
                .size(12.0)
                .color(theme.good),
        );
    } else {
        ui.label(
            RichText::new("In libpcap's language, checked as you type.")
                .size(12.0)
                .color(theme.faint),
        );
    }
}

fn start_ui(ui: &mut Ui, theme: &Theme, page: &LivePage, commands: &Queue) {
    ui.horizontal(|ui| {
        let text = RichText::new("Start").size(15.0).color(theme.on_accent);
        let button = Button::new(text)
            .fill(theme.accent)
            .min_size(vec2(120.0, 34.0));
        let wanted = page.wanted();
        let response = ui.add_enabled(wanted.is_some(), button);
        if let Some((interface, filter, promiscuous)) = wanted.filter(|_| response.clicked()) {
            commands.send(Command::Capture {
                interface,
                filter,
                promiscuous,
            });
        }
        if ui
            .add(Button::new("Look again").min_size(vec2(100.0, 34.0)))
            .clicked()
        {
            commands.send(Command::Do(Action::LivePage));
        }
        if ui
            .add(Button::new("Back").min_size(vec2(80.0, 34.0)))
            .clicked()
        {
            commands.send(Command::Do(Action::Close));
        }
    });
}
