//! The fields of RPC and of the programs that are described, by tshark's names.

pub(in super::super) mod locks;
pub(in super::super) mod mount;
pub(in super::super) mod nfs;
pub(in super::super) mod portmap;
pub(in super::super) mod rpc;
