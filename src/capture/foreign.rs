//! What a file that is no capture looks like, for one clear line.

use std::io;

/// Bytes looked at.
pub(super) const HEAD_BYTES: usize = 512;

/// Formats by their first bytes: captures of other kinds first, then what people open by mistake.
const KNOWN: [(&[u8], &str); 34] = [
    (
        b"snoop\0\0\0",
        "it is a Solaris snoop file; `editcap` can convert it to pcapng",
    ),
    (
        b"GMBU",
        "it is a Microsoft Network Monitor 2 file; `editcap` can convert it to pcapng",
    ),
    (
        b"RTSS",
        "it is a Microsoft Network Monitor 1 file; `editcap` can convert it to pcapng",
    ),
    (
        b"XCP\0",
        "it is a NetXRay or Sniffer file; `editcap` can convert it to pcapng",
    ),
    (
        b"TRSNIFF data",
        "it is a Network General Sniffer file; `editcap` can convert it to pcapng",
    ),
    (
        b"btsnoop\0",
        "it is a Bluetooth btsnoop file; `editcap` can convert it to pcapng",
    ),
    (
        b"\x7fver",
        "it is an OmniPeek file; `editcap` can convert it to pcapng",
    ),
    (
        &[0x1c, 0x00, 0x01, 0xac],
        "it is an Ixia lcap file; `editcap` can convert it to pcapng",
    ),
    (
        &[0xac, 0x01, 0x00, 0x1c],
        "it is an Ixia lcap file; `editcap` can convert it to pcapng",
    ),
    (
        b"#%! ",
        "it is a text dump of packets; `text2pcap` can convert it",
    ),
    (
        &[0xfd, b'7', b'z', b'X', b'Z', 0],
        "it is xz-compressed: unpack it first (`xz -dc FILE | colloquy report -`)",
    ),
    (
        b"BZh",
        "it is bzip2-compressed: unpack it first (`bzip2 -dc FILE | colloquy report -`)",
    ),
    (b"PK\x03\x04", "it is a zip archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it first"),
    (b"Rar!", "it is a rar archive: unpack it first"),
    (
        b"\x1f\x9d",
        "it is compressed with `compress`: unpack it first (`zcat FILE | colloquy report -`)",
    ),
    (b"\x7fELF", "it is an ELF program"),
    (b"MZ", "it is a Windows program"),
    (b"%PDF", "it is a PDF document"),
    (b"\x89PNG", "it is a PNG image"),
    (b"\xff\xd8\xff", "it is a JPEG image"),
    (b"GIF8", "it is a GIF image"),
    (b"SQLite format 3\0", "it is an SQLite database"),
    (
        b"<?xml",
        "it is XML (a PDML or PSML export cannot be read back)",
    ),
    (b"<!DOCTYPE", "it is HTML"),
    (b"<html", "it is HTML"),
    (
        b"version https://git-lfs",
        "it is a git-lfs pointer, the file itself was not fetched",
    ),
    (b"No.     Time", "it is a text export of Wireshark"),
    (
        b"CLIENT_RANDOM",
        "it is a TLS key log: give it with --keylog",
    ),
    (
        b"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "it is a TLS key log: give it with --keylog",
    ),
    (
        b"SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "it is a TLS key log: give it with --keylog",
    ),
    (
        b"# SSL/TLS secrets log file",
        "it is a TLS key log: give it with --keylog",
    ),
    (b"# tcpdump", "it is text"),
    (b"ElfFile\0", "it is a Windows event log"),
];

/// Describes a file by its first bytes, those of the unpacked stream where it is compressed.
pub(super) fn describe(
    head: &[u8],
    compression: Option<&str>,
    trouble: Option<&io::Error>,
) -> String {
    let inside = match (compression, trouble) {
        (Some(name), Some(error)) if head.is_empty() => {
            return format!("it begins like {name} but cannot be unpacked: {error}");
        }
        (Some(name), _) => format!(", {name}-compressed"),
        (None, _) => String::new(),
    };
    format!("{}{inside}", plain(head))
}

fn plain(head: &[u8]) -> String {
    if head.is_empty() {
        return "it is empty".to_owned();
    }
    if super::classic::Classic::accepts(head) || super::pcapng::Pcapng::accepts(head) {
        return begun(head);
    }
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*what).to_owned();
    }
    if head.get(257..262) == Some(b"ustar") {
        return "it is a tar archive: unpack it first".to_owned();
    }
    if is_erf(head) {
        return "it looks like an Endace ERF file; `editcap` can convert it to pcapng".to_owned();
    }
    if head.iter().all(|&b| b == 0) {
        return format!("its first {} bytes are all zero", head.len());
    }
    if is_text(head) {
        let line = String::from_utf8_lossy(head);
        let line: String = line
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect();
        return format!("it is text and begins \"{}\"", line.trim_end());
    }
    let bytes: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("it begins with the unknown bytes {}", bytes.join(" "))
}

/// ERF has no magic. Record header: time (8 bytes, little-endian, seconds in the upper half), type, flags, record length
/// and losses and wire length (big-endian).
fn is_erf(head: &[u8]) -> bool {
    /// Seconds of 1990 and of 2100.
    const TIMES: std::ops::Range<u32> = 631_152_000..4_102_444_800;
    let mut rest = head;
    let mut records = 0;
    while let (Some(seconds), Some(&[kind, _, high, low])) = (
        rest.get(4..8).and_then(<[u8]>::first_chunk::<4>),
        rest.get(8..).and_then(<[u8]>::first_chunk::<4>),
    ) {
        let len = usize::from(u16::from_be_bytes([high, low]));
        let sound = TIMES.contains(&u32::from_le_bytes(*seconds))
            && matches!(kind & 0x7f, 1..=33 | 48)
            && len >= 16;
        if !sound {
            return false;
        }
        records += 1;
        rest = rest.get(len..).unwrap_or_default();
    }
    records >= 2 || records == 1 && rest.is_empty() && head.len() < HEAD_BYTES
}

/// A file that begins as a capture does and then does not go on so.
fn begun(head: &[u8]) -> String {
    if super::classic::Classic::accepts(head) {
        format!(
            "it begins as pcap but ends after {} of the 24 bytes of the file header",
            head.len()
        )
    } else if head.len() < 12 {
        format!(
            "it begins as pcapng but ends after {} bytes of the first block",
            head.len()
        )
    } else {
        "it begins as pcapng but has no byte-order magic at byte 8".to_owned()
    }
}

/// True when it is UTF-8 without control characters; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            match head.get(..error.valid_up_to()).map(std::str::from_utf8) {
                Some(Ok(text)) => text,
                _ => return false,
            }
        }
        Err(_) => return false,
    };
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\x0c'))
}
