//! Colours and sizes as tokens: the only file with colour literals.

use colloquy::diagnosis::Severity;
use colloquy::dissectors::event::Phase;
use colloquy::dissectors::units::Side;
use colloquy::session::model::State;
use egui::{
    Color32, CornerRadius, FontDefinitions, FontFamily, FontId, Stroke, Style, TextStyle, Visuals,
};

/// Height of a line in a table.
pub(crate) const ROW: f32 = 22.0;
/// Height of a finding in the list: two lines of title, one of place.
pub(crate) const FINDING_ROW: f32 = 58.0;
/// Height of a lane of the timeline.
pub(crate) const LANE: f32 = 18.0;
/// Size of plain text.
pub(crate) const TEXT: f32 = 13.0;
/// Size of what is said beside.
pub(crate) const SMALL: f32 = 11.5;
/// Size of a panel's title.
pub(crate) const TITLE: f32 = 14.5;

/// The colours of one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    /// True for light on dark.
    pub(crate) dark: bool,
    /// Behind everything.
    pub(crate) base: Color32,
    /// Behind a panel.
    pub(crate) panel: Color32,
    /// Behind a heading, a field, a card.
    pub(crate) raised: Color32,
    /// Lines between things.
    pub(crate) line: Color32,
    /// Every other row.
    pub(crate) stripe: Color32,
    /// The row under the pointer.
    pub(crate) hover: Color32,
    /// The selected row.
    pub(crate) selected: Color32,
    /// The row of a piece of evidence.
    pub(crate) evidence: Color32,
    /// Plain text.
    pub(crate) text: Color32,
    /// What must be read first.
    pub(crate) strong: Color32,
    /// What is said beside.
    pub(crate) faint: Color32,
    /// Links, focus, what can be done.
    pub(crate) accent: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    critical: Color32,
    error: Color32,
    warning: Color32,
    note: Color32,
    /// All is well.
    pub(crate) good: Color32,
    client: Color32,
    server: Color32,
    early: Color32,
    open: Color32,
    ended: Color32,
}

/// egui's own fonts, with arrows and box drawing also where text is not of fixed width.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let names = fonts.families.entry(FontFamily::Proportional).or_default();
    if !names.iter().any(|n| n == "Hack") {
        names.push("Hack".to_owned());
    }
    fonts
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK: Theme = Theme {
    dark: true,
    base: rgb(0x0f_1318),
    panel: rgb(0x15_1a21),
    raised: rgb(0x1f_2630),
    line: rgb(0x2b_3441),
    stripe: rgb(0x18_1e26),
    hover: rgb(0x21_2a36),
    selected: rgb(0x1f_4068),
    evidence: rgb(0x3a_2f1a),
    text: rgb(0xd0_d7e0),
    strong: rgb(0xf4_f7fb),
    faint: rgb(0x8c_98a8),
    accent: rgb(0x62_b0ff),
    on_accent: rgb(0x0b_1a2b),
    critical: rgb(0xff_5470),
    error: rgb(0xff_8358),
    warning: rgb(0xf0_bd4f),
    note: rgb(0x7f_b2e5),
    good: rgb(0x55_cc8f),
    client: rgb(0x6f_c1ff),
    server: rgb(0xc3_a5ff),
    early: rgb(0x4d_7fb5),
    open: rgb(0x3a_9e72),
    ended: rgb(0x5c_6878),
};

const LIGHT: Theme = Theme {
    dark: false,
    base: rgb(0xe9_edf2),
    panel: rgb(0xfb_fcfd),
    raised: rgb(0xee_f2f6),
    line: rgb(0xd3_dae3),
    stripe: rgb(0xf4_f7fa),
    hover: rgb(0xe6_eef7),
    selected: rgb(0xc5_def9),
    evidence: rgb(0xfd_f0d2),
    text: rgb(0x2a_333e),
    strong: rgb(0x0c_131b),
    faint: rgb(0x5d_6977),
    accent: rgb(0x0b_66c3),
    on_accent: rgb(0xff_ffff),
    critical: rgb(0xc9_1437),
    error: rgb(0xc4_4a12),
    warning: rgb(0x96_6900),
    note: rgb(0x2d_6ca8),
    good: rgb(0x1a_8450),
    client: rgb(0x0b_6fc0),
    server: rgb(0x78_42c4),
    early: rgb(0x7a_a7d6),
    open: rgb(0x62_bb91),
    ended: rgb(0xa9_b4c1),
};

impl Theme {
    /// Light on dark, or dark on light.
    pub(crate) const fn of(dark: bool) -> Self {
        if dark { DARK } else { LIGHT }
    }

    /// How bad.
    pub(crate) const fn severity(&self, severity: Severity) -> Color32 {
        match severity {
            Severity::Critical => self.critical,
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Note => self.note,
        }
    }

    /// A session's condition.
    pub(crate) const fn state(&self, state: State) -> Color32 {
        match state {
            State::Stuck => self.critical,
            State::Refused | State::Aborted => self.error,
            State::Connecting | State::Releasing => self.note,
            State::Open => self.good,
            State::Closed => self.faint,
        }
    }

    /// A phase as a band of the timeline.
    pub(crate) const fn phase(&self, phase: Phase) -> Color32 {
        match phase {
            Phase::Connecting | Phase::Negotiating | Phase::Authenticating => self.early,
            Phase::Open => self.open,
            Phase::Releasing | Phase::Closed => self.ended,
            Phase::Aborted | Phase::Refused => self.error,
        }
    }

    /// Who speaks.
    pub(crate) const fn side(&self, side: Side) -> Color32 {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    /// Somebody waits in vain.
    pub(crate) const fn waiting(&self) -> Color32 {
        self.critical
    }

    /// A failed answer.
    pub(crate) const fn failed(&self) -> Color32 {
        self.error
    }

    /// Bytes that were never captured.
    pub(crate) const fn missing(&self) -> Color32 {
        self.warning
    }

    /// The same colour as a tint behind text.
    pub(crate) fn tint(&self, color: Color32) -> Color32 {
        let strength = if self.dark { 0.20 } else { 0.14 };
        color.gamma_multiply(strength)
    }

    /// Makes egui look like it.
    pub(crate) fn apply(&self, ctx: &egui::Context) {
        let kind = if self.dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        };
        ctx.set_fonts(fonts());
        ctx.set_theme(kind);
        ctx.set_style_of(kind, self.style());
    }

    fn style(&self) -> Style {
        let mut style = Style {
            visuals: self.visuals(),
            ..Style::default()
        };
        let sizes = [
            (TextStyle::Small, SMALL, FontFamily::Proportional),
            (TextStyle::Body, TEXT, FontFamily::Proportional),
            (TextStyle::Button, TEXT, FontFamily::Proportional),
            (TextStyle::Monospace, 12.0, FontFamily::Monospace),
            (TextStyle::Heading, 18.0, FontFamily::Proportional),
        ];
        style.text_styles = sizes
            .into_iter()
            .map(|(name, size, family)| (name, FontId::new(size, family)))
            .collect();
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(9.0, 4.0);
        style.spacing.interact_size.y = 24.0;
        style.spacing.menu_margin = egui::Margin::same(6);
        style.interaction.selectable_labels = true;
        style
    }

    fn visuals(&self) -> Visuals {
        let mut v = if self.dark {
            Visuals::dark()
        } else {
            Visuals::light()
        };
        v.panel_fill = self.panel;
        v.window_fill = self.panel;
        v.window_stroke = Stroke::new(1.0, self.line);
        v.extreme_bg_color = self.base;
        v.faint_bg_color = self.stripe;
        v.code_bg_color = self.raised;
        v.hyperlink_color = self.accent;
        v.error_fg_color = self.critical;
        v.warn_fg_color = self.warning;
        v.weak_text_color = Some(self.faint);
        v.selection.bg_fill = self.selected;
        v.selection.stroke = Stroke::new(1.0, self.strong);
        v.widgets.noninteractive.bg_stroke = Stroke::new(1.0, self.line);
        v.widgets.noninteractive.fg_stroke = Stroke::new(1.0, self.text);
        for (widget, fill) in [
            (&mut v.widgets.inactive, self.raised),
            (&mut v.widgets.hovered, self.hover),
            (&mut v.widgets.active, self.selected),
            (&mut v.widgets.open, self.raised),
        ] {
            widget.weak_bg_fill = fill;
            widget.bg_fill = fill;
            widget.bg_stroke = Stroke::new(1.0, self.line);
            widget.fg_stroke = Stroke::new(1.0, self.text);
            widget.corner_radius = CornerRadius::same(5);
            widget.expansion = 0.0;
        }
        v.widgets.hovered.fg_stroke = Stroke::new(1.0, self.strong);
        v.widgets.active.fg_stroke = Stroke::new(1.0, self.strong);
        v
    }
}
