#!/usr/bin/env python3
"""Random display filters, judged by tshark and by colloquy: do they select the same frames?

    scripts/filters-vs-tshark.py --bin target/release/colloquy --count 1000 samples/*/*.pcap*

Filters are generated from the grammar over the fields that both programs know, with values that occur in the captures. A field
whose values differ between the two on a capture (`-T fields`) is left out there, since this compares the language and not the
fields; `--all-fields` keeps it. tshark (4.0, with Lua) judges all filters in one run a capture; colloquy runs once a filter.
Every difference is printed. Exit status 1 when there is one.
"""

import argparse
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile

BETWEEN = "\x02"

NUMBERS = {
    "FT_UINT8": 8, "FT_UINT16": 16, "FT_UINT24": 24, "FT_UINT32": 32, "FT_UINT40": 40, "FT_UINT48": 48, "FT_UINT56": 56,
    "FT_UINT64": 64, "FT_FRAMENUM": 32,
}
TYPES = {
    **{name: "number" for name in NUMBERS},
    "FT_BOOLEAN": "boolean", "FT_STRING": "text", "FT_STRINGZ": "text", "FT_STRINGZPAD": "text", "FT_UINT_STRING": "text",
    "FT_BYTES": "bytes", "FT_ETHER": "ether", "FT_IPv4": "ipv4", "FT_IPv6": "ipv6", "FT_GUID": "guid",
    "FT_RELATIVE_TIME": "duration", "FT_NONE": "flag", "FT_PROTOCOL": "protocol",
}


# Protocols whose bytes colloquy reads, as the conversation carries them.
WITH_BYTES = set("frame eth sll vlan arp ip ipv6 icmp icmpv6 udp tcp nbss smb smb2 rpc dcerpc http http2 ldap tls ssh ssdp nbdgm "
                 "websocket".split())


class Field:
    def __init__(self, name, ftype):
        self.name, self.ftype = name, ftype
        self.kind = TYPES[ftype]
        self.bits = NUMBERS.get(ftype, 32)
        self.values = set()


def run(command):
    # Some values are no UTF-8; what matters is whether both are the same.
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).stdout.decode("latin-1")


def known_fields(options):
    """Fields that both know, of types that have a literal."""
    ours = {line.split("\t")[0] for line in run([options.bin, "fields"]).splitlines()}
    ours -= {name for name in ours if name.startswith("_ws.")}
    fields, several = {}, set()
    for line in run([options.tshark, "-G", "fields"]).splitlines():
        parts = line.split("\t")
        if parts[0] == "P":
            name, ftype = parts[2], "FT_PROTOCOL"
        elif parts[0] == "F":
            name, ftype = parts[2], parts[3]
            if parts[5] == "BASE_CUSTOM":
                # What is shown of it is not the value that filters compare.
                several.add(name)
        else:
            continue
        if name in fields and fields[name].ftype != ftype:
            several.add(name)
        elif name in ours and ftype in TYPES:
            fields[name] = Field(name, ftype)
    wanted = tuple(options.groups.split(",")) if options.groups else ("",)
    return {n: f for n, f in fields.items() if n not in several and n.startswith(wanted)}


def columns(lines, names):
    """Of each name the values a frame, those of `-T fields`."""
    rows = [line.split("\t") for line in lines]
    return {name: [row[i] if i < len(row) else "" for row in rows] for i, name in enumerate(names)}


def sample(options, fields, capture):
    """Values by field, and the names of the fields whose values differ."""
    names = list(fields)
    args = ["-E", "aggregator=" + BETWEEN, "-T", "fields"]
    for name in names:
        args += ["-e", name]
    tshark = run([options.tshark, "-n", "-2", "-r", capture, "-o", "tcp.reassemble_out_of_order:TRUE", *args])
    theirs = columns(tshark.split("\n")[:-1], names)
    ours = columns(run([options.bin, "frames", capture, *args]).split("\n")[:-1], names)
    differing = set()
    for name in names:
        plain = fields[name].kind not in ("protocol", "flag")
        same = [plain and v or bool(v) for v in theirs[name]] == [plain and v or bool(v) for v in ours[name]]
        if not same:
            differing.add(name)
    # Whether an empty text is there at all, only a filter tells.
    texts = [name for name in names if fields[name].kind == "text" and (any(ours[name]) or any(theirs[name]))]
    for place, frames in by_tshark(options, capture, texts).items():
        if frames != by_colloquy(options, capture, texts[place]):
            differing.add(texts[place])
    values = {name: {v for cell in theirs[name] for v in cell.split(BETWEEN) if v} for name in names}
    return {n: v for n, v in values.items() if v}, differing


class Generator:
    """Filters from the grammar."""

    def __init__(self, fields, rng):
        self.rng = rng
        self.fields = fields
        self.present = [f for f in fields.values() if f.values]
        self.absent = [f for f in fields.values() if not f.values]
        self.used = set()

    def field(self, *kinds):
        pool = [f for f in self.present if not kinds or f.kind in kinds]
        if self.absent and (not pool or self.rng.random() < 0.03):
            pool = [f for f in self.absent if not kinds or f.kind in kinds] or pool
        if not pool:
            return None
        # By group first, so that one with many fields is not all there is.
        groups = sorted({f.name.split(".")[0] for f in pool})
        group = self.rng.choice(groups)
        chosen = self.rng.choice([f for f in pool if f.name.split(".")[0] == group])
        self.used.add(chosen.name)
        return chosen

    def pick(self, *choices):
        return self.rng.choice(choices)

    def condition(self, depth=0):
        roll = self.rng.random()
        if depth < 3 and roll < 0.4:
            sign = self.pick(" and ", " && ", " or ", " || ")
            parts = [self.condition(depth + 1) for _ in range(self.rng.randint(2, 3))]
            return sign.join(parts)
        if depth < 3 and roll < 0.5:
            return self.pick("not ", "!", "! ") + "(" + self.condition(depth + 1) + ")"
        if depth < 3 and roll < 0.58:
            return "(" + self.condition(depth + 1) + ")"
        if roll < 0.62:
            return self.pick("not ", "!") + self.test()
        return self.test()

    def test(self):
        while True:
            field = self.field("protocol") if self.rng.random() < 0.2 else self.field()
            made = getattr(self, field.kind)(field)
            if made:
                return made
            self.used.discard(field.name)

    def order(self):
        return self.pick("==", "eq", "!=", "ne", "===", "!==", ">", "gt", "<", "lt", ">=", "ge", "<=", "le", "any_eq",
                         "all_ne", "all_eq", "any_ne", "~=")

    def quantified(self):
        return self.pick("", "", "", "", "any ", "all ")

    def layered(self, field, often):
        """Only of headers, and not of Ethernet, which tshark counts twice under LLC: whether several messages are several layers
        depends on how its dissector is called."""
        is_header = field.name.split(".")[0] in ("frame", "vlan", "ip", "ipv6", "udp", "tcp", "icmp")
        return field.name + (f"#{self.rng.randint(1, 2)}" if is_header and self.rng.random() < often else "")

    def there(self, field):
        return self.layered(field, 0.1)

    flag = there

    def protocol(self, field):
        """Its bytes, where both know them; what was decrypted only tshark shows."""
        if field.name not in WITH_BYTES or self.rng.random() < 0.25:
            return self.there(field)
        carried = [self.fields[name] for name in ("tcp.payload", "udp.payload") if name in self.fields]
        data = bytes.fromhex(self.rng.choice(sorted({v for f in carried for v in f.values} or {"00"})))[:512]
        start = self.rng.randrange(min(len(data), 64))
        part = data[start:start + self.rng.randint(1, 4)]
        roll = self.rng.random()
        if roll < 0.3:
            if part.isascii() and part.decode().isprintable() and self.rng.random() < 0.5:
                return f"{field.name} contains {self.quoted(part.decode())}"
            return f"{self.quantified()}{field.name} contains {self.hex(part)}"
        if roll < 0.45:
            text = "".join(chr(b) for b in part if chr(b).isalnum() and b < 128) or "a"
            pattern = self.pick(text, "(?i)" + text, "^" + text, text[0] + "+", text + "$", "[" + text[0] + "-z]{2}")
            return f"{self.quantified()}{field.name} {self.pick('matches', '~')} \"{pattern}\""
        if roll < 0.6:
            return f"len({field.name}) {self.pick('==', '>', '<', '!=', '>=')} {self.pick(8, 14, 20, 32, 40, 60, len(data))}"
        if roll < 0.65:
            other = self.field("protocol")
            if other.name in WITH_BYTES and other.name != field.name:
                return f"{field.name} {self.pick('contains', '==', '<', '>', '!=')} {other.name}"
        if roll < 0.7:
            return f"{self.quantified()}{field.name} {self.order()} {self.hex(part)}"
        return self.sliced(field, data[:64])

    def value(self, field):
        return self.rng.choice(sorted(field.values)) if field.values else None

    def int(self, field):
        value = self.value(field)
        n = int(value, 0) if value else self.rng.randrange(256)
        if self.rng.random() < 0.3:
            n += self.rng.randint(-2, 2)
        return min(max(n, 0), (1 << field.bits) - 1)

    def written(self, n):
        return self.pick(str(n), str(n), hex(n), "0" + oct(n)[2:] if n else "0", bin(n))

    def number(self, field):
        roll = self.rng.random()
        of = self.layered(field, 0.1)
        if roll < 0.1:
            return of
        if roll < 0.45:
            return f"{self.quantified()}{of} {self.order()} {self.written(self.int(field))}"
        if roll < 0.6:
            members = []
            for _ in range(self.rng.randint(1, 4)):
                low = self.int(field)
                high = min(low + self.rng.randint(0, 300), (1 << field.bits) - 1)
                members.append(self.pick(str(low), f"{low}..{high}", f"{low} .. {high}"))
            negated = "not in" if self.rng.random() < 0.2 else "in"
            quantified = self.quantified()
            if quantified == "all ":
                # Of several members tshark 4.0 wants one that has all values.
                members = members[:1]
            return f"{quantified}{of} {negated} {{{', '.join(members)}}}"
        if roll < 0.7:
            mask = self.rng.randint(1, min((1 << field.bits) - 1, 0xFFFF))
            if self.rng.random() < 0.5:
                return f"{of} & {hex(mask)}"
            return f"{of} & {hex(mask)} {self.pick('==', '!=', '>')} {self.int(field) & mask}"
        small = (1 << min(field.bits, 24)) - 1
        if roll < 0.8 and field.bits <= 32:
            n = self.rng.randint(1, 9)
            value = min(self.int(field), small // 16)
            calculation = self.pick(f"{of} + {n}", f"{of} % {n}", f"{of} / {n}", f"{{{of} + {n}}} / 2")
            return f"{calculation} {self.pick('==', '<', '>', '<=', '>=', '!=')} {value}"
        if roll < 0.85:
            other = self.field("number")
            return f"{self.quantified()}{of} {self.order()} {other.name}"
        if roll < 0.9:
            return f"count({field.name}) {self.pick('==', '>', '<', '!=')} {self.rng.randint(0, 3)}"
        if roll < 0.95:
            return f"string({of}) {self.pick('matches', 'contains')} \"{self.rng.randint(0, 99)}\""
        name = self.pick("max", "min", "abs")
        return f"{name}({of}) {self.pick('==', '>', '<')} {self.int(field)}"

    def boolean(self, field):
        roll = self.rng.random()
        if roll < 0.2:
            return field.name
        truth = self.pick("1", "0", "True", "False", "TRUE", "FALSE")
        return f"{self.quantified()}{field.name} {self.pick('==', '!=', '===', '!==', 'eq', 'ne')} {truth}"

    def quoted(self, text):
        if "\\" in text and '"' not in text and not text.endswith("\\") and self.rng.random() < 0.5:
            return f'r"{text}"'
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        if text and self.rng.random() < 0.1:
            at = self.rng.randrange(len(text))
            if text[at] not in '\\"' and (at == 0 or text[at - 1] != "\\"):
                text = f"{text[:at]}\\x{ord(text[at]):02x}{text[at + 1:]}"
        return f'"{text}"'

    def part(self, text):
        start = self.rng.randrange(len(text))
        return text[start:start + self.rng.randint(1, 6)]

    def text(self, field):
        value = self.value(field) or "x"
        # Control characters are shown as escapes, but compared as they are.
        if not value.isprintable() or not value.isascii() or re.search(r"\\[abfnrtvx0]", value):
            return None
        roll = self.rng.random()
        if roll < 0.1:
            return field.name
        if roll < 0.3:
            return f"{self.quantified()}{field.name} {self.order()} {self.quoted(value)}"
        if roll < 0.5:
            part = self.part(value)
            return f"{self.quantified()}{field.name} contains {self.quoted(self.pick(part, part.swapcase()))}"
        if roll < 0.7:
            pattern = re.escape(self.part(value)).replace("\\ ", " ")
            pattern = self.pick(pattern, "^" + pattern, pattern + "$", f"({pattern}|zz+)", pattern + ".*[a-m]",
                                "(?-i)" + pattern)
            return f"{self.quantified()}{field.name} {self.pick('matches', '~')} {self.quoted(pattern)}"
        if roll < 0.8:
            return self.sliced(field, value.encode())
        if roll < 0.9:
            name = self.pick("lower", "upper")
            changed = value.lower() if name == "lower" else value.upper()
            return f"{name}({field.name}) {self.pick('==', '!=', 'contains')} {self.quoted(changed)}"
        if roll < 0.95:
            return f"len({field.name}) {self.pick('==', '>', '<')} {len(value) + self.rng.randint(-2, 2)}"
        others = [self.quoted(self.value(field)) for _ in range(2) if field.values]
        others = [o for o in others if o.isprintable() and o.isascii()]
        return f"{field.name} in {{{', '.join([self.quoted(value), *others])}}}"

    def hex(self, data):
        if len(data) == 1:
            return f"0x{data[0]:02x}"
        return self.pick(":", ":", "-").join(f"{b:02x}" for b in data)

    def sliced(self, field, data):
        size = len(data)
        start = self.rng.randrange(size)
        length = self.rng.randint(1, min(4, size - start))
        form = self.pick(f"[{start}:{length}]", f"[{start}-{start + length - 1}]", f"[{start - size}:{length}]")
        if length == 1 and self.rng.random() < 0.5:
            form = f"[{start}]"
        elif start == 0 and self.rng.random() < 0.5:
            form = f"[:{length}]"
        elif start + length == size and self.rng.random() < 0.5:
            form = f"[{start}:]"
        part = data[start:start + length]
        if self.rng.random() < 0.1:
            return field.name + form
        if self.rng.random() < 0.1 and length == 1:
            return f"{field.name}{form} & {self.hex(part)} == {self.hex(part)}"
        relation = self.pick("==", "!=", "<", ">=", "===", "contains")
        return f"{self.quantified()}{field.name}{form} {relation} {self.hex(part)}"

    def bytes(self, field):
        value = self.value(field)
        if value is None:
            return field.name
        if not re.fullmatch("([0-9a-f]{2})+", value):
            return None
        data = bytes.fromhex(value)[:64]
        roll = self.rng.random()
        if roll < 0.15:
            return field.name
        if roll < 0.35:
            return f"{self.quantified()}{field.name} {self.order()} {self.hex(data)}"
        if roll < 0.6:
            start = self.rng.randrange(len(data))
            part = data[start:start + self.rng.randint(1, 4)]
            if part.isascii() and part.decode().isprintable() and self.rng.random() < 0.5:
                return f"{field.name} contains {self.quoted(part.decode())}"
            return f"{self.quantified()}{field.name} contains {self.hex(part)}"
        if roll < 0.7:
            return f"len({field.name}) {self.pick('==', '>', '<')} {len(value) // 2 + self.rng.randint(-2, 2)}"
        if roll < 0.8:
            return f"{field.name} matches \"{self.pick('[a-f]', '^.', '.$', 'a+', '[0-9]{2}')}\""
        return self.sliced(field, data)

    def ether(self, field):
        value = self.value(field)
        if value is None:
            return field.name
        roll = self.rng.random()
        if roll < 0.5:
            sign = self.pick(":", "-")
            return f"{self.quantified()}{field.name} {self.order()} {value.replace(':', sign)}"
        if roll < 0.8:
            return self.sliced(field, bytes.fromhex(value.replace(":", "")))
        if roll < 0.9:
            return f"{field.name} in {{{value}, 00:00:00:00:00:00 .. 00:ff:ff:ff:ff:ff}}"
        return f"string({field.name}) contains \"{value[:self.rng.randint(1, 8)]}\""

    def ipv4(self, field):
        value = self.value(field) or "10.0.0.1"
        roll = self.rng.random()
        if roll < 0.4:
            return f"{self.quantified()}{field.name} {self.order()} {value}"
        if roll < 0.7:
            return f"{self.quantified()}{field.name} {self.pick('==', '!=', '===', '!==')} {value}/{self.rng.randint(0, 32)}"
        if roll < 0.85:
            return f"{self.pick('', 'any ')}{field.name} in {{{value}/24, 10.0.0.0 .. 10.255.255.255, 192.168.0.0/16}}"
        if roll < 0.92:
            return f"{field.name} {self.order()} {self.field('ipv4').name}"
        return f"string({field.name}) matches \"^{value.split('.')[0]}\""

    def ipv6(self, field):
        value = self.value(field) or "fe80::1"
        roll = self.rng.random()
        if roll < 0.5:
            return f"{self.quantified()}{field.name} {self.order()} {value}"
        if roll < 0.8:
            return f"{field.name} {self.pick('==', '!=')} {value}/{self.rng.randint(0, 128)}"
        return f"{field.name} in {{{value}, fe80:: .. fe80::ffff}}"

    def guid(self, field):
        value = self.value(field)
        return f"{self.quantified()}{field.name} {self.pick('==', '!=', '===')} {value}" if value else field.name

    def duration(self, field):
        value = self.value(field)
        if value is None or not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return field.name
        whole, _, part = value.partition(".")
        value = self.pick(value, whole, f"{whole}.{part[:3]}" if part else whole)
        if self.rng.random() < 0.15:
            return f"{field.name} in {{{value}, 0.0 .. 0.001}}"
        return f"{self.quantified()}{field.name} {self.order()} {value}"


def reads_twice(text):
    """True where a field is read in one layer and again: tshark 4.0 then has the values of the first reading for both."""
    return any(len(re.findall(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)) > 1 for name in re.findall(r"([\w.-]+)#", text))


LUA = """
local out = io.open(%(out)s, "w")
local function add(place, filter)
  local ok, tap = pcall(Listener.new, "frame", filter)
  if not ok then
    out:write(place, "\\trefused\\n")
    return
  end
  function tap.packet(pinfo) out:write(place, "\\t", pinfo.number, "\\n") end
  function tap.draw() out:flush() end
end
%(calls)s
"""


def lua_text(text):
    return '"' + "".join(f"\\{b:03d}" for b in text.encode()) + '"'


def by_tshark(options, capture, filters):
    """Of each filter its frames, or None where it is refused."""
    frames = {place: set() for place in range(len(filters))}
    # A Lua chunk has a limited number of constants.
    for first in range(0, len(filters), 500):
        with tempfile.TemporaryDirectory() as folder:
            out, script = os.path.join(folder, "out"), os.path.join(folder, "filters.lua")
            some = list(enumerate(filters))[first:first + 500]
            calls = "\n".join(f"add({place}, {lua_text(text)})" for place, text in some)
            with open(script, "w") as file:
                file.write(LUA % {"out": lua_text(out), "calls": calls})
            run([options.tshark, "-n", "-2", "-q", "-o", "tcp.reassemble_out_of_order:TRUE", "-X", "lua_script:" + script,
                 "-r", capture])
            with open(out) as file:
                for line in file:
                    place, frame = line.split("\t")
                    if frame.strip() == "refused":
                        frames[int(place)] = None
                    elif frames[int(place)] is not None:
                        frames[int(place)].add(int(frame))
    return frames


def by_tshark_alone(options, capture, text):
    """The frames of one filter by `-Y`: what a listener is shown of a frame is not all that a filter is."""
    done = run([options.tshark, "-n", "-2", "-o", "tcp.reassemble_out_of_order:TRUE", "-r", capture, "-Y", text, "-T", "fields",
                "-e", "frame.number"])
    return {int(line) for line in done.split()}


def by_colloquy(options, capture, text):
    done = subprocess.run([options.bin, "frames", capture, "-Y", text, "-T", "fields", "-e", "frame.number", "--threads", "1"],
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode == 2 and not done.stdout and b"^" in done.stderr:
        return None
    return {int(line) for line in done.stdout.split()}


def shortened(frames):
    frames = sorted(frames)
    return " ".join(map(str, frames[:8])) + (" …" if len(frames) > 8 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", default="target/release/colloquy")
    parser.add_argument("--tshark", default="tshark")
    parser.add_argument("--count", type=int, default=1000, help="filters")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--groups", default="", help="only fields whose names begin so: tcp.,smb2.")
    parser.add_argument("--all-fields", action="store_true", help="also fields whose values differ")
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()

    fields = known_fields(options)
    differing = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        samples = pool.map(lambda capture: (capture, sample(options, fields, capture)), options.captures)
        for capture, (values, differs) in samples:
            differing[capture] = set() if options.all_fields else differs
            for name in values.keys() - differing[capture]:
                fields[name].values |= set(random.Random(options.seed).sample(sorted(values[name]), min(20, len(values[name]))))
    left_out = sum(map(len, differing.values()))
    print(f"{len(fields)} fields known to both, {sum(bool(f.values) for f in fields.values())} with values; "
          f"{left_out} times a field is left out on a capture since its values differ")

    rng = random.Random(options.seed)
    generator = Generator(fields, rng)
    filters, reads = [], []
    while len(filters) < options.count:
        generator.used = set()
        text = generator.condition()
        if not reads_twice(text):
            filters.append(text)
            reads.append(generator.used)

    compared = selected = refused = differences = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for capture in options.captures:
            theirs = by_tshark(options, capture, filters)
            places = [p for p in range(len(filters)) if not reads[p] & differing[capture]]
            refused = sum(theirs[p] is None for p in range(len(filters)))
            places = [p for p in places if theirs[p] is not None]
            ours = pool.map(lambda p: by_colloquy(options, capture, filters[p]), places)
            for place, mine in zip(places, ours):
                compared += 1
                selected += bool(theirs[place])
                if mine == theirs[place] or mine == by_tshark_alone(options, capture, filters[place]):
                    continue
                differences += 1
                print(f"\n{capture}\n  {filters[place]}")
                if mine is None:
                    print("  refused by colloquy")
                    continue
                for who, some in (("tshark", theirs[place] - mine), ("colloquy", mine - theirs[place])):
                    if some:
                        print(f"  only {who}: {shortened(some)}")
    print(f"\n{len(filters)} filters on {len(options.captures)} captures: {compared} comparisons, in {selected} of them frames are "
          f"selected; {refused} filters refused by tshark; {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
