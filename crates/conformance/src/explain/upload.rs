//! The explanations of UPLOAD.

use super::Explanation;

pub(super) const UPLOAD: &[Explanation] = explained! {
    "UPLOAD-01"
        given "A server that records what arrives, in each setting, and a body larger than an HTTP/2 server lets through at first."
        when "The body is uploaded with its length declared and without, by POST and by PUT; then a body of no bytes."
        then "Every byte arrives, once. A known length is `Content-Length`; an unknown one is chunked over HTTP/1.1."
        why "A file would be stored damaged, or some servers would refuse it for its framing."
        fix "Call `UploadWatch::begin`, give the library the body with its size hint, and let it wait for the HTTP/2 window.";
    "UPLOAD-02"
        given "A server that reads the head of a request and then nothing more."
        when "A body of 256 MiB is uploaded."
        then "Less than 64 MiB of it is read: what fits into the buffers of the library and of the system."
        why "An upload of gigabytes to a slow server would fill the memory of the program."
        fix "Poll the body only when the connection takes more; never collect it and never put it into an unbounded channel.";
    "UPLOAD-03"
        given "A server that responds with 403 or 413 to the head alone, and reads no body."
        when "A body that stalls, and one that is far too large, are uploaded."
        then "The call returns that response, and its body is whole."
        why "The user would see a timeout or a broken connection where the server gave the reason."
        fix "Read the response while the body is being written, and prefer it to an error of writing.";
    "UPLOAD-04"
        given "A server that begins a response of 200 after the head, and ends it when it has the whole request."
        when "The second half of the body is given only after the head of the response has been returned."
        then "The whole body arrives, and then the rest of the response."
        why "A server that acknowledges early would store half a file, and the caller would believe in the whole."
        fix "Keep sending the body after the head of the response; do not tie it to the future of the call.";
    "UPLOAD-05"
        given "A body that gives some chunks, or none, and then an error."
        when "It is uploaded, with its length declared and without."
        then "The error is `Upload`, IO-03, with the caller's error in its chain, and the server gets no complete request."
        why "The server would take half a file for the whole, or the caller would look for the fault in the network."
        fix "Have the library abort the request at an error of the body, and pass its outcome to `UploadWatch::outcome`.";
    "UPLOAD-06"
        given "Uploads whose body stalls, whose server does not read, or whose response has begun."
        when "The future of the call, or the response, is dropped."
        then "The caller's body is dropped at once; a server that reads sees the request cut."
        why "A cancelled upload would go on in the background, and hold its file open."
        fix "Hold the `UploadWatch` in the future and in the response body, which `UploadWatch::outcome` does.";
    "UPLOAD-07"
        given "A body of 50,000 bytes, and a declared length that is a little or much too large or too small."
        when "It is uploaded."
        then "The error is `Upload` with an `UploadError` that names the lengths, and the server gets no complete request."
        why "A file that changes while it is sent would be stored cut, without any error."
        fix "Take what `UploadBody` gives: it holds back the last chunk until the length is certain. Do not correct the length.";
    "UPLOAD-08"
        given "A total limit of a quarter of a second (longer ones where the machine is too busy to connect in it)."
        when "A body stalls, or the server does not read it."
        then "The call ends with `Timeout` and delivery unknown."
        why "A program would wait without end for an upload that makes no progress."
        fix "Begin the total limit with the call, and let it run while the body is written.";
    "UPLOAD-09"
        given "Servers that respond with 408, 421, 425, 429 or 503, that end a used connection, and that refuse an HTTP/2 stream."
        when "A body is uploaded."
        then "One request arrives; what happened is the response or the error."
        why "A part of a body that was read already would be missing in the second request, or a file would be stored twice."
        fix "Switch the retries of the library off for uploads, and buffer nothing in order to send it again.";
    "UPLOAD-10"
        given "The servers of each setting."
        when "A body is uploaded with an API key and headers of several values, twice over one transport."
        then "Target, headers, identity and connection are as configured, and the facts agree with the ledger."
        why "A path of its own for uploads is where a key, an identity or a proxy is forgotten."
        fix "Send uploads through the code that sends all other requests; only the type of the body differs.";
};
