//! A head taken apart: its start line, its lines, its fields.

/// A start line taken apart at its first two spaces.
pub(super) enum Start<'a> {
    Request(RequestLine<'a>),
    Response(StatusLine<'a>),
}

pub(super) struct RequestLine<'a> {
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) version: &'a [u8],
}

impl RequestLine<'_> {
    /// SSDP's and GENA's announcements, which ask for nothing.
    pub(super) fn is_notification(&self) -> bool {
        self.method == b"NOTIFY"
    }
}

pub(super) struct StatusLine<'a> {
    pub(super) version: &'a [u8],
    pub(super) code: &'a [u8],
    pub(super) phrase: &'a [u8],
}

impl<'a> Start<'a> {
    pub(super) fn read(line: &'a [u8]) -> Self {
        let (first, rest) = word(line);
        let (second, third) = word(rest);
        if is_response(line) {
            Self::Response(StatusLine {
                version: first,
                code: second,
                phrase: third,
            })
        } else {
            Self::Request(RequestLine {
                method: first,
                target: second,
                version: third,
            })
        }
    }
}

/// The bytes before the first space, and those behind the spaces.
fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| *b == b' ');
    let (word, rest) = bytes
        .split_at_checked(end.unwrap_or(bytes.len()))
        .unwrap_or_default();
    let next = rest.iter().position(|b| *b != b' ').unwrap_or(rest.len());
    (word, rest.get(next..).unwrap_or_default())
}

/// True for a status line.
pub(in super::super) fn is_response(line: &[u8]) -> bool {
    line.starts_with(b"HTTP/")
}

/// Name and value of a header field; the space before the value is none of it.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name, value.get(1..)?.trim_ascii_start()))
}

/// The value of the first header field of that name, in small letters; empty where there is none.
pub(in super::super) fn value<'a>(head: &'a [u8], name: &[u8]) -> &'a [u8] {
    head.split(|b| *b == b'\n')
        .filter_map(split)
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or(&[], |(_, value)| value.trim_ascii())
}

/// One line of a head.
pub(super) struct Line<'a> {
    /// Where it stands.
    pub(super) at: usize,
    /// Without its end.
    pub(super) text: &'a [u8],
    /// With its end.
    pub(super) whole: &'a [u8],
}

/// The lines of a head, its empty one included.
pub(super) struct Lines<'a> {
    at: usize,
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(super) const fn of(head: &'a [u8]) -> Self {
        Self { at: 0, rest: head }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let end = self.rest.iter().position(|b| *b == b'\n');
        let len = end.map_or(self.rest.len(), |end| end + 1);
        let (whole, rest) = self
            .rest
            .split_at_checked(len)
            .filter(|(l, _)| !l.is_empty())?;
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = Line {
            at: self.at,
            text: text.strip_suffix(b"\r").unwrap_or(text),
            whole,
        };
        self.at += len;
        self.rest = rest;
        Some(line)
    }
}
