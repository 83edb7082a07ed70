//! The command line as it was typed, where it cannot be understood: text for people, or the one document of `--json`, wherever
//! on the line that stands.

use std::ffi::OsString;

use clap::error::ErrorKind;

use crate::failure::Failure;

/// Whether `--json` is among the arguments. A line that is not understood was not read to its end.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    let options = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    options
        .filter_map(|argument| argument.to_str())
        .any(|argument| argument == "--json" || argument.starts_with("--json="))
}

/// Whether help or the version was asked for: no failure.
pub(crate) fn is_request(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// The failure of a command line: its first paragraph says what is wrong, the rest what to type.
pub(crate) fn failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::CommandLine {
            summary: "a command is missing".to_owned(),
            hint: "see d1 --help for the commands".to_owned(),
        };
    }
    let text = error.render().to_string();
    let (summary, hint) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::CommandLine { summary: line(summary.strip_prefix("error: ").unwrap_or(summary)), hint: line(hint) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    fn arguments(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn json_is_found_wherever_it_stands_but_among_operands() {
        for line in ["d1 --json lst", "d1 list --page-size x /y --json", "d1 --json=yes list /x", "d1 nonsense --json"]
        {
            assert!(wants_json(&arguments(line)), "{line}");
        }
        for line in ["d1 list", "--json", "d1 list -- --json", "d1 list --jsonx"] {
            assert!(!wants_json(&arguments(line)), "{line}");
        }
    }

    #[test]
    fn failure_of_a_command_line_says_what_is_wrong_and_what_to_type() {
        for (line, wrong, hint) in [
            ("d1 list /x --pagesize 3", "unexpected argument '--pagesize' found", "--page-size"),
            ("d1 list /x --page-size 0", "invalid value '0' for '--page-size <ITEMS>'", "--help"),
            ("d1 list", "the following required arguments were not provided: <PATH>", "Usage: d1 list"),
            ("d1 lst", "unrecognized subcommand 'lst'", "list"),
            ("d1 --json", "requires a subcommand but one was not provided", "--help"),
        ] {
            let error = Arguments::try_parse_from(arguments(line)).expect_err(line);
            assert!(!is_request(&error), "{line}");
            let failure = failure(&error);
            let diagnosis = failure.diagnosis();
            assert!(diagnosis.summary.contains(wrong) && diagnosis.remedy.contains(hint), "{line}: {diagnosis:?}");
            assert_eq!(failure.exit_code(), 2, "{line}");
            assert!(!diagnosis.summary.contains('\n') && !diagnosis.summary.starts_with("error:"), "{line}");
        }
        let help = Arguments::try_parse_from(["d1", "--json", "--help"]).expect_err("help");
        assert!(is_request(&help));
    }
}
