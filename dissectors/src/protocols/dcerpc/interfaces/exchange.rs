//! Outlook and Exchange.

use super::Operation;

/// The mailbox (MS-OXCRPC 3.1.4).
pub(super) const EMSMDB: &[Operation] = &[
    (0, "EcDoConnect"),
    (1, "EcDoDisconnect"),
    (2, "EcDoRpc"),
    (4, "EcRRegisterPushNotification"),
    (5, "EcRUnregisterPushNotification"),
    (6, "EcDummyRpc"),
    (8, "EcRNetGetDCName"),
    (9, "EcDoRpcExt"),
    (10, "EcDoConnectEx"),
    (11, "EcDoRpcExt2"),
    (14, "EcDoAsyncConnectEx"),
];

/// Notice of new mail (MS-OXCRPC 3.3.4).
pub(super) const ASYNC_EMSMDB: &[Operation] = &[(0, "EcDoAsyncWaitEx")];

/// The address book (MS-OXNSPI 3.1.4).
pub(super) const NSPI: &[Operation] = &[
    (0, "NspiBind"),
    (1, "NspiUnbind"),
    (2, "NspiUpdateStat"),
    (3, "NspiQueryRows"),
    (4, "NspiSeekEntries"),
    (5, "NspiGetMatches"),
    (6, "NspiResortRestriction"),
    (7, "NspiDNToMId"),
    (8, "NspiGetPropList"),
    (9, "NspiGetProps"),
    (10, "NspiCompareMIds"),
    (11, "NspiModProps"),
    (12, "NspiGetSpecialTable"),
    (13, "NspiGetTemplateInfo"),
    (14, "NspiModLinkAtt"),
    (15, "NspiDeleteEntries"),
    (16, "NspiQueryColumns"),
    (17, "NspiGetNamesFromIDs"),
    (18, "NspiGetIDsFromNames"),
    (19, "NspiResolveNames"),
    (20, "NspiResolveNamesW"),
];

/// Which server has the address book (MS-OXABREF 3.1.4).
pub(super) const RFR: &[Operation] = &[(0, "RfrGetNewDSA"), (1, "RfrGetFQDNFromServerDN")];
