//! A badge for a README: how many cases pass and how many are not declared, MUST and SHOULD, of the transport that is worst at it.

use super::cells::escaped;
use crate::case::Level;
use crate::report::Report;

/// An SVG image, readable without colour: its text has all information.
#[must_use]
pub fn badge(reports: &[Report]) -> String {
    let count = |level: Level| {
        let counts = reports.iter().map(|report| report.count(level));
        counts.max_by_key(|count| (count.asked.saturating_sub(count.passed), count.not_declared))
    };
    let text = [Level::Must, Level::Should]
        .map(|level| count(level).map_or_else(|| format!("{level} 0/0"), |count| count.to_string()));
    let text = text.join(" · ");
    let good = !reports.is_empty() && reports.iter().all(Report::is_good);
    let (colour, word) = if good { ("#1a7f37", "") } else { ("#b42318", " · failing") };
    let label = "conformance";
    let text = format!("{text}{word}");
    // The width of a character of this font at this size, about.
    let width = |text: &str| text.chars().count() * 7 + 12;
    let (left, right) = (width(label), width(&text));
    let title = escaped(&format!("{label}: {text}"));
    let whole = left + right;
    let (middle_left, middle_right) = (left / 2, left + right / 2);
    let text = escaped(&text);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="{left}" height="20" fill="#444"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{middle_left}" y="14">{label}</text>
<text x="{middle_right}" y="14">{text}</text>
</g>
</svg>
"##
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::reports;
    use super::*;

    #[test]
    fn the_badge_shows_the_worst_and_says_when_something_fails() {
        let badge = badge(&reports());
        assert!(
            badge.contains("MUST 1/2 (1 not declared)") && badge.contains("SHOULD 0/1") && badge.contains("failing"),
            "{badge}"
        );
        let good = super::badge(&reports()[1..]);
        assert!(good.contains("MUST 1/1") && !good.contains("failing"), "{good}");
    }
}
