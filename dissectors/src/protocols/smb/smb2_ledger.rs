//! SMB2's ledgers: credits, and the MessageIds that they allow.

use super::names;
use super::wire2::{Header, command};

/// What a request does that its MessageId does not allow (MS-SMB2 3.3.5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misuse {
    /// The id was used before on this connection.
    Reused,
    /// Credits allow only smaller ones than this.
    Beyond(u64),
}

/// The window of MessageIds (MS-SMB2 3.3.1.1): it begins with 0 alone, each credit that is granted adds one, each request takes
/// as many as its charge.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// One past the highest id that is granted; `None` when the capture does not tell.
    limit: Option<u64>,
    /// One past the highest id that was used.
    next: u64,
    /// Smaller ids that were not used, as far as the capture tells: from and to.
    free: Vec<(u64, u64)>,
    /// A request may take several ids: a dialect from 2.1 on was seen to be chosen.
    pub(super) has_charges: bool,
}

/// Stretches of unused ids that are told apart; a client takes ids in their order.
const MAX_FREE: usize = 64;

impl Window {
    pub(super) const fn new(beginning: bool) -> Self {
        Self {
            limit: if beginning { Some(1) } else { None },
            next: 0,
            free: Vec::new(),
            has_charges: false,
        }
    }

    /// The SMB1 NEGOTIATE that was answered in SMB2 took what lies before `id`; clients differ in whether they count it.
    pub(super) fn begin_at(&mut self, id: u64) {
        if self.next < id {
            self.skip(self.next, id);
            self.next = id;
        }
    }

    /// Grants may have been missed.
    pub(super) const fn lose(&mut self) {
        self.limit = None;
    }

    /// The smallest id that was left out, and how many from it on the client has passed: a server's window does not move on beyond
    /// an id that is not used. What an SMB1 NEGOTIATE may have taken is none.
    pub(super) fn hole(&self) -> Option<(u64, u64)> {
        let ids = self.free.iter().map(|(from, _)| *from);
        let first = ids.filter(|from| *from > 0).min()?;
        Some((first, self.next.saturating_sub(first)))
    }

    /// An answer grants credits.
    pub(super) fn grant(&mut self, credits: u16) {
        if let Some(limit) = &mut self.limit {
            *limit = limit.saturating_add(credits.into());
        }
    }

    /// A request takes its ids. Gives what is wrong with that.
    pub(super) fn take(&mut self, header: &Header) -> Option<Misuse> {
        let id = header.message_id;
        let charge = if self.has_charges {
            u64::from(header.credit_charge.max(1))
        } else {
            1
        };
        let end = id.saturating_add(charge);
        if let Some(limit) = self.limit.filter(|limit| end > *limit) {
            return Some(Misuse::Beyond(limit));
        }
        if id >= self.next {
            if id > self.next {
                self.skip(self.next, id);
            }
            self.next = end;
            return None;
        }
        let Some(index) = self
            .free
            .iter()
            .position(|(from, to)| (*from..*to).contains(&id))
        else {
            return Some(Misuse::Reused);
        };
        let (from, to) = self.free.swap_remove(index);
        for (from, to) in [(from, id), (end, to)] {
            if from < to {
                self.skip(from, to);
            }
        }
        None
    }

    /// Ids are left out. Where they are too many stretches, two count as one: a used id may then pass for a free one.
    fn skip(&mut self, from: u64, to: u64) {
        self.free.push((from, to));
        if self.free.len() > MAX_FREE {
            self.free.sort_unstable();
            let (_, to) = self.free.remove(1);
            if let Some(first) = self.free.first_mut() {
                first.1 = to;
            }
        }
    }
}

/// The ledger of credits (MS-SMB2 3.3.1.2): a client begins with one, each request spends its charge, each answer grants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credits {
    /// What the client holds; `None` when the capture does not tell.
    held: Option<i64>,
    /// Credits of requests without a final answer.
    outstanding: i64,
    /// Requests at work that took the last credit.
    last_credits: u32,
    /// Credits that the last request asked for.
    wanted: u16,
    /// The last answer granted less than was wanted.
    stingy: bool,
    /// Credits that were granted and charged so far.
    granted: u64,
    charged: u64,
    trend: Trend,
    /// Their difference since the last loss, and its lowest: the client held at least as much as it fell by.
    balance: i64,
    lowest: i64,
}

/// Requests that took the last credit before it is told: a server is slow with credits at the beginning.
const LAST_CREDITS: u32 = 8;

impl Credits {
    pub(super) const fn new(beginning: bool) -> Self {
        Self {
            held: if beginning { Some(1) } else { None },
            outstanding: 0,
            last_credits: 0,
            wanted: 0,
            stingy: false,
            granted: 0,
            charged: 0,
            trend: Trend::new(),
            balance: 0,
            lowest: 0,
        }
    }

    pub(super) const fn lose(&mut self) {
        self.held = None;
        self.trend = Trend::new();
        self.balance = 0;
        self.lowest = 0;
    }

    /// Credits granted and charged, if there were any.
    pub(super) fn told(&self) -> Option<(u64, u64)> {
        (self.granted > 0 || self.charged > 0).then_some((self.granted, self.charged))
    }

    /// What the client holds, and true; or at least holds, and false, where the capture does not tell all.
    pub(super) fn left(&self) -> (i64, bool) {
        match self.held {
            Some(held) => (held, true),
            None => (self.balance - self.lowest, false),
        }
    }

    /// Books a request. True when, once in a session, work has often taken the last credit.
    pub(super) fn spend(&mut self, header: &Header) -> bool {
        let charge = i64::from(header.credit_charge.max(1));
        self.outstanding += charge;
        self.charged += charge.unsigned_abs();
        self.balance -= charge;
        self.trend.wanted += u64::from(header.credits);
        self.trend.charged += charge.unsigned_abs();
        self.lowest = self.lowest.min(self.balance);
        let Some(held) = &mut self.held else {
            return false;
        };
        *held -= charge;
        self.wanted = header.credits;
        // Who asks for one credit at a time does not starve.
        let works = self.stingy && header.command > command::TREE_CONNECT && header.next == 0;
        self.last_credits += u32::from(works && *held <= 0);
        works && *held <= 0 && self.last_credits == LAST_CREDITS
    }

    /// Looks at the trend after an answer. Gives it once, when the server has taken most credits away.
    pub(super) fn shrunk(&mut self) -> Option<Trend> {
        let now = self.held? + self.outstanding;
        self.trend.look(now)
    }

    /// Books an answer. Gives what was granted and is outstanding where the client is left without a credit and without
    /// an answer that could bring one: the server MUST NOT do so (3.3.1.2).
    pub(super) fn earn(&mut self, header: &Header) -> Option<(u16, i64)> {
        if header.status != names::PENDING {
            self.outstanding -= i64::from(header.credit_charge.max(1));
        }
        self.granted += u64::from(header.credits);
        self.balance += i64::from(header.credits);
        self.trend.granted += u64::from(header.credits);
        self.stingy = header.credits < self.wanted;
        let held = self.held.as_mut()?;
        *held += i64::from(header.credits);
        if *held > 0 || self.outstanding > 0 || header.next != 0 {
            return None;
        }
        // Told once: from here on the ledger is no longer known.
        self.held = None;
        Some((header.credits, self.outstanding))
    }
}

/// How the credits of a client (held, or in requests at work) develop since there were most of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trend {
    pub(super) most: i64,
    pub(super) now: i64,
    /// Credits that requests asked for and took, and that answers granted, since.
    pub(super) wanted: u64,
    pub(super) charged: u64,
    pub(super) granted: u64,
    /// Answers in a row with few credits.
    low: u32,
    told: bool,
}

/// Credits that a client must have had before their decline is of interest.
const PLENTY: i64 = 64;
/// The part of them that is few.
const FEW: i64 = 4;
/// Answers in a row with few of them.
const LASTING: u32 = 64;

impl Trend {
    const fn new() -> Self {
        Self {
            most: 0,
            now: 0,
            wanted: 0,
            charged: 0,
            granted: 0,
            low: 0,
            told: false,
        }
    }

    fn look(&mut self, now: i64) -> Option<Self> {
        self.now = now;
        if now >= self.most {
            *self = Self {
                most: now,
                now,
                told: self.told,
                ..Self::new()
            };
            return None;
        }
        let few = self.most >= PLENTY && now * FEW <= self.most;
        self.low = if few { self.low + 1 } else { 0 };
        // A client that asks for fewer credits than it spends wants it so.
        let is_news = self.low >= LASTING && self.wanted >= self.charged && !self.told;
        self.told |= is_news;
        is_news.then_some(*self)
    }
}
