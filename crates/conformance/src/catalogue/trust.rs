//! The cases TRUST. We refuse every server that is not valid by our roots, the clock and its name.

#[doc(hidden)]
#[macro_export]
macro_rules! __trust {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "TRUST-01" Must trust trust_01_a_private_ca_that_is_configured_is_trusted
                given "A server under a private authority, whose root is configured."
                when "A call is made."
                then "The call succeeds."
                why "On-premises installations have their own CA; a transport that ignores it makes its users disable \
                    verification."
                fix "Pass every certificate of `TransportConfig::trust` to the engine. Look for a library that uses \
                    only the first of a bundle, or requires a file.";
            "TRUST-02" Must trust trust_02_a_private_ca_that_is_not_configured_is_refused
                given "The same server, with only the root of another authority trusted."
                when "Two calls are made in each setting, with each method in turn, on transports that are new, \
                    that had responses of success or failure, or calls that were lost or dropped, and beside another \
                    one."
                then "We refuse it with TR-01 (the wider TR-05 for a stack without details), nothing is sent, and no \
                    retry is advised."
                why "Otherwise an attacker in between could read the key and impersonate the platform."
                fix "Clause 9 of `Transport::send`: map the engine's unknown-issuer error to \
                    `PeerUntrusted(UnknownIssuer)`. A response means that verification is off.";
            "TRUST-03" Must trust trust_03_an_expired_server_is_refused
                given "A server whose certificate has expired."
                when "Two calls are made in each setting, with each method in turn, as in TRUST-02."
                then "We refuse it with TR-02 (or TR-05), report the refusal as ours, and send nothing."
                why "A key that was stolen from a server stays useful forever if the end date is not checked."
                fix "Map the engine's expired error to `PeerUntrusted(Expired)`. If there is a response, look for a \
                    custom verifier that ignores dates.";
            "TRUST-04" Must trust trust_04_a_server_of_tomorrow_is_refused_with_a_clock_hint
                given "A server whose certificate becomes valid tomorrow."
                when "A call is made."
                then "We refuse it with TR-02 (or TR-05), and the diagnosis hints at the clock."
                why "In most such cases our own clock is wrong, and without the hint operators check the server for hours."
                fix "Map not-yet-valid separately from expired: `PeerUntrusted(NotYetValid)`. OpenSSL has two codes \
                    for them; some wrappers have one text for both.";
            "TRUST-05" Must trust trust_05_a_wrong_name_is_refused
                given "A server whose certificate is for another name."
                when "A call is made; then one whose `Host` header is that other name."
                then "We refuse it with HO-01 (or TR-05), and nothing is sent."
                why "Otherwise anyone with a certificate of the same authority for any name can impersonate the platform."
                fix "Check the name of the URI and not the address that it was overridden with. OpenSSL checks no \
                    name on its own: it must be configured.";
            "TRUST-06" Must trust trust_06_a_wildcard_covers_one_label
                given "A server whose certificate is for `*.digicert.test`."
                when "The host `one.` is called, then `clientauth.one.` of the same domain."
                then "The first succeeds; the second is refused with HO-01 (or TR-05), because a wildcard covers one label."
                why "A certificate for one level would be valid for every host below it."
                fix "RFC 6125 section 6.4.3. Leave the matching to the TLS engine; a hand-written check with \
                    `ends_with` is the usual cause.";
            "TRUST-07" Must trust trust_07_a_server_without_its_intermediate_is_refused
                given "A server that does not send its intermediate certificate."
                when "A call is made."
                then "We refuse it with TR-01 (or TR-05), and nothing is downloaded."
                why "A chain that is completed from the network works on one machine and not on another, and contacts \
                    unknown servers before the key is safe."
                fix "Switch off the fetching of issuers (AIA) and caches of intermediates. A platform verifier that \
                    cannot disable this needs a waiver.";
            "TRUST-08" Must trust trust_08_only_custom_roots_means_only
                given "A configuration with only the given roots, and a server whose root is among those of the system."
                when "A call is made."
                then "It is refused, while the same call with the system's roots succeeds."
                why "Callers that pin a private authority would still trust a hundred public ones, and any that an \
                    administrator added."
                fix "Declare `TrustOnly` only if the engine can exclude the system's roots. OpenSSL also reads its \
                    default directory (`SSL_CERT_DIR`): unset that too.";
            "TRUST-09" Should trust trust_09_given_roots_stand_beside_the_systems
                given "A configuration with the system's roots and an additional one."
                when "A server under each of the two is called."
                then "Both succeed, and a transport with only the system's roots refuses the second."
                why "A company's own root that replaces the others breaks every public host, and the reverse."
                fix "Add to the engine's store instead of replacing it; libcurl's `CAINFO` replaces, so that a bundle of both \
                    is needed.";
            "TRUST-10" Must trust trust_10_an_empty_list_of_roots_is_refused_at_build
                given "An empty list of roots, and one with an entry that is not a certificate."
                when "A transport is created."
                then "`connect` refuses both as invalid roots, and nothing is sent."
                why "An empty list means no trust for one library and the system's roots for another; a typing error \
                    must not decide which."
                fix "Check `TransportConfig::trust` in `connect` with `TrustRoots::given`, parse every certificate \
                    there, and return `TransportErrorKind::TrustRoots`.";
            "TRUST-11" Must trust trust_11_no_configuration_switches_verification_off
                given "A server of an untrusted authority."
                when "It is called with every kind of roots and every version of HTTP that the transport supports."
                then "It is refused each time, and no request arrives."
                why "One path without verification is enough: an attacker chooses the version of HTTP by the handshake."
                fix "Use no switch with `danger`, `insecure` or `verify = false` in its name anywhere, nor a feature flag \
                    that leads to one.";
            "TRUST-12" Must trust trust_12_a_server_of_tls_1_1_is_refused
                given "A server that supports TLS 1.1 at most, or sends the alert for an unknown version."
                when "A call is made."
                then "It fails with HS-04 (HS-03 for a stack without alerts), as not sent, and no retry is advised."
                why "Old versions can be broken on the network, and a stack that downgrades silently removes the \
                    protection for all callers."
                fix "Set the lowest version to TLS 1.2 explicitly: the default of a system library can be lower. Map \
                    the alert `protocol_version` (70) to `PeerAlert`, and what your library finds itself to \
                    `TlsIncompatible`.";
            "TRUST-13" Must reload trust_13_other_roots_count_for_every_later_connection
                given "A running client, and a CA bundle that is replaced by another valid one."
                when "The roots are reloaded and calls are made, with one of them already in progress."
                then "The old server is refused even on existing connections, and the call in progress ends as it began."
                why "Otherwise an authority that was removed because it is compromised is trusted until the next restart."
                fix "The client creates a new transport with the new roots. Keep pool, TLS sessions and root store in \
                    the transport object and share none of them.";
            "TRUST-14" Must reload trust_14_a_broken_bundle_changes_nothing_and_is_reported_once
                given "A running client whose CA bundle becomes empty, garbage or unreadable."
                when "The roots are reloaded several times, with calls between."
                then "The old roots stay in use, there is one warning for each change, and every call succeeds."
                why "A bundle that is half written at the wrong moment would stop all calls, or fill the log with one \
                    repeated line."
                fix "The reader keeps the old roots. If calls fail, your transport reads a file on its own; it may \
                    only use the certificates in the configuration.";
            "TRUST-15" Must trust trust_15_only_the_tls_versions_of_the_configuration_are_spoken
                given "A configuration that is restricted to one TLS version, and servers of both versions, of that one \
                    and of the other."
                when "Calls are made to them, over each HTTP version, directly and through a proxy."
                then "Only that version is used, and the server of the other one is refused with HS-04 or the wider code."
                why "A policy that forbids TLS 1.2 is useless if the transport silently downgrades to it."
                fix "Map the versions of the configuration to your library's lowest and highest version, or refuse the \
                    configuration by name.";
            "TRUST-16" Should trust trust_16_the_certificate_of_the_server_is_reported
                given "A server whose certificate is trusted."
                when "It responds to a call."
                then "The facts of the connection have its certificate: issuer, names and dates."
                why "A firewall that inspects TLS presents its own certificate, whose issuer distinguishes it from \
                    the platform."
                fix "Read the leaf with `ServerCertificate::read` after the handshake, or in the verifier. Where your library \
                    hides it, \
                    waive this case.";
            "TRUST-17" Must server_proof trust_17_server_without_the_key_of_its_chain_is_refused
                given "Servers with the chain of another server and their own key, of P-256, P-384 and RSA, under TLS 1.2 and 1.3."
                when "Two calls are made in each setting, with each method in turn, as in TRUST-02."
                then "We refuse it and no request arrives. The error is `PeerUntrusted`, or `Tls` if the library has one error for \
                    everything that fails in a handshake."
                why "A certificate is public. If the handshake signature is not verified, a copy of it is enough to \
                    receive the API key."
                fix "With rustls: a custom `ServerCertVerifier` must delegate `verify_tls12_signature` and \
                    `verify_tls13_signature` to the provider, never return its own assertion.";
            "TRUST-18" Must server_proof trust_18_client_certificate_shown_by_a_server_is_refused
                given "A server whose certificate has the right name and authority, but is for clients."
                when "A call is made over each HTTP version and TLS version."
                then "We refuse it, and no request arrives."
                why "Every service user has a client certificate of the same authority: each could impersonate the platform."
                fix "Keep the purpose check of the engine enabled: `serverAuth` in the extended key usage.";
            "TRUST-19" Must trust trust_19_server_certificate_that_breaks_a_rule_is_refused_with_its_reason
                given "Servers whose certificate is only for client authentication, has an unknown critical extension, \
                    is a self-signed CA, comes from a CA for other names, is of version 1, or has an RSA key of 1024 \
                    bits."
                when "A call is made to each."
                then "We refuse it, nothing is sent, and the error has the reason, or none if the transport declares \
                    that it reports none."
                why "Most private servers fail on such a rule, and without the reason their operators check issuer, \
                    name and dates."
                fix "Map what your library reports to `PeerFault`; what has no variant is `Other`. `Unspecified` is \
                    for a library without reasons.";
            "TRUST-23" Must trust trust_23_each_root_of_the_list_is_trusted
                given "Two roots in one list, and a server under one of them."
                when "It is called with the root first in the list, and with the root last."
                then "The request arrives both times."
                why "A CA file often holds the previous and the next root: a transport that reads only one fails on \
                    the day of the change."
                fix "Pass every certificate of `TrustRoots::given` to the engine. Functions that read one certificate \
                    from PEM, such as OpenSSL's `X509::from_pem`, ignore the rest.";
            "TRUST-25" Must server_proof trust_25_localhost_is_verified_as_any_other_name
                given "Servers on loopback with a certificate for another name, and one of an unknown authority."
                when "They are called as `localhost` and as `127.0.0.1`."
                then "Both are refused; a server whose certificate names localhost succeeds."
                why "An exemption for development ships to production, where a sidecar listens on localhost."
                fix "Remove the special case. Tests can create their own authority.";
            "TRUST-26" Must server_proof trust_26_no_request_is_sent_as_early_data
                given "A TLS 1.3 server that offers early data, and closes each connection after its response."
                when "Three GETs and three POSTs are made."
                then "No connection starts with early data."
                why "Early data can be recorded on the network and replayed: a signature would be made twice."
                fix "Keep `enable_early_data` (rustls), `CURLSSLOPT_EARLYDATA` (libcurl) and the like disabled.";
            "TRUST-30" Must chain trust_30_certificate_issued_by_what_is_not_a_ca_is_refused
                given "A server whose certificate was issued by a certificate that is not marked as a CA, or not marked at all."
                when "It is called over each HTTP version."
                then "We refuse it, nothing is sent, and the reason is `IssuerNotCa` where the transport gives reasons."
                why "Otherwise every holder of a certificate is a CA: with that of any small server they can issue \
                    for the platform."
                fix "Leave the building of chains to the engine. Code that walks a chain itself must read basicConstraints of \
                    every issuer \
                    (RFC 5280 section 6.1.4).";
            "TRUST-31" Must chain trust_31_more_authorities_than_the_path_length_allows_are_refused
                given "A CA with path length 0 that has another CA below it, which issued the server's certificate."
                when "The server is called."
                then "We refuse it; with path length 1 the same chain is trusted."
                why "Organisations are given a CA for their own servers, and the path length keeps them from handing it on."
                fix "RFC 5280 section 4.2.1.9: count the CAs below, without the server. A verifier of your own is the usual cause.";
            "TRUST-32" Must chain trust_32_name_that_a_ca_may_not_issue_for_is_refused
                given "CAs whose name constraints exclude the host, its domain, its address or a second name of the \
                    certificate, or permit only another domain."
                when "Servers with certificates of these CAs are called."
                then "We refuse them with `NameConstraints`; if the domain is permitted, or another one excluded, the \
                    server is trusted."
                why "Otherwise a CA for one domain is a CA for all."
                fix "Name constraints are checked by every current engine; look for an option that ignores them, or a \
                    verifier that checks only the called name.";
            "TRUST-33" Must chain trust_33_lower_ca_does_not_lift_the_constraints_of_the_upper
                given "Two CAs, of which the upper may issue for another domain only, or not for this one; the lower claims \
                    more, or has no \
                    constraints."
                when "A server of the lower CA is called."
                then "We refuse it with `NameConstraints`; if both permit the domain, it is trusted."
                why "Otherwise a constrained CA only has to create another one to remove its constraints."
                fix "RFC 5280 section 6.1.4 (g): constraints of every CA hold for all below it.";
            "TRUST-34" Must chain trust_34_ca_that_is_not_valid_now_is_refused
                given "A valid server certificate, whose CA has expired or is not valid yet."
                when "The server is called."
                then "We refuse it with TR-02 (or TR-05) and the right one of the two reasons."
                why "The key of a retired CA is less protected."
                fix "Check the dates of every certificate of the chain, not only of the leaf.";
            "TRUST-35" Must chain trust_35_server_of_a_ca_for_clients_is_refused
                given "A valid server certificate of a CA whose only purpose is client authentication."
                when "The server is called."
                then "We refuse it; below a CA for servers it is trusted."
                why "CAs for users and devices are operated separately from those for servers, and by looser rules."
                fix "Every engine here applies the extendedKeyUsage of a CA to everything below it; set the purpose \
                    to check, server authentication.";
            "TRUST-36" Must chain trust_36_every_signature_of_the_chain_is_verified
                given "A CA with the root's name that another key has signed, and a certificate whose name was changed \
                    after it was signed."
                when "Servers that show them, and have their keys, are called."
                then "We refuse them, and nothing is sent."
                why "Names are public. If the signatures are not verified, anyone who can write a name into a \
                    certificate can impersonate the platform."
                fix "Find out where issuers are compared by name, or where a signature error is mistaken for another \
                    one and ignored.";
            "TRUST-37" Must chain trust_37_name_that_only_resembles_the_host_is_refused
                given "Certificates with wildcards in odd places, with the domain above the host, with names below it, \
                    with the host at the beginning or the end of another name, and followed by a zero byte; and a \
                    certificate for another name, with that of the host behind it in the chain."
                when "A call is made to the host."
                then "We refuse each; the host in capitals is trusted."
                why "Each of these names can belong to an organisation that does not own the host."
                fix "RFC 9525 section 6.3: whole labels, one wildcard, alone and leftmost. Leave the comparison to \
                    the engine, and never treat a name as a C string.";
            "TRUST-38" Must chain trust_38_address_is_not_matched_by_a_dns_name
                given "Certificates that have the address as a DNS name, under a wildcard or as common name, or another address."
                when "A server is called by its address."
                then "We refuse each; the address in an iPAddress is trusted."
                why "An address in text passes the checks of CAs and of name constraints, which are made for \
                    iPAddress entries."
                fix "Configure the host as an address. OpenSSL has another function for it (`set_ip`) than for names \
                    (`set_host`).";
            "TRUST-39" Must chain trust_39_common_name_beside_dns_names_does_not_count
                given "A certificate for another host, with this one as its common name."
                when "This other host is called."
                then "We refuse it with HO-01 (or TR-05)."
                why "CAs verify the DNS names of a certificate; its owner often chooses the common name."
                fix "RFC 9110 section 4.3.4 forbids the use of the common name.";
            "TRUST-40" Must chain trust_40_common_name_without_dns_names_does_not_count
                given "A certificate without DNS names, with the host as its common name."
                when "A call is made to the host."
                then "We refuse it with HO-01 (or TR-05), whether it has no subjectAltName or one with an address."
                why "Otherwise a user who may choose the name in their certificate could impersonate the platform."
                fix "OpenSSL falls back to the common name: set `X509_CHECK_FLAG_NEVER_CHECK_SUBJECT`, or look for a DNS name in \
                    the \
                    certificate before the request.";
            "TRUST-41" Must chain trust_41_ca_with_an_unknown_critical_extension_is_refused
                given "A valid server certificate of a CA with an unknown critical extension."
                when "The server is called."
                then "We refuse it with `CriticalExtension`."
                why "The extension may limit this CA; ignoring it removes the limit."
                fix "RFC 5280 section 6.1.5: the rule applies to every certificate of the chain.";
            "TRUST-42" Should chain trust_42_wildcard_does_not_cover_a_host_that_the_ca_may_not_issue_for
                given "A CA that may not issue for the host, and its certificate for the wildcard above the host."
                when "A call is made to the host."
                then "We refuse it with `NameConstraints`; if another domain is excluded, it is trusted."
                why "A CA that is excluded from one host reaches it with a wildcard (CVE-2025-61727)."
                fix "It needs an engine that compares excluded names with what a wildcard can match, as webpki does. \
                    OpenSSL compares the wildcard itself, and has no option: waive it there.";
            "TRUST-43" Must chain trust_43_certificates_of_a_chain_may_come_in_any_order
                given "Servers that send a complete chain with its CAs in another order, one of them twice, or a foreign \
                    one between them."
                when "Each is called over each HTTP version."
                then "The server is trusted."
                why "Servers are often set up like this, and RFC 8446 section 4.4.2 asks clients to accept it."
                fix "Leave the search for a path to the verifier of the library; give it all certificates but the first as \
                    candidates.";
            "TRUST-44" Must chain trust_44_authorities_of_the_identity_are_not_roots
                given "A server below the CA that issued our identity, and a list of roots without that CA."
                when "It is called with the identity."
                then "We refuse the server, and send nothing."
                why "The CA of our clients would vouch for servers; loaders of PKCS#12 put its certificates among the \
                    roots."
                fix "Pass the chain of the identity to the engine as certificates to send, and never as a store.";
            "TRUST-45" Must chain trust_45_servers_may_have_keys_of_each_common_kind
                given "Servers with an RSA key and with one on P-384, of two TLS libraries."
                when "Each is called over TLS 1.2 and 1.3 and each HTTP version."
                then "The server is trusted."
                why "The other servers of this suite have keys on P-256, and most servers of the world have RSA."
                fix "Offer the cipher suites and signature schemes of RSA (PSS under TLS 1.3) and of P-384.";
            "TRUST-46" Must chain trust_46_server_certificate_among_the_roots_is_verified_as_any_other
                given "A list of roots with the certificate of a server in it, which is for another name or has expired."
                when "A call is made to that server."
                then "We refuse it, and send nothing."
                why "Operators add the certificate that a server shows to the list of roots; it must then not be valid for \
                    every host and permanently."
                fix "A root replaces the signature of an issuer and nothing else. Compare no certificates on your own: the \
                    engine checks name and dates of what is in its list, too.";
            "TRUST-47" Must agreed trust_47_a_server_may_insist_on_one_group
                given "Servers of two TLS libraries that exchange keys over X25519, P-256 or P-384 alone."
                when "Each is called over TLS 1.2 and 1.3 and each HTTP version, with and without an identity."
                then "The call succeeds, the identity is presented, and the facts are those of the connection."
                why "Under TLS 1.3 such a server asks for a second hello, which lengthens the handshake: it is still a full one, \
                    and not refused, resumed or begun anew."
                fix "Offer the three groups, and do not take anything but a resumed session for one: rustls has a third kind, \
                    `FullWithHelloRetryRequest`.";
            "TRUST-51" Must unasked trust_51_a_failed_handshake_is_not_tried_again_in_a_weaker_way
                given "Servers that use clear text, hang up in the handshake, reset it, end it with an alert, or have \
                    another name."
                when "Each is called with an API key over HTTP/1.1 and 2, direct and through a proxy, with and without an identity; and \
                    then once more, now as a good server."
                then "Each is one connection and one error, and none receives the key. The next call has the best versions of TLS and \
                    HTTP."
                why "Otherwise anyone who can disturb a handshake chooses how the next one is made: an older TLS, or none."
                fix "No fallback of any kind: not to TLS 1.2, not to HTTP/1.1, not to clear text, not past the proxy.";
            "TRUST-52" Must same_everywhere trust_52_roots_identities_and_names_are_those_of_their_transport
                given "Two servers of two authorities, two identities, and one server of three names."
                when "Transports with one of the roots, or both in either order, call both servers; two transports \
                    with an identity each alternate; one transport calls the three names; over HTTP/1.1 and 2, under \
                    TLS 1.2 and 1.3."
                then "Each transport trusts its own roots, presents its own identity, and has a connection for each name."
                why "State that a library keeps for the whole process (roots, contexts, sessions) makes one \
                    customer's trust and identity another's."
                fix "Clauses 7 and 12 of `Transport::send`. No static that stores anything of a configuration.";
            "TRUST-53" Must chain trust_53_the_time_of_each_handshake_counts
                given "A server whose certificate begins three seconds after the first call of a transport."
                when "The transport calls it then."
                then "The server is trusted."
                why "A long-running program would refuse renewed certificates, and trust those that have expired since its start."
                fix "Read the clock in each verification, not when the transport is made.";
            "TRUST-54" Must server_proof trust_54_session_of_one_name_proves_nothing_for_another
                given "Servers that give out sessions to resume, and whose certificate has one name, under TLS 1.2 and 1.3."
                when "A transport calls one by that name, and then by another name."
                then "The second name is refused, and no request arrives by it."
                why "A resumed handshake shows no certificate: a session kept by address instead of name skips the check."
                fix "Key the session cache by the name that was verified, as the TLS libraries do.";
            "TRUST-60" Must namesakes trust_60_authorities_with_one_name_are_kept_apart
                given "Two authorities with one name and different keys, a server of each at one name and port of two addresses, and two \
                    identities of one name, with one key or two, in each setting."
                when "Transports trust one of them, or both in either order, and call both servers, in both orders."
                then "Each transport trusts the servers of its own roots alone, and presents its own identity."
                why "A CA whose key is replaced keeps its name. What a process stores by name (verifiers, sessions, \
                    identities) then trusts the old key."
                fix "Clauses 7 and 12 of `Transport::send`. Keep no such store outside the transport; compare whole \
                    certificates.";
            "TRUST-61" Must at_once trust_61_servers_called_at_the_same_time_are_judged_each_by_itself
                given "A server that is to be trusted, one of an unknown issuer, one for another name and one that has expired, over TLS \
                    1.2 and 1.3."
                when "One transport calls all of them at the same time, three times each, over each HTTP version."
                then "The first one responds. The others are refused as when they are called alone, and receive no request."
                why "A verdict that is kept with the transport until the handshake has ended may be another server's, and the key then \
                    goes to a server that was refused."
                fix "Return the verdict from the verifier, or keep it with the connection (on OpenSSL in its ex data).";
        }
    };
}
