//! An emulator, and proxies in front of it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use digicert_one_emulator::{ApiKeySpec, Emulator, EmulatorOptions, ServiceUserSpec};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::wire::Address;
use crate::stage::command;

/// Keys in the form of the platform's.
pub(crate) const KEYS: [&str; 2] = [
    "01ab01ab01ab01ab01ab01ab9f_c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3c7e3",
    "02cd02cd02cd02cd02cd02cd8e_d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4d8f4",
];
/// Whatever is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// An emulator with a service user that has two keys, and a directory with what proxies need.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) directory: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let keys = KEYS.map(|key| ApiKeySpec::default().value(key));
        let user = ServiceUserSpec::new("ci-bot").api_keys(keys);
        let emulator =
            Emulator::start_blocking(EmulatorOptions::default().service_users([user])).expect("loopback can be bound");
        let stage = Self { emulator, directory: tempfile::tempdir().expect("a directory") };
        std::fs::write(stage.file("ca.pem"), stage.emulator.ca_pem()).expect("written");
        stage.replace_key(KEYS[0]);
        stage
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Replaces the file with the key, as a rotation does.
    pub(crate) fn replace_key(&self, key: &str) {
        std::fs::write(self.file("api-key.new"), key).expect("written");
        std::fs::rename(self.file("api-key.new"), self.file("api-key")).expect("renamed");
    }

    /// `d1 --json proxy` with these arguments, host and key.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_for(&self.emulator.platform_url(), arguments)
    }

    pub(crate) fn command_for(&self, base: &str, arguments: &[&str]) -> Command {
        let mut command = command(&[&["--json", "proxy"], arguments].concat(), &[("DC_BASE", base)]);
        command.env("DC_CA_FILE", self.file("ca.pem"));
        command.env("DC_API_KEY_FILE", self.file("api-key"));
        command.env_remove("NOTIFY_SOCKET").env_remove("LISTEN_FDS");
        command
    }

    /// A proxy on a Unix socket.
    pub(crate) fn proxy(&self, arguments: &[&str]) -> Proxy {
        let socket = self.file("proxy.sock").display().to_string();
        Proxy::start(self.command(&[&["--socket", &socket], arguments].concat()))
    }
}

/// A running proxy.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) address: Address,
    events: Receiver<Value>,
    printed: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy, and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("d1 runs");
        let (sender, events) = channel();
        let printed = Arc::new(Mutex::new(String::new()));
        let (out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let of_out = Arc::clone(&printed);
        let out = std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let line = line.expect("text");
                of_out.lock().expect("unpoisoned").push_str(&(line.clone() + "\n"));
                if let Ok(event) = serde_json::from_str(&line) {
                    let _ = sender.send(event);
                }
            }
        });
        let of_err = Arc::clone(&printed);
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            of_err.lock().expect("unpoisoned").push_str(&text);
        });
        let address = Address::Unix(PathBuf::new());
        let mut proxy = Self { child, address, events, printed, readers: vec![out, err] };
        let listening = proxy.event("listening");
        let address = listening["addresses"][0].as_str().expect("an address").to_owned();
        proxy.address = match (address.strip_prefix("unix:"), address.strip_prefix("http://")) {
            (Some(path), _) => Address::Unix(path.into()),
            (None, address) => Address::Tcp(address.expect("a URL").parse().expect("an address")),
        };
        proxy
    }

    /// The next event of this name; those before it are skipped.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        let end = Instant::now() + LIMIT;
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(event) if event["event"] == name => return event,
                Ok(_) => {}
                Err(error) => {
                    let ended = self.child.try_wait();
                    // The rest of its output, where it has ended.
                    std::thread::sleep(Duration::from_millis(100));
                    panic!("no event {name} ({error}), {ended:?}: {}", self.printed.lock().expect("unpoisoned"))
                }
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Stops it, and returns everything that it printed, in which no secret may be.
    pub(crate) fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        let status = self.wait();
        let printed = self.output();
        assert!(status.success(), "{status}: {printed}");
        printed
    }

    /// What it has printed, after its end.
    pub(crate) fn output(&mut self) -> String {
        self.readers.drain(..).for_each(|reader| reader.join().expect("no panic"));
        let printed = self.printed.lock().expect("unpoisoned").clone();
        check_secrets(&printed);
        printed
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> i64 {
        let response = self.address.get("/_d1/metrics", &[]);
        let text = String::from_utf8(response.body).expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}: {text}")).parse().expect("a number")
    }

    /// Waits until a metric has this value: a request ends a little after its caller has the response.
    pub(crate) fn await_metric(&self, name: &str, value: i64) {
        let end = Instant::now() + LIMIT;
        while self.metric(name) != value {
            assert!(Instant::now() < end, "{name} is {} and not {value}", self.metric(name));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No piece of a key is in a text.
pub(crate) fn check_secrets(text: &str) {
    for key in KEYS {
        let mut pieces = (0..key.len() - 12).map(|at| &key[at..at + 12]);
        assert_eq!(pieces.find(|piece| text.contains(piece)), None, "{text}");
    }
}
