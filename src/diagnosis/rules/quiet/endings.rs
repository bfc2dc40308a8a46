//! Ways to end a connection that are no trouble, and idle ones.

use colloquy_dissectors::units::Side;

use super::{all_over_tcp, http, rpc, unknown};
use crate::capture::script::{Script, flag};
use crate::diagnosis::rules::bench::loud;

#[track_caller]
fn quiet(what: &str, script: Script) {
    let rules = loud(script.frames());
    assert!(rules.is_empty(), "{what}: {rules:?}");
}

#[test]
fn a_client_that_resets_when_all_is_answered() {
    for (name, script) in all_over_tcp() {
        quiet(name, script.reset(Side::Client));
    }
}

#[test]
fn the_reset_itself_acknowledges_the_last_answer() {
    let long = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
        .connect()
        .client(b"get")
        .server_unacknowledged(&[1; 3000]);
    quiet("unknown", long.reset(Side::Client));
    let nfs = rpc()
        .client(&super::super::bench::calls::record(&super::call(99)))
        .server_unacknowledged(&super::super::bench::calls::record(&super::answer(99)));
    quiet("rpc", nfs.reset(Side::Client));
}

#[test]
fn an_idle_connection_is_reset_by_either_side() {
    for (name, script) in all_over_tcp() {
        let idle = script.wait_secs(400.0);
        quiet(name, idle.clone().reset(Side::Client));
        quiet(name, idle.reset(Side::Server));
    }
}

#[test]
fn a_reset_behind_a_fin() {
    for side in Side::BOTH {
        quiet("in a hurry", http().fin(side).reset(side));
        quiet("in answer", http().fin(side).reset(side.other()));
        quiet("after all", http().close().reset(side));
    }
}

#[test]
fn keep_alives_and_nothing_else() {
    let mut known = unknown();
    let mut joined = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999");
    for _ in 0..60 {
        known = known.wait_secs(60.0).keepalive(Side::Client);
        joined = joined
            .wait_secs(60.0)
            .segment(Side::Client, flag::ACK, 99, 50, b"")
            .segment(Side::Server, flag::ACK, 50, 100, b"");
    }
    quiet("after work", known);
    quiet("joined late", joined);
    let mut with_a_byte = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999");
    for _ in 0..60 {
        with_a_byte = with_a_byte
            .wait_secs(60.0)
            .segment(Side::Client, flag::ACK, 99, 50, b"\0")
            .segment(Side::Server, flag::ACK, 50, 100, b"");
    }
    quiet("with a byte", with_a_byte);
}

#[test]
fn a_half_closed_request_is_answered() {
    let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:80")
        .connect()
        .client(b"GET / HTTP/1.0\r\n\r\n")
        .fin(Side::Client)
        .wait_secs(3.0)
        .server(b"HTTP/1.0 200 OK\r\n\r\nand as long as it takes")
        .wait_secs(50.0)
        .server(b"to the end")
        .fin(Side::Server);
    quiet("http 1.0", script);
}

#[test]
fn connects_that_say_nothing() {
    let silent = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049").connect();
    quiet("closed", silent.clone().close());
    quiet("reset", silent.clone().reset(Side::Client));
    quiet("open", silent.wait_secs(300.0).keepalive(Side::Server));
}

#[test]
fn a_port_is_used_again() {
    let first = rpc().close();
    let second = rpc().initial(0x5000_0000, 0x6000_0000);
    let again = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049")
        .wait_secs(2.0)
        .initial(0x5000_0000, 0x6000_0000)
        .connect()
        .client(&super::super::bench::calls::record(&super::call(1)))
        .server(&super::super::bench::calls::record(&super::answer(1)))
        .close();
    drop(second);
    let rules = loud(Script::merge([first, again]));
    assert!(rules.is_empty(), "{rules:?}");
}

#[test]
fn segments_larger_than_the_wire_takes() {
    let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
        .segment_size(40_000)
        .connect()
        .client(b"get")
        .server(&vec![1; 120_000]);
    quiet("offload", script.close());
}
