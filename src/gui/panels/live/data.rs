//! The interfaces as rows, and the filter with what is wrong with it.

use colloquy::capture::LinkType;
use colloquy::capture::live;
use serde::Serialize;

use crate::gui::recorder::Probed;

/// An interface.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InterfaceRow {
    /// Its name.
    pub(crate) name: String,
    /// What it is: its description, its link type.
    pub(crate) what: String,
    /// Its addresses.
    pub(crate) addresses: String,
    /// It is up.
    pub(crate) up: bool,
    /// It is the loopback.
    pub(crate) loopback: bool,
    /// Why it cannot be captured on.
    pub(crate) why_not: Option<String>,
    #[serde(skip)]
    pub(crate) link: Option<LinkType>,
}

impl InterfaceRow {
    /// Of an interface that was tried.
    pub(crate) fn of(probed: &Probed) -> Self {
        let interface = &probed.interface;
        let mut what: Vec<String> = interface
            .description
            .clone()
            .into_iter()
            .filter(|d| !d.is_empty())
            .collect();
        if interface.loopback {
            what.push("loopback".to_owned());
        }
        if interface.wireless {
            what.push("wireless".to_owned());
        }
        if let Ok(link) = &probed.link {
            what.push(link.name().into_owned());
        }
        let addresses: Vec<String> = interface
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect();
        Self {
            name: interface.name.clone(),
            what: what.join(", "),
            addresses: addresses.join("  "),
            up: interface.up,
            loopback: interface.loopback,
            why_not: probed.link.as_ref().err().cloned(),
            link: probed.link.as_ref().ok().copied(),
        }
    }
}

/// A capture filter that is checked as it is typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// As it was typed.
    pub(crate) text: String,
    checked: Option<(String, LinkType)>,
    fault: Option<String>,
}

impl Filter {
    /// Has libpcap read it, where it has changed.
    pub(crate) fn check(&mut self, link: LinkType) {
        let wanted = Some((self.text.clone(), link));
        if self.checked != wanted {
            self.fault = live::check_filter(link, &self.text).err();
            self.checked = wanted;
        }
    }

    /// What is wrong with it.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colloquy::capture::live::InterfaceDescription;

    #[test]
    fn a_filter_is_checked_when_it_changes() {
        let mut filter = Filter::default();
        filter.check(LinkType::ETHERNET);
        assert_eq!(filter.fault(), None);
        filter.text = "tcp port".to_owned();
        filter.check(LinkType::ETHERNET);
        assert!(filter.fault().is_some());
        filter.text = "tcp port 445".to_owned();
        filter.check(LinkType::ETHERNET);
        assert_eq!(filter.fault(), None);
    }

    #[test]
    fn an_interface_says_why_not() {
        let interface = InterfaceDescription {
            name: "eth0".to_owned(),
            description: Some("uplink".to_owned()),
            addresses: Vec::new(),
            up: true,
            loopback: false,
            running: true,
            wireless: false,
        };
        let link = Err("no right to capture on eth0".to_owned());
        let row = InterfaceRow::of(&Probed { interface, link });
        assert_eq!(row.what, "uplink");
        assert!(row.why_not.unwrap().contains("no right"));
    }
}
