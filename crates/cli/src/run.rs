//! `d1 run`: the credential as variables of one program. Certificate and key become files in a private directory, which is removed when
//! the program ends.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use digicert_one::core::HostRole;
use digicert_one::{ClientIdentity, Config, ReadOptions, Secret};
use pem_rfc7468::LineEnding;
use tempfile::TempDir;

use crate::arguments::{RunOptions, VariableNames};
use crate::cert_file::pkcs12::{self, Protection};
use crate::child;
use crate::connection::{self, LoadedConnection};
use crate::end_date;
use crate::failure::Failure;
use crate::output::Output;
use crate::private_directory;
use crate::signals::Signals;
use crate::whole_file::{Existing, Readers, write_whole};

/// Random bytes of the password of a key store for one program.
const PASSWORD: usize = 20;

/// Reads the credential and runs the program.
pub(crate) async fn run(options: &RunOptions, output: Output, signals: &Signals) -> Result<(), Failure> {
    let chosen = options.setup.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let setup = connection::setup(&chosen)?;
        let reading = setup.read(&ReadOptions::at(SystemTime::now()))?;
        Ok::<_, Failure>(LoadedConnection { setup, reading })
    });
    let found =
        signals.unless_received(async { reading.await.map_err(|error| Failure::Internal(error.into()))? }).await?;
    for warning in found.reading.warnings.iter().chain(&found.setup.warnings()) {
        output.warning(warning);
    }
    let mut environment = Environment { variables: Vec::new(), directory: None };
    match options.names {
        VariableNames::D1 => environment.of_d1(&found)?,
        VariableNames::Smctl => environment.of_smctl(&found)?,
    }
    if let Some(host) = &options.setup.confirm_host {
        environment.set("DC_CONFIRM_HOST", host);
    }
    // The directory is there until the program has ended.
    child::run(&options.command, environment.variables, signals).await
}

/// Variables, and the files that they name.
struct Environment {
    variables: Vec<(&'static str, OsString)>,
    directory: Option<TempDir>,
}

impl Environment {
    fn of_d1(&mut self, found: &LoadedConnection) -> Result<(), Failure> {
        let (material, validity) = (&found.reading.material, found.reading.validity);
        for (name, role) in [("DC_BASE", HostRole::Platform), ("DC_CLIENTAUTH_BASE", HostRole::ClientAuth)] {
            if let Ok(origin) = found.setup.instance().origin(role) {
                self.set(name, origin.to_string());
            }
        }
        if let Some(key) = material.key() {
            self.set("DC_API_KEY", key.header_value().to_str().unwrap_or_default());
        }
        for (name, end) in [("DC_API_KEY_ENDS", validity.key_ends), ("DC_OWNER_ENDS", validity.owner_ends)] {
            if let Some(end) = end {
                self.set(name, end_date::shown(end));
            }
        }
        if let Some(identity) = material.identity() {
            let chain = identity.chain_pem();
            let bundle = identity.expose_key_pem(|key| [key.as_bytes(), chain.as_bytes()].concat());
            self.file("DC_CLIENT_CERT_FILE", "client.pem", &bundle)?;
        }
        self.trust("DC_CA_FILE", &found.setup)
    }

    fn of_smctl(&mut self, found: &LoadedConnection) -> Result<(), Failure> {
        let material = &found.reading.material;
        // The host of certificates, as smctl is set up.
        let roles = [HostRole::ClientAuth, HostRole::Platform];
        if let Some(origin) = roles.iter().find_map(|role| found.setup.instance().origin(*role).ok()) {
            self.set("SM_HOST", origin.to_string());
        }
        if let Some(key) = material.key() {
            self.set("SM_API_KEY", key.header_value().to_str().unwrap_or_default());
        }
        if let Some(identity) = material.identity() {
            self.key_store(identity)?;
        }
        self.trust("SM_CA_FILE", &found.setup)
    }

    fn key_store(&mut self, identity: &ClientIdentity) -> Result<(), Failure> {
        let mut random = [0; PASSWORD];
        getrandom::fill(&mut random).map_err(|error| Failure::Internal(error.into()))?;
        let password = HEXLOWER.encode(&random);
        let store =
            pkcs12::encode(identity, &Secret::new(password.clone(), "a password just made"), Protection::Current)?;
        self.file("SM_CLIENT_CERT_FILE", "client.p12", &store)?;
        self.set("SM_CLIENT_CERT_PASSWORD", password);
        Ok(())
    }

    fn trust(&mut self, name: &'static str, setup: &Config) -> Result<(), Failure> {
        let Some(roots) = setup.roots() else { return Ok(()) };
        let pem: Result<String, _> =
            roots.iter().map(|root| pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, root)).collect();
        self.file(name, "ca.pem", pem.map_err(|error| Failure::Internal(error.to_string().into()))?.as_bytes())
    }

    fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.push((name, value.into()));
    }

    fn file(&mut self, variable: &'static str, name: &str, content: &[u8]) -> Result<(), Failure> {
        let directory = match &self.directory {
            Some(directory) => directory.path().to_owned(),
            None => self.directory.insert(private_directory::make("d1-run-")?).path().to_owned(),
        };
        let path: PathBuf = directory.join(name);
        write_whole(&path, content, Readers::Owner, Existing::Refuse).map_err(|source| Failure::File {
            action: "write",
            path: path.clone(),
            source,
        })?;
        self.set(variable, path);
        Ok(())
    }
}
