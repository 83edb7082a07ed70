//! Options to a store for the secret, a last resort and a journal.

use std::path::{Path, PathBuf};

use digicert_one::credentials::{Program, Reference};
use digicert_one::provisioning::{StoreOptions, store};

use super::password;
use crate::arguments::{SecretStoreOptions, Store};
use crate::failure::Failure;
use crate::output::Output;

/// Where the secret goes. May ask for a password; `resuming` opens what an earlier command wrote.
pub(super) async fn of(options: &SecretStoreOptions, resuming: bool, output: Output) -> Result<StoreOptions, Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    if options.last_resort.as_deref() == Some(Path::new("-")) {
        return usage("--last-resort takes a file, and `-` is not one");
    }
    if options.read_back_command.is_some() && !matches!(options.store, Store::Program(_)) {
        return usage("--read-back-command is for --store exec:COMMAND; d1 reads the other stores itself");
    }
    let chosen = match &options.store {
        Store::File(path) => StoreOptions::file(path),
        Store::Directory(path) => StoreOptions::directory(path),
        Store::Keyring(service) => keyring(service)?,
        Store::Program(command) => program(command, options.read_back_command.as_deref())?,
        Store::Terminal if output.is_json() => {
            return usage(
                "--store stdout shows the secret on the terminal, and --json or --jq has standard output for \
                 its document: use a file, or omit --json and --jq",
            );
        }
        Store::Terminal => StoreOptions::new(store::stdout()),
    };
    let Some(path) = &options.last_resort else { return Ok(chosen) };
    let password = password::of(options.last_resort_password.as_deref(), path, resuming).await?;
    Ok(chosen.last_resort_encrypted(path, password))
}

#[cfg(feature = "keyring")]
fn keyring(service: &str) -> Result<StoreOptions, Failure> {
    use digicert_one::credentials::source;
    Ok(StoreOptions::new(store::keyring(service)).read_by(source::keyring(service)))
}

#[cfg(not(feature = "keyring"))]
fn keyring(_service: &str) -> Result<StoreOptions, Failure> {
    Err(Failure::Usage("--store keyring: this d1 was built without its feature keyring; use another store".to_owned()))
}

fn program(command: &str, read_back: Option<&str>) -> Result<StoreOptions, Failure> {
    let read_back = read_back.map(|command| words("--read-back-command", command)).transpose()?;
    Ok(StoreOptions::new(store::command(words("--store exec", command)?, read_back)))
}

fn words(option: &str, command: &str) -> Result<Program, Failure> {
    let Ok(Reference::Command(words)) = format!("exec:{command}").parse() else {
        return Err(Failure::Usage(format!("{option}: expected a program and its arguments, with closed quotes")));
    };
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    Ok(words.fold(Program::new(program), Program::argument))
}

/// The journal: what was given, else beside the store where that is a path. Which of two in a directory is known only where it is
/// known what is made.
pub(super) fn journal(options: &SecretStoreOptions, certificate: Option<bool>) -> Result<PathBuf, Failure> {
    if let Some(path) = &options.journal {
        return Ok(path.clone());
    }
    match (&options.store, certificate) {
        (Store::File(file), _) => Ok(beside(file, ".journal")),
        (Store::Directory(directory), Some(true)) => Ok(beside(directory, ".certificate.journal")),
        (Store::Directory(directory), Some(false)) => Ok(beside(directory, ".api-key.journal")),
        (Store::Directory(_), None) => Err(Failure::Usage(
            "missing --journal FILE: a directory has one journal for its key and one for its certificate".to_owned(),
        )),
        _ => {
            Err(Failure::Usage("missing --journal FILE: only --store file: and dir: have a default journal".to_owned()))
        }
    }
}

/// The files that must hold nothing where a credential is created and does not replace another one.
pub(super) fn files(options: &SecretStoreOptions, certificate: bool) -> Vec<PathBuf> {
    match (&options.store, certificate) {
        (Store::File(file), _) => vec![file.clone()],
        (Store::Directory(directory), true) => ["tls.crt", "tls.key"].map(|name| directory.join(name)).into(),
        (Store::Directory(directory), false) => vec![directory.join("api-key")],
        _ => Vec::new(),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    // Without a slash at its end.
    let mut name = path.components().as_path().as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_is_beside_its_store_and_not_in_it() {
        for (path, journal) in [("/etc/d1/key", "/etc/d1/key.journal"), ("d1/", "d1.journal"), ("key", "key.journal")] {
            assert_eq!(beside(Path::new(path), ".journal"), Path::new(journal));
        }
    }
}
