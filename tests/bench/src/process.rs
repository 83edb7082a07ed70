//! What has to be measured in a process of its own: the first call, a new client, memory, and whole commands.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use digicert_one::core::BoxError;
use digicert_one_testbed::{ClientSpec, Pki};
use serde::{Deserialize, Serialize};

use crate::figures::Spread;
use crate::identity::Identity;
use crate::program::{Layer, Program};
use crate::scenario::Http;
use crate::server::{Door, MEASURED, Server, raise_file_limit};
use crate::side::Setup;

/// First calls in new processes, and runs of a command.
const TIMES: usize = 15;
/// New clients in one process that has had one.
const NEW: usize = 20;

/// What it takes to start with a program.
#[derive(Serialize)]
pub(crate) struct Start {
    program: String,
    layer: Layer,
    /// From the start of a process, with the system's roots, to its end after one call.
    first_call_millis: Spread,
    /// The peak memory of that process.
    first_call_kib: u64,
    /// A further client with an identity and the system's roots, without a call.
    new_client_millis: Option<Spread>,
    /// One of many clients, each with an identity of its own and a connection after one call.
    client_kib: Option<f64>,
}

/// A whole command, against curl.
#[derive(Serialize)]
pub(crate) struct Command {
    name: String,
    credential: &'static str,
    millis: Spread,
    peak_kib: u64,
    /// In the same round.
    millis_to_curl: Spread,
}

/// What a process of its own prints.
#[derive(Default, Serialize, Deserialize)]
struct Printed {
    millis: Vec<f64>,
    kib: f64,
}

/// The figures of every program.
pub(crate) fn starts(server: &Server) -> Result<Vec<Start>, BoxError> {
    let folder = tempfile::tempdir()?;
    let bundle = bundle(folder.path(), server)?;
    let own = |arguments: &[&str]| -> Result<Printed, BoxError> {
        let mut process = Process::new(std::env::current_exe()?);
        process.args(arguments).arg(server.url(Door::Open)).env("SSL_CERT_FILE", &bundle).env_remove("SSL_CERT_DIR");
        let output = process.stderr(Stdio::inherit()).output()?;
        match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout)?),
            false => Err(format!("failed in a process of its own: {arguments:?}").into()),
        }
    };
    let mut starts = Vec::new();
    for program in Program::all() {
        let name = program.name();
        eprintln!("starts of {name} ...");
        let mut millis = Vec::new();
        let mut kib = 0.0;
        for _ in 0..TIMES {
            let begun = Instant::now();
            kib = f64::max(kib, own(&["first", &name])?.kib);
            millis.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let with_identity = program.takes_identity() && program.layer != Layer::Client;
        starts.push(Start {
            layer: program.layer,
            first_call_millis: Spread::of(millis.into_iter()),
            first_call_kib: kib as u64,
            new_client_millis: optional(with_identity, || own(&["new", &name]))
                .map(|printed| Spread::of(printed.millis.into_iter())),
            client_kib: optional(program.takes_identity(), || own(&["many", &name, &program.clients().to_string()]))
                .map(|printed| printed.kib),
            program: name,
        });
    }
    Ok(starts)
}

/// A figure that a machine may be too small for, such as one with a low limit of open files: shown as an error, and left out.
fn optional(measure: bool, figure: impl FnOnce() -> Result<Printed, BoxError>) -> Option<Printed> {
    measure.then(figure)?.inspect_err(|error| eprintln!("{error}")).ok()
}

/// The system's bundle with the root of the server, so that the first call reads as many roots as anywhere.
fn bundle(folder: &Path, server: &Server) -> Result<PathBuf, BoxError> {
    let system = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let system = system.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let path = folder.join("bundle.pem");
    fs::write(&path, system + "\n" + server.root_pem())?;
    Ok(path)
}

/// In a process of its own: one call.
pub(crate) fn first(name: &str, url: &str) -> Result<(), BoxError> {
    let setup = Setup { http: Http::Two, url: url.to_owned(), root_pem: None, identity: None };
    runtime()?.block_on(async { Program::find(name)?.start(&setup)?.call().await })?;
    print(&Printed { kib: memory("VmHWM:")? as f64, ..Printed::default() })
}

/// In a process of its own: new clients after a first one.
pub(crate) fn new(name: &str, url: &str) -> Result<(), BoxError> {
    let program = Program::find(name)?;
    let identities = identities(NEW + 1)?;
    let millis = runtime()?.block_on(async {
        let mut millis = Vec::new();
        for identity in identities {
            let setup = Setup { http: Http::Two, url: url.to_owned(), root_pem: None, identity: Some(identity) };
            let begun = Instant::now();
            let client = program.start(&setup)?;
            millis.push(begun.elapsed().as_secs_f64() * 1e3);
            drop(client);
        }
        Ok::<_, BoxError>(millis)
    })?;
    // Without the first, which read the roots.
    print(&Printed { millis: millis[1..].to_vec(), ..Printed::default() })
}

/// In a process of its own: the memory of many clients.
pub(crate) fn many(name: &str, count: usize, url: &str) -> Result<(), BoxError> {
    let program = Program::find(name)?;
    // Each has a connection, and isahc a thread with files of its own.
    raise_file_limit();
    let identities = identities(count + 1)?;
    let kib = runtime()?.block_on(async {
        let mut kept = Vec::new();
        let mut before = 0;
        for (number, identity) in identities.into_iter().enumerate() {
            let setup = Setup { http: Http::Two, url: url.to_owned(), root_pem: None, identity: Some(identity) };
            let side = program.start(&setup)?;
            side.call().await?;
            kept.push(side);
            if number == 0 {
                before = memory("VmRSS:")?;
            }
        }
        Ok::<_, BoxError>((memory("VmRSS:")? as f64 - before as f64) / count as f64)
    })?;
    print(&Printed { kib, ..Printed::default() })
}

fn runtime() -> Result<tokio::runtime::Runtime, BoxError> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn print(printed: &Printed) -> Result<(), BoxError> {
    println!("{}", serde_json::to_string(printed)?);
    Ok(())
}

fn identities(count: usize) -> Result<Vec<Identity>, BoxError> {
    let named = |number| ClientSpec { common_name: format!("client {number}"), ..ClientSpec::default() };
    (0..count).map(|number| Identity::of(&Pki::shared().client(named(number)))).collect()
}

/// A line of /proc/self/status, in KiB.
fn memory(line: &str) -> Result<u64, BoxError> {
    read_memory("self", line)
}

fn read_memory(process: &str, line: &str) -> Result<u64, BoxError> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let value = status.lines().find_map(|one| one.strip_prefix(line)).ok_or("the system does not show its memory")?;
    Ok(value.trim().trim_end_matches("kB").trim().parse()?)
}

/// `d1 call` and curl with the same credential. Empty if one of them is not there.
pub(crate) fn commands(server: &Server) -> Result<Vec<Command>, BoxError> {
    let target = std::env::current_exe()?;
    let d1 = target.ancestors().nth(2).ok_or("the benchmark is not in a target directory")?.join("dist/d1");
    let is_there = |program: &Path| {
        let mut process = Process::new(program);
        process.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|one| one.success())
    };
    if !is_there(&d1) || !is_there(Path::new("curl")) {
        eprintln!(
            "d1 beside curl: not measured, for one of them is not there (cargo build --profile dist -p digicert-one-cli)"
        );
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let file = |name: &str, text: &str| -> Result<PathBuf, BoxError> {
        let path = folder.path().join(name);
        let mut file = fs::File::create(&path)?;
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        Ok(path)
    };
    let identity = server.client();
    let pair = file("pair.pem", &format!("{}{}", identity.chain_pem, identity.key_pem))?;
    let ca = file("ca.pem", server.root_pem())?;
    let header = file("header", "x-api-key: 01bench-key-that-opens-nothing")?;
    let mut header_option = std::ffi::OsString::from("@");
    header_option.push(&header);
    let mut commands = Vec::new();
    for credential in ["key", "certificate"] {
        eprintln!("d1 call beside curl with {credential} ...");
        let url = if credential == "key" { server.url(Door::Open) } else { server.url(Door::Mutual) };
        let curl = || {
            let mut curl = Process::new("curl");
            curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(&ca);
            match credential {
                "key" => curl.arg("--header").arg(&header_option),
                _ => curl.arg("--cert").arg(&pair),
            };
            curl.arg(format!("{url}{MEASURED}"));
            curl
        };
        let call = || {
            let mut call = Process::new(&d1);
            call.args(["call", "GET", MEASURED])
                .env_clear()
                .env("DC_CA_FILE", &ca)
                .env("DC_BASE", server.url(Door::Open));
            match credential {
                "key" => call.env("DC_API_KEY", "01bench-key-that-opens-nothing"),
                _ => call.env("DC_CLIENTAUTH_BASE", &url).env("DC_CLIENT_CERT_FILE", &pair),
            };
            call
        };
        let mut figures = [(Vec::new(), 0), (Vec::new(), 0)];
        for round in 0..TIMES + 1 {
            for (figure, process) in figures.iter_mut().zip([curl(), call()]) {
                let (millis, peak) = run(process)?;
                // The first round warms the page cache.
                if round > 0 {
                    figure.0.push(millis);
                    figure.1 = figure.1.max(peak);
                }
            }
        }
        let first = figures[0].0.clone();
        for (name, (millis, peak_kib)) in ["curl", "d1 call"].into_iter().zip(figures) {
            commands.push(Command {
                name: name.to_owned(),
                credential,
                millis_to_curl: Spread::of(millis.iter().zip(&first).map(|(one, first)| one / first)),
                millis: Spread::of(millis.into_iter()),
                peak_kib,
            });
        }
    }
    Ok(commands)
}

/// Milliseconds, and the peak memory as it was seen last.
fn run(mut process: Process) -> Result<(f64, u64), BoxError> {
    let begun = Instant::now();
    let mut child: Child = process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let id = child.id().to_string();
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = read_memory(&id, "VmHWM:").unwrap_or(peak).max(peak);
        std::thread::sleep(Duration::from_micros(200));
    };
    let millis = begun.elapsed().as_secs_f64() * 1e3;
    match status.success() {
        true => Ok((millis, peak)),
        false => {
            let mut text = String::new();
            if let Some(mut errors) = child.stderr.take() {
                std::io::Read::read_to_string(&mut errors, &mut text)?;
            }
            Err(format!("{process:?} failed: {text}").into())
        }
    }
}
