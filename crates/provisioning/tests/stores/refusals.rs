//! Full disks and directories without access, tested in a child process that the system limits.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use digicert_one_core::Secret;
use digicert_one_provisioning::{SecretKind, SecretStore, StoreErrorKind, store};

use super::{names, refused};

const DIRECTORY: &str = "D1_TEST_DIRECTORY";
/// Any unprivileged user works; this one exists on most systems.
const STRANGER: u32 = 65_534;

/// Every store that writes files, in a directory.
fn stores(directory: &Path) -> Vec<Box<dyn SecretStore>> {
    let file = directory.join("secret");
    vec![
        Box::new(store::file(&file)),
        Box::new(store::directory(directory)),
        Box::new(store::encrypted_file(&file, Secret::new("p", "a test"))),
    ]
}

/// In the child: each store refuses with this kind. Returns whether this is the child.
fn is_child(kind: StoreErrorKind) -> bool {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return false };
    for store in stores(Path::new(&directory)) {
        let error = refused(&*store, SecretKind::Certificate);
        assert_eq!(error.kind(), kind, "{}: {error}", store.name());
        assert!(error.to_string().contains(&*directory.to_string_lossy()), "{error}");
    }
    true
}

fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn full_disk_is_detected_beforehand() {
    if is_child(StoreErrorKind::Full) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    // A file size limit acts as a full disk without privileges: 8 blocks of 512 bytes (of 1024 in some shells).
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "refusals::full_disk_is_detected_beforehand"])
        .env(DIRECTORY, directory.path())
        .output()
        .expect("it runs");
    assert_passed(&output);
    assert!(names(directory.path()).is_empty(), "{:?}", names(directory.path()));
}

/// Runs this test again with a separate file system over the directory, if the system allows it.
#[cfg(target_os = "linux")]
fn with_file_system(options: &str, test: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display().to_string();
    let script = format!("mount -t tmpfs -o {options} tmpfs {path} || exit 77; exec \"$0\" \"$@\"");
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", test])
        .env(DIRECTORY, &path)
        .output();
    match output {
        Ok(output) if output.status.code() != Some(77) && !output.stdout.is_empty() => assert_passed(&output),
        // The program or the permission is missing.
        _ => {}
    }
}

#[cfg(target_os = "linux")]
#[test]
fn file_system_without_room_is_full() {
    if !is_child(StoreErrorKind::Full) {
        with_file_system("size=16k", "refusals::file_system_without_room_is_full");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn read_only_file_system_is_reported() {
    if !is_child(StoreErrorKind::ReadOnly) {
        with_file_system("ro", "refusals::read_only_file_system_is_reported");
    }
}

#[test]
fn directory_without_write_access_is_detected_beforehand() {
    if is_child(StoreErrorKind::NotWritable) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o555)).expect("own directory");
    // Permissions do not limit the superuser: then the child runs as another user, who must be able to run
    // this program.
    let mut program = std::env::current_exe().expect("this test");
    let copies = tempfile::tempdir().expect("a directory");
    let is_root = permissions_do_not_stop_us(directory.path());
    if is_root {
        std::fs::set_permissions(copies.path(), std::fs::Permissions::from_mode(0o755)).expect("own directory");
        let copy = copies.path().join("test");
        std::fs::copy(&program, &copy).expect("copied");
        program = copy;
    }
    let mut command = Command::new(program);
    command
        .args(["--exact", "refusals::directory_without_write_access_is_detected_beforehand"])
        .env(DIRECTORY, directory.path())
        .current_dir("/");
    if is_root {
        command.uid(STRANGER).gid(STRANGER);
    }
    assert_passed(&command.output().expect("it runs"));
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).expect("own directory");
    assert!(names(directory.path()).is_empty());
}

/// Whether this is the superuser.
fn permissions_do_not_stop_us(read_only: &Path) -> bool {
    let probe = read_only.join("probe");
    let written = std::fs::write(&probe, "").is_ok();
    written && std::fs::remove_file(&probe).is_ok()
}
