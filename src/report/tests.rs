use super::text::Layout;
use super::{dialogue, json, text};
use crate::analysis::Analysis;
use crate::capture::script::{Script, ScriptFrame};
use crate::capture::{Block, LinkType, MemoryFrame, MemorySource, Source as _};
use crate::diagnosis::rules::bench::http::{answer, ask, to_web, turn};
use crate::diagnosis::rules::bench::outcome;

/// What lets somebody in, and must not be told.
const SECRET: &str = "Zq7rT9";

/// Text, JSON and JSON lines.
fn reports(frames: Vec<ScriptFrame>) -> [String; 3] {
    let outcome = outcome(frames);
    let (mut plain, mut whole, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    text::write(&outcome, &Layout::default(), &mut plain).unwrap();
    json::write(&outcome, &mut whole).unwrap();
    json::write_lines(&outcome, &mut lines).unwrap();
    [plain, whole, lines].map(|bytes| String::from_utf8(bytes).unwrap())
}

/// The dialogues of all sessions of the first conversation.
fn dialogues(frames: Vec<ScriptFrame>) -> String {
    let frames = frames.into_iter().map(|f| MemoryFrame {
        time: f.time,
        link: LinkType::ETHERNET,
        wire_len: f.bytes.len() as u32,
        bytes: f.bytes,
    });
    let mut source = MemorySource::new(frames.collect());
    let mut analysis = Analysis::telling(0);
    let mut block = Block::new();
    while source.fill(&mut block).unwrap() {
        block = analysis.push(block);
    }
    let told = analysis.finish_telling().unwrap();
    let all = 0..told.flow.sessions.len() as u32;
    all.map(|at| dialogue::text(&told, at, &Layout::default()))
        .collect()
}

/// Asks for `target` in vain, as a request, as a WebSocket, and of one that sends the client elsewhere.
fn refused(target: &str) -> Script {
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Version: 13\r\n";
    let get = format!("GET {target}");
    let elsewhere = answer("302 Found", &format!("Location: /login?next={target}\r\n"));
    let referer = format!("Referer: http://web.example{target}\r\nCookie: sid={SECRET}\r\n");
    let script = turn(to_web(), &ask(&get, ""), &answer("401 Unauthorized", ""));
    let script = turn(script, &ask(&get, &referer), &elsewhere);
    let script = turn(
        script,
        &ask(&get, ""),
        &answer("500 Internal Server Error", ""),
    );
    turn(script, &ask(&get, upgrade), &elsewhere).close()
}

#[test]
fn no_output_has_a_secret_of_a_query() {
    for name in ["session_id", "access_token", "sid", "key", "X-Signature"] {
        let target = format!("/app?{name}={SECRET}&page=7");
        let frames = refused(&target).frames();
        let masked = format!("/app?{name}=***&page=7");
        let told = dialogues(frames.clone());
        assert!(told.contains(&masked), "{told}");
        for text in reports(frames).into_iter().chain([told]) {
            assert!(text.contains(&masked), "{text}");
            assert!(!text.contains(SECRET), "{name}: {text}");
        }
    }
    // What is no secret is told.
    let harmless = refused(&format!("/app?page={SECRET}")).frames();
    for text in reports(harmless) {
        assert!(text.contains(SECRET), "{text}");
    }
}
