//! `cargo xtask fuzz`: runs every fuzz target of tests/fuzz for some time, with cargo-fuzz (install it with
//! `cargo install cargo-fuzz`). The seeds are generated, one file for each format of a client certificate, so
//! that the fuzzer starts inside the formats.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo;
use crate::failure::Failure;

const FOLDER: &str = "tests/fuzz";

/// Texts for the targets that read text.
const TEXTS: &[(&str, &str)] = &[
    ("host", "https://clientauth.demo.one.digicert.com:443/a%2Fb?c=d"),
    ("error_body", "\u{1}{\"errors\":[{\"code\":\"duplicate_error\",\"message\":\"Nickname\",\"field\":\"x\"}]}"),
    ("error_body", "\u{3}{\"error\":{\"status\":\"access_denied\",\"message\":\"not multi-factor authenticated\"}}"),
    ("error_body", "d{\"status\":\"500\",\"error\":\"Internal Server Error\",\"path\":\"/x\"}"),
    ("error_body", "\u{0}{\"error\":\"invalid_request\",\"error_description\":\"why\",\"code\":42}"),
    (
        "gateway",
        "\u{3}nginx\n1.1 proxy\ntext/html\n\n<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1></body></html>",
    ),
    ("gateway", "\u{3}Apache\n\n<title>403</title>Reason: Cannot perform Post-Handshake Authentication."),
    ("gateway", "\u{67}envoy\n\nupstream connect error"),
    ("gateway", "\u{1}x\nx\napplication/json\ngzip\nBasic realm=x\n{\"message\":\"No\"}"),
    ("location", "https://ONE.digicert.test:443/d1/x?y=%2f#z"),
    ("location", "//user@one.digicert.test/d1/../x"),
    ("location", "device?from=10:00"),
    ("location", "javascript:alert(1)"),
    ("pages", "\u{12}[{\"id\":1},{\"id\":2}]\n[{\"id\":3}]"),
    (
        "pages",
        "\u{2}{\"total\":3,\"offset\":0,\"limit\":2,\"items\":[1,2]}\n{\"total\":3,\"offset\":2,\"limit\":2,\"items\":[3]}",
    ),
    (
        "pages",
        "\u{2}{\"total\":4,\"records\":[1,2],\"next\":\"/d1/list?offset=2\"}\n{\"total\":4,\"records\":[3,4],\"next\":null}",
    ),
    (
        "pages",
        "\u{42}{\"credentialIDs\":[\"a\"],\"nextPageToken\":\"t\"}\n{\"credentialIDs\":[\"b\"]}\n{\"next\":2,\"data\":[]}",
    ),
    // Items, page size, cap of the server, kind of paging, metadata.
    ("list_ends", "\u{7}\u{3}\u{2}\u{0}\u{1}"),
    ("list_ends", "\u{9}\u{3}\u{3}\u{1}\u{6}"),
    ("list_ends", "\u{14}\u{4}\u{4}\u{4}\u{1a}"),
    ("list_ends", "\u{7}\u{5}\u{2}\u{7}\u{3}"),
    ("retry_after", "120\nSun, 06 Nov 1994 08:49:37 GMT"),
    ("retry_after", "Thu, 01 Jan 1970 00:00:00 GMT\nSun, 06 Nov 1994 08:49:37 GMT"),
    ("retry_after", "-1\n99999999999"),
    ("jsign", "01ab_cd|client.p12|a password"),
    (
        "properties",
        "# smctl\nSM_API_KEY=01ab_cd\nSM_CLIENT_CERT_PASSWORD : pass\\u0077ord \\\n  more\nSM_HOST=https://clientauth.one.digicert.com\n",
    ),
    (
        "profile",
        "[profiles.ci-prod]\nhost = \"https://one.digicert.com\"\napi_key = \"env:KEY\"\ncertificate = \"file:~/client.p12\"\npassword = \"exec:pass show 'a b'\"\napi_key_ends = \"2026-12-31\"\nmode = \"both\"\n",
    ),
];

/// How long, and what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// This target alone
    #[arg(long, value_name = "TARGET")]
    only: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let targets = targets()?;
    if let Some(only) = arguments.only.as_ref().filter(|only| !targets.contains(only)) {
        return Err(Failure::new(format_args!("unknown target {only}; the targets are {}", targets.join(", "))));
    }
    seed()?;
    for target in targets.iter().filter(|target| arguments.only.as_ref().is_none_or(|only| only == *target)) {
        println!("==> {target}: {} seconds", arguments.seconds);
        let mut command = Command::new(cargo::path());
        command.current_dir(cargo::root()).args(["fuzz", "run", "--fuzz-dir", FOLDER]);
        command.arg("--target-dir").arg(cargo::root().join("target").join("fuzz"));
        command.args([target, "--", "-timeout=60", "-rss_limit_mb=1024", "-print_final_stats=1"]);
        command.arg(format!("-max_total_time={}", arguments.seconds));
        // The sanitizer is an unstable flag of the compiler; nothing else here needs it.
        command.env("RUSTC_BOOTSTRAP", "1");
        let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo fuzz: {error}")))?;
        if !status.success() {
            return Err(Failure::new(format_args!(
                "{target}: the fuzzer found something, or cargo-fuzz is not installed"
            )));
        }
    }
    Ok(())
}

/// The targets are the files in their folder.
fn targets() -> Result<Vec<String>, Failure> {
    let folder = cargo::root().join(FOLDER).join("targets");
    let entries = fs::read_dir(&folder).map_err(|error| Failure::new(format_args!("{}: {error}", folder.display())))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

/// Key stores of every format, generated by the tests of `identity`.
fn seed() -> Result<(), Failure> {
    let corpus = cargo::root().join(FOLDER).join("corpus");
    for target in ["ca_bundle", "pem", "pkcs12"] {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).map_err(|error| Failure::new(format_args!("{}: {error}", folder.display())))?;
    }
    for (number, (target, text)) in TEXTS.iter().enumerate() {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(format!("seed-{number}")), text))
            .map_err(|error| Failure::new(format_args!("{}: {error}", folder.display())))?;
    }
    must_seed(&corpus)
}

fn must_seed(corpus: &Path) -> Result<(), Failure> {
    let status = cargo::command(&["test", "--package", "digicert-one-credentials", "--test", "identity", "seeds"])
        .env("D1_SEED_CORPUS", corpus)
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("failed to generate the seeds")) }
}
