//! The cases UPLOAD. Uploads arrive as they are given, in constant memory, and stop when they are dropped.

#[doc(hidden)]
#[macro_export]
macro_rules! __upload {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "UPLOAD-01" Must upload upload_01_body_above_every_window_arrives_byte_for_byte
                given "A server that records what arrives, in each setting, and a body larger than an HTTP/2 server lets through \
                    at first."
                when "The body is uploaded with its length declared and without, by POST and by PUT; then a body of no bytes, \
                    and one of more than 4 GiB is begun."
                then "Every byte arrives, once. A known length is `Content-Length`; an unknown one is chunked over HTTP/1.1."
                why "A file would be stored damaged, or some servers would refuse it for its framing."
                fix "Call `UploadGuard::begin`, give the library the body with its size hint, and let it wait for the HTTP/2 \
                    window.";
            "UPLOAD-02" Must upload upload_02_body_is_not_read_ahead_of_the_server
                given "A server that reads the head of a request and then nothing more."
                when "A body of 256 MiB is uploaded."
                then "Less than 64 MiB of it is read: what fits into the buffers of the library and of the system."
                why "An upload of gigabytes to a slow server would fill the memory of the program."
                fix "Poll the body only when the connection takes more; never collect it and never put it into an unbounded \
                    channel.";
            "UPLOAD-03" Must upload upload_03_refusal_before_the_end_of_the_body_is_the_response
                given "A server that responds with 403 or 413 to the head alone, and reads no body."
                when "A body that stalls, and one that is far too large, are uploaded."
                then "The call returns that response, and its body is whole."
                why "The user would see a timeout or a broken connection where the server gave the reason."
                fix "Read the response while the body is being written, and prefer it to an error of writing.";
            "UPLOAD-04" Must upload upload_04_early_success_is_not_a_success_without_the_whole_body
                given "A server that begins a response of 200 after the head, and ends it when it has the whole request."
                when "The second half of the body is given only after the head of the response has been returned."
                then "Either the whole body arrives and then the rest of the response, or the call is an `Upload` error, and with a \
                    declared length the server gets no complete request."
                why "A server that acknowledges early would store half a file, and the caller would believe in the whole."
                fix "Keep sending the body after the head of the response; do not tie it to the future of the call. Where the \
                    library does not send the rest, return an error at a success before the end of the body.";
            "UPLOAD-05" Must upload_end upload_05_body_that_fails_is_an_error_and_never_a_request
                given "A body that gives some chunks, or none, and then an error."
                when "It is uploaded, with its length declared and without."
                then "The error is `Upload`, IO-03, with the caller's error in its chain, and the server gets no complete request."
                why "The server would take half a file for the whole, or the caller would look for the fault in the network."
                fix "Have the library abort the request at an error of the body, and pass its outcome to `UploadGuard::outcome`.";
            "UPLOAD-06" Must upload_end upload_06_dropped_upload_stops
                given "Uploads whose body stalls, whose server does not read, or whose response has begun."
                when "The future of the call, or the response, is dropped."
                then "The caller's body is dropped at once; a server that reads sees the request cut."
                why "A cancelled upload would go on in the background, and hold its file open."
                fix "Hold the `UploadGuard` in the future and in the response body, which `UploadGuard::outcome` does.";
            "UPLOAD-07" Must upload_end upload_07_body_of_another_length_is_an_error_and_never_a_request
                given "A body of 50,000 bytes, and a declared length that is a little or much too large or too small."
                when "It is uploaded."
                then "The error is `Upload` with an `UploadError` that names the lengths, and the server gets no complete request."
                why "A file that changes while it is sent would be stored cut, without any error."
                fix "Take what `UploadBody` gives: it holds back the last chunk until the length is certain. Do not correct the \
                    length.";
            "UPLOAD-08" Must upload upload_08_total_limit_includes_the_upload
                given "A total limit of a quarter of a second (longer ones where the machine is too busy to connect in it)."
                when "A body stalls, or the server does not read it."
                then "The call ends with `Timeout` and delivery unknown."
                why "A program would wait without end for an upload that makes no progress."
                fix "Begin the total limit with the call, and let it run while the body is written.";
            "UPLOAD-09" Must upload_end upload_09_upload_is_never_repeated
                given "Servers that respond with 408, 421, 425, 429 or 503, that end a used connection, and that refuse an \
                    HTTP/2 stream."
                when "A body is uploaded."
                then "One request arrives; what happened is the response or the error."
                why "A part of a body that was read already would be missing in the second request, or a file would be stored \
                    twice."
                fix "Switch the retries of the library off for uploads, and buffer nothing in order to send it again.";
            "UPLOAD-10" Must upload_end upload_10_headers_identity_and_facts_are_those_of_a_call
                given "The servers of each setting."
                when "A body is uploaded with an API key and headers of several values, twice over one transport."
                then "Target, headers, identity and connection are as configured, and the facts agree with the ledger."
                why "A path of its own for uploads is where a key, an identity or a proxy is forgotten."
                fix "Send uploads through the code that sends all other requests; only the type of the body differs.";
            "UPLOAD-11" Must upload_as_call upload_11_an_upload_trusts_the_servers_of_its_transport_alone
                given "Servers of an unknown issuer, of another name and with an expired certificate, over HTTP/1.1 and 2."
                when "A body is uploaded to each."
                then "We refuse them, as not sent, and no request arrives; and an upload speaks the TLS version of the configuration."
                why "A second client for uploads that verifies less gives file and key to any server that responds."
                fix "Make uploads with the same engine and verifier as other calls.";
            "UPLOAD-12" Must upload_as_call upload_12_a_redirect_of_an_upload_is_returned_and_not_followed
                given "A server that responds to an upload with 301, 302, 303, 307 or 308, to itself and to another server."
                when "A body is uploaded."
                then "The redirect is the response, after one request, and the other server sees nothing."
                why "A streamed body cannot be sent again: the target would get a request without it, and the key with it."
                fix "Switch off redirects for uploads as for other calls.";
            "UPLOAD-13" Must upload_as_call upload_13_an_upload_meets_the_connect_limit
                given "An address that drops packets, and a server that does not shake hands."
                when "A body is uploaded with a short connect limit and a long total limit."
                then "Both uploads end with a timeout, as not sent."
                why "Uploads have long limits, so that without this one a dead host blocks them for minutes."
                fix "Set the connect limit on the client or handle that uploads use, too.";
            "UPLOAD-14" Must upload_as_call upload_14_no_log_or_error_shows_what_is_uploaded
                given "A server that responds, and a port without a listener."
                when "A body is uploaded to each with a key, a path and a query, while every log line is read."
                then "No line shows the body or the key, and no error shows the path or the query."
                why "What is uploaded can be a private key, and logs are kept and shared."
                fix "Log sizes, never contents; and do not put the URL into errors.";
            "UPLOAD-15" Must upload_as_call upload_15_an_upload_leaves_no_connection_behind
                given "A transport that has made two uploads."
                when "The transport is dropped."
                then "The server sees every connection close."
                why "A program that uploads at each rotation would run out of sockets."
                fix "Give the connection of an upload back to the pool, or close it with its response.";
            "UPLOAD-16" Must upload_as_call upload_16_a_body_that_waits_is_left_to_sleep
                given "A body of ten pieces that waits half a second in the middle."
                when "It is uploaded over each HTTP version."
                then "It is polled fewer than a hundred times, and always within the runtime of the call."
                why "A pipe or a slow disk would cost a whole processor for as long as it is awaited; a body that reads a \
                    file or waits for a timer panics outside its runtime."
                fix "Poll the body again when it wakes its task, and not in a loop or by a timer. A library with a thread of \
                    its own gets the chunks from the task of the call.";
            "UPLOAD-17" Must upload_as_call upload_17_an_upload_makes_no_other_call_wait
                given "An upload whose body stalls."
                when "A GET is made on the same transport, to the same server."
                then "It gets its response while the upload waits."
                why "One slow file would block each other call of the program for minutes."
                fix "Hold no lock while a body is sent; use another connection, or another stream of HTTP/2.";
            "UPLOAD-18" Must upload_as_call upload_18_the_response_to_an_upload_is_read_as_any_other
                given "Servers whose response to an upload has a status of failure, an encoding and a repeated header, or \
                    follows an interim one and is cut, or stalls."
                when "A body is uploaded over each HTTP version."
                then "The response is as it was sent; a cut is `BodyCut`, and the total limit ends a body that stalls."
                why "A path of its own for uploads often has other defaults for statuses, encodings and limits."
                fix "Read the response of an upload with the code that reads all others.";
            "UPLOAD-19" Must upload_as_call upload_19_outside_its_runtime_an_upload_ends_with_a_response_or_an_error
                given "A thread on which no runtime was entered."
                when "A body is uploaded on it."
                then "It gets its response, or `NoRuntime` as not sent, without a connection."
                why "A panic inside of a library ends the program of a caller who used the wrong thread."
                fix "Look for the runtime before anything that needs it, in `upload` as in `send`.";
            "UPLOAD-20" Must upload_as_call upload_20_a_body_that_panics_ends_its_own_call_alone
                given "A body that panics in its middle."
                when "It is uploaded over each HTTP version, and then two GETs are made on the same transport."
                then "The upload fails as one whose body cannot be read, and both GETs get their responses."
                why "One faulty reader would end all later calls of a long-running program."
                fix "`UploadBody` gives the panic as an error: end this call with it, and keep nothing of it for the next ones.";
            "UPLOAD-21" Should upload upload_21_early_success_does_not_end_the_upload
                given "The server of UPLOAD-04."
                when "The second half of the body is given only after the head of the response has been returned."
                then "The whole body arrives, and then the rest of the response."
                why "An upload that would have succeeded fails, and has to be made again from its beginning."
                fix "Keep sending the body after the head of the response; do not tie it to the future of the call.";
            "UPLOAD-22" Must bodies upload_22_an_upload_costs_no_memory
                given "A server that reads what it is sent, and a process of its own."
                when "A body of 32 MiB, made piece by piece, is uploaded over each HTTP version."
                then "Every byte arrives, and the process needs at most half of that in memory."
                why "A caller that streams a document from disk has sized its machine for a part of it."
                fix "Hand on each piece and keep none. Look for a copy for retries, a hash or a log that collects what was sent.";
            "UPLOAD-23" Must failures upload_23_a_failure_of_an_upload_is_reported_as_that_of_any_call
                given "The servers and proxies of ERR-34, except those that wait."
                when "A request and an upload are sent to each."
                then "Both fail with the same kind and delivery; what is known of the connection of one is known of that of the other."
                why "An upload is often the larger loss, and its diagnosis needs the same evidence."
                fix "Send uploads by the code that sends requests, and create the errors of both in one place.";
            "UPLOAD-24" Must at_once upload_24_uploads_at_the_same_time_arrive_each_whole
                given "A server that records what arrives, and bodies that are given in pieces, one after the other."
                when "Four are uploaded at the same time, over each HTTP version."
                then "Each arrives byte for byte."
                why "Two documents that are mixed are both lost, and their hashes may be signed."
                fix "No buffer or channel that uploads share.";
        }
    };
}
