use super::describe::{content, datagram};
use super::fields as f;
use crate::field::{Value, Values, Wanted, Writer};

/// A name in first-level encoding.
fn encoded(name: &[u8; 16]) -> Vec<u8> {
    let mut out = vec![32];
    out.extend(name.iter().flat_map(|b| [b'A' + (b >> 4), b'A' + (b & 15)]));
    out.push(0);
    out
}

#[test]
fn a_datagram_tells_who_sends_it_to_whom() {
    let mut bytes = vec![0x11, 0x0E, 0x00, 0x90, 192, 1, 1, 91, 0, 138, 0, 72, 0, 0];
    bytes.extend(encoded(b"ANI            \x00"));
    bytes.extend(encoded(b"STOCK          \x1e"));
    bytes.extend(b"\xFFSMB");
    assert_eq!(content(&bytes), Some((82, &b"\xFFSMB"[..])));
    let (wanted, mut values) = (Wanted::all(), Values::default());
    datagram(&mut Writer::new(&wanted, &mut values), &bytes);
    let one = |id| values.of(id).next();
    assert_eq!(one(f::SOURCE_NAME), Some(Value::Text("ANI<00>")));
    assert_eq!(one(f::DESTINATION_NAME), Some(Value::Text("STOCK<1e>")));
    assert_eq!(one(f::NODE_TYPE), Some(Value::Uint(3)));
    assert_eq!(one(f::ID), Some(Value::Uint(0x90)));
    for cut in 0..bytes.len() {
        let cut = bytes.get(..cut).unwrap_or_default();
        datagram(&mut Writer::new(&wanted, &mut values), cut);
    }
}
