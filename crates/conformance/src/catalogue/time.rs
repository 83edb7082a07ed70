//! The cases TIME. Limits hold in every phase and report which, and a dropped call is closed.

#[doc(hidden)]
#[macro_export]
macro_rules! __time {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "TIME-01" Must time time_01_an_address_that_swallows_packets_times_out
                given "An address that drops packets."
                when "A call with a short connect limit is made."
                then "It ends with a timeout of the phase connect and the code NET-01."
                why "The system's own limit is about two minutes, and a firewall that drops packets would block a \
                    service that long each time."
                fix "Pass `Timeouts::connect` to the library. Look for a limit that applies to each address of a \
                    name, or that starts after the DNS response.";
            "TIME-02" Must time time_02_a_stalled_handshake_times_out
                given "A server that accepts a connection and sends nothing."
                when "A call with a short connect limit is made."
                then "It ends with a timeout of the phase handshake (or connect-or-handshake) and the code NET-01."
                why "Many libraries end their connect limit when TCP is connected; a hanging load balancer then \
                    blocks the call forever."
                fix "Apply the limit to TCP and TLS together. If the phase is wrong, do not declare `TimeoutPhase`.";
            "TIME-03" Must time time_03_a_missing_response_times_out
                given "A server that accepts a request and does not respond, and one that stops in the middle of a body."
                when "Calls with a total limit are made."
                then "The first ends with the phase response and NET-08, the second with the phase body, and gives nothing \
                    more; neither is reported as unsent."
                why "What may have been processed (response) must be distinguished from what was not sent, or a \
                    signature is made twice."
                fix "`Timeouts::total` covers the body too. Keep it running in the stream that you put into \
                    `ResponseBody`, and derive the phase from what arrived.";
            "TIME-04" Must time time_04_a_body_that_stalls_meets_the_idle_limit
                given "A server that sends the beginning of a body and stops."
                when "A client with an idle limit reads on."
                then "The limit ends the reading with a timeout of the body and NET-08, and the connection is closed."
                why "A stalled download would hold its connection and its caller until the total limit."
                fix "The client monitors the body and drops it. If the connection stays open, dropping your body \
                    stream does not close what it reads from.";
            "TIME-05" Must time time_05_the_deadline_holds_over_all_attempts_and_waits
                given "A server that responds with 503 and a delay twice, and then not at all."
                when "A client with a deadline makes a call, in virtual time."
                then "The deadline holds over all attempts and delays, exactly, and the last connection is closed."
                why "A deadline for each attempt adds up to minutes for a caller who set seconds."
                fix "The client counts and drops the future of `send`. Nothing of yours may continue afterwards: no \
                    detached task, no retry.";
            "TIME-06" Must time time_06_a_dropped_call_closes_its_connection
                given "A server that stalls in the handshake, before the response, or in the body of a 200 or a 404, and a proxy that stalls before its tunnel."
                when "The future, or the body, is dropped there."
                then "The server sees the connection close, and nothing more is written."
                why "Work continues for a caller that has left, and connections accumulate until the server refuses new ones."
                fix "Clause 6 of `Transport::send`. Work on another thread (isahc, curl) must be notified; look for a \
                    spawned task that is not aborted.";
            "TIME-07" Must time time_07_a_cancelled_call_leaves_the_pool_usable
                given "A call that is dropped while the server stalls."
                when "The next call is made on the same transport."
                then "It gets its own response, over another connection or, with HTTP/2, another stream."
                why "A half-used connection in the pool gives the response of one caller to the next, which is the \
                    worst possible defect of a pool."
                fix "Clause 6 of `Transport::send`. Return a connection to the pool only when its response was read \
                    to the end.";
            "TIME-08" Must time time_08_a_slow_but_steady_body_is_read_to_its_end
                given "A server that sends a body byte by byte, each just within the idle limit."
                when "The body is read."
                then "It is read to its end, although all of it takes longer than the limit."
                why "A limit that does not restart with each chunk makes every large download fail on a slow line."
                fix "Pass on each chunk as it arrives. A stack that fills a buffer before it wakes the reader looks \
                    idle (see libcurl's low speed limit too).";
            "TIME-09" Should time time_09_calls_in_flight_end_or_are_counted_at_shutdown
                given "Two calls in flight, of which the server responds to one."
                when "The client is shut down with a limit."
                then "The one with a response completes, the other is counted as remaining, and a new call is refused."
                why "Otherwise a deployment that stops its service loses responses or hangs, and it is unclear which."
                fix "The client counts. If the first call fails, your transport aborts its calls when a handle is \
                    dropped; the futures must own what they need.";
            "TIME-10" Should time time_10_what_ran_out_while_connecting_was_not_sent
                given "An address that drops packets, and a server that sends nothing in the handshake."
                when "The limit of the whole call runs out before that of connecting."
                then "It is a timeout, and certainly nothing was sent (`Delivery::NotSent`)."
                why "Only what was certainly not sent may be retried regardless of the method, even a POST."
                fix "Record whether the call is still connecting, and check that when its limit expires.";
            "TIME-11" Must unhindered time_11_a_call_that_waits_is_left_to_sleep
                given "A server that responds after a second, and servers whose body pauses for a second, in each framing."
                when "A call is made, and the polls of its future and of its body are counted."
                then "There are some dozens at most."
                why "A call that wakes itself uses a whole processor while it waits for the server."
                fix "Register the waker with what you wait for, and never wake it yourself; reset a timer that has \
                    fired before it is polled again.";
            "TIME-12" Must limits time_12_the_total_limit_holds_over_each_version_and_in_each_phase
                given "Servers that are silent, that send a byte of the head or of the body or a PING now and then, and that do \
                    not read a 32 MiB upload; over HTTP/1.1 and HTTP/2."
                when "A call with a limit of three seconds is made to each, and in each setting, with each method in \
                    turn and after other calls."
                then "Each ends at the limit, as a timeout of its phase; what was written is not reported as unsent."
                why "A limit that each byte restarts, or that one version lacks, does not protect the caller."
                fix "One deadline for the whole call, set before anything is sent, and checked in every wait.";
            "TIME-13" Must limits time_13_limits_at_their_maximum_never_expire
                given "All three limits at `Duration::MAX`; then at what 31 or 32 bits of milliseconds or seconds do not hold."
                when "Calls are made and a body is uploaded over each HTTP version, over HTTP/2 through a proxy, in a separate process."
                then "They succeed, and nothing panics, in no task either."
                why "Callers use it for *no limit*, and an unchecked addition to the clock panics."
                fix "`Instant::checked_add`, or a limit of thirty years where the library adds on its own.";
            "TIME-14" Must limits time_14_connect_limit_that_runs_out_is_net_01
                given "A connect limit of 300 milliseconds and a far longer total one; no response to TCP, to TLS, to a proxy's \
                    TCP and \
                    CONNECT, and to TLS in its tunnel."
                when "A GET, POST, PUT, PATCH and DELETE are made for each."
                then "Each is a timeout of connecting (NET-01), and nothing was sent."
                why "NET-08 means that the server has the request: the caller then looks there, and does not retry a POST."
                fix "A timeout before the request was written is `Phase::Connect` or `Phase::Handshake`, or \
                    `ConnectOrHandshake` where the library does not report which; the tunnel is part of it.";
            "TIME-16" Must limits time_16_the_connect_limit_is_not_stretched
                given "An address that drops packets and a server that never responds in the handshake; a connect limit \
                    of 300 milliseconds."
                when "Both are called, with each method in turn."
                then "Each call ends before ten times the limit."
                why "A limit that is rounded up, or restarted for each step, is not the configured one."
                fix "Clause 5 of `Transport::send`: one limit for name, TCP, proxy and TLS together, passed on unchanged.";
            "TIME-20" Must overdue time_20_body_that_is_always_ready_does_not_outrun_the_total_limit
                given "A body of 64 MiB, for every version of HTTP, and a total limit of three seconds."
                when "Its first bytes are read, and the rest only after the limit has passed, when more is ready at each read."
                then "Reading ends with `Timeout(Body)` and delivery sent, after at most 256 KiB."
                why "A server that always has more to send could hold a call as long as it likes, whatever the limit."
                fix "Check the clock before the data: a body that polls its connection first never reaches its \
                    deadline while data is ready.";
            "TIME-21" Must overdue time_21_timeout_before_the_request_names_a_phase_before_it
                given "An address that drops packets and a server that never responds in the handshake; either the \
                    connect limit or the total limit is short."
                when "A GET and a POST are sent, for every version of HTTP."
                then "Each fails as not sent, and in its phase: TCP for the first, TLS for the second, or one that \
                    covers both."
                why "A timeout while waiting for the response points to the platform; this one is the network's, and \
                    safe to retry."
                fix "Set the phase where the step begins, and make every limit report it. `ConnectOrHandshake` and \
                    `Call` are for stacks that cannot know.";
            "TIME-22" Must limits time_22_each_limit_begins_and_ends_with_its_part_of_a_call
                given "A server that takes longer to respond than the connect limit, and a transport that is used again \
                    when its total limit has long passed."
                when "They are called over each HTTP version."
                then "Both calls succeed."
                why "A connect limit that applies to the whole call ends every slow operation; a total limit that \
                    starts with the transport ends every call of a service after its first minutes."
                fix "Start the total limit in `send`, and end the connect limit when the handshake is done.";
            "TIME-23" Must overdue time_23_the_connect_limit_includes_all_steps_of_connecting
                given "A proxy that grants its tunnel and then carries the handshake, each after 1.5 seconds."
                when "A call with a connect limit of 2 seconds is made."
                then "It ends with a timeout, as not sent."
                why "A limit for each step lets connecting take several times as long as the caller allowed."
                fix "Measure from the first step: one deadline for name, TCP, CONNECT and handshake together.";
            "TIME-24" Must overdue time_24_a_limit_of_almost_no_time_is_a_limit
                given "A server that accepts TCP and is silent, and limits of zero, of 0.3 and of 1 millisecond."
                when "Calls are made with each as connect limit and as total limit."
                then "Each ends with a timeout, as not sent."
                why "The rest of a deadline may be zero; a library that reads zero as unlimited then waits forever."
                fix "Some libraries, such as libcurl, take 0 for no limit and round down to milliseconds: round up, and check the deadline \
                    yourself.";
            "TIME-25" Must overdue time_25_the_total_limit_is_one_for_head_and_body
                given "A server that begins its response after 1.4 seconds and ends it 1.4 seconds later."
                when "A call with a total limit of 2 seconds is made, on a new or a used connection, or an upload, and its body read."
                then "It ends with a timeout."
                why "A limit that restarts with the body lets a call take twice as long as its caller has."
                fix "Keep the deadline of the call, and give its body the same one.";
            "TIME-26" Must overdue time_26_limits_are_not_rounded_to_seconds
                given "A server that responds after 0.7 seconds, or after 2.3."
                when "A call with limits of 0.2 seconds is made to the first, and one with limits of 2.9 seconds to the second."
                then "The first ends with a timeout, the second with a response."
                why "Rounded up, a caller with little time left waits longer than it said, at each call; rounded down, it \
                    loses a response that came in time."
                fix "Look for a library that counts in seconds: libcurl has options in milliseconds for each of its timeouts.";
            "TIME-27" Must unhindered time_27_a_call_that_waits_leaves_its_thread_to_others
                given "A server whose handshake and response wait for something that runs on the thread of the call."
                when "The call and that work are driven by one task."
                then "The work goes on, and the call gets its response."
                why "A call that blocks its thread stops every other task of a small runtime, and can wait for itself."
                fix "Do no blocking I/O inside of `poll`: give a blocking library threads of its own.";
            "TIME-28" Must unhindered time_28_a_call_and_a_body_wake_the_task_that_polls_them_last
                given "A call that waits for its response, and a body that waits for its next part."
                when "One task polls it, and then another one."
                then "The second task is woken."
                why "Futures move between tasks in `select`, in streams and in middleware; one that wakes the first task alone hangs."
                fix "Take the waker of each poll, as `Waker::clone_from` does, and not that of the first.";
            "TIME-30" Must call_table time_30_call_that_stalls_ends_by_its_limit_in_every_phase
                given "A server or a proxy that goes silent in each phase of a call: TCP, CONNECT, the handshake, the \
                    upload, before, in and after the head; the connect limit or the total limit is the shorter one."
                when "A GET and, in turn, POST, PUT, PATCH and DELETE are made over HTTP/1.1 and 2, on new and on \
                    used connections, in turn under TLS 1.2 and 1.3, direct and through a proxy; twice where the \
                    connect limit is the shorter one."
                then "Each fails with kind, phase and delivery of docs/time-and-delivery.md, and its HTTP/1.1 connection is closed."
                why "A phase without a limit hangs forever; a wrong delivery makes the client retry what was done, or \
                    fail what was not."
                fix "The failure names the cell. One deadline for the call and one for connecting, checked in every wait.";
            "TIME-31" Must connecting time_31_connecting_leaves_its_thread_to_others
                given "An address that swallows packets, and a name whose look-up does not end (with glibc)."
                when "One thread drives a call to each, and another future."
                then "The other future runs while the call waits."
                why "A look-up can take half a minute, and connecting longer: all tasks of a small runtime would \
                    stand still."
                fix "Use the connecting and resolving of your runtime; `ToSocketAddrs` and `TcpStream::connect` of \
                    the standard library block.";
            "TIME-32" Must http2_duties time_32_a_call_that_waits_for_a_stream_ends_by_its_limit
                given "An HTTP/2 server that allows one stream at a time, which the transport knows from a first call, and then \
                    does not respond."
                when "Three calls are made concurrently."
                then "All end by their limit."
                why "Callers behind a slow call would wait for it without a bound, one after the other."
                fix "Begin to count when the call begins, and not when its stream does.";
        }
    };
}
