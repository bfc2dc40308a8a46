//! Every bound of reading captures, with its unit. A bound that is hit is visible in the summary.

/// Bytes read from a file at a time; the usual size of a block.
pub(super) const READ_BYTES: usize = 1 << 20;

/// Bytes of a block's buffer above which it is given back once no large record needs it.
pub(super) const KEEP_BYTES: usize = 8 << 20;

/// Bytes of one packet unless the file or the link type allows more (WTAP_MAX_PACKET_SIZE_STANDARD).
pub(super) const PACKET_BYTES: u32 = 262_144;

/// Bytes of one packet, whatever a file says.
pub(super) const PACKET_BYTES_HARD: u32 = 256 << 20;

/// Bytes of one pcapng block, its packet not counted.
pub(super) const BLOCK_BYTES: u32 = 16 << 20;

/// Interfaces of one file, over all its sections.
pub(super) const INTERFACES: usize = 65_536;

/// Comments kept of one file.
pub(super) const COMMENTS: usize = 10_000;

/// Bytes kept of one comment or other text of a file.
pub(super) const TEXT_BYTES: usize = 4096;

/// Bytes of comments kept of one file.
pub(super) const COMMENT_BYTES: usize = 4 << 20;

/// Bytes read of a key log beside a capture, the newest.
pub(super) const KEY_LOG_BYTES: u64 = 64 << 20;

/// Bytes of TLS secrets kept of one file.
pub(super) const SECRET_BYTES: usize = 16 << 20;

/// Resolved names kept of one file.
pub(super) const NAMES: usize = 10_000;

/// Kinds of skipped blocks that are counted one by one; the rest is counted together.
pub(super) const SKIPPED_KINDS: usize = 64;

/// Interruptions of the recording kept of one file.
pub(super) const BREAKS: usize = 1024;
