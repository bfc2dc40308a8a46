//! What a rule says.

use colloquy_dissectors::units::{FrameNo, Side, Stamp, Timestamp};
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// May be the trouble, or lead to it.
    Warning,
    /// Trouble.
    Error,
    /// Trouble that will not end by itself.
    Critical,
}

impl Severity {
    /// From the worst to the mildest.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Error, Self::Warning, Self::Note];

    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The frames prove it.
    Certain,
    /// The frames fit it better than anything else.
    Likely,
}

/// The question that a finding answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// What limits what this capture can tell?
    Capture,
    /// Do sessions come about, and end in order?
    Establishment,
    /// Does the dialogue go on?
    Dialogue,
    /// Is something used up?
    Resources,
    /// Is somebody not let in?
    Authentication,
}

impl Category {
    /// In the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Capture,
        Self::Establishment,
        Self::Dialogue,
        Self::Resources,
        Self::Authentication,
    ];

    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Establishment => "establishment",
            Self::Dialogue => "dialogue",
            Self::Resources => "resources",
            Self::Authentication => "authentication",
        }
    }
}

/// Where a finding points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Culprit {
    /// The client.
    Client,
    /// The server.
    Server,
    /// What is between them.
    Network,
    /// How it was captured.
    Capture,
    /// The frames don't tell.
    Unknown,
}

impl Culprit {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Network => "network",
            Self::Capture => "capture",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Side> for Culprit {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

/// A frame that proves a finding, and the part it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Its number.
    pub frame: FrameNo,
    /// When it was seen.
    #[serde(skip)]
    pub time: Timestamp,
    /// Its part: `request`, `last-answer`, `reset`.
    pub role: &'static str,
}

/// A rule that fired on a session.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// Which question it answers.
    pub category: Category,
    /// When it became true.
    pub at: Timestamp,
    /// Where it points.
    pub side: Culprit,
    /// The proof.
    pub frames: Vec<Evidence>,
    /// One line.
    pub title: String,
    /// In plain words, with this session's values.
    pub explanation: String,
    /// What to do.
    pub advice: String,
    /// Where it is written.
    pub reference: &'static str,
    /// The numbers it used: waits, thresholds, counts.
    pub numbers: Vec<(&'static str, f64)>,
}

impl Finding {
    /// A certain finding of the rule's own severity, true since `at`, pointing nowhere yet.
    pub fn new(rule: &'static super::RuleMeta, at: Stamp) -> Self {
        Self {
            rule: rule.name,
            severity: rule.severity,
            certainty: Certainty::Certain,
            category: rule.category,
            at: at.time,
            side: Culprit::Unknown,
            frames: Vec::new(),
            title: rule.summary.to_owned(),
            explanation: String::new(),
            advice: String::new(),
            reference: rule.reference,
            numbers: Vec::new(),
        }
    }

    /// Points at somebody.
    #[must_use]
    pub fn side(mut self, side: impl Into<Culprit>) -> Self {
        self.side = side.into();
        self
    }

    /// Cites a frame; the same frame in the same part only once.
    #[must_use]
    pub fn frame(mut self, stamp: Stamp, role: &'static str) -> Self {
        let evidence = Evidence {
            frame: stamp.frame,
            time: stamp.time,
            role,
        };
        if stamp.frame > 0 && !self.frames.contains(&evidence) {
            self.frames.push(evidence);
        }
        self
    }

    /// Cites a frame where there is one.
    #[must_use]
    pub fn maybe_frame(self, stamp: Option<Stamp>, role: &'static str) -> Self {
        match stamp {
            Some(stamp) => self.frame(stamp, role),
            None => self,
        }
    }

    /// Cites several frames in one part, the first sixteen.
    #[must_use]
    pub fn frames(mut self, stamps: &[Stamp], role: &'static str) -> Self {
        for stamp in stamps.iter().take(16) {
            self = self.frame(*stamp, role);
        }
        self
    }

    /// One line that says what happened, with names.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// In plain words.
    #[must_use]
    pub fn explain(mut self, text: impl Into<String>) -> Self {
        self.explanation = text.into();
        self
    }

    /// One sentence more.
    #[must_use]
    pub fn also(mut self, sentence: &str) -> Self {
        self.explanation.push(' ');
        self.explanation.push_str(sentence);
        self
    }

    /// What to do.
    #[must_use]
    pub fn advise(mut self, text: impl Into<String>) -> Self {
        self.advice = text.into();
        self
    }

    /// A number that was used.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: f64) -> Self {
        self.numbers.push((name, value));
        self
    }

    /// Another severity than the rule's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Not proven, but nothing fits better.
    #[must_use]
    pub fn likely(mut self) -> Self {
        self.certainty = Certainty::Likely;
        self
    }
}
