//! The interfaces by UUID, sorted.

use super::{Interface, Returns, accounts, base, dcom, domain, exchange, files, machine, printing};

/// Every interface that has a name here.
pub(super) const KNOWN: &[Interface] = &[
    Interface::new(0x00000000_0000_0000_c000_000000000046, "IUnknown"),
    Interface::new(0x00000131_0000_0000_c000_000000000046, "IRemUnknown")
        .with(dcom::REM_UNKNOWN, Returns::Hresult),
    Interface::new(0x00000143_0000_0000_c000_000000000046, "IRemUnknown2")
        .with(dcom::REM_UNKNOWN2, Returns::Hresult),
    Interface::new(0x000001a0_0000_0000_c000_000000000046, "ISystemActivator")
        .with(dcom::SCM_ACTIVATOR, Returns::Hresult),
    Interface::new(0x00020400_0000_0000_c000_000000000046, "IDispatch")
        .with(dcom::DISPATCH, Returns::Hresult),
    Interface::new(
        0x027947e1_d731_11ce_a357_000000000001,
        "IEnumWbemClassObject",
    )
    .with(dcom::WBEM_ENUM, Returns::Hresult)
    .waits(&[4]),
    Interface::new(0x06bba54a_be05_49f9_b0a0_30f790261023, "wscsvc"),
    Interface::new(0x0d72a7d4_6148_11d1_b4aa_00c04fb66ea0, "ICertProtect"),
    Interface::new(0x1088a980_eae5_11d0_8d9b_00a02453c337, "qm2qm"),
    Interface::new(
        0x11899a43_2b68_4a76_92e3_a3d6ad8c26ce,
        "TermSrvNotification",
    ),
    Interface::new(0x12345678_1234_abcd_ef00_0123456789ab, "spoolss")
        .with(printing::SPOOLSS, Returns::Win32)
        .waits(&[28]),
    Interface::new(0x12345678_1234_abcd_ef00_01234567cffb, "netlogon")
        .with(domain::NETLOGON, Returns::Ntstatus)
        .but(
            Returns::Win32,
            &[
                0, 1, 11, 12, 13, 14, 18, 20, 23, 24, 25, 27, 28, 33, 34, 35, 36, 37, 38, 40, 41,
                43,
            ],
        ),
    Interface::new(0x12345778_1234_abcd_ef00_0123456789ab, "lsarpc")
        .with(accounts::LSARPC, Returns::Ntstatus),
    Interface::new(0x12345778_1234_abcd_ef00_0123456789ac, "samr")
        .with(accounts::SAMR, Returns::Ntstatus),
    Interface::new(0x1544f5e0_613c_11d1_93df_00c04fd7bd09, "rfr")
        .with(exchange::RFR, Returns::Unknown),
    Interface::new(0x17fdd703_1827_4e34_79d4_24a55c53bb37, "msgsvc")
        .with(files::MSGSVC, Returns::Win32),
    Interface::new(0x1a927394_352e_4553_ae3f_7cf4aafca620, "wdsrpc"),
    Interface::new(
        0x1c1c45ee_4395_11d2_b60b_00104b703efd,
        "IWbemFetchSmartEnum",
    )
    .with(dcom::WBEM_FETCH, Returns::Hresult),
    Interface::new(0x1ff70682_0a51_30e8_076d_740be8cee98b, "atsvc")
        .with(machine::ATSVC, Returns::Win32),
    Interface::new(0x20610036_fa22_11cf_9823_00a0c911e5df, "rasrpc"),
    Interface::new(0x2f5f3220_c126_1076_b549_074d078619da, "nddeapi"),
    Interface::new(0x2f5f6520_ca46_1067_b319_00dd010662da, "tapsrv"),
    Interface::new(0x300f3532_38cc_11d0_a3f0_0020af6b0add, "trkwks"),
    Interface::new(0x338cd001_2244_31f1_aaaa_900038001003, "winreg")
        .with(machine::WINREG, Returns::Win32),
    Interface::new(0x342cfd40_3c6c_11ce_a893_08002b2e9c6d, "llsrpc"),
    Interface::new(0x367abb81_9844_35f1_ad32_98f038001003, "svcctl")
        .with(machine::SVCCTL, Returns::Win32)
        .waits(&[48]),
    Interface::new(0x378e52b0_c0a9_11cf_822d_00aa0051e40f, "sasec")
        .with(machine::SASEC, Returns::Hresult),
    Interface::new(0x3919286a_b10c_11d0_9ba8_00c04fd92ef5, "dssetup")
        .with(accounts::DSSETUP, Returns::Win32),
    Interface::new(0x3c4728c5_f0ab_448b_bda1_6ce01eb0a6d5, "dhcpcsvc"),
    Interface::new(0x3dde7c30_165d_11d1_ab8f_00805f14db40, "bkrp")
        .with(accounts::BKRP, Returns::Win32),
    Interface::new(0x423ec01e_2e35_11d2_b604_00104b703efd, "IWbemWCOSmartEnum")
        .with(dcom::WBEM_SMART_ENUM, Returns::Hresult)
        .waits(&[3]),
    Interface::new(
        0x44e265dd_7daf_42cd_8560_3cdb6e7a2729,
        "TsProxyRpcInterface",
    ),
    Interface::new(0x45f52c28_7f9f_101a_b52b_08002b2efabe, "winsif"),
    Interface::new(0x484809d6_4239_471b_b5bc_61df8c23ac48, "TermSrvSession"),
    Interface::new(0x4b324fc8_1670_01d3_1278_5a47bf6ee188, "srvsvc")
        .with(files::SRVSVC, Returns::Win32),
    Interface::new(0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57, "IActivation")
        .with(dcom::REMOTE_ACTIVATION, Returns::Hresult),
    Interface::new(0x4da1c422_943d_11d1_acae_00c04fc2aa3f, "trksvr"),
    Interface::new(0x4fc742e0_4a10_11cf_8273_00aa004ae673, "netdfs")
        .with(files::NETDFS, Returns::Win32)
        .but(Returns::Unknown, &[0]),
    Interface::new(0x50abc2a4_574d_40b3_9d66_ee4fd5fba076, "dnsserver")
        .with(domain::DNSSERVER, Returns::Win32),
    Interface::new(0x5261574a_4572_206e_b268_6b199213b4e4, "asyncemsmdb")
        .with(exchange::ASYNC_EMSMDB, Returns::Unknown)
        .waits(&[0]),
    Interface::new(0x552d076a_cb29_4e44_8b6a_d15e59e2c0af, "iphlpsvc"),
    Interface::new(0x57674cd0_5200_11ce_a897_08002b2e9c6d, "llslicense"),
    Interface::new(0x5a7b91f8_ff00_11d0_a9b2_00c04fb6e6fc, "msgsvcsend")
        .with(files::MSGSVCSEND, Returns::Rpc),
    Interface::new(0x5b821720_f63b_11d0_aad2_00c04fc324db, "dhcpsrv2"),
    Interface::new(0x5ca4a760_ebb1_11cf_8611_00a0245420ed, "winstation"),
    Interface::new(0x60a15ec5_4de8_11d7_a637_005056a20182, "rpcecho")
        .with(base::RPCECHO, Returns::Unknown)
        .waits(&[6]),
    Interface::new(0x6bffd098_a112_3610_9833_012892020162, "browser")
        .with(files::BROWSER, Returns::Win32),
    Interface::new(0x6bffd098_a112_3610_9833_46c3f874532d, "dhcpsrv"),
    Interface::new(0x6bffd098_a112_3610_9833_46c3f87e345a, "wkssvc")
        .with(files::WKSSVC, Returns::Win32),
    Interface::new(0x76d12b80_3467_11d3_91ff_0090272f9ea3, "qmcomm2"),
    Interface::new(0x76f03f96_cdfd_44fc_a22c_64950a001209, "iremotewinspool"),
    Interface::new(0x7c44d7d4_31d5_424c_bd5e_2b3e1f323d22, "dsaop")
        .with(domain::DSAOP, Returns::Win32),
    Interface::new(0x7c857801_7381_11cf_884d_00aa004b2e24, "IWbemObjectSink")
        .with(dcom::WBEM_SINK, Returns::Hresult),
    Interface::new(0x811109bf_a4e1_11d1_ab54_00a0c91e9b45, "winsi2"),
    Interface::new(0x82273fdc_e32a_18c3_3f78_827929dc23ea, "eventlog")
        .with(machine::EVENTLOG, Returns::Ntstatus),
    Interface::new(
        0x86d35949_83c9_4044_b424_db363231fd0c,
        "ITaskSchedulerService",
    )
    .with(machine::TSCH, Returns::Hresult),
    Interface::new(0x894de0c0_0d55_11d3_a322_00c04fa321a1, "initshutdown")
        .with(machine::INITSHUTDOWN, Returns::Win32),
    Interface::new(0x897e2e5f_93f3_4376_9c9c_fd2277495c27, "FrsTransport")
        .with(files::FRSTRANS, Returns::Win32)
        .waits(&[5]),
    Interface::new(0x8d0ffe72_d252_11d0_bf8f_00c04fd9126b, "keysvc"),
    Interface::new(0x8d9f4e40_a03d_11ce_8f69_08003e30051b, "pnp"),
    Interface::new(0x8f09f000_b7ed_11ce_bbd2_00001a181cad, "dimsvc"),
    Interface::new(0x8fb6d884_2388_11d0_8c35_00c04fda2795, "w32time")
        .with(domain::W32TIME, Returns::Win32)
        .but(Returns::Unknown, &[0, 1]),
    Interface::new(0x91ae6020_9e3c_11cf_8d7c_00aa00c091be, "ICertPassage")
        .with(domain::ICPR, Returns::Hresult),
    Interface::new(0x93149ca2_973b_11d1_8c39_00c04fb984f9, "scesrv"),
    Interface::new(0x9556dc99_828c_11cf_a37e_00aa003240c7, "IWbemServices")
        .with(dcom::WBEM_SERVICES, Returns::Hresult),
    Interface::new(0x99fcfec4_5260_101b_bbcb_00aa0021347a, "IOXIDResolver")
        .with(dcom::OXID_RESOLVER, Returns::Rpc),
    Interface::new(0x9c54e310_a955_4885_bd31_78787147dfa6, "unixinfo"),
    Interface::new(0xa4f1db00_ca47_1067_b31f_00dd010662da, "emsmdb")
        .with(exchange::EMSMDB, Returns::Unknown),
    Interface::new(0xa8e0653c_2744_4389_a61d_7373df8b2292, "fssagentrpc")
        .with(files::FSSAGENT, Returns::Hresult),
    Interface::new(0xafa8bd80_7d8a_11c9_bef4_08002b102989, "mgmt")
        .with(base::MGMT, Returns::Rpc)
        .but(Returns::Unknown, &[2]),
    Interface::new(0xb9785960_524f_11df_8b6d_83dcded72085, "ISDKey"),
    Interface::new(0xb97db8b2_4c63_11cf_bff6_08002be23f2f, "clusapi"),
    Interface::new(0xc681d488_d850_11d0_8c52_00c04fd90f7e, "efsrpc")
        .with(files::EFSRPC, Returns::Win32)
        .but(Returns::Unknown, &[1, 2, 3]),
    Interface::new(0xc9378ff1_16f7_11d0_a0b2_00aa0061426a, "IPStoreProv"),
    Interface::new(0xccd8c074_d0e5_4a40_92b4_d074faa6ba28, "witness")
        .with(files::WITNESS, Returns::Win32)
        .waits(&[3]),
    Interface::new(0xd049b186_814f_11d1_9a3c_00c04fc9b232, "NtFrsApi"),
    Interface::new(0xd3fbb514_0e3b_11cb_8fad_08002b1d29c3, "NsiC"),
    Interface::new(0xd4781cd6_e5d3_44df_ad94_930efe48a887, "IWbemLoginClientID")
        .with(dcom::WBEM_LOGIN_CLIENT, Returns::Hresult),
    Interface::new(0xd6d70ef0_0e3b_11cb_acc3_08002b1d29c3, "NsiS"),
    Interface::new(0xd95afe70_a6d5_4259_822e_2c84da1ddb0d, "WindowsShutdown"),
    Interface::new(0xd99e6e70_fc88_11d0_b498_00a0c90312f3, "ICertRequestD"),
    Interface::new(0xdf1941c5_fe89_4e79_bf10_463657acf44d, "efsrpc")
        .with(files::EFSRPC, Returns::Win32)
        .but(Returns::Unknown, &[1, 2, 3]),
    Interface::new(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, "epmapper")
        .with(base::EPMAPPER, Returns::Rpc),
    Interface::new(0xe3514235_4b06_11d1_ab04_00c04fc2dcd2, "drsuapi")
        .with(domain::DRSUAPI, Returns::Win32),
    Interface::new(0xf309ad18_d86a_11d0_a075_00c04fb68820, "IWbemLevel1Login")
        .with(dcom::WBEM_LOGIN, Returns::Hresult),
    Interface::new(0xf5cc59b4_4264_101a_8c59_08002b2f8426, "frsrpc"),
    Interface::new(0xf5cc5a18_4264_101a_8c59_08002b2f8426, "nspi")
        .with(exchange::NSPI, Returns::Unknown),
    Interface::new(0xf6beaff7_1e19_4fbb_9f8f_b89e2018337c, "even6")
        .with(machine::EVEN6, Returns::Win32)
        .waits(&[1, 3]),
    Interface::new(0xfdb3a030_065f_11d1_bb9b_00a024ea5525, "qmcomm"),
];
