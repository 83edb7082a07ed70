//! The options of the rate limiter that a fleet shares.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;

use super::time::time;

/// The shared rate limiter.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct LimiterOptions {
    /// Redis whose rate limit all processes with this API key share, as in redis://host; no password.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) limiter: Option<String>,
    /// Its password: env:NAME or file:PATH.
    #[arg(long, value_name = "REF", requires = "limiter")]
    pub(crate) limiter_password: Option<String>,
    /// Limit that the processes share, as in 1000/60s. Repeatable; the same in all of them.
    #[arg(long, value_name = "COUNT/TIME", value_parser = rate, requires = "limiter")]
    pub(crate) limiter_rate: Vec<Rate>,
}

/// At most so many requests in any interval of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) requests: NonZeroU32,
    pub(crate) period: Duration,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}ms", self.requests, self.period.as_millis())
    }
}

/// `1000/60s`.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "give a rate such as 1000/60s".to_owned();
    let (requests, period) = text.split_once('/').ok_or_else(wrong)?;
    let requests = requests.trim().parse().map_err(|_| wrong())?;
    let period = time(period).ok().filter(|period| !period.is_zero()).ok_or_else(wrong)?;
    Ok(Rate { requests, period })
}

#[cfg(feature = "redis")]
fn address(text: &str) -> Result<String, String> {
    match text.parse::<digicert_one::redis::RedisAddress>() {
        Ok(_) => Ok(text.to_owned()),
        // No message repeats the text, which may hold a password.
        Err(error) if text.contains('@') => Err(format!("{error}: --limiter-password env:NAME or file:PATH")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(not(feature = "redis"))]
fn address(_text: &str) -> Result<String, String> {
    Err("this d1 was built without its feature redis".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_or_refused() {
        let read = rate("1000/60s").expect("a rate");
        assert_eq!((read.requests.get(), read.period), (1000, Duration::from_secs(60)));
        assert_eq!(rate("5/1m").expect("a rate").period, Duration::from_secs(60));
        for text in
            ["", "1000", "0/60s", "-1/60s", "1000/0s", "1000/", "/60s", "a/60s", "1000/canary", "99999999999/1s"]
        {
            assert!(rate(text).is_err_and(|error| !error.contains("canary")), "{text}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn address_with_a_password_is_refused_without_an_echo() {
        assert_eq!(address("redis://ci@cache:7000/2").as_deref(), Ok("redis://ci@cache:7000/2"));
        for text in ["redis://:hunter2@cache", "redis://ci:hunter2@cache", "hunter2", "https://hunter2"] {
            let error = address(text).expect_err(text);
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(address("redis://:hunter2@cache").is_err_and(|error| error.contains("--limiter-password env:NAME")));
    }
}
