//! The cases of POOL, PROXY and ROTATE, in words.

use super::explanation::Explanation;

/// One transport keeps its connections to itself.
pub(super) const POOL: &[Explanation] = explained! {
    "POOL-01"
        given "A server that records which connection carries each request."
        when "Twelve calls are made in a row, for every version of HTTP."
        then "They share connections, six at most, and the fact `reused` equals what the server saw, or is unset."
        why "A handshake for each call costs the caller half a second and the platform its patience."
        fix "Keep one client of the library in the transport for its whole life, and read bodies to their end so that \
            connections come back.";
    "POOL-02"
        given "A server that requires a certificate and hands out tickets, and two identities."
        when "A transport is made for each, and calls are made."
        then "Each has connections of its own, and the first of each is a full handshake with its own certificate."
        why "A resumed session shows the old identity, so the second caller acts as the first one."
        fix "Clause 7 of `Transport::send`. Make the engine's session cache in `connect`; look for a static one, and \
            for caches keyed by host alone.";
    "POOL-03"
        given "A client with a key and a client with a certificate, at one address."
        when "They make calls in turn."
        then "No request with the key goes over a connection with the certificate, nor the other way round."
        why "A request with a key over somebody's mutual TLS has two callers, and the platform picks one."
        fix "Clause 7 of `Transport::send`. Look for a global agent or handle that all transports of the process \
            share (libcurl's share interface, isahc's default client).";
    "POOL-04"
        given "A server that allows a hundred streams on a connection of HTTP/2."
        when "Two hundred calls are made at once, for every version of HTTP."
        then "All are answered, with no more than a hundred at a time on one connection of HTTP/2 and one on one of \
            HTTP/1.1."
        why "Streams beyond the limit are refused, and the busiest programs fail first."
        fix "Let calls wait for a free stream or open a further connection. Look for a pool that gives its connection \
            of HTTP/2 to everybody without counting.";
    "POOL-05"
        given "A transport whose idle limit is short."
        when "A call is made, nothing is done for a while, and another call is made."
        then "The server sees the first connection close, and the second call uses a new one."
        why "Connections that stay open are cut by a firewall in silence, and the next call waits for its whole \
            limit."
        fix "Give `Timeouts::pool_idle` to the library. Some look at the age only when they need a connection \
            (libcurl): close by a timer of your own.";
    "POOL-06"
        given "A server that answers with garbage, with more than it announced, or with a broken chunk."
        when "The next call is made on the same transport."
        then "It goes over another connection and gets its own answer."
        why "Bytes that are left over become the answer of the next caller, which an attacker can use to forge one."
        fix "Throw a connection away after each error of the protocol and whenever bytes are left after an answer.";
    "POOL-07"
        given "A client, cloned to eight threads."
        when "Each makes four calls, and all clones are dropped."
        then "Every call is answered, and every socket is closed at the end."
        why "A service that makes a client for each tenant runs out of file descriptors."
        fix "Look for a cycle of references, or for a background task that holds the pool and waits for nothing.";
    "POOL-08"
        given "A process of its own, with a runtime of one thread and one of several."
        when "Calls are made in each, and the runtime ends."
        then "Both work, and no thread is left."
        why "Threads that are left behind add up, and a runtime that blocks itself hangs the program."
        fix "Clause 10 of `Transport::send`. Do not call `block_on` inside, need no multi-threaded runtime, and join \
            the threads of the library when it is dropped.";
    "POOL-09"
        given "A server that speaks HTTP/2 and HTTP/1.1, and one that speaks HTTP/1.1 alone."
        when "A call is made to each, and one by a transport that is held to HTTP/1.1."
        then "The best version in common is spoken and told, and what is not wanted is not offered in ALPN."
        why "Without ALPN a server either falls back for ever or gets frames that it does not understand."
        fix "Set ALPN by `TransportConfig::http_versions`, in the order `h2`, `http/1.1`. A TLS configuration that \
            you make yourself has none by default.";
    "POOL-10"
        given "A server at one address whose certificate is for the platform host and for `clientauth`."
        when "Calls go to both names, by two clients and by one transport."
        then "Each request goes over a connection whose SNI is its host; the key's without a certificate, the \
            certificate's with it."
        why "RFC 9113 lets a client join such connections; the identity would then reach a host that it was not meant \
            for."
        fix "Key the pool by the name and not by the address, and switch off the coalescing of HTTP/2 connections.";
    "POOL-11"
        given "A connection in the pool, and a call to another host that fails."
        when "The next call goes to the first host."
        then "It goes over the connection that is there."
        why "One host that is down would cost every call to the others a handshake."
        fix "Give up the connection that failed, not the pool or the client that it was in.";
    "POOL-12"
        given "A server that says `Connection: close` and leaves the connection open."
        when "Three GETs are made."
        then "Each goes over a connection of its own."
        why "Such a server will not read another request: the next call would wait for its whole limit."
        fix "Believe the header, not the socket.";
    "POOL-13"
        given "An HTTP/2 server, and 40 responses of 1 MiB whose bodies were dropped after their beginning."
        when "One more body is read on the same transport."
        then "It arrives whole."
        why "What was sent and never read counts against the window of the whole connection, until it stalls."
        fix "Reset the stream of a dropped body, and give back the window of what it held.";
    "POOL-14"
        given "A server that requires a client certificate and tells its refusal after the handshake (TLS 1.3), and a transport without an \
            identity."
        when "Calls are made one after another."
        then "No failure says that its connection had been used before, and none is diagnosed as NET-07."
        why "A connection that got a response before cannot have been refused for its certificate, so this fact rules the true cause \
            out. A connection whose only call failed proves nothing."
        fix "Count a connection as used when a response came over it, not when a request was sent.";
    "POOL-16"
        given "An idle limit of one second."
        when "Two calls are made, three seconds apart."
        then "The second goes over a connection of its own."
        why "Load balancers drop idle connections without a word: a POST on such a connection is lost."
        fix "Pass the limit on to the pool, in its own unit.";
    "POOL-20"
        given "A server that answers four equal requests only when all four have arrived, with large bodies."
        when "They are sent at once over one transport, and a fifth while no body of them is read."
        then "Each is a request of its own, all are answered, and so is the fifth."
        why "Behind a lock around the whole library one slow call holds up every other one of the program."
        fix "Hold no lock across a call or a body, and do not let equal calls share a response.";
    "POOL-21"
        given "A server with a path that it never answers, and an address where nobody listens."
        when "Calls fail, are refused, have their bodies dropped or are dropped themselves, forty times each; then forty \
            calls are made at once."
        then "All of these are answered."
        why "A place in the pool that a failed call does not give back is missing until the program is started again."
        fix "Give places back when they are dropped, and not on the line after the call.";
    "POOL-22"
        given "A server that says `Connection: close` and lingers, and one with a path that it never answers; in each setting."
        when "The first is called three times; a call to the second is dropped, and then its transport."
        then "A connection that is said to close is not used again, a dropped call is over at the server, and a dropped \
            transport leaves no connection open."
        why "Connections that are left open fill the tables of servers and proxies; calls that go on change data although \
            their caller gave up."
        fix "Clause 6 of `Transport::send`. Tie the connection to the call, and the pool to the transport.";
};

/// A proxy carries a tunnel and learns nothing but the name of the host.
pub(super) const PROXY: &[Explanation] = explained! {
    "PROXY-01"
        given "A CONNECT proxy, and a server that requires a certificate."
        when "A call with the certificate is made through the proxy."
        then "The proxy sees CONNECT with host and port, and the server sees the certificate on the only connection \
            there is."
        why "A proxy that ends the TLS would need the private key, and one that is left out in silence breaks the \
            rules of the house."
        fix "Give `TransportConfig::proxy` to the library as a tunnel for https. Resolve no name yourself: the proxy \
            is given the name.";
    "PROXY-02"
        given "A CONNECT proxy that wants a user name and a password, which are escaped in its URL."
        when "A call with an API key is made through it."
        then "The proxy is given both as they were meant, and no `x-api-key`; the server sees the key and no \
            `Proxy-Authorization`."
        why "The key would stand in the log of a proxy, and the proxy's password in that of the platform."
        fix "Send headers of the request inside the tunnel only. libcurl sends custom headers to proxies too unless \
            `HEADEROPT` says `SEPARATE`.";
    "PROXY-03"
        given "A proxy, and exceptions by name, suffix, range of addresses and port."
        when "Calls go to hosts that are in the exceptions and to some that only look like it."
        then "Each is routed as documented, and the two hosts of one client may go different ways."
        why "A pattern that is read too widely takes calls around the firewall; one that is read too narrowly sends \
            them where there is no way."
        fix "The client applies the rules and gives each transport one proxy or none. Switch off the library's own \
            reading of `NO_PROXY`.";
    "PROXY-04"
        given "A proxy that answers 407."
        when "A call without its password is made."
        then "It is `Proxy` with 407 or without a status, NET-02, and the server sees no connection."
        why "A 407 that passes for the platform's answer has people exchange an API key that is fine."
        fix "Map the failed CONNECT to `TransportErrorKind::Proxy` before the generic failed connect, and never go \
            around the proxy.";
    "PROXY-05"
        given "A proxy address with a password, at proxies that accept it, refuse it or are not there."
        when "Calls are made, and every text of client, error and log is searched."
        then "The password is nowhere, neither plain nor as base64, but in the header that the proxy saw."
        why "Proxy passwords are those of people, and a log is read by many."
        fix "Clause 11 of `Transport::send`. Look for errors and trace lines of the library that show the proxy's \
            URL; hand address and password over apart.";
    "PROXY-06"
        given "A proxy of https that asks for a certificate, and a client with one."
        when "A call is made through it, if the transport declares that it can; else it is refused."
        then "The tunnel works, no certificate of ours is shown to the proxy, and the server is not called around it."
        why "The proxy would learn who is calling, and a signature by our key that was meant for another."
        fix "Use a TLS configuration without identity for the proxy. Where the library has one for both, leave \
            `HttpsProxy` undeclared.";
    "PROXY-07"
        given "A proxy that re-signs TLS, with an authority that we do not trust."
        when "A call with a key is made."
        then "We refuse it with TR-01 (TR-05 without details) and a hint at the inspection, and the key does not get \
            to it."
        why "Everything that goes through such a gateway can be read by it, and by whoever breaks into it."
        fix "Judge the certificate before the first byte of the request. If only the hint is missing, put the \
            certificate's issuer into the facts.";
    "PROXY-08"
        given "A proxy that re-signs TLS with an authority that we trust, and a client with a certificate."
        when "A call is made."
        then "It is NET-03 (or HS-01 where the stack cannot tell), no repetition is advised, and the same call \
            without the proxy is answered."
        why "A client certificate cannot pass such a gateway, and the answer of the platform blames the certificate."
        fix "Set the facts of the connection: the issuer of the server's certificate and `identity_requested`. The \
            diagnosis is made of these.";
    "PROXY-09"
        given "The variables `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY`, each with a proxy of its own."
        when "A client is made of their values, with one fewer each time."
        then "The first one in the documented order is used, and no other."
        why "Two variables that differ send a part of the calls where nobody looks for them."
        fix "The client reads the variables. Switch off the library's own reading of the environment (reqwest: \
            `no_proxy`; libcurl: an empty proxy).";
    "PROXY-10"
        given "A SOCKS proxy that resolves names."
        when "A call is made through it, if the transport declares that it can; else it is refused."
        then "The tunnel works, and the proxy is given the name and not an address."
        why "Behind such a proxy the machine often has no DNS, or one that gives other answers."
        fix "Declare `SocksProxy` only if the library can leave the name to the proxy (`socks5h`); else `connect` \
            must refuse it as unsupported.";
    "PROXY-11"
        given "An environment in which every usual variable names a proxy, and a configuration that names none."
        when "A call is made in a process with that environment."
        then "It goes straight to the server, and nobody connects to the proxy."
        why "Which way a key takes is the client's decision, which reads those variables once, with its own rules of exceptions."
        fix "Switch off the proxy detection of your library, such as `no_proxy()` or an explicit empty proxy.";
    "PROXY-12"
        given "A configuration whose proxy has an address of another scheme, such as `ftp:`."
        when "A transport is made with it."
        then "That is refused, by kind `Config` or `Unsupported`, with the scheme and without the value, and nothing is sent."
        why "A proxy that is left out, or spoken to in another protocol, is a way that the key was not meant to take."
        fix "Ask `Proxy::address` when the transport is made, and give its error as the source: it names the scheme.";
    "PROXY-13"
        given "A proxy that hangs up when it is asked for a tunnel, and one at an address that swallows packets."
        when "A call is made through each."
        then "The first is the proxy's failure (NET-02), the second a timeout; surely nothing was sent."
        why "Nobody looks at the platform for what the proxy does, and whoever is silent may be anybody."
        fix "Take every failure before the tunnel stands for the proxy's, but leave time limits what they are.";
    "PROXY-14"
        given "A configuration with a proxy, and a server of clear text on this machine, as tests and sidecars have it."
        when "A call is made to that server."
        then "It is answered without the proxy, or refused as a fault of the configuration; the proxy is not asked."
        why "Without TLS there is no tunnel worth the name: the proxy would read the request, and a name for this machine \
            means another one there."
        fix "Choose the way by the scheme before you choose it by the proxy.";
    "PROXY-15"
        given "Proxies that take a CONNECT and never answer, or begin to and stop; a connect limit of 300 milliseconds."
        when "A POST is made through each."
        then "It ends as a timeout, and was not sent."
        why "The tunnel is a part of connecting. Without a limit there a dead proxy costs the whole time of each call."
        fix "Put the limit around the tunnel too.";
    "PROXY-16"
        given "Proxies that want a user without a password, and a user and a password with reserved characters."
        when "A call is made with each in the URL of the proxy, escaped."
        then "The proxy gets `Basic` and the base64 of user, colon and password, unescaped."
        why "RFC 7617 has a colon in every case. Without it a proxy answers 407, and the password looks wrong."
        fix "Split at the first colon, decode both parts, and join them by a colon even if there is no password.";
    "PROXY-17"
        given "A proxy that leads the host at port 443 to a server."
        when "An address without a port is called, over each HTTP version."
        then "`CONNECT` names the port 443; `Host` and the name in the handshake are the host alone."
        why "A proxy refuses a target without a port, and a server may not know itself under `host:443`. Tests on \
            loopback have a port in every address, so this shows in production first."
        fix "Add the default port to the target of `CONNECT`, and only there.";
    "PROXY-18"
        given "Proxies that grant a tunnel by HTTP/1.0, without a reason phrase, with many headers, with a length, or in pieces."
        when "A GET and a POST go through each, over each HTTP version."
        then "All are answered."
        why "Proxies differ, and users cannot choose theirs."
        fix "Read the response up to its empty line, look at the status alone, and do not wait for a body.";
};

/// After a rotation nothing new uses the old identity, what is in flight ends as it began, and nothing fails.
pub(super) const ROTATE: &[Explanation] = explained! {
    "ROTATE-01"
        given "A server that requires a certificate, and a credential that can be swapped."
        when "A call is made, the certificate is swapped, and a call is made."
        then "The first arrives as the old one and the second as the new one."
        why "A rotation that waits for a restart is found on the day on which the old certificate ends."
        fix "The client makes a new transport for each generation. Take the identity from the configuration and keep \
            none in a static of the library.";
    "ROTATE-02"
        given "Connections that stand open as the old identity, for every version of HTTP."
        when "The certificate is swapped and calls are made."
        then "All of them arrive as the new one, and the old connections are closed."
        why "A connection outlives its certificate: after a theft the old one could be used as long as it is kept \
            open."
        fix "Clause 7 of `Transport::send`, and close the idle connections when the transport is dropped.";
    "ROTATE-03"
        given "A server that resumes sessions, over TLS 1.2 and over TLS 1.3."
        when "The certificate is swapped and a call is made."
        then "It is a full handshake as the new identity."
        why "A resumed session presents no certificate: the server goes on with the old one that it remembers."
        fix "A session cache for each transport. rustls shares one if the configuration is cloned, libcurl if the \
            file has the same name.";
    "ROTATE-04"
        given "A slow call in flight as the old identity, for every version of HTTP."
        when "The certificate is swapped and a quick call is made meanwhile."
        then "The slow one ends well as the old identity, and the quick one is the new one's."
        why "A rotation that breaks off calls makes signatures of which nobody knows whether they were made."
        fix "What `send` needs must be kept by its future and by the body, so that dropping the transport does not \
            end them.";
    "ROTATE-05"
        given "A watched directory, in which a good pair is replaced by a mismatch, by garbage and by an expired one."
        when "It is read again three times for each, with calls between."
        then "The good one stays in use, no call fails, and each change is reported once."
        why "A typing error in a pipeline would stop everything at once, or fill the log with one line."
        fix "The credential refuses what is broken. If calls fail, your transport depends on the files after \
            `connect`.";
    "ROTATE-06"
        given "A volume of Kubernetes whose `..data` link is swapped ten times."
        when "A client follows it by events alone and makes calls."
        then "Each swap is one generation, in use soon after, and none is seen half done."
        why "This is how every secret is delivered there; a watcher of files misses the swap of a link two levels \
            above."
        fix "The credential watches. If calls fail only with your transport, ten transports in a row are too many for \
            it: see POOL-07.";
    "ROTATE-07"
        given "A watched directory."
        when "The pair is overwritten, renamed over, and removed and written anew."
        then "Each change is in use soon after, and what is gone stays in use until then."
        why "Each tool writes in its own way, and a watch on a file is lost when that file is replaced."
        fix "The credential watches the directory. A transport that is given a path by mistake fails here: identities \
            come from the configuration.";
    "ROTATE-08"
        given "A directory in which the new certificate is there before its key."
        when "Twenty calls are made in between, and then the key is written."
        then "No call fails, the old pair is used until then, and there is one new generation."
        why "Between two writes there is always a moment in which nothing fits, and busy services meet it."
        fix "The credential takes whole pairs only. If a call fails, your `connect` was given a pair of its own \
            making.";
    "ROTATE-09"
        given "A directory that is polled, without events of the file system."
        when "The pair is replaced."
        then "The new one is in use soon after."
        why "Network volumes and some containers send no events; without polling a rotation there is never seen."
        fix "The credential polls. If the old certificate keeps arriving, your transport holds on to it: see \
            ROTATE-02 and ROTATE-03.";
    "ROTATE-10"
        given "A watched directory."
        when "The same bytes are written again, three times."
        then "There is no new generation and no event, and calls go on."
        why "Tools that write without a change would cost every caller its connections each time."
        fix "The credential compares the content. A transport takes part by its calls alone: look at POOL-01 if they \
            fail.";
    "ROTATE-11"
        given "A server that requires a certificate, and a credential that is swapped twenty times."
        when "A thousand calls are made meanwhile."
        then "None fails, each is made with one valid identity, and generations never go back."
        why "What fails once in a thousand calls fails every day in production, always at night, when certificates \
            rotate."
        fix "Look at the moment in which the last handle of the old transport is dropped while a call of it begins or \
            ends (ROTATE-04, POOL-07).";
    "ROTATE-12"
        given "A platform that refuses the new certificate, and a client that proves rotations."
        when "The certificate is swapped and calls are made."
        then "One proof call is made as the new identity, and all others go on as the old one and are answered."
        why "A certificate that nobody registered takes a service down at the moment at which it is installed."
        fix "The client makes the proof on a transport of its own. More than one request as the new one is a \
            repetition of your library's.";
    "ROTATE-13"
        given "A client with certificate and key, of which the key alone changes."
        when "Calls are made before and after."
        then "Each arrives with the key of its time, and over HTTP/2 on one and the same connection."
        why "Keys are changed often; new handshakes for each of them are work for nothing."
        fix "The client keeps the transport. A new connection means that yours does not take the old one back: see \
            POOL-01.";
    "ROTATE-14"
        given "A bundle with the old and the new authority of the servers, and a server under each."
        when "Both are called by one transport."
        then "Both are answered."
        why "An authority is changed server by server; for a while both must count, or calls fail in between."
        fix "Give all roots to the engine. Look for a library that takes the first certificate of a bundle only.";
    "ROTATE-15"
        given "A client whose identity was swapped and whose old transport has drained."
        when "The memory of the old identity is asked for by its witness."
        then "Nobody holds the old private key any more."
        why "A key that stays in memory is found in a core dump long after it was replaced."
        fix "Keep no clone of `ClientIdentity` longer than the transport lives; look for closures, statics and \
            connections that keep the configuration.";
    "ROTATE-16"
        given "A client that follows files without events, with a poll of an hour."
        when "The pair is replaced and the process gets SIGHUP (elsewhere it asks for a reload)."
        then "The new one is in use soon after, and not before the signal."
        why "Operators expect this signal of a daemon; without it they restart it and lose what is in flight."
        fix "The credential takes the signal. A library that installs a handler of its own for it takes the signal \
            away: look for one.";
};
