//! NLM's and KLM's calls and replies (X/Open C702 chapter 10, RFC 1813 section 6).

use super::super::fields::locks::{klm, nlm};
use super::items::Item::{self, Bool, Branch, Handle, Hyper, Opaque, Optional, Parts, Text, Word};

const COOKIE: Item = Opaque(nlm::COOKIE);
const LOCK: Item = Parts(
    nlm::LOCK,
    &[
        Text(nlm::CALLER_NAME),
        Branch("fh", &[Handle]),
        Opaque(nlm::OWNER),
        Word(nlm::SVID),
        Word(nlm::OFFSET),
        Word(nlm::LEN),
    ],
);
const LOCK4: Item = Parts(
    nlm::LOCK,
    &[
        Text(nlm::CALLER_NAME),
        Branch("fh", &[Handle]),
        Opaque(nlm::OWNER),
        Word(nlm::SVID),
        Hyper(nlm::OFFSET64),
        Hyper(nlm::LEN64),
    ],
);

/// A call of NLM; those that carry results of an earlier one as well.
pub(super) const fn nlm_call(version: u32, procedure: u32) -> &'static [Item] {
    match (version, procedure) {
        (4, 1 | 5 | 6 | 10) => &[COOKIE, Bool(nlm::EXCLUSIVE), LOCK4],
        (_, 1 | 5 | 6 | 10) => &[COOKIE, Bool(nlm::EXCLUSIVE), LOCK],
        (4, 2 | 7 | 22) => &[
            COOKIE,
            Bool(nlm::BLOCK),
            Bool(nlm::EXCLUSIVE),
            LOCK4,
            Bool(nlm::RECLAIM),
            Word(nlm::STATE),
        ],
        (_, 2 | 7 | 22) => &[
            COOKIE,
            Bool(nlm::BLOCK),
            Bool(nlm::EXCLUSIVE),
            LOCK,
            Bool(nlm::RECLAIM),
            Word(nlm::STATE),
        ],
        (4, 3 | 8) => &[COOKIE, Bool(nlm::BLOCK), Bool(nlm::EXCLUSIVE), LOCK4],
        (_, 3 | 8) => &[COOKIE, Bool(nlm::BLOCK), Bool(nlm::EXCLUSIVE), LOCK],
        (4, 4 | 9) => &[COOKIE, LOCK4],
        (_, 4 | 9) => &[COOKIE, LOCK],
        (_, 12..=15) => &[COOKIE, Word(nlm::STAT)],
        _ => &[],
    }
}

pub(super) const fn nlm_reply(procedure: u32) -> &'static [Item] {
    match procedure {
        2..=5 | 20..=22 => &[COOKIE, Word(nlm::STAT)],
        _ => &[],
    }
}

const KLM_LOCK: Item = Parts(
    klm::LOCK,
    &[
        Text(klm::SERVERNAME),
        Branch("fh", &[Handle]),
        Word(klm::PID),
        Word(klm::OFFSET),
        Word(klm::LEN),
    ],
);

pub(super) const fn klm_call(procedure: u32) -> &'static [Item] {
    match procedure {
        1 => &[Bool(klm::EXCLUSIVE), KLM_LOCK],
        2 | 3 => &[Bool(klm::BLOCK), Bool(klm::EXCLUSIVE), KLM_LOCK],
        4 => &[KLM_LOCK],
        _ => &[],
    }
}

pub(super) const fn klm_reply(procedure: u32) -> &'static [Item] {
    match procedure {
        // The holder is told where the lock is denied.
        1 => &[Optional(
            klm::STATS,
            &[Parts(
                klm::HOLDER,
                &[
                    Bool(klm::EXCLUSIVE),
                    Word(klm::PID),
                    Word(klm::OFFSET),
                    Word(klm::LEN),
                ],
            )],
        )],
        2..=4 => &[Word(klm::STATS)],
        _ => &[],
    }
}
