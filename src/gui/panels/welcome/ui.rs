//! Draws the first page.

use std::path::PathBuf;

use colloquy::dissectors::units::Side;
use egui::{Align, Button, Key, Layout, RichText, Sense, Shape, Stroke, TextEdit, Ui, vec2};

use super::Welcome;
use crate::gui::command::{Action, Command};
use crate::gui::context::Queue;
use crate::gui::theme::Theme;

const WIDTH: f32 = 560.0;

/// Draws it in the middle of the room there is.
pub(crate) fn welcome_ui(
    ui: &mut Ui,
    theme: &Theme,
    page: &mut Welcome,
    recent: &[PathBuf],
    commands: &Queue,
) {
    let side = ((ui.available_width() - WIDTH) / 2.0).max(16.0);
    let top = (ui.available_height() * 0.14).max(16.0);
    ui.add_space(top);
    ui.horizontal_top(|ui| {
        ui.add_space(side);
        ui.allocate_ui_with_layout(vec2(WIDTH, 0.0), Layout::top_down(Align::Min), |ui| {
            ui.set_width(WIDTH);
            ui.horizontal(|ui| {
                sign_ui(ui, theme);
                ui.add_space(6.0);
                ui.vertical(|ui| {
                    ui.label(RichText::new("Colloquy").size(30.0).color(theme.strong));
                    let said = "Who waits for whom, what went wrong, and the frames that prove it.";
                    ui.label(RichText::new(said).size(15.0).color(theme.faint));
                });
            });
            ui.add_space(22.0);
            buttons_ui(ui, theme, commands);
            ui.add_space(14.0);
            path_ui(ui, page, commands);
            ui.add_space(6.0);
            let said = "or drop pcap and pcapng files here, plain or in gzip, zstd, lz4; several are shown together";
            ui.label(RichText::new(said).size(12.0).color(theme.faint));
            recent_ui(ui, theme, recent, commands);
        });
    });
}

/// The sign: a question that arrives, an answer that does not.
fn sign_ui(ui: &mut Ui, theme: &Theme) {
    let (rect, _) = ui.allocate_exact_size(vec2(64.0, 64.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 14.0, theme.raised);
    let at = |x: f32, y: f32| rect.min + vec2(x, y);
    let (client, server) = (theme.side(Side::Client), theme.side(Side::Server));
    painter.line_segment([at(18.0, 13.0), at(18.0, 51.0)], Stroke::new(3.5, client));
    painter.line_segment([at(46.0, 13.0), at(46.0, 51.0)], Stroke::new(3.5, server));
    painter.line_segment([at(18.0, 23.0), at(38.0, 23.0)], Stroke::new(3.0, client));
    let head = vec![at(45.0, 23.0), at(37.0, 18.5), at(37.0, 27.5)];
    painter.add(Shape::convex_polygon(head, client, Stroke::NONE));
    let red = Stroke::new(3.0, theme.waiting());
    painter.line_segment([at(46.0, 41.0), at(38.0, 41.0)], red);
    painter.line_segment([at(24.0, 36.5), at(33.0, 45.5)], red);
    painter.line_segment([at(33.0, 36.5), at(24.0, 45.5)], red);
}

fn buttons_ui(ui: &mut Ui, theme: &Theme, commands: &Queue) {
    ui.horizontal(|ui| {
        let text = RichText::new("Open captures …")
            .size(15.0)
            .color(theme.on_accent);
        let open = Button::new(text)
            .fill(theme.accent)
            .min_size(vec2(170.0, 36.0));
        if ui
            .add(open)
            .on_hover_text(Action::Open.spec().tooltip)
            .clicked()
        {
            commands.send(Command::Do(Action::Open));
        }
        if cfg!(feature = "live") {
            let text = RichText::new("Capture live traffic …").size(15.0);
            let live = Button::new(text).min_size(vec2(190.0, 36.0));
            if ui
                .add(live)
                .on_hover_text(Action::LivePage.spec().tooltip)
                .clicked()
            {
                commands.send(Command::Do(Action::LivePage));
            }
        }
    });
}

fn path_ui(ui: &mut Ui, page: &mut Welcome, commands: &Queue) {
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut page.path)
            .hint_text("path of a capture")
            .desired_width(WIDTH - 90.0);
        let response = ui.add(field).accessible_name("Path of a capture");
        let entered = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let path = page.path.trim();
        let clicked = ui
            .add_enabled(!path.is_empty(), Button::new("Open"))
            .clicked();
        if (entered || clicked) && !path.is_empty() {
            commands.send(Command::Open(vec![PathBuf::from(path)]));
        }
    });
}

fn recent_ui(ui: &mut Ui, theme: &Theme, recent: &[PathBuf], commands: &Queue) {
    if recent.is_empty() {
        return;
    }
    ui.add_space(20.0);
    ui.label(RichText::new("Recent").size(13.0).color(theme.strong));
    for path in recent.iter().take(8) {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        let folder = path
            .parent()
            .map(|p| p.display().to_string())
            .unwrap_or_default();
        ui.horizontal(|ui| {
            if ui.link(RichText::new(name.as_ref())).clicked() {
                commands.send(Command::Open(vec![path.clone()]));
            }
            ui.label(RichText::new(folder).size(11.5).color(theme.faint));
        });
    }
}
