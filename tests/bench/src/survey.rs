//! `--report FILE`: figures of every program in one run, as JSON, from which `cargo xtask guide` makes docs/tls-stacks.md.
//!
//! In each round every program does the same work for the same time, one after the other, each round beginning with another one. Ratios
//! are of one round, to hyper-util on rustls.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use digicert_one::core::BoxError;
use digicert_one::transport;
use serde::Serialize;

use crate::figures::Spread;
use crate::measure::cpu_time;
use crate::process::{self, Command, Start};
use crate::program::{Connection, Layer, Program, Work};
use crate::server::Server;
use crate::side::{self, Side};

/// The whole report.
#[derive(Serialize)]
pub(crate) struct Survey {
    machine: String,
    rounds: u32,
    millis: u64,
    rows: Vec<Row>,
    starts: Vec<Start>,
    commands: Vec<Command>,
    transports: Vec<Declared>,
}

/// One program at one kind of work.
#[derive(Serialize)]
struct Row {
    program: String,
    layer: Layer,
    work: String,
    /// `full` or `resumed`, of a connection that is new for each call.
    handshake: Option<String>,
    calls_per_second: Spread,
    cpu_micros: Spread,
    p50_micros: Spread,
    p99_micros: Spread,
    rate_to_first: Spread,
    cpu_to_first: Spread,
}

/// The description of a transport.
#[derive(Serialize)]
struct Declared {
    name: &'static str,
    http: String,
    tls: String,
    capabilities: Vec<&'static str>,
}

#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    cpu: f64,
    p50: f64,
    p99: f64,
}

/// Measures everything and writes the file.
pub(crate) fn write(path: &Path, rounds: u32, length: Duration) -> Result<(), BoxError> {
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for work in Work::all() {
        eprintln!("{} ...", work.name());
        rows.extend(runtime.block_on(measure(work, &server, rounds, length))?);
    }
    drop(runtime);
    let survey = Survey {
        machine: machine(),
        rounds,
        millis: length.as_millis().try_into()?,
        rows,
        starts: process::starts(&server)?,
        commands: process::commands(&server)?,
        transports: transport::all()
            .iter()
            .map(|one| Declared {
                name: one.info().name,
                http: one.info().http_library,
                tls: one.info().tls_engine,
                capabilities: one.capabilities().iter().map(|one| one.name()).collect(),
            })
            .collect(),
    };
    std::fs::write(path, serde_json::to_string_pretty(&survey)? + "\n")
        .map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("{} written", path.display());
    Ok(())
}

/// The kind of machine, and nothing that names it.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{} on {}, {cores} cores, load average before the run {load}", std::env::consts::OS, std::env::consts::ARCH)
}

async fn measure(work: Work, server: &Server, rounds: u32, length: Duration) -> Result<Vec<Row>, BoxError> {
    let certificate = work.connection.takes_certificate();
    let programs: Vec<Program> =
        Program::all().into_iter().filter(|one| !certificate || one.takes_identity()).collect();
    let setup = work.setup(server);
    let (mut sides, mut handshakes) = (Vec::new(), Vec::new());
    for program in &programs {
        let side = program.start(&setup)?;
        if let Some(first) = sides.first() {
            side::compare(&program.name(), first, &side).await?;
        }
        handshakes.push(match work.connection {
            Connection::Kept => None,
            Connection::New { .. } | Connection::Resumed { .. } => Some(side.handshake().await?),
        });
        turn(&side, work, length / 4).await?;
        sides.push(side);
    }
    let mut turns: Vec<Vec<Figures>> = vec![Vec::new(); programs.len()];
    for round in 0..rounds as usize {
        for index in 0..programs.len() {
            let index = (index + round) % programs.len();
            turns[index].push(turn(&sides[index], work, length).await?);
        }
    }
    let first = turns[0].clone();
    let row = |((program, turns), handshake): ((&Program, &Vec<Figures>), Option<String>)| {
        let spread = |figure: fn(&Figures) -> f64| Spread::of(turns.iter().map(figure));
        let ratio = |figure: fn(&Figures) -> f64| {
            Spread::of(turns.iter().zip(&first).map(|(one, first)| figure(one) / figure(first)))
        };
        Row {
            program: program.name(),
            layer: program.layer,
            work: work.name(),
            handshake,
            calls_per_second: spread(|turn| turn.rate),
            cpu_micros: spread(|turn| turn.cpu),
            p50_micros: spread(|turn| turn.p50),
            p99_micros: spread(|turn| turn.p99),
            rate_to_first: ratio(|turn| turn.rate),
            cpu_to_first: ratio(|turn| turn.cpu),
        }
    };
    Ok(programs.iter().zip(&turns).zip(handshakes).map(row).collect())
}

async fn turn(side: &Side, work: Work, length: Duration) -> Result<Figures, BoxError> {
    let body = (work.body > 0).then(|| Bytes::from(vec![b'x'; work.body]));
    let (cpu, start) = (cpu_time(), Instant::now());
    let tasks: Vec<_> = (0..work.in_flight)
        .map(|_| {
            let (side, body) = (side.clone(), body.clone());
            tokio::spawn(async move {
                let mut micros = Vec::new();
                // Once at least, however late a busy machine comes to it.
                loop {
                    let begun = Instant::now();
                    match &body {
                        Some(body) => side.upload(body).await?,
                        None if work.connection == Connection::Kept => side.call().await?,
                        None => side.call_on_a_connection_of_its_own().await?,
                    }
                    micros.push(begun.elapsed().as_secs_f64() * 1e6);
                    if start.elapsed() >= length {
                        return Ok::<_, BoxError>(micros);
                    }
                }
            })
        })
        .collect();
    let mut micros: Vec<f64> = Vec::new();
    for task in tasks {
        micros.append(&mut task.await??);
    }
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), cpu_time().saturating_sub(cpu).as_secs_f64());
    micros.sort_by(f64::total_cmp);
    let calls = micros.len() as f64;
    let share = |share: f64| micros[((calls - 1.0) * share).round() as usize];
    Ok(Figures { rate: calls / elapsed, cpu: cpu * 1e6 / calls, p50: share(0.5), p99: share(0.99) })
}
