//! Names of procedures, each list in the order of the numbers from 0. An empty name is a number not assigned.

/// RFC 1833 section 3.
pub(super) const PORTMAP2: &[&str] = &["NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT"];
/// RFC 1833 section 2.
pub(super) const RPCBIND3: &[&str] = &[
    "NULL",
    "SET",
    "UNSET",
    "GETADDR",
    "DUMP",
    "CALLIT",
    "GETTIME",
    "UADDR2TADDR",
    "TADDR2UADDR",
];
/// RFC 1833 section 2.
pub(super) const RPCBIND4: &[&str] = &[
    "NULL",
    "SET",
    "UNSET",
    "GETADDR",
    "DUMP",
    "BCAST",
    "GETTIME",
    "UADDR2TADDR",
    "TADDR2UADDR",
    "GETVERSADDR",
    "INDIRECT",
    "GETADDRLIST",
    "GETSTAT",
];
/// RFC 1094 section 2.2.
pub(super) const NFS2: &[&str] = &[
    "NULL",
    "GETATTR",
    "SETATTR",
    "ROOT",
    "LOOKUP",
    "READLINK",
    "READ",
    "WRITECACHE",
    "WRITE",
    "CREATE",
    "REMOVE",
    "RENAME",
    "LINK",
    "SYMLINK",
    "MKDIR",
    "RMDIR",
    "READDIR",
    "STATFS",
];
/// RFC 1813 section 3.
pub(super) const NFS3: &[&str] = &[
    "NULL",
    "GETATTR",
    "SETATTR",
    "LOOKUP",
    "ACCESS",
    "READLINK",
    "READ",
    "WRITE",
    "CREATE",
    "MKDIR",
    "SYMLINK",
    "MKNOD",
    "REMOVE",
    "RMDIR",
    "RENAME",
    "LINK",
    "READDIR",
    "READDIRPLUS",
    "FSSTAT",
    "FSINFO",
    "PATHCONF",
    "COMMIT",
];
/// RFC 7530 section 15.
pub(super) const NFS4: &[&str] = &["NULL", "COMPOUND"];
/// RFC 7530 section 15.3.
pub(super) const NFS4_CB: &[&str] = &["CB_NULL", "CB_COMPOUND"];
/// RFC 1094 appendix A.
pub(super) const MOUNT1: &[&str] = &[
    "NULL",
    "MNT",
    "DUMP",
    "UMNT",
    "UMNTALL",
    "EXPORT",
    "EXPORTALL",
];
/// With PATHCONF of POSIX.
pub(super) const MOUNT2: &[&str] = &[
    "NULL",
    "MNT",
    "DUMP",
    "UMNT",
    "UMNTALL",
    "EXPORT",
    "EXPORTALL",
    "PATHCONF",
];
/// RFC 1813 section 5.
pub(super) const MOUNT3: &[&str] = &["NULL", "MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT"];
/// X/Open XNFS C702 chapter 10, RFC 1813 section 6.
pub(super) const NLM: &[&str] = &[
    "NULL",
    "TEST",
    "LOCK",
    "CANCEL",
    "UNLOCK",
    "GRANTED",
    "TEST_MSG",
    "LOCK_MSG",
    "CANCEL_MSG",
    "UNLOCK_MSG",
    "GRANTED_MSG",
    "TEST_RES",
    "LOCK_RES",
    "CANCEL_RES",
    "UNLOCK_RES",
    "GRANTED_RES",
    "SM_NOTIFY",
    "",
    "",
    "",
    "SHARE",
    "UNSHARE",
    "NM_LOCK",
    "FREE_ALL",
];
/// X/Open XNFS C702 chapter 11.
pub(super) const NSM: &[&str] = &[
    "NULL",
    "STAT",
    "MON",
    "UNMON",
    "UNMON_ALL",
    "SIMU_CRASH",
    "NOTIFY",
];
pub(super) const KLM: &[&str] = &["NULL", "TEST", "LOCK", "CANCEL", "UNLOCK"];
pub(super) const NFSACL2: &[&str] = &[
    "NULL",
    "GETACL",
    "SETACL",
    "GETATTR",
    "ACCESS",
    "GETXATTRDIR",
];
pub(super) const NFSACL3: &[&str] = &["NULL", "GETACL", "SETACL", "GETXATTRDIR"];
pub(super) const RQUOTA: &[&str] = &[
    "NULL",
    "GETQUOTA",
    "GETACTIVEQUOTA",
    "SETQUOTA",
    "SETACTIVEQUOTA",
];
pub(super) const YPSERV: &[&str] = &[
    "NULL",
    "DOMAIN",
    "DOMAIN_NONACK",
    "MATCH",
    "FIRST",
    "NEXT",
    "XFR",
    "CLEAR",
    "ALL",
    "MASTER",
    "ORDER",
    "MAPLIST",
];
pub(super) const YPBIND: &[&str] = &["NULL", "DOMAIN", "SETDOM"];
pub(super) const YPPASSWD: &[&str] = &["NULL", "UPDATE"];
pub(super) const RSTAT: &[&str] = &["NULL", "STATS", "HAVEDISK"];
pub(super) const RUSERS: &[&str] = &["NULL", "NUM", "NAMES", "ALLNAMES"];
pub(super) const WALL: &[&str] = &["NULL", "", "WALL"];
pub(super) const SPRAY: &[&str] = &["NULL", "SPRAY", "GET", "CLEAR"];
/// SunOS bootparam_prot.x.
pub(super) const BOOTPARAMS: &[&str] = &["NULL", "WHOAMI", "GETFILE"];
pub(super) const KEYSERV: &[&str] = &[
    "NULL",
    "SET",
    "ENCRYPT",
    "DECRYPT",
    "GEN",
    "GETCRED",
    "ENCRYPT_PK",
    "DECRYPT_PK",
    "NET_PUT",
    "NET_GET",
    "GET_CONV",
];
pub(super) const PCNFSD1: &[&str] = &["NULL", "AUTH", "PR_INIT", "PR_START"];
pub(super) const PCNFSD2: &[&str] = &[
    "NULL",
    "INFO",
    "PR_INIT",
    "PR_START",
    "PR_LIST",
    "PR_QUEUE",
    "PR_STATUS",
    "PR_CANCEL",
    "PR_ADMIN",
    "PR_REQUEUE",
    "PR_HOLD",
    "PR_RELEASE",
    "MAPID",
    "AUTH",
    "ALERT",
];
/// VXI-11 specification, table B.1.
pub(super) const VXI11: &[&str] = &[
    "NULL",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "CREATE_LINK",
    "DEVICE_WRITE",
    "DEVICE_READ",
    "DEVICE_READSTB",
    "DEVICE_TRIGGER",
    "DEVICE_CLEAR",
    "DEVICE_REMOTE",
    "DEVICE_LOCAL",
    "DEVICE_LOCK",
    "DEVICE_UNLOCK",
    "DEVICE_ENABLE_SRQ",
    "",
    "DEVICE_DOCMD",
    "DESTROY_LINK",
    "",
    "CREATE_INTR_CHAN",
    "DESTROY_INTR_CHAN",
];
pub(super) const VXI11_ASYNC: &[&str] = &["NULL", "DEVICE_ABORT"];
