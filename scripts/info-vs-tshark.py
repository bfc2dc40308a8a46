#!/usr/bin/env python3
"""Summary lines, as tshark and colloquy write them: which columns are equal, and how do the others differ?

    scripts/info-vs-tshark.py --bin target/release/colloquy samples/*/*.pcap*

Counts, for each column of `frames -T text`, the frames on which it is what tshark (4.0) shows, and lists the most frequent kinds
of difference: texts in which numbers, addresses and quoted words are replaced by a sign.
"""

import argparse
import collections
import concurrent.futures
import re
import subprocess

COLUMNS = ["_ws.col.Source", "_ws.col.Destination", "_ws.col.Protocol", "_ws.col.Length", "_ws.col.Info"]
TSHARK_COLUMNS = '"No.","%m","Source","%s","Destination","%d","Protocol","%p","Length","%L","Info","%i"'


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).stdout.decode("utf-8", "replace")


def by_tshark(options, capture):
    """Of each frame its columns."""
    args = [options.tshark, "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-o", "gui.column.format:" + TSHARK_COLUMNS,
            "-r", capture, "-T", "fields", "-E", "separator=\x01", "-e", "frame.number"]
    for name in COLUMNS:
        args += ["-e", name]
    return {row[0]: row[1:] for line in run(args).split("\n") if len(row := line.split("\x01")) == 6}


def by_colloquy(options, capture):
    """The same out of the lines, which have columns of some width; the protocol ends where the length begins."""
    rows = {}
    for line in run([options.bin, "frames", capture, "-T", "text"]).split("\n"):
        found = re.match(r"\s*(\d+)\s+\S+\s+(.*?)\s+→\s+(\S*)\s+(.*?)\s+(\d+)(?: (.*))?$", line)
        if found:
            number, source, destination, protocol, length, info = found.groups()
            rows[number] = [source, destination, protocol, length, info or ""]
    return rows


def kind(text):
    text = re.sub(r"\"[^\"]*\"", "Q", text)
    text = re.sub(r"\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b|\b\d+(\.\d+){3}\b|\b[0-9a-f]*(:[0-9a-f]*){2,}\b", "A", text)
    text = re.sub(r"\b0x[0-9a-f]+\b|\d+", "#", text)
    return text[:90]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", default="target/release/colloquy")
    parser.add_argument("--tshark", default="tshark")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--worst", type=int, default=40, help="kinds of difference to list")
    parser.add_argument("--column", default="Info", help="the column whose differences are listed")
    parser.add_argument("--spoken", default="", help="only frames of which tshark's protocol column begins so: SMB,NBSS,HTTP")
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()

    spoken = tuple(options.spoken.split(","))
    column = COLUMNS.index("_ws.col." + options.column)
    frames, equal, kinds, example = 0, [0] * len(COLUMNS), collections.Counter(), {}
    by_protocol = collections.defaultdict(lambda: [0, 0])
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        both = pool.map(lambda c: (c, by_tshark(options, c), by_colloquy(options, c)), options.captures)
        for capture, theirs, ours in both:
            for number, expected in theirs.items():
                if not expected[2].startswith(spoken):
                    continue
                row = ours.get(number, [""] * len(COLUMNS))
                frames += 1
                for place, (a, b) in enumerate(zip(expected, row)):
                    equal[place] += a == b
                by_protocol[expected[2]][0] += 1
                if expected[column] == row[column]:
                    by_protocol[expected[2]][1] += 1
                else:
                    key = (expected[2], kind(row[column]), kind(expected[column]))
                    kinds[key] += 1
                    example.setdefault(key, f"{capture} {number}")
    print(f"{frames} frames")
    for name, count in zip(COLUMNS, equal):
        print(f"{name[8:]:12} {count:8} {100 * count / max(frames, 1):6.2f} %")
    print("\n" + options.column + " by protocol:")
    for name, (all_of, good) in sorted(by_protocol.items(), key=lambda p: p[1][1] - p[1][0])[:options.worst]:
        print(f"{name:14} {all_of:8} {100 * good / all_of:6.2f} %")
    for (protocol, mine, theirs), count in kinds.most_common(options.worst):
        print(f"\n{count} {protocol}, as in {example[protocol, mine, theirs]}\n  colloquy  {mine}\n  tshark    {theirs}")


if __name__ == "__main__":
    main()
