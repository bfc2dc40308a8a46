//! The registry: one folder and one entry a protocol.
//!
//! A protocol's folder never names another protocol's: contained bytes go back through
//! [`Output::child`](crate::dissector::Output::child), and the stack starts the child by its name here.

mod dcerpc;
mod http;
mod nbss;
mod oncrpc;
mod smb;
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
    &websocket::PROTOCOL,
];

/// The fields of every protocol, a table each.
pub const FIELDS: &[&[FieldInfo]] = &[
    nbss::fields::FIELDS,
    oncrpc::fields::rpc::FIELDS,
    oncrpc::fields::portmap::FIELDS,
    oncrpc::fields::mount::FIELDS,
    oncrpc::fields::nfs::FIELDS,
    oncrpc::fields::locks::nlm::FIELDS,
    oncrpc::fields::locks::klm::FIELDS,
];

/// Every kind of exchange whose two halves name each other's frame.
pub static PAIRS: &[&Pair] = &[&oncrpc::fields::rpc::CALL];
