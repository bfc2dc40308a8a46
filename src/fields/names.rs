//! The field that was meant by a name that does not exist.

/// The name of the field nearest to `name`, if any is near: a typing error, another case, a missing prefix.
pub fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.to_ascii_lowercase();
    let far = (wanted.len() / 3).clamp(1, 4);
    super::all()
        .map(|field| {
            let tail = field.name.rsplit('.').next().unwrap_or("");
            let by_tail = if tail == wanted { 1 } else { usize::MAX };
            (
                distance(&wanted, &field.name.to_ascii_lowercase(), far).min(by_tail),
                field.name,
            )
        })
        .filter(|(d, _)| *d <= far)
        .min_by_key(|(d, name)| (*d, name.len()))
        .map(|(_, name)| name)
}

/// Letters to add, remove or change (Levenshtein), or more than `most`.
fn distance(a: &str, b: &str, most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let new = (diagonal + usize::from(x != y))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = *cell;
            *cell = new;
            left = new;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(most + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_field() {
        assert_eq!(nearest("frame.numbr"), Some("frame.number"));
        assert_eq!(nearest("NBSS.Type"), Some("nbss.type"));
        assert_eq!(nearest("called_name"), Some("nbss.called_name"));
        assert_eq!(nearest("no.such.thing.at.all"), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting", 9), 3);
        assert_eq!(distance("", "abc", 9), 3);
        assert_eq!(distance("same", "same", 9), 0);
        assert_eq!(distance("a", "abcdef", 2), 3);
    }
}
