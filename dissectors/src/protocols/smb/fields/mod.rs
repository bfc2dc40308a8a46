//! The fields of SMB, by tshark's names, and what belongs together.

pub(crate) mod smb1;
pub(crate) mod smb2;

use crate::field::Pair;

/// An SMB2 request and its answers, by MessageId.
pub(crate) const SMB2_EXCHANGE: Pair = Pair {
    name: "smb2",
    reply_in: Some(smb2::RESPONSE_IN),
    request_in: Some(smb2::RESPONSE_TO),
    time: Some(smb2::TIME),
    duplicate: None,
};
/// The answer that completes a logon, and the messages of its session.
pub(crate) const SMB2_LOGON: Pair = one_way("smb2.logon", smb2::AUTH_FRAME);
/// The answer that connects a tree, and the messages that are about it.
pub(crate) const SMB2_TREE: Pair = one_way("smb2.tree", smb2::TCON_FRAME);

const fn one_way(name: &'static str, field: crate::field::FieldId) -> Pair {
    Pair {
        name,
        reply_in: None,
        request_in: Some(field),
        time: None,
        duplicate: None,
    }
}
