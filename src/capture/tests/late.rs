//! Secrets that stand in a pcapng behind the packets they open.

use std::fs::File;
use std::path::PathBuf;

use colloquy_dissectors::units::Timestamp;

use super::super::{
    Block, InterfaceInfo, LinkType, Source, Writer, WriterOptions, from_reader, open,
};
use super::drain;

/// What a file is made of.
enum Part {
    /// So many MiB of packets.
    Packets(u32),
    Secrets(&'static str),
    Statistics,
}

use Part::{Packets, Secrets, Statistics};

/// A file that is gone with it.
struct Made(PathBuf);

impl Made {
    fn of(name: &str, parts: &[Part]) -> Self {
        let path =
            std::env::temp_dir().join(format!("colloquy-late-{name}-{}", std::process::id()));
        let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).expect("writes");
        let info = InterfaceInfo {
            link: LinkType::ETHERNET,
            resolution: 9,
            ..InterfaceInfo::default()
        };
        let wire = writer.interface(&info).expect("writes");
        let at = Timestamp::from_nanos(1_700_000_000_000_000_000);
        for part in parts {
            match part {
                Packets(many) => {
                    for _ in 0..many * 1024 {
                        let packet = [0_u8; 1024];
                        writer.frame(wire, at, &packet, 1024).expect("writes");
                    }
                }
                Secrets(text) => writer.secrets(text).expect("writes"),
                Statistics => writer.statistics(wire, at, Some(1), None).expect("writes"),
            }
        }
        std::fs::write(&path, writer.finish().expect("writes")).expect("writes");
        Self(path)
    }

    fn open(&self) -> Box<dyn Source> {
        open(&self.0.to_string_lossy()).expect("it is a capture")
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The secrets known with each block.
fn known(source: &mut dyn Source) -> Vec<String> {
    let mut block = Block::new();
    let mut known = vec![source.secrets().to_owned()];
    while source.fill(&mut block).expect("it can be read") {
        known.push(source.secrets().to_owned());
    }
    known
}

#[test]
fn secrets_behind_the_last_packet_are_known_from_the_beginning() {
    let parts = [Packets(3), Secrets("CLIENT_RANDOM 00 11"), Statistics];
    let file = Made::of("end", &parts);
    let known = known(file.open().as_mut());
    assert!(known.len() > 3, "{}", known.len());
    assert!(known.iter().all(|k| k == "CLIENT_RANDOM 00 11\n"));
    let (_, summary) = drain(file.open().as_mut()).expect("it can be read");
    assert_eq!(summary.secrets, "CLIENT_RANDOM 00 11\n", "told once");
    // A stream can't be read twice.
    let stream = File::open(&file.0).expect("it is there");
    let mut stream = from_reader("stream", stream).expect("it is a capture");
    assert_eq!(stream.secrets(), "");
    stream.fill(&mut Block::new()).expect("it can be read");
    assert_eq!(stream.secrets(), "");
}

#[test]
fn the_first_secrets_behind_packets_bring_all() {
    let parts = [
        Packets(3),
        Secrets("CLIENT_RANDOM 00 11"),
        Packets(3),
        Secrets("CLIENT_RANDOM 22 33"),
        Packets(3),
    ];
    let file = Made::of("middle", &parts);
    let known = known(file.open().as_mut());
    let both = "CLIENT_RANDOM 00 11\nCLIENT_RANDOM 22 33\n";
    let before = known.iter().take_while(|k| k.is_empty()).count();
    // One before the first block, and the blocks of the first packets.
    assert!((3..=5).contains(&before), "{before}");
    assert!(known.iter().skip(before).all(|k| k == both), "{known:?}");
}

#[test]
fn secrets_in_front_are_told_in_order() {
    let parts = [Secrets("CLIENT_RANDOM 00 11"), Packets(3), Statistics];
    let file = Made::of("front", &parts);
    let known = known(file.open().as_mut());
    assert_eq!(known.first().map(String::as_str), Some(""));
    assert!(known.iter().skip(1).all(|k| k == "CLIENT_RANDOM 00 11\n"));
}
