//! Formats durations in words.

use std::time::Duration;

/// Formats a duration in its largest unit.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => return "less than a minute".to_owned(),
    };
    plural(count, unit)
}

/// Formats a requested delay: seconds up to two minutes, then minutes or hours; a day is the longest that is named.
pub(crate) fn delay(duration: Duration) -> String {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    let (size, unit) = match seconds {
        86_400.. => return "a day or longer".to_owned(),
        7_200.. => (3_600, "hour"),
        120.. => (60, "minute"),
        _ => return plural(seconds, "second"),
    };
    let about = if seconds % size == 0 { "" } else { "about " };
    format!("{about}{}", plural((seconds + size / 2) / size, unit))
}

fn plural(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_is_in_units_that_are_read_aloud() {
        for (seconds, words) in [
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (3_599, "about 60 minutes"),
            (3_600, "60 minutes"),
            (43_200, "12 hours"),
            (86_399, "about 24 hours"),
            (86_400, "a day or longer"),
            (u64::MAX, "a day or longer"),
        ] {
            assert_eq!(delay(Duration::from_secs(seconds)), words);
        }
        assert_eq!(delay(Duration::from_millis(1_001)), "2 seconds");
        assert_eq!(delay(Duration::ZERO), "0 seconds");
        assert_eq!(delay(Duration::MAX), "a day or longer");
    }
}
