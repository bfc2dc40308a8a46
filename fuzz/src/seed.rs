use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor};
use std::path::Path;

use colloquy::capture::{self, Block};
use colloquy::frame::{self, FlowKey, Transport};
use colloquy_dissectors::dissector::{Carrier, Probe, Protocol, Verdict};
use colloquy_dissectors::protocols::PROTOCOLS;
use colloquy_dissectors::stack::Stack;
use colloquy_dissectors::units::{PerSide, Side};

use super::dialogue::{self, Step};
use super::targets;

/// Bytes of one input at most: what is longer is cut, of a capture what is longer is left out.
const BYTES: usize = 16 * 1024;
/// Inputs of one target.
const INPUTS: usize = 300;
/// Steps of a conversation in which a protocol is looked for.
const STEPS: usize = 40;
/// The content type of TLS' handshake records.
const HANDSHAKE: u8 = 22;

/// One conversation: the ports of client and server, and what was said.
#[derive(Default)]
struct Talk {
    datagrams: bool,
    ports: PerSide<u16>,
    steps: Vec<(Side, Vec<u8>)>,
    bytes: usize,
}

impl Talk {
    const fn carrier(&self) -> Carrier {
        if self.datagrams {
            Carrier::Datagrams
        } else {
            Carrier::Stream
        }
    }
}

/// Writes inputs made of captures below the folder `to`, one of each target.
///
/// # Errors
/// What the file system says.
pub fn write<'a>(captures: impl Iterator<Item = &'a str>, to: &Path) -> io::Result<()> {
    let mut corpus = Corpus {
        counts: BTreeMap::new(),
        to,
    };
    for path in captures {
        let bytes = fs::read(path)?;
        if bytes.len() <= 4 * BYTES {
            corpus.add("capture", &bytes)?;
            corpus.add("pipeline", &bytes)?;
        }
        for talk in talks(&bytes) {
            corpus.add_talk(&talk)?;
        }
    }
    for (index, filter) in FILTERS.iter().enumerate() {
        corpus.add("filter", filter.as_bytes())?;
        let segments: Vec<u8> = (0..200_u32)
            .map(|n| (n * (index as u32 + 3) * 37 / 4) as u8)
            .collect();
        corpus.add("stream", &segments)?;
    }
    corpus.add(
        "grpc",
        &dialogue::write(0, false, &GRPC.map(|(s, b)| (s, b.to_vec()))),
    )
}

const FILTERS: [&str; 12] = [
    "tcp.port == 445 && !(smb2.cmd == 5)",
    "http.request.method in {\"GET\", \"POST\"} or frame.len > 100",
    "tls.handshake.type == 1 and tls.handshake.extensions_server_name contains \"a\"",
    "tcp[13] & 0x02 != 0 && ip.src == 10.0.0.0/8",
    "websocket.payload matches \"^[a-z]+\\\\.[0-9]{1,3}$\"",
    "frame.time >= \"2024-01-01 00:00:00\" xor udp",
    "smb2.filename ~ \"(?i)\\\\.docx\" and not tcp.analysis.retransmission",
    "any tcp.port == 80 and all ip.addr != fe80::1",
    "upper(http.host) == \"EXAMPLE.COM\" and len(http.request.uri) > 10",
    "count(tcp.options) >= 2 || max(tcp.srcport, tcp.dstport) == 80",
    "eth.src[0:3] == 00:00:5e and dcerpc.cn_call_id == 0x10",
    "(((tcp.seq + 1) % 2 == 0))",
];

/// A message in each direction (gRPC's length-prefixed ones).
const GRPC: [(Side, &[u8]); 2] = [
    (Side::Client, b"\0\0\0\0\x05\x0a\x03abc"),
    (Side::Server, b"\0\0\0\0\x02\x08\x01\x01\0\0\0\x03xyz"),
];

struct Corpus<'a> {
    counts: BTreeMap<String, usize>,
    to: &'a Path,
}

impl Corpus<'_> {
    fn add(&mut self, target: &str, input: &[u8]) -> io::Result<()> {
        let target = target.replace('/', "-");
        if !targets().contains(&target) {
            return Ok(());
        }
        let folder = self.to.join(&target);
        let count = self.counts.entry(target).or_default();
        if *count == INPUTS {
            return Ok(());
        }
        *count += 1;
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{count:04}")), input)
    }

    /// As it is for the stack, and for each protocol that is recognised in it from where that begins.
    fn add_talk(&mut self, talk: &Talk) -> io::Result<()> {
        let write = |steps: &[(Side, Vec<u8>)]| {
            let mut input = dialogue::write(0, talk.datagrams, steps);
            input.truncate(BYTES);
            input
        };
        self.add("stack", &write(&talk.steps))?;
        let mut known: Vec<&'static str> = Vec::new();
        for (index, protocol) in begins(talk) {
            if known.contains(&protocol) {
                continue;
            }
            known.push(protocol);
            let steps = talk.steps.get(index..).unwrap_or_default().iter().cloned();
            // The messages of NBSS, each behind a header of four bytes.
            let inner = match protocol {
                "smb" | "smb2" => steps
                    .map(|(s, b)| (s, b.get(4..).unwrap_or(&b).to_vec()))
                    .collect(),
                _ => steps.collect::<Vec<_>>(),
            };
            let name = if protocol == "smb2" { "smb" } else { protocol };
            self.add(name, &write(&inner))?;
            if name == "tls" {
                self.add("tls-messages", &write(&handshake(&inner)))?;
            }
        }
        for protocol in PROTOCOLS.iter().filter(|p| p.sessions.is_empty()) {
            if let Some(at) = speaks(talk, protocol) {
                let steps = talk.steps.get(at..).unwrap_or_default();
                self.add(protocol.name, &write(steps))?;
            }
        }
        Ok(())
    }
}

/// The step with which a conversation speaks a protocol that has fields but no sessions, which is not among `begins`.
fn speaks(talk: &Talk, protocol: &Protocol) -> Option<usize> {
    let carrier = talk.carrier();
    if !protocol.carriers.contains(&carrier) {
        return None;
    }
    talk.steps.iter().take(STEPS).position(|(side, bytes)| {
        let probe = Probe {
            bytes,
            beginning: true,
            joined_late: false,
            side: *side,
            ports: talk.ports,
            carrier,
        };
        !matches!((protocol.probe)(&probe), Verdict::No | Verdict::NeedMore)
    })
}

/// The bodies of the handshake records in the streams of TLS, of each side up to its `ChangeCipherSpec`.
fn handshake(steps: &[(Side, Vec<u8>)]) -> Vec<(Side, Vec<u8>)> {
    let mut streams = PerSide::<Vec<u8>>::default();
    let mut messages = Vec::new();
    let mut over = PerSide::new(false, false);
    for (side, bytes) in steps {
        let stream = &mut streams[*side];
        stream.extend(bytes);
        while let Some((&[kind, _, _, high, low], rest)) = stream.split_first_chunk() {
            let len = usize::from(u16::from_be_bytes([high, low]));
            let Some(body) = rest.get(..len) else { break };
            over[*side] |= kind != HANDSHAKE;
            if !over[*side] {
                messages.push((*side, body.to_vec()));
            }
            stream.drain(..5 + len);
        }
    }
    messages
}

/// The protocols in a conversation, each with the step that shows it, or the one behind that where it is a child.
fn begins(talk: &Talk) -> Vec<(usize, &'static str)> {
    let carrier = talk.carrier();
    let steps = talk.steps.iter();
    let borrowed: Vec<_> = steps
        .map(|(side, bytes)| {
            let whole = talk.datagrams.then_some(Step::Sends(bytes, 0));
            (*side, whole.unwrap_or(Step::Says(bytes)))
        })
        .collect();
    let mut all = Vec::new();
    let opened = |steps: &[(Side, Step<'_>)]| {
        let stack = Stack::new(carrier, talk.ports, true, false);
        dialogue::run(stack, steps, usize::MAX, false).opened
    };
    let mut before = 0;
    for index in 0..borrowed.len().min(STEPS) {
        let found = opened(&borrowed[..=index]);
        for (parent, protocol) in found.iter().skip(before) {
            let at = if parent.0 == 0 { 0 } else { index + 1 };
            all.push((at, *protocol));
        }
        before = found.len().max(before);
    }
    all
}

fn talks(file: &[u8]) -> Vec<Talk> {
    let Ok(mut source) = capture::from_reader("seed", Cursor::new(file.to_vec())) else {
        return Vec::new();
    };
    let mut talks: BTreeMap<FlowKey, (bool, Talk)> = BTreeMap::new();
    let mut block = Block::new();
    while source.fill(&mut block).unwrap_or(false) {
        for record in &block.records {
            let data = block.bytes(record);
            let decoded = frame::decode(record.link, data, record.wire_len);
            let (ports, payload, datagrams) = match &decoded.transport {
                Transport::Tcp(tcp) => ((tcp.src_port, tcp.dst_port), tcp.payload, false),
                Transport::Udp(udp) => ((udp.src_port, udp.dst_port), udp.payload, true),
                _ => continue,
            };
            let Some((key, forward)) = FlowKey::of(&decoded) else {
                continue;
            };
            let (first, talk) = talks.entry(key).or_insert_with(|| {
                let ports = PerSide::new(ports.0, ports.1);
                (
                    forward,
                    Talk {
                        datagrams,
                        ports,
                        ..Talk::default()
                    },
                )
            });
            let side = Side::BOTH[usize::from(*first != forward)];
            let bytes = payload.of(data);
            if !bytes.is_empty() && talk.bytes < BYTES {
                talk.bytes += bytes.len() + 3;
                talk.steps.push((side, bytes.to_vec()));
            }
        }
    }
    talks.into_values().map(|(_, talk)| talk).collect()
}
