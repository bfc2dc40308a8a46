//! The interfaces of the RPC runtime itself.

use super::Operation;

/// The endpoint mapper (C706 appendix O).
pub(super) const EPMAPPER: &[Operation] = &[
    (0, "ept_insert"),
    (1, "ept_delete"),
    (2, "ept_lookup"),
    (3, "ept_map"),
    (4, "ept_lookup_handle_free"),
    (5, "ept_inq_object"),
    (6, "ept_mgmt_delete"),
    (7, "ept_map_auth"),
    (8, "ept_map_auth_async"),
];

/// Remote management, which every server offers (C706 appendix Q).
pub(super) const MGMT: &[Operation] = &[
    (0, "rpc__mgmt_inq_if_ids"),
    (1, "rpc__mgmt_inq_stats"),
    (2, "rpc__mgmt_is_server_listening"),
    (3, "rpc__mgmt_stop_server_listening"),
    (4, "rpc__mgmt_inq_princ_name"),
];

/// The echo test of Samba.
pub(super) const RPCECHO: &[Operation] = &[
    (0, "AddOne"),
    (1, "EchoData"),
    (2, "SinkData"),
    (3, "SourceData"),
    (4, "TestCall"),
    (5, "TestCall2"),
    (6, "TestSleep"),
    (7, "TestEnum"),
    (8, "TestSurrounding"),
    (9, "TestDoublePointer"),
];
