//! A client configured from this machine: variables, profiles, mounted secrets, properties of signing tools.

use digicert_one_client::{ClientBuilder, Error, ErrorKind, SystemClock};
use digicert_one_core::Diagnosis;
use digicert_one_credentials::{Setting, Setup, SetupError, WatchOptions, WatchingCredential};

use crate::builder::Builder;
use crate::one::DigiCertOne;

/// Returns a client configured from the standard places: host, credential, CA file and proxy, as `d1` finds
/// them (`d1 env` shows them). The transport is the first that is compiled in.
///
/// The credential is watched: when the file, directory or command that it comes from changes, later calls use
/// the new one. Warnings go to `tracing`; [`Builder::from_env`] has a callback for them.
///
/// ```no_run
/// # async fn example() -> Result<(), digicert_one::Error> {
/// let one = digicert_one::from_env()?;
/// let me = one.whoami().await?;
/// println!("{} ({})", me.friendly_name, me.user_type);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Returns an error if the host or credential is missing or invalid; it names the variable or file and what
/// to do. Nothing was sent.
pub fn from_env() -> Result<DigiCertOne, Error> {
    Builder::from_env()?.build()
}

impl Builder {
    /// Returns a builder with what [`from_env`] finds; later settings replace it.
    ///
    /// # Errors
    /// Same as [`from_env`].
    pub fn from_env() -> Result<Self, Error> {
        Self::from_setup(&Setup::standard(&Setting::variable).map_err(of_setup)?)
    }

    /// Returns a builder with this configuration.
    ///
    /// # Errors
    /// Returns an error if the configured credential cannot be read or used.
    pub fn from_setup(setup: &Setup) -> Result<Self, Error> {
        let credential = WatchingCredential::open(setup.source(), SystemClock::new(), WatchOptions::new())
            .map_err(|error| of_setup(error.into()))?;
        let warnings = setup.warnings().into_iter().chain(credential.warnings()).collect();
        Ok(Self::found(setup.instance().clone(), credential, setup.roots(), setup.proxy().rules().clone(), warnings))
    }
}

fn of_setup(error: SetupError) -> Error {
    let kind = match error {
        SetupError::Credential(_) => ErrorKind::Credential,
        _ => ErrorKind::Config,
    };
    Error::new(kind, Diagnosis::of(error.code(), error.to_string())).with_source(error)
}

/// Applies a [`Setup`] to a builder of the client.
pub trait SetupExt: Sized {
    /// Sets instance, trust roots and proxy rules. Roots are added to the system's; a transport that does not
    /// support that trusts only these, with a warning. The credential is set separately: fixed (from
    /// [`Setup::read`]), watching (over [`Setup::source`]), or one of CSC.
    #[must_use]
    fn setup(self, setup: &Setup) -> Self;
}

macro_rules! implement {
    ($builder:ty) => {
        impl SetupExt for $builder {
            fn setup(self, setup: &Setup) -> Self {
                let builder = self.instance(setup.instance().clone()).proxy_rules(setup.proxy().rules().clone());
                match setup.roots() {
                    Some(roots) => builder.roots_beside_system(roots.to_vec()),
                    None => builder,
                }
            }
        }
    };
}

implement!(ClientBuilder);
#[cfg(feature = "csc")]
implement!(digicert_one_csc::CscClientBuilder);
