//! Domain controllers: logon, replication, names, time, certificates.

use super::Operation;

/// The secure channel to a domain controller (MS-NRPC 3.5.4).
pub(super) const NETLOGON: &[Operation] = &[
    (0, "NetrLogonUasLogon"),
    (1, "NetrLogonUasLogoff"),
    (2, "NetrLogonSamLogon"),
    (3, "NetrLogonSamLogoff"),
    (4, "NetrServerReqChallenge"),
    (5, "NetrServerAuthenticate"),
    (6, "NetrServerPasswordSet"),
    (7, "NetrDatabaseDeltas"),
    (8, "NetrDatabaseSync"),
    (9, "NetrAccountDeltas"),
    (10, "NetrAccountSync"),
    (11, "NetrGetDCName"),
    (12, "NetrLogonControl"),
    (13, "NetrGetAnyDCName"),
    (14, "NetrLogonControl2"),
    (15, "NetrServerAuthenticate2"),
    (16, "NetrDatabaseSync2"),
    (17, "NetrDatabaseRedo"),
    (18, "NetrLogonControl2Ex"),
    (19, "NetrEnumerateTrustedDomains"),
    (20, "DsrGetDcName"),
    (21, "NetrLogonGetCapabilities"),
    (22, "NetrLogonSetServiceBits"),
    (23, "NetrLogonGetTrustRid"),
    (24, "NetrLogonComputeServerDigest"),
    (25, "NetrLogonComputeClientDigest"),
    (26, "NetrServerAuthenticate3"),
    (27, "DsrGetDcNameEx"),
    (28, "DsrGetSiteName"),
    (29, "NetrLogonGetDomainInfo"),
    (30, "NetrServerPasswordSet2"),
    (31, "NetrServerPasswordGet"),
    (32, "NetrLogonSendToSam"),
    (33, "DsrAddressToSiteNamesW"),
    (34, "DsrGetDcNameEx2"),
    (35, "NetrLogonGetTimeServiceParentDomain"),
    (36, "NetrEnumerateTrustedDomainsEx"),
    (37, "DsrAddressToSiteNamesExW"),
    (38, "DsrGetDcSiteCoverageW"),
    (39, "NetrLogonSamLogonEx"),
    (40, "DsrEnumerateDomainTrusts"),
    (41, "DsrDeregisterDnsHostRecords"),
    (42, "NetrServerTrustPasswordsGet"),
    (43, "DsrGetForestTrustInformation"),
    (44, "NetrGetForestTrustInformation"),
    (45, "NetrLogonSamLogonWithFlags"),
    (46, "NetrServerGetTrustInfo"),
    (48, "DsrUpdateReadOnlyServerDnsRecords"),
    (49, "NetrChainSetClientAttributes"),
];

/// Directory replication (MS-DRSR 4.1).
pub(super) const DRSUAPI: &[Operation] = &[
    (0, "IDL_DRSBind"),
    (1, "IDL_DRSUnbind"),
    (2, "IDL_DRSReplicaSync"),
    (3, "IDL_DRSGetNCChanges"),
    (4, "IDL_DRSUpdateRefs"),
    (5, "IDL_DRSReplicaAdd"),
    (6, "IDL_DRSReplicaDel"),
    (7, "IDL_DRSReplicaModify"),
    (8, "IDL_DRSVerifyNames"),
    (9, "IDL_DRSGetMemberships"),
    (10, "IDL_DRSInterDomainMove"),
    (11, "IDL_DRSGetNT4ChangeLog"),
    (12, "IDL_DRSCrackNames"),
    (13, "IDL_DRSWriteSPN"),
    (14, "IDL_DRSRemoveDsServer"),
    (15, "IDL_DRSRemoveDsDomain"),
    (16, "IDL_DRSDomainControllerInfo"),
    (17, "IDL_DRSAddEntry"),
    (18, "IDL_DRSExecuteKCC"),
    (19, "IDL_DRSGetReplInfo"),
    (20, "IDL_DRSAddSidHistory"),
    (21, "IDL_DRSGetMemberships2"),
    (22, "IDL_DRSReplicaVerifyObjects"),
    (23, "IDL_DRSGetObjectExistence"),
    (24, "IDL_DRSQuerySitesByCost"),
    (25, "IDL_DRSInitDemotion"),
    (26, "IDL_DRSReplicaDemotion"),
    (27, "IDL_DRSFinishDemotion"),
    (28, "IDL_DRSAddCloneDC"),
    (29, "IDL_DRSWriteNgcKey"),
    (30, "IDL_DRSReadNgcKey"),
];

/// Scripts of the directory service agent (MS-DRSR 4.2).
pub(super) const DSAOP: &[Operation] = &[(0, "IDL_DSAPrepareScript"), (1, "IDL_DSAExecuteScript")];

/// The management of a DNS server (MS-DNSP 3.1.4).
pub(super) const DNSSERVER: &[Operation] = &[
    (0, "R_DnssrvOperation"),
    (1, "R_DnssrvQuery"),
    (2, "R_DnssrvComplexOperation"),
    (3, "R_DnssrvEnumRecords"),
    (4, "R_DnssrvUpdateRecord"),
    (5, "R_DnssrvOperation2"),
    (6, "R_DnssrvQuery2"),
    (7, "R_DnssrvComplexOperation2"),
    (8, "R_DnssrvEnumRecords2"),
    (9, "R_DnssrvUpdateRecord2"),
];

/// The time service (MS-W32T 3.2.5).
pub(super) const W32TIME: &[Operation] = &[
    (0, "W32TimeSync"),
    (1, "W32TimeGetNetlogonServiceBits"),
    (2, "W32TimeQueryProviderStatus"),
    (3, "W32TimeQuerySource"),
    (4, "W32TimeQueryProviderConfiguration"),
    (5, "W32TimeQueryConfiguration"),
    (6, "W32TimeQueryStatus"),
    (7, "W32TimeLog"),
];

/// The enrolment of certificates (MS-ICPR 3.2.4).
pub(super) const ICPR: &[Operation] = &[(0, "CertServerRequest")];
