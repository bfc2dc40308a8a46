//! Draws the explanation.

use egui::{Frame, Label, Margin, RichText, ScrollArea, Ui};

use super::ExplanationPanel;
use super::data::{FindingText, Piece, SessionText};
use crate::gui::command::Action;
use crate::gui::context::Ctx;
use crate::gui::selection::Pick;
use crate::gui::theme;
use crate::gui::widgets::badge::badge_ui;

/// Draws it in all the room there is.
pub(crate) fn explanation_ui(ui: &mut Ui, ctx: &Ctx<'_>, panel: &ExplanationPanel) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            Frame::NONE
                .inner_margin(Margin::symmetric(10, 4))
                .show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 5.0;
                    ui.spacing_mut().interact_size.y = 18.0;
                    if let Some(finding) = &panel.shown.finding {
                        finding_ui(ui, ctx, finding);
                    }
                    if let Some(session) = &panel.shown.session {
                        session_ui(ui, ctx, session, panel.shown.finding.is_none());
                    }
                    if panel.shown.finding.is_none() && panel.shown.session.is_none() {
                        ui.label(
                            RichText::new(
                                "Select a finding to see what it means and which frames prove it.",
                            )
                            .color(ctx.theme.faint),
                        );
                    }
                });
        });
}

fn wrapped(ui: &mut Ui, text: RichText) {
    ui.add(Label::new(text).wrap());
}

fn heading_ui(ui: &mut Ui, ctx: &Ctx<'_>, said: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(said).size(12.0).color(ctx.theme.accent));
}

fn finding_ui(ui: &mut Ui, ctx: &Ctx<'_>, finding: &FindingText) {
    let color = ctx.theme.severity(finding.severity);
    ui.horizontal(|ui| {
        badge_ui(ui, finding.severity.name(), color, ctx.theme.tint(color));
        ui.label(
            RichText::new(finding.rule)
                .size(12.0)
                .color(ctx.theme.faint),
        );
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let spec = Action::CopyFinding.spec();
            if ui
                .small_button("Copy")
                .on_hover_text(spec.tooltip)
                .clicked()
            {
                ctx.act(Action::CopyFinding);
            }
        });
    });
    wrapped(
        ui,
        RichText::new(&finding.title)
            .size(15.0)
            .color(ctx.theme.strong),
    );
    wrapped(
        ui,
        RichText::new(&finding.about)
            .size(theme::SMALL)
            .color(ctx.theme.faint),
    );
    wrapped(ui, RichText::new(&finding.explanation));
    proofs_ui(ui, ctx, finding);
    heading_ui(ui, ctx, "What to do");
    wrapped(ui, RichText::new(&finding.advice));
    if !finding.numbers.is_empty() {
        heading_ui(ui, ctx, "Numbers");
        pairs_ui(ui, ctx, "numbers", &finding.numbers);
    }
    heading_ui(ui, ctx, "Reference");
    wrapped(ui, RichText::new(finding.reference).color(ctx.theme.faint));
    let title = RichText::new(format!("About the rule {}", finding.rule)).size(12.0);
    egui::CollapsingHeader::new(title)
        .id_salt("rule-page")
        .show(ui, |ui| {
            for piece in &finding.page {
                match piece {
                    Piece::Heading(said) => heading_ui(ui, ctx, said),
                    Piece::Paragraph(said) => wrapped(ui, RichText::new(said)),
                    Piece::Entry(said) => wrapped(ui, RichText::new(format!("•  {said}"))),
                }
            }
        });
}

fn proofs_ui(ui: &mut Ui, ctx: &Ctx<'_>, finding: &FindingText) {
    if finding.proofs.is_empty() {
        return;
    }
    heading_ui(ui, ctx, "Evidence");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 5.0);
        for proof in &finding.proofs {
            let words = format!("frame {}  {}", proof.frame, proof.role);
            let on = ctx.selection.frame() == Some(proof.frame);
            let fill = if on {
                ctx.theme.selected
            } else {
                ctx.theme.evidence
            };
            let color = if on { ctx.theme.strong } else { ctx.theme.text };
            let button = egui::Button::new(RichText::new(words).size(12.0).color(color)).fill(fill);
            let enabled = finding.session.is_some();
            let response = ui
                .add_enabled(enabled, button)
                .on_hover_text("Show this frame in the ladder and on the timeline");
            if let Some(session) = finding.session.filter(|_| response.clicked()) {
                ctx.select(Pick::Frame(session, proof.frame));
            }
        }
    });
}

fn session_ui(ui: &mut Ui, ctx: &Ctx<'_>, session: &SessionText, alone: bool) {
    if alone {
        ui.label(
            RichText::new(&session.title)
                .size(15.0)
                .color(ctx.theme.strong),
        );
        for (key, severity, title) in &session.findings {
            let color = ctx.theme.severity(*severity);
            ui.horizontal_wrapped(|ui| {
                badge_ui(ui, severity.name(), color, ctx.theme.tint(color));
                if ui.link(title).clicked() {
                    ctx.select(Pick::Finding(key.clone()));
                }
            });
        }
    } else {
        ui.separator();
        heading_ui(ui, ctx, &session.title);
    }
    pairs_ui(ui, ctx, "facts", &session.facts);
    if !session.details.is_empty() {
        heading_ui(ui, ctx, "What the protocol tells");
        pairs_ui(ui, ctx, "details", &session.details);
    }
    if !session.cannot_tell.is_empty() {
        heading_ui(ui, ctx, "Could not be judged");
        for line in &session.cannot_tell {
            wrapped(ui, RichText::new(line).size(12.0).color(ctx.theme.faint));
        }
    }
}

fn pairs_ui(ui: &mut Ui, ctx: &Ctx<'_>, name: &str, pairs: &[(String, String)]) {
    egui::Grid::new(name)
        .num_columns(2)
        .spacing([12.0, 3.0])
        .show(ui, |ui| {
            for (key, value) in pairs {
                ui.label(RichText::new(key).size(12.0).color(ctx.theme.faint));
                ui.add(Label::new(RichText::new(value).size(12.0)).wrap());
                ui.end_row();
            }
        });
}
