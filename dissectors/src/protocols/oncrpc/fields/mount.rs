//! MOUNT's fields.

crate::fields! {
    group: crate::field::group::MOUNT;
    /// Mount Service
    protocol: "mount";
    /// The procedure of version 1.
    PROCEDURE_V1 = "mount.procedure_v1", Uint(Dec), "V1 Procedure";
    /// The procedure of version 2.
    PROCEDURE_V2 = "mount.procedure_v2", Uint(Dec), "V2 Procedure";
    /// The procedure of version 3.
    PROCEDURE_V3 = "mount.procedure_v3", Uint(Dec), "V3 Procedure";
    /// What is to be mounted or unmounted (RFC 1813 section 5).
    PATH = "mount.path", Text, "Path";
    /// How it ended.
    STATUS = "mount.status", Uint(Dec), "Status";
    /// How many flavors the export takes.
    FLAVORS = "mount.flavors", Uint(Dec), "Flavors";
    /// A flavor that it takes.
    FLAVOR = "mount.flavor", Uint(Dec), "Flavor";
    /// An entry of DUMP.
    DUMP_ENTRY = "mount.dump.entry", Flag, "Mount List Entry";
    /// Who mounted it.
    DUMP_HOSTNAME = "mount.dump.hostname", Text, "Hostname";
    /// What is mounted.
    DUMP_DIRECTORY = "mount.dump.directory", Text, "Directory";
    /// An entry of EXPORT.
    EXPORT_ENTRY = "mount.export.entry", Flag, "Export List Entry";
    /// What is exported.
    EXPORT_DIRECTORY = "mount.export.directory", Text, "Directory";
    /// Whom to.
    EXPORT_GROUPS = "mount.export.groups", Flag, "Groups";
    /// One of them.
    EXPORT_GROUP = "mount.export.group", Text, "Group";
}
