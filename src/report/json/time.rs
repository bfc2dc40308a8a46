//! Times as text.

use colloquy_dissectors::units::Timestamp;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// A time as RFC 3339 in UTC with nanoseconds.
pub fn rfc3339(time: Timestamp) -> String {
    Clock::default().text(time).to_owned()
}

/// Writes times; those that come one after the other mostly share their second.
#[derive(Debug)]
pub(super) struct Clock {
    second: i64,
    text: [u8; 30],
}

impl Default for Clock {
    fn default() -> Self {
        let text = *b"1970-01-01T00:00:00.000000000Z";
        Self { second: 0, text }
    }
}

impl Clock {
    /// As [`rfc3339`]. Nanoseconds in 64 bits end in the year 2262, so that four digits do for the year.
    pub(super) fn text(&mut self, time: Timestamp) -> &str {
        let second = time.nanos().div_euclid(SECOND);
        if self.second != second {
            self.second = second;
            self.date(second.div_euclid(DAY));
            let of_day = second.rem_euclid(DAY);
            self.put(11, 2, of_day / 3600);
            self.put(14, 2, of_day / 60 % 60);
            self.put(17, 2, of_day % 60);
        }
        self.put(20, 9, time.nanos().rem_euclid(SECOND));
        str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The date of a day, counted from 1970-01-01. Years are taken to begin in March, so that a leap day is a year's
    /// last, and counted in eras of 400, which have all the same length.
    fn date(&mut self, day: i64) {
        let since_march_0 = day + 719_468;
        let era = since_march_0.div_euclid(146_097);
        let of_era = since_march_0.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = (from_march + 2) % 12 + 1;
        let january_or_february = i64::from(month <= 2);
        self.put(0, 4, era * 400 + year + january_or_february);
        self.put(5, 2, month);
        self.put(8, 2, of_year - (153 * from_march + 2) / 5 + 1);
    }

    /// Writes `number` in so many digits.
    fn put(&mut self, at: usize, digits: usize, number: i64) {
        let mut rest = number as u32;
        for place in self.text.iter_mut().skip(at).take(digits).rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_another_calendar_says() {
        let mut clock = Clock::default();
        // The smallest number of all is no moment.
        let first = Timestamp::from_nanos(i64::MIN).nanos();
        let hours = (first..i64::MAX).step_by(3_599 * SECOND as usize * 47);
        let edges = [first, -1, 0, 1, SECOND - 1, SECOND, i64::MAX];
        for nanos in hours.chain(edges) {
            let at = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
            let expected = format!("{at:.9}");
            assert_eq!(clock.text(Timestamp::from_nanos(nanos)), expected);
            assert_eq!(rfc3339(Timestamp::from_nanos(nanos)), expected);
        }
    }
}
