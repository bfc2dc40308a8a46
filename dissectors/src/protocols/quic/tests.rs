use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};

use super::keys::Keys;
use super::wire::{Form, Header, Reader, Version, full_number};
use crate::cipher::Kind;
use crate::laws::{Step, client, datagram_fields, named, server};
use crate::units::Side;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// The client's first connection id in the examples of RFC 9001 A and RFC 9369 A.
const DCID: &str = "8394c8f03e515708";

/// RFC 9001 A.3.
const SERVER_INITIAL: &str = "
    cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
    5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
    dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
    022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
    2158407dd074ee";
/// What is in it.
const SERVER_FRAMES: &str = "
    02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739
    88cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c94
    0d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00
    020304";
/// RFC 9369 A.3, with the same frames.
const SERVER_INITIAL_V2: &str = "
    dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698
    baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17
    f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2
    c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8
    4bed8521e2e140";
/// RFC 9001 A.4.
const RETRY: &str = "
    ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f
    0f2496ba";

/// The client's keys of RFC 9001 A.1: key, vector, header protection.
const CLIENT: [&str; 3] = [
    "1f369613dd76d5467730efcbe3b1a22d",
    "fa044b2f42a3fd3b46fb255c",
    "9f50449e04a0e810283a1e9933adedd2",
];

/// An Initial packet of the client, sealed here with the RFC's keys.
fn client_initial(number: u32, dcid: &str, token: &[u8], frames: &[u8]) -> Vec<u8> {
    let [key, iv, hp] = CLIENT.map(hex);
    let dcid = hex(dcid);
    let mut header = vec![0xC3, 0, 0, 0, 1, dcid.len() as u8];
    header.extend(dcid);
    header.extend([0, token.len() as u8]);
    header.extend(token);
    // The number, the frames, the tag.
    header.extend((0x4000 | (4 + frames.len() as u16 + 16)).to_be_bytes());
    let at = header.len();
    header.extend(number.to_be_bytes());
    let mut nonce: [u8; 12] = iv.try_into().unwrap();
    for (byte, part) in nonce[8..].iter_mut().zip(number.to_be_bytes()) {
        *byte ^= part;
    }
    let cipher = Aes128Gcm::new_from_slice(&key).unwrap();
    let payload = Payload {
        msg: frames,
        aad: &header,
    };
    let sealed = cipher.encrypt(&nonce.into(), payload).unwrap();
    let mut packet = [header, sealed].concat();
    let masks = Kind::Gcm128.masks(&hp).unwrap();
    let mask = masks(packet[at + 4..].first_chunk().unwrap());
    packet[0] ^= mask[0] & 0x0F;
    for (byte, mask) in packet[at..at + 4].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    packet
}

/// A CRYPTO frame.
fn crypto(offset: u8, bytes: &[u8]) -> Vec<u8> {
    [&[6, offset, bytes.len() as u8], bytes].concat()
}

/// A ClientHello with a server name, 58 bytes long.
fn hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0, 0, 11, 0, 0, 0, 7, 0, 5, 0, 0, 2]);
    body.extend(b"ab");
    [&[1, 0, 0, body.len() as u8][..], &body].concat()
}

fn opened(version: Version, side: Side, packet: &[u8]) -> Option<(u64, Vec<u8>)> {
    let header = Header::read(packet)?;
    assert_eq!((header.version, header.form), (version, Form::Initial));
    let keys = Keys::initial(version, &hex(DCID))?;
    let bare = keys[side].bare(packet, header.form, header.payload)?;
    let opened = keys[side].open(packet, bare, header.payload, None)?;
    Some((opened.number, opened.plain))
}

#[test]
fn initial_packets_of_the_rfcs_are_opened() {
    let frames = hex(SERVER_FRAMES);
    let v1 = hex(SERVER_INITIAL);
    let both = Some((1, frames));
    assert_eq!(opened(Version(1), Side::Server, &v1), both);
    let v2 = hex(SERVER_INITIAL_V2);
    assert_eq!(opened(Version::V2, Side::Server, &v2), both);
    assert_eq!(opened(Version(1), Side::Client, &v1), None, "not its keys");
    let packet = client_initial(2, DCID, b"", &[1; 40]);
    let client = opened(Version(1), Side::Client, &packet);
    assert_eq!(client, Some((2, vec![1; 40])));
}

#[test]
fn a_short_packet_with_chacha20_is_opened() {
    // RFC 9001 A.5.
    let secret = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
    let packet = hex("4cfe4189655e5cd55c41f69080575d7999c25a5bfb");
    let keys = Keys::new(Version(1), 0x1303, &secret).unwrap();
    let bare = keys.bare(&packet, Form::Short, 1).unwrap();
    let opened = keys.open(&packet, bare, 1, Some(654_360_560)).unwrap();
    assert_eq!((opened.number, opened.plain), (654_360_564, vec![1]));
    assert_eq!(opened.first, 0x42);
    // The next keys do not open it.
    let next = keys.updated().unwrap();
    assert_eq!(next.open(&packet, bare, 1, Some(654_360_560)), None);
}

#[test]
fn numbers_are_read_as_the_rfc_has_them() {
    // RFC 9000 A.1 and A.3.
    let number = |text| Reader::new(&hex(text)).varint();
    assert_eq!(number("c2197c5eff14e88c"), Some(151_288_809_941_952_652));
    assert_eq!(number("9d7f3e7d"), Some(494_878_333));
    assert_eq!(number("7bbd"), Some(15_293));
    assert_eq!(number("25"), Some(37));
    assert_eq!(number("9d7f"), None);
    assert_eq!(full_number(Some(0xA82F_30EA), 0x9B32, 16), 0xA82F_9B32);
    assert_eq!(full_number(None, 0, 8), 0);
    assert_eq!(full_number(Some(0x00FF), 0x01, 8), 0x0101);
}

/// How the recorder shows bytes.
fn bytes(text: &str) -> String {
    format!("Bytes({:?})", hex(text))
}

#[test]
fn the_handshake_in_initial_packets_is_described() {
    let hello = hello();
    // In pieces, out of order, over two packets, the second of them twice.
    let first = [crypto(20, &hello[20..40]), vec![0; 3], vec![1]].concat();
    let second = [crypto(40, &hello[40..]), crypto(0, &hello[..25])].concat();
    let steps = [
        client(&client_initial(0, DCID, b"", &first)),
        client(&client_initial(1, DCID, b"", &second)),
        client(&client_initial(2, DCID, b"", &second)),
        server(&hex(SERVER_INITIAL)),
    ];
    let all = datagram_fields(4433, &steps);
    let frames = ["6", "0", "1", "6", "6", "6", "6"];
    assert_eq!(named(&all, Side::Client, "quic.frame_type"), frames);
    assert_eq!(named(&all, Side::Client, "quic.padding_length"), ["3"]);
    assert_eq!(
        named(&all, Side::Client, "quic.packet_number"),
        ["0", "1", "2"]
    );
    let scid = named(&all, Side::Server, "quic.scid");
    assert_eq!(scid, [bytes("f067a5502a4262b5")]);
    let name = "tls.handshake.extensions_server_name";
    assert_eq!(named(&all, Side::Client, name), ["ab"], "once");
    assert_eq!(named(&all, Side::Client, "tls.handshake.type"), ["1"]);
    let suites = named(&all, Side::Server, "tls.handshake.ciphersuite");
    assert_eq!(suites, ["4865"]);
    // It belongs to the datagram that brought the last piece that was missing.
    let whole = steps_len(&steps[..2]);
    let said = all.iter().find(|said| {
        let values = [(*said).clone()];
        !named(&values, Side::Client, "tls.handshake.type").is_empty()
    });
    let end = said.unwrap().span.end;
    assert!(end > steps_len(&steps[..1]) && end <= whole, "{end}");
}

fn steps_len(steps: &[Step]) -> u64 {
    let len = |step: &Step| match step {
        Step::Says(_, bytes) => bytes.len() as u64,
        _ => 0,
    };
    steps.iter().map(len).sum()
}

#[test]
fn a_retry_is_recognised_and_shows_its_token() {
    let steps = [
        client(&client_initial(0, DCID, b"", &crypto(0, &hello()))),
        server(&hex(RETRY)),
    ];
    let all = datagram_fields(443, &steps);
    let token = named(&all, Side::Server, "quic.retry_token");
    assert_eq!(token, [bytes("746f6b656e")]);
    let tag = named(&all, Side::Server, "quic.retry_integrity_tag");
    assert_eq!(tag, [bytes("04a265ba2eff4d829058fb3f0f2496ba")]);
    let kinds = named(&all, Side::Server, "quic.long.packet_type");
    assert_eq!(kinds, ["3"]);
}

#[test]
fn versions_that_a_server_offers_are_listed() {
    let packet = hex("aa 00000000 00 04 01020304 00000001 6b3343cf 1a2a3a4a");
    let all = datagram_fields(443, &[server(&packet)]);
    let offered = named(&all, Side::Server, "quic.supported_version");
    assert_eq!(offered, ["1", "1798521807", "438975050"]);
    // Zeros and numbers that nobody knows are no QUIC.
    let other = hex("aa 00000000 00 04 01020304 00000000 00000007");
    assert!(datagram_fields(443, &[server(&other)]).is_empty());
}

#[test]
fn the_sides_may_agree_on_another_version() {
    let first = client_initial(0, DCID, b"", &crypto(0, &hello()));
    let reply = hex(SERVER_INITIAL);
    let again = [
        client(&first),
        server(&reply),
        // In version 2, which this test has no packet of but the server's: it is opened by the client's first id.
        server(&hex(SERVER_INITIAL_V2)),
    ];
    let all = datagram_fields(443, &again);
    let numbers = named(&all, Side::Server, "quic.packet_number");
    assert_eq!(numbers, ["1", "1"], "another version was agreed on");
    let kinds = named(&all, Side::Server, "quic.long.packet_type_v2");
    assert_eq!(kinds, ["1"]);
}

#[test]
fn cut_and_flipped_packets_do_not_panic() {
    let whole = client_initial(0, DCID, b"token", &crypto(0, &hello()));
    for packet in [whole, hex(SERVER_INITIAL), hex(RETRY)] {
        for n in 0..packet.len() {
            let mut flipped = packet.clone();
            flipped[n] ^= 0x41;
            datagram_fields(443, &[client(&packet[..n]), server(&flipped)]);
            datagram_fields(
                443,
                &[client(&packet), server(&flipped), client(&packet[n..])],
            );
        }
    }
    // Frames that are cut or unknown, opened.
    let frames = hex("02 0a 05 02 03 01 01 04 08 31 05 01 02 1c 4105 06 03 616263");
    for n in 0..frames.len() {
        let mut bytes = frames[..n].to_vec();
        bytes.extend([0xFF; 20]);
        datagram_fields(443, &[client(&client_initial(0, DCID, b"", &bytes))]);
    }
}
