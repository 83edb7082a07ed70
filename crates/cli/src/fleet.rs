//! `d1 fleet status`: what Redis knows about the processes that share a rate limit. Reads only.

use std::sync::Arc;
use std::time::Duration;

use digicert_one::SystemClock;
use digicert_one::core::Clock;
use digicert_one::redis::{FleetStatus, RedisLock};
use serde_json::{Value, json};

use crate::arguments::FleetStatusOptions;
use crate::connection;
use crate::failure::Failure;
use crate::limiter::SharedLimiter;
use crate::output::Output;
use crate::table::Table;

/// The holder of a lock, and how long it has the lock at most.
type Holder = Option<(String, Duration)>;

/// Prints the processes, the state of the limit, and the holder of a lock.
pub(crate) async fn status(options: &FleetStatusOptions, output: Output) -> Result<(), Failure> {
    let found = connection::found(&options.connection, true).await?;
    let Some(shared) = SharedLimiter::find(&options.connection.limiter, &found.setup).await? else {
        return Err(Failure::Usage(
            "missing --limiter URL: neither an option nor the profile names the Redis of a fleet".to_owned(),
        ));
    };
    let (address, caller) = (shared.config.address().to_string(), found.reading.material.caller());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let status = FleetStatus::read(shared.config.clone(), caller, &clock).await.map_err(Failure::Limiter)?;
    let holder: Option<Holder> = match &options.lock_name {
        Some(name) => {
            let holder = RedisLock::new(shared.config, name).holder(&clock).await.map_err(Failure::Limiter)?;
            Some(holder.map(|(owner, left)| (owner.to_string(), left)))
        }
        None => None,
    };

    let mut page = output.page();
    let processes = match status.processes.len() {
        0 => "no process uses".to_owned(),
        1 => "1 process uses".to_owned(),
        count => format!("{count} processes share"),
    };
    page.add(&format!("{processes} the rate limit of {caller} at {address}\n"));
    if let Some(rate) = status.learnt_rate {
        page.add(&format!("rate learnt from 429 responses: {rate:.1} requests a second\n"));
    }
    if let Some(held) = status.held_for {
        page.add(&format!("paused for {} s after a 429 response\n", seconds(held)));
    }
    if let (Some(name), Some(holder)) = (&options.lock_name, &holder) {
        page.add(&match holder {
            Some((owner, left)) => format!("lock {name}: held by {owner}, for {} s at most\n", seconds(*left)),
            None => format!("lock {name}: free\n"),
        });
    }
    if !status.processes.is_empty() {
        let mut table = Table::new(["PROCESS", "SEEN", "PERMITS", "WAIT", "QUEUED", "IN FLIGHT"]);
        for process in &status.processes {
            table.row([
                Some(process.name.clone()),
                Some(format!("{} s ago", seconds(process.seen))),
                Some(process.permits.to_string()),
                Some(format!("{} s", seconds(process.wait))),
                Some(process.queued.to_string()),
                Some(process.in_flight.to_string()),
            ]);
        }
        page.add("\n");
        table.print(&mut page);
    }
    output.print(page)?;

    let processes: Vec<Value> = status
        .processes
        .iter()
        .map(|process| {
            json!({
                "name": process.name,
                "seen_seconds": process.seen.as_secs_f64(),
                "permits": process.permits,
                "wait_seconds": process.wait.as_secs_f64(),
                "queued": process.queued,
                "in_flight": process.in_flight,
            })
        })
        .collect();
    let lock = holder.map(|holder| {
        let (owner, left) = holder.unzip();
        json!({ "name": options.lock_name, "holder": owner, "expires_in_seconds": left.map(|left| left.as_secs_f64()) })
    });
    output.document(&json!({
        "limiter": address,
        "caller": caller.to_string(),
        "processes": processes,
        "learnt_rate": status.learnt_rate,
        "held_seconds": status.held_for.map(|held| held.as_secs_f64()),
        "lock": lock,
    }))
}

fn seconds(span: Duration) -> String {
    format!("{:.1}", span.as_secs_f64())
}
