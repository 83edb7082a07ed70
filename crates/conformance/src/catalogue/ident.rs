//! The cases IDENT. The identity is presented completely or refused when the transport is created, and a refusal by the server
//! is recognised.

#[doc(hidden)]
#[macro_export]
macro_rules! __ident {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "IDENT-01" Must ident ident_01_a_pkcs8_rsa_pair_is_presented
                given "An RSA certificate with a PKCS#8 key, and a server that requires it over TLS 1.2 and over TLS 1.3."
                when "A call is made over each."
                then "The server sees the leaf and the intermediate."
                why "Without the intermediate a server that has only the root refuses, although the certificate \
                    itself is valid."
                fix "Pass the whole `ClientIdentity::chain` to the engine. Some loaders read only the first \
                    certificate of a file.";
            "IDENT-02" Must ident ident_02_a_p256_pair_is_presented
                given "A P-256 certificate with a PKCS#8 key."
                when "A call is made over TLS 1.2 and over TLS 1.3."
                then "The server sees the leaf and the intermediate."
                why "Most new certificates are P-256, and cannot be used with a transport that supports only RSA."
                fix "Look for an import that names RSA, and for ECDSA signature schemes that are not offered.";
            "IDENT-03" Should ident ident_03_a_p384_pair_is_presented
                given "A P-384 certificate with a PKCS#8 key."
                when "A call is made over TLS 1.2 and over TLS 1.3."
                then "The server sees the leaf and the intermediate."
                why "Stricter organisations issue P-384; their users would have to ask for a weaker certificate."
                fix "Look for a list of curves or signature schemes with only P-256 (`ecdsa_secp384r1_sha384` must be \
                    included).";
            "IDENT-04" Must ident ident_04_an_ed25519_pair_is_presented_or_refused_cleanly
                given "An Ed25519 certificate."
                when "A call is made, if the transport declares the capability."
                then "It is presented, or `connect` refuses it as unsupported by name."
                why "A key that the engine cannot sign with leads to an anonymous call, and its owner sees a 401."
                fix "Leave `Ed25519Identity` out of your capabilities, and check the kind of key in `connect`, if the \
                    engine cannot use it.";
            "IDENT-05" Must ident ident_05_a_sec1_key_is_presented
                given "A P-256 and a P-384 key in the SEC1 form (`EC PRIVATE KEY`)."
                when "A call is made with each."
                then "The server sees the certificate as with PKCS#8."
                why "`openssl ecparam` writes this form, so it is common; a key that is ignored makes the call anonymous."
                fix "The reader converts every key to PKCS#8. If only your transport fails, it parses the original \
                    again instead of `ClientIdentity`.";
            "IDENT-06" Must ident ident_06_a_pkcs1_key_is_presented
                given "An RSA key in the PKCS#1 form (`RSA PRIVATE KEY`)."
                when "A call is made with it."
                then "The server sees the certificate as with PKCS#8."
                why "Older tools write this form, and a transport that does not support it locks their users out."
                fix "Use the PKCS#8 form of `ClientIdentity`; it is the same for every source. Look for a loader that \
                    guesses by the PEM label.";
            "IDENT-07" Must ident ident_07_an_encrypted_pkcs8_key_is_presented_and_needs_its_password
                given "Keys in encrypted PKCS#8, by PBES2 with AES and with scrypt, and their passwords."
                when "Each is read with and without its password, and a call is made."
                then "With it the certificate is presented; without it reading fails with ID-02."
                why "A missing password must be reported, or users generate new keys for no reason."
                fix "The reader decrypts. A transport does not get the password or the file: use the decrypted PKCS#8.";
            "IDENT-08" Must ident ident_08_preamble_bom_and_crlf_are_read_over
                given "A PEM file with text before the block, a byte order mark and Windows line ends."
                when "It is read and a call is made."
                then "The certificate is presented."
                why "Files that were mailed or edited look like this, and an error about base64 does not reveal that \
                    a note at the top is the reason."
                fix "The reader skips all of it. If only your transport fails, it uses the file's text somewhere \
                    instead of `ClientIdentity`.";
            "IDENT-09" Must ident ident_09_a_pkcs12_with_aes_is_presented
                given "A PKCS#12 file with AES-256."
                when "It is read and a call is made."
                then "The certificate is presented, without a warning."
                why "Browsers and the platform itself use this format today."
                fix "The reader opens the file. A transport that builds its own PKCS#12 for its library must use a \
                    cipher that the system can read.";
            "IDENT-10" Must ident ident_10_a_pkcs12_with_triple_des_is_presented
                given "A PKCS#12 file with triple DES."
                when "It is read and a call is made."
                then "The certificate is presented."
                why "Files of a few years ago use this cipher, and their owners cannot always get new ones."
                fix "Do not use the system's PKCS#12 parser, which may refuse old ciphers: the reader has opened the \
                    file, and `ClientIdentity` has chain and key unencrypted.";
            "IDENT-11" Must ident ident_11_a_pkcs12_with_rc2_is_presented_with_a_warning
                given "A PKCS#12 file with RC2-40."
                when "It is read and a call is made."
                then "The certificate is presented, with the warning ID-04 that names RC2."
                why "Old Windows exports use it; they must work, and their owners must learn that forty bits protect nothing."
                fix "The reader warns. If the presentation fails, look for a second parse of the original in your transport.";
            "IDENT-12" Must ident ident_12_a_wrong_password_is_named
                given "PKCS#12 and PEM files with a wrong password."
                when "Each of them is read."
                then "The error is ID-03, names the file and shows nothing of the password; a transport without an \
                    identity is still created."
                why "A wrong password that looks like a broken file makes users ask for new certificates."
                fix "The reader refuses and no transport is called. For yours this case only checks that `connect` \
                    without an identity succeeds.";
            "IDENT-13" Should ident ident_13_two_keys_ask_for_a_choice
                given "A file with two certificates and the keys of both."
                when "The file is read."
                then "The error ID-17 asks for a choice, and nothing is guessed."
                why "Any choice would be the wrong caller for half of the users, unnoticed."
                fix "The reader refuses. For your transport the case checks that `connect` without an identity succeeds.";
            "IDENT-14" Must ident ident_14_the_key_of_another_certificate_never_connects
                given "A certificate, and the key of another certificate of the same kind."
                when "They are read as a pair."
                then "The error is ID-01, and no connection is opened."
                why "The server would end the handshake with an alert about a signature, which does not point to the file."
                fix "The core crate compares the public keys before any transport sees the pair. A connection here \
                    was opened by your `connect` too early.";
            "IDENT-15" Must ident ident_15_an_ec_key_with_an_rsa_certificate_never_connects
                given "An RSA certificate, and an EC key."
                when "They are read as a pair."
                then "The error is ID-01, and no connection is opened."
                why "Some TLS libraries then silently present no certificate: the call is anonymous."
                fix "The core crate refuses the pair. If you create identities from another source, compare \
                    certificate and key yourself: not every engine notices before the handshake.";
            "IDENT-16" Must ident ident_16_a_leaf_without_its_intermediate_is_refused_with_a_hint
                given "A leaf without its intermediate, and a server that has only the root."
                when "A call is made over TLS 1.2."
                then "The refusal is the server's, HS-02 with a hint at the intermediate if the stack reports alerts, \
                    and it is not retried."
                why "\"Unknown CA\" of the server is mistaken for a fault of the server's certificate, and users add \
                    roots in the wrong place."
                fix "Map a received alert to `PeerAlert` with its number, and never to `PeerUntrusted`.";
            "IDENT-17" Must ident ident_17_a_chain_in_wrong_order_is_sent_leaf_first
                given "A file whose certificates are in the wrong order."
                when "It is read and a call is made."
                then "The leaf is sent first, and the warning ID-11 reports the order."
                why "TLS uses the first certificate as the caller's: the server would check the key against an \
                    authority and refuse."
                fix "The reader sorts. Send `ClientIdentity::chain` in its order, and look for a library that sorts \
                    or reverses a chain.";
            "IDENT-18" Should ident ident_18_a_root_in_the_file_is_not_sent
                given "A file with leaf, intermediate and root."
                when "It is read and a call is made."
                then "Leaf and intermediate are sent, and the root is not."
                why "A root in the chain costs bytes in each handshake, and some servers refuse a chain that holds one."
                fix "The reader omits it. If it is on the wire, your engine completes the chain from its store of \
                    roots: disable that.";
            "IDENT-19" Must ident ident_19_an_expired_certificate_is_found_at_build_or_by_the_server_if_allowed
                given "An expired certificate."
                when "It is read, and with `allow_expired` a call is made over TLS 1.2."
                then "Reading fails with ID-09 and names the file; the server refuses the call, HS-02 or HS-03, with \
                    our dates as the cause."
                why "An alert is `certificate_expired` at best and usually less specific; only the dates show that \
                    our certificate is the cause."
                fix "Present an expired identity if you are given one, and map the alert to `PeerAlert`. A key store \
                    of the system may silently drop it.";
            "IDENT-20" Must ident ident_20_a_certificate_of_tomorrow_is_found_with_our_clock_shown
                given "A certificate that becomes valid tomorrow."
                when "The certificate is read."
                then "The error is ID-09 and shows our clock."
                why "A clock that is behind makes every new certificate unusable, and operators check the time last."
                fix "The reader refuses, using the client's clock. For your transport the case checks that `connect` \
                    without an identity succeeds.";
            "IDENT-21" Must ident ident_21_a_certificate_for_servers_is_found_at_build
                given "A certificate whose extended key usage is only for servers."
                when "The certificate is read."
                then "The error is ID-12."
                why "Servers refuse it with `unsupported_certificate` or without a reason, and the usage is hidden in \
                    an extension."
                fix "The reader refuses. For your transport the case checks that `connect` without an identity succeeds.";
            "IDENT-22" Must ident ident_22_an_identity_from_memory_is_presented_or_refused_at_build
                given "An identity that exists only in memory, and a server that requires it, for every version of HTTP."
                when "Two calls are made."
                then "Every connection presents this certificate; a stack that cannot do it refuses in `connect` as \
                    unsupported."
                why "An ignored identity is the worst fault: the program believes to be authenticated and gets HTTP 400."
                fix "A configuration is honoured or refused, never ignored. If your library requires a file, use a \
                    private one (SECRET-07) or leave `ClientIdentity` undeclared.";
            "IDENT-23" Must ident ident_23_an_identity_from_a_file_is_presented_or_refused_at_build
                given "Certificate and key in a directory, as in a mounted secret."
                when "A client that watches the directory makes a call."
                then "The server receives this certificate."
                why "Kubernetes delivers certificates like this; it must work without further configuration."
                fix "As in IDENT-22: the source does not matter to a transport. If only this one fails, your \
                    `connect` depends on something besides its configuration.";
            "IDENT-24" Must ident ident_24_no_certificate_where_tls13_requires_one
                given "A server that requires a certificate over TLS 1.3, and a client without one, for every version of \
                    HTTP."
                when "A call is made."
                then "The refusal is the server's and is HS-01 (HS-03 for a stack that reports neither alert nor \
                    signal); it is not retried."
                why "In TLS 1.3 the alert arrives after the handshake: mistaken for a broken connection, it is \
                    retried forever."
                fix "Clause 9 of `Transport::send`. Look for the alert in the error of the first read or write and not only \
                    in that of the handshake. If the HTTP library loses that error, as hyper does over HTTP/2, record it in a \
                    wrapper of the TLS stream.";
            "IDENT-25" Must ident ident_25_no_certificate_where_tls12_requires_one
                given "The same server over TLS 1.2."
                when "A call without a certificate is made."
                then "The refusal is HS-01, or for a stack without the signal the documented wider code."
                why "TLS 1.2 has no specific alert for it, and `handshake_failure` makes operators look for ciphers."
                fix "Report `identity_requested` in the facts of the error, even if the handshake fails: it turns a \
                    bare failure into HS-01.";
            "IDENT-26" Must ident ident_26_a_server_that_only_asks_answers_over_http
                given "A server that asks for a certificate but does not require one, and a client without one."
                when "A call is made over TLS 1.2 and TLS 1.3."
                then "The handshake succeeds and the HTTP response decides."
                why "Hosts often ask every client; a stack that fails when it is asked cannot call any of them."
                fix "Respond to a certificate request with an empty list. Look for a callback of your engine that \
                    fails if it has no identity.";
            "IDENT-27" Must ident ident_27_a_foreign_certificate_under_tls13_is_one_attempt
                given "A server over TLS 1.3 that does not know our authority, for every version of HTTP."
                when "A call with the certificate is made."
                then "It is HS-02, or HS-03 if the late alert was lost, and the server sees only one connection."
                why "Each retry costs a handshake and never helps, and some servers lock a caller out after a few."
                fix "Disable the library's retries for broken connections, and keep the alert if it arrives with the \
                    first read.";
            "IDENT-28" Must ident ident_28_a_foreign_certificate_under_tls12_never_blames_the_server
                given "The same server over TLS 1.2."
                when "A call with the certificate is made."
                then "It is HS-02 (HS-03 for a stack without alerts), and the server's certificate is never named as \
                    the cause."
                why "`unknown_ca` means our authority when we receive it and the server's when we send it; confused, \
                    users edit the wrong trust store."
                fix "Distinguish received alerts from our own by the type of the library's error and not by its text, \
                    which is the same for both.";
            "IDENT-29" Should ident ident_29_an_end_without_a_word_after_the_handshake_names_the_candidates
                given "A server over TLS 1.3 that resets the connection right after the request."
                when "A call with a certificate is made over HTTP/1.1."
                then "It is HS-03, with the candidates certificate, proxy and firewall in this order, and no retry is \
                    advised."
                why "A bare reset has three likely causes; without them, operators open a ticket for the network."
                fix "Map the reset to `Interrupted` and set the known facts; `identity_requested` and `identity_sent` \
                    rank the candidates.";
            "IDENT-30" Must ident ident_30_an_outdated_list_of_authorities_does_not_hold_the_certificate_back
                given "Servers whose list of acceptable authorities is empty, has one other, or has 300 others, but which accept our \
                    certificate."
                when "A call is made over TLS 1.2 and TLS 1.3."
                then "The certificate is presented anyway, and the call succeeds."
                why "Such lists are often out of date; a stack that obeys them silently sends an anonymous call."
                fix "Make your resolver of client certificates ignore the hints. Engines that choose from a store of \
                    the system filter by them by default.";
            "IDENT-31" Must ident ident_31_a_server_that_does_not_ask_is_worth_a_warning
                given "A server that does not ask for a certificate, and one that does."
                when "A client with a certificate calls both."
                then "The response of the first has the warning NET-03 and that of the second none; a stack that \
                    cannot know never warns."
                why "The wrong host responds as to an anonymous caller, and the 401 that follows is about credentials \
                    and not about hosts."
                fix "Set `identity_requested` in the facts of the exchange, for reused connections too; leave it \
                    unset if the engine does not report it.";
            "IDENT-32" Should ident ident_32_the_client_auth_signal_equals_the_ledger
                given "A server that asks and one that does not, with and without our identity."
                when "A call is made in each of the four situations."
                then "`identity_requested` and `identity_sent` equal what the server recorded, or are unset if the \
                    stack cannot know."
                why "Diagnoses depend on these two facts; a wrong one blames the wrong side."
                fix "Take them from the handshake itself (a callback or an observed record) and never from the \
                    configuration. Do not declare `ClientAuthSignal` based on a guess.";
            "IDENT-33" May ident_late ident_33_a_request_for_a_certificate_after_the_handshake_is_met_or_named
                given "A server that asks for a certificate only after it has read the request, in TLS 1.2 and in TLS 1.3."
                when "A call with a certificate is made."
                then "It succeeds with the certificate presented, or fails within its limit with HS-05 or the wider \
                    code of the stack."
                why "A stack that ignores the request waits for a response that never arrives, and each caller loses \
                    its whole limit."
                fix "Refuse renegotiation with an error instead of reading on, and do not offer `post_handshake_auth` \
                    unless the identity can then be sent.";
            "IDENT-34" Must ident ident_34_each_certificate_of_a_longer_chain_is_sent_in_its_order
                given "A certificate below two CAs, and servers of two TLS libraries that have the root alone."
                when "A call is made over each version of HTTP and TLS, direct and through a proxy."
                then "The server sees the leaf, the lower and the upper CA, in this order."
                why "TLS 1.2 requires that each certificate follows the one it issued (RFC 5246 section 7.4.2), and strict servers \
                    refuse another order; with one CA it cannot be wrong."
                fix "Pass `ClientIdentity::chain` as it is; look for an import that pushes to the front or sorts.";
            "IDENT-35" Must agreed ident_35_an_identity_signs_as_the_server_accepts
                given "Servers that accept from clients with an RSA key no signature by SHA-256, or none but PSS, and require a \
                    certificate."
                when "A call is made with an RSA identity, over TLS 1.2 and 1.3 and each HTTP version."
                then "The identity is presented, and the call succeeds."
                why "The request for a certificate lists the signatures that the server accepts (RFC 5246 section 7.4.4). A key in \
                    hardware, or a signer of one's own, often makes one kind alone."
                fix "Choose the scheme from the list of the server, in each handshake.";
        }
    };
}
