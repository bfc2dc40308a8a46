//! From one offset space to another: where a child's byte stands in its parent's stream.

use crate::units::StreamOffset;

/// How many pieces are remembered. Beyond it the older half is thinned out, so that recent offsets stay exact
/// and old ones become coarse.
const PIECES: usize = 128;

/// Pieces that a resting conversation keeps.
const RESTING: usize = 4;

/// A piecewise map from offsets to `T`: an offset belongs to the last piece that begins at or before it.
#[derive(Clone, Debug, Default)]
pub struct Pieces<T> {
    pieces: Vec<(StreamOffset, T)>,
}

impl<T: Copy> Pieces<T> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    /// From `start` on, `value`. Starts never go down.
    pub fn push(&mut self, start: StreamOffset, value: T) {
        if let Some(last) = self.pieces.last_mut()
            && last.0 == start
        {
            last.1 = value;
            return;
        }
        if self.pieces.len() >= PIECES {
            self.thin();
        }
        self.pieces.push((start, value));
    }

    /// The piece that holds `offset`: its start and its value. The first piece for what is older than all.
    #[must_use]
    pub fn find(&self, offset: StreamOffset) -> Option<(StreamOffset, T)> {
        // Nearly every look-up is for the newest piece or one of its neighbours.
        for piece in self.pieces.iter().rev().take(4) {
            if piece.0 <= offset {
                return Some(*piece);
            }
        }
        let after = self.pieces.partition_point(|p| p.0 <= offset);
        self.pieces.get(after.saturating_sub(1)).copied()
    }

    /// Forgets all but the newest pieces, and gives their memory back: for a conversation that rests.
    pub fn rest(&mut self) {
        let old = self.pieces.len().saturating_sub(RESTING);
        self.pieces.drain(..old);
        self.pieces.shrink_to_fit();
    }

    /// The newest piece.
    #[must_use]
    pub fn last(&self) -> Option<(StreamOffset, T)> {
        self.pieces.last().copied()
    }

    fn thin(&mut self) {
        let half = self.pieces.len() / 2;
        let mut index = 0;
        self.pieces.retain(|_| {
            index += 1;
            index > half || index % 2 == 1
        });
    }
}

/// A map from a child's offsets to its parent's.
#[derive(Clone, Debug, Default)]
pub struct Offsets {
    pieces: Pieces<StreamOffset>,
    next: StreamOffset,
}

impl Offsets {
    /// The next `len` bytes of the child stand at `parent` in the parent's stream.
    pub fn push(&mut self, parent: StreamOffset, len: u64) {
        let contiguous = self
            .pieces
            .last()
            .is_some_and(|(start, at)| at + (self.next - start) == parent);
        if !contiguous {
            self.pieces.push(self.next, parent);
        }
        self.next += len;
    }

    /// Where the child's byte `offset` stands in the parent's stream.
    #[must_use]
    pub fn parent(&self, offset: StreamOffset) -> StreamOffset {
        self.pieces
            .find(offset)
            .map_or(offset, |(start, at)| at + offset.saturating_sub(start))
    }

    /// Forgets all but the newest pieces.
    pub fn rest(&mut self) {
        self.pieces.rest();
    }

    /// The child's offset of the byte that comes next.
    #[must_use]
    pub const fn next(&self) -> StreamOffset {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_bytes_are_one_piece() {
        let mut map = Offsets::default();
        map.push(100, 10);
        map.push(110, 5);
        map.push(200, 5);
        assert_eq!(map.pieces.pieces.len(), 2);
        assert_eq!(map.parent(0), 100);
        assert_eq!(map.parent(14), 114);
        assert_eq!(map.parent(15), 200);
        assert_eq!(map.parent(19), 204);
    }

    #[test]
    fn many_pieces_stay_bounded_and_the_newest_exact() {
        let mut map = Pieces::new();
        for i in 0..10_000_u64 {
            map.push(i * 10, i);
        }
        assert!(map.pieces.len() <= PIECES);
        for i in 9_950..10_000 {
            assert_eq!(map.find(i * 10 + 3), Some((i * 10, i)));
        }
        assert!(map.find(5).is_some_and(|(start, _)| start <= 10));
    }
}
