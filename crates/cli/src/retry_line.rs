//! A retry as it is shown while the call waits: a line, and on a terminal the seconds that are left.

use std::io::Write as _;
use std::time::{Duration, Instant};

use digicert_one::RetryNotice;
use digicert_one::core::printable_line;

const SECOND: Duration = Duration::from_secs(1);
/// To the first column, and nothing to its right.
pub(crate) const CLEAR_LINE: &str = "\r\u{1b}[K";

/// Shows a retry, and counts down until it begins. Runs on the thread of the observer, for which no call waits.
pub(crate) fn show(notice: &RetryNotice) {
    let until = Instant::now() + notice.delay;
    print(&format!("{}\n", printable_line(&notice.to_string())));
    // A delay that is over at once needs no countdown.
    if notice.delay < 3 * SECOND {
        return;
    }
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        print(&format!("{CLEAR_LINE}retrying in {} s", left.as_secs() + 1));
        // To the end of this second.
        let pause = Duration::from_nanos(u64::from(left.subsec_nanos())).max(Duration::from_millis(1));
        std::thread::sleep(pause);
    }
    print(CLEAR_LINE);
}

/// Nothing can be shown where standard error is closed.
fn print(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
