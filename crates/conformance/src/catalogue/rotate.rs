//! The cases ROTATE. After a rotation, new calls use the new identity, calls in flight end with the old one, and none fails.

#[doc(hidden)]
#[macro_export]
macro_rules! __rotate {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "ROTATE-01" Must rotate rotate_01_the_call_after_a_swap_is_made_as_the_new_one
                given "A server that requires a certificate, and a credential that can be replaced."
                when "A call is made, the certificate is replaced, and a call is made."
                then "The first has the old identity and the second the new one."
                why "A rotation that needs a restart is noticed on the day on which the old certificate expires."
                fix "The client creates a new transport for each generation. Use the identity of the configuration \
                    and store none in a static of the library.";
            "ROTATE-02" Must rotate rotate_02_no_new_request_goes_over_an_old_connection
                given "Open connections with the old identity, for every version of HTTP."
                when "The certificate is replaced and calls are made."
                then "All of them have the new identity, and the old connections are closed."
                why "A connection outlives its certificate: after a theft the old one could be used as long as the \
                    connection is open."
                fix "Clause 7 of `Transport::send`, and close the idle connections when the transport is dropped.";
            "ROTATE-03" Must rotate rotate_03_a_session_of_the_old_identity_is_never_resumed
                given "A server that resumes sessions, over TLS 1.2 and over TLS 1.3."
                when "The certificate is replaced and a call is made."
                then "It is a full handshake with the new identity."
                why "A resumed session presents no certificate: the server continues with the remembered old one."
                fix "Use a session cache for each transport. rustls shares one if the configuration is cloned, \
                    libcurl if the file has the same name.";
            "ROTATE-04" Must rotate rotate_04_what_is_in_flight_ends_as_it_began
                given "A slow call in flight with the old identity, for every version of HTTP."
                when "The certificate is replaced and a quick call is made meanwhile."
                then "The slow one completes with the old identity, and the quick one has the new one."
                why "A rotation that aborts calls leaves signatures of unknown state."
                fix "The future of `send` and the body must own what they need, so that dropping the transport does \
                    not end them.";
            "ROTATE-05" Must watch rotate_05_a_broken_replacement_changes_nothing_and_is_reported_once
                given "A watched directory, in which a good pair is replaced by a mismatch, by garbage and by an expired one."
                when "It is read again three times after each, with calls between."
                then "The good one stays in use, no call fails, and each change is reported once."
                why "A typing error in a pipeline would stop everything at once, or fill the log with one line."
                fix "The credential refuses invalid content. If calls fail, your transport depends on the files after \
                    `connect`.";
            "ROTATE-06" Must watch rotate_06_ten_swaps_of_a_kubernetes_volume_are_ten_generations
                given "A volume of Kubernetes whose `..data` link is swapped ten times."
                when "A client watches it with events only and makes calls."
                then "Each swap is one generation, in use soon after, and none is seen incomplete."
                why "Kubernetes delivers every secret like this; a watcher of files misses the swap of a link two \
                    levels above."
                fix "The credential watches. If calls fail only with your transport, ten transports in a row are too many for \
                    it: see POOL-07.";
            "ROTATE-07" Must watch rotate_07_overwritten_renamed_and_recreated_files_are_each_seen
                given "A watched directory."
                when "The pair is overwritten, renamed over, and removed and written again."
                then "Each change is in use soon after, and the removed pair stays in use until then."
                why "Each tool writes in a different way, and a watch on a file is lost when that file is replaced."
                fix "The credential watches the directory. A transport that uses a path by mistake fails here: \
                    identities come from the configuration.";
            "ROTATE-08" Must watch rotate_08_a_certificate_before_its_key_fails_no_call
                given "A directory in which the new certificate arrives before its key."
                when "Twenty calls are made in between, and then the key is written."
                then "No call fails, the old pair is used until then, and there is one new generation."
                why "Between two writes there is always a moment without a matching pair, and busy services hit it."
                fix "The credential accepts only matching pairs. If a call fails, your `connect` was given a pair \
                    that it combined itself.";
            "ROTATE-09" Should watch rotate_09_without_events_polling_sees_a_change
                given "A directory that is polled, without events of the file system."
                when "The pair is replaced."
                then "The new one is in use soon after."
                why "Network volumes and some containers send no events; without polling a rotation there is never noticed."
                fix "The credential polls. If the old certificate keeps arriving, your transport holds on to it: see \
                    ROTATE-02 and ROTATE-03.";
            "ROTATE-10" Must watch rotate_10_the_same_bytes_again_make_no_new_generation
                given "A watched directory."
                when "The same bytes are written again, three times."
                then "No new generation, no event, and calls continue."
                why "Otherwise tools that rewrite unchanged files would cost every caller its connections each time."
                fix "The credential compares the content. A transport is involved only by its calls: see POOL-01 if \
                    they fail.";
            "ROTATE-11" Must rotate rotate_11_a_thousand_calls_and_twenty_swaps_without_a_failure
                given "A server that requires a certificate, and a credential that is replaced twenty times."
                when "A thousand calls are made meanwhile."
                then "None fails, each is made with one valid identity, and generations never decrease."
                why "What fails once in a thousand calls fails every day in production, usually at night, when \
                    certificates rotate."
                fix "Check the moment in which the last handle of the old transport is dropped while one of its calls \
                    starts or ends (ROTATE-04, POOL-07).";
            "ROTATE-12" Should rotate rotate_12_a_replacement_that_the_platform_refuses_does_not_go_live
                given "A platform that refuses the new certificate, and a client that verifies rotations."
                when "The certificate is replaced and calls are made."
                then "One verifying call is made with the new identity, and all others continue with the old one and succeed."
                why "An unregistered certificate would take a service down at the moment of its installation."
                fix "The client verifies on a separate transport. More than one request with the new identity is a \
                    retry of your library.";
            "ROTATE-13" Should rotate rotate_13_another_key_alone_keeps_the_connections
                given "A client with certificate and key, of which only the key changes."
                when "Calls are made before and after."
                then "Each arrives with the current key, and over HTTP/2 on the same connection."
                why "Keys are changed often; new handshakes for each of them are unnecessary."
                fix "The client keeps the transport. A new connection means that yours does not reuse the old one: \
                    see POOL-01.";
            "ROTATE-14" Must rotate rotate_14_both_authorities_in_one_bundle_leave_no_gap
                given "A bundle with the old and the new authority of the servers, and a server under each."
                when "Both are called by one transport."
                then "Both calls succeed."
                why "An authority is replaced server by server; for a while both must be trusted, or calls fail in between."
                fix "Pass all roots to the engine. Look for a library that reads only the first certificate of a bundle.";
            "ROTATE-15" Must rotate rotate_15_the_key_of_a_drained_identity_is_wiped
                given "A client whose identity was replaced and whose old transport has drained."
                when "The old identity is checked through its witness."
                then "The old private key is gone from memory."
                why "A key that stays in memory is found in a core dump long after it was replaced."
                fix "Keep no clone of `ClientIdentity` longer than the transport lives; look for closures, statics and \
                    connections that keep the configuration.";
            "ROTATE-16" Should watch rotate_16_a_sighup_has_the_files_read
                given "A client that polls files every hour, without events."
                when "The pair is replaced and the process gets SIGHUP (elsewhere it asks for a reload)."
                then "The new one is in use soon after, and not before the signal."
                why "Operators expect this signal of a daemon; without it they restart it and lose the calls in flight."
                fix "The credential handles the signal. Look for a library that installs its own handler for it.";
        }
    };
}
