//! Dates of cookies.

const MONTHS: &[&[u8; 3]] = &[
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// A date as cookies have it, leniently (RFC 6265 section 5.1.1): `Wed, 09-Jun-2021 10:18:14 GMT` and its like.
pub(super) fn seconds_since_1970(text: &[u8]) -> Option<i64> {
    let (mut day, mut month, mut year, mut time) = (None, None, None, None);
    let words = text.split(|b| !b.is_ascii_alphanumeric() && *b != b':');
    for word in words.filter(|w| !w.is_empty()).take(8) {
        let number = || std::str::from_utf8(word).ok()?.parse::<i64>().ok();
        if time.is_none() && word.contains(&b':') {
            time = clock(word);
        } else if day.is_none() && word.len() <= 2 {
            day = number();
        } else if month.is_none() && word.first().is_some_and(u8::is_ascii_alphabetic) {
            let name = |m: &&[u8; 3]| word.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(*m));
            month = MONTHS.iter().position(name).map(|m| m as i64 + 1);
        } else if year.is_none() {
            year = number().map(full_year);
        }
    }
    let (day, month, year) = (day?, month?, year?);
    ((1..=31).contains(&day) && (1601..10_000).contains(&year))
        .then(|| days(year, month, day) * 86_400 + time.unwrap_or(0))
}

const fn full_year(year: i64) -> i64 {
    match year {
        0..=69 => 2000 + year,
        70..=99 => 1900 + year,
        _ => year,
    }
}

fn clock(word: &[u8]) -> Option<i64> {
    let mut parts = std::str::from_utf8(word).ok()?.split(':');
    let mut next = || {
        parts
            .next()?
            .parse::<i64>()
            .ok()
            .filter(|n| (0..60).contains(n))
    };
    Some(next()? * 3600 + next()? * 60 + next()?)
}

/// Days since 1970 of a date of the Gregorian calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_fashions() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Wed, 09-Jun-2021 10:18:14 GMT", Some(1_623_233_894)),
            ("Wednesday, 09-Jun-21 10:18:14 GMT", Some(1_623_233_894)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Fri, 31-Dec-9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Mon, 1 Jan 1900 00:00:00 GMT", Some(-2_208_988_800)),
            ("never", None),
            ("", None),
        ] {
            assert_eq!(seconds_since_1970(text.as_bytes()), seconds, "{text}");
        }
    }
}
