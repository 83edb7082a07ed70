//! The closed table of diagnosis codes: who is blamed, what a program may do, and every text that the code itself has. Errors,
//! docs/errors and the tests all read it here; what a row means and why a code of the catalogue has none is in
//! docs/decisions/0011-codes-and-their-evidence.md.

use super::row::{Row, Side, codes};

// Code, side, advice, title; what it means; what to do.
codes! {
    ID_01 = "ID-01" Local NewerCredential "The private key does not belong to the certificate",
        "The public half of the key is not the one in the certificate: mostly one of two files was replaced and the other was not. Compare the two fingerprints in the message.",
        "Use the key that was made for this certificate. A DigiCert ONE certificate is downloadable once: if its key is lost, create a new one.";
    ID_02 = "ID-02" Local NewerCredential "The private key is encrypted and no password was given",
        "The key begins with ENCRYPTED PRIVATE KEY, has a Proc-Type line, or stands in a PKCS#12 file, and none of the places for a password is set.",
        "Give its password (DC_CLIENT_CERT_PASSWORD_FILE, DC_CLIENT_CERT_PASSWORD or SM_CLIENT_CERT_PASSWORD). The key is decrypted in memory; nothing is written to disk.";
    ID_03 = "ID-03" Local NewerCredential "The password does not open the key or key store",
        "The file is whole, but its integrity check or its padding fails under this password. It belongs to another file, or was stored with quotes or a line end.",
        "Give the password that was shown or chosen when the file was made, without quotes or a line end. DigiCert ONE shows it once: if it is lost, create a new certificate.";
    ID_04 = "ID-04" Local NewerCredential "The key or key store has an outdated, unsupported or unbounded encryption",
        "Outdated kinds (RC2, DES, triple DES, MD5) are read with a warning, though newer versions of other programs refuse them. A kind that this program does not support, however current it is (Camellia, ARIA, SM4, SHA-3), or one that would take hours to undo, is an error.",
        "Write it anew with a current openssl or keytool (AES-256 with SHA-256, at most a few million iterations).";
    ID_06 = "ID-06" Local NewerCredential "This TLS stack cannot use the client identity",
        "Certificate and key belong together, but the TLS library does not take them: it accepts no certificate of this kind (X.509 version 1, an unknown critical extension), or no key of this kind (Apple's takes no EC keys from a file, for example). The message names the reason where the library gives one. Formats are not the reason: every one is converted before a library sees it.",
        "Create a certificate as DigiCert ONE makes them (X.509 version 3, RSA of 2048 bits or more, or P-256); docs/transports.md shows which transport takes which kind of key.";
    ID_07 = "ID-07" Local NewerCredential "No usable key or certificate",
        "The source was read, but what is in it is not what was expected there: empty, cut, another kind of file, or only one half of a pair.",
        "Give one certificate (leaf first, then its intermediates) and one private key, in PEM, DER or PKCS#12, or an API key, exactly as DigiCert ONE showed it.";
    ID_09 = "ID-09" Local NewerCredential "The client certificate is outside its dates",
        "The certificate has ended, or begins in the future by this machine's clock. Nothing was sent: the platform would refuse it too.",
        "Create a new certificate: the end date cannot be changed. If it is not valid yet, compare this machine's clock with the real time.";
    ID_10 = "ID-10" Local NewerCredential "The file has the leaf without its intermediate",
        "This is a warning. A server that knows the root alone cannot build the path to it, and then refuses the certificate (HS-02 with unknown_ca).",
        "Append the issuer's certificate (leaf first), or use the PKCS#12 file, which contains it.";
    ID_11 = "ID-11" Local NewerCredential "The certificates of the file are not in the order in which they are sent",
        "This is a note. They are sorted before use; a root, a double or a stranger among them is not sent.",
        "Leave it, or write them leaf first, each followed by its issuer, without the root.";
    ID_12 = "ID-12" Local NewerCredential "The certificate may not be used for client authentication",
        "The certificate lists what it may be used for, and client authentication (1.3.6.1.5.5.7.3.2) is not among it. A server or signing certificate was probably taken.",
        "Take the client authentication certificate that DigiCert ONE made for the service user.";
    ID_13 = "ID-13" Local NewerCredential "A credential cannot be read",
        "The variable is not set, the file is not there or not readable for this user, or the command or keyring that should hand it out failed. The message names the place.",
        "Check the path and its permissions, or set the variable.";
    ID_14 = "ID-14" Local GiveUp "The transport did not send the client certificate",
        "A client certificate is configured and the server asked for one, yet none was sent. Either the server takes no signature that this kind of key can make, or this is a defect of ours.",
        "Create a certificate with an RSA or P-256 key, which every server takes; if it has one, please report this with the name and version of the transport.";
    ID_15 = "ID-15" Local NewerCredential "The API key or its service user is past its end date",
        "The end date that was given with the key, or that of the service user, has passed. Nothing was sent: the platform would answer 401.",
        "Create a new key in Account Manager, or have an administrator extend the service user. End dates count until 23:59:59 UTC.";
    ID_16 = "ID-16" Local NewerCredential "The private key is too small",
        "RSA below 2048 bits can be factored, and TLS libraries refuse it, each in words of its own.",
        "Create a new certificate with an RSA key of 2048 bits or more, or with an elliptic curve.";
    ID_17 = "ID-17" Local NewerCredential "There is more than one private key to choose from",
        "The file or the pair of files holds several private keys, and taking the first would be a guess.",
        "Keep the one that belongs to the certificate, in a file of its own.";
    ROT_03 = "ROT-03" Local NewerCredential "A replacement cannot be used yet",
        "The source changed, and what it holds now is not whole or not valid: mostly certificate and key are written one after the other and this was seen in between. Told once for each content.",
        "Wait for the next reading: nothing was lost, the credential before it stays in use. If it stays, write certificate and key together (rename a directory or symlink over the old one).";
    ROT_05 = "ROT-05" Local Repeat "Another process is at work on this credential",
        "The lock or the journal of the credential is held by another process, here or on another machine. Two that rotate at once would disable each other's work, so the second one waits, and stops if that takes too long. It has made nothing.",
        "Wait until the other one is done, or its lock has ended: the message says who holds it and until when. Then repeat: what was rotated meanwhile is not rotated again.";
    ROT_06 = "ROT-06" Platform NewerCredential "A replacement was not accepted by DigiCert ONE",
        "The client was told to prove a replacement before it goes live, and the proving call failed. The credential before it stays in use, and the replacement is tried again later.",
        "Check that the new one was made on this host and is enabled; nothing was lost meanwhile.";
    HS_01 = "HS-01" Peer GiveUp "The server wants a client certificate and none was sent",
        "The server asked for a client certificate in the handshake (or says so in its answer), and this call carried none.",
        "Configure a client certificate; or call the host without clientauth. with an API key.";
    HS_02 = "HS-02" Peer NewerCredential "The server refused our client certificate",
        "The server complains about us, not we about it. An alert names the kind of reason: unknown_ca (48) an issuer it does not know, certificate_expired (45) an end date, bad_certificate (42) or certificate_unknown (46) anything else.",
        "Check that the certificate was made on this host (demo and production differ), has its intermediate with it, is inside its dates, and is enabled in Account Manager.";
    HS_03 = "HS-03" Unclear GiveUp "The connection ended in or right after the handshake, for an unknown reason",
        "Under TLS 1.3 a refused client certificate looks like this where the alert is lost; so do a proxy that breaks TLS and a firewall that cuts it. The message names what this connection rules out.",
        "In this order: check the client certificate (dates, issuer, host) if one was sent; look for a TLS-inspecting proxy on the way; look for a firewall. docs/transports.md shows which transports report alerts.";
    HS_04 = "HS-04" Both GiveUp "No TLS version, cipher or signature in common",
        "Either the server ended the handshake over its parameters, with the alert protocol_version (70), handshake_failure (40), no_application_protocol (120) and the like, or this TLS stack ended it over what the server chose; the message says which. No certificate is at fault.",
        "Allow TLS 1.2 and 1.3 on both sides, and on the server an algorithm and a curve of this stack; docs/transports.md shows what each transport supports.";
    HS_05 = "HS-05" Peer GiveUp "The server asks for a certificate after the handshake, or wants HTTP/1.1",
        "The server refused the request over HTTP/2 with HTTP_1_1_REQUIRED, ended a TLS 1.2 connection with handshake_failure when the request was already sent, or responded that it cannot ask for a certificate now (Apache: Post-Handshake Authentication). Most often it asks for the client certificate only after the handshake, for one path of many, which HTTP/2 forbids (RFC 8740) and not every TLS library does over HTTP/1.1.",
        "Have the server require the certificate for the whole host, which works over every version; or allow HTTP/1.1 and TLS 1.2 only, over a transport that renegotiates: docs/transports.md shows which do.";
    TR_01 = "TR-01" Us GiveUp "We do not trust the issuer of the server's certificate",
        "Its CA is not among our trust roots: a private CA, a server that does not send its intermediate, or something on the network that re-signs TLS.",
        "For a private installation or an inspecting proxy, give its root with --ca-file (in code: TrustRoots). A client certificate cannot pass an inspecting proxy: ask for a bypass.";
    TR_02 = "TR-02" Us GiveUp "The server's certificate is outside its dates",
        "By this machine's clock it has expired or is not valid yet. A wrong clock is the usual reason, in containers and after sleep above all.",
        "Compare this machine's clock with the real time first; if it is right, have the server's certificate renewed.";
    TR_03 = "TR-03" Local GiveUp "The trust roots hold no usable certificate",
        "The list of roots is empty, or the CA file holds no certificate (a key, an HTML page), a damaged one, or needs a password.",
        "Give a file with the certificate of the CA, in PEM (BEGIN CERTIFICATE) or DER, and not a key. The message names the part that cannot be read.";
    TR_04 = "TR-04" Local GiveUp "Skipping verification is not supported",
        "A setting of another program asks not to verify the server. Whoever answers could then take the API key.",
        "Unset SM_TLS_SKIP_VERIFY and give the root of your CA with --ca-file.";
    TR_05 = "TR-05" Us GiveUp "We refused the server's certificate",
        "The certificate, or one of its chain, breaks a rule that this TLS stack enforces; the message names it. Where the stack has one error for everything, this is the wider form of TR-01, TR-02 and HO-01, and the message says so.",
        "Have the server use a certificate that a CA issued for this host (X.509 version 3, not a CA itself, for server authentication, SHA-256, RSA of 2048 bits or P-256), with its intermediates, and trust the root of that CA with --ca-file.";
    HO_01 = "HO-01" Us GiveUp "The server's certificate is for another name",
        "The certificate is trusted, but the host that was called is not among its names. A wildcard covers one label only, and an address needs an entry of its own.",
        "Check the host for a typo or a doubled clientauth.; a private installation needs both hosts in its certificate, or an explicit pair of hosts.";
    HO_02 = "HO-02" Local GiveUp "Host and credential do not fit",
        "What was given as host is not one, or the host does not ask for the certificate that it was called with, so that it does not know the caller.",
        "Give the host without path and user info; for certificates to an address or localhost give the clientauth host too.";
    HO_04 = "HO-04" Network GiveUp "The port does not speak TLS",
        "The first bytes that came back are no TLS record. Mostly it is the plain http port of the same server.",
        "Check host and port: this looks like a plain http port.";
    NET_01 = "NET-01" Network Repeat "No connection within the time limit",
        "TCP or the TLS handshake did not come to an end in time: packets are swallowed on the way, or the server is overloaded.",
        "Check routes, firewall and proxy; DigiCert publishes its addresses for allow-lists.";
    NET_02 = "NET-02" Network GiveUp "The proxy refused the tunnel",
        "The proxy cannot be reached, wants credentials (407), or does not let CONNECT to this host through (403, 502). The host itself was not reached.",
        "Check the proxy's address and its own credentials, and that it lets CONNECT to this host through.";
    NET_03 = "NET-03" Network GiveUp "Something on the way ends TLS, so the client certificate cannot pass",
        "The client certificate was configured, but the answer shows that DigiCert ONE never saw it. A TLS-inspecting proxy has a connection of its own to the platform, and not our private key; trusting its CA does not cure that.",
        "Ask your network team to bypass inspection for the clientauth. host; for a private installation, check that this host asks for client certificates.";
    NET_05 = "NET-05" Network Repeat "The host name has no address",
        "The resolver knows no address for the name: a typo, a resolver that cannot be reached, or a name that only a private network knows.",
        "Check the spelling of the host and this machine's resolver.";
    NET_06 = "NET-06" Network Repeat "The connection was refused",
        "Something at that address said that nobody listens on the port, or that there is no route to it.",
        "Check host and port, and whether the server is up.";
    NET_07 = "NET-07" Network Repeat "The connection ended before the answer began",
        "The connection stood, and ended without a response. A server that restarts, and a pooled connection that it closes in the moment of the next call, look like this.",
        "Repeat the call if it is idempotent; if it happens always, look at the server and at proxies on the way.";
    NET_08 = "NET-08" Network Repeat "No complete answer within the time limit",
        "The response did not begin or did not end within the time that the call may take.",
        "Raise the limit for slow calls; ask whether the platform is under maintenance.";
    NET_09 = "NET-09" Network Repeat "The answer was cut off",
        "The answer began and ended before its announced end, or without the end that TLS signs. What came is not handed out as complete.",
        "Repeat the call if it is idempotent.";
    NET_10 = "NET-10" Network GiveUp "The answer is not valid HTTP",
        "TLS stands, and what came over it is not an HTTP response, or one that breaks a rule of HTTP which the library enforces; the library's text below names it.",
        "Check host and port: something other than DigiCert ONE may answer there. If the host is right, report it to the operator of the server or of the proxy before it.";
    AUT_01 = "AUT-01" Platform NewerCredential "DigiCert ONE does not accept this credential",
        "The platform answered 401: the key or certificate is unknown on this host, disabled, or past its end date, or its service user is. Credentials work only on the host where they were made.",
        "Check, in this order: is this the host where it was made (demo and production differ)? is its end date (23:59:59 UTC) past? is the service user enabled?";
    AUT_02 = "AUT-02" Platform GiveUp "This call needs key and certificate",
        "The platform knows one factor and wants the second: Software Trust signing is called with an API key and a client certificate together.",
        "Configure an API key and a client certificate; calls then go to the clientauth. host automatically.";
    AUT_03 = "AUT-03" Platform GiveUp "The service user may not do this",
        "The platform knows who is calling, and the service user lacks the role or permission.",
        "Give the service user the role that this call needs, in Account Manager. New credentials do not help.";
    AUT_04 = "AUT-04" Platform Repeat "DigiCert ONE asks to wait",
        "The platform answered 429 (too many calls with this key) or 503 (not available now), with or without the time to wait.",
        "Wait as long as the response asks, then repeat the call.";
    AUT_05 = "AUT-05" Platform GiveUp "The answer is not what the API promises",
        "There is no body, or JSON that is cut or of another shape: who answered cannot be seen; a load balancer, a firewall or a login page often answers in the platform's place.",
        "See the status and what is shown of the response, and check host and path; ask who runs the proxy or load balancer that answered.";
    AUT_06 = "AUT-06" Platform NewerCredential "The certificate is inside its dates, and yet DigiCert ONE does not accept it",
        "The handshake went through and the platform answered 401. A certificate ends with its service user: that one is probably disabled or past its end date (which counts until 23:59:59 UTC), or lives on another host.",
        "Have an administrator extend or enable the service user in Account Manager, and check that the certificate was made on this host.";
    API_01 = "API-01" Platform GiveUp "DigiCert ONE refused the request",
        "The call itself is refused: its method, a parameter, its body or size, or a state that does not allow it. It says nothing about the credential.",
        "See the platform's code and message, and change the request.";
    API_02 = "API-02" Platform GiveUp "There is no such resource",
        "There is nothing at this path, or nothing with this id that the service user may see: both have the same response.",
        "Check the path, and the id in it.";
    API_03 = "API-03" Platform Repeat "DigiCert ONE failed inside",
        "The platform, or a gateway before it that sends no page of its own, answered with a status of 500 or above.",
        "Repeat the call if it is idempotent; give the request id to DigiCert's support if it stays.";
    API_04 = "API-04" Platform GiveUp "The list is not complete, repeats itself, or does not end",
        "A page came twice, a link led back, more pages came than a list may have, or fewer items than the server counts. What was given would be taken for the whole list.",
        "See the position, which tells where it stopped: what was given before is sound. If this list is paged in another way than its responses suggest, set it (Paging; --paging), and report it; a list that need not be complete is read with allow_incomplete (--allow-incomplete).";
    API_05 = "API-05" Platform GiveUp "What the platform shows only once was not in its answer",
        "Something was made (an API token, a service user, a client certificate), and its key or certificate, which is never shown again, is not under any name that this version knows. What was made is enabled and of no use.",
        "See the message for the id of what was made, or the name to look for; disable or delete it, and report the names of the answer's fields, which the message shows too.";
    API_06 = "API-06" Platform GiveUp "The name is taken",
        "Names of service users, API tokens and client certificates are unique, and a thing of that name exists already, perhaps from an earlier run. The platform's message may call the name Nickname.",
        "Take another name; or look the existing one up in the list, and use, rename or delete it.";
    API_07 = "API-07" Platform GiveUp "The service user can have no further API token",
        "Older platforms give a service user one API token, made with it and never again.",
        "Create a second service user and move to it, or have an administrator extend the end date; where several tokens are allowed, delete one that is not used.";
    API_08 = "API-08" Platform Repeat "The server asks for the request on another connection",
        "408 (the whole request did not arrive in time), 421 (this connection does not lead to that host) and 425 (too early) are about the connection, not about the call. The client repeats the call on a new connection where that is safe.",
        "Repeat the call; if it stays, look at the idle limits of load balancers and proxies on the way.";
    GW_01 = "GW-01" Gateway GiveUp "A gateway refused the request in the API's place",
        "The response is not one of the API: a web page, plain text, a login of another kind, or the error document of an API gateway. A reverse proxy, load balancer, firewall or login page in front of the platform wrote it. It says nothing about the credential or the permissions of the service user.",
        "Check host and path, then ask the operator of the gateway that the evidence names; give the time, the status and the title of the page.";
    GW_02 = "GW-02" Gateway Repeat "A gateway cannot serve the request now",
        "A load balancer or proxy in front of the platform answered 429 or 5xx with a page of its own: it limits calls, cannot reach the platform, or is under maintenance.",
        "Repeat the call later if it is idempotent; if it stays, ask the operator of the gateway that the evidence names.";
    GW_03 = "GW-03" Gateway GiveUp "A web page came where JSON was expected",
        "A sign-in page (single sign-on), a captive portal, or the web interface of the platform, which serves paths that the API does not have.",
        "Check the path (those of the API contain /api/); see the page in a browser; have calls of the API exempted from single sign-on; behind a captive portal, sign in first.";
    GW_04 = "GW-04" Gateway GiveUp "The response has a content encoding that was not asked for",
        "The client sends no Accept-Encoding, and something on the way compressed the response nevertheless. What it says cannot be read.",
        "Have the gateway on the way send responses as they are, or only compress where Accept-Encoding allows it.";
    PACE_01 = "PACE-01" Local Repeat "The call's turn comes after its deadline",
        "Calls wait for their turn so that the key stays below its limit, and this one would have waited longer than it may. Nothing was sent.",
        "Send fewer calls at once, raise the deadline, or spread the calls over several service users: limits count per API key.";
    PACE_02 = "PACE-02" Local Repeat "The rate limiter that several processes share cannot be asked",
        "The store of the shared rate limiter did not answer, and calling without it could use up the limit of the whole fleet. Nothing was sent.",
        "See the text of the store below, and check that this process reaches it.";
    SEC_01 = "SEC-01" Local GiveUp "A redirect or page link was not followed",
        "DigiCert ONE documents no redirects. HTTP libraries forward x-api-key and present the certificate wherever a redirect points, so only redirects within one origin are followed, at most five in a row.",
        "Check the path and the configured host first. If you trust the host that the message names, configure that one; credentials were not sent there.";
    SEC_05 = "SEC-05" Local GiveUp "Credentials are not sent in clear text",
        "The address begins with http://, and everybody on the way could read the key. Only loopback is allowed to, when it is asked for by name.",
        "Use https://.";
    CFG_01 = "CFG-01" Local GiveUp "The call or its configuration is not valid",
        "The program asked for something that cannot be sent; nothing was.",
        "Change what the message names.";
    CFG_02 = "CFG-02" Local GiveUp "This transport cannot do what the configuration asks",
        "The TLS stack lacks a capability, and ignoring the setting would be worse than refusing it.",
        "Take another transport; docs/transports.md shows what each can do.";
    CFG_03 = "CFG-03" Local GiveUp "The response is larger than the limit",
        "The head or the body of the response grew past the limit; the rest was not read and the connection was dropped. Heads end at 64 KB and 256 fields on every transport; the limit of bodies is the client's.",
        "For a body, raise the limit or read the response as a stream. For a head, look at what the server, or a proxy before it, adds to it: cookies and policies mostly.";
    CFG_04 = "CFG-04" Unclear GiveUp "The call failed for a reason that is not in this catalogue",
        "The library below reported something that this version of the SDK does not know.",
        "See the text of the library below; please report it.";
    CFG_05 = "CFG-05" Local GiveUp "This machine's clock and the platform's differ",
        "The Date of the platform's answer is more than five minutes from this machine's time, so an end date would be another day than meant. A virtual machine that slept, a machine without time synchronisation, or somebody who answers in the platform's place look like this.",
        "Check the time of this machine and its synchronisation (NTP), and then who answers there.";
    CFG_06 = "CFG-06" Local GiveUp "The place for a secret does not keep it",
        "What is shown only once is kept at once, so its place, and the last resort behind it, are proved before anything is made: the directory is there, may be written, and has room. One of them is not as it must be, or failed after all.",
        "See the path or program that the message names: make the directory, allow this user to write there, make room, or use another place. If something had been made, the message says where its secret is.";
    IO_01 = "IO-01" Local GiveUp "A file or the output cannot be written",
        "The disk is full or over its quota, the file system is read-only, the directory is missing, or this user may not write there. The message names the file and the system's reason.",
        "Make room, allow this user to write there, or name another place. If it is the output that cannot be written, a call may have been made already: check what is there before you repeat it.";
    IO_02 = "IO-02" Local GiveUp "An input file cannot be read",
        "A file that was named is missing, damaged or not readable for this user. It is not a credential: those have codes of their own. The message names the file and the system's reason.",
        "Check the path and its permissions: absolute paths do not depend on the directory in which the command runs.";
    IO_03 = "IO-03" Local GiveUp "The body of a request failed before its end",
        "What the program gave as the body of an upload failed, or had another length than it declared: a file that cannot be read to its end, or that changed while it was sent. The server never got the whole request, and it was not retried, since a body that streams can be read once.",
        "See the reason that the message names; check that the file can be read and does not change while it is sent, then upload it again from its beginning.";
}
