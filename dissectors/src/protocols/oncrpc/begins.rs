//! Where a record of RPC may begin in a stream that was lost.

use super::record::SURE;
use super::wire::{LEAST_HEAD, Looks, MARK, Mark, looks};

/// What begins at some place of a stream.
pub(super) enum Begins {
    No,
    Call,
    /// A reply to this xid.
    Reply(u32),
    /// More bytes are needed to tell.
    Wait,
}

/// Judges one place. The answer depends on the bytes of that place alone, never on how many more are at hand; at
/// the last chance no more will come, and what there is has to do.
pub(super) fn begins_record(bytes: &[u8], last_chance: bool) -> Begins {
    // Nearly all of what is no beginning fails at its first byte.
    if bytes.first().is_some_and(|b| *b != 0x80) {
        return Begins::No;
    }
    let Some((Some(mark), [xid @ .., 0, 0, 0, 0 | 1])) = bytes
        .get(MARK..MARK + 8)
        .map(|head| (Mark::read(bytes), head))
    else {
        return match bytes.len() {
            0..12 if !last_chance => Begins::Wait,
            _ => Begins::No,
        };
    };
    let whole = (MARK as u64 + mark.len()).min(SURE as u64) as usize;
    let least = if last_chance {
        whole.min(MARK + LEAST_HEAD)
    } else {
        whole
    };
    if bytes.len() < least {
        return if last_chance {
            Begins::No
        } else {
            Begins::Wait
        };
    }
    let message = bytes.get(MARK..whole.min(bytes.len())).unwrap_or(&[]);
    let xid = Mark::read(xid).map_or(0, |x| x.0);
    match looks(message, mark.len()) {
        Looks::Call { .. } => Begins::Call,
        Looks::Reply => Begins::Reply(xid),
        // Only a reply with a long verifier needs more than this.
        Looks::More if message.get(7) == Some(&1) => Begins::Reply(xid),
        Looks::No | Looks::More => Begins::No,
    }
}
