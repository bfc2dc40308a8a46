//! Capture files made by hand, byte by byte, in both byte orders.

/// Collects the bytes of a file.
#[derive(Clone, Default)]
pub(super) struct Bytes {
    pub(super) big: bool,
    pub(super) all: Vec<u8>,
}

impl Bytes {
    pub(super) fn u16(&mut self, n: u16) -> &mut Self {
        self.all.extend(if self.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
        self
    }

    pub(super) fn u32(&mut self, n: u32) -> &mut Self {
        self.all.extend(if self.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
        self
    }

    pub(super) fn u64(&mut self, n: u64) -> &mut Self {
        self.all.extend(if self.big {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        });
        self
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.all.extend_from_slice(bytes);
        self
    }

    /// A classic file header.
    pub(super) fn pcap(big: bool, magic: u32, snap_len: u32, link: u32) -> Self {
        let mut file = Self {
            big,
            all: Vec::new(),
        };
        file.u32(magic)
            .u16(2)
            .u16(4)
            .u32(0)
            .u32(0)
            .u32(snap_len)
            .u32(link);
        file
    }

    /// A classic record.
    pub(super) fn record(
        &mut self,
        seconds: u32,
        fraction: u32,
        bytes: &[u8],
        wire_len: u32,
    ) -> &mut Self {
        self.u32(seconds)
            .u32(fraction)
            .u32(bytes.len() as u32)
            .u32(wire_len)
            .raw(bytes)
    }

    /// A pcapng block.
    pub(super) fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self {
            big: self.big,
            all: Vec::new(),
        };
        body(&mut inner);
        inner.all.resize(inner.all.len().next_multiple_of(4), 0);
        let total = inner.all.len() as u32 + 12;
        self.u32(kind).u32(total).raw(&inner.all).u32(total)
    }

    /// A section header, from here on in this byte order.
    pub(super) fn section(&mut self, big: bool) -> &mut Self {
        self.big = big;
        self.block(0x0a0d_0d0a, |b| {
            b.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX);
        })
    }

    /// An option, padded.
    pub(super) fn option(&mut self, code: u16, value: &[u8]) -> &mut Self {
        self.u16(code).u16(value.len() as u16).raw(value);
        self.all.resize(self.all.len().next_multiple_of(4), 0);
        self
    }

    /// An interface description with options.
    pub(super) fn interface(
        &mut self,
        link: u16,
        snap_len: u32,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.block(1, |b| {
            b.u16(link).u16(0).u32(snap_len);
            options(b);
        })
    }

    /// An enhanced packet.
    pub(super) fn packet(
        &mut self,
        interface: u32,
        ticks: u64,
        bytes: &[u8],
        wire_len: u32,
    ) -> &mut Self {
        self.block(6, |b| {
            b.u32(interface).u32((ticks >> 32) as u32).u32(ticks as u32);
            b.u32(bytes.len() as u32).u32(wire_len).raw(bytes);
        })
    }
}

/// A pcapng file with one Ethernet interface in microseconds.
pub(super) fn ethernet(big: bool) -> Bytes {
    let mut file = Bytes::default();
    file.section(big).interface(1, 0, |_| {});
    file
}
