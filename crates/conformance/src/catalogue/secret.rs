//! The cases SECRET. Canaries are put everywhere, and no output may contain one.

#[doc(hidden)]
#[macro_export]
macro_rules! __secret {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "SECRET-01" Must secret secret_01_no_public_type_prints_a_secret
                given "A key, a private key and a proxy password that are canaries, in every public type of core, client and \
                    transport."
                when "All of them are printed by `{:?}`, `{:#?}` and, where they have it, `{}`."
                then "No canary is printed, neither whole nor in part, nor as base64, hexadecimal digits or numbers."
                why "One `dbg!` or one log line of a configuration is enough to publish a private key."
                fix "Clause 11 of `Transport::send`. Write `Debug` of connector and transport by hand; a derived one \
                    prints the library's client with all its content.";
            "SECRET-02" Must secret secret_02_no_error_shows_a_secret
                given "Servers that are expired, do not know us, quote the key, redirect, cut the connection or send \
                    garbage, and a port and a proxy without a listener."
                when "A call with key and certificate fails at each, and the error with all its causes is printed."
                then "No canary is printed in any form."
                why "Errors are shared: in tickets, in chats and with the authors of libraries."
                fix "Check errors of the library that contain the request, its headers or the proxy's URL; remove \
                    secrets before `with_source`.";
            "SECRET-03" Must secret secret_03_no_log_at_any_level_shows_a_secret
                given "A logger for all targets at the level trace, including that of the HTTP library."
                when "Calls are made for every version of HTTP, and one that fails."
                then "No canary is in any line."
                why "Otherwise enabling tracing to find a fault copies keys into a file that many may read."
                fix "Mark the key as sensitive on every copy (`HeaderValue::set_sensitive`), and silence targets that print \
                    raw headers (libcurl's debug, wire logs).";
            "SECRET-04" Must secret secret_04_a_panic_in_a_hook_shows_no_secret
                given "A user's credential that panics with everything that it holds in its message."
                when "A call is made."
                then "The message contains `redacted` and no canary, and no connection is opened."
                why "A panic is written to standard error and crash collectors, bypassing every log filter."
                fix "The core crate's types redact themselves. A connection here was opened by your transport before there \
                    was a credential.";
            "SECRET-07" Must secret secret_07_a_file_with_the_key_is_private_and_goes_with_the_transport
                given "An identity, and a server that requires it."
                when "A call is made, and the temporary directory and the open files of the process are searched for the key; \
                    then the transport is dropped."
                then "Whatever holds the key is private (mode 0600 in a private directory), and nothing is left at the end."
                why "Otherwise every user of the machine can read the key, and it outlives the program."
                fix "Write no file if the library accepts memory. Else use an anonymous memory file, or a 0600 file \
                    that a guard in the transport removes.";
            "SECRET-11" Must secret secret_11_the_keys_of_a_connection_are_written_nowhere
                given "An environment in which `SSLKEYLOGFILE` names a file."
                when "A call is made in a process with that environment."
                then "The file is not written: the transport does not support it, or refuses to be created and names \
                    the variable."
                why "Otherwise anyone who can set a variable can read all traffic, API keys included, from a capture of it."
                fix "Keep the key log of your TLS library disabled (rustls: no `KeyLogFile`). libcurl has no option \
                    for it: refuse in `connect`.";
            "SECRET-12" Must leaks secret_12_no_log_shows_bodies_or_response_headers
                given "Canaries in bodies of requests and responses, in a response header, and in `Authorization`, `Cookie` and another header \
                    of requests, marked as sensitive; and a reader of every log line."
                when "Calls are made over each HTTP version."
                then "No line at any level shows one."
                why "The secret of a new API key is in one response and nowhere else."
                fix "Log names and lengths, not values. Where your library logs bodies at trace, filter its target.";
            "SECRET-13" Must secret secret_13_bodies_are_written_to_no_file
                given "A server that receives a body of 500 KiB and responds with another one where the case says so."
                when "A POST is sent over each HTTP version, and files are searched before and during the response."
                then "Neither body is in the temporary directory or in an open file."
                why "The response to the creation of a key is a secret, and a file outlives the process that wrote it."
                fix "Switch off the spooling of large bodies: a body is in memory already, or streams.";
            "SECRET-20" Must failures secret_20_no_log_shows_the_target_of_a_call_that_fails
                given "The calls of ERR-34, and a reader of every log line."
                when "They fail, and the transport is printed by Debug."
                then "No line at any level, and no Debug text, shows path or query."
                why "Queries hold tokens and the names of people. A warning about a failure is what most programs log."
                fix "Log the host and the kind of the failure. Filter a target of your library that logs the request line.";
        }
    };
}
