"""The reference of julia under plain CPython, with plain Python floats: one line with the seconds.

usage: julia.py WIDTH
"""

import sys
import time
import types
from pathlib import Path


class Type:
    """A type name: annotation, subscript and cast."""

    def __init__(self, convert):
        self.convert = convert

    def __getitem__(self, _):
        return self

    def __call__(self, value):
        return self.convert(value)


class Array:
    """A row-major array of plain Python numbers."""

    def __init__(self, shape, values):
        self.shape = shape
        self.values = values

    def __getitem__(self, index):
        if isinstance(index, tuple):
            return self.values[index[0] * self.shape[1] + index[1]]
        return self.values[index]

    def __setitem__(self, index, value):
        if isinstance(index, tuple):
            self.values[index[0] * self.shape[1] + index[1]] = value
        else:
            self.values[index] = value


def load(path):
    """The functions of a kernel file."""
    shim = types.ModuleType("crossover")
    shim.i32 = shim.u32 = shim.i64 = shim.u64 = Type(int)
    shim.f32 = shim.f64 = shim.real = Type(float)
    shim.prange = range
    sys.modules["crossover"] = shim
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names


def main():
    width = int(sys.argv[1])
    root = Path(__file__).resolve().parents[2]
    julia = load(root / "crates/suite/src/kernels/julia/kernel.py")["julia"]
    counts = Array((width, width), [0] * (width * width))
    x = Array((width,), [-1.8 + i * 3.6 / width for i in range(width)])
    y = Array((width,), [1.8 - i * 3.6 / width for i in range(width)])
    start = time.perf_counter()
    julia(counts, x, y, -0.62772, -0.42193, 300)
    seconds = time.perf_counter() - start
    print(f"{seconds:.6f} {sum(counts.values)}")


main()
