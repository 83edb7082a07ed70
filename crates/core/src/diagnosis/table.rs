//! The complete table of diagnosis codes: side, advice, and all texts of each code. Errors, docs/errors and
//! the tests read it. docs/decisions/0011-codes-and-their-evidence.md explains the rows, and why some codes
//! of the catalogue have none.

use super::row::{Row, Side, codes};

// Code, side, advice, title; what it means; what to do.
codes! {
    ID_01 = "ID-01" Local NewerCredential "The private key does not belong to the certificate",
        "The public half of the key differs from the one in the certificate: usually one of two files was replaced and the other was not. Compare the two fingerprints in the message.",
        "Use the key that was created for this certificate. A DigiCert ONE certificate can be downloaded once: if its key is lost, create a new one.";
    ID_02 = "ID-02" Local NewerCredential "The private key is encrypted and no password was given",
        "The key begins with ENCRYPTED PRIVATE KEY, has a Proc-Type line, or is in a PKCS#12 file, and no password is configured.",
        "Give its password (DC_CLIENT_CERT_PASSWORD_FILE, DC_CLIENT_CERT_PASSWORD or SM_CLIENT_CERT_PASSWORD). The key is decrypted in memory; nothing is written to disk.";
    ID_03 = "ID-03" Local NewerCredential "The password does not open the key or key store",
        "The file is complete, but its integrity check or its padding fails with this password. The password belongs to another file, or was stored with quotes or a line end.",
        "Give the password that was shown or chosen when the file was created, without quotes or a line end. DigiCert ONE shows it once: if it is lost, create a new certificate.";
    ID_04 = "ID-04" Local NewerCredential "The key or key store has outdated, unsupported or unbounded encryption",
        "As a warning: the encryption or integrity check is outdated (such as triple DES, or SHA-1); it was read, and newer versions of other programs refuse it. As an error: it was not read, since this program does not support the algorithm in the message, old (RC4) or current (Camellia, SM4, SHA-3), or undoing it would take hours.",
        "Write it again with a current openssl or keytool (AES-256 with SHA-256, at most a few million iterations).";
    ID_06 = "ID-06" Local NewerCredential "This TLS stack cannot use the client identity",
        "Certificate and key belong together, but the TLS library does not accept them: it supports no certificate of this kind (X.509 version 1, an unknown critical extension), or no key of this kind (for example, Apple's accepts no EC keys from a file). The message names the reason if the library gives one. The file format is not the reason: every format is converted before a library sees it.",
        "Create a certificate of the usual DigiCert ONE kind (X.509 version 3, RSA of 2048 bits or more, or P-256); docs/transports.md shows which transport supports which kind of key.";
    ID_07 = "ID-07" Local NewerCredential "No usable key or certificate",
        "The source was read, but its content is not what was expected: empty, truncated, another kind of file, or only one half of a pair.",
        "Give one certificate (leaf first, then its intermediates) and one private key, in PEM, DER or PKCS#12, or an API key, exactly as DigiCert ONE showed it.";
    ID_09 = "ID-09" Local NewerCredential "The client certificate is outside its dates",
        "The certificate has expired, or is not yet valid by this machine's clock. Nothing was sent: the platform would refuse it too.",
        "Create a new certificate: its end date cannot be changed. If it is not valid yet, compare this machine's clock with the real time.";
    ID_10 = "ID-10" Local NewerCredential "The file has the leaf without its intermediate",
        "This is a warning. A server that has only the root cannot build the path to it, and refuses the certificate (HS-02 with unknown_ca).",
        "Append the issuer's certificate (leaf first), or use the PKCS#12 file, which contains it.";
    ID_11 = "ID-11" Local NewerCredential "The certificates in the file are not in the order in which they are sent",
        "This is a note. They are sorted before use; roots, duplicates and unrelated certificates are not sent.",
        "Leave it as it is, or write them leaf first, each followed by its issuer, without the root.";
    ID_12 = "ID-12" Local NewerCredential "The certificate is not valid for client authentication",
        "The certificate lists its permitted uses, and client authentication (1.3.6.1.5.5.7.3.2) is not one of them. It is probably a server or signing certificate.",
        "Use the client authentication certificate that DigiCert ONE created for the service user.";
    ID_13 = "ID-13" Local NewerCredential "A credential cannot be read",
        "The variable is not set, the file does not exist or is not readable for this user, or the command or keyring that should provide it failed. The message names the place.",
        "Check what the message names: the path and its permissions, the variable, or the command, run as this user.";
    ID_14 = "ID-14" Local GiveUp "The transport did not send the client certificate",
        "A client certificate is configured and the server asked for one, but none was sent. Either the server accepts no signature of this kind of key, or this is a bug in this SDK.",
        "Create a certificate with an RSA or P-256 key, which every server accepts; if it has one, please report this with the name and version of the transport.";
    ID_15 = "ID-15" Local NewerCredential "The API key or its service user has expired",
        "The end date that was given with the key, or that of the service user, has passed. Nothing was sent: the platform would respond with 401.",
        "Create a new key in Account Manager, or have an administrator extend the service user. End dates include the whole day, until 23:59:59 UTC.";
    ID_16 = "ID-16" Local NewerCredential "The private key is too small",
        "RSA keys below 2048 bits can be factored, and TLS libraries refuse them, each with a different message.",
        "Create a new certificate with an RSA key of 2048 bits or more, or with an elliptic curve.";
    ID_17 = "ID-17" Local NewerCredential "There is more than one private key to choose from",
        "The file or the pair of files holds several private keys, and using the first would be a guess.",
        "Keep only the one that belongs to the certificate in the file.";
    ROT_03 = "ROT-03" Local NewerCredential "A replacement cannot be used yet",
        "The source changed, and its content is now incomplete or invalid: usually certificate and key are written one after the other and were read in between. Reported once for each content.",
        "Wait for the next reading: nothing was lost, and the previous credential stays in use. If the error persists, write certificate and key together (rename a directory or symlink over the old one).";
    ROT_05 = "ROT-05" Local Retry "Another process is changing this credential",
        "The lock or the journal of the credential is held by another process, here or on another machine. Two processes that rotate at once would disable each other's credentials, so the second one waits, and stops if that takes too long. It has created nothing.",
        "Wait until the other process is done, or its lock has expired: the message names the holder and the expiry. Then retry: what was rotated meanwhile is not rotated again.";
    ROT_06 = "ROT-06" Platform NewerCredential "A replacement was not accepted by DigiCert ONE",
        "The client is configured to verify a replacement before using it, and the verifying call failed. The previous credential stays in use, and the replacement is tried again later.",
        "Check that the new credential was created on this host and is enabled; nothing was lost meanwhile.";
    HS_01 = "HS-01" Peer GiveUp "The server wants a client certificate and none was sent",
        "The server asked for a client certificate in the handshake (or says so in its response), and this call carried none.",
        "Configure a client certificate; or call the host without clientauth. with an API key.";
    HS_02 = "HS-02" Peer NewerCredential "The server refused our client certificate",
        "The server rejected us; we did not reject the server. The alert names the kind of reason: unknown_ca (48) an issuer that the server does not know, certificate_expired (45) an end date, bad_certificate (42) or certificate_unknown (46) anything else.",
        "Check that the certificate was created on this host (demo and production differ), includes its intermediate, is inside its dates, and is enabled in Account Manager.";
    HS_03 = "HS-03" Unclear GiveUp "The connection ended in or right after the handshake, for an unknown reason",
        "Under TLS 1.3 a refused client certificate looks like this if the alert is lost; so do a proxy that breaks TLS and a firewall that closes connections. The message names the causes that this connection rules out.",
        "In this order: check the client certificate (dates, issuer, host) if one was sent; look for a TLS-inspecting proxy; look for a firewall. docs/transports.md shows which transports report alerts.";
    HS_04 = "HS-04" Both GiveUp "No TLS version, cipher or signature in common",
        "Either the server ended the handshake over its parameters, with the alert protocol_version (70), handshake_failure (40), no_application_protocol (120) and the like, or this TLS stack ended it over what the server chose; the message says which. The certificates are not the cause.",
        "Allow TLS 1.2 and 1.3 on both sides, and on the server an algorithm and a curve of this stack; docs/transports.md shows what each transport supports.";
    HS_05 = "HS-05" Peer GiveUp "The server asks for a certificate after the handshake, or wants HTTP/1.1",
        "The server refused the request over HTTP/2 with HTTP_1_1_REQUIRED, ended a TLS 1.2 connection with handshake_failure when the request was already sent, or responded that it cannot ask for a certificate now (Apache: Post-Handshake Authentication). Usually it asks for the client certificate only after the handshake, for some of its paths, which HTTP/2 forbids (RFC 8740) and some TLS libraries do not support over HTTP/1.1.",
        "Have the server require the certificate for the whole host, which works over every version; or allow HTTP/1.1 and TLS 1.2 only, with a transport that supports renegotiation: see docs/transports.md.";
    TR_01 = "TR-01" Us GiveUp "We do not trust the issuer of the server's certificate",
        "Its CA is not among our trust roots: a private CA, a server that does not send its intermediate, or something on the network that re-signs TLS.",
        "For a private installation or an inspecting proxy, give its root with --ca-file (in code: TrustRoots). A client certificate cannot pass an inspecting proxy: ask for a bypass.";
    TR_02 = "TR-02" Us GiveUp "The server's certificate is outside its dates",
        "By this machine's clock it has expired or is not valid yet. The usual reason is a wrong clock, especially in containers and after sleep.",
        "Compare this machine's clock with the real time first; if it is right, have the server's certificate renewed.";
    TR_03 = "TR-03" Local GiveUp "The trust roots hold no usable certificate",
        "The list of roots is empty, or the CA file holds no certificate (a key, an HTML page), a damaged one, or needs a password.",
        "Give a file with the certificate of the CA, in PEM (BEGIN CERTIFICATE) or DER, and not a key. The message names the part that cannot be read.";
    TR_04 = "TR-04" Local GiveUp "Skipping verification is not supported",
        "A setting of another program disables verification of the server. Any server that responds could then steal the API key.",
        "Unset SM_TLS_SKIP_VERIFY and give the root of your CA with --ca-file.";
    TR_05 = "TR-05" Us GiveUp "We refused the server's certificate",
        "The certificate, or another one in its chain, violates a rule that this TLS stack enforces; the message names it. If the stack has a single error for all reasons, this is the wider form of TR-01, TR-02 and HO-01, and the message says so.",
        "Have the server use a certificate that a CA issued for this host (X.509 version 3, not a CA itself, for server authentication, SHA-256, RSA of 2048 bits or P-256), with its intermediates; trust the root of that CA with --ca-file.";
    HO_01 = "HO-01" Us GiveUp "The server's certificate is for another name",
        "The certificate is trusted, but the called host is not one of its names. A wildcard covers one label only, and an address needs a separate entry.",
        "Check the host for a typo or a doubled clientauth.; a private installation needs both hosts in its certificate, or an explicit pair of hosts.";
    HO_02 = "HO-02" Local GiveUp "Host and credential do not match",
        "The configured host is not a valid host, or it does not ask for the client certificate, so it cannot identify the caller.",
        "Give the host without path and user info; to use certificates with an address or localhost, give the clientauth host too.";
    HO_04 = "HO-04" Network GiveUp "The port does not speak TLS",
        "The first bytes received are not a TLS record. Usually this is the plain HTTP port of the same server; it can also be the port of another service.",
        "Check host and port: it is probably a plain HTTP port, or that of another service.";
    NET_01 = "NET-01" Network Retry "No connection within the time limit",
        "The TCP connection or the TLS handshake did not complete in time: packets are dropped on the way, or the server is overloaded.",
        "Check routes, firewall and proxy; DigiCert publishes its addresses for allow-lists.";
    NET_02 = "NET-02" Network GiveUp "The proxy refused the tunnel",
        "The proxy cannot be reached, requires credentials (407), or does not allow CONNECT to this host (403, 502). The host itself was not reached.",
        "Check the proxy's address and its own credentials, and that it allows CONNECT to this host.";
    NET_03 = "NET-03" Network GiveUp "Something in between terminates TLS, so the client certificate cannot pass",
        "The client certificate was configured, but the response shows that DigiCert ONE never received it. A TLS-inspecting proxy has its own connection to the platform, without our private key; trusting its CA does not help.",
        "Ask your network team to bypass inspection for the clientauth. host; for a private installation, check that this host asks for client certificates.";
    NET_05 = "NET-05" Network Retry "The host name cannot be resolved",
        "The resolver has no address for the name: a typo, an unreachable resolver, or a name that exists only in a private network.",
        "Check the spelling of the host and this machine's resolver.";
    NET_06 = "NET-06" Network Retry "The connection was refused",
        "The address reported that no program listens on the port, or it is unreachable.",
        "Check host and port, and whether the server is up.";
    NET_07 = "NET-07" Network Retry "The connection ended before the response began",
        "The connection was established, and ended without a response. A restarting server looks like this, and so does a pooled connection that the server closes at the moment of the next call.",
        "Retry the call if it is idempotent; if the error persists, check the server and the proxies in between.";
    NET_08 = "NET-08" Network Retry "No complete response within the time limit",
        "The response did not begin or did not end before the timeout of the call.",
        "Raise the timeout for slow calls; ask whether the platform is under maintenance.";
    NET_09 = "NET-09" Network Retry "The response was truncated",
        "The response began and ended before its announced end, or without TLS's authenticated end. What arrived is not returned as complete.",
        "Retry the call if it is idempotent.";
    NET_10 = "NET-10" Network GiveUp "The response is not valid HTTP",
        "The TLS connection works, but what arrived is not an HTTP response, or violates a rule of HTTP that the library enforces; the library's message names it.",
        "Check host and port: something other than DigiCert ONE may respond there. If the host is right, report it to the operator of the server or of the proxy in front of it.";
    AUT_01 = "AUT-01" Platform NewerCredential "DigiCert ONE does not accept this credential",
        "The platform responded with 401: the API key or certificate, or its service user, is unknown on this host, disabled or expired. Credentials are valid only on the host where they were created.",
        "Check, in this order: was it created on this host (demo and production differ)? has it expired (end dates include the whole day, UTC)? is the service user enabled?";
    AUT_02 = "AUT-02" Platform GiveUp "This call requires key and certificate",
        "The platform accepted one factor and requires the second: Software Trust signing needs an API key and a client certificate together.",
        "Configure an API key and a client certificate; calls then go to the clientauth. host automatically.";
    AUT_03 = "AUT-03" Platform GiveUp "Permission denied for the service user",
        "The platform authenticated the caller, but the service user lacks the role or permission.",
        "Give the service user the role that this call needs, in Account Manager. New credentials do not help.";
    AUT_04 = "AUT-04" Platform Retry "DigiCert ONE throttles the calls",
        "The platform responded with 429 (too many calls with this key) or 503 (unavailable), with or without a delay.",
        "Wait for the delay that the response asks for, then retry the call.";
    AUT_05 = "AUT-05" Platform GiveUp "The response is not what the API documents",
        "The body is missing, or its JSON is truncated or has another structure. It is unknown who sent it: a load balancer, a firewall or a login page often responds instead of the platform.",
        "Check host and path; if both are right, ask the operator of the proxy or load balancer that responded.";
    AUT_06 = "AUT-06" Platform NewerCredential "The certificate is inside its dates, but DigiCert ONE does not accept it",
        "The handshake succeeded and the platform responded with 401. A certificate expires with its service user, which is probably disabled or expired (end dates include the whole day, until 23:59:59 UTC), or exists on another host.",
        "Ask an administrator to extend or enable the service user in Account Manager, and check that the certificate was created on this host.";
    API_01 = "API-01" Platform GiveUp "DigiCert ONE refused the request",
        "The call itself is refused: its method, a parameter, its body or size, or a state that does not allow it. The credential is not the cause.",
        "See the platform's code and message, and change the request.";
    API_02 = "API-02" Platform GiveUp "Resource not found",
        "There is nothing at this path, or nothing with this id, or it is not visible to this service user: all have the same response.",
        "Check the path, and the id in it.";
    API_03 = "API-03" Platform Retry "DigiCert ONE had an internal error",
        "The platform, or a gateway in front of it without a page of its own, responded with a status of 500 or above.",
        "Retry the call if it is idempotent; if the error persists, give the request id to DigiCert's support.";
    API_04 = "API-04" Platform GiveUp "The list is incomplete, repeats itself, or does not end",
        "A page was returned twice, a link pointed back, there were more pages than the limit, or fewer items than the server's total. Without this error, the items so far would look like the whole list.",
        "See the position for where the list stopped: all items before it are valid. If this list is paged differently from what its responses suggest, set the kind of paging (Paging; d1 list --paging), and report it; if the list need not be complete, use allow_incomplete (d1 list --allow-incomplete).";
    API_05 = "API-05" Platform GiveUp "A secret that is shown only once is missing from the response",
        "Something was created (an API token, a service user, a client certificate), but its key or certificate, which is never shown again, is not in any field that this version knows. What was created is enabled but unusable.",
        "See the message for the id of what was created, or the name to look for; disable or delete it, and report the field names of the response, which the message shows too.";
    API_06 = "API-06" Platform GiveUp "The name is already in use",
        "Names of service users, API tokens and client certificates are unique, and this name already exists, perhaps from an earlier run. The platform's message may call it Nickname.",
        "Use another name; or find the existing one in the list, and use, rename or delete it.";
    API_07 = "API-07" Platform GiveUp "The service user cannot have another API token",
        "Older platforms allow one API token per service user, which is created together with it.",
        "Create a second service user and move to it, or ask an administrator to extend the end date; if several tokens are allowed, delete an unused one.";
    API_08 = "API-08" Platform Retry "The server wants the request on another connection",
        "408 (the whole request did not arrive in time), 421 (this connection does not lead to that host) and 425 (too early) concern the connection, not the call. The client retries the call on a new connection if that is safe.",
        "Retry the call; if the error persists, check the idle timeouts of load balancers and proxies in between.";
    GW_01 = "GW-01" Gateway GiveUp "A gateway refused the request",
        "The response does not come from the API: it is a web page, plain text, a login of another kind, or the error document of an API gateway. A reverse proxy, load balancer, firewall or login page in front of the platform wrote it. It says nothing about the credential or the permissions of the service user.",
        "Check host and path, then ask the operator of the gateway that the evidence names; give the time, the status and the title of the page.";
    GW_02 = "GW-02" Gateway Retry "A gateway cannot serve the request",
        "A load balancer or proxy in front of the platform responded with 429 or 5xx and a page of its own: it throttles calls, cannot reach the platform, or is under maintenance.",
        "Retry the call later if it is idempotent; if the error persists, ask the operator of the gateway that the evidence names.";
    GW_03 = "GW-03" Gateway GiveUp "A web page arrived where JSON was expected",
        "A sign-in page (single sign-on), a captive portal, or the web interface of the platform, which serves other paths than the API.",
        "Check the path (API paths contain /api/); open the page in a browser; have API calls exempted from single sign-on; behind a captive portal, sign in first.";
    GW_04 = "GW-04" Gateway GiveUp "The response has a content encoding that was not requested",
        "The client sends no Accept-Encoding, but something in between compressed the response. It cannot be read.",
        "Have the gateway send responses unchanged, or compress them only if Accept-Encoding allows it.";
    PACE_01 = "PACE-01" Local Retry "The rate limiter's delay exceeds the deadline of the call",
        "Calls are delayed so that the API key stays below its rate limit, and this call would have waited longer than its deadline allows. Nothing was sent.",
        "Send fewer calls at once, raise the deadline, or spread the calls over several service users: rate limits apply per API key.";
    PACE_02 = "PACE-02" Local Retry "The shared rate limiter cannot be reached",
        "The store of the shared rate limiter did not respond, and calls without it could exhaust the limit of the whole fleet. Nothing was sent.",
        "See the store's message, and check that this process can reach it.";
    PACE_03 = "PACE-03" Local GiveUp "The store of the shared rate limiter refused this process",
        "The store of the shared rate limiter was reached, but refused the user name or the password, does not permit a command, or its TLS handshake failed. Nothing was sent.",
        "See the store's message: check the reference to the password, the permissions (ACL) of the user, and the trust roots of the store.";
    PACE_04 = "PACE-04" Local GiveUp "The store of the shared rate limiter cannot be used",
        "The store of the shared rate limiter responded, but it is an unsupported version or a read-only replica, has no memory left, has other data under the names of our keys, or is not such a store at all. Nothing was sent.",
        "See the store's message, and correct the store or its address.";
    SEC_01 = "SEC-01" Local GiveUp "A redirect or page link was not followed",
        "DigiCert ONE documents no redirects. HTTP libraries forward x-api-key and present the certificate wherever a redirect points, so only redirects within one origin are followed, at most five in a row.",
        "Check the path and the configured host first. If you trust the host named in the message, configure that host; no credentials were sent to it.";
    SEC_05 = "SEC-05" Local GiveUp "Credentials are not sent in clear text",
        "The address begins with http://, and anyone on the network could read the key. It is allowed for loopback only, with an explicit opt-in.",
        "Use https://.";
    CFG_01 = "CFG-01" Local GiveUp "The call or its configuration is invalid",
        "The program asked for something that cannot be sent. Nothing was sent.",
        "Change what the message names.";
    CFG_02 = "CFG-02" Local GiveUp "This transport cannot do what the configuration asks",
        "The TLS stack lacks a capability. Settings that cannot be honoured are refused, not ignored.",
        "Use another transport; docs/transports.md shows what each supports.";
    CFG_03 = "CFG-03" Local GiveUp "The response is larger than the limit",
        "The head or the body of the response exceeded the limit; the rest was not read and the connection was dropped. The limit for heads is 64 KB and 256 fields on every transport; the limit for bodies is set in the client.",
        "For a body, raise the limit or read the response as a stream. For a head, check what the server, or a proxy in front of it, adds: usually cookies and policies.";
    CFG_04 = "CFG-04" Unclear GiveUp "The call failed for a reason that is not in this catalogue",
        "The underlying library reported an error that this version of the SDK does not know.",
        "See the library's message; please report it.";
    CFG_05 = "CFG-05" Local GiveUp "The clocks of this machine and the platform differ",
        "The Date header of the platform's response differs by more than five minutes from this machine's time, so an end date could be a different day from the one meant. Possible reasons: a virtual machine that slept, a machine without time synchronisation, or another server that responds instead of the platform.",
        "Check the time of this machine and its synchronisation (NTP), then which server responds.";
    CFG_06 = "CFG-06" Local GiveUp "The secret cannot be stored",
        "A secret that is shown only once is stored at once, so the secret store and the last-resort file are checked before anything is created: the directory exists, is writable, and has room. One of these checks, or the store itself, failed.",
        "See the path or program that the message names: create the directory, allow this user to write there, make room, or use another store. If something was already created, the message says where its secret is.";
    IO_01 = "IO-01" Local GiveUp "A file or the output cannot be written",
        "The disk is full or over its quota, the file system is read-only, the directory is missing, or this user may not write there. The message names the file and the system's reason.",
        "Make room, allow this user to write there, or use another path. If the output could not be written, the call may already have been made: check its effect before you retry.";
    IO_02 = "IO-02" Local GiveUp "An input file cannot be read",
        "An input file is missing, damaged or not readable for this user. It is not a credential: those have other codes. The message names the file and the system's reason.",
        "Check the path and its permissions: absolute paths do not depend on the directory in which the command runs.";
    IO_03 = "IO-03" Local GiveUp "The body of a request failed before its end",
        "What the program gave as the body of an upload failed, or had another length than it declared: a file that cannot be read to its end, or that changed while it was sent. The server never got the whole request, and it was not retried, since a body that streams can be read once.",
        "See the reason that the message names; check that the file can be read and does not change while it is sent, then upload it again from its beginning.";
}
