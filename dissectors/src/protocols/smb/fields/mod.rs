//! The fields of SMB, by tshark's names, and what belongs together.

pub(crate) mod smb1;
pub(crate) mod smb2;

use crate::field::{Name, Pair, Reach};

/// An SMB2 request and its answers, by MessageId.
pub(crate) const SMB2_EXCHANGE: Pair = Pair {
    name: "smb2",
    reply_in: Some(smb2::RESPONSE_IN),
    request_in: Some(smb2::RESPONSE_TO),
    time: Some(smb2::TIME),
    duplicate: None,
    hint: None,
};
/// An SMB1 request and its answers, by process, multiplex id and command.
pub(crate) const SMB1_EXCHANGE: Pair = Pair {
    name: "smb",
    reply_in: Some(smb1::RESPONSE_IN),
    request_in: Some(smb1::RESPONSE_TO),
    time: Some(smb1::TIME),
    duplicate: None,
    hint: None,
};
/// A transaction's request and what goes on with it in secondary ones.
pub(crate) const SMB1_CONTINUATION: Pair = Pair {
    name: "smb.continuation",
    reply_in: None,
    request_in: Some(smb1::CONTINUATION_TO),
    time: None,
    duplicate: None,
    hint: None,
};
/// The answer that completes a logon, by SessionId.
pub(crate) const SMB2_LOGON: Name = Name {
    name: "smb2.logon",
    text: None,
    number: None,
    frame: Some(smb2::AUTH_FRAME),
    reach: Reach::Capture,
};
/// A tree's path and type, by SessionId and TreeId.
pub(crate) const SMB2_TREE: Name = Name {
    name: "smb2.tree",
    text: Some(smb2::TREE),
    number: Some(smb2::SHARE_TYPE),
    frame: Some(smb2::TCON_FRAME),
    reach: Reach::Capture,
};
/// A tree's path, by TID.
pub(crate) const SMB1_TREE: Name = Name {
    name: "smb.tree",
    text: Some(smb1::PATH),
    number: None,
    frame: Some(smb1::FID_MAPPED_IN),
    reach: Reach::Conversation,
};
/// A file's name, by FID.
pub(crate) const SMB1_FILE: Name = Name {
    name: "smb.file",
    text: Some(smb1::FILE),
    number: None,
    frame: Some(smb1::FID_OPENED_IN),
    reach: Reach::Behind,
};
