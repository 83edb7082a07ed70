//! The cases POOL. Transports do not share connections.

#[doc(hidden)]
#[macro_export]
macro_rules! __pool {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "POOL-01" Must pool pool_01_two_calls_share_one_connection
                given "A server that records which connection carries each request, and responds with 200, 404 and 503 in turn, or \
                    with 204 and 304."
                when "Twelve GETs or HEADs are made in a row, for every version of HTTP."
                then "They share connections, at most six, and the fact `reused` equals what the server saw, or is unset."
                why "A handshake for each call costs the caller half a second and loads the platform."
                fix "Keep one client of the library in the transport for its whole lifetime, and read bodies to their \
                    end so that connections are returned to the pool.";
            "POOL-02" Must pool pool_02_two_identities_share_nothing
                given "A server that requires a certificate and hands out tickets, and two identities."
                when "A transport is created for each, and calls are made."
                then "Each has its own connections, and the first of each is a full handshake with its own certificate."
                why "A resumed session shows the old identity, so the second caller acts as the first one."
                fix "Clause 7 of `Transport::send`. Create the engine's session cache in `connect`; look for a static \
                    one, and for caches keyed by host alone.";
            "POOL-03" Must pool pool_03_key_and_certificate_clients_share_nothing
                given "A client with a key and a client with a certificate, at one address."
                when "They make calls alternately."
                then "No request with the key uses a connection with the certificate, nor the reverse."
                why "A request with a key over another caller's mutual TLS has two callers, and the platform chooses one."
                fix "Clause 7 of `Transport::send`. Look for a global agent or handle that all transports of the process \
                    share (libcurl's share interface, isahc's default client).";
            "POOL-04" Should pool pool_04_two_hundred_calls_at_once_stay_within_the_servers_limit
                given "A server that allows a hundred streams on a connection of HTTP/2."
                when "Two hundred calls are made concurrently, for every version of HTTP."
                then "All succeed, with at most a hundred at a time on one connection of HTTP/2 and one on one of HTTP/1.1."
                why "Streams beyond the limit are refused, and the busiest programs fail first."
                fix "Let calls wait for a free stream or open a further connection. Look for a pool that shares its \
                    HTTP/2 connection without counting.";
            "POOL-05" Should pool pool_05_an_idle_connection_is_closed
                given "A transport whose idle limit is short."
                when "A call is made, then a pause, then another call."
                then "The server sees the first connection close, and the second call uses a new one."
                why "Firewalls silently drop connections that stay open, and the next call waits for its whole limit."
                fix "Pass `Timeouts::pool_idle` to the library. Some check the age only when they need a connection \
                    (libcurl): close with your own timer.";
            "POOL-06" Must pool pool_06_a_connection_that_broke_the_protocol_is_not_used_again
                given "A server that responds with garbage, with more than it announced, or with a broken chunk."
                when "The next call is made on the same transport."
                then "It uses another connection and gets its own response."
                why "Leftover bytes become the response of the next caller, which an attacker can use to forge one."
                fix "Discard a connection after each protocol error and whenever bytes are left after a response.";
            "POOL-07" Must pool pool_07_clones_on_eight_threads_work_and_leave_no_socket_open
                given "A client, cloned to eight threads."
                when "Each makes four calls, and all clones are dropped."
                then "Every call succeeds, and every socket is closed at the end."
                why "Otherwise a service that creates a client for each tenant runs out of file descriptors."
                fix "Look for a cycle of references, or for a background task that holds the pool without need.";
            "POOL-08" Should pool pool_08_either_kind_of_runtime_will_do_and_no_thread_is_left
                given "A separate process, with a runtime of one thread and one of several."
                when "Calls are made in each, and the runtime ends."
                then "Both work, and no thread is left."
                why "Leftover threads accumulate, and a runtime that blocks itself hangs the program."
                fix "Clause 10 of `Transport::send`. Do not call `block_on` inside, need no multi-threaded runtime, and join \
                    the threads of the library when it is dropped.";
            "POOL-09" Should pool pool_09_the_best_version_in_common_is_spoken
                given "A server that supports HTTP/2 and HTTP/1.1, and one that supports only HTTP/1.1."
                when "A call is made to each, and one by a transport that is restricted to HTTP/1.1."
                then "The best common version is used and reported, and excluded versions are not offered in ALPN."
                why "Without ALPN a server either falls back forever or receives frames that it does not understand."
                fix "Set ALPN by `TransportConfig::http_versions`, in the order `h2`, `http/1.1`. A TLS configuration \
                    that you create yourself has none by default.";
            "POOL-10" Must pool pool_10_one_certificate_for_two_names_joins_no_connections
                given "A server at one address whose certificate is for the platform host and for `clientauth`."
                when "Calls go to both names, by two clients and by one transport."
                then "Each request uses a connection whose SNI is its host; the one with the key without a \
                    certificate, the other with it."
                why "RFC 9113 lets a client coalesce such connections; the identity would then reach the wrong host."
                fix "Key the pool by the name and not by the address, and disable the coalescing of HTTP/2 connections.";
            "POOL-11" Must pool pool_11_a_call_that_fails_leaves_the_connections_of_others
                given "A connection in the pool, and a call to another host that fails."
                when "The next call goes to the first host."
                then "It uses the existing connection."
                why "Otherwise one host that is down costs every call to the others a handshake."
                fix "Discard the connection that failed, not the pool or the client that it was in.";
            "POOL-12" Must bodies pool_12_connection_that_is_said_to_close_is_not_used_again
                given "A server that sends `Connection: close` and leaves the connection open, and another one that does not."
                when "Three GETs are made of the first, and then twelve of the other."
                then "Each of the three uses a new connection; the twelve share at most six, or as many as without the three."
                why "Such a server will not read another request: the next call would wait for its whole limit."
                fix "Use the header, not the state of the socket.";
            "POOL-13" Must bodies pool_13_dropped_http2_body_gives_its_window_back
                given "An HTTP/2 server, and 40 responses of 1 MiB whose bodies were dropped after their beginning."
                when "One more body is read on the same transport."
                then "The response arrives complete."
                why "Data that was sent and never read counts against the window of the whole connection, until it stalls."
                fix "Reset the stream of a dropped body, and return the window of its buffered data.";
            "POOL-14" Must pool pool_14_reuse_is_claimed_only_after_a_response
                given "A server that requires a client certificate and reports its refusal after the handshake (TLS \
                    1.3), and a transport without an identity."
                when "Calls are made one after another."
                then "No failure reports a reused connection, and none is diagnosed as NET-07."
                why "A connection that carried a response before cannot have been refused for its certificate, so \
                    this fact excludes the true cause. A connection whose only call failed proves nothing."
                fix "Count a connection as used when a response was received on it, not when a request was sent.";
            "POOL-16" Must limits pool_16_a_connection_past_its_idle_limit_is_not_used_again
                given "An idle limit of one second, of 300 milliseconds, or of nothing."
                when "Two calls of one method are made, three seconds apart, in each setting and with each method in \
                    turn; the first response, of 200 or of 503, is read, or dropped half-way."
                then "The second uses a new connection."
                why "Load balancers silently drop idle connections: a POST on such a connection is lost."
                fix "Pass the limit on to the pool, in its own unit.";
            "POOL-20" Must unasked pool_20_no_call_waits_for_another
                given "A server that responds to four equal requests only when all four have arrived, with large bodies."
                when "They are sent concurrently over one transport, and a fifth while none of their bodies is read."
                then "Each is a separate request, and all five succeed."
                why "With a lock around the whole library, one slow call blocks every other one of the program."
                fix "Hold no lock across a call or a body, and do not let equal calls share a response.";
            "POOL-21" Must unasked pool_21_calls_that_fail_or_are_dropped_take_nothing_from_later_ones
                given "A server with paths that never get a response, are reset or cut, one that hangs up on twelve handshakes, and an \
                    address without a listener."
                when "Calls fail, are refused, have their bodies dropped or are dropped themselves, forty times each; calls are lost \
                    and cut twelve times in a row; then forty calls are made concurrently, and one after the handshakes that failed."
                then "All of these succeed."
                why "A pool slot that a failed call does not release is missing until the program is restarted."
                fix "Release slots when they are dropped, and not on the line after the call.";
            "POOL-22" Must same_everywhere pool_22_connections_end_as_they_should_in_each_setting
                given "A server that sends `Connection: close` and lingers, and one with a path that never gets a \
                    response; in each setting."
                when "The first is called three times, with each method and status in turn; a call to the second is \
                    dropped, and then its transport."
                then "A connection announced to close is not used again, a dropped call ends at the server, and a \
                    dropped transport leaves no connection open."
                why "Connections that are left open fill the tables of servers and proxies; calls that continue \
                    change data although their caller gave up."
                fix "Clause 6 of `Transport::send`. Tie the connection to the call, and the pool to the transport.";
            "POOL-23" Must leftovers pool_23_a_connection_whose_handshake_failed_is_closed
                given "Servers that are not trusted, or that do not shake hands, and a proxy that refuses."
                when "Two calls to each fail, and the transport is kept."
                then "Every connection is closed on our side."
                why "A service that retries against such a server runs out of sockets within hours."
                fix "Close the socket on every way out of connecting; look for a clone of it, or a task that still waits for it.";
            "POOL-24" Must leftovers pool_24_calls_leave_no_memory_behind
                given "A process of its own, in which 100 calls with bodies of 64 KiB were answered, as many refused, as many left unread with a status \
                    of failure and as many dropped."
                when "As many calls are made again; half of all with an identity and through a proxy."
                then "The process has grown by less than half of the bodies of one kind, and has no thread for each second call."
                why "A service that runs for months would be killed for its memory."
                fix "Look for a list, cache or log buffer that grows with each call.";
            "POOL-25" Must leftovers pool_25_dropped_transports_leave_no_thread_behind
                given "A process of its own."
                when "Forty transports are made one after the other, called once and dropped."
                then "The process has no more threads and open descriptors than after the first, within a tolerance of half, and \
                    needs less than 32 KiB of memory more for each."
                why "Each rotation makes a new transport: a thread, a descriptor or memory for each is a leak that ends the process."
                fix "End background threads and runtimes when the transport is dropped, without waiting for them.";
            "POOL-26" Must leftovers pool_26_a_dropped_call_leaves_the_others_of_its_connection
                given "A transport with two calls in flight, over HTTP/2 on one connection."
                when "One call is dropped, then the unread response of a third, and the head of a fourth is over the limit; or the body of \
                    an upload fails."
                then "The other call gets its response, and its body is whole."
                why "A timeout of one caller would fail the calls of all others at that moment."
                fix "Reset the stream of the dropped call, and close a connection of HTTP/2 only when its last call has ended.";
            "POOL-27" Must http2_duties pool_27_http2_server_gets_its_acknowledgements
                given "An HTTP/2 server that responds only when its SETTINGS and its PING were acknowledged."
                when "A GET request is sent."
                then "Both acknowledgements arrive while the call waits, and then the response."
                why "Servers and load balancers close connections whose PING gets no response, in the middle of slow calls."
                fix "Read the connection for as long as it is open, and answer its frames (RFC 9113 sections 6.5.3 and \
                    6.7).";
            "POOL-28" Must http2_duties pool_28_calls_beyond_the_limit_of_streams_wait
                given "An HTTP/2 server that allows one stream at a time, which the transport knows from a first call."
                when "Four calls are made concurrently; and one is dropped while another has the stream."
                then "All calls succeed, and one after them."
                why "A stream beyond the limit is refused, and a POST then fails for no reason that the caller can see. A call \
                    that goes on after it was dropped takes the stream of all others."
                fix "Apply `SETTINGS_MAX_CONCURRENT_STREAMS`: let calls wait, or open another connection. A call that waits is \
                    cancelled with its future.";
            "POOL-29" Must http2_duties pool_29_goaway_ends_no_call_that_the_server_still_serves
                given "An HTTP/2 server that sends GOAWAY with the stream of the call as the last one, and then its \
                    response."
                when "The call is made, and another one after it."
                then "The first gets its response, and the second uses a new connection."
                why "Servers leave like this at each deployment; a transport that gives up then loses responses, or sends \
                    into the void."
                fix "After GOAWAY take no new call on the connection, and read it until the streams up to the last one have \
                    ended.";
            "POOL-30" Must unhindered pool_30_a_dropped_call_fails_none_that_waits_for_the_same_handshake
                given "A server whose handshake waits, and two calls to it."
                when "The first call is dropped, and then the handshake continues."
                then "The second call gets its response."
                why "Where calls share the connection that one of them opens, the timeout of that one fails all others."
                fix "Let another call continue with the connection, or open its own, when the one that dials is dropped.";
            "POOL-31" Must unhindered pool_31_a_transport_leaves_its_process_as_it_is
                given "A process of its own, with a panic hook, an environment and a working directory."
                when "A transport is made, called and dropped."
                then "All three are as before, and no subscriber of `tracing` was installed."
                why "These belong to the program: a library that changes them breaks its crash reports, its log or its \
                    relative paths."
                fix "Look for initialisers of the library that set variables, hooks or a logger, and do without them.";
            "POOL-32" Must unhindered pool_32_a_transport_is_dropped_at_once_while_a_body_is_read
                given "A response whose body has begun, and that continues only when its transport is gone."
                when "The transport is dropped, and then the body is read."
                then "The drop returns at once, and the body is whole."
                why "A rotation drops transports: one that waits for its calls blocks the thread of the caller, or cuts them."
                fix "Do not join threads or wait for connections in `drop`; let the body own what it needs.";
            "POOL-33" Must leftovers pool_33_a_late_call_leaves_the_others_of_its_connection
                given "A call that gets no response, and another one three seconds later, over HTTP/2 on one connection, direct and, with \
                    an identity, through a proxy; and calls and bodies that pause."
                when "The limit of the first call runs out; the limit of a call or a body runs out, or it is dropped."
                then "The other call gets its response, and the server gets a reset for each stream that is no longer needed."
                why "One slow response would fail the calls of all others at that moment, and their POSTs with unknown delivery."
                fix "Reset the stream of the late call, and leave its connection open.";
            "POOL-34" Must apart pool_34_transports_that_differ_in_one_thing_share_nothing
                given "Two transports that differ in one part of their configuration: a name, the roots, the \
                    identity, the TLS or HTTP version, the proxy or the total limit."
                when "Both are made, in either order, and call the same URL in turn; then the first one is dropped \
                    while a body of the second is read."
                then "Each call is made as the configuration of its transport says, and the body is whole."
                why "A program that uses two installations, or rotates a key, would call one with the trust, the \
                    identity or the route of the other."
                fix "Clauses 7 and 12 of `Transport::send`. No static may hold a part of a configuration, a pool, a \
                    resolver or sessions, and no `drop` may end what others use.";
            "POOL-35" Must pool pool_35_a_transport_outlives_the_runtime_of_a_call
                given "One transport, and three runtimes of one or of several threads that follow each other."
                when "Two calls are made in each, over each HTTP version."
                then "Each gets its response."
                why "Programs and their tests share one client and have a runtime for each part; every call after the first \
                    part would fail."
                fix "Clause 10 of `Transport::send`. Keep no handle of a runtime, take no connection from the pool whose task \
                    has ended with its runtime, and need no second thread (`block_in_place`).";
            "POOL-36" Must apart pool_36_transports_of_equal_configuration_share_nothing
                given "Two transports that were made with one configuration, and a server that gives out sessions."
                when "They call the server in turn, in each setting; then one is dropped, and the other calls again."
                then "Each has connections of its own, the first of each with a full handshake, and the last call succeeds."
                why "A rotation that makes a new transport, to leave broken connections or old sessions, would get the old \
                    ones."
                fix "Clause 7 of `Transport::send`. No static may map configurations to clients.";
            "POOL-40" Must idle pool_40_the_idle_limit_counts_from_the_last_use
                given "An idle limit of two seconds, in each setting."
                when "A call is made every 0.6 seconds for longer than the limit; on another transport a call takes \
                    longer than the limit, between two others."
                then "All calls succeed. Those that follow each other stay on one connection, over HTTP/1.1 those around \
                    the slow one too."
                why "A limit that counts from the making of a connection costs a busy program a handshake in each period, \
                    and one that counts during a call cuts slow calls."
                fix "Set the limit for idle connections of your library and not the one for their lifetime; begin to count \
                    when the body has been read.";
            "POOL-41" Must refused_stream pool_41_a_stream_that_fails_leaves_the_others_of_its_connection
                given "An HTTP/2 server with two streams in flight, one of which it resets, before or after its head, or \
                    leaves above the last stream of a GOAWAY."
                when "The response of the other one continues."
                then "That one is whole, and the error has the delivery of its own stream."
                why "Otherwise one call that a server refuses costs every other call of the connection its response."
                fix "Fail the call of the stream that was reset. After GOAWAY, fail the streams above the last one, and read \
                    the others to their end.";
            "POOL-42" Must unasked pool_42_calls_that_hang_hold_up_none_to_another_server
                given "An address that swallows packets, a server that does not shake hands, one that does not respond, and bodies \
                    that are not read: twelve calls of each."
                when "Another server is called by name and by address, and the one that does not respond by another path."
                then "These calls get their responses at once."
                why "A lock or a small pool of workers around connecting lets one server that is down stop the calls to all others."
                fix "Hold no lock while connecting, and count limits of calls by server, if at all.";
            "POOL-43" Should http2_duties pool_43_a_call_dropped_while_it_waits_for_a_stream_is_not_sent
                given "An HTTP/2 server that allows one stream at a time, which another call has."
                when "A call that waits for a stream is dropped, and then the stream becomes free."
                then "The server never sees the request of the dropped call."
                why "A POST that its caller has given up would still take effect, much later."
                fix "Give a request to the library only when it has a stream for it. hyper and h2 hold one request more than the \
                    server allows, and send it even if its call was dropped.";
        }
    };
}
