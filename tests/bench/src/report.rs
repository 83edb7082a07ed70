//! The output: a readable table, and a JSON document for programs.

use std::fmt;

use serde::Serialize;

use crate::figures::Spread;
use crate::measure::{Round, Turn};
use crate::scenario::Scenario;

/// The figures of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    rounds: u32,
    millis: u64,
    /// Whether the raw libraries were compared with themselves.
    noise: bool,
    scenarios: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    transport: String,
    raw_library: &'static str,
    http: String,
    in_flight: usize,
    /// Client to raw.
    rate_ratio: Spread,
    /// Client to raw.
    cpu_ratio: Spread,
    client: Absolute,
    raw: Absolute,
}

/// Medians of one side.
#[derive(Serialize)]
struct Absolute {
    requests_per_second: f64,
    cpu_micros_per_call: f64,
}

impl Report {
    pub(crate) fn new(rounds: u32, millis: u64, noise: bool) -> Self {
        Self { rounds, millis, noise, scenarios: Vec::new() }
    }

    pub(crate) fn add(&mut self, scenario: Scenario, rounds: &[Round]) {
        let spread = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure));
        let absolute = |side: fn(&Round) -> Turn| Absolute {
            requests_per_second: Spread::of(rounds.iter().map(|round| side(round).rate)).median,
            cpu_micros_per_call: Spread::of(rounds.iter().map(|round| side(round).cpu)).median,
        };
        self.scenarios.push(Row {
            transport: scenario.library.to_string(),
            raw_library: scenario.library.raw(),
            http: scenario.http.to_string(),
            in_flight: scenario.in_flight,
            rate_ratio: spread(|round| round.client.rate / round.raw.rate),
            cpu_ratio: spread(|round| round.client.cpu / round.raw.cpu),
            client: absolute(|round| round.client),
            raw: absolute(|round| round.raw),
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} : raw library, medians of {} rounds of 2 x {} ms (25th-75th percentile)\n",
            if self.noise { "raw library" } else { "client" },
            self.rounds,
            self.millis
        )?;
        writeln!(
            f,
            "{:10} {:21} {:4} {:>9}   {:18} {:18} {:>17}   {:>15}",
            "transport",
            "raw library",
            "http",
            "in flight",
            "requests/s",
            "CPU per call",
            "requests/s",
            "us CPU per call"
        )?;
        for row in &self.scenarios {
            writeln!(
                f,
                "{:10} {:21} {:4} {:>9}   {:18} {:18} {:>8.0}:{:<8.0}   {:>7.1}:{:<7.1}",
                row.transport,
                row.raw_library,
                row.http,
                row.in_flight,
                row.rate_ratio.to_string(),
                row.cpu_ratio.to_string(),
                row.client.requests_per_second,
                row.raw.requests_per_second,
                row.client.cpu_micros_per_call,
                row.raw.cpu_micros_per_call,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_rounds_and_not_of_medians() {
        let turn = |rate, cpu| Turn { rate, cpu };
        let mut report = Report::new(3, 1, false);
        // The machine slows down by a factor from round to round; the ratio stays.
        let rounds = [1.0, 10.0, 100.0]
            .map(|slow| Round { raw: turn(200.0 / slow, slow), client: turn(100.0 / slow, 2.0 * slow) });
        report.add(Scenario::all()[0], &rounds);
        let row = &report.scenarios[0];
        assert_eq!((row.rate_ratio.median, row.rate_ratio.p25, row.rate_ratio.p75), (0.5, 0.5, 0.5));
        assert_eq!((row.cpu_ratio.median, row.cpu_ratio.p75), (2.0, 2.0));
        assert!(report.to_string().contains("0.50 (0.50-0.50)"));
    }
}
