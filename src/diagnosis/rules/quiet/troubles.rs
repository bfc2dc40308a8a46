//! One trouble has one main finding: only its rule speaks at error or above, whatever else follows from it.

use colloquy_dissectors::units::Side;

use super::{all_over_tcp, dce, rpc, smb};
use crate::capture::script::{Script, ScriptFrame, flag};
use crate::diagnosis::Severity;
use crate::diagnosis::rules::bench::calls::{answer, call, over_udp, record};
use crate::diagnosis::rules::bench::{dcerpc, outcome};
use crate::diagnosis::smb::testing::{no, read, refused, session_request, smb2, to};

/// The rules that speak at error or above.
fn main_rules(frames: Vec<ScriptFrame>) -> Vec<&'static str> {
    let outcome = outcome(frames);
    let loud = outcome
        .findings
        .iter()
        .filter(|f| f.finding.severity >= Severity::Error);
    loud.map(|f| f.finding.rule).collect()
}

/// The conversation and so many seconds more of the capture.
fn and_then(script: Script, seconds: f64) -> Vec<ScriptFrame> {
    let later = Script::udp("10.9.9.1:1000", "10.9.9.2:2000").wait_secs(seconds);
    Script::merge([script, later.client(b"x")])
}

fn asks(script: Script) -> Script {
    script.client(&record(&call(99)))
}

#[track_caller]
fn told(what: &str, frames: Vec<ScriptFrame>, rule: &str) {
    assert_eq!(main_rules(frames), [rule], "{what}");
}

#[test]
fn a_request_that_is_never_answered() {
    told("rpc", and_then(asks(rpc()), 60.0), "request-unanswered");
    told(
        "dcerpc",
        and_then(dce().client(&dcerpc::request(9, 15)), 60.0),
        "request-unanswered",
    );
    told(
        "smb",
        and_then(smb().client(&read(11)), 60.0),
        "request-unanswered",
    );
    let several = (90..99).fold(smb(), |s, id| s.client(&read(id)));
    told(
        "nine of them",
        and_then(several, 60.0),
        "request-unanswered",
    );
    let closed = asks(rpc()).wait_secs(2.0).close();
    told("closed", closed.frames(), "request-unanswered");
}

#[test]
fn a_connection_that_is_cut() {
    let half = asks(rpc()).server(&record(&answer(99))[..14]);
    let mut grants = no(8, 11, 0xC000_0011);
    grants[4 + 14] = 2;
    let generous = smb().client(&read(11)).server(&grants);
    for (what, script) in [
        ("request open", asks(rpc())),
        ("in mid-answer", half.clone()),
        ("reads open", generous.client(&read(12)).client(&read(13))),
    ] {
        let frames = script.wait_ms(20).reset(Side::Server).frames();
        told(what, frames, "tcp-aborted-in-flight");
    }
    told(
        "half an answer",
        and_then(half.fin(Side::Server).fin(Side::Client), 9.0),
        "message-incomplete",
    );
}

#[test]
fn who_gives_up_at_once_is_no_error_of_the_other() {
    for script in [asks(rpc()), smb().client(&read(11))] {
        assert!(main_rules(script.wait_ms(20).reset(Side::Client).frames()).is_empty());
    }
}

#[test]
fn a_path_that_goes_dark() {
    let mut script = rpc().client_unacknowledged(&record(&call(99)));
    // Offsets: six calls of 44 bytes before it.
    for wait in [200, 400, 800, 1600, 3200] {
        script = script.wait_ms(wait).segment(
            Side::Client,
            flag::ACK | flag::PSH,
            1 + 6 * 44,
            1 + 6 * 28,
            &record(&call(99)),
        );
    }
    told("dark", and_then(script, 90.0), "tcp-path-dark");
}

#[test]
fn a_connection_that_the_other_forgot() {
    let script = rpc()
        .wait_secs(900.0)
        .client_unacknowledged(&record(&call(99)))
        .wait_ms(2)
        .segment(Side::Server, flag::RST, 1 + 6 * 28, 0, b"");
    told("forgotten", script.frames(), "tcp-half-open");
}

#[test]
fn a_reset_made_on_the_way() {
    for (what, script) in all_over_tcp() {
        let mut frames = script.reset(Side::Server).frames();
        if let Some(ttl) = frames.last_mut().and_then(|f| f.bytes.get_mut(14 + 8)) {
            *ttl = 31;
        }
        told(what, frames, "tcp-reset-forged");
    }
}

#[test]
fn a_connect_that_comes_to_nothing() {
    let script = || Script::tcp("10.0.0.1:40000", "10.0.0.2:2049");
    told("refused", script().refuse().frames(), "tcp-connect-refused");
    told(
        "unanswered",
        script().syn_only().frames(),
        "tcp-connect-unanswered",
    );
    let icmp = script()
        .segment(Side::Client, flag::SYN, 0, 0, b"")
        .icmp_port_unreachable();
    told("icmp", icmp.frames(), "tcp-connect-refused");
    let udp = over_udp().client(&call(1)).icmp_port_unreachable();
    told("udp", and_then(udp, 60.0), "udp-port-unreachable");
}

#[test]
fn a_datagram_that_is_repeated_in_vain() {
    let mut script = over_udp();
    for wait in [1.0, 2.0, 4.0, 8.0] {
        script = script.client(&call(1)).wait_secs(wait);
    }
    told("storm", and_then(script, 60.0), "rpc-retransmission-storm");
}

#[test]
fn a_session_that_is_not_granted() {
    for code in [0x80, 0x81, 0x82, 0x8F] {
        let script = to(139)
            .client(&session_request("SRV"))
            .server(&refused(code))
            .close();
        told("refused", script.frames(), "nbss-session-refused");
    }
    let full = to(139)
        .client(&session_request("SRV"))
        .server(&refused(0x83))
        .close();
    told("full", full.frames(), "nbss-insufficient-resources");
    let silent = to(139).client(&session_request("SRV"));
    told("silent", and_then(silent, 60.0), "nbss-request-unanswered");
    let bind = Script::tcp(dcerpc::CLIENT, dcerpc::SERVER)
        .connect()
        .client(&dcerpc::bind());
    told("bind", and_then(bind.clone(), 60.0), "dcerpc-bind-failed");
    told(
        "bind, type of authentication",
        bind.server(&dcerpc::nak(8)).close().frames(),
        "dcerpc-bind-failed",
    );
}

#[test]
fn a_request_that_stays_pending() {
    let script = smb()
        .client(&smb2(5, 90, None, &[57; 56]))
        .server(&no(5, 90, 0x103));
    told(
        "pending",
        and_then(script, 90.0),
        "smb2-pending-never-final",
    );
}

#[test]
fn a_window_that_stays_shut() {
    let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
        .connect()
        .client(&[1; 100])
        .zero_window(Side::Server)
        .wait_secs(2.0)
        .segment(Side::Client, flag::ACK, 100, 1, b"")
        .zero_window(Side::Server)
        .wait_secs(9.0)
        .segment(Side::Client, flag::ACK, 100, 1, b"")
        .zero_window(Side::Server);
    told("shut", script.frames(), "tcp-zero-window");
}
