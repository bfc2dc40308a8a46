//! Link types: what the bytes of a frame begin with (<https://www.tcpdump.org/linktypes.html>).

use std::borrow::Cow;
use std::fmt;

use super::limits::{PACKET_BYTES, PACKET_BYTES_HARD};

/// A LINKTYPE_ number. Unknown ones are values, too.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

macro_rules! link_types {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl LinkType {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            fn known(self) -> Option<&'static str> {
                match self.0 { $($value => Some($text),)* _ => None }
            }
        }
    };
}

link_types! {
    /// BSD loopback: the address family in the byte order of the machine that captured.
    NULL = 0, "null";
    /// Ethernet II and IEEE 802.3.
    ETHERNET = 1, "ethernet";
    /// IEEE 802.5.
    TOKEN_RING = 6, "token-ring";
    /// ARCNET.
    ARCNET = 7, "arcnet";
    /// SLIP with a direction header.
    SLIP = 8, "slip";
    /// PPP, perhaps with HDLC-like framing.
    PPP = 9, "ppp";
    /// FDDI.
    FDDI = 10, "fddi";
    /// PPP in HDLC-like framing, RFC 1662.
    PPP_HDLC = 50, "ppp-hdlc";
    /// PPPoE sessions, RFC 2516.
    PPP_ETHER = 51, "ppp-ether";
    /// RFC 1483 multiplexed ATM.
    ATM_RFC1483 = 100, "atm-rfc1483";
    /// IPv4 or IPv6 without anything before it.
    RAW = 101, "raw";
    /// Cisco HDLC.
    C_HDLC = 104, "c-hdlc";
    /// IEEE 802.11 without a radio header.
    IEEE802_11 = 105, "ieee802-11";
    /// Frame Relay.
    FRELAY = 107, "frelay";
    /// OpenBSD loopback: the address family in network byte order.
    LOOP = 108, "loop";
    /// Linux cooked capture, version 1.
    LINUX_SLL = 113, "linux-sll";
    /// OpenBSD packet filter log.
    PFLOG = 117, "pflog";
    /// IEEE 802.11 after a Prism header.
    IEEE802_11_PRISM = 119, "ieee802-11-prism";
    /// IP over Fibre Channel.
    IP_OVER_FC = 122, "ip-over-fc";
    /// IEEE 802.11 after a radiotap header.
    IEEE802_11_RADIOTAP = 127, "ieee802-11-radiotap";
    /// IEEE 802.11 after an AVS header.
    IEEE802_11_AVS = 163, "ieee802-11-avs";
    /// PPP after a byte of direction.
    PPP_WITH_DIR = 166, "ppp-with-dir";
    /// Bluetooth HCI UART.
    BLUETOOTH_HCI_H4 = 187, "bluetooth-hci-h4";
    /// Linux USB with a 48-byte header.
    USB_LINUX = 189, "usb-linux";
    /// IEEE 802.11 after a Per-Packet Information header.
    PPI = 192, "ppi";
    /// IEEE 802.15.4 with its checksum.
    IEEE802_15_4 = 195, "ieee802-15-4";
    /// Endace ERF records.
    ERF = 197, "erf";
    /// Bluetooth HCI UART after four bytes of direction.
    BLUETOOTH_HCI_H4_WITH_PHDR = 201, "bluetooth-hci-h4-with-phdr";
    /// Linux USB with a 64-byte header.
    USB_LINUX_MMAPPED = 220, "usb-linux-mmapped";
    /// IPv4 without anything before it.
    IPV4 = 228, "ipv4";
    /// IPv6 without anything before it.
    IPV6 = 229, "ipv6";
    /// D-Bus messages.
    DBUS = 231, "dbus";
    /// Linux netfilter log.
    NFLOG = 239, "nflog";
    /// Ethernet after a NetAnalyzer header.
    NETANALYZER = 240, "netanalyzer";
    /// IP over Infiniband.
    IPOIB = 242, "ipoib";
    /// USBPcap.
    USBPCAP = 249, "usbpcap";
    /// Bluetooth of the Linux monitor.
    BLUETOOTH_LINUX_MONITOR = 254, "bluetooth-linux-monitor";
    /// Linux netlink.
    NETLINK = 253, "netlink";
    /// Wireshark's exported protocol data units.
    WIRESHARK_UPPER_PDU = 252, "wireshark-upper-pdu";
    /// Apple's per-packet tap header.
    PKTAP = 258, "pktap";
    /// EPON frames.
    EPON = 259, "epon";
    /// Linux vSockets.
    VSOCK = 271, "vsock";
    /// Linux cooked capture, version 2.
    LINUX_SLL2 = 276, "linux-sll2";
    /// Elektrobit's high-speed capture boxes.
    EBHSCR = 279, "ebhscr";
    /// Not a frame of any network: a custom, journal or system call block of pcapng, which has a frame number all the same.
    NOT_A_PACKET = 0xffff, "not-a-packet";
}

impl LinkType {
    /// The link type of a file header's number: some systems wrote their own DLT_ number for raw IP.
    pub(super) fn from_file(number: u16) -> Self {
        match number {
            12 | 14 => Self::RAW,
            other => Self(other),
        }
    }

    /// Its name in the style of tcpdump.org, in lower case: `ethernet`, `linux-sll`, `raw`; `linktype-299` where none is known.
    pub fn name(self) -> Cow<'static, str> {
        self.known()
            .map_or_else(|| Cow::Owned(format!("linktype-{}", self.0)), Cow::Borrowed)
    }

    /// Bytes of the pseudo-header that every packet of this link type begins with (tcpdump.org's list of link types), where it has one
    /// that a capture must hold.
    pub(super) const fn least_bytes(self) -> u32 {
        match self.0 {
            // Bluetooth H4 with a direction, Bluetooth Linux Monitor, MTP2 with a pseudo-header, ATM of SunATM.
            201 | 254 | 139 | 123 => 4,
            _ => 0,
        }
    }

    /// The most bytes of a packet that are believed, given the snap length of the file.
    ///
    /// tshark stops at 262144 whatever the snap length; here a file that announces more may hold more.
    pub(super) fn packet_limit(self, snap_len: u32) -> u32 {
        let usual = match self {
            Self::USB_LINUX | Self::USB_LINUX_MMAPPED | Self::USBPCAP | Self::DBUS => 128 << 20,
            Self::EBHSCR => 8 << 20,
            _ => PACKET_BYTES,
        };
        if snap_len <= PACKET_BYTES_HARD {
            usual.max(snap_len)
        } else {
            usual
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkType({}: {})", self.0, self.name())
    }
}
