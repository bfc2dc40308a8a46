//! Secrets that peers have written down, with which encrypted sessions can be read.

use std::collections::{HashMap, HashSet};

/// The most lines of key logs that are kept: a few for each of a quarter of a million sessions.
const ENTRIES: usize = 1 << 20;

/// What a secret is for, by the label of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// The master secret up to TLS 1.2.
    Master,
    /// TLS 1.3: what the client sends before the server's answer.
    EarlyTraffic,
    /// TLS 1.3: the client's handshake messages.
    ClientHandshake,
    /// TLS 1.3: the server's handshake messages.
    ServerHandshake,
    /// TLS 1.3: the client's data.
    ClientTraffic,
    /// TLS 1.3: the server's data.
    ServerTraffic,
}

impl Label {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "CLIENT_RANDOM" => Self::Master,
            "CLIENT_EARLY_TRAFFIC_SECRET" => Self::EarlyTraffic,
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshake,
            "SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshake,
            "CLIENT_TRAFFIC_SECRET_0" => Self::ClientTraffic,
            "SERVER_TRAFFIC_SECRET_0" => Self::ServerTraffic,
            _ => return None,
        })
    }
}

/// Secrets of TLS sessions, as `SSLKEYLOGFILE` has them: a label, the client's random, the secret, both in hex
/// (draft-ietf-tls-keylogfile).
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    entries: HashMap<([u8; 32], Label), Vec<u8>>,
}

impl Secrets {
    /// Reads the lines of a key log. What is no such line is passed over.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut secrets = Self::default();
        for line in text.lines() {
            if secrets.entries.len() >= ENTRIES {
                break;
            }
            let mut words = line.split_ascii_whitespace();
            let label = words.next().and_then(Label::read);
            let random = words.next().and_then(random);
            let secret = words.next().and_then(hex);
            if let (Some(label), Some(random), Some(secret)) = (label, random, secret) {
                secrets.entries.insert((random, label), secret);
            }
        }
        secrets
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The secret of the session whose ClientHello had `random`.
    #[must_use]
    pub fn get(&self, random: [u8; 32], label: Label) -> Option<&[u8]> {
        self.entries.get(&(random, label)).map(Vec::as_slice)
    }
}

/// The lines of a key log that are about the sessions whose ClientHello had a random that is `wanted`, secrets for exporters included.
#[must_use]
pub fn lines_of(key_log: &str, wanted: impl Fn(&[u8; 32]) -> bool) -> String {
    let about = |line: &&str| {
        let second = line.split_ascii_whitespace().nth(1);
        second
            .and_then(random)
            .is_some_and(|random| wanted(&random))
    };
    let mut seen = HashSet::new();
    let lines = key_log.lines().filter(about);
    lines
        .filter(|line| seen.insert(*line))
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn random(text: &str) -> Option<[u8; 32]> {
    hex(text)?.try_into().ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_key_log_are_read_and_others_passed_over() {
        let random = "ab".repeat(32);
        let text = format!(
            "# a comment\nCLIENT_RANDOM {random} 0102\r\nCLIENT_RANDOM short 01\n\
             EXPORTER_SECRET {random} 03\nSERVER_TRAFFIC_SECRET_0 {random} 0A0b\n"
        );
        let secrets = Secrets::read(&text);
        assert_eq!(secrets.get([0xAB; 32], Label::Master), Some(&[1, 2][..]));
        assert_eq!(
            secrets.get([0xAB; 32], Label::ServerTraffic),
            Some(&[10, 11][..])
        );
        assert_eq!(secrets.get([0xAB; 32], Label::ClientTraffic), None);
        assert!(Secrets::read("CLIENT_RANDOM").is_empty());
    }

    #[test]
    fn lines_about_some_sessions_are_picked_once() {
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        let log = format!(
            "# both\nCLIENT_RANDOM {one} aa\nCLIENT_RANDOM {two} bb\nEXPORTER_SECRET {one} cc\nCLIENT_RANDOM {one} aa\n"
        );
        let picked = lines_of(&log, |random| *random == [1; 32]);
        assert_eq!(
            picked,
            format!("CLIENT_RANDOM {one} aa\nEXPORTER_SECRET {one} cc\n")
        );
        assert_eq!(lines_of(&log, |_| false), "");
    }
}
