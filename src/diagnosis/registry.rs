//! The registry: every rule, in the order of `colloquy explain`.

use std::sync::OnceLock;

use super::rules::{
    both_sides_waiting, capture_clock, capture_cut_frames, capture_damaged, capture_drops,
    capture_duplicates, capture_offload, capture_one_sided, chatty_dialogue,
    clear_text_credentials, dcerpc_access_denied, dcerpc_bind_failed, dcerpc_call_failed,
    dcerpc_cancelled_or_orphaned, dcerpc_context_rejected, dcerpc_endpoint_unavailable,
    dcerpc_fault, dcerpc_fragment_too_large, dcerpc_fragments_broken, dcerpc_server_busy,
    dcerpc_unknown_context, duplicate_message, heartbeat_stopped, http_auth_loop,
    http_body_incomplete, http_cookie_not_returned, http_login_refused, http_redirect_loop,
    http_server_error, http_session_refused, http_throttled, http_token_expired,
    http_tunnel_refused, idle_timeout_pattern, ip_fragment_lost, kerberos_error,
    message_incomplete, message_malformed, nbss_data_before_session, nbss_insufficient_resources,
    nbss_keepalive_irregular, nbss_request_unanswered, nbss_retarget_not_followed,
    nbss_session_refused, nbss_unexpected_message, nfs_access_denied, nfs_call_failed,
    nfs_resource_status, nfs_server_delay, nfs_slot_error, ntlm_incomplete, orphan_reply,
    replies_out_of_order, request_unanswered, rpc_auth_error, rpc_gss_silent_discard,
    rpc_port_refused, rpc_program_not_registered, rpc_program_unavailable, rpc_record_desync,
    rpc_retransmission_storm, rpc_server_error, rpc_slots_exhausted, rpc_version_mismatch,
    rpc_xid_reused, session_count_plateau, session_lifetime_pattern, slow_answer,
    smb_access_denied, smb_lock_conflict, smb_logon_failed, smb_open_failed, smb_resource_status,
    smb_tree_connect_failed, smb2_break_unacknowledged, smb2_compound_failed,
    smb2_credit_starvation, smb2_credits_shrinking, smb2_credits_zero,
    smb2_durable_reconnect_failed, smb2_echo_unanswered, smb2_guest_downgrade, smb2_handle_leak,
    smb2_message_id_invalid, smb2_negotiate_failed, smb2_not_released, smb2_pending_never_final,
    smb2_session_deleted, smb2_session_expired, smb2_session_setup_incomplete, smb2_signing_failed,
    spnego_fallback, tcp_aborted_in_flight, tcp_backlog_overflow, tcp_connect_refused,
    tcp_connect_slow, tcp_connect_unanswered, tcp_delayed_ack_stall, tcp_half_close_hanging,
    tcp_half_open, tcp_loss_stall, tcp_path_dark, tcp_port_reuse, tcp_reset_forged,
    tcp_zero_window, tls_aborted_by_alert, tls_certificate_rejected,
    tls_client_certificate_missing, tls_early_data_rejected, tls_handshake_refused,
    tls_handshake_stalled, tls_load_shedding, tls_not_spoken, tls_renegotiation_unanswered,
    tls_resumption_mismatch, tls_resumption_refused, tls_truncated, udp_port_unreachable,
    ws_abnormal_closure, ws_close_error_code, ws_close_unanswered, ws_control_frame_invalid,
    ws_data_after_close, ws_fragment_order, ws_frame_invalid, ws_handshake_invalid,
    ws_masking_violation, ws_not_authorised, ws_one_way, ws_payload_invalid, ws_ping_unanswered,
    ws_policy_close, ws_slow_consumer, ws_upgrade_failed, ws_upgrade_stripped,
};
use super::{CaptureRule, Rule, RuleMeta};

/// Every rule on sessions.
pub const RULES: &[&dyn Rule] = &[
    &tcp_aborted_in_flight::TcpAbortedInFlight,
    &tcp_backlog_overflow::TcpBacklogOverflow,
    &tcp_connect_refused::TcpConnectRefused,
    &tcp_connect_slow::TcpConnectSlow,
    &tcp_connect_unanswered::TcpConnectUnanswered,
    &tcp_delayed_ack_stall::TcpDelayedAckStall,
    &tcp_half_close_hanging::TcpHalfCloseHanging,
    &tcp_half_open::TcpHalfOpen,
    &tcp_loss_stall::TcpLossStall,
    &tcp_path_dark::TcpPathDark,
    &tcp_port_reuse::TcpPortReuse,
    &tcp_reset_forged::TcpResetForged,
    &tcp_zero_window::TcpZeroWindow,
    &udp_port_unreachable::UdpPortUnreachable,
    &request_unanswered::RequestUnanswered,
    &both_sides_waiting::BothSidesWaiting,
    &message_incomplete::MessageIncomplete,
    &message_malformed::MessageMalformed,
    &orphan_reply::OrphanReply,
    &duplicate_message::DuplicateMessage,
    &replies_out_of_order::RepliesOutOfOrder,
    &session_count_plateau::SessionCountPlateau,
    &session_lifetime_pattern::SessionLifetimePattern,
    &slow_answer::SlowAnswer,
    &chatty_dialogue::ChattyDialogue,
    &ip_fragment_lost::IpFragmentLost,
    &clear_text_credentials::ClearTextCredentials,
    &heartbeat_stopped::HeartbeatStopped,
    &http_auth_loop::HttpAuthLoop,
    &http_body_incomplete::HttpBodyIncomplete,
    &http_cookie_not_returned::HttpCookieNotReturned,
    &http_login_refused::HttpLoginRefused,
    &http_redirect_loop::HttpRedirectLoop,
    &http_server_error::HttpServerError,
    &http_session_refused::HttpSessionRefused,
    &http_throttled::HttpThrottled,
    &http_token_expired::HttpTokenExpired,
    &http_tunnel_refused::HttpTunnelRefused,
    &nbss_data_before_session::NbssDataBeforeSession,
    &nbss_insufficient_resources::NbssInsufficientResources,
    &nbss_keepalive_irregular::NbssKeepaliveIrregular,
    &nbss_request_unanswered::NbssRequestUnanswered,
    &nbss_retarget_not_followed::NbssRetargetNotFollowed,
    &nbss_session_refused::NbssSessionRefused,
    &nbss_unexpected_message::NbssUnexpectedMessage,
    &smb_access_denied::SmbAccessDenied,
    &smb_lock_conflict::SmbLockConflict,
    &smb_logon_failed::SmbLogonFailed,
    &smb_open_failed::SmbOpenFailed,
    &smb_resource_status::SmbResourceStatus,
    &smb_tree_connect_failed::SmbTreeConnectFailed,
    &smb2_break_unacknowledged::Smb2BreakUnacknowledged,
    &smb2_compound_failed::Smb2CompoundFailed,
    &smb2_credit_starvation::Smb2CreditStarvation,
    &smb2_credits_shrinking::Smb2CreditsShrinking,
    &smb2_credits_zero::Smb2CreditsZero,
    &smb2_durable_reconnect_failed::Smb2DurableReconnectFailed,
    &smb2_echo_unanswered::Smb2EchoUnanswered,
    &smb2_guest_downgrade::Smb2GuestDowngrade,
    &smb2_handle_leak::Smb2HandleLeak,
    &smb2_message_id_invalid::Smb2MessageIdInvalid,
    &smb2_negotiate_failed::Smb2NegotiateFailed,
    &smb2_not_released::Smb2NotReleased,
    &smb2_pending_never_final::Smb2PendingNeverFinal,
    &smb2_session_deleted::Smb2SessionDeleted,
    &smb2_session_expired::Smb2SessionExpired,
    &smb2_session_setup_incomplete::Smb2SessionSetupIncomplete,
    &smb2_signing_failed::Smb2SigningFailed,
    &kerberos_error::KerberosError,
    &ntlm_incomplete::NtlmIncomplete,
    &spnego_fallback::SpnegoFallback,
    &rpc_auth_error::RpcAuthError,
    &rpc_gss_silent_discard::RpcGssSilentDiscard,
    &rpc_port_refused::RpcPortRefused,
    &rpc_program_not_registered::RpcProgramNotRegistered,
    &rpc_program_unavailable::RpcProgramUnavailable,
    &rpc_record_desync::RpcRecordDesync,
    &rpc_retransmission_storm::RpcRetransmissionStorm,
    &rpc_server_error::RpcServerError,
    &rpc_slots_exhausted::RpcSlotsExhausted,
    &rpc_version_mismatch::RpcVersionMismatch,
    &rpc_xid_reused::RpcXidReused,
    &nfs_access_denied::NfsAccessDenied,
    &nfs_call_failed::NfsCallFailed,
    &nfs_resource_status::NfsResourceStatus,
    &nfs_server_delay::NfsServerDelay,
    &nfs_slot_error::NfsSlotError,
    &dcerpc_access_denied::DcerpcAccessDenied,
    &dcerpc_bind_failed::DcerpcBindFailed,
    &dcerpc_call_failed::DcerpcCallFailed,
    &dcerpc_cancelled_or_orphaned::DcerpcCancelledOrOrphaned,
    &dcerpc_context_rejected::DcerpcContextRejected,
    &dcerpc_endpoint_unavailable::DcerpcEndpointUnavailable,
    &dcerpc_fault::DcerpcFault,
    &dcerpc_fragment_too_large::DcerpcFragmentTooLarge,
    &dcerpc_fragments_broken::DcerpcFragmentsBroken,
    &dcerpc_server_busy::DcerpcServerBusy,
    &dcerpc_unknown_context::DcerpcUnknownContext,
    &tls_aborted_by_alert::TlsAbortedByAlert,
    &tls_certificate_rejected::TlsCertificateRejected,
    &tls_client_certificate_missing::TlsClientCertificateMissing,
    &tls_early_data_rejected::TlsEarlyDataRejected,
    &tls_handshake_refused::TlsHandshakeRefused,
    &tls_handshake_stalled::TlsHandshakeStalled,
    &tls_load_shedding::TlsLoadShedding,
    &tls_not_spoken::TlsNotSpoken,
    &tls_renegotiation_unanswered::TlsRenegotiationUnanswered,
    &tls_resumption_mismatch::TlsResumptionMismatch,
    &tls_resumption_refused::TlsResumptionRefused,
    &tls_truncated::TlsTruncated,
    &ws_upgrade_failed::WsUpgradeFailed,
    &ws_upgrade_stripped::WsUpgradeStripped,
    &ws_not_authorised::WsNotAuthorised,
    &ws_handshake_invalid::WsHandshakeInvalid,
    &ws_masking_violation::WsMaskingViolation,
    &ws_frame_invalid::WsFrameInvalid,
    &ws_control_frame_invalid::WsControlFrameInvalid,
    &ws_fragment_order::WsFragmentOrder,
    &ws_payload_invalid::WsPayloadInvalid,
    &ws_ping_unanswered::WsPingUnanswered,
    &ws_abnormal_closure::WsAbnormalClosure,
    &ws_close_unanswered::WsCloseUnanswered,
    &ws_close_error_code::WsCloseErrorCode,
    &ws_policy_close::WsPolicyClose,
    &ws_data_after_close::WsDataAfterClose,
    &ws_one_way::WsOneWay,
    &ws_slow_consumer::WsSlowConsumer,
    &idle_timeout_pattern::IdleTimeoutPattern,
];

/// Every rule on captures.
pub const CAPTURE_RULES: &[&dyn CaptureRule] = &[
    &capture_clock::CaptureClock,
    &capture_cut_frames::CaptureCutFrames,
    &capture_damaged::CaptureDamaged,
    &capture_drops::CaptureDrops,
    &capture_duplicates::CaptureDuplicates,
    &capture_offload::CaptureOffload,
    &capture_one_sided::CaptureOneSided,
];

/// The rules on sessions of `protocol`, in the order of the registry.
pub(super) fn rules_of(protocol: &str) -> &'static [&'static dyn Rule] {
    /// Of each protocol that a rule names, and of any other.
    type Chosen = (
        Vec<(&'static str, Vec<&'static dyn Rule>)>,
        Vec<&'static dyn Rule>,
    );
    static CHOSEN: OnceLock<Chosen> = OnceLock::new();
    let (named, other) = CHOSEN.get_or_init(|| {
        let of = |protocol: Option<&str>| -> Vec<&'static dyn Rule> {
            let concerns = |rule: &&&'static dyn Rule| {
                let protocols = rule.meta().protocols;
                protocols.is_empty() || protocol.is_some_and(|p| protocols.contains(&p))
            };
            RULES.iter().filter(concerns).copied().collect()
        };
        let mut names: Vec<&'static str> = RULES
            .iter()
            .flat_map(|rule| rule.meta().protocols)
            .copied()
            .collect();
        names.sort_unstable();
        names.dedup();
        let named = names.into_iter().map(|name| (name, of(Some(name))));
        (named.collect(), of(None))
    });
    let own = named.iter().find(|(name, _)| *name == protocol);
    own.map_or(other, |(_, rules)| rules)
}

/// What is known of every rule, in the order of the registry.
pub fn all_rules() -> impl Iterator<Item = &'static RuleMeta> {
    let captures = CAPTURE_RULES.iter().map(|rule| rule.meta());
    captures.chain(RULES.iter().map(|rule| rule.meta()))
}
