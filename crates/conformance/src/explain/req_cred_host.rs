//! The cases of REQ, CRED and HOST, in words.

use super::explanation::Explanation;

/// What is asked for is what arrives.
pub(super) const REQ: &[Explanation] = explained! {
    "REQ-01"
        given "A server that records the target of each request, over every version of HTTP that the transport \
            speaks."
        when "A GET is sent whose path and query hold every character that a URI allows, escapes such as `%2F` and \
            `%E4` among them; then targets that libraries like to tidy up, such as `/a?`, `/a//b` and `/a/`."
        then "The target on the wire is the one that was given, byte for byte; only the letters of an escape may be \
            put in upper case, by the client."
        why "A path that is decoded or encoded again names another resource, so a call for one user or order reaches \
            another one or none."
        fix "Clause 5 of `Transport::send`. Hand the URI on as text; look for a URL type that normalises (dots, \
            `%7E`, `'`, `;`) or encodes a second time.";
    "REQ-02"
        given "A client and a path segment with a blank, `&`, `/`, an umlaut and a percent sign in it."
        when "The segment and a query go through the typed builder, and a literal path with `%2F` goes as it is."
        then "Each is encoded exactly once, and the literal `%2F` arrives as `%2F`."
        why "Names with an ampersand or a slash would be cut in two: the platform looks for the wrong resource and \
            answers 404, or worse, finds one."
        fix "The client's path builder encodes, so the transport must not. If only your transport fails, its URL \
            parser escapes `%` again or decodes `%2F`.";
    "REQ-03"
        given "A server that answers every method with the body `hello`."
        when "GET, POST, PUT, PATCH, DELETE and HEAD are sent, and those four that may have one with a body."
        then "Each method and each body arrives unchanged, and every answer has its body except that of HEAD, which has \
            none."
        why "A method that turns into another one changes data that should only be read, and a HEAD that waits for a \
            body hangs until its limit."
        fix "Clause 8 of `Transport::send`. Give the library the method itself and not a switch such as libcurl's \
            `POST`; HEAD needs its own switch there (`NOBODY`).";
    "REQ-04"
        given "A server that records every header of a request."
        when "A request with three values of one header, and an empty value of another, is sent."
        then "All of them arrive in the order that was given, and no header comes that nobody asked for."
        why "Values that are joined, sorted or dropped change what the caller said, and a cookie or referrer that \
            slips in tells about other calls."
        fix "Clause 4 of `Transport::send`. Append headers instead of inserting them, and switch off the library's \
            default headers, cookies and referrer.";
    "REQ-05"
        given "A client and a header value with a line end or a NUL in it."
        when "The call is made."
        then "It is a local error, and no connection is opened."
        why "Whoever controls the value could add headers or a whole second request in the name of the caller."
        fix "The client refuses the value before the transport sees it. If a connection appears all the same, your \
            `connect` opens one early.";
    "REQ-06"
        given "A client to which no user agent was given."
        when "It makes a GET and a POST."
        then "Each request has exactly one `User-Agent`, of one product and its version, that says nothing of the \
            system or processor."
        why "Two user agents, or one with the machine in it, tell every server and log on the way what could be \
            attacked."
        fix "Clause 4 of `Transport::send`. The client gives a `User-Agent`; see that your library replaces its own \
            by it instead of adding one.";
    "REQ-07"
        given "A client that makes calls with and without a body."
        when "GET, POST without a body, DELETE and POST with JSON are sent."
        then "Each has `Accept: application/json` once, and only the one with a body has a `Content-Type`."
        why "Platforms answer 415 to an empty body with a type and HTML to a call that does not ask for JSON; the \
            caller sees an odd error."
        fix "Clause 4 of `Transport::send`. Some libraries add `Accept: */*` or a form type to each POST (libcurl \
            does); overwrite or remove them.";
    "REQ-08"
        given "A server that records how the body of a request is framed."
        when "A POST without a body is sent."
        then "It says `Content-Length: 0` and has no `Transfer-Encoding`; over HTTP/2 the end of the stream may say \
            so instead."
        why "Without a length some servers wait for a body until they time out, and others answer 411."
        fix "Call `announce_empty_body` of the core crate before you hand the request on: every library that was \
            looked at leaves the header out.";
    "REQ-09"
        given "An instance with and without a slash at its end, and with and without a path prefix."
        when "A call is made for one and the same path."
        then "The prefix and the path are joined to the same correct target in every combination."
        why "A double or missing slash is another path for many servers: the same program works at one installation \
            and gets 404 at the next."
        fix "The client joins the path. If only your transport fails, its URL library resolves or cleans the path \
            once more; send what you are given.";
    "REQ-10"
        given "A server that answers 204 and 304 with a header twice and a header value of bytes that are no text; and one \
            whose response has a hundred headers, values in mixed case, and two cookies."
        when "The answer is read."
        then "Status, every value in its order and its case, the raw bytes, the HTTP version and an empty body are there."
        why "A transport that waits for a body of a 204 hangs, and one that loses a header hides what the platform \
            said."
        fix "Clauses 4 and 8 of `Transport::send`. Copy headers as bytes and append them; take the version from the \
            answer and not from the configuration.";
    "REQ-11"
        given "A server whose answers set a cookie and carry validators for a cache."
        when "The same GET is sent twice over one transport."
        then "The second request has the same headers as the first, and both bodies arrive."
        why "A cookie or a conditional request would tie one caller's calls to another's, and a cache would answer for the platform."
        fix "Switch off cookie store, cache and referer of your library; a transport keeps nothing of an answer.";
    "REQ-12"
        given "A server that only records the bytes of the request line."
        when "A GET with a query is sent to it without a proxy."
        then "The line holds path and query alone, and `Host` names host and port."
        why "Servers may accept a whole address there, but load balancers route by it, and some refuse it."
        fix "Send the origin form of RFC 9112 section 3.2.1; the absolute form is for proxies of clear text.";
    "REQ-13"
        given "Servers of HTTP/1.1 and HTTP/2 that send 100, 103 and 103 again before their response."
        when "A GET is made over each version of HTTP."
        then "Status and body are those of the response."
        why "A platform that begins to send hints would make every call fail, or succeed with nothing."
        fix "Interim responses (1xx) are no responses: read on. Most libraries do; a hand-written reader must loop.";
    "REQ-14"
        given "The same servers; the interim responses have headers of their own."
        when "A GET is made over each version of HTTP."
        then "The response has its own headers alone."
        why "A hint may be wrong by the time the response is made (RFC 8297 section 2); merged, it is a lie."
        fix "Clear the collected headers at each status line.";
    "REQ-15"
        given "Header values in mixed case, empty, and outside ASCII."
        when "GETs are made with them, over each HTTP version."
        then "Each arrives with its bytes, or is refused before anything is sent where it is not ASCII; no framing header \
            is added."
        why "Signed headers and ids are compared byte for byte on the other side."
        fix "Pass bytes, not strings. libcurl needs `Name;` for an empty value. Leave `content-length` out of a GET.";
    "REQ-20"
        given "A server that records all of a request and answers with 58 headers (repeated, empty, long, in mixed case), \
            several statuses and bodies of up to 300 kB; each HTTP version, each TLS version, direct and through a \
            proxy, with and without an identity."
        when "Fourteen different calls are made over one transport in each of these settings."
        then "Each arrives once, with exactly the method, target, headers and body that were given; each response comes \
            back with exactly what the server wrote; connections, facts and identity are those of the ledger."
        why "A fault that shows only on a reused connection, only through a proxy or only under TLS 1.2 is found in \
            production, where nobody can see both ends."
        fix "The failure names the call and the setting. Look for code that is there for this setting only: a second way \
            of sending bodies, a pool that forgets settings, headers that a tunnel adds.";
    "REQ-21"
        given "Servers that answer a HEAD and a conditional GET with a head alone, which has a `Content-Length`."
        when "They are called over each HTTP version."
        then "The length and the other headers come back as they were written, and the body is empty at once."
        why "The length of a HEAD is the reason for most HEAD requests. A stack that takes it for the length of a body \
            waits for bytes that never come."
        fix "Clause 8 of `Transport::send`. Decide by method and status whether there is a body, and leave the headers \
            alone.";
    "REQ-22"
        given "A server whose responses name another server in `Alt-Svc`, `Refresh`, `Location`, `Content-Location`, `Link` \
            and `Report-To`."
        when "It is called three times over each HTTP version."
        then "It is sent all three requests, and nobody connects to the other server."
        why "A response must not decide where the next request, with its key, goes."
        fix "Switch off what a library does with these headers: alternative services, preloading, reports.";
};

/// Who is calling is shown once, in the way that the mode says.
pub(super) const CRED: &[Explanation] = explained! {
    "CRED-01"
        given "A client with an API key, and a server that would accept a certificate too."
        when "One call is made."
        then "Exactly one `x-api-key` arrives with the exact value, on the platform host, and no certificate."
        why "A key that is sent twice or changed is refused with a 401 for which the caller searches the key in vain."
        fix "Clause 4 of `Transport::send`. Pass headers through untouched, and present no identity where \
            `TransportConfig::identity` is none.";
    "CRED-02"
        given "A client with a certificate and no key, and a server that asks for one."
        when "One call is made."
        then "The call goes to the `clientauth` host, the server sees this very certificate, and there is no \
            `x-api-key`."
        why "A certificate that is configured and stays behind makes an anonymous caller of somebody who believes to \
            be known."
        fix "Give `TransportConfig::identity` to the TLS engine as its client certificate; look for a library that \
            ignores identities it cannot read.";
    "CRED-03"
        given "A client with a certificate and a key."
        when "One call is made."
        then "The key arrives once and the certificate is presented, on the `clientauth` host."
        why "Calls that need both factors, signing above all, fail with a 403 that speaks of multi-factor \
            authentication."
        fix "An identity must not change how headers are sent, nor the other way round; look for one code path per \
            mode in your transport.";
    "CRED-04"
        given "A client with a key, and a caller who sets `X-API-Key`, `Host` or `Authorization` in any letter case."
        when "The call is made."
        then "It is the local error CFG-01, and no connection is opened."
        why "Two keys in one request leave it to the server who is calling, and a `Host` of the caller's sends the \
            key to another tenant."
        fix "The client refuses the header before the transport is asked. If a connection shows, your transport opens \
            one before `send`.";
    "CRED-05"
        given "A key file with a line end, blanks, quotes or a byte order mark around the key."
        when "It is read and a call is made."
        then "The bare key arrives, and one warning names the file and shows nothing of the value."
        why "A pasted line end is the commonest reason of a 401, and nobody sees it in an editor."
        fix "The reader of credentials trims. If only the arrival fails, your transport changes header values; pass \
            them on as bytes.";
    "CRED-06"
        given "A source that gives an empty key."
        when "A call is made."
        then "It is a local error that names the variable, and no connection is opened."
        why "An empty variable in a deployment would look like a key that the platform does not know, and the search \
            begins at the wrong end."
        fix "The core crate refuses the key and no transport is made. If a connection shows, it was opened by \
            `connect`, which must do no I/O.";
    "CRED-07"
        given "A credential that gives another key at each call."
        when "The same client makes two calls."
        then "The first arrives with the first key and the second with the second."
        why "A key that is kept means that a rotation needs a restart, and that the old key is used after it was \
            revoked."
        fix "Take the headers of each request as they come: no default headers on the library's client, no cache of \
            prepared requests.";
    "CRED-08"
        given "A credential that fails."
        when "A call is made."
        then "The error names the source, nothing is sent, and nobody is called without a credential instead."
        why "An anonymous call in place of a failed one hides the outage of a secret store behind a 401 or, worse, a \
            public answer."
        fix "The client asks for the credential before it asks the transport. A connection here means that the \
            transport opened one unasked.";
    "CRED-09"
        given "A source that takes 200 milliseconds, and a hundred calls at once."
        when "All are started."
        then "The source is read once, and all hundred calls are answered with the same key."
        why "A burst of calls would stampede the secret store, which then refuses everybody, or hand out two keys in \
            one moment."
        fix "The credential joins the readings. If calls fail only with your transport, a hundred calls at once are \
            too many for its pool: let them wait.";
    "CRED-10"
        given "A server of HTTP/2 that records the frames as they are on the wire."
        when "A call with an API key is made."
        then "The name of the header is written as a literal that is never indexed (RFC 7541 section 6.2.3)."
        why "An indexed key stays in the compression tables of every gateway on the way, where later requests can be \
            used to guess it."
        fix "The client marks the value as sensitive (`HeaderValue::is_sensitive`). Keep the `HeaderValue` whole; a \
            copy by its bytes loses the mark.";
    "CRED-11"
        given "A certificate, a key or a service user whose end date has passed."
        when "A call is made, once as usual and once with `allow_expired`."
        then "The first is a local error that names the source and how long ago it ended, without a connection; the \
            second is sent and the server decides."
        why "An expired credential is refused by a TLS alert or a 401 of which nobody can tell the reason; our own \
            calendar can."
        fix "The client looks at the dates. The transport must send an expired identity when it is given one: switch \
            off the library's own date check of it.";
    "CRED-12"
        given "A client with certificate and key, which has made a call already."
        when "A call is made that is marked as unauthenticated."
        then "It arrives without a key and over a connection on which no certificate was presented."
        why "An open endpoint, or whoever answers in its place, would learn who is calling from a connection that was \
            only lying about."
        fix "The client makes a transport without identity for it. Keep pools and TLS sessions in the transport \
            object and not in a static of the library.";
    "CRED-20"
        given "A server that records requests, and a process in which a key, an identity and a body are sent."
        when "Four calls succeed and one fails, and all that the process writes to its two streams is read."
        then "No credential, body or private key is in it."
        why "Output of a service ends up in logs of its host, which many may read. A library's verbose mode writes there \
            and not to the log of the program."
        fix "Leave verbose and debug modes of the library off, and write nothing with `println!` or `dbg!`.";
    "CRED-21"
        given "A server whose responses hold a secret, and a proxy with a password; each HTTP version, each TLS version, \
            direct and through a proxy, with and without an identity."
        when "A GET and a POST with an API key are sent in each of these settings, and every log line is read."
        then "Neither key, password, request body, response body nor response header is logged."
        why "A log line that exists only behind a proxy is written at the customer's, and not where it is tested."
        fix "Look for log calls on the way that this setting alone takes.";
};

/// The host follows from the credential, and no credential goes anywhere else.
pub(super) const HOST: &[Explanation] = explained! {
    "HOST-01"
        given "Each of the eight public hosts, played by one server on loopback."
        when "A call is made with a certificate and another with a key."
        then "The certificate goes to `clientauth.` and the host, the key to the host itself, and SNI and `Host` say \
            the same."
        why "The platform host does not ask for certificates: a call to the wrong one of the two is anonymous and \
            gets a 401."
        fix "Take name and port from the URI of each request. `TransportConfig::name_overrides` changes the address \
            alone, never SNI or `Host`.";
    "HOST-02"
        given "An instance whose host has the `clientauth.` prefix already."
        when "A call is made with a certificate, then one with a key."
        then "The prefix is not put twice, and the key goes to the host without it."
        why "Users paste the host that they have; `clientauth.clientauth.` has no address and the error speaks of \
            DNS."
        fix "The client decides on the host. If only your transport fails, it answers from a connection of the other \
            host or ignores name overrides.";
    "HOST-03"
        given "An installation whose certificate host is given by a URL of its own."
        when "A call is made with a certificate."
        then "It goes to that URL, and the platform host is not contacted at all."
        why "Private installations have names of their own, and a certificate sent to the wrong host is shown to \
            somebody it was not meant for."
        fix "The client chooses the URL. The transport must accept an address as host and must not connect ahead to \
            anything else.";
    "HOST-04"
        given "A server of plain HTTP on loopback."
        when "An instance is made of `http://` URLs, on loopback and elsewhere."
        then "Every one is refused but the one on loopback that was asked for by its own constructor, and that call \
            is answered."
        why "Over plain HTTP the key can be read by everybody on the way; an `s` that is missing in a configuration \
            must not be enough."
        fix "The core crate refuses. The transport must still speak plain HTTP when the URI says so: do not build a \
            connector for https only.";
    "HOST-05"
        given "A host in upper case, with a dot at its end, or with `:443`."
        when "It is parsed and a call is made."
        then "There is one normal form, and SNI and `Host` are both in it."
        why "Servers choose their certificate by SNI and their site by `Host`; if the two differ the answer is 421 or \
            a certificate for other names."
        fix "The core crate makes the normal form. Derive SNI and `Host` from the URI that you are given, and add no \
            dot or port of your own.";
    "HOST-06"
        given "A URL with a user name and a password in it."
        when "It is parsed as an instance."
        then "It is refused, and the error shows neither of the two."
        why "What stands before the `@` is mostly a password, and an error that quotes it puts it into every log."
        fix "The core crate refuses the URL and no transport takes part; a failure here is a defect of that crate or \
            of a change to it.";
    "HOST-07"
        given "A client, and a path that is a whole URL of another server, begins with `//`, or has no slash."
        when "The call is made."
        then "It is an error, and neither server sees a connection."
        why "A path that comes from outside could send the credential to a server of the attacker's choice."
        fix "The client refuses the path. If a connection shows, your transport resolves the path against a base URL \
            of its own; it must have none.";
    "HOST-08"
        given "A production and a demo client in one process, each with its own key."
        when "Twenty calls of each are made at once."
        then "Each server sees its own key, host and SNI only."
        why "A production key in the logs of a demo system, or demo data in production, cannot be taken back."
        fix "Clause 7 of `Transport::send`. Look for a static client, agent or pool that all transports of the \
            process share.";
    "HOST-09"
        given "One server whose certificate has its IP address in it, and one whose certificate has names alone."
        when "Both are called by address."
        then "The first is answered, without SNI; the second is refused as a wrong name."
        why "A stack that skips the check of the name for addresses trusts everybody who has any certificate of the \
            authority."
        fix "RFC 6066 forbids an address as SNI: make the server name of the engine from the IP address. Never switch \
            off name checks to let it pass.";
    "HOST-10"
        given "A server, and its address under `ftp:` and `ws:`."
        when "A request with that address is sent."
        then "It fails before anything is sent, and nobody connects to the server."
        why "Libraries that speak more than HTTP would carry the key in a protocol that nobody thought of."
        fix "Let `https` through, `http` for loopback, and refuse the rest before the library sees it.";
    "HOST-11"
        given "Two servers on one port of two loopback addresses, and two transports with an override of one name each."
        when "Both transports call that name, twice."
        then "Each reaches its own server."
        why "A program that talks to two installations behind one name would send a key to the wrong one."
        fix "Keep overrides, and what a resolver found, per transport; no static tables.";
    "HOST-12"
        given "A server on `[::1]` whose certificate names that address, and one whose certificate does not."
        when "`https://[::1]:PORT/` is called."
        then "The first answers, with the brackets in `Host` and no SNI; the second is refused."
        why "Brackets belong to the URI: code that splits at the first colon works until the first IPv6 address."
        fix "Take host and port from `http::Uri`; remove the brackets for TCP and for the name in the certificate only.";
    "HOST-15"
        given "Overrides of a name and of a name below it, in both orders; then an override alone."
        when "Both names are called; then names that end or begin like the overridden one."
        then "Each name goes to its own address, and names without an override go to the resolver."
        why "An override is a statement about one host. Matched by suffix it leads other hosts, and their keys, there."
        fix "Compare the whole name, without regard to case.";
};
