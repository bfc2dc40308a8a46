//! Link headers.

/// Ethernet.
pub mod eth {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::ETH;
        /// Ethernet
        protocol: "eth";
        /// Destination.
        DST = "eth.dst", Ether, "Destination";
        /// Source.
        SRC = "eth.src", Ether, "Source";
        /// Both.
        ADDR = "eth.addr", Ether, "Address";
        /// What it carries.
        TYPE = "eth.type", Uint(Hex(4)), "Type";
        /// In place of the type: bytes that follow (IEEE 802.3 3.2.6).
        LEN = "eth.len", Uint(Dec), "Length";
    }
}

/// Linux cooked capture.
pub mod sll {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::LINK;
        /// Linux cooked-mode capture
        protocol: "sll";
        /// To whom it was sent.
        PKTTYPE = "sll.pkttype", Uint(Dec), "Packet type";
        /// ARPHRD number of the device.
        HATYPE = "sll.hatype", Uint(Dec), "Link-layer address type";
        /// Bytes of the address.
        HALEN = "sll.halen", Uint(Dec), "Link-layer address length";
        /// The sender's address, of Ethernet.
        SRC_ETH = "sll.src.eth", Ether, "Source";
        /// What it carries.
        ETYPE = "sll.etype", Uint(Hex(4)), "Protocol";
        /// The interface, in version 2.
        IFINDEX = "sll.ifindex", Uint(Dec), "Interface index";
    }
}

/// 802.1Q.
pub mod vlan {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::VLAN;
        /// 802.1Q Virtual LAN
        protocol: "vlan";
        /// Priority code point.
        PRIORITY = "vlan.priority", Uint(Dec), "Priority";
        /// Drop eligible indicator.
        DEI = "vlan.dei", Bool, "DEI";
        /// The VLAN.
        ID = "vlan.id", Uint(Dec), "ID";
        /// What it carries.
        ETYPE = "vlan.etype", Uint(Hex(4)), "Type";
        /// In place of the type: bytes that follow.
        LEN = "vlan.len", Uint(Dec), "Length";
    }
}

/// ARP.
pub mod arp {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::ARP;
        /// Address Resolution Protocol
        protocol: "arp";
        /// Kind of hardware address.
        HW_TYPE = "arp.hw.type", Uint(Dec), "Hardware type";
        /// Kind of protocol address: an Ethernet type.
        PROTO_TYPE = "arp.proto.type", Uint(Hex(4)), "Protocol type";
        /// Bytes of a hardware address.
        HW_SIZE = "arp.hw.size", Uint(Dec), "Hardware size";
        /// Bytes of a protocol address.
        PROTO_SIZE = "arp.proto.size", Uint(Dec), "Protocol size";
        /// Request, reply, … (RFC 826).
        OPCODE = "arp.opcode", Uint(Dec), "Opcode";
        /// The sender announces itself (RFC 5227).
        IS_GRATUITOUS = "arp.isgratuitous", Bool, "Is gratuitous";
        /// Sender's hardware address.
        SRC_HW_MAC = "arp.src.hw_mac", Ether, "Sender MAC address";
        /// Sender's IPv4 address.
        SRC_PROTO_IPV4 = "arp.src.proto_ipv4", Ipv4, "Sender IP address";
        /// Target's hardware address.
        DST_HW_MAC = "arp.dst.hw_mac", Ether, "Target MAC address";
        /// Target's IPv4 address.
        DST_PROTO_IPV4 = "arp.dst.proto_ipv4", Ipv4, "Target IP address";
    }
}
