//! Moments as they are written. Without an offset they are in UTC, as all times that Colloquy prints.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Nanoseconds since 1970 of `2024-05-31T12:30:00.5Z`, `2024-05-31 12:30`, `2024-05-31`, `May 31, 2024 12:30:00 UTC`.
pub(super) fn nanos(text: &str) -> Option<i64> {
    let text = text.trim();
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let text = text.strip_suffix("UTC").unwrap_or(text).trim();
        let moment = text.parse::<DateTime>().ok().or_else(|| {
            ["%b %d, %Y %H:%M:%S%.f", "%b %d, %Y %H:%M", "%b %d, %Y"]
                .iter()
                .find_map(|form| named(form, text))
        })?;
        TimeZone::UTC.to_timestamp(moment).ok()
    })?;
    i64::try_from(stamp.as_nanosecond()).ok()
}

/// With the month's name in front.
fn named(form: &str, text: &str) -> Option<DateTime> {
    let parsed = jiff::fmt::strtime::parse(form, text).ok()?;
    let time = parsed.to_time().unwrap_or_default();
    Some(parsed.to_date().ok()?.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn moments() {
        let noon = Some(1_717_158_600_000_000_000);
        for text in [
            "2024-05-31T12:30:00Z",
            "2024-05-31 12:30:00",
            "2024-05-31 12:30",
            "2024-05-31T14:30:00+02:00",
            "May 31, 2024 12:30:00",
            "May 31, 2024 12:30:00 UTC",
        ] {
            assert_eq!(nanos(text), noon, "{text}");
        }
        assert_eq!(nanos("2024-05-31"), Some(1_717_113_600_000_000_000));
        assert_eq!(nanos("May 31, 2024"), Some(1_717_113_600_000_000_000));
        assert_eq!(
            nanos("2024-05-31 12:30:00.25").map(|n| n % 1_000_000_000),
            Some(250_000_000)
        );
        assert_eq!(nanos("yesterday"), None);
    }
}
