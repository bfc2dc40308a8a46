//! Names of status numbers. Every table is sorted by number.

use crate::event::Status;

type Table = &'static [(u32, &'static str)];

fn named(table: Table, code: u32) -> &'static str {
    table
        .binary_search_by_key(&code, |(n, _)| *n)
        .ok()
        .and_then(|at| table.get(at))
        .map_or("", |(_, name)| *name)
}

/// `accept_stat` (RFC 5531 section 9).
pub(super) fn accept_stat(code: u32) -> Status {
    Status::failure(code, named(ACCEPT_STAT, code))
}

/// `auth_stat` (RFC 5531 section 9).
pub(super) fn auth_stat(code: u32) -> Status {
    Status::failure(code, named(AUTH_STAT, code))
}

/// What a program's own status says, 0 being success.
fn plain(table: Table, code: u32) -> Status {
    if code == 0 {
        Status::OK
    } else {
        Status::failure(code, named(table, code))
    }
}

/// `nfsstat` of NFSv2 (RFC 1094 section 2.3.1), `nfsstat3` (RFC 1813 section 2.6), `nfsstat4` (RFC 8881 section 15.1).
pub(super) fn nfs(version: u32, code: u32) -> Status {
    match version {
        2 => plain(NFS2, code),
        3 => plain(NFS3, code),
        _ => plain(NFS4, code),
    }
}

/// `mountstat3` (RFC 1813 section 5.1.5); versions 1 and 2 use UNIX error numbers, which are the same.
pub(super) fn mount(code: u32) -> Status {
    plain(MOUNT, code)
}

/// `nlm_stats` and `nlm4_stats`: a lock that has to wait is no failure.
pub(super) fn nlm(version: u32, code: u32) -> Status {
    let name = match version {
        4 => named(NLM4, code),
        _ => named(NLM, code),
    };
    match code {
        0 => Status::OK,
        3 => Status::ok(code, name),
        _ => Status::failure(code, name),
    }
}

const ACCEPT_STAT: Table = &[
    (1, "PROG_UNAVAIL"),
    (2, "PROG_MISMATCH"),
    (3, "PROC_UNAVAIL"),
    (4, "GARBAGE_ARGS"),
    (5, "SYSTEM_ERR"),
];

const AUTH_STAT: Table = &[
    (1, "AUTH_BADCRED"),
    (2, "AUTH_REJECTEDCRED"),
    (3, "AUTH_BADVERF"),
    (4, "AUTH_REJECTEDVERF"),
    (5, "AUTH_TOOWEAK"),
    (6, "AUTH_INVALIDRESP"),
    (7, "AUTH_FAILED"),
    (8, "AUTH_KERB_GENERIC"),
    (9, "AUTH_TIMEEXPIRE"),
    (10, "AUTH_TKT_FILE"),
    (11, "AUTH_DECODE"),
    (12, "AUTH_NET_ADDR"),
    (13, "RPCSEC_GSS_CREDPROBLEM"),
    (14, "RPCSEC_GSS_CTXPROBLEM"),
];

const NFS2: Table = &[
    (1, "NFSERR_PERM"),
    (2, "NFSERR_NOENT"),
    (5, "NFSERR_IO"),
    (6, "NFSERR_NXIO"),
    (13, "NFSERR_ACCES"),
    (17, "NFSERR_EXIST"),
    (19, "NFSERR_NODEV"),
    (20, "NFSERR_NOTDIR"),
    (21, "NFSERR_ISDIR"),
    (27, "NFSERR_FBIG"),
    (28, "NFSERR_NOSPC"),
    (30, "NFSERR_ROFS"),
    (63, "NFSERR_NAMETOOLONG"),
    (66, "NFSERR_NOTEMPTY"),
    (69, "NFSERR_DQUOT"),
    (70, "NFSERR_STALE"),
    (99, "NFSERR_WFLUSH"),
];

const NFS3: Table = &[
    (1, "NFS3ERR_PERM"),
    (2, "NFS3ERR_NOENT"),
    (5, "NFS3ERR_IO"),
    (6, "NFS3ERR_NXIO"),
    (13, "NFS3ERR_ACCES"),
    (17, "NFS3ERR_EXIST"),
    (18, "NFS3ERR_XDEV"),
    (19, "NFS3ERR_NODEV"),
    (20, "NFS3ERR_NOTDIR"),
    (21, "NFS3ERR_ISDIR"),
    (22, "NFS3ERR_INVAL"),
    (27, "NFS3ERR_FBIG"),
    (28, "NFS3ERR_NOSPC"),
    (30, "NFS3ERR_ROFS"),
    (31, "NFS3ERR_MLINK"),
    (63, "NFS3ERR_NAMETOOLONG"),
    (66, "NFS3ERR_NOTEMPTY"),
    (69, "NFS3ERR_DQUOT"),
    (70, "NFS3ERR_STALE"),
    (71, "NFS3ERR_REMOTE"),
    (10001, "NFS3ERR_BADHANDLE"),
    (10002, "NFS3ERR_NOT_SYNC"),
    (10003, "NFS3ERR_BAD_COOKIE"),
    (10004, "NFS3ERR_NOTSUPP"),
    (10005, "NFS3ERR_TOOSMALL"),
    (10006, "NFS3ERR_SERVERFAULT"),
    (10007, "NFS3ERR_BADTYPE"),
    (10008, "NFS3ERR_JUKEBOX"),
];

const NFS4: Table = &[
    (1, "NFS4ERR_PERM"),
    (2, "NFS4ERR_NOENT"),
    (5, "NFS4ERR_IO"),
    (6, "NFS4ERR_NXIO"),
    (13, "NFS4ERR_ACCESS"),
    (17, "NFS4ERR_EXIST"),
    (18, "NFS4ERR_XDEV"),
    (20, "NFS4ERR_NOTDIR"),
    (21, "NFS4ERR_ISDIR"),
    (22, "NFS4ERR_INVAL"),
    (27, "NFS4ERR_FBIG"),
    (28, "NFS4ERR_NOSPC"),
    (30, "NFS4ERR_ROFS"),
    (31, "NFS4ERR_MLINK"),
    (63, "NFS4ERR_NAMETOOLONG"),
    (66, "NFS4ERR_NOTEMPTY"),
    (69, "NFS4ERR_DQUOT"),
    (70, "NFS4ERR_STALE"),
    (10001, "NFS4ERR_BADHANDLE"),
    (10003, "NFS4ERR_BAD_COOKIE"),
    (10004, "NFS4ERR_NOTSUPP"),
    (10005, "NFS4ERR_TOOSMALL"),
    (10006, "NFS4ERR_SERVERFAULT"),
    (10007, "NFS4ERR_BADTYPE"),
    (10008, "NFS4ERR_DELAY"),
    (10009, "NFS4ERR_SAME"),
    (10010, "NFS4ERR_DENIED"),
    (10011, "NFS4ERR_EXPIRED"),
    (10012, "NFS4ERR_LOCKED"),
    (10013, "NFS4ERR_GRACE"),
    (10014, "NFS4ERR_FHEXPIRED"),
    (10015, "NFS4ERR_SHARE_DENIED"),
    (10016, "NFS4ERR_WRONGSEC"),
    (10017, "NFS4ERR_CLID_INUSE"),
    (10018, "NFS4ERR_RESOURCE"),
    (10019, "NFS4ERR_MOVED"),
    (10020, "NFS4ERR_NOFILEHANDLE"),
    (10021, "NFS4ERR_MINOR_VERS_MISMATCH"),
    (10022, "NFS4ERR_STALE_CLIENTID"),
    (10023, "NFS4ERR_STALE_STATEID"),
    (10024, "NFS4ERR_OLD_STATEID"),
    (10025, "NFS4ERR_BAD_STATEID"),
    (10026, "NFS4ERR_BAD_SEQID"),
    (10027, "NFS4ERR_NOT_SAME"),
    (10028, "NFS4ERR_LOCK_RANGE"),
    (10029, "NFS4ERR_SYMLINK"),
    (10030, "NFS4ERR_RESTOREFH"),
    (10031, "NFS4ERR_LEASE_MOVED"),
    (10032, "NFS4ERR_ATTRNOTSUPP"),
    (10033, "NFS4ERR_NO_GRACE"),
    (10034, "NFS4ERR_RECLAIM_BAD"),
    (10035, "NFS4ERR_RECLAIM_CONFLICT"),
    (10036, "NFS4ERR_BADXDR"),
    (10037, "NFS4ERR_LOCKS_HELD"),
    (10038, "NFS4ERR_OPENMODE"),
    (10039, "NFS4ERR_BADOWNER"),
    (10040, "NFS4ERR_BADCHAR"),
    (10041, "NFS4ERR_BADNAME"),
    (10042, "NFS4ERR_BAD_RANGE"),
    (10043, "NFS4ERR_LOCK_NOTSUPP"),
    (10044, "NFS4ERR_OP_ILLEGAL"),
    (10045, "NFS4ERR_DEADLOCK"),
    (10046, "NFS4ERR_FILE_OPEN"),
    (10047, "NFS4ERR_ADMIN_REVOKED"),
    (10048, "NFS4ERR_CB_PATH_DOWN"),
    (10049, "NFS4ERR_BADIOMODE"),
    (10050, "NFS4ERR_BADLAYOUT"),
    (10051, "NFS4ERR_BAD_SESSION_DIGEST"),
    (10052, "NFS4ERR_BADSESSION"),
    (10053, "NFS4ERR_BADSLOT"),
    (10054, "NFS4ERR_COMPLETE_ALREADY"),
    (10055, "NFS4ERR_CONN_NOT_BOUND_TO_SESSION"),
    (10056, "NFS4ERR_DELEG_ALREADY_WANTED"),
    (10057, "NFS4ERR_BACK_CHAN_BUSY"),
    (10058, "NFS4ERR_LAYOUTTRYLATER"),
    (10059, "NFS4ERR_LAYOUTUNAVAILABLE"),
    (10060, "NFS4ERR_NOMATCHING_LAYOUT"),
    (10061, "NFS4ERR_RECALLCONFLICT"),
    (10062, "NFS4ERR_UNKNOWN_LAYOUTTYPE"),
    (10063, "NFS4ERR_SEQ_MISORDERED"),
    (10064, "NFS4ERR_SEQUENCE_POS"),
    (10065, "NFS4ERR_REQ_TOO_BIG"),
    (10066, "NFS4ERR_REP_TOO_BIG"),
    (10067, "NFS4ERR_REP_TOO_BIG_TO_CACHE"),
    (10068, "NFS4ERR_RETRY_UNCACHED_REP"),
    (10069, "NFS4ERR_UNSAFE_COMPOUND"),
    (10070, "NFS4ERR_TOO_MANY_OPS"),
    (10071, "NFS4ERR_OP_NOT_IN_SESSION"),
    (10072, "NFS4ERR_HASH_ALG_UNSUPP"),
    (10074, "NFS4ERR_CLIENTID_BUSY"),
    (10075, "NFS4ERR_PNFS_IO_HOLE"),
    (10076, "NFS4ERR_SEQ_FALSE_RETRY"),
    (10077, "NFS4ERR_BAD_HIGH_SLOT"),
    (10078, "NFS4ERR_DEADSESSION"),
    (10079, "NFS4ERR_ENCR_ALG_UNSUPP"),
    (10080, "NFS4ERR_PNFS_NO_LAYOUT"),
    (10081, "NFS4ERR_NOT_ONLY_OP"),
    (10082, "NFS4ERR_WRONG_CRED"),
    (10083, "NFS4ERR_WRONG_TYPE"),
    (10084, "NFS4ERR_DIRDELEG_UNAVAIL"),
    (10085, "NFS4ERR_REJECT_DELEG"),
    (10086, "NFS4ERR_RETURNCONFLICT"),
    (10087, "NFS4ERR_DELEG_REVOKED"),
    (10088, "NFS4ERR_PARTNER_NOTSUPP"),
    (10089, "NFS4ERR_PARTNER_NO_AUTH"),
    (10090, "NFS4ERR_UNION_NOTSUPP"),
    (10091, "NFS4ERR_OFFLOAD_DENIED"),
    (10092, "NFS4ERR_WRONG_LFS"),
    (10093, "NFS4ERR_BADLABEL"),
    (10094, "NFS4ERR_OFFLOAD_NO_REQS"),
    (10095, "NFS4ERR_NOXATTR"),
    (10096, "NFS4ERR_XATTR2BIG"),
];

const MOUNT: Table = &[
    (1, "MNT3ERR_PERM"),
    (2, "MNT3ERR_NOENT"),
    (5, "MNT3ERR_IO"),
    (13, "MNT3ERR_ACCES"),
    (20, "MNT3ERR_NOTDIR"),
    (22, "MNT3ERR_INVAL"),
    (63, "MNT3ERR_NAMETOOLONG"),
    (10004, "MNT3ERR_NOTSUPP"),
    (10006, "MNT3ERR_SERVERFAULT"),
];

const NLM: Table = &[
    (1, "LCK_DENIED"),
    (2, "LCK_DENIED_NOLOCKS"),
    (3, "LCK_BLOCKED"),
    (4, "LCK_DENIED_GRACE_PERIOD"),
];

const NLM4: Table = &[
    (1, "NLM4_DENIED"),
    (2, "NLM4_DENIED_NOLOCKS"),
    (3, "NLM4_BLOCKED"),
    (4, "NLM4_DENIED_GRACE_PERIOD"),
    (5, "NLM4_DEADLCK"),
    (6, "NLM4_ROFS"),
    (7, "NLM4_STALE_FH"),
    (8, "NLM4_FBIG"),
    (9, "NLM4_FAILED"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [ACCEPT_STAT, AUTH_STAT, NFS2, NFS3, NFS4, MOUNT, NLM, NLM4] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
