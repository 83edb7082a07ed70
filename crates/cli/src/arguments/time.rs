//! Lengths of time as users type them.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// `14d`, `2w`, `90s`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "give a time such as 90s, 10m, 12h, 14d or 2w".to_owned();
    let span: Span = text.trim().parse().map_err(|_| wrong())?;
    let time = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(time).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_or_refused() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("14d", 14 * 86_400), ("2w", 14 * 86_400), ("1h30m", 5400)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "14", "-1d", "soon", "1mo", "1y", "2099-12-31"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
