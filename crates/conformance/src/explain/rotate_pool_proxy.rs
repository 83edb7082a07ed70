//! Explanations of the cases POOL, PROXY and ROTATE.

use super::explanation::Explanation;

/// Transports do not share connections.
pub(super) const POOL: &[Explanation] = explained! {
    "POOL-01"
        given "A server that records which connection carries each request."
        when "Twelve calls are made in a row, for every version of HTTP."
        then "They share connections, at most six, and the fact `reused` equals what the server saw, or is unset."
        why "A handshake for each call costs the caller half a second and loads the platform."
        fix "Keep one client of the library in the transport for its whole lifetime, and read bodies to their \
            end so that connections are returned to the pool.";
    "POOL-02"
        given "A server that requires a certificate and hands out tickets, and two identities."
        when "A transport is created for each, and calls are made."
        then "Each has its own connections, and the first of each is a full handshake with its own certificate."
        why "A resumed session shows the old identity, so the second caller acts as the first one."
        fix "Clause 7 of `Transport::send`. Create the engine's session cache in `connect`; look for a static \
            one, and for caches keyed by host alone.";
    "POOL-03"
        given "A client with a key and a client with a certificate, at one address."
        when "They make calls alternately."
        then "No request with the key uses a connection with the certificate, nor the reverse."
        why "A request with a key over another caller's mutual TLS has two callers, and the platform chooses one."
        fix "Clause 7 of `Transport::send`. Look for a global agent or handle that all transports of the process \
            share (libcurl's share interface, isahc's default client).";
    "POOL-04"
        given "A server that allows a hundred streams on a connection of HTTP/2."
        when "Two hundred calls are made concurrently, for every version of HTTP."
        then "All succeed, with at most a hundred at a time on one connection of HTTP/2 and one on one of HTTP/1.1."
        why "Streams beyond the limit are refused, and the busiest programs fail first."
        fix "Let calls wait for a free stream or open a further connection. Look for a pool that shares its \
            HTTP/2 connection without counting.";
    "POOL-05"
        given "A transport whose idle limit is short."
        when "A call is made, then a pause, then another call."
        then "The server sees the first connection close, and the second call uses a new one."
        why "Firewalls silently drop connections that stay open, and the next call waits for its whole limit."
        fix "Pass `Timeouts::pool_idle` to the library. Some check the age only when they need a connection \
            (libcurl): close with your own timer.";
    "POOL-06"
        given "A server that responds with garbage, with more than it announced, or with a broken chunk."
        when "The next call is made on the same transport."
        then "It uses another connection and gets its own response."
        why "Leftover bytes become the response of the next caller, which an attacker can use to forge one."
        fix "Discard a connection after each protocol error and whenever bytes are left after a response.";
    "POOL-07"
        given "A client, cloned to eight threads."
        when "Each makes four calls, and all clones are dropped."
        then "Every call succeeds, and every socket is closed at the end."
        why "Otherwise a service that creates a client for each tenant runs out of file descriptors."
        fix "Look for a cycle of references, or for a background task that holds the pool without need.";
    "POOL-08"
        given "A separate process, with a runtime of one thread and one of several."
        when "Calls are made in each, and the runtime ends."
        then "Both work, and no thread is left."
        why "Leftover threads accumulate, and a runtime that blocks itself hangs the program."
        fix "Clause 10 of `Transport::send`. Do not call `block_on` inside, need no multi-threaded runtime, and join \
            the threads of the library when it is dropped.";
    "POOL-09"
        given "A server that supports HTTP/2 and HTTP/1.1, and one that supports only HTTP/1.1."
        when "A call is made to each, and one by a transport that is restricted to HTTP/1.1."
        then "The best common version is used and reported, and excluded versions are not offered in ALPN."
        why "Without ALPN a server either falls back forever or receives frames that it does not understand."
        fix "Set ALPN by `TransportConfig::http_versions`, in the order `h2`, `http/1.1`. A TLS configuration \
            that you create yourself has none by default.";
    "POOL-10"
        given "A server at one address whose certificate is for the platform host and for `clientauth`."
        when "Calls go to both names, by two clients and by one transport."
        then "Each request uses a connection whose SNI is its host; the one with the key without a \
            certificate, the other with it."
        why "RFC 9113 lets a client coalesce such connections; the identity would then reach the wrong host."
        fix "Key the pool by the name and not by the address, and disable the coalescing of HTTP/2 connections.";
    "POOL-11"
        given "A connection in the pool, and a call to another host that fails."
        when "The next call goes to the first host."
        then "It uses the existing connection."
        why "Otherwise one host that is down costs every call to the others a handshake."
        fix "Discard the connection that failed, not the pool or the client that it was in.";
    "POOL-12"
        given "A server that sends `Connection: close` and leaves the connection open."
        when "Three GETs are made."
        then "Each uses a new connection."
        why "Such a server will not read another request: the next call would wait for its whole limit."
        fix "Use the header, not the state of the socket.";
    "POOL-13"
        given "An HTTP/2 server, and 40 responses of 1 MiB whose bodies were dropped after their beginning."
        when "One more body is read on the same transport."
        then "The response arrives complete."
        why "Data that was sent and never read counts against the window of the whole connection, until it stalls."
        fix "Reset the stream of a dropped body, and return the window of its buffered data.";
    "POOL-14"
        given "A server that requires a client certificate and reports its refusal after the handshake (TLS \
            1.3), and a transport without an identity."
        when "Calls are made one after another."
        then "No failure reports a reused connection, and none is diagnosed as NET-07."
        why "A connection that carried a response before cannot have been refused for its certificate, so \
            this fact excludes the true cause. A connection whose only call failed proves nothing."
        fix "Count a connection as used when a response was received on it, not when a request was sent.";
    "POOL-16"
        given "An idle limit of one second."
        when "Two calls are made, three seconds apart."
        then "The second uses a new connection."
        why "Load balancers silently drop idle connections: a POST on such a connection is lost."
        fix "Pass the limit on to the pool, in its own unit.";
    "POOL-20"
        given "A server that responds to four equal requests only when all four have arrived, with large bodies."
        when "They are sent concurrently over one transport, and a fifth while none of their bodies is read."
        then "Each is a separate request, and all five succeed."
        why "With a lock around the whole library, one slow call blocks every other one of the program."
        fix "Hold no lock across a call or a body, and do not let equal calls share a response.";
    "POOL-21"
        given "A server with a path that never gets a response, and an address without a listener."
        when "Calls fail, are refused, have their bodies dropped or are dropped themselves, forty times each; \
            then forty calls are made concurrently."
        then "All of these succeed."
        why "A pool slot that a failed call does not release is missing until the program is restarted."
        fix "Release slots when they are dropped, and not on the line after the call.";
    "POOL-22"
        given "A server that sends `Connection: close` and lingers, and one with a path that never gets a \
            response; in each setting."
        when "The first is called three times; a call to the second is dropped, and then its transport."
        then "A connection announced to close is not used again, a dropped call ends at the server, and a \
            dropped transport leaves no connection open."
        why "Connections that are left open fill the tables of servers and proxies; calls that continue \
            change data although their caller gave up."
        fix "Clause 6 of `Transport::send`. Tie the connection to the call, and the pool to the transport.";
};

/// A proxy carries a tunnel and learns only the name of the host.
pub(super) const PROXY: &[Explanation] = explained! {
    "PROXY-01"
        given "A CONNECT proxy, and a server that requires a certificate."
        when "A call with the certificate is made through the proxy."
        then "The proxy sees CONNECT with host and port, and the server sees the certificate on the only connection."
        why "A proxy that terminates TLS would need the private key, and one that is silently bypassed \
            violates the network's policy."
        fix "Configure `TransportConfig::proxy` in the library as a tunnel for https. Do not resolve the \
            name: the proxy receives it.";
    "PROXY-02"
        given "A CONNECT proxy that requires a user name and a password, which are escaped in its URL."
        when "A call with an API key is made through it."
        then "The proxy receives both unescaped, and no `x-api-key`; the server receives the key and no \
            `Proxy-Authorization`."
        why "Otherwise the key is in the log of a proxy, and the proxy's password in that of the platform."
        fix "Send headers of the request inside the tunnel only. libcurl sends custom headers to proxies too unless \
            `HEADEROPT` says `SEPARATE`.";
    "PROXY-03"
        given "A proxy, and exceptions by name, suffix, range of addresses and port."
        when "Calls go to hosts that are in the exceptions and to some that only look like it."
        then "Each is routed as documented, and the two hosts of one client may use different routes."
        why "A pattern that is interpreted too widely sends calls around the firewall; one that is \
            interpreted too narrowly sends them where there is no route."
        fix "The client applies the rules and configures each transport with one proxy or none. Disable the \
            library's own handling of `NO_PROXY`.";
    "PROXY-04"
        given "A proxy that responds with 407."
        when "A call without its password is made."
        then "It is `Proxy` with 407 or without a status, NET-02, and the server sees no connection."
        why "A 407 that is reported as the platform's response makes users replace a valid API key."
        fix "Map the failed CONNECT to `TransportErrorKind::Proxy` before the generic connect error, and \
            never bypass the proxy.";
    "PROXY-05"
        given "A proxy address with a password, at proxies that accept it, refuse it or do not exist."
        when "Calls are made, and every text of client, error and log is searched."
        then "The password appears nowhere, neither plain nor as base64, except in the header that the proxy \
            received."
        why "Proxy passwords are often personal, and many users can read a log."
        fix "Clause 11 of `Transport::send`. Look for errors and trace lines of the library that show the \
            proxy's URL; pass address and password separately.";
    "PROXY-06"
        given "A proxy of https that asks for a certificate, and a client with one."
        when "A call is made through it, if the transport declares the capability; else it is refused."
        then "The tunnel works, the proxy does not receive our certificate, and the proxy is not bypassed."
        why "Otherwise the proxy learns the caller's identity, and gets a signature by our key that was meant \
            for another server."
        fix "Use a TLS configuration without identity for the proxy. Where the library has one for both, leave \
            `HttpsProxy` undeclared.";
    "PROXY-07"
        given "A proxy that re-signs TLS, with an authority that we do not trust."
        when "A call with a key is made."
        then "We refuse it with TR-01 (TR-05 without details) and a hint at the inspection, and it does not \
            receive the key."
        why "The gateway, and anyone who breaks into it, can read everything that passes through it."
        fix "Verify the certificate before the first byte of the request. If only the hint is missing, put \
            the certificate's issuer into the facts.";
    "PROXY-08"
        given "A proxy that re-signs TLS with an authority that we trust, and a client with a certificate."
        when "A call is made."
        then "It is NET-03 (or HS-01 where the stack cannot tell), no retry is advised, and the same call \
            without the proxy succeeds."
        why "A client certificate cannot pass such a gateway, and the platform's response blames the certificate."
        fix "Set the facts of the connection: the issuer of the server's certificate and \
            `identity_requested`. The diagnosis uses these.";
    "PROXY-09"
        given "The variables `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY`, each with a different proxy."
        when "A client is created from their values, with one fewer each time."
        then "The first one in the documented order is used, and no other."
        why "Two different variables send some of the calls over an unexpected route."
        fix "The client reads the variables. Disable the library's own use of the environment (reqwest: \
            `no_proxy`; libcurl: an empty proxy).";
    "PROXY-10"
        given "A SOCKS proxy that resolves names."
        when "A call is made through it, if the transport declares the capability; else it is refused."
        then "The tunnel works, and the proxy receives the name and not an address."
        why "Behind such a proxy the machine often has no DNS, or one with other results."
        fix "Declare `SocksProxy` only if the library can leave the name to the proxy (`socks5h`); else `connect` \
            must refuse it as unsupported.";
    "PROXY-11"
        given "An environment in which every usual variable names a proxy, and a configuration that names none."
        when "A call is made in a process with that environment."
        then "It goes straight to the server, and no connection is made to the proxy."
        why "The client decides which route a key takes: it reads those variables once, with its own rules \
            for exceptions."
        fix "Disable the proxy detection of your library, for example with `no_proxy()` or an explicit empty proxy.";
    "PROXY-12"
        given "A configuration whose proxy has an address of another scheme, such as `ftp:`."
        when "A transport is created with it."
        then "It is refused, with kind `Config` or `Unsupported`, with the scheme and without the value, and \
            nothing is sent."
        why "With a proxy that is bypassed, or used with another protocol, the key takes an unintended route."
        fix "Call `Proxy::address` when the transport is created, and use its error as the source: it names \
            the scheme.";
    "PROXY-13"
        given "A proxy that hangs up when it is asked for a tunnel, and one at an address that drops packets."
        when "A call is made through each."
        then "The first is the proxy's failure (NET-02), the second a timeout; certainly nothing was sent."
        why "Operators do not look at the platform for the proxy's faults, and a silent peer can be anything."
        fix "Attribute every failure before the tunnel is established to the proxy, but leave timeouts as they are.";
    "PROXY-14"
        given "A configuration with a proxy, and a server with clear text on this machine, as used by tests and \
            sidecars."
        when "A call is made to that server."
        then "It succeeds without the proxy, or is refused as a configuration error; the proxy is not contacted."
        why "Without TLS a tunnel protects nothing: the proxy would read the request, and a name for this \
            machine means another one there."
        fix "Choose the route by the scheme before you choose it by the proxy.";
    "PROXY-15"
        given "Proxies that accept a CONNECT and never respond, or start to and stop; a connect limit of 300 \
            milliseconds."
        when "A POST is made through each."
        then "It ends as a timeout, and was not sent."
        why "The tunnel is part of connecting. Without a limit there, a dead proxy costs the whole time of each call."
        fix "Apply the limit to the tunnel too.";
    "PROXY-16"
        given "Proxies that require a user without a password, and a user and a password with reserved characters."
        when "A call is made with each in the URL of the proxy, escaped."
        then "The proxy receives `Basic` and the base64 of user, colon and password, unescaped."
        why "RFC 7617 always requires the colon. Without it a proxy responds with 407, and the password seems wrong."
        fix "Split at the first colon, decode both parts, and join them with a colon even if there is no password.";
    "PROXY-17"
        given "A proxy that connects the host at port 443 to a server."
        when "An address without a port is called, over each HTTP version."
        then "`CONNECT` names the port 443; `Host` and the name in the handshake are the host only."
        why "A proxy refuses a target without a port, and a server may not know `host:443`. Tests on loopback \
            have a port in every address, so this first shows in production."
        fix "Add the default port to the target of `CONNECT`, and only there.";
    "PROXY-18"
        given "Proxies that grant a tunnel by HTTP/1.0, without a reason phrase, with many headers, with a length, or in pieces."
        when "A GET and a POST go through each, over each HTTP version."
        then "All calls succeed."
        why "Proxies differ, and users cannot choose theirs."
        fix "Read the response up to its empty line, use only the status, and do not wait for a body.";
};

/// After a rotation, new calls use the new identity, calls in flight end with the old one, and none fails.
pub(super) const ROTATE: &[Explanation] = explained! {
    "ROTATE-01"
        given "A server that requires a certificate, and a credential that can be replaced."
        when "A call is made, the certificate is replaced, and a call is made."
        then "The first has the old identity and the second the new one."
        why "A rotation that needs a restart is noticed on the day on which the old certificate expires."
        fix "The client creates a new transport for each generation. Use the identity of the configuration \
            and store none in a static of the library.";
    "ROTATE-02"
        given "Open connections with the old identity, for every version of HTTP."
        when "The certificate is replaced and calls are made."
        then "All of them have the new identity, and the old connections are closed."
        why "A connection outlives its certificate: after a theft the old one could be used as long as the \
            connection is open."
        fix "Clause 7 of `Transport::send`, and close the idle connections when the transport is dropped.";
    "ROTATE-03"
        given "A server that resumes sessions, over TLS 1.2 and over TLS 1.3."
        when "The certificate is replaced and a call is made."
        then "It is a full handshake with the new identity."
        why "A resumed session presents no certificate: the server continues with the remembered old one."
        fix "Use a session cache for each transport. rustls shares one if the configuration is cloned, \
            libcurl if the file has the same name.";
    "ROTATE-04"
        given "A slow call in flight with the old identity, for every version of HTTP."
        when "The certificate is replaced and a quick call is made meanwhile."
        then "The slow one completes with the old identity, and the quick one has the new one."
        why "A rotation that aborts calls leaves signatures of unknown state."
        fix "The future of `send` and the body must own what they need, so that dropping the transport does \
            not end them.";
    "ROTATE-05"
        given "A watched directory, in which a good pair is replaced by a mismatch, by garbage and by an expired one."
        when "It is read again three times after each, with calls between."
        then "The good one stays in use, no call fails, and each change is reported once."
        why "A typing error in a pipeline would stop everything at once, or fill the log with one line."
        fix "The credential refuses invalid content. If calls fail, your transport depends on the files after \
            `connect`.";
    "ROTATE-06"
        given "A volume of Kubernetes whose `..data` link is swapped ten times."
        when "A client watches it with events only and makes calls."
        then "Each swap is one generation, in use soon after, and none is seen incomplete."
        why "Kubernetes delivers every secret like this; a watcher of files misses the swap of a link two \
            levels above."
        fix "The credential watches. If calls fail only with your transport, ten transports in a row are too many for \
            it: see POOL-07.";
    "ROTATE-07"
        given "A watched directory."
        when "The pair is overwritten, renamed over, and removed and written again."
        then "Each change is in use soon after, and the removed pair stays in use until then."
        why "Each tool writes in a different way, and a watch on a file is lost when that file is replaced."
        fix "The credential watches the directory. A transport that uses a path by mistake fails here: \
            identities come from the configuration.";
    "ROTATE-08"
        given "A directory in which the new certificate arrives before its key."
        when "Twenty calls are made in between, and then the key is written."
        then "No call fails, the old pair is used until then, and there is one new generation."
        why "Between two writes there is always a moment without a matching pair, and busy services hit it."
        fix "The credential accepts only matching pairs. If a call fails, your `connect` was given a pair \
            that it combined itself.";
    "ROTATE-09"
        given "A directory that is polled, without events of the file system."
        when "The pair is replaced."
        then "The new one is in use soon after."
        why "Network volumes and some containers send no events; without polling a rotation there is never noticed."
        fix "The credential polls. If the old certificate keeps arriving, your transport holds on to it: see \
            ROTATE-02 and ROTATE-03.";
    "ROTATE-10"
        given "A watched directory."
        when "The same bytes are written again, three times."
        then "There is no new generation and no event, and calls continue."
        why "Otherwise tools that rewrite unchanged files would cost every caller its connections each time."
        fix "The credential compares the content. A transport is involved only by its calls: see POOL-01 if \
            they fail.";
    "ROTATE-11"
        given "A server that requires a certificate, and a credential that is replaced twenty times."
        when "A thousand calls are made meanwhile."
        then "None fails, each is made with one valid identity, and generations never decrease."
        why "What fails once in a thousand calls fails every day in production, usually at night, when \
            certificates rotate."
        fix "Check the moment in which the last handle of the old transport is dropped while one of its calls \
            starts or ends (ROTATE-04, POOL-07).";
    "ROTATE-12"
        given "A platform that refuses the new certificate, and a client that verifies rotations."
        when "The certificate is replaced and calls are made."
        then "One verifying call is made with the new identity, and all others continue with the old one and succeed."
        why "An unregistered certificate would take a service down at the moment of its installation."
        fix "The client verifies on a separate transport. More than one request with the new identity is a \
            retry of your library.";
    "ROTATE-13"
        given "A client with certificate and key, of which only the key changes."
        when "Calls are made before and after."
        then "Each arrives with the current key, and over HTTP/2 on the same connection."
        why "Keys are changed often; new handshakes for each of them are unnecessary."
        fix "The client keeps the transport. A new connection means that yours does not reuse the old one: \
            see POOL-01.";
    "ROTATE-14"
        given "A bundle with the old and the new authority of the servers, and a server under each."
        when "Both are called by one transport."
        then "Both calls succeed."
        why "An authority is replaced server by server; for a while both must be trusted, or calls fail in between."
        fix "Pass all roots to the engine. Look for a library that reads only the first certificate of a bundle.";
    "ROTATE-15"
        given "A client whose identity was replaced and whose old transport has drained."
        when "The old identity is checked through its witness."
        then "The old private key is no longer in memory."
        why "A key that stays in memory is found in a core dump long after it was replaced."
        fix "Keep no clone of `ClientIdentity` longer than the transport lives; look for closures, statics and \
            connections that keep the configuration.";
    "ROTATE-16"
        given "A client that polls files every hour, without events."
        when "The pair is replaced and the process gets SIGHUP (elsewhere it asks for a reload)."
        then "The new one is in use soon after, and not before the signal."
        why "Operators expect this signal of a daemon; without it they restart it and lose the calls in flight."
        fix "The credential handles the signal. Look for a library that installs its own handler for it.";
};
