//! The real window, on a display of its own: it opens a sample and shows it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A display that ends with the test.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Nothing where there is no Xvfb.
    fn start() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1600x1000x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        let read = BufReader::new(server.stdout.take()?).read_line(&mut number);
        if read.is_err() || number.trim().is_empty() {
            let _ = server.kill();
            return None;
        }
        let name = format!(":{}", number.trim());
        Some(Self { server, name })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// How many colours a picture has, and its size.
fn colours(picture: &Path) -> anyhow::Result<(usize, (u32, u32))> {
    let decoder = png::Decoder::new(BufReader::new(File::open(picture)?));
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let info = reader.next_frame(&mut bytes)?;
    let pixels = bytes.chunks(info.color_type.samples());
    let colours: std::collections::HashSet<&[u8]> = pixels.collect();
    Ok((colours.len(), (info.width, info.height)))
}

#[test]
fn the_window_opens_a_sample_and_shows_it() {
    let Some(display) = Display::start() else {
        eprintln!("skipped: no Xvfb here, so no display to open the window on");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/samples/websocket/path-dark.pcap"
    );
    for theme in ["dark", "light"] {
        let picture = folder.path().join(format!("{theme}.png"));
        let output = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .arg("--screenshot")
            .arg(&picture)
            .args(["--theme", theme, sample])
            .env("DISPLAY", &display.name)
            .env_remove("WAYLAND_DISPLAY")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("XDG_DATA_HOME", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let (colours, (width, height)) = colours(&picture).unwrap();
        assert!(width >= 640 && height >= 420, "{width} x {height}");
        assert!(
            colours > 40,
            "{theme}: only {colours} colours, an empty window?"
        );
    }
}
