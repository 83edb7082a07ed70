//! Callers that are not ours: curl, and Python with its standard library, as docs/proxy.md has them.

use std::path::Path;
use std::process::{Command, Output};

use super::stage::{Proxy, Stage, check_secrets};
use super::wire::Address;
use crate::stage::{ME, is_installed};

fn text(output: Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {out}{err}", output.status);
    check_secrets(&format!("{out}{err}"));
    out.into_owned()
}

/// A proxy on loopback, its port, and its token.
fn on_loopback(stage: &Stage) -> (Proxy, u16, String) {
    let file = stage.file("token");
    let arguments = ["--listen", "127.0.0.1:0", "--token-file", &file.display().to_string()];
    let proxy = Proxy::start(stage.command(&arguments));
    let Address::Tcp(address) = proxy.address else { panic!("{:?}", proxy.address) };
    (proxy, address.port(), std::fs::read_to_string(file).expect("a token"))
}

#[test]
fn curl_calls_through_both_listeners() {
    if !is_installed("curl") {
        return;
    }
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let socket = stage.file("proxy.sock").display().to_string();
    let curl = |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-sS", "--noproxy", "*", "--max-time", "60"]).args(arguments);
        text(command.output().expect("curl runs"))
    };
    let me = curl(&["--unix-socket", &socket, &format!("http://localhost{ME}")]);
    assert!(me.contains("\"ci-bot\""), "{me}");
    let upload = stage.file("upload");
    std::fs::write(&upload, vec![b'x'; 300_000]).expect("written");
    let data = format!("@{}", upload.display());
    // With Expect: 100-continue and a body that streams.
    let url = "http://localhost/account/api/v1/nothing";
    let status = ["--unix-socket", &socket, "-o", "/dev/null", "-w", "%{http_code}"];
    assert_eq!(curl(&[&status[..], &["-H", "Expect: 100-continue", "--data-binary", &data, url]].concat()), "404");
    assert_eq!(curl(&[&status[..], &["-H", "Origin: https://evil.test", url]].concat()), "403");
    proxy.stop();

    let (proxy, port, token) = on_loopback(&stage);
    let url = format!("http://127.0.0.1:{port}{ME}");
    let me = curl(&["-H", &format!("Authorization: Bearer {token}"), &url]);
    assert!(me.contains("\"ci-bot\""), "{me}");
    assert!(curl(&[&url]).contains("token_missing"));
    proxy.stop();
}

#[test]
fn python_program_of_the_guide_calls_through_both_listeners() {
    if !is_installed("python3") {
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxy.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let programs: Vec<&str> =
        page.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    let [over_socket, over_loopback] = programs[..] else { panic!("two programs: {programs:?}") };
    let python = |program: &str| text(Command::new("python3").args(["-c", program]).output().expect("python3 runs"));

    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let socket = stage.file("proxy.sock").display().to_string();
    let printed = python(&over_socket.replace("/run/d1/proxy.sock", &socket));
    assert!(printed.contains("ci-bot"), "{printed}");
    proxy.stop();

    let (proxy, port, _) = on_loopback(&stage);
    let token = stage.file("token").display().to_string();
    let printed = python(&over_loopback.replace("/run/d1/token", &token).replace("8700", &port.to_string()));
    assert!(printed.contains("ci-bot"), "{printed}");
    proxy.stop();
}
