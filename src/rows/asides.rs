//! What is added to a message's text in the info column.

use colloquy_dissectors::field::{INFO_COLUMN, Value, Values};
use colloquy_dissectors::units::FrameNo;

/// Says of a message that only its beginning was captured.
pub(super) fn note_cut(values: &mut Values) {
    let noted = match values.of(INFO_COLUMN).last() {
        Some(Value::Text(info)) => format!("{info}[Packet size limited during capture]"),
        _ => return,
    };
    values.set_text(INFO_COLUMN, &noted);
}

/// Names the frame of the call in the reply's info text, where one is asked for.
pub(super) fn name_call(values: &mut Values, word: &str, frame: FrameNo) {
    let named = match values.of(INFO_COLUMN).last() {
        Some(Value::Text(info)) => info.split_once(word).map(|(before, behind)| {
            let call = format!(" (Call In {frame})");
            [before, word, &call, behind].concat()
        }),
        _ => None,
    };
    if let Some(text) = named {
        values.set_text(INFO_COLUMN, &text);
    }
}
