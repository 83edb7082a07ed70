//! Two machines rotate one API key at once. The first one that acquires the lock is killed or paused at some step, for longer than its lock
//! lives; both run again until nothing is left to do. Then there is one new token, and it is the one in the secret store.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use digicert_one::credentials::FileSource;
use digicert_one::provisioning::{
    EndDatePolicy, IssueError, ProgressEvent, Report, RotateToken, StoreOptions, TaskOutcome, Workflows,
};
use digicert_one::redis::{GenerationNotice, RedisConfig, RedisLock};
use digicert_one::{Client, Instance, TrustRoots};
use digicert_one_emulator::{ApiKeySpec, Emulator, EmulatorOptions, EndDate, ServiceUserSpec};
use tokio::runtime::Runtime;

use crate::Size;
use crate::server::Server;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a lock lives in this proof.
const TTL: Duration = Duration::from_secs(2);
/// Rotations that are under way at the same time, each of its own key.
const AT_ONCE: usize = 8;
/// Beginnings and ends of the steps of one rotation.
const STEPS: usize = 30;

/// What happens to the first machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    None,
    Kill,
    Pause,
}

pub(crate) fn table(runtime: &Runtime, size: Size) -> (String, Vec<String>) {
    let Some(server) = Server::start(&[]) else { return (String::new(), vec!["no redis-server".to_owned()]) };
    let next = AtomicUsize::new(0);
    let seen = Mutex::new((Vec::new(), [0_u32; 3], 0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::SeqCst);
                    if round >= size.rotations as usize {
                        return;
                    }
                    let harm = [Harm::Kill, Harm::Pause, Harm::Kill, Harm::Pause, Harm::None][round % 5];
                    // Every step begins and ends, so that both are reached in turn.
                    let at = round / 5 % STEPS;
                    let wrong = runtime.block_on(rotate(&server, round, harm, at));
                    let mut seen = seen.lock().expect("not poisoned");
                    seen.1[harm as usize] += 1;
                    match wrong.is_empty() {
                        true => seen.2 += 1,
                        false => {
                            seen.0.push(format!("rotation {round} ({harm:?} at {at}): {}", wrong.join("; ")));
                        }
                    }
                }
            });
        }
    });
    let (faults, counts, good) = seen.into_inner().expect("not poisoned");
    let text = format!(
        "| Rotations by two machines at once | Undisturbed | Holder killed | Holder paused beyond its lock | One new token, in the store, none orphaned |\n\
         |---|---|---|---|---|\n| {} | {} | {} | {} | {good} |\n",
        size.rotations, counts[0], counts[1], counts[2]
    );
    (text, faults)
}

async fn rotate(server: &Server, round: usize, harm: Harm, at: usize) -> Vec<String> {
    let near = EndDate::day_of(SystemTime::now() + 10 * DAY);
    let bot = ServiceUserSpec::new("ci-bot").api_keys([ApiKeySpec::default().end_date(near)]);
    let emulator = Emulator::start_with(EmulatorOptions::default().service_users([bot])).await.expect("an emulator");
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("secret");
    write_private(&secret, emulator.users()[0].api_key());
    let steps = Arc::new(AtomicUsize::new(0));
    let machine = |name: &str, harm: Harm| {
        let config = || RedisConfig::new(server.url().parse().expect("an address"));
        let name_of_lock = format!("ci-bot {round}");
        let keeping = StoreOptions::file(&secret).last_resort_file(directory.path().join(format!("{name}.rescued")));
        let steps = Arc::clone(&steps);
        let progress = move |_: &ProgressEvent| {
            if harm == Harm::None || steps.fetch_add(1, Ordering::SeqCst) != at {
                return ControlFlow::Continue(());
            }
            if harm == Harm::Kill {
                return ControlFlow::Break(());
            }
            // As a process that the system does not schedule: everything of it stands still.
            std::thread::sleep(TTL * 2);
            ControlFlow::Continue(())
        };
        Workflows::new(client(&emulator, &secret), keeping, directory.path().join(format!("{name}.journal")))
            .shared_lock(RedisLock::new(config(), &name_of_lock))
            .lock_for(TTL)
            .patience(Duration::from_secs(60))
            .progress(progress)
            .switch(GenerationNotice::new(config(), &name_of_lock))
    };
    let mut reports = Vec::new();
    let (one, two) = (machine("one", harm), machine("two", Harm::None));
    let both = async { tokio::join!(run(one), run(two)) };
    let Ok((first, second)) = tokio::time::timeout(Duration::from_secs(120), both).await else {
        return vec!["it does not end".to_owned()];
    };
    reports.extend([first, second]);
    // As a timer does it: again until it is done.
    for _ in 0..4 {
        if reports.iter().rev().take(2).all(Result::is_ok) {
            break;
        }
        reports.push(run(machine("one", Harm::None)).await);
        reports.push(run(machine("two", Harm::None)).await);
    }
    judge(&emulator, &secret, &reports)
}

/// A machine of its own: a thread, with a runtime that stands still when the thread does.
async fn run(workflows: Workflows) -> Result<Report, IssueError> {
    let machine = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let task = RotateToken::new().base("bot").ends(EndDatePolicy::AfterDays(90)).if_ends_within(30 * DAY);
        runtime.block_on(workflows.run(task.grace(Duration::ZERO)))
    });
    machine.await.expect("no panic")
}

fn judge(emulator: &Emulator, secret: &Path, reports: &[Result<Report, IssueError>]) -> Vec<String> {
    let mut faults = Vec::new();
    for report in reports.iter().rev().take(2) {
        if let Err(error) = report {
            faults.push(format!("the last run failed: {error}"));
        }
    }
    let state = emulator.control().state();
    let users = state["users"].as_array().cloned().unwrap_or_default();
    let bot = users.iter().find(|user| user["friendly_name"] == "ci-bot").cloned().unwrap_or_default();
    let tokens = bot["tokens"].as_array().cloned().unwrap_or_default();
    let enabled: Vec<_> = tokens.iter().filter(|token| token["enabled"] == true).collect();
    if enabled.len() != 1 {
        faults.push(format!("{} tokens are enabled", enabled.len()));
    }
    let made = reports.iter().flatten().filter(|report| report.outcome == TaskOutcome::Made).count();
    if made != 1 {
        faults.push(format!("{made} rotations were reported"));
    }
    let stored = fs::read_to_string(secret).unwrap_or_default();
    if stored == emulator.users()[0].api_key() {
        faults.push("the store has the previous token".to_owned());
    }
    let known = enabled.first().and_then(|token| token["id"].as_str());
    let reported = reports.iter().flatten().find(|report| report.outcome == TaskOutcome::Made);
    let reported = reported.and_then(|report| report.id.as_deref());
    if reported != known || known.is_none() {
        faults.push(format!("{reported:?} was reported, and {known:?} is enabled"));
    }
    faults
}

fn client(emulator: &Emulator, secret: &Path) -> Client {
    let instance = Instance::pair(&emulator.platform_url(), &emulator.client_auth_url()).expect("two hosts");
    digicert_one::builder()
        .instance(instance)
        .trust(TrustRoots::Only(vec![emulator.ca_der().to_vec().into()]))
        .watch(FileSource::new().with_api_key_file(PathBuf::from(secret)))
        .build()
        .expect("complete")
        .client()
        .clone()
}

fn write_private(path: &Path, text: &str) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.expect("a new file").write_all(text.as_bytes()).expect("written");
}
