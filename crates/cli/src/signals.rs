//! Signals are listened for from the start, so that none is lost between two waits. One that this process inherited as ignored
//! (`nohup`) stays ignored.

use std::future::{Future, pending};
use std::io;

use tokio::sync::watch;

use crate::failure::Failure;
use crate::signal::Signal;
use crate::workflow::InterruptedTask;

/// The signals received so far.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<(u32, Signal)>);

impl Signals {
    /// Listens from now on. Needs the runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut listener = system::Listener::new()?;
        let (sender, receiver) = watch::channel((0, Signal::Interrupt));
        tokio::spawn(async move {
            loop {
                let signal = listener.next().await;
                sender.send_modify(|(count, last)| (*count, *last) = (*count + 1, signal));
            }
        });
        Ok(Self(receiver))
    }

    /// Waits for the first signal, which may have been received already.
    pub(crate) async fn first(&self) -> Signal {
        self.after(0).await
    }

    /// Waits for one more.
    pub(crate) async fn second(&self) -> Signal {
        self.after(1).await
    }

    /// Waits for a signal after this many.
    pub(crate) async fn after(&self, received: u32) -> Signal {
        let mut receiver = self.0.clone();
        let found = receiver.wait_for(|(count, _)| *count > received).await.map(|found| found.1);
        match found {
            Ok(signal) => signal,
            Err(_) => pending().await,
        }
    }

    /// Does this work, unless a signal is received first.
    pub(crate) async fn unless_received<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            outcome = work => outcome,
            // Before a task has begun.
            signal = self.first() => Err(Failure::TaskInterrupted(InterruptedTask { signal, step: None, resume: None, error: None })),
        }
    }
}

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{self, SignalKind};

    use super::*;

    /// One stream for each signal that is not ignored.
    pub(super) struct Listener([Option<unix::Signal>; 3]);

    impl Listener {
        pub(super) fn new() -> io::Result<Self> {
            // At the limit on the size of files (`ulimit -f`), a write is to fail and not to end the process: what it holds may be
            // shown once. A handler is enough, and programs that are started do not inherit it.
            drop(unix::signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
            let ignored = ignored();
            let listen = |kind: SignalKind| {
                let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
                if is_ignored { Ok(None) } else { unix::signal(kind).map(Some) }
            };
            Ok(Self([
                listen(SignalKind::interrupt())?,
                listen(SignalKind::terminate())?,
                listen(SignalKind::hangup())?,
            ]))
        }

        pub(super) async fn next(&mut self) -> Signal {
            let [interrupt, terminate, hang_up] = &mut self.0;
            tokio::select! {
                () = received(interrupt) => Signal::Interrupt,
                () = received(terminate) => Signal::Terminate,
                () = received(hang_up) => Signal::HangUp,
            }
        }
    }

    async fn received(stream: &mut Option<unix::Signal>) {
        let received = match stream {
            Some(stream) => stream.recv().await,
            None => None,
        };
        if received.is_none() {
            pending::<()>().await;
        }
    }

    /// The signals that this process ignores, one bit each; none where the system does not show them.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    }
}

#[cfg(windows)]
mod system {
    use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

    use super::*;

    /// The console's events.
    pub(super) struct Listener(CtrlC, CtrlBreak, CtrlClose);

    impl Listener {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(ctrl_c()?, ctrl_break()?, ctrl_close()?))
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.0.recv() => Signal::Interrupt,
                _ = self.1.recv() => Signal::Terminate,
                _ = self.2.recv() => Signal::HangUp,
            }
        }
    }
}
