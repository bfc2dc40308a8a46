//! The registry: one folder and one entry a protocol.
//!
//! A protocol's folder never names another protocol's: contained bytes go back through
//! [`Output::child`](crate::dissector::Output::child), and the stack starts the child by its name here.

mod dcerpc;
mod grpc;
mod http;
mod http2;
mod kerberos;
mod ldap;
mod nbdgm;
mod nbns;
mod nbss;
mod oncrpc;
mod quic;
mod smb;
mod ssh;
mod tls;
mod websocket;

/// Calls in pipes whose interface was agreed on another connection.
pub use dcerpc::pipes;
/// What is to be told where one side speaks TLS and the other does not, and how TLS is asked for in clear.
pub(crate) use tls::{asks_in_clear, is_farewell, mixed, refused};

use crate::dissector::Protocol;
use crate::field::{FieldInfo, Name, Pair};
use crate::token;

/// How a server refuses TLS that was asked for in clear, in words to be shown.
pub(crate) fn refusal(said: &[u8]) -> Option<String> {
    ldap::refusal(said).or_else(|| tls::refusal(said))
}

/// Every protocol, in the order in which content is probed.
pub const PROTOCOLS: &[&Protocol] = &[
    &nbss::PROTOCOL,
    &nbdgm::PROTOCOL,
    &nbns::PROTOCOL,
    &smb::PROTOCOL,
    &dcerpc::PROTOCOL,
    &oncrpc::PROTOCOL,
    &http::PROTOCOL,
    &http::SIMPLE,
    &http::ssdp::PROTOCOL,
    &websocket::PROTOCOL,
    &tls::PROTOCOL,
    &tls::MESSAGES,
    &quic::PROTOCOL,
    &http2::PROTOCOL,
    &grpc::PROTOCOL,
    &ssh::PROTOCOL,
    &kerberos::PROTOCOL,
    &ldap::PROTOCOL,
];

/// The fields of every protocol, a table each.
pub const FIELDS: &[&[FieldInfo]] = &[
    nbss::fields::FIELDS,
    nbdgm::fields::FIELDS,
    ldap::fields::FIELDS,
    http::fields::FIELDS,
    http::fields::ssdp::FIELDS,
    websocket::fields::FIELDS,
    tls::fields::FIELDS,
    quic::fields::FIELDS,
    http2::fields::FIELDS,
    grpc::fields::FIELDS,
    smb::fields::smb1::FIELDS,
    smb::fields::smb2::FIELDS,
    token::fields::ntlmssp::FIELDS,
    token::fields::spnego::FIELDS,
    dcerpc::fields::FIELDS,
    dcerpc::fields::epm::FIELDS,
    oncrpc::fields::rpc::FIELDS,
    oncrpc::fields::portmap::FIELDS,
    oncrpc::fields::mount::FIELDS,
    oncrpc::fields::nfs::FIELDS,
    oncrpc::fields::locks::nlm::FIELDS,
    oncrpc::fields::locks::klm::FIELDS,
    ssh::fields::FIELDS,
];

/// Every kind of exchange whose two halves name each other's frame.
pub static PAIRS: &[&Pair] = &[
    &http::fields::EXCHANGE,
    &http::fields::REQUESTS,
    &http::fields::RESPONSES,
    &http::fields::NEXT_REQUEST,
    &http::fields::PREV_REQUEST,
    &smb::fields::SMB2_EXCHANGE,
    &smb::fields::SMB1_EXCHANGE,
    &smb::fields::SMB1_CONTINUATION,
    &ldap::EXCHANGE,
    &dcerpc::fields::CALL,
    &oncrpc::fields::rpc::CALL,
];

/// Every kind of name that messages show beside the one that says it.
pub const NAMES: &[&Name] = &[
    &smb::fields::SMB2_LOGON,
    &smb::fields::SMB2_TREE,
    &smb::fields::SMB1_TREE,
    &smb::fields::SMB1_FILE,
];
