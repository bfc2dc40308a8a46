use super::*;

mod sample {
    crate::fields! {
        group: crate::field::group::NBSS;
        /// A protocol
        protocol: "sample";
        /// A number.
        NUMBER = "sample.number", Uint(Hex(2)), "Number";
        /// A text.
        TEXT = "sample.text", Text, "Text";
    }
}

#[test]
fn only_what_is_wanted_is_written() {
    assert_eq!(sample::FIELDS.len(), 3);
    let mut wanted = Wanted::default();
    wanted.add(sample::TEXT);
    let mut values = Values::default();
    let mut writer = Writer::new(&wanted, &mut values);
    writer.layer(sample::PROTO, "SAMPLE", 0, 9, |w| {
        w.uint(sample::NUMBER, 7_u8, 0, 1);
        w.text(sample::TEXT, "seven", 1, 5);
        w.text_with(sample::TEXT, || "eight".to_owned(), 6, 0);
    });
    assert!(!writer.wants(sample::NUMBER));
    assert!(writer.wants_group(group::NBSS) && !writer.wants_group(group::SMB2));
    let texts: Vec<_> = values.iter().map(|e| (e.value, e.depth, e.at)).collect();
    assert_eq!(
        texts,
        [(Value::Text("seven"), 1, 1), (Value::Text("eight"), 1, 6)]
    );
}

#[test]
fn values_of_several_messages_are_joined() {
    let all = Wanted::all();
    let (mut one, mut two) = (Values::default(), Values::default());
    Writer::new(&all, &mut one).text(sample::TEXT, "a", 0, 1);
    Writer::new(&all, &mut two).put(sample::TEXT, Value::Guid([7; 16]), 0, 16);
    Writer::new(&all, &mut two).text(sample::TEXT, "b", 0, 1);
    one.append(&two);
    assert_eq!(
        one.of(sample::TEXT).collect::<Vec<_>>(),
        [Value::Text("a"), Value::Guid([7; 16]), Value::Text("b")]
    );
    one.clear();
    assert!(one.is_empty());
}

#[test]
fn places_and_names_of_the_registry_are_unique() {
    let mut names = std::collections::BTreeSet::new();
    for fields in crate::protocols::FIELDS {
        for (place, info) in fields.iter().enumerate() {
            assert_eq!(info.id.place(), place, "{}", info.name);
            assert!(names.insert(info.name), "{} is there twice", info.name);
        }
    }
}
