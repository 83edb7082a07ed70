//! The cases CRED. Credentials are sent once, as the mode requires.

#[doc(hidden)]
#[macro_export]
macro_rules! __cred {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "CRED-01" Must cred cred_01_a_key_is_sent_once_and_exactly
                given "A client with an API key, and a server that also accepts certificates."
                when "One call is made."
                then "Exactly one `x-api-key` arrives with the exact value, on the platform host, and no certificate."
                why "A key that is sent twice or changed gets a 401 although the key itself is valid."
                fix "Clause 4 of `Transport::send`. Pass headers on unchanged, and present no identity if \
                    `TransportConfig::identity` is none.";
            "CRED-02" Must cred cred_02_a_certificate_goes_alone
                given "A client with a certificate and no key, and a server that asks for one."
                when "One call is made."
                then "The call goes to the `clientauth` host, the server sees this very certificate, and no `x-api-key` \
                    arrives."
                why "A configured certificate that is not presented makes an anonymous call of what the caller \
                    believes to be authenticated."
                fix "Pass `TransportConfig::identity` to the TLS engine as its client certificate; look for a library \
                    that ignores identities it cannot read.";
            "CRED-03" Must cred cred_03_both_go_together
                given "A client with a certificate and a key."
                when "One call is made."
                then "The key arrives once and the certificate is presented, on the `clientauth` host."
                why "Calls that need both factors, signing above all, fail with a 403 about multi-factor authentication."
                fix "An identity must not change how headers are sent, nor the reverse; look for separate code paths \
                    per mode in your transport.";
            "CRED-04" Must cred cred_04_a_callers_own_key_header_is_a_local_error
                given "A client with a key, and a caller who sets `X-API-Key`, `Host` or `Authorization` in any letter case."
                when "The call is made."
                then "It is the local error CFG-01, and no connection is opened."
                why "With two keys in one request the server decides who is calling, and a `Host` of the caller sends \
                    the key to another tenant."
                fix "The client refuses the header before the transport is called. If a connection is opened, your \
                    transport opens one before `send`.";
            "CRED-05" Must cred cred_05_what_surrounds_a_pasted_key_is_left_out_with_a_warning
                given "A key file with a line end, blanks, quotes or a byte order mark around the key."
                when "It is read and a call is made."
                then "The bare key arrives, and one warning names the file without the value."
                why "A pasted line end is the most common reason for a 401, and invisible in an editor."
                fix "The reader of credentials trims. If only the arriving key is wrong, your transport changes \
                    header values; pass them on as bytes.";
            "CRED-06" Must cred cred_06_an_empty_key_is_a_local_error
                given "A source that returns an empty key."
                when "A call is made."
                then "It is a local error that names the variable, and no connection is opened."
                why "An empty variable in a deployment would look like a key that the platform does not know, which \
                    is misleading."
                fix "The core crate refuses the key and no transport is created. A connection was opened by \
                    `connect`, which must do no I/O.";
            "CRED-07" Must cred cred_07_a_changed_key_needs_no_new_client
                given "A credential that returns another key at each call."
                when "The same client makes two calls."
                then "The first arrives with the first key and the second with the second."
                why "With a cached key, a rotation needs a restart, and the old key is used after it was revoked."
                fix "Use the headers of each request as given: no default headers on the library's client, no cache \
                    of prepared requests.";
            "CRED-08" Must cred cred_08_a_failing_credential_sends_nothing
                given "A credential that fails."
                when "A call is made."
                then "The error names the source, nothing is sent, and in particular no call without a credential."
                why "An anonymous call instead of a failed one hides the outage of a secret store behind a 401 or, \
                    worse, a public response."
                fix "The client asks for the credential before it calls the transport. A connection here means that \
                    the transport opened one too early.";
            "CRED-09" Must cred cred_09_a_slow_source_is_read_once_for_a_hundred_calls
                given "A source that takes 200 milliseconds, and a hundred concurrent calls."
                when "All of them are started at once."
                then "The source is read once, and all hundred calls succeed with the same key."
                why "A burst of calls would overload the secret store, which then refuses all of them, or return two \
                    different keys."
                fix "The credential merges the readings. If calls fail only with your transport, a hundred concurrent \
                    calls are too many for its pool: let them wait.";
            "CRED-10" Should cred cred_10_the_key_is_never_indexed_in_http2
                given "A server of HTTP/2 that records the frames as they are on the wire."
                when "A call with an API key is made."
                then "The name of the header is written as a never-indexed literal (RFC 7541 section 6.2.3)."
                why "An indexed key stays in the compression tables of every gateway in between, where later requests \
                    can be used to guess it."
                fix "The client marks the value as sensitive (`HeaderValue::is_sensitive`). Keep the `HeaderValue` \
                    itself; a copy of its bytes loses the mark.";
            "CRED-11" Must cred cred_11_an_ended_credential_is_a_local_error_unless_allowed
                given "A certificate, a key or a service user whose end date has passed."
                when "A call is made without and with `allow_expired`."
                then "The first is a local error that names the source and how long ago it expired, without a \
                    connection; the second is sent and the server decides."
                why "An expired credential gets a TLS alert or a 401 without a clear reason; our own clock gives it."
                fix "The client checks the dates. The transport must send an expired identity if it is given one: \
                    disable the library's own date check.";
            "CRED-12" Must cred cred_12_an_unauthenticated_call_shows_nothing
                given "A client with certificate and key, which has already made a call."
                when "A call is made with the unauthenticated mark."
                then "It arrives without a key and over a connection on which no certificate was presented."
                why "Otherwise an open endpoint, or a server that responds in its place, learns the caller's identity \
                    from a pooled connection."
                fix "The client creates a transport without identity for it. Keep pools and TLS sessions in the \
                    transport object and not in a static of the library.";
            "CRED-20" Must unasked cred_20_no_output_of_the_process_shows_a_credential
                given "A server that records requests, and a process in which a key, an identity and a body are sent."
                when "Calls of each method succeed and fail over each HTTP version, over HTTP/2 through a proxy, with a log asked for in \
                    the environment, and everything \
                    that the process writes to its two streams is read."
                then "It contains no credential, body or private key."
                why "The output of a service ends up in logs of its host, which many may read. A library's verbose \
                    mode writes there and not to the program's log."
                fix "Keep verbose and debug modes of the library disabled, and write nothing with `println!` or `dbg!`.";
            "CRED-21" Must same_everywhere cred_21_no_log_shows_a_secret_in_any_setting
                given "A server whose responses hold a secret, and a proxy with a password; each HTTP version, each TLS version, \
                    direct and through a proxy, with and without an identity."
                when "Calls of each method with an API key succeed and fail in these settings, and every log line is \
                    read."
                then "Neither key, password, request body, response body nor response header is logged."
                why "A log line that exists only behind a proxy is written at the customer's site, and not where it \
                    is tested."
                fix "Look for log calls in code that only this setting uses.";
        }
    };
}
