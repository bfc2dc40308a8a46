//! What applications say: calls and their answers, signs of life, lines for a reader.

use flate2::{Compress, Compression, FlushCompress};

use super::*;

fn spoken(subprotocol: &str, steps: &[Step]) -> Vec<String> {
    let field = format!("Sec-WebSocket-Protocol: {subprotocol}\r\n");
    let field = if subprotocol.is_empty() { "" } else { &field };
    let all = [upgrade(field, field), steps.to_vec()].concat();
    check(8080, &all);
    let said = words(&events(8080, &all));
    let open = said.iter().position(|w| w == "s open").unwrap();
    said[open + 1..].to_vec()
}

fn ask(text: &str) -> Step {
    from_client(TEXT, text.as_bytes())
}

fn tell(text: &str) -> Step {
    from_server(TEXT, text.as_bytes())
}

#[test]
fn calls_of_json_rpc_are_answered_by_id() {
    let said = spoken(
        "",
        &[
            ask(r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#),
            ask(r#"{"jsonrpc":"2.0","id":"x","method":"b","params":[{"id":1}]}"#),
            ask(r#"{"jsonrpc":"2.0","method":"note"}"#),
            tell(r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"no"}}"#),
            tell(r#"{"jsonrpc":"2.0","id":5,"method":"back"}"#),
            tell(r#"{"jsonrpc":"2.0","result":{},"id":1}"#),
            ask(r#"{"jsonrpc":"2.0","id":5,"result":null}"#),
            tell(r#"{"jsonrpc":"2.0","id":77,"result":"whose?"}"#),
        ],
    );
    assert_eq!(
        said,
        [
            "c request 1 call",
            "c request 2 call",
            "c message Text",
            "s reply 2 -32601 Method not found",
            "s request 3 call",
            "s reply 1 ok",
            "c reply 3 ok",
            "s message Text",
        ]
    );
}

#[test]
fn queries_and_subscriptions_of_graphql() {
    let said = spoken(
        "graphql-transport-ws",
        &[
            ask(r#"{"type":"connection_init"}"#),
            tell(r#"{"type":"connection_ack"}"#),
            ask(r#"{"id":"1","type":"subscribe","payload":{"query":"query { a }"}}"#),
            ask(r#"{"id":"2","type":"subscribe","payload":{"query":"subscription { b }"}}"#),
            tell(r#"{"id":"2","type":"next","payload":{}}"#),
            tell(r#"{"id":"1","type":"next","payload":{}}"#),
            tell(r#"{"id":"1","type":"complete"}"#),
            tell(r#"{"id":"2","type":"next","payload":{}}"#),
            ask(r#"{"id":"2","type":"complete"}"#),
            ask(r#"{"id":"3","type":"subscribe","payload":{"query":"{ c }"}}"#),
            tell(r#"{"id":"3","type":"error","payload":[]}"#),
        ],
    );
    assert_eq!(
        said,
        [
            "c request 1 connection_init",
            "s reply 1 ok",
            "c request 2 subscribe",
            "c request 3 subscribe",
            "s interim 3",
            "s reply 2 ok",
            "s message Text",
            "s interim 3",
            "c cancel 3",
            "c message Text",
            "c request 4 subscribe",
            "s reply 4 error",
        ]
    );
}

fn deflated(state: &mut Compress, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    state
        .compress_vec(text, &mut out, FlushCompress::Sync)
        .unwrap();
    out.truncate(out.len() - 4);
    out
}

fn compressed() -> Vec<Step> {
    let field = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    upgrade(field, field)
}

#[test]
fn compressed_calls_are_paired_and_shown() {
    let (mut c, mut s) = [(); 2]
        .map(|()| Compress::new(Compression::best(), false))
        .into();
    let mut steps = compressed();
    for id in 1..4 {
        let call =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"sum","params":{{"password":"pw"}}}}"#);
        let result = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#);
        steps.push(from_client(0xc1, &deflated(&mut c, call.as_bytes())));
        steps.push(from_server(0xc1, &deflated(&mut s, result.as_bytes())));
    }
    check(8080, &steps);
    let said = words(&events(8080, &steps));
    assert_eq!(said[said.len() - 2..], ["c request 3 call", "s reply 3 ok"]);
    let texts = texts(8080, &steps);
    let last = texts.last().unwrap();
    assert!(
        last.contains("result 3\n{\n  \"jsonrpc\": \"2.0\",\n"),
        "{last}"
    );
    let call = &texts[texts.len() - 2];
    assert!(
        call.contains("call sum 3") && call.contains("***") && !call.contains("pw\""),
        "{call}"
    );
}

#[test]
fn a_bomb_is_reported_and_not_kept() {
    let mut state = Compress::new(Compression::best(), false);
    let bomb = deflated(&mut state, &vec![b'0'; 20 << 20]);
    let steps = [compressed(), vec![from_client(0xc2, &bomb)]].concat();
    let said = words(&events(8080, &steps));
    let told = said.iter().any(|w| w.starts_with("c ws.deflate-bomb"));
    let limit = said
        .iter()
        .any(|w| w == "c limit: a message that inflates to more than 16 MiB");
    assert!(told && limit, "{said:?}");
}

#[test]
fn signs_of_life_are_told() {
    let beats = |steps: &[Step]| {
        let all = [upgrade("", ""), steps.to_vec()].concat();
        check(8080, &all);
        events(8080, &all)
            .iter()
            .filter(|s| s.act == Act::Beat)
            .count()
    };
    assert_eq!(
        beats(&[
            from_server(PING, b"a"),
            from_client(PONG, b"a"),
            from_client(PONG, b"")
        ]),
        2
    );
    for beat in [
        "\n",
        "2",
        r#"{"type":"ping","t":1}"#,
        r#"[null,"7","phoenix","heartbeat",{}]"#,
    ] {
        assert_eq!(beats(&[ask(beat)]), 1, "{beat}");
    }
    for other in [
        "22",
        "hello",
        r#"{"type":"play"}"#,
        &format!("\"ping\"{}", " ".repeat(80)),
    ] {
        assert_eq!(beats(&[ask(other)]), 0, "{other}");
    }
}
