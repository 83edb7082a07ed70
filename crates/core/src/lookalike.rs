//! Detects hosts that resemble a public host: with a typo, the API key would be sent to a third party.

use std::net::IpAddr;

/// The platform hosts of the eight public installations.
pub(crate) const PUBLIC_HOSTS: [&str; 8] = [
    "one.digicert.com",
    "one.ch.digicert.com",
    "one.digicert.co.jp",
    "one.nl.digicert.com",
    "demo.one.digicert.com",
    "demo.one.ch.digicert.com",
    "demo.one.digicert.co.jp",
    "demo.one.nl.digicert.com",
];

const CLIENT_AUTH: &str = "clientauth";

/// Top-level domains in which third parties cannot register a name (RFC 6761, RFC 6762, RFC 8375, and those
/// of private networks).
const PRIVATE: [&str; 13] = [
    "test",
    "example",
    "invalid",
    "localhost",
    "local",
    "internal",
    "intranet",
    "corp",
    "lan",
    "home",
    "private",
    "arpa",
    "onion",
];

/// Returns the public host that was probably meant, if `host` (lower case) is close to one but not equal.
pub(crate) fn meant(host: &str) -> Option<String> {
    let (label, platform) = match host.strip_prefix("clientauth.") {
        Some(platform) => ("clientauth.", platform),
        None => ("", host),
    };
    if PUBLIC_HOSTS.contains(&platform) || is_private(platform) {
        return None;
    }
    // The first label looks like clientauth., and the rest is right or nearly so.
    if let Some((first, rest)) = platform.split_once('.')
        && distance(&plain(first), CLIENT_AUTH) <= 2
    {
        return nearest(rest).map(|(_, public)| format!("{CLIENT_AUTH}.{public}"));
    }
    // For example, demo.clientauth.one.digicert.com.
    let without: Vec<&str> = platform.split('.').filter(|label| *label != CLIENT_AUTH).collect();
    if without.len() < platform.split('.').count() {
        return nearest(&without.join(".")).map(|(_, public)| format!("{CLIENT_AUTH}.{public}"));
    }
    let (_, public) = nearest(platform)?;
    Some(format!("{label}{public}"))
}

fn is_private(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    PRIVATE.contains(&last) || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// Returns the nearest public host and its distance, if it is near enough.
fn nearest(host: &str) -> Option<(usize, &'static str)> {
    let bare = plain(host);
    let far = |public: &&'static str| distance(host, public).min(distance(&bare, &plain(public)));
    let (away, public) = PUBLIC_HOSTS.iter().map(|public| (far(public), *public)).min_by_key(|(away, _)| *away)?;
    // The eight hosts differ from each other by at least two letters, so a match with two wrong letters can
    // be ambiguous.
    match surrounded(host) {
        _ if away <= 2 => Some((away, public)),
        Some(public) => Some((away, public)),
        None => names_digicert(host).then_some((away, public)),
    }
}

/// Returns the longest public host that this is with something before or after it.
fn surrounded(host: &str) -> Option<&'static str> {
    let is_inside = |public: &&str| {
        host.strip_suffix(public).is_some_and(|front| front.ends_with(['.', '-']))
            || host.strip_prefix(public).is_some_and(|end| end.starts_with(['.', '-']))
    };
    PUBLIC_HOSTS.into_iter().filter(is_inside).max_by_key(|public| public.len())
}

/// Returns whether `one` and `digicert` (or nearly so) are directly below a public suffix:
/// `one.digicert.org`, `demo.one.us.digicert.com`.
fn names_digicert(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    // The top-level domain is missing: a search list would append another one.
    if let [.., "one", last] = labels.as_slice()
        && distance(&plain(last), "digicert") <= 2
    {
        return true;
    }
    let suffix = match labels.as_slice() {
        [.., second, last] if last.len() == 2 && matches!(*second, "co" | "com" | "net" | "org" | "ac" | "ne") => 2,
        _ => 1,
    };
    let Some(name) = labels.len().checked_sub(suffix + 1).and_then(|index| labels.get(index)) else { return false };
    let bare = plain(name);
    let is_digicert = distance(&bare, "digicert") <= 2 || distance(&bare, "digicertcom") <= 1;
    let is_joined = distance(&bare, "onedigicert") <= 2 || distance(&bare, "digicertone") <= 2;
    let has_one = labels.iter().any(|label| distance(&plain(label), "one") <= 1);
    is_joined || (is_digicert && (has_one || labels.len() == suffix + 1))
}

/// Removes what is easily overlooked: separators, and digits that look like letters.
fn plain(text: &str) -> String {
    let text = text.replace(['-', '_', '.'], "").replace("rn", "m").replace("vv", "w");
    text.replace('0', "o").replace('1', "l").replace('3', "e").replace('5', "s")
}

/// Returns the number of letters to change, add, remove or swap to turn one text into the other.
fn distance(first: &str, second: &str) -> usize {
    let (first, second) = (first.as_bytes(), second.as_bytes());
    if first.len().abs_diff(second.len()) > 4 {
        return usize::MAX;
    }
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=second.len()).collect();
    for (row, letter) in first.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in second.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut least = changed.min(last[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *letter == second[column - 1] && first[row - 1] == *other {
                let swapped: &Vec<usize> = &before;
                least = least.min(swapped[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut last, line);
    }
    last[second.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_miss_of_public_host_names_the_host_meant() {
        for (host, public) in [
            ("one.digicert.co", "one.digicert.com"),
            ("one.digicert.cm", "one.digicert.com"),
            ("one.digicert.om", "one.digicert.com"),
            ("one.digcert.com", "one.digicert.com"),
            ("one.digicret.com", "one.digicert.com"),
            ("one.d1gicert.com", "one.digicert.com"),
            ("one-digicert.com", "one.digicert.com"),
            ("onedigicert.com", "one.digicert.com"),
            ("one.digicert.com.evil.com", "one.digicert.com"),
            ("www.one.digicert.com", "one.digicert.com"),
            ("one.digicert.org", "one.digicert.com"),
            ("one.digicert", "one.digicert.com"),
            ("demo.one.digicert", "demo.one.digicert.com"),
            ("one.digicert-com.net", "one.digicert.com"),
            ("demo.one.digicert-com.org", "demo.one.digicert.com"),
            ("one.digicert.jp", "one.digicert.co.jp"),
            ("demo.one.digicert.co", "demo.one.digicert.com"),
            ("dem.one.digicert.com", "demo.one.digicert.com"),
            ("demo.one.nl.digicert.co", "demo.one.nl.digicert.com"),
            ("digicert.com", "one.digicert.com"),
            ("clientauth.one.digicert.co", "clientauth.one.digicert.com"),
            ("clientuath.one.digicert.com", "clientauth.one.digicert.com"),
            ("client-auth.one.digicert.com", "clientauth.one.digicert.com"),
            ("demo.clientauth.one.digicert.com", "clientauth.demo.one.digicert.com"),
            ("clientauth-one.digicert.com", "one.digicert.com"),
        ] {
            let found = meant(host);
            assert!(found.is_some(), "{host}");
            // Which of two equally near hosts was meant is unspecified.
            if !host.contains("digicert.com") || distance(host, public) <= 2 {
                assert_eq!(found.as_deref(), Some(public), "{host}");
            }
        }
    }

    #[test]
    fn public_private_and_unrelated_hosts_are_accepted() {
        for public in PUBLIC_HOSTS {
            assert_eq!(meant(public), None);
            assert_eq!(meant(&format!("clientauth.{public}")), None);
        }
        for host in [
            "one.digicert.test",
            "digicert.corp.example",
            "d1.corp.com",
            "one.example.com",
            "127.0.0.1",
            "[::1]",
            "localhost",
            "pki.acme.de",
            "digicertone.acme.com",
            "digicert-one.acme.com",
            "one.acme.com",
        ] {
            assert_eq!(meant(host), None, "{host}");
        }
    }

    #[test]
    fn one_wrong_letter_anywhere_is_detected() {
        for public in PUBLIC_HOSTS {
            for index in 0..public.len() {
                let left_out = format!("{}{}", &public[..index], &public[index + 1..]);
                let changed = format!("{}x{}", &public[..index], &public[index + 1..]);
                let doubled = format!("{}{}", &public[..=index], &public[index..]);
                for host in [left_out, changed, doubled] {
                    let is_public = PUBLIC_HOSTS.contains(&host.as_str());
                    assert!(
                        is_public || host.contains("..") || host.starts_with('.') || meant(&host).is_some(),
                        "{host}"
                    );
                }
            }
        }
    }
}
