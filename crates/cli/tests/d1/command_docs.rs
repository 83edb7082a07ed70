//! `d1 completions`, `d1 man`, and the suggestions for a mistyped command: each knows every command.

use std::fs;

use crate::stage::{d1, document, text};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// The commands below these words, as the help shows them, and the commands below each of those.
fn commands(words: &[&str]) -> Vec<Vec<String>> {
    let output = d1(&[words, &["--help"]].concat(), &[]);
    let help = text(&output);
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let names = list.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("    "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut all = Vec::new();
    for name in names {
        let path = [words, &[name]].concat();
        all.push(path.iter().map(|word| (*word).to_owned()).collect());
        all.extend(commands(&path));
    }
    all
}

#[test]
fn completion_scripts_and_manual_pages_have_every_command() {
    let all = commands(&[]);
    assert!(all.len() > 30 && all.iter().any(|path| path == &["token", "rotate"]), "{all:?}");
    for shell in SHELLS {
        let output = d1(&["completions", shell], &[]);
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", text(&output));
        for path in &all {
            // Each shell has a function or a case for every command, named in its own way.
            let part = match shell {
                "bash" => {
                    let (last, parents) = path.split_last().expect("a word");
                    let parents = parents.iter().map(|word| format!("__subcmd__{}", word.replace('-', "__subcmd__")));
                    format!("d1{},{last})", parents.collect::<String>())
                }
                "zsh" => path.iter().map(|word| format!("({word})")).next_back().unwrap_or_default(),
                "fish" => format!("-a \"{}\"", path.last().expect("a word")),
                _ => format!("'d1;{}'", path.join(";")),
            };
            assert!(script.contains(&part), "{shell}: {part} is missing");
        }
        let output = d1(&["--json", "completions", shell], &[]);
        let document = document(&output);
        assert_eq!(document["script"].as_str().map(str::trim_end), Some(script.trim_end()), "{shell}");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let pages = directory.path().join("man1");
    let output = d1(&["man", "--directory", &pages.display().to_string()], &[]);
    assert!(output.status.success(), "{}", text(&output));
    for path in &all {
        let page = fs::read_to_string(pages.join(format!("d1-{}.1", path.join("-")))).expect("a page");
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Examples"), "{path:?}: {page}");
    }
    let page = fs::read_to_string(pages.join("d1.1")).expect("a page");
    assert_eq!(page.trim_end(), String::from_utf8_lossy(&d1(&["man"], &[]).stdout).trim_end());
}

#[test]
fn help_of_the_program_fits_on_a_screen_and_has_an_example() {
    for path in commands(&[]) {
        let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = text(&d1(&words, &[]));
        assert!(help.lines().count() <= 60 && help.contains("\nExamples:\n  "), "{path:?}: {help}");
        // `d1 help` shows the same.
        let again = text(&d1(&[&["help"], &words[..words.len() - 1]].concat(), &[]));
        assert_eq!(again, help, "{path:?}");
    }
}

#[test]
fn mistyped_command_is_answered_with_the_nearest_one() {
    for (typed, meant) in [(&["docter"][..], "doctor"), (&["token", "rotat"], "rotate"), (&["explian"], "explain")] {
        let output = d1(typed, &[]);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(2), "{shown}");
        assert!(shown.contains("similar subcommand") && shown.contains(&format!("'{meant}'")), "{shown}");
    }
}
