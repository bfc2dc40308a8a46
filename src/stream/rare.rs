//! What few connections have: a word each until it is written to.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A value that is mostly its default. Reading it costs nothing; the first writing gives it a place of its own.
#[derive(Clone)]
pub struct Rare<T>(Option<Box<T>>);

/// Types that have their default at hand.
pub trait Unremarkable: Default + 'static {
    /// The default.
    const DEFAULT: &'static Self;
}

impl<T> Rare<T> {
    /// True once it was written to.
    pub fn is_written(&self) -> bool {
        self.0.is_some()
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Unremarkable> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::DEFAULT)
    }
}

impl<T: Unremarkable> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Unremarkable + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::facts::Stalls;

    #[test]
    fn reading_takes_no_room_and_writing_keeps() {
        let mut stalls = Rare::<Stalls>::default();
        assert_eq!(stalls.count, 0);
        assert!(stalls.0.is_none());
        stalls.count += 1;
        assert_eq!(stalls.clone().count, 1);
    }
}
