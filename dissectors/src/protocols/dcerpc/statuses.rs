//! Names of fault codes and of return values, and which of these are failures.
//!
//! Not every number has a name here; a number without one is shown as a number. Sources: C706 appendix N,
//! MS-ERREF 2.1 (HRESULT), 2.2 (Win32), 2.3 (NTSTATUS).

use super::interfaces::Returns;

/// The name of a status that a fault carries: an `nca_` code, a Win32 error, an HRESULT or an NTSTATUS.
pub(super) fn fault(code: u32) -> &'static str {
    match find(NCA, code) {
        "" if code <= 0xffff => find(WIN32, code),
        "" => hresult(code),
        name => name,
    }
}

/// What a return value says, if it says that the call failed.
pub(super) fn failure(returns: Returns, code: u32) -> Option<&'static str> {
    match returns {
        Returns::Unknown => None,
        // What asks the caller for a larger buffer, or says that there is more or no more, is ordinary.
        Returns::Win32 if matches!(code, 0 | 122 | 234 | 259 | 997 | 2123) => None,
        Returns::Win32 => {
            let name = match find(WIN32, code) {
                "" => hresult(code),
                name => name,
            };
            let known = code <= 0xffff || !name.is_empty() || is_hresult(code);
            known.then_some(name)
        }
        // Success, information and warnings have other severities than 3.
        Returns::Ntstatus if code >> 30 != 3 => None,
        Returns::Ntstatus => match code {
            0xc000_0023 => None, // STATUS_BUFFER_TOO_SMALL
            _ if !is_ntstatus(code) => None,
            _ => Some(find(NTSTATUS, code)),
        },
        // E_NOINTERFACE answers a client that asks what an object can do.
        Returns::Hresult if code >> 31 == 0 || code == 0x8000_4002 => None,
        Returns::Hresult => {
            let name = hresult(code);
            (!name.is_empty() || is_hresult(code)).then_some(name)
        }
        Returns::Rpc if code == 0 => None,
        Returns::Rpc => {
            let name = fault(code);
            (code <= 0xffff || !name.is_empty()).then_some(name)
        }
    }
}

/// An HRESULT of Microsoft's that says failure: no reserved bit is set, and the facility is one of the low numbers that are given
/// out (MS-ERREF 2.1). A number without a name may be one; four bytes of something else hardly are.
const fn is_hresult(code: u32) -> bool {
    code & 0xf800_0000 == 0x8000_0000 && (code >> 16) & 0x7ff <= 0x100
}

/// An NTSTATUS of Microsoft's that says error: neither the customer's bit nor the reserved one is set, and the facility is one of
/// those that are given out (MS-ERREF 2.3.1).
const fn is_ntstatus(code: u32) -> bool {
    code & 0xf000_0000 == 0xc000_0000 && matches!((code >> 16) & 0xfff, 0..=0x5f | 0xe0..=0xff)
}

/// The endpoint mapper's "there is none" (C706 appendix N).
pub(super) const EPT_S_NOT_REGISTERED: u32 = 0x16c9_a0d6;

fn hresult(code: u32) -> &'static str {
    match find(HRESULT, code) {
        // FACILITY_WIN32: a Win32 error in an HRESULT.
        "" if code >> 16 == 0x8007 => find(WIN32, code & 0xffff),
        "" => find(NTSTATUS, code),
        name => name,
    }
}

fn find(table: &[(u32, &'static str)], code: u32) -> &'static str {
    table
        .binary_search_by_key(&code, |e| e.0)
        .ok()
        .and_then(|at| table.get(at))
        .map_or("", |e| e.1)
}

const NCA: &[(u32, &str)] = &[
    (0x16c9_a0cd, "ept_s_cant_perform_op"),
    (0x16c9_a0ce, "ept_s_no_memory"),
    (0x16c9_a0cf, "ept_s_database_invalid"),
    (0x16c9_a0d0, "ept_s_cant_create"),
    (0x16c9_a0d1, "ept_s_cant_access"),
    (0x16c9_a0d2, "ept_s_database_already_open"),
    (0x16c9_a0d3, "ept_s_invalid_entry"),
    (0x16c9_a0d4, "ept_s_update_failed"),
    (0x16c9_a0d5, "ept_s_invalid_context"),
    (0x16c9_a0d6, "ept_s_not_registered"),
    (0x16c9_a0d7, "ept_s_server_unavailable"),
    (0x1c00_0001, "nca_s_fault_int_div_by_zero"),
    (0x1c00_0002, "nca_s_fault_addr_error"),
    (0x1c00_0003, "nca_s_fault_fp_div_zero"),
    (0x1c00_0004, "nca_s_fault_fp_underflow"),
    (0x1c00_0005, "nca_s_fault_fp_overflow"),
    (0x1c00_0006, "nca_s_fault_invalid_tag"),
    (0x1c00_0007, "nca_s_fault_invalid_bound"),
    (0x1c00_0008, "nca_s_rpc_version_mismatch"),
    (0x1c00_0009, "nca_s_unspec_reject"),
    (0x1c00_000a, "nca_s_bad_actid"),
    (0x1c00_000b, "nca_s_who_are_you_failed"),
    (0x1c00_000c, "nca_s_manager_not_entered"),
    (0x1c00_000d, "nca_s_fault_cancel"),
    (0x1c00_000e, "nca_s_fault_ill_inst"),
    (0x1c00_000f, "nca_s_fault_fp_error"),
    (0x1c00_0010, "nca_s_fault_int_overflow"),
    (0x1c00_0012, "nca_s_fault_unspec"),
    (0x1c00_0013, "nca_s_fault_remote_comm_failure"),
    (0x1c00_0014, "nca_s_fault_pipe_empty"),
    (0x1c00_0015, "nca_s_fault_pipe_closed"),
    (0x1c00_0016, "nca_s_fault_pipe_order"),
    (0x1c00_0017, "nca_s_fault_pipe_discipline"),
    (0x1c00_0018, "nca_s_fault_pipe_comm_error"),
    (0x1c00_0019, "nca_s_fault_pipe_memory"),
    (0x1c00_001a, "nca_s_fault_context_mismatch"),
    (0x1c00_001b, "nca_s_fault_remote_no_memory"),
    (0x1c00_001c, "nca_s_invalid_pres_context_id"),
    (0x1c00_001d, "nca_s_unsupported_authn_level"),
    (0x1c00_001f, "nca_s_invalid_checksum"),
    (0x1c00_0020, "nca_s_invalid_crc"),
    (0x1c00_0021, "nca_s_fault_user_defined"),
    (0x1c00_0022, "nca_s_fault_tx_open_failed"),
    (0x1c00_0023, "nca_s_fault_codeset_conv_error"),
    (0x1c00_0024, "nca_s_fault_object_not_found"),
    (0x1c00_0025, "nca_s_fault_no_client_stub"),
    (0x1c01_0001, "nca_s_comm_failure"),
    (0x1c01_0002, "nca_s_op_rng_error"),
    (0x1c01_0003, "nca_s_unk_if"),
    (0x1c01_0006, "nca_s_wrong_boot_time"),
    (0x1c01_0009, "nca_s_you_crashed"),
    (0x1c01_000b, "nca_s_proto_error"),
    (0x1c01_0013, "nca_s_out_args_too_big"),
    (0x1c01_0014, "nca_s_server_too_busy"),
    (0x1c01_0015, "nca_s_fault_string_too_long"),
    (0x1c01_0017, "nca_s_unsupported_type"),
];

const WIN32: &[(u32, &str)] = &[
    (1, "ERROR_INVALID_FUNCTION"),
    (2, "ERROR_FILE_NOT_FOUND"),
    (3, "ERROR_PATH_NOT_FOUND"),
    (5, "ERROR_ACCESS_DENIED"),
    (6, "ERROR_INVALID_HANDLE"),
    (8, "ERROR_NOT_ENOUGH_MEMORY"),
    (13, "ERROR_INVALID_DATA"),
    (14, "ERROR_OUTOFMEMORY"),
    (21, "ERROR_NOT_READY"),
    (31, "ERROR_GEN_FAILURE"),
    (50, "ERROR_NOT_SUPPORTED"),
    (53, "ERROR_BAD_NETPATH"),
    (67, "ERROR_BAD_NET_NAME"),
    (87, "ERROR_INVALID_PARAMETER"),
    (109, "ERROR_BROKEN_PIPE"),
    (110, "ERROR_OPEN_FAILED"),
    (111, "ERROR_BUFFER_OVERFLOW"),
    (112, "ERROR_DISK_FULL"),
    (120, "ERROR_CALL_NOT_IMPLEMENTED"),
    (123, "ERROR_INVALID_NAME"),
    (124, "ERROR_INVALID_LEVEL"),
    (126, "ERROR_MOD_NOT_FOUND"),
    (161, "ERROR_BAD_PATHNAME"),
    (170, "ERROR_BUSY"),
    (183, "ERROR_ALREADY_EXISTS"),
    (997, "ERROR_IO_PENDING"),
    (1051, "ERROR_DEPENDENT_SERVICES_RUNNING"),
    (1052, "ERROR_INVALID_SERVICE_CONTROL"),
    (1053, "ERROR_SERVICE_REQUEST_TIMEOUT"),
    (1055, "ERROR_SERVICE_DATABASE_LOCKED"),
    (1056, "ERROR_SERVICE_ALREADY_RUNNING"),
    (1058, "ERROR_SERVICE_DISABLED"),
    (1060, "ERROR_SERVICE_DOES_NOT_EXIST"),
    (1061, "ERROR_SERVICE_CANNOT_ACCEPT_CTRL"),
    (1062, "ERROR_SERVICE_NOT_ACTIVE"),
    (1069, "ERROR_SERVICE_LOGON_FAILED"),
    (1072, "ERROR_SERVICE_MARKED_FOR_DELETE"),
    (1073, "ERROR_SERVICE_EXISTS"),
    (1115, "ERROR_SHUTDOWN_IN_PROGRESS"),
    (1223, "ERROR_CANCELLED"),
    (1311, "ERROR_NO_LOGON_SERVERS"),
    (1314, "ERROR_PRIVILEGE_NOT_HELD"),
    (1326, "ERROR_LOGON_FAILURE"),
    (1332, "ERROR_NONE_MAPPED"),
    (1355, "ERROR_NO_SUCH_DOMAIN"),
    (1398, "ERROR_TIME_SKEW"),
    (1702, "RPC_S_INVALID_BINDING"),
    (1703, "RPC_S_PROTSEQ_NOT_SUPPORTED"),
    (1717, "RPC_S_UNKNOWN_IF"),
    (1721, "RPC_S_OUT_OF_RESOURCES"),
    (1722, "RPC_S_SERVER_UNAVAILABLE"),
    (1723, "RPC_S_SERVER_TOO_BUSY"),
    (1726, "RPC_S_CALL_FAILED"),
    (1727, "RPC_S_CALL_FAILED_DNE"),
    (1728, "RPC_S_PROTOCOL_ERROR"),
    (1730, "RPC_S_UNSUPPORTED_TRANS_SYN"),
    (1732, "RPC_S_UNSUPPORTED_TYPE"),
    (1733, "RPC_S_INVALID_TAG"),
    (1734, "RPC_S_INVALID_BOUND"),
    (1745, "RPC_S_PROCNUM_OUT_OF_RANGE"),
    (1747, "RPC_S_UNKNOWN_AUTHN_SERVICE"),
    (1748, "RPC_S_UNKNOWN_AUTHN_LEVEL"),
    (1751, "EPT_S_INVALID_ENTRY"),
    (1752, "EPT_S_CANT_PERFORM_OP"),
    (1753, "EPT_S_NOT_REGISTERED"),
    (1764, "RPC_S_CANNOT_SUPPORT"),
    (1766, "RPC_S_INTERNAL_ERROR"),
    (1767, "RPC_S_ZERO_DIVIDE"),
    (1768, "RPC_S_ADDRESS_ERROR"),
    (1775, "RPC_X_SS_IN_NULL_CONTEXT"),
    (1777, "RPC_X_SS_CONTEXT_DAMAGED"),
    (1778, "RPC_X_SS_HANDLES_MISMATCH"),
    (1780, "RPC_X_NULL_REF_POINTER"),
    (1781, "RPC_X_ENUM_VALUE_OUT_OF_RANGE"),
    (1782, "RPC_X_BYTE_COUNT_TOO_SMALL"),
    (1783, "RPC_X_BAD_STUB_DATA"),
    (1789, "ERROR_TRUSTED_RELATIONSHIP_FAILURE"),
    (1796, "ERROR_UNKNOWN_PORT"),
    (1797, "ERROR_UNKNOWN_PRINTER_DRIVER"),
    (1801, "ERROR_INVALID_PRINTER_NAME"),
    (1802, "ERROR_PRINTER_ALREADY_EXISTS"),
    (1804, "ERROR_INVALID_DATATYPE"),
    (1818, "RPC_S_CALL_CANCELLED"),
    (1825, "RPC_S_SEC_PKG_ERROR"),
    (1908, "ERROR_DOMAIN_CONTROLLER_NOT_FOUND"),
    (2102, "NERR_NetNotStarted"),
    (2114, "NERR_ServerNotStarted"),
    (2118, "NERR_DuplicateShare"),
    (2221, "NERR_UserNotFound"),
    (2310, "NERR_NetNameNotFound"),
    (2311, "NERR_DeviceNotShared"),
    (2312, "NERR_ClientNameNotFound"),
    (2314, "NERR_FileIdNotFound"),
    (8333, "ERROR_DS_OBJ_NOT_FOUND"),
    (8418, "ERROR_DS_DRA_SCHEMA_MISMATCH"),
    (8438, "ERROR_DS_DRA_BUSY"),
    (8439, "ERROR_DS_DRA_BAD_DN"),
    (8440, "ERROR_DS_DRA_BAD_NC"),
    (8453, "ERROR_DS_DRA_ACCESS_DENIED"),
    (9601, "DNS_ERROR_ZONE_DOES_NOT_EXIST"),
    (9714, "DNS_ERROR_NAME_DOES_NOT_EXIST"),
];

const HRESULT: &[(u32, &str)] = &[
    (0x8000_4001, "E_NOTIMPL"),
    (0x8000_4002, "E_NOINTERFACE"),
    (0x8000_4005, "E_FAIL"),
    (0x8000_ffff, "E_UNEXPECTED"),
    (0x8001_0105, "RPC_E_SERVERFAULT"),
    (0x8001_0106, "RPC_E_CHANGED_MODE"),
    (0x8001_0108, "RPC_E_DISCONNECTED"),
    (0x8001_010a, "RPC_E_SERVERCALL_RETRYLATER"),
    (0x8001_0110, "RPC_E_INVALID_OXID"),
    (0x8001_0111, "RPC_E_INVALID_HEADER"),
    (0x8001_0114, "RPC_E_INVALID_OBJECT"),
    (0x8001_011b, "RPC_E_ACCESS_DENIED"),
    (0x8002_0003, "DISP_E_MEMBERNOTFOUND"),
    (0x8002_0006, "DISP_E_UNKNOWNNAME"),
    (0x8002_0009, "DISP_E_EXCEPTION"),
    (0x8003_0002, "STG_E_FILENOTFOUND"),
    (0x8004_0154, "REGDB_E_CLASSNOTREG"),
    (0x8004_1001, "WBEM_E_FAILED"),
    (0x8004_1002, "WBEM_E_NOT_FOUND"),
    (0x8004_1003, "WBEM_E_ACCESS_DENIED"),
    (0x8004_100e, "WBEM_E_INVALID_NAMESPACE"),
    (0x8004_1010, "WBEM_E_INVALID_CLASS"),
    (0x8004_1017, "WBEM_E_INVALID_QUERY"),
    (0x8004_1032, "WBEM_E_CALL_CANCELLED"),
    (0x8004_130f, "SCHED_E_ACCOUNT_INFORMATION_NOT_SET"),
    (0x8004_1315, "SCHED_E_SERVICE_NOT_RUNNING"),
    (0x8007_0005, "E_ACCESSDENIED"),
    (0x8007_000e, "E_OUTOFMEMORY"),
    (0x8007_0057, "E_INVALIDARG"),
    (0x8008_0005, "CO_E_SERVER_EXEC_FAILURE"),
    (0x8009_030c, "SEC_E_LOGON_DENIED"),
    (0x8009_0322, "SEC_E_WRONG_PRINCIPAL"),
];

const NTSTATUS: &[(u32, &str)] = &[
    (0xc000_0001, "STATUS_UNSUCCESSFUL"),
    (0xc000_0002, "STATUS_NOT_IMPLEMENTED"),
    (0xc000_0003, "STATUS_INVALID_INFO_CLASS"),
    (0xc000_0008, "STATUS_INVALID_HANDLE"),
    (0xc000_000d, "STATUS_INVALID_PARAMETER"),
    (0xc000_0017, "STATUS_NO_MEMORY"),
    (0xc000_0022, "STATUS_ACCESS_DENIED"),
    (0xc000_0033, "STATUS_OBJECT_NAME_INVALID"),
    (0xc000_0034, "STATUS_OBJECT_NAME_NOT_FOUND"),
    (0xc000_0035, "STATUS_OBJECT_NAME_COLLISION"),
    (0xc000_005e, "STATUS_NO_LOGON_SERVERS"),
    (0xc000_0060, "STATUS_NO_SUCH_PRIVILEGE"),
    (0xc000_0061, "STATUS_PRIVILEGE_NOT_HELD"),
    (0xc000_0062, "STATUS_INVALID_ACCOUNT_NAME"),
    (0xc000_0063, "STATUS_USER_EXISTS"),
    (0xc000_0064, "STATUS_NO_SUCH_USER"),
    (0xc000_0065, "STATUS_GROUP_EXISTS"),
    (0xc000_0066, "STATUS_NO_SUCH_GROUP"),
    (0xc000_0067, "STATUS_MEMBER_IN_GROUP"),
    (0xc000_0068, "STATUS_MEMBER_NOT_IN_GROUP"),
    (0xc000_006a, "STATUS_WRONG_PASSWORD"),
    (0xc000_006c, "STATUS_PASSWORD_RESTRICTION"),
    (0xc000_006d, "STATUS_LOGON_FAILURE"),
    (0xc000_006e, "STATUS_ACCOUNT_RESTRICTION"),
    (0xc000_006f, "STATUS_INVALID_LOGON_HOURS"),
    (0xc000_0070, "STATUS_INVALID_WORKSTATION"),
    (0xc000_0071, "STATUS_PASSWORD_EXPIRED"),
    (0xc000_0072, "STATUS_ACCOUNT_DISABLED"),
    (0xc000_0073, "STATUS_NONE_MAPPED"),
    (0xc000_0078, "STATUS_INVALID_SID"),
    (0xc000_009a, "STATUS_INSUFFICIENT_RESOURCES"),
    (0xc000_00bb, "STATUS_NOT_SUPPORTED"),
    (0xc000_00c9, "STATUS_NETWORK_NAME_DELETED"),
    (0xc000_00dc, "STATUS_INVALID_SERVER_STATE"),
    (0xc000_00dd, "STATUS_INVALID_DOMAIN_STATE"),
    (0xc000_00de, "STATUS_INVALID_DOMAIN_ROLE"),
    (0xc000_00df, "STATUS_NO_SUCH_DOMAIN"),
    (0xc000_00e5, "STATUS_INTERNAL_ERROR"),
    (0xc000_0122, "STATUS_INVALID_COMPUTER_NAME"),
    (0xc000_0133, "STATUS_TIME_DIFFERENCE_AT_DC"),
    (0xc000_018b, "STATUS_NO_TRUST_SAM_ACCOUNT"),
    (0xc000_018d, "STATUS_TRUSTED_RELATIONSHIP_FAILURE"),
    (0xc000_0190, "STATUS_NETLOGON_NOT_STARTED"),
    (0xc000_0193, "STATUS_ACCOUNT_EXPIRED"),
    (0xc000_0205, "STATUS_INSUFF_SERVER_RESOURCES"),
    (0xc000_0224, "STATUS_PASSWORD_MUST_CHANGE"),
    (0xc000_0233, "STATUS_DOMAIN_CONTROLLER_NOT_FOUND"),
    (0xc000_0234, "STATUS_ACCOUNT_LOCKED_OUT"),
    (0xc002_0030, "RPC_NT_UNKNOWN_AUTHN_LEVEL"),
    (0xc002_0057, "RPC_NT_BINDING_INCOMPLETE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        for table in [NCA, WIN32, HRESULT, NTSTATUS] {
            for pair in table.windows(2) {
                assert!(pair[0].0 < pair[1].0, "{pair:?}");
            }
        }
    }

    #[test]
    fn a_request_for_a_larger_buffer_is_no_failure() {
        assert_eq!(failure(Returns::Win32, 0), None);
        assert_eq!(failure(Returns::Win32, 122), None);
        assert_eq!(failure(Returns::Win32, 5), Some("ERROR_ACCESS_DENIED"));
        assert_eq!(failure(Returns::Ntstatus, 0x105), None);
        assert_eq!(
            failure(Returns::Ntstatus, 0xc000_0022),
            Some("STATUS_ACCESS_DENIED")
        );
        assert_eq!(failure(Returns::Hresult, 1), None);
        assert_eq!(
            failure(Returns::Hresult, 0x8007_06ba),
            Some("RPC_S_SERVER_UNAVAILABLE")
        );
        assert_eq!(failure(Returns::Unknown, 5), None);
    }

    #[test]
    fn a_number_that_is_no_status_is_no_failure() {
        let all = [
            Returns::Win32,
            Returns::Ntstatus,
            Returns::Hresult,
            Returns::Rpc,
        ];
        // Text, patterns, lengths, pointers, the first word of an id.
        for code in [
            0x7272_7272,
            0x0002_0000,
            0xcccc_cccc,
            0xdead_beef,
            0xffff_ffff,
            0x8fff_1234,
            0xf000_0001,
        ] {
            for returns in all {
                assert_eq!(failure(returns, code), None, "{returns:?} {code:#x}");
            }
        }
        // Without a name here, and still statuses.
        assert_eq!(failure(Returns::Win32, 15_999), Some(""));
        assert_eq!(failure(Returns::Win32, 0x8009_4012), Some(""));
        assert_eq!(failure(Returns::Ntstatus, 0xc023_0001), Some(""));
        assert_eq!(failure(Returns::Hresult, 0x8004_1fff), Some(""));
        assert_eq!(failure(Returns::Rpc, 1799), Some(""));
    }

    #[test]
    fn faults_have_names_from_every_table() {
        assert_eq!(fault(0x1c01_0002), "nca_s_op_rng_error");
        assert_eq!(fault(5), "ERROR_ACCESS_DENIED");
        assert_eq!(fault(0x6f7), "RPC_X_BAD_STUB_DATA");
        assert_eq!(fault(0x8001_0108), "RPC_E_DISCONNECTED");
        assert_eq!(fault(0xc000_0022), "STATUS_ACCESS_DENIED");
        assert_eq!(fault(0xdead_beef), "");
    }
}
