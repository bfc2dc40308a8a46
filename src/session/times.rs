//! Response times: exact while few, a histogram when many.

use smallvec::SmallVec;

use crate::limits;

/// Buckets a power of two: a bucket is less than 1.6 % wide.
const SUB_BUCKETS: u64 = 64;

/// Response times in nanoseconds. A session has some for each of its operations, most of them one or two: those stand
/// here, without room of their own.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// Each of them, in the order they came.
    Exact(SmallVec<[u64; 2]>),
    /// How many fell into each bucket.
    Many(Box<Histogram>),
}

/// Many response times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    count: u64,
    max: u64,
    min: u64,
    /// Bucket number and how many, sorted by number.
    buckets: Vec<(u16, u32)>,
}

impl Default for Times {
    fn default() -> Self {
        Self::Exact(SmallVec::new())
    }
}

impl Times {
    /// Adds one time; a negative one (the clock went back) counts as 0.
    pub fn add(&mut self, nanos: i64) {
        let nanos = u64::try_from(nanos).unwrap_or(0);
        match self {
            Self::Exact(all) if all.len() < limits::EXACT_TIMES => all.push(nanos),
            _ => self.histogram().add(nanos),
        }
    }

    /// Adds all of `other`. The result does not depend on the order of merging.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Exact(mine), Self::Exact(theirs))
                if mine.len() + theirs.len() <= limits::EXACT_TIMES =>
            {
                mine.extend_from_slice(theirs);
            }
            (_, Self::Exact(theirs)) => {
                let mine = self.histogram();
                theirs.iter().for_each(|t| mine.add(*t));
            }
            (_, Self::Many(theirs)) => self.histogram().merge(theirs),
        }
    }

    /// It as a histogram, whatever it was.
    fn histogram(&mut self) -> &mut Histogram {
        loop {
            match self {
                Self::Many(many) => return many,
                Self::Exact(all) => {
                    let mut many = Box::<Histogram>::default();
                    all.iter().for_each(|t| many.add(*t));
                    *self = Self::Many(many);
                }
            }
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        match self {
            Self::Exact(all) => all.len() as u64,
            Self::Many(many) => many.count,
        }
    }

    /// The longest, in seconds.
    pub fn max(&self) -> f64 {
        let max = match self {
            Self::Exact(all) => all.iter().max().copied().unwrap_or(0),
            Self::Many(many) => many.max,
        };
        max as f64 / 1e9
    }

    /// The shortest, in seconds.
    pub fn min(&self) -> f64 {
        let min = match self {
            Self::Exact(all) => all.iter().min().copied().unwrap_or(0),
            Self::Many(many) => many.min,
        };
        min as f64 / 1e9
    }

    /// The time in seconds that the share `q` (0 to 1) of all stays within; `None` when there are none. Exact for
    /// few, within 1.6 % for many.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.quantiles([q]).map(|[time]| time)
    }

    /// As [`Times::quantile`], for several shares at once.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // The nearest-rank definition.
        let rank = |q: f64| ((q * count as f64).ceil() as u64).clamp(1, count);
        Some(match self {
            Self::Exact(all) if all.len() == 1 => [self.max(); N],
            Self::Exact(all) => {
                let mut sorted = SmallVec::<[u64; limits::EXACT_TIMES]>::from_slice(all);
                sorted.sort_unstable();
                let at = |q| sorted.get(rank(q) as usize - 1).copied();
                shares.map(|q| at(q).unwrap_or(0) as f64 / 1e9)
            }
            Self::Many(many) => shares.map(|q| many.at(rank(q)) as f64 / 1e9),
        })
    }
}

impl Histogram {
    fn add(&mut self, nanos: u64) {
        self.note(1, nanos, nanos);
        self.put(bucket_of(nanos), 1);
    }

    fn merge(&mut self, other: &Self) {
        self.note(other.count, other.min, other.max);
        for (bucket, n) in &other.buckets {
            self.put(*bucket, *n);
        }
    }

    fn note(&mut self, count: u64, min: u64, max: u64) {
        self.min = if self.count == 0 {
            min
        } else {
            self.min.min(min)
        };
        self.max = self.max.max(max);
        self.count += count;
    }

    /// The time of that rank, about.
    fn at(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for (bucket, n) in &self.buckets {
            seen += u64::from(*n);
            if seen >= rank {
                return middle_of(*bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }

    fn put(&mut self, bucket: u16, n: u32) {
        match self.buckets.binary_search_by_key(&bucket, |b| b.0) {
            Ok(at) => {
                if let Some(entry) = self.buckets.get_mut(at) {
                    entry.1 = entry.1.saturating_add(n);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, n)),
        }
    }
}

fn bucket_of(nanos: u64) -> u16 {
    if nanos < SUB_BUCKETS {
        return nanos as u16;
    }
    let power = u64::from(nanos.ilog2());
    let sub = (nanos >> (power - 6)) & (SUB_BUCKETS - 1);
    ((power - 5) * SUB_BUCKETS + sub) as u16
}

fn middle_of(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let power = bucket / SUB_BUCKETS + 5;
    let sub = bucket % SUB_BUCKETS;
    let low = (SUB_BUCKETS + sub) << (power - 6);
    low + (1 << (power - 6)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_exact() {
        let mut times = Times::default();
        for ms in [5, 1, 3, 2, 4] {
            times.add(ms * 1_000_000);
        }
        assert_eq!(times.quantile(0.5), Some(0.003));
        assert_eq!(times.quantile(0.95), Some(0.005));
        assert!((times.max() - 0.005).abs() < 1e-12);
    }

    #[test]
    fn many_are_close_and_merging_is_order_free() {
        let (mut odd, mut even, mut all) = (Times::default(), Times::default(), Times::default());
        for i in 1..=10_000_i64 {
            all.add(i * 1_000);
            if i % 2 == 0 {
                even.add(i * 1_000);
            } else {
                odd.add(i * 1_000);
            }
        }
        let median = all.quantile(0.5).unwrap();
        assert!((median - 0.005).abs() < 0.005 * 0.016, "{median}");
        let mut left = odd.clone();
        left.merge(&even);
        even.merge(&odd);
        assert_eq!(left, even);
        assert_eq!(left, all);
    }

    #[test]
    fn buckets_hold_their_middle() {
        for nanos in [
            0,
            1,
            63,
            64,
            65,
            1_000,
            123_456_789,
            86_400_000_000_000,
            u64::MAX / 2,
        ] {
            let middle = middle_of(bucket_of(nanos));
            let off = middle.abs_diff(nanos) as f64;
            assert!(off <= nanos as f64 * 0.016 + 1.0, "{nanos} {middle}");
        }
    }
}
