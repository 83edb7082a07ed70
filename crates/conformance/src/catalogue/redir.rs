//! The cases REDIR. A redirect to another origin is an error that names both, and the other origin is not contacted.

#[doc(hidden)]
#[macro_export]
macro_rules! __redir {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "REDIR-01" Must redir redir_01_another_host_is_not_followed
                given "A server that responds with 302 to another host."
                when "A client with a key makes a call."
                then "It is SEC-01 and names both hosts without the query, and the other host sees no connection."
                why "Otherwise anyone who controls a `Location` can collect keys: the header would be sent to any host."
                fix "Clause 2 of `Transport::send`: a redirect is a response. Disable redirects in the library \
                    (reqwest follows ten times by default).";
            "REDIR-02" Must redir redir_02_another_port_is_not_followed
                given "A server that responds with 302 to the same host at another port."
                when "A call is made."
                then "It is SEC-01, and the other port sees no connection."
                why "Another port is another program, which usually must not see the key."
                fix "The client compares scheme, host and port. A connection at the other port means that your \
                    library follows on its own.";
            "REDIR-03" Must redir redir_03_plain_http_is_not_followed
                given "A server that responds with 302 from https to plain http."
                when "A call is made."
                then "It is SEC-01, and the plain port sees no connection."
                why "The key would be sent in clear text, readable for everyone on the network."
                fix "Switch off redirects in the library; a restriction of the protocols alone (libcurl's \
                    `REDIR_PROTOCOLS`) is not enough, it still follows.";
            "REDIR-04" Must redir redir_04_clientauth_and_platform_are_different_origins
                given "One server for the platform host and the `clientauth` host, which redirects from each to the other."
                when "Calls with a key, a certificate and both are made."
                then "Each is SEC-01 after one request on one connection."
                why "The same address and certificate make the two hosts look like one, but the caller is different on each."
                fix "Return the response unchanged. A second request means that the library follows; a second \
                    connection, that it connects ahead.";
            "REDIR-05" Should redir redir_05_a_307_keeps_method_body_and_key
                given "A server that redirects with 307 or 308 on its own origin."
                when "A POST with JSON is made."
                then "The second request has the same method, body, type and key."
                why "A POST that turns into a GET looks like success and does nothing."
                fix "The client follows with a new `send`. If a header is missing in it, your library removes \
                    sensitive ones after a redirect: return the 307.";
            "REDIR-06" Should redir redir_06_a_303_becomes_a_get_without_body
                given "A server that redirects with 303 on its own origin."
                when "A POST with JSON is made."
                then "The second request is a GET with the key, without a body and without a content type."
                why "A body that is sent again would be processed twice."
                fix "The client follows. If the GET has a type or a length, your library's handle has state of the \
                    last request: reset it.";
            "REDIR-07" Must redir redir_07_a_circle_ends_with_its_number_of_hops
                given "Two paths that redirect to each other."
                when "A call is made."
                then "It ends after at most twenty requests, with an error that has their number."
                why "An endless loop uses up the rate limit of everyone who shares the key."
                fix "The client counts. If the numbers differ, your library follows some redirects on its own before \
                    it returns one.";
            "REDIR-08" Must redir redir_08_an_invalid_target_is_refused_without_its_query
                given "A server whose `Location` is not a valid target: user info, `file:`, `javascript:`, a broken \
                    host, blanks, 8 KiB of text."
                when "A call is made for each."
                then "Each is SEC-01 after one request, shows nothing of the query and is short."
                why "Such a target reads local files, runs a script where the error is shown, or puts a token into the log."
                fix "Return the `Location` as the received bytes. A library that parses each `Location`, even when it \
                    does not follow, fails the call itself.";
            "REDIR-09" Must redir redir_09_nothing_goes_to_another_origin_even_without_a_credential
                given "A server that redirects a POST with 307 and 303 to another origin that asks for certificates."
                when "It is made with key, certificate and both, and as an unauthenticated call."
                then "Each is SEC-01, and the other origin sees neither key, certificate nor body."
                why "The body alone can be valuable: a hash to sign or an order with names in it."
                fix "Following without credentials is not a solution. Look for an option of the library that removes \
                    headers and follows anyway.";
            "REDIR-10" Must redir redir_10_the_transport_itself_never_follows
                given "A server that responds with 301, 302, 303 and 307."
                when "The transport itself is called, for every version of HTTP."
                then "It returns the status after one request, as any other response."
                why "A transport that follows takes the decision away from the client, which alone knows our origins."
                fix "Clause 2 of `Transport::send`. Set the redirect policy to none in `connect`, on every client \
                    that you create, and in a client that the user hands in.";
            "REDIR-20" Must faithful redir_20_no_redirect_is_followed_in_any_setting
                given "A server that responds with 300 to 303, 305, 307 or 308 and a `Location` that is relative, its own \
                    or of another server."
                when "A GET, a POST, in turn HEAD, PUT, DELETE, PATCH and OPTIONS, and the GET again meet each of \
                    them in each setting, on transports that are new, that had responses of success or failure, or \
                    calls that were lost or dropped, and beside another one."
                then "Each is returned unchanged, with its body, after one request; the other server receives nothing."
                why "A library that follows only some redirects, such as those of its own origin or of a GET, takes \
                    the decision from the client, which alone knows where credentials may go."
                fix "Clause 2 of `Transport::send`. Set the library's limit of redirects to none.";
        }
    };
}
