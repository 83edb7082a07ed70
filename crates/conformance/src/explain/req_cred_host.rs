//! Explanations of the cases REQ, CRED and HOST.

use super::explanation::Explanation;

/// Requests arrive exactly as given.
pub(super) const REQ: &[Explanation] = explained! {
    "REQ-01"
        given "A server that records the target of each request, over every version of HTTP that the transport \
            speaks."
        when "A GET is sent whose path and query hold every character that a URI allows, escapes such as `%2F` \
            and `%E4` among them; then targets that libraries like to normalise, such as `/a?`, `/a//b` and \
            `/a/`."
        then "The target on the wire is the one that was given, byte for byte; only the client may change the \
            letters of an escape to upper case."
        why "A path that is decoded or encoded again names another resource, so a call for one user or order reaches \
            another one or none."
        fix "Clause 5 of `Transport::send`. Pass the URI on as text; look for a URL type that normalises \
            (dots, `%7E`, `'`, `;`) or encodes a second time.";
    "REQ-02"
        given "A client and a path segment with a blank, `&`, `/`, an umlaut and a percent sign in it."
        when "The segment and a query go through the typed builder, and a literal path with `%2F` is sent unchanged."
        then "Each is encoded exactly once, and the literal `%2F` arrives as `%2F`."
        why "Names with an ampersand or a slash would be split: the platform looks for the wrong resource and \
            responds with 404, or worse, finds one."
        fix "The client's path builder encodes, so the transport must not. If only your transport fails, its URL \
            parser escapes `%` again or decodes `%2F`.";
    "REQ-03"
        given "A server that responds to every method with the body `hello`."
        when "GET, POST, PUT, PATCH, DELETE and HEAD are sent, four of them with a body."
        then "Each method and each body arrives unchanged, and every response has its body except that of \
            HEAD, which has none."
        why "A method that turns into another one changes data that should only be read, and a HEAD that waits for a \
            body hangs until its limit."
        fix "Clause 8 of `Transport::send`. Pass the method itself to the library and not a switch such as \
            libcurl's `POST`; HEAD needs its own switch there (`NOBODY`).";
    "REQ-04"
        given "A server that records every header of a request."
        when "A request with three values of one header, and an empty value of another, is sent."
        then "All of them arrive in the given order, and no other header arrives."
        why "Values that are joined, sorted or dropped change the request, and an additional cookie or \
            referrer reveals other calls."
        fix "Clause 4 of `Transport::send`. Append headers instead of inserting them, and switch off the library's \
            default headers, cookies and referrer.";
    "REQ-05"
        given "A client and a header value with a line end or a NUL in it."
        when "The call is made."
        then "It is a local error, and no connection is opened."
        why "Otherwise anyone who controls the value can add headers or a whole second request in the name of \
            the caller."
        fix "The client refuses the value before the transport sees it. If a connection is opened anyway, \
            your `connect` opens one early.";
    "REQ-06"
        given "A client without a configured user agent."
        when "It makes a GET and a POST."
        then "Each request has exactly one `User-Agent`, with one product and its version, without the system \
            or processor."
        why "Two user agents, or one with the machine in it, show every server and log on the way what could \
            be attacked."
        fix "Clause 4 of `Transport::send`. The client sets a `User-Agent`; make sure that your library \
            replaces its own instead of adding one.";
    "REQ-07"
        given "A client that makes calls with and without a body."
        when "GET, POST without a body, DELETE and POST with JSON are sent."
        then "Each has `Accept: application/json` once, and only the one with a body has a `Content-Type`."
        why "Platforms respond with 415 to an empty body with a type and with HTML to a call that does not \
            ask for JSON; the caller sees an unrelated error."
        fix "Clause 4 of `Transport::send`. Some libraries add `Accept: */*` or a form type to each POST (libcurl \
            does); overwrite or remove them.";
    "REQ-08"
        given "A server that records how the body of a request is framed."
        when "A POST without a body is sent."
        then "It has `Content-Length: 0` and no `Transfer-Encoding`; over HTTP/2 the end of the stream may \
            replace the length."
        why "Without a length some servers wait for a body until they time out, and others respond with 411."
        fix "Call `announce_empty_body` of the core crate before you pass the request on: every library that \
            was checked omits the header.";
    "REQ-09"
        given "An instance with and without a slash at its end, and with and without a path prefix."
        when "A call is made for the same path."
        then "The prefix and the path are joined to the same correct target in every combination."
        why "A double or missing slash is another path for many servers: the same program works with one \
            installation and gets 404 from the next."
        fix "The client joins the path. If only your transport fails, its URL library normalises the path \
            again; send it unchanged.";
    "REQ-10"
        given "A server that responds with 204 and 304, a repeated header and a header value of bytes that are \
            not text; and one whose response has a hundred headers, values in mixed case, and two cookies."
        when "The response is read."
        then "Status, every value in its order and its case, the raw bytes, the HTTP version and an empty body \
            are returned."
        why "A transport that waits for the body of a 204 hangs, and one that loses a header hides what the \
            platform sent."
        fix "Clauses 4 and 8 of `Transport::send`. Copy headers as bytes and append them; take the version \
            from the response and not from the configuration.";
    "REQ-11"
        given "A server whose responses set a cookie and carry validators for a cache."
        when "The same GET is sent twice over one transport."
        then "The second request has the same headers as the first, and both bodies arrive."
        why "A cookie or a conditional request would connect one caller's calls with another's, and a cache \
            would respond instead of the platform."
        fix "Disable cookie store, cache and referrer of your library; a transport stores nothing of a response.";
    "REQ-12"
        given "A server that only records the bytes of the request line."
        when "A GET with a query is sent to it without a proxy."
        then "The line has path and query only, and `Host` names host and port."
        why "Servers may accept a whole address there, but load balancers route by it, and some refuse it."
        fix "Send the origin form of RFC 9112 section 3.2.1; the absolute form is for proxies of clear text.";
    "REQ-13"
        given "Servers of HTTP/1.1 and HTTP/2 that send 100, 103 and 103 again before their response."
        when "A GET is made over each version of HTTP."
        then "Status and body are those of the response."
        why "Otherwise, once a platform starts to send hints, every call fails, or succeeds with nothing."
        fix "Interim responses (1xx) are not final: read on. Most libraries do; a hand-written reader must loop.";
    "REQ-14"
        given "The same servers; the interim responses have other headers."
        when "A GET is made over each version of HTTP."
        then "The response has only its own headers."
        why "A hint may be wrong by the time the response is created (RFC 8297 section 2); merged, it is false."
        fix "Clear the collected headers at each status line.";
    "REQ-15"
        given "Header values in mixed case, empty, and outside ASCII."
        when "GETs are made with them, over each HTTP version."
        then "Each arrives with its bytes, or is refused before anything is sent where it is not ASCII; no framing header \
            is added."
        why "The server compares signed headers and ids byte for byte."
        fix "Pass bytes, not strings. libcurl needs `Name;` for an empty value. Leave `content-length` out of a GET.";
    "REQ-20"
        given "A server that records whole requests and responds with 58 headers (repeated, empty, long, in \
            mixed case), several statuses and bodies of up to 300 kB; each HTTP version, each TLS version, \
            direct and through a proxy, with and without an identity."
        when "Fourteen different calls are made over one transport in each of these settings."
        then "Each arrives once, with exactly the given method, target, headers and body; each response is \
            returned with exactly what the server wrote; connections, facts and identity are those of the \
            ledger."
        why "A fault that shows only on a reused connection, only through a proxy or only under TLS 1.2 is \
            found in production, where both ends are rarely visible."
        fix "The failure names the call and the setting. Look for code that exists for this setting only: a \
            second way to send bodies, a pool that forgets settings, headers that a tunnel adds.";
    "REQ-21"
        given "Servers that respond to a HEAD and a conditional GET with a head only, which has a `Content-Length`."
        when "They are called over each HTTP version."
        then "The length and the other headers are returned as written, and the body is empty at once."
        why "Most HEAD requests are made for the length. A stack that treats it as the length of a body waits \
            for bytes that never arrive."
        fix "Clause 8 of `Transport::send`. Decide by method and status whether there is a body, and leave \
            the headers unchanged.";
    "REQ-22"
        given "A server whose responses name another server in `Alt-Svc`, `Refresh`, `Location`, `Content-Location`, `Link` \
            and `Report-To`."
        when "It is called three times over each HTTP version."
        then "It receives all three requests, and no connection is made to the other server."
        why "A response must not decide where the next request, with its key, is sent."
        fix "Disable what a library does with these headers: alternative services, preloading, reports.";
};

/// Credentials are sent once, as the mode requires.
pub(super) const CRED: &[Explanation] = explained! {
    "CRED-01"
        given "A client with an API key, and a server that also accepts certificates."
        when "One call is made."
        then "Exactly one `x-api-key` arrives with the exact value, on the platform host, and no certificate."
        why "A key that is sent twice or changed gets a 401 although the key itself is valid."
        fix "Clause 4 of `Transport::send`. Pass headers on unchanged, and present no identity if \
            `TransportConfig::identity` is none.";
    "CRED-02"
        given "A client with a certificate and no key, and a server that asks for one."
        when "One call is made."
        then "The call goes to the `clientauth` host, the server sees this very certificate, and there is no \
            `x-api-key`."
        why "A configured certificate that is not presented makes an anonymous call of what the caller \
            believes to be authenticated."
        fix "Pass `TransportConfig::identity` to the TLS engine as its client certificate; look for a library \
            that ignores identities it cannot read.";
    "CRED-03"
        given "A client with a certificate and a key."
        when "One call is made."
        then "The key arrives once and the certificate is presented, on the `clientauth` host."
        why "Calls that need both factors, signing above all, fail with a 403 about multi-factor authentication."
        fix "An identity must not change how headers are sent, nor the reverse; look for separate code paths \
            per mode in your transport.";
    "CRED-04"
        given "A client with a key, and a caller who sets `X-API-Key`, `Host` or `Authorization` in any letter case."
        when "The call is made."
        then "It is the local error CFG-01, and no connection is opened."
        why "With two keys in one request the server decides who is calling, and a `Host` of the caller sends \
            the key to another tenant."
        fix "The client refuses the header before the transport is called. If a connection is opened, your \
            transport opens one before `send`.";
    "CRED-05"
        given "A key file with a line end, blanks, quotes or a byte order mark around the key."
        when "It is read and a call is made."
        then "The bare key arrives, and one warning names the file without the value."
        why "A pasted line end is the most common reason for a 401, and invisible in an editor."
        fix "The reader of credentials trims. If only the arriving key is wrong, your transport changes \
            header values; pass them on as bytes.";
    "CRED-06"
        given "A source that returns an empty key."
        when "A call is made."
        then "It is a local error that names the variable, and no connection is opened."
        why "An empty variable in a deployment would look like a key that the platform does not know, which \
            is misleading."
        fix "The core crate refuses the key and no transport is created. A connection was opened by \
            `connect`, which must do no I/O.";
    "CRED-07"
        given "A credential that returns another key at each call."
        when "The same client makes two calls."
        then "The first arrives with the first key and the second with the second."
        why "With a cached key, a rotation needs a restart, and the old key is used after it was revoked."
        fix "Use the headers of each request as given: no default headers on the library's client, no cache \
            of prepared requests.";
    "CRED-08"
        given "A credential that fails."
        when "A call is made."
        then "The error names the source, nothing is sent, and in particular no call without a credential."
        why "An anonymous call instead of a failed one hides the outage of a secret store behind a 401 or, \
            worse, a public response."
        fix "The client asks for the credential before it calls the transport. A connection here means that \
            the transport opened one too early.";
    "CRED-09"
        given "A source that takes 200 milliseconds, and a hundred concurrent calls."
        when "All of them are started at once."
        then "The source is read once, and all hundred calls succeed with the same key."
        why "A burst of calls would overload the secret store, which then refuses all of them, or return two \
            different keys."
        fix "The credential merges the readings. If calls fail only with your transport, a hundred concurrent \
            calls are too many for its pool: let them wait.";
    "CRED-10"
        given "A server of HTTP/2 that records the frames as they are on the wire."
        when "A call with an API key is made."
        then "The name of the header is written as a never-indexed literal (RFC 7541 section 6.2.3)."
        why "An indexed key stays in the compression tables of every gateway in between, where later requests \
            can be used to guess it."
        fix "The client marks the value as sensitive (`HeaderValue::is_sensitive`). Keep the `HeaderValue` \
            itself; a copy of its bytes loses the mark.";
    "CRED-11"
        given "A certificate, a key or a service user whose end date has passed."
        when "A call is made without and with `allow_expired`."
        then "The first is a local error that names the source and how long ago it expired, without a \
            connection; the second is sent and the server decides."
        why "An expired credential gets a TLS alert or a 401 without a clear reason; our own clock gives it."
        fix "The client checks the dates. The transport must send an expired identity if it is given one: \
            disable the library's own date check.";
    "CRED-12"
        given "A client with certificate and key, which has already made a call."
        when "A call is made with the unauthenticated mark."
        then "It arrives without a key and over a connection on which no certificate was presented."
        why "Otherwise an open endpoint, or a server that responds in its place, learns the caller's identity \
            from a pooled connection."
        fix "The client creates a transport without identity for it. Keep pools and TLS sessions in the \
            transport object and not in a static of the library.";
    "CRED-20"
        given "A server that records requests, and a process in which a key, an identity and a body are sent."
        when "Four calls succeed and one fails, and everything that the process writes to its two streams is read."
        then "It contains no credential, body or private key."
        why "The output of a service ends up in logs of its host, which many may read. A library's verbose \
            mode writes there and not to the program's log."
        fix "Keep verbose and debug modes of the library disabled, and write nothing with `println!` or `dbg!`.";
    "CRED-21"
        given "A server whose responses hold a secret, and a proxy with a password; each HTTP version, each TLS version, \
            direct and through a proxy, with and without an identity."
        when "A GET and a POST with an API key are sent in each of these settings, and every log line is read."
        then "Neither key, password, request body, response body nor response header is logged."
        why "A log line that exists only behind a proxy is written at the customer's site, and not where it \
            is tested."
        fix "Look for log calls in code that only this setting uses.";
};

/// The host follows from the credential, and no credential is sent anywhere else.
pub(super) const HOST: &[Explanation] = explained! {
    "HOST-01"
        given "Each of the eight public hosts, simulated by one server on loopback."
        when "A call is made with a certificate and another with a key."
        then "The certificate goes to `clientauth.` and the host, the key to the host itself, and SNI and \
            `Host` agree."
        why "The platform host does not ask for certificates: a call to the wrong host is anonymous and gets a 401."
        fix "Take name and port from the URI of each request. `TransportConfig::name_overrides` changes only \
            the address, never SNI or `Host`.";
    "HOST-02"
        given "An instance whose host already has the `clientauth.` prefix."
        when "A call is made with a certificate, then one with a key."
        then "The prefix is not added twice, and the key goes to the host without it."
        why "Users paste the host that they have; `clientauth.clientauth.` has no address, and the error is \
            about DNS."
        fix "The client decides on the host. If only your transport fails, it uses a connection of the other \
            host or ignores name overrides.";
    "HOST-03"
        given "An installation whose certificate host has a separate URL."
        when "A call is made with a certificate."
        then "It goes to that URL, and the platform host is not contacted at all."
        why "Private installations have their own names, and a certificate sent to the wrong host is shown to \
            a third party."
        fix "The client chooses the URL. The transport must accept an address as host and must not connect ahead to \
            anything else.";
    "HOST-04"
        given "A server of plain HTTP on loopback."
        when "An instance is created from `http://` URLs, on loopback and elsewhere."
        then "All are refused except the one on loopback with its own constructor, and that call succeeds."
        why "Over plain HTTP everyone on the network can read the key; a missing `s` in a configuration must \
            not be enough."
        fix "The core crate refuses. The transport must still support plain HTTP if the URI says so: do not \
            build a connector for https only.";
    "HOST-05"
        given "A host in upper case, with a trailing dot, or with `:443`."
        when "It is parsed and a call is made."
        then "There is one normal form, and SNI and `Host` both use it."
        why "Servers choose their certificate by SNI and their site by `Host`; if the two differ, the \
            response is 421 or the certificate is for other names."
        fix "The core crate normalises. Derive SNI and `Host` from the given URI, and add no dot or port.";
    "HOST-06"
        given "A URL with a user name and a password in it."
        when "It is parsed as an instance."
        then "It is refused, and the error shows neither."
        why "What is before the `@` is usually a password, and an error that quotes it puts it into every log."
        fix "The core crate refuses the URL and no transport is involved; a failure here is a defect of that \
            crate or of a change to it.";
    "HOST-07"
        given "A client, and a path that is a whole URL of another server, starts with `//`, or has no slash."
        when "The call is made."
        then "It is an error, and neither server sees a connection."
        why "A path from an untrusted source could send the credential to a server of the attacker's choice."
        fix "The client refuses the path. If a connection is opened, your transport resolves the path against \
            its own base URL; it must have none.";
    "HOST-08"
        given "A production and a demo client in one process, each with its own key."
        when "Twenty calls of each are made concurrently."
        then "Each server sees its own key, host and SNI only."
        why "A production key in the logs of a demo system, or demo data in production, cannot be undone."
        fix "Clause 7 of `Transport::send`. Look for a static client, agent or pool that all transports of the \
            process share.";
    "HOST-09"
        given "One server whose certificate has its IP address in it, and one whose certificate has names alone."
        when "Both are called by address."
        then "The first succeeds, without SNI; the second is refused as a wrong name."
        why "A stack that skips the name check for addresses trusts everyone with any certificate of the authority."
        fix "RFC 6066 forbids an address as SNI: create the server name of the engine from the IP address. \
            Never disable name checks to let it pass.";
    "HOST-10"
        given "A server, and its address under `ftp:` and `ws:`."
        when "A request with that address is sent."
        then "It fails before anything is sent, and no connection is made to the server."
        why "Libraries that support more than HTTP would send the key over an unexpected protocol."
        fix "Allow `https`, `http` for loopback, and refuse the rest before the library sees it.";
    "HOST-11"
        given "Two servers on one port of two loopback addresses, and two transports with an override of one name each."
        when "Both transports call that name, twice."
        then "Each reaches its own server."
        why "A program that uses two installations behind one name would send a key to the wrong one."
        fix "Keep overrides, and resolver results, per transport; no static tables.";
    "HOST-12"
        given "A server on `[::1]` whose certificate names that address, and one whose certificate does not."
        when "`https://[::1]:PORT/` is called."
        then "The first succeeds, with the brackets in `Host` and no SNI; the second is refused."
        why "Brackets belong to the URI: code that splits at the first colon works until the first IPv6 address."
        fix "Take host and port from `http::Uri`; remove the brackets for TCP and for the name in the certificate only.";
    "HOST-15"
        given "Overrides of a name and of a name below it, in both orders; then an override alone."
        when "Both names are called; then names that end or start like the overridden one."
        then "Each name goes to its own address, and names without an override go to the resolver."
        why "An override concerns one host. Matched by suffix, it redirects other hosts, and their keys."
        fix "Compare the whole name, case-insensitively.";
};
