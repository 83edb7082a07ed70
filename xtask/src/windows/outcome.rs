//! What a test program of cargo printed, or the suite: how many tests passed, and the names of those that did not.

use std::fmt;

/// The result of one test program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestOutcome {
    pub passed: usize,
    pub ignored: usize,
    pub failed: Vec<String>,
    /// The line of the suite: its cases by level.
    pub cases: Option<String>,
    /// Whether the program printed its result; without, it crashed or was stopped.
    pub is_whole: bool,
}

impl TestOutcome {
    /// Reads the output of libtest or libtest-mimic.
    pub(crate) fn of(text: &str) -> Self {
        let mut outcome = Self::default();
        for line in text.lines() {
            let line = line.trim_end();
            if let Some((name, result)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
                let name = name.split(" - should panic").next().unwrap_or(name).trim();
                match result {
                    "ok" => outcome.passed += 1,
                    "FAILED" => outcome.failed.push(name.to_owned()),
                    _ if result.starts_with("ignored") => outcome.ignored += 1,
                    _ => {}
                }
            }
            outcome.is_whole |= line.starts_with("test result: ");
            if line.starts_with("MUST ") {
                outcome.cases = Some(line.trim().to_owned());
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
        if let Some(cases) = &self.cases {
            write!(f, "; {cases}")?;
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
        assert_eq!(TestOutcome::of("MUST 2/3 · MAY 1/1\n").cases.as_deref(), Some("MUST 2/3 · MAY 1/1"));
    }

    #[test]
    fn crash_is_not_a_pass() {
        let outcome = TestOutcome::of("running 2 tests\ntest a ... ok\n");
        assert!(!outcome.is_whole && outcome.to_string().ends_with("ended without a result"), "{outcome}");
    }
}
