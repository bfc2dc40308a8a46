//! CREATEs that a server of SMB2 worked on for long: mostly they wait for what another client holds (MS-SMB2 3.3.5.9).

use crate::diagnosis::smb_waits::OpenBreak;
use crate::diagnosis::{Finding, View, seconds};
use crate::session::exchange::Answered;
use crate::session::model::SeenFact;

/// What is known of such a CREATE.
pub(super) struct Pending<'a> {
    fact: &'a SeenFact,
    /// The oplock or lease that it waited for.
    waited_for: Option<&'a OpenBreak>,
}

impl<'a> Pending<'a> {
    /// `None` for anything else.
    pub(super) fn of(view: &View<'a>, answered: &Answered) -> Option<Self> {
        let mut facts = view.session.facts_named("smb.create-pending");
        let fact = facts.find(|fact| fact.request == Some(answered.asked))?;
        let (server, name) = (view.flow.server.address, fact.text("name"));
        let waited_for = view.world.waits.before(server, name, answered.asked);
        Some(Self { fact, waited_for })
    }

    /// It is seen what it waited for.
    pub(super) const fn is_explained(&self) -> bool {
        self.waited_for.is_some()
    }

    /// Adds what it was about, and whom it waited for.
    pub(super) fn tell(&self, finding: Finding) -> Finding {
        let name = match self.fact.text("name") {
            "" => String::new(),
            name => format!(" on {name}"),
        };
        let interim = self.fact.stamp;
        let said = format!(
            "In frame {} the server said that it works on it",
            interim.frame
        );
        let finding = finding.frame(interim, "interim-answer");
        let Some(asked) = self.waited_for else {
            return finding.also(&format!(
                "{said}: so a CREATE{name} waits for another client to give its oplock or lease back, which is seen in a capture at the server."
            ));
        };
        let given = asked.given.map_or_else(
            || "which it never did".to_owned(),
            |given| {
                format!(
                    "which it did in frame {}, {} later",
                    given.frame,
                    seconds(given.time.since(asked.asked.time))
                )
            },
        );
        finding
            .frame(asked.asked, "break")
            .maybe_frame(asked.given, "acknowledgment")
            .also(&format!(
                "{said}. It waited for {}: in frame {} the server asked that client to give its oplock or lease{name} back, {given}.",
                asked.client, asked.asked.frame
            ))
    }
}
