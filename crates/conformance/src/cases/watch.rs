//! ROTATE, the part about files: a rotation on disk reaches the wire, and half-written files are never used.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use digicert_one_client::{Client, SystemClock};
use digicert_one_core::{Clock, Code, Generation};
use digicert_one_credentials::{DirectorySource, WatchEvent, WatchOptions, WatchingCredential};
use digicert_one_testbed::{ClientAuth, ClientCert, ClientSpec, Front, FrontOptions, KeyEncoding, Pki, Validity};
use tempfile::TempDir;

use crate::world::{World, front};

fn named(name: &str) -> ClientCert {
    Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() })
}

fn key_pem(certificate: &ClientCert) -> String {
    certificate.key_pem(KeyEncoding::Pkcs8).expect("every key has this form")
}

fn write(directory: &Path, certificate: &ClientCert) {
    std::fs::write(directory.join("tls.crt"), certificate.chain_pem()).expect("written");
    std::fs::write(directory.join("tls.key"), key_pem(certificate)).expect("written");
}

/// A client whose credential watches a directory, and a server that requires its certificate.
struct Followed {
    directory: TempDir,
    front: Front,
    credential: WatchingCredential,
    client: Client,
    events: Arc<Mutex<Vec<WatchEvent>>>,
}

impl Followed {
    fn begin(world: &World, options: WatchOptions, fill: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fill(directory.path());
        let front = front(FrontOptions::default().client_auth(ClientAuth::Required));
        let events = Arc::new(Mutex::new(Vec::new()));
        let reported = Arc::clone(&events);
        let source = DirectorySource::new(directory.path());
        let credential = WatchingCredential::open(source, SystemClock::new(), options)
            .expect("usable")
            .on_event(move |event| reported.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone()));
        let client = world.builder(front.port()).credential(credential.clone()).build().expect("complete");
        Self { directory, front, credential, client, events }
    }

    /// One call, and the fingerprint that the server saw.
    async fn call(&self) -> Option<String> {
        self.client.get("/").send().await.expect("no call fails").bytes().await.expect("a body");
        let seen = self.front.ledger().snapshot();
        let carrier = seen.requests.last().expect("it came").connection;
        seen.connections.iter().find(|one| one.id == carrier).and_then(|one| one.peer_fingerprint.clone())
    }

    /// Calls until the server receives this certificate; otherwise the limit of the case ends it.
    async fn call_until(&self, certificate: &ClientCert) {
        while self.call().await != Some(certificate.fingerprint()) {
            SystemClock::new().sleep(Duration::from_millis(5)).await;
        }
    }

    fn kept(&self) -> usize {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| matches!(event, WatchEvent::Rejected { .. })).count()
    }
}

/// Only events can bring a change within the limit of a case.
fn by_events() -> WatchOptions {
    WatchOptions::new().poll(Duration::from_secs(3600)).settle(Duration::from_millis(20))
}

fn by_polling() -> WatchOptions {
    WatchOptions::new().poll(Duration::from_millis(50)).events(false)
}

fn after(count: usize) -> Option<Generation> {
    Some((0..count).fold(Generation::FIRST, |generation, _| generation.next()))
}

pub(crate) async fn rotate_05_a_broken_replacement_changes_nothing_and_is_reported_once(world: World) {
    let (good, other) = (named("good"), named("other"));
    let followed = Followed::begin(&world, by_polling(), |directory| write(directory, &good));
    let expired = Pki::shared().client(ClientSpec { validity: Validity::Expired, ..ClientSpec::default() });
    let broken = [
        (good.chain_pem(), key_pem(&other), Code::ID_01),
        ("garbage".to_owned(), key_pem(&other), Code::ID_07),
        (expired.chain_pem(), key_pem(&expired), Code::ID_09),
    ];
    for (index, (chain, key, code)) in broken.into_iter().enumerate() {
        std::fs::write(followed.directory.path().join("tls.crt"), chain).expect("written");
        std::fs::write(followed.directory.path().join("tls.key"), key).expect("written");
        for _ in 0..3 {
            let error = followed.credential.reload().await.expect_err("unusable");
            assert_eq!(error.code(), code, "{error}");
            assert_eq!(followed.call().await, Some(good.fingerprint()));
        }
        assert_eq!(followed.kept(), index + 1, "one report a change");
    }
    assert_eq!(followed.credential.generation(), after(0));
}

pub(crate) async fn rotate_06_ten_swaps_of_a_kubernetes_volume_are_ten_generations(world: World) {
    let publish = |directory: &Path, name: &str, certificate: &ClientCert| {
        let folder = directory.join(name);
        std::fs::create_dir(&folder).expect("a directory");
        write(&folder, certificate);
        // As kubelet does it: a new link, renamed over the old one.
        link(name, &directory.join("..data_tmp"));
        std::fs::rename(directory.join("..data_tmp"), directory.join("..data")).expect("swapped");
    };
    let followed = Followed::begin(&world, by_events(), |directory| {
        publish(directory, "..0", &named("swap 0"));
        for file in ["tls.crt", "tls.key"] {
            link(&format!("..data/{file}"), &directory.join(file));
        }
    });
    followed.call().await;
    for swap in 1..=10 {
        let certificate = named(&format!("swap {swap}"));
        publish(followed.directory.path(), &format!("..{swap}"), &certificate);
        followed.call_until(&certificate).await;
        assert_eq!(followed.credential.generation(), after(swap));
    }
    assert_eq!(followed.kept(), 0, "a swap is never seen half done");
}

#[cfg(unix)]
fn link(to: &str, at: &Path) {
    std::os::unix::fs::symlink(to, at).expect("a link");
}

#[cfg(windows)]
fn link(to: &str, at: &Path) {
    let target = at.parent().expect("a directory").join(to);
    let done = if target.is_dir() {
        std::os::windows::fs::symlink_dir(to, at)
    } else {
        std::os::windows::fs::symlink_file(to, at)
    };
    done.expect("a link");
}

pub(crate) async fn rotate_07_overwritten_renamed_and_recreated_files_are_each_seen(world: World) {
    let followed = Followed::begin(&world, by_events(), |directory| write(directory, &named("first")));
    followed.call().await;
    let directory = followed.directory.path();

    let overwritten = named("overwritten");
    write(directory, &overwritten);
    followed.call_until(&overwritten).await;

    let renamed = named("renamed over");
    let aside = directory.join("aside");
    std::fs::create_dir(&aside).expect("a directory");
    write(&aside, &renamed);
    for file in ["tls.crt", "tls.key"] {
        std::fs::rename(aside.join(file), directory.join(file)).expect("renamed");
    }
    followed.call_until(&renamed).await;

    let recreated = named("recreated");
    for file in ["tls.crt", "tls.key"] {
        std::fs::remove_file(directory.join(file)).expect("removed");
    }
    assert_eq!(followed.call().await, Some(renamed.fingerprint()), "what is gone stays in use");
    write(directory, &recreated);
    followed.call_until(&recreated).await;
}

pub(crate) async fn rotate_08_a_certificate_before_its_key_fails_no_call(world: World) {
    let (first, second) = (named("first"), named("second"));
    let followed = Followed::begin(&world, by_polling(), |directory| write(directory, &first));
    let directory = followed.directory.path();
    std::fs::write(directory.join("tls.crt"), second.chain_pem()).expect("written");
    followed.credential.reload().await.expect_err("torn");
    for _ in 0..20 {
        assert_eq!(followed.call().await, Some(first.fingerprint()));
    }
    std::fs::write(directory.join("tls.key"), key_pem(&second)).expect("written");
    followed.call_until(&second).await;
    assert_eq!((followed.credential.generation(), followed.kept()), (after(1), 1));
}

pub(crate) async fn rotate_09_without_events_polling_sees_a_change(world: World) {
    let (first, second) = (named("first"), named("second"));
    let followed = Followed::begin(&world, by_polling(), |directory| write(directory, &first));
    assert_eq!(followed.call().await, Some(first.fingerprint()));
    write(followed.directory.path(), &second);
    followed.call_until(&second).await;
}

pub(crate) async fn rotate_10_the_same_bytes_again_make_no_new_generation(world: World) {
    let same = named("same");
    let followed = Followed::begin(&world, by_events(), |directory| write(directory, &same));
    for _ in 0..3 {
        write(followed.directory.path(), &same);
        let reload = followed.credential.reload().await.expect("usable");
        assert_eq!(reload, None);
        followed.call().await;
    }
    let connections = followed.front.ledger().connections();
    assert!(connections.iter().all(|one| one.peer_fingerprint == Some(same.fingerprint())));
    assert!(followed.events.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
}

pub(crate) async fn rotate_16_a_sighup_has_the_files_read(world: World) {
    let (first, second) = (named("first"), named("second"));
    let slow = WatchOptions::new().poll(Duration::from_secs(3600)).events(false);
    let followed = Followed::begin(&world, slow, |directory| write(directory, &first));
    assert_eq!(followed.call().await, Some(first.fingerprint()));
    write(followed.directory.path(), &second);
    assert_eq!(followed.call().await, Some(first.fingerprint()), "nothing says that there is a change");
    hang_up(&followed.credential);
    followed.call_until(&second).await;
}

#[cfg(unix)]
fn hang_up(credential: &WatchingCredential) {
    use rustix::process::{Signal, getpid, kill_process};
    credential.reload_on_sighup().expect("the handler is taken");
    kill_process(getpid(), Signal::HUP).expect("a signal to this process");
}

/// Windows has no such signal; the program requests the reload.
#[cfg(not(unix))]
fn hang_up(credential: &WatchingCredential) {
    credential.request_reload();
}
