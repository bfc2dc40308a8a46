//! The columns of the table.

use serde::{Deserialize, Serialize};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Column {
    Id,
    State,
    Finding,
    Protocol,
    Client,
    Server,
    Requests,
    Unanswered,
    Waiting,
    Median,
    Slowest,
    Start,
    Duration,
    Bytes,
    Capture,
}

impl Column {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 15] = [
        Self::Id,
        Self::State,
        Self::Finding,
        Self::Protocol,
        Self::Client,
        Self::Server,
        Self::Requests,
        Self::Unanswered,
        Self::Waiting,
        Self::Median,
        Self::Slowest,
        Self::Start,
        Self::Duration,
        Self::Bytes,
        Self::Capture,
    ];

    /// Its heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::State => "state",
            Self::Finding => "worst",
            Self::Protocol => "protocol",
            Self::Client => "client",
            Self::Server => "server",
            Self::Start => "start",
            Self::Duration => "duration",
            Self::Requests => "requests",
            Self::Unanswered => "no answer",
            Self::Waiting => "waiting",
            Self::Median => "median",
            Self::Slowest => "slowest",
            Self::Bytes => "bytes",
            Self::Capture => "capture",
        }
    }

    /// What it tells, in a sentence.
    pub(crate) const fn tooltip(self) -> &'static str {
        match self {
            Self::Id => "The session's number in reports. A session within another stands below it",
            Self::State => "Sessions by health: what is stuck, refused or aborted comes first",
            Self::Finding => "The worst finding on the session",
            Self::Protocol => "What is spoken",
            Self::Client => "Who opened the conversation",
            Self::Server => "Who was called",
            Self::Start => "Seconds from the first frame of the capture to the session's first",
            Self::Duration => "From the session's first frame to its last",
            Self::Requests => "Requests that expect an answer",
            Self::Unanswered => "Requests that nobody answered, and nobody will",
            Self::Waiting => "How long the oldest request without an answer was waited for",
            Self::Median => "Half of the answers came within this time",
            Self::Slowest => "The longest time until an answer came",
            Self::Bytes => "Bytes of the session's messages, both ways",
            Self::Capture => "The file",
        }
    }

    /// Points of width before the user changed it.
    pub(crate) const fn width(self) -> f32 {
        match self {
            Self::Id => 46.0,
            Self::Requests | Self::Median | Self::Slowest => 68.0,
            Self::Finding | Self::Unanswered | Self::Bytes => 72.0,
            Self::State | Self::Start => 86.0,
            Self::Protocol => 100.0,
            Self::Client | Self::Server => 150.0,
            Self::Waiting | Self::Duration => 78.0,
            Self::Capture => 150.0,
        }
    }

    /// Numbers stand at the right.
    pub(crate) const fn is_number(self) -> bool {
        !matches!(
            self,
            Self::State
                | Self::Finding
                | Self::Protocol
                | Self::Client
                | Self::Server
                | Self::Capture
        )
    }

    /// A conversation's sessions stay together, inner ones below outer ones.
    pub(crate) const fn keeps_trees(self) -> bool {
        matches!(self, Self::Id | Self::State)
    }

    /// The first click on the heading puts the largest first: for what is looked for because it is large.
    pub(crate) const fn begins_with_largest(self) -> bool {
        matches!(
            self,
            Self::Finding
                | Self::Duration
                | Self::Requests
                | Self::Unanswered
                | Self::Waiting
                | Self::Median
                | Self::Slowest
                | Self::Bytes
        )
    }
}
