//! What is there is listed, shown, switched and deleted.

use crate::stage::{Stage, assert_failed, text};

#[test]
fn resources_are_listed_shown_enabled_disabled_and_deleted() {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    let [token] = stage.tokens_of("ci-bot").try_into().expect("one");
    let certificate = user.certificate_ids().next().expect("one").to_owned();
    assert_eq!(stage.seen(&["service-user", "show", user.id()])["user"]["friendly_name"], "ci-bot");
    assert_eq!(stage.seen(&["service-user", "show", "me"])["user"]["user_type"], "standard");
    assert_eq!(stage.seen(&["account", "list"])["items"][0]["id"], stage.emulator.account_id());
    let roles = stage.seen(&["role", "list"])["items"].as_array().expect("a list").clone();
    assert!(roles.iter().any(|role| role["id"] == "AM_ACCOUNT_USER"), "{roles:?}");

    assert_eq!(stage.seen(&["token", "disable", &token.0, "--yes"])["token"]["enabled"], false);
    assert_failed(&stage.bot(&["whoami"]), 5, &["AUT-01"]);
    assert_eq!(stage.seen(&["token", "enable", &token.0])["token"]["enabled"], true);
    assert_eq!(stage.seen(&["cert", "disable", &certificate, "--yes"])["enabled"], false);
    assert_eq!(stage.seen(&["cert", "list", "--user", "ci-bot"])["items"][0]["enabled"], false);
    assert_eq!(stage.seen(&["cert", "enable", &certificate])["enabled"], true);
    assert_eq!(stage.seen(&["service-user", "disable", "ci-bot", "--yes"])["user"]["status"], "DISABLED");
    assert_failed(&stage.bot(&["whoami"]), 5, &["AUT-01"]);
    assert_eq!(stage.seen(&["service-user", "enable", "ci-bot"])["user"]["status"], "ACTIVE");
    assert!(stage.bot(&["whoami"]).status.success());
    assert_eq!(stage.seen(&["token", "delete", &token.0, "--yes"])["deleted"], *token.0);
    assert!(stage.tokens_of("ci-bot").is_empty());

    let log = stage.seen(&["audit-log", "--limit", "3"]);
    assert_eq!(log["items"].as_array().map(Vec::len), Some(3), "{log}");
    let next = stage.seen(&["audit-log", "--limit", "3", "--start-at", log["position"].as_str().expect("a text")]);
    assert!(next["items"] != log["items"], "{next}");
    for arguments in [
        &["service-user", "list"][..],
        &["service-user", "show", "ci-bot"],
        &["token", "list"],
        &["cert", "list", "--user", "ci-bot"],
        &["account", "list"],
        &["role", "list"],
        &["audit-log"],
    ] {
        let output = stage.admin(arguments);
        assert!(output.status.success() && output.stdout.len() > 20, "{arguments:?}: {}", text(&output));
        assert!(!text(&output).contains('{'), "a table: {}", text(&output));
    }
    for arguments in [&["service-user", "show", "no-such-user"][..], &["token", "list", "--user", "no-such-user"]] {
        assert_failed(&stage.admin(arguments), 9, &["API-02", "no-such-user"]);
    }
}

#[test]
fn removing_access_requires_yes_without_a_terminal() {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    let token = user.api_token_ids().next().expect("one");
    let certificate = user.certificate_ids().next().expect("one");
    for arguments in [
        &["token", "disable", token][..],
        &["token", "delete", token],
        &["cert", "disable", certificate],
        &["service-user", "disable", "ci-bot"],
        &["service-user", "disable", "me"],
    ] {
        assert_failed(&stage.admin(arguments), 2, &["--yes"]);
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
fn credential_of_the_call_is_refused_unless_named() {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    let token = user.api_token_ids().next().expect("one");
    let commands = [
        &["token", "disable", token, "--yes"][..],
        &["token", "delete", token, "--yes"],
        &["service-user", "disable", "me", "--yes"],
        &["service-user", "disable", "ci-bot", "--yes"],
        &["service-user", "disable", user.id(), "--yes"],
    ];
    for arguments in commands {
        assert_failed(&stage.bot(arguments), 2, &["--even-if-in-use"]);
        assert_failed(&stage.bot(&[arguments, &["--even-if-in-use", "another"]].concat()), 2, &["another"]);
    }
    assert_eq!(stage.changes(), 0);

    // With the certificate as the proof it is the other way round.
    let (certificate, key) = (stage.path("client.pem"), stage.path("client.key"));
    std::fs::write(&certificate, user.certificate_pem()).expect("written");
    std::fs::write(&key, user.key_pem()).expect("written");
    let by_certificate = [("DC_CLIENT_CERT_FILE", &*certificate), ("DC_CLIENT_KEY_FILE", &*key)];
    let id = user.certificate_ids().next().expect("one");
    assert_failed(&stage.d1(&["cert", "disable", id, "--yes"], &by_certificate), 2, &["--even-if-in-use"]);
    assert_eq!(stage.changes(), 0);
    let output = stage.d1(&["token", "disable", token, "--yes"], &by_certificate);
    assert!(output.status.success(), "{}", text(&output));
    assert!(stage.d1(&["token", "enable", token], &by_certificate).status.success());

    let output = stage.bot(&["token", "delete", token, "--yes", "--even-if-in-use", token]);
    assert!(output.status.success(), "{}", text(&output));
    assert_failed(&stage.bot(&["whoami"]), 5, &["AUT-01"]);
}
