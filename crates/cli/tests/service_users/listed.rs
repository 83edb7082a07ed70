//! What is there is listed, shown, switched and deleted.

use crate::stage::{Stage, assert_failed, text};

#[test]
fn what_is_there_is_listed_shown_enabled_disabled_and_deleted() {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    let [token] = stage.tokens_of("ci-bot").try_into().expect("one");
    let certificate = user.certificate_ids().next().expect("one").to_owned();
    assert_eq!(stage.seen(&["service-user", "show", user.id()])["user"]["friendly_name"], "ci-bot");
    assert_eq!(stage.seen(&["service-user", "show", "me"])["user"]["user_type"], "standard");
    assert_eq!(stage.seen(&["account", "list"])["items"][0]["id"], stage.emulator.account_id());
    let roles = stage.seen(&["role", "list"])["items"].as_array().expect("a list").clone();
    assert!(roles.iter().any(|role| role["id"] == "AM_ACCOUNT_USER"), "{roles:?}");

    assert_eq!(stage.seen(&["token", "disable", &token.0])["token"]["enabled"], false);
    assert_failed(&stage.bot(&["whoami"]), 5, &["AUT-01"]);
    assert_eq!(stage.seen(&["token", "enable", &token.0])["token"]["enabled"], true);
    assert_eq!(stage.seen(&["cert", "disable", &certificate])["enabled"], false);
    assert_eq!(stage.seen(&["cert", "list", "--user", "ci-bot"])["items"][0]["enabled"], false);
    assert_eq!(stage.seen(&["cert", "enable", &certificate])["enabled"], true);
    assert_eq!(stage.seen(&["service-user", "disable", "ci-bot"])["user"]["status"], "DISABLED");
    assert_failed(&stage.bot(&["whoami"]), 5, &["AUT-01"]);
    assert_eq!(stage.seen(&["service-user", "enable", "ci-bot"])["user"]["status"], "ACTIVE");
    assert!(stage.bot(&["whoami"]).status.success());
    assert_eq!(stage.seen(&["token", "delete", &token.0])["deleted"], *token.0);
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
    for arguments in [&["service-user", "show", "nobody"][..], &["token", "list", "--user", "nobody"]] {
        assert_failed(&stage.admin(arguments), 9, &["API-02", "nobody"]);
    }
}
