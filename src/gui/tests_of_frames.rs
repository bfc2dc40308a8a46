//! Clicking through the frames without a window.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::command::{Action, Command};
use super::panels::frames::Keys;
use super::selection::Pick;
use super::testing::{path, sample};
use super::tests::{Shown, open, settle};
use super::widgets::filter_bar::Verdict;

const CTRL_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

/// The frames of a sample, in all of the window.
fn frames_of(name: &str) -> Shown {
    let mut shown = open(sample(name));
    shown.state().queue.send(Command::Do(Action::FramesAlone));
    settled(&mut shown);
    shown
}

/// What a thread delivers may ask for more.
fn settled(shown: &mut Shown) {
    settle(shown);
    settle(shown);
}

fn listed(shown: &Shown) -> Vec<u64> {
    let frames = &shown.state().panels.frames;
    (0..frames.len())
        .filter_map(|row| frames.frame(row))
        .collect()
}

fn click_frame(shown: &mut Shown, frame: u64) {
    let label = format!("frame {frame} ");
    let rows: Vec<_> = shown.get_all_by_role(Role::Row).collect();
    let is_it = |n: &egui_kittest::Node<'_>| {
        n.accesskit_node()
            .label()
            .is_some_and(|l| l.starts_with(&label))
    };
    rows.into_iter().find(is_it).unwrap().click();
    settled(shown);
}

fn filter(shown: &mut Shown, text: &str) {
    shown.key_press_modifiers(CTRL_SHIFT, Key::F);
    shown.run_steps(2);
    shown.get_by_label("Display filter").type_text(text);
    shown.run_steps(2);
    shown.key_press(Key::Enter);
    settled(shown);
}

#[test]
fn frames_are_listed_and_taken_apart() {
    let mut shown = open(sample("nbss/request-unanswered.pcap"));
    shown.state().queue.send(Command::Do(Action::ShowFrames));
    settled(&mut shown);
    let frame = shown.state().selection.frame().unwrap();
    let tree = &shown.state().panels.frames.shown().unwrap().tree;
    assert!(
        tree.nodes
            .iter()
            .any(|n| n.name == "frame.number" && n.text.ends_with(&frame.to_string()))
    );
    let of_conversation = shown.state().panels.frames.len();
    assert!(of_conversation > 1);
    let other = shown.state().panels.frames.frame(0).unwrap();
    assert_ne!(other, frame);
    click_frame(&mut shown, other);
    assert_eq!(shown.state().selection.frame(), Some(other));
    shown.state_mut().panels.frames.all = true;
    shown.run_steps(2);
    assert!(shown.state().panels.frames.len() >= of_conversation);
}

#[test]
fn a_filter_is_typed_applied_and_cleared() {
    let mut shown = frames_of("smb/logon-failure.pcap");
    assert_eq!(shown.state().panels.frames.len(), 18);
    filter(&mut shown, "smb2.cmd == 1 and smb2.flags.response == 1");
    assert_eq!(listed(&shown), [15, 17]);
    shown.get_by_label("2 of 18 frames");
    shown.key_press_modifiers(CTRL_SHIFT, Key::F);
    shown.run_steps(2);
    shown.key_press(Key::Escape);
    settled(&mut shown);
    assert_eq!(shown.state().panels.frames.len(), 18);
    assert_eq!(shown.state().panels.frames.filter.text, "");
    // Those of other conversations too.
    filter(&mut shown, "frame.number < 5");
    assert_eq!(listed(&shown), [3, 4]);
    shown.state_mut().panels.frames.all = true;
    settled(&mut shown);
    assert_eq!(listed(&shown), [1, 2, 3, 4]);
    assert_eq!(shown.state().panels.frames.filter.past.len(), 2);
}

#[test]
fn what_is_no_filter_is_told_and_changes_nothing() {
    let mut shown = frames_of("smb/logon-failure.pcap");
    filter(&mut shown, "smb2.cmdd == 1");
    assert_eq!(shown.state().panels.frames.len(), 18);
    let verdict = shown.state().panels.frames.filter.verdict().clone();
    assert!(matches!(verdict, Verdict::Bad(_, at) if at == (0..9)));
    shown.key_press_modifiers(CTRL_SHIFT, Key::F);
    shown.run_steps(3);
    shown.get_by_label_contains("did you mean smb2.cmd?");
}

#[test]
fn names_are_completed_by_tab_and_by_a_click() {
    let mut shown = frames_of("smb/logon-failure.pcap");
    shown.key_press_modifiers(CTRL_SHIFT, Key::F);
    shown.run_steps(2);
    shown
        .get_by_label("Display filter")
        .type_text("tcp.analysis.retransm");
    shown.run_steps(3);
    shown.key_press(Key::Tab);
    shown.run_steps(3);
    let text = |shown: &Shown| shown.state().panels.frames.filter.text.clone();
    assert_eq!(text(&shown), "tcp.analysis.retransmission");
    shown
        .get_by_label("Display filter")
        .type_text(" or smb2.nt_st");
    shown.run_steps(3);
    shown.get_by_label_contains("smb2.nt_status").click();
    shown.run_steps(3);
    assert_eq!(
        text(&shown),
        "tcp.analysis.retransmission or smb2.nt_status"
    );
}

#[test]
fn the_menu_of_a_field_makes_filters_of_it() {
    let mut shown = frames_of("smb/logon-failure.pcap");
    click_frame(&mut shown, 17);
    let menu = |shown: &mut Shown, item: &str| {
        let row = shown.get_all_by_role(Role::Row).find(|n| {
            n.accesskit_node()
                .label()
                .is_some_and(|l| l.starts_with("Command: "))
        });
        row.unwrap().click_secondary();
        shown.run_steps(3);
        shown.get_by_label(item).click();
        settled(shown);
    };
    menu(&mut shown, "smb2.cmd == 1");
    assert_eq!(listed(&shown), [14, 15, 16, 17]);
    assert!(shown.state().panels.frames.all);
    menu(&mut shown, "… and not (smb2.cmd == 1)");
    assert!(listed(&shown).is_empty());
    assert_eq!(
        shown.state().panels.frames.filter.text,
        "smb2.cmd == 1 and not (smb2.cmd == 1)"
    );
}

#[test]
fn the_menu_of_a_session_shows_its_frames() {
    let mut shown = open(sample("smb/logon-failure.pcap"));
    shown
        .get_by_label_contains("session 2 nbss")
        .click_secondary();
    shown.run_steps(3);
    shown.get_by_label("Frames of this session").click();
    settled(&mut shown);
    let state = shown.state();
    assert!(state.settings.frames);
    assert_eq!(state.panels.frames.filter.text, "tcp.stream == 0 and nbss");
    assert!(state.panels.frames.len() > 8, "{:?}", listed(&shown));
    assert_eq!(state.selection.session().unwrap().session, 1);
}

#[test]
fn evidence_is_selected_in_the_list_and_keys_go_on_from_there() {
    let mut shown = open(sample("smb/logon-failure.pcap"));
    shown.state().queue.send(Command::Do(Action::ShowFrames));
    settled(&mut shown);
    shown.get_by_label("frame 17  answer").click();
    settled(&mut shown);
    assert_eq!(shown.state().selection.frame(), Some(17));
    let is_selected = shown.get_all_by_role(Role::Row).any(|n| {
        let node = n.accesskit_node();
        node.label().is_some_and(|l| l.starts_with("frame 17 "))
            && node.toggled() == Some(egui::accesskit::Toggled::True)
    });
    assert!(is_selected);
    // The session's keys, until the list was clicked.
    click_frame(&mut shown, 16);
    assert_eq!(shown.state().panels.frames.keys, Keys::List);
    for (key, modifiers, frame) in [
        (Key::ArrowDown, Modifiers::NONE, 17),
        (Key::ArrowUp, Modifiers::NONE, 16),
        (Key::F3, Modifiers::NONE, 17),
        (Key::F3, Modifiers::SHIFT, 16),
        (Key::ArrowDown, Modifiers::COMMAND, 17),
        (Key::ArrowUp, Modifiers::COMMAND, 16),
    ] {
        shown.key_press_modifiers(modifiers, key);
        settled(&mut shown);
        assert_eq!(shown.state().selection.frame(), Some(frame), "{key:?}");
    }
    let session = shown.state().selection.session();
    shown.key_press_modifiers(Modifiers::COMMAND, Key::G);
    shown.run_steps(3);
    shown.get_by_label("Go to frame").type_text("1");
    shown.run_steps(2);
    shown.key_press(Key::Enter);
    settled(&mut shown);
    assert_eq!(shown.state().selection.frame(), Some(1));
    assert!(shown.state().panels.frames.all, "it is of no conversation");
    assert_eq!(shown.state().selection.session(), session);
}

#[test]
fn a_byte_selects_its_field_and_a_field_its_bytes() {
    let mut shown = frames_of("smb/logon-failure.pcap");
    click_frame(&mut shown, 17);
    let row = shown
        .get_all_by_role(Role::Row)
        .find(|n| {
            n.accesskit_node()
                .label()
                .is_some_and(|l| l.starts_with("NT Status: "))
        })
        .unwrap();
    row.click();
    settled(&mut shown);
    let place = {
        let frames = shown.state().panels.frames.shown().unwrap();
        let node = &frames.tree.nodes[frames.node.unwrap()];
        assert_eq!(node.name, "smb2.nt_status");
        node.place.unwrap()
    };
    let frames = shown.state_mut().panels.frames.shown_mut().unwrap();
    frames.node = None;
    let node = frames.tree.at_byte(place.source, place.at + 1).unwrap();
    frames.pick(node);
    assert_eq!(frames.tree.nodes[node].name, "smb2.nt_status");
    // The next frame shows the same field.
    click_frame(&mut shown, 15);
    let frames = shown.state().panels.frames.shown().unwrap();
    let node = &frames.tree.nodes[frames.node.unwrap()];
    assert_eq!(node.name, "smb2.nt_status");
}

#[test]
fn a_frame_of_another_conversation_selects_that_conversation() {
    let mut app = super::tests::empty();
    app.open(vec![path("oncrpc/replies-reversed.pcap")]);
    let mut shown = super::tests::window(app);
    shown.state_mut().panels.frames.all = true;
    shown.state().queue.send(Command::Do(Action::FramesAlone));
    settled(&mut shown);
    let doc = Arc::clone(shown.state().doc.as_ref().unwrap());
    for flow in &doc.outcome.flows {
        let frame = flow.flow.first.frame;
        let state = shown.state();
        let pick = state.panels.frames.pick(&doc, &state.selection, frame);
        assert!(
            matches!(pick, Pick::Frame(key, f) if f == frame && key.flow == flow.flow.index),
            "{pick:?}"
        );
    }
}

#[test]
fn of_many_frames_only_the_visible_ones_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = super::tests::empty();
    app.open(vec![super::tests::long_capture(&folder, 2 << 20)]);
    let mut shown = super::tests::window(app);
    shown.state_mut().panels.frames.all = true;
    shown.state().queue.send(Command::Do(Action::FramesAlone));
    settled(&mut shown);
    let last = shown.state().panels.frames.len();
    assert!(last > 10_000, "{last}");
    shown
        .state()
        .queue
        .send(Command::Select(Pick::LooseFrame(last as u64)));
    settled(&mut shown);
    let drawn = shown.state().panels.frames.drawn();
    assert!(drawn.contains(&(last - 1)) && drawn.len() < 60, "{drawn:?}");
    filter(&mut shown, "frame.number in {7, 5000..5009}");
    assert_eq!(shown.state().panels.frames.len(), 11);
}
