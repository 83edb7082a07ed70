//! The program under test, an emulator, and a directory for what is kept.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use digicert_one_emulator::{Emulator, EmulatorOptions};
use serde_json::Value;
use tempfile::TempDir;

use crate::environment::cleared;

/// A variable's name and value.
pub(crate) type Variable<'a> = (&'a str, &'a str);

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no document ({error}): {}", text(output)))
}

/// An emulator, and a directory for what is kept.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) directory: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::of(EmulatorOptions::default())
    }

    pub(crate) fn of(options: EmulatorOptions) -> Self {
        let emulator = Emulator::start_blocking(options).expect("loopback can be bound");
        let stage = Self { emulator, directory: tempfile::tempdir().expect("a directory") };
        std::fs::write(stage.path("ca.pem"), stage.emulator.ca_pem()).expect("written");
        stage
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// The value of `--store` for a file of this stage.
    pub(crate) fn file_store(&self, name: &str) -> String {
        format!("file:{}", self.path(name))
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("it is there")
    }

    /// The names of all files.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).expect("a directory");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn is_there(&self, name: &str) -> bool {
        Path::new(&self.path(name)).exists()
    }

    pub(crate) fn command(&self, arguments: &[&str], variables: &[Variable<'_>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_d1"));
        command.args(arguments).stdin(Stdio::null());
        cleared(&mut command);
        command.env("DC_BASE", self.emulator.platform_url()).env("DC_CLIENTAUTH_BASE", self.emulator.client_auth_url());
        command.env("DC_CA_FILE", self.path("ca.pem")).envs(variables.iter().copied());
        command
    }

    pub(crate) fn d1(&self, arguments: &[&str], variables: &[Variable<'_>]) -> Output {
        self.command(arguments, variables).output().expect("d1 runs")
    }

    /// As the administrator, who may do everything.
    pub(crate) fn admin(&self, arguments: &[&str]) -> Output {
        self.d1(arguments, &[("DC_API_KEY", self.emulator.administrator().api_key())])
    }

    /// As the service user that the emulator begins with.
    pub(crate) fn bot(&self, arguments: &[&str]) -> Output {
        self.d1(arguments, &[("DC_API_KEY", self.emulator.users()[0].api_key())])
    }

    /// With the key in this file.
    pub(crate) fn with_key_of(&self, file: &str, arguments: &[&str]) -> Output {
        self.d1(arguments, &[("DC_API_KEY_FILE", &self.path(file))])
    }

    /// A document of the administrator's.
    pub(crate) fn seen(&self, arguments: &[&str]) -> Value {
        let output = self.admin(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        document(&output)
    }

    pub(crate) fn user_names(&self) -> Vec<String> {
        let users = self.seen(&["service-user", "list"]);
        users["items"].as_array().expect("a list").iter().map(|user| shown(&user["friendly_name"])).collect()
    }

    /// The tokens of a user: id and whether it is enabled.
    pub(crate) fn tokens_of(&self, user: &str) -> Vec<(String, bool)> {
        let tokens = self.seen(&["token", "list", "--user", user]);
        let tokens = tokens["items"].as_array().expect("a list");
        tokens.iter().map(|token| (shown(&token["id"]), token["enabled"] == true)).collect()
    }

    /// How many calls came that were no GET.
    pub(crate) fn changes(&self) -> usize {
        self.emulator.observed().iter().filter(|call| call.method != "GET").count()
    }

    /// Nothing was sent that changes anything, nothing is kept, and nothing is to be resumed.
    pub(crate) fn assert_untouched(&self, kept: &str) {
        assert_eq!(self.changes(), 0, "something was changed");
        self.assert_nothing_left(kept);
    }

    pub(crate) fn assert_nothing_left(&self, kept: &str) {
        assert!(!self.is_there(kept), "{kept} is there");
        let had_journal = self.is_there(&format!("{kept}.journal"));
        let before = self.files();
        let output = self.admin(&["--json", "resume", "--store", &self.file_store(kept)]);
        if had_journal {
            assert!(output.status.success(), "{}", text(&output));
            assert_eq!(document(&output)["outcome"], "nothing-to-resume");
        } else {
            assert_failed(&output, 3, &["IO-02", &format!("{kept}.journal")]);
        }
        assert_eq!(self.files(), before, "resuming left files");
    }
}

pub(crate) fn shown(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[track_caller]
pub(crate) fn assert_failed(output: &Output, exit: i32, words: &[&str]) {
    assert_eq!(output.status.code(), Some(exit), "{}", text(output));
    for word in words {
        assert!(text(output).contains(word), "{word:?} is missing: {}", text(output));
    }
}
