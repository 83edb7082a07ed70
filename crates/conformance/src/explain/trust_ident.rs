//! Explanations of the cases TRUST and IDENT. Many of IDENT are about the reader of identities: their texts say so, because
//! the defect is then not in the transport.

use super::explanation::Explanation;

/// We refuse every server that is not valid by our roots, the clock and its name.
pub(super) const TRUST: &[Explanation] = explained! {
    "TRUST-01"
        given "A server under a private authority, whose root is configured."
        when "A call is made."
        then "The call succeeds."
        why "On-premises installations have their own CA; a transport that ignores it makes its users disable \
            verification."
        fix "Pass every certificate of `TransportConfig::trust` to the engine. Look for a library that uses \
            only the first of a bundle, or requires a file.";
    "TRUST-02"
        given "The same server, with only the root of another authority trusted."
        when "A call is made."
        then "We refuse it with TR-01 (the wider TR-05 for a stack without details), nothing is sent, and no \
            retry is advised."
        why "Otherwise an attacker in between could read the key and impersonate the platform."
        fix "Clause 9 of `Transport::send`: map the engine's unknown-issuer error to \
            `PeerUntrusted(UnknownIssuer)`. A response means that verification is off.";
    "TRUST-03"
        given "A server whose certificate has expired."
        when "A call is made."
        then "We refuse it with TR-02 (or TR-05), report the refusal as ours, and send nothing."
        why "A key that was stolen from a server stays useful forever if the end date is not checked."
        fix "Map the engine's expired error to `PeerUntrusted(Expired)`. If there is a response, look for a \
            custom verifier that ignores dates.";
    "TRUST-04"
        given "A server whose certificate becomes valid tomorrow."
        when "A call is made."
        then "We refuse it with TR-02 (or TR-05), and the diagnosis hints at the clock."
        why "In most such cases our own clock is wrong, and without the hint operators check the server for hours."
        fix "Map not-yet-valid separately from expired: `PeerUntrusted(NotYetValid)`. OpenSSL has two codes \
            for them; some wrappers have one text for both.";
    "TRUST-05"
        given "A server whose certificate is for another name."
        when "A call is made."
        then "We refuse it with HO-01 (or TR-05), and nothing is sent."
        why "Otherwise anyone with a certificate of the same authority for any name can impersonate the platform."
        fix "Check the name of the URI and not the address that it was overridden with. OpenSSL checks no \
            name on its own: it must be configured.";
    "TRUST-06"
        given "A server whose certificate is for `*.digicert.test`."
        when "The host `one.` is called, then `clientauth.one.` of the same domain."
        then "The first succeeds; the second is refused with HO-01 (or TR-05), because a wildcard covers one label."
        why "A certificate for one level would be valid for every host below it."
        fix "RFC 6125 section 6.4.3. Leave the matching to the TLS engine; a hand-written check with \
            `ends_with` is the usual cause.";
    "TRUST-07"
        given "A server that does not send its intermediate certificate."
        when "A call is made."
        then "We refuse it with TR-01 (or TR-05), and nothing is downloaded."
        why "A chain that is completed from the network works on one machine and not on another, and contacts \
            unknown servers before the key is safe."
        fix "Switch off the fetching of issuers (AIA) and caches of intermediates. A platform verifier that \
            cannot disable this needs a waiver.";
    "TRUST-08"
        given "A configuration with only the given roots, and a server whose root is among those of the system."
        when "A call is made."
        then "It is refused, while the same call with the system's roots succeeds."
        why "Callers that pin a private authority would still trust a hundred public ones, and any that an \
            administrator added."
        fix "Declare `TrustOnly` only if the engine can exclude the system's roots. OpenSSL also reads its \
            default directory (`SSL_CERT_DIR`): unset that too.";
    "TRUST-09"
        given "A configuration with the system's roots and an additional one."
        when "A server under each of the two is called."
        then "Both succeed, and a transport with only the system's roots refuses the second."
        why "A company's own root that replaces the others breaks every public host, and the reverse."
        fix "Add to the engine's store instead of replacing it; libcurl's `CAINFO` replaces, so that a bundle of both \
            is needed.";
    "TRUST-10"
        given "An empty list of roots, and one with an entry that is not a certificate."
        when "A transport is created."
        then "`connect` refuses both as invalid roots, and nothing is sent."
        why "An empty list means no trust for one library and the system's roots for another; a typing error \
            must not decide which."
        fix "Check `TransportConfig::trust` in `connect` with `TrustRoots::given`, parse every certificate \
            there, and return `TransportErrorKind::TrustRoots`.";
    "TRUST-11"
        given "A server of an untrusted authority."
        when "It is called with every kind of roots and every version of HTTP that the transport supports."
        then "It is refused each time, and no request arrives."
        why "One path without verification is enough: an attacker chooses the version of HTTP by the handshake."
        fix "Use no switch with `danger`, `insecure` or `verify = false` in its name anywhere, nor a feature flag \
            that leads to one.";
    "TRUST-12"
        given "A server that supports TLS 1.1 at most, or sends the alert for an unknown version."
        when "A call is made."
        then "It fails with HS-04 (HS-03 for a stack without alerts), as not sent, and no retry is advised."
        why "Old versions can be broken on the network, and a stack that downgrades silently removes the \
            protection for all callers."
        fix "Set the lowest version to TLS 1.2 explicitly: the default of a system library can be lower. Map \
            the alert `protocol_version` (70) to `PeerAlert`, and what your library finds itself to \
            `TlsIncompatible`.";
    "TRUST-13"
        given "A running client, and a CA bundle that is replaced by another valid one."
        when "The roots are reloaded and calls are made, with one of them already in progress."
        then "The old server is refused even on existing connections, and the call in progress ends as it began."
        why "Otherwise an authority that was removed because it is compromised is trusted until the next restart."
        fix "The client creates a new transport with the new roots. Keep pool, TLS sessions and root store in \
            the transport object and share none of them.";
    "TRUST-14"
        given "A running client whose CA bundle becomes empty, garbage or unreadable."
        when "The roots are reloaded several times, with calls between."
        then "The old roots stay in use, there is one warning for each change, and every call succeeds."
        why "A bundle that is half written at the wrong moment would stop all calls, or fill the log with one \
            repeated line."
        fix "The reader keeps the old roots. If calls fail, your transport reads a file on its own; it may \
            only use the certificates in the configuration.";
    "TRUST-15"
        given "A configuration that is restricted to one TLS version, and servers of both versions, of that one \
            and of the other."
        when "Calls are made to them, over each HTTP version, directly and through a proxy."
        then "Only that version is used, and the server of the other one is refused with HS-04 or the wider code."
        why "A policy that forbids TLS 1.2 is useless if the transport silently downgrades to it."
        fix "Map the versions of the configuration to your library's lowest and highest version, or refuse the configuration by name.";
    "TRUST-16"
        given "A server whose certificate is trusted."
        when "It responds to a call."
        then "The facts of the connection have its certificate: issuer, names and dates."
        why "A firewall that inspects TLS presents its own certificate, whose issuer distinguishes it from \
            the platform."
        fix "Read the leaf with `ServerCertificate::read` after the handshake, or in the verifier. Where your library hides it, \
            waive this case.";
    "TRUST-17"
        given "A server with the chain of another server and its own key, under TLS 1.2 and 1.3."
        when "A call is made over each HTTP version."
        then "We refuse it and no request arrives. The error reports the refusal as ours, unless the library \
            has one error for everything that fails in a handshake."
        why "A certificate is public. If the handshake signature is not verified, a copy of it is enough to \
            receive the API key."
        fix "With rustls: a custom `ServerCertVerifier` must delegate `verify_tls12_signature` and \
            `verify_tls13_signature` to the provider, never return its own assertion.";
    "TRUST-18"
        given "A server whose certificate has the right name and authority, but is for clients."
        when "A call is made over each HTTP version and TLS version."
        then "We refuse it, and no request arrives."
        why "Every service user has a client certificate of the same authority: each could impersonate the platform."
        fix "Keep the purpose check of the engine enabled: `serverAuth` in the extended key usage.";
    "TRUST-19"
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
    "TRUST-23"
        given "Two roots in one list, and a server under one of them."
        when "It is called with the root first in the list, and with the root last."
        then "The request arrives both times."
        why "A CA file often holds the previous and the next root: a transport that reads only one fails on \
            the day of the change."
        fix "Pass every certificate of `TrustRoots::given` to the engine. Functions that read one certificate \
            from PEM, such as OpenSSL's `X509::from_pem`, ignore the rest.";
    "TRUST-25"
        given "Servers on loopback with a certificate for another name, and one of an unknown authority."
        when "They are called as `localhost` and as `127.0.0.1`."
        then "Both are refused; a server whose certificate names localhost succeeds."
        why "An exemption for development ships to production, where a sidecar listens on localhost."
        fix "Remove the special case. Tests can create their own authority.";
    "TRUST-26"
        given "A TLS 1.3 server that offers early data, and closes each connection after its response."
        when "Three GETs and three POSTs are made."
        then "No connection starts with early data."
        why "Early data can be recorded on the network and replayed: a signature would be made twice."
        fix "Keep `enable_early_data` (rustls), `CURLSSLOPT_EARLYDATA` (libcurl) and the like disabled.";
    "TRUST-51"
        given "Servers that use clear text, hang up in the handshake, reset it, end it with an alert, or have \
            another name."
        when "Each is called with an API key over HTTP/1.1 and 2, direct and through a proxy, with and without an identity."
        then "Each is one connection and one error, and none receives the key."
        why "Otherwise anyone who can disturb a handshake chooses how the next one is made: an older TLS, or none."
        fix "No fallback of any kind: not to TLS 1.2, not to HTTP/1.1, not to clear text, not past the proxy.";
    "TRUST-52"
        given "Two servers of two authorities, two identities, and one server of three names."
        when "Transports with one of the roots, or both in either order, call both servers; two transports \
            with an identity each alternate; one transport calls the three names; over HTTP/1.1 and 2, under \
            TLS 1.2 and 1.3."
        then "Each transport trusts its own roots, presents its own identity, and has a connection for each name."
        why "State that a library keeps for the whole process (roots, contexts, sessions) makes one \
            customer's trust and identity another's."
        fix "Clauses 7 and 12 of `Transport::send`. No static that stores anything of a configuration.";
};

/// The identity is presented completely or refused when the transport is created, and a refusal by the server is recognised.
pub(super) const IDENT: &[Explanation] = explained! {
    "IDENT-01"
        given "An RSA certificate with a PKCS#8 key, and a server that requires it over TLS 1.2 and over TLS 1.3."
        when "A call is made over each."
        then "The server sees the leaf and the intermediate."
        why "Without the intermediate a server that has only the root refuses, although the certificate \
            itself is valid."
        fix "Pass the whole `ClientIdentity::chain` to the engine. Some loaders read only the first \
            certificate of a file.";
    "IDENT-02"
        given "A P-256 certificate with a PKCS#8 key."
        when "A call is made over TLS 1.2 and over TLS 1.3."
        then "The server sees the leaf and the intermediate."
        why "Most new certificates are P-256, and cannot be used with a transport that supports only RSA."
        fix "Look for an import that names RSA, and for ECDSA signature schemes that are not offered.";
    "IDENT-03"
        given "A P-384 certificate with a PKCS#8 key."
        when "A call is made over TLS 1.2 and over TLS 1.3."
        then "The server sees the leaf and the intermediate."
        why "Stricter organisations issue P-384; their users would have to ask for a weaker certificate."
        fix "Look for a list of curves or signature schemes with only P-256 (`ecdsa_secp384r1_sha384` must be \
            included).";
    "IDENT-04"
        given "An Ed25519 certificate."
        when "A call is made, if the transport declares the capability."
        then "It is presented, or `connect` refuses it as unsupported by name."
        why "A key that the engine cannot sign with leads to an anonymous call, and its owner sees a 401."
        fix "Leave `Ed25519Identity` out of your capabilities, and check the kind of key in `connect`, if the \
            engine cannot use it.";
    "IDENT-05"
        given "A P-256 and a P-384 key in the SEC1 form (`EC PRIVATE KEY`)."
        when "A call is made with each."
        then "The server sees the certificate as with PKCS#8."
        why "`openssl ecparam` writes this form, so it is common; a key that is ignored makes the call anonymous."
        fix "The reader converts every key to PKCS#8. If only your transport fails, it parses the original \
            again instead of `ClientIdentity`.";
    "IDENT-06"
        given "An RSA key in the PKCS#1 form (`RSA PRIVATE KEY`)."
        when "A call is made with it."
        then "The server sees the certificate as with PKCS#8."
        why "Older tools write this form, and a transport that does not support it locks their users out."
        fix "Use the PKCS#8 form of `ClientIdentity`; it is the same for every source. Look for a loader that \
            guesses by the PEM label.";
    "IDENT-07"
        given "Keys in encrypted PKCS#8, by PBES2 with AES and with scrypt, and their passwords."
        when "Each is read with and without its password, and a call is made."
        then "With it the certificate is presented; without it reading fails with ID-02."
        why "A missing password must be reported, or users generate new keys for no reason."
        fix "The reader decrypts. A transport does not get the password or the file: use the decrypted PKCS#8.";
    "IDENT-08"
        given "A PEM file with text before the block, a byte order mark and Windows line ends."
        when "It is read and a call is made."
        then "The certificate is presented."
        why "Files that were mailed or edited look like this, and an error about base64 does not reveal that \
            a note at the top is the reason."
        fix "The reader skips all of it. If only your transport fails, it uses the file's text somewhere \
            instead of `ClientIdentity`.";
    "IDENT-09"
        given "A PKCS#12 file with AES-256."
        when "It is read and a call is made."
        then "The certificate is presented, and there is no warning."
        why "Browsers and the platform itself use this format today."
        fix "The reader opens the file. A transport that builds its own PKCS#12 for its library must use a \
            cipher that the system can read.";
    "IDENT-10"
        given "A PKCS#12 file with triple DES."
        when "It is read and a call is made."
        then "The certificate is presented."
        why "Files of a few years ago use this cipher, and their owners cannot always get new ones."
        fix "Do not use the system's PKCS#12 parser, which may refuse old ciphers: the reader has opened the \
            file, and `ClientIdentity` has chain and key unencrypted.";
    "IDENT-11"
        given "A PKCS#12 file with RC2-40."
        when "It is read and a call is made."
        then "The certificate is presented, with the warning ID-04 that names RC2."
        why "Old Windows exports use it; they must work, and their owners must learn that forty bits protect nothing."
        fix "The reader warns. If the presentation fails, look for a second parse of the original in your transport.";
    "IDENT-12"
        given "PKCS#12 and PEM files with a wrong password."
        when "Each of them is read."
        then "The error is ID-03, names the file and shows nothing of the password; a transport without an \
            identity is still created."
        why "A wrong password that looks like a broken file makes users ask for new certificates."
        fix "The reader refuses and no transport is called. For yours this case only checks that `connect` \
            without an identity succeeds.";
    "IDENT-13"
        given "A file with two certificates and the keys of both."
        when "The file is read."
        then "The error ID-17 asks for a choice, and nothing is guessed."
        why "Any choice would be the wrong caller for half of the users, unnoticed."
        fix "The reader refuses. For your transport the case checks that `connect` without an identity succeeds.";
    "IDENT-14"
        given "A certificate, and the key of another certificate of the same kind."
        when "They are read as a pair."
        then "The error is ID-01, and no connection is opened."
        why "The server would end the handshake with an alert about a signature, which does not point to the file."
        fix "The core crate compares the public keys before any transport sees the pair. A connection here \
            was opened by your `connect` too early.";
    "IDENT-15"
        given "An RSA certificate, and an EC key."
        when "They are read as a pair."
        then "The error is ID-01, and no connection is opened."
        why "Some TLS libraries then silently present no certificate: the call is anonymous."
        fix "The core crate refuses the pair. If you create identities from another source, compare \
            certificate and key yourself: not every engine notices before the handshake.";
    "IDENT-16"
        given "A leaf without its intermediate, and a server that has only the root."
        when "A call is made over TLS 1.2."
        then "The refusal is the server's, HS-02 with a hint at the intermediate if the stack reports alerts, \
            and it is not retried."
        why "\"Unknown CA\" of the server is mistaken for a fault of the server's certificate, and users add \
            roots in the wrong place."
        fix "Map a received alert to `PeerAlert` with its number, and never to `PeerUntrusted`.";
    "IDENT-17"
        given "A file whose certificates are in the wrong order."
        when "It is read and a call is made."
        then "The leaf is sent first, and the warning ID-11 reports the order."
        why "TLS uses the first certificate as the caller's: the server would check the key against an \
            authority and refuse."
        fix "The reader sorts. Send `ClientIdentity::chain` in its order, and look for a library that sorts \
            or reverses a chain.";
    "IDENT-18"
        given "A file with leaf, intermediate and root."
        when "It is read and a call is made."
        then "Leaf and intermediate are sent, and the root is not."
        why "A root in the chain costs bytes in each handshake, and some servers refuse a chain that holds one."
        fix "The reader omits it. If it is on the wire, your engine completes the chain from its store of \
            roots: disable that.";
    "IDENT-19"
        given "An expired certificate."
        when "It is read, and with `allow_expired` a call is made over TLS 1.2."
        then "Reading fails with ID-09 and names the file; the server refuses the call, HS-02 or HS-03, with \
            our dates as the cause."
        why "An alert is `certificate_expired` at best and usually less specific; only the dates show that \
            our certificate is the cause."
        fix "Present an expired identity if you are given one, and map the alert to `PeerAlert`. A key store \
            of the system may silently drop it.";
    "IDENT-20"
        given "A certificate that becomes valid tomorrow."
        when "The certificate is read."
        then "The error is ID-09 and shows our clock."
        why "A clock that is behind makes every new certificate unusable, and operators check the time last."
        fix "The reader refuses, using the client's clock. For your transport the case checks that `connect` \
            without an identity succeeds.";
    "IDENT-21"
        given "A certificate whose extended key usage is only for servers."
        when "The certificate is read."
        then "The error is ID-12."
        why "Servers refuse it with `unsupported_certificate` or without a reason, and the usage is hidden in \
            an extension."
        fix "The reader refuses. For your transport the case checks that `connect` without an identity succeeds.";
    "IDENT-22"
        given "An identity that exists only in memory, and a server that requires it, for every version of HTTP."
        when "Two calls are made."
        then "Every connection presents this certificate; a stack that cannot do it refuses in `connect` as \
            unsupported."
        why "An ignored identity is the worst fault: the program believes to be authenticated and gets HTTP 400."
        fix "A configuration is honoured or refused, never ignored. If your library requires a file, use a \
            private one (SECRET-07) or leave `ClientIdentity` undeclared.";
    "IDENT-23"
        given "Certificate and key in a directory, as in a mounted secret."
        when "A client that watches the directory makes a call."
        then "The server receives this certificate."
        why "Kubernetes delivers certificates like this; it must work without further configuration."
        fix "As in IDENT-22: the source does not matter to a transport. If only this one fails, your \
            `connect` depends on something besides its configuration.";
    "IDENT-24"
        given "A server that requires a certificate over TLS 1.3, and a client without one, for every version of \
            HTTP."
        when "A call is made."
        then "The refusal is the server's and is HS-01 (HS-03 for a stack that reports neither alert nor \
            signal); it is not retried."
        why "In TLS 1.3 the alert arrives after the handshake: mistaken for a broken connection, it is \
            retried forever."
        fix "Clause 9 of `Transport::send`. Look for the alert in the error of the first read or write and not only \
            in that of the handshake.";
    "IDENT-25"
        given "The same server over TLS 1.2."
        when "A call without a certificate is made."
        then "The refusal is HS-01, or for a stack without the signal the documented wider code."
        why "TLS 1.2 has no specific alert for it, and `handshake_failure` makes operators look for ciphers."
        fix "Report `identity_requested` in the facts of the error, even if the handshake fails: it turns a \
            bare failure into HS-01.";
    "IDENT-26"
        given "A server that asks for a certificate but does not require one, and a client without one."
        when "A call is made over TLS 1.2 and TLS 1.3."
        then "The handshake succeeds and the HTTP response decides."
        why "Hosts often ask every client; a stack that fails when it is asked cannot call any of them."
        fix "Respond to a certificate request with an empty list. Look for a callback of your engine that \
            fails if it has no identity.";
    "IDENT-27"
        given "A server over TLS 1.3 that does not know our authority, for every version of HTTP."
        when "A call with the certificate is made."
        then "It is HS-02, or HS-03 if the late alert was lost, and the server sees only one connection."
        why "Each retry costs a handshake and never helps, and some servers lock a caller out after a few."
        fix "Disable the library's retries for broken connections, and keep the alert if it arrives with the \
            first read.";
    "IDENT-28"
        given "The same server over TLS 1.2."
        when "A call with the certificate is made."
        then "It is HS-02 (HS-03 for a stack without alerts), and the server's certificate is never named as \
            the cause."
        why "`unknown_ca` means our authority when we receive it and the server's when we send it; confused, \
            users edit the wrong trust store."
        fix "Distinguish received alerts from our own by the type of the library's error and not by its text, \
            which is the same for both.";
    "IDENT-29"
        given "A server over TLS 1.3 that resets the connection right after the request."
        when "A call with a certificate is made over HTTP/1.1."
        then "It is HS-03, with the candidates certificate, proxy and firewall in this order, and no retry is \
            advised."
        why "A bare reset has three likely causes; without them, operators open a ticket for the network."
        fix "Map the reset to `Interrupted` and set the known facts; `identity_requested` and `identity_sent` \
            rank the candidates.";
    "IDENT-30"
        given "A server whose list of acceptable authorities does not contain ours, but which accepts our \
            certificate."
        when "A call is made over TLS 1.2 and TLS 1.3."
        then "The certificate is presented anyway, and the call succeeds."
        why "Such lists are often out of date; a stack that obeys them silently sends an anonymous call."
        fix "Make your resolver of client certificates ignore the hints. Engines that choose from a store of \
            the system filter by them by default.";
    "IDENT-31"
        given "A server that does not ask for a certificate, and one that does."
        when "A client with a certificate calls both."
        then "The response of the first has the warning NET-03 and that of the second none; a stack that \
            cannot know never warns."
        why "The wrong host responds as to an anonymous caller, and the 401 that follows is about credentials \
            and not about hosts."
        fix "Set `identity_requested` in the facts of the exchange, for reused connections too; leave it \
            unset if the engine does not report it.";
    "IDENT-32"
        given "A server that asks and one that does not, with and without our identity."
        when "A call is made in each of the four situations."
        then "`identity_requested` and `identity_sent` equal what the server recorded, or are unset if the \
            stack cannot know."
        why "Diagnoses depend on these two facts; a wrong one blames the wrong side."
        fix "Take them from the handshake itself (a callback or an observed record) and never from the \
            configuration. Do not declare `ClientAuthSignal` based on a guess.";
    "IDENT-33"
        given "A server that asks for a certificate only after it has read the request, in TLS 1.2 and in TLS 1.3."
        when "A call with a certificate is made."
        then "It succeeds with the certificate presented, or fails within its limit with HS-05 or the wider \
            code of the stack."
        why "A stack that ignores the request waits for a response that never arrives, and each caller loses \
            its whole limit."
        fix "Refuse renegotiation with an error instead of reading on, and do not offer `post_handshake_auth` \
            unless the identity can then be sent.";
};
