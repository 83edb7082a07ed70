//! For rustls: the identity in files that no other user can open.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use digicert_one_core::{ClientIdentity, Delivery, TransportError, TransportErrorKind};
use isahc::tls::{Identity, PrivateKey};

/// Chain and key where libcurl can open them, for as long as this lives.
pub(crate) struct Handover {
    chain: CredentialFile,
    key: CredentialFile,
}

impl Handover {
    pub(crate) fn new(identity: &ClientIdentity) -> Result<Self, TransportError> {
        let unusable = |error: io::Error| {
            TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent).with_source(error)
        };
        let chain = CredentialFile::holding(identity.chain_pem().as_bytes()).map_err(unusable)?;
        let key = identity.expose_key_pem(|pem| CredentialFile::holding(pem.as_bytes())).map_err(unusable)?;
        // As libcurl will: a system without /proc is to show itself now.
        File::open(key.path()).map_err(unusable)?;
        Ok(Self { chain, key })
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem_file(self.chain.path(), Some(PrivateKey::from_pem_file(self.key.path(), None)))
    }
}

/// An anonymous memory file: it has no name in any directory and goes with its last descriptor, which no child inherits.
#[cfg(target_os = "linux")]
struct CredentialFile(File);

#[cfg(target_os = "linux")]
impl CredentialFile {
    fn holding(bytes: &[u8]) -> io::Result<Self> {
        use std::os::fd::OwnedFd;

        use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};

        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // A hardened kernel wants it said that nothing will be executed; one before 6.3 does not support the flag.
        let made = memfd_create("digicert-one-identity", flags | MemfdFlags::NOEXEC_SEAL);
        let descriptor: OwnedFd = match made {
            Err(rustix::io::Errno::INVAL) => memfd_create("digicert-one-identity", flags)?,
            made => made?,
        };
        fchmod(&descriptor, Mode::RUSR)?;
        let mut file = File::from(descriptor);
        file.write_all(bytes)?;
        fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
        Ok(Self(file))
    }

    fn path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;

        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// A file that only its owner can read, in a directory that only its owner can enter; removed when this is dropped.
#[cfg(not(target_os = "linux"))]
struct CredentialFile {
    file: tempfile::NamedTempFile,
    _directory: tempfile::TempDir,
}

#[cfg(not(target_os = "linux"))]
impl CredentialFile {
    fn holding(bytes: &[u8]) -> io::Result<Self> {
        let mut directory = tempfile::Builder::new();
        directory.prefix("digicert-one-");
        #[cfg(unix)]
        directory.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let directory = directory.tempdir()?;
        let mut file = tempfile::NamedTempFile::new_in(directory.path())?;
        file.write_all(bytes)?;
        file.flush()?;
        Ok(Self { file, _directory: directory })
    }

    fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }
}
