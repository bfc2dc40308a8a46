//! The language, on values made by hand.

use colloquy_dissectors::field::{Entry, FieldId, Value, Values};

use super::Filter;
use crate::fields;

/// Values of fields by name.
fn values(of: &[(&str, Value<'_>)]) -> Values {
    let mut values = Values::default();
    for (name, value) in of {
        values.push(Entry {
            id: id(name),
            value: *value,
            depth: 1,
            at: 0,
            len: 0,
        });
    }
    values
}

fn id(name: &str) -> FieldId {
    fields::find(name).map_or_else(|| panic!("no field {name}"), |info| info.id)
}

/// A NetBIOS session request, and a second message in the frame.
fn frame() -> Values {
    values(&[
        ("frame", Value::Present),
        ("frame.number", Value::Uint(7)),
        ("frame.len", Value::Uint(126)),
        ("frame.time_epoch", Value::Time(1_717_158_600_250_000_000)),
        ("nbss", Value::Present),
        ("nbss.type", Value::Uint(0x81)),
        ("nbss.length", Value::Uint(68)),
        ("nbss.called_name", Value::Text("FILESERVER")),
        ("nbss.calling_name", Value::Text("client-1")),
        ("nbss", Value::Present),
        ("nbss.type", Value::Uint(0x84)),
        ("nbss.length", Value::Uint(6)),
        (
            "nbss.retarget_ip_address",
            Value::Ipv4([10, 1, 2, 3].into()),
        ),
    ])
}

fn is(text: &str) -> bool {
    match Filter::compile(text) {
        Ok(filter) => filter.matches(&frame()),
        Err(error) => panic!("{error}"),
    }
}

fn all_are(expected: bool, texts: &[&str]) {
    for text in texts {
        assert_eq!(is(text), expected, "{text}");
    }
}

/// The message of a fault.
fn fault(text: &str) -> String {
    Filter::compile(text)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn comparisons() {
    all_are(
        true,
        &[
            "",
            "frame.number == 7",
            "frame.number eq 0x7 and frame.number == 07 and frame.number == 0b111",
            "frame.number == '\\a'",
            "frame.number != 8",
            "frame.number ge 7 && frame.number le 7",
            "5 < frame.number <= 7",
            "frame.len > frame.number",
            "frame.number > -1",
            "frame.time_epoch > 1717158600 && frame.time_epoch < 1717158600.5",
            "frame.time_epoch < \"2024-05-31 12:30:01\"",
            "frame.time_epoch >= \"May 31, 2024 12:30:00 UTC\"",
            "nbss.called_name == \"FILESERVER\"",
            "nbss.called_name == FILESERVER",
            "nbss.called_name == \"\\x46ILE\\123ERVER\"",
            "nbss.called_name > \"FILE\"",
            "nbss.retarget_ip_address == 10.1.0.0/16",
            "nbss.retarget_ip_address > 10.1.2.2",
        ],
    );
    all_are(
        false,
        &[
            "frame.number == 8",
            "frame.number < 7",
            "nbss.called_name == \"fileserver\"",
            "nbss.retarget_ip_address == 10.2.0.0/16",
            // Not there, so nothing is true of it.
            "nbss.error_code == 1",
            "nbss.error_code != 1",
            "nbss.error_code",
        ],
    );
}

#[test]
fn several_values() {
    all_are(
        true,
        &[
            "nbss.type == 0x84",
            "any nbss.type != 0x84",
            "nbss.type !== 0x84",
            "nbss.type ~= 0x84",
            "all nbss.type >= 0x81",
            "nbss.type any_eq 0x81",
            "nbss.type all_ne 0x80",
            "all nbss.type in {0x80..0x84}",
            "all nbss.type not in {0..0x80}",
            "nbss.error_code not in {1}",
            "nbss.type != nbss.length",
            "count(nbss.type) == 2",
            "max(nbss.length) == 68 && min(nbss.length, frame.number) == 6",
            "nbss.type#1 == 0x84 && nbss.type#[1-2] == 0x81 && frame.number#1 == 7",
        ],
    );
    all_are(
        false,
        &[
            "nbss.type != 0x84",
            "nbss.type === 0x84",
            "nbss.type all_eq nbss.type",
            "all nbss.error_code == 1",
            "nbss.type#2 == 0x84",
            "frame#2",
            "nbss.type not in {0x81}",
            "all nbss.type not in {0x81}",
            "count(nbss.error_code) == 0",
        ],
    );
}

#[test]
fn binding() {
    all_are(
        true,
        &[
            "frame.number == 7 or frame.number == 8 and frame.number == 9",
            "not frame.number == 8",
            "!nbss.error_code and nbss",
            "! not nbss",
            "(frame.number == 7 or frame.number == 8) and nbss",
            "frame.number == 7 xor frame.number == 8",
            "frame.number == 8 ^^ nbss or nbss.error_code",
            "frame.number + 1 == 2 * 4",
            "frame.number - 2 * 3 == 1",
            "{frame.number - 2} * 3 == 15",
            "frame.number & 3 == 3",
            "frame.number & 1 + 1",
            "-frame.number == -7",
            "frame.number -8 == -1",
            "frame.number % 4 == 3 && frame.number / 2 == 3",
            "frame.time_epoch - 0.25 == 1717158600",
            "frame.len - 126 or nbss",
        ],
    );
    all_are(
        false,
        &[
            "(frame.number == 7 or frame.number == 8) and frame.number == 9",
            "not nbss or nbss.error_code",
            "nbss xor frame",
            "frame.number & 8",
            "frame.len - 126",
            "frame.len / 0 == 1",
        ],
    );
}

#[test]
fn text_and_bytes() {
    all_are(
        true,
        &[
            "nbss.called_name contains \"SERV\"",
            "nbss.called_name contains 'S'",
            "nbss.called_name matches \"^file\"",
            "nbss.called_name ~ r\"\\w+r$\"",
            "nbss.called_name matches \"(?-i)^FILE\"",
            "nbss.called_name[0:4] == \"FILE\"",
            "nbss.called_name[0:4] == 46:49:4c:45",
            "nbss.called_name[-1] == 'R' && nbss.called_name[8:] == 45:52",
            "nbss.called_name[:2,8-9] == \"FIER\"",
            "nbss.called_name[0] & 0x40 == 0x40",
            "nbss.called_name[4:]",
            "nbss.called_name[8:4] != \"ER\" && nbss.called_name[8:4] < 00",
            "nbss.called_name[0,20] == \"F\"",
            "len(nbss.called_name) == 10",
            "lower(nbss.called_name) == \"fileserver\"",
            "upper(nbss.calling_name)[0:2] == \"CL\"",
            "string(nbss.retarget_ip_address) matches \"^10\"",
            "string(nbss.type) == \"129\"",
            "nbss.called_name in {\"A\"..\"G\"}",
            "nbss.retarget_ip_address[0] == 0a",
            "nbss.called_name contains nbss.called_name[2:3]",
            "nbss.retarget_ip_address in {192.168.0.0/16, 10.0.0.0/8}",
            "nbss.retarget_ip_address & 255.0.0.0 == 10.0.0.0",
        ],
    );
    all_are(
        false,
        &[
            "nbss.called_name contains \"serv\"",
            "nbss.called_name contains \"\"",
            "nbss.called_name matches \"(?-i)^file\"",
            "nbss.called_name[8:4]",
            "nbss.called_name[-11]",
            "nbss.called_name[20:] matches \"\"",
            "nbss.retarget_ip_address in {192.168.0.0/16, 10.2.0.0/16}",
        ],
    );
}

#[test]
fn faults_point_at_the_token() {
    let faults: Vec<String> = [
        "frame.numbr == 1",
        "nbss and frame.numbr",
        "frame.number == nbss.typ",
        "frame.number == \"7\"",
        "frame.number == 1.5",
        "frame.number == 99999999999999999999",
        "frame.number == 08",
        "nbss == x1",
        "grpc contains 01",
        "ntlmssp[0:2] == 60:48",
        "lower(nbss) == \"a\"",
        "nbss & 1",
        "frame matches abc",
        "nbss.retarget_ip_address == 10.0.0.0/33",
        "nbss.retarget_ip_address == nbss.type",
        "nbss.called_name matches \"[\"",
        "nbss.called_name matches abc",
        "nbss.called_name == \"\\w\"",
        "nbss.called_name == \"abc",
        "frame.number = 7",
        "frame.number == 7 8",
        "(frame.number + 1) == 8",
        "frame.number in {1, }",
        "frame.number in {1 2}",
        "frame.number matches \"7\"",
        "frame.number[0] == 1",
        "nbss.called_name[3-1]",
        "nbss.called_name[2:0]",
        "nbss.called_name + 1 == 2",
        "len(frame.number) == 1",
        "lenght(frame.number) == 1",
        "count(frame.number)",
        "any nbss",
        "1 == 1",
        "(nbss",
        "nbss)",
        "nbss and",
        "'ab' == frame.number",
        "frame.time_epoch == \"yesterday\"",
        "frame.number == ${frame.number}",
    ]
    .iter()
    .map(|text| fault(text))
    .collect();
    insta::assert_snapshot!(faults.join("\n"));
}

/// A frame of 6 bytes with two messages, of the second of which the bytes are not known.
fn with_bytes(text: &str) -> bool {
    let values = values(&[
        ("frame", Value::Contents(6, b"\x00\x0aSMB\xff")),
        ("nbss", Value::Contents(4, b"\x85\0\0\0")),
        ("nbss", Value::Present),
        ("tls", Value::Present),
        ("eth", Value::Contents(2, b"\x08\x00SMB")),
    ]);
    match Filter::compile(text) {
        Ok(filter) => filter.matches(&values),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn protocols_have_bytes() {
    for text in [
        "frame contains \"SMB\"",
        "frame contains 0a:53",
        "frame contains 'S'",
        "frame matches \"(?i)smb\"",
        "frame[0:2] == 00:0a",
        "frame[-1] == 0xff",
        "frame[2-4] == \"SMB\"",
        "frame == 00:0a:53:4d:42:ff",
        "frame > ff:ff",
        "frame < 00:00:00:00:00:00:00",
        "frame in {01, 00:0a:53:4d:42:ff}",
        "len(frame) == 6",
        "len(nbss) < len(frame)",
        "nbss < frame",
        "frame contains frame[3:2]",
        "nbss[0] & 0x80 == 80",
        "nbss[0:1] == 85",
        "85 == nbss[0]",
        "all nbss contains 00:00",
        "nbss !== 00",
        "count(nbss) == 2",
        "tls and !(tls contains 16)",
        "eth == 08:00",
        "len(eth) == 2",
        "eth contains \"SMB\"",
        "eth matches \"B$\"",
        "eth[-1] == 00",
        "frame",
    ] {
        assert!(with_bytes(text), "{text}");
    }
    for text in [
        "frame contains \"smb\"",
        "frame contains 0a:54",
        "frame contains \"\"",
        "frame[6] == 00",
        "frame[5:2]",
        "frame[0:7] == 00:0a:53:4d:42:ff:00",
        "frame == 00:0a",
        "len(frame) == 5",
        "nbss contains frame",
        "nbss == frame",
        "tls matches \"\"",
        "tls != 00",
        "len(tls) == 0",
        "eth[2] == 0x53",
        "eth[0:] contains \"SMB\"",
        "!frame[0]",
    ] {
        assert!(!with_bytes(text), "{text}");
    }
}

/// What must be computed for a filter: bytes only where they are read.
#[test]
fn bytes_are_wanted_where_they_are_read() {
    let read = |text: &str| {
        let filter = Filter::compile(text).map_err(|error| error.to_string());
        let names = |filter: Filter| {
            let name = |id: &FieldId| fields::info(*id).map_or("", |info| info.name);
            filter.contents().iter().map(name).collect::<Vec<_>>()
        };
        filter.map(names)
    };
    assert_eq!(read("frame contains 00"), Ok(vec!["frame"]));
    assert_eq!(read("tcp[13] == 2 or ip#1[0] == 45"), Ok(vec!["ip", "tcp"]));
    assert_eq!(read("count(nbss) == 1 and tcp and ip#2"), Ok(vec![]));
    assert_eq!(read("udp == eth"), Ok(vec!["eth", "udp"]));
}

#[test]
fn bounds() {
    let deep = format!("{}nbss{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(fault(&deep).starts_with("longer than"));
    let deep = format!("{}nbss{}", "(".repeat(1000), ")".repeat(1000));
    assert!(fault(&deep).starts_with("nested deeper"));
    for sign in ["!", "- ", "{"] {
        assert!(
            fault(&format!("{}nbss", sign.repeat(1000))).starts_with("nested deeper"),
            "{sign}"
        );
    }
    let many = vec!["frame.number == 7"; 3000].join(" or ");
    assert!(is(&many));
    assert!(fault("nbss.called_name matches \"(a{1000}){1000}\"").starts_with("not a regular"));
}

#[test]
fn only_fields_that_it_reads() {
    let filter = Filter::compile("frame.number == 7 || nbss.type#2 == 1 || frame.number == 9");
    let fields = filter.map(|f| f.fields().to_vec()).unwrap_or_default();
    assert_eq!(fields, [id("frame.number"), id("nbss"), id("nbss.type")]);
}

proptest::proptest! {
    #[test]
    fn anything_compiles_or_is_refused(text in "[ a-z0-9.:\"'\\\\\\[\\]{}()=!<>~&|^#,/*%+_-]{0,60}") {
        let _ = Filter::compile(&text);
        let _ = Filter::compile(&format!("nbss.called_name {text}"));
        let _ = Filter::compile(&format!("frame.number == {text}"));
    }
}
