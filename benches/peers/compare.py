"""Ratios of julia f64 against other language implementations, interleaved in one run.

usage: compare.py [WIDTH [ROUNDS]]   (needs target/release/crossover; lua5.4 if it is installed)
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = ["interpreter exact", "cranelift 1t", "native scalar", "native threads"]


def crossover(width):
    """Median seconds of each variant, and the sums of counts that were verified."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            ROOT / "target/release/crossover", "run", "julia", "--set", f"w={width}",
            "--dtype", "f64", "--backend", "interpreter,cranelift,native",
            "--variant", "exact,1t,scalar,threads", "--budget", "10s", "--format", "json",
            "--out", Path(folder) / "record",
        ]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = json.loads(result.stdout)["rows"]
    times = {f"{r['backend']} {r['variant']}": r["median_ns"] / 1e9 for r in rows}
    compiled = [r["phases"]["compile"] + r["phases"]["lower"] for r in rows if r["variant"] == "1t"]
    return times, compiled[0] / 1e6


def peer(command):
    """Seconds of one run of another implementation, and its sum of counts."""
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, total = result.stdout.split()
    return float(seconds), int(total)


def main():
    width = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    peers = {"CPython": [sys.executable, ROOT / "benches/peers/julia.py", str(width)]}
    if shutil.which("lua5.4"):
        peers["Lua 5.4"] = ["lua5.4", ROOT / "benches/peers/julia.lua", str(width)]
    else:
        print("Lua 5.4 is not installed: its ratio is left out")
    times, totals, compile_ms = {}, set(), []
    for _ in range(rounds):
        for name, command in peers.items():
            seconds, total = peer(command)
            times.setdefault(name, []).append(seconds)
            totals.add(total)
        own, compiled = crossover(width)
        compile_ms.append(compiled)
        for name, seconds in own.items():
            times.setdefault(name, []).append(seconds)
    assert len(totals) == 1, f"the peers disagree: {totals}"
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"julia f64 {width} x {width}, median of {rounds} rounds; sum of counts {totals.pop()}")
    for name, seconds in median.items():
        print(f"  {name:18} {seconds * 1e3:9.1f} ms")
    exact, scalar = median["interpreter exact"], median["native scalar"]
    for name in peers:
        print(f"{name} / interpreter: {median[name] / exact:.1f}")
    print(f"interpreter / native scalar: {exact / scalar:.2f}")
    print(f"cranelift 1t / native scalar: {median['cranelift 1t'] / scalar:.2f}")
    print(f"native scalar / native threads: {scalar / median['native threads']:.2f}")
    print(f"cranelift, IR to code: {statistics.median(compile_ms):.1f} ms")


main()
