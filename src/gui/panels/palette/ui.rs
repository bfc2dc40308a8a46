//! Draws the palette.

use egui::{Button, Context, Id, Key, Modal, Modifiers, RichText, TextEdit};

use super::Palette;
use crate::gui::command::{Action, Command};
use crate::gui::context::Queue;
use crate::gui::theme::Theme;

/// Actions that are shown at a time.
const SHOWN: usize = 12;

/// Draws it over everything, while it is open.
pub(crate) fn palette_ui(ctx: &Context, theme: &Theme, palette: &mut Palette, commands: &Queue) {
    if !palette.open {
        return;
    }
    let (up, down, enter) = ctx.input_mut(|i| {
        (
            i.consume_key(Modifiers::NONE, Key::ArrowUp),
            i.consume_key(Modifiers::NONE, Key::ArrowDown),
            i.consume_key(Modifiers::NONE, Key::Enter),
        )
    });
    let mut chosen = None;
    let modal = Modal::new(Id::unique("palette")).show(ctx, |ui| {
        ui.set_width(480.0);
        let field = TextEdit::singleline(&mut palette.words)
            .hint_text("What do you want to do?")
            .desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name("Command");
        response.request_focus();
        if response.changed() {
            palette.at = 0;
        }
        let actions = Action::matching(&palette.words);
        let last = actions.len().saturating_sub(1);
        palette.at = (palette.at + usize::from(down))
            .min(last)
            .saturating_sub(usize::from(up));
        let first = palette.at.saturating_sub(SHOWN - 1);
        for (index, action) in actions.iter().enumerate().skip(first).take(SHOWN) {
            let spec = action.spec();
            let key = spec
                .shortcut
                .map(|s| ui.ctx().format_shortcut(&s))
                .unwrap_or_default();
            let button = Button::selectable(index == palette.at, spec.text)
                .right_text(RichText::new(key).color(theme.faint))
                .min_size(egui::vec2(ui.available_width(), 24.0));
            if ui.add(button).on_hover_text(spec.tooltip).clicked()
                || (enter && index == palette.at)
            {
                chosen = Some(*action);
            }
        }
        if actions.is_empty() {
            ui.label(RichText::new("Nothing has this name.").color(theme.faint));
        }
    });
    if let Some(action) = chosen {
        commands.send(Command::Do(action));
    }
    if chosen.is_some() || modal.should_close() {
        palette.open = false;
    }
}
