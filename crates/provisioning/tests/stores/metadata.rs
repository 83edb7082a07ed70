//! A replaced file keeps its metadata, or it is refused beforehand.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use digicert_one_core::Secret;
use digicert_one_provisioning::{SecretKind, SecretStore, StoreErrorKind, replace_file, store};
use rustix::fs::{IFlags, XattrFlags, ioctl_getflags, ioctl_setflags};
use tempfile::TempDir;

use super::{CANARY, api_key, certificate, identity, mode, names, refused, store_in};

/// A directory that everyone may enter, like `/etc`.
fn open_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    set_mode(directory.path(), 0o755);
    directory
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own file");
}

/// A file of this mode; as root, with another user and group.
fn shared_file(path: &Path, mode: u32) -> (u32, u32, u32) {
    shared_file_with("old\n", path, mode)
}

fn shared_file_with(content: &str, path: &Path, mode: u32) -> (u32, u32, u32) {
    fs::write(path, content).expect("written");
    if rustix::process::geteuid().is_root() {
        chown(path, Some(1), Some(2)).expect("root may");
    }
    set_mode(path, mode);
    owner_group_mode(path)
}

fn owner_group_mode(path: &Path) -> (u32, u32, u32) {
    let found = fs::metadata(path).expect("it is there");
    (found.uid(), found.gid(), found.mode() & 0o7777)
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).expect("the file system has attributes");
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = [0; 256];
    let count = rustix::fs::getxattr(path, name, &mut value[..]).ok()?;
    Some(value[..count].to_vec())
}

/// An ACL that gives user 3 read access.
fn acl() -> Vec<u8> {
    let entry = |tag: u16, permissions: u16, id: u32| {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let undefined = u32::MAX;
    let entries = [(1, 6, undefined), (2, 4, 3), (4, 4, undefined), (0x10, 4, undefined), (0x20, 0, undefined)];
    entries
        .into_iter()
        .fold(2_u32.to_le_bytes().to_vec(), |acl, (tag, permissions, id)| [acl, entry(tag, permissions, id)].concat())
}

const ACL: &str = "system.posix_acl_access";

#[test]
fn replaced_file_keeps_owner_group_and_mode() {
    let directory = open_directory();
    let path = directory.path().join("api-key");
    let encrypted = store::encrypted_file(&path, Secret::new("a long password", "a test"));
    for mode in [0o640, 0o600, 0o400, 0o440] {
        for (store, content) in [
            (&store::file(&path) as &dyn SecretStore, "old\n"),
            (&encrypted, "{\"format\":\"digicert-one-encrypted\"}\n"),
        ] {
            let before = shared_file_with(content, &path, mode);
            store_in(store, &api_key(CANARY));
            assert_eq!(owner_group_mode(&path), before, "{}", store.name());
        }
    }
    assert_eq!(names(directory.path()), ["api-key"]);
}

#[test]
fn both_files_of_a_pair_keep_their_own_mode() {
    let directory = open_directory();
    let file = |name: &str| directory.path().join(name);
    let [chain, key] =
        ["CERTIFICATE", "PRIVATE KEY"].map(|label| format!("-----BEGIN {label}-----\nMII=\n-----END {label}-----\n"));
    let before = [shared_file_with(&chain, &file("tls.crt"), 0o644), shared_file_with(&key, &file("tls.key"), 0o640)];
    store_in(&store::file_pair(file("tls.crt"), file("tls.key")), &certificate(&identity("ci")));
    assert_eq!([owner_group_mode(&file("tls.crt")), owner_group_mode(&file("tls.key"))], before);
    // With the private key in it, everyone could read the file.
    shared_file_with(&format!("{key}{chain}"), &file("tls.crt"), 0o644);
    let error = refused(&store::file(file("tls.crt")), SecretKind::Certificate);
    assert_eq!(error.kind(), StoreErrorKind::Metadata);
}

#[test]
fn mode_that_changed_meanwhile_is_kept_too() {
    let directory = open_directory();
    let path = directory.path().join("api-key");
    super::write_private(&path, "old\n");
    let mut prepared = store::file(&path).prepare(SecretKind::ApiKey).expect("prepared");
    let before = shared_file(&path, 0o640);
    prepared.store(&api_key(CANARY)).expect("stored");
    assert_eq!(owner_group_mode(&path), before);
}

#[cfg(target_os = "linux")]
#[test]
fn replaced_file_keeps_its_acl_and_attributes_and_gets_no_others() {
    let directory = open_directory();
    let path = directory.path().join("api-key");
    super::write_private(&path, "old\n");
    // Attributes inherited from the directory differ from those of this file.
    set_attribute(directory.path(), "system.posix_acl_default", &acl());
    store_in(&store::file(&path), &api_key(CANARY));
    assert_eq!(attribute(&path, ACL), None);

    set_attribute(&path, "user.d1.owner", b"team-a");
    set_attribute(&path, ACL, &acl());
    store_in(&store::file(&path), &api_key(CANARY));
    assert_eq!(attribute(&path, "user.d1.owner").as_deref(), Some(&b"team-a"[..]));
    assert_eq!(attribute(&path, ACL), Some(acl()));
    assert_eq!(mode(&path), 0o640);

    let store = open_directory();
    let key = store.path().join("api-key");
    super::write_private(&key, "old\n");
    set_attribute(&key, ACL, &acl());
    for _ in 0..2 {
        store_in(&store::directory(store.path()), &api_key(CANARY));
        assert_eq!(attribute(&key, ACL), Some(acl()));
        assert_eq!(attribute(&store.path().join("api-key-ends"), ACL), Some(acl()));
    }
}

#[test]
fn wide_mode_is_refused_before_anything_is_created() {
    let directory = open_directory();
    let path = directory.path().join("api-key");
    for mode in [0o644, 0o660, 0o666, 0o750, 0o2640, 0o200] {
        shared_file(&path, mode);
        for store in [&store::file(&path) as &dyn SecretStore, &store::directory(directory.path())] {
            let error = refused(store, SecretKind::ApiKey);
            assert_eq!(error.kind(), StoreErrorKind::Metadata, "{error}");
            assert!(
                error.to_string().contains(&format!("{mode:04o}")) && error.to_string().contains("chmod"),
                "{error}"
            );
        }
        assert_eq!(names(directory.path()), ["api-key"]);
    }
}

#[test]
fn file_with_several_names_is_refused() {
    let directory = open_directory();
    let path = directory.path().join("api-key");
    super::write_private(&path, "old\n");
    fs::hard_link(&path, directory.path().join("another")).expect("linked");
    for store in [&store::file(&path) as &dyn SecretStore, &store::directory(directory.path())] {
        let error = refused(store, SecretKind::ApiKey);
        assert!(error.kind() == StoreErrorKind::Metadata && error.message().contains("hard links"), "{error}");
    }
    assert_eq!(names(directory.path()), ["another", "api-key"]);
}

#[test]
fn symlink_to_elsewhere_in_a_directory_store_is_refused() {
    let directory = open_directory();
    let elsewhere = directory.path().join("elsewhere");
    super::write_private(&elsewhere, "old\n");
    for name in ["api-key", "tls.crt"] {
        let store = open_directory();
        symlink(&elsewhere, store.path().join(name)).expect("linked");
        let error = refused(&store::directory(store.path()), SecretKind::ApiKey);
        assert!(error.kind() == StoreErrorKind::Unexpected && error.message().contains("symlink"), "{error}");
        assert_eq!(names(store.path()), [name]);
    }
}

#[test]
fn directory_store_keeps_read_access_of_each_file() {
    let directory = open_directory();
    let file = |name: &str| directory.path().join(name);
    let store = store::directory(directory.path());
    let key = shared_file(&file("api-key"), 0o640);
    let chain = shared_file(&file("tls.crt"), 0o644);
    let private = shared_file(&file("tls.key"), 0o440);
    for secret in [api_key(CANARY), certificate(&identity("ci")), api_key(CANARY), certificate(&identity("ci"))] {
        store_in(&store, &secret);
        for (name, before) in [("api-key", key), ("tls.crt", chain), ("tls.key", private), ("api-key-ends", key)] {
            assert_eq!(owner_group_mode(&file(name)), before, "{name}");
        }
        let version = fs::canonicalize(file("..data")).expect("a version");
        assert_eq!(mode(&version), 0o755, "a reader of the group gets in");
    }
    set_mode(directory.path(), 0o700);
    assert_eq!(names(directory.path()).iter().filter(|name| name.starts_with("..d1-")).count(), 1);
}

#[test]
fn non_secret_file_keeps_any_mode() {
    let directory = open_directory();
    let path = directory.path().join("journal.state");
    let before = shared_file(&path, 0o664);
    replace_file(&path, b"new").expect("replaced");
    assert_eq!(owner_group_mode(&path), before);
    replace_file(directory.path().join("other"), b"new").expect("made");
    assert_eq!(mode(&directory.path().join("other")), 0o600);
}

/// Removes the flag when the test ends.
struct Flagged(PathBuf);

impl Flagged {
    /// `None` if the file system or the user does not allow it.
    fn new(path: &Path, flag: IFlags) -> Option<Self> {
        let file = File::open(path).expect("it is there");
        ioctl_setflags(&file, ioctl_getflags(&file).ok()? | flag).ok()?;
        Some(Self(path.to_owned()))
    }
}

impl Drop for Flagged {
    fn drop(&mut self) {
        let file = File::open(&self.0).expect("it is there");
        let flags = ioctl_getflags(&file).expect("it has some") - IFlags::IMMUTABLE - IFlags::APPEND;
        ioctl_setflags(&file, flags).expect("it may be done");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn immutable_file_and_append_only_directory_are_refused() {
    for (flag, is_directory) in [(IFlags::IMMUTABLE, false), (IFlags::APPEND, false), (IFlags::APPEND, true)] {
        let directory = open_directory();
        let path = directory.path().join("api-key");
        super::write_private(&path, "old\n");
        let Some(_flagged) = Flagged::new(if is_directory { directory.path() } else { &path }, flag) else {
            // Only root may set them.
            assert!(!rustix::process::geteuid().is_root(), "this test needs a directory for files with flags");
            return;
        };
        for store in [&store::file(&path) as &dyn SecretStore, &store::directory(directory.path())] {
            let error = refused(store, SecretKind::ApiKey);
            assert!(error.kind() == StoreErrorKind::NotWritable && error.message().contains("chattr"), "{error}");
        }
        assert_eq!(names(directory.path()), ["api-key"]);
    }
}

const MOUNTED: &str = "D1_TEST_MOUNTED";

/// Runs itself again in a separate mount namespace.
#[cfg(target_os = "linux")]
#[test]
fn bind_mounted_file_is_refused_before_anything_is_created() {
    if let Some(path) = std::env::var_os(MOUNTED).map(PathBuf::from) {
        let directory = path.parent().expect("a directory");
        for store in [&store::file(&path) as &dyn SecretStore, &store::directory(directory)] {
            let error = refused(store, SecretKind::ApiKey);
            assert!(error.kind() == StoreErrorKind::Unexpected && error.message().contains("mount point"), "{error}");
        }
        assert_eq!(names(directory), ["api-key"]);
        return;
    }
    let (directory, outside) = (open_directory(), open_directory());
    let (path, original) = (directory.path().join("api-key"), outside.path().join("original"));
    super::write_private(&path, "");
    super::write_private(&original, "old\n");
    let script = "mount --bind \"$1\" \"$2\" || exit 77; shift 2; exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([&original, &path])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "metadata::bind_mounted_file_is_refused_before_anything_is_created"])
        .env(MOUNTED, &path)
        .output();
    let is_root = rustix::process::geteuid().is_root();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) if is_root || output.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        // Users without mount permission cannot run it.
        other => assert!(!is_root, "{other:?}"),
    }
}
