//! `d1 explain`: what a diagnosis code means and what to do, from the table that also makes docs/errors. Needs no network.

use digicert_one::Code;
use serde_json::{Value, json};

use crate::arguments::ExplainOptions;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

/// The most columns of a line of prose.
const WIDTH: usize = 100;

/// Explains one code, or lists all of them.
pub(crate) fn run(options: &ExplainOptions, output: Output) -> Result<(), Failure> {
    match options.code {
        Some(code) => {
            output.text(&text(code, output.page().width().map_or(WIDTH, |columns| columns.min(WIDTH))))?;
            output.document(&document(code))
        }
        None => {
            let mut table = Table::new(["CODE", "SUMMARY"]);
            for code in Code::ALL {
                table.row([code.as_str(), code.title()].map(|cell| Some(cell.to_owned())));
            }
            output.table(&table)?;
            output.document(&json!({ "codes": Code::ALL.iter().map(|code| document(*code)).collect::<Vec<_>>() }))
        }
    }
}

fn text(code: Code, width: usize) -> String {
    let mut text = format!("{code}: {}\n\nWho rejected whom: {}.\n", code.title(), code.side());
    for (heading, body) in [
        ("What it means", code.explanation()),
        ("What to do", code.remedy()),
        ("Does a retry help?", code.retry_help()),
    ] {
        text += &format!("\n{heading}\n{}", wrapped(body, width));
    }
    text + &format!("\nMore: docs/errors/{code}.md")
}

fn wrapped(body: &str, width: usize) -> String {
    let (mut text, mut line) = (String::new(), String::new());
    for word in body.split_whitespace() {
        if line.chars().count() + word.chars().count() + 3 > width && !line.is_empty() {
            text += &format!(" {line}\n");
            line.clear();
        }
        line += &format!(" {word}");
    }
    text + &format!(" {line}\n")
}

fn document(code: Code) -> Value {
    json!({
        "code": code.as_str(),
        "summary": code.title(),
        "side": code.side().as_str(),
        "explanation": code.explanation(),
        "remedy": code.remedy(),
        "retry": code.retry_help(),
        "page": format!("docs/errors/{code}.md"),
    })
}
