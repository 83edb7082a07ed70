//! Explanations of the cases REDIR, TIME and BODY.

use super::explanation::Explanation;

/// A redirect to another origin is an error that names both, and the other origin is not contacted.
pub(super) const REDIR: &[Explanation] = explained! {
    "REDIR-01"
        given "A server that responds with 302 to another host."
        when "A client with a key makes a call."
        then "It is SEC-01 and names both hosts without the query, and the other host sees no connection."
        why "Otherwise anyone who controls a `Location` can collect keys: the header would be sent to any host."
        fix "Clause 2 of `Transport::send`: a redirect is a response. Disable redirects in the library \
            (reqwest follows ten times by default).";
    "REDIR-02"
        given "A server that responds with 302 to the same host at another port."
        when "A call is made."
        then "It is SEC-01, and the other port sees no connection."
        why "Another port is another program, which usually must not see the key."
        fix "The client compares scheme, host and port. A connection at the other port means that your \
            library follows on its own.";
    "REDIR-03"
        given "A server that responds with 302 from https to plain http."
        when "A call is made."
        then "It is SEC-01, and the plain port sees no connection."
        why "The key would be sent in clear text, readable for everyone on the network."
        fix "Switch off redirects in the library; a restriction of the protocols alone (libcurl's \
            `REDIR_PROTOCOLS`) is not enough, it still follows.";
    "REDIR-04"
        given "One server for the platform host and the `clientauth` host, which redirects from each to the other."
        when "Calls with a key, a certificate and both are made."
        then "Each is SEC-01 after one request on one connection."
        why "The same address and certificate make the two hosts look like one, but the caller is different on each."
        fix "Return the response unchanged. A second request means that the library follows; a second \
            connection, that it connects ahead.";
    "REDIR-05"
        given "A server that redirects with 307 or 308 on its own origin."
        when "A POST with JSON is made."
        then "The second request has the same method, body, type and key."
        why "A POST that turns into a GET looks like success and does nothing."
        fix "The client follows with a new `send`. If a header is missing in it, your library removes \
            sensitive ones after a redirect: return the 307.";
    "REDIR-06"
        given "A server that redirects with 303 on its own origin."
        when "A POST with JSON is made."
        then "The second request is a GET with the key, without a body and without a content type."
        why "A body that is sent again would be processed twice."
        fix "The client follows. If the GET has a type or a length, your library's handle has state of the \
            last request: reset it.";
    "REDIR-07"
        given "Two paths that redirect to each other."
        when "A call is made."
        then "It ends after at most twenty requests, with an error that has their number."
        why "An endless loop uses up the rate limit of everyone who shares the key."
        fix "The client counts. If the numbers differ, your library follows some redirects on its own before \
            it returns one.";
    "REDIR-08"
        given "A server whose `Location` is not a valid target: user info, `file:`, `javascript:`, a broken \
            host, blanks, 8 KiB of text."
        when "A call is made for each."
        then "Each is SEC-01 after one request, shows nothing of the query and is short."
        why "Such a target reads local files, runs a script where the error is shown, or puts a token into the log."
        fix "Return the `Location` as the received bytes. A library that parses each `Location`, even when it \
            does not follow, fails the call itself.";
    "REDIR-09"
        given "A server that redirects a POST with 307 and 303 to another origin that asks for certificates."
        when "It is made with key, certificate and both, and as an unauthenticated call."
        then "Each is SEC-01, and the other origin sees neither key, certificate nor body."
        why "The body alone can be valuable: a hash to sign or an order with names in it."
        fix "Following without credentials is not a solution. Look for an option of the library that removes \
            headers and follows anyway.";
    "REDIR-10"
        given "A server that responds with 301, 302, 303 and 307."
        when "The transport itself is called, for every version of HTTP."
        then "It returns the status after one request, as any other response."
        why "A transport that follows takes the decision away from the client, which alone knows our origins."
        fix "Clause 2 of `Transport::send`. Set the redirect policy to none in `connect`, on every client \
            that you create, and in a client that the user hands in.";
    "REDIR-20"
        given "A server that responds with 301, 302, 303, 307 or 308 and a `Location` that is relative, its own \
            or of another server."
        when "A GET and a POST meet each of them, over HTTP/1.1 and 2, under TLS 1.2 and 1.3, direct and through a proxy, \
            with and without an identity."
        then "Each is returned unchanged, with its body, after one request; the other server receives nothing."
        why "A library that follows only some redirects, such as those of its own origin or of a GET, takes \
            the decision from the client, which alone knows where credentials may go."
        fix "Clause 2 of `Transport::send`. Set the library's limit of redirects to none.";
};

/// Limits hold in every phase and report which, and a dropped call is closed.
pub(super) const TIME: &[Explanation] = explained! {
    "TIME-01"
        given "An address that drops packets."
        when "A call with a short connect limit is made."
        then "It ends with a timeout of the phase connect and the code NET-01."
        why "The system's own limit is about two minutes, and a firewall that drops packets would block a \
            service that long each time."
        fix "Pass `Timeouts::connect` to the library. Look for a limit that applies to each address of a \
            name, or that starts after the DNS response.";
    "TIME-02"
        given "A server that accepts a connection and sends nothing."
        when "A call with a short connect limit is made."
        then "It ends with a timeout of the phase handshake (or connect-or-handshake) and the code NET-01."
        why "Many libraries end their connect limit when TCP is connected; a hanging load balancer then \
            blocks the call forever."
        fix "Apply the limit to TCP and TLS together. If the phase is wrong, do not declare `TimeoutPhase`.";
    "TIME-03"
        given "A server that accepts a request and does not respond, and one that stops in the middle of a body."
        when "Calls with a total limit are made."
        then "The first ends with the phase response and NET-08, the second with the phase body; neither is \
            reported as unsent."
        why "What may have been processed (response) must be distinguished from what was not sent, or a \
            signature is made twice."
        fix "`Timeouts::total` covers the body too. Keep it running in the stream that you put into \
            `ResponseBody`, and derive the phase from what arrived.";
    "TIME-04"
        given "A server that sends the beginning of a body and stops."
        when "A client with an idle limit reads on."
        then "The limit ends the reading with a timeout of the body and NET-08, and the connection is closed."
        why "A stalled download would hold its connection and its caller until the total limit."
        fix "The client monitors the body and drops it. If the connection stays open, dropping your body \
            stream does not close what it reads from.";
    "TIME-05"
        given "A server that responds with 503 and a delay twice, and then not at all."
        when "A client with a deadline makes a call, in virtual time."
        then "The deadline holds over all attempts and delays, exactly, and the last connection is closed."
        why "A deadline for each attempt adds up to minutes for a caller who set seconds."
        fix "The client counts and drops the future of `send`. Nothing of yours may continue afterwards: no \
            detached task, no retry.";
    "TIME-06"
        given "A server that stalls in the handshake, before the response, or in the body."
        when "The future, or the body, is dropped there."
        then "The server sees the connection close, and nothing more is written."
        why "Work continues for a caller that has left, and connections accumulate until the server refuses new ones."
        fix "Clause 6 of `Transport::send`. Work on another thread (isahc, curl) must be notified; look for a \
            spawned task that is not aborted.";
    "TIME-07"
        given "A call that is dropped while the server stalls."
        when "The next call is made on the same transport."
        then "It gets its own response, over another connection or, with HTTP/2, another stream."
        why "A half-used connection in the pool gives the response of one caller to the next, which is the \
            worst possible defect of a pool."
        fix "Clause 6 of `Transport::send`. Return a connection to the pool only when its response was read \
            to the end.";
    "TIME-08"
        given "A server that sends a body byte by byte, each just within the idle limit."
        when "The body is read."
        then "It is read to its end, although all of it takes longer than the limit."
        why "A limit that does not restart with each chunk makes every large download fail on a slow line."
        fix "Pass on each chunk as it arrives. A stack that fills a buffer before it wakes the reader looks \
            idle (see libcurl's low speed limit too).";
    "TIME-09"
        given "Two calls in flight, of which the server responds to one."
        when "The client is shut down with a limit."
        then "The one with a response completes, the other is counted as remaining, and a new call is refused."
        why "Otherwise a deployment that stops its service loses responses or hangs, and it is unclear which."
        fix "The client counts. If the first call fails, your transport aborts its calls when a handle is \
            dropped; the futures must own what they need.";
    "TIME-10"
        given "An address that drops packets, and a server that sends nothing in the handshake."
        when "The limit of the whole call runs out before that of connecting."
        then "It is a timeout, and certainly nothing was sent (`Delivery::NotSent`)."
        why "Only what was certainly not sent may be retried regardless of the method, even a POST."
        fix "Record whether the call is still connecting, and check that when its limit expires.";
    "TIME-11"
        given "A server that responds after a second."
        when "A call is made and its future's polls are counted."
        then "There are some dozens at most."
        why "A call that wakes itself uses a whole processor while it waits for the server."
        fix "Register the waker with what you wait for, and never wake it yourself; reset a timer that has \
            fired before it is polled again.";
    "TIME-12"
        given "Servers that are silent, that send a byte now and then, and that do not read a 32 MiB upload; over HTTP/1.1 \
            and HTTP/2."
        when "A call with a limit of three seconds is made to each."
        then "Each ends at the limit, as a timeout of its phase; what was written is not reported as unsent."
        why "A limit that each byte restarts, or that one version lacks, does not protect the caller."
        fix "One deadline for the whole call, set before anything is sent, and checked in every wait.";
    "TIME-13"
        given "All three limits at `Duration::MAX`."
        when "Calls are made over each HTTP version, in a separate process."
        then "They succeed, and nothing panics, in no task either."
        why "Callers use it for *no limit*, and an unchecked addition to the clock panics."
        fix "`Instant::checked_add`, or a limit of thirty years where the library adds on its own.";
    "TIME-14"
        given "A connect limit of 300 milliseconds and a far longer total one; no response to TCP, to TLS, to a proxy's TCP and \
            CONNECT, and to TLS in its tunnel."
        when "A GET and a POST are made for each."
        then "Each is a timeout of connecting (NET-01), and nothing was sent."
        why "NET-08 means that the server has the request: the caller then looks there, and does not retry a POST."
        fix "A timeout before the request was written is `Phase::Connect` or `Phase::Handshake`, or \
            `ConnectOrHandshake` where the library does not report which; the tunnel is part of it.";
    "TIME-16"
        given "An address that drops packets and a server that never responds in the handshake; a connect limit \
            of 300 milliseconds."
        when "Both are called."
        then "Each call ends before ten times the limit."
        why "A limit that is rounded up, or restarted for each step, is not the configured one."
        fix "Clause 5 of `Transport::send`: one limit for name, TCP, proxy and TLS together, passed on unchanged.";
    "TIME-20"
        given "A body of 64 MiB, for every version of HTTP, and a total limit of three seconds."
        when "Its first bytes are read, and the rest only after the limit has passed, when more is ready at each read."
        then "Reading ends with `Timeout(Body)` and delivery sent, after at most 256 KiB."
        why "A server that always has more to send could hold a call as long as it likes, whatever the limit."
        fix "Check the clock before the data: a body that polls its connection first never reaches its \
            deadline while data is ready.";
    "TIME-21"
        given "An address that drops packets and a server that never responds in the handshake; either the \
            connect limit or the total limit is short."
        when "A GET and a POST are sent, for every version of HTTP."
        then "Each fails as not sent, and in its phase: TCP for the first, TLS for the second, or one that \
            covers both."
        why "A timeout while waiting for the response points to the platform; this one is the network's, and \
            safe to retry."
        fix "Set the phase where the step begins, and make every limit report it. `ConnectOrHandshake` and \
            `Call` are for stacks that cannot know.";
    "TIME-22"
        given "A server that takes longer to respond than the connect limit, and a transport that is used again \
            when its total limit has long passed."
        when "They are called over each HTTP version."
        then "Both calls succeed."
        why "A connect limit that applies to the whole call ends every slow operation; a total limit that \
            starts with the transport ends every call of a service after its first minutes."
        fix "Start the total limit in `send`, and end the connect limit when the handshake is done.";
    "TIME-30"
        given "A server or a proxy that goes silent in each phase of a call: TCP, CONNECT, the handshake, the \
            upload, before, in and after the head; the connect limit or the total limit is the shorter one."
        when "GET and POST are made over HTTP/1.1 and 2, in turn under TLS 1.2 and 1.3, direct and through a proxy."
        then "Each fails with kind, phase and delivery of docs/time-and-delivery.md."
        why "A phase without a limit hangs forever; a wrong delivery makes the client retry what was done, or \
            fail what was not."
        fix "The failure names the cell. One deadline for the call and one for connecting, checked in every wait.";
};

/// Bodies arrive complete, stop at the caller's limit, and a short one is never accepted as complete.
pub(super) const BODY: &[Explanation] = explained! {
    "BODY-01"
        given "A server whose response is 10 MiB that cannot be compressed."
        when "It is read, for every version of HTTP."
        then "The hash of what arrived equals that of what was sent."
        why "Lists of certificates and CRLs are large; a lost or duplicated chunk is noticed much later."
        fix "Check how your stream of chunks connects to that of the library: a buffer that is reused before \
            it was copied, or an early end.";
    "BODY-02"
        given "A server that hashes what it receives."
        when "A POST with 10 MiB is sent, for every version of HTTP."
        then "Hash and length are equal, and `Content-Length` is right."
        why "An upload that is truncated at a window or buffer boundary is stored as a broken file."
        fix "Pass the body with its length to the library. With HTTP/2 check the flow control; in a \
            hand-written loop the short writes.";
    "BODY-03"
        given "A server that is slow to read, and an upload of 32 MiB."
        when "It is sent in a separate process."
        then "The memory of the process grows by at most one copy of the body and some buffers."
        why "A library that buffers without limit makes a container exceed its memory as soon as the platform \
            is slow."
        fix "Pass `Bytes` on without copying, and do not push the body into an unbounded channel.";
    "BODY-04"
        given "A server whose response is larger than the caller's limit."
        when "It is read over HTTP/1.1."
        then "The reading fails with CFG-03, and the connection is closed while the server is still writing."
        why "Otherwise any server could fill the memory of the caller, and draining the rest would cost as \
            much as storing it."
        fix "The client drops the body. Then close the connection; look for a pool that drains a body to \
            reuse the connection.";
    "BODY-05"
        given "Responses that end before their announced length or in the middle of a chunk, by close, \
            truncation or reset."
        when "The client reads them."
        then "Each is an error: `BodyCut` with delivery sent, or `Interrupted` if a reset overtook the head."
        why "A short body that is accepted as complete is a list with missing certificates, which no one notices."
        fix "Clause 8 of `Transport::send`. Compare with `Content-Length`, require the last chunk, and look \
            for a setting that tolerates a short end.";
    "BODY-06"
        given "A server that sends 1 MiB of zeros as gzip without being asked."
        when "It is read with a limit of 64 KiB, as a response and as an error."
        then "The bytes arrive as they were sent, with their header, and no `Accept-Encoding` was sent."
        why "A few hundred bytes could become gigabytes in memory, bypassing every limit."
        fix "Clause 4 of `Transport::send`. Build the library without its gzip, deflate, brotli and zstd \
            features, or disable decoding.";
    "BODY-07"
        given "A server whose error body and request id hold escape codes, NUL, broken UTF-8 and control characters."
        when "The error is shown."
        then "No control character is in it, but the readable rest of the message is."
        why "Escape codes in an error move the cursor, forge lines of a log or change the title of a terminal."
        fix "The client escapes them. Pass on header values as bytes: a transport that insists on text fails \
            the call or loses the header.";
    "BODY-08"
        given "A server that responds with 413 after the head of a request and never reads the body."
        when "A POST with 16 MiB is sent."
        then "The response and its body are read while the upload still runs."
        why "Otherwise the caller sees a broken pipe instead of the reason, and sends the same upload again."
        fix "Read while you write. In your own loop await both sides; do not treat a failed write as the end \
            before you checked for a response.";
    "BODY-09"
        given "A server that never sends `100 Continue`."
        when "A POST with 2 MiB is sent."
        then "The body arrives at once, and no `Expect` was sent."
        why "Otherwise each larger POST waits a second for a response that never comes."
        fix "Clause 4 of `Transport::send`. libcurl adds `Expect` to uploads of 1 MiB and more: set an empty `Expect` \
            header (isahc: `expect_continue`).";
    "BODY-10"
        given "A chunked response with an extension and with trailers, and another response after it."
        when "Both are read in turn."
        then "Both bodies are exactly as sent, and the trailers change no header."
        why "Trailers mistaken for the next response mix up two callers; one mistaken for a header forges one."
        fix "Leave chunks to the library. In your own parser read the trailers up to the empty line and \
            discard them.";
    "BODY-11"
        given "A response without length and chunks, whose connection ends with the closing alert of TLS, and \
            another one without."
        when "The client reads both."
        then "The first is whole; the second is an error, `BodyCut` or `Interrupted`."
        why "Anyone on the network can cut a connection; without the alert a complete body cannot be \
            distinguished from one that was shortened on purpose."
        fix "Require `close_notify` where the end of the connection is the end of the body. native-tls hides \
            its absence on some systems: check the records.";
    "BODY-12"
        given "A response with a length, one in chunks, one that claims both, and one without a body."
        when "The body is read frame by frame, and its remaining size is queried before each."
        then "`size_hint` never excludes what is still to come, and `is_end_stream` is not true before the end."
        why "Programs that forward the body, such as a server, write that length and stop at that end: with \
            wrong values it arrives truncated."
        fix "Pass both on from the body of your library, or omit them: the defaults of `http_body::Body` \
            claim nothing.";
    "BODY-13"
        given "A server on TLS 1.3 that changes its keys in the middle of a slow head, and again in the body."
        when "The response is read."
        then "It arrives whole, and the request was sent once."
        why "A connection with much data, or a long life, gets new keys (RFC 8446 §4.6.3). Code that tracks a \
            connection by its keys, or by its records, mistakes that for its end."
        fix "Leave key updates to the TLS library. If you observe its ciphers, treat a connection as ended \
            only when the last of them is gone.";
    "BODY-14"
        given "HTTP/2 responses that end early: by RST_STREAM (INTERNAL_ERROR, CANCEL, NO_ERROR), GOAWAY or a close, with \
            and without a length; and a whole early response followed by RST_STREAM(NO_ERROR)."
        when "The body is read."
        then "Each truncated body is BodyCut (NET-09); the complete response is complete."
        why "A truncated list looks like a short list, and a truncated key like a key."
        fix "Hyper maps RST_STREAM(NO_ERROR) to the end of the body: after `None` check `is_end_stream()` and \
            the size hint.";
    "BODY-15"
        given "Complete responses over HTTP/1.0 and 1.1, with a length, in chunks and without a body, to GET, \
            POST, PUT, DELETE and HEAD, over TLS 1.2 and 1.3, with and without session tickets. The server \
            closes TCP with the last byte, without a close_notify."
        when "The calls are made."
        then "Each response arrives complete, and each request was sent once."
        why "Many servers close like this (Python's `http.server` does), and a response that is complete by \
            its own framing does not depend on it. If it is lost, so is a secret that the platform shows \
            once."
        fix "Return what was read before the error that follows it, and let the framing decide. libcurl on \
            rustls loses the bytes (lib/vtls/rustls.c, `cr_recv`).";
    "BODY-16"
        given "A response over HTTP/2 whose last frame ends its stream, after which the server closes TCP at once, without GOAWAY \
            and close_notify."
        when "A call is made."
        then "The response arrives complete."
        why "A stream that has ended is complete, whatever happens to its connection."
        fix "Process the frames that were read before you report the end of the connection to the streams.";
    "BODY-17"
        given "Responses that are truncated in a body with a length, between and in chunks, or that only a \
            close_notify could end, and a server that closes TCP with their last byte."
        when "GETs and POSTs are made."
        then "Each is BodyCut (NET-09) and delivered, and was sent once."
        why "A transport that tolerates a missing close_notify must not tolerate a missing end of the body."
        fix "Report `BodyCut` unless the length is complete, the last chunk arrived, or TLS announced the end.";
    "BODY-18"
        given "A response over HTTP/2 with a length of 100 and five bytes, then the end of the stream, or a reset of it. The \
            connection stays open."
        when "A call is made."
        then "It is BodyCut, and not an expired time limit."
        why "The caller would wait for the whole limit, for bytes that cannot arrive, and then blame a slow server."
        fix "An ended or reset stream ends the body, even if the connection stays open. libcurl notices it \
            only when it is called again.";
    "BODY-20"
        given "An HTTP/2 response without a length that ends by RST_STREAM(NO_ERROR), or by GOAWAY and a close."
        when "The body is read."
        then "It is BodyCut (NET-09): no END_STREAM was seen."
        why "As in BODY-14. Without a length, only END_STREAM shows whether a body is complete."
        fix "As in BODY-14. Some libraries do not report it; then a waiver must declare that.";
    "BODY-21"
        given "Responses whose body was not read, or not to its end."
        when "Bodies and transport are dropped on a thread without a runtime."
        then "Nothing panics."
        why "Destructors run on the thread of the last owner; a panic there aborts the program."
        fix "`Handle::try_current` in `Drop`, or no task there at all.";
    "BODY-22"
        given "A response of 64 MiB."
        when "Its head is taken over each HTTP version, and for three seconds nothing of the body is read."
        then "The server has not been able to write all of it; when read afterwards, it is complete."
        why "A caller that reads a large export slowly would hold all of it in memory."
        fix "No unbounded channel between socket and body: read when the caller does.";
    "BODY-31"
        given "Servers whose response to one path ends in the middle of its body, over HTTP/1.1 and 2, under TLS 1.2 and 1.3, direct \
            and through a proxy, with and without an identity."
        when "Each method is sent to it, on a new connection and on one that has carried a response."
        then "The body ends with `BodyCut`, delivery `Sent`; the request arrived once, and the next call succeeds."
        why "A document that ends where the connection was cut is half a certificate or half a list."
        fix "The failure names the setting. If only one fails, look for what your library does differently in it.";
};
