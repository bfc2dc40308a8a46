//! The registry: one folder and one entry a protocol.
//!
//! A protocol's folder never names another protocol's: contained bytes go back through
//! [`Output::child`](crate::dissector::Output::child), and the stack starts the child by its name here.

mod dcerpc;
mod http;
mod nbss;
mod oncrpc;
mod smb;
mod ssh;
mod tls;
mod websocket;

use crate::dissector::Protocol;
use crate::field::{FieldInfo, Pair};

/// Every protocol, in the order in which content is probed.
pub const PROTOCOLS: &[&Protocol] = &[
    &nbss::PROTOCOL,
    &smb::PROTOCOL,
    &dcerpc::PROTOCOL,
    &oncrpc::PROTOCOL,
    &http::PROTOCOL,
    &http::ssdp::PROTOCOL,
    &websocket::PROTOCOL,
    &tls::PROTOCOL,
    &ssh::PROTOCOL,
];

/// The fields of every protocol, a table each.
pub const FIELDS: &[&[FieldInfo]] = &[
    nbss::fields::FIELDS,
    http::fields::FIELDS,
    http::fields::ssdp::FIELDS,
    websocket::fields::FIELDS,
    ssh::fields::FIELDS,
    tls::fields::FIELDS,
];

/// Every kind of exchange whose two halves name each other's frame.
pub const PAIRS: &[&Pair] = &[
    &http::fields::EXCHANGE,
    &http::fields::REQUESTS,
    &http::fields::RESPONSES,
    &http::fields::NEXT_REQUEST,
    &http::fields::PREV_REQUEST,
];
