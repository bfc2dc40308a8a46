//! A live capture on a thread of its own: about twice a second the window gets all as it stands.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use colloquy::capture::live::{self, InterfaceDescription, Live, LiveOptions};
use colloquy::capture::{Block, LinkType};
use colloquy::dissectors::units::Timestamp;
use colloquy::watch::Watch;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::document::{Document, Extent};
use super::keys;
use super::loader::Wake;

/// Between two snapshots, at least; a snapshot that costs much comes less often.
const PAUSE: Duration = Duration::from_millis(500);
/// Frames that a process left are removed after this time.
const FORGOTTEN: Duration = Duration::from_hours(24);
/// How long the window waits for the capture to end when it is closed.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most of the time that snapshots may take: one part of so many.
const SHARE: u32 = 5;

const LIVE_FILE: &str = "live.pcapng";

/// What the thread hands over.
#[derive(Debug)]
pub(crate) enum Recorded {
    /// All as it stands.
    Snapshot(Arc<Document>),
    /// The end, with what went wrong.
    Ended(Option<Arc<Document>>, Option<String>),
}

#[derive(Debug, Default)]
struct Counts {
    frames: AtomicU64,
    bytes: AtomicU64,
    dropped: AtomicU64,
}

/// The file in which the frames of a capture are kept; it goes with the last who needs it.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    file: PathBuf,
}

impl Kept {
    /// A file in a new folder that only this user can read.
    fn create() -> std::io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        clear_what_was_left();
        let nanos = now().nanos();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("colloquy-{}-{nanos}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let file = folder.join(LIVE_FILE);
        Ok(Self { folder, file })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }
}

/// Removes what a process kept that has ended otherwise than by closing its window.
fn clear_what_was_left() {
    if !Path::new("/proc/self").exists() {
        return;
    }
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|n| n.strip_prefix("colloquy-"))
            .and_then(|n| n.split('-').next())
            .and_then(|n| n.parse::<u32>().ok());
        let gone = process.is_some_and(|p| !Path::new(&format!("/proc/{p}")).exists());
        let folder = entry.path();
        // Another container's process is not seen here: what was written of late is left alone.
        let old = || {
            let written =
                std::fs::symlink_metadata(folder.join(LIVE_FILE)).and_then(|m| m.modified());
            written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > FORGOTTEN))
        };
        if gone && entry.file_type().is_ok_and(|t| t.is_dir()) && old() {
            // Only this file is ever in it; a folder of somebody else is not ours to remove, and stays.
            let _ = std::fs::remove_file(folder.join(LIVE_FILE));
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// A capture that runs.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// The interface.
    pub(crate) interface: String,
    /// The frames so far.
    pub(crate) kept: Arc<Kept>,
    counts: Arc<Counts>,
    stop: Arc<AtomicBool>,
    results: Receiver<Recorded>,
}

impl Recorder {
    /// Begins to capture.
    ///
    /// # Errors
    /// Where there is no room for the frames, or no thread.
    pub(crate) fn start(mut options: LiveOptions, wake: Wake) -> std::io::Result<Self> {
        let kept = Arc::new(Kept::create()?);
        options.write_to = Some(kept.path().to_owned());
        let (sender, results) = bounded(2);
        let recorder = Self {
            interface: options.interface.clone(),
            kept: Arc::clone(&kept),
            counts: Arc::default(),
            stop: Arc::default(),
            results,
        };
        let job = Job {
            options,
            kept,
            counts: Arc::clone(&recorder.counts),
            stop: Arc::clone(&recorder.stop),
            sender,
            wake,
        };
        thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || job.run())?;
        Ok(recorder)
    }

    /// Asks to stop; the last snapshot comes as [`Recorded::Ended`].
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Stops and waits for the end, a moment at most: so that the kept frames go with the window.
    pub(crate) fn end(self) {
        self.stop();
        let until = Instant::now() + PATIENCE;
        while let Ok(recorded) = self.results.recv_deadline(until) {
            if matches!(recorded, Recorded::Ended(..)) {
                return;
            }
        }
    }

    /// It was asked to stop.
    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Frames, bytes and dropped frames so far.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let counts = &self.counts;
        (of(&counts.frames), of(&counts.bytes), of(&counts.dropped))
    }

    /// What has come since the last call.
    pub(crate) fn take(&self) -> Option<Recorded> {
        self.results.try_recv().ok()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Job {
    options: LiveOptions,
    kept: Arc<Kept>,
    counts: Arc<Counts>,
    stop: Arc<AtomicBool>,
    sender: Sender<Recorded>,
    wake: Wake,
}

impl Job {
    fn run(self) {
        let ended = match Live::open(&self.options) {
            Ok(live) => self.record(live),
            Err(error) => Recorded::Ended(None, Some(error.to_string())),
        };
        // Nobody is there any more once the window is closed.
        let _ = self.sender.send(ended);
        (self.wake)();
    }

    fn record(&self, live: Live) -> Recorded {
        let mut watch = Watch::new();
        let mut block = Block::new();
        let (mut looked, mut pause) = (Instant::now(), PAUSE);
        let handle = live.stop_handle();
        let mut live = keys::log().beside_running(Box::new(live));
        let error = loop {
            match live.fill(&mut block) {
                Ok(true) => {
                    watch.secrets(live.secrets());
                    block = watch.push(block);
                }
                Ok(false) => break None,
                Err(error) => break Some(error.to_string()),
            }
            self.counts.frames.store(watch.frames(), Ordering::Relaxed);
            self.counts.bytes.store(watch.bytes(), Ordering::Relaxed);
            if self.stop.load(Ordering::Relaxed) {
                handle.store(true, Ordering::Relaxed);
            }
            if looked.elapsed() >= pause {
                let began = Instant::now();
                let summary = live.summary();
                self.counts
                    .dropped
                    .store(summary.dropped.unwrap_or(0), Ordering::Relaxed);
                let now = now();
                let document = Document::running(watch.snapshot(summary, now), now);
                let document = self.keep(document);
                // A window that has not taken the last one yet gets the next.
                let _ = self.sender.try_send(Recorded::Snapshot(document));
                (self.wake)();
                pause = PAUSE.max(began.elapsed() * SHARE);
                looked = Instant::now();
            }
        };
        let outcome = watch.finish(live.summary());
        let document = self.keep(Document::new(outcome, Extent::Whole));
        Recorded::Ended(Some(document), error)
    }

    fn keep(&self, mut document: Document) -> Arc<Document> {
        document.kept_in = Some(self.kept.path().to_owned());
        Arc::new(document)
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// An interface, and why it cannot be captured on where it cannot.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    /// It.
    pub(crate) interface: InterfaceDescription,
    /// Its link type, or why not.
    pub(crate) link: Result<LinkType, String>,
}

/// The interfaces, as they come from a thread that tries each.
pub(crate) type Interfaces = Result<Vec<Probed>, String>;

/// Looks for interfaces.
///
/// # Errors
/// Where the system gives no thread.
pub(crate) fn look_for_interfaces(wake: Wake) -> std::io::Result<Receiver<Interfaces>> {
    let (sender, receiver) = bounded(1);
    thread::Builder::new()
        .name("interfaces".to_owned())
        .spawn(move || {
            let probed = |interface: InterfaceDescription| Probed {
                link: live::probe(&interface.name).map_err(|e| e.to_string()),
                interface,
            };
            let found = live::interfaces()
                .map(|all| all.into_iter().map(probed).collect())
                .map_err(|e| e.to_string());
            let _ = sender.send(found);
            wake();
        })?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_is_told() {
        let recorder =
            Recorder::start(LiveOptions::new("no-such-interface"), Arc::new(|| ())).unwrap();
        let Recorded::Ended(None, Some(why)) = recorder.results.recv().unwrap() else {
            panic!("it began");
        };
        assert!(why.contains("no-such-interface"), "{why}");
    }

    #[test]
    fn a_capture_on_the_loopback_shows_what_is_said_there() {
        if let Err(why) = live::probe("lo") {
            eprintln!("skipped: {why}");
            return;
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut options = LiveOptions::new("lo");
        options.filter = Some(format!("tcp port {port}"));
        let recorder = Recorder::start(options, Arc::new(|| ())).unwrap();
        let began = Instant::now();
        let mut seen = None;
        while seen.is_none() && began.elapsed() < Duration::from_secs(20) {
            // The capture may begin after the first connects.
            drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
            drop(listener.accept().unwrap());
            thread::sleep(Duration::from_millis(50));
            if let Some(Recorded::Snapshot(doc)) = recorder.take() {
                seen = Some(doc).filter(|d| d.outcome.session_count() > 0);
            }
        }
        let doc = seen.expect("a snapshot with a session");
        assert_eq!(doc.extent, Extent::Running);
        let path = recorder.kept.path().to_owned();
        assert_eq!(doc.path_of(0), Some(path.clone()));
        recorder.stop();
        let ended = recorder.results.iter().find_map(|r| match r {
            Recorded::Ended(doc, error) => Some((doc, error)),
            Recorded::Snapshot(_) => None,
        });
        let (last, error) = ended.unwrap();
        assert!(error.is_none(), "{error:?}");
        assert_eq!(last.unwrap().extent, Extent::Whole);
        assert!(path.exists());
        let counted = recorder.counts().0;
        assert!(counted >= 3, "{counted} frames");
        drop(recorder);
        let gone = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(10));
            !path.exists()
        });
        assert!(gone, "the frames of a closed capture are still there");
    }
}
