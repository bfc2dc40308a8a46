//! Clicking through the window without a window.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::app::{App, Page};
use super::command::{Action, Command};
use super::document::{Document, Extent};
use super::panels::findings::data::Item;
use super::panels::sessions::data::{Column, Sort};
use super::panels::timeline::data::Window;
use super::selection::Pick;
use super::settings::Settings;
use super::testing::{path, sample};
use super::theme::Theme;

const SIZE: Vec2 = vec2(1440.0, 900.0);

pub(super) type Shown = Harness<'static, App>;

pub(super) fn empty() -> App {
    App::with(Settings::default(), Arc::new(|| ()))
}

fn builder() -> egui_kittest::HarnessBuilder<App> {
    Harness::builder()
        .with_size(SIZE)
        .with_context_setup(|ctx| Theme::of(true).apply(ctx))
}

pub(super) fn window(app: App) -> Shown {
    let mut shown = builder().build_ui_state(frame, app);
    settle(&mut shown);
    shown
}

fn frame(ui: &mut egui::Ui, app: &mut App) {
    app.drain();
    app.draw(ui);
}

pub(super) fn open(doc: Document) -> Shown {
    let mut app = empty();
    app.show(Arc::new(doc));
    window(app)
}

/// Draws until the threads have delivered.
pub(super) fn settle(shown: &mut Shown) {
    let began = Instant::now();
    shown.run_steps(2);
    while !shown.state().settled() {
        assert!(began.elapsed() < Duration::from_mins(1), "it never settles");
        std::thread::sleep(Duration::from_millis(5));
        shown.step();
    }
    shown.run_steps(3);
}

fn doc(shown: &Shown) -> Arc<Document> {
    Arc::clone(shown.state().doc.as_ref().unwrap())
}

fn item(doc: &Document, rule: &str) -> Item {
    doc.findings
        .items()
        .find(|i| i.key.rule == rule)
        .unwrap()
        .clone()
}

fn is_selected(shown: &Shown, label: &str) -> bool {
    let all = shown.get_all_by_label_contains(label);
    all.into_iter()
        .any(|n| n.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True))
}

#[test]
fn the_worst_finding_is_shown_at_once() {
    let shown = open(sample("smb/logon-failure.pcap"));
    assert!(shown.state().selection.finding().is_some());
    shown.get_by_label("What to do");
    shown.get_by_label("Evidence");
}

#[test]
fn a_click_on_a_finding_explains_it_and_tells_its_session() {
    let mut shown = open(sample("dcerpc/path-dark.pcap"));
    let doc = doc(&shown);
    for rule in ["request-unanswered", "tcp-path-dark"] {
        let item = item(&doc, rule);
        shown
            .get_by_role_and_label(egui::accesskit::Role::Row, &item.title)
            .click();
        settle(&mut shown);
        assert_eq!(shown.state().selection.finding(), Some(&item.key));
        shown.get_by_label(&format!("About the rule {rule}"));
        let first = &item.key.frames[0];
        let proof = format!("frame {}  {}", first.frame, first.role.replace('-', " "));
        shown.get_by_label(&proof);
        let ladder = shown.state().panels.ladder.ladder.as_ref().unwrap();
        assert!(ladder.rows.iter().any(|r| r.proof), "{:?}", ladder.told());
    }
}

#[test]
fn a_click_on_evidence_selects_it_everywhere() {
    let mut shown = open(sample("dcerpc/path-dark.pcap"));
    let item = item(&doc(&shown), "tcp-path-dark");
    shown
        .get_by_role_and_label(egui::accesskit::Role::Row, &item.title)
        .click();
    settle(&mut shown);
    let proof = *item.key.frames.last().unwrap();
    shown
        .get_by_label(&format!(
            "frame {}  {}",
            proof.frame,
            proof.role.replace('-', " ")
        ))
        .click();
    settle(&mut shown);
    let state = shown.state();
    assert_eq!(state.selection.frame(), Some(proof.frame));
    assert_eq!(state.selection.session(), item.key.session);
    let ladder = state.panels.ladder.ladder.as_ref().unwrap();
    let row = &ladder.rows[ladder.row_of(proof.frame).unwrap()];
    assert_eq!(row.frame, proof.frame);
    assert!(
        ladder.time_of(proof.frame).is_some(),
        "the timeline has its place"
    );
    assert!(
        is_selected(&shown, &format!("frame {}", proof.frame)),
        "in the ladder"
    );
    assert!(is_selected(&shown, "session 1 tcp"), "in the table");
    assert!(is_selected(&shown, "lane 1 tcp"), "on the timeline");
}

#[test]
fn a_click_on_a_session_or_a_lane_selects_it() {
    let mut shown = open(sample("dcerpc/pipe-over-netbios.pcapng"));
    shown.get_by_label_contains("session 3 smb2").click();
    settle(&mut shown);
    let key = shown.state().selection.session().unwrap();
    assert_eq!(key.session, 2);
    let messages = shown
        .state()
        .panels
        .ladder
        .ladder
        .as_ref()
        .unwrap()
        .messages;
    assert!(messages > 4, "{messages}");
    shown.get_by_label("lane 4 dcerpc").click();
    settle(&mut shown);
    assert_eq!(shown.state().selection.session().unwrap().session, 3);
    assert!(is_selected(&shown, "session 4 dcerpc"));
}

#[test]
fn a_connection_that_only_carries_shows_what_it_carries() {
    let mut shown = open(sample("dcerpc/pipe-over-netbios.pcapng"));
    shown.get_by_label_contains("session 1 tcp").click();
    settle(&mut shown);
    let ladder = shown.state().panels.ladder.ladder.as_ref().unwrap();
    let texts = ladder.told();
    for part in ["SYN", "nbss", "smb2", "dcerpc"] {
        assert!(texts.iter().any(|t| t.contains(part)), "{part}: {texts:?}");
    }
    assert!(ladder.rows.iter().all(|r| !r.other));
}

#[test]
fn a_click_on_a_message_selects_its_frame() {
    let mut shown = open(sample("oncrpc/replies-reversed.pcap"));
    let with_messages = {
        let doc = doc(&shown);
        let row = doc
            .outcome
            .sessions()
            .find(|r| r.session.requests.answered > 2)
            .unwrap();
        doc.key(row.id).unwrap()
    };
    shown
        .state_mut()
        .selection
        .pick(Pick::Session(with_messages));
    settle(&mut shown);
    let frame = {
        let ladder = shown.state().panels.ladder.ladder.as_ref().unwrap();
        let row = ladder.rows.iter().find(|r| r.answers.is_some()).unwrap();
        (row.frame, super::panels::ladder::data::describe(row))
    };
    shown.get_all_by_label(&frame.1).next().unwrap().click();
    settle(&mut shown);
    assert_eq!(shown.state().selection.frame(), Some(frame.0));
}

#[test]
fn a_heading_sorts_and_sorts_the_other_way_round() {
    let mut shown = open(sample("smb/logon-failure.pcap"));
    assert_eq!(shown.state().panels.sessions.layout.sort, Sort::default());
    for descending in [true, false] {
        shown
            .get_by_role_and_label(egui::accesskit::Role::ColumnHeader, "requests")
            .click();
        settle(&mut shown);
        let sort = Sort {
            column: Column::Requests,
            descending,
        };
        assert_eq!(shown.state().panels.sessions.layout.sort, sort);
    }
}

#[test]
fn typing_filters_the_table_and_the_timeline() {
    let mut shown = open(sample("dcerpc/pipe-over-netbios.pcapng"));
    shown.key_press_modifiers(Modifiers::COMMAND, Key::F);
    shown.run_steps(2);
    shown.get_by_label("Find sessions").type_text("dcerpc");
    settle(&mut shown);
    assert_eq!(shown.state().panels.sessions.order().len(), 1);
    shown.get_by_label("lane 4 dcerpc");
    assert!(shown.query_by_label("lane 3 smb2").is_none());
}

#[test]
fn keys_step_through_sessions_findings_and_messages() {
    let mut shown = open(sample("dcerpc/path-dark.pcap"));
    let before = shown.state().selection.clone();
    shown.key_press(Key::F8);
    settle(&mut shown);
    assert_ne!(shown.state().selection.finding(), before.finding());
    shown.key_press_modifiers(Modifiers::SHIFT, Key::F8);
    settle(&mut shown);
    assert_eq!(shown.state().selection.finding(), before.finding());
    let frame = shown.state().selection.frame();
    shown.key_press(Key::ArrowLeft);
    settle(&mut shown);
    assert!(shown.state().selection.frame() < frame);
    shown.key_press(Key::ArrowRight);
    settle(&mut shown);
    assert_eq!(shown.state().selection.frame(), frame);
    let keys = [1, 2].map(|id| doc(&shown).key(id).unwrap());
    shown.state_mut().selection.pick(Pick::Session(keys[0]));
    for (key, session) in [(Key::ArrowDown, keys[1]), (Key::ArrowUp, keys[0])] {
        shown.key_press(key);
        settle(&mut shown);
        assert_eq!(shown.state().selection.session(), Some(session));
    }
}

#[test]
fn the_palette_runs_a_command() {
    let mut shown = open(sample("websocket/echo.pcap"));
    let modifiers = Modifiers {
        shift: true,
        ..Modifiers::COMMAND
    };
    shown.key_press_modifiers(modifiers, Key::P);
    shown.run_steps(3);
    shown.get_by_label("Command").type_text("dark or");
    shown.run_steps(3);
    shown.key_press(Key::Enter);
    shown.run_steps(3);
    assert!(!shown.state().settings.dark);
    assert!(!shown.state().theme.dark);
    assert!(shown.query_by_label("Command").is_none(), "it is closed");
}

#[test]
fn the_wheel_zooms_the_timeline_where_the_pointer_is() {
    let mut shown = open(sample("dcerpc/path-dark.pcap"));
    let lane = shown.get_by_label("lane 1 tcp").rect();
    shown.hover_at(lane.center());
    shown.run_steps(2);
    shown.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        source: egui::MouseWheelSource::Wheel,
        delta: vec2(0.0, 240.0),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    shown.run_steps(20);
    let whole = Window::whole(&doc(&shown));
    let window = shown.state().panels.timeline.window.unwrap();
    assert!(window.len() < whole.len() * 0.8, "{window:?} of {whole:?}");
    shown.key_press(Key::Home);
    shown.run_steps(3);
    assert_eq!(shown.state().panels.timeline.window, None);
}

#[test]
fn a_path_that_is_no_capture_is_told_and_dismissed() {
    let mut app = empty();
    app.open(vec![path("websocket/echo.toml")]);
    let mut shown = window(app);
    shown.get_by_label_contains("is not a capture file");
    assert_eq!(shown.state().page, Page::Welcome);
    shown.get_by_label("Dismiss").click();
    settle(&mut shown);
    assert!(
        shown
            .query_by_label_contains("is not a capture file")
            .is_none()
    );
}

#[test]
fn the_first_page_opens_a_path_and_remembers_it() {
    let mut shown = window(empty());
    let sample = path("websocket/echo.pcap");
    shown.get_by_label("Path of a capture").focus();
    shown.run_steps(2);
    shown
        .get_by_label("Path of a capture")
        .type_text(&sample.display().to_string());
    shown.run_steps(2);
    shown
        .get_by_role_and_label(egui::accesskit::Role::Button, "Open")
        .click();
    settle(&mut shown);
    assert_eq!(shown.state().page, Page::Main);
    assert_eq!(shown.state().settings.recent, [sample]);
}

#[test]
fn where_there_is_no_file_dialog_a_path_is_asked_for() {
    let mut app = empty();
    app.asking_path = Some(super::chrome::AskPath::new(false));
    let mut shown = window(app);
    let sample = path("websocket/echo.pcap");
    shown
        .get_by_label("Path")
        .type_text(&sample.display().to_string());
    shown.run_steps(2);
    shown.key_press(Key::Enter);
    settle(&mut shown);
    assert_eq!(shown.state().page, Page::Main);
    assert_eq!(shown.state().settings.recent, [sample]);
    assert!(shown.query_by_label("Path").is_none(), "it is closed");
}

#[test]
fn several_captures_are_shown_together() {
    let mut app = empty();
    app.open(vec![
        path("dcerpc/path-dark.pcap"),
        path("smb/logon-failure.pcap"),
    ]);
    let mut shown = window(app);
    let doc = doc(&shown);
    let of_second = doc
        .sessions
        .entries
        .iter()
        .find(|e| e.key.capture == 1)
        .unwrap();
    assert_eq!(
        of_second.cell(Column::Capture, &doc.outcome),
        "logon-failure.pcap"
    );
    let item = item(&doc, "smb-logon-failed");
    assert!(item.place.contains("logon-failure.pcap"), "{}", item.place);
    shown
        .get_by_role_and_label(egui::accesskit::Role::Row, &item.title)
        .click();
    settle(&mut shown);
    let ladder = shown.state().panels.ladder.ladder.as_ref().unwrap();
    assert!(
        ladder.rows.iter().any(|r| r.proof && r.bad),
        "{:?}",
        ladder.told()
    );
}

#[test]
fn a_dropped_file_is_opened() {
    #[derive(Debug)]
    struct Dropped(PathBuf);
    impl egui::DroppedFile for Dropped {
        fn path(&self) -> &std::path::Path {
            &self.0
        }
        fn bytes(&self) -> Result<Vec<u8>, String> {
            Err("is read by path".to_owned())
        }
    }
    let mut shown = window(empty());
    let dropped = Dropped(path("ssh/password-login.pcap"));
    shown.input_mut().dropped_files.push(Arc::new(dropped));
    shown.run_steps(2);
    settle(&mut shown);
    let doc = doc(&shown);
    assert!(
        doc.outcome.captures[0]
            .summary
            .path
            .ends_with("password-login.pcap")
    );
}

/// A sample's frames again and again.
pub(super) fn long_capture(folder: &tempfile::TempDir, bytes: usize) -> PathBuf {
    let once = std::fs::read(path("smb/logon-failure.pcap")).unwrap();
    let (head, frames) = once.split_at(24);
    let mut long = head.to_vec();
    while long.len() < bytes {
        long.extend_from_slice(frames);
    }
    let path = folder.path().join("long.pcap");
    std::fs::write(&path, long).unwrap();
    path
}

#[test]
fn reading_shows_progress_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = empty();
    app.open(vec![long_capture(&folder, 64 << 20)]);
    let mut shown = builder().build_ui_state(frame, app);
    shown.run_steps(2);
    shown.get_by_label_contains("Reading ");
    shown.get_by_label("Stop").click();
    settle(&mut shown);
    let doc = doc(&shown);
    assert_eq!(doc.extent, Extent::Cancelled);
    shown.get_by_label_contains("Reading was stopped");
}

#[test]
fn of_a_hundred_thousand_sessions_only_the_visible_ones_are_drawn() {
    const FLOWS: u32 = 50_000;
    let two = sample("dcerpc/path-dark.pcap");
    let mut outcome = two.outcome.clone();
    let flow = outcome.flows[0].clone();
    assert_eq!(flow.flow.sessions.len(), 2);
    outcome.flows = (0..FLOWS)
        .map(|index| {
            let mut flow = flow.clone();
            flow.flow.index = index;
            flow.first_id = 1 + 2 * index;
            flow
        })
        .collect();
    let mut shown = open(Document::new(outcome, Extent::Whole));
    let doc = doc(&shown);
    assert_eq!(doc.sessions.entries.len(), 100_000);
    let few = 1..80;
    for descending in [true, false] {
        shown.state_mut().panels.sessions.layout.sort = Sort {
            column: Column::Bytes,
            descending,
        };
        shown.run_steps(2);
        assert_eq!(shown.state().panels.sessions.order().len(), 100_000);
        assert!(few.contains(&shown.state().panels.sessions.drawn().len()));
        assert!(few.contains(&shown.state().panels.timeline.drawn().len()));
    }
    let last = *shown.state().panels.sessions.order().last().unwrap();
    let key = doc.sessions.entries[last as usize].key;
    shown
        .state()
        .queue
        .send(Command::Select(Pick::Session(key)));
    settle(&mut shown);
    assert!(shown.state().panels.sessions.drawn().contains(&99_999));
    assert!(shown.state().panels.timeline.drawn().contains(&99_999));
    assert!(few.contains(&shown.state().panels.sessions.drawn().len()));
}

#[test]
fn every_action_can_be_asked_for_at_any_time() {
    let outside = [
        Action::Open,
        Action::Quit,
        Action::SaveCapture,
        Action::LivePage,
        Action::StartOrStop,
    ];
    let actions = Action::ALL.into_iter().filter(|a| !outside.contains(a));
    for (mut shown, opened) in [
        (window(empty()), false),
        (open(sample("smb/logon-failure.pcap")), true),
    ] {
        for action in actions.clone().filter(|a| *a != Action::Close) {
            shown.state().queue.send(Command::Do(action));
            settle(&mut shown);
        }
        shown.state().queue.send(Command::Do(Action::Close));
        settle(&mut shown);
        assert_eq!(shown.state().page, Page::Welcome, "{opened}");
    }
}

#[test]
fn every_sample_can_be_shown() {
    let mut seen = 0;
    // What was on the wire may need any glyph.
    let any = builder().allow_missing_glyphs();
    let mut shown = any.build_ui_state(frame, empty());
    for protocol in std::fs::read_dir(path("")).unwrap().flatten() {
        let Ok(files) = std::fs::read_dir(protocol.path()) else {
            continue;
        };
        let files = files.flatten().map(|f| f.path());
        for file in files.filter(|f| f.extension().is_some_and(|e| e != "toml" && e != "md")) {
            shown.state().queue.send(Command::Open(vec![file.clone()]));
            settle(&mut shown);
            assert_eq!(shown.state().page, Page::Main, "{}", file.display());
            assert!(shown.state().errors.is_empty(), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} samples");
}

#[cfg(feature = "live")]
#[test]
fn an_interface_is_chosen_and_the_filter_is_checked() {
    use super::recorder::Probed;
    use colloquy::capture::LinkType;
    use colloquy::capture::live::InterfaceDescription;

    let interface = |name: &str| InterfaceDescription {
        name: name.to_owned(),
        description: None,
        addresses: Vec::new(),
        up: true,
        loopback: false,
        running: true,
        wireless: false,
    };
    let mut app = empty();
    app.page = Page::Live;
    app.panels.live.found(Ok(vec![
        Probed {
            interface: interface("eth0"),
            link: Ok(LinkType::ETHERNET),
        },
        Probed {
            interface: interface("eth1"),
            link: Err("no right to capture on eth1".to_owned()),
        },
    ]));
    let mut shown = window(app);
    assert_eq!(shown.state().panels.live.chosen.as_deref(), Some("eth0"));
    shown.get_by_label("Capture filter").focus();
    shown.run_steps(2);
    shown
        .get_by_label("Capture filter")
        .type_text("tcp prt 445");
    shown.run_steps(3);
    assert!(shown.state().panels.live.filter.fault().is_some());
    assert_eq!(
        shown.state().panels.live.wanted(),
        None,
        "it cannot be started"
    );
    shown
        .get_by_label_contains("interface eth1: no right to capture")
        .click();
    shown.run_steps(2);
    assert_eq!(shown.state().panels.live.wanted(), None);
    shown.state_mut().panels.live.filter.text = "tcp port 445".to_owned();
    shown.get_by_label("interface eth0").click();
    shown.run_steps(3);
    let wanted = ("eth0".to_owned(), "tcp port 445".to_owned(), true);
    assert_eq!(shown.state().panels.live.wanted(), Some(wanted));
}

#[test]
fn the_panels_look_as_they_did() {
    let renderer = std::panic::catch_unwind(egui_kittest::wgpu::WgpuTestRenderer::new);
    let Ok(renderer) = renderer else {
        eprintln!("skipped: no graphics adapter, not even one in software, to draw pictures with");
        return;
    };
    // Without the texts of rules and their number, which change more often than the window.
    let mut app = empty();
    app.settings.findings = false;
    let doc = Arc::new(sample("dcerpc/path-dark.pcap"));
    app.show(Arc::clone(&doc));
    app.selection.clear();
    app.selection.pick(Pick::Session(doc.key(2).unwrap()));
    let panels = |ui: &mut egui::Ui, app: &mut App| {
        app.drain();
        let doc = Arc::clone(app.doc.as_ref().unwrap());
        super::layout::main_ui(ui, app, &doc);
        app.follow_selection();
    };
    let small = builder().with_size(vec2(1120.0, 640.0));
    let mut shown = small.renderer(renderer).build_ui_state(panels, app);
    settle(&mut shown);
    let options = egui_kittest::SnapshotOptions::new()
        .output_path("tests/snapshots/gui")
        .max_failed_pixels(40_usize);
    shown.snapshot_options("panels-dark", &options);
}
