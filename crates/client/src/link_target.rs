//! Resolves the `Location` of a redirect and the link to a next page. One rule for both: the same origin, below the installation's prefix,
//! or nothing is sent.

use digicert_one_core::{Code, Diagnosis, HostRole, Instance, Origin, RequestTarget};
use http::Uri;
use http::uri::{Authority, Scheme};

use crate::error::{Error, ErrorKind};

/// The kind of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer {
    /// The `Location` of a redirect.
    Redirect,
    /// The link of a page to the next one.
    NextPage,
}

impl Pointer {
    /// The error for a refused target. `target` holds no path and no query.
    pub(crate) fn refused(self, origin: &Origin, target: &str) -> Error {
        let (kind, verb) = self.kind_and_verb();
        let cause = match self {
            Self::Redirect => {
                "DigiCert ONE documents no redirects: a wrong host, or a proxy that responds in its place"
            }
            Self::NextPage => "a list continues where it began: a wrong host, or a proxy that responds in its place",
        };
        let summary = format!("{origin} {verb} {target}; not followed, credentials were not sent there.");
        Error::new(kind, Diagnosis::new(Code::SEC_01, summary, cause))
    }

    fn kind_and_verb(self) -> (ErrorKind, &'static str) {
        match self {
            Self::Redirect => (ErrorKind::Redirect, "redirected to"),
            Self::NextPage => (ErrorKind::Paging, "named as the next page"),
        }
    }

    /// The error for a target at the origin itself.
    fn refused_within(self, origin: &Origin, target: &str) -> Error {
        let (kind, verb) = self.kind_and_verb();
        let summary = format!("{origin} {verb} {target}; not followed.");
        let mut diagnosis =
            Diagnosis::new(Code::SEC_01, summary, "it is the host that was called, outside what is called there");
        diagnosis.remedy =
            "Check the path of the call, and the path prefix of the configured host (DC_BASE).".to_owned();
        Error::new(kind, diagnosis)
    }

    /// The error for the same host without TLS.
    fn refused_in_clear(self, origin: &Origin, target: &str) -> Error {
        let (kind, verb) = self.kind_and_verb();
        let summary = format!("{origin} {verb} {target}; not followed, nothing was sent in clear text.");
        let cause = "it is the same host without TLS: a server behind a proxy that ends TLS writes such links";
        let mut diagnosis = Diagnosis::new(Code::SEC_01, summary, cause);
        diagnosis.remedy =
            "Have the operator of that proxy pass the scheme on (X-Forwarded-Proto), so that the server writes https."
                .to_owned();
        Error::new(kind, diagnosis)
    }

    /// The error for the other host of the installation, which gets other credentials.
    fn refused_sibling(self, origin: &Origin, target: &str, role: HostRole) -> Error {
        let (kind, verb) = self.kind_and_verb();
        let summary = format!(
            "{origin} {verb} {target}, the other configured host; not followed, credentials were not sent there."
        );
        let (whose, remedy) = match role {
            HostRole::Platform => ("calls with an API key alone", "Call that host with an API key alone (--mode key)"),
            _ => (
                "calls with a client certificate",
                "Call that host with a client certificate (--mode certificate or both)",
            ),
        };
        let cause = format!("that host is for {whose}, and this call is not one: its credentials are for {origin}");
        let mut diagnosis = Diagnosis::new(Code::SEC_01, summary, cause);
        diagnosis.remedy =
            format!("{remedy}, or have the server, or the proxy before it, keep the name of the host that was called.");
        Error::new(kind, diagnosis)
    }

    /// Resolves `link` against the call of `base` at `origin` (RFC 3986 §5.2, without dot segments).
    pub(crate) fn resolve(
        self,
        instance: &Instance,
        origin: &Origin,
        base: &RequestTarget,
        link: &str,
    ) -> Result<RequestTarget, Error> {
        let link = link.split('#').next().unwrap_or_default();
        let path = if let Some(rest) = link.strip_prefix("//") {
            let scheme = if origin.is_https() { "https" } else { "http" };
            self.path_at(instance, origin, &format!("{scheme}://{rest}"))?
        } else if link.starts_with('/') {
            link.to_owned()
        } else if let Some(scheme) = scheme(link) {
            if !link[scheme.len()..].starts_with("://") {
                // The rest may be anything, and is not shown.
                return Err(self.refused(origin, &format!("a {scheme}: URL")));
            }
            self.path_at(instance, origin, link)?
        } else {
            // Relative to the call, whose target is below the prefix; `..` is refused like every invalid path.
            let directory = base.path().rsplit_once('/').map_or("", |(directory, _)| directory);
            let path = match link.chars().next() {
                None => base.as_str().to_owned(),
                Some('?') => format!("{}{link}", base.path()),
                Some(_) => format!("{directory}/{link}"),
            };
            return self.parse(origin, &path);
        };
        // An absolute path includes the prefix.
        let path = origin
            .strip_prefix(&path)
            .ok_or_else(|| self.refused_within(origin, "a path outside the installation's prefix"))?;
        self.parse(origin, path)
    }

    fn parse(self, origin: &Origin, path: &str) -> Result<RequestTarget, Error> {
        RequestTarget::parse(path)
            .map_err(|error| self.refused_within(origin, "a path that cannot be sent").with_source(error))
    }

    /// Path and query of an absolute URL at this origin.
    fn path_at(self, instance: &Instance, origin: &Origin, url: &str) -> Result<String, Error> {
        let uri: Uri = url.parse().map_err(|_| self.refused(origin, "a target that is not a URL"))?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(self.refused(origin, "a target with user info"));
        }
        if origin.is_origin_of(&uri) {
            return Ok(uri.path_and_query().map_or("/", |path| path.as_str()).to_owned());
        }
        let target = format!("{}://{authority}", uri.scheme_str().unwrap_or_default());
        let own = origin.authority().parse::<Authority>();
        if origin.is_https()
            && uri.scheme() == Some(&Scheme::HTTP)
            && own.is_ok_and(|own| uri.host().is_some_and(|host| own.host().eq_ignore_ascii_case(host)))
        {
            return Err(self.refused_in_clear(origin, &target));
        }
        Err(match instance.role_of(&uri) {
            Some(role) => self.refused_sibling(origin, &target, role),
            None => self.refused(origin, &target),
        })
    }
}

/// The scheme of an absolute URL (RFC 3986 §3.1); a colon in a query does not make one.
fn scheme(link: &str) -> Option<&str> {
    let (scheme, _) = link.split_once(':')?;
    let mut bytes = scheme.bytes();
    let first = bytes.next()?.is_ascii_alphabetic();
    (first && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use digicert_one_core::{HostRole, Instance};

    use super::*;

    fn resolved(link: &str) -> Result<String, Error> {
        let instance =
            Instance::parse("one.digicert.test").and_then(|one| one.with_path_prefix("/d1")).expect("a host");
        let origin = instance.origin(HostRole::Platform).expect("a host");
        let base = RequestTarget::parse("/iot/device?limit=2").expect("a path");
        Pointer::NextPage.resolve(&instance, origin, &base, link).map(|target| target.to_string())
    }

    #[test]
    fn every_form_of_link_within_the_installation_is_read() {
        for (link, expected) in [
            ("https://ONE.digicert.test:443/d1/x?offset=2#part", "/x?offset=2"),
            ("//one.digicert.test/d1/x", "/x"),
            ("/d1/x?from=10:00", "/x?from=10:00"),
            ("device?from=10:00", "/iot/device?from=10:00"),
            ("?offset=2", "/iot/device?offset=2"),
            ("", "/iot/device?limit=2"),
        ] {
            assert_eq!(resolved(link).expect(link), expected, "{link}");
        }
    }

    #[test]
    fn link_to_the_other_host_of_the_installation_is_named_as_that() {
        let instance = Instance::parse("one.digicert.test").expect("a host");
        let base = RequestTarget::parse("/iot/device").expect("a path");
        for (role, other, mode) in [
            (HostRole::Platform, "clientauth.one.digicert.test", "certificate"),
            (HostRole::ClientAuth, "one.digicert.test", "key alone"),
        ] {
            let origin = instance.origin(role).expect("a host");
            for pointer in [Pointer::NextPage, Pointer::Redirect] {
                let link = format!("https://{other}/iot/device?canary");
                let error = pointer.resolve(&instance, origin, &base, &link).expect_err("another host");
                let shown = format!("{error}{}", error.diagnosis());
                assert!(shown.contains("the other configured host") && shown.contains(mode), "{shown}");
                assert!(!shown.contains("a wrong host") && !shown.contains("canary"), "{shown}");
            }
        }
    }

    #[test]
    fn link_to_the_same_host_without_tls_is_not_advised() {
        for link in ["http://one.digicert.test/d1/x", "http://ONE.digicert.test:8080/x"] {
            let shown = resolved(link).expect_err(link).diagnosis().to_string();
            assert!(shown.contains("X-Forwarded-Proto") && !shown.contains("configure that host"), "{shown}");
        }
        assert!(!resolved("http://other.test/x").expect_err("other").diagnosis().to_string().contains("X-Forwarded"));
    }

    #[test]
    fn refused_link_within_the_origin_says_nothing_of_another_host() {
        for link in ["/canary", "/d1/../canary"] {
            let shown = resolved(link).expect_err(link).diagnosis().to_string();
            assert!(!shown.contains("credentials") && !shown.contains("trust the host"), "{shown}");
        }
    }

    #[test]
    fn every_other_link_is_refused_and_shows_neither_path_nor_query() {
        for link in [
            "https://other.test/canary",
            "http://one.digicert.test/d1/canary",
            "https://one.digicert.test:8443/d1/canary",
            "https://one.digicert.test:443x/d1/canary",
            "https://canary@one.digicert.test/d1/",
            "//canary:canary@one.digicert.test/d1/",
            "/canary",
            "/d1canary",
            "/d1/../canary",
            "../canary",
            "javascript:canary",
            "https:canary",
            "/d1/\\canary",
        ] {
            let error = resolved(link).expect_err(link);
            assert_eq!((error.code(), error.kind()), (Code::SEC_01, ErrorKind::Paging), "{link}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
