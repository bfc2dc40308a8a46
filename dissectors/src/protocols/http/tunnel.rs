//! What follows HTTP on its connection: an upgraded protocol, a tunnel.

use super::describe;
use super::facts;
use super::pending::Pending;
use super::session::{Body, Reading, Talk, Tunnel};
use super::start::{self, Beginning};
use super::wire::{ResponseHead, Upgrade};
use crate::dissector::{Input, Output};
use crate::inbox::Feed;
use crate::units::{Side, Span, StreamOffset};

/// Bytes of a frame's head in HTTP/2.
pub(super) const HTTP2_HEAD: usize = 9;

/// Whether an answer begins as a server of HTTP/2 does, with SETTINGS (RFC 9113 section 3.4): a length of some settings of six
/// bytes, the type, no flags, stream 0. `None` where more bytes are needed.
pub(super) fn begins_http2(bytes: &[u8]) -> Option<bool> {
    let fits = bytes.iter().enumerate().all(|(at, byte)| match at {
        2 => byte.is_multiple_of(6) && *byte <= 120,
        3 => *byte == 4,
        _ => *byte == 0,
    });
    (!fits || bytes.len() >= HTTP2_HEAD).then_some(fits)
}

impl Talk {
    /// Who was asked in HTTP/1 speaks HTTP/2 only.
    pub(super) fn answered_in_http2(&mut self, span: Span, out: &mut Output<'_>) -> bool {
        let what = "HTTP/2 where a status line belongs";
        self.without_status(what, "HTTP/2", span, out);
        self.next_id += 1;
        let started = out.start_child(self.next_id, "http2", true, &[]);
        self.tunnel = Some(if started {
            Tunnel::Child(self.next_id)
        } else {
            Tunnel::Opaque
        });
        self.go(Side::Client, Reading::Tunnel);
        self.go(Side::Server, Reading::Tunnel)
    }

    /// From here on the connection carries something else.
    pub(super) fn open_tunnel(
        &mut self,
        pending: Option<&Pending>,
        head: &ResponseHead<'_>,
        bytes: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) -> Body {
        self.next_id += 1;
        let key = self.next_id;
        let to_child = match head.upgrade {
            // Nobody asked for it that was seen: the session begins with the answer.
            Upgrade::WebSocket => {
                let asked = ("unasked", (pending.is_some()).into());
                let started =
                    out.start_child(key, "websocket", true, &[("upgrade", true.into()), asked]);
                out.child(key, Side::Server, span.start, Input::Data(bytes));
                started
            }
            Upgrade::Http2 => out.start_child(key, "http2", true, &[("upgrade", true.into())]),
            _ => false,
        };
        self.tunnel = Some(match (to_child, pending) {
            (true, _) => Tunnel::Child(key),
            (false, Some(p)) if p.is_connect() => Tunnel::Undecided,
            _ => Tunnel::Opaque,
        });
        if !to_child {
            let to = pending.map_or_else(String::new, |p| facts::target(p.target.bytes()));
            out.detail(Side::Server, span, "tunnel", to);
        }
        Body::Tunnel
    }

    /// A client that speaks on before its upgrade or tunnel is granted.
    pub(super) fn early_tunnel(&mut self) -> bool {
        let tunnel = self.queue.back().and_then(|p| match p.child {
            Some(child) => Some(Tunnel::Child(child)),
            None => p.is_connect().then_some(Tunnel::Undecided),
        });
        if self.tunnel.is_none() {
            self.tunnel = tunnel;
        }
        tunnel.is_some()
    }

    /// After a gap in which the answer to an upgrade may have been: HTTP goes on, or the tunnel is open.
    pub(super) fn after_gap(
        &mut self,
        side: Side,
        gap: u64,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        match start::beginning(side, feed.peek_up_to(16)) {
            Beginning::More => return false,
            Beginning::Yes => return self.go(side, Reading::Between),
            Beginning::No(_) => {}
        }
        let Some(child) = self.queue.pop().and_then(|p| p.child) else {
            return self.go(side, Reading::Lost);
        };
        self.tunnel = Some(Tunnel::Child(child));
        let at = feed.offset().saturating_sub(gap);
        self.pass(side, at, Input::Gap { len: gap }, out);
        self.lanes[side].lost_since = None;
        self.lanes.client.reading = Reading::Tunnel;
        self.go(side, Reading::Tunnel)
    }

    pub(super) fn tunnelled(
        &mut self,
        side: Side,
        feed: &mut Feed<'_>,
        out: &mut Output<'_>,
    ) -> bool {
        if self.tunnel == Some(Tunnel::Undecided) {
            // A TLS handshake record, or HTTP again, as for ws://; whatever else is in there stays closed.
            let inner = match (side, feed.peek_up_to(16)) {
                (_, []) => return false,
                (Side::Server, _) => None,
                (Side::Client, [0x16, ..]) => Some("tls"),
                (Side::Client, seen) => match start::beginning(side, seen) {
                    Beginning::More => return false,
                    Beginning::Yes => Some("http"),
                    Beginning::No(_) => None,
                },
            };
            let started = inner.is_some_and(|name| out.start_child(0, name, true, &[]));
            self.tunnel = Some(if started {
                Tunnel::Child(0)
            } else {
                Tunnel::Opaque
            });
        }
        let now = feed.offset();
        let Some((bytes, span)) = feed.take_some(u64::MAX) else {
            return false;
        };
        if let Some(since) = self.lanes[side].lost_since.take() {
            // A hole before the tunnel was known of, and what was looked through since.
            let len = now.saturating_sub(since).max(1);
            self.pass(side, now.saturating_sub(len), Input::Gap { len }, out);
        }
        self.pass(side, span.start, Input::Data(bytes), out);
        true
    }

    pub(super) fn pass(
        &mut self,
        side: Side,
        at: StreamOffset,
        input: Input<'_>,
        out: &mut Output<'_>,
    ) {
        let child = match self.tunnel {
            Some(Tunnel::Child(child)) => Some(child),
            _ => None,
        };
        if let Input::Data(bytes) = input {
            let span = Span::new(at, at + bytes.len() as u64);
            match &self.show.target {
                Some(target) => out.fields(side, span, |w| describe::tunnelled(w, target)),
                // What nobody reads is no part of a message that goes on.
                None if child.is_none() => out.fields(side, span, |_| {}),
                None => {}
            }
        }
        if let Some(child) = child {
            out.child(child, side, at, input);
        }
    }
}
