//! Where the proxy listens, and where it refuses to.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::stage::{Proxy, Stage};
use super::wire::Address;
use crate::stage::{ME, is_installed};

#[test]
fn socket_is_private_and_a_second_proxy_leaves_it_alone() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let socket = stage.file("proxy.sock");
    let file = std::fs::symlink_metadata(&socket).expect("it exists");
    assert!(file.file_type().is_socket() && file.permissions().mode() & 0o777 == 0o600);
    let second = stage.command(&["--socket", &socket.display().to_string()]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&second.stdout).into_owned();
    assert_eq!(second.status.code(), Some(3), "{printed}");
    assert!(printed.contains("another process listens on it"), "{printed}");
    assert_eq!(proxy.address.get(ME, &[]).status, 200, "the first one still runs");
    proxy.stop();
    assert!(!socket.exists());
}

#[test]
fn socket_of_a_killed_proxy_is_replaced() {
    let stage = Stage::new();
    let mut killed = stage.proxy(&[]);
    killed.signal(Signal::KILL);
    killed.wait();
    assert!(stage.file("proxy.sock").exists());
    let proxy = stage.proxy(&[]);
    assert_eq!(proxy.address.get(ME, &[]).status, 200);
    proxy.stop();
}

#[test]
fn options_that_would_let_others_in_are_refused() {
    let stage = Stage::new();
    let socket = stage.file("proxy.sock").display().to_string();
    let token = stage.file("token").display().to_string();
    let rows: [(&[&str], &str); 8] = [
        (&[], "nothing to listen on"),
        (&["--listen", "127.0.0.1:0"], "--token-file"),
        (&["--listen", "0.0.0.0:0", "--token-file", &token], "not a loopback address"),
        (&["--listen", "192.0.2.1:80", "--token-file", &token], "not a loopback address"),
        (&["--listen", "127.0.0.1:0", "--socket", &socket], "cannot be used with"),
        (&["--socket", &socket, "--token-file", &token], "cannot be used with"),
        (&["--listen", "127.0.0.1:0", "--token-from", "env:SHORT"], "20 or more"),
        (&["--listen", "127.0.0.1:0", "--token-from", "not-a-reference-but-a-token"], "not a reference"),
    ];
    for (arguments, expected) in rows {
        let output = stage.command(arguments).env("SHORT", "short-token").output().expect("it runs");
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {printed}");
        assert!(printed.contains(expected), "{arguments:?}: {printed}");
        for secret in ["short-token", "but-a-token"] {
            assert!(!printed.contains(secret), "{arguments:?}: {printed}");
        }
    }
}

#[test]
fn sockets_of_systemd_are_served_and_systemd_is_notified() {
    if !is_installed("systemd-socket-activate") {
        return;
    }
    let stage = Stage::new();
    let (socket, notify) = (stage.file("activated.sock"), stage.file("notify.sock"));
    let notified = UnixDatagram::bind(&notify).expect("bound");
    notified.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let ours = stage.command(&[]);
    let mut command = Command::new("systemd-socket-activate");
    command.arg("--listen").arg(&socket).arg("--setenv").arg(format!("NOTIFY_SOCKET={}", notify.display()));
    for (name, value) in ours.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str(), value.and_then(|value| value.to_str())) {
            command.arg("--setenv").arg(format!("{name}={value}"));
        }
    }
    command.arg(ours.get_program()).args(ours.get_args());
    // It starts the proxy at the first connection.
    let address = Address::Unix(socket.clone());
    let caller = std::thread::spawn(move || {
        for _ in 0..600 {
            if let Ok(mut connection) = address.connect() {
                connection.write(super::wire::get(ME, &[]).as_bytes());
                return connection.read().expect("a response");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nothing listens");
    });
    let mut proxy = Proxy::start(command);
    assert_eq!(caller.join().expect("no panic").status, 200);
    let mut message = [0; 256];
    let mut next = || {
        let length = notified.recv(&mut message).expect("a message");
        String::from_utf8_lossy(&message[..length]).trim().to_owned()
    };
    assert_eq!(next(), "READY=1");
    proxy.signal(Signal::TERM);
    assert_eq!(next(), "STOPPING=1");
    assert!(proxy.wait().success());
    assert!(socket.exists(), "it is that of systemd");
}
