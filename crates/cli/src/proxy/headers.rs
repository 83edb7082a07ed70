//! The headers that are passed on, in both directions.

use digicert_one::Instance;
use http::header::{
    ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, HeaderName, LOCATION, REFERER,
    SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, HeaderValue, Uri};

use super::admission::TOKEN_HEADER;

/// Of one connection only (RFC 9110 section 7.6.1), beside those that `Connection` names and `Proxy-*`.
const HOP_BY_HOP: [HeaderName; 6] =
    [CONNECTION, HeaderName::from_static("keep-alive"), TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
/// Headers that follow from the credential, the host or the body, or belong to the local hop.
const OF_THE_CALLER: [HeaderName; 11] = [
    HeaderName::from_static("x-api-key"),
    TOKEN_HEADER,
    AUTHORIZATION,
    COOKIE,
    HOST,
    CONTENT_LENGTH,
    EXPECT,
    FORWARDED,
    HeaderName::from_static("x-real-ip"),
    REFERER,
    VIA,
];
/// Headers about the connection to the platform, or that would be a credential.
const OF_THE_PLATFORM: [HeaderName; 3] = [ALT_SVC, SET_COOKIE, STRICT_TRANSPORT_SECURITY];

/// Removes what is not passed on to the platform.
pub(crate) fn clean_request(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    OF_THE_CALLER.iter().for_each(|name| drop(headers.remove(name)));
    remove_prefix(headers, "x-forwarded-");
}

/// Removes what is not passed on to the caller, and turns a `Location` at the platform into a path at the proxy.
pub(crate) fn clean_response(headers: &mut HeaderMap, instance: &Instance) {
    remove_hop_by_hop(headers);
    OF_THE_PLATFORM.iter().for_each(|name| drop(headers.remove(name)));
    if let Some(path) = headers.get(LOCATION).and_then(|location| local(location, instance)) {
        headers.insert(LOCATION, path);
    }
}

/// The path of a URI at the platform.
fn local(location: &HeaderValue, instance: &Instance) -> Option<HeaderValue> {
    let uri: Uri = location.to_str().ok()?.parse().ok()?;
    uri.authority()?;
    let origin = instance.origin(instance.role_of(&uri)?).ok()?;
    HeaderValue::from_str(origin.strip_prefix(uri.path_and_query()?.as_str())?).ok()
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let lists: Vec<HeaderValue> = headers.get_all(CONNECTION).iter().cloned().collect();
    for name in lists.iter().filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(',')) {
        if let Ok(name) = name.trim().parse::<HeaderName>() {
            headers.remove(name);
        }
    }
    HOP_BY_HOP.iter().for_each(|name| drop(headers.remove(name)));
    remove_prefix(headers, "proxy-");
}

fn remove_prefix(headers: &mut HeaderMap, prefix: &str) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with(prefix)).cloned().collect();
    names.into_iter().for_each(|name| drop(headers.remove(name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(names: &[(&'static str, &'static str)]) -> HeaderMap {
        names.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn left(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn credentials_and_headers_of_the_hop_are_not_passed_on() {
        let mut request = headers(&[
            ("x-api-key", "k"),
            ("authorization", "Bearer t"),
            ("x-d1-token", "t"),
            ("cookie", "c"),
            ("host", "localhost"),
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "1"),
            ("proxy-authorization", "p"),
            ("proxy-connection", "close"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("content-length", "1"),
            ("expect", "100-continue"),
            ("forwarded", "for=1"),
            ("x-forwarded-for", "1"),
            ("x-forwarded-host", "1"),
            ("via", "1.1 x"),
            ("accept", "text/csv"),
            ("content-type", "application/json"),
            ("range", "bytes=0-1"),
            ("x-dc-transactionid", "1"),
        ]);
        clean_request(&mut request);
        assert_eq!(left(&request), ["accept", "content-type", "range", "x-dc-transactionid"]);

        let instance = Instance::parse("https://one.digicert.com").expect("a host");
        let mut response = headers(&[
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("set-cookie", "session=1"),
            ("alt-svc", "h3"),
            ("strict-transport-security", "max-age=1"),
            ("proxy-authenticate", "Basic"),
            ("content-length", "1"),
            ("retry-after", "1"),
            ("x-request-id", "1"),
        ]);
        clean_response(&mut response, &instance);
        assert_eq!(left(&response), ["content-length", "retry-after", "x-request-id"]);
    }

    #[test]
    fn location_at_the_platform_becomes_a_path() {
        let instance = Instance::parse("https://one.digicert.com").expect("a host");
        for (location, expected) in [
            ("https://one.digicert.com/a/1?x=1", "/a/1?x=1"),
            ("https://clientauth.one.digicert.com/a", "/a"),
            ("/a/1", "/a/1"),
            ("https://elsewhere.test/a", "https://elsewhere.test/a"),
        ] {
            let mut response = headers(&[("location", location)]);
            clean_response(&mut response, &instance);
            assert_eq!(response["location"], expected);
        }
    }
}
