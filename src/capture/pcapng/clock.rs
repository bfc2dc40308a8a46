//! Times of an interface: `if_tsresol` and `if_tsoffset` (section 4.2 of the draft).

use colloquy_dissectors::units::Timestamp;

/// Turns the ticks of an interface into nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    unit: Unit,
    offset_nanos: i64,
}

/// How long a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many nanoseconds.
    Nanos(u64),
    /// One nanosecond divided by this; 0 for nothing at all.
    Part(u64),
    /// 2^-n seconds.
    Binary(u32),
}

impl Clock {
    /// `resolution` as the option says it: n for 10^-n seconds, 0x80 + n for 2^-n seconds. `offset` in seconds.
    pub(super) fn new(resolution: u8, offset: i64) -> Self {
        let n = u32::from(resolution & 0x7f);
        let unit = match (resolution >= 0x80, n) {
            (true, n) => Unit::Binary(n),
            (false, 0..=9) => Unit::Nanos(10_u64.pow(9 - n)),
            // Beyond 10^-28 s no 64-bit count of ticks reaches a nanosecond.
            (false, n) => Unit::Part(10_u64.checked_pow(n - 9).unwrap_or(0)),
        };
        Self {
            unit,
            offset_nanos: offset.saturating_mul(1_000_000_000),
        }
    }

    /// The moment of `ticks`; the end of time where it does not fit.
    #[inline]
    pub(super) fn time(self, ticks: u64) -> Timestamp {
        let nanos = match self.unit {
            Unit::Nanos(each) => ticks.checked_mul(each),
            Unit::Part(of) => Some(ticks.checked_div(of).unwrap_or(0)),
            Unit::Binary(n) => u64::try_from((u128::from(ticks) * 1_000_000_000) >> n).ok(),
        };
        let nanos = nanos
            .and_then(|n| i64::try_from(n).ok())
            .unwrap_or(i64::MAX);
        Timestamp::from_nanos(nanos.saturating_add(self.offset_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_and_offsets() {
        assert_eq!(
            Clock::new(6, 0).time(1_500_000),
            Timestamp::from_nanos(1_500_000_000)
        );
        assert_eq!(Clock::new(9, 0).time(7), Timestamp::from_nanos(7));
        assert_eq!(
            Clock::new(0, 0).time(7),
            Timestamp::from_nanos(7_000_000_000)
        );
        assert_eq!(Clock::new(12, 0).time(7_999), Timestamp::from_nanos(7));
        assert_eq!(
            Clock::new(0x80 + 10, 0).time(1024 + 512),
            Timestamp::from_nanos(1_500_000_000)
        );
        assert_eq!(
            Clock::new(0x80 + 127, 0).time(u64::MAX),
            Timestamp::from_nanos(0)
        );
        assert_eq!(
            Clock::new(6, -2).time(3_000_000),
            Timestamp::from_nanos(1_000_000_000)
        );
        assert_eq!(Clock::new(127, 0).time(u64::MAX), Timestamp::from_nanos(0));
    }

    #[test]
    fn overflow_is_the_end_of_time() {
        assert_eq!(
            Clock::new(0, 0).time(u64::MAX),
            Timestamp::from_nanos(i64::MAX)
        );
        assert_eq!(
            Clock::new(0x80, i64::MAX).time(u64::MAX),
            Timestamp::from_nanos(i64::MAX)
        );
        assert_eq!(
            Clock::new(6, i64::MIN).time(0),
            Timestamp::from_nanos(i64::MIN)
        );
    }
}
