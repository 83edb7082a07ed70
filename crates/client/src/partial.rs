//! Partial responses (206): whether the part is the one that was asked for.

use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue};

/// Whether a 206 is a result. It is if the call has a `Range` and the response is that range, if a page of a list was asked for and
/// the range counts items, or if the range is all of the items. Anything else would pass for the whole.
pub(crate) fn is_result(asked: &HeaderMap, response: &HeaderMap, is_page: bool) -> bool {
    let held = response.get(CONTENT_RANGE).map(ContentRange::of);
    match (asked.get(RANGE), held) {
        (Some(asked), Some(held)) => held.is_asked_by(asked),
        // Several ranges come as parts, each with a range of its own.
        (Some(_), None) => is_multipart(response),
        (None, Some(held)) => !held.unit.eq_ignore_ascii_case("bytes") && (is_page || held.is_whole()),
        (None, None) => false,
    }
}

/// `Content-Range: items 0-99/500`, or `0-99/500` as PostgREST writes it.
struct ContentRange {
    unit: String,
    /// The first and the last one.
    ends: Option<(u64, u64)>,
    length: Option<u64>,
}

impl ContentRange {
    fn of(value: &HeaderValue) -> Self {
        let text = value.to_str().unwrap_or_default().trim();
        let (unit, rest) = match text.split_once([' ', '=']) {
            Some((unit, rest)) => (unit, rest.trim()),
            None => ("", text),
        };
        let (range, length) = rest.split_once('/').unwrap_or((rest, ""));
        Self { unit: unit.to_owned(), ends: ends(range), length: length.trim().parse().ok() }
    }

    fn is_whole(&self) -> bool {
        self.ends.is_some_and(|(first, last)| first == 0 && last.checked_add(1) == self.length)
    }

    /// Whether this is the first range of a `Range` header. One that is in no known form is between the caller and the server.
    fn is_asked_by(&self, asked: &HeaderValue) -> bool {
        let asked = asked.to_str().unwrap_or_default().trim();
        let (unit, ranges) = asked.split_once('=').unwrap_or(("", asked));
        let first = ranges.split(',').next().unwrap_or_default().trim();
        let is_same_unit = unit.trim().eq_ignore_ascii_case(&self.unit);
        match first.split_once('-') {
            // The last so many.
            Some(("", _)) => {
                is_same_unit
                    && self
                        .ends
                        .is_none_or(|(_, last)| self.length.is_none_or(|length| last.checked_add(1) == Some(length)))
            }
            Some((begin, _)) => match (begin.trim().parse::<u64>(), self.ends) {
                (Ok(begin), Some((held, _))) => is_same_unit && begin == held,
                (Ok(_), None) => false,
                (Err(_), _) => true,
            },
            None => true,
        }
    }
}

fn ends(range: &str) -> Option<(u64, u64)> {
    let (first, last) = range.trim().split_once('-')?;
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

fn is_multipart(response: &HeaderMap) -> bool {
    let kind = response.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("multipart/byteranges")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn part_is_a_result_only_if_it_was_asked_for() {
        let part = |range| headers(&[(CONTENT_RANGE, range)]);
        let asking = |range| headers(&[(RANGE, range)]);
        for (asked, held, expected) in [
            ("bytes=0-9", "bytes 0-9/500", true),
            ("bytes=0-9", "bytes 0-3/500", true),
            ("bytes=5-", "bytes 5-499/500", true),
            ("bytes=-5", "bytes 495-499/500", true),
            ("bytes=-5", "bytes 0-4/500", false),
            ("bytes=0-9", "bytes 10-19/500", false),
            ("bytes=0-9", "items 0-9/500", false),
            ("items=0-9", "bytes 0-9/500", false),
            ("bytes=0-9", "bytes */500", false),
            ("bytes=0-9", "what", false),
            ("0-24", "0-24/3573", true),
            ("0-24", "25-49/3573", false),
            ("id=]abc..", "id abc..def/500", true),
        ] {
            for page in [false, true] {
                assert_eq!(is_result(&asking(asked), &part(held), page), expected, "{asked} {held}");
            }
        }
        let parts = headers(&[(CONTENT_TYPE, "multipart/byteranges; boundary=x")]);
        assert!(is_result(&asking("bytes=0-1,5-6"), &parts, false) && !is_result(&HeaderMap::new(), &parts, false));
        assert!(!is_result(&asking("bytes=0-1"), &HeaderMap::new(), false), "a part of which nothing is said");
    }

    #[test]
    fn part_that_was_not_asked_for_is_a_page_or_the_whole() {
        for (held, of_list, else_) in [
            ("items 0-1/2", true, true),
            ("0-1/2", true, true),
            ("items 0-1/500", true, false),
            ("items 2-3/4", true, false),
            ("items 0-1/*", true, false),
            ("items */500", true, false),
            ("0-1/500", true, false),
            ("bytes 0-1/500", false, false),
            ("Bytes 0-1/2", false, false),
        ] {
            let held_by = headers(&[(CONTENT_RANGE, held)]);
            let is = |page| is_result(&HeaderMap::new(), &held_by, page);
            assert_eq!((is(true), is(false)), (of_list, else_), "{held}");
        }
        assert!(!is_result(&HeaderMap::new(), &HeaderMap::new(), true));
    }
}
