//! Reads the title of a web page, and its text without markup. For error messages only.

/// No reference that is read is longer. Without a limit, each of many `&` would look for its end in the whole page.
const LONGEST_REFERENCE: usize = 12;

/// The text between `<title>` and its end.
pub(crate) fn title(page: &str) -> Option<String> {
    let (_, after) = split_at_tag(page, "title")?;
    let end = after.find('<').unwrap_or(after.len());
    let title = words(&after[..end]);
    (!title.is_empty()).then_some(title)
}

/// The text of a page without tags, comments, scripts, styles and its title.
pub(crate) fn text(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        // A tag separates words.
        text.push(' ');
        rest = &rest[at..];
        let hidden = ["script", "style", "title"].into_iter().find(|name| is_tag(rest, name));
        rest = match hidden {
            _ if rest.starts_with("<!--") => after(rest, "-->"),
            Some(name) => after(&rest[1..], &format!("</{name}")),
            None => rest,
        };
        rest = after(rest, ">");
    }
    text.push_str(rest);
    words(&text)
}

/// The text before the first tag of this name, and the text after it.
fn split_at_tag<'a>(page: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let at = page.match_indices('<').map(|(at, _)| at).find(|at| is_tag(&page[*at..], name))?;
    Some((&page[..at], after(&page[at..], ">")))
}

/// Whether a text begins with a tag of this name, in any case.
fn is_tag(text: &str, name: &str) -> bool {
    let Some(tag) = text.get(1..=name.len()) else { return false };
    let next = text[1 + name.len()..].chars().next();
    tag.eq_ignore_ascii_case(name) && next.is_none_or(|next| !next.is_alphanumeric())
}

/// The text after this mark, in any case; empty if the mark does not occur.
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let length = mark.len();
    let found = text.as_bytes().windows(length).position(|part| part.eq_ignore_ascii_case(mark.as_bytes()));
    found.and_then(|at| text.get(at + length..)).unwrap_or_default()
}

fn words(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';');
        let reference = end.and_then(|end| Some((referred(rest.get(1..end)?)?, &rest[end + 1..])));
        let (character, after) = reference.unwrap_or(('&', &rest[1..]));
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The character that a reference such as `&amp;`, `&#39;` or `&#x27;` stands for.
fn referred(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(number.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "apos" | "lsquo" | "rsquo" => '\'',
        "copy" => '©',
        "gt" => '>',
        "hellip" => '…',
        "lt" => '<',
        "mdash" | "ndash" => '–',
        "nbsp" => ' ',
        "ldquo" | "quot" | "rdquo" => '"',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_and_text_are_read_without_markup() {
        let page = "<!DOCTYPE html><HTML><Head><TITLE lang=\"en\">403\n Forbidden</TITLE><style>p{color:red}</style>\
                    <script>let a = '<p>x</p>';</script></head><body><!-- <p>no</p> --><h1>Forbidden</h1><p>You don&#39;t \
                    have permission.<br/>Reason: policy</p></body></html>";
        assert_eq!(title(page).as_deref(), Some("403 Forbidden"));
        assert_eq!(text(page), "Forbidden You don't have permission. Reason: policy");
        assert_eq!(
            text("Reference&#32;&#35;18.2d &mdash; R&D &amp;lt; &#x27;&#0;a &#x110000; &none;"),
            "Reference #18.2d – R&D &lt; '\0a &#x110000; &none;"
        );
        assert_eq!(text("<Error><Code>AccessDenied</Code><Message>No</Message></Error>"), "AccessDenied No");
    }

    #[test]
    fn end_of_a_reference_is_looked_for_nearby_only() {
        assert_eq!(text("&#38; &#0000038; &#x00000026;"), "& & &");
        assert_eq!(text("&#00000000000000038;"), "&#00000000000000038;");
        assert_eq!(text("&ü;&ünïcödé; &"), "&ü;&ünïcödé; &");
    }

    #[test]
    fn broken_markup_is_read_to_its_end() {
        for page in ["<", "<title", "<title>", "<!--", "<script>", "a<b", "<ü>", "<titleü>x", "<scripté>", "</title>"]
        {
            assert!(text(page).len() <= page.len() + 4, "{page}");
            assert_eq!(title(page), None, "{page}");
        }
        assert_eq!(title("<title>cut"), Some("cut".to_owned()));
    }
}
