//! Medians and quartiles.

use std::fmt;

use serde::Serialize;

/// The median of several figures, and their interquartile range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub median: f64,
    pub p25: f64,
    pub p75: f64,
}

impl Spread {
    /// Of at least one figure; of none it is not a number.
    pub(crate) fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        Self { median: quantile(&sorted, 0.5), p25: quantile(&sorted, 0.25), p75: quantile(&sorted, 0.75) }
    }
}

/// Between two figures it is interpolated.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = share * last as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    below + (above - below) * position.fract()
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2}-{:.2})", self.median, self.p25, self.p75)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_do_not_depend_on_the_order() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0].into_iter());
        assert_eq!(spread, Spread { median: 3.0, p25: 2.0, p75: 4.0 });
    }

    #[test]
    fn between_two_figures_the_median_is_their_middle() {
        assert_eq!(Spread::of([1.0, 2.0].into_iter()), Spread { median: 1.5, p25: 1.25, p75: 1.75 });
        assert_eq!(Spread::of([7.0].into_iter()).median, 7.0);
        assert!(Spread::of([].into_iter()).median.is_nan());
    }
}
