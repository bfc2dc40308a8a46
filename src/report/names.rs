//! The names that captures give to addresses (pcapng's name resolution blocks).

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::analysis::Outcome;

/// Names by capture and address; where an address has several, the first one.
pub(super) struct Names<'a>(Vec<HashMap<IpAddr, &'a str>>);

impl<'a> Names<'a> {
    pub(super) fn of(outcome: &'a Outcome) -> Self {
        let of_one = |capture: &'a crate::analysis::CaptureRecord| {
            let names = capture.summary.names.iter().rev();
            names
                .map(|(address, name)| (*address, name.as_str()))
                .collect()
        };
        Self(outcome.captures.iter().map(of_one).collect())
    }

    pub(super) fn get(&self, capture: u32, address: IpAddr) -> Option<&'a str> {
        self.0.get(capture as usize)?.get(&address).copied()
    }
}
