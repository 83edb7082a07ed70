//! The cases PROXY. A proxy carries a tunnel and learns only the name of the host.

#[doc(hidden)]
#[macro_export]
macro_rules! __proxy {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "PROXY-01" Must proxy proxy_01_a_connect_proxy_sees_no_certificate
                given "A CONNECT proxy, and a server that requires a certificate."
                when "A call with the certificate is made through the proxy."
                then "The proxy sees CONNECT with host and port, and the server sees the certificate on the only connection."
                why "A proxy that terminates TLS would need the private key, and one that is silently bypassed \
                    violates the network's policy."
                fix "Configure `TransportConfig::proxy` in the library as a tunnel for https. Do not resolve the \
                    name: the proxy receives it.";
            "PROXY-02" Must proxy_passwords proxy_02_a_connect_proxy_sees_no_key
                given "A CONNECT proxy that requires a user name and a password, which are escaped in its URL."
                when "Calls with an API key are made through it, over each HTTP version, to a server that responds with 200, 401, \
                    407 and 503."
                then "Each response is returned. The proxy receives both unescaped, for each tunnel, and no `x-api-key` or other header of the request; the server \
                    receives the key and no `Proxy-Authorization`."
                why "Otherwise the key is in the log of a proxy, and the proxy's password in that of the platform."
                fix "Send headers of the request inside the tunnel only. libcurl sends custom headers to proxies too unless \
                    `HEADEROPT` says `SEPARATE`.";
            "PROXY-03" Must proxy proxy_03_exceptions_go_around_the_proxy
                given "A proxy, and exceptions by name, suffix, range of addresses and port."
                when "Calls go to hosts that are in the exceptions and to some that only look like it."
                then "Each is routed as documented, and the two hosts of one client may use different routes."
                why "A pattern that is interpreted too widely sends calls around the firewall; one that is \
                    interpreted too narrowly sends them where they cannot be routed."
                fix "The client applies the rules and configures each transport with one proxy or none. Disable the \
                    library's own handling of `NO_PROXY`.";
            "PROXY-04" Must proxy proxy_04_a_refusing_proxy_is_named
                given "A proxy that responds with 407, one whose name has no address, one that does not listen, and one that refuses six \
                    tunnels before it grants one."
                when "A call without a password is made through each, and seven through the last one."
                then "It is `Proxy` with 407 or without a status, NET-02; the first proxy was asked once, and the server sees no \
                    connection. The seventh call succeeds."
                why "A 407 that is reported as the platform's response makes users replace a valid API key."
                fix "Map the failed CONNECT to `TransportErrorKind::Proxy` before the generic connect error, and \
                    never bypass the proxy.";
            "PROXY-05" Must proxy_passwords proxy_05_the_proxys_password_is_shown_nowhere
                given "A proxy address with a password, at proxies that accept it, refuse it, repeat it in a refusal or do not exist."
                when "Calls are made, and every text of client, transport, error and log is searched."
                then "The password appears nowhere, neither plain nor as base64, except in the header that the proxy \
                    received."
                why "Proxy passwords are often personal, and many users can read a log."
                fix "Clause 11 of `Transport::send`. Look for errors and trace lines of the library that show the \
                    proxy's URL; pass address and password separately.";
            "PROXY-06" Must proxy proxy_06_an_identity_is_never_shown_to_a_proxy_of_https
                given "A proxy of https that asks for a certificate, and a client with one."
                when "A call is made through it, if the transport declares the capability; else it is refused."
                then "The tunnel works, the proxy does not receive our certificate, and the proxy is not bypassed."
                why "Otherwise the proxy learns the caller's identity, and gets a signature by our key that was meant \
                    for another server."
                fix "Use a TLS configuration without identity for the proxy. Where the library has one for both, leave \
                    `HttpsProxy` undeclared.";
            "PROXY-07" Must proxy proxy_07_an_inspecting_proxy_that_we_do_not_trust_is_refused_with_a_hint
                given "A proxy that re-signs TLS, with an authority that we do not trust."
                when "A call with a key is made."
                then "We refuse it with TR-01 (TR-05 without details) and a hint at the inspection, and it does not \
                    receive the key."
                why "The gateway, and anyone who breaks into it, can read everything that passes through it."
                fix "Verify the certificate before the first byte of the request. If only the hint is missing, put \
                    the certificate's issuer into the facts.";
            "PROXY-08" Must proxy proxy_08_no_certificate_passes_an_inspecting_proxy_that_we_trust
                given "A proxy that re-signs TLS with an authority that we trust, and a client with a certificate."
                when "A call is made."
                then "It is NET-03 (or HS-01 where the stack cannot distinguish), no retry is advised, and the same call \
                    without the proxy succeeds."
                why "A client certificate cannot pass such a gateway, and the platform's response blames the certificate."
                fix "Set the facts of the connection: the issuer of the server's certificate and \
                    `identity_requested`. The diagnosis uses these.";
            "PROXY-09" Should proxy proxy_09_variables_count_in_the_documented_order
                given "The variables `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY`, each with a different proxy."
                when "A client is created from their values, with one fewer each time."
                then "The first one in the documented order is used, and no other."
                why "Two different variables send some of the calls over an unexpected route."
                fix "The client reads the variables. Disable the library's own use of the environment (reqwest: \
                    `no_proxy`; libcurl: an empty proxy).";
            "PROXY-10" Must socks proxy_10_a_socks_proxy_resolves_the_name_or_is_refused
                given "A SOCKS proxy that resolves names, whose reply has an address of each type."
                when "A call is made through it, if the transport declares the capability; else it is refused."
                then "The tunnel works, and the proxy receives the name and not an address."
                why "Behind such a proxy the machine often has no DNS, or one with other results."
                fix "Declare `SocksProxy` only if the library can leave the name to the proxy (`socks5h`); else `connect` \
                    must refuse it as unsupported.";
            "PROXY-11" Must proxy proxy_11_a_transport_reads_no_variable_of_the_environment
                given "An environment in which every usual variable names a proxy or a key, and a configuration that \
                    names none."
                when "A call fails, and others are made, over TLS and in clear text, in a process with that environment."
                then "They go straight to the servers, and no connection is made to the proxy."
                why "The client decides which route a key takes: it reads those variables once, with its own rules \
                    for exceptions."
                fix "Disable the proxy detection of your library, for example with `no_proxy()` or an explicit empty proxy.";
            "PROXY-12" Must proxy proxy_12_a_proxy_of_an_unknown_kind_is_refused_at_build
                given "A configuration whose proxy has an address of another scheme, such as `ftp:`."
                when "A transport is created with it."
                then "It is refused, with kind `Config` or `Unsupported`, with the scheme and without the value, and \
                    nothing is sent."
                why "With a proxy that is bypassed, or used with another protocol, the key takes an unintended route."
                fix "Call `Proxy::address` when the transport is created, and use its error as the source: it names \
                    the scheme.";
            "PROXY-13" Must proxy proxy_13_a_proxy_that_hangs_up_is_named_and_one_that_is_silent_times_out
                given "A proxy that hangs up when it is asked for a tunnel, and one at an address that drops packets."
                when "A call is made through each."
                then "The first is the proxy's failure (NET-02), the second a timeout; certainly nothing was sent."
                why "Operators do not look at the platform for the proxy's faults, and a silent peer can be anything."
                fix "Attribute every failure before the tunnel is established to the proxy, but leave timeouts as they are.";
            "PROXY-14" Must proxy proxy_14_clear_text_is_shown_to_no_proxy
                given "A configuration with a proxy, and a server with clear text on this machine, as used by tests and \
                    sidecars."
                when "A call is made to that server."
                then "It succeeds without the proxy, or is refused as a configuration error; the proxy is not contacted."
                why "Without TLS a tunnel protects nothing: the proxy would read the request, and a name for this \
                    machine means another one there."
                fix "Choose the route by the scheme before you choose it by the proxy.";
            "PROXY-15" Must limits proxy_15_a_proxy_that_stalls_meets_the_connect_limit
                given "Proxies that accept a CONNECT and never respond, or start to and stop; a connect limit of 300 \
                    milliseconds."
                when "A POST is made through each."
                then "It ends as a timeout, and was not sent."
                why "The tunnel is part of connecting. Without a limit there, a dead proxy costs the whole time of each call."
                fix "Apply the limit to the tunnel too.";
            "PROXY-16" Must proxy_passwords proxy_16_proxy_user_without_password_is_sent_with_a_colon
                given "Proxies that require a user without a password, and a user and a password with reserved characters or of 100 \
                    characters each."
                when "A call is made with each in the URL of the proxy, escaped."
                then "The proxy receives one CONNECT, with `Basic` and the base64 of user, colon and password, unescaped."
                why "RFC 7617 always requires the colon. Without it a proxy responds with 407, and the password seems wrong."
                fix "Split at the first colon, decode both parts, and join them with a colon, also without a password.";
            "PROXY-17" Must tunnel proxy_17_default_port_is_named_to_the_proxy_and_not_to_the_server
                given "A proxy that connects two hosts at port 443 to a server. One of them has an address of the configuration, and the \
                    other is known to the proxy alone."
                when "An address without a port is called, over each HTTP version."
                then "`CONNECT` names the port 443, and has its target as `Host`; `Host` of the request and the \
                    name in the handshake are the host only."
                why "A proxy refuses a target without a port, and a server may not know `host:443`. Tests on loopback \
                    have a port in every address, so this first shows in production."
                fix "Add the default port to the target of `CONNECT`, and only there.";
            "PROXY-18" Must tunnel proxy_18_tunnel_may_be_granted_in_any_form_of_http
                given "Proxies that grant a tunnel by HTTP/1.0, without a reason phrase, with 3 KiB of headers, with a length, or in \
                    pieces."
                when "A GET and a POST go through each, over each HTTP version."
                then "All calls succeed."
                why "Proxies differ, and users cannot choose theirs."
                fix "Read the response up to its empty line, use only the status, and do not wait for a body.";
            "PROXY-19" Must tunnel proxy_19_a_proxy_may_be_named_by_an_ipv6_address
                given "A proxy that listens on `::1`."
                when "A server is called through it, over each HTTP version."
                then "The calls succeed."
                why "In networks of IPv6 alone a proxy is often configured by its address."
                fix "Brackets belong to the address of the proxy as it is written, and not to the one that is connected to.";
            "PROXY-20" Must tunnel proxy_20_each_tunnel_carries_calls_to_its_own_target
                given "A proxy, and two servers behind it."
                when "Both are called in turn over one transport."
                then "Each request arrives at its own server."
                why "A pool that knows the proxy alone sends the key for one host through the tunnel to another."
                fix "Key the pool by the target of the tunnel, and the proxy besides.";
            "PROXY-21" Should tunnel proxy_21_an_ipv6_address_is_reached_through_a_proxy
                given "A proxy and a server that listen on `::1`."
                when "The server is called through the proxy by its address."
                then "`CONNECT` names the address in brackets with its port, and the calls succeed."
                why "A private installation may have an address and no name."
                fix "Brackets belong to the target of `CONNECT`, and not to the name in the certificate.";
            "PROXY-22" Should tunnel proxy_22_any_success_grants_a_tunnel
                given "Proxies that grant a tunnel by 201, 204 or 299."
                when "A GET and a POST go through each, over each HTTP version."
                then "The calls go through the tunnel and succeed."
                why "Any 2xx opens the tunnel (RFC 9110 section 9.3.6), and some gateways use another one than 200."
                fix "Compare the class of the status, and not the status with 200.";
            "PROXY-23" Should tunnel proxy_23_interim_responses_may_come_before_a_tunnel
                given "A proxy that sends 100 and 103 before it grants a tunnel."
                when "A GET and a POST go through it, over each HTTP version."
                then "The calls go through the tunnel and succeed."
                why "A client must read past interim responses (RFC 9110 section 15.2), those to CONNECT too."
                fix "Read on after a status below 200.";
            "PROXY-24" Must socks proxy_24_a_socks_proxy_is_shown_its_user_and_password
                given "A SOCKS proxy that requires a user and a password, with escaped and with 255 characters."
                when "A call is made through it, if the transport declares the capability and accepts the configuration."
                then "The proxy receives both (RFC 1929), unescaped and once, and the tunnel works."
                why "With an identity that is left out a proxy refuses, or counts the calls as somebody else's."
                fix "Offer method 2 in the greeting where the address has credentials; else refuse such an address in `connect`.";
            "PROXY-25" Must proxy proxy_25_a_proxy_of_https_is_verified_as_a_server
                given "Proxies of https with a certificate of an unknown issuer, for another name, or expired."
                when "Calls are made through each, if the transport declares the capability; else it is refused."
                then "Each fails before the proxy is sent a request; certainly nothing was sent."
                why "Otherwise everybody on the way to the proxy receives its password, and chooses where the tunnels lead."
                fix "Verify the proxy as any server, by the roots of the configuration and by its own name.";
        }
    };
}
