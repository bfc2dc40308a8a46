//! Options behind the fixed part of a block (section 3.5 of the draft): code, length, value padded to 4 bytes.

use super::super::order::Order;

/// `opt_endofopt`.
const END: u16 = 0;
/// `opt_comment`.
pub(super) const COMMENT: u16 = 1;

/// Goes over the options of a block. Ends at `opt_endofopt`, at the end, and at an option that runs past the end.
#[derive(Clone, Debug)]
pub(super) struct Options<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    /// The options in `rest`, what follows the fixed part.
    pub(super) fn new(order: Order, rest: &'a [u8]) -> Self {
        Self { order, rest }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let code = self.order.u16_at(self.rest, 0)?;
        let len = usize::from(self.order.u16_at(self.rest, 2)?);
        let value = self.rest.get(4..4 + len)?;
        self.rest = self
            .rest
            .get(4 + len.next_multiple_of(4)..)
            .unwrap_or_default();
        (code != END).then_some((code, value))
    }
}
