//! SSH's fields, by tshark's names.

crate::fields! {
    group: crate::field::group::SSH;
    /// Secure Shell
    protocol: "ssh";
    /// The version line.
    PROTOCOL = "ssh.protocol", Text, "Protocol";
    /// True from server to client.
    DIRECTION = "ssh.direction", Bool, "Direction";
    /// Bytes that follow the length.
    PACKET_LENGTH = "ssh.packet_length", Uint(Dec), "Packet Length";
    /// Bytes of padding.
    PADDING_LENGTH = "ssh.padding_length", Uint(Dec), "Padding Length";
    /// The padding.
    PADDING = "ssh.padding_string", Bytes, "Padding String";
    /// What the packet carries, where it is not taken apart.
    PAYLOAD = "ssh.payload", Bytes, "Payload";
    /// Which message (RFC 4250 4.1.2).
    MESSAGE_CODE = "ssh.message_code", Uint(Dec), "Message Code";
    /// Random bytes of a KEXINIT.
    COOKIE = "ssh.cookie", Bytes, "Cookie";
    /// Bytes of the list.
    KEX_LENGTH = "ssh.kex_algorithms_length", Uint(Dec), "kex_algorithms length";
    /// Key exchange methods.
    KEX = "ssh.kex_algorithms", Text, "kex_algorithms string";
    /// Bytes of the list.
    HOST_KEY_LENGTH = "ssh.server_host_key_algorithms_length", Uint(Dec), "server_host_key_algorithms length";
    /// Algorithms of the server's key.
    HOST_KEY = "ssh.server_host_key_algorithms", Text, "server_host_key_algorithms string";
    /// Bytes of the list.
    CIPHER_C2S_LENGTH = "ssh.encryption_algorithms_client_to_server_length", Uint(Dec), "encryption_algorithms_client_to_server length";
    /// Ciphers, client to server.
    CIPHER_C2S = "ssh.encryption_algorithms_client_to_server", Text, "encryption_algorithms_client_to_server string";
    /// Bytes of the list.
    CIPHER_S2C_LENGTH = "ssh.encryption_algorithms_server_to_client_length", Uint(Dec), "encryption_algorithms_server_to_client length";
    /// Ciphers, server to client.
    CIPHER_S2C = "ssh.encryption_algorithms_server_to_client", Text, "encryption_algorithms_server_to_client string";
    /// Bytes of the list.
    MAC_C2S_LENGTH = "ssh.mac_algorithms_client_to_server_length", Uint(Dec), "mac_algorithms_client_to_server length";
    /// Authentication codes, client to server.
    MAC_C2S = "ssh.mac_algorithms_client_to_server", Text, "mac_algorithms_client_to_server string";
    /// Bytes of the list.
    MAC_S2C_LENGTH = "ssh.mac_algorithms_server_to_client_length", Uint(Dec), "mac_algorithms_server_to_client length";
    /// Authentication codes, server to client.
    MAC_S2C = "ssh.mac_algorithms_server_to_client", Text, "mac_algorithms_server_to_client string";
    /// Bytes of the list.
    COMPRESSION_C2S_LENGTH = "ssh.compression_algorithms_client_to_server_length", Uint(Dec), "compression_algorithms_client_to_server length";
    /// Compression, client to server.
    COMPRESSION_C2S = "ssh.compression_algorithms_client_to_server", Text, "compression_algorithms_client_to_server string";
    /// Bytes of the list.
    COMPRESSION_S2C_LENGTH = "ssh.compression_algorithms_server_to_client_length", Uint(Dec), "compression_algorithms_server_to_client length";
    /// Compression, server to client.
    COMPRESSION_S2C = "ssh.compression_algorithms_server_to_client", Text, "compression_algorithms_server_to_client string";
    /// Bytes of the list.
    LANGUAGES_C2S_LENGTH = "ssh.languages_client_to_server_length", Uint(Dec), "languages_client_to_server length";
    /// Languages, client to server.
    LANGUAGES_C2S = "ssh.languages_client_to_server", Text, "languages_client_to_server string";
    /// Bytes of the list.
    LANGUAGES_S2C_LENGTH = "ssh.languages_server_to_client_length", Uint(Dec), "languages_server_to_client length";
    /// Languages, server to client.
    LANGUAGES_S2C = "ssh.languages_server_to_client", Text, "languages_server_to_client string";
    /// A guessed packet of the key exchange follows.
    FIRST_KEX_FOLLOWS = "ssh.first_kex_packet_follows", Uint(Dec), "First KEX Packet Follows";
    /// Zero.
    RESERVED = "ssh.kex.reserved", Bytes, "Reserved";
    /// What hassh digests.
    HASSH_ALGORITHMS = "ssh.kex.hassh_algorithms", Text, "hasshAlgorithms";
    /// The client's fingerprint.
    HASSH = "ssh.kex.hassh", Text, "hassh";
    /// What hasshServer digests.
    HASSHSERVER_ALGORITHMS = "ssh.kex.hasshserver_algorithms", Text, "hasshServerAlgorithms";
    /// The server's fingerprint.
    HASSHSERVER = "ssh.kex.hasshserver", Text, "hasshServer";

    /// Bytes of the server's key.
    HOST_KEY_DATA_LENGTH = "ssh.host_key.length", Uint(Dec), "Host key length";
    /// Bytes of its type.
    HOST_KEY_TYPE_LENGTH = "ssh.host_key.type_length", Uint(Dec), "Host key type length";
    /// Its type.
    HOST_KEY_TYPE = "ssh.host_key.type", Text, "Host key type";
    /// The server's key.
    HOST_KEY_DATA = "ssh.host_key.data", Bytes, "Host key data";
    /// Bytes of the server's signature.
    HOST_SIG_LENGTH = "ssh.host_sig.length", Uint(Dec), "Host signature length";
    /// Bytes of its type.
    HOST_SIG_TYPE_LENGTH = "ssh.host_sig.type_length", Uint(Dec), "Host signature type length";
    /// Its type.
    HOST_SIG_TYPE = "ssh.host_sig.type", Text, "Host signature type";
    /// The server's signature.
    HOST_SIG_DATA = "ssh.host_sig.data", Bytes, "Host signature data";
    /// Bytes of a number.
    MPINT_LENGTH = "ssh.mpint_length", Uint(Dec), "Multi Precision Integer Length";
    /// The client's value.
    DH_E = "ssh.dh.e", Bytes, "DH client e";
    /// The server's value.
    DH_F = "ssh.dh.f", Bytes, "DH server f";
    /// Bits of the group at least.
    GEX_MIN = "ssh.dh_gex.min", Uint(Dec), "DH GEX Min";
    /// Bits of the group as wanted.
    GEX_BITS = "ssh.dh_gex.nbits", Uint(Dec), "DH GEX Number of Bits";
    /// Bits of the group at most.
    GEX_MAX = "ssh.dh_gex.max", Uint(Dec), "DH GEX Max";
    /// The group's prime.
    GEX_P = "ssh.dh_gex.p", Bytes, "DH GEX modulus (P)";
    /// The group's generator.
    GEX_G = "ssh.dh_gex.g", Bytes, "DH GEX base (G)";
    /// Bytes of the client's key.
    ECDH_Q_C_LENGTH = "ssh.ecdh.q_c_length", Uint(Dec), "ECDH client's ephemeral public key length";
    /// The client's key.
    ECDH_Q_C = "ssh.ecdh.q_c", Bytes, "ECDH client's ephemeral public key (Q_C)";
    /// Bytes of the server's key.
    ECDH_Q_S_LENGTH = "ssh.ecdh.q_s_length", Uint(Dec), "ECDH server's ephemeral public key length";
    /// The server's key.
    ECDH_Q_S = "ssh.ecdh.q_s", Bytes, "ECDH server's ephemeral public key (Q_S)";
    /// Why a peer disconnects (RFC 4250 4.2.2).
    DISCONNECT_REASON = "ssh.disconnect_reason", Uint(Hex(8)), "Disconnect reason";
    /// Bytes of the text.
    DISCONNECT_TEXT_LENGTH = "ssh.disconnect_description_length", Uint(Dec), "Disconnect description length";
    /// The same in words.
    DISCONNECT_TEXT = "ssh.disconnect_description", Text, "Disconnect description";
    /// Bytes of the tag.
    LANG_TAG_LENGTH = "ssh.lang_tag_length", Uint(Dec), "Language tag length";
    /// The text's language.
    LANG_TAG = "ssh.lang_tag", Text, "Language tag";
    /// The text is to be shown.
    DEBUG_SHOW = "ssh.debug_always_display", Bool, "Always Display";
    /// Bytes of the text.
    DEBUG_TEXT_LENGTH = "ssh.debug_name_length", Uint(Dec), "Debug message length";
    /// The text.
    DEBUG_TEXT = "ssh.debug_name", Text, "Debug message";
    /// Bytes to be ignored: how many.
    IGNORE_LENGTH = "ssh.ignore_data_length", Uint(Dec), "Debug message length";
    /// Bytes to be ignored.
    IGNORE_DATA = "ssh.ignore_data", Bytes, "Ignore data";
    /// Bytes of the name.
    SERVICE_LENGTH = "ssh.service_name_length", Uint(Dec), "Service Name length";
    /// The service that is asked for.
    SERVICE = "ssh.service_name", Text, "Service Name";
}
