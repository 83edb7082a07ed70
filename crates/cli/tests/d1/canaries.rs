//! Secrets in settings that take a path, a host, a name or a reference: `d1` shows no piece of them, and writes none.

use digicert_one_testbed::{ClientSpec, Format, KeyEncoding, Pki};

use crate::stage::{d1, text};

/// Every variable that d1 reads in the place of a path, a host, a proxy or a name. `every_variable_is_listed` compares it with
/// the source.
const VARIABLES: &[&str] = &[
    "DC_API_KEY_ENDS",
    "DC_API_KEY_FILE",
    "DC_BASE",
    "DC_CA_FILE",
    "DC_CLIENTAUTH_BASE",
    "DC_CLIENT_CERT_FILE",
    "DC_CLIENT_CERT_PASSWORD_FILE",
    "DC_CLIENT_KEY_FILE",
    "DC_CONFIG",
    "DC_CONFIRM_HOST",
    "DC_CREDENTIALS_DIR",
    "DC_OWNER_ENDS",
    "DC_PROFILE",
    "SM_API_KEY_FILE",
    "SM_CA_FILE",
    "SM_CLIENT_CERT_FILE",
    "SM_CLIENT_CERT_PASSWORD_FILE",
    "SM_HOST",
    "SM_TLS_SKIP_VERIFY",
];
/// Variables of others, and those that hold a secret in their own right.
const OTHERS: &[&str] = &[
    "HOME",
    "XDG_CONFIG_HOME",
    "CREDENTIALS_DIRECTORY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "DC_API_KEY",
    "SM_API_KEY",
    "DC_CLIENT_CERT_PASSWORD",
    "SM_CLIENT_CERT_PASSWORD",
    "SM_CLIENT_CERT_FILE_B64",
];

fn canaries() -> Vec<String> {
    let client = Pki::shared().client(ClientSpec::default());
    let key = client.key_pem(KeyEncoding::Pkcs8).expect("any key");
    let store = data_encoding::BASE64.encode(&Format::Pkcs12Aes256.make().certificate);
    let pair = format!("{}{key}", client.chain_pem());
    let wrapped = store.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    let api_key = format!("{}_{}", "01ab".repeat(6) + "9f", "c7e3".repeat(16));
    vec![api_key, key, pair, store, wrapped, "C4nary!pa55-w0rd".to_owned(), "Tr0ub4dor&3xyz".to_owned()]
}

/// The first piece of 8 characters that is in the text.
fn piece<'a>(canary: &'a str, text: &str) -> Option<&'a str> {
    let lines = canary.lines().filter(|line| !line.starts_with("-----"));
    lines
        .flat_map(|line| (0..line.len().saturating_sub(7)).step_by(4).map(move |at| &line[at..at + 8]))
        .find(|piece| text.contains(piece))
}

/// Runs the check for all canaries at once: each starts some hundred processes.
fn for_each_canary(check: impl Fn(&str) + Sync) {
    let check = &check;
    std::thread::scope(|scope| {
        for canary in canaries() {
            scope.spawn(move || check(&canary));
        }
    });
}

#[test]
fn secret_in_any_variable_is_shown_in_no_output() {
    for_each_canary(|canary| {
        for variable in VARIABLES.iter().chain(OTHERS) {
            for command in
                [&["env"][..], &["--json", "env"], &["whoami", "--no-retry"], &["--json", "whoami", "--no-retry"]]
            {
                // A closed port on this machine: nothing may be sent.
                let base = [("DC_BASE", "https://127.0.0.1:1"), ("DC_API_KEY", "k")];
                let mut variables: Vec<_> = base.into_iter().filter(|(name, _)| name != variable).collect();
                variables.push((variable, canary));
                let shown = text(&d1(command, &variables));
                assert_eq!(piece(canary, &shown), None, "{variable} {command:?}: {shown}");
            }
        }
    });
}

#[test]
fn secret_in_any_field_of_a_profile_is_shown_in_no_output() {
    let fields = [
        "host",
        "clientauth_host",
        "mode",
        "ca_file",
        "api_key",
        "certificate",
        "private_key",
        "password",
        "api_key_ends",
        "owner_ends",
        "limiter",
        "limiter_password",
        "limiter_rate",
        "unknown",
    ];
    for_each_canary(|canary| {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("d1.toml").display().to_string();
        for field in fields {
            for scheme in ["", "env:", "file:", "keyring:", "exec:", "fd:"] {
                let value = toml_text(&format!("{scheme}{canary}"));
                std::fs::write(&config, format!("[profiles.ci]\n{field} = {value}\n")).expect("written");
                let shown = text(&d1(
                    &["--json", "env", "--profile", "ci"],
                    &[("DC_CONFIG", &config), ("DC_BASE", "https://127.0.0.1:1")],
                ));
                assert_eq!(piece(canary, &shown), None, "{field} = {scheme}: {shown}");
            }
        }
    });
}

#[test]
fn secret_in_any_setting_that_is_imported_is_shown_in_no_output() {
    for_each_canary(|canary| {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let (source, config) = (at("source"), at("d1.toml"));
        let line = canary.replace('\n', "");
        let properties = |host: &str, file: &str| format!("SM_API_KEY=k\nSM_HOST={host}\nSM_CLIENT_CERT_FILE={file}\n");
        for (from, text_of_source) in [
            ("smctl", properties(&line, "")),
            ("smctl", properties("127.0.0.1:1", &line)),
            ("smctl", format!("{}{line}=x\n", properties("127.0.0.1:1", ""))),
            ("curl", format!("header = \"x-api-key: k\"\nurl = \"https://{line}\"\n")),
            ("curl", format!("header = \"{line}\"\nurl = \"https://127.0.0.1:1\"\n")),
            ("jsign", format!("--storepass \"{line}\" --keystore https://127.0.0.1:1\n")),
            ("kubernetes", canary.to_owned()),
        ] {
            std::fs::write(&source, text_of_source).expect("written");
            let shown = text(&d1(&["import", "ci", "--from", from, "--file", &source, "--config", &config], &[]));
            assert_eq!(piece(canary, &shown), None, "{from}: {shown}");
            let _ = std::fs::remove_file(&config);
            let _ = std::fs::remove_dir_all(at("ci"));
        }
    });
}

#[test]
fn secret_in_the_place_of_a_reference_is_written_to_no_profile() {
    for_each_canary(|canary| {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("d1.toml").display().to_string();
        for (option, scheme) in [("api-key", ""), ("api-key", "env:"), ("api-key", "file:"), ("certificate", "file:")] {
            let reference = format!("--{option}-from={scheme}{canary}");
            let output = d1(&["init", "ci", "--host", "127.0.0.1:1", &reference, "--config", &config], &[]);
            assert_eq!(piece(canary, &text(&output)), None, "{option} {scheme}: {}", text(&output));
            assert!(!std::path::Path::new(&config).exists(), "{option} {scheme}");
        }
    });
}

#[test]
fn secret_in_the_place_of_a_name_is_shown_nowhere_and_written_to_no_file() {
    let base = [("DC_BASE", "https://127.0.0.1:1"), ("DC_API_KEY", "k")];
    for canary in canaries() {
        let folder = tempfile::tempdir().expect("a directory");
        let place = format!("--store=file:{}/key", folder.path().display());
        let option = |name: &str| format!("--{name}={canary}");
        let (name, old, user) = (option("name"), option("old"), option("user"));
        let (store, journal, role) = (option("store"), option("journal"), option("role"));
        let behind = |scheme: &str| format!("--store={scheme}:{canary}");
        let (file, dir, keyring) = (behind("file"), behind("dir"), behind("keyring"));
        let (program, unknown) = (behind("exec"), behind("vault"));
        for line in [
            &["token", "rotate", &place, &name][..],
            &["token", "rotate", &place, &old],
            &["token", "rotate", &place, &user],
            &["token", "rotate", &place, &journal],
            &["token", "rotate", &store],
            &["token", "rotate", &file],
            &["token", "rotate", &dir, "--journal=./journal"],
            &["token", "rotate", &keyring, "--journal=./journal"],
            &["token", "rotate", &program, "--journal=./journal"],
            &["token", "rotate", &unknown, "--journal=./journal"],
            &["cert", "request", &place, "--", &canary],
            &["service-user", "create", &place, "bot", &role],
            &["service-user", "create", &place, "--", &canary],
        ] {
            for json in [&[][..], &["--json"]] {
                let output = crate::stage::command(&[json, line].concat(), &base)
                    .current_dir(folder.path())
                    .output()
                    .expect("d1 runs");
                let shown = text(&output);
                assert_eq!(output.status.code(), Some(2), "{line:?}: {shown}");
                assert_eq!(piece(&canary, &shown), None, "{shown}");
                assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0, "{line:?}");
            }
        }
    }
}

#[test]
fn secret_on_standard_input_is_shown_in_no_output() {
    use std::io::Write;
    for canary in canaries() {
        for json in [&[][..], &["--json"]] {
            let line = [json, &["call", "POST", "/x", "--data", "-", "--no-retry"]].concat();
            let mut d1 = crate::stage::command(&line, &[("DC_BASE", "https://127.0.0.1:1"), ("DC_API_KEY", "k")]);
            d1.stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            let mut child = d1.spawn().expect("d1 runs");
            child.stdin.take().expect("a pipe").write_all(canary.as_bytes()).expect("written");
            let output = child.wait_with_output().expect("it ends");
            assert!(!output.status.success());
            let shown = text(&output);
            assert_eq!(piece(&canary, &shown), None, "{shown}");
        }
    }
}

fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[test]
fn every_variable_is_listed() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../credentials/src");
    let mut found = std::collections::BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(sources)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("text");
            for literal in source.split('"').filter(|word| word.starts_with("DC_") || word.starts_with("SM_")) {
                if literal.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
                    found.insert(literal.to_owned());
                }
            }
        }
    }
    let missing: Vec<_> =
        found.iter().filter(|name| !VARIABLES.contains(&name.as_str()) && !OTHERS.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "add to the canaries: {missing:?}");
}
