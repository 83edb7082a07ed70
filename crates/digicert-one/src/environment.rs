//! A client from what this machine has set up: variables, profiles, mounted secrets, properties of signing tools.

use digicert_one_client::{ClientBuilder, Error, ErrorKind, SystemClock};
use digicert_one_core::Diagnosis;
use digicert_one_credentials::{Setting, Setup, SetupError, WatchOptions, WatchingCredential};

use crate::builder::Builder;
use crate::one::DigiCertOne;

/// A client from the standard places: host, credential, CA file and proxy as `d1` would find them (`d1 env` shows them). The transport is
/// the first that is compiled in.
///
/// The credential is followed: when the file or directory that it came from changes, or what a command gives, later calls use the new one.
/// Warnings of reading go to `tracing`; [`Builder::from_env`] has a callback for them.
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
/// No host, no credential, or one that cannot be used; each names the variable or file and says what to do. Nothing was sent.
pub fn from_env() -> Result<DigiCertOne, Error> {
    Builder::from_env()?.build()
}

impl Builder {
    /// A builder that begins with what [`from_env`] finds; what is set on it afterwards replaces that.
    ///
    /// # Errors
    /// As [`from_env`].
    pub fn from_env() -> Result<Self, Error> {
        Self::from_setup(&Setup::standard(&Setting::variable).map_err(of_setup)?)
    }

    /// A builder that begins with this set-up.
    ///
    /// # Errors
    /// The set-up's credential cannot be read, or cannot be used.
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

/// Configures a builder of the engine as a [`Setup`] says.
pub trait SetupExt: Sized {
    /// Instance, trust roots and proxy rules as they are set up. Roots stand beside the system's; on a transport that cannot do that they
    /// stand alone, and a warning says so. The credential is given apart: fixed (from [`Setup::read`]), watching (over
    /// [`Setup::source`]), or one of CSC.
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
