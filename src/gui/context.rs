//! What a panel gets to draw itself: everything to read, and one way to ask for a change.

use std::cell::RefCell;

use super::command::{Action, Command};
use super::document::Document;
use super::panels::ladder::Telling;
use super::selection::{Pick, Selection};
use super::theme::Theme;

/// The window as a panel sees it while a frame is drawn.
#[derive(Clone, Copy)]
pub(crate) struct Ctx<'a> {
    /// What is open.
    pub(crate) doc: &'a Document,
    /// What is selected.
    pub(crate) selection: &'a Selection,
    /// The messages of the selected conversation.
    pub(crate) telling: &'a Telling,
    /// The colours.
    pub(crate) theme: &'a Theme,
    commands: &'a Queue,
}

/// The commands of one frame.
#[derive(Debug, Default)]
pub(crate) struct Queue(RefCell<Vec<Command>>);

impl Queue {
    /// Adds one.
    pub(crate) fn send(&self, command: Command) {
        self.0.borrow_mut().push(command);
    }

    /// All of them, in their order.
    pub(crate) fn take(&self) -> Vec<Command> {
        self.0.take()
    }
}

impl<'a> Ctx<'a> {
    /// Of this frame.
    pub(crate) const fn new(
        doc: &'a Document,
        selection: &'a Selection,
        telling: &'a Telling,
        theme: &'a Theme,
        commands: &'a Queue,
    ) -> Self {
        Self {
            doc,
            selection,
            telling,
            theme,
            commands,
        }
    }

    /// Asks for something.
    pub(crate) fn send(&self, command: Command) {
        self.commands.send(command);
    }

    /// Selects.
    pub(crate) fn select(&self, pick: Pick) {
        self.send(Command::Select(pick));
    }

    /// Asks for an action.
    pub(crate) fn act(&self, action: Action) {
        self.send(Command::Do(action));
    }
}
