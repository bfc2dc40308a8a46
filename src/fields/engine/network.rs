//! IP and ICMP.

/// IPv4.
pub mod ip {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::IP;
        /// Internet Protocol Version 4
        protocol: "ip";
        /// 4.
        VERSION = "ip.version", Uint(Dec), "Version";
        /// Bytes of the header.
        HDR_LEN = "ip.hdr_len", Uint(Dec), "Header Length";
        /// Differentiated services (RFC 2474).
        DSFIELD = "ip.dsfield", Uint(Hex(2)), "Differentiated Services Field";
        /// Code point.
        DSFIELD_DSCP = "ip.dsfield.dscp", Uint(Dec), "Differentiated Services Codepoint";
        /// Explicit congestion notification (RFC 3168).
        DSFIELD_ECN = "ip.dsfield.ecn", Uint(Dec), "Explicit Congestion Notification";
        /// Bytes of header and payload.
        LEN = "ip.len", Uint(Dec), "Total Length";
        /// Identification.
        ID = "ip.id", Uint(Hex(4)), "Identification";
        /// The three flags.
        FLAGS = "ip.flags", Uint(Hex(2)), "Flags";
        /// Reserved.
        FLAGS_RB = "ip.flags.rb", Bool, "Reserved bit";
        /// Don't fragment.
        FLAGS_DF = "ip.flags.df", Bool, "Don't fragment";
        /// More fragments.
        FLAGS_MF = "ip.flags.mf", Bool, "More fragments";
        /// Place in the datagram, in units of eight bytes.
        FRAG_OFFSET = "ip.frag_offset", Uint(Dec), "Fragment Offset";
        /// Time to live.
        TTL = "ip.ttl", Uint(Dec), "Time to Live";
        /// What it carries.
        PROTOCOL = "ip.proto", Uint(Dec), "Protocol";
        /// Header checksum.
        CHECKSUM = "ip.checksum", Uint(Hex(4)), "Header Checksum";
        /// Source.
        SRC = "ip.src", Ipv4, "Source Address";
        /// Destination.
        DST = "ip.dst", Ipv4, "Destination Address";
        /// Both.
        ADDR = "ip.addr", Ipv4, "Source or Destination Address";
        /// Source, as text.
        SRC_HOST = "ip.src_host", Text, "Source Host";
        /// Destination, as text.
        DST_HOST = "ip.dst_host", Text, "Destination Host";
        /// Both, as text.
        HOST = "ip.host", Text, "Source or Destination Host";
        /// Always 2, unverified, as tshark has it unless it is told to verify.
        CHECKSUM_STATUS = "ip.checksum.status", Uint(Dec), "Header checksum status";
    }
}

/// IPv6.
pub mod ipv6 {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::IPV6;
        /// Internet Protocol Version 6
        protocol: "ipv6";
        /// 6.
        VERSION = "ipv6.version", Uint(Dec), "Version";
        /// Traffic class.
        TCLASS = "ipv6.tclass", Uint(Hex(8)), "Traffic Class";
        /// Code point.
        TCLASS_DSCP = "ipv6.tclass.dscp", Uint(Dec), "Differentiated Services Codepoint";
        /// Explicit congestion notification.
        TCLASS_ECN = "ipv6.tclass.ecn", Uint(Dec), "Explicit Congestion Notification";
        /// Flow label.
        FLOW = "ipv6.flow", Uint(Hex(6)), "Flow Label";
        /// Bytes that follow the header.
        PLEN = "ipv6.plen", Uint(Dec), "Payload Length";
        /// What it carries.
        NXT = "ipv6.nxt", Uint(Dec), "Next Header";
        /// Hop limit.
        HLIM = "ipv6.hlim", Uint(Dec), "Hop Limit";
        /// Source.
        SRC = "ipv6.src", Ipv6, "Source Address";
        /// Destination.
        DST = "ipv6.dst", Ipv6, "Destination Address";
        /// Both.
        ADDR = "ipv6.addr", Ipv6, "Source or Destination Address";
        /// Source, as text.
        SRC_HOST = "ipv6.src_host", Text, "Source Host";
        /// Destination, as text.
        DST_HOST = "ipv6.dst_host", Text, "Destination Host";
        /// Both, as text.
        HOST = "ipv6.host", Text, "Source or Destination Host";
        /// Of a fragment header: what the datagram carries.
        FRAGHDR_NXT = "ipv6.fraghdr.nxt", Uint(Dec), "Next header";
        /// Place in the datagram, in units of eight bytes.
        FRAGHDR_OFFSET = "ipv6.fraghdr.offset", Uint(Dec), "Offset";
        /// More fragments.
        FRAGHDR_MORE = "ipv6.fraghdr.more", Bool, "More Fragments";
        /// Identification.
        FRAGHDR_IDENT = "ipv6.fraghdr.ident", Uint(Hex(8)), "Identification";
    }
}

/// ICMP.
pub mod icmp {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::ICMP;
        /// Internet Control Message Protocol
        protocol: "icmp";
        /// Type.
        TYPE = "icmp.type", Uint(Dec), "Type";
        /// Code.
        CODE = "icmp.code", Uint(Dec), "Code";
        /// Checksum.
        CHECKSUM = "icmp.checksum", Uint(Hex(4)), "Checksum";
        /// Of an echo: identifier.
        IDENT = "icmp.ident", Uint(Dec), "Identifier (BE)";
        /// Of an echo: sequence number.
        SEQ = "icmp.seq", Uint(Dec), "Sequence Number (BE)";
        /// Of fragmentation needed: the next hop's MTU (RFC 1191).
        MTU = "icmp.mtu", Uint(Dec), "MTU of next hop";
        /// Of a redirect: the gateway.
        REDIR_GW = "icmp.redir_gw", Ipv4, "Gateway Address";
    }
}

/// ICMPv6.
pub mod icmpv6 {
    colloquy_dissectors::fields! {
        group: colloquy_dissectors::field::group::ICMPV6;
        /// Internet Control Message Protocol v6
        protocol: "icmpv6";
        /// Type.
        TYPE = "icmpv6.type", Uint(Dec), "Type";
        /// Code.
        CODE = "icmpv6.code", Uint(Dec), "Code";
        /// Checksum.
        CHECKSUM = "icmpv6.checksum", Uint(Hex(4)), "Checksum";
        /// Of packet too big: the MTU.
        MTU = "icmpv6.mtu", Uint(Dec), "MTU";
        /// Of an echo: identifier.
        ECHO_IDENTIFIER = "icmpv6.echo.identifier", Uint(Hex(4)), "Identifier";
        /// Of an echo: sequence number.
        ECHO_SEQUENCE_NUMBER = "icmpv6.echo.sequence_number", Uint(Dec), "Sequence";
        /// Of a neighbour solicitation: who is looked for.
        ND_NS_TARGET_ADDRESS = "icmpv6.nd.ns.target_address", Ipv6, "Target Address";
        /// Of a neighbour advertisement: who answers.
        ND_NA_TARGET_ADDRESS = "icmpv6.nd.na.target_address", Ipv6, "Target Address";
    }
}
