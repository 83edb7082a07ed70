//! Explanations of the cases ERR, REPLAY and RETRY. The client implements most of ERR and RETRY: their texts explain what a
//! transport must pass on for it.

use super::explanation::Explanation;

/// One fault has one code, the cause is shown, and the library's own error is available.
pub(super) const ERR: &[Explanation] = explained! {
    "ERR-01"
        given "A platform that responds with 400 with a list under `errors`."
        when "A call is made, for every version of HTTP."
        then "The code and the message of the first entry are stored and shown, under API-06 (the name is \
            already in use)."
        why "Without them the caller sees a bare 400 and has to guess which field was wrong."
        fix "The client reads the document. A transport only has to hand over status, headers and body of an \
            error response like those of any other.";
    "ERR-02"
        given "A platform that responds with 422 with an object under `error`."
        when "A call is made, for every version of HTTP."
        then "Its code and message are stored and shown, under API-01."
        why "The services of the platform do not agree on one form; a client that supports only one of them \
            loses the message of the others."
        fix "The client reads the document. If only yours fails, it turns 4xx into its own error: look for \
            `error_for_status` or `FAILONERROR`.";
    "ERR-03"
        given "A platform that responds with 403 with a `status` in words in its error object."
        when "A call is made, for every version of HTTP."
        then "The words are the code, and the diagnosis is AUT-03."
        why "Programs decide by the code; without it they have to parse a message."
        fix "The client reads the document. A body that is missing was dropped by your library with the status; read \
            it to the end first.";
    "ERR-04"
        given "A platform that responds with 500 with the error page of a framework: a time, a status, an \
            `error` and a path."
        when "A call is made, for every version of HTTP."
        then "The text under `error` is the message, whether the status in it is a number or a string, under API-03."
        why "This is what an unexpected fault looks like; a parser that fails on it hides it behind its own error."
        fix "The client reads the document. Do not decode JSON in a transport, and do not repeat a 500.";
    "ERR-05"
        given "A platform that responds with 400 with a number as code."
        when "A call is made, for every version of HTTP."
        then "The number is the code, as text, beside the message."
        why "A parser that wants a string throws away the message with the number."
        fix "The client reads the document. A failure with your transport alone means a body that is not the one that \
            was sent (see BODY-01).";
    "ERR-06"
        given "Responses that are not an error document: HTML, plain text, an empty body, truncated JSON, with \
            right and wrong types and many statuses."
        when "The client reads them."
        then "A page or a text is a gateway's (GW-01 to GW-03), truncated JSON and empty bodies are AUT-05, \
            with a bounded excerpt, also when the status is 200."
        why "Such a response comes from a gateway, and its text is the only hint; the whole text would flood the log."
        fix "Return the body whatever its type, and an empty one as empty. A library that sniffs or converts \
            text damages the excerpt.";
    "ERR-07"
        given "A platform that responds with 401, and a credential with nothing newer."
        when "A POST is made."
        then "It is AUT-01 after one request; the refusal is reported to the credential once, and it is asked \
            at most once more."
        why "Retrying with the same key locks accounts, and reading the secret store in a loop locks that."
        fix "The client decides. A second request means that your library retries after a 401 on its own: \
            switch off its authentication.";
    "ERR-08"
        given "A platform that responds with 403 with a text about multi-factor authentication."
        when "A client with a key alone makes a call."
        then "It is AUT-02 and reports the missing certificate."
        why "Otherwise a user with all permissions looks for a missing role."
        fix "The client reads the text. If it is not found, the body of your 403 is empty or cut.";
    "ERR-09"
        given "A platform that responds with 403 because a permission is missing."
        when "A call is made."
        then "It is AUT-03, and no retry is advised."
        why "Otherwise a valid key is replaced by another one with the same missing permission."
        fix "The client reads the text. Hand the 403 over once and unchanged; a proxy login of the library must not \
            react to it.";
    "ERR-10"
        given "A load balancer that responds with 400 with the words of nginx for a certificate that is missing."
        when "A client with a key makes a call."
        then "It is HS-01, as for a handshake error."
        why "This page is the only sign of an identity that was not presented, and it looks like a bad request."
        fix "The client reads the page. With an identity configured this response means that yours was not \
            presented: see IDENT-22.";
    "ERR-11"
        given "A load balancer that responds with 400 with the words of nginx for a certificate that it refuses."
        when "A client with a certificate makes a call."
        then "It is HS-02, and no retry is advised."
        why "The certificate is expired or unknown there, but a bad request makes operators look at the body \
            of the call."
        fix "The client reads the page. A transport must not treat a 400 after the handshake as a broken connection.";
    "ERR-12"
        given "A port without a listener, and a server that is not trusted."
        when "The error is printed."
        then "The root cause and the code are in the text."
        why "Most programs print one line of an error; `error sending request` alone helps no one."
        fix "Clause 9 of `Transport::send`. Keep the library's error as the source (`with_source`), to its \
            last cause, and never replace one by text.";
    "ERR-13"
        given "A port without a listener, and bodies that are cut by a close and by a reset."
        when "The errors are walked by `source()` and put into a box."
        then "The library's own error is reached, and the error is `Send`, `Sync` and `'static`."
        why "Without it, callers that need the system's error number or the library's kind have to parse text."
        fix "Use `TransportError::with_source` in every place where the library fails; an error created from \
            its kind alone loses it.";
    "ERR-14"
        given "A port that speaks plain HTTP."
        when "It is called by https."
        then "It is HO-04 (HS-03 for a stack without details), as not sent."
        why "A named wrong port is fixed in seconds, a corrupt message in hours."
        fix "Map the engine's error for an invalid record to `NotTls`. OpenSSL reports `wrong version \
            number`, rustls a corrupt message.";
    "ERR-15"
        given "A name without an address, a port without a listener, and a server that closes before it responds."
        when "Each is called."
        then "They are NET-05, NET-06 and NET-07 (HS-03 for the last, where the stack cannot tell a refused \
            identity)."
        why "Different teams fix DNS, a firewall and a crashing server."
        fix "Walk the causes down to the system's error. Libraries report the first two as connect errors; \
            look for a separate resolver error type.";
    "ERR-16"
        given "Servers that respond with something that is not HTTP, with half a head, or not at all."
        when "Each is called."
        then "They are `Protocol`, `Interrupted` or `Protocol` with delivery unknown, and `Interrupted`."
        why "Alarms and retries depend on codes; they must not depend on the chosen stack."
        fix "Map a parse error to `Protocol` and an early end to `Interrupted`. The wildcard arm of your \
            mapping should be `Other`, never a guess.";
    "ERR-17"
        given "A platform that responds with 500 with a transaction id in a header."
        when "The error is read."
        then "The id is stored and shown in the diagnosis."
        why "It is the first thing that support asks for."
        fix "Clause 4 of `Transport::send`: all received headers, of error responses too.";
    "ERR-18"
        given "An error response that announces 100 MiB, and documents nested ten thousand times."
        when "The client reads them."
        then "The error is short, the rest is not read, and the connection is closed."
        why "Otherwise any server could fill the memory or overflow the stack of the caller with one response."
        fix "The client stops reading and drops the body. Then close the connection, and do not read ahead \
            without a bound.";
    "ERR-19"
        given "A server that closes each connection right after the handshake."
        when "Two hundred calls are made on one transport, twenty at a time."
        then "Every one fails at once, and none of them by its time limit."
        why "In about one call of a hundred the end is missed, and its caller waits for the whole timeout."
        fix "A lost wake-up: look for an end of the connection that arrives between two reads or while the \
            request is written, and for events that are taken by edge.";
    "ERR-20"
        given "A transport that was created inside a runtime."
        when "A call is driven on a thread on which no runtime was entered."
        then "It succeeds, or fails as `NoRuntime` with nothing sent; it never panics."
        why "A panic in a library ends the program's thread, far from the mistake that caused it."
        fix "Ask your runtime for its current handle before anything is started, and return its absence as an error.";
    "ERR-21"
        given "A name without address, a port without server, a server that hangs up, and one of an unknown issuer."
        when "A call is made to each, and the error is followed to its root."
        then "Every error in the chain has a message."
        why "Operators often have only the log, and an empty cause looks like a lost one."
        fix "Give each of your error types a text in `Display`, and its cause in `source`.";
    "ERR-22"
        given "Responses with 240 fields, and with 60 KB in three fields, over HTTP/1.1 and HTTP/2."
        when "A GET is made for each."
        then "Every field arrives."
        why "Security policies and cookies of a proxy make large heads, and the limit must not depend on the transport."
        fix "Raise the limits of your library above `HeadLimit` (64 KB, 256 fields): hyper reads 100 fields, and 16 KB over HTTP/2.";
    "ERR-23"
        given "Responses with 300 fields, and with 100 KB in five fields, over HTTP/1.1 and HTTP/2."
        when "A GET is made for each."
        then "The error is `HeadLimit`, and the server has the request once."
        why "As an interrupted connection it would be retried four times, and the client certificate would be suspected."
        fix "Check what arrived with `HeadLimit::check`, and report your library's own limit as `HeadLimit::unmeasured`.";
    "ERR-24"
        given "Responses that break a rule: a blank before a colon, HTTP/2.0 in the status line, lines that end in LF alone; over \
            HTTP/2 a `connection` header and an upper-case field name."
        when "A client with retries makes a GET for each."
        then "The error is NET-10 after one attempt. A lenient library may return the response."
        why "As an interrupted connection it is tried four times, and the client certificate is suspected."
        fix "Map the errors of your library's parser, and what its HTTP/2 finds wrong on its own, to `Protocol`.";
    "ERR-28"
        given "A gateway that responds with a web page, headers of its own and 401, 403, 404, 407, 429, 500, 502 or 503."
        when "A GET is made, for every version of HTTP."
        then "It is GW-01 or GW-02 after one request, with status, title, `Server` and `Via`; the service user is not blamed."
        why "A firewall that refuses a request would be reported as a missing role, which operators then look \
            for in vain."
        fix "Clause 4 of `Transport::send`: all headers, and every status as a response. A 407 through a tunnel is not the \
            proxy's refusal of the tunnel; switch off authentication by the library.";
    "ERR-29"
        given "A gateway that encodes responses with `br` although no encoding was requested, with 200, 401, \
            403 and 503."
        when "A GET is made and its JSON is read."
        then "The error is GW-04 with the name of the encoding, and none of the bytes is shown."
        why "A refusal that cannot be read does not prove a missing role, and raw bytes do not belong on a terminal."
        fix "Clause 4 of `Transport::send`: no decompression, and `Content-Encoding` is handed over with the other headers.";
    "ERR-34"
        given "Calls that fail in ten ways, each with ids in the path and a token in the query."
        when "The error and all its causes are printed, by Display and Debug."
        then "Neither path nor query is shown."
        why "Errors go to logs and tickets; queries hold tokens and the names of people."
        fix "Strip the URL from errors of your library (reqwest: `without_url`), and do not quote the request.";
    "ERR-35"
        given "An HTTP/2 server that resets the stream with HTTP_1_1_REQUIRED and would answer over HTTP/1.1."
        when "POST, PUT, PATCH and DELETE are made."
        then "Each is sent once, and the error has delivery unknown."
        why "Nothing proves that the request was not processed; the client decides whether to retry."
        fix "Report `Http11Required` with `Delivery::Unknown`; switch the library's own fallback off.";
    "ERR-36"
        given "An HTTP/2 server that resets a stream with HTTP_1_1_REQUIRED."
        when "A GET is made, which would be safe to retry."
        then "The server has the request once."
        why "A retry that the caller does not see is missing from every count of calls and from the rate limit."
        fix "Switch the library's own fallback to HTTP/1.1 off, as for ERR-35.";
    "ERR-37"
        given "A TLS 1.3 server that reads a POST and then ends the connection with an alert."
        when "The POST is made."
        then "It fails with `Delivery::Unknown`, whatever the alert."
        why "Under TLS 1.3 an alert may come long after the handshake. A POST that was read but is reported \
            as unsent is sent again."
        fix "An alert proves *not sent* only if it came before the request was written.";
    "ERR-40"
        given "Servers that respond to a TLS hello with one of TLS 1.1, with clear text, with the end of the \
            connection, and with the alerts 40, 70, 71 and 80."
        when "A call is made, for every version of HTTP."
        then "`PeerAlert` is reported for the alerts only, each with its number; nothing was sent."
        why "An alert means that the server refused us. One that was never sent makes an administrator look \
            in the wrong log."
        fix "Map only a received alert to `PeerAlert`. What your library refuses itself, for lack of a common \
            version or cipher, is `TlsIncompatible`.";
    "ERR-41"
        given "Servers that read a request to one path and then reset the connection, over HTTP/1.1 and 2, under TLS 1.2 and 1.3, \
            direct and through a proxy, with and without an identity."
        when "Each method is sent to it, on a new connection and on one that has carried a response."
        then "It fails as `Interrupted` with delivery unknown, a request other than GET arrived once, and the \
            next call succeeds."
        why "The request may have been processed. Reported as unsent, or retried by the library, a signature \
            is made and paid twice."
        fix "Disable retries on used connections. `NotSent` requires proof that no byte was written.";
    "ERR-50"
        given "A server or a proxy that ends the call in each phase: TCP, CONNECT, the handshake, the upload, before, in and after the \
            head; by refusal, FIN, RST, `RST_STREAM` or GOAWAY."
        when "GET and POST are made over HTTP/1.1 and 2, in turn under TLS 1.2 and 1.3, direct and through a proxy."
        then "Each fails with kind and delivery of docs/time-and-delivery.md."
        why "Whether a request is retried, and what the caller learns, depends on these two values."
        fix "The failure names the cell. Record in your connector how far a connection has come; do not \
            derive it from the text of an error.";
};

/// A request that may have arrived is never sent again behind the caller's back.
pub(super) const REPLAY: &[Explanation] = explained! {
    "REPLAY-01"
        given "A server that responds to one request, reads a second one completely and closes the connection."
        when "A GET is made and then a POST with a body, on the same transport."
        then "The POST fails as `Interrupted` with delivery unknown, and the server has it exactly once."
        why "Otherwise a signature is made twice or a certificate is ordered twice, and the caller knows of one only."
        fix "Clause 3 of `Transport::send`. libcurl sends again on a connection that was used before: use a \
            fresh one (`FRESH_CONNECT`).";
    "REPLAY-02"
        given "The same server."
        when "The second request is a PUT, PATCH, DELETE or a POST without a body."
        then "It fails as `Interrupted` with delivery unknown, and the server has it exactly once."
        why "What is unsafe to retry does not depend on a body: an order without one is an order too."
        fix "Clause 3 of `Transport::send`. A check of the body does not cover requests without one; look for \
            a rule by method in your library.";
    "REPLAY-03"
        given "The same server."
        when "The second request is a GET."
        then "It fails the same way and is delivered once, or a waiver declares that the stack retries \
            idempotent requests."
        why "The client counts attempts, delays and a budget; retries of the stack are in none of them."
        fix "Clauses 1 and 3 of `Transport::send`. To choose another pooled connection before the first byte \
            is fine, and so is hyper's `retry_canceled_requests`; to retry what was written is not. A \
            library that does it on its own, as libcurl does on a used connection, needs the waiver.";
    "REPLAY-04"
        given "A port without a listener, a name without an address, and a server that refuses the handshake of \
            TLS 1.2."
        when "A POST is sent to each."
        then "Each fails with delivery not sent."
        why "Only this delivery allows the client to retry a POST; without it every short outage reaches the caller."
        fix "Clause 9 of `Transport::send`. Set `Delivery::NotSent` for everything that fails before the \
            request is written, and `Unknown` from its first byte on.";
    "REPLAY-05"
        given "A server that responds to a POST with 408, 421 or 425."
        when "POSTs are made, with and without a body, over each HTTP version."
        then "Each arrives once, and its status is returned."
        why "Some libraries retry after these statuses at once."
        fix "Switch the library's own retries off.";
};

/// What is retried over a real network connection, and what is not.
pub(super) const RETRY: &[Explanation] = explained! {
    "RETRY-01"
        given "A server that responds with 503 once and then 200."
        when "A client makes a GET."
        then "There are two attempts and one wait, and the call succeeds."
        why "Otherwise a restart of one node of the platform is an error for every caller."
        fix "The client retries. If there are three requests, your library retries a 503 too; if there is \
            one, it turned the status into an error.";
    "RETRY-02"
        given "A server that responds with 429 with `Retry-After: 2`."
        when "A GET is made, in virtual time."
        then "The client waits for two seconds exactly and succeeds."
        why "Retrying earlier prolongs the limit for everyone who shares the key."
        fix "The client waits. If the delay differs, the header was lost on the way: pass on all of them.";
    "RETRY-03"
        given "A server that responds with 503 with a date in `Retry-After`, and whose clock is decades off."
        when "A client makes a GET."
        then "The delay is the difference of the server's own two dates, and a default one if the date has passed."
        why "With two clocks that differ, a date alone means waiting for hours or not at all."
        fix "The client reads `Date` together with `Retry-After`. A cache or a library that sets `Date` \
            itself falsifies the difference.";
    "RETRY-04"
        given "A server that asks for a delay beyond the deadline."
        when "A client makes a GET."
        then "It fails at once with AUT-04 after one attempt, and reports when to retry."
        why "Waiting for what cannot come in time only delays the caller."
        fix "The client decides. A second request or a delay means that your library obeys `Retry-After` on its own.";
    "RETRY-05"
        given "A server that reads a POST and resets the connection."
        when "It is made without and with the idempotent mark."
        then "There is one attempt without the mark, and two with it."
        why "What may have been processed must not be retried unless the caller declares that it is safe."
        fix "Clause 3 of `Transport::send`, and `Delivery::Unknown` in the error. A reset after the request was \
            written must not look like a failed connect.";
    "RETRY-06"
        given "A port without a listener at first."
        when "A POST is made, and the server starts to listen between two attempts."
        then "It succeeds after more than one attempt."
        why "Refusing to retry what was never sent makes each deployment of the server an outage."
        fix "`Refused` with `Delivery::NotSent` is what allows it. A cached failure of the connection (a \
            back-off of the library) prevents success.";
    "RETRY-07"
        given "A server that does not know our authority, over TLS 1.2 and over TLS 1.3."
        when "A call with the certificate is made."
        then "There is one attempt, without a delay, over one connection."
        why "The late alert of TLS 1.3 looks like a broken connection, and a refused certificate is then \
            presented again and again."
        fix "Keep the alert and the facts in the error, so that the client can distinguish them, and disable \
            the library's own second attempt.";
    "RETRY-08"
        given "A server that responds with 400, 401, 403, 404, 409 or 422."
        when "A client makes a GET."
        then "There is one attempt, without a delay."
        why "The same request gets the same response, and repeated 401s lock an account."
        fix "The client decides by the status. A second request comes from your library: look for its authentication \
            and its retry middleware.";
    "RETRY-09"
        given "A server that closes each connection right after its response, without announcing it."
        when "Four GETs are made."
        then "All four succeed, each sent once."
        why "Pooled connections die without any fault, and otherwise every first call after a pause would fail."
        fix "Check whether a pooled connection has ended before you write to it. If it ends while you write, \
            report `Interrupted`; the client retries a GET.";
    "RETRY-10"
        given "A server that always responds with 503, and a hundred callers with a common budget."
        when "All make a call at once."
        then "There are a hundred and ten requests, and no delay is longer than allowed."
        why "Retries without a budget multiply the load on a platform that is already down."
        fix "The client keeps the budget. More requests are retries of your library.";
    "RETRY-11"
        given "A platform that refuses the old key, and a credential that gets a newer one when it is refused."
        when "A POST is made."
        then "It is retried once with the newer key, and only if there is one."
        why "A key that was rotated in the store must not cost a call, and a refused one must not be sent twice."
        fix "The headers of the second `send` differ: use no default headers and no cached request in your \
            transport.";
    "RETRY-12"
        given "A server that responds with 503 twice, and a PUT with 400,000 bytes."
        when "A client makes it."
        then "All three requests have the same bytes."
        why "A body that was a stream is empty the second time, and the platform stores nothing under a valid name."
        fix "Every `send` has its own `Bytes`. Look for a reader in the library's handle that was not reset.";
    "RETRY-13"
        given "A server that always responds with 503."
        when "A GET with three attempts is made."
        then "The error has the number of attempts and every delay."
        why "An error after a minute that looks like one after a millisecond misleads operators."
        fix "The client counts. If the count is wrong, one `send` of yours made more than one request.";
    "RETRY-14"
        given "A server of HTTP/2 that refuses the stream, sends GOAWAY before it, or resets it with an \
            internal error."
        when "A POST is sent."
        then "The first two have delivery not sent, and the last has delivery unknown."
        why "RFC 9113 promises that the first two were not processed; otherwise each restart of a gateway \
            fails calls."
        fix "Read the reason of the reset: `REFUSED_STREAM`, and a GOAWAY whose last stream is below ours, are \
            `NotSent`. All else is `Unknown`.";
    "RETRY-15"
        given "A server that responds with 408, 421 or 425 on its first connection, to every request, and 200 \
            on the next."
        when "A client makes a GET."
        then "There are two attempts, two requests and two connections, and the call succeeds."
        why "The status concerns the connection: a retry on it gets the same response."
        fix "The client creates a new transport for the retry, which has no connections yet (clause 7). More \
            requests are retries of your library.";
    "RETRY-20"
        given "A server that responds with a status of the caller's choice, with `Retry-After: 0` among its headers."
        when "GET and POST get each of 14 statuses, over each HTTP version, direct and through a proxy, with \
            and without an identity."
        then "Each is returned unchanged, after one request."
        why "Retries belong to the client, which has a budget, a deadline and knows what may be retried. A \
            library that also retries multiplies the load, and repeats signatures."
        fix "Clause 3 of `Transport::send`. Disable the library's retries and its authentication, which \
            retries a request after a 401 or 407.";
    "RETRY-21"
        given "A server that ends its connection after it has read a request."
        when "A GET and a POST meet it over each HTTP version and TLS version, direct and through a proxy, with and without \
            an identity."
        then "Each is one connection and one error: interrupted, delivery unknown, with the facts of the ledger."
        why "A request with a wrong delivery is retried although it was processed, or given up although \
            nothing was sent."
        fix "Clause 3 and 9 of `Transport::send`. Create the errors of all settings in one place.";
    "RETRY-22"
        given "A port without a listener, a name without address, clear text, proxies that refuse, hang up or \
            do not exist, servers that respond with garbage or refuse a certificate."
        when "Each is called over each HTTP version and TLS version, direct and through a proxy, with and without an \
            identity, with a POST, a query and a key."
        then "One failure has one kind and one delivery in all settings, a cause, one attempt, and shows no secret."
        why "An operator finds the cause by the code. A code that depends on other settings is misleading."
        fix "Map errors in one place for all settings, by what happened and not by where the library reported it.";
};
