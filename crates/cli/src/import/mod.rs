//! `d1 import`: a profile with what another program uses. Secrets that stand in the imported file go to files of mode 0600 beside d1.toml;
//! the profile refers to them. Nothing that exists is changed, and nothing stays where the profile cannot be written.

mod curl;
mod draft;
mod jsign;
mod kubernetes;
mod smctl;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use digicert_one::Secret;
use digicert_one::credentials::{Reference, read_secret_file};
use serde_json::{Value, json};

use self::draft::{Draft, Part};
use crate::arguments::{ImportKind, ImportOptions, InitOptions};
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;
use crate::whole_file::{Existing, Readers, write_whole};

/// Longer than any file that is imported.
const LONGEST: u64 = 4 << 20;

/// Imports, shows what was understood, and checks the profile.
pub(crate) async fn run(options: &ImportOptions, output: &Output) -> Result<(), Failure> {
    let given = options.clone();
    let reading = tokio::task::spawn_blocking(move || given.read());
    let draft = reading.await.map_err(|error| Failure::Internal(error.into()))??;
    let notes = Notes { understood: draft.understood.clone(), left_out: draft.left_out.clone() };
    notes.print(*output)?;
    draft.check()?;
    let (init, path) = options.write(draft)?;
    let (mut document, exit) = init.check(path, output).await?;
    document["imported"] = notes.document();
    output.document(&document)?;
    exit.map_or(Ok(()), |code| Err(Failure::Reported(code)))
}

impl ImportOptions {
    fn read(&self) -> Result<Draft, Failure> {
        let given = match (&self.file, self.from) {
            (Some(path), _) => Some(bytes(path)?),
            (None, ImportKind::Smctl) => match properties() {
                Some(path) if path.exists() => Some(bytes(&path)?),
                _ => None,
            },
            (None, _) => return Err(Failure::Usage("--file FILE is missing; - reads standard input".to_owned())),
        };
        if given.as_ref().is_some_and(|file| file.expose_text().is_err()) {
            return Err(Failure::Usage(
                "--file: not a text file; give the file that the other program reads".to_owned(),
            ));
        }
        let mut draft = match (self.from, &given) {
            (ImportKind::Smctl, given) => smctl::read(given.as_ref()).map_err(Failure::CertificateFile)?,
            (ImportKind::Jsign, Some(file)) => jsign::read(file)?,
            (ImportKind::Curl, Some(file)) => curl::read(file).map_err(Failure::CertificateFile)?,
            (ImportKind::Kubernetes, Some(file)) => kubernetes::read(file)?,
            (_, None) => Draft::default(),
        }
        .without_lost_password();
        if let Some(host) = &self.host {
            draft.host = Some(host.clone());
        }
        if let Some(path) = &self.ca_file {
            draft.ca_file = Some(path.clone());
        }
        Ok(draft)
    }

    /// Writes files with secrets, then the profile that refers to them.
    fn write(&self, draft: Draft) -> Result<(InitOptions, PathBuf), Failure> {
        let mut init = InitOptions {
            name: self.name.clone(),
            host: draft.host,
            api_key_from: None,
            certificate_from: None,
            private_key_from: None,
            password_from: None,
            config: self.config.clone(),
            mode: None,
            clientauth_host: self.clientauth_host.clone(),
            ca_file: draft.ca_file,
            online: self.online,
        };
        let path = init.destination()?;
        let folder = path.parent().unwrap_or(Path::new("")).join(&self.name);
        let mut written = Written { folder, files: Vec::new(), is_kept: false };
        for (part, field) in [
            (draft.api_key, &mut init.api_key_from),
            (draft.certificate, &mut init.certificate_from),
            (draft.private_key, &mut init.private_key_from),
            (draft.password, &mut init.password_from),
        ] {
            *field = match part {
                Some(Part::Reference(reference)) => Some(reference),
                // A relative path starts at the folder of d1.toml.
                Some(Part::Value(secret, name)) => {
                    written.file(name, &secret)?;
                    Some(Reference::File(format!("{}/{name}", self.name)))
                }
                None => None,
            };
        }
        init.write_given(&path)?;
        written.is_kept = true;
        Ok((init, path))
    }
}

/// The files that were made so far. They go where the profile is not written.
struct Written {
    folder: PathBuf,
    files: Vec<PathBuf>,
    is_kept: bool,
}

impl Written {
    fn file(&mut self, name: &str, secret: &Secret) -> Result<(), Failure> {
        let failed = |path: &Path, source| Failure::File { action: "write", path: path.to_owned(), source };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|source| failed(&self.folder, source))?;
        let path = self.folder.join(name);
        write_whole(&path, secret.expose(), Readers::Owner, Existing::Refuse).map_err(|source| {
            match source.kind() {
                std::io::ErrorKind::AlreadyExists => Failure::Exists(path.clone()),
                _ => failed(&path, source),
            }
        })?;
        self.files.push(path);
        Ok(())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.is_kept && !self.files.is_empty() {
            self.files.iter().for_each(|path| drop(std::fs::remove_file(path)));
            // Stays where it holds something else.
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}

/// The report of an import.
struct Notes {
    understood: Vec<(String, String)>,
    left_out: Vec<(String, String)>,
}

impl Notes {
    fn print(&self, output: Output) -> Result<(), Failure> {
        for (head, rows) in [(["UNDERSTOOD", "AS"], &self.understood), (["LEFT OUT", "BECAUSE"], &self.left_out)] {
            if rows.is_empty() {
                continue;
            }
            let mut table = Table::new(head);
            rows.iter().for_each(|(name, text)| table.row([Some(name.clone()), Some(text.clone())]));
            output.table(&table)?;
            output.text("")?;
        }
        Ok(())
    }

    fn document(&self) -> Value {
        let of = |rows: &[(String, String)], text: &str| -> Vec<Value> {
            rows.iter().map(|(name, words)| json!({ "name": name, text: words })).collect()
        };
        json!({ "understood": of(&self.understood, "as"), "left_out": of(&self.left_out, "because") })
    }
}

fn properties() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
    Some(Path::new(&home).join(".signingmanager").join("ssm-config.properties"))
}

fn bytes(path: &Path) -> Result<Secret, Failure> {
    if path != Path::new("-") {
        return read_secret_file(path, &mut Vec::new())
            .map(|secret| secret.utf8(&mut Vec::new()))
            .map_err(Failure::CertificateFile);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(LONGEST).read_to_end(&mut bytes);
    read.map_err(|source| Failure::File { action: "read", path: path.to_owned(), source })?;
    Ok(Secret::new(bytes, "standard input").utf8(&mut Vec::new()))
}
