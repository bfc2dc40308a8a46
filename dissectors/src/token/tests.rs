use super::fields::{ntlmssp as n, spnego as s};
use super::{describe, info};
use crate::field::{Value, Values, Wanted, Writer};

fn described(blob: &[u8]) -> Values {
    let (wanted, mut values) = (Wanted::all(), Values::default());
    describe(&mut Writer::new(&wanted, &mut values), blob, 100);
    values
}

/// A CHALLENGE of `SRV` with its NetBIOS name in the target's information.
fn challenge() -> Vec<u8> {
    let name: Vec<u8> = b"SRV".iter().flat_map(|b| [*b, 0]).collect();
    let mut out = b"NTLMSSP\0\x02\0\0\0\x06\0\x06\0\x38\0\0\0\x01\0\x80\0".to_vec();
    out.extend([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend([14, 0, 14, 0, 62, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 15]);
    out.extend(&name);
    out.extend([1, 0, 6, 0]);
    out.extend(&name);
    out.extend([0, 0, 0, 0]);
    out
}

/// DER of `tag` around `content` of less than 128 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

#[test]
fn a_challenge_tells_of_the_server() {
    let values = described(&challenge());
    let one = |id| values.of(id).next();
    assert_eq!(one(n::MESSAGETYPE), Some(Value::Uint(2)));
    assert_eq!(one(n::CHALLENGE_TARGET_NAME), Some(Value::Text("SRV")));
    let name = one(n::CHALLENGE_TARGET_INFO_NB_COMPUTER_NAME);
    assert_eq!(name, Some(Value::Text("SRV")));
    let challenge_bytes = Value::Bytes(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(one(n::NTLMSERVERCHALLENGE), Some(challenge_bytes));
    assert_eq!(info(&challenge()), ", NTLMSSP_CHALLENGE");
}

#[test]
fn a_token_in_spnego_is_found() {
    let ntlm = der(0x06, b"\x2B\x06\x01\x04\x01\x82\x37\x02\x02\x0A");
    let response = [
        der(0xA0, &der(0x0A, &[1])),
        der(0xA1, &ntlm),
        der(0xA2, &der(0x04, &challenge())),
    ];
    let token = der(0xA1, &der(0x30, &response.concat()));
    let values = described(&token);
    let one = |id| values.of(id).next();
    assert_eq!(one(s::NEG_RESULT), Some(Value::Uint(1)));
    let mechanism = Value::Text("1.3.6.1.4.1.311.2.2.10");
    assert_eq!(one(s::SUPPORTED_MECH), Some(mechanism));
    assert_eq!(one(n::CHALLENGE_TARGET_NAME), Some(Value::Text("SRV")));
    let target = values.iter().find(|e| e.id == n::MESSAGETYPE);
    let inner = token.len() - challenge().len();
    assert_eq!(target.map(|e| e.at as usize), Some(100 + inner + 8));
    assert_eq!(info(&token), ", NTLMSSP_CHALLENGE");
    for len in 0..token.len() {
        described(token.get(..len).unwrap_or_default());
    }
}
