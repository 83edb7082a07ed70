//! The cases FID. Random messages arrive as well as hand-written ones.

#[doc(hidden)]
#[macro_export]
macro_rules! __fid {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "FID-01" Must request fid_01_any_target_arrives_byte_for_byte
                given "A server that records the target of each request, over every version of HTTP that the transport \
                    speaks, and random targets: any path and query that the client can build."
                when "GET and HEAD are sent to a hundred of them, on new and on used connections."
                then "Each target on the wire is the one that was given, byte for byte."
                why "A library that changes one combination in a thousand reads or changes the wrong object for the \
                    one user whose name has it."
                fix "Clause 5 of `Transport::send`. The failure shows the shortest target that is changed; look for a \
                    URL type that normalises.";
            "FID-02" Must request fid_02_any_request_headers_arrive_as_given
                given "The same server, and requests with random header fields: up to 60, equal names, empty and long \
                    values, blanks inside, bytes above ASCII."
                when "They are sent, on new and on used connections."
                then "The values of each name arrive in order and unchanged, and nothing else arrives except `host`, \
                    the framing, and an `accept` and `user-agent` of the library where none was given; a byte above \
                    ASCII may be refused as a whole request with kind `Config` and delivery `NotSent`."
                why "A lost or joined field changes the request: a missing condition lets an update overwrite a newer one."
                fix "Clause 4 of `Transport::send`. Use the function of your library that appends a field, not the \
                    one that sets it, and check whether their number is limited.";
            "FID-03" Must request fid_03_any_method_and_body_arrive_whole
                given "The same server, and requests with random methods and bodies, from none to 5 MiB, many of them \
                    as long as a buffer or a frame, or one byte off."
                when "They are sent, one after the other."
                then "Method, length and hash of each body are as given, and over HTTP/1.1 `content-length` is right."
                why "A body that is truncated at the end of a buffer is a signature over another document, and a \
                    wrong length makes the next request part of this one."
                fix "Pass the body to your library in one piece and with its exact length. If only one length fails, \
                    check the loop that fills the buffer of this size.";
            "FID-04" Must whole fid_04_any_response_head_arrives_as_sent
                given "A scripted server and random response heads: any status, interim responses before it, up to 240 \
                    fields and 60 KiB, odd letter case, blanks around values, continued HTTP/2 heads, GET and HEAD."
                when "The responses are read."
                then "Status, version and the values of each name, in order, are as written, and nothing of the \
                    interim responses is left."
                why "The lost field may be the location of the new object or the delay."
                fix "Return the header map of your library unchanged. If long heads fail, raise the limits of the \
                    library above `HeadLimit`.";
            "FID-05" Must whole fid_05_any_http1_body_arrives_whole
                given "A scripted server and random HTTP/1.1 responses: with a length, in chunks of any sizes with \
                    extensions and trailers, or ended by the connection, written in pieces that end anywhere."
                when "Their bodies are read."
                then "Each body is as written, byte for byte, and ends without an error."
                why "A byte lost between two reads makes a certificate or an archive unreadable, and only on networks \
                    that split there."
                fix "Do not parse the framing yourself if your library does. If you do, feed your parser one byte at \
                    a time in a test.";
            "FID-06" Must whole fid_06_any_http2_body_arrives_whole
                given "A scripted server and random HTTP/2 responses: DATA frames of any sizes with any padding, empty \
                    ones, frames of other and unknown kinds in between, trailers, written in pieces that end \
                    anywhere."
                when "They are read to their ends."
                then "Each body arrives byte for byte, and ends where its stream does."
                why "Servers and proxies differ in how they split a body into frames, so such a fault shows with one \
                    of them only."
                fix "Padding is not part of the body but counts in flow control; unknown frames are skipped; an empty \
                    DATA frame ends nothing without its flag.";
            "FID-07" Must cut fid_07_http1_body_that_is_cut_anywhere_is_an_error
                given "Random HTTP/1.1 responses whose connection ends at any byte from the end of the head on: \
                    cleanly, by FIN only, together with the last bytes, or by RST."
                when "They are read to the end that is left."
                then "A response that is complete by its own framing is complete; any other is an error that is not \
                    `NotSent`, and what was delivered before is a prefix of the body."
                why "Otherwise anyone who can cut the connection chooses where a document ends, and a truncated list \
                    looks like a list."
                fix "Clause 8 of `Transport::send`. The failure shows the position of the cut; parsers often tolerate \
                    positions within the last chunk and its line ends.";
            "FID-08" Must cut fid_08_http2_response_that_is_cut_anywhere_is_an_error
                given "Random HTTP/2 responses that end at any byte with their connection, or at any frame with \
                    RST_STREAM or GOAWAY."
                when "They are read to the point where they end."
                then "Only a stream that ended with END_STREAM, or a body with its whole announced length, may be \
                    complete; all others are errors."
                why "Some libraries treat some resets as the end of the body, so a proxy that gives up makes half a \
                    response look complete."
                fix "Check in your library whether END_STREAM was received when a body ends; if it does not report \
                    that, compare with the length. hyper's `is_canceled()` does not mean `NotSent`: over HTTP/2 it is also the \
                    error of a request that was sent.";
            "FID-09" Should early fid_09_refusal_before_the_upload_has_ended_arrives_whole
                given "A server that sends a whole random refusal when it has read the head of a request, and reads the \
                    random upload afterwards, or resets the stream without an error."
                when "POST, PUT and PATCH with bodies of up to 2 MiB are sent."
                then "The response is complete; over HTTP/1.1 a body may be truncated, as an error."
                why "A service refuses a large upload early, and a transport that loses this response reports a \
                    broken connection instead of the reason."
                fix "Read while you write. A write error is not the end of the call while a response can still be read.";
            "FID-10" Should cut fid_10_http1_head_that_is_cut_anywhere_is_an_error
                given "Random HTTP/1.1 responses whose connection ends at any byte of their heads, including interim heads."
                when "A call waits for one."
                then "The call ends with an error that is not `NotSent`."
                why "Half a head is a status without the fields that qualify it, and a truncated field has another value."
                fix "A head ends with its empty line, and with nothing else. Look for a library that accepts the end \
                    of the connection instead.";
        }
    };
}
