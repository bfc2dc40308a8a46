//! The fields of the lock managers: NLM between hosts, KLM within one.

pub(in super::super::super) mod nlm {
    crate::fields! {
        group: crate::field::group::NLM;
        /// Network Lock Manager
        protocol: "nlm";
        /// The procedure of version 1.
        PROCEDURE_V1 = "nlm.procedure_v1", Uint(Dec), "V1 Procedure";
        /// The procedure of version 2.
        PROCEDURE_V2 = "nlm.procedure_v2", Uint(Dec), "V2 Procedure";
        /// The procedure of version 3.
        PROCEDURE_V3 = "nlm.procedure_v3", Uint(Dec), "V3 Procedure";
        /// The procedure of version 4.
        PROCEDURE_V4 = "nlm.procedure_v4", Uint(Dec), "V4 Procedure";
        /// What pairs a request with its result (X/Open C702 chapter 10).
        COOKIE = "nlm.cookie", Bytes, "cookie";
        /// The caller waits until the lock is free.
        BLOCK = "nlm.block", Bool, "block";
        /// The lock is exclusive.
        EXCLUSIVE = "nlm.exclusive", Bool, "exclusive";
        /// The lock.
        LOCK = "nlm.lock", Flag, "lock";
        /// The caller's host.
        CALLER_NAME = "nlm.lock.caller_name", Text, "caller_name";
        /// Who locks.
        OWNER = "nlm.lock.owner", Bytes, "owner";
        /// The locking process.
        SVID = "nlm.lock.svid", Uint(Dec), "svid";
        /// Where the lock begins.
        OFFSET = "nlm.lock.l_offset", Uint(Dec), "l_offset";
        /// How many bytes it covers; 0 is to the end.
        LEN = "nlm.lock.l_len", Uint(Dec), "l_len";
        /// Version 4: where it begins.
        OFFSET64 = "nlm.lock.l_offset64", Uint(Dec), "l_offset";
        /// Version 4: how many bytes it covers.
        LEN64 = "nlm.lock.l_len64", Uint(Dec), "l_len";
        /// It was held before a restart.
        RECLAIM = "nlm.reclaim", Bool, "reclaim";
        /// The state number of the caller's status monitor.
        STATE = "nlm.state", Uint(Dec), "state";
        /// How it ended.
        STAT = "nlm.stat", Uint(Dec), "stat";
    }
}

pub(in super::super::super) mod klm {
    crate::fields! {
        group: crate::field::group::KLM;
        /// Kernel Lock Manager
        protocol: "klm";
        /// The procedure.
        PROCEDURE_V1 = "klm.procedure_v1", Uint(Dec), "V1 Procedure";
        /// The caller waits until the lock is free.
        BLOCK = "klm.block", Bool, "block";
        /// The lock is exclusive.
        EXCLUSIVE = "klm.exclusive", Bool, "exclusive";
        /// The lock.
        LOCK = "klm.lock", Flag, "lock";
        /// Who holds it.
        HOLDER = "klm.holder", Flag, "holder";
        /// The server of the file.
        SERVERNAME = "klm.servername", Text, "server name";
        /// The locking process.
        PID = "klm.pid", Uint(Dec), "pid";
        /// Where the lock begins.
        OFFSET = "klm.offset", Uint(Dec), "offset";
        /// How many bytes it covers; 0 is to the end.
        LEN = "klm.len", Uint(Dec), "length";
        /// How it ended.
        STATS = "klm.stats", Uint(Dec), "stats";
    }
}
