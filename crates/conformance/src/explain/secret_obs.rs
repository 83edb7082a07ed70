//! Explanations of the cases SECRET and OBS. SECRET-05, 06 and 08 to 10 are tests of the crates that read configuration: no
//! transport can fail them.

use super::explanation::Explanation;

/// Canaries are put everywhere, and no output may contain one.
pub(super) const SECRET: &[Explanation] = explained! {
    "SECRET-01"
        given "A key, a private key and a proxy password that are canaries, in every public type of core, client and \
            transport."
        when "All of them are printed by `{:?}`, `{:#?}` and, where they have it, `{}`."
        then "No canary is printed, neither whole nor in part, nor as base64, hexadecimal digits or numbers."
        why "One `dbg!` or one log line of a configuration is enough to publish a private key."
        fix "Clause 11 of `Transport::send`. Write `Debug` of connector and transport by hand; a derived one \
            prints the library's client with all its content.";
    "SECRET-02"
        given "Servers that are expired, do not know us, quote the key, redirect, cut the connection or send \
            garbage, and a port and a proxy without a listener."
        when "A call with key and certificate fails at each, and the error with all its causes is printed."
        then "No canary is printed in any form."
        why "Errors are shared: in tickets, in chats and with the authors of libraries."
        fix "Check errors of the library that contain the request, its headers or the proxy's URL; remove \
            secrets before `with_source`.";
    "SECRET-03"
        given "A logger for all targets at the level trace, including that of the HTTP library."
        when "Calls are made for every version of HTTP, and one that fails."
        then "No canary is in any line."
        why "Otherwise enabling tracing to find a fault copies keys into a file that many may read."
        fix "Mark the key as sensitive on every copy (`HeaderValue::set_sensitive`), and silence targets that print \
            raw headers (libcurl's debug, wire logs).";
    "SECRET-04"
        given "A user's credential that panics with everything that it holds in its message."
        when "A call is made."
        then "The message contains `redacted` and no canary, and no connection is opened."
        why "A panic is written to standard error and crash collectors, bypassing every log filter."
        fix "The core crate's types redact themselves. A connection here was opened by your transport before there \
            was a credential.";
    "SECRET-07"
        given "An identity, and a server that requires it."
        when "A call is made, and the temporary directory and the open files of the process are searched for the key; \
            then the transport is dropped."
        then "Whatever holds the key is private (mode 0600 in a private directory), and nothing is left at the end."
        why "Otherwise every user of the machine can read the key, and it outlives the program."
        fix "Write no file if the library accepts memory. Else use an anonymous memory file, or a 0600 file \
            that a guard in the transport removes.";
    "SECRET-11"
        given "An environment in which `SSLKEYLOGFILE` names a file."
        when "A call is made in a process with that environment."
        then "The file is not written: the transport does not support it, or refuses to be created and names \
            the variable."
        why "Otherwise anyone who can set a variable can read all traffic, API keys included, from a capture of it."
        fix "Keep the key log of your TLS library disabled (rustls: no `KeyLogFile`). libcurl has no option \
            for it: refuse in `connect`.";
    "SECRET-12"
        given "Canaries in bodies of requests and responses and in a response header, and a reader of every log line."
        when "Calls are made over each HTTP version."
        then "No line at any level shows one."
        why "The secret of a new API key is in one response and nowhere else."
        fix "Log names and lengths, not values. Where your library logs bodies at trace, filter its target.";
};

/// What spans, metrics and records contain, what they never contain, and that observers change nothing.
pub(super) const OBS: &[Explanation] = explained! {
    "OBS-01"
        given "A server that responds with 503 once and then 200, and a subscriber of spans."
        when "A client makes a GET."
        then "There is one span for the call and one in it for each attempt, with the fields of the HTTP conventions."
        why "Without a span for each attempt, a slow call and a retried one look the same."
        fix "The client creates the spans; the version in them is that of your response. A missing attempt \
            was made by your library on its own.";
    "OBS-02"
        given "A path with an id, a name and a query, and a client with spans, metrics and audit."
        when "Calls are made with and without a template."
        then "Only the template is recorded, with `{}` for an id, and no id, name, query or key."
        why "Otherwise names of users and tokens are in systems that store everything for years."
        fix "The client names its spans. If a value is recorded, a span or log line of your transport or its \
            library has the whole URL: remove it.";
    "OBS-03"
        given "A recorder of metrics, and a client with certificate and key whose end dates are known."
        when "Three calls succeed and one fails."
        then "Outcomes, durations, the generation and the remaining seconds are counted, and handshakes as the \
            server saw them."
        why "With the wrong number, operators learn of an expired certificate from the outage."
        fix "Set `reused` and `tls_resumed` in the facts if the library reports them, and leave them unset \
            otherwise: half of them is a wrong count.";
    "OBS-04"
        given "A client with an audit hook, certificate and key."
        when "A call succeeds, one fails, and one is dropped."
        then "There is one record for each, with caller, fingerprint, host, ids and outcome, without any value."
        why "Auditors ask who made a signature, and dropped calls matter most."
        fix "The client creates the records. If the request id is missing, response headers were lost \
            (REQ-04); if attempts differ, see REPLAY-03.";
    "OBS-05"
        given "Hooks of audit, reminders and tracing that panic, and one that blocks."
        when "Calls are made."
        then "All succeed before the blocked hook is notified of them, and in the end it is notified of all."
        why "A fault in a logging hook must not stop the signing of a release."
        fix "The client runs hooks separately from the call. If calls fail, a panic poisoned a lock of your \
            transport, or the blocked threads were yours.";
    "OBS-06"
        given "A client with a trace context, a server that redirects to another origin, and a proxy."
        when "Calls are made directly, to the redirect and through the proxy."
        then "`traceparent` and `tracestate` arrive at our origin, and neither the other origin nor the proxy's \
            CONNECT has them."
        why "The context ties a call to the rest of a company's traffic; others could follow it."
        fix "Send the given headers only inside the tunnel (see PROXY-02), and follow no redirect (see REDIR-10).";
    "OBS-07"
        given "Servers with six error statuses, a port without a listener, a name without an address, and a \
            server that is not trusted."
        when "A call is made to each."
        then "Each is counted once, under a code of the closed set, the same as in the error."
        why "Free-text labels break dashboards and fill the memory of a metrics system."
        fix "The client counts by the code, and the code follows from the kind of your error: an `Other` that should \
            be `Dns` or `Refused` shows here.";
    "OBS-08"
        given "A key that expires in forty days, and a clock that is set by hand."
        when "A call is made on each of forty days."
        then "There is one reminder at 30, 14, 7 and 1 days before the expiry."
        why "A missing reminder causes an outage, and one with each call is soon ignored."
        fix "The client reminds, by the validity of the lease. For your transport the case makes forty calls \
            on one object, days apart by that clock.";
    "OBS-09"
        given "A server, a server of an unknown issuer, and a proxy before the first."
        when "A call is made to each."
        then "The facts have the address of the peer, which through a proxy is the proxy's; for a failed \
            handshake they have it or none."
        why "If a name has several addresses, operators need the one that failed."
        fix "Ask the socket for its peer (`peer_addr`) when TCP is connected, and put it into \
            `ConnectionFacts::peer`.";
    "OBS-10"
        given "Two servers that differ in TLS version, certificate and in asking for a client certificate; and \
            one that disconnects."
        when "They are called alternately over one transport, over each HTTP version."
        then "Every fact belongs to the connection that carried the call, in errors too, or is unset."
        why "A diagnosis with another connection's facts blames the wrong side."
        fix "Keep facts with the connection, not with the transport.";
    "OBS-11"
        given "A server that asks for a client certificate, and whose own certificate is not trusted, under TLS 1.2 and 1.3."
        when "A call is made with an identity."
        then "The facts of the failure do not report the certificate as sent; a transport that sees the request reports it."
        why "The library chooses the certificate before it verifies the server. Reported as sent, it seems \
            that our certificate was refused, or shown to a third party."
        fix "Set `identity_sent` when the Certificate message is sent, not when the resolver is called.";
    "OBS-15"
        given "Servers that close after each response, by tickets and by ids, under TLS 1.2 and 1.3."
        when "Three calls are made, with and without an identity."
        then "`tls_resumed` is what the ledger has, or unset; a resumed session does not report that it was \
            not asked."
        why "Reported as *not asked*, a resumed session makes the diagnosis claim that the server wants no \
            certificate."
        fix "A resumed handshake has no certificate request: leave `identity_requested` unset, or report that \
            of the first handshake of the session.";
    "OBS-20"
        given "Servers that end the handshake before they ask for a certificate, and servers that ask and then \
            refuse it."
        when "A call is made, with and without an identity, under TLS 1.2 and 1.3."
        then "The facts of the error report a request, a sent certificate and a version only if the server saw them."
        why "A diagnosis depends on them: a certificate that was prepared and never sent would be blamed."
        fix "Set the facts where something is observed, not where it is configured; the table at \
            `ConnectionFacts` shows what each kind of handshake can show.";
};
