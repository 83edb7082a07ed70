//! The one table of defects: what a broken transport does, and the id of the case that is there to catch it. The type, the tests and
//! the page in docs/ are all made from it.

use crate::alone;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) defect: Defect,
    /// What the transport does, as a sentence that begins with a verb.
    pub(crate) about: &'static str,
    /// The id of the case that catches it.
    pub(crate) case: &'static str,
}

macro_rules! defects {
    ($(#[doc = $about:literal] $defect:ident $test:ident $case:literal;)+) => {
        /// What is wrong with a transport. The sound code asks for it at the one point where it shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Defect { $(#[doc = $about] $defect,)+ }

        pub(crate) const TABLE: &[Row] =
            &[$(Row { defect: Defect::$defect, about: $about, case: $case },)+];

        mod caught_is_a_transport_that {
            use super::{Defect, Row, alone};

            $(#[test]
            fn $test() {
                alone::caught(&Row { defect: Defect::$defect, about: $about, case: $case });
            })+
        }
    };
}

defects! {
    // Requests and answers.
    /// sends the path in lower case
    LowersPaths lowers_paths "REQ-01";
    /// decodes `%2F` in the path
    DecodesSlashes decodes_slashes "REQ-01";
    /// encodes the query once more, by rules of its own
    ReencodesQueries reencodes_queries "REQ-01";
    /// sends the whole address as target, as if to a proxy
    SendsAbsoluteTargets sends_absolute_targets "REQ-01";
    /// leaves out the query
    DropsQueries drops_queries "REQ-02";
    /// sends PATCH as POST
    SendsPatchAsPost sends_patch_as_post "REQ-03";
    /// sends HEAD as GET and reads a body
    SendsHeadAsGet sends_head_as_get "REQ-03";
    /// sends only the last of several values of a header
    DropsRepeatedHeaders drops_repeated_headers "REQ-04";
    /// sorts the values of a header
    SortsHeaderValues sorts_header_values "REQ-04";
    /// adds a `Referer`
    AddsAReferer adds_a_referer "REQ-04";
    /// adds system and processor to the user agent
    TellsOfTheMachine tells_of_the_machine "REQ-06";
    /// gives a type to a body that is not there
    GivesEveryRequestAType gives_every_request_a_type "REQ-07";
    /// does not announce that a POST has no body
    LeavesOutLengthZero leaves_out_length_zero "REQ-08";
    /// keeps the first of several equal headers of an answer
    DropsRepeatedAnswerHeaders drops_repeated_answer_headers "REQ-10";
    /// sorts the headers of an answer
    SortsAnswerHeaders sorts_answer_headers "REQ-10";
    /// takes a 204 for a failure
    FailsWithoutContent fails_without_content "REQ-10";
    /// says HTTP/1.1 of every answer
    SpeaksOfHttp11Alone speaks_of_http11_alone "REQ-10";
    /// sends a cookie back
    KeepsCookies keeps_cookies "REQ-11";
    /// answers from a cache
    AnswersFromACache answers_from_a_cache "REQ-11";
    // Credentials.
    /// sends the API key twice
    SendsTheKeyTwice sends_the_key_twice "CRED-01";
    /// leaves the port out of `Host`
    LeavesOutPorts leaves_out_ports "CRED-01";
    /// ignores the identity that it is given
    IgnoresIdentities ignores_identities "CRED-02";
    /// lets HTTP/2 put the API key in its compression tables
    IndexesTheKey indexes_the_key "CRED-10";
    /// has one pool for all transports of the process
    SharesPools shares_pools "CRED-12";
    /// announces a name to a server that is called by its address
    NamesAddresses names_addresses "HOST-09";
    // Trust in servers.
    /// ignores name overrides
    IgnoresNameOverrides ignores_name_overrides "TRUST-01";
    /// trusts servers of every issuer
    AcceptsAnyIssuer accepts_any_issuer "TRUST-02";
    /// trusts servers whose certificate has expired
    AcceptsExpiredServers accepts_expired_servers "TRUST-03";
    /// trusts servers whose certificate is not valid yet
    AcceptsServersOfTomorrow accepts_servers_of_tomorrow "TRUST-04";
    /// does not compare the name in the server's certificate
    AcceptsAnyName accepts_any_name "TRUST-05";
    /// lets a wildcard stand for several labels
    LetsWildcardsCoverMore lets_wildcards_cover_more "TRUST-06";
    /// declares that it tells why a server is not trusted, and does not
    HidesPeerFaults hides_peer_faults "TRUST-07";
    /// adds the system's roots to those that alone are to count
    AddsTheSystemsRoots adds_the_systems_roots "TRUST-08";
    /// notices useless roots at the first call only
    TakesUselessRoots takes_useless_roots "TRUST-10";
    /// accepts a kind of trust that it does not declare, and trusts something else
    AcceptsTrustItLacks accepts_trust_it_lacks "TRUST-11";
    /// takes a server of TLS 1.1 for a broken network
    TakesOldTlsForABlip takes_old_tls_for_a_blip "TRUST-12";
    /// trusts for ever what the first transport of the process trusts
    KeepsTheFirstRoots keeps_the_first_roots "TRUST-13";
    /// ignores which version of TLS it is held to
    IgnoresTlsVersions ignores_tls_versions "TRUST-15";
    // Identities.
    /// sends the leaf of a chain alone
    SendsLeavesAlone sends_leaves_alone "IDENT-01";
    /// sends the root along with the chain
    SendsRootsToo sends_roots_too "IDENT-02";
    /// says TLS 1.3 where TLS 1.2 is spoken
    ClaimsTls13 claims_tls13 "IDENT-03";
    /// declares Ed25519 and presents no such identity
    DropsEd25519 drops_ed25519 "IDENT-04";
    /// accepts an identity that it cannot use, and sends none
    DropsIdentitiesItCannotUse drops_identities_it_cannot_use "IDENT-22";
    /// declares that it tells alerts, and does not
    HidesAlerts hides_alerts "IDENT-19";
    /// tries once more when the server has refused its certificate
    RepeatsRefusedHandshakes repeats_refused_handshakes "IDENT-27";
    /// says that it does not trust the server when the server has refused its certificate
    BlamesTheServer blames_the_server "IDENT-28";
    /// holds its certificate back where the server does not name its issuer
    ObeysHints obeys_hints "IDENT-30";
    /// says that no server asks for a certificate
    ClaimsThatNobodyAsked claims_that_nobody_asked "IDENT-31";
    /// says that it sent a certificate when it did not
    ClaimsThatItSentOne claims_that_it_sent_one "IDENT-32";
    // Redirects.
    /// follows a redirect to another host, with the API key
    FollowsToOtherHosts follows_to_other_hosts "REDIR-01";
    /// follows a redirect to another port
    FollowsToOtherPorts follows_to_other_ports "REDIR-02";
    /// follows a redirect to plain HTTP
    FollowsToClearText follows_to_clear_text "REDIR-03";
    /// follows a redirect between the platform host and its `clientauth.` form
    FollowsWithinTheInstallation follows_within_the_installation "REDIR-04";
    /// follows a 307 with method and body
    FollowsWithTheBody follows_with_the_body "REDIR-09";
    /// follows every redirect
    FollowsRedirects follows_redirects "REDIR-10";
    // Time.
    /// ignores the limit for connecting
    IgnoresConnectLimits ignores_connect_limits "TIME-01";
    /// waits for a handshake for as long as the call may take
    IgnoresStalledHandshakes ignores_stalled_handshakes "TIME-02";
    /// says that TCP was slow when it was TLS
    MistakesPhases mistakes_phases "TIME-02";
    /// waits for an answer without a limit
    IgnoresMissingAnswers ignores_missing_answers "TIME-03";
    /// waits for the rest of a body without a limit
    IgnoresStalledBodies ignores_stalled_bodies "TIME-03";
    /// reads the whole body before it returns the head
    BuffersAnswers buffers_answers "TIME-03";
    /// goes on with a call that was dropped
    KeepsDroppedCalls keeps_dropped_calls "TIME-06";
    /// makes no call any more when one was cancelled
    StaysBusyAfterACancel stays_busy_after_a_cancel "TIME-07";
    // Bodies.
    /// ends every body after 1 MiB
    StopsAtOneMebibyte stops_at_one_mebibyte "BODY-01";
    /// sends a body in chunks though it knows the length
    HidesLengths hides_lengths "BODY-02";
    /// copies what it uploads, twice
    CopiesUploads copies_uploads "BODY-03";
    /// takes a body that was cut off for a whole one
    SwallowsShortBodies swallows_short_bodies "BODY-05";
    /// asks for compressed answers
    AsksForCompression asks_for_compression "BODY-06";
    /// hides that an answer is compressed
    DropsContentEncodings drops_content_encodings "BODY-06";
    /// asks for a `100 Continue` first
    ExpectsAContinue expects_a_continue "BODY-09";
    /// takes the end of TCP for the end of a TLS stream
    TakesAnyEndForTheEnd takes_any_end_for_the_end "BODY-11";
    // Errors.
    /// keeps the error of its library to itself
    LosesSources loses_sources "ERR-13";
    /// takes a server of plain HTTP for one with bad TLS
    TakesClearTextForTls takes_clear_text_for_tls "ERR-14";
    /// has one error for a name without address and a port without server
    HasOneKindForTheNetwork has_one_kind_for_the_network "ERR-15";
    /// takes an answer that is no HTTP for an interrupted connection
    TakesGarbageForAnEnd takes_garbage_for_an_end "ERR-16";
    /// panics outside its runtime
    PanicsWithoutRuntime panics_without_runtime "ERR-20";
    // Repetitions.
    /// repeats a POST by itself
    RepeatsPosts repeats_posts "REPLAY-01";
    /// repeats PUT, PATCH and DELETE by itself
    RepeatsOtherMethods repeats_other_methods "REPLAY-02";
    /// repeats a GET by itself when its connection dies
    RepeatsGets repeats_gets "REPLAY-03";
    /// says *not sent* of a request that the server has read
    DeniesDelivery denies_delivery "REPLAY-01";
    /// says *sent* where nobody listens
    ClaimsDeliveryToNobody claims_delivery_to_nobody "REPLAY-04";
    /// says *unknown* of a stream that the server has refused to look at
    TakesRefusedStreamsForSent takes_refused_streams_for_sent "RETRY-14";
    /// says *not sent* of a stream that failed in the server
    TakesBrokenStreamsForUnsent takes_broken_streams_for_unsent "RETRY-14";
    // The pool.
    /// makes a connection for each call
    KeepsNoConnections keeps_no_connections "POOL-01";
    /// says of every connection that it is new
    CallsEveryConnectionNew calls_every_connection_new "POOL-01";
    /// presents the identity of the first transport of the process
    PresentsTheFirstIdentity presents_the_first_identity "POOL-02";
    /// never closes a connection that nobody uses
    KeepsIdleConnections keeps_idle_connections "POOL-05";
    /// leaves its connections open when it is dropped
    LeaksConnections leaks_connections "POOL-07";
    /// leaves a thread behind for each call
    LeaksThreads leaks_threads "POOL-08";
    /// offers HTTP/2 where HTTP/1.1 alone is wanted
    OffersHttp2Anyway offers_http2_anyway "POOL-09";
    /// declares HTTP/2 and speaks HTTP/1.1
    SpeaksHttp1Alone speaks_http1_alone "POOL-09";
    /// sends requests for two names over one connection
    JoinsNames joins_names "POOL-10";
    // Proxies.
    /// ignores the proxy that it is given
    IgnoresProxies ignores_proxies "PROXY-01";
    /// shows the API key to the proxy
    ShowsTheKeyToProxies shows_the_key_to_proxies "PROXY-02";
    /// goes around a proxy that refuses
    GoesAroundProxies goes_around_proxies "PROXY-04";
    /// logs the proxy's password
    LogsProxyPasswords logs_proxy_passwords "PROXY-05";
    /// accepts a kind of proxy that it does not declare, and goes straight to the host
    AcceptsProxiesItLacks accepts_proxies_it_lacks "PROXY-06";
    /// refuses what it lacks, but not by its name
    RefusesByAnotherName refuses_by_another_name "PROXY-10";
    /// takes a proxy from the environment
    ReadsProxyVariables reads_proxy_variables "PROXY-11";
    // Rotation.
    /// resumes TLS sessions of another transport
    SharesSessions shares_sessions "ROTATE-03";
    /// keeps the keys of identities that were replaced
    KeepsOldKeys keeps_old_keys "ROTATE-15";
    // Secrets.
    /// prints its private key in `Debug`
    PrintsItsKey prints_its_key "SECRET-01";
    /// quotes the API key in errors
    QuotesKeysInErrors quotes_keys_in_errors "SECRET-02";
    /// logs the API key
    LogsKeys logs_keys "SECRET-03";
    /// writes its private key to a file that everybody can read
    OpensItsKeyFile opens_its_key_file "SECRET-07";
    /// leaves a file with its private key behind
    LeavesItsKeyFile leaves_its_key_file "SECRET-07";
}
