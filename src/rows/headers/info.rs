//! The columns of a summary line.

use super::transport::TcpHeader;
use super::{Out, Picked};
use crate::frame::Header;

pub(super) fn columns(
    _picked: &Picked,
    _header: &Header,
    _bytes: &[u8],
    _tcp: Option<&TcpHeader<'_>>,
    _out: &mut Out<'_>,
) {
}
