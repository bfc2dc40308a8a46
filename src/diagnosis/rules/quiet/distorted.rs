//! Healthy dialogues that the capture shows badly (guards T1 to T6, T9).

use super::{all_over_tcp, rpc_over_udp};
use crate::capture::script::ScriptFrame;
use crate::diagnosis::rules::bench::{loud, loud_cut};

/// Every healthy dialogue, in three ways of ending.
fn dialogues() -> Vec<(String, Vec<ScriptFrame>)> {
    let mut all = vec![("udp".to_owned(), rpc_over_udp().frames())];
    for (name, script) in all_over_tcp() {
        let ends = [
            ("closed", script.clone().close()),
            ("open", script.clone()),
            (
                "reset",
                script.reset(colloquy_dissectors::units::Side::Client),
            ),
        ];
        for (end, script) in ends {
            all.push((format!("{name}, {end}"), script.frames()));
        }
    }
    all
}

#[track_caller]
fn quiet(what: &str, frames: Vec<ScriptFrame>) {
    let rules: Vec<_> = loud(frames)
        .into_iter()
        .filter(|rule| !rule.starts_with("capture-"))
        .collect();
    assert!(rules.is_empty(), "{what}: {rules:?}");
}

fn from_client(frame: &ScriptFrame) -> bool {
    frame.bytes.get(6 + 5) == Some(&1)
}

#[test]
fn as_they_are() {
    for (name, frames) in dialogues() {
        quiet(&name, frames);
    }
}

#[test]
fn the_capture_begins_late_or_ends_early() {
    for (name, frames) in dialogues() {
        for at in 1..frames.len() {
            quiet(&format!("{name}, from {at}"), frames[at..].to_vec());
            quiet(&format!("{name}, until {at}"), frames[..at].to_vec());
        }
    }
}

#[test]
fn one_direction_only() {
    for (name, frames) in dialogues() {
        let (client, server) = frames.into_iter().partition(from_client);
        quiet(&format!("{name}, the client's"), client);
        quiet(&format!("{name}, the server's"), server);
    }
}

#[test]
fn every_frame_twice_also_with_another_vlan() {
    for (name, frames) in dialogues() {
        let mut twice = Vec::new();
        let mut tagged = Vec::new();
        for frame in frames {
            let mut copy = frame.clone();
            copy.time = copy.time.plus_nanos(2_000);
            twice.extend([frame.clone(), copy.clone()]);
            copy.bytes.splice(12..12, [0x81, 0, 0, 5]);
            tagged.extend([frame, copy]);
        }
        quiet(&format!("{name}, mirrored"), twice);
        quiet(&format!("{name}, in two VLANs"), tagged);
    }
}

#[test]
fn cut_by_the_snap_length() {
    for (name, frames) in dialogues() {
        for snap in [54, 60, 68, 80, 96, 128, 256] {
            let rules = loud_cut(frames.clone(), snap);
            let rules: Vec<_> = rules
                .iter()
                .filter(|r| !r.starts_with("capture-"))
                .collect();
            assert!(rules.is_empty(), "{name}, {snap} bytes: {rules:?}");
        }
    }
}

#[test]
fn frames_that_the_capture_missed() {
    for (name, frames) in dialogues().into_iter().filter(|(name, _)| name != "udp") {
        for at in 3..frames.len() {
            for count in [1, 3] {
                let mut rest = frames.clone();
                rest.drain(at..(at + count).min(frames.len()));
                quiet(&format!("{name}, {count} missing at {at}"), rest);
            }
        }
    }
}

#[test]
fn a_clock_that_is_set_back() {
    for (name, mut frames) in dialogues() {
        let half = frames.len() / 2;
        for frame in frames.iter_mut().skip(half) {
            frame.time = frame.time.plus_nanos(-50_000_000_000);
        }
        quiet(&name, frames);
    }
}
