//! A client configured from this machine: variables, profiles, mounted secrets, properties of signing tools.

use digicert_one_client::{ClientBuilder, Error, ErrorKind, SystemClock};
use digicert_one_core::{Code, Diagnosis, Warning};
use digicert_one_credentials::{Config, ConfigError, Variable, WatchOptions, WatchingCredential};

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
        Self::from_config(&Config::standard(&Variable::from_env).map_err(of_config)?)
    }

    /// Returns a builder with this configuration.
    ///
    /// # Errors
    /// Returns an error if the configured credential cannot be read or used.
    pub fn from_config(config: &Config) -> Result<Self, Error> {
        let credential = WatchingCredential::open(config.source(), SystemClock::new(), WatchOptions::new())
            .map_err(|error| of_config(error.into()))?;
        let limiter = config.profile().and_then(|profile| profile.limiter.as_ref()).map(|_| {
            let text = "the profile names a shared rate limiter, to which d1 connects and this builder does not: give it to the \
                        builder with `rate_limiter`";
            Warning::new(Code::CFG_02, text, "limiter")
        });
        let warnings = config.warnings().into_iter().chain(credential.warnings()).chain(limiter).collect();
        Ok(Self::found(config.instance().clone(), credential, config.roots(), config.proxy().clone(), warnings))
    }
}

fn of_config(error: ConfigError) -> Error {
    let kind = match error {
        ConfigError::Credential(_) => ErrorKind::Credential,
        _ => ErrorKind::Config,
    };
    Error::new(kind, Diagnosis::of(error.code(), error.to_string())).with_source(error)
}

/// Applies a [`Config`] to a builder of the client.
///
/// ```no_run
/// use digicert_one::{Client, ConfigExt as _, Variable};
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = digicert_one::Config::standard(&Variable::from_env)?;
/// let reading = config.read(&digicert_one::ReadOptions::at(std::time::SystemTime::now()))?;
/// let builder = Client::builder().config(&config).credential(reading.fixed());
/// # Ok(()) }
/// ```
pub trait ConfigExt: Sized {
    /// Sets instance, trust roots and proxy rules. Roots are added to the system's; a transport that does not
    /// support that trusts only these, with a warning. The credential is set separately: fixed (from
    /// [`Config::read`]), watching (over [`Config::source`]), or one of CSC.
    #[must_use]
    fn config(self, config: &Config) -> Self;
}

macro_rules! implement {
    ($builder:ty) => {
        impl ConfigExt for $builder {
            fn config(self, config: &Config) -> Self {
                let builder = self.instance(config.instance().clone()).proxy_rules(config.proxy().clone());
                match config.roots() {
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
