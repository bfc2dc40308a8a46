//! Client ids of NFSv4 (RFC 7530 sections 9.1.1 and 16.33 to 16.34, RFC 8881 section 18.35): which call names which, so that an id
//! that is refused can be told from one that was given.

use super::slots::first_result;
use super::xdr::Xdr;

/// Calls of which the client id is remembered. When it is reached the oldest is let go.
const MOST: usize = 8;
/// The longest tag, handle or name that is passed over.
const LONGEST: u32 = 64 * 1024;
/// Operations that may lead to the one that names the client.
const MOST_STEPS: u32 = 32;

pub(super) const SETCLIENTID_CONFIRM: u32 = 36;
pub(super) const EXCHANGE_ID: u32 = 42;
const LOOKUP: u32 = 15;
const OPEN: u32 = 18;
const PUTFH: u32 = 22;
const RENEW: u32 = 30;
const CREATE_SESSION: u32 = 43;
const DESTROY_CLIENTID: u32 = 57;

/// The client ids of the last calls that named one, by xid.
#[derive(Debug, Default)]
pub(super) struct Clients {
    named: Option<Box<Named>>,
}

#[derive(Debug, Default)]
struct Named {
    calls: [(u32, u64); MOST],
    next: usize,
}

impl Clients {
    /// A compound was called whose main operation is `operation`.
    pub(super) fn called(&mut self, operation: u32, args: &[u8], xid: u32) {
        let names = matches!(
            operation,
            OPEN | RENEW | SETCLIENTID_CONFIRM | CREATE_SESSION | DESTROY_CLIENTID
        );
        if !names {
            return;
        }
        if let Some(client) = client_of(operation, args) {
            let named = self.named.get_or_insert_default();
            named.calls[named.next % MOST] = (xid, client);
            named.next += 1;
        }
    }

    /// The client id that the call named.
    pub(super) fn named_in(&self, xid: u32) -> Option<u64> {
        let named = self.named.as_deref()?;
        let known = named.calls.get(..named.next).unwrap_or(&named.calls);
        let call = known.iter().find(|(x, _)| *x == xid);
        call.map(|(_, client)| *client)
    }
}

/// The client id that EXCHANGE_ID's results give.
pub(super) fn given(results: &[u8]) -> Option<u64> {
    first_result(results)?.hyper()
}

/// The client id in the arguments of `operation`, where only what names a file stands before it. In NFSv4.1 the owner of an OPEN
/// names none that counts (RFC 8881 section 18.16.3), and SEQUENCE stands before it.
fn client_of(operation: u32, args: &[u8]) -> Option<u64> {
    let mut xdr = Xdr::new(args);
    let _tag = xdr.opaque(LONGEST)?;
    let (_minor, count) = (xdr.word()?, xdr.word()?);
    for _ in 0..count.min(MOST_STEPS) {
        match xdr.word()? {
            OPEN if operation == OPEN => {
                // seqid, share_access and share_deny.
                xdr.skip_words(3)?;
                return xdr.hyper();
            }
            code if code == operation => return xdr.hyper(),
            PUTFH | LOOKUP => drop(xdr.opaque(LONGEST)?),
            // GETFH, LOOKUPP, PUTPUBFH, PUTROOTFH, RESTOREFH, SAVEFH: without arguments.
            10 | 16 | 23 | 24 | 31 | 32 => {}
            _ => return None,
        }
    }
    None
}
