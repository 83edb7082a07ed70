//! The cases that came from defects which the suite once let pass, in words, across the families.

use super::Explanation;

/// In the order of the catalogue.
pub(super) const UNLISTED: &[Explanation] = explained! {
    "HOST-11"
        given "Two servers on one port of two loopback addresses, and two transports with an override of one name each."
        when "Both transports call that name, twice."
        then "Each reaches its own server."
        why "A program that talks to two installations behind one name would send a key to the wrong one."
        fix "Keep overrides, and what a resolver found, per transport; no static tables.";
    "HOST-12"
        given "A server on `[::1]` whose certificate names that address, and one whose certificate does not."
        when "`https://[::1]:PORT/` is called."
        then "The first answers, with the brackets in `Host` and no SNI; the second is refused."
        why "Brackets belong to the URI: code that splits at the first colon works until the first IPv6 address."
        fix "Take host and port from `http::Uri`; remove the brackets for TCP and for the name in the certificate only.";
    "HOST-15"
        given "Overrides of a name and of a name below it, in both orders; then an override alone."
        when "Both names are called; then names that end or begin like the overridden one."
        then "Each name goes to its own address, and names without an override go to the resolver."
        why "An override is a statement about one host. Matched by suffix it leads other hosts, and their keys, there."
        fix "Compare the whole name, without regard to case.";
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
    "TIME-12"
        given "Servers that are silent, that send a byte now and then, and that do not read a 32 MiB upload; over HTTP/1.1 \
            and HTTP/2."
        when "A call with a limit of three seconds is made to each."
        then "Each ends at the limit, as a timeout of its phase; what was written is not said to be unsent."
        why "A limit that each byte restarts, or that one version lacks, is no limit for a caller who waits."
        fix "One deadline for the whole call, made before anything is sent, and asked in every wait.";
    "TIME-13"
        given "All three limits at `Duration::MAX`."
        when "Calls are made over each HTTP version, in a process of its own."
        then "They are answered, and nothing panics, in no task either."
        why "It is how callers say *no limit*, and an unchecked addition to the clock panics."
        fix "`Instant::checked_add`, or a limit of thirty years where the library adds by itself.";
    "TIME-16"
        given "An address that swallows packets and a server that never answers the handshake; a connect limit of 300 \
            milliseconds."
        when "Both are called."
        then "Each call ends before ten times the limit."
        why "A limit that is rounded up, or counted anew for each step, is not the one that was set."
        fix "Clause 5 of `Transport::send`: one limit for name, TCP, proxy and TLS together, passed on as it is.";
    "BODY-14"
        given "HTTP/2 responses that end early: by RST_STREAM (INTERNAL_ERROR, CANCEL, NO_ERROR), GOAWAY or a close, with \
            and without a length; and a whole early response followed by RST_STREAM(NO_ERROR)."
        when "The body is read."
        then "Each cut body is BodyCut (NET-09); the whole response is whole."
        why "A list that was cut looks like a short list, and a key that was cut like a key."
        fix "hyper maps RST_STREAM(NO_ERROR) to the end of the body: after `None` ask `is_end_stream()`, and the size \
            hint, whether it was one.";
    "BODY-20"
        given "An HTTP/2 response without a length that ends by RST_STREAM(NO_ERROR), or by GOAWAY and a close."
        when "The body is read."
        then "It is BodyCut (NET-09): no END_STREAM was seen."
        why "As BODY-14. Without a length, END_STREAM alone shows whether a body is whole."
        fix "As BODY-14. Some libraries keep it to themselves; then a waiver must say so.";
    "ERR-34"
        given "Calls that fail in ten ways, each with ids in the path and a token in the query."
        when "The error and all its causes are printed, by Display and Debug."
        then "Neither path nor query is shown."
        why "Errors go to logs and tickets; queries hold tokens and the names of people."
        fix "Strip the URL from errors of your library (reqwest: `without_url`), and do not quote the request.";
    "POOL-16"
        given "An idle limit of one second."
        when "Two calls are made, three seconds apart."
        then "The second goes over a connection of its own."
        why "Load balancers drop idle connections without a word: a POST on such a connection is lost."
        fix "Pass the limit on to the pool, in its own unit.";
    "PROXY-15"
        given "Proxies that take a CONNECT and never answer, or begin to and stop; a connect limit of 300 milliseconds."
        when "A POST is made through each."
        then "It ends as a timeout, and was not sent."
        why "The tunnel is a part of connecting. Without a limit there a dead proxy costs the whole time of each call."
        fix "Put the limit around the tunnel too.";
    "SECRET-12"
        given "Canaries in bodies of requests and responses and in a response header, and a reader of every log line."
        when "Calls are made over each HTTP version."
        then "No line at any level shows one."
        why "The secret of a new API key stands in one response and nowhere else."
        fix "Log names and lengths, not values. Where your library logs bodies at trace, filter its target.";
    "REQ-13"
        given "Servers of HTTP/1.1 and HTTP/2 that send 100, 103 and 103 again before their response."
        when "A GET is made."
        then "Status and body are those of the response."
        why "A platform that begins to send hints would make every call fail, or succeed with nothing."
        fix "Interim responses (1xx) are no responses: read on. Most libraries do; a hand-written reader must loop.";
    "REQ-14"
        given "The same servers; the interim responses have headers of their own."
        when "A GET is made."
        then "The response has its own headers alone."
        why "A hint may be wrong by the time the response is made (RFC 8297 section 2); merged, it is a lie."
        fix "Clear the collected headers at each status line.";
    "REQ-15"
        given "Header values in mixed case, empty, and outside ASCII."
        when "GETs are made with them, over each HTTP version."
        then "Each arrives with its bytes, or is refused before anything is sent where it is not ASCII; no framing header \
            is added."
        why "Signed headers and ids are compared byte for byte on the other side."
        fix "Pass bytes, not strings. libcurl needs `Name;` for an empty value. Leave `content-length` out of a GET.";
    "BODY-21"
        given "Responses whose body was not read, or not to its end."
        when "Bodies and transport are dropped on a thread without a runtime."
        then "Nothing panics."
        why "Destructors run where the last owner happens to be; a panic there aborts the program."
        fix "`Handle::try_current` in `Drop`, or no task there at all.";
    "BODY-22"
        given "A response of 64 MiB."
        when "Its head is taken over each HTTP version, and for three seconds nothing of the body is read."
        then "The server has not been able to write all of it; read afterwards, it is whole."
        why "A caller who pages through a large export slowly would hold all of it in memory."
        fix "No unbounded channel between socket and body: read when the caller does.";
    "ERR-35"
        given "An HTTP/2 server that resets the stream with HTTP_1_1_REQUIRED and would answer over HTTP/1.1."
        when "POST, PUT, PATCH and DELETE are made."
        then "Each is sent once, and the error leaves its delivery open."
        why "Nothing says that the request was not looked at; the client decides whether to repeat."
        fix "Report `Http11Required` with `Delivery::Unknown`; switch the library's own fallback off.";
    "ERR-36"
        given "The same server."
        when "A GET is made."
        then "It is sent once."
        why "As REPLAY-03: a repeat that the caller does not see is missing from every count."
        fix "As ERR-35.";
    "ERR-37"
        given "A TLS 1.3 server that reads a POST and then ends the connection with an alert."
        when "The POST is made."
        then "It fails with `Delivery::Unknown`, whatever the alert."
        why "Under TLS 1.3 an alert may come long after the handshake. A POST that was read and is said to be unsent is \
            sent again."
        fix "An alert proves *not sent* only if it came before the request was written.";
    "REPLAY-05"
        given "A server that answers a POST with 408, 421 or 425."
        when "POSTs are made, with and without a body, over each HTTP version."
        then "Each arrives once, and its status is handed on."
        why "Some libraries take these as an invitation to repeat at once."
        fix "Switch the library's own retries off.";
    "POOL-12"
        given "A server that says `Connection: close` and leaves the connection open."
        when "Three GETs are made."
        then "Each goes over a connection of its own."
        why "Such a server will not read another request: the next call would wait for its whole limit."
        fix "Believe the header, not the socket.";
    "POOL-13"
        given "An HTTP/2 server, and 40 responses of 1 MiB whose bodies were dropped after their beginning."
        when "One more body is read on the same transport."
        then "It arrives whole."
        why "What was sent and never read counts against the window of the whole connection, until it stalls."
        fix "Reset the stream of a dropped body, and give back the window of what it held.";
    "OBS-10"
        given "Two servers that differ in TLS version, certificate and in asking for a client certificate; and one that dies."
        when "They are called in turn over one transport, over each HTTP version."
        then "Every fact is that of the connection which carried the call, in errors too, or is left out."
        why "A diagnosis made of another connection's facts blames the wrong side."
        fix "Keep facts with the connection, not with the transport.";
    "OBS-15"
        given "Servers that close after each response, by tickets and by ids, under TLS 1.2 and 1.3."
        when "Three calls are made, with and without an identity."
        then "`tls_resumed` is what the ledger says, or left out; a resumed session does not say that it was not asked."
        why "Read as *not asked*, a resumed session makes the diagnosis say that the server wants no certificate."
        fix "A resumed handshake shows no certificate request: leave `identity_requested` out, or report what the first \
            handshake of the session showed.";
};
