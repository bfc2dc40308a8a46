//! What told a client where to go: the answer of a name service, an endpoint mapper or a port mapper, joined to the
//! conversation that follows.

use std::net::IpAddr;

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::Stamp;
use hashbrown::HashMap;

use super::model::{Flow, SeenFact, Session, Transport};

/// Who is told a port uses it within this time: seconds.
const PORT_SECS: f64 = 60.0;
/// Names are kept for ten minutes (Windows, `CacheTimeout`): seconds.
const NAME_SECS: f64 = 600.0;
/// A name that the conversation itself does not say led to it only if it follows at once: seconds.
const AT_ONCE: f64 = 10.0;
/// Answers of one client that are remembered.
const MOST: usize = 4096;

/// An answer that names a place.
#[derive(Clone, Debug)]
struct Lead {
    answered: Stamp,
    transport: Option<Transport>,
    port: Option<u16>,
    /// The NetBIOS name that was looked up.
    name: String,
    /// What was asked for and by whom it was told: `srvsvc: endpoint mapper`.
    what: String,
}

/// Joins the conversations to the answers that led to them: a detail `found_by` in the session that it is about.
pub(crate) fn join(flows: &mut [Flow]) {
    let mut leads: HashMap<(IpAddr, IpAddr), Vec<Lead>> = HashMap::new();
    for flow in flows.iter() {
        for session in &flow.sessions {
            for fact in &session.facts {
                if let Some((hosts, lead)) = lead(flow, session, fact) {
                    let known = leads.entry(hosts).or_default();
                    if known.len() < MOST {
                        known.push(lead);
                    }
                }
            }
        }
    }
    if leads.is_empty() {
        return;
    }
    for leads in leads.values_mut() {
        leads.sort_by_key(|l| l.answered);
    }
    for flow in flows {
        let hosts = (flow.client.address, flow.server.address);
        let Some(leads) = leads.get(&hosts) else {
            continue;
        };
        let before = leads.partition_point(|l| l.answered < flow.first);
        let before = leads.get(..before).unwrap_or_default();
        if let Some((index, lead)) = leading(flow, before)
            && let Some(session) = flow.sessions.get_mut(index)
        {
            let text = format!("{} (frame {})", lead.what, lead.answered.frame);
            session.details.push(("found_by", Value::Text(text)));
        }
    }
}

/// The client and the server that `fact` brings together, and the place it names.
fn lead(flow: &Flow, session: &Session, fact: &SeenFact) -> Option<((IpAddr, IpAddr), Lead)> {
    let asker = flow.endpoint(fact.side.other()).address;
    let teller = flow.endpoint(fact.side);
    let named = |key| fact.text(key).parse::<IpAddr>().ok();
    let here = named("address").filter(|a| !a.is_unspecified());
    let lead = |transport, port, what| Lead {
        answered: fact.stamp,
        transport,
        port,
        name: String::new(),
        what,
    };
    let port = |key| {
        fact.int(key)
            .and_then(|p| u16::try_from(p).ok())
            .filter(|p| *p > 0)
    };
    match fact.fact.name {
        "nbns.answer" => {
            let name = fact.text("name").to_owned();
            let what = format!("{name}: name service of {}", teller.address);
            let lead = Lead {
                name,
                ..lead(Some(Transport::Tcp), None, what)
            };
            Some(((asker, here?), lead))
        }
        "dcerpc.endpoint-mapped" => {
            let transport = transport(fact.text("protocol"))?;
            let what = format!(
                "{}: endpoint mapper of {}",
                fact.text("interface"),
                teller.address
            );
            let server = here.unwrap_or(teller.address);
            Some((
                (asker, server),
                lead(Some(transport), Some(port("port")?), what),
            ))
        }
        "portmap.answer" => {
            let (transport, address, port) = match (fact.text("address"), port("port")) {
                // rpcbind's universal address (RFC 5665 section 5.2.3.3), port mapper's port.
                ("", port) => (transport(fact.text("protocol"))?, None, port?),
                (universal, _) => {
                    let (address, port) = place(universal)?;
                    (transport(fact.text("protocol"))?, address, port)
                }
            };
            let program = match fact.text("program_name") {
                "" => format!("program {}", fact.int("program").unwrap_or(0)),
                name => name.to_owned(),
            };
            let what = format!(
                "{program} version {}: {} of {}",
                fact.int("version").unwrap_or(0),
                session.protocol,
                teller.address
            );
            let server = address
                .filter(|a| !a.is_unspecified())
                .unwrap_or(teller.address);
            Some(((asker, server), lead(Some(transport), Some(port), what)))
        }
        _ => None,
    }
}

fn transport(netid: &str) -> Option<Transport> {
    match netid {
        "tcp" | "tcp6" => Some(Transport::Tcp),
        "udp" | "udp6" => Some(Transport::Udp),
        _ => None,
    }
}

/// `10.0.0.2.8.1`: the address, then the port's two bytes.
fn place(universal: &str) -> Option<(Option<IpAddr>, u16)> {
    let (rest, low) = universal.rsplit_once('.')?;
    let (address, high) = rest.rsplit_once('.')?;
    let byte = |text: &str| text.parse::<u8>().ok();
    let port = u16::from_be_bytes([byte(high)?, byte(low)?]);
    (port > 0).then(|| (address.parse().ok(), port))
}

/// The last answer that fits `flow`, and the session that it is about.
fn leading<'a>(flow: &Flow, before: &'a [Lead]) -> Option<(usize, &'a Lead)> {
    let since = |lead: &Lead| flow.first.time.since(lead.answered.time);
    let nbss = flow.sessions.iter().position(|s| s.protocol == "nbss");
    let called = nbss.and_then(|i| flow.sessions.get(i)?.detail("called_name"));
    let called = called.map(ToString::to_string);
    before.iter().rev().find_map(|lead| {
        if lead.transport.is_some_and(|t| t != flow.transport) {
            return None;
        }
        match lead.port {
            Some(port) => {
                let fits = port == flow.server.port && since(lead) < PORT_SECS;
                let one = |of: &[&str]| flow.sessions.iter().position(|s| of.contains(&s.protocol));
                let index =
                    one(&["nfs", "mount", "nlm", "nsm", "dcerpc"]).or_else(|| one(&["rpc"]));
                fits.then_some((index.unwrap_or(0), lead))
            }
            None => {
                let index = nbss?;
                let same = called
                    .as_deref()
                    .is_some_and(|c| stem(c) == stem(&lead.name));
                let follows = since(lead) < AT_ONCE;
                (follows || (same && since(lead) < NAME_SECS)).then_some((index, lead))
            }
        }
    })
}

/// A NetBIOS name without its type and scope: services of one computer differ in it alone.
fn stem(name: &str) -> &str {
    name.split('<').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::{START, Script};
    use crate::diagnosis::rules::bench::dcerpc::{bound_to_mapper, map, mapped};
    use crate::diagnosis::rules::bench::outcome;
    use crate::diagnosis::rules::bench_rpc::{call, reply};
    use crate::diagnosis::smb::testing::{GRANTED, session_request};

    /// What is told of the conversation with that port of the server.
    fn found_by(scripts: Vec<Script>, port: u16) -> Option<String> {
        let outcome = outcome(Script::merge(scripts));
        let rows = outcome
            .sessions()
            .filter(|r| r.judged.flow.server.port == port);
        let mut told = rows.filter_map(|r| r.session.detail("found_by").map(ToString::to_string));
        told.next()
    }

    fn later(client: &str, server: &str, seconds: f64) -> Script {
        Script::tcp(client, server).at(START.plus_nanos((seconds * 1e9) as i64))
    }

    #[test]
    fn an_endpoint_mappers_answer_leads_to_the_connection() {
        let asked = bound_to_mapper()
            .client(&map(2))
            .server(&mapped(2, 49200, [10, 0, 0, 2]));
        let then = |seconds| {
            later("10.0.0.1:40001", "10.0.0.2:49200", seconds)
                .connect()
                .close()
        };
        let told = found_by(vec![asked.clone().close(), then(1.0)], 49200).unwrap();
        assert!(
            told.starts_with("srvsvc: endpoint mapper of 10.0.0.2 (frame "),
            "{told}"
        );
        assert_eq!(found_by(vec![asked.close(), then(90.0)], 49200), None);
    }

    #[test]
    fn a_port_mappers_answer_leads_to_the_program() {
        // GETPORT of NFS version 3 over TCP (6).
        let args: Vec<u8> = [100_003_u32, 3, 6, 0]
            .iter()
            .flat_map(|w| w.to_be_bytes())
            .collect();
        let asked = Script::udp("10.0.0.1:700", "10.0.0.2:111")
            .client(&call(1, [100_000, 2, 3], &args))
            .server(&reply(1, 0, &[2049]));
        let other = later("10.0.0.9:40001", "10.0.0.2:2049", 1.0)
            .connect()
            .close();
        assert_eq!(found_by(vec![asked.clone(), other], 2049), None);
        let then = later("10.0.0.1:40001", "10.0.0.2:2049", 1.0)
            .connect()
            .close();
        let told = found_by(vec![asked, then], 2049).unwrap();
        assert!(told.contains("portmap of 10.0.0.2"), "{told}");
    }

    fn encoded(name: &[u8; 16]) -> Vec<u8> {
        let letters = name.iter().flat_map(|b| [b'A' + (b >> 4), b'A' + (b & 15)]);
        std::iter::once(32).chain(letters).chain([0]).collect()
    }

    #[test]
    fn a_names_address_leads_to_the_session_that_calls_it() {
        let name = encoded(b"FILESRV         ");
        let query = [
            &[0, 1, 1, 16, 0, 1, 0, 0, 0, 0, 0, 0],
            &name[..],
            &[0, 32, 0, 1],
        ]
        .concat();
        let data = [0, 32, 0, 1, 0, 0, 1, 44, 0, 6, 0, 0, 10, 0, 0, 2];
        let answer = [
            &[0, 1, 0x85, 0x80, 0, 0, 0, 1, 0, 0, 0, 0],
            &name[..],
            &data,
        ]
        .concat();
        let asked = Script::udp("10.0.0.1:137", "10.0.0.2:137")
            .client(&query)
            .server(&answer);
        let session = |called: &str, seconds| {
            later("10.0.0.1:40001", "10.0.0.2:139", seconds)
                .connect()
                .client(&session_request(called))
                .server(&GRANTED)
                .close()
        };
        let told = found_by(vec![asked.clone(), session("FILESRV", 90.0)], 139).unwrap();
        assert!(
            told.starts_with("FILESRV<20>: name service of 10.0.0.2"),
            "{told}"
        );
        assert_eq!(found_by(vec![asked, session("OTHER", 90.0)], 139), None);
    }
}
