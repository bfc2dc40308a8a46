//! The fields of sessions and findings, which mirror the JSON report: a key within a key is behind a point.

use colloquy_dissectors::field::FieldInfo;

/// A table a group.
pub(super) const FIELDS: &[&[FieldInfo]] = &[about::FIELDS, finding::FIELDS];

/// What stands before the key of a detail.
pub(crate) const DETAIL: &str = "session.detail.";

/// A session.
pub mod about {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::SESSION;
        /// Session
        protocol: "session";
        /// Its id, from 1.
        ID = "session.id", Uint(Dec), "Id in the report";
        /// The session that it is within.
        PARENT = "session.parent", Uint(Dec), "Id of the session that it is within";
        /// The capture's place among those given.
        CAPTURE = "session.capture", Uint(Dec), "Place of the capture, from 0";
        /// `smb2`, `rpc`, `tcp`.
        PROTOCOL = "session.protocol", Text, "Protocol";
        /// `tcp` or `udp`.
        TRANSPORT = "session.transport", Text, "What carries it";
        /// tshark's number.
        STREAM = "session.stream", Uint(Dec), "tcp.stream or udp.stream";
        /// Who opened it.
        CLIENT_ADDRESS = "session.client.address", Ipv4, "Client's address, IPv4 or IPv6";
        /// Its port.
        CLIENT_PORT = "session.client.port", Uint(Dec), "Client's port";
        /// Its name in the capture.
        CLIENT_NAME = "session.client.name", Text, "Client's name in the capture";
        /// Who was called.
        SERVER_ADDRESS = "session.server.address", Ipv4, "Server's address, IPv4 or IPv6";
        /// Its port.
        SERVER_PORT = "session.server.port", Uint(Dec), "Server's port";
        /// Its name in the capture.
        SERVER_NAME = "session.server.name", Text, "Server's name in the capture";
        /// The time of its first frame.
        OPENED = "session.opened", Time, "When it began";
        /// The time of its end.
        CLOSED = "session.closed", Time, "When it ended";
        /// From the first frame to the last.
        DURATION = "session.duration", Duration, "From first to last frame";
        /// The first frame.
        FIRST_FRAME = "session.first_frame", Frame, "First frame";
        /// The last frame.
        LAST_FRAME = "session.last_frame", Frame, "Last frame";
        /// `open`, `stuck`, `closed`.
        STATE = "session.state", Text, "connecting, open, stuck, releasing, closed, aborted or refused";
        /// The establishment was not captured.
        BEGAN_BEFORE = "session.began_before_capture", Bool, "The capture began in mid-session";
        /// The end was not captured.
        ENDED_AFTER = "session.ended_after_capture", Bool, "It had not ended when the capture did";
        /// The last phase.
        PHASE = "session.phase", Text, "The phase it is in";
        /// All phases, in order.
        PHASES = "session.phases", Text, "The phases it went through";
        /// Of the client.
        MESSAGES_CLIENT = "session.messages.client", Uint(Dec), "Messages of the client";
        /// Of the server.
        MESSAGES_SERVER = "session.messages.server", Uint(Dec), "Messages of the server";
        /// Of the client.
        BYTES_CLIENT = "session.bytes.client", Uint(Dec), "Bytes of the client's messages";
        /// Of the server.
        BYTES_SERVER = "session.bytes.server", Uint(Dec), "Bytes of the server's messages";
        /// Those that expect an answer.
        SENT = "session.requests.sent", Uint(Dec), "Requests";
        /// With failures.
        ANSWERED = "session.requests.answered", Uint(Dec), "Requests with an answer";
        /// Answered with a failure.
        FAILED = "session.requests.failed", Uint(Dec), "Requests that failed";
        /// Never to be answered.
        UNANSWERED = "session.requests.unanswered", Uint(Dec), "Requests without an answer";
        /// Still waiting.
        PENDING = "session.requests.pending", Uint(Dec), "Requests that may still be answered";
        /// Half of the answers came within this.
        MEDIAN = "session.response_time.median", Duration, "Response time, median";
        /// 95 of 100 answers came within this.
        P95 = "session.response_time.p95", Duration, "Response time, 95th percentile";
        /// The slowest.
        MAX = "session.response_time.max", Duration, "Response time, slowest";
        /// Never captured.
        MISSING_CLIENT = "session.missing_bytes.client", Uint(Dec), "Bytes of the client that are missing";
        /// Never captured.
        MISSING_SERVER = "session.missing_bytes.server", Uint(Dec), "Bytes of the server that are missing";
        /// Rules that could give no verdict.
        CANNOT_TELL = "session.cannot_tell.rule", Text, "Rule that could not tell";
        /// What forbade it.
        GUARD = "session.cannot_tell.guard", Text, "Guard that forbade a verdict";
        /// Alphabetical from here on: what protocols tell of a session.
        ALPN = "session.detail.alpn", Text, "TLS: protocol agreed";
        ANONYMOUS = "session.detail.anonymous", Bool, "Logged on as nobody";
        ASSOCIATION_GROUP = "session.detail.association_group", Text, "DCE/RPC: association group";
        AUTH_FLAVOR = "session.detail.auth_flavor", Text, "RPC: authentication flavor";
        AUTH_LEVEL = "session.detail.auth_level", Text, "DCE/RPC: authentication level";
        AUTH_TYPE = "session.detail.auth_type", Text, "DCE/RPC: authentication type";
        AUTHORITY = "session.detail.authority", Text, "HTTP/2: authority";
        BEGUN_BEHIND = "session.detail.begun_behind", Text, "TLS: what was spoken before (STARTTLS)";
        BYTES_READ = "session.detail.bytes_read", Int, "SMB2: bytes that READ gave";
        BYTES_WRITTEN = "session.detail.bytes_written", Int, "SMB2: bytes that WRITE took";
        CALLED_NAME = "session.detail.called_name", Text, "NetBIOS: called name";
        CALLING_NAME = "session.detail.calling_name", Text, "NetBIOS: calling name";
        CERTIFICATE_CHAIN = "session.detail.certificate_chain", Int, "TLS: certificates that the server showed";
        CERTIFICATE_CHAIN_LACKS = "session.detail.certificate_chain_lacks", Text, "TLS: issuer that the server's chain lacks";
        CERTIFICATE_ISSUER = "session.detail.certificate_issuer", Text, "TLS: issuer of the server's certificate";
        CERTIFICATE_NAMES = "session.detail.certificate_names", Text, "TLS: names of the server's certificate";
        CERTIFICATE_SUBJECT = "session.detail.certificate_subject", Text, "TLS: subject of the server's certificate";
        CERTIFICATE_FROM = "session.detail.certificate_valid_from", Text, "TLS: since when the server's certificate is valid";
        CERTIFICATE_UNTIL = "session.detail.certificate_valid_until", Text, "TLS: until when the server's certificate is valid";
        CHANNELS = "session.detail.channels", Text, "SMB3: ids of the sessions that are channels of one";
        CHANNEL_OF = "session.detail.channel_of", Text, "SMB3: SessionId that this connection was bound to";
        CIPHER = "session.detail.cipher", Text, "Cipher agreed";
        CIPHER_TO_CLIENT = "session.detail.cipher_to_client", Text, "SSH: cipher towards the client";
        CLIENT_CERTIFICATE = "session.detail.client_certificate", Text, "TLS: client's certificate, none, or asked for";
        CLIENT_GUID = "session.detail.client_guid", Text, "SMB2: client's GUID";
        CLIENT_VERSION = "session.detail.client_version", Text, "SSH: client's version";
        CLOSE_CODE = "session.detail.close_code", Int, "WebSocket: close code";
        CLOSE_NOTIFY = "session.detail.close_notify", Text, "TLS: close_notify of who closed first";
        CLOSE_REASON = "session.detail.close_reason", Text, "WebSocket: close reason";
        CLOSED_BY = "session.detail.closed_by", Text, "WebSocket: who closed";
        COMPRESSED = "session.detail.compressed", Bool, "Compressed";
        COMPRESSION = "session.detail.compression", Text, "SSH: compression";
        COMPRESSION_TO_CLIENT = "session.detail.compression_to_client", Text, "SSH: compression towards the client";
        CONTINUED_IN = "session.detail.continued_in", Text, "SMB2: ids of sessions that took open files back";
        CONTINUES = "session.detail.continues", Text, "SMB2: ids of sessions whose open files were taken back";
        CREDITS_CHARGED = "session.detail.credits_charged", Int, "SMB2: credits that requests took";
        CREDITS_GRANTED = "session.detail.credits_granted", Int, "SMB2: credits that answers granted";
        CREDITS_LEFT = "session.detail.credits_left", Int, "SMB2: credits that the client holds at the end";
        CREDITS_LEFT_AT_LEAST = "session.detail.credits_left_at_least", Int, "SMB2: credits that the client at least holds at the end";
        DATA_REPRESENTATION = "session.detail.data_representation", Text, "DCE/RPC: order of bytes";
        DECRYPTION = "session.detail.decryption", Text, "TLS: what was decrypted, or why it was not";
        DESTINATION_NAME = "session.detail.destination_name", Text, "NetBIOS: whom a datagram is for";
        DIALECT = "session.detail.dialect", Text, "SMB: dialect";
        DIRECT_HOSTING = "session.detail.direct_hosting", Bool, "SMB without NetBIOS";
        DOMAIN = "session.detail.domain", Text, "User's domain";
        EARLY_DATA = "session.detail.early_data", Text, "TLS: early data accepted or rejected";
        ENCRYPTED = "session.detail.encrypted", Bool, "Encrypted";
        EXPORT = "session.detail.export", Text, "NFS: export";
        EXTENSIONS = "session.detail.extensions", Text, "WebSocket: extensions";
        EXTERNAL_PSK = "session.detail.external_psk", Text, "TLS: a key that both were given is offered, or taken";
        FILES_AT_ONCE = "session.detail.files_at_once", Int, "SMB: files open at once, at most";
        FILES_LEFT = "session.detail.files_left", Int, "SMB: files that were never closed";
        FILES_OPENED = "session.detail.files_opened", Int, "SMB: files opened";
        FOUND_BY = "session.detail.found_by", Text, "Which look-up led to it";
        GID = "session.detail.gid", Int, "RPC: group";
        GOAWAY_ERROR = "session.detail.goaway_error", Text, "HTTP/2: error of GOAWAY";
        GOAWAY_LAST_STREAM = "session.detail.goaway_last_stream", Int, "HTTP/2: last stream of GOAWAY";
        GROUP = "session.detail.group", Text, "TLS: group agreed";
        GSS_CONTEXTS = "session.detail.gss_contexts", Int, "RPC: GSS contexts made";
        GSS_CONTEXTS_DESTROYED = "session.detail.gss_contexts_destroyed", Int, "RPC: GSS contexts destroyed";
        GSS_SERVICE = "session.detail.gss_service", Text, "RPC: GSS service";
        GSS_WINDOW = "session.detail.gss_window", Int, "RPC: window of GSS sequence numbers";
        GUEST = "session.detail.guest", Bool, "Logged on as guest";
        HELLO_RETRY_REQUEST = "session.detail.hello_retry_request", Bool, "TLS: the server wanted another hello";
        HIGHEST_SLOT = "session.detail.highest_slot", Int, "NFSv4.1: highest slot used";
        HOST = "session.detail.host", Text, "HTTP: host";
        HOST_KEY = "session.detail.host_key", Text, "SSH: host key algorithm";
        INTERFACE = "session.detail.interface", Text, "DCE/RPC: interface";
        JA3 = "session.detail.ja3", Text, "TLS: JA3 of the client";
        JA3S = "session.detail.ja3s", Text, "TLS: JA3S of the server";
        JA4 = "session.detail.ja4", Text, "TLS: JA4 of the client";
        KEX = "session.detail.kex", Text, "SSH: key exchange";
        MAC = "session.detail.mac", Text, "SSH: message authentication";
        MAC_TO_CLIENT = "session.detail.mac_to_client", Text, "SSH: message authentication towards the client";
        MACHINE_NAME = "session.detail.machine_name", Text, "RPC: caller's machine";
        MAPPINGS = "session.detail.mappings", Text, "Port mapper: mappings";
        MAX_CONCURRENT_STREAMS = "session.detail.max_concurrent_streams", Int, "HTTP/2: streams that the server allows at once";
        MAX_RECV_FRAG = "session.detail.max_recv_frag", Int, "DCE/RPC: largest fragment received";
        MAX_XMIT_FRAG = "session.detail.max_xmit_frag", Int, "DCE/RPC: largest fragment sent";
        MECHANISM = "session.detail.mechanism", Text, "Authentication mechanism";
        MULTIPLEXING = "session.detail.multiplexing", Bool, "DCE/RPC: concurrent multiplexing";
        NAMES = "session.detail.names", Text, "NetBIOS: names and their addresses";
        NATIVE_OS = "session.detail.native_os", Text, "SMB1: server's system";
        NFS_SESSION = "session.detail.nfs_session", Text, "NFSv4.1: session id";
        OFFERED_VERSION = "session.detail.offered_version", Text, "TLS: highest version offered";
        ORIGIN = "session.detail.origin", Text, "WebSocket: origin";
        PATH = "session.detail.path", Text, "WebSocket: path";
        PIPE = "session.detail.pipe", Text, "DCE/RPC: pipe";
        PROGRAM = "session.detail.program", Int, "RPC: program";
        PROGRAM_NAME = "session.detail.program_name", Text, "RPC: program's name";
        REALM = "session.detail.realm", Text, "Kerberos: realm";
        RESUMED = "session.detail.resumed", Bool, "TLS: resumed";
        RESUMPTION_OFFERED = "session.detail.resumption_offered", Text, "TLS: by what the client wants to resume";
        RETARGET = "session.detail.retarget", Text, "NetBIOS: where to call instead";
        SECONDARY_ADDRESS = "session.detail.secondary_address", Text, "DCE/RPC: secondary address";
        SERVER = "session.detail.server", Text, "HTTP: server software";
        SERVER_GUID = "session.detail.server_guid", Text, "SMB2: server's GUID";
        SERVER_TEXT = "session.detail.server_text", Text, "SSH: server's lines before its version";
        SERVER_VERSION = "session.detail.server_version", Text, "SSH: server's version";
        SNI = "session.detail.server_name", Text, "TLS: server name asked for";
        SERVICE = "session.detail.service", Text, "gRPC: service; SMB: service of the Kerberos ticket";
        SERVICES = "session.detail.services", Text, "Kerberos: services that tickets were asked for";
        SESSION_COOKIES = "session.detail.session_cookies", Text, "HTTP: names of session cookies that were set";
        SESSION_IDS = "session.detail.session_ids", Text, "SMB: session ids";
        SESSIONS_LEFT = "session.detail.sessions_left", Int, "SMB2: users still logged on at the end";
        SHARES = "session.detail.shares", Text, "SMB: shares";
        SIGNING = "session.detail.signing", Text, "SMB: signing";
        SLOTS_GRANTED = "session.detail.slots_granted", Int, "NFSv4.1: slots of the session";
        SLOTS_IN_USE = "session.detail.slots_in_use", Int, "NFSv4.1: slots in use at once, at most";
        SLOTS_WANTED = "session.detail.slots_wanted", Int, "NFSv4.1: slots that the server wants used, where these are fewer";
        SOURCE_NAME = "session.detail.source_name", Text, "NetBIOS: who sent a datagram";
        SUBPROTOCOL = "session.detail.subprotocol", Text, "WebSocket: subprotocol";
        SUBPROTOCOLS_OFFERED = "session.detail.subprotocols_offered", Text, "WebSocket: subprotocols offered";
        TRANSFER_SYNTAX = "session.detail.transfer_syntax", Text, "DCE/RPC: transfer syntax";
        TREES_LEFT = "session.detail.trees_left", Int, "SMB2: shares still connected at the end";
        TUNNEL = "session.detail.tunnel", Text, "HTTP: where CONNECT leads";
        UID = "session.detail.uid", Int, "RPC: user";
        UPGRADE = "session.detail.upgrade", Text, "HTTP/2: how it was upgraded to";
        UPGRADE_STATUS = "session.detail.upgrade_status", Text, "WebSocket: status of the upgrade";
        USER = "session.detail.user", Text, "User";
        USER_AGENT = "session.detail.user_agent", Text, "HTTP: client software";
        VERSION = "session.detail.version", Text, "Version";
        WORKSTATION = "session.detail.workstation", Text, "User's workstation";
    }
}

/// A finding.
pub mod finding {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::FINDING;
        /// Finding
        protocol: "finding";
        /// The rule's name.
        RULE = "finding.rule", Text, "Rule";
        /// The word.
        SEVERITY = "finding.severity", Text, "note, warning, error or critical";
        /// For `>`.
        LEVEL = "finding.level", Uint(Dec), "Severity as a number: 1 note, 2 warning, 3 error, 4 critical";
        /// How sure.
        CERTAINTY = "finding.certainty", Text, "certain or likely";
        /// Which question.
        CATEGORY = "finding.category", Text, "establishment, dialogue, resources or authentication";
        /// Where it points.
        SIDE = "finding.side", Text, "Where it points: client, server, network, capture or unknown";
        /// When it became true.
        AT = "finding.at", Time, "When it became true";
        /// The proof.
        FRAME = "finding.frame", Frame, "Frame that proves it";
        /// The part of that frame.
        ROLE = "finding.role", Text, "What that frame is to it";
        /// One line.
        TITLE = "finding.title", Text, "In one line";
        /// In plain words.
        EXPLANATION = "finding.explanation", Text, "In plain words";
        /// What to do.
        ADVICE = "finding.advice", Text, "What to do";
        /// Where it is written.
        REFERENCE = "finding.reference", Text, "Where it is written";
    }
}
