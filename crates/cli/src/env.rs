//! `d1 env`: which sources of credentials there are, which one wins, and why the others lose. Reads as a call would, checks what
//! it has read, and sends nothing.

use std::path::PathBuf;
use std::time::SystemTime;

use digicert_one::core::{HostRole, Origin};
use digicert_one::credentials::{
    ChainReport, ChainSource, Fetched, LoadedCredential, ProfileFile, RawCredential, Source,
};
use digicert_one::{Config, ConfigError, ReadOptions, Secret, core::Warning};
use serde_json::{Value, json};

use crate::arguments::{EnvOptions, SetupOptions};
use crate::connection;
use crate::env_lines::CallerFacts;
use crate::failure::Failure;
use crate::output::{Output, diagnosis_json};

/// The result of the search.
struct Findings {
    report: Option<ChainReport>,
    raw: Option<RawCredential>,
    setup: Result<Config, ConfigError>,
    reading: Result<LoadedCredential, ConfigError>,
}

/// Prints what a call would use.
pub(crate) async fn run(options: &EnvOptions, output: &Output) -> Result<(), Failure> {
    let setup = options.setup.clone();
    let findings = tokio::task::spawn_blocking(move || find(&setup));
    let findings = findings.await.map_err(|error| Failure::Internal(error.into()))??;
    if options.curl.is_some() || options.export {
        return lines(options, findings, *output);
    }
    output.text(&findings.text())?;
    if output.is_json() {
        let failed = findings.reading.is_err() || findings.setup.is_err();
        output.document(&findings.document())?;
        return if failed { Err(Failure::Reported(3)) } else { Ok(()) };
    }
    for warning in findings.warnings() {
        output.warning(&warning);
    }
    match (findings.setup, findings.reading) {
        (Err(error @ (ConfigError::Nothing { .. } | ConfigError::EmptyProfile { .. })), _)
        | (_, Err(error))
        | (Err(error), Ok(_)) => Err(error.into()),
        (Ok(_), Ok(_)) => Ok(()),
    }
}

/// Prints lines for a shell.
fn lines(options: &EnvOptions, findings: Findings, output: Output) -> Result<(), Failure> {
    for warning in findings.warnings() {
        output.warning(&warning);
    }
    let setup = findings.setup?;
    let mode = findings.reading?.material.mode();
    let raw = findings.raw.ok_or_else(|| Failure::Usage("no credential was found".to_owned()))?;
    let origin = |role| setup.instance().origin(role).ok().map(ToString::to_string);
    let ca_file = match setup.roots() {
        Some(_) => ca_file(&options.setup)?,
        None => None,
    };
    let profile = options.setup.profile.clone();
    let (platform, client_auth) = (origin(HostRole::Platform), origin(HostRole::ClientAuth));
    let caller = CallerFacts { raw, mode, platform, client_auth, ca_file, profile };
    let (name, text) = match &options.curl {
        Some(path) => ("curl", caller.curl(path)?),
        None => ("export", caller.export(options.with_secrets)),
    };
    output.text(&text)?;
    output.document(&json!({ name: text }))
}

/// The CA file in use: that of an option or a variable, else that of the profile.
fn ca_file(options: &SetupOptions) -> Result<Option<PathBuf>, Failure> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let named = options.ca_file.clone();
    let named = named.or_else(|| ["DC_CA_FILE", "SM_CA_FILE"].into_iter().find_map(variable).map(PathBuf::from));
    let profile = options.profile.clone().or_else(|| variable("DC_PROFILE")?.into_string().ok());
    let path = match (named, profile, ProfileFile::default_path(&|name| connection::setting(options, name))) {
        (Some(path), ..) => Some(path),
        (None, Some(name), Some(file)) => {
            let file = ProfileFile::read(file).map_err(|error| Failure::Setup(error.into()))?;
            let profile = file.profile(&name).map_err(|error| Failure::Setup(error.into()))?;
            // A relative path starts at the folder of d1.toml.
            profile.ca_file.as_ref().map(|path| file.path().parent().map_or(path.clone(), |folder| folder.join(path)))
        }
        _ => None,
    };
    let absolute =
        |path: PathBuf| std::path::absolute(&path).map_err(|source| Failure::File { action: "find", path, source });
    path.map(absolute).transpose()
}

/// The document that `d1 --json env` prints, for a report about several things.
pub(crate) async fn document(options: &SetupOptions) -> Result<Value, Failure> {
    let options = options.clone();
    let findings = tokio::task::spawn_blocking(move || find(&options));
    Ok(match findings.await.map_err(|error| Failure::Internal(error.into()))? {
        Ok(findings) => findings.document(),
        Err(error) => json!({ "error": diagnosis_json(&crate::failure::of_setup(&error)) }),
    })
}

fn find(options: &SetupOptions) -> Result<Findings, ConfigError> {
    let lookup = |name: &str| connection::setting(options, name);
    let setup = connection::setup(options);
    // Without a host there still may be a credential, and the other way round.
    let (fetched, report) = match &setup {
        Ok(setup) => (setup.source().fetch(), setup.report()),
        Err(_) => {
            let chain = ChainSource::standard(&lookup)?;
            (chain.fetch(), chain.report())
        }
    };
    let (raw, reading) = match fetched {
        Ok(Fetched::Found(raw)) => {
            let reading = raw.read(&ReadOptions::at(SystemTime::now())).map_err(ConfigError::from);
            (Some(raw), reading)
        }
        Ok(fetched) => {
            let asked = match fetched {
                Fetched::Absent(asked) => asked,
                _ => "an unknown kind of source".to_owned(),
            };
            (
                None,
                Err(match &setup {
                    Ok(setup) => setup.missing(asked),
                    Err(_) => ConfigError::NoCredential { asked },
                }),
            )
        }
        Err(error) => (None, Err(error.into())),
    };
    Ok(Findings { report, raw, setup, reading })
}

impl Findings {
    /// The parts in use, each with its name and source.
    fn parts(&self) -> Vec<(&'static str, String)> {
        let Some(raw) = &self.raw else { return Vec::new() };
        let origin = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.origin().to_string());
        let parts = [
            ("api key", origin(&raw.api_key)),
            ("certificate", origin(&raw.certificate)),
            ("private key", origin(&raw.private_key)),
            ("password", origin(&raw.password)),
            ("api key ends", raw.key_ends.map(|end| end.to_string())),
            ("owner ends", raw.owner_ends.map(|end| end.to_string())),
        ];
        parts.into_iter().filter_map(|(name, place)| Some((name, place?))).collect()
    }

    /// The host that would be called.
    fn origin(&self) -> Option<&Origin> {
        let role = self.reading.as_ref().map_or(HostRole::Platform, |reading| reading.material.mode().host_role());
        self.setup.as_ref().ok()?.instance().origin(role).ok()
    }

    fn host(&self) -> Option<String> {
        self.origin().map(ToString::to_string)
    }

    /// The proxy that would be used for it, and the variable that says so.
    fn proxy(&self) -> Option<String> {
        Some(self.setup.as_ref().ok()?.proxy().explain(self.origin()?))
    }

    fn warnings(&self) -> Vec<Warning> {
        let of_proxy = self.setup.iter().flat_map(Config::warnings);
        self.reading.iter().flat_map(|reading| reading.warnings.clone()).chain(of_proxy).collect()
    }

    fn text(&self) -> String {
        let mut text = self.report.as_ref().map(ToString::to_string).unwrap_or_default();
        text.push('\n');
        let mut line = |name: &str, value: &str| text.push_str(&format!("\n{name:<12} {value}"));
        match &self.setup {
            Ok(_) => line("host", self.host().as_deref().unwrap_or("(not set, or none for this mode)")),
            Err(error) => line("host", &error.to_string()),
        }
        if let Some(proxy) = self.proxy() {
            line("proxy", &proxy);
        }
        if let Ok(reading) = &self.reading {
            line("mode", &reading.material.mode().to_string());
        }
        for (name, place) in self.parts() {
            line(name, &place);
        }
        text
    }

    fn document(&self) -> Value {
        let entries = self.report.iter().flat_map(ChainReport::entries);
        let sources: Vec<Value> = entries
            .map(|(source, outcome, reason)| json!({ "source": source, "outcome": outcome, "reason": reason }))
            .collect();
        let parts: serde_json::Map<String, Value> =
            self.parts().into_iter().map(|(name, place)| (name.replace(' ', "_"), place.into())).collect();
        let mut document = json!({
            "winner": self.report.as_ref().and_then(ChainReport::winner),
            "sources": sources,
            "host": self.host(),
            "mode": self.reading.as_ref().ok().map(|reading| reading.material.mode().to_string()),
            "from": parts,
            "proxy": self.proxy(),
            "warnings": self.warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        let all = self
            .setup
            .as_ref()
            .err()
            .filter(|error| matches!(error, ConfigError::Nothing { .. } | ConfigError::EmptyProfile { .. }));
        let error = all.or(self.reading.as_ref().err()).or(self.setup.as_ref().err());
        if let Some(error) = error {
            document["error"] = diagnosis_json(&crate::failure::of_setup(error));
            document["error"]["exit"] = json!(Failure::Reported(3).exit_code());
        }
        document
    }
}
