//! The workflows against a platform in memory: secrets that are shown once are never lost, wherever they are
//! interrupted.

mod bad_input;
mod interrupted;
mod platform;
mod rotation;
mod stored;
mod together;

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_client::{Client, Retry};
use digicert_one_core::{ApiKey, Credential, FixedCredential, Instance, ManualClock, Timeouts};
use digicert_one_credentials::{FileSource, WatchOptions, WatchingCredential};
use digicert_one_provisioning::{IssueError, Report, StoreOptions, Task, Workflows};
use tempfile::TempDir;

pub(crate) use self::platform::{Fault, Platform};

/// Noon of the last day of June 2026.
pub(crate) const NOON: u64 = 1_782_820_800;

/// A platform, a directory, and a service user `ci-bot` whose API key is in the file of the store.
pub(crate) struct Stage {
    pub(crate) platform: Platform,
    pub(crate) clock: ManualClock,
    pub(crate) directory: TempDir,
    /// The service user's id.
    pub(crate) user: String,
    /// The key that it has from the beginning.
    pub(crate) first_key: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::ending(None)
    }

    /// With an end date of the service user.
    pub(crate) fn ending(end_date: Option<&str>) -> Self {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(NOON));
        let platform = Platform::new(&clock);
        let (user, first_key) = platform.has("ci-bot", end_date);
        // In memory, if possible: thousands of synchronised files are written, and no disk is tested.
        let memory = std::path::Path::new("/dev/shm");
        let directory = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).expect("a directory");
        let stage = Self { platform, clock, directory, user, first_key };
        fs::write(stage.key_file(), format!("{}\n", stage.first_key)).expect("written");
        #[cfg(unix)]
        fs::set_permissions(stage.key_file(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("our own file");
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.path("secret")
    }

    pub(crate) fn client(&self, credential: impl Credential) -> Client {
        Client::builder()
            .instance(Instance::parse("one.digicert.test").expect("a host"))
            .credential(credential)
            .connector(self.platform.clone())
            .clock(Arc::new(self.clock.clone()))
            .retry(Retry::never())
            // Days in virtual time may pass while another workflow waits and this one reads a file.
            .timeouts(Timeouts::new().with_total(Duration::from_secs(1 << 32)))
            .build()
            .expect("complete")
    }

    /// A client with the initial key.
    pub(crate) fn first(&self) -> Client {
        self.client(FixedCredential::api_key(ApiKey::new(self.first_key.clone()).expect("a key")))
    }

    /// A client with the key in the store.
    pub(crate) fn stored_client(&self) -> Client {
        let source = FileSource::new().api_key_file(self.key_file());
        let options = WatchOptions::new();
        self.client(WatchingCredential::open(source, self.clock.clone(), options).expect("a key"))
    }

    pub(crate) fn store(&self) -> StoreOptions {
        StoreOptions::file(self.key_file()).last_resort_file(self.path("rescued"))
    }

    pub(crate) fn workflows(&self, client: Client) -> Workflows {
        Workflows::new(client, self.store(), self.path("journal"))
    }

    /// Runs a future to its end, including delays.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        futures_executor::block_on(self.clock.run(work)).0
    }

    pub(crate) fn run(&self, workflows: &Workflows, task: impl Into<Task>) -> Result<Report, IssueError> {
        self.wait(workflows.run(task))
    }

    /// The secret in the store.
    pub(crate) fn stored(&self) -> String {
        fs::read_to_string(self.key_file()).expect("stored").trim_end().to_owned()
    }

    /// Returns whatever in the directory looks like a key outside a store.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("listed").map(|entry| entry.expect("an entry"));
        let stores = ["secret", "new-secret", "bundle", "shown", "rescued"];
        let is_stored = |name: &str| stores.contains(&name) || name.ends_with(".key");
        let files = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
        let others = files.filter(|(name, path)| !is_stored(name) && path.is_file());
        let leaking = others.filter(|(_, path)| {
            let text = String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned();
            let world = self.platform.world();
            text.contains("PRIVATE KEY") || world.tokens.iter().any(|token| text.contains(&token.secret))
        });
        leaking.map(|(name, _)| name).collect()
    }
}
