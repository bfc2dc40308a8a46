//! `-T text`: a summary line a frame.

use std::sync::atomic::{AtomicI64, Ordering};

use colloquy_dissectors::field::{
    FieldId, INFO_COLUMN, Kind, PROTOCOL_COLUMN, Value, Values, group,
};
use jiff::tz::TimeZone;

use super::Printer;
use crate::fields;
use crate::fields::engine::frame;
use crate::rows::Row;

/// How times are shown, tshark's `-t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since the first frame (`r`).
    #[default]
    Relative,
    /// Seconds since the frame before (`d`).
    Delta,
    /// Seconds since the frame that was shown before (`dd`). Right only when one worker makes all rows.
    DeltaDisplayed,
    /// Seconds since 1970 (`e`).
    Epoch,
    /// The time of day here (`a`), or in UTC (`u`).
    TimeOfDay {
        /// In UTC.
        utc: bool,
    },
    /// Date and time here (`ad`), or in UTC (`ud`).
    Date {
        /// In UTC.
        utc: bool,
        /// The day by its number in the year (`adoy`, `udoy`).
        day_of_year: bool,
    },
}

/// Prints summary lines: No., Time, Source, Destination, Protocol, Length, Info.
#[derive(Debug)]
pub struct TextPrinter {
    time: TimeFormat,
    /// Digits behind the point of seconds.
    digits: usize,
    zone: TimeZone,
    /// A tab between columns, no padding: for programs.
    tabbed: bool,
    /// The time of the last row shown.
    shown: AtomicI64,
    columns: Columns,
}

/// The fields that the columns are made of.
#[derive(Clone, Copy, Debug)]
struct Columns {
    relative: Option<FieldId>,
    delta: Option<FieldId>,
    /// Source and destination of IPv4, IPv6 and Ethernet.
    addresses: [[Option<FieldId>; 3]; 2],
}

impl TextPrinter {
    /// With times in this format, so many digits behind their point.
    pub fn new(time: TimeFormat, digits: usize) -> Self {
        let id = |name: &str| fields::find(name).map(|f| f.id);
        Self {
            time,
            digits: digits.min(9),
            zone: TimeZone::system(),
            tabbed: false,
            shown: AtomicI64::new(i64::MIN),
            columns: Columns {
                relative: id("frame.time_relative"),
                delta: id("frame.time_delta"),
                addresses: [
                    [id("ip.src"), id("ipv6.src"), id("eth.src")],
                    [id("ip.dst"), id("ipv6.dst"), id("eth.dst")],
                ],
            },
        }
    }

    /// The same with a tab between columns and no padding: No., Time, Source, Destination, Protocol, Length, Info.
    #[must_use]
    pub fn tabbed(self) -> Self {
        Self {
            tabbed: true,
            ..self
        }
    }

    /// The fields that rows must hold.
    pub fn wants(&self) -> Vec<FieldId> {
        let Columns {
            relative,
            delta,
            addresses,
        } = self.columns;
        let icmp = ["icmp", "icmpv6"].map(|name| fields::find(name).map(|f| f.id));
        let times = match self.time {
            TimeFormat::Relative => relative,
            TimeFormat::Delta => delta,
            _ => None,
        };
        [frame::NUMBER, frame::LEN, PROTOCOL_COLUMN, INFO_COLUMN]
            .into_iter()
            .chain(times)
            .chain(addresses.into_iter().flatten().flatten())
            .chain(icmp.into_iter().flatten())
            .collect()
    }

    fn time(&self, row: &Row, out: &mut Vec<u8>) {
        let of = |id: Option<FieldId>| {
            let value = id.and_then(|id| row.values.of(id).next());
            match value {
                Some(Value::Duration(nanos) | Value::Time(nanos)) => nanos,
                _ => 0,
            }
        };
        let nanos = row.stamp.time.nanos();
        match self.time {
            TimeFormat::Relative => self.seconds(of(self.columns.relative), out),
            TimeFormat::Delta => self.seconds(of(self.columns.delta), out),
            TimeFormat::Epoch => self.seconds(nanos, out),
            TimeFormat::DeltaDisplayed => {
                let before = self.shown.swap(nanos, Ordering::Relaxed);
                let since = if before == i64::MIN {
                    0
                } else {
                    nanos.saturating_sub(before)
                };
                self.seconds(since, out);
            }
            TimeFormat::TimeOfDay { utc } => self.date(nanos, utc, "%H:%M:%S", out),
            TimeFormat::Date { utc, day_of_year } => {
                let format = if day_of_year {
                    "%Y/%j %H:%M:%S"
                } else {
                    "%Y-%m-%d %H:%M:%S"
                };
                self.date(nanos, utc, format, out);
            }
        }
    }

    fn seconds(&self, nanos: i64, out: &mut Vec<u8>) {
        fields::write(out, Kind::Duration, Value::Duration(nanos));
        self.shorten(out);
    }

    /// Takes off the digits of nanoseconds that are not shown, and the point when none is.
    fn shorten(&self, out: &mut Vec<u8>) {
        let left_out = if self.digits == 0 {
            10
        } else {
            9 - self.digits
        };
        out.truncate(out.len() - left_out.min(out.len()));
    }

    fn date(&self, nanos: i64, utc: bool, format: &str, out: &mut Vec<u8>) {
        let Ok(moment) = jiff::Timestamp::from_nanosecond(i128::from(nanos)) else {
            return self.seconds(nanos, out);
        };
        let zone = if utc {
            TimeZone::UTC
        } else {
            self.zone.clone()
        };
        let text = moment.to_zoned_datetime(zone).strftime(format).to_string();
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(format!(".{:09}", nanos.rem_euclid(1_000_000_000)).as_bytes());
        self.shorten(out);
    }

    /// The innermost address: of IP where there is IP, never of a packet that an ICMP error quotes.
    fn address(&self, side: usize, values: &Values, out: &mut Vec<u8>) {
        let [v4, v6, ether] = self
            .columns
            .addresses
            .get(side)
            .copied()
            .unwrap_or_default();
        let mut found = None;
        for entry in values.iter() {
            let id = Some(entry.id);
            if id == v4 || id == v6 || id == ether && found.is_none() {
                found = Some(entry);
            } else if matches!(entry.id.group(), group::ICMP | group::ICMPV6) {
                break;
            }
        }
        if let Some(entry) = found
            && let Some(info) = fields::info(entry.id)
        {
            fields::write(out, info.kind, entry.value);
        }
    }
}

/// The protocol column and the info column: what the last protocol says, and not what those say that carry it. Where the last one
/// says nothing, as gRPC does, its carrier speaks.
pub(super) fn protocol_and_info(values: &Values) -> (String, String) {
    let mut said: Vec<(&str, &str)> = Vec::new();
    let mut protocol = "";
    for entry in values.iter() {
        match (entry.id, entry.value) {
            (PROTOCOL_COLUMN, Value::Text(name)) => protocol = name,
            (INFO_COLUMN, Value::Text(text)) => said.push((protocol, text)),
            _ => {}
        }
    }
    let speaks = said.iter().any(|(of, _)| *of == protocol);
    let carrier = said.last().map_or(protocol, |(of, _)| *of);
    let speaker = if speaks { protocol } else { carrier };
    let mut of_last = said.iter().filter(|(of, _)| *of == speaker).map(|s| s.1);
    let mut info = of_last.next().unwrap_or("").to_owned();
    // The parts of a compound are one message.
    let between = if protocol == "SMB2" { ";" } else { ", " };
    for more in of_last {
        info.push_str(between);
        info.push_str(more);
    }
    (protocol.to_owned(), info)
}

fn padded(out: &mut Vec<u8>, width: usize, right: bool, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let missing = width.saturating_sub(out.len() - start);
    let blanks = std::iter::repeat_n(b' ', missing);
    if right {
        out.splice(start..start, blanks);
    } else {
        out.extend(blanks);
    }
}

impl Printer for TextPrinter {
    fn begin(&self, _out: &mut Vec<u8>) {}

    fn row(&self, row: &Row, out: &mut Vec<u8>) {
        let number = |id: FieldId| match row.values.of(id).next() {
            Some(Value::Uint(n)) => n,
            _ => 0,
        };
        let (protocol, info) = protocol_and_info(&row.values);
        let (blank, arrow) = if self.tabbed {
            ("\t", "\t")
        } else {
            (" ", " → ")
        };
        let width = |n: usize| if self.tabbed { 0 } else { n };
        padded(out, width(5), true, |out| {
            fields::write(out, Kind::Frame, Value::Uint(row.stamp.frame));
        });
        out.extend_from_slice(blank.as_bytes());
        padded(out, width(10), true, |out| self.time(row, out));
        out.extend_from_slice(blank.as_bytes());
        padded(out, width(12), true, |out| {
            self.address(0, &row.values, out);
        });
        out.extend_from_slice(arrow.as_bytes());
        padded(out, width(12), false, |out| {
            self.address(1, &row.values, out);
        });
        out.extend_from_slice(blank.as_bytes());
        out.extend_from_slice(protocol.as_bytes());
        out.extend_from_slice(blank.as_bytes());
        fields::write(out, Kind::Frame, Value::Uint(number(frame::LEN)));
        out.extend_from_slice(blank.as_bytes());
        // A message may say anything: a line stays a line.
        out.extend(info.bytes().map(|b| if b < b' ' { b' ' } else { b }));
        out.push(b'\n');
    }

    fn end(&self, _out: &mut Vec<u8>) {}
}
