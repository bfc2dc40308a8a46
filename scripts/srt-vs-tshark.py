#!/usr/bin/env python3
"""Response times by operation, of tshark and of colloquy: the same calls, the same times?

    scripts/srt-vs-tshark.py --bin target/release/colloquy samples/*/*.pcap*

For each capture tshark (4.0) is asked for `smb,srt`, `smb2,srt`, `rpc,srt,PROGRAM,VERSION` and `dcerpc,srt,UUID,MAJOR.MINOR` of
all programs and interfaces that it finds there; colloquy for `report --tables srt --format json`. Of each operation the answered
calls and the shortest, longest and mean time are compared, all servers together, since tshark does not tell them apart. A
difference is held against what tshark says of single messages (`smb2.time`, `rpc.time`, `dcerpc.time`), and given a class:

    table       tshark's own messages give what colloquy gives; its table leaves some out (faults, rejected calls, versions)
    interim     the same without STATUS_PENDING, which tshark takes for the answer
    again       the same with one answer a call: tshark counts a call once more with each copy of its answer
    unpaired    the same with so many answers more of which tshark did not find the request, and gives no time; of DCE/RPC, where
                it gives no operation either, with the times between these answers and the requests that it shows under the same
                call id in the same pipe or connection (a pipe of SMB3 may go over several, which tshark does not join)
    unseen      tshark shows the requests and no answers to them, or nothing of the operation at all: records in small segments;
                of DCE/RPC the same without the conversations in which tshark does not recognise it
    gap, cut, fragments
                the same without the conversations in which bytes are missing (tshark does not find a message's head or end), in
                which frames are cut (it times the first frame of a message and not its last), in which requests of DCE/RPC come
                in fragments (it times from the first, colloquy from the last)
    upgraded    SMB1's NEGOTIATE answered in SMB2 belongs to neither of tshark's tables
    no-bind     the same; tshark does not know the interface, since its bind was not captured
    elsewhere   the pipe was bound in another connection of its session, where tshark does not look for the interface: the same
                with all interfaces of which that is so, and the calls without one, together
    renamed     RPCSEC_GSS control calls stand apart in colloquy's table, in tshark's under NULL

All of them go by the messages of the operation in question. An answer of DCE/RPC tells neither its operation nor its interface:
they are those of its request, by call id and by the presentation context that was bound in that connection and pipe.

What is left is a difference to be explained: it is printed with UNEXPLAINED, and the exit status is 1. Calls without an answer,
for which tshark's tables have no column, are counted at the end.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

# Seconds: tshark prints microseconds.
CLOSE = 1.1e-6

ROW = re.compile(r"^\s*(\d+)\s+(.*?)\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)$")

# What colloquy calls a version of a program.
PROGRAMS = {
    "portmap2": (100000, 2), "rpcbind3": (100000, 3), "rpcbind4": (100000, 4), "nfs2": (100003, 2), "nfs3": (100003, 3),
    "nfs4": (100003, 4), "mount1": (100005, 1), "mount2": (100005, 2), "mount3": (100005, 3), "nlm1": (100021, 1),
    "nlm2": (100021, 2), "nlm3": (100021, 3), "nlm4": (100021, 4), "nfsacl2": (100227, 2), "nfsacl3": (100227, 3),
}
UNVERSIONED = {
    # In versions that nobody speaks.
    "portmap": 100000, "nfs": 100003, "mount": 100005, "nlm": 100021,
    "rstat": 100001, "rusers": 100002, "ypserv": 100004, "ypbind": 100007, "wall": 100008, "yppasswd": 100009,
    "etherstat": 100010, "rquota": 100011, "spray": 100012, "klm": 100020, "statmon": 100023, "nsm": 100024,
    "bootparams": 100026, "keyserv": 100029, "pcnfsd": 150001, "amq": 300019, "fam": 391002, "vxi11": 395183,
    "vxi11-async": 395184, "vxi11-intr": 395185, "nfs4cb": 0x40000000, "cmsd": 100068, "ttdbserverd": 100083,
}


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).stdout.decode("utf-8", "replace")


class Times:
    """Times of one operation."""

    def __init__(self):
        self.calls, self.shortest, self.longest, self.total = 0, float("inf"), 0.0, 0.0
        self.open = 0

    def add(self, calls, shortest, longest, total):
        self.calls += calls
        self.shortest = min(self.shortest, shortest)
        self.longest = max(self.longest, longest)
        self.total += total

    def mean(self):
        return self.total / self.calls if self.calls else 0.0

    def is_like(self, other):
        if self.calls != other.calls:
            return False
        pairs = [(self.shortest, other.shortest), (self.longest, other.longest), (self.mean(), other.mean())]
        return self.calls == 0 or all(abs(a - b) <= CLOSE for a, b in pairs)

    def __str__(self):
        if not self.calls:
            return "0 calls"
        return f"{self.calls} calls {self.shortest:.6f}/{self.mean():.6f}/{self.longest:.6f}"


class Capture:
    def __init__(self, options, path):
        self.options, self.path = options, path
        self.dialogue()

    def tshark(self, *more):
        return run([self.options.tshark, "-n", "-2", "-r", self.path, *more])

    def fields(self, display_filter, *fields):
        columns = [part for field in fields for part in ("-e", field)]
        text = self.tshark("-Y", display_filter, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|", *columns)
        return [line.split("\t") for line in text.splitlines() if line]

    def dialogue(self):
        """What tshark says of single messages."""
        self.programs, self.interfaces, self.protocols = set(), {}, set()
        # Conversations in which something is otherwise, by what.
        self.marked = collections.defaultdict(set)
        # By what is answered, as `key_of`: the answers, requests.
        self.told, self.asked = collections.defaultdict(list), collections.Counter()
        # Of DCE/RPC: interfaces by connection, pipe and context; requests by connection, pipe and call id; and the times of
        # answers to these that have none of tshark's.
        self.contexts, self.calls, self.latest, self.paired = {}, {}, {}, collections.defaultdict(list)
        # Conversations in which tshark shows DCE/RPC.
        self.speak = set()
        # Interfaces that were bound in another connection than that of the call, by the number of the operation.
        self.elsewhere = collections.defaultdict(set)
        rows = self.fields(
            "rpc || smb || smb2 || dcerpc || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment", "frame.number",
            "tcp.stream", "udp.stream", "rpc.xid", "rpc.msgtyp", "rpc.program", "rpc.programversion", "rpc.procedure", "rpc.time",
            "dcerpc.cn_bind_to_uuid", "dcerpc.cn_bind_if_ver", "dcerpc.cn_bind_if_ver_minor", "dcerpc.pkt_type", "dcerpc.opnum",
            "dcerpc.time", "dcerpc.cn_call_id", "dcerpc.dg_if_id", "dcerpc.dg_if_ver", "smb.cmd", "smb.flags.response", "smb.time",
            "smb2.cmd", "smb2.flags.response", "smb2.nt_status", "smb2.time", "smb2.msg_id", "tcp.analysis.lost_segment",
            "tcp.analysis.ack_lost_segment", "frame.len", "frame.cap_len", "dcerpc.cn_flags.last_frag", "dcerpc.cn_ctx_id",
            "smb2.fid", "smb.fid", "frame.time_relative",
        )
        for row in rows:
            (_frame, tcp, udp, xids, types, program, version, procedure, rpc_time, uuid, major, minor, kind, opnum, dce_time,
             call_ids, dg, dg_version, smb, smb_answer, smb_time, command, is_answer, status, smb2_time, message_ids, lost, unseen,
             length, captured, last, contexts, handles, fids, seen) = [cell.split("|") if cell else [] for cell in row]
            stream = ("tcp", int(tcp[-1])) if tcp else ("udp", int(udp[-1])) if udp else None
            self.programs |= {(int(p), int(v)) for p, v in zip(program, version)}
            for one in zip(uuid, major, minor):
                self.interfaces.setdefault(one[0].lower(), set()).add(f"{one[1]}.{one[2]}")
            for one in dg:
                self.interfaces.setdefault(one.lower(), set()).add(f"{dg_version[0] if dg_version else 0}.0")
            self.protocols |= {name for name, has in (("smb", smb), ("smb2", command)) if has}
            marks = ("gap", lost or unseen), ("cut", length != captured), ("fragments", set(last) & {"0", "False"})
            for mark, has in marks:
                if has:
                    self.marked[mark].add(stream)
            calls = list(zip(xids, types, [(("rpc", int(p), int(v)), int(n)) for p, v, n in zip(program, version, procedure)]))
            self.note(stream, rpc_time, [(key, xid, False) for xid, kind_, key in calls if kind_ == "1"])
            self.asked.update(key for _, kind_, key in calls if kind_ == "0")
            if dg:
                self.datagram(stream, dg[0], kind, opnum, dce_time)
            else:
                pipes = set(handles or fids)
                # A pipe of SMB2 may be used in several connections.
                pipe = (None if handles else stream, pipes.pop() if len(pipes) == 1 else None)
                self.contexts.update(((pipe, c), (u.lower(), stream)) for c, u in zip(contexts, uuid))
                self.speak |= {stream} if kind and stream else set()
                ends = [one in ("1", "True") for one in last] if len(last) == len(kind) else [True] * len(kind)
                said = [one for one in zip(kind, call_ids or [""] * len(kind), ends) if one[0] in ("0", "2", "3", "13")]
                self.connected((stream, float(seen[0])), pipe, said, contexts, opnum, dce_time)
            if len(smb_answer) == 1 and smb:
                key = ("smb", int(smb[0], 0))
                if smb_answer[0] in ("1", "True"):
                    self.note(stream, smb_time, [(key, None, False)])
                else:
                    self.asked[key] += 1
            said = list(zip(command, is_answer, message_ids, status + [""] * len(command)))
            if len(status) != len(command):
                # Only answers have one.
                left = iter(status)
                said = [(c, a, i, next(left, "") if a in ("1", "True") else "") for c, a, i in zip(command, is_answer, message_ids)]
            answers = [(("smb2", int(c)), i, s.endswith("00000103")) for c, a, i, s in said if a in ("1", "True")]
            self.note(stream, smb2_time, answers)
            self.asked.update(("smb2", int(c)) for c, a, _, _ in said if a not in ("1", "True"))

    def datagram(self, stream, uuid, kind, opnum, times):
        """Notes a message of connectionless DCE/RPC, which tells what it is about."""
        key = (("dcerpc", uuid.lower()), int(opnum[0])) if opnum else None
        if key and kind == ["0"]:
            self.asked[key] += 1
        elif key and times:
            self.note(stream, times, [(key, "", False)])

    def connected(self, frame, pipe, said, contexts, opnum, times):
        """Notes the requests and answers of a frame in a connection or a pipe in it."""
        stream, now = frame
        answers, bound = [], list(contexts) if len(contexts) == len(said) else [None] * len(said)
        asked = [k for k, *_ in said if k == "0"]
        # An answer whose request tshark found has its operation too.
        numbers = list(opnum) if len(opnum) == len(said) else list(opnum[:len(asked)])
        for (kind, call_id, is_last), context in zip(said, bound):
            if kind == "0":
                number = numbers.pop(0) if numbers else None
                if number is None:
                    continue
                interface, where = self.contexts.get((pipe, context), ("", stream))
                key = (("dcerpc", interface), int(number))
                if where != stream:
                    self.elsewhere[key[1]].add(interface)
                first = self.calls.get((pipe, call_id), (None, None, True))
                # All fragments of a request are shown, and the last is when it was asked.
                self.calls[(pipe, call_id)] = (key, now, False)
                self.latest[(stream, call_id)] = pipe
                self.asked[key] += first[2] or first[0] != key
                continue
            number = numbers.pop(0) if len(opnum) == len(said) and numbers else None
            if pipe[1] is None:
                # Answers in SMB do not always tell their pipe.
                pipe = self.latest.get((stream, call_id), pipe)
            key, when, was_answered = self.calls.get((pipe, call_id), (None, None, True))
            if kind == "13" and was_answered:
                # It refuses a bind, and not a request before one.
                continue
            if key is None and number is not None:
                key = (("dcerpc", ""), int(number))
            if key is None:
                continue
            if when is not None and is_last:
                self.calls[(pipe, call_id)] = (key, when, True)
            answers.append((key, (pipe, call_id, when), False))
            if not times and not was_answered and is_last:
                self.paired[key].append((stream, now - when))
        self.note(stream, times, answers)

    def note(self, stream, times, answers):
        """Notes the answers of a frame, with their times where it is clear whose they are."""
        if len(times) == len(answers):
            paired = zip(times, answers)
        else:
            # Answers whose request tshark did not find have none; which they are among several it does not tell.
            paired = zip(times + [None] * (len(answers) - len(times)), answers)
        for time, (key, call, pending) in paired:
            self.told[key].append((stream, call, pending, None if time is None else float(time)))

    def theirs(self):
        """tshark's tables."""
        tables = [(name, f"{name},srt") for name in sorted(self.protocols)]
        tables += [(("rpc", *which), f"rpc,srt,{which[0]},{which[1]}") for which in sorted(self.programs)]
        for uuid, versions in sorted(self.interfaces.items()):
            tables += [(("dcerpc", uuid), f"dcerpc,srt,{uuid},{version}") for version in sorted(versions)]
        found = collections.defaultdict(Times)
        for kind, table in tables:
            section = ""
            for line in self.tshark("-q", "-z", table).splitlines():
                if line.startswith("Index"):
                    section = line.split("Calls")[0].split(None, 1)[1].strip()
                row = ROW.match(line)
                if row:
                    index, name, calls, low, high, _, total = row.groups()
                    # SMB1's TRANSACTION2 and NT_TRANSACT have tables of their own.
                    index = {"Transaction2": 50, "NT": 160}.get(section.split()[0], int(index)) if kind == "smb" else int(index)
                    found[(kind, index)].add(int(calls), float(low), float(high), float(total))
        return found

    def ours(self, without=(), only=()):
        """Colloquy's table, in tshark's terms; without some conversations, or of some only."""
        command = [self.options.bin, "report", "--no-progress", "--tables", "srt", "--format", "json", self.path]
        if without or only:
            streams = sorted(without or only)
            named = " || ".join(f'session.transport == "{kind}" && session.stream == {number}' for kind, number in streams)
            command += ["--filter", f"!({named})" if without else named]
        report = json.loads(run(command))
        found = collections.defaultdict(Times)
        self.groups = {row["group"] for row in report["response_times"]}
        names = {}
        for row in report["response_times"]:
            key = self.key_of(row)
            if key is None:
                continue
            names[key] = f"{row['group']} {row['operation']}".strip()
            times = row["times"]
            if times:
                found[key].add(row["answered"], times["min"], times["max"], times["mean"] * row["answered"])
            found[key].open += row["unanswered"] + row["pending"]
        return found, names

    def key_of(self, row):
        protocol, group, number = row["protocol"], row["group"], row["number"]
        if protocol in ("smb", "smb2"):
            return protocol, number
        if protocol in ("rpc", "nfs", "mount", "portmap", "nlm", "nsm"):
            if group == "rpcsec_gss":
                # Control calls go to procedure 0 of the program.
                program = {"nfs": 100003}.get(protocol, 0)
                version = max((v for p, v in self.programs if p == program), default=0)
                return ("rpc", program, version), 0
            if group in PROGRAMS:
                # A COMPOUND is called after what it is for.
                is_compound = group == "nfs4" and not (number == 0 and row["operation"] == "NULL")
                return ("rpc", *PROGRAMS[group]), 1 if is_compound else number
            version = re.search(r"(?:^| )v(\d+) ", row["operation"])
            program = UNVERSIONED.get(group) or re.match(r"program (\d+)", row["operation"])
            if not program or not version:
                return ("rpc", group), number
            program = program if isinstance(program, int) else int(program[1])
            if group == "nfs4cb":
                # A server calls back under any number of the transient range.
                transient = [p for p, _ in self.programs if 0x40000000 <= p < 0x60000000]
                program = transient[0] if transient else program
                number = 1 if number else 0
            return ("rpc", program, int(version[1])), number
        if protocol == "dcerpc" and group:
            unnamed = re.match(r"interface ([0-9a-f-]{36}) ", row["operation"])
            unknown = "" if group == "unknown interface" else self.uuid_of(group)
            uuid = unnamed[1] if unnamed else unknown
            return ("dcerpc", uuid), number
        return None

    def uuid_of(self, name):
        return UUIDS.get(name, name)


UUIDS = {}


def known_interfaces(root):
    """Colloquy's names of interfaces."""
    folder = pathlib.Path(root, "dissectors/src/protocols/dcerpc/interfaces")
    source = "".join(file.read_text() for file in folder.glob("*.rs"))
    for number, name in re.findall(r"Interface::new\(\s*0x([0-9a-f_]+),\s*\"([^\"]+)\"", source):
        digits = number.replace("_", "").zfill(32)
        UUIDS[name] = "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def times_of(answers):
    """The times of answers that have one."""
    all_of = Times()
    for _, _, _, time in answers:
        if time is not None:
            all_of.add(1, time, time, time)
    return all_of


def paired_times(capture, keys):
    """The times of answers of some operations of DCE/RPC: tshark's, and where it has none those since the request."""
    all_of = times_of(one for key in keys for one in capture.told[key])
    for time in [time for key in keys for _, time in capture.paired[key]]:
        all_of.add(1, time, time, time)
    return all_of


def summed(keys, everything):
    found = Times()
    for times in [everything[key] for key in keys if key in everything]:
        found.add(times.calls, times.shortest, times.longest, times.total)
    return found


def explain(capture, key, theirs, everything):
    """The class of a difference, or None. `everything`: colloquy's times of all operations."""
    answers = capture.told[key]
    told, ours = times_of(answers), everything.get(key, Times())
    if told.is_like(ours):
        return "table"
    final = [a for a in answers if not a[2]]
    if len(final) < len(answers) and times_of(final).is_like(ours):
        return "interim"
    firsts = list({(stream, call): one for one in reversed(final) for stream, call in [one[:2]]}.values())
    if len(firsts) < len(final) and times_of(firsts).is_like(ours):
        return "again"
    if key == ("smb2", 114) and not theirs.calls:
        return "upgraded"
    if key[0][0] == "rpc" and key[1] == 0 and any(kind == "rpcsec_gss" for kind in capture.groups):
        return "renamed"
    if key[0][0] == "dcerpc":
        if paired_times(capture, [key]).is_like(ours):
            return "unpaired" if key[0][1] in capture.interfaces else "no-bind"
        bound = {("dcerpc", uuid) for uuid in capture.elsewhere[key[1]] | {""}}
        keys = [(kind, key[1]) for kind in bound]
        if key in keys and paired_times(capture, keys).is_like(summed(keys, everything)):
            return "elsewhere"
        shown = capture.ours(only=capture.speak)[0] if capture.speak else {}
        if paired_times(capture, [key]).is_like(shown.get(key, Times())):
            return "unseen"
    untimed = sum(time is None for *_, time in final)
    if key[0][0] != "dcerpc" and untimed and times_of(final).calls + untimed == ours.calls:
        return "unpaired"
    if key[0][0] == "rpc" and not (theirs.calls or answers or capture.asked[key]):
        return "unseen"
    if key[0][0] == "rpc" and theirs.is_like(told) and 0 < ours.calls - told.calls <= capture.asked[key] - len(answers):
        return "unseen"
    for mark in ("gap", "cut", "fragments"):
        without = {stream for stream in capture.marked[mark] if stream}
        if without:
            rest = times_of(a for a in final if a[0] not in without)
            for time in [time for stream, time in capture.paired[key] if stream not in without]:
                rest.add(1, time, time, time)
            if rest.is_like(capture.ours(without)[0].get(key, Times())):
                return mark
    return None


def compare(options, path, tally):
    capture = Capture(options, path)
    try:
        ours, names = capture.ours()
    except ValueError:
        print(f"{path}: colloquy does not read it")
        return 0
    theirs = capture.theirs()
    unexplained = 0
    for key in sorted(set(theirs) | set(ours), key=str):
        a, b = theirs.get(key, Times()), ours.get(key, Times())
        tally["without an answer"] += b.open
        if b.open and options.verbose:
            print(f"{path}: {names[key]}: {b.open} without an answer, which tshark's table leaves out")
        tally["operations"] += 1
        tally["calls"] += b.calls
        if a.is_like(b):
            tally["same"] += 1
            continue
        why = explain(capture, key, a, ours)
        tally[why or "UNEXPLAINED"] += 1
        unexplained += why is None
        print(f"{path}: {names.get(key, key)}: tshark {a}, colloquy {b}: {why or 'UNEXPLAINED, messages ' + str(times_of(capture.told.get(key, [])))}")
    return unexplained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="target/release/colloquy")
    parser.add_argument("--tshark", default="tshark")
    parser.add_argument("--root", default=".", help="where colloquy's sources are, for the names of interfaces")
    parser.add_argument("--verbose", action="store_true", help="tell unanswered calls too")
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()
    known_interfaces(options.root)
    tally = collections.Counter()
    unexplained = sum(compare(options, path, tally) for path in options.captures)
    print(", ".join(f"{count} {what}" for what, count in tally.items()))
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
