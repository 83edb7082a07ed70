//! `d1 init`: a new profile in d1.toml, which holds references and never a secret. It is read back before it gets its name, and checked as
//! `d1 doctor` does.

use std::error::Error as _;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use digicert_one::core::{CredentialError, InstanceError, ValueShape, is_random_word};
use digicert_one::credentials::{ProfileFile, Reference, is_path};
use digicert_one::{Config, ConfigError, Variable};
use serde_json::Value;

use crate::arguments::pasted::is_password;
use crate::arguments::{ConnectionOptions, DoctorOptions, InitOptions, ModeName, SetupOptions};
use crate::doctor;
use crate::failure::Failure;
use crate::output::Output;
use crate::whole_file::{Existing, Readers, persist, prepare};

/// The fields of a profile.
struct Profile {
    host: String,
    mode: Option<ModeName>,
    api_key: Option<Reference>,
    certificate: Option<Reference>,
    private_key: Option<Reference>,
    password: Option<Reference>,
}

/// Writes the profile and checks it.
pub(crate) async fn run(options: &InitOptions, output: &Output) -> Result<(), Failure> {
    let path = options.destination()?;
    let asked = options.clone();
    let profile = tokio::task::spawn_blocking(move || asked.complete());
    let profile = profile.await.map_err(|error| Failure::Internal(error.into()))??;
    options.write(&path, &profile)?;
    let (document, exit) = options.check(path, output).await?;
    output.document(&document)?;
    exit.map_or(Ok(()), |code| Err(Failure::Reported(code)))
}

impl InitOptions {
    /// The file to write to, in which the profile is new.
    pub(crate) fn destination(&self) -> Result<PathBuf, Failure> {
        let is_name = |one: u8| one.is_ascii_alphanumeric() || one == b'-' || one == b'_';
        if self.name.is_empty() || !self.name.bytes().all(is_name) {
            return Err(Failure::Usage("a profile's name has letters, digits, - and _ only".to_owned()));
        }
        let path = self.path()?;
        self.check_new(&path)?;
        Ok(path)
    }

    /// Writes the profile, for which all is given.
    pub(crate) fn write_given(&self, path: &Path) -> Result<(), Failure> {
        self.write(path, &self.complete()?)
    }

    /// Checks the profile as `d1 doctor` does.
    pub(crate) async fn check(&self, path: PathBuf, output: &Output) -> Result<(Value, Option<u8>), Failure> {
        output.text(&format!("wrote the profile {} to {}\n", self.name, path.display()))?;
        let setup = SetupOptions {
            profile: Some(self.name.clone()),
            mode: None,
            base: None,
            clientauth_base: None,
            confirm_host: None,
            ca_file: None,
            config: Some(path),
        };
        let connection = ConnectionOptions::of(setup);
        let call = doctor::WHOAMI.to_owned();
        let doctor = DoctorOptions {
            online: self.online,
            call,
            compare_transports: false,
            junit: None,
            bundle: None,
            connection,
        };
        let checked = doctor::examine(&doctor, output, None).await?;
        if checked.1.is_none() {
            output.text(&format!("\nuse it with --profile {0} or DC_PROFILE={0}", self.name))?;
        }
        Ok(checked)
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        let path = self.config.clone().or_else(|| ProfileFile::default_path(&Variable::from_env));
        let path = path.ok_or_else(|| {
            Failure::Usage("missing home directory to write d1.toml to: name a file with --config".to_owned())
        })?;
        // A link stays, and its file is replaced.
        Ok(path.canonicalize().unwrap_or(path))
    }

    fn check_new(&self, path: &Path) -> Result<(), Failure> {
        if !path.exists() {
            return Ok(());
        }
        let file = ProfileFile::read(path).map_err(|error| Failure::Setup(error.into()))?;
        match file.names().any(|name| name == self.name) {
            true => Err(Failure::Usage(format!(
                "{} has a profile {} already: take another name, or edit the file",
                path.display(),
                self.name
            ))),
            false => Ok(()),
        }
    }

    /// The profile, with answers for what the options leave open.
    fn complete(&self) -> Result<Profile, Failure> {
        let mut profile = Profile {
            host: String::new(),
            mode: self.mode,
            api_key: self.api_key_from.clone(),
            certificate: self.certificate_from.clone(),
            private_key: self.private_key_from.clone(),
            password: self.password_from.clone(),
        };
        let is_given = profile.api_key.is_some() || profile.certificate.is_some();
        self.check_mode(&profile, is_given)?;
        if (self.host.is_none() || !is_given) && !has_terminal() {
            return Err(Failure::Usage(
                "missing terminal to ask on: give --host, and --api-key-from or --certificate-from or both".to_owned(),
            ));
        }
        profile.host = match &self.host {
            Some(host) => host.clone(),
            None => self.ask_for_host()?,
        };
        if !is_given {
            profile.ask_for_credential()?;
        }
        for reference in profile.references() {
            check(reference)?;
        }
        Ok(profile)
    }

    /// Refuses a mode whose credential is not among what is given.
    fn check_mode(&self, profile: &Profile, is_given: bool) -> Result<(), Failure> {
        let (key, certificate) = (profile.api_key.is_some(), profile.certificate.is_some());
        let missing = match self.mode {
            Some(ModeName::Key | ModeName::Both) if is_given && !key => "--mode requires --api-key-from as well",
            Some(ModeName::Certificate | ModeName::Both) if is_given && !certificate => {
                "--mode requires --certificate-from as well"
            }
            _ => return Ok(()),
        };
        Err(Failure::Usage(missing.to_owned()))
    }

    /// Asks until the answer is a host.
    fn ask_for_host(&self) -> Result<String, Failure> {
        loop {
            let host = ask("Host of DigiCert ONE", Some("one.digicert.com"))?;
            let lookup = |name: &str| (name == "DC_BASE").then(|| Variable::new("the host", &*host));
            match Config::standard(&lookup) {
                // A confirmation is a variable, which the profile needs, too.
                Ok(_) | Err(ConfigError::Host { source: InstanceError::Lookalike { .. }, .. }) => return Ok(host),
                Err(error) => say(&error.to_string())?,
            }
        }
    }

    /// Adds the profile to the file, once the file with it can be read.
    fn write(&self, path: &Path, profile: &Profile) -> Result<(), Failure> {
        let failed = |source| Failure::File { action: "write", path: path.to_owned(), source };
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let (previous, existing) = match std::fs::read_to_string(path) {
            Ok(text) => (text, Existing::Replace),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (String::new(), Existing::Refuse),
            Err(source) => return Err(Failure::File { action: "read", path: path.to_owned(), source }),
        };
        let gap = match previous.as_str() {
            "" => "",
            text if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let text = format!("{previous}{gap}{}", self.toml(profile)?);
        let file = prepare(path, text.as_bytes(), Readers::OwnerAtFirst, existing).map_err(failed)?;
        // In the same directory, where relative paths mean the same.
        let lookup = |name: &str| match name {
            "DC_CONFIG" => Some(Variable::option("--config", file.path())),
            "DC_PROFILE" => Some(Variable::option("NAME", &self.name)),
            // Nothing of the profile: the check below reports it.
            "SM_TLS_SKIP_VERIFY" => None,
            _ => Variable::from_env(name),
        };
        // The file that was read gets its name only now.
        let named = |text: &str| text.replace(&file.path().display().to_string(), &path.display().to_string());
        Config::standard(&lookup).map_err(|error| {
            Failure::Setup(match error {
                ConfigError::Host { name, source } => ConfigError::Host { name: named(&name), source },
                ConfigError::Conflict { first, second } => {
                    ConfigError::Conflict { first: named(&first), second: named(&second) }
                }
                ConfigError::Credential(error) => {
                    let place = error.place().map(named).unwrap_or_default();
                    let renamed = CredentialError::new(error.code(), named(error.message())).at(place);
                    ConfigError::Credential(match error.source() {
                        Some(source) => renamed.with_source(source.to_string()),
                        None => renamed,
                    })
                }
                error => error,
            })
        })?;
        persist(file, path, existing).map_err(failed)
    }

    fn toml(&self, profile: &Profile) -> Result<String, Failure> {
        let reference = |reference: &Option<Reference>| reference.as_ref().map(ToString::to_string);
        let mode = profile.mode.and_then(|mode| Some(mode.to_possible_value()?.get_name().to_owned()));
        let ca_file = match &self.ca_file {
            // A relative path of a profile starts at the folder of d1.toml.
            Some(path) => Some(std::path::absolute(path).map_err(|source| Failure::File {
                action: "find",
                path: path.clone(),
                source,
            })?),
            None => None,
        };
        let mut text = format!("[profiles.{}]\n", self.name);
        for (name, value) in [
            ("host", Some(profile.host.clone())),
            ("clientauth_host", self.clientauth_host.clone()),
            ("mode", mode),
            ("ca_file", ca_file.map(|path| path.display().to_string())),
            ("api_key", reference(&profile.api_key)),
            ("certificate", reference(&profile.certificate)),
            ("private_key", reference(&profile.private_key)),
            ("password", reference(&profile.password)),
        ] {
            let Some(value) = value else { continue };
            if value.chars().any(char::is_control) {
                return Err(Failure::Usage(format!("{name}: it has a control character")));
            }
            // A JSON string without control characters is a basic string of TOML, too.
            text += &format!("{name} = {}\n", serde_json::json!(value));
        }
        Ok(text)
    }
}

impl Profile {
    fn ask_for_credential(&mut self) -> Result<(), Failure> {
        let mode = match self.mode {
            Some(mode) => mode,
            None => loop {
                let answer = ask("Credential: key, certificate or both", Some("key"))?;
                match ModeName::from_str(&answer, true) {
                    Ok(mode) => break mode,
                    Err(_) => say("answer key, certificate or both")?,
                }
            },
        };
        if mode != ModeName::Certificate {
            self.api_key = ask_for_reference("Where is the API key", true)?;
        }
        if mode != ModeName::Key {
            self.certificate = ask_for_reference("Where is the client certificate", true)?;
            self.private_key = ask_for_reference("Where is its private key (empty: with the certificate)", false)?;
            self.password = ask_for_reference("Where is the password (empty: there is none)", false)?;
        }
        Ok(())
    }

    fn references(&self) -> impl Iterator<Item = &Reference> {
        [&self.api_key, &self.certificate, &self.private_key, &self.password].into_iter().flatten()
    }
}

/// Whether a reference names a place: what was pasted behind `env:` or `file:` may be the secret.
fn check(reference: &Reference) -> Result<(), Failure> {
    let is_secret = |text: &str| ValueShape::of(text).is_some() || is_random_word(text);
    let is_suspicious = match reference {
        Reference::Variable(name) => {
            is_secret(name) || !name.bytes().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'_')
        }
        // A directory of a path may look like a random word.
        Reference::File(text) => (is_secret(text) || is_password(text)) && !is_path(Path::new(text)),
        Reference::Keyring(text) => is_secret(text) || is_password(text),
        Reference::Command(words) => words.iter().any(|word| is_secret(word)),
        _ => false,
    };
    if is_suspicious {
        return Err(Failure::Usage(
            "a reference seems to hold the secret itself; name the variable (in capital letters), file, item or program that has it"
                .to_owned(),
        ));
    }
    Ok(())
}

fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks until the answer is a reference.
fn ask_for_reference(question: &str, is_required: bool) -> Result<Option<Reference>, Failure> {
    loop {
        let answer = ask(&format!("{question}? env:NAME, file:PATH, keyring:ITEM or exec:PROGRAM"), None)?;
        if answer.is_empty() && !is_required {
            return Ok(None);
        }
        match answer.parse::<Reference>() {
            Ok(reference) => match check(&reference) {
                Ok(()) => return Ok(Some(reference)),
                Err(error) => say(&error.to_string())?,
            },
            // Without the answer, which may be the secret.
            Err(error) => say(error.message())?,
        }
    }
}

fn ask(question: &str, default: Option<&str>) -> Result<String, Failure> {
    let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    let mut line = String::new();
    let read = say_on(&format!("{question}{shown}: ")).and_then(|()| std::io::stdin().read_line(&mut line));
    match read.map_err(Failure::Output)? {
        0 => Err(Failure::Usage("the input ended before every question was answered".to_owned())),
        _ => Ok(match line.trim() {
            "" => default.unwrap_or_default().to_owned(),
            answer => answer.to_owned(),
        }),
    }
}

fn say(text: &str) -> Result<(), Failure> {
    say_on(&format!("{text}\n")).map_err(Failure::Output)
}

fn say_on(text: &str) -> std::io::Result<()> {
    let mut err = std::io::stderr();
    err.write_all(text.as_bytes()).and_then(|()| err.flush())
}
