//! Program numbers and the names of their procedures.
//!
//! Numbers: IANA "Remote Procedure Call (RPC) Program Numbers" and `/etc/rpc`.

use super::procedures as p;
use crate::event::Op;

/// A program of RPC.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) number: u32,
    /// As tshark writes it: `NFS`, `PORTMAP`.
    pub(super) name: &'static str,
    /// The session that its calls belong to; empty for the RPC session itself.
    pub(super) session: &'static str,
    /// What its operations are shown as; a version is put behind where `versions` has a name for it.
    pub(super) group: &'static str,
    pub(super) versions: &'static [Version],
}

/// The procedures of one version of a program, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) number: u32,
    pub(super) group: &'static str,
    pub(super) procedures: &'static [&'static str],
}

/// The program of that number.
pub(super) fn program(number: u32) -> Option<&'static Program> {
    let index = PROGRAMS.binary_search_by_key(&number, |p| p.number).ok()?;
    PROGRAMS.get(index)
}

/// The program's name; empty for an unknown one.
pub(super) fn name(number: u32) -> &'static str {
    program(number).map_or("", |p| p.name)
}

/// True when the procedures of that version have names here.
pub(super) fn knows(number: u32, version: u32) -> bool {
    program(number)
        .is_some_and(|p| p.versions.is_empty() || p.versions.iter().any(|v| v.number == version))
}

/// A program for a reader: `NFS (100003)`.
pub(super) fn title(number: u32) -> String {
    match name(number) {
        "" => format!("program {number}"),
        name => format!("{name} ({number})"),
    }
}

impl Program {
    /// The operation of a procedure number.
    pub(super) fn op(&self, version: u32, procedure: u32) -> Op {
        let known = self.versions.iter().find(|v| v.number == version);
        let (group, procedures) =
            known.map_or((self.group, &[] as &[&str]), |v| (v.group, v.procedures));
        let name = match procedures.get(procedure as usize) {
            Some(name) => name,
            None if procedure == 0 => "NULL",
            None => "",
        };
        Op::of(group, name, procedure).of_set(version)
    }
}

/// The operation of a call to any program.
pub(super) fn op(number: u32, version: u32, procedure: u32) -> Op {
    match program(number) {
        Some(program) => program.op(version, procedure),
        None => {
            let name = if procedure == 0 { "NULL" } else { "" };
            // Numbers as far apart as those of programs and versions do not meet.
            let set = number.rotate_left(8) ^ version;
            Op::new(name, procedure).of_set(set)
        }
    }
}

/// The name of an operation with its program and version, where the group of `op` does not tell both.
pub(super) fn full_name(op: Op, number: u32, version: u32) -> Option<String> {
    let group = program(number).map(|program| {
        let names_version = |v: &Version| v.group != program.group;
        let group = program.versions.iter().find(|v| v.number == version);
        (program.group, group.is_some_and(names_version))
    });
    match (group, op.name) {
        (Some((_, true)), _) => None,
        (Some((group, false)), "") => Some(format!("{group} v{version} procedure {}", op.code)),
        (Some((group, false)), name) => Some(format!("{group} v{version} {name}")),
        (None, "") => Some(format!("program {number} v{version} procedure {}", op.code)),
        (None, name) => Some(format!("program {number} v{version} {name}")),
    }
}

const fn plain(number: u32, name: &'static str, group: &'static str) -> Program {
    full(number, name, "", group, &[])
}

const fn full(
    number: u32,
    name: &'static str,
    session: &'static str,
    group: &'static str,
    versions: &'static [Version],
) -> Program {
    Program {
        number,
        name,
        session,
        group,
        versions,
    }
}

const fn v(number: u32, group: &'static str, procedures: &'static [&'static str]) -> Version {
    Version {
        number,
        group,
        procedures,
    }
}

pub(super) const PORTMAP: u32 = 100_000;
pub(super) const NFS: u32 = 100_003;
pub(super) const YPSERV: u32 = 100_004;
pub(super) const MOUNT: u32 = 100_005;
pub(super) const KLM: u32 = 100_020;
pub(super) const NLM: u32 = 100_021;
pub(super) const NSM: u32 = 100_024;
pub(super) const NFSACL: u32 = 100_227;
/// The program that Linux clients give their NFSv4.0 callback service; any of the transient range is possible.
pub(super) const NFS4_CALLBACK: u32 = 0x4000_0000;

/// Sorted by number.
static PROGRAMS: &[Program] = &[
    full(
        PORTMAP,
        "PORTMAP",
        "portmap",
        "portmap",
        &[
            v(2, "portmap2", p::PORTMAP2),
            v(3, "rpcbind3", p::RPCBIND3),
            v(4, "rpcbind4", p::RPCBIND4),
        ],
    ),
    full(
        100_001,
        "RSTAT",
        "",
        "rstat",
        &[v(3, "rstat", p::RSTAT), v(4, "rstat", p::RSTAT)],
    ),
    full(
        100_002,
        "RUSERS",
        "",
        "rusers",
        &[v(2, "rusers", p::RUSERS), v(3, "rusers", p::RUSERS)],
    ),
    full(
        NFS,
        "NFS",
        "nfs",
        "nfs",
        &[
            v(2, "nfs2", p::NFS2),
            v(3, "nfs3", p::NFS3),
            v(4, "nfs4", p::NFS4),
        ],
    ),
    full(
        YPSERV,
        "YPSERV",
        "",
        "ypserv",
        &[v(1, "ypserv", p::YPSERV), v(2, "ypserv", p::YPSERV)],
    ),
    full(
        MOUNT,
        "MOUNT",
        "mount",
        "mount",
        &[
            v(1, "mount1", p::MOUNT1),
            v(2, "mount2", p::MOUNT2),
            v(3, "mount3", p::MOUNT3),
        ],
    ),
    full(
        100_007,
        "YPBIND",
        "",
        "ypbind",
        &[v(1, "ypbind", p::YPBIND), v(2, "ypbind", p::YPBIND)],
    ),
    full(100_008, "WALL", "", "wall", &[v(1, "wall", p::WALL)]),
    full(
        100_009,
        "YPPASSWD",
        "",
        "yppasswd",
        &[v(1, "yppasswd", p::YPPASSWD)],
    ),
    plain(100_010, "ETHERSTAT", "etherstat"),
    full(
        100_011,
        "RQUOTA",
        "",
        "rquota",
        &[v(1, "rquota", p::RQUOTA), v(2, "rquota", p::RQUOTA)],
    ),
    full(100_012, "SPRAY", "", "spray", &[v(1, "spray", p::SPRAY)]),
    plain(100_017, "REXEC", "rexec"),
    full(KLM, "KLM", "", "klm", &[v(1, "klm", p::KLM)]),
    full(
        NLM,
        "NLM",
        "nlm",
        "nlm",
        &[
            v(1, "nlm1", p::NLM),
            v(2, "nlm2", p::NLM),
            v(3, "nlm3", p::NLM),
            v(4, "nlm4", p::NLM),
        ],
    ),
    plain(100_023, "STATMON", "statmon"),
    full(NSM, "STAT", "nsm", "nsm", &[v(1, "nsm", p::NSM)]),
    full(
        100_026,
        "BOOTPARAMS",
        "",
        "bootparams",
        &[v(1, "bootparams", p::BOOTPARAMS)],
    ),
    plain(100_028, "YPUPDATE", "ypupdate"),
    full(
        100_029,
        "KEYSERV",
        "",
        "keyserv",
        &[v(2, "keyserv", p::KEYSERV)],
    ),
    plain(100_037, "TFSD", "tfsd"),
    plain(100_068, "CMSD", "cmsd"),
    plain(100_069, "YPXFR", "ypxfr"),
    plain(100_083, "TTDBSERVERD", "ttdbserverd"),
    plain(100_133, "NSED", "nsed"),
    full(
        NFSACL,
        "NFSACL",
        "nfs",
        "nfsacl",
        &[v(2, "nfsacl2", p::NFSACL2), v(3, "nfsacl3", p::NFSACL3)],
    ),
    plain(100_229, "METAD", "metad"),
    plain(100_230, "METAMHD", "metamhd"),
    plain(100_232, "SADMIND", "sadmind"),
    plain(100_235, "CACHEFSD", "cachefsd"),
    plain(100_249, "SNMPXDMID", "snmpxdmid"),
    plain(100_300, "NISPLUS", "nisplus"),
    full(
        150_001,
        "PCNFSD",
        "",
        "pcnfsd",
        &[v(1, "pcnfsd", p::PCNFSD1), v(2, "pcnfsd", p::PCNFSD2)],
    ),
    plain(300_019, "AMQ", "amq"),
    plain(391_002, "FAM", "fam"),
    full(
        395_183,
        "VXI-11-CORE",
        "",
        "vxi11",
        &[v(1, "vxi11", p::VXI11)],
    ),
    full(
        395_184,
        "VXI-11-ASYNC",
        "",
        "vxi11-async",
        &[v(1, "vxi11-async", p::VXI11_ASYNC)],
    ),
    full(395_185, "VXI-11-INTR", "", "vxi11-intr", &[]),
    full(
        NFS4_CALLBACK,
        "NFS-CB",
        "nfs",
        "nfs4cb",
        &[v(1, "nfs4cb", p::NFS4_CB)],
    ),
];
