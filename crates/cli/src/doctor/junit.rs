//! The checks as JUnit XML, as CI systems read it: a test case a check, in one suite. A warning is a passed case with its text.

use std::fmt::Write as _;

use super::report::{Check, Mark, Report};

/// The document.
pub(super) fn of(report: &Report) -> String {
    let (tests, failures, skipped) = (report.checks.len(), report.count(Mark::Failed), report.count(Mark::Skipped));
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    let _ = writeln!(
        text,
        "<testsuite name=\"d1 doctor\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">"
    );
    for check in &report.checks {
        let _ = writeln!(text, "{}", case(check));
    }
    text + "</testsuite>\n</testsuites>\n"
}

fn case(check: &Check) -> String {
    let start = format!("<testcase classname=\"doctor.{}\" name=\"{}\"", escaped(check.group), escaped(check.id));
    let fact = escaped(&check.fact);
    let whole = check.diagnosis.as_ref().map(|diagnosis| escaped(&diagnosis.to_string())).unwrap_or_default();
    match check.mark {
        Mark::Ok => format!("{start}><system-out>{fact}</system-out></testcase>"),
        Mark::Warning => format!("{start}><system-out>warning: {fact}\n{whole}</system-out></testcase>"),
        Mark::Skipped => format!("{start}><skipped message=\"{fact}\"/></testcase>"),
        Mark::Failed => {
            let code = check.diagnosis.as_ref().map(|diagnosis| diagnosis.code.as_str()).unwrap_or_default();
            format!("{start}><failure type=\"{code}\" message=\"{fact}\">{whole}</failure></testcase>")
        }
    }
}

/// XML 1.0: the five characters with a meaning, and no control characters, which no reference can express.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            control if control.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&control) => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_check_cannot_leave_its_element() {
        let fact = "a <b> & \"c\"\u{1b}[2J".to_owned();
        let check = Check { group: "g", id: "i", mark: Mark::Skipped, fact, diagnosis: None };
        let expected = "<testcase classname=\"doctor.g\" name=\"i\"><skipped message=\"a &lt;b&gt; &amp; &quot;c&quot;\u{fffd}[2J\"/></testcase>";
        assert_eq!(case(&check), expected);
    }
}
