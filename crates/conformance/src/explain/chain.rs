//! Explanations of the cases about server chains, TRUST-30 and after.

use super::explanation::Explanation;

/// No key without a trusted certificate for this name can impersonate the platform.
pub(super) const CHAIN: &[Explanation] = explained! {
    "TRUST-30"
        given "A server whose certificate was issued by a certificate that is not marked as a CA, or not marked at all."
        when "It is called over each HTTP version."
        then "We refuse it, nothing is sent, and the reason is `IssuerNotCa` where the transport gives reasons."
        why "Otherwise every holder of a certificate is a CA: with that of any small server they can issue \
            for the platform."
        fix "Leave the building of chains to the engine. Code that walks a chain itself must read basicConstraints of every issuer \
            (RFC 5280 section 6.1.4).";
    "TRUST-31"
        given "A CA with path length 0 that has another CA below it, which issued the server's certificate."
        when "The server is called."
        then "We refuse it; with path length 1 the same chain is trusted."
        why "Organisations are given a CA for their own servers, and the path length keeps them from handing it on."
        fix "RFC 5280 section 4.2.1.9: count the CAs below, without the server. A verifier of your own is the usual cause.";
    "TRUST-32"
        given "CAs whose name constraints exclude the host, its domain, its address or a second name of the \
            certificate, or permit only another domain."
        when "Servers with certificates of these CAs are called."
        then "We refuse them with `NameConstraints`; if the domain is permitted, or another one excluded, the \
            server is trusted."
        why "Otherwise a CA for one domain is a CA for all."
        fix "Name constraints are checked by every current engine; look for an option that ignores them, or a \
            verifier that checks only the called name.";
    "TRUST-33"
        given "Two CAs, of which the upper may issue for another domain only, or not for this one; the lower claims more, or has no \
            constraints."
        when "A server of the lower CA is called."
        then "We refuse it with `NameConstraints`; if both permit the domain, it is trusted."
        why "Otherwise a constrained CA only has to create another one to remove its constraints."
        fix "RFC 5280 section 6.1.4 (g): constraints of every CA hold for all below it.";
    "TRUST-34"
        given "A valid server certificate, whose CA has expired or is not valid yet."
        when "The server is called."
        then "We refuse it with TR-02 (or TR-05) and the right one of the two reasons."
        why "The key of a CA that is no longer used is less protected."
        fix "Check the dates of every certificate of the chain, not only of the leaf.";
    "TRUST-35"
        given "A valid server certificate of a CA whose only purpose is client authentication."
        when "The server is called."
        then "We refuse it; below a CA for servers it is trusted."
        why "CAs for users and devices are operated separately from those for servers, and by looser rules."
        fix "Every engine here applies the extendedKeyUsage of a CA to everything below it; set the purpose \
            to check, server authentication.";
    "TRUST-36"
        given "A CA with the root's name that another key has signed, and a certificate whose name was changed \
            after it was signed."
        when "Servers that show them, and have their keys, are called."
        then "We refuse them, and nothing is sent."
        why "Names are public. If the signatures are not verified, anyone who can write a name into a \
            certificate can impersonate the platform."
        fix "Find out where issuers are compared by name, or where a signature error is mistaken for another \
            one and ignored.";
    "TRUST-37"
        given "Certificates with wildcards in odd places, with the domain above the host, with names below it, \
            with the host at the beginning or the end of another name, and followed by a zero byte."
        when "A call is made to the host."
        then "We refuse each; the host in capitals is trusted."
        why "Each of these names can belong to an organisation that does not own the host."
        fix "RFC 9525 section 6.3: whole labels, one wildcard, alone and leftmost. Leave the comparison to \
            the engine, and never treat a name as a C string.";
    "TRUST-38"
        given "Certificates that have the address as a DNS name, under a wildcard or as common name, or another address."
        when "A server is called by its address."
        then "We refuse each; the address in an iPAddress is trusted."
        why "An address in text passes the checks of CAs and of name constraints, which are made for \
            iPAddress entries."
        fix "Configure the host as an address. OpenSSL has another function for it (`set_ip`) than for names \
            (`set_host`).";
    "TRUST-39"
        given "A certificate for another host, with this one as its common name."
        when "This other host is called."
        then "We refuse it with HO-01 (or TR-05)."
        why "CAs verify the DNS names of a certificate; its owner often chooses the common name."
        fix "RFC 9110 section 4.3.4 forbids the use of the common name.";
    "TRUST-40"
        given "A certificate without DNS names, with the host as its common name."
        when "A call is made to the host."
        then "We refuse it with HO-01 (or TR-05), whether it has no subjectAltName or one with an address."
        why "Otherwise a user who may choose the name in their certificate could impersonate the platform."
        fix "OpenSSL falls back to the common name: set `X509_CHECK_FLAG_NEVER_CHECK_SUBJECT`, or look for a DNS name in the \
            certificate before the request.";
    "TRUST-41"
        given "A valid server certificate of a CA with an unknown critical extension."
        when "The server is called."
        then "We refuse it with `CriticalExtension`."
        why "The extension may limit this CA; ignoring it removes the limit."
        fix "RFC 5280 section 6.1.5: the rule applies to every certificate of the chain.";
    "TRUST-42"
        given "A CA that may not issue for the host, and its certificate for the wildcard above the host."
        when "A call is made to the host."
        then "We refuse it with `NameConstraints`; if another domain is excluded, it is trusted."
        why "A CA that is excluded from one host reaches it with a wildcard (CVE-2025-61727)."
        fix "It needs an engine that compares excluded names with what a wildcard can match, as webpki does. \
            OpenSSL compares the wildcard itself, and has no option: waive it there.";
};
