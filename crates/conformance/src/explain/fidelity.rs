//! The cases of FID, in words. Their messages are drawn, so each is about a kind of message and not about one.

use super::explanation::Explanation;

/// Messages that nobody thought of arrive as well as those that somebody did.
pub(super) const FID: &[Explanation] = explained! {
    "FID-01"
        given "A server that records the target of each request, over every version of HTTP that the transport \
            speaks, and targets that are drawn: any path and query that the client can make."
        when "GET and HEAD are sent to a hundred of them, on new and on used connections."
        then "Each target on the wire is the one that was given, byte for byte."
        why "A library that rewrites one combination in a thousand reads or changes the wrong object for the one user \
            whose name has it."
        fix "Clause 5 of `Transport::send`. The failure shows the shortest target that is changed; look for a URL type \
            that knows better what you mean.";
    "FID-02"
        given "The same server, and requests whose header fields are drawn: up to 60, equal names, empty and long \
            values, blanks inside, bytes above ASCII."
        when "They are sent, on new and on used connections."
        then "The values of each name arrive in order and unchanged, and nothing else arrives but `host`, the framing, \
            and an `accept` and `user-agent` of the library where none was given; a byte above ASCII may be refused as \
            a whole request with kind `Config` and delivery `NotSent`."
        why "A lost or joined field changes what is asked: a condition that is left out lets an update overwrite a \
            newer one."
        fix "Clause 4 of `Transport::send`. Use the call of your library that appends a field, not the one that sets \
            it, and look whether it has a bound on their number.";
    "FID-03"
        given "The same server, and requests with drawn methods and bodies, from none to 5 MiB, many of them as long as \
            a buffer or a frame, or one byte off."
        when "They are sent, one after the other."
        then "Method, length and hash of each body are those that were given, and over HTTP/1.1 `content-length` is \
            true."
        why "A body that is cut at the end of a buffer is a signature over another document, and a false length makes \
            the next request part of this one."
        fix "Hand the body to your library in one piece and with its exact length. If only one length fails, look at the \
            loop that fills the buffer of this size.";
    "FID-04"
        given "A scripted server and drawn response heads: any status, interim responses before it, up to 240 fields \
            and 60 KiB, odd letter case, blanks around values, continued HTTP/2 heads, GET and HEAD."
        when "The responses are read."
        then "Status, version and the values of each name, in order, are those that were written, and of the interim \
            responses nothing is left."
        why "A field that is lost may be the one with the location of the new object or the time to wait."
        fix "Hand on the header map of your library as it is. If long heads fail, raise the limits of the library above \
            `HeadLimit`.";
    "FID-05"
        given "A scripted server and drawn HTTP/1.1 responses: with a length, in chunks of any sizes with extensions and \
            trailers, or ended by the connection, written in pieces that end anywhere."
        when "Their bodies are read."
        then "Each body is the one that was written, byte for byte, and ends without an error."
        why "A byte that is lost where two reads meet makes a certificate or an archive unreadable, and only on networks \
            that cut there."
        fix "Do not read the framing yourself where your library does. Where you do, feed your parser one byte at a time \
            in a test of your own.";
    "FID-06"
        given "A scripted server and drawn HTTP/2 responses: DATA frames of any sizes with any padding, empty ones, frames \
            of other and unknown kinds in between, trailers, written in pieces that end anywhere."
        when "They are read to their ends."
        then "Each body arrives byte for byte, and ends where its stream does."
        why "Servers and proxies differ in how they cut a body into frames, so such a fault shows with one of them only."
        fix "Padding is no part of the body and counts in flow control; unknown frames are passed over; an empty DATA frame \
            ends nothing without its flag.";
    "FID-07"
        given "Drawn HTTP/1.1 responses whose connection ends at any byte from the end of the head on: cleanly, by FIN \
            alone, together with the last bytes, or by RST."
        when "They are read to the end that is left."
        then "A response that is complete by its own framing is whole; any other is an error that does not say \
            `NotSent`, and what was delivered before is a beginning of the body."
        why "Whoever can cut the connection chooses where a document ends, and a list that is short by half looks like a \
            list."
        fix "Clause 8 of `Transport::send`. The failure shows the place of the cut; places within the last chunk and its \
            line ends are the ones that parsers forgive.";
    "FID-08"
        given "Drawn HTTP/2 responses that end at any byte with their connection, or at any frame with RST_STREAM or \
            GOAWAY."
        when "They are read to the point where they end."
        then "Only a stream that was ended by END_STREAM, or a body that has all of its announced length, may be whole; \
            all others are errors."
        why "Libraries take some resets for the end of the body, so a proxy that gives up makes half a response look \
            like all of it."
        fix "Ask your library whether END_STREAM was seen when a body ends; where it cannot tell, compare with the \
            length.";
    "FID-09"
        given "A server that sends a whole drawn refusal when it has read the head of a request, and reads the drawn \
            upload afterwards, or resets the stream without an error."
        when "POST, PUT and PATCH with bodies of up to 2 MiB are sent."
        then "The response is there, whole; over HTTP/1.1 a body may break off, as an error."
        why "A service refuses a large upload early, and a transport that loses this response reports a broken \
            connection in place of the reason."
        fix "Read while you write. An error of writing is not the end of the call as long as a response can still be \
            read.";
    "FID-10"
        given "Drawn HTTP/1.1 responses whose connection ends at any byte of their heads, interim heads among them."
        when "One is waited for."
        then "The call ends with an error that does not say `NotSent`."
        why "Half a head is a status without the fields that qualify it, and a field that is cut has another value."
        fix "A head ends with its empty line, and with nothing else. Look for a library that takes the end of the \
            connection for it.";
};
