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
    unpaired    the same with so many answers more of which tshark did not find the request, and gives no time (of DCE/RPC no
                operation either: then all operations together)
    unseen      tshark shows the requests and no answers to them, or nothing of the operation at all: records in small segments
    gap, cut, fragments
                the same without the conversations in which bytes are missing (tshark does not find a message's head or end), in
                which frames are cut (it times the first frame of a message and not its last), in which requests of DCE/RPC come
                in fragments (it times from the first, colloquy from the last)
    upgraded    SMB1's NEGOTIATE answered in SMB2 belongs to neither of tshark's tables
    no-bind     tshark does not know the interface, since its bind was not captured
    renamed     RPCSEC_GSS control calls stand apart in colloquy's table, in tshark's under NULL

All of them go by the messages of the operation in question.

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
        # By what is answered, as `key_of` (of DCE/RPC without the interface, which answers do not tell): the answers, requests.
        self.told, self.asked = collections.defaultdict(list), collections.Counter()
        # Answers of DCE/RPC of which tshark knows neither operation nor time, since it did not find the request.
        self.nameless = 0
        rows = self.fields(
            "rpc || smb || smb2 || dcerpc || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment", "frame.number",
            "tcp.stream", "udp.stream", "rpc.xid", "rpc.msgtyp", "rpc.program", "rpc.programversion", "rpc.procedure", "rpc.time",
            "dcerpc.cn_bind_to_uuid", "dcerpc.cn_bind_if_ver", "dcerpc.cn_bind_if_ver_minor", "dcerpc.pkt_type", "dcerpc.opnum",
            "dcerpc.time", "dcerpc.cn_call_id", "dcerpc.dg_if_id", "dcerpc.dg_if_ver", "smb.cmd", "smb.flags.response", "smb.time",
            "smb2.cmd", "smb2.flags.response", "smb2.nt_status", "smb2.time", "smb2.msg_id", "tcp.analysis.lost_segment",
            "tcp.analysis.ack_lost_segment", "frame.len", "frame.cap_len", "dcerpc.cn_flags.last_frag",
        )
        for row in rows:
            (_frame, tcp, udp, xids, types, program, version, procedure, rpc_time, uuid, major, minor, kind, opnum, dce_time,
             call_ids, dg, dg_version, smb, smb_answer, smb_time, command, is_answer, status, smb2_time, message_ids, lost, unseen,
             length, captured, last) = [cell.split("|") if cell else [] for cell in row]
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
            numbered = [(k, i) for k, i in zip(kind, call_ids or [""] * len(kind)) if k in ("0", "2", "3")]
            pairs = zip(numbered, opnum) if len(numbered) == len(opnum) else zip([("2", "")] * len(opnum), opnum)
            pairs = [(k, i, ("dcerpc", int(n))) for (k, i), n in pairs]
            self.nameless += max(0, len([k for k, _ in numbered if k != "0"]) - len(dce_time))
            self.note(stream, dce_time, [(key, call_id, False) for k, call_id, key in pairs if k != "0"])
            self.asked.update(key for k, _, key in pairs if k == "0")
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

    def ours(self, without=()):
        """Colloquy's table, in tshark's terms; without some conversations."""
        command = [self.options.bin, "report", "--no-progress", "--tables", "srt", "--format", "json", self.path]
        if without:
            named = " || ".join(f'session.transport == "{kind}" && session.stream == {number}' for kind, number in sorted(without))
            command += ["--filter", f"!({named})"]
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
            uuid = unnamed[1] if unnamed else self.uuid_of(group)
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


def summed(key, everything):
    """Colloquy's times of what tshark's messages tell apart: DCE/RPC's do not tell their interface."""
    if key[0][0] != "dcerpc":
        return everything.get(key, Times())
    found = Times()
    for (kind, number), times in everything.items():
        if kind[0] == "dcerpc" and number == key[1]:
            found.add(times.calls, times.shortest, times.longest, times.total)
    return found


def lacking(capture, everything):
    """Calls of DCE/RPC that colloquy has and tshark's messages do not tell, all operations together."""
    numbers = {number for kind, number in everything if kind[0] == "dcerpc"}
    calls = [(summed((("dcerpc", ""), n), everything), times_of(capture.told[("dcerpc", n)])) for n in numbers]
    return sum(max(0, ours.calls - told.calls) for ours, told in calls)


def explain(capture, key, theirs, everything):
    """The class of a difference, or None. `everything`: colloquy's times of all operations."""
    told_key = ("dcerpc", key[1]) if key[0][0] == "dcerpc" else key
    answers = capture.told[told_key]
    told, ours = times_of(answers), summed(key, everything)
    if key[0][0] == "dcerpc" and key[0][1] not in capture.interfaces and not theirs.calls:
        return "no-bind"
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
    untimed = sum(time is None for *_, time in final)
    if untimed and times_of(final).calls + untimed == ours.calls:
        return "unpaired"
    if key[0][0] == "dcerpc" and 0 < lacking(capture, everything) <= capture.nameless:
        return "unpaired"
    if key[0][0] == "rpc" and not (theirs.calls or answers or capture.asked[key]):
        return "unseen"
    if key[0][0] == "rpc" and theirs.is_like(told) and 0 < ours.calls - told.calls <= capture.asked[key] - len(answers):
        return "unseen"
    for mark in ("gap", "cut", "fragments"):
        without = {stream for stream in capture.marked[mark] if stream}
        if without:
            rest = [a for a in final if a[0] not in without]
            if times_of(rest).is_like(summed(key, capture.ours(without)[0])):
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
