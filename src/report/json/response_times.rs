//! Response times by operation and server.

use colloquy_dissectors::units::Side;
use serde::Serialize;

use crate::analysis::{Key, Sum};

/// A row: an operation of a server. Durations are seconds.
#[derive(Serialize)]
pub(super) struct RowJson {
    protocol: &'static str,
    /// What the operation belongs to: `nfs3`, `srvsvc`; empty where a protocol has only one set.
    group: &'static str,
    operation: String,
    number: u32,
    server: Option<ServerJson>,
    answered_by: &'static str,
    waits: Option<&'static str>,
    calls: u64,
    answered: u64,
    failed: u64,
    unanswered: u64,
    pending: u64,
    times: Option<TimesJson>,
}

#[derive(Serialize)]
struct ServerJson {
    address: std::net::IpAddr,
    port: u16,
}

#[derive(Serialize)]
struct TimesJson {
    min: f64,
    mean: f64,
    median: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

impl RowJson {
    pub(super) fn of((key, sum): (&Key, &Sum)) -> Self {
        Self {
            protocol: key.protocol,
            group: key.op.group,
            operation: operation(key, sum),
            number: key.op.code,
            server: key.server.map(|end| ServerJson {
                address: end.address,
                port: end.port,
            }),
            answered_by: match key.answerer {
                Side::Client => "client",
                Side::Server => "server",
            },
            waits: key.waits,
            calls: sum.calls(),
            answered: sum.answered,
            failed: sum.failed,
            unanswered: sum.unanswered,
            pending: sum.pending,
            times: times(sum),
        }
    }
}

/// The operation's name without its group; a number where it has none.
fn operation(key: &Key, sum: &Sum) -> String {
    match (&sum.name, key.op.name) {
        (Some(name), _) => name.to_string(),
        (None, "") if key.server.is_none() => "operations without a name".to_owned(),
        (None, "") => format!("operation {}", key.op.code),
        (None, name) => name.to_owned(),
    }
}

fn times(sum: &Sum) -> Option<TimesJson> {
    let [median, p95, p99] = sum.times.quantiles([0.5, 0.95, 0.99])?;
    Some(TimesJson {
        min: sum.times.min(),
        mean: sum.mean()?,
        median,
        p95,
        p99,
        max: sum.times.max(),
    })
}
