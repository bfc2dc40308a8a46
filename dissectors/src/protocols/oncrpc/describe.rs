//! The fields of one message: RPC's own, then those of the program that is called.

mod items;
mod locks;
mod mount;
mod nfs2;
mod nfs3;
mod nfs4;
mod portmap;

use items::{Item, Reader};

use super::auth::{AUTH_SYS, Gss, RPCSEC_GSS};
use super::calls::{About, Asked};
use super::fields::locks::{klm as klm_fields, nlm as nlm_fields};
use super::fields::{mount as mount_fields, nfs, portmap as portmap_fields, rpc as f};
use super::wire::{Auth, MARK, Mark};
use super::{programs, status};
use crate::field::{FieldId, PROTOCOL_COLUMN, Writer};

/// A message with the mark before it, `None` in a datagram.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) mark: Option<Mark>,
    /// From the xid on, as much as there is.
    pub(super) bytes: &'a [u8],
}

impl Whole<'_> {
    /// Where the xid stands.
    const fn start(&self) -> usize {
        if self.mark.is_some() { MARK } else { 0 }
    }
}

/// What is called.
#[derive(Clone, Copy)]
struct Target {
    /// The number on the wire.
    program: u32,
    /// Whose tables it is read with.
    service: u32,
    version: u32,
    procedure: u32,
}

/// Whose call it is.
enum Credential {
    /// The capture does not tell, and arguments are not there either.
    Cut,
    /// With RPCSEC_GSS what that says of the arguments.
    Read(Option<Gss>),
}

/// A fragment that is not the last of its record.
pub(super) fn fragment(w: &mut Writer<'_>, mark: Mark) {
    w.layer(f::PROTO, "RPC", 0, MARK, |w| {
        head(w, mark);
        w.info(|| "[RPC Fragment]".to_owned());
    });
}

fn head(w: &mut Writer<'_>, mark: Mark) {
    let last = if mark.is_last() {
        "Last fragment, "
    } else {
        ""
    };
    let label = || format!("Fragment header: {last}{} bytes", mark.len());
    w.branch(label, 0, MARK, |w| {
        w.bool(f::LASTFRAG, mark.is_last(), 0, MARK);
        w.uint(f::FRAGLEN, mark.len(), 0, MARK);
    });
}

/// A call. `service`: the program whose tables it is read with. `key` pairs it with its reply.
pub(super) fn call(w: &mut Writer<'_>, whole: Whole<'_>, service: u32, key: u64) {
    let mut reader = Reader::new(whole.bytes, whole.start(), w);
    let mut read = None;
    w.layer(f::PROTO, "RPC", 0, whole.bytes.len(), |w| {
        if let Some(mark) = whole.mark {
            head(w, mark);
        }
        read = call_head(w, &mut reader, service, key);
    });
    let Some((target, credential)) = read else {
        return;
    };
    let Credential::Read(gss) = credential else {
        w.info(|| title(target, "Call"));
        return;
    };
    let items = call_items(target);
    program(
        w,
        &mut reader,
        (target, "Call"),
        gss,
        |reader, w| match target.service {
            programs::NFS if target.version == 4 && target.procedure == 1 => {
                nfs4::call(reader, w, false)
            }
            programs::NFS4_CALLBACK if target.procedure == 1 => nfs4::call(reader, w, true),
            _ => reader.tell(items, w),
        },
    );
}

/// The head of a call: what is called, and where it can be read by whom.
fn call_head(
    w: &mut Writer<'_>,
    reader: &mut Reader<'_>,
    service: u32,
    key: u64,
) -> Option<(Target, Credential)> {
    reader.number(f::XID, w)?;
    reader.number(f::MSGTYP, w)?;
    reader.number(f::VERSION, w)?;
    let target = Target {
        program: reader.number(f::PROGRAM, w)?,
        service,
        version: reader.number(f::PROGRAMVERSION, w)?,
        procedure: reader.number(f::PROCEDURE, w)?,
    };
    w.request(&f::CALL, key);
    let credential = match auth(w, reader, "Credentials") {
        Some(credential) if auth(w, reader, "Verifier").is_some() => {
            Credential::Read(super::auth::gss(&credential))
        }
        _ => Credential::Cut,
    };
    Some((target, credential))
}

/// A credential or a verifier.
fn auth<'a>(w: &mut Writer<'_>, reader: &mut Reader<'a>, label: &str) -> Option<Auth<'a>> {
    let at = reader.at();
    let mut read = None;
    w.branch(
        || label.to_owned(),
        at,
        0,
        |w| read = auth_parts(w, reader, label == "Credentials"),
    );
    read
}

fn auth_parts<'a>(
    w: &mut Writer<'_>,
    reader: &mut Reader<'a>,
    credential: bool,
) -> Option<Auth<'a>> {
    let flavor = reader.number(f::AUTH_FLAVOR, w)?;
    let len = reader.number(f::AUTH_LENGTH, w)?;
    let at = reader.at();
    let (body, whole) = reader.body(len as usize)?;
    // What was cut off leaves the rest to be told.
    let mut inner = Reader::new(body, at, w);
    let _ = match flavor {
        AUTH_SYS if credential => auth_sys(w, &mut inner),
        RPCSEC_GSS if credential => auth_gss(w, &mut inner),
        _ => None,
    };
    whole.then_some(Auth { flavor, body })
}

/// `struct authsys_parms` (RFC 5531 appendix A).
fn auth_sys(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    const PARMS: &[Item] = &[
        Item::Word(f::AUTH_STAMP),
        Item::Text(f::AUTH_MACHINENAME),
        Item::Word(f::AUTH_UID),
        Item::Word(f::AUTH_GID),
    ];
    reader.tell(PARMS, w)?;
    for _ in 0..reader.word()? {
        reader.number(f::AUTH_GID, w)?;
    }
    Some(())
}

/// `struct rpc_gss_cred_vers_1_t` (RFC 2203 section 5).
fn auth_gss(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    const CRED: &[Item] = &[
        Item::Word(f::GSS_VERSION),
        Item::Word(f::GSS_PROCEDURE),
        Item::Word(f::GSS_SEQNUM),
        Item::Word(f::GSS_SERVICE),
    ];
    reader.tell(CRED, w)?;
    gss_context(w, reader)
}

fn gss_context(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    let len = reader.number(f::GSS_CONTEXT_LENGTH, w)?;
    let at = reader.at();
    let (context, _) = reader.body(len as usize)?;
    w.bytes(f::GSS_CONTEXT, context, at);
    Some(())
}

/// A reply to `asked`. `key` pairs it with its call.
pub(super) fn reply(w: &mut Writer<'_>, whole: Whole<'_>, asked: &Asked, service: u32, key: u64) {
    let target = Target {
        program: asked.program,
        service,
        version: asked.version,
        procedure: asked.procedure,
    };
    let mut reader = Reader::new(whole.bytes, whole.start(), w);
    let mut state = None;
    w.layer(f::PROTO, "RPC", 0, whole.bytes.len(), |w| {
        if let Some(mark) = whole.mark {
            head(w, mark);
        }
        state = reply_head(w, &mut reader, target, key);
    });
    if state != Some(0) {
        let what = match state {
            Some(code) => format!(" {}", status::accept_stat(code)),
            None => String::new(),
        };
        w.info(|| title(target, "Reply") + &what);
        return;
    }
    program(w, &mut reader, (target, "Reply"), asked.gss, |reader, w| {
        // Without the call's credential it is not known whether the results can be read.
        if asked.cut {
            None
        } else {
            results(target, asked, reader, w)
        }
    });
}

/// The head of a reply, and its `accept_stat` when it was accepted.
fn reply_head(
    w: &mut Writer<'_>,
    reader: &mut Reader<'_>,
    target: Target,
    key: u64,
) -> Option<u32> {
    reader.number(f::XID, w)?;
    reader.number(f::MSGTYP, w)?;
    w.uint(f::PROGRAM, target.program, 0, 0);
    w.uint(f::PROGRAMVERSION, target.version, 0, 0);
    w.uint(f::PROCEDURE, target.procedure, 0, 0);
    w.reply(&f::CALL, key);
    if reader.number(f::REPLYSTAT, w)? != 0 {
        denied(w, reader);
        return None;
    }
    auth(w, reader, "Verifier")?;
    let state = reader.number(f::STATE_ACCEPT, w)?;
    if state == 2 {
        reader.number(f::PROGRAMVERSION_MIN, w)?;
        reader.number(f::PROGRAMVERSION_MAX, w)?;
    }
    Some(state)
}

fn denied(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    match reader.number(f::STATE_REJECT, w)? {
        0 => {
            reader.number(f::VERSION_MIN, w)?;
            reader.number(f::VERSION_MAX, w)?;
        }
        1 => {
            reader.number(f::STATE_AUTH, w)?;
        }
        _ => {}
    }
    Some(())
}

/// The layer of the program: its version and procedure, and what `inner` tells of arguments or results.
fn program(
    w: &mut Writer<'_>,
    reader: &mut Reader<'_>,
    (target, way): (Target, &'static str),
    gss: Option<Gss>,
    inner: impl FnOnce(&mut Reader<'_>, &mut Writer<'_>) -> Option<()>,
) {
    let names = names(target);
    let known = programs::program(target.service).is_some();
    let tell = |w: &mut Writer<'_>| {
        if known {
            w.uint(f::PROGRAMVERSION, target.version, 0, 0);
            let own = programs::knows(target.service, target.version);
            match names.and_then(|n| n.procedure) {
                Some(id) => w.uint(id, target.procedure, 0, 0),
                None if !own => w.uint(f::PROCEDURE, target.procedure, 0, 0),
                None => {}
            }
        }
        match gss {
            Some(gss) if gss.procedure != 0 => {
                gss_steps(w, reader, gss, way == "Reply");
            }
            Some(gss) if gss.is_private() => {}
            Some(gss) => {
                // databody_integ: its length and the sequence number before the data (RFC 2203 section 5.3.2.2).
                let before = if gss.service == 2 { 2 } else { 0 };
                let _ = reader
                    .tell(&[Item::Words(before)], w)
                    .and_then(|()| inner(reader, w));
            }
            None => {
                let _ = inner(reader, w);
            }
        }
        w.info(|| title(target, way) + &reader.summary());
    };
    match names {
        Some(names) => w.layer(names.layer, names.column, 0, 0, tell),
        None => {
            w.text(PROTOCOL_COLUMN, programs::name(target.service), 0, 0);
            tell(w);
        }
    }
}

/// The steps of a context's life: `rpc_gss_init_res` (RFC 2203 section 5.2.3.1).
fn gss_steps(w: &mut Writer<'_>, reader: &mut Reader<'_>, gss: Gss, reply: bool) -> Option<()> {
    reader.note(|| format!(" {}", gss.procedure_name()));
    if !reply || !matches!(gss.procedure, 1 | 2) {
        return None;
    }
    gss_context(w, reader)?;
    reader.tell(
        &[
            Item::Word(f::GSS_MAJOR),
            Item::Word(f::GSS_MINOR),
            Item::Word(f::GSS_WINDOW),
        ],
        w,
    )
}

/// How a program's layer is called.
#[derive(Clone, Copy)]
struct Names {
    layer: FieldId,
    column: &'static str,
    /// The field of its procedure; none where the version is not known.
    procedure: Option<FieldId>,
}

fn names(target: Target) -> Option<Names> {
    let of = |layer, column, procedures: &[FieldId], first: u32| {
        let place = target.version.checked_sub(first);
        Some(Names {
            layer,
            column,
            procedure: place.and_then(|p| procedures.get(p as usize)).copied(),
        })
    };
    match target.service {
        programs::PORTMAP => of(
            portmap_fields::PROTO,
            "Portmap",
            &[
                portmap_fields::PROCEDURE_V1,
                portmap_fields::PROCEDURE_V2,
                portmap_fields::PROCEDURE_V3,
                portmap_fields::PROCEDURE_V4,
            ],
            1,
        ),
        programs::NFS => of(
            nfs::PROTO,
            "NFS",
            &[nfs::PROCEDURE_V2, nfs::PROCEDURE_V3, nfs::PROCEDURE_V4],
            2,
        ),
        programs::NFS4_CALLBACK => of(nfs::CB_PROTO, "NFS CB", &[nfs::CB_PROCEDURE], 1),
        programs::MOUNT => of(
            mount_fields::PROTO,
            "MOUNT",
            &[
                mount_fields::PROCEDURE_V1,
                mount_fields::PROCEDURE_V2,
                mount_fields::PROCEDURE_V3,
            ],
            1,
        ),
        programs::NLM => of(
            nlm_fields::PROTO,
            "NLM",
            &[
                nlm_fields::PROCEDURE_V1,
                nlm_fields::PROCEDURE_V2,
                nlm_fields::PROCEDURE_V3,
                nlm_fields::PROCEDURE_V4,
            ],
            1,
        ),
        programs::KLM => of(klm_fields::PROTO, "KLM", &[klm_fields::PROCEDURE_V1], 1),
        _ => None,
    }
}

fn call_items(target: Target) -> &'static [Item] {
    let (version, procedure) = (target.version, target.procedure);
    match target.service {
        programs::PORTMAP => portmap::call(version, procedure),
        programs::NFS if version == 2 => nfs2::call(procedure),
        programs::NFS if version == 3 => nfs3::call(procedure),
        programs::MOUNT => mount::call(procedure),
        programs::NLM => locks::nlm_call(version, procedure),
        programs::KLM => locks::klm_call(procedure),
        programs::NFSACL if version == 3 && procedure == 1 => nfs3::call(1),
        _ => &[],
    }
}

fn results(
    target: Target,
    asked: &Asked,
    reader: &mut Reader<'_>,
    w: &mut Writer<'_>,
) -> Option<()> {
    let (version, procedure) = (target.version, target.procedure);
    match target.service {
        programs::PORTMAP => reader.tell(portmap::reply(version, procedure), w),
        programs::NFS if version == 2 && nfs2::has_status(procedure) => {
            match nfs_status(reader, w, nfs::STATUS2, 2)? {
                0 => reader.tell(nfs2::done(procedure), w),
                _ => Some(()),
            }
        }
        programs::NFS if version == 3 && procedure != 0 => {
            match nfs_status(reader, w, nfs::STATUS3, 3)? {
                0 => {
                    reader.tell(nfs3::done(procedure), w)?;
                    match (procedure, &asked.about) {
                        (4, About::Rights(rights)) => nfs4::access_granted(*rights, reader, w),
                        _ => Some(()),
                    }
                }
                _ => reader.tell(nfs3::failed(procedure), w),
            }
        }
        programs::NFSACL if version == 3 && matches!(procedure, 1 | 2) => {
            // Its status has a field of its own in tshark; what follows are NFS's attributes.
            reader.tell(&[Item::Words(1)], w)?;
            reader.tell(nfs3::failed(4), w)
        }
        programs::NFS if version == 4 && procedure == 1 => nfs4::reply(reader, w, false),
        programs::NFS4_CALLBACK if procedure == 1 => nfs4::reply(reader, w, true),
        programs::MOUNT => reader.tell(mount::reply(version, procedure), w),
        programs::NLM => reader.tell(locks::nlm_reply(procedure), w),
        programs::KLM => reader.tell(locks::klm_reply(procedure), w),
        _ => None,
    }
}

/// A status, under the name of its version and under that of all.
fn nfs_status(
    reader: &mut Reader<'_>,
    w: &mut Writer<'_>,
    id: FieldId,
    version: u32,
) -> Option<u32> {
    let at = reader.at();
    let code = reader.number(id, w)?;
    w.uint(nfs::STATUS, code, at, 4);
    if code != 0 {
        // tshark has the version in the names of versions 2 and 3.
        reader.note(|| {
            let name = status::nfs(version, code).to_string();
            match name.strip_prefix("NFSERR_") {
                Some(rest) => format!(" Error: NFS2ERR_{rest}"),
                None => format!(" Error: {name}"),
            }
        });
    }
    Some(code)
}

/// `V3 LOOKUP Call`.
fn title(target: Target, way: &str) -> String {
    let op = programs::op(target.service, target.version, target.procedure);
    let name = match (target.service, target.version, target.procedure) {
        (programs::NFS, 4, 1) => "",
        _ => op.name,
    };
    let mut text = format!("V{}", target.version);
    if !name.is_empty() {
        text.extend([" ", name]);
    } else if target.procedure != 1 {
        text.extend([" proc-", &target.procedure.to_string()]);
    }
    text.extend([" ", way]);
    text
}
