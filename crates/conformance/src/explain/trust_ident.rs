//! The cases of TRUST and IDENT, in words. Many of IDENT are about the reader of identities: their texts say so, because the
//! author of a transport then has to look elsewhere.

use super::explanation::Explanation;

/// We refuse every server that our roots, the clock and the name do not vouch for.
pub(super) const TRUST: &[Explanation] = explained! {
    "TRUST-01"
        given "A server under a private authority, whose root is configured."
        when "A call is made."
        then "It is answered."
        why "Installations on premises have a CA of their own; a transport that ignores it leaves its users to switch \
            verification off."
        fix "Give every certificate of `TransportConfig::trust` to the engine. Look for a library that takes the \
            first of a bundle alone, or wants a file.";
    "TRUST-02"
        given "The same server, while only the root of another authority is trusted."
        when "A call is made."
        then "We refuse it with TR-01 (the wider TR-05 for a stack without details), nothing is sent, and no \
            repetition is advised."
        why "Whoever stands in between could read the key and answer in the name of the platform."
        fix "Clause 9 of `Transport::send`: map the engine's unknown-issuer error to `PeerUntrusted(UnknownIssuer)`. \
            An answer means that verification is off.";
    "TRUST-03"
        given "A server whose certificate has expired."
        when "A call is made."
        then "We refuse it with TR-02 (or TR-05), say that the refusal is ours, and send nothing."
        why "A key that was stolen from a server stays useful for ever if nobody looks at the end date."
        fix "Map the engine's expired error to `PeerUntrusted(Expired)`. If there is an answer, look for a custom \
            verifier that ignores dates.";
    "TRUST-04"
        given "A server whose certificate begins tomorrow."
        when "A call is made."
        then "We refuse it with TR-02 (or TR-05), and the diagnosis hints at the clock."
        why "It is our own clock that is wrong in most such cases, and without the hint people look at the server for \
            hours."
        fix "Map not-yet-valid apart from expired: `PeerUntrusted(NotYetValid)`. OpenSSL has two codes for them; some \
            wrappers have one text for both.";
    "TRUST-05"
        given "A server whose certificate is for another name."
        when "A call is made."
        then "We refuse it with HO-01 (or TR-05), and nothing is sent."
        why "Anybody with a certificate of the same authority for any name could play the platform."
        fix "Check the name of the URI and not the address that it was overridden with. OpenSSL alone checks no name: \
            it has to be told which one.";
    "TRUST-06"
        given "A server whose certificate is for `*.digicert.test`."
        when "The host `one.` is called, then `clientauth.one.` of the same domain."
        then "The first is answered; the second is refused with HO-01 (or TR-05), because a wildcard covers one \
            label."
        why "A certificate that was made for one level would be good for every host below it."
        fix "RFC 6125 section 6.4.3. Leave the matching to the TLS engine; a check written by hand with `ends_with` \
            is the usual cause.";
    "TRUST-07"
        given "A server that does not send its intermediate certificate."
        when "A call is made."
        then "We refuse it with TR-01 (or TR-05), and nothing is fetched from anywhere."
        why "A chain that is completed from the network works on one machine and not on another, and calls strangers \
            before the key is safe."
        fix "Switch off the fetching of issuers (AIA) and caches of intermediates. A verifier of the platform that \
            cannot do so needs a waiver.";
    "TRUST-08"
        given "A configuration with only the given roots, and a server whose root is among those of the system."
        when "A call is made."
        then "It is refused, while the same call with the system's roots is answered."
        why "Somebody who pins a private authority would still trust a hundred public ones and what an administrator \
            put beside them."
        fix "Declare `TrustOnly` only if the engine can forget the system's roots. OpenSSL also reads its default \
            directory (`SSL_CERT_DIR`): unset that too.";
    "TRUST-09"
        given "A configuration with the system's roots and one of our own beside them."
        when "A server under each of the two is called."
        then "Both are answered, and our own one is refused by a transport with the system's roots alone."
        why "A company's own root that replaces the others breaks every public host, and the other way round."
        fix "Add to the engine's store instead of replacing it; libcurl's `CAINFO` replaces, so that a bundle of both \
            is needed.";
    "TRUST-10"
        given "A list of roots that is empty, and one that holds something which is no certificate."
        when "A transport is made."
        then "`connect` refuses both as unusable roots, and nothing is sent."
        why "An empty list is trust in nobody for one library and in the system for another; a typing error must not \
            decide which."
        fix "Check `TransportConfig::trust` in `connect` with `TrustRoots::given`, parse every certificate there, and \
            give `TransportErrorKind::TrustRoots`.";
    "TRUST-11"
        given "A server under an authority that nobody trusts."
        when "It is called with every kind of roots and every version of HTTP that the transport has."
        then "It is refused each time, and no request arrives."
        why "One path without verification is enough: an attacker chooses the version of HTTP by the handshake."
        fix "Use no switch with `danger`, `insecure` or `verify = false` in its name anywhere, nor a feature flag \
            that leads to one.";
    "TRUST-12"
        given "A server that speaks TLS 1.1 at most, or sends the alert for an unknown version."
        when "A call is made."
        then "It fails with HS-04 (HS-03 for a stack without alerts), as not sent, and no repetition is advised."
        why "Old versions can be broken on the way, and a stack that steps down in silence takes the protection from \
            everybody."
        fix "Set the lowest version to TLS 1.2 yourself: the default of a system library can be lower. Map the alert \
            `protocol_version` (70) to `PeerAlert`, and what your library finds itself to `TlsIncompatible`.";
    "TRUST-13"
        given "A running client, and a CA bundle that is replaced by another valid one."
        when "The roots are loaded again and calls are made, one of them still under way from before."
        then "The old server is refused even where a connection stood already, and the call under way ends as it \
            began."
        why "An authority that was thrown out because it is compromised would be trusted until the next restart."
        fix "The client makes a new transport with the new roots. Keep pool, TLS sessions and root store in the \
            transport object and share none of them.";
    "TRUST-14"
        given "A running client whose CA bundle becomes empty, garbage or unreadable."
        when "The roots are loaded again several times, with calls between."
        then "The old roots stay in use, there is one warning for each change, and every call is answered."
        why "A bundle that is half written at the wrong moment would stop all calls, or fill the log with one and the \
            same line."
        fix "The reader keeps the old roots. If calls fail, your transport reads a file by itself; the certificates \
            in the configuration are all it may use.";
    "TRUST-15"
        given "A configuration that holds to one TLS version, and servers of both versions, of that one and of the other."
        when "Calls are made to them, over each HTTP version, directly and through a proxy."
        then "That version alone is spoken, and the server of the other one is refused with HS-04 or the wider code."
        why "A policy that forbids TLS 1.2 is worth nothing if the transport goes down to it in silence."
        fix "Map the versions of the configuration to your library's lowest and highest version, or refuse the configuration by name.";
    "TRUST-16"
        given "A server whose certificate is trusted."
        when "It answers a call."
        then "The facts of the connection tell its certificate: issuer, names and dates."
        why "A firewall that opens TLS shows its own certificate, and its issuer is what tells it from the platform."
        fix "Read the leaf with `ServerCertificate::read` after the handshake, or in the verifier. Where your library hides it, \
            waive this case.";
    "TRUST-17"
        given "A server with the chain of another server and a key of its own, under TLS 1.2 and 1.3."
        when "A call is made over each HTTP version."
        then "We refuse it and no request arrives. The error says that the refusal is ours, unless the library has one error for \
            everything that goes wrong in a handshake."
        why "A certificate is public. If the handshake signature is not checked, a copy of it is enough to be given the \
            API key."
        fix "With rustls: a custom `ServerCertVerifier` must pass `verify_tls12_signature` and `verify_tls13_signature` \
            on to the provider, never return an assertion of its own.";
    "TRUST-18"
        given "A server whose certificate has the right name and authority, but is one for clients."
        when "A call is made over each HTTP version and TLS version."
        then "We refuse it, and no request arrives."
        why "Every service user has a client certificate of the same authority: each could play the platform."
        fix "Leave the purpose check of the engine on: `serverAuth` in the extended key usage.";
    "TRUST-19"
        given "Servers whose certificate is for client authentication alone, has an unknown critical extension, is a self-signed CA, \
            comes from a CA for other names, is of version 1, or has an RSA key of 1024 bits."
        when "A call is made to each."
        then "We refuse it, nothing is sent, and the error gives the reason, or none where the transport declares that it has none."
        why "Most private servers fail on such a rule, and without the reason their operators look at issuer, name and dates."
        fix "Map what your library reports to `PeerFault`; what has no variant is `Other`. `Unspecified` is for a library that \
            gives no reason.";
    "TRUST-23"
        given "Two roots in one list, and a server under one of them."
        when "It is called with the root first in the list, and with the root last."
        then "The request arrives both times."
        why "A CA file often holds the previous and the next root: a transport that reads one of them fails on the day of the \
            change."
        fix "Hand every certificate of `TrustRoots::given` to the engine. Functions that read one certificate from PEM, such as \
            OpenSSL's `X509::from_pem`, ignore the rest.";
    "TRUST-25"
        given "Servers on loopback with a certificate for another name, and one of an unknown authority."
        when "They are called as `localhost` and as `127.0.0.1`."
        then "Both are refused; a server whose certificate names localhost answers."
        why "An exemption that was made for development ships to production, where a sidecar listens on localhost."
        fix "Remove the special case. Tests can make an authority of their own.";
    "TRUST-26"
        given "A TLS 1.3 server that offers early data, and closes each connection after its response."
        when "Three GETs and three POSTs are made."
        then "No connection begins with early data."
        why "Early data can be recorded on the way and sent again: a signature would be made twice."
        fix "Leave `enable_early_data` (rustls), `CURLSSLOPT_EARLYDATA` (libcurl) and the like off.";
    "TRUST-51"
        given "Servers that speak clear text, hang up in the handshake, reset it, end it with an alert, or have another name."
        when "Each is called with an API key over HTTP/1.1 and 2, direct and through a proxy, with and without an identity."
        then "Each is one connection and one error, and none is shown the key."
        why "Whoever can disturb a handshake could otherwise choose how the next one is made: an older TLS, or none."
        fix "No fallback of any kind: not to TLS 1.2, not to HTTP/1.1, not to clear text, not around the proxy.";
    "TRUST-52"
        given "Two servers of two authorities, two identities, and one server of three names."
        when "Transports with one of the roots, or both in either order, call both servers; two transports with an identity \
            each take turns; one transport calls the three names; over HTTP/1.1 and 2, under TLS 1.2 and 1.3."
        then "Each transport trusts its own roots, presents its own identity, and has a connection for each name."
        why "What a library keeps for the whole process (roots, contexts, sessions) makes one customer's trust and \
            identity another's."
        fix "Clause 7 and 12 of `Transport::send`. No static in which anything of a configuration is kept.";
};

/// The identity is presented whole or refused when the transport is made, and a refusal by the server is never mistaken.
pub(super) const IDENT: &[Explanation] = explained! {
    "IDENT-01"
        given "An RSA certificate with a PKCS#8 key, and a server that requires it over TLS 1.2 and over TLS 1.3."
        when "A call is made over each."
        then "The server sees the leaf and the intermediate."
        why "Without the intermediate a server that knows the root alone refuses, and the owner of the certificate \
            finds no fault in it."
        fix "Give the engine the whole `ClientIdentity::chain`. Some loaders take the first certificate of a file \
            only.";
    "IDENT-02"
        given "A P-256 certificate with a PKCS#8 key."
        when "A call is made over TLS 1.2 and over TLS 1.3."
        then "The server sees the leaf and the intermediate."
        why "P-256 is what most new certificates have, and a transport that knows RSA alone cannot be used with them."
        fix "Look for an import that names RSA, and for ECDSA signature schemes that are not offered.";
    "IDENT-03"
        given "A P-384 certificate with a PKCS#8 key."
        when "A call is made over TLS 1.2 and over TLS 1.3."
        then "The server sees the leaf and the intermediate."
        why "Stricter organisations hand out P-384; their users would have to ask for a weaker certificate."
        fix "Look for a list of curves or signature schemes with P-256 alone in it (`ecdsa_secp384r1_sha384` must be \
            there).";
    "IDENT-04"
        given "An Ed25519 certificate."
        when "A call is made, if the transport declares that it can."
        then "It is presented, or `connect` refuses it as unsupported by its name."
        why "A key that the engine cannot sign with leads to an anonymous call, and its owner sees a 401."
        fix "Leave `Ed25519Identity` out of your capabilities, and look at the key's kind in `connect`, if the engine \
            cannot use it.";
    "IDENT-05"
        given "A P-256 and a P-384 key in the SEC1 form (`EC PRIVATE KEY`)."
        when "A call is made with each."
        then "The server sees the certificate as with PKCS#8."
        why "`openssl ecparam` writes this form, so many keys on disk have it; one that is ignored makes the call \
            anonymous."
        fix "The reader turns every key into PKCS#8. If only your transport fails, it parses the original once more \
            instead of `ClientIdentity`.";
    "IDENT-06"
        given "An RSA key in the PKCS#1 form (`RSA PRIVATE KEY`)."
        when "A call is made with it."
        then "The server sees the certificate as with PKCS#8."
        why "Older tools write this form, and a transport that does not know it locks their users out."
        fix "Take the PKCS#8 form of `ClientIdentity`; it is the same for every source. Look for a loader that \
            guesses by the PEM label.";
    "IDENT-07"
        given "Keys in encrypted PKCS#8, by PBES2 with AES and with scrypt, and their passwords."
        when "Each is read with and without its password, and a call is made."
        then "With it the certificate is presented; without it the reading fails with ID-02."
        why "A password that is missing must be named, or people make new keys for no reason."
        fix "Decryption is the reader's work. A transport that wants the password or a file itself gets neither: use \
            the decrypted PKCS#8.";
    "IDENT-08"
        given "A PEM file with text before the block, a byte order mark and line ends of Windows."
        when "It is read and a call is made."
        then "The certificate is presented."
        why "Files that were mailed or edited look like this, and an error about base64 tells nobody that a note at \
            the top is the reason."
        fix "The reader passes over all of it. If only your transport fails, it is given the file's text somewhere \
            instead of `ClientIdentity`.";
    "IDENT-09"
        given "A PKCS#12 file with AES-256."
        when "It is read and a call is made."
        then "The certificate is presented, and there is no warning."
        why "This is what browsers and the platform itself hand out today."
        fix "The reader opens the file. A transport that builds a PKCS#12 of its own for its library must take a \
            cipher that the system can read.";
    "IDENT-10"
        given "A PKCS#12 file with triple DES."
        when "It is read and a call is made."
        then "The certificate is presented."
        why "Files of a few years ago have this cipher, and their owners cannot always get new ones."
        fix "Do not hand the file to the system's PKCS#12 parser, which may refuse old ciphers: the reader has opened \
            it, and `ClientIdentity` holds chain and key in plain form.";
    "IDENT-11"
        given "A PKCS#12 file with RC2-40."
        when "It is read and a call is made."
        then "The certificate is presented, with the warning ID-04 that names RC2."
        why "Old Windows exports have it; they must work, and their owners must know that forty bits protect nothing."
        fix "The reader warns. If the presentation fails, look for a second parse of the original in your transport.";
    "IDENT-12"
        given "PKCS#12 and PEM files with a wrong password."
        when "Each of them is read."
        then "The error is ID-03, names the file and shows nothing of the password; the transport without an identity \
            is still made."
        why "A wrong password that looks like a broken file has people ask for new certificates."
        fix "The reader refuses and no transport is asked. What is left for yours: `connect` without an identity must \
            succeed.";
    "IDENT-13"
        given "A file with two certificates and the keys of both."
        when "The reader opens it."
        then "The error ID-17 asks for a choice, and nothing is guessed."
        why "Whichever was picked would be the wrong caller for half of the users, and nobody would notice."
        fix "The reader refuses. For your transport the case asks that `connect` without an identity succeeds.";
    "IDENT-14"
        given "A certificate, and the key of another certificate of the same kind."
        when "They are read as a pair."
        then "The error is ID-01, and no connection is opened."
        why "The server would break the handshake with an alert about a signature, which points to everything but the \
            file."
        fix "The core crate compares the public keys before any transport sees the pair. A connection here is one \
            that your `connect` opened unasked.";
    "IDENT-15"
        given "An RSA certificate, and an EC key."
        when "They are read as a pair."
        then "The error is ID-01, and no connection is opened."
        why "Some TLS libraries then present no certificate at all and say nothing: the call goes out anonymous."
        fix "The core crate refuses the pair. If you make identities of another source, compare certificate and key \
            yourself: not every engine notices before the handshake.";
    "IDENT-16"
        given "A leaf without its intermediate, and a server that knows the root alone."
        when "A call is made over TLS 1.2."
        then "The refusal is the server's, HS-02 with a hint at the intermediate where the stack tells alerts, and it \
            is not repeated."
        why "\"Unknown CA\" of the other side is read as a fault of the server's certificate, and people add roots in \
            the wrong place."
        fix "Map an alert that was received to `PeerAlert` with its number, and never to `PeerUntrusted`.";
    "IDENT-17"
        given "A file whose certificates are in the wrong order."
        when "It is read and a call is made."
        then "The leaf is sent first, and the warning ID-11 tells of the order."
        why "TLS takes the first certificate for the caller's: the server would check the key against an authority \
            and refuse."
        fix "The reader sorts. Send `ClientIdentity::chain` in its order, and look for a library that sorts or \
            reverses a chain by itself.";
    "IDENT-18"
        given "A file with leaf, intermediate and root."
        when "It is read and a call is made."
        then "Leaf and intermediate are sent, and the root is not."
        why "A root in the chain costs bytes in each handshake, and some servers refuse a chain that holds one."
        fix "The reader leaves it out. If it shows on the wire, your engine completes the chain from its store of \
            roots: switch that off.";
    "IDENT-19"
        given "An expired certificate."
        when "It is read, and with `allow_expired` a call is made over TLS 1.2."
        then "The reading fails with ID-09 and names the file; the call is refused by the server, HS-02 or HS-03, \
            with our dates as the cause."
        why "An alert says `certificate_expired` at best and mostly less; that it is our certificate, only the dates \
            of it can tell."
        fix "Present an expired identity when you are given one, and map the alert to `PeerAlert`. A key store of the \
            system may drop it in silence.";
    "IDENT-20"
        given "A certificate that begins tomorrow."
        when "The reader opens it."
        then "The error is ID-09 and shows our clock."
        why "A clock that is behind makes every fresh certificate useless, and the time is the last thing that people \
            look at."
        fix "The reader refuses with the client's clock. For your transport the case asks that `connect` without an \
            identity succeeds.";
    "IDENT-21"
        given "A certificate whose extended key usage is for servers alone."
        when "The reader opens it."
        then "The error is ID-12."
        why "Servers refuse it with `unsupported_certificate` or without a word, and the usage is hidden in an \
            extension."
        fix "The reader refuses. For your transport the case asks that `connect` without an identity succeeds.";
    "IDENT-22"
        given "An identity in memory alone, and a server that requires it, for every version of HTTP."
        when "Two calls are made."
        then "Every connection shows this certificate; a stack that cannot do it refuses in `connect` as unsupported."
        why "An identity that is ignored is the worst of all faults: the program believes to be known and gets HTTP \
            400."
        fix "A configuration is honoured or refused, never ignored. If your library wants a file, use a private one \
            (SECRET-07) or leave `ClientIdentity` undeclared.";
    "IDENT-23"
        given "Certificate and key in a directory, as a mounted secret has them."
        when "A client that follows the directory makes a call."
        then "The server sees this certificate."
        why "This is how certificates are delivered in Kubernetes; it has to work without a word of configuration \
            more."
        fix "As IDENT-22: the source does not matter to a transport. If only this one fails, your `connect` depends \
            on something besides its configuration.";
    "IDENT-24"
        given "A server that requires a certificate over TLS 1.3, and a client without one, for every version of \
            HTTP."
        when "A call is made."
        then "The refusal is the server's and is HS-01 (HS-03 for a stack that tells neither alert nor signal); it is \
            not repeated."
        why "In TLS 1.3 the alert comes after the handshake: taken for a broken connection it is repeated for ever."
        fix "Clause 9 of `Transport::send`. Look for the alert in the error of the first read or write and not only \
            in that of the handshake.";
    "IDENT-25"
        given "The same server over TLS 1.2."
        when "A call without a certificate is made."
        then "The refusal is HS-01, or for a stack without the signal the documented wider code."
        why "TLS 1.2 has no alert of its own for it, and `handshake_failure` sends people looking for ciphers."
        fix "Tell `identity_requested` in the facts of the error, even when the handshake fails: it is what makes \
            HS-01 of a bare failure.";
    "IDENT-26"
        given "A server that asks for a certificate and does not need one, and a client without one."
        when "A call is made over TLS 1.2 and TLS 1.3."
        then "The handshake succeeds and the HTTP answer decides."
        why "Hosts often ask everybody; a stack that gives up when it is asked cannot call any of them."
        fix "Answer a request for a certificate with an empty list. Look for a callback of your engine that fails \
            when it has no identity.";
    "IDENT-27"
        given "A server over TLS 1.3 that does not know our authority, for every version of HTTP."
        when "A call with the certificate is made."
        then "It is HS-02, or HS-03 where the late alert got lost, and the server sees one connection alone."
        why "Each repetition costs a handshake and never helps, and some servers lock a caller out after a few."
        fix "Switch off the repetitions of the library for broken connections, and keep the alert when it arrives \
            with the first read.";
    "IDENT-28"
        given "The same server over TLS 1.2."
        when "A call with the certificate is made."
        then "It is HS-02 (HS-03 for a stack without alerts), and the server's certificate is never named as the \
            culprit."
        why "`unknown_ca` means our authority when we receive it and theirs when we send it; mixed up, somebody edits \
            the wrong trust store."
        fix "Tell received alerts from our own by the type of the library's error and not by its text, which is the \
            same for both.";
    "IDENT-29"
        given "A server over TLS 1.3 that resets the connection right after the request."
        when "A call with a certificate is made over HTTP/1.1."
        then "It is HS-03, with the candidates certificate, proxy and firewall in this order, and no repetition is \
            advised."
        why "A bare reset has three likely causes, and whoever is told none of them opens a ticket for the network."
        fix "Map the reset to `Interrupted` and set what is known in the facts; `identity_requested` and \
            `identity_sent` rank the candidates.";
    "IDENT-30"
        given "A server whose list of acceptable authorities does not hold ours, and which would accept our \
            certificate."
        when "A call is made over TLS 1.2 and TLS 1.3."
        then "The certificate is presented anyway, and the call is answered."
        why "Such lists are often out of date; a stack that obeys them goes out anonymous and nobody knows why."
        fix "Let your resolver of client certificates ignore the hints. Engines that choose from a store of the \
            system filter by them unless told otherwise.";
    "IDENT-31"
        given "A server that does not ask for a certificate, and one that does."
        when "A client with a certificate calls both."
        then "The answer of the first carries the warning NET-03 and that of the second none; a stack that cannot tell \
            never warns."
        why "The wrong host answers as if the caller were anonymous, and the 401 that follows speaks of credentials \
            and not of hosts."
        fix "Set `identity_requested` in the facts of the exchange, for reused connections too; leave it unset where \
            the engine does not tell.";
    "IDENT-32"
        given "A server that asks and one that does not, with and without an identity of ours."
        when "A call is made in each of the four situations."
        then "`identity_requested` and `identity_sent` equal what the server recorded, or are unset where the stack \
            cannot tell."
        why "Diagnoses rest on these two facts; one that is wrong blames the wrong side with great certainty."
        fix "Take them from the handshake itself (a callback or a watched record) and never from the configuration. \
            Do not declare `ClientAuthSignal` on a guess.";
    "IDENT-33"
        given "A server that asks for a certificate only after it has read the request, in TLS 1.2 and in TLS 1.3."
        when "A call with a certificate is made."
        then "It is answered with the certificate shown, or fails within its limit with HS-05 or the wider code of the stack."
        why "A stack that ignores the question waits for an answer that never comes, and each caller loses its whole limit."
        fix "Refuse renegotiation with an error instead of reading on, and do not offer `post_handshake_auth` unless the identity can be sent then.";
};
