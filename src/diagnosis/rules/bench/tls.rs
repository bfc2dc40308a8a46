//! TLS in bytes, for tests of its rules.

use crate::capture::script::{Script, ScriptFrame};

/// A certificate for www.example.org, its own issuer, valid in 2020.
const CERTIFICATE: &str = "\
    3082016030820106a003020102020102300a06082a8648ce3d040302301a3118301606035504030c0f7777772e6578616d706c652e6f7267\
    301e170d3230303130313030303030305a170d3231303130313030303030305a301a3118301606035504030c0f7777772e6578616d706c65\
    2e6f72673059301306072a8648ce3d020106082a8648ce3d03010703420004bde03d317258c3643b62f8415ba899ca91b46b52755dc84efc\
    806bb1da3633e8c95148bba15f94b724fe40e18dff063419fb9935811509c8819c44c6a32b7be9a33d303b301a0603551d1104133011820f\
    7777772e6578616d706c652e6f7267301d0603551d0e04160414626bbd6423db746177a542b3f7c7ae87ea1a5f70300a06082a8648ce3d04\
    0302034800304502204bfd2fab6c7ee2ea6ef434b553363f4bc695320fc5da5a354692da91629f7b35022100e7939cab9dad5d3cc89ceae1\
    5eddde8bc0105ded8c3397e90be9aeeff43f8119\
    ";
/// RFC 8446 4.1.3.
const RETRY: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and TLS_AES_128_GCM_SHA256.
const SUITES: [u8; 4] = [0xC0, 0x2F, 0x13, 0x01];

/// What differs from hello to hello.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hello<'a> {
    pub(crate) tls13: bool,
    pub(crate) name: &'a str,
    pub(crate) session_id: &'a [u8],
    pub(crate) ticket: &'a [u8],
    pub(crate) psk: &'a [u8],
    /// It was given to both, and is of no earlier session.
    pub(crate) external_psk: bool,
    pub(crate) early_data: bool,
    pub(crate) extended_master_secret: bool,
}

/// A hello of TLS 1.2 for www.example.org.
pub(crate) const TLS12: Hello<'static> = Hello {
    tls13: false,
    name: "www.example.org",
    session_id: &[],
    ticket: &[],
    psk: &[],
    external_psk: false,
    early_data: false,
    extended_master_secret: true,
};
/// And of TLS 1.3.
pub(crate) const TLS13: Hello<'static> = Hello {
    tls13: true,
    ..TLS12
};

/// A connection to a port.
pub(crate) fn to(port: u16) -> Script {
    from(40000, port)
}

/// From a port to a port.
pub(crate) fn from(client: u16, port: u16) -> Script {
    Script::tcp(&format!("10.0.0.1:{client}"), &format!("10.0.0.2:{port}")).connect()
}

pub(crate) fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind, 3, 3], vector(2, body)].concat()
}

/// Application data, or what looks so.
pub(crate) fn data(len: usize) -> Vec<u8> {
    record(23, &vec![0x5A; len])
}

/// An alert in clear.
pub(crate) fn alert(level: u8, code: u8) -> Vec<u8> {
    record(21, &[level, code])
}

fn vector(n: usize, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_be_bytes();
    [&len[4 - n..], body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], vector(3, body)].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), vector(2, body)].concat()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
}

/// A ClientHello.
pub(crate) fn client_hello(hello: Hello<'_>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if !hello.name.is_empty() {
        let name = [vec![0], vector(2, hello.name.as_bytes())].concat();
        extensions.push(extension(0, &vector(2, &name)));
    }
    extensions.push(extension(10, &vector(2, &[0, 29, 0, 23])));
    extensions.push(extension(13, &vector(2, &[4, 3, 8, 4])));
    extensions.push(extension(35, hello.ticket));
    if hello.extended_master_secret {
        extensions.push(extension(23, &[]));
    }
    if hello.tls13 {
        extensions.push(extension(43, &vector(1, &[3, 4, 3, 3])));
    }
    if hello.early_data {
        extensions.push(extension(42, &[]));
    }
    if !hello.psk.is_empty() {
        let age = u32::from(!hello.external_psk) * 0x5A5A_5A5A;
        let identity = [vector(2, hello.psk), age.to_be_bytes().to_vec()].concat();
        let binders = vector(2, &vector(1, &[9; 32]));
        extensions.push(extension(41, &[vector(2, &identity), binders].concat()));
    }
    let body = [
        vec![3, 3],
        vec![7; 32],
        vector(1, hello.session_id),
        vector(2, &SUITES),
        vector(1, &[0]),
        vector(2, &extensions.concat()),
    ];
    record(22, &message(1, &body.concat()))
}

fn server_hello(random: &[u8], id: &[u8], suite: [u8; 2], extensions: &[Vec<u8>]) -> Vec<u8> {
    let body = [
        vec![3, 3],
        random.to_vec(),
        vector(1, id),
        suite.to_vec(),
        vec![0],
        vector(2, &extensions.concat()),
    ];
    message(2, &body.concat())
}

/// The ServerHello of TLS 1.2, with extended master secret.
pub(crate) fn server_hello12(id: &[u8]) -> Vec<u8> {
    record(
        22,
        &server_hello(&[8; 32], id, [0xC0, 0x2F], &[extension(23, &[])]),
    )
}

/// A certificate of that year's end, 2021 or later.
pub(crate) fn certificate(until: &str) -> Vec<u8> {
    let der = unhex(CERTIFICATE);
    // The validity is in clear, and nobody looks at the signature.
    let old = der.windows(6).position(|w| w == b"210101").unwrap();
    let mut der = der;
    der[old..old + 2].copy_from_slice(&until.as_bytes()[2..4]);
    record(22, &message(11, &vector(3, &vector(3, &der))))
}

/// The server's flight of TLS 1.2, with or without CertificateRequest.
pub(crate) fn flight12(id: &[u8], until: &str, asks: bool) -> Vec<u8> {
    let key = [vec![3, 0, 23], vector(1, &[4; 65])].concat();
    let request = [vector(1, &[1]), vector(2, &[4, 3]), vector(2, &[])].concat();
    let mut flight = vec![
        server_hello12(id),
        certificate(until),
        record(22, &message(12, &key)),
    ];
    if asks {
        flight.push(record(22, &message(13, &request)));
    }
    flight.push(record(22, &message(14, &[])));
    flight.concat()
}

/// ChangeCipherSpec and Finished.
pub(crate) fn finished12() -> Vec<u8> {
    [record(20, &[1]), record(22, &[0xE7; 40])].concat()
}

/// The client's last flight of TLS 1.2; with an empty Certificate where that is asked for.
pub(crate) fn key_exchange12(empty_certificate: bool) -> Vec<u8> {
    let mut flight = Vec::new();
    if empty_certificate {
        flight.push(record(22, &message(11, &vector(3, &[]))));
    }
    flight.push(record(22, &message(16, &vector(1, &[4; 65]))));
    flight.push(finished12());
    flight.concat()
}

/// NewSessionTicket.
pub(crate) fn ticket12(ticket: &[u8], lifetime: u32) -> Vec<u8> {
    let body = [lifetime.to_be_bytes().to_vec(), vector(2, ticket)].concat();
    record(22, &message(4, &body))
}

/// An open session of TLS 1.2.
pub(crate) fn opened12(script: Script, hello: Hello<'_>, id: &[u8]) -> Script {
    script
        .client(&client_hello(hello))
        .server(&flight12(id, "2040", false))
        .client(&key_exchange12(false))
        .server(&finished12())
}

/// The server's flight of TLS 1.3; `psk`: it takes the client's key.
pub(crate) fn flight13(psk: bool) -> Vec<u8> {
    let mut extensions = vec![
        extension(43, &[3, 4]),
        extension(51, &[vec![0, 29], vector(2, &[5; 32])].concat()),
    ];
    if psk {
        extensions.push(extension(41, &[0, 0]));
    }
    let hello = server_hello(&[8; 32], &[], [0x13, 0x01], &extensions);
    let mut flight = vec![record(22, &hello), record(20, &[1]), data(23)];
    if !psk {
        flight.push(data(900));
        flight.push(data(281));
    }
    flight.push(data(53));
    flight.concat()
}

/// HelloRetryRequest.
pub(crate) fn retry13() -> Vec<u8> {
    let extensions = [extension(43, &[3, 4]), extension(51, &[0, 24])];
    record(
        22,
        &server_hello(&unhex(RETRY), &[], [0x13, 0x01], &extensions),
    )
}

/// The client's Finished of TLS 1.3.
pub(crate) fn finished13() -> Vec<u8> {
    [record(20, &[1]), data(53)].concat()
}

/// What has just the size of an alert in TLS 1.3.
pub(crate) fn hidden_alert() -> Vec<u8> {
    data(19)
}

/// What has just the size of a Certificate without certificates.
pub(crate) fn no_certificate13() -> Vec<u8> {
    data(25)
}

/// An open session of TLS 1.3.
pub(crate) fn opened13(script: Script) -> Script {
    script
        .client(&client_hello(TLS13))
        .server(&flight13(false))
        .client(&finished13())
}

/// A record of a suite that only authenticates, with the code behind its content.
pub(crate) fn bare(kind: u8, body: &[u8]) -> Vec<u8> {
    record(kind, &[body, &[0xC0; 32]].concat())
}

/// An open session in which all can be read: TLS_RSA_WITH_NULL_SHA256.
pub(crate) fn opened_bare(script: Script) -> Script {
    bare_session(script, false)
}

/// The same, in which the client is asked for a certificate and has none.
pub(crate) fn bare_without_certificate(script: Script) -> Script {
    bare_session(script, true)
}

fn bare_session(script: Script, asks: bool) -> Script {
    let hello = record(22, &server_hello(&[8; 32], &[], [0x00, 0x3B], &[]));
    let request = [vector(1, &[1]), vector(2, &[4, 3]), vector(2, &[])].concat();
    let asked = [record(22, &message(13, &request)), Vec::new()];
    let shown = [record(22, &message(11, &vector(3, &[]))), Vec::new()];
    let which = usize::from(!asks);
    let flight = [
        hello,
        certificate("2040"),
        asked[which].clone(),
        record(22, &message(14, &[])),
    ];
    let finished = [record(20, &[1]), bare(22, &message(20, &[0xF1; 12]))].concat();
    let key = record(22, &message(16, &vector(2, &[4; 64])));
    script
        .client(&client_hello(TLS12))
        .server(&flight.concat())
        .client(&[shown[which].clone(), key, finished.clone()].concat())
        .server(&finished)
}

/// close_notify in such a session.
pub(crate) fn close_notify() -> Vec<u8> {
    bare(21, &[1, 0])
}

/// The server ends it first.
pub(crate) fn closed_by_server(script: Script) -> Vec<ScriptFrame> {
    use colloquy_dissectors::units::Side;
    script.fin(Side::Server).fin(Side::Client).frames()
}
