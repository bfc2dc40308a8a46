//! MOUNT's calls and replies (RFC 1094 appendix A, RFC 1813 section 5).

use super::super::fields::mount as f;
use super::super::fields::rpc::VALUE_FOLLOWS;
use super::items::Item::{
    self, Array, Branch, Handle, Handle2, List, Parts, Quiet, Text, With, Word,
};
use super::items::Reader;
use crate::field::Writer;

pub(super) const fn call(procedure: u32) -> &'static [Item] {
    match procedure {
        1 | 3 => &[Text(f::PATH)],
        _ => &[],
    }
}

pub(super) const fn reply(version: u32, procedure: u32) -> &'static [Item] {
    match procedure {
        1 if version == 3 => &[With(mounted3)],
        1 => &[With(mounted)],
        2 => &[List(
            VALUE_FOLLOWS,
            &[Parts(
                f::DUMP_ENTRY,
                &[Text(f::DUMP_HOSTNAME), Text(f::DUMP_DIRECTORY)],
            )],
        )],
        5 | 6 => &[List(
            VALUE_FOLLOWS,
            &[Parts(
                f::EXPORT_ENTRY,
                &[
                    Text(f::EXPORT_DIRECTORY),
                    Parts(
                        f::EXPORT_GROUPS,
                        &[List(VALUE_FOLLOWS, &[Text(f::EXPORT_GROUP)])],
                    ),
                ],
            )],
        )],
        _ => &[],
    }
}

fn mounted3(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    const MOUNTED: &[Item] = &[
        Branch("fhandle", &[Quiet(&[Handle])]),
        Array(f::FLAVORS, &[Word(f::FLAVOR)]),
    ];
    match reader.number(f::STATUS, w)? {
        0 => reader.tell(MOUNTED, w),
        code => {
            failed(code, reader);
            Some(())
        }
    }
}

fn mounted(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::STATUS, w)? {
        0 => reader.tell(&[Branch("fhandle", &[Quiet(&[Handle2])])], w),
        code => {
            failed(code, reader);
            Some(())
        }
    }
}

fn failed(code: u32, reader: &mut Reader<'_>) {
    reader.note(|| format!(" Error: {}", super::super::status::mount(code)));
}
