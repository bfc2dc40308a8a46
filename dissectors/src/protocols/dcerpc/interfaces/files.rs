//! File servers: shares, DFS, browsing, clusters, shadow copies.

use super::Operation;

/// The server service (MS-SRVS 3.1.4).
pub(super) const SRVSVC: &[Operation] = &[
    (8, "NetrConnectionEnum"),
    (9, "NetrFileEnum"),
    (10, "NetrFileGetInfo"),
    (11, "NetrFileClose"),
    (12, "NetrSessionEnum"),
    (13, "NetrSessionDel"),
    (14, "NetrShareAdd"),
    (15, "NetrShareEnum"),
    (16, "NetrShareGetInfo"),
    (17, "NetrShareSetInfo"),
    (18, "NetrShareDel"),
    (19, "NetrShareDelSticky"),
    (20, "NetrShareCheck"),
    (21, "NetrServerGetInfo"),
    (22, "NetrServerSetInfo"),
    (23, "NetrServerDiskEnum"),
    (24, "NetrServerStatisticsGet"),
    (25, "NetrServerTransportAdd"),
    (26, "NetrServerTransportEnum"),
    (27, "NetrServerTransportDel"),
    (28, "NetrRemoteTOD"),
    (30, "NetprPathType"),
    (31, "NetprPathCanonicalize"),
    (32, "NetprPathCompare"),
    (33, "NetprNameValidate"),
    (34, "NetprNameCanonicalize"),
    (35, "NetprNameCompare"),
    (36, "NetrShareEnumSticky"),
    (37, "NetrShareDelStart"),
    (38, "NetrShareDelCommit"),
    (39, "NetrpGetFileSecurity"),
    (40, "NetrpSetFileSecurity"),
    (41, "NetrServerTransportAddEx"),
    (43, "NetrDfsGetVersion"),
    (44, "NetrDfsCreateLocalPartition"),
    (45, "NetrDfsDeleteLocalPartition"),
    (46, "NetrDfsSetLocalVolumeState"),
    (48, "NetrDfsCreateExitPoint"),
    (49, "NetrDfsDeleteExitPoint"),
    (50, "NetrDfsModifyPrefix"),
    (51, "NetrDfsFixLocalVolume"),
    (52, "NetrDfsManagerReportSiteInfo"),
    (53, "NetrServerTransportDelEx"),
    (54, "NetrServerAliasAdd"),
    (55, "NetrServerAliasEnum"),
    (56, "NetrServerAliasDel"),
    (57, "NetrShareDelEx"),
];

/// The workstation service (MS-WKST 3.2.4).
pub(super) const WKSSVC: &[Operation] = &[
    (0, "NetrWkstaGetInfo"),
    (1, "NetrWkstaSetInfo"),
    (2, "NetrWkstaUserEnum"),
    (5, "NetrWkstaTransportEnum"),
    (6, "NetrWkstaTransportAdd"),
    (7, "NetrWkstaTransportDel"),
    (8, "NetrUseAdd"),
    (9, "NetrUseGetInfo"),
    (10, "NetrUseDel"),
    (11, "NetrUseEnum"),
    (13, "NetrWorkstationStatisticsGet"),
    (20, "NetrGetJoinInformation"),
    (22, "NetrJoinDomain2"),
    (23, "NetrUnjoinDomain2"),
    (24, "NetrRenameMachineInDomain2"),
    (25, "NetrValidateName2"),
    (26, "NetrGetJoinableOUs2"),
    (27, "NetrAddAlternateComputerName"),
    (28, "NetrRemoveAlternateComputerName"),
    (29, "NetrSetPrimaryComputerName"),
    (30, "NetrEnumerateComputerNames"),
];

/// The DFS namespace (MS-DFSNM 3.1.4).
pub(super) const NETDFS: &[Operation] = &[
    (0, "NetrDfsManagerGetVersion"),
    (1, "NetrDfsAdd"),
    (2, "NetrDfsRemove"),
    (3, "NetrDfsSetInfo"),
    (4, "NetrDfsGetInfo"),
    (5, "NetrDfsEnum"),
    (6, "NetrDfsMove"),
    (10, "NetrDfsAddFtRoot"),
    (11, "NetrDfsRemoveFtRoot"),
    (12, "NetrDfsAddStdRoot"),
    (13, "NetrDfsRemoveStdRoot"),
    (14, "NetrDfsManagerInitialize"),
    (15, "NetrDfsAddStdRootForced"),
    (16, "NetrDfsGetDcAddress"),
    (17, "NetrDfsSetDcAddress"),
    (18, "NetrDfsFlushFtTable"),
    (19, "NetrDfsAdd2"),
    (20, "NetrDfsRemove2"),
    (21, "NetrDfsEnumEx"),
    (22, "NetrDfsSetInfo2"),
    (23, "NetrDfsAddRootTarget"),
    (24, "NetrDfsRemoveRootTarget"),
];

/// The browser service (MS-BRWSA 3.1.4).
pub(super) const BROWSER: &[Operation] = &[
    (0, "I_BrowserrServerEnum"),
    (1, "I_BrowserrDebugCall"),
    (2, "I_BrowserrQueryOtherDomains"),
    (3, "I_BrowserrResetNetlogonState"),
    (4, "I_BrowserrDebugTrace"),
    (5, "I_BrowserrQueryStatistics"),
    (6, "I_BrowserrResetStatistics"),
    (7, "NetrBrowserStatisticsClear"),
    (8, "NetrBrowserStatisticsGet"),
    (9, "I_BrowserrSetNetlogonState"),
    (10, "I_BrowserrQueryEmulatedDomains"),
    (11, "I_BrowserrServerEnumEx"),
];

/// The names of the messenger service (MS-MSRP 3.1.4).
pub(super) const MSGSVC: &[Operation] = &[
    (0, "NetrMessageNameAdd"),
    (1, "NetrMessageNameEnum"),
    (2, "NetrMessageNameGetInfo"),
    (3, "NetrMessageNameDel"),
];

/// The messages of the messenger service (MS-MSRP 3.2.4).
pub(super) const MSGSVCSEND: &[Operation] = &[(0, "NetrSendMessage")];

/// The witness of a file server cluster (MS-SWN 3.1.4).
pub(super) const WITNESS: &[Operation] = &[
    (0, "WitnessrGetInterfaceList"),
    (1, "WitnessrRegister"),
    (2, "WitnessrUnRegister"),
    (3, "WitnessrAsyncNotify"),
    (4, "WitnessrRegisterEx"),
];

/// Shadow copies of remote shares (MS-FSRVP 3.1.4).
pub(super) const FSSAGENT: &[Operation] = &[
    (0, "GetSupportedVersion"),
    (1, "SetContext"),
    (2, "StartShadowCopySet"),
    (3, "AddToShadowCopySet"),
    (4, "CommitShadowCopySet"),
    (5, "ExposeShadowCopySet"),
    (6, "RecoveryCompleteShadowCopySet"),
    (7, "AbortShadowCopySet"),
    (8, "IsPathSupported"),
    (9, "IsPathShadowCopied"),
    (10, "GetShareMapping"),
    (11, "DeleteShareMapping"),
    (12, "PrepareShadowCopySet"),
];

/// The encrypting file system (MS-EFSR 3.1.4.2).
pub(super) const EFSRPC: &[Operation] = &[
    (0, "EfsRpcOpenFileRaw"),
    (1, "EfsRpcReadFileRaw"),
    (2, "EfsRpcWriteFileRaw"),
    (3, "EfsRpcCloseRaw"),
    (4, "EfsRpcEncryptFileSrv"),
    (5, "EfsRpcDecryptFileSrv"),
    (6, "EfsRpcQueryUsersOnFile"),
    (7, "EfsRpcQueryRecoveryAgents"),
    (8, "EfsRpcRemoveUsersFromFile"),
    (9, "EfsRpcAddUsersToFile"),
    (11, "EfsRpcNotSupported"),
    (12, "EfsRpcFileKeyInfo"),
    (13, "EfsRpcDuplicateEncryptionInfoFile"),
    (15, "EfsRpcAddUsersToFileEx"),
    (16, "EfsRpcFileKeyInfoEx"),
    (18, "EfsRpcGetEncryptedFileMetadata"),
    (19, "EfsRpcSetEncryptedFileMetadata"),
    (20, "EfsRpcFlushEfsCache"),
    (21, "EfsRpcEncryptFileExSrv"),
    (22, "EfsRpcQueryProtectors"),
];

/// DFS replication (MS-FRS2 3.2.4).
pub(super) const FRSTRANS: &[Operation] = &[
    (0, "CheckConnectivity"),
    (1, "EstablishConnection"),
    (2, "EstablishSession"),
    (3, "RequestUpdates"),
    (4, "RequestVersionVector"),
    (5, "AsyncPoll"),
    (6, "RequestRecords"),
    (7, "UpdateCancel"),
    (8, "RawGetFileData"),
    (9, "RdcGetSignatures"),
    (10, "RdcPushSourceNeeds"),
    (11, "RdcGetFileData"),
    (12, "RdcClose"),
    (13, "InitializeFileTransferAsync"),
    (15, "RawGetFileDataAsync"),
    (16, "RdcGetFileDataAsync"),
    (17, "RdcFileDataTransferKeepAlive"),
];
