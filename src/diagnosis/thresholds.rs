//! How long is too long. Every number here is shown with the finding that used it.

use colloquy_dissectors::event::Op;

/// Seconds, and counts where named so.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Never less than this for an answer, whatever was learned.
    pub least_patience: f64,
    /// An answer is slow only above this.
    pub slow_answer: f64,
    /// And above this many times the median of its operation.
    pub slow_times_median: f64,
    /// A window may be shut this long.
    pub zero_window: f64,
    /// A half-closed connection may hang this long.
    pub half_close: f64,
    /// Silence with a message half delivered.
    pub incomplete: f64,
    /// A pong may take this long.
    pub pong: f64,
    /// A close frame's answer may take this long.
    pub close_reply: f64,
    /// A new connection after a retarget must come within this.
    pub retarget: f64,
    /// Sent again this often, unanswered, the path is dark (count).
    pub dark_retransmissions: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            least_patience: 5.0,
            slow_answer: 1.0,
            slow_times_median: 10.0,
            zero_window: 2.0,
            half_close: 60.0,
            incomplete: 5.0,
            pong: 20.0,
            close_reply: 10.0,
            retarget: 10.0,
            dark_retransmissions: 3,
        }
    }
}

impl Thresholds {
    /// Seconds to wait for an answer of an operation of which no answer was seen.
    pub fn patience(&self, protocol: &str, op: Op) -> f64 {
        match protocol {
            // What an application is asked for may take as long as with HTTP.
            "websocket" if matches!(op.name, "call" | "connection_init" | "subscribe") => 60.0,
            "nbss" | "websocket" | "tls" | "ssh" | "kerberos" => 10.0,
            "rpc" | "nfs" | "mount" | "portmap" | "nlm" | "nsm" => 24.0,
            "dcerpc" => 30.0,
            "smb" | "smb2" => 45.0,
            "http" | "http2" | "grpc" => 60.0,
            _ => 30.0,
        }
    }
}
