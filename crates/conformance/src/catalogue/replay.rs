//! The cases REPLAY. A request that may have arrived is never sent again behind the caller's back.

#[doc(hidden)]
#[macro_export]
macro_rules! __replay {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            "REPLAY-01" Must replay replay_01_a_post_on_a_dying_connection_is_delivered_once
                given "A server that responds to one request, reads a second one completely and closes the connection."
                when "A GET is made and then a POST with a body, on the same transport."
                then "The POST fails as `Interrupted` with delivery unknown, and the server has it exactly once."
                why "Otherwise a signature is made twice or a certificate is ordered twice, and the caller knows of one only."
                fix "Clause 3 of `Transport::send`. libcurl sends again on a connection that was used before: use a \
                    fresh one (`FRESH_CONNECT`).";
            "REPLAY-02" Must replay replay_02_nor_is_any_other_unsafe_method_repeated
                given "The same server."
                when "The second request is a PUT, PATCH, DELETE or a POST without a body."
                then "It fails as `Interrupted` with delivery unknown, and the server has it exactly once."
                why "What is unsafe to retry does not depend on a body: an order without one is an order too."
                fix "Clause 3 of `Transport::send`. A check of the body does not cover requests without one; look for \
                    a rule by method in your library.";
            "REPLAY-03" Should replay replay_03_a_get_is_delivered_once_too
                given "The same server."
                when "The second request is a GET."
                then "It fails the same way and is delivered once, or a waiver declares that the stack retries \
                    idempotent requests."
                why "The client counts attempts, delays and a budget; retries of the stack are in none of them."
                fix "Clauses 1 and 3 of `Transport::send`. To choose another pooled connection before the first byte \
                    is fine, and so is hyper's `retry_canceled_requests`; to retry what was written is not. A \
                    library that does it on its own, as libcurl does on a used connection, needs the waiver.";
            "REPLAY-04" Must replay replay_04_what_was_not_sent_is_said_to_be_not_sent
                given "A port without a listener, a name without an address, and a server that refuses the handshake of \
                    TLS 1.2."
                when "A POST is sent to each."
                then "Each fails with delivery not sent."
                why "Only this delivery allows the client to retry a POST; without it every short outage reaches the caller."
                fix "Clause 9 of `Transport::send`. Set `Delivery::NotSent` for everything that fails before the \
                    request is written, and `Unknown` from its first byte on.";
            "REPLAY-05" Must once replay_05_post_refused_as_early_or_misdirected_arrives_once
                given "A server that responds to a POST with 408, 421 or 425."
                when "POSTs are made, with and without a body, over each HTTP version."
                then "Each arrives once, and its status is returned."
                why "Some libraries retry after these statuses at once."
                fix "Switch the library's own retries off.";
            "REPLAY-06" Must replay replay_06_what_a_part_of_a_head_follows_is_not_sent_again
                given "A server that responds to one request, and to the next one on that connection with a part of a head, or an \
                    interim response and a part, and closes."
                when "POST, PUT and PATCH are made, direct and through a proxy."
                then "The second request arrives once, and its error is not that it was not sent."
                why "A connection that has ended looks alike whether it was idle or in use: libraries that repeat a request on \
                    another one must have read nothing since they wrote."
                fix "Clause 3 of `Transport::send`. A response that has begun proves that the request was read.";
        }
    };
}
