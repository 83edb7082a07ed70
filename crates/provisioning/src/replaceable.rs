//! Checks whether a rename over a path would succeed: the target is a regular file with one name, not a mount
//! point, and not protected by a flag or a sticky directory. The rename is the only step of replacing a file
//! that cannot be tried beforehand, so its reasons for failure are checked instead.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::store::{StoreError, StoreErrorKind};

fn refused(path: &Path, kind: StoreErrorKind, why: &str) -> StoreError {
    StoreError::new(kind, path.display().to_string(), why)
}

/// Returns the metadata of a path, without following a symlink; `None` if it does not exist.
pub(crate) fn look(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(path.display().to_string(), "failed to read the metadata of the path", error)),
    }
}

/// Checks for a regular file: a rename over a symlink would replace the link, not its target.
///
/// # Errors
/// Returns an error if something else exists there, or the rename would fail.
pub(crate) fn check_file(path: &Path) -> Result<Option<Metadata>, StoreError> {
    check_directory(parent(path))?;
    let Some(metadata) = look(path)? else { return Ok(None) };
    let found = metadata.file_type();
    if found.is_dir() {
        return Err(refused(path, StoreErrorKind::Unexpected, "it is a directory; use a file"));
    } else if found.is_symlink() {
        let why = "it is a symlink, which would be replaced; use its target";
        return Err(refused(path, StoreErrorKind::Unexpected, why));
    } else if !found.is_file() {
        return Err(refused(path, StoreErrorKind::Unexpected, "it is not a regular file"));
    }
    check_rename(path, &metadata)?;
    Ok(Some(metadata))
}

/// Checks for hard links: only one of the names would be replaced.
///
/// # Errors
/// Returns an error if there are several.
pub(crate) fn check_links(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.is_file() && metadata.nlink() > 1 {
            let why = format!(
                "it has {} names (hard links), and the others would keep the previous content; use a file with one name",
                metadata.nlink()
            );
            return Err(refused(path, StoreErrorKind::Metadata, &why));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, metadata);
    Ok(())
}

/// Checks for a directory in which files can be created but not renamed or removed.
///
/// # Errors
/// Returns an error if it is one.
pub(crate) fn check_directory(directory: &Path) -> Result<(), StoreError> {
    if system::flags(directory).is_protected {
        let why = "it is append-only or immutable (chattr +a or +i), so no file in it can be replaced; remove the flag, or use \
                   another directory";
        return Err(refused(directory, StoreErrorKind::NotWritable, why));
    }
    Ok(())
}

/// Checks whether an existing path of any kind can be renamed over or removed.
///
/// # Errors
/// Returns an error if it cannot.
pub(crate) fn check_rename(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    let flags = system::flags(path);
    if flags.is_mount_point {
        let why = "it is a mount point (a bind-mounted single file, as by docker -v FILE:FILE), so no other \
                   file can replace it; mount its directory instead";
        return Err(refused(path, StoreErrorKind::Unexpected, why));
    }
    if flags.is_protected {
        let why = "it is immutable or append-only (chattr +i or +a), so it cannot be replaced; remove the flag, or use another \
                   file";
        return Err(refused(path, StoreErrorKind::NotWritable, why));
    }
    if system::is_of_another_in_sticky(path, metadata) {
        let why = "it belongs to another user and is in a sticky directory, where only its owner may replace it; use \
                   another directory";
        return Err(refused(path, StoreErrorKind::NotWritable, why));
    }
    Ok(())
}

/// A reason why a file cannot be renamed.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    is_mount_point: bool,
    is_protected: bool,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::{AtFlags, CWD, IFlags, StatxAttributes, StatxFlags, ioctl_getflags, statx};

    pub(super) use super::unix::is_of_another_in_sticky;
    use super::*;

    /// What cannot be determined prevents nothing: the rename itself fails later.
    pub(super) fn flags(path: &Path) -> Flags {
        let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT, StatxFlags::BASIC_STATS).ok();
        let attribute = |wanted: StatxAttributes| {
            let found = found.as_ref().filter(|found| found.stx_attributes_mask.intersects(wanted))?;
            Some(found.stx_attributes.intersects(wanted))
        };
        Flags {
            is_mount_point: attribute(StatxAttributes::MOUNT_ROOT).unwrap_or_else(|| is_listed_as_mount(path)),
            is_protected: attribute(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND)
                .unwrap_or_else(|| has_inode_flags(path)),
        }
    }

    /// For kernels before 5.8.
    fn is_listed_as_mount(path: &Path) -> bool {
        let Ok(directory) = parent(path).canonicalize() else { return false };
        let Some(name) = path.file_name() else { return false };
        fs::read(MOUNTS).is_ok_and(|mounts| lists(&mounts, &directory.join(name)))
    }

    const MOUNTS: &str = "/proc/self/mountinfo";

    /// The fifth field of a line is the mount point, with some characters as `\040`.
    pub(super) fn lists(mounts: &[u8], path: &Path) -> bool {
        let point = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescaped);
        mounts.split(|byte| *byte == b'\n').filter_map(point).any(|point| OsStr::from_bytes(&point) == path)
    }

    fn unescaped(field: &[u8]) -> Vec<u8> {
        let (mut whole, mut rest) = (Vec::new(), field);
        while let [first, after @ ..] = rest {
            let octal = after.first_chunk::<3>().and_then(|digits| std::str::from_utf8(digits).ok());
            let code = octal.filter(|_| *first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
            whole.push(code.unwrap_or(*first));
            rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
        }
        whole
    }

    /// For file systems that do not report their flags in another way.
    fn has_inode_flags(path: &Path) -> bool {
        let is_plain = fs::symlink_metadata(path).is_ok_and(|found| found.is_file() || found.is_dir());
        let flags = is_plain.then(|| fs::File::open(path).ok()).flatten().and_then(|file| ioctl_getflags(file).ok());
        flags.is_some_and(|flags| flags.intersects(IFlags::IMMUTABLE | IFlags::APPEND))
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod system {
    pub(super) use super::unix::is_of_another_in_sticky;
    use super::*;

    pub(super) fn flags(_path: &Path) -> Flags {
        Flags::default()
    }
}

#[cfg(not(unix))]
mod system {
    use super::*;

    pub(super) fn flags(_path: &Path) -> Flags {
        Flags::default()
    }

    pub(super) fn is_of_another_in_sticky(_path: &Path, _metadata: &Metadata) -> bool {
        false
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const STICKY: u32 = 0o1000;

    pub(super) fn is_of_another_in_sticky(path: &Path, metadata: &Metadata) -> bool {
        let user = rustix::process::geteuid();
        let Ok(directory) = fs::metadata(parent(path)) else { return false };
        directory.mode() & STICKY != 0
            && ![metadata.uid(), directory.uid()].contains(&user.as_raw())
            && !may_act_for_owners(user)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn may_act_for_owners(user: rustix::fs::Uid) -> bool {
        use rustix::thread::{CapabilitySet, capabilities};
        capabilities(None).map_or(user.is_root(), |own| own.effective.contains(CapabilitySet::FOWNER))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn may_act_for_owners(user: rustix::fs::Uid) -> bool {
        user.is_root()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_found_in_mountinfo_of_old_kernels() {
        let mounts = b"22 1 254:0 / / rw - ext4 /dev/vda rw\n40 22 254:0 /orig /srv/a\\040key rw - ext4 /dev/vda rw\n";
        for (path, is_listed) in [("/srv/a key", true), ("/srv/a", false), ("/", true), ("/srv/a\\040key", false)] {
            assert_eq!(system::lists(mounts, Path::new(path)), is_listed, "{path}");
        }
        assert!(system::flags(Path::new("/proc")).is_mount_point);
    }
}

/// Returns the directory of a path; the current directory for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
