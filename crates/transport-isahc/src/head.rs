//! The limits of a response's head. libcurl's own are larger, and differ between HTTP versions; the same ones hold on every transport.

use std::error::Error;
use std::fmt;

use http::response::Parts;

/// The most bytes that a head may have: names, values, and what separates them in HTTP/1.1.
const BYTES: usize = 64 << 10;
/// The most fields.
const FIELDS: usize = 256;

/// Refuses a head above the limits.
pub(crate) fn check(head: &Parts) -> Result<(), Oversized> {
    let separators = ": \r\n".len();
    let bytes = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + separators).sum();
    let fields = head.headers.len();
    if bytes > BYTES || fields > FIELDS { Err(Oversized::Counted { bytes, fields }) } else { Ok(()) }
}

/// A head above the limits.
#[derive(Debug)]
pub(crate) enum Oversized {
    Counted {
        bytes: usize,
        fields: usize,
    },
    /// libcurl stopped reading it.
    ByLibcurl(isahc::Error),
}

impl Oversized {
    pub(crate) fn by_libcurl(error: isahc::Error) -> Self {
        Self::ByLibcurl(error)
    }
}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the head of the response is too large: ")?;
        match self {
            Self::Counted { bytes, fields } => write!(f, "{bytes} bytes in {fields} fields")?,
            Self::ByLibcurl(_) => f.write_str("libcurl stopped reading it")?,
        }
        write!(f, " (limits: {BYTES} bytes, {FIELDS} fields)")
    }
}

impl Error for Oversized {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Counted { .. } => None,
            Self::ByLibcurl(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    fn head(fields: usize, value: usize) -> Parts {
        let all = (0..fields).map(|index| format!("x-{index:03}"));
        let builder = all.fold(Response::builder(), |builder, name| builder.header(name, "v".repeat(value)));
        builder.body(()).expect("valid").into_parts().0
    }

    #[test]
    fn heads_up_to_the_limits_are_taken() {
        // A name of five bytes and four bytes of separators beside each value.
        for (fields, value) in [(0, 0), (256, 247), (1, (64 << 10) - 9)] {
            check(&head(fields, value)).unwrap_or_else(|error| panic!("{fields} of {value}: {error}"));
        }
        for (fields, value, shown) in [
            (257, 1, "2570 bytes in 257 fields"),
            (256, 248, "65792 bytes in 256 fields"),
            (1, (64 << 10) - 8, "65537 bytes in 1 fields"),
        ] {
            let error = check(&head(fields, value)).expect_err("too large");
            assert!(error.to_string().contains(shown), "{error}");
        }
    }
}
