//! Which frames are listed, without drawing: all, those of a conversation, those that a filter found, or those that both have.

use colloquy::dissectors::units::FrameNo;

/// What is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Not only the frames of the conversation.
    pub(crate) all: bool,
    /// Only those that the filter found.
    pub(crate) filtered: bool,
}

/// The frames of the list: four bytes a frame of the conversation, and of those found.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Frames of the capture.
    pub(crate) frames: usize,
    /// What is listed.
    pub(crate) kind: Kind,
    /// Those of the conversation, in order.
    conversation: Vec<u32>,
    /// Those that the filter found so far, in order.
    found: Vec<u32>,
    /// What both have, of the first so many of those found.
    both: Vec<u32>,
    compared: usize,
}

impl List {
    /// Another conversation.
    pub(crate) fn set_conversation(&mut self, frames: Vec<u32>) {
        self.conversation = frames;
        self.compare_anew();
    }

    /// Forgets what was found.
    pub(crate) fn clear_found(&mut self) {
        self.found = Vec::new();
        self.compare_anew();
    }

    /// Adds what `more` appends to those found.
    pub(crate) fn find(&mut self, more: impl FnOnce(&mut Vec<u32>)) {
        let known = self.found.len();
        more(&mut self.found);
        if !self.kind.all && self.found.len() != known {
            self.compare();
        }
    }

    /// Lists something else.
    pub(crate) fn show(&mut self, kind: Kind) {
        self.kind = kind;
        if !kind.all {
            self.compare();
        }
    }

    fn compare_anew(&mut self) {
        self.both.clear();
        self.compared = 0;
        if !self.kind.all {
            self.compare();
        }
    }

    /// Goes on from where it was: both lists are in order.
    fn compare(&mut self) {
        let Some(first) = self.found.get(self.compared) else {
            return;
        };
        let mut at = self.conversation.partition_point(|f| f < first);
        for frame in self.found.iter().skip(self.compared) {
            while self.conversation.get(at).is_some_and(|f| f < frame) {
                at += 1;
            }
            if self.conversation.get(at) == Some(frame) {
                self.both.push(*frame);
            }
        }
        self.compared = self.found.len();
    }

    /// The frames that are listed; none for all of the capture.
    fn listed(&self) -> Option<&[u32]> {
        match (self.kind.all, self.kind.filtered) {
            (true, false) => None,
            (true, true) => Some(&self.found),
            (false, false) => Some(&self.conversation),
            (false, true) => Some(&self.both),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.listed().map_or(self.frames, <[u32]>::len)
    }

    /// How many there would be without a filter.
    pub(crate) fn of(&self) -> usize {
        if self.kind.all {
            self.frames
        } else {
            self.conversation.len()
        }
    }

    /// The frame of a row.
    pub(crate) fn frame(&self, row: usize) -> Option<FrameNo> {
        match self.listed() {
            Some(frames) => frames.get(row).map(|f| FrameNo::from(*f)),
            None => (row < self.frames).then_some(row as FrameNo + 1),
        }
    }

    /// The row of a frame.
    pub(crate) fn row_of(&self, frame: FrameNo) -> Option<usize> {
        match self.listed() {
            Some(frames) => frames.binary_search(&u32::try_from(frame).ok()?).ok(),
            None => (frame as usize)
                .checked_sub(1)
                .filter(|row| *row < self.frames),
        }
    }

    /// The frame so many rows below `from`, which need not be listed; the first or last one where there are not so many.
    pub(crate) fn step(&self, from: Option<FrameNo>, by: isize) -> Option<FrameNo> {
        step(self.listed(), self.frames, from, by)
    }

    /// The frame of the conversation so many behind `from`.
    pub(crate) fn step_in_conversation(&self, from: Option<FrameNo>, by: isize) -> Option<FrameNo> {
        step(Some(&self.conversation), self.frames, from, by)
    }
}

fn step(
    listed: Option<&[u32]>,
    frames: usize,
    from: Option<FrameNo>,
    by: isize,
) -> Option<FrameNo> {
    let len = listed.map_or(frames, <[u32]>::len);
    let last = len.checked_sub(1)?;
    let to = match (from, listed) {
        (None, _) => 0,
        (Some(from), None) => (from as usize).saturating_sub(1).saturating_add_signed(by),
        (Some(from), Some(listed)) => {
            let at = listed.partition_point(|f| FrameNo::from(*f) < from);
            let is_there = listed.get(at).is_some_and(|f| FrameNo::from(*f) == from);
            // Between two rows the one below is a step away already.
            let by = if !is_there && by > 0 { by - 1 } else { by };
            at.saturating_add_signed(by)
        }
    };
    let row = to.min(last);
    match listed {
        Some(listed) => listed.get(row).map(|f| FrameNo::from(*f)),
        None => Some(row as FrameNo + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Kind = Kind {
        all: true,
        filtered: false,
    };

    fn list() -> List {
        let mut list = List {
            frames: 100,
            ..List::default()
        };
        list.set_conversation(vec![3, 5, 8, 13, 21, 34]);
        list
    }

    fn listed(list: &List) -> Vec<u64> {
        (0..list.len()).filter_map(|row| list.frame(row)).collect()
    }

    #[test]
    fn all_a_conversation_found_and_both() {
        let mut list = list();
        assert_eq!(listed(&list), [3, 5, 8, 13, 21, 34]);
        list.show(ALL);
        assert_eq!(
            (list.len(), list.frame(99), list.frame(100)),
            (100, Some(100), None)
        );
        assert_eq!((list.row_of(100), list.row_of(101)), (Some(99), None));
        let filtered = Kind {
            filtered: true,
            ..ALL
        };
        list.show(filtered);
        assert_eq!(list.len(), 0);
        list.find(|found| found.extend([1, 5, 6]));
        list.find(|found| found.extend([7, 8, 40]));
        assert_eq!(listed(&list), [1, 5, 6, 7, 8, 40]);
        assert_eq!(list.of(), 100);
        list.show(Kind {
            all: false,
            filtered: true,
        });
        assert_eq!(listed(&list), [5, 8]);
        list.find(|found| found.extend([50]));
        assert_eq!(listed(&list), [5, 8]);
        assert_eq!(
            (list.of(), list.row_of(8), list.row_of(40)),
            (6, Some(1), None)
        );
        list.set_conversation(vec![6, 50, 60]);
        assert_eq!(listed(&list), [6, 50]);
        list.clear_found();
        assert_eq!(list.len(), 0);
    }

    #[test]
    fn steps_go_from_row_to_row_also_from_between() {
        let mut list = list();
        assert_eq!(list.step(Some(5), 1), Some(8));
        assert_eq!(list.step(Some(5), -1), Some(3));
        assert_eq!(list.step(Some(6), 1), Some(8));
        assert_eq!(list.step(Some(6), -1), Some(5));
        assert_eq!(list.step(Some(3), -1), Some(3));
        assert_eq!(list.step(Some(34), 10), Some(34));
        assert_eq!(list.step(None, 1), Some(3));
        list.show(ALL);
        assert_eq!(list.step(Some(99), 5), Some(100));
        assert_eq!(list.step(Some(1), -1), Some(1));
        assert_eq!(list.step_in_conversation(Some(9), 1), Some(13));
        assert_eq!(List::default().step(Some(1), 1), None);
    }
}
