//! A sink with another one behind it: both are proved before the platform is called, and when the first fails after all, the
//! secret goes to the second and the error says so.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{Kept, KeptSecret, PreparedSink, SecretKind, SecretSink, SinkError};

/// A prepared sink and, where the caller named one, a prepared last resort.
///
/// ```
/// use digicert_one_provisioning::{FileSink, KeptSecret, Safekeeping, SecretFacts, SecretKind};
/// use digicert_one_core::Secret;
/// # let directory = tempfile::tempdir()?;
/// # let (path, other) = (directory.path().join("api-key"), directory.path().join("rescued"));
/// // Before the platform is called:
/// let mut places = Safekeeping::prepare(SecretKind::ApiKey, &FileSink::new(&path), Some(&FileSink::new(&other)))?;
/// // With what it answered:
/// let key = KeptSecret::api_key(Secret::new("an-api-key", "the answer"), SecretFacts::new());
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
    /// Proves both places.
    ///
    /// # Errors
    /// One of them would not keep it. The platform must not be asked then.
    pub fn prepare(
        kind: SecretKind,
        sink: &dyn SecretSink,
        last_resort: Option<&dyn SecretSink>,
    ) -> Result<Self, SinkError> {
        let last_resort = last_resort.map(|sink| sink.prepare(kind)).transpose()?;
        Ok(Self { sink: sink.prepare(kind)?, last_resort })
    }

    /// [`prepare`](Self::prepare) on a thread for blocking work.
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

    /// Keeps the secret in the sink, else in the last resort. May be called again.
    ///
    /// # Errors
    /// It is not in the sink. [`KeepError::kept`] says where it is instead, if anywhere; the caller still has it.
    pub fn keep(&mut self, secret: &KeptSecret) -> Result<Kept, KeepError> {
        let because = match self.sink.keep(secret) {
            Ok(kept) => return Ok(kept),
            Err(error) => error,
        };
        let rescued = self.last_resort.as_mut().map(|sink| sink.keep(secret));
        Err(KeepError { because, rescued })
    }

    /// [`keep`](Self::keep) on a thread for blocking work. The sinks come back for another try.
    pub async fn keep_unblocked(mut self, secret: KeptSecret) -> (Self, Result<Kept, KeepError>) {
        blocking::unblock(move || {
            let kept = self.keep(&secret);
            (self, kept)
        })
        .await
    }

    /// What reports call the sink.
    #[must_use]
    pub fn name(&self) -> String {
        self.sink.name()
    }
}

/// The sink failed although it was proved before. Says where the secret is now.
#[derive(Clone, Debug)]
pub struct KeepError {
    because: SinkError,
    rescued: Option<Result<Kept, SinkError>>,
}

impl KeepError {
    /// Where the secret is now, if the last resort took it.
    #[must_use]
    pub fn kept(&self) -> Option<&Kept> {
        self.rescued.as_ref()?.as_ref().ok()
    }

    /// Why the sink failed.
    #[must_use]
    pub fn because(&self) -> &SinkError {
        &self.because
    }

    /// Why the last resort failed, too, if there was one and it did.
    #[must_use]
    pub fn last_resort_failed(&self) -> Option<&SinkError> {
        self.rescued.as_ref()?.as_ref().err()
    }
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret could not be kept in its place ({})", self.because)?;
        match &self.rescued {
            Some(Ok(kept)) => write!(f, "; it is in the last resort instead: {}; take it from there", kept.place),
            Some(Err(error)) => write!(
                f,
                "; the last resort failed, too ({error}): the secret is kept nowhere; disable it on the platform and make \
                 another"
            ),
            None => f.write_str(
                "; there was no last resort: the secret is kept nowhere; disable it on the platform and make another",
            ),
        }
    }
}

impl Error for KeepError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.because)
    }
}
