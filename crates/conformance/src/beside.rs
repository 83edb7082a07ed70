//! A second stream: a clause about HTTP/2 holds, too, while another call is in flight on the connection. A case that is run
//! like this has scripts whose first request is another call of the transport, which is not answered to its end.

use std::cell::Cell;

use bytes::Bytes;
use digicert_one_testbed::{Recording, Script, Step};

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
}

/// What the ledger of a server with such a script says.
pub(crate) const REMARK: &str = "beside another stream";
/// What a script waits for before its first step: the head of the first request, on stream 1.
pub(crate) const FIRST: &[u8] = b"\0\0\0\x01";
const SECOND: &[u8] = b"\0\0\0\x03";
const GOAWAY: u8 = 7;

/// Scripts that are made on this thread have a second stream, until this is dropped.
pub(crate) struct Beside;

impl Beside {
    pub(crate) fn begin() -> Self {
        ON.set(true);
        Self
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        ON.set(false);
    }
}

/// This script, about the second stream of its connection instead of the first, if it is wanted and the script has such steps.
/// `begun` is the beginning of a response on stream 1.
pub(crate) fn with_another(script: &Script, begun: Vec<u8>) -> Option<Script> {
    let begins = |step: &Step| matches!(step, Step::ReadUntil(_, part) if &part[..] == FIRST);
    let place = script.iter().position(begins).filter(|_| ON.get())?;
    let (before, after) = script.split_at(place + 1);
    let next = Step::ReadUntil(Recording::default(), Bytes::from_static(SECOND));
    let between = [Step::write(begun), next];
    Some(before.iter().cloned().chain(between).chain(after.iter().map(moved)).collect())
}

/// The same frames, about stream 3.
fn moved(step: &Step) -> Step {
    match step {
        Step::Write(frames) => Step::Write(renumbered(frames)),
        Step::WriteAndClose(frames) => Step::WriteAndClose(renumbered(frames)),
        Step::Trickle(frames) => Step::Trickle(renumbered(frames)),
        step => step.clone(),
    }
}

/// Frames of stream 1 become frames of stream 3, and a GOAWAY after or before it one after or before that.
fn renumbered(frames: &Bytes) -> Bytes {
    let (mut bytes, mut place) = (frames.to_vec(), 0);
    while let Some([a, b, c, kind, _, _, _, _, stream]) = bytes.get(place..place + 9) {
        let (kind, is_first) = (*kind, *stream == 1);
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        if is_first {
            bytes[place + 8] = 3;
        }
        if kind == GOAWAY
            && let Some(last) = bytes.get_mut(place + 12)
        {
            *last = if *last == 0 { 1 } else { 3 };
        }
        place += 9 + length;
    }
    bytes.into()
}
