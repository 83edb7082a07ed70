//! `d1 env --curl` and `--export`: lines that work in a shell and hold references only.

use std::process::Command;

use crate::stage::{Stage, cleared, is_installed, text};

/// Whether this program can be run here.
/// Runs a line in a shell with these variables, and `d1` on its path.
fn shell(line: &str, variables: &[(&str, &str)]) -> std::process::Output {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_d1")).parent().expect("a folder");
    let path = std::env::var("PATH").expect("a path");
    let mut shell = Command::new("sh");
    shell.args(["-c", line]);
    cleared(&mut shell).env("PATH", format!("{}:{path}", folder.display()));
    shell.envs(variables.iter().copied()).output().expect("a shell runs")
}

fn lines(stage: &Stage, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = stage.d1(&[&["env"], arguments].concat(), variables);
    assert!(output.status.success(), "{}", text(&output));
    let line = String::from_utf8(output.stdout).expect("text").trim_end().to_owned();
    assert!(!line.contains(stage.key()) && !line.contains("PRIVATE KEY"), "{line}");
    line
}

#[test]
fn curl_line_calls_the_platform_and_holds_no_secret() {
    if !is_installed("curl") {
        return;
    }
    let stage = Stage::new();
    let (key, bundle) = (stage.key().to_owned(), stage.path("bundle.pem"));
    let (cert, private) = (stage.path("cert.pem"), stage.path("key.pem"));
    let key_file = stage.path("a key's file");
    std::fs::write(&key_file, format!("{key}\n")).expect("written");
    for (variables, proof) in [
        (&[("DC_API_KEY", &*key)][..], "--config -"),
        (&[("DC_API_KEY_FILE", &*key_file)], "cat "),
        (&[("DC_CLIENT_CERT_FILE", &*bundle)], "--cert"),
        (&[("DC_CLIENT_CERT_FILE", &*cert), ("DC_CLIENT_KEY_FILE", &*private)], "--key"),
        (&[("DC_API_KEY", &*key), ("DC_CLIENT_CERT_FILE", &*bundle)], "--cert"),
    ] {
        let line = lines(&stage, &["--curl"], variables);
        assert!(line.contains(proof), "{line}");
        let output = shell(&line.replacen("curl ", "curl -sS ", 1), variables);
        let response = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && response.contains("\"friendly_name\""), "{line}: {}", text(&output));
    }
}

#[test]
fn curl_line_runs_within_d1_where_a_secret_is_in_no_file() {
    if !is_installed("curl") {
        return;
    }
    let stage = Stage::new();
    let (config, key) = (stage.path("d1.toml"), stage.path("key"));
    std::fs::write(&key, stage.key()).expect("written");
    let ca = stage.path("ca.pem");
    let profile = format!(
        "[profiles.ci]\nhost = \"{}\"\nca_file = \"{ca}\"\napi_key = 'exec:/bin/cat {key}'\n",
        stage.emulator.platform_url()
    );
    std::fs::write(&config, profile).expect("written");
    let variables = [("DC_CONFIG", &*config)];
    let output = crate::stage::d1(&["env", "--profile", "ci", "--curl"], &variables);
    let line = String::from_utf8(output.stdout).expect("text");
    assert!(line.starts_with("d1 run --profile ci --mode key -- sh -c "), "{line}");
    let output = shell(line.trim_end(), &variables);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"friendly_name\""), "{line}: {}", text(&output));
}

#[test]
fn exported_lines_refer_to_secrets_and_work() {
    let stage = Stage::new();
    let (key, bundle) = (stage.key().to_owned(), stage.path("bundle.pem"));
    let variables = [("SM_API_KEY", &*key), ("SM_CLIENT_CERT_FILE", &*bundle)];
    let exported = lines(&stage, &["--export"], &variables);
    assert!(exported.contains("export DC_API_KEY=\"$SM_API_KEY\""), "{exported}");
    assert!(exported.contains("export DC_CLIENT_CERT_FILE="), "{exported}");
    let output = shell(&format!("{exported}\nunset SM_API_KEY SM_CLIENT_CERT_FILE\nd1 whoami"), &variables);
    assert!(
        output.status.success() && text(&output).contains("API key and client certificate at"),
        "{exported}\n{}",
        text(&output)
    );

    let output = stage.d1(&["env", "--export", "--with-secrets"], &variables);
    let asked_for = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(asked_for.contains(&format!("export DC_API_KEY={key}")), "{asked_for}");
    assert_eq!(stage.d1(&["env", "--with-secrets"], &variables).status.code(), Some(2));
}
