use colloquy_dissectors::units::Side;

use crate::capture::script::{Script, flag};
use crate::diagnosis::rules::bench::tls::{
    TLS12, TLS13, alert, client_hello, finished12, finished13, flight12, flight13, key_exchange12,
    opened12, retry13, server_hello12, to,
};
use crate::diagnosis::rules::bench::ws::elsewhere;
use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
use crate::diagnosis::{Certainty, Culprit, Severity};

const RULE: &str = "tls-handshake-stalled";

fn stalled(script: Script, stage: &str, side: Culprit) {
    let frames = elsewhere(script, 30.0);
    let found = findings(frames.clone(), RULE);
    assert_eq!((found.len(), found[0].side), (1, side), "{found:?}");
    assert!(found[0].title.contains(stage), "{}", found[0].title);
    assert_eq!(loud(frames), [RULE]);
}

#[test]
fn a_slow_handshake_is_a_note() {
    let asked = || to(443).client(&client_hello(TLS13)).wait_secs(6.0);
    let open = |script: Script| script.server(&flight13(false)).client(&finished13());
    let frames = open(asked()).close().frames();
    let found = findings(frames.clone(), RULE);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
    assert!(
        found[0].frames.iter().any(|e| e.role == "silence-until"),
        "{found:?}"
    );
    assert!(loud(frames).is_empty());
    let quick = to(443).client(&client_hello(TLS13)).wait_secs(4.0);
    assert!(findings(open(quick).wait_secs(9.0).close().frames(), RULE).is_empty());
    let lost = open(asked())
        .server_lost(&flight13(false))
        .server(&flight13(false));
    assert!(findings(lost.close().frames(), RULE).is_empty());
    // A user had a certificate to choose.
    let chose = to(443).client(&client_hello(TLS12));
    let chose = chose.server(&flight12(&[], "2040", true)).wait_secs(20.0);
    let chose = chose.client(&key_exchange12(true)).server(&finished12());
    assert!(findings(chose.close().frames(), RULE).is_empty());
}

#[test]
fn what_was_said_before_comes_again_and_is_nothing_new() {
    let hello = client_hello(TLS13);
    let script = to(443)
        .client(&hello)
        .server_unacknowledged(&flight13(false));
    let again = flag::ACK | flag::PSH;
    let script = script
        .wait_secs(1.0)
        .segment(Side::Client, again, 1, 1, &hello);
    let found = findings(elsewhere(script, 30.0), RULE);
    assert_eq!(found.len(), 1, "{found:?}");
    let text = &found[0].explanation;
    assert!(
        text.contains("nothing new came") && text.contains("1 time again"),
        "{text}"
    );
}

#[test]
fn an_alert_behind_the_end_is_no_last_message() {
    let asked = to(443).client(&client_hello(TLS12)).wait_secs(5.0);
    let closed = asked.fin(Side::Server).client(&alert(2, 50));
    let found = findings(closed.fin(Side::Client).frames(), RULE);
    assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
    let text = &found[0].explanation;
    assert!(text.contains("sent Client Hello in frame 4"), "{text}");
    let waited = found[0].numbers.iter().find(|n| n.0 == "waited");
    assert!(waited.unwrap().1 > 4.9, "{found:?}");
}

#[test]
fn every_stage_is_told() {
    let asked = to(443).client(&client_hello(TLS12));
    stalled(asked.clone(), "no ServerHello", Culprit::Server);
    let begun = asked.clone().server(&server_hello12(&[]));
    stalled(begun, "breaks off", Culprit::Server);
    let answered = asked.server(&flight12(&[], "2040", false));
    stalled(answered.clone(), "no ClientKeyExchange", Culprit::Client);
    let finished = answered.client(&key_exchange12(false));
    stalled(finished, "no Finished of the server", Culprit::Server);
    let asked = to(443).client(&client_hello(TLS13));
    let again = asked.clone().server(&retry13());
    stalled(again, "no second ClientHello", Culprit::Client);
    let answered = asked.server(&flight13(false));
    stalled(
        answered.clone(),
        "no Finished of the client",
        Culprit::Client,
    );
    assert!(loud(elsewhere(answered.client(&finished13()), 30.0)).is_empty());
}

#[test]
fn the_half_of_a_long_hello_that_is_not_acknowledged_is_the_networks() {
    let hello = client_hello(TLS13);
    let script = to(443)
        .client(&hello[..100])
        .client_unacknowledged(&hello[100..])
        .retransmit_last(Side::Client)
        .drop_last();
    let found = findings(elsewhere(script, 30.0), RULE);
    assert_eq!((found.len(), found[0].side), (1, Culprit::Network));
}

#[test]
fn a_flight_that_was_sent_and_never_arrived_is_the_networks() {
    let hello = client_hello(TLS12);
    let behind = 1 + hello.len() as u32;
    let left = |seq| {
        to(443)
            .client(&hello)
            .wait_secs(14.0)
            .segment(Side::Client, flag::FIN | flag::ACK, behind, 1, b"")
            .segment(Side::Server, flag::ACK, seq, behind + 1, b"")
    };
    let found = findings(left(1325).frames(), RULE);
    assert_eq!(
        (found[0].side, found[0].certainty),
        (Culprit::Network, Certainty::Likely)
    );
    let told = &found[0].explanation;
    assert!(
        told.contains("had sent 1324 bytes that never arrived"),
        "{told}"
    );
    let found = findings(left(1).frames(), RULE);
    assert_eq!(found[0].side, Culprit::Server);
    // What the client acknowledges was only not captured.
    let taken = left(1325).segment(Side::Client, flag::ACK, behind + 1, 1325, b"");
    assert!(findings(taken.frames(), RULE).is_empty());
}

#[test]
fn who_is_asked_breaks_it_off() {
    let asked = to(443).client(&client_hello(TLS12));
    let found = findings(asked.clone().reset(Side::Server).frames(), RULE);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
    let answered = asked.server(&flight12(&[], "2040", false));
    let found = findings(answered.fin(Side::Client).fin(Side::Server).frames(), RULE);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
}

#[test]
fn a_speculative_connection_and_an_open_session_are_no_stall() {
    let asked = to(443).client(&client_hello(TLS12)).wait_ms(100);
    assert!(findings(asked.fin(Side::Client).fin(Side::Server).frames(), RULE).is_empty());
    assert!(loud(elsewhere(opened12(to(443), TLS12, &[]), 60.0)).is_empty());
}

#[test]
fn a_capture_that_ends_too_early_or_lacks_bytes_tells_nothing() {
    let asked = to(443).client(&client_hello(TLS12));
    assert_eq!(cannot_tell(elsewhere(asked.clone(), 4.0), RULE), ["T2"]);
    let lost = asked.server_lost(&flight12(&[], "2040", false));
    let frames = elsewhere(lost.client(&key_exchange12(false)), 30.0);
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames, RULE), ["T4"]);
}
