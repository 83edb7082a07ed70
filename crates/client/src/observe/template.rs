//! Path templates: a path without ids, names and query, so that spans, metrics and audit records hold no personal data and have low
//! cardinality (OpenTelemetry: `url.template`).

use std::fmt;

use digicert_one_core::RequestTarget;

/// A longer segment is taken for an id.
const LONGEST_WORD: usize = 40;

/// The path template of a call: `/account/api/v1/user/{}`.
///
/// A segment is kept only if it looks like a word of an API: lower-case letters with `-` and `_` between them, or a version such as `v1`;
/// everything else becomes `{}`. A name that looks like a word is kept, too: set a template for such calls with
/// [`RequestBuilder::template`](crate::RequestBuilder::template).
#[derive(Clone, Copy)]
pub(crate) struct Template<'a> {
    given: Option<&'static str>,
    target: &'a RequestTarget,
}

impl<'a> Template<'a> {
    /// The template of this target, unless the caller set one.
    pub(crate) fn of(target: &'a RequestTarget, given: Option<&'static str>) -> Self {
        Self { given, target }
    }
}

impl fmt::Display for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(given) = self.given {
            return f.write_str(given);
        }
        self.target.path().split('/').skip(1).try_for_each(|segment| {
            f.write_str("/")?;
            f.write_str(if segment.is_empty() || is_word(segment) { segment } else { "{}" })
        })
    }
}

fn is_word(segment: &str) -> bool {
    if let Some(number) = segment.strip_prefix('v')
        && (1..=3).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return true;
    }
    segment.len() <= LONGEST_WORD
        && segment.starts_with(|first: char| first.is_ascii_lowercase())
        && segment.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(path: &str) -> String {
        Template::of(&RequestTarget::parse(path).expect("a path"), None).to_string()
    }

    #[test]
    fn template_omits_ids_names_and_queries() {
        for (path, expected) in [
            ("/", "/"),
            ("/account/api/v1/user/me", "/account/api/v1/user/me"),
            ("/account/api/v1/user?user_type=canary", "/account/api/v1/user"),
            (
                "/account/api/v1/user/2f1b9c1e-0c1b-4a55-9d5e-1f3f0a5d7c11/api-token",
                "/account/api/v1/user/{}/api-token",
            ),
            ("/iot/api/v2/device/4711/", "/iot/api/v2/device/{}/"),
            ("/mpki/api/v1/profile/IOT_ABC/Jane%20Doe", "/mpki/api/v1/profile/{}/{}"),
            ("/v1234/vx", "/{}/vx"),
            ("/user/jane.doe", "/user/{}"),
            ("/jane@example.test", "/{}"),
        ] {
            assert_eq!(template(path), expected, "{path}");
        }
    }

    #[test]
    fn template_of_the_caller_takes_precedence() {
        let target = RequestTarget::parse("/user/jane").expect("a path");
        assert_eq!(Template::of(&target, Some("/user/{name}")).to_string(), "/user/{name}");
    }
}
