//! Each example program, run against the emulator as its reader would run it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use std::time::Duration;

use digicert_one_emulator::{Emulator, EmulatorOptions, RateLimit};

#[path = "../../crates/redis/tests/redis/server.rs"]
mod server;

/// A command with the variables of this emulator and no others.
fn command(program: &str, emulator: &Emulator, folder: &tempfile::TempDir) -> Command {
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, emulator.ca_pem()).expect("written");
    let mut command = Command::new(program);
    command.env_clear();
    command.env("DC_BASE", emulator.platform_url()).env("DC_CLIENTAUTH_BASE", emulator.client_auth_url());
    command.env("DC_API_KEY", emulator.users()[0].api_key()).env("DC_CA_FILE", roots);
    command
}

/// What the program prints; it must succeed.
fn output(mut command: Command) -> String {
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

fn emulator() -> (Emulator, tempfile::TempDir) {
    (Emulator::start_blocking(Default::default()).expect("an emulator"), tempfile::tempdir().expect("a folder"))
}

#[test]
fn blocking_script_lists_service_users() {
    let (emulator, folder) = emulator();
    let text = output(command(env!("CARGO_BIN_EXE_blocking-script"), &emulator, &folder));
    assert!(text.contains("called as ci-bot (service") && text.lines().count() >= 2, "{text}");
}

#[test]
fn program_without_tokio_calls_over_isahc() {
    let (emulator, folder) = emulator();
    let text = output(command(env!("CARGO_BIN_EXE_without-tokio"), &emulator, &folder));
    assert!(text.contains("called as ci-bot (service"), "{text}");
}

#[test]
fn own_credential_takes_its_key_from_the_vault() {
    let (emulator, folder) = emulator();
    let mut command = command(env!("CARGO_BIN_EXE_own-credential"), &emulator, &folder);
    command.env("DC_API_KEY", emulator.foreign_api_key()).env("VAULT_API_KEY", emulator.users()[0].api_key());
    let text = output(command);
    assert!(text.contains("called as ci-bot (service"), "{text}");
}

#[test]
fn two_processes_of_a_fleet_share_one_limit() {
    let Some(redis) = server::Server::start(&[]) else { return };
    let limit = RateLimit::new(10, Duration::from_secs(2));
    let emulator = Emulator::start_blocking(EmulatorOptions::default().rate_limit(limit)).expect("an emulator");
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let mut command = command(env!("CARGO_BIN_EXE_shared-limit"), &emulator, &folder);
        command.env("REDIS_URL", redis.url()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
    };
    let texts = [start(), start()].map(|child| {
        let output = child.wait_with_output().expect("it ends");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    });
    assert!(texts.iter().all(|text| text.starts_with("10 calls") && !text.contains("retry")), "{texts:?}");
    // The one that started later has seen the other.
    assert!(texts.iter().any(|text| text.contains("2 processes")), "{texts:?}");
}

#[test]
fn tower_service_returns_statuses_through_its_layer() {
    let (emulator, folder) = emulator();
    let text = output(command(env!("CARGO_BIN_EXE_tower-service"), &emulator, &folder));
    assert!(
        text.contains("/me: 200 OK") && text.contains("no-such-thing: 404") && text.contains("2 requests"),
        "{text}"
    );
}

#[test]
fn axum_service_lists_users_and_knows_the_expiry() {
    let (emulator, folder) = emulator();
    let mut child = command(env!("CARGO_BIN_EXE_axum-service"), &emulator, &folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    let address = first.strip_prefix("listening on http://").expect("the address").to_owned();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("written");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a response");
        text
    };
    let (users, health) = (get("/users"), get("/healthz"));
    child.kill().expect("it ran");
    child.wait().expect("it ended");
    assert!(users.starts_with("HTTP/1.1 200") && users.contains("ci-bot"), "{users}");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("expires"), "{health}");
}
