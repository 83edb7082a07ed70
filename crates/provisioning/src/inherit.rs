//! Metadata that a new file inherits from the file it replaces: owner, group, mode, and extended attributes
//! (including ACLs and labels). A rename loses all of these unless they are copied to the new file first.
//! What cannot be copied is an error, detected before anything is created.
//!
//! On Windows nothing is copied: a new file has the access rights of its directory.

use std::fs::{File, Metadata};
use std::path::Path;

use crate::store::StoreError;

/// The widest mode of a file with a secret: readable by its group.
pub(crate) const SECRET: u32 = 0o640;
/// The widest mode of a file without secrets, such as a certificate chain: readable by all.
pub(crate) const PUBLIC: u32 = 0o644;
/// For a file whose content does not change or is not secret.
pub(crate) const ANY_MODE: u32 = 0o7777;

#[cfg(unix)]
pub(crate) use self::unix::Inherited;
#[cfg(not(unix))]
pub(crate) use self::without::Inherited;

#[cfg(not(unix))]
mod without {
    use super::*;

    /// No metadata.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Inherited;

    impl Inherited {
        pub(crate) fn of(_path: &Path, _metadata: &Metadata) -> Result<Self, StoreError> {
            Ok(Self)
        }

        pub(crate) fn private_if_wider(self, _widest: u32) -> Self {
            self
        }

        pub(crate) fn hand_on(&self, _file: &File, _widest: u32, _called: &Path) -> Result<(), StoreError> {
            Ok(())
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::collections::BTreeMap;
    use std::fs::Permissions;
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use rustix::fs::{Gid, Uid, fchown};

    use super::*;
    use crate::store::StoreErrorKind;

    type Attributes = BTreeMap<Vec<u8>, Vec<u8>>;

    /// The metadata of one file.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Inherited {
        owner: u32,
        group: u32,
        mode: u32,
        attributes: Attributes,
    }

    impl Inherited {
        /// Reads the metadata. `metadata` is that of the path, which is not a symlink.
        pub(crate) fn of(path: &Path, metadata: &Metadata) -> Result<Self, StoreError> {
            let attributes = attributes::of_path(path).map_err(|error| {
                StoreError::io(path.display().to_string(), "failed to read its extended attributes", error)
            })?;
            let (owner, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777);
            Ok(Self { owner, group, mode, attributes })
        }

        /// Same as `of`, for a directory that is created next to or in this one: full access for its owner,
        /// no write access for others.
        pub(crate) fn of_directory(path: &Path, metadata: &Metadata) -> Result<Self, StoreError> {
            let whole = Self::of(path, metadata)?;
            Ok(Self { mode: whole.mode & 0o755 | 0o700, ..whole })
        }

        /// Same metadata, with the mode 0600 in place of one that is wider than this.
        pub(crate) fn private_if_wider(self, widest: u32) -> Self {
            Self { mode: if self.mode & !widest == 0 { self.mode } else { 0o600 }, ..self }
        }

        /// Returns whether other users can read the file.
        pub(crate) fn is_shared(&self) -> bool {
            self.mode & 0o077 != 0 || self.owner != rustix::process::geteuid().as_raw()
        }

        /// Applies the metadata to a new file, and verifies it. Errors name `called`.
        ///
        /// # Errors
        /// Returns an error if a part of it cannot be preserved, or its mode is wider than `widest`.
        pub(crate) fn hand_on(&self, file: &File, widest: u32, called: &Path) -> Result<(), StoreError> {
            let found = file
                .metadata()
                .map_err(|error| failed(called, "failed to read the metadata of the new file", error))?;
            let has_mode = found.mode() & 0o7777 == self.mode;
            // A file system without modes reports the same mode for every file.
            if !has_mode && (self.mode & !widest != 0 || self.mode & 0o400 == 0) {
                let what = format!(
                    "its mode is {:04o}, but a file with this content may have at most {widest:04o} and must be readable for its owner; \
                     change the mode of the file first (chmod {:04o})",
                    self.mode,
                    self.mode & widest | 0o600
                );
                return Err(cannot_keep(called, &what));
            }
            if (found.uid(), found.gid()) != (self.owner, self.group) {
                self.chown(file, called)?;
            }
            self.copy_attributes(file, called)?;
            self.chmod(file, called)
        }

        /// Same as [`hand_on`](Self::hand_on), for a directory: only its group must be preserved, since only the
        /// superuser can give the previous owner access.
        pub(crate) fn hand_on_to_directory(&self, directory: &File, called: &Path) -> Result<(), StoreError> {
            if self.chown(directory, called).is_err() {
                fchown(directory, None, Some(Gid::from_raw(self.group)))
                    .map_err(|error| self.lost_owner(called, error.into()))?;
            }
            self.copy_attributes(directory, called)?;
            self.chmod(directory, called)
        }

        fn chown(&self, file: &File, called: &Path) -> Result<(), StoreError> {
            fchown(file, Some(Uid::from_raw(self.owner)), Some(Gid::from_raw(self.group)))
                .map_err(|error| self.lost_owner(called, error.into()))
        }

        fn lost_owner(&self, called: &Path, error: io::Error) -> StoreError {
            let what = format!(
                "it belongs to user {} and group {}, which this user may not assign to a new file ({error}), so its readers \
                 would be locked out; run this as that user or as root, or use a file owned by this user",
                self.owner, self.group
            );
            cannot_keep(called, &what).with_source(error)
        }

        fn chmod(&self, file: &File, called: &Path) -> Result<(), StoreError> {
            let mode = || file.metadata().map(|metadata| metadata.mode() & 0o7777);
            if mode().is_ok_and(|mode| mode == self.mode) {
                return Ok(());
            }
            file.set_permissions(Permissions::from_mode(self.mode))
                .map_err(|error| failed(called, "failed to set the mode of the new file", error))?;
            match mode() {
                Ok(mode) if mode == self.mode => Ok(()),
                _ => Err(cannot_keep(called, &format!("a new file does not keep the mode {:04o}", self.mode))),
            }
        }

        fn copy_attributes(&self, file: &File, called: &Path) -> Result<(), StoreError> {
            let lost = |name: &[u8], error: &dyn std::fmt::Display| {
                let what = format!(
                    "failed to copy its extended attribute {} to a new file ({error}), so its readers may be locked out; remove \
                     the attribute, or use another file",
                    String::from_utf8_lossy(name)
                );
                cannot_keep(called, &what)
            };
            let of_new = || {
                attributes::of_file(file)
                    .map_err(|error| failed(called, "failed to read the extended attributes of a new file", error))
            };
            let found = of_new()?;
            if found == self.attributes {
                return Ok(());
            }
            // Attributes inherited from the directory would give others access.
            for name in found.keys().filter(|name| !self.attributes.contains_key(*name)) {
                attributes::remove(file, name).map_err(|error| lost(name, &error))?;
            }
            for (name, value) in self.attributes.iter().filter(|(name, value)| found.get(*name) != Some(value)) {
                attributes::set(file, name, value).map_err(|error| lost(name, &error))?;
            }
            let now = of_new()?;
            match self.attributes.iter().find(|(name, value)| now.get(*name) != Some(value)) {
                Some((name, _)) => Err(lost(name, &"it reads back differently")),
                None => Ok(()),
            }
        }
    }

    fn cannot_keep(called: &Path, what: &str) -> StoreError {
        StoreError::new(StoreErrorKind::Metadata, called.display().to_string(), what)
    }

    fn failed(called: &Path, what: &str, error: io::Error) -> StoreError {
        StoreError::io(called.display().to_string(), what, error)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    mod attributes {
        use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr, lgetxattr, llistxattr};
        use rustix::io::Errno;

        use super::*;

        /// Signatures over the content: the system creates new ones.
        const OF_CONTENT: [&[u8]; 2] = [b"security.ima", b"security.evm"];
        /// The system's limit for one value, and for all names.
        const LARGEST: usize = 64 << 10;

        pub(super) fn of_path(path: &Path) -> io::Result<Attributes> {
            let mut buffer = vec![0; LARGEST];
            let count = llistxattr(path, &mut buffer[..]);
            read(count, &buffer, |name, value| lgetxattr(path, name, value))
        }

        pub(super) fn of_file(file: &File) -> io::Result<Attributes> {
            let mut buffer = vec![0; LARGEST];
            let count = flistxattr(file, &mut buffer[..]);
            read(count, &buffer, |name, value| fgetxattr(file, name, value))
        }

        fn read(
            listed: Result<usize, Errno>,
            names: &[u8],
            get: impl Fn(&[u8], &mut [u8]) -> Result<usize, Errno>,
        ) -> io::Result<Attributes> {
            let names = match listed {
                Ok(count) => names.get(..count).unwrap_or_default(),
                Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Attributes::new()),
                Err(error) => return Err(error.into()),
            };
            let mut value = vec![0; LARGEST];
            let mut found = Attributes::new();
            for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty() && !OF_CONTENT.contains(name)) {
                match get(name, &mut value) {
                    Ok(count) => drop(found.insert(name.to_vec(), value.get(..count).unwrap_or_default().to_vec())),
                    // Removed in the meantime, or listed without a value.
                    Err(Errno::NODATA | Errno::NOTSUP) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(found)
        }

        pub(super) fn set(file: &File, name: &[u8], value: &[u8]) -> io::Result<()> {
            fsetxattr(file, name, value, XattrFlags::empty()).map_err(Into::into)
        }

        pub(super) fn remove(file: &File, name: &[u8]) -> io::Result<()> {
            match fremovexattr(file, name) {
                Err(Errno::NODATA) => Ok(()),
                other => other.map_err(Into::into),
            }
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    mod attributes {
        use super::*;

        pub(super) fn of_path(_path: &Path) -> io::Result<Attributes> {
            Ok(Attributes::new())
        }

        pub(super) fn of_file(_file: &File) -> io::Result<Attributes> {
            Ok(Attributes::new())
        }

        pub(super) fn set(_file: &File, _name: &[u8], _value: &[u8]) -> io::Result<()> {
            Ok(())
        }

        pub(super) fn remove(_file: &File, _name: &[u8]) -> io::Result<()> {
            Ok(())
        }
    }
}
