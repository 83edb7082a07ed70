//! The cases of SECRET and OBS, in words. SECRET-05, 06 and 08 to 10 are tests of the crates that read: no transport can fail
//! them.

use super::explanation::Explanation;

/// Canaries are planted everywhere, and no output may show one.
pub(super) const SECRET: &[Explanation] = explained! {
    "SECRET-01"
        given "A key, a private key and a proxy password that are canaries, in every public type of core, client and \
            transport."
        when "All of them are printed by `{:?}`, `{:#?}` and, where they have it, `{}`."
        then "No canary shows, neither whole nor in part, nor as base64, hexadecimal digits or numbers."
        why "One `dbg!` or one log line of a configuration is enough to publish a private key."
        fix "Clause 11 of `Transport::send`. Write `Debug` of connector and transport by hand; a derived one prints \
            the library's client with all it holds.";
    "SECRET-02"
        given "Servers that are expired, do not know us, quote the key, redirect, cut the connection or talk garbage, \
            and a port and a proxy where nobody listens."
        when "A call with key and certificate fails at each, and all of the error and its causes is printed."
        then "No canary shows in any form."
        why "Errors are what is sent to others: into tickets, into chats and to the makers of libraries."
        fix "Look at errors of the library that keep the request, its headers or the proxy's URL; take out what holds \
            a secret before `with_source`.";
    "SECRET-03"
        given "A logger for all targets at the level trace, that of the HTTP library among them."
        when "Calls are made for every version of HTTP, and one that fails."
        then "No canary is in any line."
        why "Somebody who switches tracing on to find a fault copies keys into a file that everybody may read."
        fix "Mark the key as sensitive on every copy (`HeaderValue::set_sensitive`), and silence targets that print \
            raw headers (libcurl's debug, wire logs).";
    "SECRET-04"
        given "A credential of the user's that panics with everything that it holds in its message."
        when "A call is made."
        then "The message says `redacted`, no canary is in it, and no connection is opened."
        why "A panic goes to standard error and to collectors of crashes, past every filter of a log."
        fix "The core crate's types redact themselves. A connection here was opened by your transport before there \
            was a credential.";
    "SECRET-07"
        given "An identity, and a server that requires it."
        when "A call is made, and the temporary directory and the open files of the process are searched for the key; \
            then the transport is dropped."
        then "What holds the key is closed to others (mode 0600 in a private directory), and nothing is left at the \
            end."
        why "Every user of the machine could read the key, and it would outlive the program."
        fix "Write no file if the library takes memory. Else use an anonymous memory file, or a 0600 file that is \
            removed by a guard in the transport.";
    "SECRET-11"
        given "An environment in which `SSLKEYLOGFILE` names a file."
        when "A call is made in a process with that environment."
        then "The file is not written: the transport does not do it, or refuses to be made and names the variable."
        why "Whoever can set a variable could read all traffic, API keys included, from a capture of it."
        fix "Leave the key log of your TLS library off (rustls: no `KeyLogFile`). libcurl has no switch \
            for it: refuse in `connect`.";
    "SECRET-12"
        given "Canaries in bodies of requests and responses and in a response header, and a reader of every log line."
        when "Calls are made over each HTTP version."
        then "No line at any level shows one."
        why "The secret of a new API key stands in one response and nowhere else."
        fix "Log names and lengths, not values. Where your library logs bodies at trace, filter its target.";
};

/// What spans, metrics and records say of a call, what they never say, and that looking on changes nothing.
pub(super) const OBS: &[Explanation] = explained! {
    "OBS-01"
        given "A server that answers 503 once and then 200, and a subscriber of spans."
        when "A client makes a GET."
        then "There is one span for the call and one in it for each attempt, with the fields of the HTTP conventions."
        why "Without a span for each attempt a slow call and a repeated one look the same."
        fix "The client makes the spans; the version in them is that of your answer. A missing attempt is one that \
            your library made by itself.";
    "OBS-02"
        given "A path with an id, a name and a query, and a client with spans, metrics and audit."
        when "Calls are made with and without a template."
        then "The template alone is seen, `{}` where an id was, and no id, name, query or key."
        why "Names of people and tokens would stand in systems that keep everything for years."
        fix "The client names its spans. If a value shows, a span or log line of your transport or its library has \
            the whole URL in it: leave it out.";
    "OBS-03"
        given "A recorder of metrics, and a client with certificate and key whose end dates are known."
        when "Three calls succeed and one fails."
        then "Outcomes, durations, the generation and the seconds that are left are counted, and handshakes as the \
            server saw them."
        why "Whoever watches the wrong number learns of the end of a certificate from the outage."
        fix "Set `reused` and `tls_resumed` in the facts where the library tells, and leave them unset where it does \
            not: half of them is a wrong count.";
    "OBS-04"
        given "A client with an audit hook, certificate and key."
        when "A call succeeds, one fails, and one is dropped."
        then "There is one record for each, with caller, fingerprint, host, ids and outcome, and without any value."
        why "For a signature somebody will ask who made it; a call that was dropped is the one of which it is asked."
        fix "The client makes the records. If the request id is missing, response headers got lost (REQ-04); if \
            attempts differ, see REPLAY-03.";
    "OBS-05"
        given "Hooks of audit, reminders and tracing that panic, and one that blocks."
        when "Calls are made."
        then "All are answered before the blocked hook has heard of them, and it hears of all in the end."
        why "A fault in somebody's logging must not stop the signing of a release."
        fix "The client calls hooks apart from the call. If calls fail, a panic went through a lock of your \
            transport, or your threads were the blocked ones.";
    "OBS-06"
        given "A client with a trace context, a server that redirects to another origin, and a proxy."
        when "Calls are made directly, to the redirect and through the proxy."
        then "`traceparent` and `tracestate` arrive at our origin, and neither the other origin nor the proxy's \
            CONNECT has them."
        why "The context ties a call to the rest of a company's traffic; others could follow it."
        fix "Send the given headers inside the tunnel alone (see PROXY-02), and follow no redirect (see REDIR-10).";
    "OBS-07"
        given "Servers with six error statuses, a port where nobody listens, a name without an address, and a server \
            that is not trusted."
        when "A call is made to each."
        then "Each is counted once, under a code of the closed set, the same as in the error."
        why "Labels that are free text break dashboards and fill the memory of a metrics system."
        fix "The client counts by the code, and the code follows from the kind of your error: an `Other` that should \
            be `Dns` or `Refused` shows here.";
    "OBS-08"
        given "A key that ends in forty days, and a clock that is set by hand."
        when "A call is made on each of forty days."
        then "One reminder comes at 30, 14, 7 and 1 days before the end."
        why "One reminder too few is an outage, and one with each call is soon read by nobody."
        fix "The client reminds, by the validity of the lease. For your transport the case asks for forty calls on \
            one object, days apart by that clock.";
    "OBS-09"
        given "A server, a server of an unknown issuer, and a proxy before the first."
        when "A call is made to each."
        then "The facts name the address at the other end, which through a proxy is the proxy's; of a handshake that failed \
            they name it or none."
        why "Of several addresses behind one name the one that failed is the one to look at."
        fix "Ask the socket for its peer (`peer_addr`) when TCP stands, and put it into `ConnectionFacts::peer`.";
    "OBS-10"
        given "Two servers that differ in TLS version, certificate and in asking for a client certificate; and one that dies."
        when "They are called in turn over one transport, over each HTTP version."
        then "Every fact is that of the connection which carried the call, in errors too, or is left out."
        why "A diagnosis made of another connection's facts blames the wrong side."
        fix "Keep facts with the connection, not with the transport.";
    "OBS-11"
        given "A server that asks for a client certificate, and whose own certificate is not trusted, under TLS 1.2 and 1.3."
        when "A call is made with an identity."
        then "The facts of the failure do not report the certificate as sent; a transport that sees the request reports it."
        why "The library chooses the certificate before it verifies the server. Reported as sent, it reads as if our certificate had \
            been refused, or shown to a stranger."
        fix "Set `identity_sent` when the Certificate message leaves, not when the resolver is called.";
    "OBS-15"
        given "Servers that close after each response, by tickets and by ids, under TLS 1.2 and 1.3."
        when "Three calls are made, with and without an identity."
        then "`tls_resumed` is what the ledger says, or left out; a resumed session does not say that it was not asked."
        why "Read as *not asked*, a resumed session makes the diagnosis say that the server wants no certificate."
        fix "A resumed handshake shows no certificate request: leave `identity_requested` out, or report what the first \
            handshake of the session showed.";
    "OBS-20"
        given "Servers that end the handshake before they ask for a certificate, and servers that ask and then refuse what comes."
        when "A call is made, with and without an identity, under TLS 1.2 and 1.3."
        then "The facts of the error report a request, a certificate that left and a version only where the server saw them."
        why "A diagnosis rests on them: a certificate that was prepared and never sent would be blamed for what it did not do."
        fix "Fill in the facts where something is seen, not where it is configured; the table at `ConnectionFacts` says what each \
            kind of handshake can show.";
};
