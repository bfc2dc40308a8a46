//! The interfaces of this machine, and opening one with libpcap.

use std::net::IpAddr;

use pcap::{Active, Capture, Device, Precision};

use super::super::{CaptureError, LinkType};
use super::LiveOptions;

/// How long the kernel may keep a frame to itself, milliseconds. Short instead of libpcap's immediate mode, whose ring has one
/// slot of the largest size for each frame: 256 frames in 16 MiB.
const KERNEL_DELAY_MS: i32 = 20;
/// The pseudo interface of Linux for all interfaces at once; it cannot be promiscuous.
const ANY: &str = "any";

/// An interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceDescription {
    /// Its name, such as `eth0`.
    pub name: String,
    /// What libpcap says of it.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// True when it is up.
    pub up: bool,
    /// True for a loopback interface.
    pub loopback: bool,
    /// True when it has a carrier.
    pub running: bool,
    /// True for a wireless interface.
    pub wireless: bool,
}

impl From<Device> for InterfaceDescription {
    fn from(device: Device) -> Self {
        Self {
            up: device.flags.is_up(),
            loopback: device.flags.is_loopback(),
            running: device.flags.is_running(),
            wireless: device.flags.is_wireless(),
            addresses: device
                .addresses
                .iter()
                .map(|address| address.addr)
                .collect(),
            name: device.name,
            description: device.desc,
        }
    }
}

/// What can be captured on, in libpcap's order: the likeliest first. Whether one has the right to is told by [`probe`].
///
/// # Errors
/// [`CaptureError::Live`] when libpcap cannot list them.
pub fn interfaces() -> Result<Vec<InterfaceDescription>, CaptureError> {
    let devices = Device::list().map_err(|error| CaptureError::Live {
        interface: "all interfaces".to_owned(),
        reason: reason(&error),
    })?;
    Ok(devices
        .into_iter()
        .map(InterfaceDescription::from)
        .collect())
}

/// Opens an interface and closes it again: its link type, or why it cannot be captured on.
///
/// # Errors
/// [`CaptureError::NoRights`], [`CaptureError::NoInterface`] and [`CaptureError::Live`].
pub fn probe(interface: &str) -> Result<LinkType, CaptureError> {
    let options = LiveOptions {
        promiscuous: false,
        ..LiveOptions::new(interface)
    };
    let capture = activate(&options)?;
    Ok(link_of(&capture))
}

/// Opens the interface; without promiscuous mode where it has none.
pub(super) fn activate(options: &LiveOptions) -> Result<Capture<Active>, CaptureError> {
    let interface = options.interface.as_str();
    let promiscuous = options.promiscuous && interface != ANY;
    let mut opened = try_activate(options, promiscuous);
    if promiscuous
        && opened
            .as_ref()
            .is_err_and(|error| !is_rights(&reason(error)))
    {
        opened = try_activate(options, false);
    }
    opened.map_err(|error| explain(interface, reason(&error)))
}

fn try_activate(options: &LiveOptions, promiscuous: bool) -> Result<Capture<Active>, pcap::Error> {
    Capture::from_device(options.interface.as_str())?
        .promisc(promiscuous)
        .snaplen(i32::try_from(options.snap_len).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(options.buffer_bytes).unwrap_or(i32::MAX))
        .timeout(KERNEL_DELAY_MS)
        .precision(Precision::Nano)
        .open()
}

pub(super) fn link_of(capture: &Capture<Active>) -> LinkType {
    LinkType::from_file(capture.get_datalink().0 as u16)
}

/// What libpcap says, on one line.
pub(super) fn reason(error: &pcap::Error) -> String {
    let text = match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_rights(reason: &str) -> bool {
    reason.contains("permission") || reason.contains("not permitted")
}

/// Tells a missing right from a missing interface from the rest.
fn explain(interface: &str, reason: String) -> CaptureError {
    let interface = interface.to_owned();
    let present: Vec<String> = interfaces()
        .unwrap_or_default()
        .into_iter()
        .map(|known| known.name)
        .collect();
    if !present.is_empty() && !present.contains(&interface) {
        CaptureError::NoInterface {
            interface,
            present: present.join(", "),
        }
    } else if is_rights(&reason) {
        CaptureError::NoRights { interface, reason }
    } else {
        CaptureError::Live { interface, reason }
    }
}

/// Whether libpcap can read a capture filter for frames of that link type. No interface is opened.
///
/// # Errors
/// libpcap's message.
pub fn check_filter(link: LinkType, filter: &str) -> Result<(), String> {
    if filter.trim().is_empty() {
        return Ok(());
    }
    // libpcap's own number for bare IP differs from that in files.
    let number = if link == LinkType::RAW { 12 } else { link.0 };
    let compiled = Capture::dead(pcap::Linktype(i32::from(number)))
        .and_then(|capture| capture.compile(filter, true));
    compiled.map(|_| ()).map_err(|error| reason(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_without_an_interface() {
        for link in [LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::RAW] {
            assert_eq!(check_filter(link, "tcp port 445 and host 10.0.0.1"), Ok(()));
            assert_eq!(check_filter(link, "  "), Ok(()));
        }
        let why = check_filter(LinkType::ETHERNET, "tcp prot 445").unwrap_err();
        assert!(!why.is_empty() && !why.contains('\n'), "{why}");
    }
}
