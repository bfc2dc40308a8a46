//! A capture: its file, what was recorded where, and what the file says of itself.

use serde::Serialize;

use super::At;
use crate::analysis::CaptureRecord;
use crate::capture::InterfaceInfo;

/// One capture of the report.
#[derive(Serialize)]
pub(super) struct CaptureJson<'a> {
    path: &'a str,
    format: &'static str,
    compression: Option<&'static str>,
    link_types: Vec<String>,
    frames: u64,
    bytes: u64,
    first: Option<At>,
    last: Option<At>,
    damage: Option<DamageJson<'a>>,
    dropped: Option<u64>,
    not_understood: &'a std::collections::BTreeMap<String, u64>,
    ip_fragments: u64,
    interfaces: Vec<InterfaceJson<'a>>,
    comments: Vec<CommentJson<'a>>,
    hardware: Option<&'a str>,
    os: Option<&'a str>,
    application: Option<&'a str>,
}

impl<'a> CaptureJson<'a> {
    pub(super) fn of(record: &'a CaptureRecord) -> Self {
        let summary = &record.summary;
        let comment = |(frame, text): &'a (Option<u64>, String)| CommentJson {
            frame: *frame,
            text,
        };
        Self {
            path: &summary.path,
            format: summary.format,
            compression: summary.compression,
            link_types: summary.link_types.iter().map(ToString::to_string).collect(),
            frames: summary.frames,
            bytes: summary.bytes,
            first: summary.first.map(At),
            last: summary.last.map(At),
            damage: summary.damage.as_ref().map(|d| DamageJson {
                at_byte: d.at_byte,
                what: &d.what,
            }),
            dropped: summary.dropped,
            not_understood: &record.counts.other,
            ip_fragments: record.counts.fragments,
            interfaces: summary.interfaces.iter().map(interface).collect(),
            comments: summary.comments.iter().map(comment).collect(),
            hardware: summary.hardware.as_deref(),
            os: summary.os.as_deref(),
            application: summary.application.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct DamageJson<'a> {
    at_byte: u64,
    what: &'a str,
}

#[derive(Serialize)]
struct InterfaceJson<'a> {
    name: Option<&'a str>,
    description: Option<&'a str>,
    link_type: String,
    snap_length: u32,
    filter: Option<&'a str>,
    frames: u64,
    received: Option<u64>,
    dropped: Option<u64>,
    dropped_by_os: Option<u64>,
}

fn interface(info: &InterfaceInfo) -> InterfaceJson<'_> {
    InterfaceJson {
        name: info.name.as_deref(),
        description: info.description.as_deref(),
        link_type: info.link.to_string(),
        snap_length: info.snap_len,
        filter: info.filter.as_deref(),
        frames: info.frames,
        received: info.received,
        dropped: info.dropped,
        dropped_by_os: info.os_dropped,
    }
}

/// A comment on a frame, or on the whole.
#[derive(Serialize)]
struct CommentJson<'a> {
    frame: Option<u64>,
    text: &'a str,
}
