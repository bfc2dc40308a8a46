//! Response times: exact while few, a histogram when many.

use smallvec::SmallVec;

use crate::limits;

/// Buckets a power of two: a bucket is less than 1.6 % wide.
const SUB_BUCKETS: u64 = 64;

/// Response times in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    count: u64,
    max: u64,
    min: u64,
    sum: u128,
    store: Store,
}

#[derive(Clone, Debug, PartialEq)]
enum Store {
    Exact(Vec<u64>),
    /// Bucket number and how many, sorted by number.
    Buckets(Vec<(u16, u32)>),
}

impl Default for Store {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Times {
    /// Adds one time; a negative one (the clock went back) counts as 0.
    pub fn add(&mut self, nanos: i64) {
        let nanos = u64::try_from(nanos).unwrap_or(0);
        self.min = if self.count == 0 {
            nanos
        } else {
            self.min.min(nanos)
        };
        self.max = self.max.max(nanos);
        self.count += 1;
        self.sum += u128::from(nanos);
        if let Store::Exact(all) = &mut self.store {
            if all.len() < limits::EXACT_TIMES {
                all.push(nanos);
                return;
            }
            let all = std::mem::take(all);
            self.store = Store::Buckets(Vec::new());
            for old in all {
                self.bucket(old, 1);
            }
        }
        self.bucket(nanos, 1);
    }

    /// Adds all of `other`. The result does not depend on the order of merging.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.min = if self.count == 0 {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
        match (&mut self.store, &other.store) {
            (Store::Exact(mine), Store::Exact(theirs))
                if mine.len() + theirs.len() <= limits::EXACT_TIMES =>
            {
                mine.extend_from_slice(theirs);
            }
            _ => {
                if let Store::Exact(mine) = &mut self.store {
                    let mine = std::mem::take(mine);
                    self.store = Store::Buckets(Vec::new());
                    for old in mine {
                        self.bucket(old, 1);
                    }
                }
                match &other.store {
                    Store::Exact(theirs) => theirs.iter().for_each(|t| self.bucket(*t, 1)),
                    Store::Buckets(theirs) => {
                        for (bucket, n) in theirs {
                            self.put(*bucket, *n);
                        }
                    }
                }
            }
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, in seconds.
    pub fn max(&self) -> f64 {
        self.max as f64 / 1e9
    }

    /// The shortest, in seconds.
    pub fn min(&self) -> f64 {
        self.min as f64 / 1e9
    }

    /// The time in seconds that the share `q` (0 to 1) of all stays within; `None` when there are none. Exact for
    /// few, within 1.6 % for many.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.quantiles([q]).map(|[time]| time)
    }

    /// As [`Times::quantile`], for several shares at once.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        if self.count == 0 {
            return None;
        }
        // The nearest-rank definition.
        let rank = |q: f64| ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        Some(match &self.store {
            Store::Exact(all) => {
                let mut sorted = SmallVec::<[u64; limits::EXACT_TIMES]>::from_slice(all);
                sorted.sort_unstable();
                let at = |q| sorted.get(rank(q) as usize - 1).copied();
                shares.map(|q| at(q).unwrap_or(self.max) as f64 / 1e9)
            }
            Store::Buckets(buckets) => shares.map(|q| self.in_buckets(buckets, rank(q))),
        })
    }

    fn in_buckets(&self, buckets: &[(u16, u32)], rank: u64) -> f64 {
        let mut seen = 0;
        for (bucket, n) in buckets {
            seen += u64::from(*n);
            if seen >= rank {
                return middle_of(*bucket).clamp(self.min, self.max) as f64 / 1e9;
            }
        }
        self.max()
    }

    fn bucket(&mut self, nanos: u64, n: u32) {
        self.put(bucket_of(nanos), n);
    }

    fn put(&mut self, bucket: u16, n: u32) {
        if let Store::Buckets(buckets) = &mut self.store {
            match buckets.binary_search_by_key(&bucket, |b| b.0) {
                Ok(at) => {
                    if let Some(entry) = buckets.get_mut(at) {
                        entry.1 = entry.1.saturating_add(n);
                    }
                }
                Err(at) => buckets.insert(at, (bucket, n)),
            }
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
