//! Values as tshark 4.0 writes them in `-T fields`.

use std::io::Write as _;

use colloquy_dissectors::field::{Base, Kind, Value};

/// Appends `value` of a field of `kind`.
pub fn write(out: &mut Vec<u8>, kind: Kind, value: Value<'_>) {
    match (value, kind) {
        (Value::Present, _) | (_, Kind::Protocol) => out.push(b'1'),
        (Value::Bool(b), _) => out.push(if b { b'1' } else { b'0' }),
        (Value::Uint(n), Kind::Uint(Base::Hex(digits))) => hex(out, n, digits),
        (Value::Uint(n), _) => decimal(out, n),
        (Value::Int(n), _) => signed(out, n),
        (Value::Double(n), _) => {
            // Writing to a Vec can't fail.
            let _ = write!(out, "{n}");
        }
        (Value::Text(text), _) => escaped(out, text),
        (Value::Bytes(bytes) | Value::Contents(_, bytes), _) => {
            for byte in bytes {
                digits(out, u64::from(*byte), 2);
            }
        }
        (Value::Ether(mac), _) => {
            for (i, byte) in mac.iter().enumerate() {
                if i > 0 {
                    out.push(b':');
                }
                digits(out, u64::from(*byte), 2);
            }
        }
        (Value::Ipv4(ip), _) => {
            for (i, octet) in ip.octets().iter().enumerate() {
                if i > 0 {
                    out.push(b'.');
                }
                decimal(out, u64::from(*octet));
            }
        }
        (Value::Ipv6(ip), _) => {
            let _ = write!(out, "{ip}");
        }
        (Value::Guid(guid), _) => {
            for (i, byte) in guid.iter().enumerate() {
                if matches!(i, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                digits(out, u64::from(*byte), 2);
            }
        }
        (Value::Time(nanos), Kind::Date) => date(out, nanos),
        (Value::Time(nanos) | Value::Duration(nanos), _) => seconds(out, nanos),
    }
}

/// True when `value` may be that of a field of `kind`. Filters compare by kind, so any other is never found.
#[must_use]
pub const fn fits(kind: Kind, value: &Value<'_>) -> bool {
    match value {
        Value::Present => matches!(kind, Kind::Protocol | Kind::Flag),
        Value::Bool(_) => matches!(kind, Kind::Bool),
        // Numbers compare with or without a sign.
        Value::Uint(_) => matches!(kind, Kind::Uint(_) | Kind::Int | Kind::Frame),
        Value::Int(_) => matches!(kind, Kind::Int),
        Value::Double(_) => matches!(kind, Kind::Double),
        Value::Text(_) => matches!(kind, Kind::Text),
        Value::Bytes(_) => matches!(kind, Kind::Bytes),
        Value::Contents(..) => matches!(kind, Kind::Protocol),
        Value::Ether(_) => matches!(kind, Kind::Ether),
        Value::Ipv4(_) => matches!(kind, Kind::Ipv4),
        Value::Ipv6(_) => matches!(kind, Kind::Ipv6),
        Value::Guid(_) => matches!(kind, Kind::Guid),
        Value::Time(_) => matches!(kind, Kind::Time | Kind::Date),
        Value::Duration(_) => matches!(kind, Kind::Duration),
    }
}

/// Text on one line: what would end the line or the column is written as C does, other control characters as they are.
fn escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            8 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            12 => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(byte),
        }
    }
}

/// Nanoseconds as seconds with nine digits behind the point.
fn seconds(out: &mut Vec<u8>, nanos: i64) {
    if nanos < 0 {
        out.push(b'-');
    }
    let nanos = nanos.unsigned_abs();
    decimal(out, nanos / 1_000_000_000);
    out.push(b'.');
    let start = out.len();
    out.extend_from_slice(b"000000000");
    let mut rest = nanos % 1_000_000_000;
    for digit in out.iter_mut().skip(start).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Nanoseconds since 1970 as a date of the Gregorian calendar: `Jun 13, 2016 09:52:33.457746200 UTC`.
fn date(out: &mut Vec<u8>, nanos: i64) {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (seconds, fraction) = (
        nanos.div_euclid(1_000_000_000),
        nanos.rem_euclid(1_000_000_000),
    );
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March, so that a leap day is a year's last; eras of 400 years from the year 0 on.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month >= 10);
    let name = MONTHS.get(((month + 2) % 12) as usize).unwrap_or(&"");
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Writing to a Vec can't fail.
    let _ = write!(
        out,
        "{name} {day:2}, {year} {hour:02}:{minute:02}:{second:02}.{fraction:09} UTC"
    );
}

fn signed(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    decimal(out, n.unsigned_abs());
}

fn decimal(out: &mut Vec<u8>, n: u64) {
    let mut buffer = [0_u8; 20];
    let mut rest = n;
    let mut used = 0;
    for digit in buffer.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(buffer.get(buffer.len() - used..).unwrap_or(&[]));
}

fn hex(out: &mut Vec<u8>, n: u64, least: u8) {
    out.extend_from_slice(b"0x");
    let used = (67 - (n | 1).leading_zeros()) / 4;
    digits(out, n, used.max(u32::from(least)));
}

fn digits(out: &mut Vec<u8>, n: u64, count: u32) {
    for place in (0..count).rev() {
        let nibble = (n >> (place * 4) & 0xF) as u8;
        out.push(if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: Kind, value: Value<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, kind, value);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_are_written_as_tshark_does() {
        let dec = Kind::Uint(Base::Dec);
        assert_eq!(written(dec, Value::Uint(0)), "0");
        assert_eq!(written(dec, Value::Uint(u64::MAX)), "18446744073709551615");
        assert_eq!(
            written(Kind::Uint(Base::Hex(4)), Value::Uint(0x18)),
            "0x0018"
        );
        assert_eq!(
            written(Kind::Uint(Base::Hex(2)), Value::Uint(0x123)),
            "0x123"
        );
        assert_eq!(written(Kind::Int, Value::Int(-7)), "-7");
        assert_eq!(written(Kind::Bool, Value::Bool(true)), "1");
        assert_eq!(
            written(Kind::Duration, Value::Duration(-1_500_000_000)),
            "-1.500000000"
        );
        assert_eq!(
            written(Kind::Time, Value::Time(1_700_000_000_000_000_001)),
            "1700000000.000000001"
        );
        for (nanos, text) in [
            (0, "Jan  1, 1970 00:00:00.000000000 UTC"),
            (
                1_465_811_553_457_746_200,
                "Jun 13, 2016 09:52:33.457746200 UTC",
            ),
            (
                951_782_400_000_000_000,
                "Feb 29, 2000 00:00:00.000000000 UTC",
            ),
            (-1_000_000_000, "Dec 31, 1969 23:59:59.000000000 UTC"),
        ] {
            assert_eq!(written(Kind::Date, Value::Time(nanos)), text);
        }
        assert_eq!(
            written(Kind::Ether, Value::Ether([0, 12, 41, 255, 1, 2])),
            "00:0c:29:ff:01:02"
        );
        assert_eq!(written(Kind::Bytes, Value::Bytes(&[0, 255])), "00ff");
        assert_eq!(
            written(Kind::Text, Value::Text("a\tb\r\n\\ \u{7}")),
            "a\\tb\\r\\n\\ \u{7}"
        );
        assert_eq!(
            written(Kind::Ipv4, Value::Ipv4([10, 0, 0, 255].into())),
            "10.0.0.255"
        );
        let guid = Value::Guid([
            0x36, 0x7a, 0xbb, 0x81, 0x98, 0x44, 0x35, 0xf1, 0xad, 0x32, 0x98, 0xf0, 0x38, 0, 0x10,
            3,
        ]);
        assert_eq!(
            written(Kind::Guid, guid),
            "367abb81-9844-35f1-ad32-98f038001003"
        );
    }
}
