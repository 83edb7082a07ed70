//! The cases OBS. What spans, metrics and records contain, what they never contain, and that observers change nothing.

#[doc(hidden)]
#[macro_export]
macro_rules! __obs {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "OBS-01" Should obs obs_01_a_call_is_a_span_and_each_attempt_one_in_it
                given "A server that responds with 503 once and then 200, and a subscriber of spans."
                when "A client makes a GET."
                then "There is one span for the call and one in it for each attempt, with the fields of the HTTP conventions."
                why "Without a span for each attempt, a slow call and a retried one look the same."
                fix "The client creates the spans; the version in them is that of your response. A missing attempt \
                    was made by your library on its own.";
            "OBS-02" Must obs obs_02_ids_names_and_queries_are_seen_nowhere
                given "A path with an id, a name and a query, and a client with spans, metrics and audit."
                when "Calls are made with and without a template."
                then "Only the template is recorded, with `{}` for an id, and no id, name, query or key."
                why "Otherwise names of users and tokens are in systems that store everything for years."
                fix "The client names its spans. If a value is recorded, a span or log line of your transport or its \
                    library has the whole URL: remove it.";
            "OBS-03" Should obs obs_03_metrics_count_outcomes_handshakes_and_the_time_that_is_left
                given "A recorder of metrics, and a client with certificate and key whose end dates are known."
                when "Three calls succeed and one fails."
                then "Outcomes, durations, the generation and the remaining seconds are counted, and handshakes as the \
                    server saw them."
                why "With the wrong number, operators learn of an expired certificate from the outage."
                fix "Set `reused` and `tls_resumed` in the facts if the library reports them, and leave them unset \
                    otherwise: half of them is a wrong count.";
            "OBS-04" Should obs obs_04_an_audit_record_names_who_what_and_how_it_ended_and_no_value
                given "A client with an audit hook, certificate and key."
                when "A call succeeds, one fails, and one is dropped."
                then "There is one record for each, with caller, fingerprint, host, ids and outcome, without any value."
                why "Auditors ask who made a signature, and dropped calls matter most."
                fix "The client creates the records. If the request id is missing, response headers were lost \
                    (REQ-04); if attempts differ, see REPLAY-03.";
            "OBS-05" Must obs obs_05_a_hook_that_panics_or_blocks_leaves_the_call_alone
                given "Hooks of audit, reminders and tracing that panic, and one that blocks."
                when "Calls are made."
                then "All succeed before the blocked hook is notified of them, and in the end it is notified of all."
                why "A fault in a logging hook must not stop the signing of a release."
                fix "The client runs hooks separately from the call. If calls fail, a panic poisoned a lock of your \
                    transport, or the blocked threads were yours.";
            "OBS-06" Should obs obs_06_the_trace_context_goes_to_our_origin_alone
                given "A client with a trace context, a server that redirects to another origin, and a proxy."
                when "Calls are made directly, to the redirect and through the proxy."
                then "`traceparent` and `tracestate` arrive at our origin, and neither the other origin nor the proxy's \
                    CONNECT has them."
                why "The context ties a call to the rest of a company's traffic; others could follow it."
                fix "Send the given headers only inside the tunnel (see PROXY-02), and follow no redirect (see REDIR-10).";
            "OBS-07" Should obs obs_07_every_failure_is_counted_under_a_code_of_the_closed_set
                given "Servers with six error statuses, a port without a listener, a name without an address, and a \
                    server that is not trusted."
                when "A call is made to each."
                then "Each is counted once, under a code of the closed set, the same as in the error."
                why "Free-text labels break dashboards and fill the memory of a metrics system."
                fix "The client counts by the code, and the code follows from the kind of your error: an `Other` that should \
                    be `Dns` or `Refused` shows here.";
            "OBS-08" Should obs obs_08_one_reminder_at_each_step_before_the_end
                given "A key that expires in forty days, and a clock that is set by hand."
                when "A call is made on each of forty days."
                then "There is one reminder at 30, 14, 7 and 1 days before the expiry."
                why "A missing reminder causes an outage, and one with each call is soon ignored."
                fix "The client reminds, by the validity of the lease. For your transport the case makes forty calls \
                    on one object, days apart by that clock.";
            "OBS-09" Should obs obs_09_the_address_at_the_other_end_is_reported_as_it_is
                given "A server, a server of an unknown issuer, and a proxy before the first."
                when "A call is made to each."
                then "The facts have the address of the peer, which through a proxy is the proxy's; for a failed \
                    handshake they have it or none."
                why "If a name has several addresses, operators need the one that failed."
                fix "Ask the socket for its peer (`peer_addr`) when TCP is connected, and put it into \
                    `ConnectionFacts::peer`.";
            "OBS-10" Must facts obs_10_facts_belong_to_the_connection_that_carried_the_call
                given "Two servers that differ in TLS version, certificate and in asking for a client certificate; and \
                    one that disconnects."
                when "They are called alternately over one transport, over each HTTP version; then at one address, where the \
                    second takes the place of the first."
                then "Every fact belongs to the connection that carried the call, in errors too, or is unset. What one response over a \
                    connection shows, the next ones show too."
                why "A diagnosis with another connection's facts blames the wrong side."
                fix "Keep facts with the connection, not with the transport.";
            "OBS-11" Must obs obs_11_certificate_is_not_reported_as_sent_to_a_refused_server
                given "A server that asks for a client certificate, and whose own certificate is not trusted, under TLS 1.2 and \
                    1.3."
                when "A call is made with an identity."
                then "The facts of the failure do not report the certificate as sent; a transport that sees the request reports it."
                why "The library chooses the certificate before it verifies the server. Reported as sent, it seems \
                    that our certificate was refused, or shown to a third party."
                fix "Set `identity_sent` when the Certificate message is sent, not when the resolver is called.";
            "OBS-15" Must facts obs_15_facts_of_a_resumed_session_are_those_of_the_ledger
                given "Servers that close after each response, by tickets and by ids, under TLS 1.2 and 1.3."
                when "Three calls are made, with and without an identity."
                then "`tls_resumed` is what the ledger has, or unset; a resumed session does not report that it was \
                    not asked."
                why "Reported as *not asked*, a resumed session makes the diagnosis claim that the server wants no \
                    certificate."
                fix "A resumed handshake has no certificate request: leave `identity_requested` unset, or report that \
                    of the first handshake of the session.";
            "OBS-20" Must facts obs_20_facts_of_a_failed_handshake_are_what_was_seen_of_it
                given "Servers that end the handshake before they ask for a certificate, and servers that ask and then \
                    refuse it."
                when "A call is made, with and without an identity, under TLS 1.2 and 1.3."
                then "The facts of the error report a request, a sent certificate and a version only if the server saw them."
                why "A diagnosis depends on them: a certificate that was prepared and never sent would be blamed."
                fix "Set the facts where something is observed, not where it is configured; the table at \
                    `ConnectionFacts` shows what each kind of handshake can show.";
            "OBS-21" Must unhindered obs_21_connection_without_a_response_is_not_reused
                given "A server that responds to two calls only when both have arrived."
                when "The second call is made while the first waits, so that over HTTP/2 they may share a connection."
                then "Neither reports a reused connection."
                why "A connection that carried no response may be one whose server refuses us; the diagnosis excludes that \
                    by this fact."
                fix "Decide when the request is sent whether its connection has carried a response, not when the response \
                    comes.";
            "OBS-22" Must agreed obs_22_identity_whose_key_does_not_fit_is_not_said_to_be_sent
                given "A server that asks for a certificate and accepts only signatures with RSA."
                when "A call is made with an identity on P-384, over TLS 1.2 and 1.3 and each HTTP version."
                then "No certificate is sent, and the facts do not say that one was."
                why "The server sees an anonymous caller. A diagnosis that believes in a sent certificate looks for the fault \
                    in the permissions of its service user."
                fix "Set `identity_sent` from the message that left, or where the key was used for a signature.";
            "OBS-23" Must at_once obs_23_handshakes_at_the_same_time_keep_their_facts_and_identity
                given "Two servers with different certificates, of which one asks for a client certificate, under TLS 1.2 where it is \
                    spoken."
                when "Eight calls are made to them at the same time, over HTTP/1.1 and, through a proxy, over HTTP/2."
                then "The facts of each call are those of its connection, and the identity is presented in each handshake that asks."
                why "Programs begin with many calls at once, and handshakes wait for the network in between."
                fix "Give each connection its own record of its handshake; no field of the transport, no `last`.";
        }
    };
}
