//! The program under test, and an emulator with the files that its callers need.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use digicert_one_emulator::{Emulator, EmulatorOptions, KeyEncoding};
use digicert_one_testbed::{ClientSpec, Pki, Validity};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const TRANSPORTS: [&str; 4] = ["rustls", "reqwest", "isahc", "native-tls"];
pub(crate) const ME: &str = "/account/api/v1/user/me";

/// A variable's name and value.
pub(crate) type Variable<'a> = (&'a str, &'a str);

/// Takes away the variables that `d1` reads, and the places where it looks for files: nothing in the environment is the developer's.
/// What a test sets comes after this.
pub(crate) fn cleared(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("DC_") || name.starts_with("SM_") {
            command.env_remove(&*name);
        }
    }
    for name in ["APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env("USERPROFILE", "/nonexistent")
}

/// Whether this program is installed. A test that needs it says so and passes without it.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) fn is_installed(program: &str) -> bool {
    let is_installed = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_installed {
        println!("SKIPPED: {program} is not installed");
    }
    is_installed
}

/// `d1` with these variables and no others of ours.
pub(crate) fn d1(arguments: &[&str], variables: &[Variable<'_>]) -> Output {
    command(arguments, variables).output().expect("d1 runs")
}

pub(crate) fn command(arguments: &[&str], variables: &[Variable<'_>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_d1"));
    command.args(arguments).stdin(Stdio::null());
    cleared(&mut command);
    command.envs(variables.iter().copied());
    command
}

/// The second command, run by a program that has it as its last arguments.
#[cfg(unix)]
pub(crate) fn run_by(program: &[&str], inner: &Command) -> Command {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no document ({error}): {}", text(output)))
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

/// An emulator, and a directory with the file `ca.pem`.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) directory: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::of(EmulatorOptions::default()).with_certificates()
    }

    /// Writes the certificates and keys of a caller, and of a foreign one.
    pub(crate) fn with_certificates(self) -> Self {
        let user = &self.emulator.users()[0];
        let foreign = self.emulator.foreign_client();
        let foreign_key = foreign.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
        for (name, pem) in [
            ("cert.pem", user.certificate_pem()),
            ("key.pem", user.key_pem()),
            ("bundle.pem", format!("{}{}", user.certificate_pem(), user.key_pem())),
            ("foreign.pem", format!("{}{foreign_key}", foreign.chain_pem())),
            ("foreign-key.pem", foreign_key.clone()),
            ("empty.pem", String::new()),
        ] {
            std::fs::write(self.path(name), pem).expect("written");
        }
        self
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

    /// A file with a certificate that is not valid yet, and its key.
    pub(crate) fn later(&self) -> String {
        let later = Pki::shared().client(ClientSpec { validity: Validity::NotYetValid, ..ClientSpec::default() });
        std::fs::write(self.path("later.pem"), later.bundle_pem()).expect("written");
        self.path("later.pem")
    }

    /// The API key of the service user that the emulator begins with.
    pub(crate) fn key(&self) -> &str {
        self.emulator.users()[0].api_key()
    }

    /// `d1` with host and CA set, and these variables beside them.
    pub(crate) fn command(&self, arguments: &[&str], variables: &[Variable<'_>]) -> Command {
        let (platform, client_auth, ca) =
            (self.emulator.platform_url(), self.emulator.client_auth_url(), self.path("ca.pem"));
        let base = [("DC_BASE", &*platform), ("DC_CLIENTAUTH_BASE", &*client_auth), ("DC_CA_FILE", &*ca)];
        command(arguments, &[&base, variables].concat())
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
        self.d1(arguments, &[("DC_API_KEY", self.key())])
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

    /// How many calls came whose method is not GET.
    pub(crate) fn changes(&self) -> usize {
        self.emulator.observed().iter().filter(|call| call.method != "GET").count()
    }

    /// Nothing was sent that changes anything, nothing is stored, and there is nothing to resume.
    pub(crate) fn assert_untouched(&self, stored: &str) {
        assert_eq!(self.changes(), 0, "something was changed");
        self.assert_nothing_left(stored);
    }

    pub(crate) fn assert_nothing_left(&self, stored: &str) {
        assert!(!self.is_there(stored), "{stored} is there");
        let had_journal = self.is_there(&format!("{stored}.journal"));
        let before = self.files();
        let output = self.admin(&["--json", "resume", "--store", &self.file_store(stored)]);
        if had_journal {
            assert!(output.status.success(), "{}", text(&output));
            assert_eq!(document(&output)["outcome"], "nothing-to-resume");
        } else {
            assert_failed(&output, 3, &["IO-02", &format!("{stored}.journal")]);
        }
        assert_eq!(self.files(), before, "resuming left files");
    }
}
