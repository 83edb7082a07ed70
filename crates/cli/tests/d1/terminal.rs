//! `d1` at a terminal: steps are shown, a secret may be shown once, a password is asked for and not echoed.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use digicert_one_emulator::{Fault, RetryAfter};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::stage::{ME, Stage, is_installed, run_by};

/// What a user types, and must not see again.
const WORD: &str = "canary-word";

/// A terminal, seen from the side of its user.
struct Terminal {
    user: File,
    /// What was shown so far.
    shown: String,
    path: std::ffi::CString,
}

impl Terminal {
    fn new() -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&user).expect("ours");
        unlockpt(&user).expect("ours");
        let path = ptsname(&user, Vec::new()).expect("a name");
        Self { user: user.into(), shown: String::new(), path }
    }

    /// One of this many columns.
    fn of_width(columns: u16) -> Self {
        let terminal = Self::new();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal.user, size).expect("a terminal");
        terminal
    }

    /// What was shown, without colours and with plain ends of lines.
    fn plain(&self) -> String {
        let mut text = String::new();
        for (number, part) in self.shown.replace('\r', "").split("\u{1b}[").enumerate() {
            text.push_str(if number == 0 { part } else { part.split_once('m').map_or(part, |(_, rest)| rest) });
        }
        text
    }

    /// The side of the program.
    fn side(&self) -> File {
        let side = rustix::fs::open(&*self.path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        side.expect("it can be opened").into()
    }

    /// Reads on; whether there was something.
    fn read(&mut self) -> bool {
        let mut part = [0; 1024];
        // Linux reports an error when the last program has closed its side.
        let read = self.user.read(&mut part).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&part[..read]));
        read > 0
    }

    fn wait_for(&mut self, words: &str) {
        while !self.shown.contains(words) {
            assert!(self.read(), "{words:?} is not shown: {}", self.shown);
        }
    }

    /// Types this once the question is there and the terminal no longer shows what is typed.
    fn answers(&mut self, question: &str, text: &str) {
        self.wait_for(question);
        let quiet = (0..30_000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            !self.echoes()
        });
        assert!(quiet, "{question:?} is asked with an echo: {}", self.shown);
        self.user.write_all(text.as_bytes()).expect("it is typed");
    }

    /// Types this once the question is there, which is asked with an echo.
    fn answers_openly(&mut self, question: &str, text: &str) {
        self.wait_for(question);
        self.user.write_all(text.as_bytes()).expect("it is typed");
    }

    /// Everything that is shown until the program ends, and its exit code.
    fn end(&mut self, mut child: Child) -> Option<i32> {
        while self.read() {}
        child.wait().expect("it ends").code()
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.user).expect("a terminal").local_modes.contains(LocalModes::ECHO)
    }
}

/// `d1` as the service user that the emulator begins with.
fn bot(stage: &Stage, arguments: &[&str]) -> Command {
    stage.command(arguments, &[("DC_API_KEY", stage.key())])
}

/// Starts d1 with standard error on the terminal; its standard output is a pipe.
fn start(stage: &Stage, terminal: &Terminal, arguments: &[&str]) -> Child {
    bot(stage, arguments).stdout(Stdio::piped()).stderr(terminal.side()).spawn().expect("it runs")
}

/// The same in a session that has this terminal, so that one can be asked in it; the shell of that session prints afterwards
/// how d1 left the terminal.
fn start_at(stage: &Stage, terminal: &Terminal, arguments: &[&str]) -> Child {
    let script = "trap : INT; \"$@\"; code=$?; stty -a >&2; exit $code";
    let mut setsid = run_by(&["setsid", "--ctty", "--wait", "sh", "-c", script, "sh"], &bot(stage, arguments));
    setsid.stdin(terminal.side()).stdout(Stdio::piped()).stderr(terminal.side()).spawn().expect("it runs")
}

/// Starts d1 with both of its outputs on the terminal.
fn start_on(stage: &Stage, terminal: &Terminal, arguments: &[&str]) -> Child {
    let mut d1 = bot(stage, arguments);
    d1.env("TERM", "xterm").env_remove("NO_COLOR");
    d1.stdout(terminal.side()).stderr(terminal.side()).spawn().expect("it runs")
}

fn works(stage: &Stage, key: &str) -> bool {
    stage.d1(&["whoami"], &[("DC_API_KEY", key)]).status.success()
}

#[test]
fn steps_are_shown_and_the_secret_once() {
    let (stage, mut terminal) = (Stage::new(), Terminal::new());
    let journal = stage.path("ci.journal");
    let child = start_on(&stage, &terminal, &["token", "create", "deploy", "--store", "stdout", "--journal", &journal]);
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    for step in ["prepare: ", "create: deploy-", "store: ", "verify: "] {
        assert!(terminal.shown.contains(step), "{step:?} is missing: {}", terminal.shown);
    }
    let keys: Vec<&str> = terminal.shown.split_whitespace().filter(|word| works(&stage, word)).collect();
    assert_eq!(keys.len(), 1, "one key, once: {}", terminal.shown);

    let mut terminal = Terminal::new();
    let file = stage.path("api-key");
    let store = format!("file:{file}");
    let child = start(&stage, &terminal, &["--json", "token", "create", "deploy", "--store", &store]);
    assert_eq!((terminal.end(child), terminal.shown.as_str()), (Some(0), ""), "with --json nothing is shown");
}

#[test]
fn password_is_asked_for_and_never_shown() {
    let stage = Stage::new();
    let (journal, rescued, file) = (stage.path("ci.journal"), stage.path("rescued"), stage.path("api-key"));
    let store = format!("file:{file}");
    if !is_installed("setsid") {
        return;
    }
    let fails = ["token", "create", "deploy", "--journal", &journal, "--last-resort", &rescued];
    let fails = [&fails[..], &["--store", "exec:sh -c 'cat >/dev/null; exit 7'"]].concat();

    // Two words that differ, and Ctrl-C at the question: nothing is sent, and the terminal is as it was.
    let mut terminal = Terminal::new();
    let child = start_at(&stage, &terminal, &fails);
    terminal.answers("Password for ", "one\n");
    terminal.answers("again for ", "other\n");
    assert_eq!(terminal.end(child), Some(2), "{}", terminal.shown);
    let mut terminal = Terminal::new();
    let child = start_at(&stage, &terminal, &fails);
    terminal.answers("Password for ", "\u{3}");
    assert_eq!(terminal.end(child), Some(130), "{}", terminal.shown);
    assert!(terminal.shown.contains("interrupted"), "{}", terminal.shown);
    assert!(terminal.shown.contains(" echo ") && !terminal.shown.contains("-echo "), "{}", terminal.shown);
    assert!(stage.emulator.observed().is_empty(), "something was sent");

    let mut terminal = Terminal::new();
    let child = start_at(&stage, &terminal, &fails);
    terminal.answers("Password for ", &format!("{WORD}\n"));
    terminal.answers("again for ", &format!("{WORD}\n"));
    assert_eq!(terminal.end(child), Some(3), "{}", terminal.shown);
    assert!(terminal.shown.contains("in the last resort") && !terminal.shown.contains(WORD), "{}", terminal.shown);

    // What was stored there is opened by the same word, which is asked for once.
    let mut terminal = Terminal::new();
    let resume = ["resume", "--journal", &journal, "--last-resort", &rescued, "--store", &store];
    let child = start_at(&stage, &terminal, &resume);
    terminal.answers("Password for ", &format!("{WORD}\n"));
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    assert!(!terminal.shown.contains("again for") && !terminal.shown.contains(WORD), "{}", terminal.shown);
    assert!(works(&stage, std::fs::read_to_string(&file).expect("stored").trim()));
}

#[test]
fn retry_is_shown_on_a_terminal_and_not_with_json() {
    for (arguments, shown) in [(&["whoami"][..], true), (&["--json", "whoami"], false)] {
        let (stage, mut terminal) = (Stage::new(), Terminal::new());
        // One second: the line is shown before the wait, by a thread of its own.
        stage.emulator.control().fault(Fault::too_many_requests(RetryAfter::seconds(1)).next(1));
        let child = start(&stage, &terminal, arguments);
        assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
        let line = "HTTP 429, retrying in 1.0 s (attempt 2 of 4)";
        assert_eq!(terminal.shown.contains(line), shown, "{}", terminal.shown);
        assert!(shown || terminal.shown.is_empty(), "{}", terminal.shown);
    }
}

#[test]
fn delay_before_a_retry_is_counted_down() {
    let (stage, mut terminal) = (Stage::new(), Terminal::new());
    stage.emulator.control().fault(Fault::too_many_requests(RetryAfter::seconds(3)).next(1));
    let child = start(&stage, &terminal, &["whoami"]);
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    let shown = &terminal.shown;
    assert!(shown.contains("HTTP 429, retrying in 3 s (attempt 2 of 4)"), "{shown}");
    for line in ["\r\u{1b}[Kretrying in 3 s", "\r\u{1b}[Kretrying in 2 s", "\r\u{1b}[Kretrying in 1 s"] {
        assert!(shown.contains(line), "{line:?} is missing: {shown:?}");
    }
}

#[test]
fn output_fits_a_terminal_of_40_columns() {
    let stage = Stage::new();
    for arguments in [&["service-user", "list"][..], &["token", "list"], &["cert", "list"], &["doctor"], &["explain"]] {
        let mut terminal = Terminal::of_width(40);
        let child = start_on(&stage, &terminal, arguments);
        assert_eq!(terminal.end(child), Some(0), "{arguments:?}: {}", terminal.shown);
        let shown = terminal.plain();
        // A path or an address in one word is left whole.
        for line in shown.lines().filter(|line| line.trim_start().contains(' ')) {
            let is_word = line.split_whitespace().any(|word| word.chars().count() > 24);
            assert!(line.chars().count() <= 40 || is_word, "{arguments:?}: {line:?} of\n{shown}");
        }
        assert!(terminal.shown.contains("\u{1b}["), "{arguments:?} has no colours: {:?}", terminal.shown);
    }
    let mut terminal = Terminal::of_width(40);
    let child = start_on(&stage, &terminal, &["explain", "HS-02"]);
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    let plain = terminal.plain();
    let prose: Vec<&str> = plain.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(prose.len() > 8 && prose.iter().all(|line| line.chars().count() <= 40), "{plain}");
    let mut terminal = Terminal::of_width(120);
    let child = start_on(&stage, &terminal, &["token", "list"]);
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    assert!(terminal.plain().lines().next().is_some_and(|line| line.starts_with("ID ")), "{}", terminal.shown);
}

#[test]
fn json_is_indented_on_a_terminal_only() {
    let (stage, mut terminal) = (Stage::new(), Terminal::of_width(100));
    let me = ["call", "GET", ME];
    let child = start_on(&stage, &terminal, &me);
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    assert!(terminal.plain().contains("{\n  \""), "{}", terminal.shown);
    let mut terminal = Terminal::new();
    let mut child = start(&stage, &terminal, &me);
    let mut raw = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut raw).expect("text");
    assert_eq!(terminal.end(child), Some(0), "{raw}");
    assert!(!raw.contains("\n  \"") && raw.starts_with('{'), "{raw}");
}

#[test]
fn disabling_asks_for_confirmation_on_a_terminal() {
    if !is_installed("setsid") {
        return;
    }
    let stage = Stage::new();
    let token = stage.emulator.users()[0].api_token_ids().next().expect("one").to_owned();
    let disable = ["token", "disable", &token, "--even-if-in-use", &token];
    for (answer, exit) in [("\n", 2), ("n\n", 2), ("Yes\n", 0)] {
        let mut terminal = Terminal::new();
        let child = start_at(&stage, &terminal, &disable);
        terminal.answers_openly("[y/N] ", answer);
        assert_eq!(terminal.end(child), Some(exit), "{answer:?}: {}", terminal.shown);
        assert!(terminal.shown.contains(&format!("({token})? [y/N]")), "{}", terminal.shown);
        assert_eq!(stage.changes(), usize::from(exit == 0), "{answer:?}");
    }
}

#[test]
fn init_asks_for_what_is_missing_and_writes_references_only() {
    if !is_installed("setsid") {
        return;
    }
    let (stage, mut terminal) = (Stage::new(), Terminal::new());
    let (config, ca, key) = (stage.path("d1.toml"), stage.path("ca.pem"), stage.emulator.users()[0].api_key());
    let child = start_at(&stage, &terminal, &["init", "ci", "--config", &config, "--ca-file", &ca]);
    terminal.answers_openly("one.digicert.com]: ", &format!("{}\n", stage.emulator.platform_url()));
    terminal.answers_openly("certificate or both [key]: ", "keys\n");
    terminal.answers_openly("answer key, certificate or both", "\n");
    // The key itself is not accepted; the terminal echoes it, the program does not.
    terminal.answers_openly("Where is the API key?", "canary\n");
    terminal.answers_openly("expected a reference, not a value", "env:DC_API_KEY\n");
    assert_eq!(terminal.end(child), Some(0), "{}", terminal.shown);
    let written = std::fs::read_to_string(&config).expect("written");
    assert!(written.contains("api_key = \"env:DC_API_KEY\"") && !written.contains("canary"), "{written}");
    assert!(!terminal.shown.contains(key), "{}", terminal.shown);
}
