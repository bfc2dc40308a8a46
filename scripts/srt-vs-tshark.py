#!/usr/bin/env python3
"""Response times by operation, of tshark and of colloquy: the same calls, the same times?

    scripts/srt-vs-tshark.py --bin target/release/colloquy samples/*/*.pcap*

For each capture tshark (4.0) is asked for `smb,srt`, `smb2,srt`, `rpc,srt,PROGRAM,VERSION` and `dcerpc,srt,UUID,MAJOR.MINOR` of
all programs and interfaces that it finds there; colloquy for `report --tables srt --format json`. Of each operation the answered
calls and the shortest, longest and mean time are compared, all servers together, since tshark does not tell them apart. A
difference is held against what tshark says of single messages (`smb2.time`, `rpc.time`, `dcerpc.time`), and given a class:

    table       tshark's own messages give what colloquy gives; its table leaves some out (faults, rejected calls, versions)
    interim     tshark takes STATUS_PENDING for the answer
    again       tshark counts a call once more with each copy of its answer
    unseen      tshark shows no such answer at all: records in small segments, a version that its dissector does not know
    upgraded    SMB1's NEGOTIATE answered in SMB2 belongs to neither of tshark's tables
    no-bind     tshark does not know the interface, since its bind was not captured
    gap         bytes are missing in the capture, and tshark does not find the message's head or end
    cut         frames are cut, so that tshark times the first frame of a message and not its last
    fragments   tshark times from the first fragment of a request, colloquy from its last
    renamed     RPCSEC_GSS control calls stand apart in colloquy's table, in tshark's under NULL
    unpaired    tshark shows answers without a time, since it did not find their requests; colloquy did

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
        self.programs, self.interfaces = set(), {}
        self.marks, self.protocols = set(), set()
        # Times of answers by what it answers: as `key_of`, of DCE/RPC without the interface, which answers do not tell.
        self.told = collections.defaultdict(Times)
        rows = self.fields(
            "rpc || smb || smb2 || dcerpc || tcp.analysis.lost_segment", "rpc.program", "rpc.programversion", "rpc.procedure",
            "rpc.time", "dcerpc.cn_bind_to_uuid", "dcerpc.cn_bind_if_ver", "dcerpc.cn_bind_if_ver_minor", "dcerpc.pkt_type",
            "dcerpc.opnum", "dcerpc.time", "dcerpc.dg_if_id", "dcerpc.dg_if_ver", "smb.cmd", "smb2.cmd", "smb2.flags.response",
            "smb2.nt_status", "smb2.time", "tcp.analysis.lost_segment", "frame.len", "frame.cap_len", "dcerpc.cn_flags.last_frag", "smb.flags.response", "smb.time", "rpc.dup", "rpc.reqframe",
        )
        for row in rows:
            (program, version, procedure, rpc_time, uuid, major, minor, kind, opnum, dce_time, dg, dg_version, smb, command,
             is_answer, status, smb2_time, lost, length, captured, last, smb_answer, smb_time, again, requests) = [cell.split("|") if cell else [] for cell in row]
            self.programs |= {(int(p), int(v)) for p, v in zip(program, version)}
            for one in zip(uuid, major, minor):
                self.interfaces.setdefault(one[0].lower(), set()).add(f"{one[1]}.{one[2]}")
            for one in dg:
                self.interfaces.setdefault(one.lower(), set()).add(f"{dg_version[0] if dg_version else 0}.0")
            self.protocols |= {name for name, has in (("smb", smb), ("smb2", command)) if has}
            unpaired = [
                (smb_answer.count("1") + smb_answer.count("True"), smb_time, "smb"),
                (len([k for k in kind if k in ("2", "3")]), dce_time, "dcerpc"),
            ]
            self.marks |= {f"unpaired {name}" for answers, times, name in unpaired if answers > len(times)}
            marks = ("again", again or len(requests) > len(set(requests))), ("gap", lost), ("cut", length != captured), ("fragments", set(last) & {"0", "False"})
            self.marks |= {mark for mark, has in marks if has}
            self.answers(rpc_time, [(("rpc", int(p), int(v)), int(n)) for p, v, n in zip(program, version, procedure)])
            numbered = [n for n in kind if n in ("0", "2", "3")]
            pairs = zip(numbered, opnum) if len(numbered) == len(opnum) else zip(["2"] * len(opnum), opnum)
            self.answers(dce_time, [("dcerpc", int(n)) for k, n in pairs if k != "0"])
            said = list(zip(command, is_answer, status + [""] * len(command)))
            if len(status) != len(command):
                # Only answers have one.
                left = iter(status)
                said = [(c, a, next(left, "") if a in ("1", "True") else "") for c, a in zip(command, is_answer)]
            said = [(int(c), s) for c, a, s in said if a in ("1", "True")]
            if any(s.endswith("00000103") for _, s in said):
                self.marks.add("interim")
            self.answers(smb2_time, [("smb2", c) for c, s in said])

    def answers(self, times, keys):
        """Notes times of answers, where it is clear whose they are."""
        if times and len(times) <= len(keys):
            for time, key in zip(times, keys[-len(times):]):
                self.told[key].add(1, float(time), float(time), float(time))

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

    def ours(self):
        """Colloquy's table, in tshark's terms."""
        report = json.loads(run([self.options.bin, "report", "--no-progress", "--tables", "srt", "--format", "json", self.path]))
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


def explain(capture, key, theirs, ours, everything):
    """The class of a difference, or None. `everything`: colloquy's times of all operations."""
    told = capture.told[key]
    if key[0][0] == "dcerpc":
        told = capture.told[("dcerpc", key[1])]
        if key[0][1] not in capture.interfaces and not theirs.calls:
            return "no-bind"
        # Messages do not tell their interface: all operations of the number.
        ours = Times()
        for (kind, number), times in everything.items():
            if kind[0] == "dcerpc" and number == key[1]:
                ours.add(times.calls, times.shortest, times.longest, times.total)
    if told.is_like(ours):
        return "table"
    if key[0][0] == "rpc" and "again" in capture.marks and theirs.calls > ours.calls:
        return "again"
    if key == ("smb2", 114) and not theirs.calls:
        return "upgraded"
    if key[0] == "smb2" and "interim" in capture.marks and theirs.shortest <= ours.shortest + CLOSE:
        return "interim"
    if key[0][0] == "rpc" and key[1] == 0 and any(kind == "rpcsec_gss" for kind in capture.groups):
        return "renamed"
    kind = key[0] if isinstance(key[0], str) else key[0][0]
    if f"unpaired {kind}" in capture.marks and theirs.calls < ours.calls:
        return "unpaired"
    if theirs.calls == ours.calls and "cut" in capture.marks and theirs.mean() <= ours.mean():
        return "cut"
    if "gap" in capture.marks:
        return "gap"
    if kind == "rpc" and theirs.is_like(told) and theirs.calls < ours.calls:
        return "unseen"
    if key[0][0] == "dcerpc" and "fragments" in capture.marks and (theirs.mean() >= ours.mean() or told.mean() >= ours.mean()):
        return "fragments"
    return None


def compare(options, path, tally):
    capture = Capture(options, path)
    theirs, (ours, names) = capture.theirs(), capture.ours()
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
        why = explain(capture, key, a, b, ours)
        tally[why or "UNEXPLAINED"] += 1
        unexplained += why is None
        print(f"{path}: {names.get(key, key)}: tshark {a}, colloquy {b}: {why or 'UNEXPLAINED, messages ' + str(capture.told.get(key))}")
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
