//! The table of defects: what a broken transport does, and the id of the case that detects it. The type, the tests and the page
//! in docs/ are generated from it.

/// One line of the table.
pub(crate) struct Row {
    pub(crate) defect: Defect,
    /// What the transport does, as a sentence that starts with a verb.
    pub(crate) about: &'static str,
    /// The id of the case that catches it.
    pub(crate) case: &'static str,
    /// A part of the failure message: the case fails for this defect and not for another reason.
    pub(crate) says: &'static str,
}

macro_rules! defects {
    ($(#[doc = $about:literal] $defect:ident $test:ident $case:literal $says:literal;)+) => {
        /// The defect of a transport. The sound code checks for it at the one point where it matters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Defect { $(#[doc = $about] $defect,)+ }

        pub(crate) const TABLE: &[Row] =
            &[$(Row { defect: Defect::$defect, about: $about, case: $case, says: $says },)+];

        row_tests! { $($test $defect $about $case $says;)+ }
    };
}

defects! {
    // Requests and responses.
    /// sends the path in lower case
    LowersPaths lowers_paths "REQ-01" "/a/b%2fc";
    /// decodes `%2F` in the path
    DecodesSlashes decodes_slashes "REQ-01" "/a/b/c;v=1";
    /// encodes the query again, by its own rules
    ReencodesQueries reencodes_queries "REQ-01" "r=%2B%20&s";
    /// leaves out the query
    DropsQueries drops_queries "REQ-02" "a query";
    /// leaves out a `?` without a query
    DropsEmptyQueries drops_empty_queries "REQ-01" "right: \"/a?\"";
    /// merges two slashes
    MergesSlashes merges_slashes "REQ-01" "right: \"/a//b\"";
    /// sends PATCH as POST
    SendsPatchAsPost sends_patch_as_post "REQ-03" "left: \"POST\"";
    /// sends HEAD as GET and reads a body
    SendsHeadAsGet sends_head_as_get "REQ-03" "HEAD without a body";
    /// sends DELETE without its body
    DropsBodiesOfDeletes drops_bodies_of_deletes "REQ-03" "DELETE with a body";
    /// sends only the last of several values of a header
    DropsRepeatedHeaders drops_repeated_headers "REQ-04" "left: [\"two\"]";
    /// sorts the values of a header
    SortsHeaderValues sorts_header_values "REQ-04" "left: [\"one\", \"three\", \"two\"]";
    /// leaves out headers without a value
    DropsEmptyHeaders drops_empty_headers "REQ-04" "an empty value is a value";
    /// adds a `Referer`
    AddsAReferer adds_a_referer "REQ-04" "\"referer\"";
    /// adds system and processor to the user agent
    TellsOfTheMachine tells_of_the_machine "REQ-20" "user-agent in GET";
    /// sets a content type without a body
    GivesEveryRequestAType gives_every_request_a_type "REQ-20" "content-type: \"application/octet-stream\" was added";
    /// does not announce that a POST has no body
    LeavesOutLengthZero leaves_out_length_zero "REQ-08" "[] Http1";
    /// keeps the first of several equal headers of a response
    DropsRepeatedResponseHeaders drops_repeated_response_headers "REQ-10" "left: [\"b\"]";
    /// sorts the headers of a response
    SortsResponseHeaders sorts_response_headers "REQ-10" "left: [\"a\", \"b\"]";
    /// lowers the values of response headers
    LowersResponseValues lowers_response_values "REQ-10" "right: [\"Value Of 0\"]";
    /// keeps the first 64 headers of a response
    KeepsSixtyFourHeaders keeps_sixty_four_headers "REQ-10" "header ";
    /// treats a 204 as a failure
    FailsWithoutContent fails_without_content "REQ-10" "answered: TransportError(Inner { kind: Protocol";
    /// says HTTP/1.1 of every response
    SpeaksOfHttp11Alone speaks_of_http11_alone "REQ-10" "left: HTTP/1.1";
    /// sends a cookie back
    KeepsCookies keeps_cookies "REQ-11" "left: [\"cookie\"";
    /// responds from a cache
    ServesFromACache serves_from_a_cache "REQ-11" "1 requests";
    /// sends the whole address as target, as if to a proxy
    SendsAbsoluteTargets sends_absolute_targets "REQ-12" "https://one.digicert.test";
    /// treats an interim response as a failure
    FailsAtEarlyHints fails_at_early_hints "REQ-13" "Http1: TransportError";
    /// adds the headers of interim responses to those of the response
    MergesEarlyHints merges_early_hints "REQ-14" "x-early";
    /// lowers the values of request headers
    LowersRequestValues lowers_request_values "REQ-15" "x-case Http1";
    /// leaves out header values that are not ASCII
    DropsForeignValues drops_foreign_values "REQ-15" "x-latin Http1";
    /// adds `connection: keep-alive`
    AddsKeepAlive adds_keep_alive "REQ-15" "a GET with connection";
    /// adds `content-length: 0` to a GET
    AddsLengthZeroToGets adds_length_zero_to_gets "REQ-15" "a GET with content-length";
    /// connects to what `Alt-Svc` names
    FollowsAlternativeServices follows_alternative_services "REQ-22" "a header led to another server";
    /// connects to its proxy before there is a call
    ConnectsInAdvance connects_in_advance "REQ-20" "before there was a request";
    /// removes the length from a response without a body
    DropsLengthsWithoutABody drops_lengths_without_a_body "REQ-21" "left: (None";
    // Credentials.
    /// sends the API key twice
    SendsTheKeyTwice sends_the_key_twice "CRED-01" "canary0\", \"01canary";
    /// sends the API key once for each connection
    SendsTheKeyOncePerConnection sends_the_key_once_per_connection "REQ-20" "x-api-key";
    /// leaves the port out of `Host`
    LeavesOutPorts leaves_out_ports "CRED-01" "left: [\"one.digicert.test\"]";
    /// ignores the identity that it is given
    IgnoresIdentities ignores_identities "CRED-02" "left: None";
    /// lets HTTP/2 put the API key in its compression tables
    IndexesTheKey indexes_the_key "CRED-10" "the key may be stored in compression tables";
    /// logs the API key behind a proxy
    LogsKeysInTunnels logs_keys_in_tunnels "CRED-21" "a secret is logged by";
    /// writes the API key to the error stream of the process
    PrintsKeys prints_keys "CRED-20" "to the output of the process";
    /// announces a name to a server that is called by its address
    NamesAddresses names_addresses "HOST-09" "left: Some(\"localhost\")";
    /// opens a connection for an address of any scheme, and refuses it then
    DialsForAnyScheme dials_for_any_scheme "HOST-10" "nothing is to come here";
    /// sends an IPv6 address as `Host` without its brackets
    LeavesOutBrackets leaves_out_brackets "HOST-12" "left: (\"/a?b=c\"";
    /// leads a name, for all transports, where the first transport of the process led it
    KeepsTheFirstNames keeps_the_first_names "HOST-11" "went where the other is to go";
    /// leads names below an overridden name where that name leads
    MatchesNamesBySuffix matches_names_by_suffix "HOST-15" "was taken for another name";
    // Trust in servers.
    /// ignores name overrides
    IgnoresNameOverrides ignores_name_overrides "TRUST-01" "trusted: TransportError(Inner { kind: Dns";
    /// trusts servers of every issuer
    AcceptsAnyIssuer accepts_any_issuer "TRUST-02" "refused: Exchange";
    /// trusts servers whose certificate has expired
    AcceptsExpiredServers accepts_expired_servers "TRUST-03" "refused: Exchange";
    /// trusts servers whose certificate is not valid yet
    AcceptsServersOfTomorrow accepts_servers_of_tomorrow "TRUST-04" "refused: Exchange";
    /// does not compare the name in the server's certificate
    AcceptsAnyName accepts_any_name "TRUST-05" "refused: Exchange";
    /// lets a wildcard stand for several labels
    LetsWildcardsCoverMore lets_wildcards_cover_more "TRUST-06" "two are not, ";
    /// declares that it reports why a server is not trusted, and does not
    HidesPeerFaults hides_peer_faults "TRUST-07" "left: (PeerUntrusted(Unspecified), TR-05)";
    /// adds the system's roots to those that alone are to count
    AddsTheSystemsRoots adds_the_systems_roots "TRUST-08" "only the given roots count: Exchange";
    /// notices useless roots at the first call only
    TakesUselessRoots takes_useless_roots "TRUST-10" "no root: Hollow";
    /// accepts a kind of trust that it does not declare, and trusts no server
    AcceptsTrustItLacks accepts_trust_it_lacks "TRUST-11" "what is not declared must be refused: Hollow";
    /// treats a server of TLS 1.1 as a broken network
    TakesOldTlsForABlip takes_old_tls_for_a_blip "TRUST-12" "left: (NET-07, true)";
    /// reports an alert although it detected the missing common version itself
    InventsAlerts invents_alerts "ERR-40" "an alert that the server did not send";
    /// permanently trusts what the first transport of the process trusts
    KeepsTheFirstRoots keeps_the_first_roots "TRUST-13" "its root was removed: Response";
    /// ignores which version of TLS it is held to
    IgnoresTlsVersions ignores_tls_versions "TRUST-15" "left: Some(Tls13)";
    /// does not report the certificate of the server
    HidesTheServersCertificate hides_the_servers_certificate "TRUST-16" "it is reported";
    /// ignores which version of TLS it is held to where HTTP/1.1 alone is wanted
    IgnoresTlsVersionsOverHttp1 ignores_tls_versions_over_http1 "TRUST-15" "left: Some(Tls13)";
    /// ignores which version of TLS it is held to through a proxy
    IgnoresTlsVersionsInTunnels ignores_tls_versions_in_tunnels "TRUST-15" "left: Some(Tls13)";
    /// does not check what the server signs under TLS 1.2
    SkipsTls12Signatures skips_tls12_signatures "TRUST-17" "this server proves nothing";
    /// does not check what the server signs under TLS 1.3
    SkipsTls13Signatures skips_tls13_signatures "TRUST-17" "this server proves nothing";
    /// trusts servers that show a certificate for clients
    AcceptsClientCertificates accepts_client_certificates "TRUST-18" "this server proves nothing";
    /// does not say why a server certificate breaks a rule
    HidesBrokenRules hides_broken_rules "TRUST-19" "ForClientsOnly";
    /// trusts the first root of a list and ignores the others
    TrustsTheFirstRootOnly trusts_the_first_root_only "TRUST-23" "each root of the list is enough for its servers";
    /// does not verify a server that is called by the name localhost
    TrustsLocalhost trusts_localhost "TRUST-25" "this server proves nothing";
    /// sends requests as early data of a resumed session
    SendsEarlyData sends_early_data "TRUST-26" "early data of GET";
    /// trusts certificates that were issued by a certificate that is not a CA
    TrustsIssuersThatAreNoAuthorities trusts_issuers_that_are_no_authorities "TRUST-30" "issuer with the mark";
    /// ignores how many CAs a CA may have below it
    IgnoresPathLengths ignores_path_lengths "TRUST-31" "one CA below path length 0";
    /// ignores which names a CA may issue for
    IgnoresNameConstraints ignores_name_constraints "TRUST-32" "the domain is excluded";
    /// checks the name constraints of the issuing CA and not of those above it
    ChecksConstraintsOfTheIssuerAlone checks_constraints_of_the_issuer_alone "TRUST-33" "the lower one permits more";
    /// checks the dates of the server's certificate and not of its CAs
    ChecksDatesOfTheLeafAlone checks_dates_of_the_leaf_alone "TRUST-34" "a CA that is Expired";
    /// checks the purposes of the server's certificate and not of its CAs
    IgnoresPurposesOfAuthorities ignores_purposes_of_authorities "TRUST-35" "a CA for clients";
    /// finds issuers by their name and verifies no signature of the chain
    ComparesIssuersByName compares_issuers_by_name "TRUST-36" "another key signed in the root's name";
    /// ends a name of a certificate at a zero byte
    StopsNamesAtZeroBytes stops_names_at_zero_bytes "TRUST-37" "\\0.other.test";
    /// trusts certificates for whatever the host ends with
    ComparesTheEndsOfNames compares_the_ends_of_names "TRUST-37" "a certificate for \"digicert.test\"";
    /// finds an address among the DNS names
    TakesNamesForAddresses takes_names_for_addresses "TRUST-38" "the address as a DNS name";
    /// compares the common name too
    ComparesTheCommonName compares_the_common_name "TRUST-39" "the host as common name alone";
    /// compares the common name of a certificate without DNS names
    FallsBackToTheCommonName falls_back_to_the_common_name "TRUST-40" "no subjectAltName";
    /// ignores critical extensions of CAs that it does not know
    IgnoresCriticalExtensionsOfAuthorities ignores_critical_extensions_of_authorities "TRUST-41" "a critical extension of the CA";
    /// compares a wildcard, and not the called name, with the names that a CA may not issue for
    ComparesWildcardsWithConstraints compares_wildcards_with_constraints "TRUST-42" "a wildcard over an excluded host";
    /// trusts what any transport of the process is to trust
    SharesRoots shares_roots "TRUST-52" "1 roots";
    /// verifies no server when it has verified one
    VerifiesTheFirstServerAlone verifies_the_first_server_alone "TRUST-52" "1 roots";
    /// tries a handshake that failed once more with TLS 1.2
    FallsBackToTls12 falls_back_to_tls12 "TRUST-51" "it was tried 2 times";
    // Identities.
    /// sends the leaf of a chain alone
    SendsLeavesAlone sends_leaves_alone "IDENT-01" "presented: TransportError(Inner { kind: PeerAlert(TlsAlert(48))";
    /// sends the root along with the chain
    SendsRootsToo sends_roots_too "IDENT-02" "leaf and intermediate";
    /// says TLS 1.3 where TLS 1.2 is spoken
    ClaimsTls13 claims_tls13 "REQ-20" "the ledger contradicts a fact";
    /// declares Ed25519 and presents no such identity
    DropsEd25519 drops_ed25519 "IDENT-04" "presented: TransportError(Inner { kind: PeerAlert(TlsAlert(116))";
    /// accepts an identity that it cannot use, and sends none
    DropsIdentitiesItCannotUse drops_identities_it_cannot_use "IDENT-22" "what is not declared must be refused";
    /// declares that it reports alerts, and does not
    HidesAlerts hides_alerts "IDENT-19" "left: HS-03";
    /// tries again when the server has refused its certificate
    RepeatsRefusedHandshakes repeats_refused_handshakes "IDENT-27" "exactly one attempt";
    /// reports that it does not trust the server when the server has refused its certificate
    BlamesTheServer blames_the_server "IDENT-28" "the wrong side is blamed";
    /// holds its certificate back where the server does not name its issuer
    ObeysHints obeys_hints "IDENT-30" "offered anyway, and accepted: TransportError(Inner { kind: PeerAlert(TlsAlert(116))";
    /// reports that no server asks for a certificate
    ClaimsThatNobodyAsked claims_that_nobody_asked "IDENT-31" "left: Some(NET-03)";
    /// reports that it sent a certificate when it did not
    ClaimsThatItSentOne claims_that_it_sent_one "REQ-20" "the ledger contradicts a fact";
    // Redirects.
    /// follows a redirect to another host, with the API key
    FollowsToOtherHosts follows_to_other_hosts "REDIR-01" "not followed: Response";
    /// follows a redirect to another port
    FollowsToOtherPorts follows_to_other_ports "REDIR-02" "not followed: Response";
    /// follows a redirect to plain HTTP
    FollowsToClearText follows_to_clear_text "REDIR-03" "the connection ended before the response began";
    /// follows a redirect between the platform host and its `clientauth.` form
    FollowsWithinTheInstallation follows_within_the_installation "REDIR-04" "left: 2";
    /// follows a 307 with method and body
    FollowsWithTheBody follows_with_the_body "REDIR-09" "another origin: Response";
    /// follows every redirect
    FollowsRedirects follows_redirects "REDIR-10" "left: 200";
    /// follows a redirect of a GET that names no host
    FollowsRelativeRedirects follows_relative_redirects "REDIR-20" "301/relative";
    // Time.
    /// ignores the limit for connecting
    IgnoresConnectLimits ignores_connect_limits "TIME-01" "its limit ran out long ago";
    /// waits for a handshake for as long as the whole call may take
    IgnoresStalledHandshakes ignores_stalled_handshakes "TIME-02" "its limit ran out long ago";
    /// reports that TCP was slow when it was TLS
    MistakesPhases mistakes_phases "TIME-02" "left: Timeout(Connect)";
    /// waits for a response without a limit
    IgnoresMissingResponses ignores_missing_responses "TIME-03" "its limit ran out long ago";
    /// waits for the rest of a body without a limit
    IgnoresStalledBodies ignores_stalled_bodies "TIME-03" "its limit ran out long ago";
    /// reads the whole body before it returns the head
    BuffersResponses buffers_responses "TIME-03" "a head: TransportError(Inner { kind: Timeout(Body)";
    /// continues a call that was dropped
    KeepsDroppedCalls keeps_dropped_calls "TIME-06" "the connection stays open";
    /// makes no further call after one was cancelled
    StaysBusyAfterACancel stays_busy_after_a_cancel "TIME-07" "another connection: TransportError(Inner { kind: Other";
    /// does not report whether it sent a call that timed out while connecting
    DoubtsThatNothingWasSent doubts_that_nothing_was_sent "TIME-14" "delivery: Unknown";
    /// wakes itself for as long as it waits
    NeverSleeps never_sleeps "TIME-11" "times for one response";
    /// reports *not sent* for a call that ran out after it was written
    DeniesDeliveryOfLateCalls denies_delivery_of_late_calls "TIME-03" "left: NotSent";
    /// keeps no limit for the whole call over HTTP/2
    IgnoresTotalOverHttp2 ignores_total_over_http2 "TIME-12" "its limit ran out long ago";
    /// keeps no limit for the whole call during a large upload
    IgnoresTotalWhileUploading ignores_total_while_uploading "TIME-12" "its limit ran out long ago";
    /// restarts the limit of the whole call with each part of a body
    RestartsTheLimitWithEachByte restarts_the_limit_with_each_byte "TIME-12" "its limit ran out long ago";
    /// checks the clock only when a body has nothing to read
    OutrunsTheLimitWhenReady outruns_the_limit_when_ready "TIME-20" "the body outran the limit";
    /// reports that a call which ran out while connecting waited for its response
    NamesALaterPhase names_a_later_phase "TIME-21" "was not reached";
    /// counts the limit of the whole call from its first call on
    CountsTheTotalLimitFromTheFirstCall counts_the_total_limit_from_the_first_call "TIME-22" "by the limit of an earlier one";
    /// keeps the limit for connecting for the whole call
    CountsTheConnectLimitForTheCall counts_the_connect_limit_for_the_call "TIME-22" "a limit ended the call early";
    /// adds its limits to the clock without a check
    PanicsAtTheMaximum panics_at_the_maximum "TIME-13" "overflow when adding duration";
    /// reports for a proxy that does not answer that the server did not
    TakesSilentProxiesForServers takes_silent_proxies_for_servers "TIME-14" "TCP to the proxy GET: TransportError(Inner { kind: Timeout(Response)";
    /// takes twenty times as long to connect as allowed
    StretchesConnectLimits stretches_connect_limits "TIME-16" "ten times the limit has passed";
    // Bodies.
    /// ends every body after 1 MiB
    StopsAtOneMebibyte stops_at_one_mebibyte "BODY-01" "failed: a response of 200, Http1\n  left: \"";
    /// keeps 1 KiB of the body of an error
    CutsErrorBodies cuts_error_bodies "BODY-06" "Http1";
    /// sends a body in chunks though it knows the length
    HidesLengths hides_lengths "BODY-02" "left: []";
    /// copies what it uploads, twice
    CopiesUploads copies_uploads "BODY-03" "more for a body of 32768 KiB";
    /// treats a body that was truncated as a whole one
    SwallowsShortBodies swallows_short_bodies "BODY-05" "the body is not whole";
    /// asks for compressed responses
    AsksForCompression asks_for_compression "BODY-06" "accept-encoding";
    /// hides that a response is compressed
    DropsContentEncodings drops_content_encodings "BODY-06" "content-encoding";
    /// asks for a `100 Continue` first
    ExpectsAContinue expects_a_continue "REQ-20" "expect: \"100-continue\" was added";
    /// asks for a `100 Continue` before a body of more than 1 MiB
    ExpectsAContinueForLargeBodies expects_a_continue_for_large_bodies "FID-03" "the values of expect";
    /// treats the end of TCP as the end of a TLS stream
    TakesAnyEndForTheEnd takes_any_end_for_the_end "BODY-11" "the end was not authenticated";
    /// treats the proper end of a TLS stream as a cut
    TakesEveryEndForACut takes_every_end_for_a_cut "BODY-11" "a whole body";
    /// reports that a body is at its end before it is
    ClaimsEarlyEnds claims_early_ends "BODY-12" "at its end with 10 bytes to come";
    /// reports that a body is longer than it is
    ClaimsLongerBodies claims_longer_bodies "BODY-12" "with 10 bytes to come";
    /// treats an HTTP/2 stream that was reset without an error as one that has ended
    TakesResetsForEnds takes_resets_for_ends "BODY-14" "RST_STREAM(NO_ERROR), with a length: true";
    /// treats an HTTP/2 stream without a length that was reset without an error as one that has ended
    TakesResetsWithoutLengthForEnds takes_resets_without_length_for_ends "BODY-20" "RST_STREAM(NO_ERROR), with a length: false";
    /// treats a whole HTTP/2 response as cut when the server wants no more of the upload
    TakesEarlyResponsesForCut takes_early_responses_for_cut "BODY-14" "complete by";
    /// starts a task when a body is dropped
    PanicsInDrop panics_in_drop "BODY-21" "a body panics when it is dropped";
    /// reads bodies ahead into memory
    ReadsAhead reads_ahead "BODY-22" "were taken from the server";
    /// discards what it has read when the connection ends right after it
    LosesLastBytes loses_last_bytes "BODY-15" "lost \"HTTP/1.";
    /// discards the frames of HTTP/2 that it has read when the connection ends right after them
    LosesLastFrames loses_last_frames "BODY-16" "length None";
    /// reports for a body that was cut that there was no response
    CallsCutBodiesLost calls_cut_bodies_lost "BODY-17" "left: Interrupted";
    /// waits for the rest of a stream that was cut until the time limit
    WaitsForCutStreams waits_for_cut_streams "BODY-18" "left: Timeout(Body)";
    // Errors.
    /// drops the error of its library
    LosesSources loses_sources "ERR-13" "source: None";
    /// drops the error of its library when a body is cut
    LosesSourcesOfBodies loses_sources_of_bodies "ERR-13" "a cut body has no source";
    /// fails without a word
    FailsWithoutWords fails_without_words "ERR-21" "no words for";
    /// reads no head that is larger than its library's default
    ReadsSmallHeadsOnly reads_small_heads_only "ERR-22" "read: TransportError";
    /// reads heads of any size
    ReadsHeadsOfAnySize reads_heads_of_any_size "ERR-23" "a head above the limit";
    /// treats a server of plain HTTP as one with bad TLS
    TakesClearTextForTls takes_clear_text_for_tls "ERR-14" "left: HS-03";
    /// has one error for a name without address and a port without server
    HasOneKindForTheNetwork has_one_kind_for_the_network "ERR-15" "left: NET-06";
    /// treats a response that is not HTTP as an interrupted connection
    TakesGarbageForAnEnd takes_garbage_for_an_end "ERR-16" "left: Interrupted";
    /// treats a malformed HTTP/2 response as an interrupted connection
    TakesMalformedFramesForAnEnd takes_malformed_frames_for_an_end "ERR-24" "connection over HTTP/2";
    /// panics outside its runtime
    PanicsWithoutRuntime panics_without_runtime "ERR-20" "a panic outside a runtime";
    /// takes a 407 of the server for one of a proxy
    TakesA407ForAProxys takes_a_407_for_a_proxys "ERR-28" "NET-02";
    /// hides the encoding of a response
    HidesEncodings hides_encodings "ERR-29" "left: AUT-05";
    /// quotes the URL in the cause of an error
    QuotesUrls quotes_urls "ERR-34" "the URL is quoted";
    /// repeats a request over HTTP/1.1 when the server requires that
    RepeatsWhenHttp11IsRequired repeats_when_http11_is_required "ERR-35" "POST was sent once more";
    /// repeats a GET when the server requires HTTP/1.1
    RepeatsGetsWhenHttp11IsRequired repeats_gets_when_http11_is_required "ERR-36" "GET was sent once more";
    /// reports *not sent* for a request that was answered by an alert
    TakesLateAlertsForUnsent takes_late_alerts_for_unsent "ERR-37" "left: NotSent";
    // Repetitions.
    /// retries a request after a 408 response
    RepeatsAfterA408 repeats_after_a_408 "RETRY-20" "it was sent 2 times: GET 408";
    /// retries a POST on its own
    RepeatsPosts repeats_posts "REPLAY-01" "without an identity\n  left: 2";
    /// retries PUT, PATCH and DELETE on its own
    RepeatsOtherMethods repeats_other_methods "REPLAY-02" "without an identity\n  left: 2";
    /// retries a GET on its own when its connection dies
    RepeatsGets repeats_gets "RETRY-21" "it was tried once more, GET";
    /// reports *not sent* for a request that the server has read
    DeniesDelivery denies_delivery "REPLAY-01" "left: (Interrupted, NotSent)";
    /// reports *sent* for a port without a listener
    ClaimsDeliveryToNobody claims_delivery_to_nobody "REPLAY-04" "left: Sent";
    /// reports *unknown* for a stream that the server refused to process
    TakesRefusedStreamsForSent takes_refused_streams_for_sent "RETRY-14" "left: Unknown";
    /// reports *not sent* for a stream that failed in the server
    TakesBrokenStreamsForUnsent takes_broken_streams_for_unsent "RETRY-21" "delivery: NotSent";
    /// retries what got 408, 421 or 425
    RepeatsMisdirectedRequests repeats_misdirected_requests "REPLAY-05" "left: 2";
    /// loses the status of a proxy where it has an identity
    ForgetsStatusesOfProxies forgets_statuses_of_proxies "RETRY-22" "a proxy that refuses";
    /// repeats a GET that was lost over HTTP/2
    RepeatsGetsOfHttp2 repeats_gets_of_http2 "RETRY-21" "it was tried once more";
    /// retries what got 503 and `Retry-After`
    AsksAgainWhenTold asks_again_when_told "RETRY-20" "it was sent 2 times: GET 503";
    // The pool.
    /// makes a connection for each call
    KeepsNoConnections keeps_no_connections "POOL-01" "12 connections for 12 calls";
    /// reports for every connection that it is new
    CallsEveryConnectionNew calls_every_connection_new "POOL-01" "left: Some(false)";
    /// reports for every connection that it was used before
    CallsEveryConnectionUsed calls_every_connection_used "POOL-14" "never got a response";
    /// presents the identity of the first transport of the process
    PresentsTheFirstIdentity presents_the_first_identity "POOL-02" "a connection of its own";
    /// has one pool for all transports of the process
    SharesPools shares_pools "POOL-03" "one identity, one pool";
    /// never closes a connection that is unused
    KeepsIdleConnections keeps_idle_connections "POOL-16" "used again three seconds after a";
    /// leaves its connections open when it is dropped
    LeaksConnections leaks_connections "POOL-07" "closed: false";
    /// leaks a thread for each call
    LeaksThreads leaks_threads "POOL-25" "threads where there were";
    /// offers HTTP/2 where HTTP/1.1 alone is wanted
    OffersHttp2Anyway offers_http2_anyway "REQ-20" "HTTP/2.0 in GET";
    /// declares HTTP/2 and speaks HTTP/1.1
    SpeaksHttp1Alone speaks_http1_alone "REQ-20" "HTTP/1.1 in GET";
    /// sends requests for two names over one connection
    JoinsNames joins_names "POOL-10" "left: [\"one.digicert.test:";
    /// sends what is for one port over a connection to another
    JoinsPorts joins_ports "TRUST-52" "1 roots";
    /// uses connections sixty times longer than their idle limit
    KeepsIdleConnectionsForLonger keeps_idle_connections_for_longer "POOL-16" "used again three seconds after a";
    /// uses a connection again that the server said it would close
    IgnoresConnectionClose ignores_connection_close "POOL-12" "on a connection of its own";
    /// keeps the window of HTTP/2 bodies that are dropped
    LeaksWindows leaks_windows "POOL-13" "its limit ran out long ago";
    /// keeps the connections of a transport that was dropped
    OutlivesItself outlives_itself "POOL-22" "leaves its connections open";
    /// has one place less for each call that was dropped
    LosesThePlacesOfDroppedCalls loses_the_places_of_dropped_calls "POOL-21" "its limit ran out long ago";
    /// makes only one call at a time
    MakesOneCallAtATime makes_one_call_at_a_time "POOL-20" "its limit ran out long ago";
    // Proxies.
    /// ignores the proxy that it is given
    IgnoresProxies ignores_proxies "PROXY-01" "index out of bounds";
    /// shows the API key to the proxy
    ShowsTheKeyToProxies shows_the_key_to_proxies "PROXY-02" "x-api-key";
    /// goes, for all transports, through the proxy of the first transport of the process
    KeepsTheFirstProxy keeps_the_first_proxy "RETRY-22" "cannot be called";
    /// shows the proxy's password to servers
    SendsProxyPasswordsToServers sends_proxy_passwords_to_servers "PROXY-02" "the proxy's password is shown to the server";
    /// takes a proxy of HTTP/1.0 for one that refuses
    WantsHttp11OfProxies wants_http11_of_proxies "PROXY-18" "a tunnel granted by [\"HTTP/1.0";
    /// names the default port in `Host`
    NamesDefaultPorts names_default_ports "PROXY-17" "[\"one.digicert.test:443\"]";
    /// asks a proxy for a host without its port where that is the default
    LeavesOutPortsOfTunnels leaves_out_ports_of_tunnels "PROXY-17" "one.digicert.test:443";
    /// bypasses a proxy that refuses
    GoesAroundProxies goes_around_proxies "PROXY-04" "the proxy wants credentials: Exchange";
    /// logs the proxy's password
    LogsProxyPasswords logs_proxy_passwords "PROXY-05" "the password is logged by [\"broken::";
    /// sends the proxy its password as it is escaped in the URL
    SendsEscapedPasswords sends_escaped_passwords "PROXY-02" "a server that sends 200";
    /// sends a proxy user without a password without a colon
    SendsUsersWithoutColon sends_users_without_colon "PROXY-16" "for user";
    /// accepts a kind of proxy that it does not declare, and goes straight to the host
    AcceptsProxiesItLacks accepts_proxies_it_lacks "PROXY-06" "what is not declared must be refused";
    /// refuses what it lacks, but not by its name
    RefusesByAnotherName refuses_by_another_name "PROXY-10" "left: Config";
    /// shows its identity to a proxy of HTTPS
    ShowsIdentitiesToProxies shows_identities_to_proxies "PROXY-06" "the proxy was shown the identity";
    /// resolves the name itself for a SOCKS proxy
    ResolvesNamesForSocks resolves_names_for_socks "PROXY-10" "the proxy was not given the name";
    /// takes a proxy from the environment
    ReadsProxyVariables reads_proxy_variables "PROXY-11" "and the server is at port";
    /// treats a proxy of any scheme as one of HTTP
    TakesAnyProxyForHttp takes_any_proxy_for_http "PROXY-12" "no such proxy is known: ftp://";
    /// refuses a proxy of an unknown scheme without naming the scheme
    HidesSchemesOfProxies hides_schemes_of_proxies "PROXY-12" "does not name the scheme ftp";
    /// asks the proxy for servers of clear text
    ShowsClearTextToProxies shows_clear_text_to_proxies "PROXY-14" "the proxy was asked";
    /// waits for a proxy for as long as the whole call may take
    IgnoresLimitsInTunnels ignores_limits_in_tunnels "PROXY-15" "its limit ran out long ago";
    // Rotation.
    /// resumes TLS sessions of another transport
    SharesSessions shares_sessions "ROTATE-03" "left: Resumed";
    /// keeps the keys of identities that were replaced
    KeepsOldKeys keeps_old_keys "ROTATE-15" "the old private key is still in memory";
    // Secrets.
    /// prints its private key in `Debug`
    PrintsItsKey prints_its_key "SECRET-01" "a secret is printed";
    /// quotes the API key in errors
    QuotesKeysInErrors quotes_keys_in_errors "SECRET-02" "a secret is printed";
    /// logs the API key
    LogsKeys logs_keys "SECRET-03" "a secret is logged by [\"broken::";
    /// writes its private key to a file that everybody can read
    OpensItsKeyFile opens_its_key_file "SECRET-07" "is open to others (644)";
    /// leaves a file with its private key behind
    LeavesItsKeyFile leaves_its_key_file "SECRET-07" "the private key is left behind";
    /// writes the keys of its connections where the environment says
    KeepsAKeyLog keeps_a_key_log "SECRET-11" "what SSLKEYLOGFILE names was written";
    /// logs the bodies of requests
    LogsUploads logs_uploads "SECRET-12" "is logged by [\"broken::";
    /// logs the bodies of responses
    LogsBodies logs_bodies "SECRET-12" "is logged by [\"broken::";
    /// logs the headers of responses
    LogsResponseHeaders logs_response_headers "SECRET-12" "is logged by [\"broken::";
    // Facts and errors.
    /// reports a certificate as sent when it is chosen
    ReportsChosenAsSent reports_chosen_as_sent "OBS-11" "it was chosen, and never left";
    /// reports its own address instead of the server's
    TellsItsOwnAddress tells_its_own_address "REQ-20" "the ledger contradicts a fact";
    /// reports the facts of its first connection for every call
    MixesUpFacts mixes_up_facts "OBS-10" "server 0";
    /// reports in errors that a connection was new
    ForgetsReuseInErrors forgets_reuse_in_errors "OBS-10" "the connection was reused";
    /// reports in errors the facts of the previous connection
    TellsTheLastConnectionInErrors tells_the_last_connection_in_errors "ERR-41" "the ledger contradicts a fact";
    /// reports through a proxy that it showed an identity, which it need not have
    ClaimsIdentitiesInTunnels claims_identities_in_tunnels "PROXY-02" "identity_sent is true; the ledger: none was shown";
    /// says TLS 1.3 of what it speaks over HTTP/2 through a proxy
    ClaimsTls13InTunnels claims_tls13_in_tunnels "REQ-03" "tls_version is Some(Tls13); the ledger: Some(Tls12)";
    // Uploads.
    /// hides the length of uploads
    HidesLengthsOfUploads hides_lengths_of_uploads "UPLOAD-01" "left: []";
    /// reads an upload to its end before it sends the first byte
    ReadsUploadsAhead reads_uploads_ahead "UPLOAD-02" "were read ahead";
    /// takes a refusal before the end of an upload for a broken connection
    FailsAtRefusalsOfUploads fails_at_refusals_of_uploads "UPLOAD-03" "403 to a body that stalls";
    /// ends an upload when the response begins
    EndsUploadsAtTheResponse ends_uploads_at_the_response "UPLOAD-04" "length known: true: TransportError";
    /// takes a body that fails for one that has ended
    TakesFailuresOfUploadsForEnds takes_failures_of_uploads_for_ends "UPLOAD-05" "it fails after 200000 bytes";
    /// reports the library's error where the body failed
    LosesErrorsOfUploads loses_errors_of_uploads "UPLOAD-05" "right: Upload";
    /// goes on with an upload whose call was dropped
    KeepsDroppedUploads keeps_dropped_uploads "UPLOAD-06" "the body is still held";
    /// corrects the declared length of an upload to what came
    CorrectsLengthsOfUploads corrects_lengths_of_uploads "UPLOAD-07" "50000 bytes where 50001 are declared";
    /// ignores the total limit of uploads
    IgnoresTotalOfUploads ignores_total_of_uploads "UPLOAD-08" "its limit ran out long ago";
    /// uploads once more after a 408
    RepeatsUploads repeats_uploads "UPLOAD-09" "repeated after 408";
    /// leaves out the key of uploads
    UploadsWithoutTheKey uploads_without_the_key "UPLOAD-10" "left: []";
    // In one setting alone.
    /// shows no identity through a proxy under TLS 1.2
    HidesIdentitiesInTunnelsOfTls12 hides_identities_in_tunnels_of_tls12 "CRED-02" "TLS 1.2, through a proxy";
    /// verifies no server through a proxy
    AcceptsAnyServerInTunnels accepts_any_server_in_tunnels "TRUST-05" "server on Rustls: refused: Exchange";
    /// leaves out bodies on used connections through a proxy
    DropsBodiesInTunnels drops_bodies_in_tunnels "REQ-03" "through a proxy";
    /// sends blanks of the path as `+` through a proxy
    DecodesBlanksInTunnels decodes_blanks_in_tunnels "REQ-01" "through a proxy";
    /// says *not sent* of what was lost on a used HTTP/2 connection
    DeniesDeliveryOnUsedHttp2 denies_delivery_on_used_http2 "ERR-41" "on a used connection, HTTP/2";
    /// retries requests through a proxy whose connection has ended
    RepeatsPostsInTunnels repeats_posts_in_tunnels "ERR-41" "it arrived 2 times";
    /// treats a body that was cut on a used connection as a whole one
    SwallowsShortBodiesOnUsed swallows_short_bodies_on_used "BODY-31" "on a used connection";
    /// does not check what servers sign through a proxy
    SkipsSignaturesInTunnels skips_signatures_in_tunnels "TRUST-17" "HTTP/1.1, TLS 1.2, through a proxy";
    /// keeps the limit of the whole call through a proxy only once it is connected
    IgnoresTotalBeforeTunnels ignores_total_before_tunnels "TIME-30" "its limit ran out long ago";
    /// reports *not sent* for an upload that was cut
    DeniesDeliveryOfCutUploads denies_delivery_of_cut_uploads "ERR-50" "the request is being written: ";
    /// treats a proxy that resets its connection as a server that refuses one
    TakesResetProxiesForServers takes_reset_proxies_for_servers "ERR-50" "CONNECT, no response yet: RST";
    /// reports for resumed sessions that their handshake was a full one
    ClaimsFullHandshakes claims_full_handshakes "OBS-15" "tls_resumed is wrong";
    /// reports for a handshake that failed that the server asked for its certificate
    ClaimsToBeAsked claims_to_be_asked "OBS-20" "nothing was asked for";
    /// reports for resumed sessions that the server did not ask
    ClaimsResumedWasNotAsked claims_resumed_was_not_asked "OBS-15" "a resumed session shows nothing";
    // Defects for random messages: none of these shows in a case with one message.
    /// leaves out the escapes of control characters, such as `%0A`
    LeavesOutEscapedControls leaves_out_escaped_controls "FID-01" "the target is";
    /// sends the first 37 fields of a request
    SendsThirtySevenFields sends_thirty_seven_fields "FID-02" "the values of";
    /// leaves out the last byte of a body that is one byte longer than a power of two
    CutsBodiesPastAPowerOfTwo cuts_bodies_past_a_power_of_two "FID-03" "the body has";
    /// merges two blanks in the values of a response
    SqueezesBlanks squeezes_blanks "FID-04" "the values of";
    /// loses the last byte of a chunk of 30 to 39 bytes
    LosesBytesOfChunks loses_bytes_of_chunks "FID-05" "the body differs";
    /// loses DATA frames of one byte
    LosesShortFrames loses_short_frames "FID-06" "the body differs";
    /// treats a body that is cut after a multiple of eight bytes as whole
    TakesEvenCutsForEnds takes_even_cuts_for_ends "FID-07" "it was taken for whole";
    /// treats a body that is cut within the line ends after its last chunk as whole
    EndsHalfChunks ends_half_chunks "FID-07" "it was taken for whole";
    /// treats an HTTP/2 body that breaks off after 100 bytes as whole
    TakesLateBreaksForEnds takes_late_breaks_for_ends "FID-08" "it was taken for whole";
    /// treats a refusal other than 413 that comes before the upload was sent as a broken connection
    FailsAtEarlyRefusals fails_at_early_refusals "BODY-23" "the upload was not wanted";
    /// treats a head that is cut as whole
    EndsHalfHeads ends_half_heads "FID-10" "it was taken for whole";
    // What other libraries do on their own.
    /// sends a GET without its body
    DropsBodiesOfGets drops_bodies_of_gets "REQ-16" "its body was left out";
    /// sends the password that `.netrc` has for the host
    ReadsNetrc reads_netrc "PROXY-11" "a password of the home directory was sent";
    /// offers to switch to HTTP/2 in clear text
    OffersUpgrades offers_upgrades "REQ-15" "clear text with connection";
    /// removes a byte order mark from bodies
    StripsByteOrderMarks strips_byte_order_marks "BODY-24" "the response's body";
    /// completes chains with certificates of other servers
    CachesIntermediates caches_intermediates "TRUST-07" "refused: Exchange";
    /// accepts a server certificate for five minutes after it has expired
    AllowsClockSkew allows_clock_skew "TRUST-03" "refused: Exchange";
    /// speaks HTTP/2 where the server has selected no protocol
    AssumesHttp2 assumes_http2 "REQ-17" "it speaks HTTP/1.1";
    /// keeps the limit for connecting for each step of connecting
    CountsTheConnectLimitForEachStep counts_the_connect_limit_for_each_step "TIME-23" "connecting took longer than its limit";
    /// restarts the limit of the whole call when the response begins
    RestartsTheLimitAtTheBody restarts_the_limit_at_the_body "TIME-25" "had a limit each";
    /// rounds limits up to whole seconds
    RoundsLimitsUp rounds_limits_up "TIME-26" "200 milliseconds lasted 700";
    /// treats a limit below a millisecond as none
    TakesTinyLimitsForNone takes_tiny_limits_for_none "TIME-24" "its limit ran out long ago";
    /// leaves sockets open whose handshake has failed
    LeaksSocketsOfFailedHandshakes leaks_sockets_of_failed_handshakes "POOL-23" "a connection without a handshake stays open";
    /// makes six calls at a time
    MakesSixCallsAtATime makes_six_calls_at_a_time "POOL-20" "its limit ran out long ago";
    /// keeps 64 KiB of memory for each call
    LeaksMemory leaks_memory "POOL-24" "KiB more after";
    /// leaves a thread behind for each transport
    LeaksAThreadForEachTransport leaks_a_thread_for_each_transport "POOL-25" "threads where there were";
    /// prints the proxy and its password in `Debug`
    PrintsItsProxy prints_its_proxy "PROXY-05" "the password is printed";
    /// logs the pieces of uploads
    LogsPiecesOfUploads logs_pieces_of_uploads "UPLOAD-14" "an upload is logged by";
    /// uploads over any version of TLS
    UploadsIgnoreTlsVersions uploads_ignore_tls_versions "UPLOAD-11" "the TLS version of an upload";
    /// uploads to servers of every issuer
    UploadsTrustAnyIssuer uploads_trust_any_issuer "UPLOAD-11" "an unknown issuer";
    /// uploads to servers of any name
    UploadsAcceptAnyName uploads_accept_any_name "UPLOAD-11" "another name";
    /// ignores the limit for connecting in uploads
    UploadsIgnoreConnectLimits uploads_ignore_connect_limits "UPLOAD-13" "its limit ran out long ago";
    /// logs the key of uploads
    UploadsLogKeys uploads_log_keys "UPLOAD-14" "an upload is logged by";
    /// quotes the URL in errors of uploads
    UploadsQuoteUrls uploads_quote_urls "UPLOAD-14" "an error shows the call";
    /// follows redirects of uploads
    UploadsFollowRedirects uploads_follow_redirects "UPLOAD-12" "301 to /elsewhere";
    /// closes the HTTP/2 connection of a call that is dropped
    ClosesConnectionsOfDroppedCalls closes_connections_of_dropped_calls "POOL-26" "it was lost with another call";
    // What a second set of unlisted defects added.
    /// sends methods that it has no constant for as GET
    SendsOtherMethodsAsGet sends_other_methods_as_get "REQ-23" "left: (\"GET\"";
    /// refuses targets longer than 2,083 bytes
    RefusesLongTargets refuses_long_targets "REQ-24" "a long target";
    /// cuts header values after 4 KiB
    CutsLongValues cuts_long_values "REQ-24" "left: [\"Long Value";
    /// sends the length twice that its caller gives
    DoublesLengths doubles_lengths "REQ-25" "with [(\"content-length\", \"2\")]";
    /// takes the body of a POST for a form where no type is given
    TakesPostsForForms takes_posts_for_forms "REQ-20" "content-type: \"application/x-www-form-urlencoded\" was added";
    /// repeats what got 401 and a challenge that it can meet
    AnswersChallenges answers_challenges "RETRY-20" "it was sent 2 times: GET 401";
    /// treats a status of 600 or more as a failure
    RefusesUnusualStatuses refuses_unusual_statuses "FID-04" "Protocol";
    /// waits for the chunks of a response to HEAD
    ReadsChunksOfHeads reads_chunks_of_heads "REQ-21" "HEAD, chunked";
    /// panics when a body is asked once more after its end
    PanicsPastTheEnd panics_past_the_end "BODY-25" "a body panics past its end";
    /// returns the head of a response with the first part of its body
    WaitsForTheFirstByte waits_for_the_first_byte "BODY-28" "the head was held back";
    /// gathers parts of a body until there are 16 KiB
    GathersParts gathers_parts "BODY-26" "was held back";
    /// ignores the window that an HTTP/2 server gives to each stream
    IgnoresWindowsOfServers ignores_windows_of_servers "BODY-27" "where the server lets 1000 through";
    /// does not answer the PING of an HTTP/2 server
    IgnoresPings ignores_pings "POOL-27" "a PING got no response";
    /// does not acknowledge the SETTINGS of an HTTP/2 server
    AcknowledgesNoSettings acknowledges_no_settings "POOL-27" "SETTINGS were not acknowledged";
    /// opens more streams than an HTTP/2 server allows
    IgnoresLimitsOfStreams ignores_limits_of_streams "POOL-28" "calls to a server of one stream";
    /// ends its calls when an HTTP/2 server sends GOAWAY
    EndsCallsAtGoaway ends_calls_at_goaway "POOL-29" "a call in flight failed by GOAWAY";
    /// makes further calls on a connection whose server sent GOAWAY
    StaysOnConnectionsThatGoAway stays_on_connections_that_go_away "POOL-29" "a call after it failed by GOAWAY";
    /// cuts the bodies of a transport that is dropped
    CutsBodiesWhenDropped cuts_bodies_when_dropped "ROTATE-04" "kind: Body, ";
    /// fails calls that wait for the handshake of a call that is dropped
    SharesFailuresOfHandshakes shares_failures_of_handshakes "POOL-30" "it failed with another call";
    /// replaces the panic hook of the program
    ReplacesThePanicHook replaces_the_panic_hook "POOL-31" "the panic hook of the program was replaced";
    /// installs a subscriber of `tracing` for the program
    TakesTheLog takes_the_log "POOL-31" "what becomes of its log";
    /// changes the working directory
    ChangesTheDirectory changes_the_directory "POOL-31" "the working directory was changed";
    /// blocks its thread until there is a response
    BlocksItsThread blocks_its_thread "TIME-27" "what the call waited for could not run";
    /// overlooks `close` among other connection options
    OverlooksCloseInLists overlooks_close_in_lists "POOL-12" "x-hop, Close";
    /// uses a connection of HTTP/1.0 again
    KeepsConnectionsOfHttp10 keeps_connections_of_http10 "POOL-12" "1.0 200 OK";
    /// uses a connection again whose end was the end of a body
    KeepsConnectionsThatEnded keeps_connections_that_ended "BODY-11" "the second call was not made";
    /// treats an idle limit below a second as none
    TakesShortIdleLimitsForNone takes_short_idle_limits_for_none "POOL-16" "used again three seconds after a";
    /// asks a proxy for an IPv6 address without brackets
    LeavesOutBracketsOfTunnels leaves_out_brackets_of_tunnels "PROXY-21" "is asked for";
    /// reaches no proxy that is named by an IPv6 address
    ReachesNoIpv6Proxies reaches_no_ipv6_proxies "PROXY-19" "the proxy was not reached";
    /// ignores name overrides that lead to IPv6 addresses
    IgnoresIpv6Overrides ignores_ipv6_overrides "HOST-12" "a name that leads to an IPv6 address";
    /// sends requests for one host through the tunnel to another
    JoinsNamesInTunnels joins_names_in_tunnels "PROXY-20" "it went through the tunnel of another server";
    /// trusts only chains in which each certificate is followed by its issuer
    WantsChainsInOrder wants_chains_in_order "TRUST-43" "another's between them";
    /// trusts the authorities of its identity
    TrustsAuthoritiesOfItsIdentity trusts_authorities_of_its_identity "TRUST-44" "a server below the CA of our identity";
    /// declares that it reports whether it was asked for a certificate, and does not
    HidesWhetherItWasAsked hides_whether_it_was_asked "REQ-20" "whether it was asked for a certificate";
    /// reports the certificate of a CA as that of the server
    ShowsTheIssuersCertificate shows_the_issuers_certificate "OBS-10" "another server's";
    /// leaves the connections of uploads open
    LeaksConnectionsOfUploads leaks_connections_of_uploads "UPLOAD-15" "is open without its transport";
    /// polls the body of an upload in a loop
    PollsUploadsInALoop polls_uploads_in_a_loop "UPLOAD-16" "a body of ten pieces was asked";
    /// makes no other call during an upload
    HoldsOtherCallsDuringUploads holds_other_calls_during_uploads "UPLOAD-17" "its limit ran out long ago";
    /// uploads past its proxy
    UploadsGoAroundProxies uploads_go_around_proxies "UPLOAD-10" "an upload went around the proxy";
    /// treats a response to an upload that was cut as whole
    UploadsSwallowShortResponses uploads_swallow_short_responses "UPLOAD-18" "a response that ends by CloseClean";
    /// waits for the rest of a response to an upload without a limit
    UploadsIgnoreStalledResponses uploads_ignore_stalled_responses "UPLOAD-18" "its limit ran out long ago";
    /// hides that a response to an upload is compressed
    UploadsHideEncodings uploads_hide_encodings "UPLOAD-18" "left: None";
    /// panics outside its runtime in an upload
    UploadsPanicWithoutRuntime uploads_panic_without_runtime "UPLOAD-19" "an error, not a panic";
    /// gives a call the body of another call that ends at the same time
    MixesUpBodies mixes_up_bodies "POOL-21" "the body is another call's";
    /// keeps 64 KiB of memory for each call that fails
    LeaksMemoryOfFailures leaks_memory_of_failures "POOL-24" "KiB more after";
    /// refuses a list of roots with one of them twice
    RefusesRootsGivenTwice refuses_roots_given_twice "TRUST-23" "the configuration is honoured";
    /// compares the first eight names of a certificate
    ComparesTheFirstNamesAlone compares_the_first_names_alone "TRUST-37" "the last of many names";
    /// trusts no chain of more than three CAs
    RefusesLongChains refuses_long_chains "TRUST-43" "a chain of four CAs is complete";
    /// calls no server with an RSA key
    RefusesRsaServers refuses_rsa_servers "TRUST-45" "a server with a key of Rsa2048";
    /// shows its identity on its first connection only
    PresentsItsIdentityOnce presents_its_identity_once "POOL-22" "the identity on connection";
    /// goes through its proxy with its first connection only
    UsesItsProxyOnce uses_its_proxy_once "POOL-22" "tunnels for 3 connections";
    /// reports every refusal of a proxy as a 407
    TakesEveryRefusalFor407 takes_every_refusal_for_407 "RETRY-22" "the status of a proxy that refuses is Some(403)";
    /// sends the first 64 fields of a request
    SendsSixtyFourFields sends_sixty_four_fields "REQ-24" "header 64 of 85";
    /// wakes only the task that polled a call first
    KeepsTheFirstWaker keeps_the_first_waker "TIME-28" "a call that moved does not go on";
    /// wakes only the task that polled a body first
    KeepsTheFirstWakerOfBodies keeps_the_first_waker_of_bodies "TIME-28" "a body that moved does not wake its task";
    /// trusts a certificate for the address that the called name leads to
    TakesAddressesForNames takes_addresses_for_names "TRUST-38" "the address that the name leads to";
    /// counts the size of a chunk in 32 bits
    WrapsSizesOfChunks wraps_sizes_of_chunks "BODY-05" "the body is not whole";
    /// treats an idle limit of zero as none
    TakesNoIdleTimeForNoLimit takes_no_idle_time_for_no_limit "POOL-16" "with a limit of 0ns";
    /// waits in its drop for the bodies that are still read
    WaitsForBodiesInDrop waits_for_bodies_in_drop "POOL-32" "it waits for its body";
    // Of a set that was written from the contract alone.
    /// does not check what servers sign by RSA-PSS under TLS 1.2
    SkipsTls12SignaturesOfPss skips_tls12_signatures_of_pss "TRUST-17" "this server proves nothing";
    /// sends the CAs of its chain in reverse order
    ReversesChains reverses_chains "IDENT-34" "leaf, lower and upper CA";
    /// speaks TLS to a server in clear text because another one of its name asked for HTTPS
    HonoursTransportSecurity honours_transport_security "REQ-22" "its limit ran out long ago";
    /// does not report that a server responded whose head is too large
    DoubtsDeliveryOfLargeHeads doubts_delivery_of_large_heads "ERR-23" "delivery: Unknown";
    /// resolves `.` and `..` in the path
    NormalisesDots normalises_dots "REQ-01" "right: \"/a/./b\"";
    /// sets an encoding of its own where one is asked for
    ReplacesAcceptEncoding replaces_accept_encoding "REQ-04" "accept-encoding is as it was given";
    /// sends neither length nor chunks for an upload that turns out to be empty
    LeavesEmptyUploadsUnframed leaves_empty_uploads_unframed "UPLOAD-01" "no framing";
    /// leaves the facts out of the errors of bodies
    ForgetsFactsInBodies forgets_facts_in_bodies "TIME-03" "is not that of the response";
    /// reports a version of TLS for calls in clear text
    ClaimsTlsInClearText claims_tls_in_clear_text "HOST-04" "the call was in clear text";
    /// gives up calls in clear text after a quarter of a second
    LosesCallsInClearText loses_calls_in_clear_text "HOST-04" "a response that comes after a second";
    /// gives no cause for a limit that ran out
    LosesSourcesOfTimeouts loses_sources_of_timeouts "TIME-03" "the error has no source";
    /// quotes a response that is not HTTP
    QuotesGarbage quotes_garbage "SECRET-02" "a secret is printed";
    /// makes no further call after the body of one has failed
    EndsWithAFailedUpload ends_with_a_failed_upload "UPLOAD-20" "for the panic of an earlier one";
    /// follows a 300 of a GET
    FollowsMultipleChoices follows_multiple_choices "REDIR-20" "300/";
    /// holds its certificate back where TLS 1.2 alone is allowed and the server does not name its issuer
    ObeysHintsUnderTls12 obeys_hints_under_tls12 "IDENT-30" "offered anyway, and accepted";
    /// resumes sessions of another transport where TLS 1.2 alone is allowed
    SharesSessionsOfTls12 shares_sessions_of_tls12 "POOL-03" "one identity, one pool";
    /// reports a connection as reused while its first call has no response
    CallsBusyConnectionsUsed calls_busy_connections_used "OBS-21" "its connection had carried no response";
    /// keeps no limit for the whole call on used connections
    IgnoresTotalOnUsed ignores_total_on_used "TIME-30" "on a used connection";
    /// keeps connections whose last request was a POST past the idle limit
    KeepsIdleConnectionsOfPosts keeps_idle_connections_of_posts "POOL-16" "three seconds after a POST";
    /// closes connections after responses of failure
    ClosesConnectionsOfErrors closes_connections_of_errors "POOL-01" "connections for 12 calls";
    /// gives each upload a type of its own
    TypesUploads types_uploads "UPLOAD-10" "application/octet-stream";
    /// verifies every server at the time of its first handshake
    StopsItsClock stops_its_clock "TRUST-53" "has begun since the transport was made";
    /// asks a proxy again that has refused for its credentials
    AsksProxiesTwice asks_proxies_twice "PROXY-04" "was asked again";
    /// follows redirects of HEAD
    FollowsRedirectsOfHeads follows_redirects_of_heads "REDIR-20" "HEAD 30";
    /// waits for a body of the response to CONNECT
    SkipsBodiesOfConnect skips_bodies_of_connect "PROXY-18" "Content-Length: 5";
    /// closes the HTTP/2 connection of a call whose limit ran out
    ClosesConnectionsOfLateCalls closes_connections_of_late_calls "POOL-33" "it was lost with a late call";
    /// reports *not sent* for a PUT or DELETE that ran out after it was written
    DeniesLatePuts denies_late_puts "TIME-03" "left: NotSent";
    /// does not announce that a PUT has no body
    LeavesOutLengthZeroOfPuts leaves_out_length_zero_of_puts "REQ-08" "of PUT";
    /// leaves out headers of a response with long names
    DropsLongNames drops_long_names "REQ-20" "x-long-long";
    /// panics when a body is read outside its runtime
    ReadsBodiesInItsRuntimeAlone reads_bodies_in_its_runtime_alone "BODY-21" "a body panics when it is read";
    /// asks for a `100 Continue` before an upload of more than 1 MiB
    ExpectsAContinueForLargeUploads expects_a_continue_for_large_uploads "UPLOAD-01" "a field was added";
    /// panics when it is created outside a runtime
    IsCreatedInARuntimeAlone is_created_in_a_runtime_alone "ERR-20" "created inside: false";
    /// names the proxy as `Host` of a CONNECT
    NamesProxiesAsHost names_proxies_as_host "PROXY-17" "the `Host` of a CONNECT is its target";
    /// leaves the connection to a proxy open that has refused
    KeepsRefusingProxies keeps_refusing_proxies "POOL-23" "a proxy that refuses";
    /// finds no override for a name in capitals
    ComparesCapitalsOfNames compares_capitals_of_names "HOST-15" "was not found";
    /// finds the called name in any certificate that the server shows
    FindsNamesAnywhereInTheChain finds_names_anywhere_in_the_chain "TRUST-37" "the certificate of the host behind another one";
    /// trusts a server whose certificate is in the list of roots, whatever its name and dates
    TrustsRootsForEveryName trusts_roots_for_every_name "TRUST-46" "a root for another name";
    /// verifies the name that the `Host` header has
    TakesItsNameFromHeaders takes_its_name_from_headers "TRUST-05" "is for the `Host` of the request";
    /// panics in a runtime of one thread
    NeedsSeveralThreads needs_several_threads "POOL-35" "a call panics in runtime 0";
    /// makes no further call when the runtime of its first one has ended
    StaysInItsFirstRuntime stays_in_its_first_runtime "POOL-35" "a call in runtime 1";
    /// counts limits in milliseconds of 32 bits
    CountsLimitsIn32Bits counts_limits_in_32_bits "TIME-13" "limits of 4294967.297s";
    /// reports the certificate that the server showed at the first connection
    KeepsTheFirstCertificateOfAServer keeps_the_first_certificate_of_a_server "OBS-10" "the second server of one address";
    /// says of the empty body of a response to HEAD that it has the announced length
    MeasuresResponsesToHead measures_responses_to_head "BODY-12" "with 0 bytes to come";
    /// counts the length of an upload in 32 bits
    WrapsLengthsOfUploads wraps_lengths_of_uploads "UPLOAD-01" "another length";
    /// counts the length of a response in 32 bits
    WrapsLengths wraps_lengths "BODY-05" "4294967301";
    /// reads the first of two lengths that differ
    ReadsTheFirstOfTwoLengths reads_the_first_of_two_lengths "BODY-05" "content-length: 5";
    /// ends every body after 10 MiB
    StopsAtTenMebibytes stops_at_ten_mebibytes "BODY-01" "left:";
    /// reads the bodies of uploads outside the runtime of the call
    ReadsUploadsOnItsOwnThread reads_uploads_on_its_own_thread "UPLOAD-16" "outside the runtime of its call";
    /// restarts the limit of the whole call with each piece of a head
    RestartsTheLimitWithEachRead restarts_the_limit_with_each_read "TIME-12" "its limit ran out long ago";
    // In every life of a transport and for every method.
    /// trusts servers of every issuer in a PUT, PATCH or DELETE
    TrustsAnyIssuerForPuts trusts_any_issuer_for_puts "TRUST-02" "refused: Exchange";
    /// does not compare the name of the server in a PUT, PATCH or DELETE
    AcceptsAnyNameForPuts accepts_any_name_for_puts "TRUST-05" "refused: Exchange";
    /// shows no identity in a PUT, PATCH or DELETE
    HidesIdentitiesInPuts hides_identities_in_puts "REQ-20" "the chain of the identity";
    /// goes around its proxy with a PUT, PATCH or DELETE
    PutsGoAroundProxies puts_go_around_proxies "REQ-20" "each connection goes through the proxy";
    /// ignores the limit for connecting in a PUT, PATCH or DELETE
    IgnoresConnectLimitsOfPuts ignores_connect_limits_of_puts "TIME-14" "its limit ran out long ago";
    /// waits for the response to a PUT, PATCH or DELETE without a limit
    IgnoresTotalOfPuts ignores_total_of_puts "TIME-30" "its limit ran out long ago";
    /// quotes the URL of a PUT, PATCH or DELETE in its error
    QuotesUrlsOfPuts quotes_urls_of_puts "RETRY-22" "shows it in";
    /// logs the body of a PUT, PATCH or DELETE
    LogsBodiesOfPuts logs_bodies_of_puts "CRED-21" "a secret is logged by";
    /// continues a PUT, PATCH or DELETE that was dropped
    KeepsDroppedPuts keeps_dropped_puts "POOL-22" "a call that was dropped goes on";
    /// treats a response to a PUT, PATCH or DELETE that was cut as whole
    SwallowsShortBodiesOfPuts swallows_short_bodies_of_puts "BODY-31" "on a";
    /// follows redirects of a PUT, PATCH or DELETE
    FollowsRedirectsOfPuts follows_redirects_of_puts "REDIR-20" "30";
    /// shows no identity on connections that it makes after a response of failure
    HidesIdentitiesAfterErrors hides_identities_after_errors "REQ-20" "the chain of the identity";
    /// trusts servers of every issuer after a response of failure
    TrustsAnyIssuerAfterErrors trusts_any_issuer_after_errors "TRUST-02" "after responses of failure";
    /// treats a body that was cut as a whole one after a response of failure
    SwallowsShortBodiesAfterErrors swallows_short_bodies_after_errors "BODY-31" "after responses of failure";
    /// trusts a server that it has refused before
    TrustsAnyIssuerAfterFailures trusts_any_issuer_after_failures "TRUST-02" "refused: Exchange";
    /// goes around a proxy that has failed before
    GoesAroundProxiesAfterFailures goes_around_proxies_after_failures "RETRY-22" "cannot be called";
    /// ignores the limit for connecting after a call that failed
    IgnoresConnectLimitsAfterFailures ignores_connect_limits_after_failures "TIME-30" "its limit ran out long ago";
    /// logs the API key after a call that failed
    LogsKeysAfterFailures logs_keys_after_failures "CRED-21" "a secret is logged by";
    /// treats a body that was cut as a whole one after a call that was dropped
    SwallowsShortBodiesAfterDrops swallows_short_bodies_after_drops "BODY-31" "after calls that were dropped";
    /// keeps no limit for the whole call after a call that was dropped
    IgnoresTotalAfterDrops ignores_total_after_drops "TIME-12" "its limit ran out long ago";
    /// does not compare the name of the server where it is not the first transport of the process
    AcceptsAnyNameLater accepts_any_name_later "TRUST-05" "refused: Exchange";
    /// ignores the TLS version where it is not the first transport of the process
    IgnoresTlsVersionsLater ignores_tls_versions_later "TRUST-15" "no version in common";
    /// treats an interim response as a failure after another response
    FailsAtEarlyHintsLater fails_at_early_hints_later "REQ-13" "Http1: TransportError";
    /// reads heads of any size after another response
    ReadsHeadsOfAnySizeLater reads_heads_of_any_size_later "ERR-23" "a head above the limit";
    /// discards the frames of HTTP/2 that came with the end of a connection after another response
    LosesLastFramesLater loses_last_frames_later "BODY-16" "length None";
    /// reports *not sent* for a request that was answered by an alert after another response
    TakesLateAlertsForUnsentLater takes_late_alerts_for_unsent_later "ERR-37" "left: NotSent";
    /// responds with a 404 that it has received before
    RemembersMissing remembers_missing "RETRY-20" "it was sent 0 times";
    /// goes at once where an earlier 301 or 308 led
    RemembersRedirects remembers_redirects "REDIR-20" "301/";
    /// applies the limit for the whole call of the transport that was made last
    KeepsTheLastTotal keeps_the_last_total "POOL-34" "another transport differs in the total limit";
    /// has one pool for transports that differ in their proxy alone
    SharesPoolsBetweenProxies shares_pools_between_proxies "POOL-34" "another transport differs in the proxy";
    /// speaks the HTTP version of the first transport of the process
    KeepsTheFirstHttpVersion keeps_the_first_http_version "POOL-34" "another transport differs in";
    /// speaks the TLS version of the first transport of the process
    KeepsTheFirstTlsVersion keeps_the_first_tls_version "POOL-34" "another transport differs in the TLS version";
    /// ends the connections of all transports when one is dropped
    EndsOthersWhenDropped ends_others_when_dropped "POOL-34" "with another transport";
    /// fails the first call after one that was lost
    FailsAfterALoss fails_after_a_loss "ERR-41" "a good call";
    /// takes every status of CONNECT but 200 for a refusal
    WantsTunnelsBy200 wants_tunnels_by_200 "PROXY-22" "a tunnel granted by";
    /// blocks its thread until TCP has connected
    BlocksWhileConnecting blocks_while_connecting "TIME-31" "waits for TCP keeps its thread";
    /// blocks its thread until a name is looked up
    BlocksWhileResolving blocks_while_resolving "TIME-31" "waits for the resolver keeps its thread";
    /// prints the API key where the environment asks for a log
    PrintsKeysWhereAsked prints_keys_where_asked "CRED-20" "to the output of the process";
    /// sends a user in the address as `Authorization`
    AuthorizesByUserInfo authorizes_by_user_info "HOST-16" "credentials do not belong there";
    /// follows redirects in clear text
    FollowsRedirectsInClearText follows_redirects_in_clear_text "HOST-17" "a redirect was followed in clear text";
    /// repeats requests in clear text that were lost
    RepeatsInClearText repeats_in_clear_text "HOST-17" "it was sent 2 times in clear text";
    /// treats a body that was cut in clear text as a whole one
    TakesCutsForEndsInClearText takes_cuts_for_ends_in_clear_text "HOST-17" "taken for the whole in clear text";
    /// keeps no limit for the whole call in clear text
    IgnoresTotalInClearText ignores_total_in_clear_text "HOST-17" "it still waits";
    /// ignores the limit for connecting in clear text
    IgnoresConnectLimitInClearText ignores_connect_limit_in_clear_text "HOST-17" "it still waits";
    /// logs the API key in clear text
    LogsKeysInClearText logs_keys_in_clear_text "HOST-17" "a secret is logged by";
    /// quotes the URL of a call in clear text in its error
    QuotesUrlsInClearText quotes_urls_in_clear_text "HOST-17" "the URL is quoted";
    /// wakes itself for as long as a body waits
    NeverSleepsInBodies never_sleeps_in_bodies "TIME-11" "for one part of a body";
    /// rounds limits down to whole seconds
    RoundsLimitsDown rounds_limits_down "TIME-26" "ended before 2,300 had passed";
    /// keeps no limit for the whole call while it waits for a stream
    IgnoresTotalWhileWaitingForStreams ignores_total_while_waiting_for_streams "TIME-32" "it still waits";
    /// shows its password to a proxy only when that has refused without it
    ShowsPasswordsToProxiesWhenAsked shows_passwords_to_proxies_when_asked "PROXY-16" "one CONNECT, with the credentials";
    /// repeats what has an `Idempotency-Key`
    RepeatsMarkedRequests repeats_marked_requests "ERR-41" "it arrived 2 times: POST";
    /// sends `'` in a query as `%27`
    EncodesQuotes encodes_quotes "REQ-01" "right: \"/a?b='c'\"";
    /// keeps each part of a body in memory until the body is dropped
    KeepsPartsOfBodies keeps_parts_of_bodies "BODY-32" "KiB more for a body";
    /// writes large bodies to a temporary file
    SpoolsLargeBodies spools_large_bodies "SECRET-13" "a body is in a file";
    /// resumes the session of another name
    ResumesSessionsOfOtherNames resumes_sessions_of_other_names "TRUST-54" "this server has another name";
    /// refuses names with `_`
    RefusesUnderscores refuses_underscores "HOST-18" "under_score.digicert.test cannot be called";
    /// treats more than five interim responses as a failure
    CountsInterimResponses counts_interim_responses "REQ-13" "GET Http1: TransportError";
    /// sends what its caller marks as HTTP/1.0 as HTTP/1.0
    ObeysVersionsOfRequests obeys_versions_of_requests "REQ-26" "does not choose the version";
    /// waits as long as `Retry-After` says before it returns the response
    WaitsAsServersSay waits_as_servers_say "RETRY-20" "it still waits";
    /// keeps no limit for uploads in clear text
    IgnoresTotalOfUploadsInClearText ignores_total_of_uploads_in_clear_text "HOST-17" "it still waits";
    /// reports a proxy that is missing as a missing host
    TakesMissingProxiesForHosts takes_missing_proxies_for_hosts "PROXY-04" "right: (Proxy(None), NotSent)";
    /// leaves the connection to a proxy open when a call is dropped that waits for its tunnel
    LeavesTunnelsOfDroppedCalls leaves_tunnels_of_dropped_calls "TIME-06" "the connection stays open";
    /// leaves the HTTP/2 stream of a body open whose limit ran out
    LeavesStreamsOfLateBodies leaves_streams_of_late_bodies "POOL-33" "without need: LateBody";
    /// has one pool for transports of equal configuration
    SharesPoolsOfEqualConfigurations shares_pools_of_equal_configurations "POOL-36" "two transports share a connection";
    // What a library keeps or does beside the calls: idle connections, refused streams, names, its log, its errors.
    /// counts the idle limit from the making of a connection
    CountsIdleTimeFromTheStart counts_idle_time_from_the_start "POOL-40" "it was closed though it was in use";
    /// ends calls that take longer than the idle limit
    EndsCallsAtTheIdleLimit ends_calls_at_the_idle_limit "POOL-40" "the idle limit ended /slow";
    /// sends a request again that the server has refused unprocessed
    RepeatsRefusedStreams repeats_refused_streams "RETRY-30" "the streams that were opened";
    /// sends a request above the last stream of a GOAWAY again on a new connection
    RepeatsStreamsAboveGoaway repeats_streams_above_goaway "RETRY-30" "it was sent once more";
    /// sends a GET again that the server has refused unprocessed
    RepeatsRefusedGets repeats_refused_gets "RETRY-31" "the streams that were opened";
    /// reports *unknown* for a stream that was refused on a used connection
    DoubtsRefusalsOnUsed doubts_refusals_on_used "RETRY-30" "how far it came";
    /// closes a connection of HTTP/2 when one of its streams is reset
    ClosesConnectionsOfResetStreams closes_connections_of_reset_streams "POOL-41" "a call failed with another one";
    /// takes the roots of an earlier transport whose roots have the same names
    FindsRootsByName finds_roots_by_name "TRUST-60" "its own authority";
    /// takes the verifier of an earlier transport that called the same host
    FindsVerifiersByHost finds_verifiers_by_host "TRUST-60" "its own authority";
    /// presents the identity of an earlier transport whose certificate has the same subject
    FindsIdentitiesByName finds_identities_by_name "TRUST-60" "another's identity";
    /// resumes the sessions of other transports with the same host
    SharesSessionsByHost shares_sessions_by_host "TRUST-60" "of another authority";
    /// logs the URL of a call that fails
    LogsUrlsOfFailures logs_urls_of_failures "SECRET-20" "the URL is logged by";
    /// logs the URL of a response whose body fails
    LogsUrlsOfCutBodies logs_urls_of_cut_bodies "SECRET-20" "the URL is logged by";
    /// logs the URL of a call that runs out of time
    LogsUrlsOfLateCalls logs_urls_of_late_calls "SECRET-20" "the URL is logged by";
    /// shows the URL of the last call that failed in its `Debug`
    ShowsItsLastFailure shows_its_last_failure "SECRET-20" "the transport shows its last call";
    /// turns the error of its library into text
    FlattensErrors flattens_errors "ERR-60" "is nothing but text";
    /// turns the error of a body into text
    FlattensErrorsOfBodies flattens_errors_of_bodies "ERR-60" "is nothing but text";
    /// turns the error of a handshake into text
    FlattensErrorsOfHandshakes flattens_errors_of_handshakes "ERR-60" "is nothing but text";
    // What a method changes in cases that send GETs, and what a response of failure changes behind a proxy.
    /// announces a name to a server that is called by its address with PUT, PATCH or DELETE
    NamesAddressesInPuts names_addresses_in_puts "HOST-09" "left: Some(\"localhost\")";
    /// connects to what `Alt-Svc` in the response to a PUT, PATCH or DELETE names
    FollowsAlternativeServicesOfPuts follows_alternative_services_of_puts "REQ-22" "a header led to another server";
    /// does not verify a server that is called by the name localhost with POST
    TrustsLocalhostForPosts trusts_localhost_for_posts "TRUST-25" "this server proves nothing";
    /// leads PUT, PATCH and DELETE where the first transport of the process led the name
    KeepsTheFirstNamesOfPuts keeps_the_first_names_of_puts "HOST-11" "went where the other is to go";
    /// discards what it has read of the response to a POST when the connection ends right after it
    LosesLastBytesOfPosts loses_last_bytes_of_posts "BODY-15" "lost \"HTTP/1.";
    /// counts the length of the response to a PUT, PATCH or DELETE in 32 bits
    WrapsLengthsOfPuts wraps_lengths_of_puts "BODY-05" "4294967301";
    /// treats the stream of a POST that was reset without an error as one that has ended
    TakesResetsForEndsOfPosts takes_resets_for_ends_of_posts "BODY-14" "RST_STREAM(NO_ERROR), with a length: true";
    /// reads heads of any size in response to PUT, PATCH and DELETE
    ReadsHeadsOfAnySizeOfPuts reads_heads_of_any_size_of_puts "ERR-23" "a head above the limit";
    /// shows the API key to its proxy after responses of failure
    ShowsTheKeyToProxiesAfterErrors shows_the_key_to_proxies_after_errors "PROXY-02" "x-api-key";
    /// sends a request again when its stream is reset by ENHANCE_YOUR_CALM
    RepeatsCalmedStreams repeats_calmed_streams "RETRY-30" "the streams that were opened";
    /// makes no call after one whose stream was refused
    FailsAfterRefusedStreams fails_after_refused_streams "RETRY-30" "the call after it";
    /// closes a connection at the idle limit while a call is made on it
    ClosesBusyConnections closes_busy_connections "POOL-40" "the idle limit ended";
    /// presents the certificate of an earlier transport with the same key
    FindsIdentitiesByKey finds_identities_by_key "TRUST-60" "another's identity";
    /// logs the URL of each call
    LogsUrls logs_urls "CRED-21" "a secret is logged by";
    /// logs the URL of an upload that fails
    LogsUrlsOfUploads logs_urls_of_uploads "SECRET-20" "the URL is logged by";
    /// writes the URL of a call that fails to the error stream of the process
    PrintsUrlsOfFailures prints_urls_of_failures "CRED-20" "to the output of the process";
    /// puts the text of its library into an error of its own
    WrapsTextsOfErrors wraps_texts_of_errors "ERR-60" "is nothing but text";
    /// turns the error of an HTTP/2 stream into text
    FlattensErrorsOfStreams flattens_errors_of_streams "ERR-60" "is nothing but text";
    /// turns the error of a proxy that is not there into text
    FlattensErrorsOfProxies flattens_errors_of_proxies "ERR-60" "is nothing but text";
    /// leaves out the type of an empty body
    DropsTypesOfEmptyBodies drops_types_of_empty_bodies "REQ-04" "a type, ";
    /// closes connections after responses without a body
    ClosesConnectionsOfEmptyResponses closes_connections_of_empty_responses "POOL-01" "12 calls, GET [204, 304]";
    /// logs the `Authorization` of requests
    LogsAuthorizations logs_authorizations "SECRET-12" "a body or a header is logged by";
    /// finds no name that has capitals in its certificate
    ComparesCapitalsOfCertificates compares_capitals_of_certificates "HOST-18" "capitals.digicert.test cannot be called";
    /// treats an interim response to an upload as a failure
    FailsAtEarlyHintsOfUploads fails_at_early_hints_of_uploads "UPLOAD-18" "an interim response";
    /// treats a body that was cut as a whole one while its connection carries another call
    SwallowsShortBodiesBesideOthers swallows_short_bodies_beside_others "BODY-14" "RST_STREAM(INTERNAL_ERROR), with a length";
    // Where two clauses meet: what a handshake may need, what only one form of an address has, framing that the caller gives.
    /// offers X25519 and P-256 alone for the key exchange
    OffersTwoGroups offers_two_groups "TRUST-47" "a server of P384 alone";
    /// takes a handshake of two hellos for a resumed session
    TakesSecondHellosForSessions takes_second_hellos_for_sessions "TRUST-47" "tls_resumed";
    /// signs with RSA by SHA-256 whatever the server accepts
    SignsByOneHash signs_by_one_hash "IDENT-35" "a server that accepts LongHashes";
    /// leaves the final dot of a host out of `Host`
    LeavesOutFinalDots leaves_out_final_dots "HOST-19" "left: [\"one.digicert.test:";
    /// compares a final dot with the names of a certificate
    ComparesFinalDots compares_final_dots "HOST-19" "NameMismatch";
    /// sends a wrong length that the caller gives
    BelievesLengths believes_lengths "REQ-25" "content-length";
    /// sends a transfer encoding that the caller gives
    BelievesTransferEncodings believes_transfer_encodings "REQ-25" "transfer-encoding";
    /// repeats what was sent on a used connection that ended in the head of its response
    RepeatsAfterHalfHeads repeats_after_half_heads "REPLAY-06" "it was sent 2 times";
    /// goes on with a call that was dropped while it waited for a stream
    KeepsDroppedCallsThatWait keeps_dropped_calls_that_wait "POOL-28" "the stream of a call that was dropped";
    /// calls a server of TLS over a connection in clear text to the same host and port
    JoinsSchemes joins_schemes "HOST-17" "https of a server of http";
    /// reads ten bytes of the reply of a SOCKS proxy, whatever address is in it
    ReadsShortRepliesOfSocks reads_short_replies_of_socks "PROXY-10" "a reply of";
    /// ignores all SETTINGS of an HTTP/2 server but the first
    ObeysFirstSettings obeys_first_settings "BODY-27" "has widened the window";
    /// ignores a length that is not a number
    IgnoresInvalidLengths ignores_invalid_lengths "BODY-05" "content-length: five";
    /// takes a response to CONNECT of more than a kibibyte for a refusal
    WantsShortHeadsOfProxies wants_short_heads_of_proxies "PROXY-18" "a tunnel granted by";
    /// takes an interim response with a status that it does not know for the response
    TakesUnknownInterimForResponses takes_unknown_interim_for_responses "REQ-13" "left: 299";
    /// repeats what got 417
    RepeatsWithoutExpectation repeats_without_expectation "RETRY-20" "it was sent 2 times: GET 417";
    /// gives more of a body after its limit has run out
    ResumesLateBodies resumes_late_bodies "TIME-03" "a body goes on after its limit";
    /// takes a 205 to have no body
    TakesA205ForEmpty takes_a_205_for_empty "FID-04" "the body differs";
    /// reports an identity as sent when its key does not fit
    ClaimsUnfitIdentities claims_unfit_identities "OBS-22" "it is said to be sent";
    /// counts a connection of HTTP/2 as in use when a body was dropped half-way
    KeepsPlacesOfDroppedBodies keeps_places_of_dropped_bodies "POOL-16" "used again three seconds after a";
    // What a response says of its body, what a connection is known by, clear text, calls that hang or are dropped.
    /// treats a body that was cut as a whole one where it has a content encoding
    TakesEncodedCutsForEnds takes_encoded_cuts_for_ends "BODY-31" "b\"a res\"";
    /// reports nothing but the reuse of a connection that was used before
    ForgetsUsedConnections forgets_used_connections "REQ-20" "is forgotten";
    /// never closes a connection in clear text that is unused
    KeepsIdleConnectionsInClearText keeps_idle_connections_in_clear_text "HOST-17" "used again in clear text";
    /// continues a call in clear text that was dropped
    KeepsDroppedCallsInClearText keeps_dropped_calls_in_clear_text "HOST-17" "the connection stays open";
    /// keeps 64 KiB of memory for each call that is dropped
    LeaksMemoryOfDroppedCalls leaks_memory_of_dropped_calls "POOL-24" "KiB more after";
    /// leaves a thread behind for each call that is dropped
    LeaksThreadsOfDroppedCalls leaks_threads_of_dropped_calls "POOL-24" "threads where there were to be";
    /// makes one connection at a time
    ConnectsOneByOne connects_one_by_one "POOL-42" "its limit ran out long ago";
    /// sends a call that was dropped while it waited for a stream
    SendsDroppedCallsThatWaited sends_dropped_calls_that_waited "POOL-43" "it was sent after it was dropped";
    /// shows the proxy's password to a server that has responded with 407
    SendsProxyPasswordsWhenAsked sends_proxy_passwords_when_asked "PROXY-02" "the proxy's password is shown to the server";
    /// shows its password to a proxy for the first tunnel alone
    ShowsPasswordsToProxiesOnce shows_passwords_to_proxies_once "PROXY-02" "a server that sends 200";
    /// asks no proxy again that has refused
    GivesUpProxies gives_up_proxies "PROXY-04" "the proxy had refused";
    /// makes no call for a while to a server of which five calls in a row have failed
    OpensACircuit opens_a_circuit "POOL-21" "after";
    /// sets a header where another one is given
    DressesRanges dresses_ranges "REQ-20" "accept-encoding: \"identity\" was added";
    /// goes on with a call over HTTP/2 that was dropped
    KeepsDroppedCallsOverHttp2 keeps_dropped_calls_over_http2 "POOL-33" "without need: DroppedCall";
    /// leads `localhost` to 127.0.0.1 whatever is configured
    KnowsLocalhost knows_localhost "HOST-11" "went where the other is to go";
    /// resolves a name itself before it asks its proxy for it
    ResolvesNamesForTunnels resolves_names_for_tunnels "PROXY-17" "a tunnel is asked for";
    /// takes a proxy from the environment for clear text
    ReadsProxyVariablesInClearText reads_proxy_variables_in_clear_text "PROXY-11" "in clear text went elsewhere";
    /// restarts the limit of the whole call when the response to an upload begins
    UploadsRestartTheLimit uploads_restart_the_limit "TIME-25" "Http1, an upload";
    /// keeps each piece of an upload in memory
    KeepsPiecesOfUploads keeps_pieces_of_uploads "UPLOAD-22" "KiB more for a body";
    /// takes an interim response of a proxy for its refusal
    TakesInterimOfProxiesForRefusals takes_interim_of_proxies_for_refusals "PROXY-23" "a tunnel granted by";
    // Credentials of proxies, what one call leaves to another, two handshakes at a time, uploads that fail.
    /// resolves `%2E%2E` in the path
    NormalisesEscapedDots normalises_escaped_dots "REQ-01" "/a/%2E%2E/b";
    /// reports the alert that an earlier call has received for a connection that was cut
    TellsTheLastAlert tells_the_last_alert "ERR-61" "is not reported as the first failure";
    /// reports the certificate of another server whose handshake was under way
    MixesUpHandshakes mixes_up_handshakes "OBS-23" "another server's";
    /// reports an alert after the handshake as the end of the connection
    LosesLateAlerts loses_late_alerts "ERR-37" "PeerAlert(TlsAlert(40))";
    /// reports an alert that ends an upload as the end of the connection
    LosesAlertsOfUploads loses_alerts_of_uploads "UPLOAD-23" "an alert after the request";
    /// leaves the facts out of the errors of uploads
    ForgetsFactsOfUploads forgets_facts_of_uploads "UPLOAD-23" "is not known of an upload";
    /// cuts the proxy's credentials after 57 bytes, a line of base64
    CutsProxyCredentials cuts_proxy_credentials "PROXY-16" "for user-aaa";
    /// shows no password to a SOCKS proxy
    IgnoresCredentialsOfSocks ignores_credentials_of_socks "PROXY-24" "was not shown user and password";
    /// does not verify a proxy of HTTPS
    TrustsAnyProxyOfHttps trusts_any_proxy_of_https "PROXY-25" "a call through a proxy with";
    /// starts a task when a call is dropped
    StartsATaskForDroppedCalls starts_a_task_for_dropped_calls "BODY-21" "dropped as a call";
    /// ends an HTTP/2 body at an empty frame
    EndsBodiesAtEmptyFrames ends_bodies_at_empty_frames "FID-06" "the body differs where the shorter one ends";
    /// asks the resolver for a name whose override is not reached
    FallsBackOnTheResolver falls_back_on_the_resolver "HOST-11" "where the name leads without its override";
    // Uploads, which another part of a transport may send.
    /// shows the API key of uploads to the proxy
    UploadsShowTheKeyToProxies uploads_show_the_key_to_proxies "PROXY-02" "x-api-key";
    /// uploads to servers whose certificate has expired
    UploadsTrustExpiredServers uploads_trust_expired_servers "UPLOAD-11" "an end date in the past";
    /// reads heads of any size in response to uploads
    UploadsReadHeadsOfAnySize uploads_read_heads_of_any_size "ERR-23" "with a body that streams";
    /// treats the stream of an upload that was reset without an error as one that has ended
    UploadsTakeResetsForEnds uploads_take_resets_for_ends "BODY-14" "with a body that streams";
    /// merges two slashes in uploads
    UploadsMergeSlashes uploads_merge_slashes "UPLOAD-10" "/a/b%2Fc";
    /// asks for compressed responses to uploads
    UploadsAskForCompression uploads_ask_for_compression "UPLOAD-10" "a header was added";
    /// drops the error of its library in uploads
    UploadsLoseSources uploads_lose_sources "ERR-15" "with a body that streams";
    /// presents no identity in a handshake while another one is under way
    PresentsItsIdentityToOneAtATime presents_its_identity_to_one_at_a_time "OBS-23" "the identity was not presented";
    /// keeps the verdict on a server with the transport until the handshake has ended
    KeepsVerdictsWithTheTransport keeps_verdicts_with_the_transport "TRUST-61" "at the same time (left), alone (right)";
    /// gives an upload a piece of another one
    MixesUpUploads mixes_up_uploads "UPLOAD-24" "other bytes arrived";
    /// counts the names in the head of a response, and not its fields
    CountsNamesOfHeads counts_names_of_heads "ERR-23" "names: 1,";
    /// hides that a response is compressed from a caller that asked for it
    UnpacksWhereAsked unpacks_where_asked "BODY-06" "asked for";
    /// offers TLS 1.2 alone to a server to which a call has failed
    OffersTls12AfterFailures offers_tls12_after_failures "TRUST-51" "is made in a weaker way";
    /// keeps no connection any more when a server has closed one
    KeepsNoConnectionsAfterAClose keeps_no_connections_after_a_close "POOL-12" "to another server";
    /// says of a body that has begun that its whole length is to come
    MeasuresBodiesOnce measures_bodies_once "BODY-26" "bytes to come";
    /// reports an alert on a used connection as its end
    LosesAlertsOnUsed loses_alerts_on_used "ERR-37" "used: true";
    /// holds its certificate back where the server names more than a hundred authorities
    ObeysLongHints obeys_long_hints "IDENT-30" "offered anyway";
    /// takes a `+` in the user and password of a proxy for a blank
    ReadsPlusAsBlank reads_plus_as_blank "PROXY-16" "for us+er";
    /// closes connections after responses to HEAD
    ClosesConnectionsOfHeads closes_connections_of_heads "POOL-01" "HEAD";
    /// starts a task when the body of a response to an upload is dropped
    UploadsPanicInDrop uploads_panic_in_drop "BODY-21" "with a body that streams";
    /// sets an encoding of its own where an upload asks for one
    UploadsReplaceAcceptEncoding uploads_replace_accept_encoding "UPLOAD-10" "accept-encoding is as it was given";
    /// uploads to servers of CAs that are for clients
    UploadsIgnorePurposesOfAuthorities uploads_ignore_purposes_of_authorities "TRUST-35" "an upload";
    /// adds the headers of interim responses to those of the response where it has an identity
    MergesEarlyHintsWithIdentities merges_early_hints_with_identities "REQ-14" "x-early";
    /// trusts no chain of more than three CAs through a proxy
    RefusesLongChainsInTunnels refuses_long_chains_in_tunnels "TRUST-43" "a chain of four CAs is complete";
    /// keeps the body of an upload that has found no connection
    KeepsBodiesOfFailedUploads keeps_bodies_of_failed_uploads "UPLOAD-23" "the body is still held";
    /// sends a proxy user without a password without a colon where it has an identity
    SendsUsersWithoutColonWithIdentities sends_users_without_colon_with_identities "PROXY-16" "for user";
    /// keeps 64 KiB of memory for each call through a proxy
    LeaksMemoryInTunnels leaks_memory_in_tunnels "POOL-24" "KiB more after 100 more calls";
    /// treats a proxy that resets its connection as a server that refuses one where it offers HTTP/2
    TakesResetProxiesForServersWithHttp2 takes_reset_proxies_for_servers_with_http2 "ERR-50" "no response yet: RST (GET, HTTP/2";
    /// uploads to servers of the first root of a list and ignores the others
    UploadsTrustTheFirstRootOnly uploads_trust_the_first_root_only "TRUST-23" "each root of the list is enough";
    /// compares a final dot with the names of a certificate in uploads
    UploadsCompareFinalDots uploads_compare_final_dots "HOST-19" "NameMismatch";
    /// accepts a server certificate for five minutes after it has expired where it has an identity
    AllowsClockSkewWithIdentities allows_clock_skew_with_identities "TRUST-03" "refused: Exchange";
    /// closes the HTTP/2 connection of a call whose limit ran out where it has an identity
    ClosesConnectionsOfLateCallsWithIdentities closes_connections_of_late_calls_with_identities "POOL-33" "it was lost with a late call";
    /// reports the certificate of another server whose handshake through a proxy was under way
    MixesUpHandshakesInTunnels mixes_up_handshakes_in_tunnels "OBS-23" "another server's";
    /// writes the API key to the error stream of the process where it offers HTTP/2
    PrintsKeysWithHttp2 prints_keys_with_http2 "CRED-20" "to the output of the process";
    /// adds its limits to the clock without a check in uploads
    UploadsPanicAtTheMaximum uploads_panic_at_the_maximum "TIME-13" "at the maximum";
    /// repeats a request over HTTP/1.1 when the server requires that, through a proxy
    RepeatsWhenHttp11IsRequiredInTunnels repeats_when_http11_is_required_in_tunnels "ERR-35" "was sent once more";
    /// ends the bodies of responses of failure after 64 KiB
    CutsLargeBodiesOfErrors cuts_large_bodies_of_errors "BODY-01" "a response of 404";
    /// restarts the limit of the whole call on a used connection when the response begins
    RestartsTheLimitAtTheBodyOnUsed restarts_the_limit_at_the_body_on_used "TIME-25" "on a used connection";
    /// prints the proxy and its password in `Debug` after a call that failed
    PrintsItsProxyAfterAFailure prints_its_proxy_after_a_failure "PROXY-05" "the password is printed";
    /// quotes the refusal of a proxy in its error
    QuotesRefusalsOfProxies quotes_refusals_of_proxies "PROXY-05" "the password is printed";
    /// leaves the HTTP/1.1 connection of a call open whose limit ran out
    LeavesConnectionsOfLateCalls leaves_connections_of_late_calls "TIME-30" "its connection stays open";
    /// shows the `Authorization` of a request to the proxy
    ShowsAuthorizationToProxies shows_authorization_to_proxies "PROXY-02" "the proxy is shown authorization";
    /// keeps 64 KiB of memory for each transport
    LeaksMemoryForEachTransport leaks_memory_for_each_transport "POOL-25" "more transports";
    /// leaves a socket behind for each transport
    LeaksASocketForEachTransport leaks_a_socket_for_each_transport "POOL-25" "descriptors where";
    /// closes the HTTP/2 connection of a response head over the limit
    ClosesConnectionsOfLargeHeads closes_connections_of_large_heads "POOL-26" "it was lost with another call";
    /// closes the HTTP/2 connection of a body that is dropped
    ClosesConnectionsOfDroppedBodies closes_connections_of_dropped_bodies "POOL-26" "it was lost with another call";
    /// closes the HTTP/2 connection of an upload that fails
    ClosesConnectionsOfFailedUploads closes_connections_of_failed_uploads "POOL-26" "it was lost with an upload";
    /// reads the whole body of a response of failure before it returns the head
    BuffersErrors buffers_errors "BODY-26" "content-length: 28";
    /// waits for the rest of the body of a response of failure without a limit
    IgnoresTotalInBodiesOfErrors ignores_total_in_bodies_of_errors "TIME-30" "and it still waits";
    /// leaves the connection of a response of failure open whose body is dropped
    LeavesConnectionsOfDroppedErrors leaves_connections_of_dropped_errors "TIME-06" "the connection stays open";
    /// keeps 64 KiB for each response of failure
    KeepsBodiesOfErrors keeps_bodies_of_errors "POOL-24" "KiB more after 100 more calls";
    /// keeps connections whose last response was one of failure past the idle limit
    KeepsIdleConnectionsOfErrors keeps_idle_connections_of_errors "POOL-16" "with 503";
    /// shows no identity when a handshake has failed
    HidesItsIdentityAfterAFailedHandshake hides_its_identity_after_a_failed_handshake "REQ-20" "after calls that were lost";
}
