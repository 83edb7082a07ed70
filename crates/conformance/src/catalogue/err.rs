//! The cases ERR. One fault has one code, the cause is shown, and the library's own error is available.

#[doc(hidden)]
#[macro_export]
macro_rules! __err {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "ERR-01" Must platform_response err_01_a_list_of_errors_gives_code_and_message
                given "A platform that responds with 400 with a list under `errors`."
                when "A call is made, for every version of HTTP."
                then "The code and the message of the first entry are stored and shown, under API-06 (the name is \
                    already in use)."
                why "Without them the caller sees a bare 400 and has to guess which field was wrong."
                fix "The client reads the document. A transport only has to hand over status, headers and body of an \
                    error response like those of any other.";
            "ERR-02" Must platform_response err_02_an_error_object_gives_code_and_message
                given "A platform that responds with 422 with an object under `error`."
                when "A call is made, for every version of HTTP."
                then "Its code and message are stored and shown, under API-01."
                why "The services of the platform do not agree on one form; a client that supports only one of them \
                    loses the message of the others."
                fix "The client reads the document. If only yours fails, it turns 4xx into its own error: look for \
                    `error_for_status` or `FAILONERROR`.";
            "ERR-03" Must platform_response err_03_a_status_in_words_is_the_code
                given "A platform that responds with 403 with a `status` in words in its error object."
                when "A call is made, for every version of HTTP."
                then "The words are the code, and the diagnosis is AUT-03."
                why "Programs decide by the code; without it they have to parse a message."
                fix "The client reads the document. A body that is missing was dropped by your library with the status; read \
                    it to the end first.";
            "ERR-04" Must platform_response err_04_a_frameworks_own_error_is_read
                given "A platform that responds with 500 with the error page of a framework: a time, a status, an \
                    `error` and a path."
                when "A call is made, for every version of HTTP."
                then "The text under `error` is the message, whether the status in it is a number or a string, under API-03."
                why "This is what an unexpected fault looks like; a parser that fails on it hides it behind its own error."
                fix "The client reads the document. Do not decode JSON in a transport, and do not repeat a 500.";
            "ERR-05" Must platform_response err_05_a_number_is_a_code
                given "A platform that responds with 400 with a number as code."
                when "A call is made, for every version of HTTP."
                then "The number is the code, as text, beside the message."
                why "A parser that wants a string throws away the message with the number."
                fix "The client reads the document. A failure with your transport alone means a body that is not the one that \
                    was sent (see BODY-01).";
            "ERR-06" Must platform_response err_06_a_body_that_is_not_an_error_document_has_a_bounded_excerpt
                given "Responses that are not an error document: HTML, plain text, an empty body, truncated JSON, with \
                    right and wrong types and many statuses."
                when "The client reads them."
                then "A page or a text is a gateway's (GW-01 to GW-03), truncated JSON and empty bodies are AUT-05, \
                    with a bounded excerpt, also when the status is 200."
                why "Such a response comes from a gateway, and its text is the only hint; the whole text would flood the log."
                fix "Return the body whatever its type, and an empty one as empty. A library that sniffs or converts \
                    text damages the excerpt.";
            "ERR-07" Must platform_response err_07_a_refused_credential_is_read_anew_once_at_most
                given "A platform that responds with 401, and a credential with nothing newer."
                when "A POST is made."
                then "It is AUT-01 after one request; the refusal is reported to the credential once, and it is asked \
                    at most once more."
                why "Retrying with the same key locks accounts, and reading the secret store in a loop locks that."
                fix "The client decides. A second request means that your library retries after a 401 on its own: \
                    switch off its authentication.";
            "ERR-08" Must platform_response err_08_a_missing_second_factor_is_named
                given "A platform that responds with 403 with a text about multi-factor authentication."
                when "A client with a key alone makes a call."
                then "It is AUT-02 and reports the missing certificate."
                why "Otherwise a user with all permissions looks for a missing role."
                fix "The client reads the text. If it is not found, the body of your 403 is empty or cut.";
            "ERR-09" Must platform_response err_09_a_missing_role_asks_for_no_other_credential
                given "A platform that responds with 403 because a permission is missing."
                when "A call is made."
                then "It is AUT-03, and no retry is advised."
                why "Otherwise a valid key is replaced by another one with the same missing permission."
                fix "The client reads the text. Hand the 403 over once and unchanged; a proxy login of the library must not \
                    react to it.";
            "ERR-10" Must platform_response err_10_a_load_balancer_that_misses_a_certificate_is_understood
                given "A load balancer that responds with 400 with the words of nginx for a certificate that is missing."
                when "A client with a key makes a call."
                then "It is HS-01, as for a handshake error."
                why "This page is the only sign of an identity that was not presented, and it looks like a bad request."
                fix "The client reads the page. With an identity configured this response means that yours was not \
                    presented: see IDENT-22.";
            "ERR-11" Must platform_response err_11_a_load_balancer_that_refuses_a_certificate_is_understood
                given "A load balancer that responds with 400 with the words of nginx for a certificate that it refuses."
                when "A client with a certificate makes a call."
                then "It is HS-02, and no retry is advised."
                why "The certificate is expired or unknown there, but a bad request makes operators look at the body \
                    of the call."
                fix "The client reads the page. A transport must not treat a 400 after the handshake as a broken connection.";
            "ERR-12" Must err err_12_the_root_cause_is_in_display
                given "A port without a listener, and a server that is not trusted."
                when "The error is printed."
                then "The root cause and the code are in the text."
                why "Most programs print one line of an error; `error sending request` alone helps no one."
                fix "Clause 9 of `Transport::send`. Keep the library's error as the source (`with_source`), to its \
                    last cause, and never replace one by text.";
            "ERR-13" Must err err_13_the_library_error_is_reached_by_source
                given "A port without a listener, and bodies that are cut by a close and by a reset."
                when "The errors are walked by `source()` and put into a box."
                then "The library's own error is reached, and the error is `Send`, `Sync` and `'static`."
                why "Without it, callers that need the system's error number or the library's kind have to parse text."
                fix "Use `TransportError::with_source` in every place where the library fails; an error created from \
                    its kind alone loses it.";
            "ERR-14" Must err err_14_a_plain_http_port_is_named
                given "A port that speaks plain HTTP."
                when "It is called by https."
                then "It is HO-04 (HS-03 for a stack without details), as not sent."
                why "A named wrong port is fixed in seconds, a corrupt message in hours."
                fix "Map the engine's error for an invalid record to `NotTls`. OpenSSL reports `wrong version \
                    number`, rustls a corrupt message.";
            "ERR-15" Must err err_15_dns_refusal_and_reset_have_three_codes
                given "A name without an address, a port without a listener, and a server that closes before it responds."
                when "Each is called."
                then "They are NET-05, NET-06 and NET-07 (HS-03 for the last, where the stack cannot distinguish a refused \
                    identity)."
                why "Different teams fix DNS, a firewall and a crashing server."
                fix "Walk the causes down to the system's error. Libraries report the first two as connect errors; \
                    look for a separate resolver error type.";
            "ERR-16" Must err err_16_one_fault_has_one_code_or_the_wider_one
                given "Servers that respond with something that is not HTTP, with half a head, or not at all."
                when "Each is called."
                then "They are `Protocol`, `Interrupted` or `Protocol` with delivery unknown, and `Interrupted`."
                why "Alarms and retries depend on codes; they must not depend on the chosen stack."
                fix "Map a parse error to `Protocol` and an early end to `Interrupted`. The wildcard arm of your \
                    mapping should be `Other`, never a guess.";
            "ERR-17" Should platform_response err_17_the_transaction_id_is_kept
                given "A platform that responds with 500 with a transaction id in a header."
                when "The error is read."
                then "The id is stored and shown in the diagnosis."
                why "It is the first thing that support asks for."
                fix "Clause 4 of `Transport::send`: all received headers, of error responses too.";
            "ERR-18" Must platform_response err_18_an_endless_or_bottomless_response_is_bounded
                given "An error response that announces 100 MiB, and documents nested ten thousand times."
                when "The client reads them."
                then "The error is short, the rest is not read, and the connection is closed."
                why "Otherwise any server could fill the memory or overflow the stack of the caller with one response."
                fix "The client stops reading and drops the body. Then close the connection, and do not read ahead \
                    without a bound.";
            "ERR-19" Must err err_19_an_end_right_after_the_handshake_is_never_waited_out
                given "A server that closes each connection right after the handshake."
                when "Two hundred calls are made on one transport, twenty at a time."
                then "Every one fails at once, and none of them by its time limit."
                why "In about one call of a hundred the end is missed, and its caller waits for the whole timeout."
                fix "A lost wake-up: look for an end of the connection that arrives between two reads or while the \
                    request is written, and for events that are taken by edge. hyper has one (hyperium/hyper#4122): record \
                    the end of the connection below it, and fail the calls that wait on it.";
            "ERR-20" Must err err_20_outside_its_runtime_a_call_ends_with_a_response_or_an_error
                given "A transport that was created inside a runtime, and one that is created outside."
                when "A call is driven on a thread on which no runtime was entered."
                then "It succeeds, or fails as `NoRuntime` with nothing sent; it never panics."
                why "A panic in a library ends the program's thread, far from the mistake that caused it."
                fix "Ask your runtime for its current handle before anything is started, and return its absence as an error.";
            "ERR-21" Must err err_21_no_cause_of_a_failure_is_without_words
                given "A name without address, a port without server, a server that hangs up, and one of an unknown issuer."
                when "A call is made to each, and the error is followed to its root."
                then "Every error in the chain has a message."
                why "Operators often have only the log, and an empty cause looks like a lost one."
                fix "Give each of your error types a text in `Display`, and its cause in `source`.";
            "ERR-22" Must err err_22_response_head_up_to_the_limit_is_read
                given "Responses with 240 fields of as many names and of one name, and with 60 KB in three values and in three names, over \
                    HTTP/1.1 and HTTP/2."
                when "A GET is made for each."
                then "Every field arrives."
                why "Security policies and cookies of a proxy make large heads, and the limit must not depend on the transport."
                fix "Raise the limits of your library above `HeadLimit` (64 KB, 256 fields): hyper reads 100 fields, and 16 KB \
                    over HTTP/2.";
            "ERR-23" Must err err_23_response_head_over_the_limit_is_named
                given "Responses with 300 fields of as many names and of one name, and with 100 KB in five values and in five names, over \
                    HTTP/1.1 and HTTP/2."
                when "A GET is made for each."
                then "The error is `HeadLimit`, and the server has the request once."
                why "As an interrupted connection it would be retried four times, and the client certificate would be suspected."
                fix "Check what arrived with `HeadLimit::check`, and report your library's own limit as `HeadLimit::unmeasured`.";
            "ERR-24" Must invalid_http err_24_response_that_is_not_valid_http_is_net_10_after_one_attempt
                given "Responses that break a rule: a blank before a colon, HTTP/2.0 in the status line, lines that end in LF \
                    alone; over \
                    HTTP/2 a `connection` header and an upper-case field name."
                when "A client with retries makes a GET for each."
                then "The error is NET-10 after one attempt. A lenient library may return the response."
                why "As an interrupted connection it is tried four times, and the client certificate is suspected."
                fix "Map the errors of your library's parser, and what its HTTP/2 finds wrong on its own, to `Protocol`.";
            "ERR-28" Must platform_response err_28_a_page_of_a_gateway_is_not_the_platforms_verdict
                given "A gateway that responds with a web page, headers of its own and 401, 403, 404, 407, 429, 500, 502 or 503."
                when "A GET is made, for every version of HTTP."
                then "It is GW-01 or GW-02 after one request, with status, title, `Server` and `Via`; the service user is not \
                    blamed."
                why "A firewall that refuses a request would be reported as a missing role, which operators then look \
                    for in vain."
                fix "Clause 4 of `Transport::send`: all headers, and every status as a response. A 407 through a tunnel is not the \
                    proxy's refusal of the tunnel; switch off authentication by the library.";
            "ERR-29" Must platform_response err_29_an_encoded_response_is_named_and_none_of_it_shown
                given "A gateway that encodes responses with `br` although no encoding was requested, with 200, 401, \
                    403 and 503."
                when "A GET is made and its JSON is read."
                then "The error is GW-04 with the name of the encoding, and none of the bytes is shown."
                why "A refusal that cannot be read does not prove a missing role, and raw bytes do not belong on a terminal."
                fix "Clause 4 of `Transport::send`: no decompression, and `Content-Encoding` is handed over with the other \
                    headers.";
            "ERR-34" Must failures err_34_no_cause_of_a_failure_quotes_path_or_query
                given "Calls that fail in some 25 ways, before and in HTTP/1.1 and 2 and at a proxy, some of them uploads, each with ids in the path and a token in the query."
                when "The error and all its causes are printed, by Display and Debug."
                then "Neither path nor query is shown."
                why "Errors go to logs and tickets; queries hold tokens and the names of people."
                fix "Strip the URL from errors of your library (reqwest: `without_url`), and do not quote the request.";
            "ERR-35" Must once err_35_unsafe_request_is_not_repeated_when_http11_is_required
                given "An HTTP/2 server that resets the stream with HTTP_1_1_REQUIRED and would answer over HTTP/1.1."
                when "POST, PUT, PATCH and DELETE are made."
                then "Each is sent once, and the error has delivery unknown."
                why "Nothing proves that the request was not processed; the client decides whether to retry."
                fix "Report `Http11Required` with `Delivery::Unknown`; switch the library's own fallback off.";
            "ERR-36" Should once err_36_get_is_not_repeated_when_http11_is_required
                given "An HTTP/2 server that resets a stream with HTTP_1_1_REQUIRED."
                when "A GET is made, which would be safe to retry."
                then "The server has the request once."
                why "A retry that the caller does not see is missing from every count of calls and from the rate limit."
                fix "Switch the library's own fallback to HTTP/1.1 off, as for ERR-35.";
            "ERR-37" Must once err_37_alert_after_the_request_was_read_leaves_delivery_unknown
                given "A TLS 1.3 server that reads a POST and then ends the connection with an alert, the first or the second of a connection."
                when "The POST is made."
                then "It fails with `Delivery::Unknown`, whatever the alert, and as `PeerAlert` with its number where alerts are declared."
                why "Under TLS 1.3 an alert may come long after the handshake. A POST that was read but is reported \
                    as unsent is sent again; and an alert that is lost is a connection that broke, which calls for a retry."
                fix "An alert proves *not sent* only if it came before the request was written. Keep the alert of the first read.";
            "ERR-40" Must alerts err_40_alert_is_reported_only_where_the_server_sent_it
                given "Servers that respond to a TLS hello with one of TLS 1.1, with clear text, with the end of the \
                    connection, and with the alerts 40, 70, 71 and 80."
                when "A call is made, for every version of HTTP."
                then "`PeerAlert` is reported for the alerts only, each with its number; nothing was sent."
                why "An alert means that the server refused us. One that was never sent makes an administrator look \
                    in the wrong log."
                fix "Map only a received alert to `PeerAlert`. What your library refuses itself, for lack of a common \
                    version or cipher, is `TlsIncompatible`.";
            "ERR-41" Must lost err_41_lost_response_leaves_delivery_unknown_in_every_setting
                given "Servers that read a request to one path and then reset the connection, over HTTP/1.1 and 2, under TLS 1.2 \
                    and 1.3, \
                    direct and through a proxy, with and without an identity."
                when "Each method is sent to it, marked with an idempotency key, on a new connection and on one that has carried a response, on \
                    transports that are new, that had responses of success or failure, or calls that were lost or \
                    dropped, and beside another one."
                then "It fails as `Interrupted` with delivery unknown, a request other than GET arrived once, and the \
                    next call succeeds."
                why "The request may have been processed. Reported as unsent, or retried by the library, a signature \
                    is made and paid twice."
                fix "Disable retries on used connections. `NotSent` requires proof that no byte was written.";
            "ERR-50" Must call_table err_50_call_that_is_cut_ends_alike_in_every_phase
                given "A server or a proxy that ends the call in each phase: TCP, CONNECT, the handshake, the upload, before, in \
                    and after the \
                    head; by refusal, FIN, RST, `RST_STREAM` or GOAWAY."
                when "GET and POST are made over HTTP/1.1 and 2, in turn under TLS 1.2 and 1.3, direct and through a proxy."
                then "Each fails with kind and delivery of docs/time-and-delivery.md."
                why "Whether a request is retried, and what the caller learns, depends on these two values."
                fix "The failure names the cell. Record in your connector how far a connection has come; do not \
                    derive it from the text of an error.";
            "ERR-60" Must failures err_60_the_librarys_error_is_the_source_and_not_its_text
                given "Those calls of ERR-34 that fail with an error of the system, of TLS or of HTTP."
                when "The error is followed to its root."
                then "The root is the error of the library, and not a text that was made of it."
                why "Programs find the reason by its type: the code of the system, the alert, the reason of a reset."
                fix "Clause 9 of `Transport::send`. Pass the error on as the source: no `io::Error::other(error.to_string())` on \
                    the way, and a `source` in each of your error types.";
            "ERR-61" Must failures err_61_a_failure_is_reported_as_its_own_whatever_failed_before
                given "A port without a listener, and servers that fail a call in nine other ways, from an alert to a body that is cut."
                when "One transport meets each of them after each other one and after itself."
                then "Each has the kind and the delivery that it has as the first call of a transport."
                why "What is kept of one failure is reported with the next: an alert of the morning explains the broken network of the evening."
                fix "Keep what was seen of a connection with that connection, and end it with it.";
        }
    };
}
