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
use crate::token;

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
    smb::fields::smb1::FIELDS,
    smb::fields::smb2::FIELDS,
    token::fields::ntlmssp::FIELDS,
    token::fields::spnego::FIELDS,
];

/// Every kind of exchange whose two halves name each other's frame.
pub const PAIRS: &[&Pair] = &[
    &smb::fields::SMB2_EXCHANGE,
    &smb::fields::SMB2_LOGON,
    &smb::fields::SMB2_TREE,
];
