//! What is wrong: the rules, what they are given, and what they may say.
//!
//! A rule is a pure function of a session at a time: [`Rule::check`] reads a [`View`] and writes
//! [`Finding`]s or, where a guard forbids a verdict, the reason why it cannot tell. A file runs all rules
//! at its end; a live capture runs them again on what changed.

mod blame;
mod connects;
pub mod ends;
pub mod finding;
pub mod nfs_joins;
pub mod plateau;
pub mod registry;
pub mod rules;
pub(crate) mod smb;
pub mod smb_joins;
pub mod smb_waits;
pub mod thresholds;
pub(crate) mod tls;
pub mod web;
pub mod world;

use std::net::IpAddr;

use colloquy_dissectors::units::{FrameNo, PerSide, Side, Stamp, Timestamp};

pub use finding::{Category, Certainty, Culprit, Evidence, Finding, Severity};
pub use registry::{CAPTURE_RULES, RULES, all_rules};
pub use thresholds::Thresholds;
pub use world::World;

use crate::analysis::FrameCounts;
use crate::capture::CaptureSummary;
use crate::limits;
use crate::session::exchange::Open;
use crate::session::model::{CannotTell, Flow, Session};
use crate::stream::facts::TcpFacts;

/// What is known of a rule without running it.
#[derive(Debug)]
pub struct RuleMeta {
    /// Its name, which is its identity: `request-unanswered`.
    pub name: &'static str,
    /// One line: "Request never answered".
    pub summary: &'static str,
    /// How bad it is as a rule.
    pub severity: Severity,
    /// Which question it answers.
    pub category: Category,
    /// The sessions it is for; empty for all.
    pub protocols: &'static [&'static str],
    /// Where it is written.
    pub reference: &'static str,
    /// The page that `colloquy explain` prints: Markdown with the fixed headings.
    pub doc: &'static str,
}

/// A rule.
pub trait Rule: Sync {
    /// What is known of it.
    fn meta(&self) -> &'static RuleMeta;

    /// Looks at one session.
    fn check(&self, view: &View<'_>, out: &mut Verdicts);
}

/// A rule on a capture as a whole: what limits the verdicts on its sessions.
pub trait CaptureRule: Sync {
    /// What is known of it.
    fn meta(&self) -> &'static RuleMeta;

    /// Looks at one capture.
    fn check(&self, view: &CaptureView<'_>) -> Option<Finding>;
}

/// What a rule on a capture sees.
#[derive(Clone, Copy)]
pub struct CaptureView<'a> {
    /// What the reader tells.
    pub summary: &'a CaptureSummary,
    /// What the frames are.
    pub counts: &'a FrameCounts,
    /// The conversations.
    pub flows: &'a [Flow],
    /// What is learned of them together.
    pub world: &'a World,
}

impl CaptureView<'_> {
    /// The capture's first frame, or the one of that number, to say since when something is true.
    pub fn stamp(&self, frame: Option<FrameNo>) -> Stamp {
        let first = self.counts.first.unwrap_or_default();
        Stamp {
            frame: frame.unwrap_or(0),
            ..first
        }
    }
}

/// Declares a rule: its doc comment becomes its page, its fields its [`RuleMeta`].
///
/// ```text
/// declare_rule! {
///     /// ## What it means
///     /// …
///     pub RequestUnanswered = "request-unanswered" {
///         summary: "Request never answered",
///         severity: Error,
///         category: Dialogue,
///         protocols: [],
///         reference: "…",
///     }
/// }
/// impl RequestUnanswered { fn run(view: &View<'_>, out: &mut Verdicts) { … } }
/// ```
macro_rules! declare_rule {
    ($(#[doc = $doc:literal])+ pub $name:ident = $($rest:tt)+) => {
        $crate::diagnosis::declare_meta! { $(#[doc = $doc])+ pub $name = $($rest)+ }

        impl $crate::diagnosis::Rule for $name {
            fn meta(&self) -> &'static $crate::diagnosis::RuleMeta {
                &META
            }

            fn check(&self, view: &$crate::diagnosis::View<'_>, out: &mut $crate::diagnosis::Verdicts) {
                Self::run(view, out);
            }
        }
    };
}
pub(crate) use declare_rule;

/// Declares a rule on a capture as a whole, in the form of `declare_rule!`; its check is
/// `fn run(view: &CaptureView<'_>) -> Option<Finding>`.
macro_rules! declare_capture_rule {
    ($(#[doc = $doc:literal])+ pub $name:ident = $($rest:tt)+) => {
        $crate::diagnosis::declare_meta! { $(#[doc = $doc])+ pub $name = $($rest)+ }

        impl $crate::diagnosis::CaptureRule for $name {
            fn meta(&self) -> &'static $crate::diagnosis::RuleMeta {
                &META
            }

            fn check(&self, view: &$crate::diagnosis::CaptureView<'_>) -> Option<$crate::diagnosis::Finding> {
                Self::run(view)
            }
        }
    };
}
pub(crate) use declare_capture_rule;

/// The part of a declaration that all rules have in common: the type and its [`RuleMeta`].
macro_rules! declare_meta {
    (
        $(#[doc = $doc:literal])+
        pub $name:ident = $id:literal {
            summary: $summary:literal,
            severity: $severity:ident,
            category: $category:ident,
            protocols: [$($protocol:literal),* $(,)?],
            reference: $reference:literal $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        /// What is known of the rule.
        static META: $crate::diagnosis::RuleMeta = $crate::diagnosis::RuleMeta {
            name: $id,
            summary: $summary,
            severity: $crate::diagnosis::Severity::$severity,
            category: $crate::diagnosis::Category::$category,
            protocols: &[$($protocol),*],
            reference: $reference,
            doc: concat!($($doc, "\n"),+),
        };
    };
}
pub(crate) use declare_meta;

/// A hole is known as one this long after it came about at most: seconds.
const UNTIL_MISSED: f64 = 0.5;

/// What a rule sees: one session, its flow, and the capture around it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The session.
    pub session: &'a Session,
    /// The conversation that carries it, with all its sessions.
    pub flow: &'a Flow,
    /// All conversations of the capture, and what is learned of them together.
    pub world: &'a World,
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both FINs.
    Fin(Stamp),
    /// A reset by that side.
    Reset(Stamp, Side),
}

impl Ending {
    /// Where.
    pub const fn stamp(self) -> Stamp {
        match self {
            Self::Fin(stamp) | Self::Reset(stamp, _) => stamp,
        }
    }
}

impl<'a> View<'a> {
    /// TCP's facts, where TCP carries it.
    pub fn tcp(&self) -> Option<&'a TcpFacts> {
        self.flow.tcp.as_deref()
    }

    /// True for the session of the carrier itself (`tcp`, `udp`).
    pub fn is_carrier(&self) -> bool {
        self.session.index == 0
    }

    /// How the carrying connection ended, if it did.
    pub fn ending(&self) -> Option<Ending> {
        let tcp = self.tcp()?;
        if let Some(reset) = tcp.reset()
            && tcp.was_reset()
            && !tcp.both_fins()
        {
            return Some(Ending::Reset(reset.stamp, reset.side));
        }
        if tcp.ended() {
            tcp.end().map(Ending::Fin)
        } else {
            None
        }
    }

    /// The SMB session has further connections, on which the other half of a dialogue may be (guard T13).
    pub fn has_channels(&self) -> bool {
        let place = (self.flow.index, self.session.index);
        !self.world.smb.channels_of(place).is_empty()
    }

    /// Only one direction was captured (guard T3).
    pub fn one_sided(&self) -> bool {
        match self.tcp() {
            Some(tcp) => tcp.one_sided().is_some(),
            None => false,
        }
    }

    /// The establishment was not captured (guard T1).
    pub fn began_late(&self) -> bool {
        self.session.began_before_capture || self.tcp().is_some_and(|t| !t.saw_start())
    }

    /// Bytes of `side` are missing in this session or its connection (guard T4).
    pub fn lost(&self, side: Side) -> bool {
        let facts = self.tcp().map(|t| &t.sides[side]);
        self.session.missing[side] > 0 || facts.is_some_and(|f| f.missing > 0 || f.acked_unseen > 0)
    }

    /// The capture has frames of the two directions in another order than the wire had (guard T9).
    pub fn out_of_step(&self) -> bool {
        self.tcp().is_some_and(|t| t.odd.acked_before > 0)
    }

    /// Bytes of either side went missing in that time, as far as the places are kept (guard T4).
    pub fn lost_between(&self, from: Stamp, to: Stamp) -> bool {
        let Some(tcp) = self.tcp() else { return false };
        let within = |s: Stamp| {
            s.time.since(from.time) > -UNTIL_MISSED && to.time.since(s.time) > -UNTIL_MISSED
        };
        tcp.holes.len() >= limits::EXAMPLES || tcp.holes.iter().any(|h| within(h.stamp))
    }

    /// No slow answer of the session had to make room for slower ones.
    pub fn keeps_all_slow(&self) -> bool {
        self.session.troubles.slow.len() < limits::SLOW_ANSWERS
    }

    /// The server's address stands for many hosts: who answers does so under its own.
    pub fn to_many(&self) -> bool {
        match self.flow.server.address {
            // Networks are rarely so small that 255 is no host, and rarely so large that it is one.
            IpAddr::V4(a) => a.is_multicast() || a.octets()[3] == 255,
            IpAddr::V6(a) => a.is_multicast(),
        }
    }

    /// Nothing tells any more which message answers which (guard T8). RPCSEC_GSS leaves the head of every message in clear.
    pub fn hides_answers(&self) -> bool {
        let in_clear = matches!(
            self.session.protocol,
            "rpc" | "nfs" | "mount" | "portmap" | "nlm" | "nsm"
        );
        self.session.encrypted.is_some() && !in_clear
    }

    /// Seconds from `stamp` to the end of the capture, or to now while it runs.
    pub fn until_end(&self, stamp: Stamp) -> f64 {
        let last = self.flow.last.frame.max(stamp.frame);
        self.world.watched_until(last).since(stamp.time)
    }

    /// Seconds that an answer to `open` was waited for: until the connection ended or the capture did.
    pub fn waited(&self, open: &Open) -> f64 {
        let end = self.ending().map_or_else(|| self.now(), |e| e.stamp().time);
        end.since(open.asked.time).max(0.0)
    }

    /// Seconds after which an answer to this operation is overdue.
    pub fn patience(&self, open: &Open) -> f64 {
        self.world
            .patience(self.session.protocol, open.op, self.flow.server)
    }

    /// The receiver acknowledged the whole request: the network delivered it. `None` where TCP doesn't tell.
    pub fn acknowledged(&self, open: &Open) -> Option<bool> {
        let tcp = self.tcp()?;
        let facts = &tcp.sides[open.side];
        let acked = facts.stream_bytes.saturating_sub(facts.unacked);
        // A reset acknowledges too.
        let by_reset = tcp
            .reset()
            .filter(|r| r.side != open.side && tcp.was_reset());
        let acked = acked.max(by_reset.and_then(|r| r.acked).unwrap_or(0));
        Some(acked >= open.end_offset)
    }

    /// `10.0.0.1:40000`.
    pub fn client(&self) -> String {
        self.flow.client.to_string()
    }

    /// `10.0.0.2:445`.
    pub fn server(&self) -> String {
        self.flow.server.to_string()
    }

    /// The end where `side` sits, as text.
    pub fn end_of(&self, side: Side) -> String {
        self.flow.endpoint(side).to_string()
    }

    /// Missing bytes a side.
    pub fn missing(&self) -> PerSide<u64> {
        self.session.missing
    }

    /// The end of the capture, as far as the conversation was watched; or now.
    pub fn now(&self) -> Timestamp {
        self.world.watched_until(self.flow.last.frame)
    }
}

/// What the rules said of one session.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// What fired.
    pub findings: Vec<Finding>,
    /// What could not be told.
    pub cannot_tell: Vec<CannotTell>,
}

impl Verdicts {
    /// Raises a finding; beyond the bound for one rule in one session it is dropped.
    pub fn raise(&mut self, finding: Finding) {
        let same = self
            .findings
            .iter()
            .filter(|f| f.rule == finding.rule)
            .count();
        if same < limits::FINDINGS_A_RULE {
            self.findings.push(finding);
        }
    }

    /// A guard forbids the verdict; once a rule and guard.
    pub fn cannot_tell(&mut self, rule: &RuleMeta, guard: &'static str, why: impl Into<String>) {
        let entry = CannotTell {
            rule: rule.name,
            guard,
            why: why.into(),
        };
        if !self
            .cannot_tell
            .iter()
            .any(|c| c.rule == entry.rule && c.guard == guard)
        {
            self.cannot_tell.push(entry);
        }
    }
}

/// Runs every rule on one session of a conversation.
pub fn examine(session: &Session, flow: &Flow, world: &World) -> Verdicts {
    let mut out = Verdicts::default();
    let view = View {
        session,
        flow,
        world,
    };
    for rule in registry::rules_of(session.protocol) {
        rule.check(&view, &mut out);
    }
    out
}

/// `once more`, `2 times more`.
pub fn once_more(count: u64) -> String {
    match count {
        1 => "once more".to_owned(),
        n => format!("{n} times more"),
    }
}

/// `1 answer`, `2 answers`: `what` takes an s.
pub fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// A time span in the words of a report: `1.52 s`, `340 ms`, `2 min 5 s`.
pub fn seconds(secs: f64) -> String {
    let secs = secs.max(0.0);
    if secs < 0.001 {
        format!("{:.0} µs", secs * 1e6)
    } else if secs < 1.0 {
        format!("{:.0} ms", secs * 1e3)
    } else if secs < 120.0 {
        format!("{secs:.2} s")
    } else if secs < 7200.0 {
        format!("{:.0} min {:.0} s", (secs / 60.0).floor(), secs % 60.0)
    } else if secs < 48.0 * 3600.0 {
        format!("{:.1} h", secs / 3600.0)
    } else if secs < 730.0 * 86_400.0 {
        format!("{:.1} days", secs / 86_400.0)
    } else {
        format!("{:.1} years", secs / (365.25 * 86_400.0))
    }
}
