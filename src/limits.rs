//! Every bound of the engine, with its unit. A bound that is hit is counted and shown.

/// Bytes kept out of order for one side of one TCP connection, waiting for a hole to be filled: the largest receive window
/// that Linux gives by itself (tcp_rmem), so that a loss which TCP mends costs nothing.
pub const OUT_OF_ORDER_BYTES: usize = 6 * 1024 * 1024;
/// Segments kept out of order for one side.
pub const OUT_OF_ORDER_SEGMENTS: usize = 6 * 1024;
/// Frames of the conversation that may pass before bytes that the receiver acknowledged, yet never were
/// captured, count as missing (a capture may show an acknowledgement before the data).
pub const FRAMES_UNTIL_MISSING: u32 = 8;
/// The same in time: nanoseconds.
pub const NANOS_UNTIL_MISSING: i64 = 200_000_000;
/// Nanoseconds that a hole waits when the receiver's acknowledgements were not captured.
pub const NANOS_UNTIL_MISSING_ONE_SIDED: i64 = 3_000_000_000;
/// Nanoseconds after its end for which a connection still belongs to what was said before.
pub const LINGER_NANOS: i64 = 5_000_000_000;

/// Requests that wait for an answer at once in one session; older ones are counted and let go.
pub const OPEN_EXCHANGES: usize = 1024;
/// Answered ids remembered to tell a duplicate answer from an orphan.
pub const ANSWERED_IDS: usize = 64;
/// Of those, remembered by a session that rests.
pub const RESTING_ANSWERED_IDS: usize = 8;
/// Answered requests over datagrams remembered to know a repetition.
pub const RECENT_REQUESTS: usize = 8;
/// Nanoseconds after the answer within which the same request under the same id is a repetition of it.
pub const NANOS_OF_REPEATING: i64 = 60_000_000_000;
/// Nanoseconds of silence after which a conversation rests: it keeps less until it is heard again.
pub const REST_NANOS: i64 = 30_000_000_000;
/// Blocks after which a shard looks for conversations that rest.
pub const BLOCKS_UNTIL_REST: u32 = 32;
/// Answers that came before their request in the capture's order, kept to be paired with it.
pub const EARLY_REPLIES: usize = 32;
/// Facts kept for one session; more are counted.
pub const FACTS: usize = 256;
/// Kinds of failure (operation and status) kept for one session; more are counted.
pub const FAILURES: usize = 64;
/// Examples of one kind of notable event (orphans, repeats, incomplete messages) kept for one session.
pub const EXAMPLES: usize = 32;
/// Slow answers kept for one session, the slowest.
pub const SLOW_ANSWERS: usize = 8;
/// Entries in a session's details; values of a list.
pub const DETAILS: usize = 64;
/// Characters of one text in a session's details.
pub const DETAIL_CHARS: usize = 512;
/// Phase changes kept for one session.
pub const PHASES: usize = 32;
/// Sessions within one connection.
pub const SESSIONS_IN_FLOW: usize = 4096;
/// Operations whose times are told apart in one session.
pub const OPERATIONS: usize = 128;
/// Response times of one operation kept exactly before they become a histogram.
pub const EXACT_TIMES: usize = 64;
/// Rows of the tables of response times (an operation of a server): those of further servers are added up. A row takes
/// some 300 bytes, 15 kB where it has thousands of different times.
pub const TABLE_ROWS: usize = 4096;
/// Findings kept of one rule in one session.
pub const FINDINGS_A_RULE: usize = 16;

/// Bytes of IP fragments waiting for their datagram.
pub const FRAGMENT_BYTES: usize = 16 * 1024 * 1024;
/// IP datagrams waiting for fragments.
pub const FRAGMENT_DATAGRAMS: usize = 4096;

/// Session cookies whose life is followed over connections (about 150 bytes each).
pub const COOKIES: usize = 16_384;
/// Credentials refused at a place, and credentials sent without encryption, that are counted over connections.
pub const REFUSED_CREDENTIALS: usize = 4096;
/// Answers 502 and 504, and requests of HTTP that were given up, that are kept to join the two ends of a gateway, each.
pub const GATEWAY_HOPS: usize = 4096;

/// Fragmented datagrams that never became whole, kept for the report.
pub const LOST_DATAGRAMS: usize = 4096;

/// Messages that the dialogue of one session shows.
pub const DIALOGUE_MESSAGES: usize = 200_000;
/// Bytes that the dialogue of one session shows.
pub const DIALOGUE_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of one conversation's frames that are kept to take them apart again and again.
pub const EXCERPT_BYTES: usize = 64 * 1024 * 1024;
/// Frames that may pass before a row stops waiting for bytes before its own (about 100 MB of rows at worst).
pub const ROWS_WAITING: u64 = 65_536;
/// Bytes of the longest message that filters find bytes in, as much as dissectors keep of one for its fields.
pub const MESSAGE_BYTES: usize = 1 << 20;
/// Messages of one side that may be on their way at once, for the fields of frames.
pub const PENDING_MESSAGES: usize = 65_536;
/// Requests that may come while an answer waits for bytes before it.
pub const ANSWERS: usize = 1024;
/// Requests of one conversation that are remembered for the frames of their replies.
pub const PAIRS: usize = 65_536;

/// Bytes of a filter expression.
pub const FILTER_BYTES: usize = 64 * 1024;
/// Levels of parentheses, negations and calculations within each other in a filter.
pub const FILTER_DEPTH: usize = 128;
/// Bytes that a filter's compiled regular expression may take.
pub const FILTER_REGEX_BYTES: usize = 4 * 1024 * 1024;
/// Segments of one side of a connection that wait for their acknowledgement in the TCP analysis, as many as Wireshark keeps.
pub const UNACKED_SEGMENTS: usize = 10_000;
/// Names (of trees, files, sessions) that messages of one conversation say and others show.
pub const NAMES: usize = 16_384;
