//! NFS's fields, of all versions.

crate::fields! {
    group: crate::field::group::NFS;
    /// Network File System
    protocol: "nfs";
    /// The procedure of version 2.
    PROCEDURE_V2 = "nfs.procedure_v2", Uint(Dec), "V2 Procedure";
    /// The procedure of version 3.
    PROCEDURE_V3 = "nfs.procedure_v3", Uint(Dec), "V3 Procedure";
    /// The procedure of version 4.
    PROCEDURE_V4 = "nfs.procedure_v4", Uint(Dec), "V4 Procedure";
    /// The procedure of the back channel.
    CB_PROCEDURE = "nfs.cb_procedure", Uint(Dec), "CB Procedure";
    /// The status, whatever the version.
    STATUS = "nfs.status", Uint(Dec), "Status";
    /// The status of version 2 (RFC 1094 section 2.3.1).
    STATUS2 = "nfs.status2", Uint(Dec), "Status";
    /// The status of version 3 (RFC 1813 section 2.6).
    STATUS3 = "nfs.status3", Uint(Dec), "Status";
    /// The status of version 4 (RFC 8881 section 15.1), of the compound and of each operation.
    STATUS4 = "nfs.nfsstat4", Uint(Dec), "Status";
    /// Bytes of a file handle.
    FH_LENGTH = "nfs.fh.length", Uint(Dec), "length";
    /// Its fingerprint.
    FH_HASH = "nfs.fh.hash", Uint(Hex(8)), "hash (CRC-32)";
    /// A file handle.
    FHANDLE = "nfs.fhandle", Bytes, "FileHandle";
    /// A name within a directory.
    NAME = "nfs.name", Text, "Name";
    /// Where a symbolic link points to, as it is made.
    SYMLINK_TO = "nfs.symlink.to", Text, "To";
    /// Where a symbolic link points to.
    READLINK_DATA = "nfs.readlink.data", Text, "Data";
    /// File data, or other opaque data.
    DATA = "nfs.data", Bytes, "Data";
    /// Bytes to read or write, or that were.
    COUNT3 = "nfs.count3", Uint(Dec), "count";
    /// The longest answer to READDIRPLUS.
    COUNT3_MAXCOUNT = "nfs.count3_maxcount", Uint(Dec), "maxcount";
    /// The most of names in it.
    COUNT3_DIRCOUNT = "nfs.count3_dircount", Uint(Dec), "dircount";
    /// Where in the file.
    OFFSET3 = "nfs.offset3", Uint(Dec), "offset";
    /// Where in the directory.
    COOKIE3 = "nfs.cookie3", Uint(Dec), "cookie";
    /// A verifier: of a directory's cookies, of writes, of an exclusive creation.
    VERIFIER = "nfs.verifier", Bytes, "Verifier";
    /// The file ends with what was read.
    READ_EOF = "nfs.read.eof", Bool, "EOF";
    /// How safe the write has to be.
    WRITE_STABLE = "nfs.write.stable", Uint(Dec), "Stable";
    /// How safe it is.
    WRITE_COMMITTED = "nfs.write.committed", Uint(Dec), "Committed";
    /// What becomes of a file that is there.
    CREATEMODE = "nfs.createmode", Uint(Dec), "Create Mode";
    /// Attributes follow.
    ATTRIBUTES_FOLLOW = "nfs.attributes_follow", Uint(Dec), "attributes_follow";
    /// A file handle follows.
    HANDLE_FOLLOW = "nfs.handle_follow", Uint(Dec), "handle_follow";
    /// An attribute to be set follows.
    SET_IT = "nfs.set_it", Uint(Dec), "set_it";
    /// A time that must be as it was follows.
    SATTRGUARD3 = "nfs.sattrguard3", Uint(Dec), "check";
    /// The size to be set.
    SET_SIZE = "nfs.set_size", Uint(Dec), "size";
    /// The owner to be set.
    UID3 = "nfs.uid3", Uint(Dec), "uid";
    /// The group to be set.
    GID3 = "nfs.gid3", Uint(Dec), "gid";
    /// Access for owner, group and others.
    MODE3 = "nfs.mode3", Uint(Dec), "Mode";
    /// What kind of file.
    FATTR3_TYPE = "nfs.fattr3.type", Uint(Dec), "Type";
    /// Its links.
    FATTR3_NLINK = "nfs.fattr3.nlink", Uint(Dec), "nlink";
    /// Its owner.
    FATTR3_UID = "nfs.fattr3.uid", Uint(Dec), "uid";
    /// Its group.
    FATTR3_GID = "nfs.fattr3.gid", Uint(Dec), "gid";
    /// Its size.
    FATTR3_SIZE = "nfs.fattr3.size", Uint(Dec), "size";
    /// What it takes of the disk.
    FATTR3_USED = "nfs.fattr3.used", Uint(Dec), "used";
    /// Its file system.
    FATTR3_FSID = "nfs.fattr3.fsid", Uint(Hex(16)), "fsid";
    /// Its number there.
    FATTR3_FILEID = "nfs.fattr3.fileid", Uint(Dec), "fileid";
    /// A device: major number.
    SPECDATA1 = "nfs.specdata1", Uint(Dec), "specdata1";
    /// A device: minor number.
    SPECDATA2 = "nfs.specdata2", Uint(Dec), "specdata2";
    /// The size before the operation.
    WCC_SIZE = "nfs.wcc_attr.size", Uint(Dec), "size";
    /// Last read.
    ATIME = "nfs.atime", Date, "atime";
    /// Its seconds.
    ATIME_SEC = "nfs.atime.sec", Uint(Dec), "seconds";
    /// Its nanoseconds.
    ATIME_NSEC = "nfs.atime.nsec", Uint(Dec), "nano seconds";
    /// Its microseconds.
    ATIME_USEC = "nfs.atime.usec", Uint(Dec), "micro seconds";
    /// Last written.
    MTIME = "nfs.mtime", Date, "mtime";
    /// Its seconds.
    MTIME_SEC = "nfs.mtime.sec", Uint(Dec), "seconds";
    /// Its nanoseconds.
    MTIME_NSEC = "nfs.mtime.nsec", Uint(Dec), "nano seconds";
    /// Its microseconds.
    MTIME_USEC = "nfs.mtime.usec", Uint(Dec), "micro seconds";
    /// Last changed.
    CTIME = "nfs.ctime", Date, "ctime";
    /// Its seconds.
    CTIME_SEC = "nfs.ctime.sec", Uint(Dec), "seconds";
    /// Its nanoseconds.
    CTIME_NSEC = "nfs.ctime.nsec", Uint(Dec), "nano seconds";
    /// Its microseconds.
    CTIME_USEC = "nfs.ctime.usec", Uint(Dec), "micro seconds";
    /// How fine the server's times are.
    DTIME = "nfs.dtime", Duration, "time delta";
    /// Its seconds.
    DTIME_SEC = "nfs.dtime.sec", Uint(Dec), "seconds";
    /// Its nanoseconds.
    DTIME_NSEC = "nfs.dtime.nsec", Uint(Dec), "nano seconds";
    /// Rights that are asked about.
    ACCESS_CHECK = "nfs.access_check", Uint(Hex(2)), "Check access";
    /// Those of them that the server can judge.
    ACCESS_SUPPORTED = "nfs.access_supported", Uint(Hex(2)), "Supported types (of requested)";
    /// Those that are granted.
    ACCESS_RIGHTS = "nfs.access_rights", Uint(Hex(2)), "Access rights (of requested)";
    /// Reading can be judged.
    ACCESS_SUPP_READ = "nfs.access_supp_read", Bool, "0x001 READ";
    /// Looking up can be judged.
    ACCESS_SUPP_LOOKUP = "nfs.access_supp_lookup", Bool, "0x002 LOOKUP";
    /// Changing can be judged.
    ACCESS_SUPP_MODIFY = "nfs.access_supp_modify", Bool, "0x004 MODIFY";
    /// Growing can be judged.
    ACCESS_SUPP_EXTEND = "nfs.access_supp_extend", Bool, "0x008 EXTEND";
    /// Deleting can be judged.
    ACCESS_SUPP_DELETE = "nfs.access_supp_delete", Bool, "0x010 DELETE";
    /// Executing can be judged.
    ACCESS_SUPP_EXECUTE = "nfs.access_supp_execute", Bool, "0x020 EXECUTE";
    /// Reading.
    ACCESS_READ = "nfs.access_read", Bool, "0x001 READ";
    /// Looking up.
    ACCESS_LOOKUP = "nfs.access_lookup", Bool, "0x002 LOOKUP";
    /// Changing.
    ACCESS_MODIFY = "nfs.access_modify", Bool, "0x004 MODIFY";
    /// Growing.
    ACCESS_EXTEND = "nfs.access_extend", Bool, "0x008 EXTEND";
    /// Deleting.
    ACCESS_DELETE = "nfs.access_delete", Bool, "0x010 DELETE";
    /// Executing.
    ACCESS_EXECUTE = "nfs.access_execute", Bool, "0x020 EXECUTE";
    /// The directory ends here.
    READDIR_EOF = "nfs.readdir.eof", Uint(Dec), "EOF";
    /// An entry of a directory.
    READDIR_ENTRY = "nfs.readdir.entry", Flag, "Entry";
    /// Its file's number.
    ENTRY3_FILEID = "nfs.readdir.entry3.fileid", Uint(Dec), "File ID";
    /// Its name.
    ENTRY3_NAME = "nfs.readdir.entry3.name", Text, "Name";
    /// Where the next one begins.
    ENTRY3_COOKIE = "nfs.readdir.entry3.cookie", Uint(Dec), "Cookie";
    /// Its file's number, with attributes.
    PLUS_FILEID = "nfs.readdirplus.entry.fileid", Uint(Dec), "File ID";
    /// Its name, with attributes.
    PLUS_NAME = "nfs.readdirplus.entry.name", Text, "Name";
    /// Where the next one begins.
    PLUS_COOKIE = "nfs.readdirplus.entry.cookie", Uint(Dec), "Cookie";
    /// The file system's size.
    TBYTES = "nfs.fsstat3_resok.tbytes", Uint(Dec), "Total bytes";
    /// What is free of it.
    FBYTES = "nfs.fsstat3_resok.fbytes", Uint(Dec), "Free bytes";
    /// What is free for this user.
    ABYTES = "nfs.fsstat3_resok.abytes", Uint(Dec), "Available free bytes";
    /// Files that it may hold.
    TFILES = "nfs.fsstat3_resok.tfiles", Uint(Dec), "Total file slots";
    /// How many more.
    FFILES = "nfs.fsstat3_resok.ffiles", Uint(Dec), "Free file slots";
    /// How many more of this user.
    AFILES = "nfs.fsstat3_resok.afiles", Uint(Dec), "Available free file slots";
    /// Seconds for which that holds.
    INVARSEC = "nfs.fsstat.invarsec", Uint(Dec), "invarsec";
    /// The largest READ.
    RTMAX = "nfs.fsinfo.rtmax", Uint(Dec), "rtmax";
    /// The best READ.
    RTPREF = "nfs.fsinfo.rtpref", Uint(Dec), "rtpref";
    /// Its best multiple.
    RTMULT = "nfs.fsinfo.rtmult", Uint(Dec), "rtmult";
    /// The largest WRITE.
    WTMAX = "nfs.fsinfo.wtmax", Uint(Dec), "wtmax";
    /// The best WRITE.
    WTPREF = "nfs.fsinfo.wtpref", Uint(Dec), "wtpref";
    /// Its best multiple.
    WTMULT = "nfs.fsinfo.wtmult", Uint(Dec), "wtmult";
    /// The best READDIR.
    DTPREF = "nfs.fsinfo.dtpref", Uint(Dec), "dtpref";
    /// The largest file.
    MAXFILESIZE = "nfs.fsinfo.maxfilesize", Uint(Dec), "maxfilesize";
    /// What the file system can.
    PROPERTIES = "nfs.fsinfo.properties", Uint(Hex(8)), "Properties";
    /// The most links of a file.
    LINKMAX = "nfs.pathconf.linkmax", Uint(Dec), "linkmax";
    /// The longest name.
    NAME_MAX = "nfs.pathconf.name_max", Uint(Dec), "name_max";
    /// Longer names are refused.
    NO_TRUNC = "nfs.pathconf.no_trunc", Bool, "no_trunc";
    /// Only root changes owners.
    CHOWN_RESTRICTED = "nfs.pathconf.chown_restricted", Bool, "chown_restricted";
    /// Names differ by more than case.
    CASE_INSENSITIVE = "nfs.pathconf.case_insensitive", Bool, "case_insensitive";
    /// Case is kept.
    CASE_PRESERVING = "nfs.pathconf.case_preserving", Bool, "case_preserving";
    /// Version 2: what kind of file.
    FTYPE = "nfs.ftype", Uint(Dec), "type";
    /// Version 2: kind and access.
    MODE = "nfs.mode", Uint(Dec), "mode";
    /// Version 2: its links.
    FATTR_NLINK = "nfs.fattr.nlink", Uint(Dec), "nlink";
    /// Version 2: its owner.
    FATTR_UID = "nfs.fattr.uid", Uint(Dec), "uid";
    /// Version 2: its group.
    FATTR_GID = "nfs.fattr.gid", Uint(Dec), "gid";
    /// Version 2: its size.
    FATTR_SIZE = "nfs.fattr.size", Uint(Dec), "size";
    /// Version 2: bytes of a block.
    FATTR_BLOCKSIZE = "nfs.fattr.blocksize", Uint(Dec), "blocksize";
    /// Version 2: a device's number.
    FATTR_RDEV = "nfs.fattr.rdev", Uint(Dec), "rdev";
    /// Version 2: its blocks.
    FATTR_BLOCKS = "nfs.fattr.blocks", Uint(Dec), "blocks";
    /// Version 2: its file system.
    FATTR_FSID = "nfs.fattr.fsid", Uint(Hex(8)), "fsid";
    /// Version 2: its number there.
    FATTR_FILEID = "nfs.fattr.fileid", Uint(Dec), "fileid";
    /// Version 2: where to read.
    READ_OFFSET = "nfs.read.offset", Uint(Dec), "Offset";
    /// Version 2: how much.
    READ_COUNT = "nfs.read.count", Uint(Dec), "Count";
    /// Version 2: unused.
    READ_TOTALCOUNT = "nfs.read.totalcount", Uint(Dec), "Total Count";
    /// Version 2: unused.
    WRITE_BEGINOFFSET = "nfs.write.beginoffset", Uint(Dec), "Begin Offset";
    /// Version 2: where to write.
    WRITE_OFFSET = "nfs.write.offset", Uint(Dec), "Offset";
    /// Version 2: unused.
    WRITE_TOTALCOUNT = "nfs.write.totalcount", Uint(Dec), "Total Count";
    /// Version 2: where in the directory.
    READDIR_COOKIE = "nfs.readdir.cookie", Uint(Dec), "Cookie";
    /// Version 2: the longest answer.
    READDIR_COUNT = "nfs.readdir.count", Uint(Dec), "Count";
    /// Version 2: an entry's file.
    ENTRY_FILEID = "nfs.readdir.entry.fileid", Uint(Dec), "File ID";
    /// Version 2: its name.
    ENTRY_NAME = "nfs.readdir.entry.name", Text, "Name";
    /// Version 2: where the next one begins.
    ENTRY_COOKIE = "nfs.readdir.entry.cookie", Uint(Dec), "Cookie";
    /// Version 2: the best transfer.
    STATFS_TSIZE = "nfs.statfs.tsize", Uint(Dec), "Transfer Size";
    /// Version 2: bytes of a block.
    STATFS_BSIZE = "nfs.statfs.bsize", Uint(Dec), "Block Size";
    /// Version 2: the file system's blocks.
    STATFS_BLOCKS = "nfs.statfs.blocks", Uint(Dec), "Total Blocks";
    /// Version 2: those that are free.
    STATFS_BFREE = "nfs.statfs.bfree", Uint(Dec), "Free Blocks";
    /// Version 2: those free for users.
    STATFS_BAVAIL = "nfs.statfs.bavail", Uint(Dec), "Available Blocks";
    /// The back channel (RFC 8881 section 20).
    CB_PROTO = "nfs.cb", Protocol, "NFS CB";
    /// A compound's tag.
    TAG = "nfs.tag", Text, "Tag";
    /// The minor version of version 4.
    MINORVERSION = "nfs.minorversion", Uint(Dec), "minorversion";
    /// How many operations a compound holds.
    OPS_COUNT = "nfs.ops.count", Uint(Dec), "Operations";
    /// An operation (RFC 8881 section 18).
    OPCODE = "nfs.opcode", Uint(Dec), "Opcode";
    /// What the compound is for.
    MAIN_OPCODE = "nfs.main_opcode", Uint(Dec), "Main Opcode";
    /// Whose callbacks.
    CALLBACK_IDENT = "nfs.callback.ident", Uint(Hex(8)), "callback_ident";
    /// A client.
    CLIENTID = "nfs.clientid", Uint(Hex(16)), "clientid";
    /// A sequence number: of a slot, of an owner.
    SEQID = "nfs.seqid", Uint(Hex(8)), "seqid";
    /// A session.
    SESSION_ID = "nfs.session_id4", Bytes, "sessionid";
    /// A slot of it.
    SLOTID = "nfs.slotid", Uint(Dec), "slot id";
    /// The highest slot in use.
    HIGH_SLOTID = "nfs.high_slotid", Uint(Dec), "high slot id";
    /// The highest that the server wants.
    TARGET_HIGH_SLOTID = "nfs.target_high_slotid", Uint(Dec), "target high slot id";
    /// The reply is to be kept.
    CACHETHIS = "nfs.cachethis4", Bool, "cache this?";
    /// What the server has to say of the session.
    SEQUENCE_FLAGS = "nfs.sequence.flags", Uint(Hex(8)), "status flags";
    /// Reclaiming is over for one file system only.
    RECLAIM_ONE_FS = "nfs.reclaim_one_fs4", Bool, "reclaim one fs?";
    /// A state: open, lock, delegation, layout.
    STATEID = "nfs.stateid", Bytes, "StateID";
    /// Its fingerprint.
    STATEID_HASH = "nfs.stateid.hash", Uint(Hex(4)), "StateID Hash";
    /// Its sequence number.
    STATEID_SEQID = "nfs.stateid.seqid", Uint(Dec), "StateID seqid";
    /// What tells it apart.
    STATEID_OTHER = "nfs.stateid.other", Bytes, "StateID Other";
    /// The fingerprint of that.
    STATEID_OTHER_HASH = "nfs.stateid.other_hash", Uint(Hex(8)), "StateID Other hash";
    /// Where in the file.
    OFFSET4 = "nfs.offset4", Uint(Dec), "offset";
    /// How many bytes.
    COUNT4 = "nfs.count4", Uint(Dec), "count";
    /// How many bytes.
    LENGTH4 = "nfs.length4", Uint(Dec), "length";
    /// How safe the write has to be.
    STABLE_HOW = "nfs.stable_how4", Uint(Dec), "stable_how4";
    /// Bytes that are written.
    WRITE_DATA_LENGTH = "nfs.write.data_length", Uint(Dec), "Write length";
    /// A verifier.
    VERIFIER4 = "nfs.verifier4", Uint(Hex(16)), "verifier";
    /// A name within a directory.
    COMPONENT = "nfs.pathname.component", Text, "Name";
    /// A change attribute.
    CHANGEID = "nfs.changeid4", Uint(Dec), "changeid";
    /// Before and after are of one step.
    CHANGE_ATOMIC = "nfs.change_info.atomic", Bool, "Atomic";
    /// The directory before.
    CHANGEID_BEFORE = "nfs.changeid4.before", Uint(Dec), "changeid (before)";
    /// The directory after.
    CHANGEID_AFTER = "nfs.changeid4.after", Uint(Dec), "changeid (after)";
    /// Attributes that are asked for or follow.
    ATTR_MASK = "nfs.attr_mask", Uint(Hex(8)), "Attr mask";
    /// One of them.
    ATTR = "nfs.attr", Uint(Dec), "reqd_attr";
    /// How many of a mask.
    ATTR_COUNT = "nfs.attr_count", Uint(Dec), "Attr count";
    /// The owner.
    FATTR4_OWNER = "nfs.fattr4_owner", Text, "fattr4_owner";
    /// The owning group.
    FATTR4_OWNER_GROUP = "nfs.fattr4_owner_group", Text, "fattr4_owner_group";
    /// The size.
    FATTR4_SIZE = "nfs.fattr4.size", Uint(Dec), "size";
    /// The file's number.
    FATTR4_FILEID = "nfs.fattr4.fileid", Uint(Dec), "fileid";
    /// The number of the file that is mounted on.
    FATTR4_MOUNTED_ON = "nfs.fattr4.mounted_on_fileid", Uint(Hex(16)), "fileid";
    /// Seconds of a lease.
    FATTR4_LEASE_TIME = "nfs.fattr4.lease_time", Uint(Dec), "lease_time";
    /// The largest file.
    FATTR4_MAXFILESIZE = "nfs.fattr4.maxfilesize", Uint(Dec), "maxfilesize";
    /// The most links.
    FATTR4_MAXLINK = "nfs.fattr4.maxlink", Uint(Dec), "maxlink";
    /// The longest name.
    FATTR4_MAXNAME = "nfs.fattr4.maxname", Uint(Dec), "maxname";
    /// The largest READ.
    FATTR4_MAXREAD = "nfs.fattr4.maxread", Uint(Dec), "maxread";
    /// The largest WRITE.
    FATTR4_MAXWRITE = "nfs.fattr4.maxwrite", Uint(Dec), "maxwrite";
    /// Its links.
    FATTR4_NUMLINKS = "nfs.fattr4.numlinks", Uint(Dec), "numlinks";
    /// What it takes of the disk.
    FATTR4_SPACE_USED = "nfs.fattr4.space_used", Uint(Dec), "space_used";
    /// What access lists may say.
    FATTR4_ACLSUPPORT = "nfs.fattr4.aclsupport", Uint(Dec), "aclsupport";
    /// When handles go stale.
    FATTR4_FH_EXPIRE = "nfs.fattr4_fh_expire_type", Uint(Hex(8)), "fattr4_fh_expire_type";
    /// Hard links are there.
    FATTR4_LINK_SUPPORT = "nfs.fattr4_link_support", Bool, "fattr4_link_support";
    /// Symbolic links are there.
    FATTR4_SYMLINK_SUPPORT = "nfs.fattr4_symlink_support", Bool, "fattr4_symlink_support";
    /// The file system: major number.
    FSID4_MAJOR = "nfs.fsid4.major", Uint(Dec), "fsid4.major";
    /// The file system: minor number.
    FSID4_MINOR = "nfs.fsid4.minor", Uint(Dec), "fsid4.minor";
    /// A moment: seconds.
    TIME4_SECONDS = "nfs.nfstime4.seconds", Uint(Dec), "seconds";
    /// A moment: nanoseconds.
    TIME4_NSECONDS = "nfs.nfstime4.nseconds", Uint(Dec), "nseconds";
    /// The client wants to hear when there is a layout.
    LAYOUTAVAIL = "nfs.layoutavail", Bool, "layout available?";
    /// The layout goes with the last close.
    RETCLOSE = "nfs.retclose4", Bool, "return on close?";
    /// What layouts are returned.
    RETURNTYPE = "nfs.returntype", Uint(Dec), "return type";
    /// It was held before a restart.
    RECLAIM4 = "nfs.reclaim4", Bool, "reclaim";
    /// The delegation is called back at once.
    RECALL = "nfs.recall", Bool, "Recall";
    /// What the client calls itself.
    CLIENT_ID = "nfs.nfs_client_id4.id", Bytes, "id";
    /// Of the directory itself or of its parent.
    SECINFO_STYLE = "nfs.secinfo.style", Uint(Dec), "Secinfo Style";
    /// A flavor of the back channel.
    FLAVOR4 = "nfs.flavor4", Uint(Dec), "flavor";
    /// Its stamp.
    STAMP4 = "nfs.stamp4", Uint(Dec), "stamp";
    /// Its host.
    MACHINENAME4 = "nfs.machinename4", Text, "machine name";
    /// Its user.
    UID4 = "nfs.uid4", Uint(Dec), "uid";
    /// Its group.
    GID4 = "nfs.gid4", Uint(Dec), "gid";
    /// A device of a layout.
    DEVICEID = "nfs.deviceid", Bytes, "device ID";
    /// Bytes that were read.
    READ_DATA_LENGTH = "nfs.read.data_length", Uint(Dec), "Read length";
    /// What limits the growth of a delegated file.
    OPEN_LIMIT_BY = "nfs.open.limit_by", Uint(Dec), "Space Limit";
    /// The size that it may have.
    FILESIZE = "nfs.filesize", Uint(Dec), "filesize";
    /// An entry of an access list: allow, deny, audit, alarm.
    ACE_TYPE = "nfs.acetype4", Uint(Dec), "acetype";
    /// How it is inherited.
    ACE_FLAGS = "nfs.aceflags4", Uint(Hex(8)), "ACE flags";
    /// Its rights.
    ACE_MASK = "nfs.acemask4", Uint(Hex(8)), "ACE mask";
    /// Whom it is for.
    WHO = "nfs.who", Text, "Who";
    /// A flavor that the server takes.
    SECINFO_FLAVOR = "nfs.secinfo.flavor", Uint(Dec), "flavor";
    /// Its mechanism.
    SECINFO_OID = "nfs.secinfo.flavor_info.rpcsec_gss_info.oid", Bytes, "oid";
    /// Its quality of protection.
    SECINFO_QOP = "nfs.secinfo.flavor_info.rpcsec_gss_info.qop", Uint(Dec), "qop";
    /// Its service.
    SECINFO_SERVICE = "nfs.secinfo.rpcsec_gss_info.service", Uint(Dec), "service";
    /// Bytes of a layout's block.
    FATTR4_LAYOUT_BLKSIZE = "nfs.fattr4.layout_blksize", Uint(Dec), "blksize";
    /// A layout of files: its stripes.
    NFL_UTIL = "nfs.nfl_util", Uint(Hex(8)), "nfl_util";
    /// Where its first stripe is.
    NFL_FIRST_STRIPE = "nfs.nfl_first_stripe_index", Uint(Dec), "first stripe to use index";
    /// How many handles it has.
    NFL_FHS = "nfs.nfl_fhs", Uint(Hex(8)), "file handles";
    /// Which of the devices.
    DEVICEIDX = "nfs.deviceidx", Uint(Dec), "device index";
    /// What the opener wants to do.
    SHARE_ACCESS = "nfs.open4.share_access", Uint(Dec), "share_access";
    /// What others must not.
    SHARE_DENY = "nfs.open4.share_deny", Uint(Dec), "share_deny";
    /// Who opens or locks.
    OPEN_OWNER = "nfs.open_owner4", Bytes, "owner";
    /// The file may be made.
    OPENTYPE = "nfs.open.opentype", Uint(Dec), "Open Type";
    /// What becomes of a file that is there.
    CREATEMODE4 = "nfs.createmode4", Uint(Dec), "Create Mode";
    /// By what the file is named.
    CLAIM_TYPE = "nfs.open.claim_type", Uint(Dec), "Claim Type";
    /// A delegation that is granted.
    DELEGATION_TYPE = "nfs.open.delegation_type", Uint(Dec), "Delegation Type";
    /// What is to be known of an opening.
    OPEN_RFLAGS = "nfs.open_rflags", Uint(Hex(8)), "result flags";
    /// What kind of file is made.
    FTYPE4 = "nfs.nfs_ftype4", Uint(Dec), "ftype4";
    /// What kind of lock.
    LOCKTYPE = "nfs.locktype4", Uint(Dec), "locktype";
    /// The lock was held before a restart.
    LOCK_RECLAIM = "nfs.lock.reclaim", Bool, "reclaim?";
    /// The owner has no lock state yet.
    NEW_LOCK_OWNER = "nfs.lock.locker.new_lock_owner", Bool, "new lock owner?";
    /// A lock owner's sequence number.
    LOCK_SEQID = "nfs.lock_seqid", Uint(Hex(8)), "lock_seqid";
    /// Who locks.
    LOCK_OWNER = "nfs.lock_owner4", Bytes, "owner";
    /// Where in the directory.
    COOKIE4 = "nfs.cookie4", Uint(Dec), "cookie";
    /// The verifier of directory cookies.
    COOKIE_VERF4 = "nfs.cookie_verf4", Uint(Dec), "cookie_verf";
    /// The most of names in the answer.
    DIRCOUNT = "nfs.dircount", Uint(Dec), "dircount";
    /// The longest answer.
    MAXCOUNT = "nfs.maxcount", Uint(Dec), "maxcount";
    /// What kind of layout.
    LAYOUTTYPE = "nfs.layouttype", Uint(Dec), "layout type";
    /// For reading or for writing.
    IOMODE = "nfs.iomode", Uint(Dec), "IO mode";
    /// The least that is wanted.
    MINLENGTH = "nfs.minlength4", Uint(Dec), "min length";
    /// What the client can.
    EXCHANGE_CALL_FLAGS = "nfs.exchange_id.call_flags", Uint(Hex(8)), "flags";
    /// What the server can.
    EXCHANGE_REPLY_FLAGS = "nfs.exchange_id.reply_flags", Uint(Hex(8)), "flags";
    /// How the client's state is protected.
    STATE_PROTECT = "nfs.exchange_id.state_protect", Uint(Dec), "eia_state_protect";
    /// The server's owner.
    MAJORID = "nfs.majorid4", Bytes, "major ID";
    /// Its part.
    MINORID = "nfs.minorid4", Uint(Dec), "minor ID";
    /// Where its ids hold.
    SCOPE = "nfs.scope", Bytes, "server scope";
    /// Who wrote it.
    NII_DOMAIN = "nfs.nii_domain4", Text, "Implementor DNS domain name(nii_domain)";
    /// What it is called.
    NII_NAME = "nfs.nii_name4", Text, "Implementation product name(nii_name)";
    /// What the session is to be.
    CREATE_SESSION_FLAGS = "nfs.create_session_flags", Uint(Hex(8)), "csa_flags";
    /// A channel: padding of headers.
    PADSIZE = "nfs.padsize4", Uint(Dec), "hdr pad size";
    /// A channel: the longest request.
    MAXREQSIZE = "nfs.maxreqsize4", Uint(Dec), "max req size";
    /// A channel: the longest reply.
    MAXRESPSIZE = "nfs.maxrespsize4", Uint(Dec), "max resp size";
    /// A channel: the longest reply that is kept.
    MAXRESPSIZECACHED = "nfs.maxrespsizecached4", Uint(Dec), "max resp size cached";
    /// A channel: the most operations.
    MAXOPS = "nfs.maxops4", Uint(Dec), "max ops";
    /// A channel: the most requests at once.
    MAXREQS = "nfs.maxreqs4", Uint(Dec), "max reqs";
    /// The program of callbacks.
    CB_PROGRAM = "nfs.cb_program", Uint(Hex(8)), "cb_program";
    /// Where callbacks go: the network.
    R_NETID = "nfs.r_netid", Text, "r_netid";
    /// Where callbacks go: the address.
    R_ADDR = "nfs.r_addr", Text, "r_addr";
}
