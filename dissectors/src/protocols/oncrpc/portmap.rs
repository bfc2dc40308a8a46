//! The port mapper and rpcbind: what is asked for and which port is told (RFC 1833).

use super::programs;
use super::xdr::{Xdr, text};

/// The longest universal address or netid that is read.
const LONGEST: u32 = 256;

/// What GETPORT or GETADDR asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) program: u32,
    pub(super) version: u32,
    /// `tcp`, `udp`, or a netid of rpcbind; empty where the number is unknown.
    pub(super) netid: String,
}

impl Wanted {
    pub(super) fn title(&self) -> String {
        format!(
            "{} version {} {}",
            programs::title(self.program),
            self.version,
            self.netid
        )
    }
}

/// Where a program listens.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// 0 when the program is not registered.
    pub(super) port: u16,
    /// rpcbind's universal address; empty when there is none.
    pub(super) address: String,
}

/// True for procedures whose answer is a place: GETPORT, GETADDR, GETVERSADDR.
pub(super) const fn asks_place(version: u32, procedure: u32) -> bool {
    matches!((version, procedure), (2..=4, 3) | (4, 9))
}

/// True for calls that are answered only on success, so that silence means nothing: CALLIT and BCAST.
pub(super) const fn is_broadcast(procedure: u32) -> bool {
    procedure == 5
}

pub(super) fn wanted(version: u32, args: &[u8]) -> Option<Wanted> {
    let mut xdr = Xdr::new(args);
    let (program, number) = (xdr.word()?, xdr.word()?);
    let netid = if version == 2 {
        match xdr.word()? {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            _ => String::new(),
        }
    } else {
        text(xdr.opaque(LONGEST)?)
    };
    Some(Wanted {
        program,
        version: number,
        netid,
    })
}

pub(super) fn place(version: u32, results: &[u8]) -> Option<Place> {
    let mut xdr = Xdr::new(results);
    if version == 2 {
        return Some(Place {
            port: xdr.word()? as u16,
            address: String::new(),
        });
    }
    let address = text(xdr.opaque(LONGEST)?);
    Some(Place {
        port: port_of(&address).unwrap_or(0),
        address,
    })
}

/// The port in a universal address: its last two numbers (RFC 5665 section 5.2.3.3).
fn port_of(address: &str) -> Option<u16> {
    let mut parts = address.rsplit('.');
    let low: u8 = parts.next()?.parse().ok()?;
    let high: u8 = parts.next()?.parse().ok()?;
    Some(u16::from_be_bytes([high, low]))
}

/// The arguments in words.
pub(super) fn tell(version: u32, procedure: u32, args: &[u8]) -> String {
    match procedure {
        1..=3 | 9 | 11 => wanted(version, args).map_or_else(String::new, |w| w.title()),
        5 | 10 => {
            let mut xdr = Xdr::new(args);
            let inner = (xdr.word(), xdr.word(), xdr.word());
            match inner {
                (Some(program), Some(version), Some(procedure)) => format!(
                    "{} version {version} {}",
                    programs::title(program),
                    programs::op(program, version, procedure)
                ),
                _ => String::new(),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn universal_addresses_end_with_the_port() {
        assert_eq!(port_of("10.0.0.1.8.1"), Some(2049));
        assert_eq!(port_of("::1.0.111"), Some(111));
        assert_eq!(port_of("/run/rpcbind.sock"), None);
        assert_eq!(port_of(""), None);
    }
}
