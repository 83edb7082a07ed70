//! `d1 import`: a profile that works, from what other programs use, and no secret shown.

use std::fs;
use std::process::{Output, Stdio};

use data_encoding::BASE64;

use crate::stage::{Stage, command, d1, document, text};

fn import(stage: &Stage, arguments: &[&str], variables: &[(&str, &str)], input: &[u8]) -> Output {
    let (config, ca) = (stage.path("d1.toml"), stage.path("ca.pem"));
    let client_auth = stage.emulator.client_auth_url();
    let fixed = ["--config", &config, "--ca-file", &ca, "--clientauth-host", &client_auth];
    let mut d1 = command(&[&["import", "ci"], arguments, &fixed].concat(), variables);
    let child = d1.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("d1 runs");
    // It may have refused its arguments and be gone.
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("piped"), input);
    let output = child.wait_with_output().expect("it ends");
    assert!(!text(&output).contains(stage.key()) && !text(&output).contains("PRIVATE KEY"), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));
    output
}

/// The mode in which the imported profile calls.
fn mode(stage: &Stage, variables: &[(&str, &str)]) -> String {
    let config = stage.path("d1.toml");
    let output = d1(&["--json", "whoami", "--profile", "ci"], &[&[("DC_CONFIG", &*config)], variables].concat());
    let document = document(&output);
    assert!(output.status.success(), "{}", text(&output));
    document["mode"].as_str().expect("a mode").to_owned()
}

fn profile(stage: &Stage) -> String {
    let text = fs::read_to_string(stage.path("d1.toml")).expect("written");
    assert!(!text.contains(stage.key()), "{text}");
    text
}

#[cfg(unix)]
fn permissions(path: &str) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).expect("there").permissions()) & 0o777
}

#[test]
fn smctl_settings_become_references_and_a_private_file() {
    let stage = Stage::new();
    let (platform, bundle) = (stage.emulator.platform_url(), stage.path("bundle.pem"));
    let variables = [("SM_HOST", &*platform), ("SM_API_KEY", stage.key()), ("SM_CLIENT_CERT_FILE", &*bundle)];
    let output = import(&stage, &["--from", "smctl"], &variables, b"");
    let shown = text(&output);
    assert!(output.status.success() && shown.contains("UNDERSTOOD") && !shown.contains("LEFT OUT"), "{shown}");
    let written = profile(&stage);
    assert!(written.contains("api_key = \"env:SM_API_KEY\"") && written.contains(&bundle), "{written}");
    let key = [("SM_API_KEY", stage.key())];
    assert_eq!(mode(&stage, &key), "both");

    let stage = Stage::new();
    let platform = stage.emulator.platform_url().replace(':', "\\:");
    let properties = format!(
        "# smctl\nSM_HOST={platform}\nSM_API_KEY={}\nSM_LOG_LEVEL=TRACE\nSM_TLS_SKIP_VERIFY=true\n",
        stage.key()
    );
    let home = stage.directory.path().join("home");
    fs::create_dir_all(home.join(".signingmanager")).expect("made");
    fs::write(home.join(".signingmanager/ssm-config.properties"), properties).expect("written");
    let output = import(&stage, &["--from", "smctl"], &[("HOME", &home.display().to_string())], b"");
    let shown = text(&output);
    assert!(
        output.status.success() && shown.contains("SM_LOG_LEVEL") && shown.contains("SM_TLS_SKIP_VERIFY"),
        "{shown}"
    );
    assert!(profile(&stage).contains("api_key = \"file:ci/api-key\""), "{}", profile(&stage));
    #[cfg(unix)]
    assert_eq!((permissions(&stage.path("ci/api-key")), permissions(&stage.path("d1.toml"))), (0o600, 0o600));
    assert_eq!(mode(&stage, &[]), "key");
}

#[test]
fn jsign_options_are_taken_apart() {
    let stage = Stage::new();
    let (platform, bundle) = (stage.emulator.platform_url(), stage.path("bundle.pem"));
    let script = format!(
        "jsign --storetype DIGICERTONE --keystore {platform} \\\n  --storepass \"{}|{bundle}\" --alias signing app.exe\n",
        stage.key()
    );
    let output = import(&stage, &["--from", "jsign", "--file", "-"], &[], script.as_bytes());
    assert!(output.status.success() && text(&output).contains("--alias"), "{}", text(&output));
    assert_eq!(mode(&stage, &[]), "both");
    let stage = Stage::new();
    let other =
        import(&stage, &["--from", "jsign", "--file", "-"], &[], b"jsign --storetype YUBIKEY --storepass canary");
    assert_eq!(other.status.code(), Some(2), "{}", text(&other));
}

#[test]
fn curl_configuration_is_taken_apart() {
    let stage = Stage::new();
    let (platform, cert, key) = (stage.emulator.platform_url(), stage.path("cert.pem"), stage.path("key.pem"));
    let config = format!(
        "# one\nurl = \"{platform}/account/api/v1/user\"\nheader = \"x-api-key: {}\"\nheader \"Accept: text/csv\"\n\
         --cert {cert}\nkey: {key}\ninsecure\nsilent\n",
        stage.key()
    );
    fs::write(stage.path("curlrc"), config).expect("written");
    let output = import(&stage, &["--from", "curl", "--file", &stage.path("curlrc")], &[], b"");
    let shown = text(&output);
    assert!(output.status.success() && shown.contains("insecure") && shown.contains("silent"), "{shown}");
    assert_eq!(mode(&stage, &[]), "both");
}

#[test]
fn kubernetes_secret_becomes_private_files() {
    let value = |text: &str| BASE64.encode(text.as_bytes());
    let of = |stage: &Stage, name: &str| value(&fs::read_to_string(stage.path(name)).expect("there"));
    for is_json in [false, true] {
        let stage = Stage::new();
        let host = stage.emulator.platform_url();
        let (certificate, key) = (of(&stage, "cert.pem"), of(&stage, "key.pem"));
        let secret = if is_json {
            format!(
                r#"{{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls","metadata":{{"name":"d1"}},
                "data":{{"tls.crt":"{certificate}","tls.key":"{key}","ca.crt":"{certificate}","other":"Y2FuYXJ5"}}}}"#
            )
        } else {
            format!(
                "apiVersion: v1\ndata:\n  ca.crt: {certificate}\n  other: Y2FuYXJ5\n  tls.crt: {certificate}\n  tls.key: {key}\n\
                 kind: Secret\nmetadata:\n  name: d1\n  annotations:\n    note: |\n      two\n      lines\ntype: kubernetes.io/tls\n"
            )
        };
        let arguments = ["--json", "--from", "kubernetes", "--file", "-", "--host", &host];
        let output = import(&stage, &arguments, &[], secret.as_bytes());
        assert!(output.status.success(), "{}", text(&output));
        let document = document(&output);
        let left_out = document["imported"]["left_out"].as_array().expect("a list").len();
        assert_eq!((left_out, &document["ok"]), (2, &true.into()), "{document}");
        #[cfg(unix)]
        assert_eq!(permissions(&stage.path("ci/tls.key")), 0o600);
        assert_eq!(mode(&stage, &[]), "certificate");
    }
}

#[test]
fn names_that_hold_a_secret_and_passwords_that_open_nothing_are_left_out() {
    let stage = Stage::new();
    let (host, key) = (stage.emulator.platform_url(), stage.key());
    let secret = format!("kind: Secret\nstringData:\n  api-key: {key}\n  password: canary\n  extra-{key}: x\n");
    let output = import(&stage, &["--from", "kubernetes", "--file", "-", "--host", &host], &[], secret.as_bytes());
    let shown = text(&output);
    assert!(output.status.success(), "{shown}");
    for words in ["password  missing client certificate", "an entry  not a part of a credential"] {
        let row =
            |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(&words.replace("  ", " "));
        assert!(shown.lines().any(row), "{words}: {shown}");
    }
    assert!(!shown.contains(&key[..20]), "{shown}");
    assert_eq!(mode(&stage, &[]), "key");
}

#[test]
fn import_overwrites_nothing_and_leaves_nothing_where_it_fails() {
    let stage = Stage::new();
    let host = stage.emulator.platform_url();
    let secret = format!("kind: Secret\nstringData:\n  api-key: {}\n", stage.key());
    let from = ["--from", "kubernetes", "--file", "-"];
    for (arguments, input, words) in [
        (&["--host", "https://user:canary@one.digicert.com"][..], &*secret, "HO-02"),
        (&[], &secret, "no host was found"),
        (&["--host", &host], "kind: ConfigMap\n", "its kind is not Secret"),
        (&["--host", &host], "canary: [", "its kind is not Secret"),
        (&["--host", &host], "kind: Secret\ndata:\n  other: Y2FuYXJ5\n", "nothing is imported"),
    ] {
        let output = import(&stage, &[&from[..], arguments].concat(), &[], input.as_bytes());
        assert!(!output.status.success() && text(&output).contains(words), "{words}: {}", text(&output));
        let left = ["d1.toml", "ci"].map(|name| fs::exists(stage.path(name)).expect("seen"));
        assert_eq!(left, [false, false], "{words}");
    }
    fs::create_dir(stage.path("ci")).expect("made");
    fs::write(stage.path("ci/api-key"), "mine").expect("written");
    let output = import(&stage, &[&from[..], &["--host", &host]].concat(), &[], secret.as_bytes());
    assert!(!output.status.success() && text(&output).contains("exists"), "{}", text(&output));
    assert_eq!(fs::read_to_string(stage.path("ci/api-key")).expect("there"), "mine");
    fs::remove_file(stage.path("ci/api-key")).expect("removed");
    assert!(import(&stage, &[&from[..], &["--host", &host]].concat(), &[], secret.as_bytes()).status.success());
    let before = profile(&stage);
    let again = import(&stage, &[&from[..], &["--host", &host]].concat(), &[], secret.as_bytes());
    assert!(text(&again).contains("has a profile ci already"), "{}", text(&again));
    assert_eq!(profile(&stage), before);
}

/// The profile that these lines become, with what was printed.
fn imported(kind: &str, lines: &str, variables: &[(&str, &str)]) -> (String, String) {
    let stage = Stage::new();
    let arguments = ["--from", kind, "--file", "-", "--host", "one.digicert.com"];
    let shown = text(&import(&stage, &arguments, variables, lines.as_bytes()));
    (fs::read_to_string(stage.path("d1.toml")).unwrap_or_default(), shown)
}

#[test]
fn variables_in_a_script_become_references() {
    let variables = [("P12", "/etc/d1/client.p12")];
    let line = "jsign --storetype DIGICERTONE --storepass";
    for storepass in
        ["${CI_KEY}|${P12}|${CI_PASSWORD}", "$env:CI_KEY|$env:P12|$env:CI_PASSWORD", "%CI_KEY%|%P12%|%CI_PASSWORD%"]
    {
        let script =
            format!("jsign --storetype PKCS12 --storepass canary a.exe\r\n{line} \\\r\n \"{storepass}\" b.exe\r\n");
        let (profile, shown) = imported("jsign", &script, &variables);
        for reference in ["env:CI_KEY", "file:/etc/d1/client.p12", "env:CI_PASSWORD"] {
            assert!(profile.contains(&format!("\"{reference}\"")), "{storepass}: {profile}\n{shown}");
        }
    }
    let (profile, shown) = imported("jsign", &format!("{line} \"${{CI_KEY}}|$P12|x\""), &[]);
    assert!(!profile.contains("certificate") && shown.contains("the variable P12"), "{profile}\n{shown}");
    let (profile, shown) = imported("curl", "expand-header = \"x-api-key: {{CI_KEY}}\"\n", &[]);
    assert!(profile.contains("\"env:CI_KEY\""), "{profile}\n{shown}");
}

#[test]
fn parts_of_two_credentials_are_not_mixed() {
    let transfers = "header = \"x-api-key: $FIRST\"\nnext\nheader = \"x-api-key: $SECOND\"\n";
    let (profile, shown) = imported("curl", transfers, &[]);
    assert!(profile.contains("env:FIRST") && shown.contains("only the first"), "{profile}\n{shown}");
    let secrets = "kind: Secret\nstringData:\n  api-key: canary1\n---\nkind: Secret\nstringData:\n  tls.crt: canary2\n";
    let (profile, shown) = imported("kubernetes", secrets, &[]);
    assert!(profile.is_empty() && shown.contains("not one Secret"), "{profile}\n{shown}");
}

#[test]
fn second_value_of_a_part_is_used_and_the_first_is_named() {
    for (kind, lines, variables, kept, said) in [
        ("smctl", "SM_API_KEY=canary1\nSM_API_KEY=canary2\n", &[][..], "file:ci/api-key", "a later line"),
        ("smctl", "SM_API_KEY=canary1\nDC_API_KEY=canary2\n", &[], "file:ci/api-key", "another API key is used"),
        ("smctl", "SM_API_KEY=canary1\n", &[("SM_API_KEY", "canary2")], "env:SM_API_KEY", "the variable of this name"),
        ("curl", "header = \"x-api-key: $A1\"\nheader = \"x-api-key: $A2\"\n", &[], "env:A2", "an earlier API key"),
        ("curl", "header = \"x-api-key: $A1\"\ncacert = a.pem\ncacert = b.pem\n", &[], "env:A1", "an earlier CA file"),
        (
            "kubernetes",
            "kind: Secret\nstringData:\n  SM_API_KEY: canary1\n  api-key: canary2\n",
            &[],
            "file:ci/api-key",
            "an earlier API key",
        ),
    ] {
        let (profile, shown) = imported(kind, lines, variables);
        assert!(profile.contains(kept) && shown.contains(said), "{lines}: {profile}\n{shown}");
    }
    let same = "kind: Secret\ndata:\n  api-key: Y2FuYXJ5\nstringData:\n  api-key: canary\n";
    for (kind, lines) in [("smctl", "SM_API_KEY=canary\nSM_API_KEY=canary\n"), ("kubernetes", same)] {
        let (_, shown) = imported(kind, lines, &[]);
        assert!(!shown.contains("LEFT OUT"), "the same value twice needs no note: {shown}");
    }
}

#[test]
fn file_that_is_not_text_is_refused_without_advice_on_certificates() {
    let stage = Stage::new();
    for kind in ["smctl", "jsign", "curl", "kubernetes"] {
        let output = import(&stage, &["--from", kind, "--file", "-"], &[], b"\x30\x82\xff\xfe canary");
        let shown = text(&output);
        assert!(output.status.code() == Some(2) && shown.contains("not a text file"), "{shown}");
        assert!(!shown.contains("certificate"), "{shown}");
    }
}

#[test]
fn lines_of_a_shell_and_paths_of_windows_are_read() {
    let lines =
        "export SM_API_KEY=\"canary\"\nSM_CLIENT_CERT_FILE=C:\\keys\\client.p12\nSM_CLIENT_CERT_PASSWORD='canary'\n";
    let (profile, shown) = imported("smctl", lines, &[]);
    assert!(profile.contains(r#"certificate = "file:C:\\keys\\client.p12""#), "{profile}\n{shown}");
    #[cfg(unix)]
    assert!(shown.contains(r"(from C:\keys\client.p12"), "{shown}");
    let (profile, shown) = imported("smctl", "DIGICERT_API_KEY=canary\n", &[]);
    assert!(profile.contains("file:ci/api-key"), "{profile}\n{shown}");
}

#[test]
fn import_without_a_credential_shows_what_was_left_out() {
    let (profile, shown) = imported("kubernetes", "kind: Secret\ndata:\n  api-key: not_base64\n", &[]);
    assert!(profile.is_empty() && shown.contains("LEFT OUT") && shown.contains("not base64"), "{shown}");
}
