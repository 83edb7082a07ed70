//! A Redis of this test alone: its own process, a free port of loopback, an empty directory.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
/// The configuration file of a server, in its directory.
const FILE: &str = "server.conf";

/// A server that ends with this value.
pub(crate) struct Server {
    child: Child,
    program: &'static str,
    options: Vec<String>,
    directory: Arc<tempfile::TempDir>,
    port: u16,
}

/// The program, or `None`, and then the test says that it was skipped.
pub(crate) fn program() -> Option<&'static str> {
    static FOUND: OnceLock<Option<&'static str>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let is_installed = |program: &&&str| {
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        };
        let found = PROGRAMS.iter().find(is_installed).copied();
        if found.is_none() {
            skipped("neither redis-server nor valkey-server is installed");
        }
        found
    })
}

/// Says in the output of `cargo test` why tests of this binary were skipped: the test harness does not capture this writer.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {why}");
}

impl Server {
    /// Starts one; `None` where none is installed.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        Self::start_with("", options)
    }

    /// Starts a Sentinel that watches the server at this port under the name `main`.
    pub(crate) fn start_sentinel(primary: u16) -> Option<Self> {
        let file = format!(
            "sentinel monitor main 127.0.0.1 {primary} 1\nsentinel down-after-milliseconds main 1000\n\
             sentinel failover-timeout main 5000\n"
        );
        Self::start_with(&file, &["--sentinel"])
    }

    fn start_with(file: &str, options: &[&str]) -> Option<Self> {
        let program = program()?;
        let directory = Arc::new(tempfile::tempdir().expect("a directory"));
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        for _ in 0..5 {
            let port = free_port();
            std::fs::write(directory.path().join(FILE), file).expect("written");
            let child = spawn(program, port, directory.path(), &options);
            let mut server = Self { child, program, options: options.clone(), directory: Arc::clone(&directory), port };
            if server.is_ready() {
                return Some(server);
            }
            // Another process was faster to take the port.
        }
        panic!("redis-server does not start")
    }

    /// The first number of the version.
    pub(crate) fn version() -> Option<u32> {
        let output = Command::new(program()?).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split("v=").nth(1)?.split('.').next()?.parse().ok()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it without a chance to store anything.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port, with what it had stored.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.program, self.port, self.directory.path(), &self.options);
        assert!(self.is_ready(), "redis-server does not start again");
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(done.expect("kill runs").success());
    }

    /// Sends one command in the inline form, and returns the beginning of the response.
    pub(crate) fn command(&self, line: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        stream.write_all(format!("{line}\r\n").as_bytes()).expect("sent");
        let mut buffer = vec![0; 64 << 10];
        let length = stream.read(&mut buffer).expect("a response");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// The names of all keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.command("KEYS *").lines().filter(|line| line.contains('{')).map(str::to_owned).collect()
    }

    fn is_ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if self.child.try_wait().expect("a state").is_some() {
                return false;
            }
            if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                let mut reply = [0; 5];
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                if stream.write_all(b"PING\r\n").is_ok()
                    && stream.read_exact(&mut reply).is_ok()
                    && (reply.starts_with(b"+PONG") || reply.starts_with(b"-NOAU"))
                {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of loopback that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn spawn(program: &str, port: u16, directory: &std::path::Path, options: &[String]) -> Child {
    let mut command = Command::new(program);
    command.arg(directory.join(FILE));
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]);
    command.arg("--dir").arg(directory).args(options);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server starts")
}
