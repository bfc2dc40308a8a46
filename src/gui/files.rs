//! The system's file dialogs, and copying a file: on threads of their own, since both may take long.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::loader::Wake;

/// A dialog that answers sooner than a person can was never shown: there is no portal to show it.
const NEVER_SHOWN: Duration = Duration::from_millis(400);

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Captures to open.
    Open(Vec<PathBuf>),
    /// Where to keep a live capture.
    #[cfg(feature = "live")]
    SaveTo(PathBuf),
    /// It was kept, or why not.
    Saved(Result<PathBuf, String>),
    /// This system shows no dialog: ask for the path.
    NoDialog,
    /// The dialog was closed.
    Nothing,
}

/// Asks the user and copies files.
pub(crate) struct Files {
    sender: Sender<Chosen>,
    receiver: Receiver<Chosen>,
    wake: Wake,
    asking: bool,
}

impl Files {
    /// Asks nothing yet.
    pub(crate) fn new(wake: Wake) -> Self {
        let (sender, receiver) = bounded(4);
        Self {
            sender,
            receiver,
            wake,
            asking: false,
        }
    }

    /// What has come since the last call.
    pub(crate) fn take(&mut self) -> Option<Chosen> {
        let chosen = self.receiver.try_recv().ok()?;
        self.asking &= matches!(chosen, Chosen::Saved(_));
        Some(chosen)
    }

    /// Asks for captures to open.
    pub(crate) fn ask_to_open(&mut self) {
        self.ask(|| {
            let files = rfd::FileDialog::new()
                .set_title("Open captures")
                .add_filter(
                    "Captures",
                    &["pcap", "pcapng", "cap", "gz", "zst", "lz4", "dmp"],
                )
                .add_filter("All files", &["*"])
                .pick_files();
            files.map(Chosen::Open)
        });
    }

    /// Asks where to keep a capture.
    #[cfg(feature = "live")]
    pub(crate) fn ask_where_to_save(&mut self) {
        self.ask(|| {
            let file = rfd::FileDialog::new()
                .set_title("Save the capture")
                .set_file_name("capture.pcapng")
                .save_file();
            file.map(Chosen::SaveTo)
        });
    }

    /// Copies a file.
    pub(crate) fn copy(&self, from: PathBuf, to: PathBuf) {
        self.run("save", move || {
            Chosen::Saved(match std::fs::copy(&from, &to) {
                Ok(_) => Ok(to),
                Err(error) => Err(format!("cannot write {}: {error}", to.display())),
            })
        });
    }

    fn ask(&mut self, dialog: impl FnOnce() -> Option<Chosen> + Send + 'static) {
        if std::mem::replace(&mut self.asking, true) {
            return;
        }
        self.run("file dialog", move || {
            let began = Instant::now();
            dialog().unwrap_or_else(|| {
                if began.elapsed() < NEVER_SHOWN {
                    Chosen::NoDialog
                } else {
                    Chosen::Nothing
                }
            })
        });
    }

    fn run(&self, name: &str, job: impl FnOnce() -> Chosen + Send + 'static) {
        let (sender, wake) = (self.sender.clone(), self.wake.clone());
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _ = sender.send(job());
            wake();
        });
        if started.is_err() {
            let _ = self.sender.try_send(Chosen::NoDialog);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_copy_is_told_and_so_is_its_failure() {
        let folder = tempfile::tempdir().unwrap();
        let from = crate::gui::testing::path("websocket/echo.pcap");
        let to = folder.path().join("kept.pcap");
        let files = Files::new(Arc::new(|| ()));
        files.copy(from.clone(), to.clone());
        assert_eq!(
            files.receiver.recv().unwrap(),
            Chosen::Saved(Ok(to.clone()))
        );
        assert_eq!(std::fs::read(&from).unwrap(), std::fs::read(&to).unwrap());
        files.copy(from, folder.path().join("no/such/folder.pcap"));
        let Chosen::Saved(Err(why)) = files.receiver.recv().unwrap() else {
            panic!("it was written");
        };
        assert!(why.contains("cannot write"), "{why}");
    }
}
