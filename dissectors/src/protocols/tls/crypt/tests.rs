//! A session whose secrets are known, its records sealed here.

use std::sync::Arc;

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};

use super::{Crypt, Opened, Outcome, message};
use crate::cipher::Hash;
use crate::protocols::tls::wire::{Head, content, version};
use crate::secrets::Secrets;
use crate::units::Side;

const SECRET: [u8; 32] = [0x5A; 32];

/// A hello's body: version, random, no session id, a suite, no compression, one extension.
fn server_hello(suite: [u8; 2], extension: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, suite[0], suite[1], 0]);
    body.extend((extension.len() as u16).to_be_bytes());
    body.extend(extension);
    body
}

fn client_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body
}

fn with(lines: &[(&str, usize)]) -> Box<Crypt> {
    let random = "07".repeat(32);
    let log: Vec<String> = lines
        .iter()
        .map(|(label, len)| format!("{label} {random} {}", "5a".repeat(*len)))
        .collect();
    let mut crypt = Crypt::new(&Arc::new(Secrets::read(&log.join("\n")))).unwrap();
    crypt.message(Side::Client, message::CLIENT_HELLO, &client_hello());
    crypt
}

fn seal(key: &[u8], nonce: [u8; 12], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let cipher = Aes128Gcm::new_from_slice(key).unwrap();
    cipher.encrypt(&nonce.into(), Payload { msg, aad }).unwrap()
}

fn opened(crypt: &mut Crypt, side: Side, head: Head, body: &[u8]) -> Option<Opened> {
    match crypt.open(side, head, body) {
        Outcome::Opened(opened) => Some(opened),
        _ => None,
    }
}

fn head(kind: u8, len: usize) -> Head {
    Head {
        kind,
        version: version::TLS12,
        len: len as u16,
    }
}

#[test]
fn records_of_tls_1_3_are_opened_and_keys_change_with_finished() {
    let mut crypt = with(&[
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 32),
        ("SERVER_TRAFFIC_SECRET_0", 32),
    ]);
    let chosen = [0, 43, 0, 2, 3, 4];
    crypt.message(
        Side::Server,
        message::SERVER_HELLO,
        &server_hello([0x13, 0x01], &chosen),
    );
    assert!(crypt.opens(Side::Server) && !crypt.opens(Side::Client));

    let key = Hash::Sha256.expand(&SECRET, b"key", 16);
    let iv: [u8; 12] = Hash::Sha256.expand(&SECRET, b"iv", 12).try_into().unwrap();
    let mut record = |number: u8, inner: &[u8]| {
        let head = head(content::APPLICATION_DATA, inner.len() + 16);
        let mut nonce = iv;
        nonce[11] ^= number;
        let sealed = seal(&key, nonce, &head.bytes(), inner);
        opened(&mut crypt, Side::Server, head, &sealed)
    };
    // The type behind the content, and padding behind that.
    let first = record(0, &[20, 0, 0, 0, content::HANDSHAKE, 0, 0]).unwrap();
    assert_eq!(
        (first.kind, first.bytes),
        (content::HANDSHAKE, vec![20, 0, 0, 0])
    );
    assert!(
        record(7, &[1, content::ALERT]).is_none(),
        "not the next record"
    );
    let third = record(2, &[1, content::ALERT]).unwrap();
    assert_eq!(
        third.lost.map(|lost| lost.content),
        Some(Some(1)),
        "one before it"
    );
    crypt.message(Side::Server, message::FINISHED, &[]);
    let head = head(content::APPLICATION_DATA, 21);
    let mut inner = b"data".to_vec();
    inner.push(content::APPLICATION_DATA);
    let sealed = seal(&key, iv, &head.bytes(), &inner);
    let data = opened(&mut crypt, Side::Server, head, &sealed);
    assert_eq!(data.unwrap().bytes, b"data", "counted from nothing again");
}

#[test]
fn records_of_tls_1_2_are_opened_after_the_change_of_keys() {
    let mut crypt = with(&[("CLIENT_RANDOM", 48)]);
    crypt.message(
        Side::Server,
        message::SERVER_HELLO,
        &server_hello([0xC0, 0x2F], &[]),
    );
    assert!(!crypt.opens(Side::Client));
    crypt.change(Side::Client);
    assert!(crypt.opens(Side::Client) && !crypt.opens(Side::Server));

    let seed = [[9; 32], [7; 32]].concat();
    let keys = Hash::Sha256.prf(&[0x5A; 48], b"key expansion", &seed, 40);
    let explicit = [0, 0, 0, 0, 0, 0, 0, 42];
    let nonce: [u8; 12] = [&keys[32..36], &explicit].concat().try_into().unwrap();
    let plain = [20, 0, 0, 0];
    let aad = [&[0; 8][..], &head(content::HANDSHAKE, plain.len()).bytes()].concat();
    let body = [&explicit[..], &seal(&keys[..16], nonce, &aad, &plain)].concat();
    let head = head(content::HANDSHAKE, body.len());
    assert_eq!(
        opened(&mut crypt, Side::Client, head, &body).unwrap().bytes,
        plain
    );
    assert!(
        opened(&mut crypt, Side::Client, head, &body).is_none(),
        "the number is sealed with it"
    );
}

#[test]
fn without_secrets_there_is_nothing_to_open() {
    assert!(Crypt::new(&Arc::new(Secrets::default())).is_none());
}
