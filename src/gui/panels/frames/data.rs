//! The tree of a frame's fields and the dump of its bytes, without drawing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use colloquy::dissectors::field::{BRANCH, Entry, INFO_COLUMN, Kind, PROTOCOL_COLUMN, Value};
use colloquy::runner::Detail;
use colloquy::{fields, filter};
use serde::Serialize;

/// Bytes in a line of the dump, and where there is no room for so many.
pub(crate) const LINE: usize = 16;
/// The same in a narrow panel.
pub(crate) const SHORT_LINE: usize = 8;

/// Where a field stands: in the frame (0), or in the message of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    /// Which bytes.
    pub(crate) source: usize,
    /// The first one.
    pub(crate) at: usize,
    /// How many.
    pub(crate) len: usize,
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Node {
    /// How deep it stands.
    pub(crate) depth: usize,
    /// `Command: 5`.
    pub(crate) text: String,
    /// The field's name, for filters; empty for a branch.
    pub(crate) name: &'static str,
    /// Its bytes.
    pub(crate) place: Option<Place>,
    /// One past the last node inside it.
    pub(crate) end: usize,
    /// Its place among the values of the frame.
    pub(crate) value: usize,
}

/// The fields of one frame.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tree {
    /// In order, those inside another right behind it.
    pub(crate) nodes: Vec<Node>,
}

impl Tree {
    /// Of a frame.
    pub(crate) fn of(detail: &Detail) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut values: Vec<Entry<'_>> = detail.row.values.iter().collect();
        let starts: Vec<usize> = detail.row.messages.iter().map(|m| m.first_value).collect();
        for (index, entry) in values.drain(..).enumerate() {
            if entry.id == PROTOCOL_COLUMN || entry.id == INFO_COLUMN {
                continue;
            }
            let source = starts.partition_point(|start| *start <= index);
            nodes.push(node(&entry, source, index));
        }
        for at in 0..nodes.len() {
            let depth = nodes.get(at).map_or(0, |n| n.depth);
            let inside = nodes
                .iter()
                .skip(at + 1)
                .take_while(|n| n.depth > depth)
                .count();
            if let Some(node) = nodes.get_mut(at) {
                node.end = at + 1 + inside;
            }
        }
        Self { nodes }
    }

    /// What is folded at first: every protocol but the last one.
    pub(crate) fn folded_at_first(&self) -> BTreeSet<usize> {
        let tops = self.nodes.iter().enumerate().filter(|(_, n)| n.depth == 0);
        let mut tops: BTreeSet<usize> = tops.map(|(at, _)| at).collect();
        tops.pop_last();
        tops
    }

    /// The nodes that are seen.
    pub(crate) fn visible(&self, folded: &BTreeSet<usize>) -> Vec<usize> {
        let mut seen = Vec::new();
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            seen.push(at);
            at = if folded.contains(&at) {
                node.end
            } else {
                at + 1
            };
        }
        seen
    }

    /// The innermost node that a byte belongs to.
    pub(crate) fn at_byte(&self, source: usize, byte: usize) -> Option<usize> {
        let covers = |place: Place| {
            place.source == source && place.at <= byte && byte < place.at + place.len
        };
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter_map(|(at, n)| Some((at, n.place.filter(|p| covers(*p))?)))
            .min_by_key(|(at, place)| (place.len, usize::MAX - at))
            .map(|(at, _)| at)
    }

    /// The nodes that a node is in, which must be unfolded for it to be seen.
    pub(crate) fn around(&self, at: usize) -> impl Iterator<Item = usize> {
        let nodes = self.nodes.iter().enumerate().take(at);
        nodes
            .filter(move |(_, n)| n.end > at)
            .map(|(outer, _)| outer)
    }
}

fn node(entry: &Entry<'_>, source: usize, value: usize) -> Node {
    let info = fields::info(entry.id);
    let kind = info.map_or(Kind::Text, |i| i.kind);
    let title = info.map_or("", |i| i.title);
    let text = match (kind, entry.value) {
        (Kind::Protocol | Kind::Flag, _) => title.to_owned(),
        (_, Value::Text(label)) if entry.id == BRANCH => label.to_owned(),
        (kind, value) => {
            let mut written = Vec::new();
            fields::write(&mut written, kind, value);
            format!("{title}: {}", String::from_utf8_lossy(&written))
        }
    };
    Node {
        depth: match kind {
            Kind::Protocol => 0,
            _ => usize::from(entry.depth).max(1),
        },
        text,
        name: info.filter(|_| entry.id != BRANCH).map_or("", |i| i.name),
        place: (entry.len > 0).then_some(Place {
            source,
            at: entry.at as usize,
            len: entry.len as usize,
        }),
        end: 0,
        value,
    }
}

/// The expression that holds where a field has the value that it has here.
pub(crate) fn expression(detail: &Detail, node: &Node) -> Option<String> {
    let entry = detail.row.values.iter().nth(node.value)?;
    let info = fields::info(entry.id).filter(|_| !node.name.is_empty())?;
    filter::equality(info, entry.value)
}

/// A line of the dump of `len` bytes each: `0010  45 00 …`, and the same as letters.
pub(crate) fn dump_line(bytes: &[u8], line: usize, len: usize) -> (String, String, String) {
    let at = line * len;
    let part = bytes.get(at..(at + len).min(bytes.len())).unwrap_or(&[]);
    let mut hex = String::with_capacity(len * 3);
    for byte in part {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x} ");
    }
    let letter = |b: &u8| match b {
        b' '..=b'~' => char::from(*b),
        _ => '·',
    };
    (format!("{at:04x}"), hex, part.iter().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::gui::dissecting;
    use crate::gui::testing::path;

    fn tree() -> (Detail, Tree) {
        let path = path("nbss/request-unanswered.pcap");
        let of = |frame| dissecting::detail(&path, frame, &AtomicBool::new(false)).unwrap();
        let detail = (1..20)
            .map(of)
            .find(|d| !d.row.messages.is_empty())
            .unwrap();
        let tree = Tree::of(&detail);
        (detail, tree)
    }

    #[test]
    fn a_message_stands_behind_the_headers_with_its_own_bytes() {
        let (detail, tree) = tree();
        let called = tree
            .nodes
            .iter()
            .position(|n| n.name == "nbss.called_name")
            .unwrap();
        let place = tree.nodes[called].place.unwrap();
        assert_eq!(place.source, 1);
        // The length of the encoded name.
        assert_eq!(detail.messages[0][place.at], 32);
        assert_eq!(tree.at_byte(1, place.at + 3), Some(called));
        let around: Vec<&str> = tree.around(called).map(|at| tree.nodes[at].name).collect();
        assert_eq!(around, ["nbss"]);
        assert_eq!(tree.at_byte(7, 0), None);
    }

    #[test]
    fn folded_nodes_hide_what_is_inside() {
        let (_, tree) = tree();
        let folded = tree.folded_at_first();
        let seen = tree.visible(&folded);
        assert_eq!(tree.nodes[seen[0]].name, "frame");
        assert!(seen.len() < tree.nodes.len());
        let names: Vec<&str> = seen.iter().map(|at| tree.nodes[*at].name).collect();
        assert!(
            names.contains(&"nbss.type") && !names.contains(&"frame.number"),
            "{names:?}"
        );
        assert_eq!(tree.visible(&BTreeSet::new()).len(), tree.nodes.len());
    }

    #[test]
    fn bytes_are_dumped_in_lines_of_sixteen() {
        let bytes: Vec<u8> = (0x41..0x41 + 18).collect();
        let (at, hex, letters) = dump_line(&bytes, 1, LINE);
        assert_eq!(
            (at.as_str(), hex.as_str(), letters.as_str()),
            ("0010", "51 52 ", "QR")
        );
        assert_eq!(dump_line(&[0, 255], 0, LINE).2, "··");
        assert_eq!(dump_line(&[], 5, LINE).1, "");
        assert_eq!(dump_line(&bytes, 1, SHORT_LINE).0, "0008");
    }
}
