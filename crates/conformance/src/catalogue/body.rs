//! The cases BODY. Bodies arrive complete, stop at the caller's limit, and a short one is never accepted as complete.

#[doc(hidden)]
#[macro_export]
macro_rules! __body {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "BODY-01" Must body body_01_a_large_response_arrives_whole
                given "A server whose response is a little more than 10 MiB that cannot be compressed, or one of failure of a MiB."
                when "It is read, for every version of HTTP."
                then "The hash of what arrived equals that of what was sent."
                why "Lists of certificates and CRLs are large; a lost or duplicated chunk is noticed much later."
                fix "Check how your stream of chunks connects to that of the library: a buffer that is reused before \
                    it was copied, or an early end.";
            "BODY-02" Must body body_02_a_large_upload_arrives_whole
                given "A server that hashes what it receives."
                when "A POST with 10 MiB is sent, for every version of HTTP."
                then "Hash and length are equal, and `Content-Length` is right."
                why "An upload that is truncated at a window or buffer boundary is stored as a broken file."
                fix "Pass the body with its length to the library. With HTTP/2 check the flow control; in a \
                    hand-written loop the short writes.";
            "BODY-03" Should body body_03_a_slow_server_costs_no_memory
                given "A server that is slow to read, and an upload of 32 MiB."
                when "It is sent in a separate process."
                then "The memory of the process grows by at most one copy of the body and some buffers."
                why "A library that buffers without limit makes a container exceed its memory as soon as the platform \
                    is slow."
                fix "Pass `Bytes` on without copying, and do not push the body into an unbounded channel.";
            "BODY-04" Must body body_04_a_response_above_the_cap_is_cut_and_its_connection_dropped
                given "A server whose response is larger than the caller's limit."
                when "It is read over HTTP/1.1."
                then "The reading fails with CFG-03, and the connection is closed while the server is still writing."
                why "Otherwise any server could fill the memory of the caller, and draining the rest would cost as \
                    much as storing it."
                fix "The client drops the body. Then close the connection; look for a pool that drains a body to \
                    reuse the connection.";
            "BODY-05" Must body body_05_a_short_or_cut_body_is_an_error
                given "Responses that end before their announced length (the longer one where two differ) or in the middle of \
                    a chunk, or whose length is not a number, by close, truncation or reset."
                when "The client reads them."
                then "Each is an error: `BodyCut` with delivery sent, `Interrupted` if a reset overtook the head, or `Protocol` \
                    for two lengths or none that is a number."
                why "A short body that is accepted as complete is a list with missing certificates, which no one notices."
                fix "Clause 8 of `Transport::send`. Compare with `Content-Length`, require the last chunk, and look \
                    for a setting that tolerates a short end.";
            "BODY-06" Must body body_06_a_compressed_body_is_not_unpacked
                given "A server that sends 1 MiB of zeros as gzip without being asked."
                when "It is read with a limit of 64 KiB, as a response and as an error, and once with an `Accept-Encoding` of the caller."
                then "The bytes arrive as they were sent, with their header, and no other `Accept-Encoding` was sent."
                why "A few hundred bytes could become gigabytes in memory, bypassing every limit."
                fix "Clause 4 of `Transport::send`. Build the library without its gzip, deflate, brotli and zstd \
                    features, or disable decoding.";
            "BODY-07" Must body body_07_a_hostile_error_body_is_cleaned_before_it_is_shown
                given "A server whose error body and request id hold escape codes, NUL, broken UTF-8 and control characters."
                when "The error is shown."
                then "No control character is in it, but the readable rest of the message is."
                why "Escape codes in an error move the cursor, forge lines of a log or change the title of a terminal."
                fix "The client escapes them. Pass on header values as bytes: a transport that insists on text fails \
                    the call or loses the header.";
            "BODY-08" Should body body_08_an_early_refusal_is_read_while_the_upload_runs
                given "A server that responds with 413 after the head of a request and never reads the body."
                when "A POST with 16 MiB is sent."
                then "The response and its body are read while the upload still runs."
                why "Otherwise the caller sees a broken pipe instead of the reason, and sends the same upload again."
                fix "Read while you write. In your own loop await both sides; do not treat a failed write as the end \
                    before you checked for a response.";
            "BODY-09" Should body body_09_no_upload_waits_for_a_continue
                given "A server that never sends `100 Continue`."
                when "A POST with 2 MiB is sent."
                then "The body arrives at once, and no `Expect` was sent."
                why "Otherwise each larger POST waits a second for a response that never comes."
                fix "Clause 4 of `Transport::send`. libcurl adds `Expect` to uploads of 1 MiB and more: set an empty `Expect` \
                    header (isahc: `expect_continue`).";
            "BODY-10" Must body body_10_trailers_do_no_harm
                given "A chunked response with an extension and with trailers, and another response after it."
                when "Both are read in turn."
                then "Both bodies are exactly as sent, and the trailers change no header."
                why "Trailers mistaken for the next response mix up two callers; one mistaken for a header forges one."
                fix "Leave chunks to the library. In your own parser read the trailers up to the empty line and \
                    discard them.";
            "BODY-11" Must body body_11_a_truncated_stream_is_an_error
                given "A response without length and chunks, whose connection ends with the closing alert of TLS, and \
                    another one without."
                when "The client reads both."
                then "The first is whole; the second is an error, `BodyCut` or `Interrupted`."
                why "Anyone on the network can cut a connection; without the alert a complete body cannot be \
                    distinguished from one that was shortened on purpose."
                fix "Require `close_notify` where the end of the connection is the end of the body. Some libraries hide \
                    its absence (native-tls, openssl, tokio-openssl): below TLS, make the end of the connection an error.";
            "BODY-12" Must body body_12_what_a_body_says_of_its_length_and_end_is_true
                given "A response with a length, one in chunks, one that claims both, one without a body, and one to HEAD and a 304 \
                    with the length of another response; over HTTP/1.1 and HTTP/2."
                when "The body is read frame by frame, and its remaining size is queried before each."
                then "`size_hint` never excludes what is still to come, and `is_end_stream` is not true before the end."
                why "Programs that forward the body, such as a server, write that length and stop at that end: with \
                    wrong values it arrives truncated."
                fix "Pass both on from the body of your library, or omit them: the defaults of `http_body::Body` \
                    claim nothing. On hyper over HTTP/2 the size hint of an ended body is the announced length: return \
                    zero once `is_end_stream` is true.";
            "BODY-13" Must body body_13_new_keys_of_the_server_end_nothing
                given "A server on TLS 1.3 that changes its keys in the middle of a slow head, and again in the body."
                when "The response is read."
                then "It arrives whole, and the request was sent once."
                why "A connection with much data, or a long life, gets new keys (RFC 8446 §4.6.3). Code that tracks a \
                    connection by its keys, or by its records, mistakes that for its end."
                fix "Leave key updates to the TLS library. If you observe its ciphers, treat a connection as ended \
                    only when the last of them is gone.";
            "BODY-14" Must http2 body_14_http2_body_that_is_cut_is_an_error
                given "HTTP/2 responses that end early: by RST_STREAM (INTERNAL_ERROR, CANCEL, NO_ERROR), GOAWAY or a close, with \
                    and without a length; and a whole early response followed by RST_STREAM(NO_ERROR)."
                when "The body is read."
                then "Each truncated body is BodyCut (NET-09); the complete response is complete."
                why "A truncated list looks like a short list, and a truncated key like a key."
                fix "Hyper maps RST_STREAM(NO_ERROR) to the end of the body: after `None` check `is_end_stream()` and \
                    the size hint.";
            "BODY-15" Must body_end body_15_a_complete_response_survives_an_end_without_close_notify
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
            "BODY-16" Must body_end body_16_a_complete_http2_response_survives_the_end_of_its_connection
                given "A response over HTTP/2 whose last frame ends its stream, after which the server closes TCP at once, \
                    without GOAWAY \
                    and close_notify."
                when "A call is made."
                then "The response arrives complete."
                why "A stream that has ended is complete, whatever happens to its connection."
                fix "Process the frames that were read before you report the end of the connection to the streams.";
            "BODY-17" Must body_end body_17_a_response_that_is_cut_with_its_connection_is_an_error
                given "Responses that are truncated in a body with a length, between and in chunks, or that only a \
                    close_notify could end, and a server that closes TCP with their last byte."
                when "GETs and POSTs are made."
                then "Each is BodyCut (NET-09) and delivered, and was sent once."
                why "A transport that tolerates a missing close_notify must not tolerate a missing end of the body."
                fix "Report `BodyCut` unless the length is complete, the last chunk arrived, or TLS announced the end.";
            "BODY-18" Must body_end body_18_an_http2_response_that_ends_short_of_its_length_is_cut_at_once
                given "A response over HTTP/2 with a length of 100 and five bytes, then the end of the stream, or a reset of it. \
                    The \
                    connection stays open."
                when "A call is made."
                then "It is BodyCut, and not an expired time limit."
                why "The caller would wait for the whole limit, for bytes that cannot arrive, and then blame a slow server."
                fix "An ended or reset stream ends the body, even if the connection stays open. libcurl notices it \
                    only when it is called again.";
            "BODY-20" Must http2 body_20_http2_body_reset_without_an_error_and_a_length_is_cut
                given "An HTTP/2 response without a length that ends by RST_STREAM(NO_ERROR), or by GOAWAY and a close."
                when "The body is read."
                then "It is BodyCut (NET-09): no END_STREAM was seen."
                why "As in BODY-14. Without a length, only END_STREAM shows whether a body is complete."
                fix "As in BODY-14. Some libraries do not report it; then a waiver must declare that.";
            "BODY-21" Must bodies body_21_body_dropped_outside_its_runtime_does_not_panic
                given "Responses whose body was not read, or not to its end, and calls that wait for a handshake or a response."
                when "A body is read, and bodies, calls and transport are dropped, on a thread without a runtime."
                then "Nothing panics."
                why "Destructors run on the thread of the last owner; a panic there aborts the program."
                fix "`Handle::try_current` in `Drop`, or no task there at all.";
            "BODY-22" Must bodies body_22_unread_body_is_not_read_ahead_without_bound
                given "A response of 64 MiB."
                when "Its head is taken over each HTTP version, and for three seconds nothing of the body is read."
                then "The server has not been able to write all of it; when read afterwards, it is complete."
                why "A caller that reads a large export slowly would hold all of it in memory."
                fix "No unbounded channel between socket and body: read when the caller does.";
            "BODY-23" Must bodies body_23_a_refusal_before_the_upload_was_read_is_the_response
                given "Servers that respond with 401, 403, 413 or 500 to the head of a request, over HTTP/1.1 and 2, and then read its body."
                when "A body of 2 MiB is sent."
                then "The call returns that response, and its body is whole or, over HTTP/1.1, an error."
                why "The caller would see a broken connection where the server said what is wrong."
                fix "Read the response while the request is written, and prefer it to an error of writing.";
            "BODY-24" Must bodies body_24_a_body_is_bytes_whatever_its_type_says
                given "A server that sends back the body and the type that it receives."
                when "Bodies with a byte order mark, with line ends of both kinds and with bytes that are not text are sent, \
                    under several types."
                then "Each arrives byte for byte, in both directions."
                why "A signature or digest over a body that was decoded as text is not the one that was sent."
                fix "Take bytes from the library, never its text; look for a conversion that follows the charset of \
                    `Content-Type`.";
            "BODY-25" Must unhindered body_25_a_body_that_has_ended_stays_ended
                given "Responses that end by a length, by chunks, by a close, by a frame or too early, and a 204."
                when "The body is read to its end, and then asked twice more."
                then "There is nothing more: no data, no panic and no wait."
                why "Adapters of streams ask once more after the end, and a panic there ends the program of the caller."
                fix "Remember that the body has ended; a finished future or stream must not be polled again.";
            "BODY-26" Must unhindered body_26_each_part_of_a_body_is_given_when_it_comes
                given "Servers that send each small part of a body only when the client has the previous one."
                when "The response is read, a 503 with a length, a 200 with chunks and one over HTTP/2."
                then "Each part is returned before the next one is sent, and `size_hint` allows for what is left."
                why "Progress reports and long responses arrive late or never where a library fills a buffer first."
                fix "Hand on what was read, however little it is.";
            "BODY-27" Must http2_duties body_27_http2_request_stays_within_the_window_of_its_server
                given "An HTTP/2 server with an initial window of 1,000 bytes, which the client has acknowledged."
                when "A POST of 20,000 bytes is sent; and one of 5,000, in which the server sets the window to that."
                then "Exactly 1,000 bytes of the first arrive until the server lets more through, and an early response is \
                    returned; the second arrives whole."
                why "A server ends the connection of a client that sends more, and with it all other calls. A client that \
                    misses the change waits until its limit runs out."
                fix "Apply `SETTINGS_INITIAL_WINDOW_SIZE` of the server to every new stream, and a change of it to those that \
                    are open (RFC 9113 section 6.9.2).";
            "BODY-28" Should unhindered body_28_the_head_is_given_before_the_body_begins
                given "Servers that send a head, and the body when the client has the head."
                when "A GET is sent, and answered with a length, with chunks and over HTTP/2."
                then "The call returns with the head."
                why "A caller that decides by status or headers waits for a body that may take minutes to begin."
                fix "Return at the end of the head, and not with the first byte of the body.";
            "BODY-31" Must lost body_31_cut_body_is_an_error_in_every_setting
                given "Servers whose response to one path ends in the middle of its body, over HTTP/1.1 and 2, under TLS 1.2 and \
                    1.3, direct \
                    and through a proxy, with and without an identity; some with the headers of an encoded, streamed or partial body."
                when "Each method is sent to it, on a new connection and on one that has carried a response, as in \
                    ERR-41."
                then "The body ends with `BodyCut`, delivery `Sent`; the request arrived once, and the next call succeeds."
                why "A document that ends where the connection was cut is half a certificate or half a list."
                fix "The failure names the setting. If only one fails, look for what your library does differently in it.";
            "BODY-32" Must bodies body_32_a_body_that_is_read_in_parts_costs_no_memory
                given "A server whose response has 48 MiB, in a process of its own."
                when "A GET is sent over each HTTP version, and its body is read part by part."
                then "The process needs at most half of that in memory."
                why "A caller that streams a document to disk has sized its machine for a part of it."
                fix "Hand on each part and keep none. Look for a buffer, a log or a cache that collects what was read.";
        }
    };
}
