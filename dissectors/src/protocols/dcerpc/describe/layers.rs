//! Interfaces that Wireshark takes apart beyond DCE/RPC, each in a layer of its own: what a summary line calls them, and
//! in which the frames of the exchange are named once more.

use super::super::wire::Syntax;

/// UUID, major version and name, sorted.
static LAYERS: &[(u128, u16, &str)] = &[
    (0x00000131_0000_0000_c000_000000000046, 0, "IRemUnknown"),
    (0x00000143_0000_0000_c000_000000000046, 0, "IRemUnknown2"),
    (
        0x000001a0_0000_0000_c000_000000000046,
        0,
        "ISystemActivator",
    ),
    (0x00020400_0000_0000_c000_000000000046, 0, "IDispatch"),
    (0x00020401_0000_0000_c000_000000000046, 0, "ITypeInfo"),
    (0x12345678_1234_abcd_ef00_0123456789ab, 1, "SPOOLSS"),
    (0x12345678_1234_abcd_ef00_01234567cffb, 1, "RPC_NETLOGON"),
    (0x12345778_1234_abcd_ef00_0123456789ab, 0, "LSARPC"),
    (0x12345778_1234_abcd_ef00_0123456789ac, 1, "SAMR"),
    (0x1544f5e0_613c_11d1_93df_00c04fd7bd09, 1, "RFR"),
    (0x1ff70682_0a51_30e8_076d_740be8cee98b, 1, "ATSVC"),
    (0x2f5f6520_ca46_1067_b319_00dd010662da, 1, "TAPI"),
    (0x338cd001_2244_31f1_aaaa_900038001003, 1, "WINREG"),
    (0x367abb81_9844_35f1_ad32_98f038001003, 2, "SVCCTL"),
    (0x3919286a_b10c_11d0_9ba8_00c04fd92ef5, 0, "DSSETUP"),
    (0x4b324fc8_1670_01d3_1278_5a47bf6ee188, 3, "SRVSVC"),
    (0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57, 0, "REMACT"),
    (0x4da1c422_943d_11d1_acae_00c04fc2aa3f, 1, "TRKSVR"),
    (0x4fc742e0_4a10_11cf_8273_00aa004ae673, 3, "NETDFS"),
    (0x50abc2a4_574d_40b3_9d66_ee4fd5fba076, 5, "DNSSERVER"),
    (0x5a7b91f8_ff00_11d0_a9b2_00c04fb6e6fc, 1, "Messenger"),
    (0x6bffd098_a112_3610_9833_012892020162, 0, "RPC_BROWSER"),
    (0x6bffd098_a112_3610_9833_46c3f87e345a, 1, "WKSSVC"),
    (0x76f03f96_cdfd_44fc_a22c_64950a001209, 1, "IREMOTEWINSPOOL"),
    (0x82273fdc_e32a_18c3_3f78_827929dc23ea, 0, "EVENTLOG"),
    (
        0x86d35949_83c9_4044_b424_db363231fd0c,
        1,
        "TaskSchedulerService",
    ),
    (0x894de0c0_0d55_11d3_a322_00c04fa321a1, 1, "INITSHUTDOWN"),
    (0x897e2e5f_93f3_4376_9c9c_fd2277495c27, 1, "FRSTRANS"),
    (0x8d9f4e40_a03d_11ce_8f69_08003e30051b, 1, "PNP"),
    (0x8f09f000_b7ed_11ce_bbd2_00001a181cad, 0, "RRAS"),
    (0x99fcfec4_5260_101b_bbcb_00aa0021347a, 0, "IOXIDResolver"),
    (0xa4f1db00_ca47_1067_b31f_00dd010662da, 0, "MAPI"),
    (0xa8e0653c_2744_4389_a61d_7373df8b2292, 1, "FSRVP"),
    (0xafa8bd80_7d8a_11c9_bef4_08002b102989, 1, "MGMT"),
    (0xb97db8b2_4c63_11cf_bff6_08002be23f2f, 3, "CLUSAPI"),
    (0xc681d488_d850_11d0_8c52_00c04fd90f7e, 1, "EFS"),
    (0xccd8c074_d0e5_4a40_92b4_d074faa6ba28, 1, "WITNESS"),
    (0xd049b186_814f_11d1_9a3c_00c04fc9b232, 1, "FRSAPI"),
    (0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, 3, "EPMv4"),
    (0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, 4, "EPMv4"),
    (0xe3514235_4b06_11d1_ab04_00c04fc2dcd2, 4, "DRSUAPI"),
    (0xf5cc59b4_4264_101a_8c59_08002b2f8426, 1, "FRSRPC"),
    (0xf5cc5a18_4264_101a_8c59_08002b2f8426, 56, "NSPI"),
];

/// The name of the interface's layer, if it has one.
pub(in super::super) fn layer(interface: &Syntax) -> Option<&'static str> {
    let key = (interface.uuid.0, interface.major);
    let place = LAYERS.binary_search_by_key(&key, |(uuid, version, _)| (*uuid, *version));
    LAYERS.get(place.ok()?).map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_sorted() {
        assert!(LAYERS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }
}
