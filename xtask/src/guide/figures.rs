//! The report of the benchmark, as far as the guide shows it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// `cargo xtask bench -- --report FILE`.
#[derive(Deserialize)]
pub(super) struct Report {
    pub machine: String,
    pub rounds: u32,
    pub millis: u64,
    pub rows: Vec<Program>,
    pub starts: Vec<Start>,
    pub commands: Vec<Command>,
    pub transports: Vec<Transport>,
    /// The crates that a client over each transport links, which `cargo xtask bench` adds.
    #[serde(default)]
    pub crates: BTreeMap<String, usize>,
}

/// One program at one kind of work.
#[derive(Deserialize)]
pub(super) struct Program {
    pub program: String,
    pub work: String,
    /// `full` or `resumed`, of a connection that is new for each call.
    pub handshake: Option<String>,
    pub calls_per_second: Spread,
    pub cpu_micros: Spread,
    pub p50_micros: Spread,
    pub p99_micros: Spread,
    pub rate_to_first: Spread,
    pub cpu_to_first: Spread,
}

#[derive(Deserialize)]
pub(super) struct Start {
    pub program: String,
    pub first_call_millis: Spread,
    pub first_call_kib: u64,
    pub new_client_millis: Option<Spread>,
    pub client_kib: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct Command {
    pub name: String,
    pub credential: String,
    pub millis: Spread,
    pub peak_kib: u64,
    pub millis_to_curl: Spread,
}

/// `cargo xtask builds`.
#[derive(Deserialize)]
pub(super) struct Build {
    pub cpu_seconds: f64,
    pub binary_kib: u64,
}

#[derive(Deserialize)]
pub(super) struct Transport {
    pub name: String,
    pub http: String,
    pub tls: String,
    pub capabilities: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Spread {
    pub median: f64,
    p25: f64,
    p75: f64,
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.median, self.p25, self.p75)
    }
}

impl Report {
    /// The kinds of work over connections that are kept, in their order.
    pub(super) fn work(&self) -> Vec<&str> {
        self.names(|row| row.handshake.is_none().then_some(&row.work))
    }

    /// The kinds of work over new connections, in their order.
    pub(super) fn handshakes(&self) -> Vec<&str> {
        self.names(|row| row.handshake.is_some().then_some(&row.work))
    }

    /// The programs, in their order.
    pub(super) fn programs(&self) -> Vec<&str> {
        self.names(|row| Some(&row.program))
    }

    fn names(&self, name: impl Fn(&Program) -> Option<&String>) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for one in self.rows.iter().filter_map(name) {
            if !names.contains(&one.as_str()) {
                names.push(one);
            }
        }
        names
    }
}
