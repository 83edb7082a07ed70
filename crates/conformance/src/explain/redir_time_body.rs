//! The cases of REDIR, TIME and BODY, in words.

use super::explanation::Explanation;

/// A redirect to another origin is an error that names both, and the other origin hears nothing.
pub(super) const REDIR: &[Explanation] = explained! {
    "REDIR-01"
        given "A server that answers 302 to another host."
        when "A client with a key makes a call."
        then "It is SEC-01 and names both hosts without the query, and the other host sees no connection."
        why "Whoever can write a `Location` could collect keys: the header would go along to any host."
        fix "Clause 2 of `Transport::send`: a redirect is an answer. Switch off following in the library (reqwest \
            follows ten times by default).";
    "REDIR-02"
        given "A server that answers 302 to the same host at another port."
        when "A call is made."
        then "It is SEC-01, and the other port sees no connection."
        why "Another port is another program, and mostly nobody who may see the key."
        fix "The client compares scheme, host and port. A connection at the other port means that your library \
            followed by itself.";
    "REDIR-03"
        given "A server that answers 302 from https to plain http."
        when "A call is made."
        then "It is SEC-01, and the plain port sees no connection."
        why "The key would go over the wire in clear text, for everybody to read."
        fix "Switch off redirects in the library; a restriction of the protocols alone (libcurl's `REDIR_PROTOCOLS`) \
            does not do, it still follows.";
    "REDIR-04"
        given "One server for the platform host and the `clientauth` host, which redirects from each to the other."
        when "Calls with a key, a certificate and both are made."
        then "Each is SEC-01 after one request on one connection."
        why "The same address and certificate make the two hosts look like one, but who is calling is different on \
            each."
        fix "Let the answer through as it is. If a second request shows, the library follows; if a second connection, \
            it connects ahead.";
    "REDIR-05"
        given "A server that redirects with 307 or 308 on its own origin."
        when "A POST with JSON is made."
        then "The second request has the same method, body, type and key."
        why "A POST that turns into a GET looks like success and does nothing."
        fix "The client follows with a new `send`. If a header is missing in it, your library removes sensitive ones \
            after a redirect: hand the 307 back.";
    "REDIR-06"
        given "A server that redirects with 303 on its own origin."
        when "A POST with JSON is made."
        then "The second request is a GET with the key, without a body and without a type."
        why "A body that is sent again would do the same work twice."
        fix "The client follows. If the GET has a type or a length, state of the last request is left in your \
            library's handle: reset it.";
    "REDIR-07"
        given "Two paths that redirect to each other."
        when "A call is made."
        then "It ends after at most twenty requests, with an error that tells their number."
        why "A loop without an end uses up the rate limit of everybody who shares the key."
        fix "The client counts. If the numbers differ, your library follows some redirects by itself before it hands \
            one back.";
    "REDIR-08"
        given "A server whose `Location` is no place to go: user info, `file:`, `javascript:`, a broken host, blanks, \
            8 KiB of text."
        when "A call is made for each."
        then "Each is SEC-01 after one request, shows nothing of the query and is short."
        why "Such a target reads local files, runs a script where the error is shown, or puts a token into the log."
        fix "Give back the `Location` as the bytes that came. A library that parses each `Location`, even when it \
            does not follow, fails the call itself.";
    "REDIR-09"
        given "A server that redirects a POST with 307 and 303 to another origin that asks for certificates."
        when "It is made with key, certificate and both, and as an unauthenticated call."
        then "Each is SEC-01, and the other origin sees neither key, certificate nor body."
        why "The body alone can be worth stealing: a hash to sign or an order with names in it."
        fix "Following without credentials is no way out. Look for an option of the library that removes headers and \
            follows all the same.";
    "REDIR-10"
        given "A server that answers 301, 302, 303 and 307."
        when "The transport itself is asked, for every version of HTTP."
        then "It gives back the status after one request, as an answer like any other."
        why "A transport that follows takes the decision away from the client, which alone knows what is an origin of \
            ours."
        fix "Clause 2 of `Transport::send`. Set the redirect policy to none in `connect`, on every client that you \
            make, and in a client that the user hands in.";
    "REDIR-20"
        given "A server that answers with 301, 302, 303, 307 or 308 and a relative place, one of its own and one of \
            another server."
        when "A GET and a POST meet each of them, over HTTP/1.1 and 2, under TLS 1.2 and 1.3, direct and through a proxy, \
            with and without an identity."
        then "Each comes back as it is, with its body, after one request; the other server receives nothing."
        why "A library that follows some redirects only, such as those of its own origin or those of a GET, takes the \
            decision from the client, which alone knows where credentials may go."
        fix "Clause 2 of `Transport::send`. Set the library's limit of redirects to none.";
};

/// Limits hold in every phase and say which, and a dropped call is a closed one.
pub(super) const TIME: &[Explanation] = explained! {
    "TIME-01"
        given "An address that swallows packets."
        when "A call with a short connect limit is made."
        then "It ends with a timeout of the phase connect and the code NET-01."
        why "The system's own limit is about two minutes, and a firewall that drops packets would hold a service up \
            for each of them."
        fix "Give `Timeouts::connect` to the library. Look for one whose limit counts for each address of a name, or \
            begins after the DNS answer.";
    "TIME-02"
        given "A server that accepts a connection and says nothing."
        when "A call with a short connect limit is made."
        then "It ends with a timeout of the phase handshake (or connect-or-handshake) and the code NET-01."
        why "Many libraries stop their connect limit when TCP stands; a load balancer that hangs then holds the call \
            for ever."
        fix "Put the limit around TCP and TLS together. If the phase is wrong, do not declare `TimeoutPhase`.";
    "TIME-03"
        given "A server that takes a request and does not answer, and one that stops in the middle of a body."
        when "Calls with a total limit are made."
        then "The first ends with the phase response and NET-08, the second with the phase body; neither is said to be \
            unsent."
        why "What may have been done already (response) must be told apart from what was not sent, or a signature is \
            made twice."
        fix "`Timeouts::total` covers the body too. Keep it running in the stream that you put into `ResponseBody`, \
            and name the phase by what came.";
    "TIME-04"
        given "A server that sends the beginning of a body and stops."
        when "A client with an idle limit reads on."
        then "The limit ends the reading with a timeout of the body and NET-08, and the connection is closed."
        why "A download that stands still would hold its connection and its caller until the total limit."
        fix "The client watches the body and drops it. If the connection stays open, dropping your body stream does \
            not close what it reads from.";
    "TIME-05"
        given "A server that answers 503 with a wait twice and then nothing."
        when "A client with a deadline makes a call, in virtual time."
        then "The deadline holds over all attempts and waits, exactly, and the last connection is closed."
        why "A deadline for each attempt adds up to minutes for somebody who asked for seconds."
        fix "The client counts and drops the future of `send`. Nothing of yours may go on by itself afterwards: no \
            detached task, no repetition.";
    "TIME-06"
        given "A server that stalls in the handshake, before the answer, or in the body."
        when "The future, or the body, is dropped there."
        then "The server sees the connection close, and nothing more is written."
        why "Work goes on for a caller who has left, and connections pile up until the server refuses new ones."
        fix "Clause 6 of `Transport::send`. Work on another thread (isahc, curl) has to be told; look for a spawned \
            task that is not aborted.";
    "TIME-07"
        given "A call that is dropped while the server stalls."
        when "The next call is made on the same transport."
        then "It gets its own answer, over another connection or, with HTTP/2, another stream."
        why "A half-used connection in the pool gives the answer of one caller to the next, which is the worst that a \
            pool can do."
        fix "Clause 6 of `Transport::send`. Give a connection back only when its answer was read to the end.";
    "TIME-08"
        given "A server that sends a body byte by byte, each just within the idle limit."
        when "The body is read."
        then "It is read to its end, although all of it takes longer than the limit."
        why "A limit that does not begin anew with each chunk makes every large download fail on a slow line."
        fix "Hand over each chunk as it comes. A stack that collects a buffer full before it wakes the reader looks \
            idle (see libcurl's low speed limit too).";
    "TIME-09"
        given "Two calls in flight, of which the server answers one."
        when "The client is shut down with a limit."
        then "The answered one ends well, the other is counted as left, and a new call is refused."
        why "A deployment that stops its service either loses answers or hangs, and nobody can tell which."
        fix "The client counts. If the first call fails, your transport gives up its calls when a handle of it is \
            dropped; the futures must keep what they need.";
    "TIME-10"
        given "An address that swallows packets, and a server that says nothing in the handshake."
        when "The limit of the whole call runs out before that of connecting."
        then "It is a timeout, and surely nothing was sent (`Delivery::NotSent`)."
        why "Only what was surely not sent may be repeated whatever it is: a POST, too, is safe then."
        fix "Note whether the call still makes its connection, and look at that when its limit ends.";
    "TIME-11"
        given "A server that answers after a second."
        when "A call is made and its future's polls are counted."
        then "There are some dozens at most."
        why "A call that wakes itself takes a whole processor from the program for as long as the server thinks."
        fix "Register the waker with what you wait for, and never wake it yourself; let a timer that has fired be set anew \
            before it is polled again.";
    "TIME-12"
        given "Servers that are silent, that send a byte now and then, and that do not read a 32 MiB upload; over HTTP/1.1 \
            and HTTP/2."
        when "A call with a limit of three seconds is made to each."
        then "Each ends at the limit, as a timeout of its phase; what was written is not said to be unsent."
        why "A limit that each byte restarts, or that one version lacks, is no limit for a caller who waits."
        fix "One deadline for the whole call, made before anything is sent, and asked in every wait.";
    "TIME-13"
        given "All three limits at `Duration::MAX`."
        when "Calls are made over each HTTP version, in a process of its own."
        then "They are answered, and nothing panics, in no task either."
        why "It is how callers say *no limit*, and an unchecked addition to the clock panics."
        fix "`Instant::checked_add`, or a limit of thirty years where the library adds by itself.";
    "TIME-14"
        given "A connect limit of 300 milliseconds and a far longer total one; no answer to TCP, to TLS, to a proxy's TCP and \
            CONNECT, and to TLS in its tunnel."
        when "A GET and a POST are made for each."
        then "Each is a timeout of connecting (NET-01), and nothing was sent."
        why "NET-08 says that the server has the request: the caller then looks there, and does not repeat a POST."
        fix "A timeout before the request was written is `Phase::Connect` or `Phase::Handshake`, or `ConnectOrHandshake` where the \
            library does not say which; the tunnel is a part of it.";
    "TIME-16"
        given "An address that swallows packets and a server that never answers the handshake; a connect limit of 300 \
            milliseconds."
        when "Both are called."
        then "Each call ends before ten times the limit."
        why "A limit that is rounded up, or counted anew for each step, is not the one that was set."
        fix "Clause 5 of `Transport::send`: one limit for name, TCP, proxy and TLS together, passed on as it is.";
    "TIME-20"
        given "A body of 64 MiB, for every version of HTTP, and a total limit of three seconds."
        when "Its first bytes are read, and the rest only after the limit has passed, when more is ready at each read."
        then "Reading ends with `Timeout(Body)` and delivery sent, after 256 KiB at most."
        why "A server that always has more to send would hold a call for as long as it likes, whatever limit was set."
        fix "Look at the clock before you look for data: a body that polls its connection first never comes to its deadline while \
            data is ready.";
    "TIME-21"
        given "An address that swallows packets and a server that never answers the handshake; once the connect limit is short, once \
            the total limit."
        when "A GET and a POST are sent, for every version of HTTP."
        then "Each fails as not sent, and in the phase that it was in: TCP for the first, TLS for the second, or one that leaves it open."
        why "A timeout while waiting for the response points at the platform; this one is the network's, and safe to repeat."
        fix "Set the phase where the step begins, and let whichever limit runs out report that one. `ConnectOrHandshake` and `Call` \
            are for stacks that cannot know.";
    "TIME-22"
        given "A server that takes longer to answer than the connect limit, and a transport that is used again when its total \
            limit has long passed."
        when "They are called over each HTTP version."
        then "Both calls are answered."
        why "A connect limit that counts for the whole call ends every slow operation; a total limit that begins with the \
            transport ends every call of a service after its first minutes."
        fix "Begin the total limit in `send`, and end the connect limit when the handshake is done.";
    "TIME-30"
        given "A server or a proxy that says nothing more in each phase of a call: TCP, CONNECT, the handshake, the upload, before, in \
            and after the head; the connect limit or the total limit is the shorter one."
        when "GET and POST are made over HTTP/1.1 and 2, in turn under TLS 1.2 and 1.3, direct and through a proxy."
        then "Each fails with kind, phase and delivery of docs/time-and-delivery.md."
        why "A phase without a limit hangs for ever; a wrong delivery makes the client repeat what was done, or fail what was not."
        fix "The failure names the cell. One deadline for the call and one for connecting, looked at in every wait.";
};

/// Bodies arrive whole, stop at the caller's limit, and a short one is never taken for complete.
pub(super) const BODY: &[Explanation] = explained! {
    "BODY-01"
        given "A server whose answer is 10 MiB that cannot be compressed."
        when "It is read, for every version of HTTP."
        then "The hash of what arrived equals that of what was sent."
        why "Lists of certificates and CRLs are large; a chunk that is lost or doubled is found far away from here."
        fix "Look at how your stream of chunks joins with that of the library: a buffer that is reused before it was \
            copied, or an end that comes too early.";
    "BODY-02"
        given "A server that hashes what it receives."
        when "A POST with 10 MiB is sent, for every version of HTTP."
        then "Hash and length are equal, and `Content-Length` says so."
        why "An upload that is cut at a window or buffer border is stored as a broken file."
        fix "Give the library the body with its length. With HTTP/2 look at the flow control; in a hand-written loop \
            at short writes.";
    "BODY-03"
        given "A server that is slow to read, and an upload of 32 MiB."
        when "It is sent in a process of its own."
        then "The memory of the process grows by one copy of the body and some buffers at most."
        why "A library that buffers without a bound ends a container at its limit as soon as the platform is slow."
        fix "Hand `Bytes` on without copying, and do not push the body into an unbounded channel.";
    "BODY-04"
        given "A server whose answer is larger than the caller's limit."
        when "It is read over HTTP/1.1."
        then "The reading fails with CFG-03, and the connection is closed while the server is still writing."
        why "Whoever answers could fill the memory of the caller, and reading the rest away would cost as much as \
            keeping it."
        fix "The client drops the body. Close the connection then; look for a pool that drains a body to save the \
            connection.";
    "BODY-05"
        given "Answers that end before their announced length or in the middle of a chunk, by close, cut or reset."
        when "The client reads them."
        then "Each is an error: `BodyCut` with delivery sent, or `Interrupted` where the end was rude and overtook \
            the head."
        why "A short body that is taken for complete is a list with certificates missing in it, and nobody notices."
        fix "Clause 8 of `Transport::send`. Compare with `Content-Length`, want the last chunk, and look for a \
            setting that tolerates a short end.";
    "BODY-06"
        given "A server that sends 1 MiB of zeros as gzip, unasked."
        when "It is read with a limit of 64 KiB, as an answer and as an error."
        then "The bytes arrive as they were sent, with their header, and no `Accept-Encoding` was asked for."
        why "Some hundred bytes could become gigabytes in memory, behind the back of every limit."
        fix "Clause 4 of `Transport::send`. Build the library without its gzip, deflate, brotli and zstd features, or \
            switch decoding off.";
    "BODY-07"
        given "A server whose error body and request id hold escape codes, NUL, broken UTF-8 and control characters."
        when "The error is shown."
        then "No control character is in it, and the readable rest of the message is."
        why "Escape codes in an error move the cursor, forge lines of a log or change the title of a terminal."
        fix "The client cleans. Hand over header values as bytes: a transport that insists on text fails the call or \
            loses the header.";
    "BODY-08"
        given "A server that answers 413 after the head of a request and never reads the body."
        when "A POST with 16 MiB is sent."
        then "The answer and its body are read while the upload still runs."
        why "The caller sees a broken pipe instead of the reason, and sends the same upload again."
        fix "Read while you write. In a loop of your own await both sides; do not treat a failed write as the end \
            before you looked for an answer.";
    "BODY-09"
        given "A server that never says `100 Continue`."
        when "A POST with 2 MiB is sent."
        then "The body arrives at once, and no `Expect` was sent."
        why "Each larger POST would wait a second for a word that never comes."
        fix "Clause 4 of `Transport::send`. libcurl adds `Expect` to uploads of 1 MiB and more: set an empty `Expect` \
            header (isahc: `expect_continue`).";
    "BODY-10"
        given "A chunked answer with an extension and with trailers, and another answer behind it."
        when "Both are read in turn."
        then "Both bodies are exactly what they are, and the trailers change no header."
        why "Trailers that are taken for the next answer mix up two callers; one that is taken for a header forges \
            one."
        fix "Leave chunks to the library. In a parser of your own read the trailers up to the empty line and throw \
            them away.";
    "BODY-11"
        given "An answer without length and chunks, whose connection ends with the closing alert of TLS, and once more without."
        when "The client reads both."
        then "The first is whole; the second is an error, `BodyCut` or `Interrupted`."
        why "Anybody on the way can cut a connection; without the alert nothing tells a whole body from one that was \
            shortened on purpose."
        fix "Want `close_notify` where the end of the connection is the end of the body. native-tls hides its absence \
            on some systems: watch the records.";
    "BODY-12"
        given "An answer with a length, one in chunks, one that claims both, and one without a body."
        when "The body is read frame by frame, and asked before each what is left."
        then "`size_hint` never rules out what is still to come, and `is_end_stream` is not said before the end."
        why "Whoever hands the body on, such as a server that answers with it, writes that length and stops at that \
            end: a body that lies of itself arrives cut."
        fix "Pass both on from the body of your library, or leave them out: the defaults of `http_body::Body` claim \
            nothing.";
    "BODY-13"
        given "A server on TLS 1.3 that changes its keys in the middle of a head that takes its time, and again in the body."
        when "The answer is read."
        then "It arrives whole, and the request was sent once."
        why "A connection that carries much, or lives long, gets new keys (RFC 8446 §4.6.3). Whoever watches a connection by \
            its keys, or by its records, takes that for its end."
        fix "Leave key updates to the TLS library. If you observe its ciphers, count a connection as ended only when the last \
            of them is gone.";
    "BODY-14"
        given "HTTP/2 responses that end early: by RST_STREAM (INTERNAL_ERROR, CANCEL, NO_ERROR), GOAWAY or a close, with \
            and without a length; and a whole early response followed by RST_STREAM(NO_ERROR)."
        when "The body is read."
        then "Each cut body is BodyCut (NET-09); the whole response is whole."
        why "A list that was cut looks like a short list, and a key that was cut like a key."
        fix "Hyper maps RST_STREAM(NO_ERROR) to the end of the body: after `None` ask `is_end_stream()`, and the size \
            hint, whether it was one.";
    "BODY-15"
        given "Complete responses over HTTP/1.0 and 1.1, with a length, in chunks and without a body, to GET, POST, PUT, DELETE and \
            HEAD, over TLS 1.2 and 1.3, with and without session tickets. With the last byte the server closes TCP, without a \
            close_notify."
        when "The calls are made."
        then "Each response arrives whole, and each request was sent once."
        why "Many servers close like this (Python's `http.server` does), and a response that is complete by its own framing does \
            not depend on it. If it is lost, so is the secret that the platform shows once."
        fix "Hand on what was read before the error that follows it, and let the framing decide. libcurl on rustls loses the bytes \
            (lib/vtls/rustls.c, `cr_recv`).";
    "BODY-16"
        given "A response over HTTP/2 whose last frame ends its stream, after which the server closes TCP at once, without GOAWAY \
            and close_notify."
        when "A call is made."
        then "The response arrives whole."
        why "A stream that has ended is complete, whatever becomes of its connection."
        fix "Process the frames that were read before you report the end of the connection to the streams.";
    "BODY-17"
        given "Responses that are cut in a body with a length, between and in chunks, or that only a close_notify could end, and a \
            server that closes TCP with their last byte."
        when "GETs and POSTs are made."
        then "Each is BodyCut (NET-09) and delivered, and was sent once."
        why "A transport that forgives a missing close_notify must not forgive a missing end of the body."
        fix "Report `BodyCut` unless the length is complete, the last chunk came, or TLS announced the end.";
    "BODY-18"
        given "A response over HTTP/2 with a length of 100 and five bytes, then the end of the stream, or a reset of it. The \
            connection stays open."
        when "A call is made."
        then "It is BodyCut, and not an expired time limit."
        why "The caller would wait for the whole limit, for bytes that cannot come, and then blame a slow server."
        fix "An ended or reset stream ends the body, even if the connection goes on. libcurl notices it only when it is called \
            again.";
    "BODY-20"
        given "An HTTP/2 response without a length that ends by RST_STREAM(NO_ERROR), or by GOAWAY and a close."
        when "The body is read."
        then "It is BodyCut (NET-09): no END_STREAM was seen."
        why "As BODY-14. Without a length, END_STREAM alone shows whether a body is whole."
        fix "As BODY-14. Some libraries keep it to themselves; then a waiver must say so.";
    "BODY-21"
        given "Responses whose body was not read, or not to its end."
        when "Bodies and transport are dropped on a thread without a runtime."
        then "Nothing panics."
        why "Destructors run where the last owner happens to be; a panic there aborts the program."
        fix "`Handle::try_current` in `Drop`, or no task there at all.";
    "BODY-22"
        given "A response of 64 MiB."
        when "Its head is taken over each HTTP version, and for three seconds nothing of the body is read."
        then "The server has not been able to write all of it; read afterwards, it is whole."
        why "A caller who pages through a large export slowly would hold all of it in memory."
        fix "No unbounded channel between socket and body: read when the caller does.";
    "BODY-31"
        given "Servers whose response to one path ends in the middle of its body, over HTTP/1.1 and 2, under TLS 1.2 and 1.3, direct \
            and through a proxy, with and without an identity."
        when "Each method is sent to it, on a new connection and on one that has carried a response."
        then "The body ends with `BodyCut`, delivery `Sent`; the request arrived once, and the next call is answered."
        why "A document that breaks off where somebody cut the connection is half a certificate or half a list."
        fix "The failure names the setting. If only one fails, look for what your library does differently there.";
};
