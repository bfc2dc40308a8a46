//! DCE/RPC in bytes, for tests of its rules: low byte first, one presentation context.

use crate::capture::script::Script;

/// Client and server of the scripts.
pub(crate) const CLIENT: &str = "10.0.0.1:40000";
pub(crate) const SERVER: &str = "10.0.0.2:49152";

/// `srvsvc` as it stands in a bind.
const SRVSVC: [u8; 16] = [
    0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88,
];
/// The endpoint mapper.
const EPMAPPER: [u8; 16] = [
    0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa,
];
/// The witness of a cluster, one of whose operations waits by design.
const WITNESS: [u8; 16] = [
    0x74, 0xc0, 0xd8, 0xcc, 0xe5, 0xd0, 0x40, 0x4a, 0x92, 0xb4, 0xd0, 0x74, 0xfa, 0xa6, 0xba, 0x28,
];
const NDR: [u8; 16] = [
    0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
];

/// A PDU: type, flags, call id, body.
pub(crate) fn pdu(kind: u8, flags: u8, call: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![5, 0, kind, flags, 0x10, 0, 0, 0];
    out.extend((16 + body.len() as u16).to_le_bytes());
    out.extend([0, 0, call, 0, 0, 0]);
    out.extend(body);
    out
}

fn bind_to(interface: [u8; 16], recv: u16) -> Vec<u8> {
    let mut body = 4280_u16.to_le_bytes().to_vec();
    body.extend(recv.to_le_bytes());
    body.extend([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
    body.extend(interface);
    body.extend([3, 0, 0, 0]);
    body.extend(NDR);
    body.extend([2, 0, 0, 0]);
    pdu(11, 3, 1, &body)
}

/// A bind to srvsvc.
pub(crate) fn bind() -> Vec<u8> {
    bind_to(SRVSVC, 4280)
}

/// A bind to srvsvc by a client that takes only short fragments.
pub(crate) fn bind_taking(recv: u16) -> Vec<u8> {
    bind_to(SRVSVC, recv)
}

/// A bind_ack with a result and a reason.
pub(crate) fn ack(result: u8, reason: u8) -> Vec<u8> {
    let mut body = [4280_u16.to_le_bytes(), 4280_u16.to_le_bytes()].concat();
    body.extend([0x21, 0x43, 0, 0, 4, 0, b'1', b'3', b'5', 0, 0, 0]);
    body.extend([1, 0, 0, 0, result, 0, reason, 0]);
    body.extend(if result == 0 { NDR } else { [0; 16] });
    body.extend([2, 0, 0, 0]);
    pdu(12, 3, 1, &body)
}

/// A bind_nak with its reason.
pub(crate) fn nak(reason: u8) -> Vec<u8> {
    pdu(13, 3, 1, &[reason, 0, 1, 5, 0, 0, 0, 0])
}

/// The body of a request, or of a response.
pub(crate) fn call_body(context: u8, operation: u8, stub: &[u8]) -> Vec<u8> {
    let mut body = vec![stub.len() as u8, 0, 0, 0, context, 0, operation, 0];
    body.extend(stub);
    body
}

/// A request on the context that was agreed.
pub(crate) fn request(call: u8, operation: u8) -> Vec<u8> {
    pdu(0, 3, call, &call_body(0, operation, &[7; 24]))
}

/// A request on another context.
pub(crate) fn request_on(context: u8, call: u8) -> Vec<u8> {
    pdu(0, 3, call, &call_body(context, 15, &[7; 24]))
}

/// One fragment of a request: 1 the first, 0 one between, 2 the last.
pub(crate) fn fragment(flags: u8, call: u8) -> Vec<u8> {
    pdu(0, flags, call, &call_body(0, 15, &[7; 24]))
}

/// A response that ends with a return value.
pub(crate) fn response(call: u8, returned: u32) -> Vec<u8> {
    let stub = [vec![1; 20], returned.to_le_bytes().to_vec()].concat();
    pdu(2, 3, call, &call_body(0, 0, &stub))
}

/// A response with a stub of that many bytes.
pub(crate) fn long_response(call: u8, stub: usize) -> Vec<u8> {
    pdu(2, 3, call, &call_body(0, 0, &vec![0; stub]))
}

/// A fault.
pub(crate) fn fault(call: u8, status: u32) -> Vec<u8> {
    let body = [vec![0; 8], status.to_le_bytes().to_vec(), vec![0; 4]].concat();
    pdu(3, 3, call, &body)
}

/// An association with srvsvc.
pub(crate) fn bound() -> Script {
    opened(&bind())
}

/// An association with the witness.
pub(crate) fn bound_to_witness() -> Script {
    opened(&bind_to(WITNESS, 4280))
}

/// An association with the endpoint mapper.
pub(crate) fn bound_to_mapper() -> Script {
    opened(&bind_to(EPMAPPER, 4280))
}

fn opened(bind: &[u8]) -> Script {
    Script::tcp(CLIENT, SERVER)
        .connect()
        .client(bind)
        .server(&ack(0, 0))
}

/// A tower of srvsvc over TCP.
fn tower(port: u16, address: [u8; 4]) -> Vec<u8> {
    let mut out = vec![5, 0];
    for uuid in [SRVSVC, NDR] {
        out.extend([19, 0, 0x0d]);
        out.extend(uuid);
        out.extend([3, 0, 2, 0, 0, 0]);
    }
    out.extend([1, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0x07, 2, 0]);
    out.extend(port.to_be_bytes());
    out.extend([1, 0, 0x09, 4, 0]);
    out.extend(address);
    out.extend([0]);
    out
}

/// An `ept_map` for srvsvc over TCP.
pub(crate) fn map(call: u8) -> Vec<u8> {
    let tower = tower(0, [0; 4]);
    let length = [tower.len() as u8 - 1, 0, 0, 0];
    let mut stub = vec![0, 0, 0, 0, 2, 0, 0, 0];
    stub.extend(length);
    stub.extend(length);
    stub.extend(&tower);
    stub.extend([0; 24]);
    pdu(0, 3, call, &call_body(0, 3, &stub))
}

/// The answer: a port at an address.
pub(crate) fn mapped(call: u8, port: u16, address: [u8; 4]) -> Vec<u8> {
    let tower = tower(port, address);
    let length = tower.len() as u8 - 1;
    let mut stub = vec![0; 20];
    for number in [1, 4, 0, 1, 3, length, length] {
        stub.extend([number, 0, 0, 0]);
    }
    stub.extend(&tower);
    stub.extend([0; 4]);
    pdu(2, 3, call, &call_body(0, 0, &stub))
}

/// The answer that there is none.
pub(crate) fn not_mapped(call: u8) -> Vec<u8> {
    let stub = [vec![0; 36], 0x16c9_a0d6_u32.to_le_bytes().to_vec()].concat();
    pdu(2, 3, call, &call_body(0, 0, &stub))
}

/// A connectionless PDU of the messenger service: `sequence` tells the call.
pub(crate) fn datagram(kind: u8, sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![4, kind, 0, 0, 0x10, 0, 0, 0];
    out.extend([0; 16]);
    out.extend([0xf8, 0x91, 0x7b, 0x5a, 0, 0xff, 0xd0, 0x11]);
    out.extend([0xa9, 0xb2, 0, 0xc0, 0x4f, 0xb6, 0xe6, 0xfc]);
    out.extend([7; 16]);
    out.extend([0, 0, 0, 0, 1, 0, 0, 0, sequence, 0, 0, 0, 0, 0]);
    out.extend([0xff; 4]);
    out.extend((body.len() as u16).to_le_bytes());
    out.extend([0; 4]);
    out.extend(body);
    out
}
