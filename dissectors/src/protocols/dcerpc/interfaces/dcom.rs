//! Distributed COM and WMI on it. Operations 0 to 2 are IUnknown's and never on the wire.

use super::Operation;

/// Where objects live, and whether they do (MS-DCOM 3.1.2.5.1).
pub(super) const OXID_RESOLVER: &[Operation] = &[
    (0, "ResolveOxid"),
    (1, "SimplePing"),
    (2, "ComplexPing"),
    (3, "ServerAlive"),
    (4, "ResolveOxid2"),
    (5, "ServerAlive2"),
];

/// The activation of objects, first version (MS-DCOM 3.1.2.5.2).
pub(super) const REMOTE_ACTIVATION: &[Operation] = &[(0, "RemoteActivation")];

/// The activation of objects (MS-DCOM 3.1.2.5.2).
pub(super) const SCM_ACTIVATOR: &[Operation] =
    &[(3, "RemoteGetClassObject"), (4, "RemoteCreateInstance")];

/// References to objects (MS-DCOM 3.1.1.5.6).
pub(super) const REM_UNKNOWN: &[Operation] = &[
    (3, "RemQueryInterface"),
    (4, "RemAddRef"),
    (5, "RemRelease"),
];

/// References to objects (MS-DCOM 3.1.1.5.7).
pub(super) const REM_UNKNOWN2: &[Operation] = &[
    (3, "RemQueryInterface"),
    (4, "RemAddRef"),
    (5, "RemRelease"),
    (6, "RemQueryInterface2"),
];

/// Automation (MS-OAUT 3.1.4).
pub(super) const DISPATCH: &[Operation] = &[
    (3, "GetTypeInfoCount"),
    (4, "GetTypeInfo"),
    (5, "GetIDsOfNames"),
    (6, "Invoke"),
];

/// The way in to WMI (MS-WMI 3.1.4.1).
pub(super) const WBEM_LOGIN: &[Operation] = &[
    (3, "EstablishPosition"),
    (4, "RequestChallenge"),
    (5, "WBEMLogin"),
    (6, "NTLMLogin"),
];

/// Who asks WMI (MS-WMI 3.1.4).
pub(super) const WBEM_LOGIN_CLIENT: &[Operation] = &[(3, "SetClientInfo")];

/// A namespace of WMI (MS-WMI 3.1.4.3).
pub(super) const WBEM_SERVICES: &[Operation] = &[
    (3, "OpenNamespace"),
    (4, "CancelAsyncCall"),
    (5, "QueryObjectSink"),
    (6, "GetObject"),
    (7, "GetObjectAsync"),
    (8, "PutClass"),
    (9, "PutClassAsync"),
    (10, "DeleteClass"),
    (11, "DeleteClassAsync"),
    (12, "CreateClassEnum"),
    (13, "CreateClassEnumAsync"),
    (14, "PutInstance"),
    (15, "PutInstanceAsync"),
    (16, "DeleteInstance"),
    (17, "DeleteInstanceAsync"),
    (18, "CreateInstanceEnum"),
    (19, "CreateInstanceEnumAsync"),
    (20, "ExecQuery"),
    (21, "ExecQueryAsync"),
    (22, "ExecNotificationQuery"),
    (23, "ExecNotificationQueryAsync"),
    (24, "ExecMethod"),
    (25, "ExecMethodAsync"),
];

/// The result of a WMI query (MS-WMI 3.1.4.4).
pub(super) const WBEM_ENUM: &[Operation] = &[
    (3, "Reset"),
    (4, "Next"),
    (5, "NextAsync"),
    (6, "Clone"),
    (7, "Skip"),
];

/// The fast way to such a result (MS-WMI 3.1.4.6).
pub(super) const WBEM_FETCH: &[Operation] = &[(3, "GetSmartEnum")];

/// The result read the fast way (MS-WMI 3.1.4.7).
pub(super) const WBEM_SMART_ENUM: &[Operation] = &[(3, "Next")];

/// Where WMI delivers (MS-WMI 3.1.4.2).
pub(super) const WBEM_SINK: &[Operation] = &[(3, "Indicate"), (4, "SetStatus")];
