//! The cases RETRY. What is retried over a real network connection, and what is not.

#[doc(hidden)]
#[macro_export]
macro_rules! __retry {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "RETRY-01" Must retry retry_01_a_get_is_repeated_after_a_503
                given "A server that responds with 503 once and then 200."
                when "A client makes a GET."
                then "There are two attempts and one wait, and the call succeeds."
                why "Otherwise a restart of one node of the platform is an error for every caller."
                fix "The client retries. If there are three requests, your library retries a 503 too; if there is \
                    one, it turned the status into an error.";
            "RETRY-02" Must retry retry_02_a_429_is_waited_out_to_the_second
                given "A server that responds with 429 with `Retry-After: 2`."
                when "A GET is made, in virtual time."
                then "The client waits for two seconds exactly and succeeds."
                why "Retrying earlier prolongs the limit for everyone who shares the key."
                fix "The client waits. If the delay differs, the header was lost on the way: pass on all of them.";
            "RETRY-03" Must retry retry_03_a_date_is_measured_by_the_servers_clock
                given "A server that responds with 503 with a date in `Retry-After`, and whose clock is decades off."
                when "A client makes a GET."
                then "The delay is the difference of the server's own two dates, and a default one if the date has passed."
                why "With two clocks that differ, a date alone means waiting for hours or not at all."
                fix "The client reads `Date` together with `Retry-After`. A cache or a library that sets `Date` \
                    itself falsifies the difference.";
            "RETRY-04" Must retry retry_04_a_wait_beyond_the_deadline_fails_at_once
                given "A server that asks for a delay beyond the deadline."
                when "A client makes a GET."
                then "It fails at once with AUT-04 after one attempt, and reports when to retry."
                why "Waiting for what cannot come in time only delays the caller."
                fix "The client decides. A second request or a delay means that your library obeys `Retry-After` on its own.";
            "RETRY-05" Must retry retry_05_a_post_that_was_sent_is_one_attempt_unless_marked
                given "A server that reads a POST and resets the connection."
                when "It is made without and with the idempotent mark."
                then "There is one attempt without the mark, and two with it."
                why "What may have been processed must not be retried unless the caller declares that it is safe."
                fix "Clause 3 of `Transport::send`, and `Delivery::Unknown` in the error. A reset after the request was \
                    written must not look like a failed connect.";
            "RETRY-06" Must retry retry_06_a_post_that_was_not_sent_may_be_repeated
                given "A port without a listener at first."
                when "A POST is made, and the server starts to listen between two attempts."
                then "It succeeds after more than one attempt."
                why "Refusing to retry what was never sent makes each deployment of the server an outage."
                fix "`Refused` with `Delivery::NotSent` is what allows it. A cached failure of the connection (a \
                    back-off of the library) prevents success.";
            "RETRY-07" Must retry retry_07_a_refused_certificate_is_one_attempt
                given "A server that does not know our authority, over TLS 1.2 and over TLS 1.3."
                when "A call with the certificate is made."
                then "There is one attempt, without a delay, over one connection."
                why "The late alert of TLS 1.3 looks like a broken connection, and a refused certificate is then \
                    presented again and again."
                fix "Keep the alert and the facts in the error, so that the client can distinguish them, and disable \
                    the library's own second attempt.";
            "RETRY-08" Must retry retry_08_what_the_platform_refused_is_one_attempt
                given "A server that responds with 400, 401, 403, 404, 409 or 422."
                when "A client makes a GET."
                then "There is one attempt, without a delay."
                why "The same request gets the same response, and repeated 401s lock an account."
                fix "The client decides by the status. A second request comes from your library: look for its authentication \
                    and its retry middleware.";
            "RETRY-09" Should retry retry_09_a_closed_pooled_connection_fails_no_call
                given "A server that closes each connection right after its response, without announcing it."
                when "Four GETs are made."
                then "All four succeed, each sent once."
                why "Pooled connections die without any fault, and otherwise every first call after a pause would fail."
                fix "Check whether a pooled connection has ended before you write to it. If it ends while you write, \
                    report `Interrupted`; the client retries a GET.";
            "RETRY-10" Should retry retry_10_the_budget_bounds_the_load_of_a_hundred_callers
                given "A server that always responds with 503, and a hundred callers with a common budget."
                when "All make a call at once."
                then "There are a hundred and ten requests, and no delay is longer than allowed."
                why "Retries without a budget multiply the load on a platform that is already down."
                fix "The client keeps the budget. More requests are retries of your library.";
            "RETRY-11" Should retry retry_11_a_401_is_repeated_once_with_a_newer_key
                given "A platform that refuses the old key, and a credential that gets a newer one when it is refused."
                when "A POST is made."
                then "It is retried once with the newer key, and only if there is one."
                why "A key that was rotated in the store must not cost a call, and a refused one must not be sent twice."
                fix "The headers of the second `send` differ: use no default headers and no cached request in your \
                    transport.";
            "RETRY-12" Must retry retry_12_a_repeated_put_has_the_same_bytes
                given "A server that responds with 503 twice, and a PUT with 400,000 bytes."
                when "A client makes it."
                then "All three requests have the same bytes."
                why "A body that was a stream is empty the second time, and the platform stores nothing under a valid name."
                fix "Every `send` has its own `Bytes`. Look for a reader in the library's handle that was not reset.";
            "RETRY-13" Should retry retry_13_attempts_and_waits_are_in_the_last_error
                given "A server that always responds with 503."
                when "A GET with three attempts is made."
                then "The error has the number of attempts and every delay."
                why "An error after a minute that looks like one after a millisecond misleads operators."
                fix "The client counts. If the count is wrong, one `send` of yours made more than one request.";
            "RETRY-14" Should retry retry_14_an_http2_stream_is_repeated_only_if_unprocessed
                given "A server of HTTP/2 that refuses the stream, sends GOAWAY before it, or resets it with an \
                    internal error."
                when "A POST is sent."
                then "The first two have delivery not sent, and the last has delivery unknown."
                why "RFC 9113 promises that the first two were not processed; otherwise each restart of a gateway \
                    fails calls."
                fix "Read the reason of the reset: `REFUSED_STREAM`, and a GOAWAY whose last stream is below ours, are \
                    `NotSent`. All else is `Unknown`.";
            "RETRY-15" Should retry retry_15_a_status_about_the_connection_is_repeated_on_a_new_one
                given "A server that responds with 408, 421 or 425 on its first connection, to every request, and 200 \
                    on the next."
                when "A client makes a GET."
                then "There are two attempts, two requests and two connections, and the call succeeds."
                why "The status concerns the connection: a retry on it gets the same response."
                fix "The client creates a new transport for the retry, which has no connections yet (clause 7). More \
                    requests are retries of your library.";
            "RETRY-20" Must faithful retry_20_no_status_makes_a_transport_ask_again
                given "A server that responds with a status of the caller's choice, with `Retry-After: 0` among its headers."
                when "A GET, a POST, in turn another method, and the GET again get each of 17 statuses in each \
                    setting, on transports that are new, that had responses of success or failure, or calls that were \
                    lost or dropped, and beside another one."
                then "Each is returned unchanged, after one request, and a response with `Retry-After: 3600` at once."
                why "Retries belong to the client, which has a budget, a deadline and knows what may be retried. A \
                    library that also retries multiplies the load, and repeats signatures."
                fix "Clause 3 of `Transport::send`. Disable the library's retries and its authentication, which \
                    retries a request after a 401 or 407.";
            "RETRY-21" Must same_everywhere retry_21_an_interrupted_call_is_sent_once_in_each_setting
                given "A server that ends its connection after it has read a request."
                when "A GET and in turn each other method meet it over each HTTP version and TLS version, direct and \
                    through a proxy, with and without an identity."
                then "Each is one connection and one error: interrupted, delivery unknown, with the facts of the ledger."
                why "A request with a wrong delivery is retried although it was processed, or given up although \
                    nothing was sent."
                fix "Clause 3 and 9 of `Transport::send`. Create the errors of all settings in one place.";
            "RETRY-22" Must same_everywhere retry_22_a_failure_is_reported_the_same_in_each_setting
                given "A port without a listener, a name without address, clear text, proxies that refuse, hang up or \
                    do not exist, servers that respond with garbage or refuse a certificate."
                when "Each is called twice over each HTTP version and TLS version, direct and through a proxy, with \
                    and without an identity, with each method in turn, a query and a key."
                then "One failure has one kind and one delivery in all settings, a cause, one attempt, and shows no secret."
                why "An operator finds the cause by the code. A code that depends on other settings is misleading."
                fix "Map errors in one place for all settings, by what happened and not by where the library reported it.";
            "RETRY-30" Must refused_stream retry_30_a_refused_stream_is_sent_once
                given "An HTTP/2 server that refuses a stream by REFUSED_STREAM, or by a GOAWAY below it, or resets it by \
                    another code, on a new or a used connection, in each setting."
                when "POST, PUT, PATCH and DELETE are made in turn, and a GET after each."
                then "One stream is opened for each, on one connection. The error has delivery not sent for the first two, \
                    and unknown for the codes. The GET gets its response."
                why "Such a request may be retried, and the client does so within its budget. A library that also retries \
                    multiplies the load on a server that has too much of it."
                fix "Clause 1 of `Transport::send`. Switch the library's own retries off (reqwest: `retry::never()`).";
            "RETRY-31" Must refused_stream retry_31_a_refused_stream_of_a_get_is_sent_once
                given "The servers of RETRY-30."
                when "GET and HEAD are made in turn."
                then "One stream is opened for each, on one connection, and the error has the delivery of RETRY-30."
                why "A retry that the caller does not see is missing from every count of calls and from the rate limit."
                fix "As for RETRY-30. libcurl has no option for it: over libcurl, speak HTTP/1.1 alone.";
        }
    };
}
