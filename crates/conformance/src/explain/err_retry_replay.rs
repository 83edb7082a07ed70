//! The cases of ERR, REPLAY and RETRY, in words. Most of ERR and RETRY are answered by the client: their texts say what a
//! transport has to hand over for it.

use super::explanation::Explanation;

/// One fault has one code, the cause is shown, and the library's own error stays in reach.
pub(super) const ERR: &[Explanation] = explained! {
    "ERR-01"
        given "A platform that answers 400 with a list under `errors`."
        when "A call is made, for every version of HTTP."
        then "The code and the message of the first entry are kept and shown, under API-06 (the name is taken)."
        why "Without them the caller sees a bare 400 and has to guess which field was wrong."
        fix "The client reads the document. A transport only has to hand over status, headers and body of an error \
            answer like those of any other.";
    "ERR-02"
        given "A platform that answers 422 with an object under `error`."
        when "A call is made, for every version of HTTP."
        then "Its code and message are kept and shown, under API-01."
        why "The services of the platform do not agree on one form; a client that knows one of them is blind for the \
            rest."
        fix "The client reads the document. If only yours fails, it turns 4xx into an error of its own: look for \
            `error_for_status` or `FAILONERROR`.";
    "ERR-03"
        given "A platform that answers 403 with a `status` in words in its error object."
        when "A call is made, for every version of HTTP."
        then "The words are the code, and the diagnosis is AUT-03."
        why "The code is what programs decide by; one that is lost leaves them to parse a message."
        fix "The client reads the document. A body that is missing was dropped by your library with the status; read \
            it to the end first.";
    "ERR-04"
        given "A platform that answers 500 with the error page of a framework: a time, a status, an `error` and a \
            path."
        when "A call is made, for every version of HTTP."
        then "The text under `error` is the message, whether the status in it is a number or a string, under API-03."
        why "This is what an unexpected fault looks like; a parser that fails on it hides it behind one of its own."
        fix "The client reads the document. Do not decode JSON in a transport, and do not repeat a 500.";
    "ERR-05"
        given "A platform that answers 400 with a number as code."
        when "A call is made, for every version of HTTP."
        then "The number is the code, as text, beside the message."
        why "A parser that wants a string throws away the message with the number."
        fix "The client reads the document. A failure with your transport alone means a body that is not the one that \
            was sent (see BODY-01).";
    "ERR-06"
        given "Answers that are no error document: HTML, plain text, nothing, JSON that is cut, with right and wrong \
            types and many statuses."
        when "The client reads them."
        then "A page or a text is a gateway's (GW-01 to GW-03), JSON that is cut and no body are AUT-05, with an excerpt \
            that is bounded, also when the status is 200."
        why "It is a gateway that answers so, and its text is the only hint; all of it would flood the log."
        fix "Give the body whatever its type says, and an empty one as empty. A library that sniffs or converts text \
            damages the excerpt.";
    "ERR-07"
        given "A platform that answers 401, and a credential with nothing newer."
        when "A POST is made."
        then "It is AUT-01 after one request; the credential is told once and asked at most once more."
        why "Asking again with the same key locks accounts, and asking the secret store in a loop locks that."
        fix "The client decides. A second request means that your library answers a 401 by itself: switch off its \
            authentication.";
    "ERR-08"
        given "A platform that answers 403 with a text about multi-factor authentication."
        when "A client with a key alone makes a call."
        then "It is AUT-02 and says that the certificate is missing."
        why "The user has all permissions and looks for a role that is not missing."
        fix "The client reads the text. If it is not found, the body of your 403 is empty or cut.";
    "ERR-09"
        given "A platform that answers 403 because a permission is missing."
        when "A call is made."
        then "It is AUT-03, and no repetition is advised."
        why "A key that works is exchanged for another one that may do just as little."
        fix "The client reads the text. Hand the 403 over once and unchanged; a proxy login of the library must not \
            react to it.";
    "ERR-10"
        given "A load balancer that answers 400 with the words of nginx for a certificate that is missing."
        when "A client with a key makes a call."
        then "It is HS-01, as if the handshake had said so."
        why "This page is the only sign of an identity that was not presented, and it looks like a bad request."
        fix "The client reads the page. With an identity configured this answer means that yours was not presented: \
            see IDENT-22.";
    "ERR-11"
        given "A load balancer that answers 400 with the words of nginx for a certificate that it refuses."
        when "A client with a certificate makes a call."
        then "It is HS-02, and no repetition is advised."
        why "The certificate is expired or unknown there, and a bad request sends everybody to the body of the call."
        fix "The client reads the page. A transport must not treat a 400 after the handshake as a broken connection.";
    "ERR-12"
        given "A port where nobody listens, and a server that is not trusted."
        when "The error is printed."
        then "The root cause and the code are in the text."
        why "Most programs print one line of an error; one that says `error sending request` helps nobody."
        fix "Clause 9 of `Transport::send`. Keep the library's error as the source (`with_source`), to its last \
            cause, and replace none by a text.";
    "ERR-13"
        given "A port where nobody listens, and bodies that are cut by a close and by a reset."
        when "The errors are walked by `source()` and put into a box."
        then "The library's own error is reached, and the error is `Send`, `Sync` and `'static`."
        why "Somebody who needs the number of the system or the library's kind could only parse text."
        fix "Use `TransportError::with_source` in every place where the library fails; an error made by its kind \
            alone has lost it.";
    "ERR-14"
        given "A port that speaks plain HTTP."
        when "It is called by https."
        then "It is HO-04 (HS-03 for a stack without details), as not sent."
        why "A wrong port is a matter of seconds when it is named, and of hours when it is a corrupt message."
        fix "Map the engine's error for a record that is none to `NotTls`. OpenSSL says `wrong version number`, \
            rustls a corrupt message.";
    "ERR-15"
        given "A name without an address, a port where nobody listens, and a server that closes before it answers."
        when "Each is called."
        then "They are NET-05, NET-06 and NET-07 (HS-03 for the last, where the stack cannot tell a refused \
            identity)."
        why "DNS, a firewall and a server that dies are the work of three different people."
        fix "Walk the causes down to the system's error. Libraries join the first two under connect; look for a \
            resolver error of its own type.";
    "ERR-16"
        given "Servers that answer with something that is not HTTP, with half a head, or not at all."
        when "Each is called."
        then "They are `Protocol`, `Interrupted` or `Protocol` with delivery unknown, and `Interrupted`."
        why "Alarms and repetitions are written against codes; they must not depend on the stack that was chosen."
        fix "Map a parse error to `Protocol` and an early end to `Interrupted`. The wildcard arm of your mapping \
            should say `Other` and never a guess.";
    "ERR-17"
        given "A platform that answers 500 with a transaction id in a header."
        when "The error is read."
        then "The id is kept and shown in the diagnosis."
        why "It is the first thing that support asks for."
        fix "Clause 4 of `Transport::send`: all headers that came, of error answers too.";
    "ERR-18"
        given "An error answer that announces 100 MiB, and documents nested ten thousand times."
        when "The client reads them."
        then "The error is short, the rest is not read, and the connection is closed."
        why "Whoever answers could fill the memory or overflow the stack of the caller with one response."
        fix "The client stops reading and drops the body. Close the connection then, and do not read ahead without a \
            bound.";
    "ERR-19"
        given "A server that closes each connection right after the handshake."
        when "Two hundred calls are made on one transport, twenty at a time."
        then "Every one fails at once, and none of them by its time limit."
        why "In one call of some hundred the end is missed, and its caller waits for the whole limit for nothing."
        fix "A lost wake-up: look for an end of the connection that comes between two reads or while the request is \
            written, and for events that are taken by edge.";
    "ERR-20"
        given "A transport that was made under a runtime."
        when "A call is driven on a thread on which no runtime was entered."
        then "It is answered, or fails as `NoRuntime` with nothing sent; it never panics."
        why "A panic in a library takes the program's thread with it, far from the mistake that caused it."
        fix "Ask your runtime for its current handle before anything is started, and give its absence as an error.";
    "ERR-21"
        given "A name without address, a port without server, a server that hangs up, and one of an unknown issuer."
        when "A call is made to each, and the error is followed to its root."
        then "Every error on the way has words."
        why "Whoever reads a log at night has nothing else, and an empty cause looks like a cause that was lost."
        fix "Give each error type of yours a text in `Display`, and its cause in `source`.";
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
        fix "Map the errors of your library's parser, and what its HTTP/2 finds wrong by itself, to `Protocol`.";
    "ERR-28"
        given "A gateway that responds with a web page, headers of its own and 401, 403, 404, 407, 429, 500, 502 or 503."
        when "A GET is made, for every version of HTTP."
        then "It is GW-01 or GW-02 after one request, with status, title, `Server` and `Via`; the service user is not blamed."
        why "A firewall that refuses a request would be reported as a missing role, and the role is then searched for days."
        fix "Clause 4 of `Transport::send`: all headers, and every status as a response. A 407 through a tunnel is not the \
            proxy's refusal of the tunnel; switch off authentication by the library.";
    "ERR-29"
        given "A gateway that encodes responses with `br` although nothing was asked for, with 200, 401, 403 and 503."
        when "A GET is made and its JSON is read."
        then "The error is GW-04 with the name of the encoding, and none of the bytes is shown."
        why "A refusal that cannot be read is not one for a missing role, and bytes on a terminal are no help."
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
        then "Each is sent once, and the error leaves its delivery open."
        why "Nothing says that the request was not looked at; the client decides whether to repeat."
        fix "Report `Http11Required` with `Delivery::Unknown`; switch the library's own fallback off.";
    "ERR-36"
        given "An HTTP/2 server that resets a stream with HTTP_1_1_REQUIRED."
        when "A GET is made, which would be safe to repeat."
        then "The server has the request once."
        why "A repeat that the caller does not see is missing from every count of calls and from the rate limit."
        fix "Switch the library's own fallback to HTTP/1.1 off, as for ERR-35.";
    "ERR-37"
        given "A TLS 1.3 server that reads a POST and then ends the connection with an alert."
        when "The POST is made."
        then "It fails with `Delivery::Unknown`, whatever the alert."
        why "Under TLS 1.3 an alert may come long after the handshake. A POST that was read and is said to be unsent is \
            sent again."
        fix "An alert proves *not sent* only if it came before the request was written.";
    "ERR-40"
        given "Servers that answer a TLS hello with one of TLS 1.1, with clear text, with the end of the connection, and with the \
            alerts 40, 70, 71 and 80."
        when "A call is made, for every version of HTTP."
        then "`PeerAlert` is reported for the alerts alone, each with its number; nothing was sent."
        why "An alert says that the server refused us. One that nobody sent makes an administrator look for it in the wrong log."
        fix "Map only an alert that was received to `PeerAlert`. What your library refuses itself, for want of a version or cipher \
            in common, is `TlsIncompatible`.";
    "ERR-41"
        given "Servers that read a request to one path and then reset the connection, over HTTP/1.1 and 2, under TLS 1.2 and 1.3, \
            direct and through a proxy, with and without an identity."
        when "Each method is sent to it, on a new connection and on one that has carried a response."
        then "It fails as `Interrupted` with delivery unknown, a request other than GET arrived once, and the next call is answered."
        why "The request may have been done. Said to be unsent, or repeated by the library, a signature is made and paid twice."
        fix "Switch off repeats for used connections. `NotSent` takes proof that no byte was written.";
    "ERR-50"
        given "A server or a proxy that ends the call in each phase: TCP, CONNECT, the handshake, the upload, before, in and after the \
            head; by refusal, FIN, RST, `RST_STREAM` or GOAWAY."
        when "GET and POST are made over HTTP/1.1 and 2, in turn under TLS 1.2 and 1.3, direct and through a proxy."
        then "Each fails with kind and delivery of docs/time-and-delivery.md."
        why "Whether a request is repeated, and what the caller is told, follows from these two words."
        fix "The failure names the cell. Note in your connector how far a connection has come; do not read it from the text of an error.";
};

/// A request that may have arrived is never sent again behind the caller's back.
pub(super) const REPLAY: &[Explanation] = explained! {
    "REPLAY-01"
        given "A server that answers one request, reads a second one wholly and leaves."
        when "A GET is made and then a POST with a body, on the same transport."
        then "The POST fails as `Interrupted` with delivery unknown, and the server has it exactly once."
        why "A signature is made twice or a certificate is ordered twice, and the caller knows of one."
        fix "Clause 3 of `Transport::send`. libcurl sends again on a connection that was used before: give it a fresh \
            one (`FRESH_CONNECT`).";
    "REPLAY-02"
        given "The same server."
        when "The second request is a PUT, PATCH, DELETE or a POST without a body."
        then "It fails as `Interrupted` with delivery unknown, and the server has it exactly once."
        why "What is not safe to repeat does not depend on a body: an order without one is an order too."
        fix "Clause 3 of `Transport::send`. A guard by the body does not cover requests without one; look for a rule \
            by method in your library.";
    "REPLAY-03"
        given "The same server."
        when "The second request is a GET."
        then "It fails the same way and is delivered once, or a waiver says that the stack repeats idempotent \
            requests."
        why "The client counts attempts, waits and a budget; what the stack repeats by itself is in none of them."
        fix "Clauses 1 and 3 of `Transport::send`. To choose another pooled connection before the first byte is fine, and all that \
            hyper's `retry_canceled_requests` does; to repeat what was written is not. A library that does it by itself, as libcurl \
            does on a connection that was used before, needs the waiver.";
    "REPLAY-04"
        given "A port where nobody listens, a name without an address, and a server that refuses the handshake of TLS \
            1.2."
        when "A POST is sent to each."
        then "Each fails with delivery not sent."
        why "Only this word allows the client to repeat a POST; without it every short outage reaches the caller."
        fix "Clause 9 of `Transport::send`. Set `Delivery::NotSent` for all that fails before the request is written, \
            and `Unknown` from its first byte on.";
    "REPLAY-05"
        given "A server that answers a POST with 408, 421 or 425."
        when "POSTs are made, with and without a body, over each HTTP version."
        then "Each arrives once, and its status is handed on."
        why "Some libraries take these as an invitation to repeat at once."
        fix "Switch the library's own retries off.";
};

/// What is repeated over a real wire, and what is not.
pub(super) const RETRY: &[Explanation] = explained! {
    "RETRY-01"
        given "A server that answers 503 once and then 200."
        when "A client makes a GET."
        then "There are two attempts and one wait, and the call succeeds."
        why "A restart of one node of the platform would be an error for every caller."
        fix "The client repeats. If there are three requests, your library repeats a 503 too; if there is one, it \
            turned the status into an error.";
    "RETRY-02"
        given "A server that answers 429 with `Retry-After: 2`."
        when "A GET is made, in virtual time."
        then "The client waits for two seconds exactly and succeeds."
        why "Asking earlier prolongs the limit for everybody who shares the key."
        fix "The client waits. If the wait is another one, the header got lost on the way: hand over all of them.";
    "RETRY-03"
        given "A server that answers 503 with a date in `Retry-After`, and whose clock is decades off."
        when "A client makes a GET."
        then "The wait is the difference of the server's own two dates, and one of our own where the date has passed."
        why "With two clocks that differ a date alone means waiting for hours or not at all."
        fix "The client reads `Date` beside `Retry-After`. A cache or a library that sets `Date` itself spoils the \
            difference.";
    "RETRY-04"
        given "A server that asks for a wait beyond the deadline."
        when "A client makes a GET."
        then "It fails at once with AUT-04 after one attempt, and says when to come back."
        why "Waiting for what cannot come in time keeps the caller from doing something better."
        fix "The client decides. A second request or a passed wait means that your library obeys `Retry-After` by \
            itself.";
    "RETRY-05"
        given "A server that reads a POST and resets the connection."
        when "It is made as it is, and once marked as idempotent."
        then "It is one attempt, or two when it is marked."
        why "What may have been done must not be done again unless the caller says that it does no harm."
        fix "Clause 3 of `Transport::send`, and `Delivery::Unknown` in the error. A reset after the request was \
            written must not look like a failed connect.";
    "RETRY-06"
        given "A port where nobody listens at first."
        when "A POST is made, and the server begins to listen between two attempts."
        then "It succeeds after more than one attempt."
        why "Refusing to repeat what was never sent makes each deployment of the server an outage."
        fix "`Refused` with `Delivery::NotSent` is what allows it. A cached failure of the connection (a back-off of \
            the library) keeps it from succeeding.";
    "RETRY-07"
        given "A server that does not know our authority, over TLS 1.2 and over TLS 1.3."
        when "A call with the certificate is made."
        then "It is one attempt, without a wait, over one connection."
        why "The late alert of TLS 1.3 looks like a broken connection, and a refused certificate is then offered over \
            and over."
        fix "Keep the alert and the facts in the error, so that the client can tell, and switch off the library's own \
            second try.";
    "RETRY-08"
        given "A server that answers 400, 401, 403, 404, 409 or 422."
        when "A client makes a GET."
        then "It is one attempt, without a wait."
        why "The same request gets the same answer, and repeated 401s lock an account."
        fix "The client decides by the status. A second request comes from your library: look for its authentication \
            and its retry middleware.";
    "RETRY-09"
        given "A server that closes each connection right after its answer, without having said so."
        when "Four GETs are made."
        then "All four are answered, each once."
        why "A pooled connection that died is nobody's fault, and still every first call after a pause would fail."
        fix "Look whether a pooled connection has ended before you write to it. If it ends as you write, say \
            `Interrupted`; the client repeats a GET.";
    "RETRY-10"
        given "A server that always answers 503, and a hundred callers with a common budget."
        when "All make a call at once."
        then "There are a hundred and ten requests, and no wait is longer than it may be."
        why "Repetitions without a budget multiply the load on a platform that is already down."
        fix "The client keeps the budget. More requests than that are repetitions of your library's own.";
    "RETRY-11"
        given "A platform that refuses the old key, and a credential that learns of a newer one when it is refused."
        when "A POST is made."
        then "It is repeated once with the newer key, and only when there is one."
        why "A key that was rotated in the store must not cost a call, and a refused one must not be shown twice."
        fix "The headers of the second `send` are other ones: no default headers and no cached request in your \
            transport.";
    "RETRY-12"
        given "A server that answers 503 twice, and a PUT with 400,000 bytes."
        when "A client makes it."
        then "All three requests have the same bytes."
        why "A body that was a stream is empty the second time, and the platform stores nothing under a good name."
        fix "Every `send` has its own `Bytes`. Look for a reader in the library's handle that was not set back.";
    "RETRY-13"
        given "A server that always answers 503."
        when "A GET with three attempts is made."
        then "The error tells the number of attempts and every wait."
        why "An error after a minute that looks like one after a millisecond sends people after the wrong fault."
        fix "The client keeps count. If the count is wrong, one `send` of yours made more than one request.";
    "RETRY-14"
        given "A server of HTTP/2 that refuses the stream, says GOAWAY before it, or breaks it off with an internal \
            error."
        when "A POST is sent."
        then "The first two have delivery not sent, and the last has delivery unknown."
        why "RFC 9113 promises that the first two were not processed; without them each restart of a gateway costs \
            calls."
        fix "Read the reason of the reset: `REFUSED_STREAM`, and a GOAWAY whose last stream is below ours, are \
            `NotSent`. All else is `Unknown`.";
    "RETRY-15"
        given "A server that answers 408, 421 or 425 on its first connection, as often as it is asked, and 200 on the next."
        when "A client makes a GET."
        then "There are two attempts, two requests and two connections, and the call succeeds."
        why "The status is about the connection: repeated there it is answered in the same way."
        fix "The client makes a new transport for the retry, which has no connections yet (clause 7). More requests are \
            repetitions of your library's own.";
    "RETRY-20"
        given "A server that answers with a status of the caller's choice, `Retry-After: 0` among its headers."
        when "GET and POST are answered with each of 14 statuses, over each HTTP version, direct and through \
            a proxy, with and without an identity."
        then "Each comes back as it is, after one request."
        why "Retries belong to the client, which has a budget, a deadline and knows what may be repeated. A library that \
            also retries multiplies the load, and repeats signatures."
        fix "Clause 3 of `Transport::send`. Switch off the library's retries and its authentication, which repeats a \
            request after a 401 or 407.";
    "RETRY-21"
        given "A server that ends its connection after it has read a request."
        when "A GET and a POST meet it over each HTTP version and TLS version, direct and through a proxy, with and without \
            an identity."
        then "Each is one connection and one error: interrupted, delivery unknown, with facts that are those of the ledger."
        why "A request whose delivery is told wrongly is repeated though it was carried out, or given up though nothing \
            had left."
        fix "Clause 3 and 9 of `Transport::send`. Make errors of all settings in one place.";
    "RETRY-22"
        given "Nobody who listens, a name without address, clear text, proxies that refuse, hang up or are not there, \
            servers that answer with garbage or refuse a certificate."
        when "Each is called over each HTTP version and TLS version, direct and through a proxy, with and without an \
            identity, with a POST, a query and a key."
        then "One failure has one kind and one delivery in all settings, a cause, one attempt, and shows no secret."
        why "An operator finds the cause by the code. A code that depends on what else is set sends them elsewhere."
        fix "Map errors in one place for all settings, by what happened and not by where in the library it was seen.";
};
