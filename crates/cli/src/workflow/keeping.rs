//! Options to a place for the secret, a last resort and a journal.

use std::path::{Path, PathBuf};

use digicert_one::credentials::{Program, Reference};
use digicert_one::provisioning::{StoreOptions, store};

use super::password;
use crate::arguments::KeepOptions;
use crate::failure::Failure;

/// Where the secret goes. May ask for a password; `resuming` opens what an earlier command wrote.
pub(super) async fn keeping(options: &KeepOptions, resuming: bool) -> Result<StoreOptions, Failure> {
    let place = &options.place;
    for (option, path) in [("--keep-file", &place.keep_file), ("--last-resort", &options.last_resort)] {
        if path.as_deref() == Some(Path::new("-")) {
            return Err(Failure::Usage(format!(
                "{option} takes a file and no `-`: --show-once shows the secret on the terminal"
            )));
        }
    }
    let keeping = match (&place.keep_file, &place.keep_dir, &place.keep_keyring, &place.keep_command) {
        (Some(path), ..) => StoreOptions::file(path),
        (None, Some(path), ..) => StoreOptions::directory(path),
        (None, None, Some(service), _) => keyring(service)?,
        (None, None, None, Some(command)) => program(command, options.read_back_command.as_deref())?,
        // clap has seen to it that there is one.
        (None, None, None, None) => StoreOptions::new(store::stderr()),
    };
    let Some(path) = &options.last_resort else { return Ok(keeping) };
    let password = password::of(options.last_resort_password.as_deref(), path, resuming).await?;
    Ok(keeping.last_resort_encrypted(path, password))
}

#[cfg(feature = "keyring")]
fn keyring(service: &str) -> Result<StoreOptions, Failure> {
    use digicert_one::credentials::source;
    Ok(StoreOptions::new(store::keyring(service)).read_by(source::keyring(service)))
}

#[cfg(not(feature = "keyring"))]
fn keyring(_service: &str) -> Result<StoreOptions, Failure> {
    Err(Failure::Usage("--keep-keyring: this d1 was built without its feature keyring; name another place".to_owned()))
}

fn program(command: &str, read_back: Option<&str>) -> Result<StoreOptions, Failure> {
    let read_back = read_back.map(|command| words("--read-back-command", command)).transpose()?;
    Ok(StoreOptions::new(store::command(words("--keep-command", command)?, read_back)))
}

fn words(option: &str, command: &str) -> Result<Program, Failure> {
    let Ok(Reference::Command(words)) = format!("exec:{command}").parse() else {
        return Err(Failure::Usage(format!("{option}: give a program and its arguments, with quotes that end")));
    };
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    Ok(words.fold(Program::new(program), Program::argument))
}

/// The journal: what was said, else beside the place where that is a path. Which of two in a directory is known only where it is
/// known what is made.
pub(super) fn journal(options: &KeepOptions, certificate: Option<bool>) -> Result<PathBuf, Failure> {
    if let Some(path) = &options.journal {
        return Ok(path.clone());
    }
    match (&options.place.keep_file, &options.place.keep_dir, certificate) {
        (Some(file), ..) => Ok(beside(file, ".journal")),
        (None, Some(directory), Some(true)) => Ok(beside(directory, ".certificate.journal")),
        (None, Some(directory), Some(false)) => Ok(beside(directory, ".api-key.journal")),
        _ => Err(Failure::Usage("--journal FILE is missing: this place for the secret does not imply one".to_owned())),
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
