use colloquy::filter::Filter;
use colloquy_dissectors::field::{Entry, FieldInfo, Kind, Value, Values};
use colloquy_dissectors::protocols::FIELDS;

/// Anything is a filter or an error that points into it; what is a filter answers for any values, the same each time.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match Filter::compile(text) {
        Err(error) => {
            let at = error.at();
            assert!(at.start <= at.end && at.end <= text.len(), "{at:?}");
            assert!(text.get(at).is_some(), "within a character");
            assert!(!error.what().is_empty() && !error.to_string().is_empty());
        }
        Ok(filter) => {
            let empty = Values::default();
            let some = values(&filter);
            for values in [&empty, &some] {
                assert_eq!(filter.matches(values), filter.matches(values));
                assert!(
                    !filter.matches(values) || filter.may_match(values, &|_| true),
                    "it holds and may not"
                );
            }
            assert!(filter.may_match(&some, &|_| false) || !filter.matches(&some));
        }
    }
}

/// A value of each field that the filter reads.
fn values(filter: &Filter) -> Values {
    let mut values = Values::default();
    for field in FIELDS.iter().copied().flatten() {
        if filter.fields().contains(&field.id) {
            put(&mut values, field);
        }
    }
    values
}

/// A value of the field's kind, which its name decides.
fn put(values: &mut Values, field: &FieldInfo) {
    let name = field.name.as_bytes();
    let number = name
        .iter()
        .fold(7_u64, |n, b| n.rotate_left(9) ^ u64::from(*b));
    let value = match field.kind {
        Kind::Protocol => Value::Contents(name.len() as u32, name),
        Kind::Flag => Value::Present,
        Kind::Bool => Value::Bool(number % 2 == 0),
        Kind::Uint(_) | Kind::Frame => Value::Uint(number),
        Kind::Int => Value::Int(number as i64),
        Kind::Double => Value::Double(f64::from_bits(number)),
        Kind::Text => Value::Text(field.name),
        Kind::Bytes => Value::Bytes(name),
        Kind::Ether => Value::Ether([number as u8; 6]),
        Kind::Ipv4 => Value::Ipv4((number as u32).into()),
        Kind::Ipv6 => Value::Ipv6(u128::from(number).into()),
        Kind::Guid => Value::Guid([number as u8; 16]),
        Kind::Time | Kind::Date => Value::Time(number as i64),
        Kind::Duration => Value::Duration(number as i64),
    };
    values.push(Entry {
        id: field.id,
        value,
        depth: 0,
        at: 0,
        len: name.len() as u32,
    });
}
