//! Help, and where `d1` has its settings from: variables, profiles, the keys of other tools.

use crate::stage::{Stage, Variable, assert_failed, d1, document, text};

#[test]
fn help_shows_commands_variables_examples_and_exit_codes() {
    let help = text(&d1(&["--help"], &[]));
    for word in [
        "demo",
        "emulator",
        "whoami",
        "call",
        "list",
        "env",
        "service-user",
        "token",
        "cert",
        "resume",
        "DC_PROFILE",
        "DC_API_KEY",
        "SM_HOST",
        "Exit codes",
        "401",
    ] {
        assert!(help.contains(word), "{word} is missing: {help}");
    }
    for command in ["demo", "emulator", "whoami", "call", "list", "env"] {
        assert!(text(&d1(&[command, "--help"], &[])).contains("Examples:"), "{command}");
    }
}

#[test]
fn env_shows_who_wins_and_why_the_others_lose_and_no_value() {
    let stage = Stage::new();
    let (cert, key) = (stage.path("cert.pem"), stage.path("key.pem"));
    let variables = [("DC_API_KEY", "canary"), ("DC_CLIENT_CERT_FILE", &*cert), ("DC_CLIENT_KEY_FILE", &*key)];
    let output = stage.d1(&["env"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    for words in ["won        environment", "absent     profile: DC_PROFILE", "not asked", "mode         both", &cert] {
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
    }
    assert!(!text(&output).contains("canary"), "{}", text(&output));

    let output = stage.d1(&["--json", "env", "--mode", "key"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    let document = document(&output);
    assert_eq!((&document["winner"], &document["mode"]), (&"environment".into(), &"key".into()));
    assert_eq!(document["from"]["api_key"], "DC_API_KEY");
    assert_eq!(document["host"], stage.emulator.platform_url());
    assert!(!text(&output).contains("canary"), "{}", text(&output));
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
fn env_shows_the_proxy_and_its_variable_and_no_password() {
    let proxy = ("HTTPS_PROXY", "http://user:canary@proxy.test:3128");
    let variables = [("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "k"), proxy];
    let output = d1(&["env"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("proxy        http://proxy.test:3128 (from HTTPS_PROXY)"), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));

    let excepted = [&variables[..], &[("NO_PROXY", "digicert.com,10.0.0.0/99")]].concat();
    let output = d1(&["--json", "env"], &excepted);
    let document = document(&output);
    assert_eq!(document["proxy"], "none (NO_PROXY excepts this host from HTTPS_PROXY)");
    assert!(document["warnings"].to_string().contains("10.0.0.0/99"), "{document}");

    let output = d1(&["env"], &[variables[0], variables[1], ("https_proxy", "http://user:canary@a b")]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("https_proxy") && !text(&output).contains("canary"), "{}", text(&output));
}

#[test]
fn env_without_any_credential_says_what_was_asked_and_fails_with_3() {
    let cases: [(&[Variable<'_>], &str); 3] = [
        (&[], "CFG-01"),
        (&[("DC_API_KEY", "k")], "CFG-01"),
        (&[("DC_BASE", "one.digicert.com"), ("DC_API_KEY", " ")], "ID-07"),
    ];
    for (variables, code) in cases {
        let output = d1(&["env"], variables);
        assert_failed(&output, 3, &["profile: DC_PROFILE is not set"]);
        let output = d1(&["--json", "env"], variables);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        let document = document(&output);
        assert_eq!((&document["error"]["code"], &document["error"]["exit"]), (&code.into(), &3.into()));
        assert_eq!(document["sources"][0]["outcome"], "absent");
    }
}

#[test]
fn profile_brings_host_and_references_and_wins_over_variables() {
    let stage = Stage::new();
    let write = |name: &str, content: &str| {
        std::fs::write(stage.directory.path().join(name), content).expect("written");
    };
    let (platform, client_auth) = (stage.emulator.platform_url(), stage.emulator.client_auth_url());
    write("api-key", &format!("{}\n", stage.key()));
    let profiles = format!(
        "[profiles.files]
host = '{platform}'
clientauth_host = '{client_auth}'
ca_file = 'ca.pem'
api_key = 'file:api-key'
certificate = 'file:bundle.pem'
[profiles.key]
host = '{platform}'
ca_file = 'ca.pem'
api_key = 'env:CI_KEY'
"
    );
    write("d1.toml", &profiles);
    let config = stage.path("d1.toml");
    // Variables that would lead elsewhere.
    let variables = [
        ("DC_CONFIG", &*config),
        ("CI_KEY", stage.key()),
        ("DC_API_KEY", "canary"),
        ("DC_BASE", "https://127.0.0.1:9"),
    ];
    for (profile, mode) in [("files", "both"), ("key", "key")] {
        let output = d1(&["--json", "whoami", "--profile", profile], &variables);
        assert!(output.status.success(), "{}", text(&output));
        let document = document(&output);
        assert_eq!((&document["user"]["friendly_name"], &document["mode"]), (&"ci-bot".into(), &mode.into()));
    }
    // An option wins over the profile.
    let output = d1(&["whoami", "--profile", "key", "--base", "https://127.0.0.1:9"], &variables);
    assert!(text(&output).contains("NET-06"), "{}", text(&output));
    let output = d1(&["whoami", "--profile", "kye"], &variables);
    assert_failed(&output, 3, &["did you mean key?"]);

    write("d1.toml", "[profiles.ci]\n");
    let output = d1(&["whoami", "--profile", "ci"], &variables[..1]);
    assert_failed(
        &output,
        3,
        &["profile ci of", "names neither an API key nor a certificate", "add api_key or certificate"],
    );
    assert!(!text(&output).contains("--profile"), "{}", text(&output));

    write("d1.toml", "[profiles.ci]\napi_key = 'canary-value'\n");
    let output = d1(&["whoami", "--profile", "ci"], &variables);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("field api_key") && text(&output).contains(&config), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));
}

#[cfg(unix)]
#[test]
fn secret_09_a_command_of_a_profile_does_not_get_the_secret_variables() {
    let stage = Stage::new();
    let config = stage.path("d1.toml");
    let script = r#"test -z "$DC_API_KEY$SM_CLIENT_CERT_PASSWORD" && test -n "$DC_BASE" && echo "$CI_KEY""#;
    let profile = format!("[profiles.ci]\napi_key = '''exec:sh -c '{script}' '''\n");
    std::fs::write(stage.directory.path().join("d1.toml"), profile).expect("written");
    let variables = [
        ("DC_CONFIG", &*config),
        ("DC_API_KEY", "canary"),
        ("SM_CLIENT_CERT_PASSWORD", "canary"),
        ("CI_KEY", stage.key()),
    ];
    let output = stage.d1(&["whoami", "--profile", "ci"], &variables);
    assert!(output.status.success() && text(&output).contains("ci-bot"), "{}", text(&output));
}

#[test]
fn setup_of_smctl_works_unchanged() {
    let stage = Stage::new();
    let folder = stage.directory.path().join(".signingmanager");
    std::fs::create_dir(&folder).expect("made");
    let properties = format!("# smctl\nSM_API_KEY={}\n", stage.key());
    std::fs::write(folder.join("ssm-config.properties"), properties).expect("written");
    let (home, bundle) = (stage.directory.path().display().to_string(), stage.path("bundle.pem"));
    let (host, ca) = (stage.emulator.client_auth_url(), stage.path("ca.pem"));
    let variables = [("HOME", &*home), ("SM_HOST", &*host), ("SM_CLIENT_CERT_FILE", &*bundle), ("SM_CA_FILE", &*ca)];
    let output = d1(&["whoami"], &variables);
    assert!(
        output.status.success() && text(&output).contains("API key and client certificate at"),
        "{}",
        text(&output)
    );
}

#[cfg(unix)]
#[test]
fn warnings_are_printed_on_standard_error() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let path = stage.directory.path().join("api-key");
    std::fs::write(&path, format!(" {}\n", stage.key())).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("own file");
    let file = path.display().to_string();
    let output = stage.d1(&["whoami"], &[("DC_API_KEY_FILE", &file)]);
    assert!(output.status.success(), "{}", text(&output));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("warning: ID-13") && printed.contains("warning: ID-07"), "{printed}");
    assert!(printed.contains(&file) && !printed.contains(stage.key()), "{printed}");
}
