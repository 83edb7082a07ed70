//! The program under test, and an emulator with the files that its callers need.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use digicert_one_emulator::{Emulator, EmulatorOptions, KeyEncoding};
use digicert_one_testbed::{ClientSpec, Pki, Validity};
use tempfile::TempDir;

use crate::environment::cleared;

pub(crate) const TRANSPORTS: [&str; 4] = ["rustls", "reqwest", "isahc", "native-tls"];

/// A variable's name and value.
pub(crate) type Variable<'a> = (&'a str, &'a str);

/// `d1` with these variables and no others of ours.
pub(crate) fn d1(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(arguments, variables).output().expect("d1 runs")
}

pub(crate) fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_d1"));
    command.args(arguments).stdin(Stdio::null());
    cleared(&mut command);
    command.envs(variables.iter().copied());
    command
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An emulator with the files that its callers need.
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
        let user = &stage.emulator.users()[0];
        let foreign = stage.emulator.foreign_client();
        let foreign_key = foreign.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
        for (name, pem) in [
            ("ca.pem", stage.emulator.ca_pem().to_owned()),
            ("cert.pem", user.certificate_pem()),
            ("key.pem", user.key_pem()),
            ("bundle.pem", format!("{}{}", user.certificate_pem(), user.key_pem())),
            ("foreign.pem", format!("{}{foreign_key}", foreign.chain_pem())),
            ("foreign-key.pem", foreign_key.clone()),
            ("empty.pem", String::new()),
        ] {
            std::fs::write(stage.directory.path().join(name), pem).expect("written");
        }
        stage
    }

    pub(crate) fn file(&self, name: &str) -> String {
        PathBuf::from(self.directory.path()).join(name).display().to_string()
    }

    /// A file with a certificate that is not valid yet, and its key.
    pub(crate) fn later(&self) -> String {
        let later = Pki::shared().client(ClientSpec { validity: Validity::NotYetValid, ..ClientSpec::default() });
        std::fs::write(self.file("later.pem"), later.bundle_pem()).expect("written");
        self.file("later.pem")
    }

    pub(crate) fn key(&self) -> &str {
        self.emulator.users()[0].api_key()
    }

    /// Runs `d1` with host and CA set, and these variables beside them.
    pub(crate) fn d1(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(arguments, variables).output().expect("d1 runs")
    }

    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let (platform, client_auth, ca) =
            (self.emulator.platform_url(), self.emulator.client_auth_url(), self.file("ca.pem"));
        let base = [("DC_BASE", &*platform), ("DC_CLIENTAUTH_BASE", &*client_auth), ("DC_CA_FILE", &*ca)];
        command(arguments, &[&base, variables].concat())
    }
}
