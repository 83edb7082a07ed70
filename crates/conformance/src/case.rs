//! The list of cases. It stands once, in a macro, so that the table here and the tests of every transport cannot differ: a
//! case function that is not in the list is dead code and stops the build.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::subject::CaseFuture;
use crate::world::World;

/// How much a case weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Security or correctness.
    Must,
    /// Precision.
    Should,
    /// Optional.
    May,
}

impl Level {
    /// The heaviest first.
    pub const ALL: [Self; 3] = [Self::Must, Self::Should, Self::May];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    /// The id in the catalogue; it never changes its meaning.
    pub id: &'static str,
    /// The name of its test.
    pub name: &'static str,
    /// How much it weighs.
    pub level: Level,
    pub(crate) run: fn(World) -> CaseFuture,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.id, self.level, self.name)
    }
}

/// Every case, in the order of the catalogue.
#[must_use]
pub fn cases() -> &'static [Case] {
    CASES
}

/// Writes one `#[test]` a case, one for the table of faults and one for the waivers, for the [`Subject`](crate::Subject) that the expression makes.
#[macro_export]
macro_rules! suite {
    ($subject:expr) => {
        #[test]
        fn waivers_name_known_cases_and_give_reasons() {
            $crate::check_waivers(&$subject);
        }

        #[test]
        fn every_fault_has_its_code_or_a_documented_wider_one() {
            $crate::fault_test(&$subject);
        }

        $crate::__every_case! { tests ($subject) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __every_case {
    ($kind:ident $argument:tt) => {
        $crate::__expand_cases! { $kind $argument
            req req_01_path_and_query_arrive_byte_for_byte "REQ-01" Must;
            req req_02_a_segment_is_encoded_exactly_once "REQ-02" Must;
            req req_03_methods_arrive_unchanged_and_head_has_no_body "REQ-03" Must;
            req req_04_three_values_of_one_header_arrive_in_order "REQ-04" Must;
            req req_05_a_line_end_in_a_header_is_a_local_error "REQ-05" Must;
            req req_06_the_user_agent_is_product_and_version_alone "REQ-06" Should;
            req req_07_json_is_asked_for_and_a_body_alone_has_a_type "REQ-07" Should;
            req req_08_a_post_without_body_says_length_zero "REQ-08" Must;
            req req_09_slashes_and_prefixes_join_to_one_path "REQ-09" Should;
            req req_10_empty_answers_keep_status_duplicates_and_version "REQ-10" Must;
            req req_11_no_answer_leaves_a_trace_in_the_next_request "REQ-11" Must;
            req req_12_the_request_line_holds_path_and_query_alone "REQ-12" Must;
            interim req_13_interim_responses_are_passed_over "REQ-13" Must;
            interim req_14_headers_of_interim_responses_are_left_out "REQ-14" Must;
            interim req_15_request_headers_arrive_as_given_and_none_is_added "REQ-15" Must;
            faithful req_20_a_call_is_the_same_at_both_ends_in_each_setting "REQ-20" Must;
            unasked req_21_a_response_without_a_body_keeps_its_length "REQ-21" Must;
            unasked req_22_no_response_header_leads_to_another_server "REQ-22" Must;
            cred cred_01_a_key_is_sent_once_and_exactly "CRED-01" Must;
            cred cred_02_a_certificate_goes_alone "CRED-02" Must;
            cred cred_03_both_go_together "CRED-03" Must;
            cred cred_04_a_callers_own_key_header_is_a_local_error "CRED-04" Must;
            cred cred_05_what_surrounds_a_pasted_key_is_left_out_with_a_warning "CRED-05" Must;
            cred cred_06_an_empty_key_is_a_local_error "CRED-06" Must;
            cred cred_07_a_changed_key_needs_no_new_client "CRED-07" Must;
            cred cred_08_a_failing_credential_sends_nothing "CRED-08" Must;
            cred cred_09_a_slow_source_is_read_once_for_a_hundred_calls "CRED-09" Must;
            cred cred_10_the_key_is_never_indexed_in_http2 "CRED-10" Should;
            cred cred_11_an_ended_credential_is_a_local_error_unless_allowed "CRED-11" Must;
            cred cred_12_an_unauthenticated_call_shows_nothing "CRED-12" Must;
            unasked cred_20_no_output_of_the_process_shows_a_credential "CRED-20" Must;
            same_everywhere cred_21_no_log_shows_a_secret_in_any_setting "CRED-21" Must;
            host host_01_each_public_host_gets_clientauth_for_certificates_only "HOST-01" Must;
            host host_02_a_host_with_the_prefix_is_recognised "HOST-02" Must;
            host host_03_an_explicit_clientauth_url_is_used "HOST-03" Must;
            host host_04_plain_http_is_refused_but_for_loopback_by_switch "HOST-04" Must;
            host host_05_one_normal_form_for_sni_and_host "HOST-05" Should;
            host host_06_user_info_is_refused_without_an_echo "HOST-06" Must;
            host host_07_an_absolute_url_as_path_sends_nothing "HOST-07" Must;
            host host_08_two_installations_in_one_process_share_no_credential "HOST-08" Should;
            host host_09_an_address_has_no_sni_and_needs_its_ip_in_the_certificate "HOST-09" Must;
            host host_10_an_address_of_another_scheme_is_refused_before_anything_is_sent "HOST-10" Must;
            names host_11_two_transports_keep_their_own_address_of_one_name "HOST-11" Must;
            names host_12_an_ipv6_address_is_called_as_any_other "HOST-12" Must;
            names host_15_an_override_holds_for_its_own_name_alone "HOST-15" Must;
            trust trust_01_a_private_ca_that_is_configured_is_trusted "TRUST-01" Must;
            trust trust_02_a_private_ca_that_is_not_configured_is_refused "TRUST-02" Must;
            trust trust_03_an_expired_server_is_refused "TRUST-03" Must;
            trust trust_04_a_server_of_tomorrow_is_refused_with_a_clock_hint "TRUST-04" Must;
            trust trust_05_a_wrong_name_is_refused "TRUST-05" Must;
            trust trust_06_a_wildcard_covers_one_label "TRUST-06" Must;
            trust trust_07_a_server_without_its_intermediate_is_refused "TRUST-07" Must;
            trust trust_08_only_custom_roots_means_only "TRUST-08" Must;
            trust trust_09_given_roots_stand_beside_the_systems "TRUST-09" Should;
            trust trust_10_an_empty_list_of_roots_is_refused_at_build "TRUST-10" Must;
            trust trust_11_no_configuration_switches_verification_off "TRUST-11" Must;
            trust trust_12_a_server_of_tls_1_1_is_refused "TRUST-12" Should;
            trust trust_15_only_the_tls_versions_of_the_configuration_are_spoken "TRUST-15" Must;
            trust trust_16_the_certificate_of_the_server_is_told "TRUST-16" Should;
            server_proof trust_17_server_without_the_key_of_its_chain_is_refused "TRUST-17" Must;
            server_proof trust_18_client_certificate_shown_by_a_server_is_refused "TRUST-18" Must;
            trust trust_19_server_certificate_that_breaks_a_rule_is_refused_with_its_reason "TRUST-19" Must;
            trust trust_23_each_root_of_the_list_is_trusted "TRUST-23" Must;
            server_proof trust_25_localhost_is_verified_as_any_other_name "TRUST-25" Must;
            server_proof trust_26_no_request_is_sent_as_early_data "TRUST-26" Must;
            chain trust_30_certificate_issued_by_what_is_not_a_ca_is_refused "TRUST-30" Must;
            chain trust_31_more_authorities_than_the_path_length_allows_are_refused "TRUST-31" Must;
            chain trust_32_name_that_a_ca_may_not_issue_for_is_refused "TRUST-32" Must;
            chain trust_33_lower_ca_does_not_lift_the_constraints_of_the_upper "TRUST-33" Must;
            chain trust_34_ca_that_is_not_valid_now_is_refused "TRUST-34" Must;
            chain trust_35_server_of_a_ca_for_clients_is_refused "TRUST-35" Must;
            chain trust_36_every_signature_of_the_chain_is_verified "TRUST-36" Must;
            chain trust_37_name_that_only_resembles_the_host_is_refused "TRUST-37" Must;
            chain trust_38_address_is_not_matched_by_a_dns_name "TRUST-38" Must;
            chain trust_39_common_name_beside_dns_names_does_not_count "TRUST-39" Must;
            chain trust_40_common_name_without_dns_names_does_not_count "TRUST-40" Must;
            chain trust_41_ca_with_an_unknown_critical_extension_is_refused "TRUST-41" Must;
            chain trust_42_wildcard_does_not_cover_a_host_that_the_ca_may_not_issue_for "TRUST-42" Should;
            unasked trust_51_a_failed_handshake_is_not_tried_again_in_a_weaker_way "TRUST-51" Must;
            same_everywhere trust_52_roots_identities_and_names_are_those_of_their_transport "TRUST-52" Must;
            reload trust_13_other_roots_count_for_every_later_connection "TRUST-13" Must;
            reload trust_14_a_bundle_that_breaks_changes_nothing_and_is_told_once "TRUST-14" Must;
            ident ident_01_a_pkcs8_rsa_pair_is_presented "IDENT-01" Must;
            ident ident_02_a_p256_pair_is_presented "IDENT-02" Must;
            ident ident_03_a_p384_pair_is_presented "IDENT-03" Should;
            ident ident_04_an_ed25519_pair_is_presented_or_refused_cleanly "IDENT-04" Must;
            ident ident_05_a_sec1_key_is_presented "IDENT-05" Must;
            ident ident_06_a_pkcs1_key_is_presented "IDENT-06" Must;
            ident ident_07_an_encrypted_pkcs8_key_is_presented_and_needs_its_password "IDENT-07" Must;
            ident ident_08_preamble_bom_and_crlf_are_read_over "IDENT-08" Must;
            ident ident_09_a_pkcs12_with_aes_is_presented "IDENT-09" Must;
            ident ident_10_a_pkcs12_with_triple_des_is_presented "IDENT-10" Must;
            ident ident_11_a_pkcs12_with_rc2_is_presented_with_a_warning "IDENT-11" Must;
            ident ident_12_a_wrong_password_is_named "IDENT-12" Must;
            ident ident_13_two_keys_ask_for_a_choice "IDENT-13" Should;
            ident ident_14_the_key_of_another_certificate_never_connects "IDENT-14" Must;
            ident ident_15_an_ec_key_with_an_rsa_certificate_never_connects "IDENT-15" Must;
            ident ident_16_a_leaf_without_its_intermediate_is_refused_with_a_hint "IDENT-16" Must;
            ident ident_17_a_chain_in_wrong_order_is_sent_leaf_first "IDENT-17" Must;
            ident ident_18_a_root_in_the_file_is_not_sent "IDENT-18" Should;
            ident ident_19_an_expired_certificate_is_found_at_build_or_by_the_server_if_allowed "IDENT-19" Must;
            ident ident_20_a_certificate_of_tomorrow_is_found_with_our_clock_shown "IDENT-20" Must;
            ident ident_21_a_certificate_for_servers_is_found_at_build "IDENT-21" Must;
            ident ident_22_an_identity_from_memory_is_presented_or_refused_at_build "IDENT-22" Must;
            ident ident_23_an_identity_from_a_file_is_presented_or_refused_at_build "IDENT-23" Must;
            ident ident_24_no_certificate_where_tls13_requires_one "IDENT-24" Must;
            ident ident_25_no_certificate_where_tls12_requires_one "IDENT-25" Must;
            ident ident_26_a_server_that_only_asks_answers_over_http "IDENT-26" Must;
            ident ident_27_a_foreign_certificate_under_tls13_is_one_attempt "IDENT-27" Must;
            ident ident_28_a_foreign_certificate_under_tls12_never_blames_the_server "IDENT-28" Must;
            ident ident_29_an_end_without_a_word_after_the_handshake_names_the_candidates "IDENT-29" Should;
            ident ident_30_an_outdated_list_of_authorities_does_not_hold_the_certificate_back "IDENT-30" Should;
            ident ident_31_a_server_that_does_not_ask_is_worth_a_warning "IDENT-31" Must;
            ident ident_32_the_client_auth_signal_equals_the_ledger "IDENT-32" Should;
            ident_late ident_33_a_request_for_a_certificate_after_the_handshake_is_met_or_named "IDENT-33" May;
            redir redir_01_another_host_is_not_followed "REDIR-01" Must;
            redir redir_02_another_port_is_not_followed "REDIR-02" Must;
            redir redir_03_plain_http_is_not_followed "REDIR-03" Must;
            redir redir_04_clientauth_and_platform_are_different_origins "REDIR-04" Must;
            redir redir_05_a_307_keeps_method_body_and_key "REDIR-05" Should;
            redir redir_06_a_303_becomes_a_get_without_body "REDIR-06" Should;
            redir redir_07_a_circle_ends_with_its_number_of_hops "REDIR-07" Must;
            redir redir_08_a_target_that_is_no_place_is_refused_without_its_query "REDIR-08" Must;
            redir redir_09_nothing_goes_to_another_origin_even_without_a_credential "REDIR-09" Must;
            redir redir_10_the_transport_itself_never_follows "REDIR-10" Must;
            faithful redir_20_no_redirect_is_followed_in_any_setting "REDIR-20" Must;
            time time_01_an_address_that_swallows_packets_times_out "TIME-01" Must;
            time time_02_a_stalled_handshake_times_out "TIME-02" Must;
            time time_03_a_missing_answer_times_out "TIME-03" Must;
            time time_04_a_body_that_stalls_meets_the_idle_limit "TIME-04" Must;
            time time_05_the_deadline_holds_over_all_attempts_and_waits "TIME-05" Must;
            time time_06_a_dropped_call_closes_its_connection "TIME-06" Must;
            time time_07_a_cancelled_call_leaves_the_pool_usable "TIME-07" Must;
            time time_08_a_slow_but_steady_body_is_read_to_its_end "TIME-08" Must;
            time time_09_calls_in_flight_end_or_are_counted_at_shutdown "TIME-09" Should;
            time time_10_what_ran_out_while_connecting_was_not_sent "TIME-10" Should;
            time time_11_a_call_that_waits_is_left_to_sleep "TIME-11" Must;
            limits time_12_the_total_limit_holds_over_each_version_and_in_each_phase "TIME-12" Must;
            limits time_13_limits_at_their_maximum_are_no_limits "TIME-13" Must;
            limits time_14_connect_limit_that_runs_out_is_net_01 "TIME-14" Must;
            limits time_16_the_connect_limit_is_not_stretched "TIME-16" Must;
            overdue time_20_body_that_is_always_ready_does_not_outrun_the_total_limit "TIME-20" Must;
            overdue time_21_timeout_before_the_request_names_a_phase_before_it "TIME-21" Must;
            limits time_22_each_limit_begins_and_ends_with_its_part_of_a_call "TIME-22" Must;
            call_table time_30_call_that_stalls_ends_by_its_limit_in_every_phase "TIME-30" Must;
            body body_01_a_large_answer_arrives_whole "BODY-01" Must;
            body body_02_a_large_upload_arrives_whole "BODY-02" Must;
            body body_03_a_slow_server_costs_no_memory "BODY-03" Should;
            body body_04_an_answer_above_the_cap_is_cut_and_its_connection_dropped "BODY-04" Must;
            body body_05_a_short_or_cut_body_is_an_error "BODY-05" Must;
            body body_06_a_compressed_body_is_not_unpacked "BODY-06" Must;
            body body_07_a_hostile_error_body_is_cleaned_before_it_is_shown "BODY-07" Must;
            body body_08_an_early_refusal_is_read_while_the_upload_runs "BODY-08" Should;
            body body_09_no_upload_waits_for_a_continue "BODY-09" Should;
            body body_10_trailers_do_no_harm "BODY-10" Must;
            body body_11_a_truncated_stream_is_an_error "BODY-11" Must;
            body body_12_what_a_body_says_of_its_length_and_end_is_true "BODY-12" Must;
            body body_13_new_keys_of_the_server_end_nothing "BODY-13" Must;
            http2 body_14_http2_body_that_is_cut_is_an_error "BODY-14" Must;
            body_end body_15_a_complete_response_survives_an_end_without_close_notify "BODY-15" Must;
            body_end body_16_a_complete_http2_response_survives_the_end_of_its_connection "BODY-16" Must;
            body_end body_17_a_response_that_is_cut_with_its_connection_is_no_response "BODY-17" Must;
            body_end body_18_an_http2_response_that_ends_short_of_its_length_is_cut_at_once "BODY-18" Must;
            http2 body_20_http2_body_reset_without_an_error_and_a_length_is_cut "BODY-20" Must;
            bodies body_21_body_dropped_outside_its_runtime_does_not_panic "BODY-21" Must;
            bodies body_22_unread_body_is_not_read_ahead_without_bound "BODY-22" Must;
            lost body_31_cut_body_is_an_error_in_every_setting "BODY-31" Must;
            upload upload_01_body_above_every_window_arrives_byte_for_byte "UPLOAD-01" Must;
            upload upload_02_body_is_not_read_ahead_of_the_server "UPLOAD-02" Must;
            upload upload_03_refusal_before_the_end_of_the_body_is_the_response "UPLOAD-03" Must;
            upload upload_04_early_success_does_not_end_the_upload "UPLOAD-04" Must;
            upload_end upload_05_body_that_fails_is_an_error_and_never_a_request "UPLOAD-05" Must;
            upload_end upload_06_dropped_upload_stops "UPLOAD-06" Must;
            upload_end upload_07_body_of_another_length_is_an_error_and_never_a_request "UPLOAD-07" Must;
            upload upload_08_total_limit_includes_the_upload "UPLOAD-08" Must;
            upload_end upload_09_upload_is_never_repeated "UPLOAD-09" Must;
            upload_end upload_10_headers_identity_and_facts_are_those_of_a_call "UPLOAD-10" Must;
            answer err_01_a_list_of_errors_gives_code_and_message "ERR-01" Must;
            answer err_02_an_error_object_gives_code_and_message "ERR-02" Must;
            answer err_03_a_status_in_words_is_the_code "ERR-03" Must;
            answer err_04_a_frameworks_own_error_is_read "ERR-04" Must;
            answer err_05_a_number_is_a_code "ERR-05" Must;
            answer err_06_what_is_no_error_document_has_a_bounded_excerpt "ERR-06" Must;
            answer err_07_a_refused_credential_is_read_anew_once_at_most "ERR-07" Must;
            answer err_08_a_missing_second_factor_is_named "ERR-08" Must;
            answer err_09_a_missing_role_asks_for_no_other_credential "ERR-09" Must;
            answer err_10_a_load_balancer_that_misses_a_certificate_is_understood "ERR-10" Must;
            answer err_11_a_load_balancer_that_refuses_a_certificate_is_understood "ERR-11" Must;
            err err_12_the_root_cause_is_in_display "ERR-12" Must;
            err err_13_the_library_error_is_reached_by_source "ERR-13" Must;
            err err_14_a_plain_http_port_is_named "ERR-14" Must;
            err err_15_dns_refusal_and_reset_have_three_codes "ERR-15" Must;
            err err_16_one_fault_has_one_code_or_the_wider_one "ERR-16" Must;
            answer err_17_the_transaction_id_is_kept "ERR-17" Should;
            answer err_18_an_endless_or_bottomless_answer_is_bounded "ERR-18" Must;
            err err_19_an_end_right_after_the_handshake_is_never_waited_out "ERR-19" Must;
            err err_20_outside_its_runtime_a_call_is_answered_or_an_error "ERR-20" Must;
            err err_21_no_cause_of_a_failure_is_without_words "ERR-21" Must;
            err err_22_response_head_up_to_the_limit_is_read "ERR-22" Must;
            err err_23_response_head_over_the_limit_is_named "ERR-23" Should;
            invalid_http err_24_response_that_is_not_valid_http_is_net_10_after_one_attempt "ERR-24" Must;
            answer err_28_a_page_of_a_gateway_is_not_the_platforms_verdict "ERR-28" Must;
            answer err_29_an_encoded_response_is_named_and_none_of_it_shown "ERR-29" Must;
            leaks err_34_no_cause_of_a_failure_quotes_path_or_query "ERR-34" Must;
            once err_35_unsafe_request_is_not_repeated_when_http11_is_required "ERR-35" Must;
            once err_36_get_is_not_repeated_when_http11_is_required "ERR-36" Should;
            once err_37_alert_after_the_request_was_read_leaves_delivery_unknown "ERR-37" Must;
            alerts err_40_alert_is_reported_only_where_the_server_sent_it "ERR-40" Must;
            lost err_41_lost_response_leaves_delivery_unknown_in_every_setting "ERR-41" Must;
            call_table err_50_call_that_is_cut_ends_alike_in_every_phase "ERR-50" Must;
            replay replay_01_a_post_on_a_dying_connection_is_delivered_once "REPLAY-01" Must;
            replay replay_02_nor_is_any_other_unsafe_method_repeated "REPLAY-02" Must;
            replay replay_03_a_get_is_delivered_once_too "REPLAY-03" Should;
            replay replay_04_what_was_not_sent_is_said_to_be_not_sent "REPLAY-04" Must;
            once replay_05_post_refused_as_early_or_misdirected_arrives_once "REPLAY-05" Must;
            retry retry_01_a_get_is_repeated_after_a_503 "RETRY-01" Must;
            retry retry_02_a_429_is_waited_out_to_the_second "RETRY-02" Must;
            retry retry_03_a_date_is_measured_by_the_servers_clock "RETRY-03" Must;
            retry retry_04_a_wait_beyond_the_deadline_fails_at_once "RETRY-04" Must;
            retry retry_05_a_post_that_was_sent_is_one_attempt_unless_marked "RETRY-05" Must;
            retry retry_06_a_post_that_was_not_sent_may_be_repeated "RETRY-06" Must;
            retry retry_07_a_refused_certificate_is_one_attempt "RETRY-07" Must;
            retry retry_08_what_the_platform_refused_is_one_attempt "RETRY-08" Must;
            retry retry_09_a_pooled_connection_that_was_closed_costs_nobody_a_call "RETRY-09" Should;
            retry retry_10_the_budget_bounds_the_load_of_a_hundred_callers "RETRY-10" Should;
            retry retry_11_a_401_is_repeated_once_with_a_newer_key "RETRY-11" Should;
            retry retry_12_a_repeated_put_has_the_same_bytes "RETRY-12" Must;
            retry retry_13_attempts_and_waits_are_in_the_last_error "RETRY-13" Should;
            retry retry_14_an_http2_stream_is_repeated_only_if_unprocessed "RETRY-14" Should;
            retry retry_15_a_status_about_the_connection_is_repeated_on_a_new_one "RETRY-15" Should;
            faithful retry_20_no_status_makes_a_transport_ask_again "RETRY-20" Must;
            same_everywhere retry_21_an_interrupted_call_is_sent_once_in_each_setting "RETRY-21" Must;
            same_everywhere retry_22_a_failure_is_told_the_same_in_each_setting "RETRY-22" Must;
            pool pool_01_two_calls_share_one_connection "POOL-01" Must;
            pool pool_02_two_identities_share_nothing "POOL-02" Must;
            pool pool_03_key_and_certificate_clients_share_nothing "POOL-03" Must;
            pool pool_04_two_hundred_calls_at_once_stay_within_the_servers_limit "POOL-04" Should;
            pool pool_05_an_idle_connection_is_closed "POOL-05" Should;
            pool pool_06_a_connection_that_broke_the_protocol_is_not_used_again "POOL-06" Must;
            pool pool_07_clones_on_eight_threads_work_and_leave_no_socket_open "POOL-07" Must;
            pool pool_08_either_kind_of_runtime_will_do_and_no_thread_is_left "POOL-08" Should;
            pool pool_09_the_best_version_in_common_is_spoken "POOL-09" Should;
            pool pool_10_one_certificate_for_two_names_joins_no_connections "POOL-10" Must;
            pool pool_11_a_call_that_fails_leaves_the_connections_of_others "POOL-11" Must;
            bodies pool_12_connection_that_is_said_to_close_is_not_used_again "POOL-12" Must;
            bodies pool_13_dropped_http2_body_gives_its_window_back "POOL-13" Must;
            pool pool_14_reuse_is_claimed_only_after_a_response "POOL-14" Must;
            limits pool_16_a_connection_past_its_idle_limit_is_not_used_again "POOL-16" Must;
            unasked pool_20_no_call_waits_for_another "POOL-20" Must;
            unasked pool_21_calls_that_fail_or_are_dropped_take_nothing_from_later_ones "POOL-21" Must;
            same_everywhere pool_22_connections_end_as_they_should_in_each_setting "POOL-22" Must;
            proxy proxy_01_a_connect_proxy_sees_no_certificate "PROXY-01" Must;
            proxy proxy_02_a_connect_proxy_sees_no_key "PROXY-02" Must;
            proxy proxy_03_exceptions_go_around_the_proxy "PROXY-03" Must;
            proxy proxy_04_a_refusing_proxy_is_named "PROXY-04" Must;
            proxy proxy_05_the_proxys_password_is_shown_nowhere "PROXY-05" Must;
            proxy proxy_06_an_identity_is_never_shown_to_a_proxy_of_https "PROXY-06" Must;
            proxy proxy_07_an_inspecting_proxy_that_we_do_not_trust_is_refused_with_a_hint "PROXY-07" Must;
            proxy proxy_08_no_certificate_passes_an_inspecting_proxy_that_we_trust "PROXY-08" Must;
            proxy proxy_09_variables_count_in_the_documented_order "PROXY-09" Should;
            proxy proxy_10_a_socks_proxy_resolves_the_name_or_is_refused "PROXY-10" May;
            proxy proxy_11_a_transport_reads_no_variable_of_the_environment "PROXY-11" Must;
            proxy proxy_12_a_proxy_of_an_unknown_kind_is_refused_at_build "PROXY-12" Must;
            proxy proxy_13_a_proxy_that_hangs_up_is_named_and_one_that_is_silent_times_out "PROXY-13" Must;
            proxy proxy_14_clear_text_is_shown_to_no_proxy "PROXY-14" Must;
            limits proxy_15_a_proxy_that_stalls_meets_the_connect_limit "PROXY-15" Must;
            proxy proxy_16_proxy_user_without_password_is_sent_with_a_colon "PROXY-16" Must;
            tunnel proxy_17_default_port_is_named_to_the_proxy_and_not_to_the_server "PROXY-17" Must;
            tunnel proxy_18_tunnel_may_be_granted_in_any_form_of_http "PROXY-18" Must;
            rotate rotate_01_the_call_after_a_swap_is_made_as_the_new_one "ROTATE-01" Must;
            rotate rotate_02_no_new_request_goes_over_an_old_connection "ROTATE-02" Must;
            rotate rotate_03_a_session_of_the_old_identity_is_never_resumed "ROTATE-03" Must;
            rotate rotate_04_what_is_in_flight_ends_as_it_began "ROTATE-04" Must;
            watch rotate_05_a_broken_replacement_changes_nothing_and_is_told_once "ROTATE-05" Must;
            watch rotate_06_ten_swaps_of_a_kubernetes_volume_are_ten_generations "ROTATE-06" Must;
            watch rotate_07_overwritten_renamed_and_recreated_files_are_each_seen "ROTATE-07" Must;
            watch rotate_08_a_certificate_before_its_key_fails_no_call "ROTATE-08" Must;
            watch rotate_09_without_events_polling_sees_a_change "ROTATE-09" Should;
            watch rotate_10_the_same_bytes_again_are_no_new_generation "ROTATE-10" Must;
            rotate rotate_11_a_thousand_calls_and_twenty_swaps_without_a_failure "ROTATE-11" Must;
            rotate rotate_12_a_replacement_that_the_platform_refuses_does_not_go_live "ROTATE-12" Should;
            rotate rotate_13_another_key_alone_keeps_the_connections "ROTATE-13" Should;
            rotate rotate_14_both_authorities_in_one_bundle_leave_no_gap "ROTATE-14" Must;
            rotate rotate_15_the_key_of_a_drained_identity_is_wiped "ROTATE-15" Must;
            watch rotate_16_a_sighup_has_the_files_read "ROTATE-16" Should;
            secret secret_01_no_public_type_prints_a_secret "SECRET-01" Must;
            secret secret_02_no_error_shows_a_secret "SECRET-02" Must;
            secret secret_03_no_log_at_any_level_shows_a_secret "SECRET-03" Must;
            secret secret_04_a_panic_in_a_hook_shows_no_secret "SECRET-04" Must;
            secret secret_07_a_file_with_the_key_is_private_and_goes_with_the_transport "SECRET-07" Must;
            secret secret_11_the_keys_of_a_connection_are_written_nowhere "SECRET-11" Must;
            leaks secret_12_no_log_shows_bodies_or_response_headers "SECRET-12" Must;
            obs obs_01_a_call_is_a_span_and_each_attempt_one_in_it "OBS-01" Should;
            obs obs_02_ids_names_and_queries_are_seen_nowhere "OBS-02" Must;
            obs obs_03_metrics_count_outcomes_handshakes_and_the_time_that_is_left "OBS-03" Should;
            obs obs_04_an_audit_record_names_who_what_and_how_it_ended_and_no_value "OBS-04" Should;
            obs obs_05_a_hook_that_panics_or_blocks_leaves_the_call_alone "OBS-05" Must;
            obs obs_06_the_trace_context_goes_to_our_origin_alone "OBS-06" Should;
            obs obs_07_every_failure_is_counted_under_a_code_of_the_closed_set "OBS-07" Should;
            obs obs_08_one_reminder_at_each_step_before_the_end "OBS-08" Should;
            obs obs_09_the_address_at_the_other_end_is_told_as_it_is "OBS-09" Should;
            facts obs_10_facts_belong_to_the_connection_that_carried_the_call "OBS-10" Must;
            obs obs_11_certificate_is_not_reported_as_sent_to_a_refused_server "OBS-11" Must;
            facts obs_15_facts_of_a_resumed_session_are_those_of_the_ledger "OBS-15" Must;
            facts obs_20_facts_of_a_failed_handshake_are_what_was_seen_of_it "OBS-20" Must;
            request fid_01_any_target_arrives_byte_for_byte "FID-01" Must;
            request fid_02_any_request_headers_arrive_as_given "FID-02" Must;
            request fid_03_any_method_and_body_arrive_whole "FID-03" Must;
            whole fid_04_any_response_head_arrives_as_sent "FID-04" Must;
            whole fid_05_any_http1_body_arrives_whole "FID-05" Must;
            whole fid_06_any_http2_body_arrives_whole "FID-06" Must;
            cut fid_07_http1_body_that_is_cut_anywhere_is_an_error "FID-07" Must;
            cut fid_08_http2_response_that_is_cut_anywhere_is_an_error "FID-08" Must;
            early fid_09_refusal_before_the_upload_has_ended_arrives_whole "FID-09" Should;
            cut fid_10_http1_head_that_is_cut_anywhere_is_an_error "FID-10" Should;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __expand_cases {
    (tests ($subject:expr) $($module:ident $name:ident $id:literal $level:ident;)+) => {
        $(#[test]
        fn $name() {
            $crate::run($id, &$subject);
        })+
    };
    (table () $($module:ident $name:ident $id:literal $level:ident;)+) => {
        const CASES: &[Case] = &[$(Case {
            id: $id,
            name: stringify!($name),
            level: Level::$level,
            run: |world| Box::pin($crate::cases::$module::$name(world)),
        },)+];
    };
}

__every_case! { table () }
