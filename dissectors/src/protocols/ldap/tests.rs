use crate::laws::{client, fields, named, server};
use crate::units::Side;

/// BER of `tag` around `content` of less than 128 bytes.
fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    ber(0x30, &[ber(2, &[id]), operation.to_vec()].concat())
}

#[test]
fn a_bind_tells_who_logs_on() {
    let ntlm = b"NTLMSSP\0\x01\0\0\0\x01\0\0\0";
    let sasl = [ber(4, b"GSS-SPNEGO"), ber(4, ntlm)].concat();
    let request = [ber(2, &[3]), ber(4, b"cn=a"), ber(0xA3, &sasl)].concat();
    let answer = [ber(10, &[49]), ber(4, b""), ber(4, b"no")].concat();
    let steps = [
        client(&message(7, &ber(0x60, &request))),
        server(&message(7, &ber(0x61, &answer))),
        // Sealed: a length in four bytes.
        client(&[0, 0, 0, 3, 1, 2, 3]),
    ];
    let all = fields(389, &steps);
    assert_eq!(named(&all, Side::Client, "ldap.messageID"), ["7"]);
    assert_eq!(named(&all, Side::Client, "ldap.mechanism"), ["GSS-SPNEGO"]);
    assert_eq!(named(&all, Side::Client, "ntlmssp.messagetype"), ["1"]);
    assert_eq!(named(&all, Side::Server, "ldap.resultCode"), ["49"]);
    assert_eq!(named(&all, Side::Server, "ldap.errorMessage"), ["no"]);
}
