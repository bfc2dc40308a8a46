//! Numbers, times and sizes as the window writes them.

use colloquy::dissectors::units::Timestamp;
use colloquy::report::json::rfc3339;

/// `1 234 567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// `1 session`, `12 sessions`.
pub(crate) fn plural(n: u64, what: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {what}{ending}", count(n))
}

/// `812 B`, `4.2 kB`, `3.1 GB`.
pub(crate) fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" {
                format!("{value:.0} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// `2026-11-23 23:35:47 UTC`.
pub(crate) fn date(time: Timestamp) -> String {
    let full = rfc3339(time);
    match (full.get(..10), full.get(11..19)) {
        (Some(date), Some(clock)) => format!("{date} {clock} UTC"),
        _ => full,
    }
}

/// `23:35:47.123456`.
pub(crate) fn clock(time: Timestamp) -> String {
    let full = rfc3339(time);
    full.get(11..26).map_or(full.clone(), str::to_owned)
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(plural(1, "session"), "1 session");
        assert_eq!(plural(2, "session"), "2 sessions");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(4_200), "4.2 kB");
        assert_eq!(bytes(3_100_000_000), "3.1 GB");
    }

    #[test]
    fn times() {
        let time = Timestamp::from_nanos(1_700_000_000_123_456_789);
        assert_eq!(date(time), "2023-11-14 22:13:20 UTC");
        assert_eq!(clock(time), "22:13:20.123456");
        assert_eq!(file_name("/a/b.pcap"), "b.pcap");
    }
}
