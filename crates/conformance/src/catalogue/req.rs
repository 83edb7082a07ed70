//! The cases REQ. Requests arrive exactly as given.

#[doc(hidden)]
#[macro_export]
macro_rules! __req {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "REQ-01" Must req req_01_path_and_query_arrive_byte_for_byte
                given "A server that records the target of each request, over every version of HTTP that the transport \
                    speaks."
                when "A GET is sent whose path and query hold every character that a URI allows, escapes such as `%2F` \
                    and `%E4` among them; then targets that libraries like to normalise, such as `/a?`, `/a//b` and \
                    `/a/`; and targets with `.`, `..` and `%2E%2E` as segments, and with \
                    `'` in the query."
                then "The target on the wire is the one that was given, byte for byte; only the client may change the \
                    letters of an escape to upper case. Segments of dots and quotes in a query may be refused instead."
                why "A path that is decoded or encoded again names another resource, so a call for one user or order reaches \
                    another one or none."
                fix "Clause 5 of `Transport::send`. Pass the URI on as text; look for a URL type that normalises \
                    (dots, `%7E`, `'`, `;`) or encodes a second time.";
            "REQ-02" Must req req_02_a_segment_is_encoded_exactly_once
                given "A client and a path segment with a blank, `&`, `/`, an umlaut and a percent sign in it."
                when "The segment and a query go through the typed builder, and a literal path with `%2F` is sent unchanged."
                then "Each is encoded exactly once, and the literal `%2F` arrives as `%2F`."
                why "Names with an ampersand or a slash would be split: the platform looks for the wrong resource and \
                    responds with 404, or worse, finds one."
                fix "The client's path builder encodes, so the transport must not. If only your transport fails, its URL \
                    parser escapes `%` again or decodes `%2F`.";
            "REQ-03" Must req req_03_methods_arrive_unchanged_and_head_has_no_body
                given "A server that responds to every method with the body `hello`."
                when "GET, POST, PUT, PATCH, DELETE and HEAD are sent, four of them with a body."
                then "Each method and each body arrives unchanged, and every response has its body except that of \
                    HEAD, which has none."
                why "A method that turns into another one changes data that should only be read, and a HEAD that waits for a \
                    body hangs until its limit."
                fix "Clause 8 of `Transport::send`. Pass the method itself to the library and not a switch such as \
                    libcurl's `POST`; HEAD needs its own switch there (`NOBODY`).";
            "REQ-04" Must req req_04_three_values_of_one_header_arrive_in_order
                given "A server that records every header of a request."
                when "A request with three values of one header and an empty value of another is sent, without and with sixteen common headers \
                    that libraries know."
                then "All of them arrive in the given order, and no other header arrives."
                why "Values that are joined, sorted or dropped change the request, and an additional cookie or \
                    referrer reveals other calls."
                fix "Clause 4 of `Transport::send`. Append headers instead of inserting them, and switch off the library's \
                    default headers, cookies and referrer.";
            "REQ-05" Must req req_05_a_line_end_in_a_header_is_a_local_error
                given "A client and a header value with a line end or a NUL in it."
                when "The call is made."
                then "It is a local error, and no connection is opened."
                why "Otherwise anyone who controls the value can add headers or a whole second request in the name of \
                    the caller."
                fix "The client refuses the value before the transport sees it. If a connection is opened anyway, \
                    your `connect` opens one early.";
            "REQ-06" Should req req_06_the_user_agent_is_product_and_version_alone
                given "A client without a configured user agent."
                when "It makes a GET and a POST."
                then "Each request has exactly one `User-Agent`, with one product and its version, without the system \
                    or processor."
                why "Two user agents, or one with the machine in it, show every server and log on the way what could \
                    be attacked."
                fix "Clause 4 of `Transport::send`. The client sets a `User-Agent`; make sure that your library \
                    replaces its own instead of adding one.";
            "REQ-07" Should req req_07_json_is_asked_for_and_a_body_alone_has_a_type
                given "A client that makes calls with and without a body."
                when "GET, POST without a body, DELETE and POST with JSON are sent."
                then "Each has `Accept: application/json` once, and only the one with a body has a `Content-Type`."
                why "Platforms respond with 415 to an empty body with a type and with HTML to a call that does not \
                    ask for JSON; the caller sees an unrelated error."
                fix "Clause 4 of `Transport::send`. Some libraries add `Accept: */*` or a form type to each POST (libcurl \
                    does); overwrite or remove them.";
            "REQ-08" Must req req_08_a_post_without_body_says_length_zero
                given "A server that records how the body of a request is framed."
                when "A POST, a PUT and a PATCH without a body are sent."
                then "Each has `Content-Length: 0` and no `Transfer-Encoding`; over HTTP/2 the end of the stream may \
                    replace the length."
                why "Without a length some servers wait for a body until they time out, and others respond with 411."
                fix "Call `frame_body` of the core crate before you pass the request on: every library that \
                    was checked omits the header.";
            "REQ-09" Should req req_09_slashes_and_prefixes_join_to_one_path
                given "An instance with and without a slash at its end, and with and without a path prefix."
                when "A call is made for the same path."
                then "The prefix and the path are joined to the same correct target in every combination."
                why "A double or missing slash is another path for many servers: the same program works with one \
                    installation and gets 404 from the next."
                fix "The client joins the path. If only your transport fails, its URL library normalises the path \
                    again; send it unchanged.";
            "REQ-10" Must req req_10_empty_responses_keep_status_duplicates_and_version
                given "A server that responds with 204 and 304, a repeated header and a header value of bytes that are \
                    not text; and one whose response has a hundred headers, values in mixed case, and two cookies."
                when "The response is read."
                then "Status, every value in its order and its case, the raw bytes, the HTTP version and an empty body \
                    are returned."
                why "A transport that waits for the body of a 204 hangs, and one that loses a header hides what the \
                    platform sent."
                fix "Clauses 4 and 8 of `Transport::send`. Copy headers as bytes and append them; take the version \
                    from the response and not from the configuration.";
            "REQ-11" Must req req_11_no_response_leaves_a_trace_in_the_next_request
                given "A server whose responses set a cookie and carry validators for a cache."
                when "The same GET is sent twice over one transport."
                then "The second request has the same headers as the first, and both bodies arrive."
                why "A cookie or a conditional request would connect one caller's calls with another's, and a cache \
                    would respond instead of the platform."
                fix "Disable cookie store, cache and referrer of your library; a transport stores nothing of a response.";
            "REQ-12" Must req req_12_the_request_line_holds_path_and_query_alone
                given "A server that only records the bytes of the request line."
                when "A GET with a query is sent to it without a proxy."
                then "The line has path and query only, and `Host` names host and port."
                why "Servers may accept a whole address there, but load balancers route by it, and some refuse it."
                fix "Send the origin form of RFC 9112 section 3.2.1; the absolute form is for proxies of clear text.";
            "REQ-13" Must interim req_13_interim_responses_are_passed_over
                given "Servers of HTTP/1.1 and HTTP/2 that send 100, 103 and 103 twenty times more before their response."
                when "A GET is made over each version of HTTP."
                then "Status and body are those of the response."
                why "Otherwise, once a platform starts to send hints, every call fails, or succeeds with nothing."
                fix "Interim responses (1xx) are not final: read on. Most libraries do; a hand-written reader must loop.";
            "REQ-14" Must interim req_14_headers_of_interim_responses_are_left_out
                given "The same servers; the interim responses have other headers."
                when "A GET is made over each version of HTTP."
                then "The response has only its own headers."
                why "A hint may be wrong by the time the response is created (RFC 8297 section 2); merged, it is false."
                fix "Clear the collected headers at each status line.";
            "REQ-15" Must interim req_15_request_headers_arrive_as_given_and_none_is_added
                given "Header values in mixed case, empty, and outside ASCII."
                when "GETs are made with them, over each HTTP version."
                then "Each arrives with its bytes, or is refused before anything is sent where it is not ASCII; no framing header \
                    is added."
                why "The server compares signed headers and ids byte for byte."
                fix "Pass bytes, not strings. libcurl needs `Name;` for an empty value. Leave `content-length` out of a GET.";
            "REQ-16" Must interim req_16_a_body_is_sent_or_refused_with_any_method
                given "A server that records what arrives."
                when "GET, OPTIONS and DELETE are sent with a body."
                then "The body arrives, or the call is refused before anything is sent."
                why "A filter or a list of ids that is left out silently gives another result, or deletes something else."
                fix "Give the library the body whatever the method is; return `Config` for a method with which it sends none.";
            "REQ-17" Must interim req_17_a_server_that_selects_no_protocol_is_called_over_http11
                given "Servers of both TLS stacks that do not answer the offer of protocols (ALPN)."
                when "GET and POST are sent, with HTTP/1.1 alone and with both versions."
                then "They are sent over HTTP/1.1, and the responses say so; `h2` and then `http/1.1` were offered where both are \
                    allowed, and nothing but `http/1.1` else."
                why "Older load balancers have no ALPN: a client that assumes HTTP/2 then gets garbage instead of a response."
                fix "Speak HTTP/2 only where the handshake has selected `h2`. Offer what you speak.";
            "REQ-20" Must faithful req_20_a_call_is_the_same_at_both_ends_in_each_setting
                given "A server that records whole requests and responds with 58 headers (repeated, empty, long, in \
                    mixed case), several statuses and bodies of up to 300 kB; each HTTP version, each TLS version, \
                    direct and through a proxy, with and without an identity."
                when "Sixteen different calls, with headers that libraries treat specially, alone and all together, are made over one \
                    transport in each of these settings, on transports \
                    that are new, that had responses of success or failure, or calls that were lost or dropped, and \
                    beside another one."
                then "Each arrives once, with exactly the given method, target, headers and body; each response is \
                    returned with exactly what the server wrote; connections, facts and identity are those of the \
                    ledger."
                why "A fault that shows only on a reused connection, only through a proxy or only under TLS 1.2 is \
                    found in production, where both ends are rarely visible."
                fix "The failure names the call and the setting. Look for code that exists for this setting only: a \
                    second way to send bodies, a pool that forgets settings, headers that a tunnel adds.";
            "REQ-21" Must unasked req_21_a_response_without_a_body_keeps_its_length
                given "Servers that respond to a HEAD and a conditional GET with a head only, which has a `Content-Length`."
                when "They are called over each HTTP version."
                then "The length and the other headers are returned as written, and the body is empty at once."
                why "Most HEAD requests are made for the length. A stack that treats it as the length of a body waits \
                    for bytes that never arrive."
                fix "Clause 8 of `Transport::send`. Decide by method and status whether there is a body, and leave \
                    the headers unchanged.";
            "REQ-22" Must unasked req_22_no_response_header_leads_to_another_server
                given "A server whose responses name another server in `Alt-Svc`, `Refresh`, `Location`, `Content-Location`, \
                    `Link` and `Report-To`, and whose `Strict-Transport-Security` asks for HTTPS."
                when "It is called three times over each HTTP version, and then a server of the same name in clear text."
                then "It receives all three requests, no connection is made to the other server, and clear text stays so."
                why "A response must not decide where the next request, with its key, is sent."
                fix "Disable what a library does with these headers: alternative services, preloading, reports.";
            "REQ-23" Must req req_23_methods_of_extensions_arrive_or_are_refused
                given "A server that records the method of each request."
                when "Requests with the methods PROPFIND, QUERY, `purge` and `get` are sent, over each HTTP version."
                then "Each arrives with its method and body, or is refused before anything is sent."
                why "A transport that knows a fixed list sends GET in place of the others, or changes the case of a name."
                fix "Pass the method on as text (libcurl: `CUSTOMREQUEST`), and refuse what the library cannot send.";
            "REQ-24" Must req req_24_long_targets_and_header_values_arrive_whole
                given "A server that reads heads of 16 KB."
                when "GETs with a target of 6 KB, a header value of 8 KB and 85 headers are sent over each HTTP version."
                then "All arrive whole."
                why "Filters of lists and signed tokens are long; a library with a fixed buffer cuts them or fails."
                fix "Look for limits of the URL (2,083 characters in WinINet) and of a header line in your library.";
            "REQ-25" Must interim req_25_a_request_is_framed_by_its_body_alone
                given "A server that records how the body of a request is framed."
                when "Requests with and without a body are sent, whose caller has set a `Content-Length` that is right, wrong or \
                    there twice, or a `Transfer-Encoding`."
                then "Each arrives once and whole, with the length of its body at most once; or, if it was wrong, is refused \
                    before anything is sent."
                why "Libraries believe what they are given: the server takes a part of the body for another request, or waits \
                    for more. A second length makes the request ambiguous, and strict gateways respond with 400."
                fix "Call `frame_body` of the core crate, or remove both headers, before you pass the request on.";
            "REQ-26" Must unasked req_26_the_version_of_a_request_decides_nothing
                given "A server of HTTP/1.1 and HTTP/2."
                when "Requests are sent whose `version` is that of HTTP/0.9, 1.0, 1.1, 2 or 3, over each HTTP version."
                then "Each is sent as the one of HTTP/1.1 is."
                why "ALPN decides. A copied request would be refused, or sent as HTTP/1.0 and lose its connection."
                fix "Set the version of each request from its connection.";
        }
    };
}
