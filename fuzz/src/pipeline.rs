use std::io::{self, Cursor};
use std::sync::atomic::AtomicBool;

use colloquy::capture::{self, Source};
use colloquy::report::text::Layout;
use colloquy::report::{json, text};
use colloquy::rows::print::JsonPrinter;
use colloquy::rows::{Plan, Row};
use colloquy::runner::{self, Job, Options};

/// A capture file's bytes up to the reports, the rows of all its frames and the talk of its first conversation. The number of
/// threads changes nothing.
pub fn check(input: &[u8]) {
    let Some(one) = report(input, 1) else {
        return;
    };
    // Threads cost more than such a file: now and then.
    if input.iter().fold(0_u8, |sum, byte| sum ^ byte) % 16 == 0 {
        let two = report(input, 2).unwrap_or_default();
        assert_eq!(
            String::from_utf8_lossy(&one),
            String::from_utf8_lossy(&two),
            "two threads"
        );
    }
    rows(input);
    if let Some(mut source) = open(input) {
        let cancel = AtomicBool::new(false);
        drop(runner::dialogue(source.as_mut(), 0, &cancel));
    }
}

fn open(input: &[u8]) -> Option<Box<dyn Source>> {
    capture::from_reader("bytes", Cursor::new(input.to_vec())).ok()
}

fn report(input: &[u8], threads: usize) -> Option<Vec<u8>> {
    let mut source = open(input)?;
    let options = Options {
        threads,
        ..Options::default()
    };
    let outcome = runner::analyse(source.as_mut(), &options);
    let mut reports = Vec::new();
    let written = json::write(&outcome, &mut reports)
        .and_then(|()| json::write_lines(&outcome, &mut reports))
        .and_then(|()| text::write(&outcome, &Layout::default(), &mut reports));
    assert!(written.is_ok(), "memory can be written");
    Some(reports)
}

fn rows(input: &[u8]) {
    let Some(mut source) = open(input) else {
        return;
    };
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    let (plan, keep) = (Plan::everything(), |_: &Row| true);
    let printer = JsonPrinter::default();
    let job = Job {
        plan: &plan,
        keep: &keep,
        printer: &printer,
        most: None,
    };
    let ahead = runner::look_ahead(source.as_mut(), &options, &plan, None).ok();
    let Some(mut source) = open(input) else {
        return;
    };
    drop(runner::write_rows(
        source.as_mut(),
        &options,
        job,
        ahead.map(Into::into),
        &mut io::sink(),
    ));
}
