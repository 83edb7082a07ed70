//! The job of a task, and its directory: the secret, the journal, the last resort, and nothing else at the end.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use digicert_one_account::NewServiceUser;
use digicert_one_client::{Client, ClientBuilder};
use digicert_one_core::Clock;
use digicert_one_credentials::{FileSource, WatchOptions, WatchingCredential};
use digicert_one_emulator::ServiceUser;
use digicert_one_provisioning::{
    CreateToken, EndDatePolicy, RequestCertificate, RotateCertificate, RotateToken, StoreOptions, Task, Workflows,
};
use serde::{Deserialize, Serialize};

/// The service user that rotates its own credentials.
pub const BOT: &str = "ci-bot";
/// The service user that a task creates.
pub const MADE: &str = "new-bot";

/// One of the five tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Job {
    /// An administrator creates a service user.
    CreateServiceUser,
    /// A service user creates another API token for itself.
    CreateToken,
    /// A service user gets a client certificate, with a key.
    RequestCertificate,
    /// A service user replaces the API token that it calls with.
    RotateToken,
    /// A service user replaces the client certificate that it calls with.
    RotateCertificate,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CreateServiceUser,
        Self::CreateToken,
        Self::RequestCertificate,
        Self::RotateToken,
        Self::RotateCertificate,
    ];

    /// Whether it ends with a certificate.
    #[must_use]
    pub fn is_certificate(self) -> bool {
        matches!(self, Self::RequestCertificate | Self::RotateCertificate)
    }

    /// Whether it replaces the credential that it is done with.
    #[must_use]
    pub fn is_rotation(self) -> bool {
        matches!(self, Self::RotateToken | Self::RotateCertificate)
    }

    /// The task. `old` is the id of the one to be replaced.
    #[must_use]
    pub fn task(self, old: Option<&str>) -> Task {
        match self {
            Self::CreateServiceUser => NewServiceUser::new(MADE).roles(["AM_ACCOUNT_USER"]).into(),
            Self::CreateToken => CreateToken::new("bot").end_date(EndDatePolicy::AfterDays(7)).into(),
            Self::RequestCertificate => RequestCertificate::new("bot").end_date(EndDatePolicy::AfterDays(7)).into(),
            Self::RotateToken => {
                let mut task =
                    RotateToken::new().name_prefix("bot").end_date(EndDatePolicy::AfterDays(7)).grace(Duration::ZERO);
                task.previous = old.map(Into::into);
                task.into()
            }
            Self::RotateCertificate => {
                let mut task = RotateCertificate::new()
                    .name_prefix("bot")
                    .end_date(EndDatePolicy::AfterDays(7))
                    .grace(Duration::ZERO);
                task.previous = old.map(Into::into);
                task.into()
            }
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateServiceUser => "create-service-user",
            Self::CreateToken => "create-token",
            Self::RequestCertificate => "request-certificate",
            Self::RotateToken => "rotate-token",
            Self::RotateCertificate => "rotate-certificate",
        })
    }
}

/// The directory of one task, and where its secret is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskFolder {
    directory: PathBuf,
    secret: PathBuf,
}

impl TaskFolder {
    /// Uses this existing directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        Self { secret: directory.join("secret"), directory }
    }

    /// The directory of another machine, which must exist, with the same secret: a store that both can write.
    #[must_use]
    pub fn of_machine(&self, directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), secret: self.secret.clone() }
    }

    /// The place of the secret.
    #[must_use]
    pub fn secret(&self) -> PathBuf {
        self.secret.clone()
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    fn caller(&self) -> PathBuf {
        self.directory.join("caller")
    }

    /// Writes the credential of the job's caller: into the place of the secret if that will be replaced.
    ///
    /// # Panics
    /// The directory cannot be written.
    pub fn prepare(&self, job: Job, caller: &ServiceUser) {
        let path = if job.is_rotation() { self.secret() } else { self.caller() };
        let text = match job {
            Job::RotateCertificate => format!("{}{}", caller.key_pem(), caller.certificate_pem()),
            _ => caller.api_key().to_owned(),
        };
        write_private(&path, &text);
    }

    /// Returns the credential of the job's caller.
    #[must_use]
    pub fn caller_credential(&self, job: Job, clock: Arc<dyn Clock>) -> WatchingCredential {
        match job.is_rotation() {
            true => self.credential(job, clock),
            false => open(FileSource::new().api_key_file(self.caller()), clock),
        }
    }

    /// Returns the content of the place of the secret.
    #[must_use]
    pub fn credential(&self, job: Job, clock: Arc<dyn Clock>) -> WatchingCredential {
        let source = match job.is_certificate() {
            true => FileSource::new().certificate_file(self.secret()),
            false => FileSource::new().api_key_file(self.secret()),
        };
        open(source, clock)
    }

    /// Returns workflows that store their secret here.
    #[must_use]
    pub fn workflows(&self, client: Client) -> Workflows {
        let keeping = StoreOptions::file(self.secret()).last_resort_file(self.directory.join("rescued"));
        Workflows::new(client, keeping, self.journal())
    }

    /// Checks that nothing is left in the directory and nothing is in progress.
    ///
    /// One of two machines may have found nothing to do: then it has no journal, and if it was killed before, the file that it had reserved
    /// for the secret stays until its next rotation. No secret is in it.
    ///
    /// # Errors
    /// What is left.
    ///
    /// # Panics
    /// The directory cannot be read.
    pub fn judge(&self, is_one_of_two: bool) -> Result<(), String> {
        let mut litter = self.litter();
        if is_one_of_two {
            litter.retain(|name| !self.is_reservation(name));
        }
        if !litter.is_empty() {
            return Err(format!("the directory still has {}", litter.join(", ")));
        }
        if is_one_of_two && !self.journal().exists() {
            return Ok(());
        }
        let journal = fs::read_to_string(self.journal()).map_err(|error| error.to_string())?;
        match journal.lines().last().is_some_and(|last| !last.contains(r#""event":"finish""#)) {
            true => Err("the journal says that something is under way".to_owned()),
            false => Ok(()),
        }
    }

    fn is_reservation(&self, name: &str) -> bool {
        let is_blank = |bytes: Vec<u8>| bytes.iter().all(|byte| *byte == 0);
        name.ends_with(".d1-new") && fs::read(self.directory.join(name)).is_ok_and(is_blank)
    }

    /// Returns leftovers that should not exist at the end.
    ///
    /// # Panics
    /// The directory cannot be read.
    #[must_use]
    pub fn litter(&self) -> Vec<String> {
        // The lock of a killed process stays until it expires, or until another process on this machine needs it.
        let known = ["caller", "secret", "journal", "journal.state", "journal.lock"];
        let entries =
            fs::read_dir(&self.directory).expect("a directory").map(|entry| entry.expect("an entry").file_name());
        let names = entries.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| !known.contains(&name.as_str())).collect()
    }
}

/// A client with this credential.
///
/// # Panics
/// The builder is not complete.
#[must_use]
pub fn client_with(builder: ClientBuilder, credential: WatchingCredential) -> Client {
    builder.credential(credential).build().expect("complete")
}

fn open(source: FileSource, clock: Arc<dyn Clock>) -> WatchingCredential {
    WatchingCredential::lazy(Arc::new(source), clock, WatchOptions::new())
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut file.expect("a new file"), text.as_bytes()).expect("written");
}
