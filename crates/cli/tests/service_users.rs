//! `d1 service-user`, `token`, `cert`, `resume` and what stands around them, as a user runs them: the built program against an
//! emulator of this process. Each test looks at the platform afterwards: what failed must have left nothing there.

mod environment;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use digicert_one_emulator::{Emulator, EmulatorOptions, Fault, Generation, ServiceUserSpec};
use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::environment::cleared;

/// A variable's name and value.
type Variable<'a> = (&'a str, &'a str);

const TOKENS: &str = "/account/api/v1/api-access-token";

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no document ({error}): {}", text(output)))
}

/// An emulator, and a directory for what is kept.
struct Stage {
    emulator: Emulator,
    directory: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self::of(EmulatorOptions::default())
    }

    fn of(options: EmulatorOptions) -> Self {
        let emulator = Emulator::start_blocking(options).expect("loopback can be bound");
        let stage = Self { emulator, directory: tempfile::tempdir().expect("a directory") };
        std::fs::write(stage.path("ca.pem"), stage.emulator.ca_pem()).expect("written");
        stage
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("it is there")
    }

    fn is_there(&self, name: &str) -> bool {
        Path::new(&self.path(name)).exists()
    }

    fn command(&self, arguments: &[&str], variables: &[Variable<'_>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_d1"));
        command.args(arguments).stdin(Stdio::null());
        cleared(&mut command);
        command.env("DC_BASE", self.emulator.platform_url()).env("DC_CLIENTAUTH_BASE", self.emulator.client_auth_url());
        command.env("DC_CA_FILE", self.path("ca.pem")).envs(variables.iter().copied());
        command
    }

    fn d1(&self, arguments: &[&str], variables: &[Variable<'_>]) -> Output {
        self.command(arguments, variables).output().expect("d1 runs")
    }

    /// As the administrator, who may do everything.
    fn admin(&self, arguments: &[&str]) -> Output {
        self.d1(arguments, &[("DC_API_KEY", self.emulator.administrator().api_key())])
    }

    /// As the service user that the emulator begins with.
    fn bot(&self, arguments: &[&str]) -> Output {
        self.d1(arguments, &[("DC_API_KEY", self.emulator.users()[0].api_key())])
    }

    /// As whoever has the key in this file.
    fn with_key_of(&self, file: &str, arguments: &[&str]) -> Output {
        self.d1(arguments, &[("DC_API_KEY_FILE", &self.path(file))])
    }

    /// A document of the administrator's.
    fn seen(&self, arguments: &[&str]) -> Value {
        let output = self.admin(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        document(&output)
    }

    fn user_names(&self) -> Vec<String> {
        let users = self.seen(&["service-user", "list"]);
        users["items"].as_array().expect("a list").iter().map(|user| shown(&user["friendly_name"])).collect()
    }

    /// The tokens of a user: id and whether it is enabled.
    fn tokens_of(&self, user: &str) -> Vec<(String, bool)> {
        let tokens = self.seen(&["token", "list", "--user", user]);
        let tokens = tokens["items"].as_array().expect("a list");
        tokens.iter().map(|token| (shown(&token["id"]), token["enabled"] == true)).collect()
    }

    /// How many calls came that were no GET.
    fn changes(&self) -> usize {
        self.emulator.observed().iter().filter(|call| call.method != "GET").count()
    }

    /// Nothing was sent that changes anything, nothing is kept, and nothing is to be resumed.
    fn assert_untouched(&self, kept: &str) {
        assert_eq!(self.changes(), 0, "something was changed");
        self.assert_nothing_left(kept);
    }

    fn assert_nothing_left(&self, kept: &str) {
        assert!(!self.is_there(kept), "{kept} is there");
        let output = self.admin(&["--json", "resume", "--keep-file", &self.path(kept)]);
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(document(&output)["outcome"], "nothing-to-resume");
    }
}

fn shown(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[track_caller]
fn assert_failed(output: &Output, exit: i32, words: &[&str]) {
    assert_eq!(output.status.code(), Some(exit), "{}", text(output));
    for word in words {
        assert!(text(output).contains(word), "{word:?} is missing: {}", text(output));
    }
}

#[test]
fn a_service_user_is_made_and_its_key_is_in_the_file_and_nowhere_else() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    let arguments = ["service-user", "create", "deploy-bot", "--role", "AM_ACCOUNT_USER", "--ends-in", "30d"];
    let output = stage.admin(&[&arguments[..], &["--description", "ships", "--keep-file", &file]].concat());
    assert!(output.status.success(), "{}", text(&output));
    let key = stage.read("api-key").trim().to_owned();
    assert!(key.len() > 20 && !text(&output).contains(&key), "{}", text(&output));
    assert!(!text(&output).contains(&key[..12]) && text(&output).contains(&file), "{}", text(&output));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
    for name in ["api-key.journal", "api-key.journal.state"] {
        assert!(!stage.is_there(name) || !stage.read(name).contains(&key[..12]), "{name} holds the key");
    }
    let me = stage.with_key_of("api-key", &["--json", "whoami"]);
    assert_eq!(document(&me)["user"]["friendly_name"], "deploy-bot");
    let user = stage.seen(&["service-user", "show", "deploy-bot"])["user"].clone();
    assert_eq!((&user["description"], &user["roles"][0]), (&"ships".into(), &"AM_ACCOUNT_USER".into()));
    assert!(user["end_date"].is_string(), "{user}");
}

#[test]
fn a_create_call_tells_in_json_where_the_key_is() {
    let stage = Stage::new();
    let (file, account) = (stage.path("api-key"), stage.emulator.account_id().to_owned());
    let arguments = ["--json", "service-user", "create", "deploy-bot", "--account", &account, "--keep-file", &file];
    let output = stage.admin(&arguments);
    let told = document(&output);
    assert_eq!((&told["task"], &told["outcome"]), (&"create-service-user".into(), &"made".into()), "{told}");
    assert!(shown(&told["kept"]["place"]).contains(&file) && told["kept"]["read_back"] == true, "{told}");
    assert_eq!(told["owner"], stage.seen(&["service-user", "show", "deploy-bot"])["user"]["id"]);
    assert!(!text(&output).contains(stage.read("api-key").trim()), "{told}");
    assert!(output.stderr.is_empty(), "{}", text(&output));
}

#[test]
fn a_taken_name_is_refused_before_anything_is_made() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    let output = stage.admin(&["service-user", "create", "ci-bot", "--keep-file", &file]);
    assert_failed(&output, 9, &["API-06", "ci-bot", "the secret: none was made"]);
    stage.assert_untouched("api-key");
}

#[test]
fn names_roles_and_dates_that_cannot_be_leave_nothing_behind() {
    let cases: [(&[&str], i32, &[&str]); 5] = [
        (&["service-user", "create", "a/b"], 9, &["API-01", "friendly_name may hold"]),
        (&["service-user", "create", " "], 3, &["empty"]),
        (&["service-user", "create", "x", "--role", "NO_SUCH_ROLE"], 9, &["API-01", "role"]),
        (&["service-user", "create", "x", "--ends", "2020-01-31"], 3, &["2020-01-31", "over"]),
        (&["service-user", "create", "x", "--account", "nobody"], 9, &["API-01", "account"]),
    ];
    for (arguments, exit, words) in cases {
        let stage = Stage::new();
        let output = stage.admin(&[arguments, &["--keep-file", &stage.path("api-key")]].concat());
        assert_failed(&output, exit, words);
        assert_eq!(stage.user_names(), ["ci-bot"], "{arguments:?}");
        stage.assert_nothing_left("api-key");
    }
}

#[test]
fn an_end_date_after_the_owners_becomes_the_owners() {
    let end = "2099-06-30".parse().expect("a day");
    let stage = Stage::of(EmulatorOptions::default().service_users([ServiceUserSpec::new("ci-bot").end_date(end)]));
    let file = stage.path("api-key");
    let output = stage.bot(&["--json", "token", "create", "x", "--ends", "2099-12-31", "--keep-file", &file]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["ends"], "2099-06-30T23:59:59Z");
}

#[test]
fn a_missing_permission_is_named() {
    let stage = Stage::of(EmulatorOptions::default().service_users([ServiceUserSpec::new("reader").permissions(&[])]));
    let file = stage.path("api-key");
    let output = stage.bot(&["service-user", "create", "x", "--keep-file", &file]);
    assert_failed(&output, 6, &["AUT-03", "MANAGE_AM_ACCOUNT", "the secret: none was made"]);
    let output = stage.bot(&["--json", "service-user", "create", "x", "--keep-file", &file]);
    let error = document(&output)["error"].clone();
    assert_eq!((&error["code"], &error["exit"]), (&"AUT-03".into(), &6.into()), "{error}");
    assert_eq!((&error["secret"]["state"], &error["resume"]), (&"none".into(), &Value::Null), "{error}");
    stage.assert_untouched("api-key");
    let output = stage.bot(&["service-user", "list"]);
    assert_failed(&output, 6, &["AUT-03", "MANAGE_AM_ACCOUNT"]);
}

#[test]
fn a_place_that_would_not_keep_it_is_found_before_anything_is_made() {
    let stage = Stage::new();
    let (journal, missing) = (stage.path("api-key.journal"), stage.path("missing/api-key"));
    let directory = stage.path("");
    let program = stage.path("no-such-program");
    let places: [(&[&str], &str); 4] = [
        (&["--keep-file", &missing], "make the directory first"),
        (&["--keep-file", &directory], &directory),
        (&["--keep-command", &program], &program),
        (&["--show-once"], "is no terminal"),
    ];
    for (place, words) in places {
        let arguments = [&["service-user", "create", "x", "--journal", &journal], place].concat();
        assert_failed(&stage.admin(&arguments), 3, &[words, "the secret: none was made"]);
        stage.assert_untouched("api-key");
    }
}

/// The system's own file systems are read-only or full for everybody, the superuser too.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_or_full_file_system_is_found_before_anything_is_made() {
    let stage = Stage::new();
    let journal = stage.path("api-key.journal");
    let arguments = ["service-user", "create", "x", "--journal", &journal, "--keep-file", "/proc/self/d1-api-key"];
    assert_failed(&stage.admin(&arguments), 3, &["/proc/self", "the secret: none was made"]);
    stage.assert_untouched("api-key");

    // No file may grow: what a full disk does to a write. The journal is there already and stays as it is.
    let file = stage.path("api-key");
    let mut d1 = stage.command(&["service-user", "create", "x", "--keep-file", &file], &[]);
    d1.env("DC_API_KEY", stage.emulator.administrator().api_key());
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(d1.get_program()).args(d1.get_args());
    for (name, value) in d1.get_envs() {
        match value {
            Some(value) => full.env(name, value),
            None => full.env_remove(name),
        };
    }
    // Its answer must not be cut by the same limit: pipes are not files.
    let output = full.stdin(Stdio::null()).output().expect("sh runs");
    assert_failed(&output, 3, &["File too large", "the secret: none was made"]);
    stage.assert_untouched("api-key");
}

#[test]
fn an_answer_without_the_secret_is_an_error_and_what_was_made_is_removed() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    stage.emulator.control().fault(Fault::without_secret());
    let output = stage.admin(&["--json", "service-user", "create", "x", "--keep-file", &file]);
    assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    let error = document(&output)["error"].clone();
    assert_eq!((&error["code"], &error["kind"]), (&"API-05".into(), &"not-shown".into()), "{error}");
    assert!(!error["platform"].as_array().expect("a list").is_empty(), "{error}");
    stage.emulator.control().clear_faults();
    assert_eq!(stage.user_names(), ["ci-bot"], "it is still there");
    stage.assert_nothing_left("api-key");
}

#[test]
fn a_dry_run_changes_nothing() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    let commands: [&[&str]; 5] = [
        &["service-user", "create", "x", "--ends-in", "30d"],
        &["token", "create", "x"],
        &["token", "rotate", "--ends-in", "90d", "--delete-old-after", "7d"],
        &["cert", "request", "x"],
        &["cert", "rotate"],
    ];
    for command in commands {
        let arguments = [command, &["--keep-file", &file, "--dry-run"]].concat();
        let output = stage.bot(&arguments);
        assert!(output.status.success(), "{command:?}: {}", text(&output));
        assert!(text(&output).contains("nothing is sent or written yet"), "{}", text(&output));
        assert!(text(&output).contains("POST /account/api/v1/"), "{}", text(&output));
        let told = document(&stage.bot(&[&["--json"], &arguments[..]].concat()));
        assert_eq!(told["outcome"], "planned", "{told}");
        assert!(told["steps"].as_array().is_some_and(|steps| steps.len() > 4), "{told}");
    }
    let left: Vec<_> = std::fs::read_dir(stage.directory.path()).expect("there").flatten().collect();
    assert_eq!(left.len(), 1, "only the CA is there: {left:?}");
    stage.assert_untouched("api-key");
}

#[test]
fn a_token_is_rotated_and_the_one_before_works_no_more() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    let output = stage.bot(&["token", "create", "deploy", "--ends-in", "30d", "--keep-file", &file]);
    assert!(output.status.success(), "{}", text(&output));
    let first = stage.read("api-key").trim().to_owned();

    let rotate = ["--json", "token", "rotate", "--keep-file", &file, "--ends-in", "90d", "--grace", "0s"];
    let output = stage.with_key_of("api-key", &rotate);
    let told = document(&output);
    assert_eq!((&told["outcome"], output.status.success()), (&"not-due".into(), true), "made a moment ago: {told}");
    assert_eq!(stage.read("api-key").trim(), first);
    let output = stage.with_key_of("api-key", &[&rotate[..], &["--min-age", "0s", "--renew-before", "14d"]].concat());
    assert_eq!(document(&output)["outcome"], "not-due", "good for longer: {}", text(&output));

    let output = stage.with_key_of("api-key", &[&rotate[..], &["--min-age", "0s", "--renew-before", "60d"]].concat());
    assert!(output.status.success(), "{}", text(&output));
    let told = document(&output);
    assert_eq!((&told["outcome"], &told["old"]["state"]), (&"made".into(), &"disabled".into()), "{told}");
    let second = stage.read("api-key").trim().to_owned();
    assert!(first != second && !text(&output).contains(&second) && !text(&output).contains(&first), "{told}");
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
    assert_failed(&stage.d1(&["whoami"], &[("DC_API_KEY", &first)]), 5, &["AUT-01"]);
    let old = shown(&told["old"]["id"]);
    assert!(stage.tokens_of("ci-bot").contains(&(old.clone(), false)), "{old}");

    // A third one, named by hand, and the second one is deleted at once.
    let id = shown(&told["id"]);
    let more = ["--min-age", "0s", "--old", &id, "--delete-old-after", "0s"];
    let output = stage.with_key_of("api-key", &[&rotate[..], &more].concat());
    let told = document(&output);
    assert_eq!((&told["old"]["state"], &told["old"]["id"]), (&"deleted".into(), &id.clone().into()), "{told}");
    assert!(!stage.tokens_of("ci-bot").iter().any(|(one, _)| *one == id));
}

#[test]
fn an_old_platform_says_what_there_is_instead_of_a_rotation() {
    let stage = Stage::of(EmulatorOptions::default().generation(Generation::OneKey));
    let file = stage.path("api-key");
    let output = stage.bot(&["token", "rotate", "--keep-file", &file, "--min-age", "0s"]);
    assert_failed(&output, 9, &["API-07", "one API token only", "second service user", "extend the end date"]);
    let output = stage.bot(&["--json", "token", "rotate", "--keep-file", &file, "--min-age", "0s"]);
    assert_eq!(document(&output)["error"]["kind"], "token-limit", "{}", text(&output));
    assert!(stage.bot(&["whoami"]).status.success(), "the one that is there still works");
    stage.assert_nothing_left("api-key");
}

#[test]
fn a_certificate_is_requested_and_rotated_and_its_key_never_leaves() {
    let stage = Stage::new();
    let directory = stage.path("credentials");
    std::fs::create_dir(&directory).expect("made");
    let output = stage.bot(&["--json", "cert", "request", "deploy", "--ends-in", "30d", "--keep-dir", &directory]);
    assert!(output.status.success(), "{}", text(&output));
    let by_directory = [("DC_CREDENTIALS_DIR", &*directory)];
    let whoami = stage.d1(&["--json", "whoami"], &by_directory);
    assert_eq!(document(&whoami)["mode"], "certificate", "{}", text(&whoami));
    let first = shown(&document(&output)["id"]);
    let key = stage.read("credentials/tls.key");

    let rotate = ["--json", "cert", "rotate", "--keep-dir", &directory, "--key-type", "p384", "--min-age", "0s"];
    let output = stage.d1(&[&rotate[..], &["--grace", "0s"]].concat(), &by_directory);
    let told = document(&output);
    assert_eq!((&told["outcome"], &told["old"]["id"]), (&"made".into(), &first.clone().into()), "{told}");
    let line = stage.read("credentials/tls.key").lines().nth(1).expect("base64").to_owned();
    assert!(!key.contains(&line) && !text(&output).contains(&line), "{told}");
    assert!(stage.d1(&["whoami"], &by_directory).status.success());
    let certificates = stage.seen(&["cert", "list", "--user", "ci-bot"]);
    let is_enabled = |id: &str| {
        let all = certificates["items"].as_array().expect("a list");
        all.iter().find(|one| one["id"] == id).expect("it is listed")["enabled"].clone()
    };
    assert_eq!((is_enabled(&first), is_enabled(&shown(&told["id"]))), (false.into(), true.into()));
    assert!(stage.is_there("credentials.certificate.journal"));
}

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

#[test]
fn a_secret_whose_place_fails_is_in_the_last_resort_and_comes_back_by_resume() {
    let stage = Stage::new();
    let (journal, rescued, file) = (stage.path("ci.journal"), stage.path("rescued"), stage.path("api-key"));
    let last = ["--journal", &journal, "--last-resort", &rescued, "--last-resort-password", "env:RESCUE"];
    let variables = [("DC_API_KEY", stage.emulator.users()[0].api_key()), ("RESCUE", "canary-password")];
    let place = ["--keep-command", "sh -c 'cat >/dev/null; echo nothing is safe here >&2; exit 7'"];
    let create = [&["--json", "token", "create", "deploy"], &last[..], &place].concat();
    let output = stage.d1(&create, &variables);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let error = document(&output)["error"].clone();
    assert_eq!((&error["secret"]["state"], &error["next"]), (&"last-resort".into(), &"resume".into()), "{error}");
    let resume = shown(&error["resume"]);
    assert!(resume.starts_with("d1 resume --journal ") && resume.contains("--last-resort-password env:RESCUE"));
    assert!(stage.is_there("rescued") && !text(&output).contains("canary"), "{error}");

    let output = stage.d1(&create, &variables);
    assert_failed(&output, 3, &["pending", "d1 resume"]);

    let output = stage.d1(&[&["--json", "resume"], &last[..], &["--keep-file", &file]].concat(), &variables);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["outcome"], "made", "{}", text(&output));
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
    let enabled = stage.tokens_of("ci-bot").into_iter().filter(|(_, enabled)| *enabled).count();
    assert_eq!(enabled, 2, "the one of the beginning and the one that was kept");
}

#[test]
fn ctrl_c_in_the_middle_says_how_it_goes_on_and_resume_ends_it() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    assert!(stage.bot(&["token", "create", "deploy", "--keep-file", &file]).status.success());
    let hold = stage.emulator.control().fault(Fault::hold().method(Method::PUT).path(TOKENS));
    let arguments = ["--json", "token", "rotate", "--keep-file", &file, "--min-age", "0s", "--grace", "0s"];
    let key = stage.path("api-key");
    let mut rotate = stage.command(&arguments, &[("DC_API_KEY_FILE", &key)]);
    let child = rotate.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
    // It has proved the new one, and waits for the one before to be disabled.
    let is_proved = || {
        let seen = stage.emulator.observed();
        let made = seen.iter().rposition(|call| call.method == "POST");
        let proved = seen.iter().rposition(|call| call.path.ends_with("/user/me"));
        seen.iter().filter(|call| call.method == "POST").count() == 2 && made < proved
    };
    while !is_proved() {
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    let error = document(&output)["error"].clone();
    let resume = shown(&error["resume"]);
    assert_eq!(resume, format!("d1 resume --journal {file}.journal --keep-file {file}"), "{error}");

    stage.emulator.control().remove_fault(hold);
    let arguments: Vec<&str> = resume.split(' ').skip(1).collect();
    let output = stage.with_key_of("api-key", &[&["--json"], &arguments[..]].concat());
    let told = document(&output);
    assert_eq!((&told["outcome"], &told["old"]["state"]), (&"made".into(), &"disabled".into()), "{told}");
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
    let enabled = stage.tokens_of("ci-bot").into_iter().filter(|(_, enabled)| *enabled).count();
    assert_eq!(enabled, 2, "the one of the beginning and the new one");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_gets_the_secret_on_standard_input_and_no_argument_or_variable_has_it() {
    let stage = Stage::new();
    let (kept, seen) = (stage.path("kept"), stage.path("seen"));
    let script = format!("cat /proc/$PPID/cmdline /proc/$$/cmdline > {seen}; env >> {seen}; cat > {kept}");
    std::fs::write(stage.path("keep.sh"), script).expect("written");
    let (keep, read) = (format!("sh {}", stage.path("keep.sh")), format!("cat {kept}"));
    let journal = stage.path("ci.journal");
    let place = ["--keep-command", &keep, "--read-back-command", &read, "--journal", &journal];
    let output = stage.bot(&[&["--json", "token", "create", "deploy"], &place[..]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["kept"]["read_back"], true);
    let key = stage.read("kept").trim().to_owned();
    assert!(key.len() > 20 && !stage.read("seen").contains(&key), "an argument or variable has it");
    assert!(stage.read("seen").contains("create"), "{}", stage.read("seen"));
    assert!(!stage.read("seen").contains(stage.emulator.users()[0].api_key()), "our own key is passed on");
    assert!(stage.with_key_of("kept", &["whoami"]).status.success());
}

#[test]
fn what_is_typed_wrong_is_a_usage_error_that_repeats_no_password() {
    let stage = Stage::new();
    let (file, journal) = (stage.path("api-key"), stage.path("ci.journal"));
    let create = ["token", "create", "x"];
    let cases: [(&[&str], &str); 9] = [
        (&[], "--keep-file"),
        (&["--keep-file", &file, "--show-once"], "cannot be used with"),
        (&["--show-once"], "--journal"),
        (&["--keep-command", "cat", "--journal", &journal, "--read-back-command", "'"], "--read-back-command"),
        (&["--keep-file", &file, "--ends", "tomorrow"], "2099-12-31"),
        (&["--keep-file", &file, "--ends", "2099-12-31", "--ends-in", "3d"], "cannot be used with"),
        (&["--keep-file", &file, "--ends-in", "36h"], "whole days"),
        (&["--keep-file", &file, "--last-resort", &file, "--last-resort-password", "canary"], "env:NAME"),
        (&["--keep-file", &file, "--last-resort", &file, "--last-resort-password", "env:UNSET_D1"], "UNSET_D1"),
    ];
    for (more, words) in cases {
        let output = stage.bot(&[&create[..], more].concat());
        assert_failed(&output, 2, &[words]);
        assert!(!text(&output).contains("canary"), "{}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}
