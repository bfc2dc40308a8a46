//! Capturing on the loopback interface; said and skipped where that is not permitted.

use std::net::UdpSocket;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::super::live::{Live, LiveOptions, interfaces};
use super::super::{Block, CaptureError, LinkType, Record, Source, open};
use super::drain;

fn start(options: &LiveOptions) -> Option<Live> {
    match Live::open(options) {
        Ok(live) => Some(live),
        Err(error @ CaptureError::NoRights { .. }) => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Sends `count` datagrams over loopback and gives the frames captured of them.
fn talk(
    interface: &str,
    count: usize,
    write_to: Option<std::path::PathBuf>,
) -> Option<Vec<(Record, Vec<u8>)>> {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = receiver.local_addr().expect("bound").port();
    let filter = Some(format!("udp port {port}"));
    let mut live = start(&LiveOptions {
        filter,
        write_to,
        ..LiveOptions::new(interface)
    })?;
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
    for i in 0..count {
        sender
            .send_to(format!("datagram {i:04}").as_bytes(), ("127.0.0.1", port))
            .expect("sent");
    }
    let (mut block, mut frames) = (Block::new(), Vec::new());
    let (stop, begin) = (live.stop_handle(), Instant::now());
    while live.fill(&mut block).expect("captures") {
        frames.extend(
            block
                .records
                .iter()
                .map(|record| (*record, block.bytes(record).to_vec())),
        );
        if frames.len() >= count || begin.elapsed() > Duration::from_secs(5) {
            stop.store(true, Ordering::Relaxed);
        }
    }
    let summary = live.summary();
    assert_eq!(summary.frames, frames.len() as u64);
    assert!(
        summary
            .received
            .is_some_and(|received| received >= summary.frames)
    );
    assert_eq!(summary.dropped, Some(0));
    Some(frames)
}

#[test]
fn loopback_frames_are_seen_and_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("copy.pcapng");
    let Some(frames) = talk("lo", 90, Some(path.clone())) else {
        return;
    };
    assert_eq!(frames.len(), 90);
    assert!(frames.iter().zip(0..).all(|((record, bytes), i)| {
        record.link == LinkType::ETHERNET && bytes.ends_with(format!("datagram {i:04}").as_bytes())
    }));
    assert!(
        frames
            .iter()
            .any(|(record, _)| record.time.nanos() % 1000 != 0),
        "times are in nanoseconds"
    );
    let mut copy = open(&path.to_string_lossy()).expect("the copy opens");
    let (again, summary) = drain(copy.as_mut()).expect("the copy reads");
    let flat = |frames: &[(Record, Vec<u8>)]| -> Vec<_> {
        frames
            .iter()
            .map(|(r, b)| (r.no, r.time, r.wire_len, b.clone()))
            .collect()
    };
    assert_eq!(flat(&again), flat(&frames));
    assert_eq!((summary.damage, summary.dropped), (None, Some(0)));
    assert_eq!(summary.interfaces[0].name.as_deref(), Some("lo"));
}

#[test]
fn any_is_all_interfaces() {
    let Some(frames) = talk("any", 5, None) else {
        return;
    };
    assert!(frames.len() >= 5);
    assert!(
        frames
            .iter()
            .all(|(r, _)| matches!(r.link, LinkType::LINUX_SLL | LinkType::LINUX_SLL2))
    );
}

#[test]
fn an_idle_interface_gives_an_empty_block_soon() {
    let filter = Some("udp port 1 and host 127.77.77.77".to_owned());
    let Some(mut live) = start(&LiveOptions {
        filter,
        ..LiveOptions::new("lo")
    }) else {
        return;
    };
    let (mut block, begin) = (Block::new(), Instant::now());
    assert!(live.fill(&mut block).expect("captures"));
    assert!(block.records.is_empty() && begin.elapsed() < Duration::from_millis(400));
    live.stop_handle().store(true, Ordering::Relaxed);
    assert!(!live.fill(&mut block).expect("ends"));
}

#[test]
fn errors_are_one_clear_line() {
    let message = |options: &LiveOptions| match Live::open(options) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    };
    let line = message(&LiveOptions::new("nosuch0"));
    assert!(
        line.starts_with("no interface \"nosuch0\" here; there are: ") && line.contains("lo"),
        "{line}"
    );
    if start(&LiveOptions::new("lo")).is_none() {
        return;
    }
    let filter = Some("prot tcp".to_owned());
    let line = message(&LiveOptions {
        filter,
        ..LiveOptions::new("lo")
    });
    assert!(
        line.starts_with("capture filter \"prot tcp\" on lo: ") && line.contains("syntax error"),
        "{line}"
    );
    let write_to = Some("/no/such/folder/x.pcapng".into());
    let line = message(&LiveOptions {
        write_to,
        ..LiveOptions::new("lo")
    });
    assert_eq!(
        line,
        "cannot write /no/such/folder/x.pcapng: No such file or directory"
    );
}

#[test]
fn loopback_is_listed() {
    let all = interfaces().expect("listed");
    let lo = all
        .iter()
        .find(|interface| interface.name == "lo")
        .expect("lo is there");
    assert!(lo.loopback && lo.up);
}
