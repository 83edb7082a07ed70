//! The cases HOST. The host follows from the credential, and no credential is sent anywhere else.

#[doc(hidden)]
#[macro_export]
macro_rules! __host {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "HOST-01" Must host host_01_each_public_host_gets_clientauth_for_certificates_only
                given "Each of the eight public hosts, simulated by one server on loopback."
                when "A call is made with a certificate and another with a key."
                then "The certificate goes to `clientauth.` and the host, the key to the host itself, and SNI and \
                    `Host` agree."
                why "The platform host does not ask for certificates: a call to the wrong host is anonymous and gets a 401."
                fix "Take name and port from the URI of each request. `TransportConfig::name_overrides` changes only \
                    the address, never SNI or `Host`.";
            "HOST-02" Must host host_02_a_host_with_the_prefix_is_recognised
                given "An instance whose host already has the `clientauth.` prefix."
                when "A call is made with a certificate, then one with a key."
                then "The prefix is not added twice, and the key goes to the host without it."
                why "Users paste the host that they have; `clientauth.clientauth.` has no address, and the error is \
                    about DNS."
                fix "The client decides on the host. If only your transport fails, it uses a connection of the other \
                    host or ignores name overrides.";
            "HOST-03" Must host host_03_an_explicit_clientauth_url_is_used
                given "An installation whose certificate host has a separate URL."
                when "A call is made with a certificate."
                then "It goes to that URL, and the platform host is not contacted at all."
                why "Private installations have their own names, and a certificate sent to the wrong host is shown to \
                    a third party."
                fix "The client chooses the URL. The transport must accept an address as host and must not connect ahead to \
                    anything else.";
            "HOST-04" Must host host_04_plain_http_is_refused_but_for_loopback_by_switch
                given "A server of plain HTTP on loopback, whose response takes a second."
                when "An instance is created from `http://` URLs, on loopback and elsewhere."
                then "All are refused except the one on loopback with its own constructor, and that call succeeds."
                why "Over plain HTTP everyone on the network can read the key; a missing `s` in a configuration must \
                    not be enough."
                fix "The core crate refuses. The transport must still support plain HTTP if the URI says so: do not \
                    build a connector for https only.";
            "HOST-05" Should host host_05_one_normal_form_for_sni_and_host
                given "A host in upper case, with a trailing dot, or with `:443`."
                when "It is parsed and a call is made."
                then "There is one normal form, and SNI and `Host` both use it."
                why "Servers choose their certificate by SNI and their site by `Host`; if the two differ, the \
                    response is 421 or the certificate is for other names."
                fix "The core crate normalises. Derive SNI and `Host` from the given URI, and add no dot or port.";
            "HOST-06" Must host host_06_user_info_is_refused_without_an_echo
                given "A URL with a user name and a password in it."
                when "It is parsed as an instance."
                then "It is refused, and the error shows neither."
                why "What is before the `@` is usually a password, and an error that quotes it puts it into every log."
                fix "The core crate refuses the URL and no transport is involved; a failure here is a defect of that \
                    crate or of a change to it.";
            "HOST-07" Must host host_07_an_absolute_url_as_path_sends_nothing
                given "A client, and a path that is a whole URL of another server, starts with `//`, or has no slash."
                when "The call is made."
                then "It is an error, and neither server sees a connection."
                why "A path from an untrusted source could send the credential to a server of the attacker's choice."
                fix "The client refuses the path. If a connection is opened, your transport resolves the path against \
                    its own base URL; it must have none.";
            "HOST-08" Should host host_08_two_installations_in_one_process_share_no_credential
                given "A production and a demo client in one process, each with its own key."
                when "Twenty calls of each are made concurrently."
                then "Each server sees its own key, host and SNI only."
                why "A production key in the logs of a demo system, or demo data in production, cannot be undone."
                fix "Clause 7 of `Transport::send`. Look for a static client, agent or pool that all transports of the \
                    process share.";
            "HOST-09" Must host host_09_an_address_has_no_sni_and_needs_its_ip_in_the_certificate
                given "One server whose certificate has its IP address in it, and one whose certificate has names alone."
                when "Both are called by address."
                then "The first succeeds, without SNI; the second is refused as a wrong name."
                why "A stack that skips the name check for addresses trusts everyone with any certificate of the authority."
                fix "RFC 6066 forbids an address as SNI: create the server name of the engine from the IP address. \
                    Never disable name checks to let it pass.";
            "HOST-10" Must host host_10_an_address_of_another_scheme_is_refused_before_anything_is_sent
                given "A server, and its address under `ftp:` and `ws:`."
                when "A request with that address is sent."
                then "It fails before anything is sent, and no connection is made to the server."
                why "Libraries that support more than HTTP would send the key over an unexpected protocol."
                fix "Allow `https`, `http` for loopback, and refuse the rest before the library sees it.";
            "HOST-11" Must names host_11_two_transports_keep_their_own_address_of_one_name
                given "Two servers on one port of two loopback addresses, and two transports with an override of one name each, or of \
                    `localhost`."
                when "Both transports call that name, twice; and the second one when its server is gone."
                then "Each reaches its own server, and the last call none."
                why "A program that uses two installations behind one name would send a key to the wrong one."
                fix "Keep overrides, and resolver results, per transport; no static tables.";
            "HOST-12" Must names host_12_an_ipv6_address_is_called_as_any_other
                given "A server on `[::1]` whose certificate names that address, and one whose certificate does not."
                when "`https://[::1]:PORT/` is called."
                then "The first succeeds, with the brackets in `Host` and no SNI; the second is refused."
                why "Brackets belong to the URI: code that splits at the first colon works until the first IPv6 address."
                fix "Take host and port from `http::Uri`; remove the brackets for TCP and for the name in the certificate only.";
            "HOST-15" Must names host_15_an_override_holds_for_its_own_name_alone
                given "Overrides of a name and of a name below it, in both orders; then an override alone."
                when "Both names are called, in capitals too; then names that end or start like the overridden one."
                then "Each name goes to its own address, and names without an override go to the resolver."
                why "An override concerns one host. Matched by suffix, it redirects other hosts, and their keys."
                fix "Compare the whole name, case-insensitively.";
            "HOST-16" Must host host_16_an_address_with_user_info_is_refused_before_anything_is_sent
                given "A server, and its address with a user and a password, or a user alone, before the host."
                when "A request with that address is sent, over TLS and in clear text."
                then "It is refused as not valid, the error does not quote it, and no connection is made."
                why "Most libraries turn user info into an `Authorization` header: one that was not \
                    meant to be sent, and that every log of addresses shows."
                fix "Refuse an authority with `@` before the library sees it.";
            "HOST-17" Must clear_text host_17_calls_in_clear_text_keep_what_others_keep
                given "Servers in clear text on loopback that redirect, hang up on a request, cut a response, send nothing \
                    or never end, an address that swallows packets, and a server of TLS."
                when "Each is called with several methods, on new and used connections; then by the other scheme. Calls, bodies and \
                    transports are dropped."
                then "Method, headers and bodies arrive as given. Redirects are returned, no unsafe request is sent twice, a cut body is \
                    an error, all limits hold, what is dropped closes its connection, neither log nor error shows key, path or query, \
                    and no call goes over a connection of the other scheme."
                why "Clear text often takes another way through a library: a second connector, or another client."
                fix "Send both schemes through the same code. Look for a branch on the scheme.";
            "HOST-18" Must names host_18_names_of_every_form_are_called
                given "A server whose names have `_`, digits in front, several hyphens, 63 characters in a label, or many labels, \
                    and one that is in capitals in its certificate."
                when "Each is called."
                then "Each call arrives, with its name as `Host`."
                why "Container networks and Windows domains have names with `_`, which a parser of URLs may refuse."
                fix "Leave names as they are. What the resolver and the certificate accept is a name.";
            "HOST-19" Must host host_19_a_final_dot_belongs_to_the_address_alone
                given "A server, one whose certificate has another name, and an override for the host with a final dot."
                when "`https://one.digicert.test.:PORT/` is called at each, over each HTTP version."
                then "The first call arrives with the dot in `Host` and without it in SNI; the second server is refused."
                why "The dot keeps a resolver from trying its search list. SNI never has it (RFC 6066 section 3), certificates \
                    do not, and `Host` is the authority of the address (RFC 9110 section 7.2)."
                fix "Remove one final dot for SNI and for the name that is verified, and nowhere else.";
        }
    };
}
