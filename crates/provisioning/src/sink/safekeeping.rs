//! A sink with a fallback: both are checked before the platform is called, and if the first fails anyway, the
//! secret goes to the second and the error reports it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{Kept, KeptSecret, PreparedSink, SecretKind, SecretSink, SinkError};

/// A prepared sink and an optional prepared last resort.
///
/// ```
/// use digicert_one_provisioning::{FileSink, KeptSecret, Safekeeping, SecretFacts, SecretKind};
/// use digicert_one_core::Secret;
/// # let directory = tempfile::tempdir()?;
/// # let (path, other) = (directory.path().join("api-key"), directory.path().join("rescued"));
/// // Before the platform is called:
/// let mut places = Safekeeping::prepare(SecretKind::ApiKey, &FileSink::new(&path), Some(&FileSink::new(&other)))?;
/// // With what it answered:
/// let key = KeptSecret::api_key(Secret::new("an-api-key", "the response"), SecretFacts::new());
/// let kept = places.keep(&key)?;
/// assert!(kept.read_back);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Safekeeping {
    sink: Box<dyn PreparedSink>,
    last_resort: Option<Box<dyn PreparedSink>>,
}

impl Safekeeping {
    /// Checks both places.
    ///
    /// # Errors
    /// Returns an error if one of them cannot store the secret. The platform must not be called then.
    pub fn prepare(
        kind: SecretKind,
        sink: &dyn SecretSink,
        last_resort: Option<&dyn SecretSink>,
    ) -> Result<Self, SinkError> {
        let last_resort = last_resort.map(|sink| sink.prepare(kind)).transpose()?;
        Ok(Self { sink: sink.prepare(kind)?, last_resort })
    }

    /// Runs [`prepare`](Self::prepare) on a thread for blocking work.
    ///
    /// # Errors
    /// See [`prepare`](Self::prepare).
    pub async fn prepare_unblocked(
        kind: SecretKind,
        sink: Arc<dyn SecretSink>,
        last_resort: Option<Arc<dyn SecretSink>>,
    ) -> Result<Self, SinkError> {
        blocking::unblock(move || Self::prepare(kind, &sink, last_resort.as_ref().map(|sink| sink as &dyn SecretSink)))
            .await
    }

    /// Stores the secret in the sink, else in the last resort. May be called again.
    ///
    /// # Errors
    /// Returns an error if the secret is not in the sink. [`KeepError::kept`] returns where it is instead, if
    /// anywhere; the caller still has it.
    pub fn keep(&mut self, secret: &KeptSecret) -> Result<Kept, KeepError> {
        let because = match self.sink.keep(secret) {
            Ok(kept) => return Ok(kept),
            Err(error) => error,
        };
        let rescued = self.last_resort.as_mut().map(|sink| sink.keep(secret));
        Err(KeepError { because, rescued })
    }

    /// Runs [`keep`](Self::keep) on a thread for blocking work. Returns the sinks for another attempt.
    pub async fn keep_unblocked(mut self, secret: KeptSecret) -> (Self, Result<Kept, KeepError>) {
        blocking::unblock(move || {
            let kept = self.keep(&secret);
            (self, kept)
        })
        .await
    }

    /// Returns the name of the sink in reports.
    #[must_use]
    pub fn name(&self) -> String {
        self.sink.name()
    }
}

/// Error returned when the sink failed although it was checked. Names where the secret is now.
#[derive(Clone, Debug)]
pub struct KeepError {
    because: SinkError,
    rescued: Option<Result<Kept, SinkError>>,
}

impl KeepError {
    /// Returns where the secret is now, if the last resort accepted it.
    #[must_use]
    pub fn kept(&self) -> Option<&Kept> {
        self.rescued.as_ref()?.as_ref().ok()
    }

    /// Returns why the sink failed.
    #[must_use]
    pub fn because(&self) -> &SinkError {
        &self.because
    }

    /// Returns why the last resort failed, if there was one and it failed.
    #[must_use]
    pub fn last_resort_failed(&self) -> Option<&SinkError> {
        self.rescued.as_ref()?.as_ref().err()
    }
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to store the secret in its place ({})", self.because)?;
        match &self.rescued {
            Some(Ok(kept)) => write!(f, "; it is in the last resort instead: {}", kept.place),
            Some(Err(error)) => write!(
                f,
                "; the last resort failed too ({error}), and the secret is stored nowhere; disable it on the platform and create \
                 another"
            ),
            None => f.write_str(
                "; there was no last resort, and the secret is stored nowhere; disable it on the platform and create another",
            ),
        }
    }
}

impl Error for KeepError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.because)
    }
}
