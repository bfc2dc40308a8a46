//! Writing pcapng (draft-ietf-opsawg-pcapng): one little-endian section, times in nanoseconds.

use std::io::{self, BufWriter, Write};

use colloquy_dissectors::units::Timestamp;

use super::InterfaceInfo;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
const SECRETS: u32 = 10;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// `if_tsresol`: 10^-9 s.
const NANOSECONDS: u8 = 9;
/// Bytes collected before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// What the section header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// The hardware that captured.
    pub hardware: Option<String>,
    /// The operating system that captured.
    pub os: Option<String>,
    /// The program that writes.
    pub application: Option<String>,
    /// A comment on the whole file.
    pub comment: Option<String>,
}

impl Default for WriterOptions {
    fn default() -> Self {
        let application = Some(concat!("Colloquy ", env!("CARGO_PKG_VERSION")).to_owned());
        Self {
            hardware: None,
            os: None,
            application,
            comment: None,
        }
    }
}

/// Writes a pcapng file, block by block. Call [`Self::finish`] at the end: dropping it loses errors.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: BufWriter<W>,
    body: Vec<u8>,
    interfaces: u32,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn new(out: W, options: &WriterOptions) -> io::Result<Self> {
        let mut writer = Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, out),
            body: Vec::new(),
            interfaces: 0,
        };
        writer.body.extend(BYTE_ORDER_MAGIC.to_le_bytes());
        writer.body.extend(1_u16.to_le_bytes());
        writer.body.extend(0_u16.to_le_bytes());
        writer.body.extend((-1_i64).to_le_bytes());
        let texts = [
            (1, &options.comment),
            (2, &options.hardware),
            (3, &options.os),
            (4, &options.application),
        ];
        for (code, text) in texts {
            writer.text_option(code, text.as_deref());
        }
        writer.end_options(16);
        writer.block(SECTION)?;
        Ok(writer)
    }

    /// Describes an interface: its name, description, link type, snap length and filter. Gives the number frames name it by.
    ///
    /// # Errors
    /// What the output says.
    pub fn interface(&mut self, info: &InterfaceInfo) -> io::Result<u32> {
        self.body.extend(info.link.0.to_le_bytes());
        self.body.extend([0, 0]);
        self.body.extend(info.snap_len.to_le_bytes());
        self.text_option(2, info.name.as_deref());
        self.text_option(3, info.description.as_deref());
        self.option(9, &[NANOSECONDS]);
        if let Some(filter) = &info.filter {
            let expression: Vec<u8> = std::iter::once(0).chain(filter.bytes()).collect();
            self.option(11, &expression);
        }
        self.end_options(8);
        self.block(INTERFACE)?;
        self.interfaces += 1;
        Ok(self.interfaces - 1)
    }

    /// Writes a frame. Times before 1970 cannot be written and become 1970.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the interface was not described; what the output says.
    pub fn frame(
        &mut self,
        interface: u32,
        time: Timestamp,
        bytes: &[u8],
        wire_len: u32,
    ) -> io::Result<()> {
        self.commented_frame(interface, time, bytes, wire_len, &[])
    }

    /// Writes a frame with comments, which Wireshark shows with it.
    ///
    /// # Errors
    /// As [`Self::frame`].
    pub fn commented_frame(
        &mut self,
        interface: u32,
        time: Timestamp,
        bytes: &[u8],
        wire_len: u32,
        comments: &[&str],
    ) -> io::Result<()> {
        if interface >= self.interfaces {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("interface {interface} was not described"),
            ));
        }
        let ticks = time.nanos().max(0).cast_unsigned();
        self.body.extend(interface.to_le_bytes());
        self.body.extend(((ticks >> 32) as u32).to_le_bytes());
        self.body.extend((ticks as u32).to_le_bytes());
        self.body.extend((bytes.len() as u32).to_le_bytes());
        self.body.extend(wire_len.to_le_bytes());
        self.body.extend_from_slice(bytes);
        self.pad();
        let fixed = self.body.len();
        for comment in comments {
            self.text_option(1, Some(comment));
        }
        self.end_options(fixed);
        self.block(PACKET)
    }

    /// Writes TLS secrets (SSLKEYLOGFILE text). Wireshark uses them for the frames behind.
    ///
    /// # Errors
    /// What the output says.
    pub fn secrets(&mut self, key_log: &str) -> io::Result<()> {
        self.body.extend(TLS_KEY_LOG.to_le_bytes());
        self.body.extend((key_log.len() as u32).to_le_bytes());
        self.body.extend_from_slice(key_log.as_bytes());
        self.pad();
        self.block(SECRETS)
    }

    /// Writes the statistics of an interface, `at` the end of the capture.
    ///
    /// # Errors
    /// What the output says.
    pub fn statistics(
        &mut self,
        interface: u32,
        at: Timestamp,
        received: Option<u64>,
        dropped: Option<u64>,
    ) -> io::Result<()> {
        let ticks = at.nanos().max(0).cast_unsigned();
        self.body.extend(interface.to_le_bytes());
        self.body.extend(((ticks >> 32) as u32).to_le_bytes());
        self.body.extend((ticks as u32).to_le_bytes());
        for (code, number) in [(4, received), (5, dropped)] {
            if let Some(number) = number {
                self.option(code, &number.to_le_bytes());
            }
        }
        self.end_options(12);
        self.block(STATISTICS)
    }

    /// Hands everything written so far to the output: a reader that follows the file then sees whole blocks only.
    ///
    /// # Errors
    /// What the output says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        self.out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    }

    /// Writes the collected body as a block.
    fn block(&mut self, kind: u32) -> io::Result<()> {
        let total = (self.body.len() as u32 + 12).to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&total)?;
        self.out.write_all(&self.body)?;
        self.body.clear();
        self.out.write_all(&total)
    }

    fn pad(&mut self) {
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }

    /// Options have 16-bit lengths: longer values are cut.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        self.body.extend(code.to_le_bytes());
        self.body.extend((value.len() as u16).to_le_bytes());
        self.body.extend_from_slice(value);
        self.pad();
    }

    fn text_option(&mut self, code: u16, text: Option<&str>) {
        if let Some(text) = text {
            let end = text.floor_char_boundary(usize::from(u16::MAX));
            self.option(code, text.get(..end).unwrap_or_default().as_bytes());
        }
    }

    /// Ends the options, if there are any behind the `fixed` bytes.
    fn end_options(&mut self, fixed: usize) {
        if self.body.len() > fixed {
            self.body.extend([0; 4]);
        }
    }
}
