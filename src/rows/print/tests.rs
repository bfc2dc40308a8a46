use colloquy_dissectors::field::{INFO_COLUMN, PROTOCOL_COLUMN, Value, Values, Wanted, Writer};
use colloquy_dissectors::units::{Stamp, Timestamp};

use super::*;
use crate::fields;
use crate::fields::engine::frame;

fn row(fill: impl FnOnce(&mut Writer<'_>)) -> Row {
    let mut values = Values::default();
    fill(&mut Writer::new(&Wanted::all(), &mut values));
    let time = Timestamp::from_nanos(1_700_000_000_123_456_789);
    Row {
        stamp: Stamp { time, frame: 7 },
        values,
        ..Row::default()
    }
}

fn printed(printer: &dyn Printer, row: &Row) -> String {
    let mut out = Vec::new();
    printer.row(row, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn several_values_of_a_field_are_joined_chosen_and_quoted() {
    let row = row(|w| {
        w.uint(frame::LEN, 5_u8, 0, 0);
        w.uint(frame::LEN, 6_u8, 0, 0);
        w.text(PROTOCOL_COLUMN, "a\"b", 0, 0);
    });
    let columns = ["frame.len", "frame.number", "_ws.col.Protocol"];
    let mut printer = FieldsPrinter {
        columns: columns.iter().filter_map(|n| fields::find(n)).collect(),
        names: columns.map(str::to_owned).to_vec(),
        header: true,
        separator: "|".to_owned(),
        aggregator: ";".to_owned(),
        occurrence: Occurrence::All,
        quote: Quote::Double,
    };
    assert_eq!(printed(&printer, &row), "\"5;6\"||\"a\"\"b\"\n");
    printer.occurrence = Occurrence::Last;
    printer.quote = Quote::None;
    assert_eq!(printed(&printer, &row), "6||a\"b\n");
    printer.occurrence = Occurrence::First;
    assert_eq!(printed(&printer, &row), "5||a\"b\n");
    let mut head = Vec::new();
    printer.begin(&mut head);
    assert_eq!(head, b"frame.len|frame.number|_ws.col.Protocol\n");
}

#[test]
fn json_has_numbers_texts_and_arrays() {
    let row = row(|w| {
        w.uint(frame::LEN, 5_u8, 0, 0);
        w.uint(frame::LEN, 6_u8, 0, 0);
        w.put(frame::TIME_EPOCH, Value::Time(1_500_000_000), 0, 0);
        w.text(INFO_COLUMN, "a \"b\"\n", 0, 0);
    });
    let all = JsonPrinter::default();
    assert_eq!(
        printed(&all, &row),
        r#"{"frame.len": [5, 6], "frame.time_epoch": "1.500000000", "_ws.col.Info": "a \"b\"\n"}"#
    );
    let columns = vec![frame::TIME_EPOCH, frame::NUMBER];
    assert_eq!(
        printed(&JsonPrinter { columns }, &row),
        r#"{"frame.time_epoch": "1.500000000"}"#
    );
}

#[test]
fn the_last_protocol_speaks_in_the_info_column() {
    let row = row(|w| {
        w.uint(frame::LEN, 90_u8, 0, 0);
        w.text(PROTOCOL_COLUMN, "TCP", 0, 0);
        w.info(|| "51234 → 445".to_owned());
        w.text(PROTOCOL_COLUMN, "SMB2", 0, 0);
        w.info(|| "Create Request".to_owned());
        w.text(PROTOCOL_COLUMN, "SMB2", 0, 0);
        w.info(|| "Close\nRequest".to_owned());
    });
    let utc = TimeFormat::Date {
        utc: true,
        day_of_year: false,
    };
    assert_eq!(
        printed(&TextPrinter::new(utc, 6), &row),
        "    7 2023-11-14 22:13:20.123456              →              SMB2 90 Create Request;Close Request\n"
    );
    let doy = TimeFormat::Date {
        utc: true,
        day_of_year: true,
    };
    assert!(printed(&TextPrinter::new(doy, 0), &row).starts_with("    7 2023/318 22:13:20 "));
    assert!(
        printed(&TextPrinter::new(TimeFormat::Epoch, 9), &row).contains(" 1700000000.123456789 ")
    );
    let displayed = TextPrinter::new(TimeFormat::DeltaDisplayed, 3);
    assert!(printed(&displayed, &row).starts_with("    7      0.000 "));
}
