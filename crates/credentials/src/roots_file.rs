//! A CA file that can be replaced while its roots are in use. It has no background task: its owner calls `reload`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{CredentialError, Warning};
use rustls_pki_types::CertificateDer;

use crate::read_ca_file;
use crate::roots::log;

/// The roots of a CA file, with reload. Clones share it.
///
/// A file that cannot be read or holds no certificate never replaces the roots in use.
///
/// ```no_run
/// use digicert_one_credentials::RootsFile;
///
/// let file = RootsFile::open("/etc/d1/ca.pem")?;
/// match file.reload() {
///     Ok(Some(roots)) => println!("{} roots to trust from now on", roots.len()),
///     Ok(None) => {}
///     Err(warning) => eprintln!("{warning}"),
/// }
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone)]
pub struct RootsFile(Arc<Shared>);

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    roots: Vec<CertificateDer<'static>>,
    /// Warnings about unused parts, so that they are logged once per change.
    unused: Vec<Warning>,
    /// The last error, so that it is reported once.
    broken: Option<String>,
}

impl RootsFile {
    /// Reads the file now, so that an unusable file is detected before the first call.
    ///
    /// # Errors
    /// Same as [`read_ca_file`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CredentialError> {
        let path = path.as_ref().to_owned();
        let mut unused = Vec::new();
        let roots = read_ca_file(&path, &mut unused)?;
        log(&unused);
        let state = State { roots, unused, broken: None };
        Ok(Self(Arc::new(Shared { path, state: Mutex::new(state) })))
    }

    /// Returns the roots in use.
    #[must_use]
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).roots.clone()
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Reads the file again and returns the new roots; `None` if it holds what is in use, or has the same error as
    /// at the last reading.
    ///
    /// # Errors
    /// Returns a warning if the file cannot be used: the previous roots stay. Reported once per change of the file.
    pub fn reload(&self) -> Result<Option<Vec<CertificateDer<'static>>>, Warning> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unused = Vec::new();
        let error = match read_ca_file(&self.0.path, &mut unused) {
            Ok(roots) => {
                state.broken = None;
                if unused != state.unused {
                    log(&unused);
                    state.unused = unused;
                }
                if roots == state.roots {
                    return Ok(None);
                }
                state.roots.clone_from(&roots);
                return Ok(Some(roots));
            }
            Err(error) => error,
        };
        let broken = error.to_string();
        if state.broken.as_ref() == Some(&broken) {
            return Ok(None);
        }
        let origin = self.0.path.display().to_string();
        tracing::warn!(code = %error.code(), path = origin, %error, "failed to reload a CA file; the previous roots stay");
        let warning = Warning::new(error.code(), format!("the previous roots stay in use: {error}"), origin);
        state.broken = Some(broken);
        Err(warning)
    }
}

impl fmt::Debug for RootsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootsFile").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Code;
    use digicert_one_testbed::Pki;

    use super::*;

    fn kept(file: &RootsFile) -> Warning {
        file.reload().expect_err("it cannot be used")
    }

    #[test]
    fn trust_13_only_different_roots_replace() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        let pki = Pki::shared();
        std::fs::write(&path, pki.root_pem()).expect("written");
        let file = RootsFile::open(&path).expect("a root");
        // Text around the certificates does not count as a change.
        std::fs::write(&path, format!("our CA\n{}", pki.root_pem())).expect("written");
        assert_eq!(file.reload(), Ok(None));
        std::fs::write(&path, pki.foreign_root_pem()).expect("written");
        let foreign = vec![CertificateDer::from(pki.foreign_root_der().to_vec())];
        assert_eq!(file.clone().reload(), Ok(Some(foreign.clone())));
        assert_eq!((file.reload(), file.roots()), (Ok(None), foreign));
    }

    #[test]
    fn trust_14_unusable_file_is_reported_once_and_replaces_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, Pki::shared().root_pem()).expect("written");
        let file = RootsFile::open(&path).expect("a root");
        let roots = file.roots();
        std::fs::write(&path, "").expect("written");
        assert_eq!(kept(&file).code, Code::TR_03);
        assert_eq!(file.reload(), Ok(None));
        std::fs::remove_file(&path).expect("removed");
        let warning = kept(&file);
        assert!(warning.to_string().contains("ca.pem") && warning.code == Code::IO_02, "{warning}");
        assert_eq!((file.reload(), file.roots()), (Ok(None), roots));
        std::fs::write(&path, Pki::shared().root_pem()).expect("written");
        assert_eq!(file.reload(), Ok(None));
        // Broken once more is a change once more.
        std::fs::write(&path, "").expect("written");
        kept(&file);
    }
}
