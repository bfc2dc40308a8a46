use super::*;

/// `name: value` of every field.
fn fields(list: &List) -> Vec<String> {
    let text = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "?".to_owned(),
    };
    list.iter()
        .filter(|field| field.form != Form::Size)
        .map(|field| format!("{}: {}", text(field.name), text(field.value)))
        .collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn read(decoder: &mut Decoder, block: &str) -> Vec<String> {
    let mut list = List::default();
    assert_eq!(decoder.read(&hex(block), true, &mut list), Ok(()));
    fields(&list)
}

#[test]
fn integers_of_appendix_c_1() {
    assert_eq!(integer(&[0b1110_1010], 5), Ok(Some((10, 1))));
    assert_eq!(integer(&[0x1f, 0x9a, 0x0a], 5), Ok(Some((1337, 3))));
    assert_eq!(integer(&[42], 8), Ok(Some((42, 1))));
    assert_eq!(integer(&[0x1f, 0x9a], 5), Ok(None));
    assert!(integer(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], 7).is_err());
}

#[test]
fn representations_of_appendix_c_2() {
    let mut decoder = Decoder::new(true);
    let block = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    assert_eq!(read(&mut decoder, block), ["custom-key: custom-header"]);
    assert_eq!(decoder.table.size(), 55);
    let mut decoder = Decoder::new(true);
    let block = "040c 2f73 616d 706c 652f 7061 7468";
    assert_eq!(read(&mut decoder, block), [":path: /sample/path"]);
    let block = "1008 7061 7373 776f 7264 0673 6563 7265 74";
    assert_eq!(read(&mut decoder, block), ["password: secret"]);
    assert_eq!(read(&mut decoder, "82"), [":method: GET"]);
    assert_eq!(decoder.table.size(), 0);
}

const FIRST: [&str; 4] = [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
];
const SECOND: [&str; 5] = [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
];
const THIRD: [&str; 5] = [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
];

#[test]
fn requests_of_appendix_c_3_and_c_4() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for [first, second, third] in [plain, coded] {
        let mut decoder = Decoder::new(true);
        assert_eq!(read(&mut decoder, first), FIRST);
        assert_eq!(decoder.table.size(), 57);
        assert_eq!(read(&mut decoder, second), SECOND);
        assert_eq!(decoder.table.size(), 110);
        assert_eq!(read(&mut decoder, third), THIRD);
        assert_eq!(decoder.table.size(), 164);
    }
}

/// Responses of appendix C.6, with a table of 256 bytes, so that entries are evicted.
#[test]
fn responses_of_appendix_c_6() {
    let mut decoder = Decoder::new(true);
    decoder.table.resize(256);
    let first = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d \
                 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
    let expected = [
        ":status: 302",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
    ];
    assert_eq!(read(&mut decoder, first), expected);
    assert_eq!(decoder.table.size(), 222);
    assert_eq!(read(&mut decoder, "4883 640e ffc1 c0bf")[0], ":status: 307");
    assert_eq!(decoder.table.size(), 222);
    let third = "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 \
                 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07";
    let fields = read(&mut decoder, third);
    assert_eq!(fields[0], ":status: 200");
    assert_eq!(fields[2], "date: Mon, 21 Oct 2013 20:13:22 GMT");
    assert_eq!(fields[4], "content-encoding: gzip");
    assert_eq!(
        fields[5],
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
    );
    assert_eq!(decoder.table.size(), 215);
}

#[test]
fn a_block_in_fragments_gives_the_same_fields() {
    let block = hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff");
    for cut in 0..block.len() {
        let (start, end) = block.split_at(cut);
        let mut decoder = Decoder::new(true);
        let mut list = List::default();
        assert_eq!(decoder.read(start, false, &mut list), Ok(()));
        assert_eq!(decoder.read(end, true, &mut list), Ok(()));
        assert_eq!(fields(&list), FIRST, "cut at {cut}");
    }
}

#[test]
fn what_was_not_seen_is_unknown_and_the_rest_is_read() {
    let mut late = Decoder::new(false);
    // The entry that index 62 named before the capture began, then one that is seen.
    assert_eq!(read(&mut late, "82be"), [":method: GET", "?: ?"]);
    let block = "7e0f 7777 772e 6578 616d 706c 65";
    assert!(late.read(&hex(block), true, &mut List::default()).is_err());
    assert_eq!(read(&mut late, "4001 6101 62 be"), ["a: b", "a: b"]);
    assert_eq!(read(&mut late, "7f0001 63 be"), ["?: c", "?: c"]);
    // Whoever saw all knows that there is none.
    let mut whole = Decoder::new(true);
    let bad = whole.read(&[0xbe], true, &mut List::default());
    assert_eq!(bad, Err(Bad("an index without an entry")));
}

#[test]
fn bad_huffman_strings() {
    let bad = |bytes: &[u8]| huffman::decode(bytes, 100, &mut Vec::new());
    // Padding with a zero, padding of eight ones, and the end of string within.
    assert!(bad(&[0b0001_1000]).is_err());
    assert!(bad(&[0b0001_1111, 0xff]).is_err());
    assert!(bad(&[0xff; 5]).is_err());
    assert_eq!(bad(&[0b0001_1111]), Ok(()));
    assert!(huffman::decode(&[0b0000_0000; 5], 4, &mut Vec::new()).is_err());
}

#[test]
fn any_bytes_are_read_without_harm() {
    let mut seed = 7_u32;
    let mut decoder = Decoder::new(true);
    let mut list = List::default();
    for round in 0..20_000 {
        let bytes: Vec<u8> = (0..round % 40)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        list.clear();
        let _ = decoder.read(&bytes, round % 3 != 0, &mut list);
        assert!(decoder.table.size() <= 64 * 1024);
        assert!(list.iter().all(|f| f.at + f.len <= bytes.len()));
    }
}
