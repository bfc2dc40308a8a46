//! Values of secrets, told by their names: the one place where texts of sessions lose them. (Fields of messages are Wireshark's, and
//! keep them.)

/// Names after which a value must not be printed. Matched without regard to case at the end of a longer name too
/// (`access_token`, `X-Api-Key`, `PHPSESSID`, `X-Amz-Signature`).
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "bearer",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "access-key",
    "secret_key",
    "secretkey",
    "private_key",
    "auth_key",
    "authkey",
    "subscription-key",
    "authorization",
    "credential",
    "credentials",
    "session",
    "sessionid",
    "session_id",
    "session-id",
    "sessid",
    "sid",
    "cookie",
    "signature",
    "sig",
    "ticket",
    "assertion",
    "samlresponse",
    "jwt",
    "otp",
    "auth",
    "csrf",
    "xsrf",
    // RFC 7636 section 4.5, RFC 8628 section 3.4.
    "code_verifier",
    "device_code",
];

/// Names that are those of secrets in a query only; elsewhere they are common words.
const QUERY_NAMES: &[&str] = &["key", "pass", "pw", "hmac"];

/// What stands for a secret.
const MASK: &str = "***";

/// How a value is joined to its name in a query within a query.
const ENCODED: [&str; 2] = ["%3D", "%3d"];

/// The same text with the values of what is named like a secret masked: `?token=abc&x=1` becomes `?token=***&x=1`.
///
/// A value follows its name after `=` or `:`, quoted or not, and ends at a quote, a separator or white space. Masked are
/// also the password of an address (`http://user:password@host`) and the code of an OAuth redirection (`?code=…&state=…`,
/// RFC 6749 section 4.1.2).
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, separator)) = separator(rest) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(separator);
        rest = after.get(separator.len()..).unwrap_or("");
        let encoded = separator.len() > 1;
        if let Some(end) = password_of_address(before, rest) {
            out.push_str(MASK);
            rest = rest.get(end..).unwrap_or("");
        } else if names_a_secret(before, separator, text) {
            rest = mask_value(rest, encoded, &mut out);
        }
    }
    out.push_str(rest);
    out
}

/// The next `=`, `:` or encoded `=`.
fn separator(text: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = rest.find(['=', ':', '%'])?;
        let found = rest.get(at..)?;
        let len = match ENCODED.iter().find(|e| found.starts_with(**e)) {
            Some(encoded) => encoded.len(),
            None if found.starts_with('%') => {
                from += at + 1;
                continue;
            }
            None => 1,
        };
        return Some((from + at, found.get(..len)?));
    }
}

/// Where the password ends that begins `rest`, where `before` ends with the user of an address (RFC 3986 section 3.2.1).
fn password_of_address(before: &str, rest: &str) -> Option<usize> {
    let (_, user) = before.rsplit_once("//")?;
    let end = rest.find(['@', '/', '?', '#', ' ', '"'])?;
    let is_user = !user.contains(['@', '/', '?', '#', ' ']);
    (is_user && end > 0 && rest.get(end..)?.starts_with('@')).then_some(end)
}

/// The name that `before` ends with, and what stands in front of it.
fn name_of(before: &str) -> (&str, &str) {
    let trimmed = before.trim_end_matches(['"', '\'', ' ', '\\']);
    let begins = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
    let start = trimmed.char_indices().rfind(|(_, c)| begins(*c));
    let start = start.map_or(0, |(at, c)| at + c.len_utf8());
    let (front, name) = trimmed.split_at_checked(start).unwrap_or((trimmed, ""));
    // An encoded character in front: `%3Ftoken`.
    match name.split_at_checked(2) {
        Some((digits, rest))
            if front.ends_with('%') && digits.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            let front = trimmed.get(..start + 2).unwrap_or(front);
            (front, rest)
        }
        _ => (front, name),
    }
}

fn names_a_secret(before: &str, separator: &str, text: &str) -> bool {
    let (front, name) = name_of(before);
    if SECRET_NAMES.iter().any(|word| ends_with_word(name, word)) {
        return true;
    }
    let starts = ["?", "&", ";", "#", "%3F", "%3f", "%26"];
    let in_query = separator != ":" && starts.iter().any(|s| front.ends_with(s));
    let is = |word: &str| name.eq_ignore_ascii_case(word);
    in_query && (QUERY_NAMES.iter().any(|w| is(w)) || is("code") && is_of_oauth(text))
}

/// A code beside a state, or in a place named like one where codes are taken.
fn is_of_oauth(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["?state=", "&state=", "oauth", "oidc", "callback", "signin"]
        .iter()
        .any(|word| text.contains(word))
}

/// `accessToken` and `access_token` end with `token`, `compass` does not end with `pass`.
fn ends_with_word(name: &str, word: &str) -> bool {
    let Some(cut) = name.len().checked_sub(word.len()) else {
        return false;
    };
    let (Some(head), Some(tail)) = (name.get(..cut), name.get(cut..)) else {
        return false;
    };
    tail.eq_ignore_ascii_case(word)
        && (head.is_empty()
            || head.ends_with(['_', '-'])
            || tail.starts_with(|c: char| c.is_ascii_uppercase())
            || word.len() >= 5)
}

/// Puts the mask for the value at the start of `rest`; gives what follows the value. `encoded`: it stands in a query that is
/// itself a value of one.
fn mask_value<'a>(rest: &'a str, encoded: bool, out: &mut String) -> &'a str {
    let value = rest.trim_start_matches([' ', '"', '\'', '\\']);
    let lead = rest.len() - value.len();
    let quoted = rest.get(..lead).is_some_and(|l| l.contains(['"', '\'']));
    let end = value
        .find(|c: char| {
            if quoted {
                matches!(c, '"' | '\'')
            } else {
                matches!(c, '&' | ',' | ';' | '}' | ')' | '"' | '\n')
            }
        })
        .unwrap_or(value.len());
    let end = match value.find("%26") {
        Some(next) if encoded => end.min(next),
        _ => end,
    };
    if end == 0 {
        return rest;
    }
    out.push_str(rest.get(..lead).unwrap_or(""));
    out.push_str(MASK);
    value.get(end..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        assert_eq!(without_secrets("/a?token=abc&x=1"), "/a?token=***&x=1");
        assert_eq!(
            without_secrets("/a?x=1&access_token=abc"),
            "/a?x=1&access_token=***"
        );
        assert_eq!(
            without_secrets(r#"{"user":"bob","password": "p w","n":1}"#),
            r#"{"user":"bob","password": "***","n":1}"#
        );
        assert_eq!(
            without_secrets(r#"{"authToken":"x"}"#),
            r#"{"authToken":"***"}"#
        );
        assert_eq!(
            without_secrets("Authorization: Bearer abc"),
            "Authorization: ***"
        );
        assert_eq!(
            without_secrets("time: 12:30, inside=1"),
            "time: 12:30, inside=1"
        );
        assert_eq!(without_secrets("token="), "token=");
    }

    #[test]
    fn queries_lose_what_lets_somebody_in() {
        for (text, masked) in [
            ("/ws?session_id=abc", "/ws?session_id=***"),
            ("/a;jsessionid=abc?x=1", "/a;jsessionid=***"),
            ("/a?PHPSESSID=abc&x=1", "/a?PHPSESSID=***&x=1"),
            ("/a?x=1&id_token=abc#top", "/a?x=1&id_token=***"),
            ("/a?pass=p&key=k&n=1", "/a?pass=***&key=***&n=1"),
            ("/cb?code=abc&state=xyz", "/cb?code=***&state=xyz"),
            ("/oauth2/back?code=abc", "/oauth2/back?code=***"),
            (
                "/in?next=%2Fws%3Fsid%3Dabc%26x%3D1&y=2",
                "/in?next=%2Fws%3Fsid%3D***%26x%3D1&y=2",
            ),
            ("http://u:p@h:80/a?x=1", "http://u:***@h:80/a?x=1"),
            (
                "/b?X-Amz-Signature=0a&X-Amz-Date=1",
                "/b?X-Amz-Signature=***&X-Amz-Date=1",
            ),
        ] {
            assert_eq!(without_secrets(text), masked);
        }
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for text in [
            "/error?code=404",
            "/a?monkey=1&keyboard=2&compass=3",
            "/a?state=open&token_type=Bearer&side=2",
            "key: value, code: 1011, pass: yes",
            r#"{"code":1000,"key":"a"}"#,
            "http://h:80/a?mail=u@h",
            "/a?x=%3&y=%",
            "mail to a:b@c",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }
}
