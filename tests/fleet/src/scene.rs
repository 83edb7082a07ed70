//! One key, many processes, one event: who got how much, how many 429s, and how long it took until all was well again.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use digicert_one_emulator::{Emulator, EmulatorOptions, RateLimit};
use tokio::runtime::Runtime;

use crate::delay::delayed;
use crate::note::now;
use crate::server::Server;
use crate::size::Size;
use crate::worker::{KEY, ORDER, Order};

/// What the platform permits: this many calls in a rolling window of this many seconds.
const CALLS: u32 = 500;
const PERIOD: u64 = 10;

/// What happens in the middle of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Without,
    Nothing,
    Kill,
    Pause,
    RestartWithData,
    RestartWithout,
    Delay,
    Skew,
}

impl Event {
    const ALL: [Self; 8] = [
        Self::Without,
        Self::Nothing,
        Self::Kill,
        Self::Pause,
        Self::RestartWithData,
        Self::RestartWithout,
        Self::Delay,
        Self::Skew,
    ];

    /// The part of the proof that this is.
    fn part(self) -> &'static str {
        match self {
            Self::Without => "without",
            Self::Nothing => "shared",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::RestartWithData => "restart",
            Self::RestartWithout => "restart-empty",
            Self::Delay => "delay",
            Self::Skew => "skew",
        }
    }

    fn name(self, size: &Size) -> String {
        match self {
            Self::Without => "without the shared limiter".to_owned(),
            Self::Nothing => "with the shared limiter".to_owned(),
            Self::Kill => "a third of the processes killed (SIGKILL)".to_owned(),
            Self::Pause => format!("Redis paused (SIGSTOP) for {} s", self.pause(size)),
            Self::RestartWithData => "Redis restarted with its data".to_owned(),
            Self::RestartWithout => "Redis restarted without its data".to_owned(),
            Self::Delay => {
                let wait = self.wait(size).as_millis();
                format!("20 ms of delay to Redis in each direction, and a bound of {wait} ms")
            }
            Self::Skew => "clocks of the machines wrong by an hour".to_owned(),
        }
    }

    /// How long it lasts: the whole time for the throughput, less for an event.
    fn seconds(self, size: &Size) -> u64 {
        let long = match self {
            Self::Nothing => size.seconds,
            Self::Without => size.seconds / 2,
            _ => size.seconds / 3,
        };
        long.max(size.seconds.min(12))
    }

    /// How long a call waits for Redis: longer where Redis is far away, as the guide says.
    fn wait(self, size: &Size) -> Duration {
        if self == Self::Delay { size.wait.max(Duration::from_millis(100)) } else { size.wait }
    }

    fn pause(self, size: &Size) -> u64 {
        5.min(self.seconds(size) / 3)
    }

    fn happens(self) -> bool {
        matches!(self, Self::Kill | Self::Pause | Self::RestartWithData | Self::RestartWithout)
    }
}

struct SceneResults {
    /// Successful calls of each process.
    calls: Vec<Vec<u64>>,
    throttled: usize,
    lost: Vec<String>,
}

pub(crate) fn table(runtime: &Runtime, size: &Size) -> Option<(String, Vec<String>)> {
    let events: Vec<Event> = Event::ALL.into_iter().filter(|event| size.has(event.part())).collect();
    if events.is_empty() {
        return None;
    }
    let mut text = format!(
        "{} processes with {} clients each call without a pause; the emulator permits {CALLS} calls in any {PERIOD} s.\n\n\
         | | Seconds | Calls | 429 | 429 of all | Of what is permitted | Spread of processes | Lost calls | Back after |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        size.processes, size.clients
    );
    let mut faults = Vec::new();
    for event in events {
        let (row, wrong) = runtime.block_on(play(event, size));
        eprintln!("{row}");
        text.push_str(&row);
        text.push('\n');
        faults.extend(wrong.into_iter().map(|fault| format!("{}: {fault}", event.name(size))));
    }
    Some((text, faults))
}

async fn play(event: Event, size: &Size) -> (String, Vec<String>) {
    let limit = RateLimit::new(CALLS as usize, Duration::from_secs(PERIOD));
    let emulator = Emulator::start_with(EmulatorOptions::default().rate_limit(limit)).await.expect("an emulator");
    let stored: &[&str] = if event == Event::RestartWithData { &["--appendonly", "yes"] } else { &[] };
    let mut server = Server::start(stored).expect("redis-server");
    let port = match event {
        Event::Delay => delayed(server.port(), Duration::from_millis(20)).await,
        _ => server.port(),
    };
    let directory = tempfile::tempdir().expect("a directory");
    let ca = directory.path().join("ca.der");
    fs::write(&ca, emulator.ca_der()).expect("written");
    // Until all processes have started.
    let begin = now() + 2000 + u64::from(size.processes) * 100;
    let end = begin + event.seconds(size) * 1000;
    let mut children: Vec<Child> = (0..size.processes)
        .map(|index| {
            let order = Order {
                platform: emulator.platform_url(),
                client_auth: emulator.client_auth_url(),
                ca: ca.display().to_string(),
                redis: if event == Event::Without { "-".to_owned() } else { format!("redis://127.0.0.1:{port}") },
                calls: CALLS,
                period: PERIOD,
                clients: size.clients,
                begin,
                end,
                skew: if event == Event::Skew { [-3600, 0, 3600][index as usize % 3] } else { 0 },
                processes: size.processes,
                wait: event.wait(size).as_millis() as u64,
            };
            let file = File::create(directory.path().join(index.to_string())).expect("a file");
            let errors = File::create(directory.path().join(format!("{index}.err"))).expect("a file");
            Command::new(std::env::current_exe().expect("this program"))
                .arg("worker")
                .env(ORDER, order.written())
                .env(KEY, emulator.users()[0].api_key())
                .stdin(Stdio::null())
                .stdout(file)
                .stderr(errors)
                .spawn()
                .expect("a process")
        })
        .collect();
    let middle = begin + event.seconds(size) * 1000 / 3;
    tokio::time::sleep(Duration::from_millis(middle.saturating_sub(now()))).await;
    let mut over = middle;
    match event {
        Event::Kill => {
            for child in children.iter_mut().step_by(3) {
                child.kill().expect("killed");
            }
        }
        Event::Pause => {
            server.signal("STOP");
            tokio::time::sleep(Duration::from_secs(event.pause(size))).await;
            server.signal("CONT");
        }
        Event::RestartWithData | Event::RestartWithout => server.restart(),
        _ => {}
    }
    if event != Event::Kill {
        over = now();
    }
    tokio::time::sleep(Duration::from_millis(end.saturating_sub(now()) + 500)).await;
    for child in &mut children {
        let _ = child.kill();
        let _ = child.wait();
    }
    let seen = read(directory.path(), size.processes);
    row(event, size, &seen, begin, over, end)
}

fn read(directory: &std::path::Path, processes: u32) -> SceneResults {
    let mut seen = SceneResults { calls: Vec::new(), throttled: 0, lost: Vec::new() };
    for index in 0..processes {
        let text = fs::read_to_string(directory.join(index.to_string())).expect("a file");
        let mut calls = Vec::new();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("o", time)) => calls.extend(time.parse::<u64>()),
                Some(("t", _)) => seen.throttled += 1,
                Some((code, _)) => seen.lost.push(code.to_owned()),
                None => {}
            }
        }
        let errors = fs::read_to_string(directory.join(format!("{index}.err"))).unwrap_or_default();
        seen.lost.extend(errors.lines().filter(|line| line.contains("panicked")).map(str::to_owned));
        seen.calls.push(calls);
    }
    seen
}

fn row(event: Event, size: &Size, seen: &SceneResults, begin: u64, over: u64, end: u64) -> (String, Vec<String>) {
    let total: usize = seen.calls.iter().map(Vec::len).sum();
    // The first window may be used at once and not only evenly; it is left out of the rate.
    let from = begin + (PERIOD * 1000).min(event.seconds(size) * 1000 / 3);
    let steady = seen.calls.iter().flatten().filter(|time| (from..end).contains(*time)).count();
    let permitted = f64::from(CALLS) / PERIOD as f64 * (end - from) as f64 / 1000.0;
    let used = steady as f64 / permitted;
    let share = seen.throttled as f64 / (total + seen.throttled).max(1) as f64;
    let alive: Vec<f64> = seen
        .calls
        .iter()
        .enumerate()
        .filter(|(index, _)| event != Event::Kill || index % 3 != 0)
        .map(|(_, calls)| calls.len() as f64)
        .collect();
    let mean = alive.iter().sum::<f64>() / alive.len() as f64;
    let spread = alive.iter().map(|calls| (calls - mean).abs()).fold(0.0, f64::max) / mean.max(1.0);
    let back = recovery(seen, over, end);
    let shown = match back {
        _ if !event.happens() => "–".to_owned(),
        Some(back) => format!("{:.1} s", back as f64 / 1000.0),
        None => "never".to_owned(),
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "| {} | {} | {total} | {} | {:.2} % | {:.1} % | ±{:.1} % | {} | {shown} |",
        event.name(size),
        event.seconds(size),
        seen.throttled,
        share * 100.0,
        used * 100.0,
        spread * 100.0,
        seen.lost.len(),
    );
    let mut faults = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            faults.push(what);
        }
    };
    let [throttled, least, widest] = if size.is_whole() { [0.001, 0.95, 0.15] } else { [0.02, 0.8, 0.35] };
    // While something fails, some calls may get 429, but not a storm of them.
    let throttled = if event == Event::Nothing { throttled } else { 10.0 * throttled };
    if event != Event::Without {
        must(share <= throttled, format!("{} of {total} calls got 429", seen.throttled));
        must(seen.lost.is_empty(), format!("lost: {:?}", &seen.lost[..seen.lost.len().min(5)]));
        must(!event.happens() || back.is_some_and(|back| back <= 2000), format!("back after {back:?} ms"));
    }
    if event == Event::Nothing {
        must(used >= least, format!("{:.1} % of what is permitted", used * 100.0));
        must(spread <= widest, format!("spread {:.1} %", spread * 100.0));
    }
    (text, faults)
}

/// How long after this moment calls succeed again at three quarters of the permitted rate, over a second.
fn recovery(seen: &SceneResults, over: u64, end: u64) -> Option<u64> {
    let mut times: Vec<u64> = seen.calls.iter().flatten().copied().filter(|time| *time >= over).collect();
    times.sort_unstable();
    let wanted = CALLS as usize / PERIOD as usize * 3 / 4;
    (over..end.saturating_sub(1000))
        .step_by(100)
        .find(|from| times.iter().filter(|time| (*from..from + 1000).contains(*time)).count() >= wanted)
        .map(|from| from - over)
}
