//! docs/operating.md: its transcripts are what the program prints. `WRITE_DOCS=1 cargo test -p digicert-one-cli --test d1 operating`
//! writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, SystemTime};

use digicert_one_testbed::{Chain, ClientSpec, Pki, Validity};
use regex::Regex;

use crate::stage::{Stage, d1};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operating.md");
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a run prints, with fixed words in place of what differs from run to run.
struct Transcripts {
    stage: Stage,
    all: BTreeMap<&'static str, String>,
}

impl Transcripts {
    /// Runs `d1` with these variables, and remembers what the user would see.
    fn run(&mut self, name: &'static str, arguments: &[&str], variables: &[(&str, &str)]) {
        let config = self.stage.path("d1.toml");
        let given = [&[("DC_CONFIG", &*config), ("CI_KEY", self.stage.key())], variables].concat();
        let output = d1(arguments, &given);
        let quote = |word: &&str| shlex::try_quote(word).expect("no NUL").into_owned();
        let mut text = format!("$ d1 {}\n", arguments.iter().map(quote).collect::<Vec<_>>().join(" "));
        for stream in [&output.stdout, &output.stderr] {
            text += &String::from_utf8_lossy(stream);
        }
        if let Some(code) = output.status.code().filter(|code| *code != 0) {
            let _ = write!(text, "(exit code {code})");
        }
        assert!(!text.contains(self.stage.key()), "{text}");
        let text = self.fixed(text.trim_end());
        assert!(self.all.insert(name, text).is_none(), "{name} is there twice");
    }

    fn fixed(&self, text: &str) -> String {
        let emulator = &self.stage.emulator;
        let directory = self.stage.directory.path().display().to_string();
        let mut text = text.replace(&directory, "/etc/d1");
        for (url, host) in
            [(emulator.platform_url(), "one.digicert.com"), (emulator.client_auth_url(), "clientauth.one.digicert.com")]
        {
            let place = url.trim_start_matches("https://").to_owned();
            text = text.replace(&url, &format!("https://{host}")).replace(&place, host);
        }
        for (pattern, fixed) in [
            (r"valid from( +)\S+", "valid from${1}T1"),
            (r"\S+Z \(expired 1 day ago\)", "T2 (expired 1 day ago)"),
            (r"ended at \S+Z", "ended at T2"),
            (r"clock says \S+Z", "clock says T3"),
            (r"\S+Z( +)expires in 9 days", "T4${1}expires in 9 days"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "T5"),
            (r"\bT1\b", "2025-01-31T08:00:00Z"),
            (r"\bT2\b", "2026-01-30T08:00:00Z"),
            (r"\bT3\b", "2026-01-31T08:00:00Z"),
            (r"\bT4\b", "2026-02-09T23:59:59Z"),
            (r"\bT5\b", "2027-01-31T23:59:59Z"),
            (r"\b[0-9a-f]{64}\b", "9f2c0de1a5b7c3d94e8f60718293a4b5c6d7e8f9012a3b4c5d6e7f8091a2b3c4"),
            (r"serial( +)[0-9a-f]+", "serial${1}5d1c9b07e2a4"),
            (r"fingerprint \S+", "fingerprint k:7f3a"),
            (r"localhost: \d+ IPv4 and \d+ IPv6 address(es)?", "one.digicert.com: 2 IPv4 and 2 IPv6 addresses"),
            (r"Testbed (Root|Intermediate) [0-9a-f]+", "Example $1 CA"),
            (r"\d+ seconds from", "0 seconds from"),
            (r"\b36[45] days", "365 days"),
            (r"\b36\d\d days", "3650 days"),
        ] {
            text = Regex::new(pattern).expect("a pattern").replace_all(&text, fixed).into_owned();
        }
        text
    }
}

fn transcripts() -> BTreeMap<&'static str, String> {
    let mut all = Transcripts { stage: Stage::new(), all: BTreeMap::new() };
    let file = |all: &Transcripts, name: &str, spec: ClientSpec| {
        fs::write(all.stage.path(name), Pki::shared().client(spec).bundle_pem()).expect("written");
        #[cfg(unix)]
        fs::set_permissions(all.stage.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
        all.stage.path(name)
    };
    let (platform, client_auth) = (all.stage.emulator.platform_url(), all.stage.emulator.client_auth_url());
    let ca = all.stage.path("ca.pem");
    let init = ["init", "ci-prod", "--host", &platform, "--api-key-from", "env:CI_KEY", "--ca-file", &ca];
    let init = [&init[..], &["--clientauth-host", &client_auth]].concat();
    all.run("init", &init, &[]);
    all.run("init-exists", &init, &[]);
    all.run("doctor", &["doctor", "--profile", "ci-prod", "--online"], &[]);
    let foreign = all.stage.emulator.foreign_api_key();
    all.run("doctor-refused", &["doctor", "--profile", "ci-prod", "--online"], &[("CI_KEY", &foreign)]);
    let day = |days: u32| {
        let time = SystemTime::now() + days * DAY;
        jiff::Timestamp::try_from(time).expect("a near day").strftime("%Y-%m-%d").to_string()
    };
    let (far, near) = (day(365), day(9));
    let dates = |end: &str| {
        let text = fs::read_to_string(all.stage.path("d1.toml")).expect("written");
        let text = text.lines().filter(|line| !line.contains("_ends")).collect::<Vec<_>>().join("\n");
        fs::write(all.stage.path("d1.toml"), format!("{text}\napi_key_ends = {end}\nowner_ends = {far}\n"))
            .expect("written");
    };
    dates(&far);
    all.run("expiry", &["expiry", "--profile", "ci-prod", "--offline"], &[]);
    let text = fs::read_to_string(all.stage.path("d1.toml")).expect("written");
    fs::write(
        all.stage.path("d1.toml"),
        text.replacen(&format!("api_key_ends = {far}"), &format!("api_key_ends = {near}"), 1),
    )
    .expect("written");
    all.run("expiry-near", &["expiry", "--profile", "ci-prod", "--offline", "--fail-under", "14d"], &[]);
    let spec = |common_name: &str| ClientSpec { common_name: common_name.to_owned(), ..ClientSpec::default() };
    let good = file(&all, "client.pem", spec("ci-bot"));
    all.run("inspect", &["cert", "inspect", &good], &[]);
    let bad = ClientSpec { validity: Validity::Expired, chain: Chain::LeafOnly, ..spec("ci-bot") };
    let bad = file(&all, "old.pem", bad);
    all.run("inspect-expired", &["cert", "inspect", &bad], &[]);
    all.all
}

#[test]
fn operating_page_shows_what_the_program_prints() {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let mut transcripts = transcripts();
    let block = Regex::new(r"(?s)<!-- transcript: ([a-z-]+) -->\n(?:\n?```text\n.*?\n```\n)?").expect("a pattern");
    let fresh = block.replace_all(&page, |found: &regex::Captures<'_>| {
        let text = transcripts.remove(&found[1]).unwrap_or_else(|| panic!("no transcript {}", &found[1]));
        format!("<!-- transcript: {} -->\n```text\n{text}\n```\n", &found[1])
    });
    assert!(transcripts.is_empty(), "not on the page: {:?}", transcripts.keys());
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(PAGE, &*fresh).expect("the page can be written");
    } else {
        assert!(
            page == *fresh,
            "docs/operating.md is out of date; the first lines of this file say how it is written\n{fresh}"
        );
    }
}
