use std::io::{self, Read};

use colloquy::capture::{self, Block, Record};

/// Bytes kept of what one file gives: packed ones are small and may give much.
const KEPT: usize = 32 << 20;

/// A reader may take anything for a file; how its bytes come changes nothing, and frames are within their block, numbered, and
/// told once.
pub fn check(input: &[u8]) {
    let whole = read(input, usize::MAX);
    let size = 1 + input
        .iter()
        .fold(0_usize, |sum, byte| (sum * 31 + usize::from(*byte)) % 9973)
        % 300;
    let pieces = read(input, size);
    assert_eq!(whole.is_some(), pieces.is_some(), "pieces of {size}");
    let (Some(whole), Some(pieces)) = (whole, pieces) else {
        return;
    };
    assert_eq!(whole.told, pieces.told, "pieces of {size}");
    assert_eq!(whole.records.len(), pieces.records.len());
    for (one, other) in whole.records.iter().zip(&pieces.records) {
        assert_eq!(one, other, "pieces of {size}");
    }
    assert_eq!(whole.bytes, pieces.bytes, "pieces of {size}");
}

#[derive(Default)]
struct Everything {
    /// Where its bytes stand depends on the block.
    records: Vec<Record>,
    bytes: Vec<u8>,
    /// The summary and the secrets.
    told: String,
}

fn read(input: &[u8], size: usize) -> Option<Everything> {
    let pieces = Pieces {
        bytes: input.to_vec(),
        at: 0,
        size,
    };
    let mut source = capture::from_reader("bytes", pieces).ok()?;
    let (mut block, mut all) = (Block::new(), Everything::default());
    let mut no = 0;
    while source.fill(&mut block).ok()? {
        for record in &block.records {
            let bytes = block.bytes(record);
            assert_eq!(bytes.len(), record.len as usize, "{record:?}");
            assert!(record.no > no, "{record:?} after {no}");
            no = record.no;
            if all.bytes.len() < KEPT {
                all.records.push(Record {
                    start: 0,
                    ..*record
                });
                all.bytes.extend_from_slice(bytes);
            }
        }
    }
    let mut summary = source.summary();
    // Behind the damage nothing is looked at: how much was read is chance.
    summary.read_bytes = 0;
    summary.file_bytes = 0;
    all.told = format!("{summary:?} {:?}", source.secrets());
    Some(all)
}

/// A reader that gives at most so many bytes at a time.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    size: usize,
}

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.len().min(to.len()).min(self.size);
        to[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        Ok(len)
    }
}
