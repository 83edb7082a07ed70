//! The seed and the number of the random messages of a run. The seed is fixed by default, so that every run
//! of the suite is the same.

use std::fmt;

/// The default numbers.
const FIXED: u64 = 13;
const SEED: &str = "DIGICERT_ONE_CONFORMANCE_SEED";
const RUNS: &str = "DIGICERT_ONE_CONFORMANCE_RUNS";

/// How the inputs of generated cases are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    /// `None` uses another one for each run of a case.
    seed: Option<u64>,
    times: u32,
}

impl Draw {
    /// Reads the variables of the environment.
    ///
    /// # Panics
    /// Panics if a variable has an invalid value.
    pub(crate) fn of_environment() -> Self {
        Self::of(|name| std::env::var(name).ok()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let fixed = Self { seed: Some(FIXED), times: 1 };
        let named = |name: &str, error: String| format!("{name}: {error}");
        let seeded =
            variable(SEED).map_or(Ok(fixed), |seed| fixed.seeded(&seed).map_err(|error| named(SEED, error)))?;
        variable(RUNS).map_or(Ok(seeded), |times| seeded.multiplied(&times).map_err(|error| named(RUNS, error)))
    }

    /// The same number of inputs, by this seed.
    pub(crate) fn seeded(self, seed: &str) -> Result<Self, String> {
        let seed = match seed {
            "random" => None,
            _ => Some(seed.parse().map_err(|_| format!("--seed {seed}: a number, or random"))?),
        };
        Ok(Self { seed, ..self })
    }

    /// Multiplies the inputs.
    pub(crate) fn multiplied(self, times: &str) -> Result<Self, String> {
        let number = times.parse().ok().filter(|number| *number > 0);
        Ok(Self { times: number.ok_or_else(|| format!("--runs {times}: a number from 1"))?, ..self })
    }

    /// The seed of one run of a case.
    pub(crate) fn seed(self) -> u64 {
        self.seed.unwrap_or_else(|| fastrand::u64(..))
    }

    /// How many inputs are drawn where one run has `usual`.
    pub(crate) fn inputs(self, usual: u32) -> u32 {
        usual.saturating_mul(self.times)
    }
}

impl fmt::Display for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            1 => Ok(()),
            times => write!(f, " --runs {times}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_is_fixed_unless_a_variable_or_option_changes_it() {
        let fixed = Draw::of(|_| None).expect("nothing said");
        assert_eq!((fixed.seed(), fixed.inputs(20)), (FIXED, 20));
        let said = Draw::of(|name| (name == SEED).then(|| "7".to_owned())).expect("a number");
        assert_eq!((said.seed(), said.inputs(20)), (7, 20));
        let more = said.multiplied("50").expect("a number");
        assert_eq!((more.seed(), more.inputs(20), more.to_string()), (7, 1000, " --runs 50".to_owned()));
    }

    #[test]
    fn random_seed_differs_between_runs() {
        let random = Draw::of(|name| (name == SEED).then(|| "random".to_owned())).expect("a word");
        assert_ne!(random.seed(), random.seed());
    }

    #[test]
    fn invalid_number_is_refused_and_the_variable_named() {
        for (variable, value) in [(SEED, "often"), (SEED, "-1"), (RUNS, "0"), (RUNS, "many")] {
            let error = Draw::of(|name| (name == variable).then(|| value.to_owned())).expect_err("wrong");
            assert!(error.contains(variable) && error.contains(value), "{error}");
        }
    }
}
