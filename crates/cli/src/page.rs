//! Text for people: in colours where they are shown, and no wider than the terminal.

use std::io::IsTerminal;

use clap::ValueEnum;
use digicert_one::core::printable_text;

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    // On a terminal, unless `NO_COLOR` is set or the terminal is dumb. A doc comment would be a page of its own in help.
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Whether output to this stream has colours.
    pub(crate) fn applies_to(self, stream: &impl IsTerminal) -> bool {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = || std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        match self {
            Self::Always => true,
            Self::Never => false,
            // A console of Windows shows escape sequences only where a program asked for that.
            Self::Auto => cfg!(unix) && stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb(),
        }
    }
}

/// The kind of a part of a text, which decides its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Heading,
    Good,
    Caution,
    Bad,
    Quiet,
}

impl Style {
    /// The parameters of SGR (ECMA-48).
    fn parameters(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Good => "32",
            Self::Caution => "33",
            Self::Bad => "1;31",
            Self::Quiet => "2",
        }
    }
}

/// A text that is put together for one stream. Each piece is made printable before it gets its colour.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    text: String,
    colours: bool,
    width: Option<usize>,
}

impl Page {
    /// An empty text, for a stream with colours or without, and of this many columns where it is a terminal.
    pub(crate) fn new(colours: bool, width: Option<usize>) -> Self {
        Self { text: String::new(), colours, width }
    }

    /// Columns of the terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Adds text as it is.
    pub(crate) fn add(&mut self, text: &str) {
        self.text.push_str(&printable_text(text));
    }

    /// Adds text that looks like this.
    pub(crate) fn styled(&mut self, style: Style, text: &str) {
        if self.colours {
            self.text.push_str(&format!("\u{1b}[{}m{}\u{1b}[0m", style.parameters(), printable_text(text)));
        } else {
            self.add(text);
        }
    }

    /// Adds text that begins in this column, and begins there again on each further line. Words are not broken.
    pub(crate) fn hanging(&mut self, column: usize, text: &str) {
        let Some(width) = self.width else { return self.add(text) };
        let mut used = column;
        for (number, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            if number > 0 && used + 1 + length > width {
                self.text.push_str(&format!("\n{:column$}", ""));
                used = column;
            } else if number > 0 {
                self.text.push(' ');
                used += 1;
            }
            self.add(word);
            used += length;
        }
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_outside_of_what_is_made_printable() {
        let mut page = Page::new(true, None);
        page.styled(Style::Bad, "a\u{1b}[2J");
        assert_eq!(page.finish(), "\u{1b}[1;31ma\\u{1b}[2J\u{1b}[0m");
        let mut page = Page::new(false, None);
        page.styled(Style::Bad, "a");
        assert_eq!(page.finish(), "a");
    }

    #[test]
    fn hanging_text_wraps_between_words_and_keeps_long_ones_whole() {
        let of = |width| {
            let mut page = Page::new(false, width);
            page.hanging(2, "one two 6b2c1f9e-0d0c three");
            page.finish()
        };
        assert_eq!(of(Some(10)), "one two\n  6b2c1f9e-0d0c\n  three");
        assert_eq!(of(None), "one two 6b2c1f9e-0d0c three");
    }
}
