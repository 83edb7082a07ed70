//! What a test program of cargo printed, or the suite: how many tests passed, and the names of those that did not.

use std::fmt;

/// What the suite prints before the faults that were diagnosed under another code, a line each.
const FAULTS: &str = "faults without their codes:";

/// The result of one test program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestOutcome {
    pub passed: usize,
    pub ignored: usize,
    pub failed: Vec<String>,
    /// The lines of the suite: its cases by level, and the table of faults if it holds.
    pub suite: Vec<String>,
    /// Whether the program printed its result; without, it crashed or was stopped.
    pub is_whole: bool,
}

impl TestOutcome {
    /// Reads the output of libtest or libtest-mimic.
    pub(crate) fn of(text: &str) -> Self {
        let mut outcome = Self::default();
        // Below the list, a failure of the suite may hold the output of a test that ran alone.
        let (mut is_listing, mut is_in_faults) = (true, false);
        for line in text.lines() {
            let line = line.trim_end();
            if is_in_faults && let Some((fault, _)) = line.split_once(": ").filter(|_| !line.starts_with(' ')) {
                outcome.failed.push(format!("fault {fault}"));
            }
            is_in_faults = line == FAULTS || (is_in_faults && !line.is_empty());
            is_listing &= line != "failures:";
            if is_listing
                && let Some((name, result)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
            {
                let name = name.split(" - should panic").next().unwrap_or(name);
                // The suite has the level of a case before its name.
                let name = name.split_once("] ").map_or(name, |(_, name)| name).trim();
                match result {
                    "ok" => outcome.passed += 1,
                    "FAILED" => outcome.failed.push(name.to_owned()),
                    _ if result.starts_with("ignored") => outcome.ignored += 1,
                    _ => {}
                }
            }
            outcome.is_whole |= line.starts_with("test result: ");
            if line.starts_with("MUST ") {
                outcome.suite = vec![line.to_owned()];
            } else if line.starts_with("faults: ") {
                outcome.suite.push(line.to_owned());
            }
        }
        outcome
    }
}

impl fmt::Display for TestOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed.len())?;
        if self.ignored > 0 {
            write!(f, ", {} ignored", self.ignored)?;
        }
        for line in &self.suite {
            write!(f, "; {line}")?;
        }
        if self.is_whole { Ok(()) } else { f.write_str("; ended without a result") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_and_failures_named() {
        let text = "running 4 tests\ntest a::b ... ok\ntest c - should panic ... FAILED\ntest d ... ignored, needs Unix\r\n\
                    test e ... ok\n\nfailures:\n    c\n\ntest result: FAILED. 2 passed; 1 failed\n";
        let outcome = TestOutcome::of(text);
        assert_eq!(outcome.to_string(), "2 passed, 1 failed, 1 ignored");
        assert_eq!(outcome.failed, ["c"]);
    }

    #[test]
    fn suite_has_its_cases_by_level_and_its_faults() {
        let text = "test [MUST]   a ... ok\ntest [MAY]    b   ... FAILED\n\nfailures:\n\ntest [MAY] b ... FAILED\n\
                    test result: FAILED. 0 passed\nMUST 0/0\n\ntest result: FAILED. 1 passed\n\nMUST 2/3 · MAY 1/1\n\nfaults without their codes:\n\
                    no route: gave NET-09 instead of NET-03: NET-09 it broke\n  why   nothing: known\n    None\n\nother: text\n";
        let outcome = TestOutcome::of(text);
        assert_eq!(outcome.to_string(), "1 passed, 2 failed; MUST 2/3 · MAY 1/1");
        assert_eq!(outcome.failed, ["b", "fault no route"]);
        let outcome = TestOutcome::of("test result: ok\nMUST 3/3\nfaults: all 60 have their codes\n");
        assert_eq!(outcome.to_string(), "0 passed, 0 failed; MUST 3/3; faults: all 60 have their codes");
    }

    #[test]
    fn crash_is_not_a_pass() {
        let outcome = TestOutcome::of("running 2 tests\ntest a ... ok\n");
        assert!(!outcome.is_whole && outcome.to_string().ends_with("ended without a result"), "{outcome}");
    }
}
