//! The set-up of both halves of the story: an emulator at the beginning of December, a service user whose API key ends with the
//! year, a directory that holds the key, and a client that follows the directory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one::core::{Capability, Connector, FixedCredential};
use digicert_one::credentials::{DirectorySource, WatchOptions, WatchingCredential};
use digicert_one::provisioning::{SecretKind, SecretStore, StoredSecret, store};
use digicert_one::{
    ApiKey, Client, ClientBuilder, Instance, Material, Reminder, TransportConfig, TrustRoots, core::Secret,
};
use digicert_one_emulator::{ApiKeySpec, Emulator, EmulatorClock, EmulatorOptions, LastDay, ServiceUserSpec};
use tempfile::TempDir;

use super::clock::VirtualClock;
use crate::failure::Failure;

/// The last day of the API key.
const LAST_DAY: &str = "2026-12-31";
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(super) const USER: &str = "ci-bot";

/// One emulator with its caller.
pub(super) struct Stage {
    pub(super) emulator: Emulator,
    pub(super) clock: EmulatorClock,
    /// The last second of the API key.
    pub(super) end: SystemTime,
    pub(super) client: Client,
    pub(super) credential: WatchingCredential,
    reminders: Arc<Mutex<Vec<Reminder>>>,
    connector: Arc<dyn Connector>,
    directory: TempDir,
}

impl Stage {
    /// It is the first second of the month in which the key ends.
    pub(super) async fn new(connector: &Arc<dyn Connector>) -> Result<Self, Failure> {
        let last_day: LastDay = LAST_DAY.parse().map_err(internal)?;
        let end = last_day.last_second();
        let clock = EmulatorClock::fixed(end + Duration::from_secs(1) - 31 * DAY);
        let user = ServiceUserSpec::new(USER).api_keys([ApiKeySpec::default().end_date(last_day)]);
        let options = EmulatorOptions::default().service_users([user]).emulator_clock(&clock);
        let emulator = Emulator::start_with(options).await?;

        let directory = tempfile::Builder::new().prefix("d1-midnight-").tempdir().map_err(|source| Failure::File {
            action: "make a directory in",
            path: std::env::temp_dir(),
            source,
        })?;
        let place = place_in(&directory);
        std::fs::create_dir(&place).map_err(|source| Failure::File {
            action: "make the directory",
            path: place.clone(),
            source,
        })?;
        keep(&place, Secret::new(emulator.users()[0].api_key(), "the emulator"), last_day)?;
        let source = DirectorySource::new(&place);
        // Time jumps by hours, so that looking every minute is looking at each call.
        let watch = WatchOptions::new().events(false);
        let credential = WatchingCredential::open(source, VirtualClock(clock.clone()), watch).map_err(internal)?;

        let reminders: Arc<Mutex<Vec<Reminder>>> = Arc::default();
        let sent = Arc::clone(&reminders);
        let client = builder(&emulator, &clock, connector)?
            .credential(credential.clone())
            .verify_rotations()
            .on_reminder(move |reminder| {
                sent.lock().unwrap_or_else(PoisonError::into_inner).push(reminder.clone());
            })
            .build()?;
        let connector = Arc::clone(connector);
        Ok(Self { emulator, clock, end, client, credential, reminders, connector, directory })
    }

    /// A client with the same key that does not know its end date.
    pub(super) fn unaware(&self) -> Result<Client, Failure> {
        let key = ApiKey::new(self.emulator.users()[0].api_key()).map_err(internal)?;
        let credential = FixedCredential::new(Material::api_key(key), "a program that knows no end date");
        Ok(builder(&self.emulator, &self.clock, &self.connector)?.credential(credential).build()?)
    }

    /// The directory that the client's key comes from.
    pub(super) fn place(&self) -> PathBuf {
        place_in(&self.directory)
    }

    /// The journal of a rotation, from which another process could finish it.
    pub(super) fn journal(&self) -> PathBuf {
        self.directory.path().join("rotation.journal")
    }

    /// The reminders that were given, once nothing more is called.
    pub(super) async fn reminders(&self) -> Vec<Reminder> {
        self.client.shut_down(Duration::from_secs(10)).await;
        std::mem::take(&mut self.reminders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn place_in(directory: &TempDir) -> PathBuf {
    directory.path().join("credentials")
}

/// Puts the first key into its place, with its end date beside it.
fn keep(place: &Path, key: Secret, last_day: LastDay) -> Result<(), Failure> {
    let ends = last_day.to_string().parse().map_err(internal)?;
    let mut prepared = store::directory(place).prepare(SecretKind::ApiKey).map_err(internal)?;
    let secret = StoredSecret::api_key(key).with_ends(Some(ends), None);
    prepared.store(&secret).map_err(internal)?;
    Ok(())
}

fn builder(
    emulator: &Emulator,
    clock: &EmulatorClock,
    connector: &Arc<dyn Connector>,
) -> Result<ClientBuilder, Failure> {
    let roots = vec![emulator.ca_der().to_vec().into()];
    let trust = match connector.capabilities().has(Capability::TrustOnly) {
        true => TrustRoots::Only(roots),
        false => TrustRoots::SystemAnd(roots),
    };
    let instance = Instance::pair(&emulator.platform_url(), &emulator.client_auth_url()).map_err(internal)?;
    Ok(Client::builder()
        .instance(instance)
        .shared_connector(Arc::clone(connector))
        .transport_config(TransportConfig::new().with_trust(trust))
        .clock(Arc::new(VirtualClock(clock.clone()))))
}

/// An error that nothing on the machine of the user can cause.
pub(super) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Internal(Box::new(error))
}
