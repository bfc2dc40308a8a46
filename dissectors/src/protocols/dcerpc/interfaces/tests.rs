//! The tables are sorted, and known numbers give known names.

use super::*;

#[test]
fn the_tables_are_sorted_and_without_doubles() {
    assert!(known::KNOWN.windows(2).all(|w| w[0].uuid < w[1].uuid));
    for interface in known::KNOWN {
        assert!(
            interface.operations.windows(2).all(|w| w[0].0 < w[1].0),
            "{}",
            interface.name
        );
        for number in interface.waits.iter().chain(interface.otherwise.1) {
            assert!(
                !interface.operation(*number).is_empty(),
                "{} {number}",
                interface.name
            );
        }
    }
}

#[test]
fn operations_have_the_numbers_of_their_documents() {
    let name = |uuid, number| by_uuid(Uuid(uuid)).unwrap().operation(number);
    let srvsvc = 0x4b324fc8_1670_01d3_1278_5a47bf6ee188;
    assert_eq!(name(srvsvc, 15), "NetrShareEnum");
    assert_eq!(name(srvsvc, 57), "NetrShareDelEx");
    assert_eq!(name(srvsvc, 29), "");
    let samr = 0x12345778_1234_abcd_ef00_0123456789ac;
    assert_eq!(name(samr, 64), "SamrConnect5");
    assert_eq!(name(samr, 34), "SamrOpenUser");
    let netlogon = 0x12345678_1234_abcd_ef00_01234567cffb;
    assert_eq!(name(netlogon, 26), "NetrServerAuthenticate3");
    assert_eq!(name(netlogon, 45), "NetrLogonSamLogonWithFlags");
    let spoolss = 0x12345678_1234_abcd_ef00_0123456789ab;
    assert_eq!(name(spoolss, 69), "RpcOpenPrinterEx");
    assert_eq!(name(spoolss, 89), "RpcAddPrinterDriverEx");
    let lsarpc = 0x12345778_1234_abcd_ef00_0123456789ab;
    assert_eq!(name(lsarpc, 44), "LsarOpenPolicy2");
    assert_eq!(name(lsarpc, 76), "LsarLookupSids3");
    let svcctl = 0x367abb81_9844_35f1_ad32_98f038001003;
    assert_eq!(name(svcctl, 42), "REnumServicesStatusExW");
    let drsuapi = 0xe3514235_4b06_11d1_ab04_00c04fc2dcd2;
    assert_eq!(name(drsuapi, 12), "IDL_DRSCrackNames");
}

#[test]
fn a_netlogon_operation_returns_what_its_kind_does() {
    let netlogon = by_uuid(Uuid(0x12345678_1234_abcd_ef00_01234567cffb)).unwrap();
    assert_eq!(netlogon.returns(26), Returns::Ntstatus);
    assert_eq!(netlogon.returns(20), Returns::Win32);
    assert_eq!(netlogon.returns(1000), Returns::Unknown);
}

#[test]
fn a_pipe_tells_its_interface_by_name() {
    assert_eq!(by_pipe("srvsvc").unwrap().name, "srvsvc");
    assert_eq!(by_pipe("\\PIPE\\spoolss").unwrap().name, "spoolss");
    assert!(by_pipe("lsass").is_none());
}
