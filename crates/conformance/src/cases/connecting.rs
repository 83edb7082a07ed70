//! TIME, continued: a call that waits for the resolver or for TCP leaves its thread to others.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use digicert_one_core::{Timeouts, Transport};
#[cfg(target_os = "linux")]
use digicert_one_testbed::FrontOptions;
use digicert_one_testbed::blackhole;
use futures_util::future::{Either, select};

use crate::child;
#[cfg(target_os = "linux")]
use crate::world::front;
use crate::world::{World, get};

/// glibc reads this file for each name without a dot. It is a FIFO here, so that looking up such a name waits for its writer.
const ALIASES: &str = "HOSTALIASES";
/// Other systems look it up without a wait, and show nothing.
const NAME: &str = "waits";
/// So long a transport may block its thread before it is let go, for the failure to be reported.
const BOUND: Duration = Duration::from_secs(5);

/// A call that waits in this phase and another future, polled by one thread. `release` ends the wait.
async fn shares_its_thread(transport: &dyn Transport, url: &str, what: &str, release: impl FnOnce() + Send + 'static) {
    let (ran, late) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (other, running) = mpsc::channel::<()>();
    let watch = {
        let (ran, late) = (Arc::clone(&ran), Arc::clone(&late));
        std::thread::spawn(move || {
            // Ends with the sender, when the other future has run.
            let _ = running.recv_timeout(BOUND);
            late.store(!ran.load(Ordering::SeqCst), Ordering::SeqCst);
            release();
        })
    };
    let others = {
        let ran = Arc::clone(&ran);
        async move {
            ran.store(true, Ordering::SeqCst);
            drop(other);
        }
    };
    // The call is polled first; where it fails at once, nothing has waited.
    match select(transport.send(get(url)), pin!(others)).await {
        Either::Left((outcome, others)) => {
            outcome.map(drop).expect_err("there is no such server");
            others.await;
        }
        Either::Right(((), call)) => drop(call),
    }
    watch.join().expect("it only waits");
    assert!(!late.load(Ordering::SeqCst), "a call that waits for {what} keeps its thread");
}

pub(crate) async fn time_31_connecting_leaves_its_thread_to_others(world: World) {
    let limits = Timeouts::new().with_connect(Duration::from_secs(60)).with_total(Duration::from_secs(60));
    let transport = world.transport(&world.config().with_timeouts(limits));
    if child::parent().is_some() {
        let aliases = PathBuf::from(std::env::var_os(ALIASES).expect("set by the parent"));
        return shares_its_thread(&*transport, &format!("https://{NAME}/"), "the resolver", move || released(&aliases))
            .await;
    }
    let nowhere = blackhole().expect("a full backlog on loopback");
    let url = format!("https://{}/", nowhere.addr());
    // Without its listener, the next attempt of TCP is refused.
    shares_its_thread(&*transport, &url, "TCP", move || drop(nowhere)).await;
    #[cfg(target_os = "linux")]
    {
        let folder = tempfile::tempdir().expect("a directory");
        let aliases = folder.path().join("aliases");
        rustix::fs::mkfifoat(rustix::fs::CWD, &aliases, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
            .expect("a FIFO");
        std::fs::hard_link(&aliases, second(&aliases)).expect("another name of it");
        let front = front(FrontOptions::default());
        let mut command = child::command(front.port());
        command.env(ALIASES, &aliases).env("RES_OPTIONS", "timeout:1 attempts:1");
        child::run(command);
    }
}

/// The other name of the FIFO.
fn second(aliases: &Path) -> PathBuf {
    aliases.with_extension("fifo")
}

/// Lets the reader of the FIFO go; later ones find an empty file.
fn released(aliases: &Path) {
    let empty = aliases.with_extension("empty");
    let replaced = std::fs::write(&empty, "").and_then(|()| std::fs::rename(&empty, aliases));
    replaced.expect("the directory can be written");
    // For reading too: it does not wait for a reader.
    let fifo = std::fs::OpenOptions::new().read(true).write(true).open(second(aliases)).expect("the FIFO");
    drop(fifo);
}
