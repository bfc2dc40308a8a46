//! Where a capture was taken, where that is worth a line, and what somebody wrote into it.

use std::fmt::Write as _;

use super::style::plural;
use super::{Layout, paragraph};
use crate::capture::{CaptureSummary, InterfaceInfo};

/// Interfaces told one by one at most; they are rarely more.
const INTERFACES: usize = 6;
/// Comments shown at most; `--format json` has them all.
const COMMENTS: usize = 3;
/// The comment that dumpcap writes into every file.
const COUNTERS: &str = "Counters provided by dumpcap";

pub(super) fn write(summary: &CaptureSummary, layout: &Layout, text: &mut String) {
    if let Some(line) = interfaces(summary) {
        paragraph(text, layout, "  ", &line);
    }
    let said = |(_, text): &&(Option<u64>, String)| text != COUNTERS;
    let mut comments = summary.comments.iter().filter(said);
    for (frame, comment) in comments.by_ref().take(COMMENTS) {
        let on = frame.map_or_else(String::new, |frame| format!(" on frame {frame}"));
        paragraph(
            text,
            layout,
            "  ",
            &format!("Comment{on}: {}", clean(comment)),
        );
    }
    let more = comments.count() as u64 + summary.comments_left_out;
    if more > 0 {
        let _ = writeln!(text, "  … and {}", plural(more, "more comment"));
    }
}

/// `Interfaces: eth0 (filter "port 80", 12 frames), lo (3 frames).` `None` for a single one that took every frame, of which
/// there is nothing to say.
fn interfaces(summary: &CaptureSummary) -> Option<String> {
    let named: Vec<_> = summary
        .interfaces
        .iter()
        .filter(|i| i.name.is_some())
        .collect();
    if named.len() < 2 && named.iter().all(|i| i.filter.is_none()) {
        return None;
    }
    let mut parts: Vec<String> = named.iter().take(INTERFACES).map(|i| one(i)).collect();
    let more = named.len().saturating_sub(INTERFACES);
    if more > 0 {
        parts.push(format!("{more} more"));
    }
    Some(format!("Interfaces: {}.", parts.join(", ")))
}

fn one(info: &InterfaceInfo) -> String {
    let name = clean(info.name.as_deref().unwrap_or_default());
    let filter = info
        .filter
        .as_ref()
        .map_or_else(String::new, |f| format!("filter \"{}\", ", clean(f)));
    format!("{name} ({filter}{})", plural(info.frames, "frame"))
}

/// Text of a file as one line that does nothing to a terminal.
fn clean(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(summary: &CaptureSummary) -> String {
        let mut text = String::new();
        write(summary, &Layout::default(), &mut text);
        text
    }

    #[test]
    fn what_every_file_says_is_not_told() {
        let summary = CaptureSummary {
            interfaces: vec![InterfaceInfo {
                name: Some("eth0".to_owned()),
                ..InterfaceInfo::default()
            }],
            comments: vec![(None, COUNTERS.to_owned())],
            ..CaptureSummary::default()
        };
        assert_eq!(told(&summary), "");
    }

    #[test]
    fn interfaces_and_comments_are_told_within_bounds() {
        let interface = |name: &str, filter: Option<&str>| InterfaceInfo {
            name: Some(name.to_owned()),
            filter: filter.map(str::to_owned),
            frames: 1,
            ..InterfaceInfo::default()
        };
        let comment = |n| (Some(n), format!("look\nat\u{1b} {n}"));
        let summary = CaptureSummary {
            interfaces: vec![interface("eth0", Some("port 445")), interface("lo", None)],
            comments: std::iter::once((None, COUNTERS.to_owned()))
                .chain((1..=5).map(comment))
                .collect(),
            ..CaptureSummary::default()
        };
        assert_eq!(
            told(&summary),
            "  Interfaces: eth0 (filter \"port 445\", 1 frame), lo (1 frame).\n  \
             Comment on frame 1: look at\u{fffd} 1\n  Comment on frame 2: look at\u{fffd} 2\n  Comment on frame 3: look at\u{fffd} 3\n  \
             … and 2 more comments\n"
        );
    }
}
