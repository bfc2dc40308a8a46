//! Redirections that lead a client round in a circle, on one connection: each request asks for what the answer before it named.

use super::credentials::fingerprint;
use super::facts;
use super::pending::Pending;
use super::wire::ResponseHead;
use crate::event::Fact;
use crate::text::printable;

/// Places of one circle that are remembered; a longer chain has room to end.
const PLACES: usize = 8;
/// Rounds that are told, each by one fact: of one circle, and of one connection.
const TOLD: u8 = 24;
const TOLD_IN_ALL: u8 = 72;
/// A target as long as what is kept of one may go on differently.
const KEPT: usize = 96;

/// A chain of redirections that goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Circle {
    places: [u64; PLACES],
    len: usize,
    /// It led back to the first of them.
    closed: bool,
    /// Where the last one leads.
    next: u64,
    told: u8,
    told_in_all: u8,
}

impl Circle {
    /// Another chain begins.
    fn restart(&mut self) {
        let told_in_all = self.told_in_all;
        *self = Self {
            told_in_all,
            ..Self::default()
        };
    }
}

/// Takes the final answer to a request; `secure` where both are inside of TLS. A redirection to where the chain already was is
/// `http.redirected-again`.
pub(super) fn follow(
    circle: &mut Option<Box<Circle>>,
    pending: &Pending,
    head: &ResponseHead<'_>,
    secure: bool,
) -> Option<Fact> {
    let leads = facts::is_redirect(head).then(|| ends_of(pending, head, secure));
    let Some((here, next)) = leads.flatten() else {
        if let Some(chain) = circle {
            chain.restart();
        }
        return None;
    };
    let chain = circle.get_or_insert_default();
    if chain.next != here || chain.len == 0 {
        chain.restart();
    }
    let known = chain.places.get(..chain.len).unwrap_or_default();
    match known.iter().position(|place| *place == here) {
        Some(at) if !chain.closed => {
            // What only leads into the circle is none of it.
            chain.places.rotate_left(at);
            chain.len -= at;
            chain.closed = true;
        }
        Some(_) => {}
        None => {
            if chain.closed || chain.len == PLACES {
                chain.restart();
            }
            if let Some(free) = chain.places.get_mut(chain.len) {
                *free = here;
            }
            chain.len += 1;
        }
    }
    let again = chain.closed && chain.places.first() == Some(&here);
    chain.next = next;
    if !again || chain.told == TOLD || chain.told_in_all == TOLD_IN_ALL {
        return None;
    }
    chain.told += 1;
    chain.told_in_all += 1;
    let fact = Fact::new("http.redirected-again")
        .with("status", head.status)
        .with("reason", printable(head.reason.as_bytes(), 60))
        .with("method", pending.op.name)
        .with("target", facts::target(pending.target.bytes()))
        .with("location", facts::target(head.location))
        .with("round", u64::from(chain.told))
        .with("places", chain.len as u64)
        .with("sets_cookie", head.set_cookies.iter().any(Option::is_some))
        .with("has_cookie", pending.has_cookie);
    Some(fact.in_exchange(pending.id))
}

/// Fingerprints of what was asked for and of where the answer leads, by host and target; `None` where one of them is not known in full,
/// or the other is reached in another way (https behind http).
fn ends_of(pending: &Pending, head: &ResponseHead<'_>, secure: bool) -> Option<(u64, u64)> {
    let asked = pending.target.bytes();
    let (host, target) = match split(asked) {
        Some((scheme, host, target)) => {
            // A proxy's client asks for it whole.
            (!secure && !scheme).then_some(())?;
            (fingerprint(&host), target)
        }
        None => (pending.host, asked),
    };
    let (to_host, to) = match split(head.location) {
        Some((scheme, host, target)) => {
            (scheme == secure).then_some(())?;
            (fingerprint(&host), target)
        }
        None => (host, head.location),
    };
    let to = to.split(|b| *b == b'#').next().unwrap_or_default();
    let is_known = |t: &[u8]| t.starts_with(b"/") && t.len() < KEPT;
    (is_known(target) && is_known(to)).then(|| {
        let place = |host: u64, target: &[u8]| host.rotate_left(1) ^ fingerprint(target);
        (place(host, target), place(to_host, to))
    })
}

/// An absolute URL: whether it is https, its host as the Host field has it, and its target.
fn split(url: &[u8]) -> Option<(bool, Vec<u8>, &[u8])> {
    let (secure, rest) = match url {
        [
            b'h' | b'H',
            b't' | b'T',
            b't' | b'T',
            b'p' | b'P',
            rest @ ..,
        ] => match rest {
            [b's' | b'S', b':', b'/', b'/', rest @ ..] => (true, rest),
            [b':', b'/', b'/', rest @ ..] => (false, rest),
            _ => return None,
        },
        _ => return None,
    };
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
    let (host, target) = rest.split_at(end.unwrap_or(rest.len()));
    let usual: &[u8] = if secure { b":443" } else { b":80" };
    let host = host.strip_suffix(usual).unwrap_or(host);
    let target = if target.is_empty() { b"/" } else { target };
    Some((secure, host.to_ascii_lowercase(), target))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn urls_are_taken_apart() {
        let (secure, host, target) = split(b"HTTPS://Web.example:443/a?b=c").unwrap();
        assert_eq!(
            (secure, &*host, target),
            (true, &b"web.example"[..], &b"/a?b=c"[..])
        );
        let (secure, host, target) = split(b"http://h:8080").unwrap();
        assert_eq!((secure, &*host, target), (false, &b"h:8080"[..], &b"/"[..]));
        assert!(split(b"/a").is_none());
        assert!(split(b"httpx://a/").is_none());
    }
}
