//! A picture of the window, once what it shows is there: for reports, and for the test that opens the window.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use egui::{ColorImage, Context, ViewportCommand};

/// Frames to draw once all is there: sizes settle in the first ones.
const FRAMES: u32 = 8;
/// After this long the picture is taken of whatever is there.
const PATIENCE: Duration = Duration::from_mins(1);

/// What went wrong, for the exit status.
pub(crate) type Outcome = Arc<Mutex<Option<String>>>;

/// A picture that was asked for.
#[derive(Debug)]
pub(crate) struct Picture {
    path: PathBuf,
    ready: u32,
    asked: bool,
    began: Instant,
    outcome: Outcome,
}

impl Picture {
    /// To be saved there.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            ready: 0,
            asked: false,
            began: Instant::now(),
            outcome: Arc::new(Mutex::new(Some(
                "the window was closed before its picture was taken".to_owned(),
            ))),
        }
    }

    /// Where the reason of a failure will stand; nothing when all went well.
    pub(crate) fn outcome(&self) -> Outcome {
        Arc::clone(&self.outcome)
    }

    /// A frame was drawn; `settled`: with all that there is to show.
    pub(crate) fn drawn(&mut self, ctx: &Context, settled: bool) {
        if self.asked {
            return;
        }
        self.ready = if settled { self.ready + 1 } else { 0 };
        if self.ready < FRAMES && self.began.elapsed() < PATIENCE {
            ctx.request_repaint_after(Duration::from_millis(20));
            return;
        }
        self.asked = true;
        let (path, outcome, wake) = (self.path.clone(), self.outcome(), ctx.clone());
        ctx.request_screenshot(move |image| {
            let failed = save(&image, &path).err();
            if let Ok(mut outcome) = outcome.lock() {
                *outcome = failed.map(|why| format!("cannot write {}: {why}", path.display()));
            }
            wake.send_viewport_cmd(ViewportCommand::Close);
            wake.request_repaint();
        });
    }
}

/// Writes it as PNG.
fn save(image: &ColorImage, path: &Path) -> Result<(), String> {
    let file = File::create(path).map_err(|e| e.to_string())?;
    let [width, height] = image.size;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let bytes: Vec<u8> = image
        .pixels
        .iter()
        .flat_map(|p| [p.r(), p.g(), p.b()])
        .collect();
    let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
    writer.write_image_data(&bytes).map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())
}
