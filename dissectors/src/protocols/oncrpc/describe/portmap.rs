//! The port mapper's calls and replies (RFC 1833 sections 2 and 3).

use super::super::fields::portmap as f;
use super::super::fields::rpc::VALUE_FOLLOWS;
use super::items::Item::{self, Bool, List, Opaque, Parts, Quiet, Text, Word};

const MAPPING: &[Item] = &[
    Word(f::PROG),
    Word(f::VERSION),
    Word(f::PROTO_NUMBER),
    Word(f::PORT),
];
const RPCB: Item = Parts(
    f::RPCB,
    &[
        Word(f::RPCB_PROG),
        Word(f::RPCB_VERSION),
        Text(f::RPCB_NETID),
        Text(f::RPCB_ADDR),
        Text(f::RPCB_OWNER),
    ],
);
const CALLED: &[Item] = &[
    Word(f::PROG),
    Word(f::VERSION),
    Word(f::PROC),
    Opaque(f::ARGS),
];

pub(super) const fn call(version: u32, procedure: u32) -> &'static [Item] {
    match (version, procedure) {
        (1 | 2, 1 | 3) => &[
            Word(f::PROG),
            Word(f::VERSION),
            Word(f::PROTO_NUMBER),
            Quiet(&[Word(f::PORT)]),
        ],
        (1 | 2, 2) => &[Word(f::PROG), Word(f::VERSION)],
        (_, 1..=3) | (4, 9 | 11) => &[Quiet(&[RPCB])],
        (_, 5) | (4, 10) => CALLED,
        _ => &[],
    }
}

pub(super) const fn reply(version: u32, procedure: u32) -> &'static [Item] {
    match (version, procedure) {
        (_, 1 | 2) => &[Bool(f::ANSWER)],
        (1 | 2, 3) => &[Word(f::PORT)],
        (_, 3) | (4, 9) => &[Text(f::UADDR)],
        (1 | 2, 4) => &[Quiet(&[List(VALUE_FOLLOWS, MAPPING)])],
        (_, 4) => &[Quiet(&[List(VALUE_FOLLOWS, &[RPCB])])],
        (1 | 2, 5) => &[Word(f::PORT), Opaque(f::RESULT)],
        _ => &[],
    }
}
