//! The rules: one file a rule, named as the rule.
//!
//! A file holds, in this order: [`declare_rule!`](crate::diagnosis) with the page under its fixed headings, the
//! check, and the tests: a hit, a near miss, one with a gap.

pub mod both_sides_waiting;
pub mod capture_clock;
pub mod capture_cut_frames;
pub mod capture_damaged;
pub mod capture_drops;
pub mod capture_duplicates;
pub mod capture_offload;
pub mod capture_one_sided;
pub mod capture_quality;
mod cause;
mod dcerpc;
pub mod dcerpc_access_denied;
pub mod dcerpc_bind_failed;
pub mod dcerpc_call_failed;
pub mod dcerpc_cancelled_or_orphaned;
pub mod dcerpc_context_rejected;
pub mod dcerpc_endpoint_unavailable;
pub mod dcerpc_fault;
pub mod dcerpc_fragment_too_large;
pub mod dcerpc_fragments_broken;
pub mod dcerpc_server_busy;
pub mod dcerpc_unknown_context;
pub mod duplicate_message;
pub mod ip_fragment_lost;
pub mod message_incomplete;
pub mod nbss_data_before_session;
pub mod nbss_insufficient_resources;
pub mod nbss_request_unanswered;
pub mod nbss_retarget_not_followed;
pub mod nbss_session_refused;
pub mod nbss_unexpected_message;
pub mod nfs_access_denied;
pub mod nfs_call_failed;
pub mod nfs_resource_status;
pub mod nfs_server_delay;
pub mod nfs_slot_error;
pub mod orphan_reply;
pub mod replies_out_of_order;
pub mod request_unanswered;
mod rpc;
pub mod rpc_auth_error;
pub mod rpc_port_refused;
pub mod rpc_program_not_registered;
pub mod rpc_program_unavailable;
pub mod rpc_record_desync;
pub mod rpc_retransmission_storm;
pub mod rpc_server_error;
pub mod rpc_version_mismatch;
pub mod rpc_xid_reused;
pub mod slow_answer;
pub mod smb2_credit_starvation;
pub mod smb2_credits_zero;
pub mod smb2_negotiate_failed;
pub mod smb2_pending_never_final;
pub mod smb2_session_deleted;
pub mod smb2_session_expired;
pub mod smb2_session_setup_incomplete;
pub mod smb_access_denied;
pub mod smb_lock_conflict;
pub mod smb_logon_failed;
pub mod smb_open_failed;
pub mod smb_resource_status;
pub mod smb_tree_connect_failed;
pub mod tcp_aborted_in_flight;
pub mod tcp_connect_refused;
pub mod tcp_connect_slow;
pub mod tcp_connect_unanswered;
pub mod tcp_half_close_hanging;
pub mod tcp_half_open;
pub mod tcp_loss_stall;
pub mod tcp_path_dark;
pub mod tcp_reset_forged;
pub mod tcp_zero_window;
pub mod udp_port_unreachable;

#[cfg(test)]
pub(crate) mod bench;
#[cfg(test)]
pub(crate) mod bench_rpc;
