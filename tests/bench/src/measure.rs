//! The rounds: both sides for the same time, one after the other, with the order swapped every round.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::scenario::Scenario;
use crate::server::Server;
use crate::side::{self, Side};
use digicert_one::core::BoxError;

/// The result of one side's turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// Calls per second.
    pub rate: f64,
    /// CPU time of this process for one call, in microseconds.
    pub cpu: f64,
}

/// The turns of one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub raw: Turn,
    pub client: Turn,
}

/// Warms both sides up and measures `count` rounds.
pub(crate) async fn rounds(
    scenario: Scenario,
    server: &Server,
    count: u32,
    length: Duration,
    noise: bool,
) -> Result<Vec<Round>, BoxError> {
    let [raw, client] = side::sides(scenario, server, noise).await?;
    for side in [&raw, &client] {
        turn(side, scenario.in_flight, length).await?;
    }
    let mut rounds = Vec::new();
    for number in 0..count {
        rounds.push(if number % 2 == 0 {
            let raw = turn(&raw, scenario.in_flight, length).await?;
            Round { raw, client: turn(&client, scenario.in_flight, length).await? }
        } else {
            let client = turn(&client, scenario.in_flight, length).await?;
            Round { raw: turn(&raw, scenario.in_flight, length).await?, client }
        });
    }
    Ok(rounds)
}

async fn turn(side: &Side, in_flight: usize, length: Duration) -> Result<Turn, BoxError> {
    let (cpu, start) = (cpu_time(), Instant::now());
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let side = side.clone();
            tokio::spawn(async move {
                let mut calls = 0_u32;
                while start.elapsed() < length {
                    side.call().await?;
                    calls += 1;
                }
                Ok::<u32, BoxError>(calls)
            })
        })
        .collect();
    let mut calls = 0.0;
    for task in tasks {
        calls += f64::from(task.await??);
    }
    // Up to the end of the last call, so that none is counted in part.
    let (elapsed, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu));
    Ok(Turn { rate: calls / elapsed.as_secs_f64(), cpu: cpu.as_secs_f64() * 1e6 / calls })
}

/// CPU time of all threads of this process so far.
pub(crate) fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}
