//! One background runtime for all servers of the process, and the bridge to callers outside it.
//!
//! A server must outlive and not depend on the executor of the test that started it; a second runtime inside
//! the first would panic, so nothing here blocks on a runtime: work is spawned and results are sent over
//! channels.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

pub(crate) fn handle() -> &'static Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("testbed")
                .enable_all()
                .build()
                .expect("the system grants two threads")
        })
        .handle()
}

/// Runs `work` on the background runtime and blocks the calling thread for its result.
pub(crate) fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (done, result) = mpsc::sync_channel(1);
    handle().spawn(async move {
        let _ = done.send(work.await);
    });
    result.recv().expect("the background task ran to its end")
}

/// A task that ends with its owner: dropping it stops the task and waits until its resources are closed.
#[derive(Debug)]
pub(crate) struct Background {
    task: JoinHandle<()>,
    /// In a mutex so that servers can be shared; only its end takes it.
    gone: Mutex<mpsc::Receiver<()>>,
}

/// Held by everything that belongs to a [`Background`]; once all are dropped, it is over.
pub(crate) type Alive = mpsc::Sender<()>;

impl Background {
    pub(crate) fn spawn<F>(work: impl FnOnce(Alive) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (alive, gone) = mpsc::channel();
        Background { task: handle().spawn(work(alive)), gone: Mutex::new(gone) }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.task.abort();
        let inside = Handle::try_current().is_ok_and(|current| current.id() == handle().id());
        if !inside {
            // Sockets close on a worker; a test that checks for the freed port right after must not race it.
            let gone = self.gone.get_mut().unwrap_or_else(PoisonError::into_inner);
            let _ = gone.recv_timeout(Duration::from_secs(2));
        }
    }
}

/// A timer that any executor can await, since the background runtime drives it.
pub(crate) struct Timer(JoinHandle<()>);

impl Timer {
    pub(crate) fn after(duration: Duration) -> Self {
        // Created inside the runtime: outside of it tokio's timer panics.
        Timer(handle().spawn(async move { tokio::time::sleep(duration).await }))
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(|_| ())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}
