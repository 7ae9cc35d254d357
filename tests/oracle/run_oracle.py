"""Runs kernels with CPython: an independent reading of docs/LANGUAGE.md (rule 17).

    python3 tests/oracle/run_oracle.py < request.json > answer.json

A request is `{"folder": …, "runs": [{"file": …, "entry": …, "real": "f32" or "f64", "args": […]}]}`.
A value is `{"dtype": …, "bits": n}` or `{"dtype": …, "shape": […], "bits": […]}`, its elements as
bit patterns. The answer holds for each run `{"params": {name: value}, "returned": [value]}`, where
`params` are the array parameters as their names are bound at the end, or `{"trap": kind}`.
"""

import functools
import json
import math
import os
import sys

import kernel_builtins
import transform
from kernel_builtins import ArrayType, maximum, minimum
from values import Array, Refused, Scalar, Trap, coerce, default, from_bits, to_bits, type_of

BLOCK, PARTIALS = 4096, 16


class Counter:
    """Flattened index of the running iteration."""

    def __init__(self):
        self.value = -1


class Accumulator:
    """A reduction; floats keep the order of rule 11, others have none."""

    def __init__(self, start):
        self.start, self.value = start, start
        self.kind = None
        self.blocks = {}
        self.payload = {}

    def combine(self, a, b):
        kinds = {"add": lambda: a + b, "or": lambda: a | b, "xor": lambda: a ^ b,
                 "and": lambda: a & b, "min": lambda: minimum(a, b), "max": lambda: maximum(a, b)}
        return kinds[self.kind]()

    def put(self, index, kind, value):
        self.kind = kind
        dtype = type_of(self.start)
        value = coerce(value, dtype)
        if dtype not in ("f32", "f64"):
            self.value = self.combine(self.value, value)
            return
        identity = {"add": 0.0, "min": math.inf, "max": -math.inf}[kind]
        empty = [Scalar(dtype, identity)] * PARTIALS
        partials = self.blocks.setdefault(index // BLOCK, list(empty))
        partials[index % PARTIALS] = self.combine(partials[index % PARTIALS], value)

    def result(self):
        if not self.blocks:
            return self.value
        dtype = type_of(self.start)
        identity = {"add": 0.0, "min": math.inf, "max": -math.inf}[self.kind]
        empty = [Scalar(dtype, identity)] * PARTIALS
        last = max(self.blocks)
        folded = [self.fold(list(self.blocks.get(block, empty))) for block in range(last + 1)]
        while len(folded) > 1:
            pairs = [self.combine(a, b) for a, b in zip(folded[::2], folded[1::2])]
            folded = pairs + folded[len(pairs) * 2:]
        return self.combine(self.start, folded[0])

    def fold(self, partials):
        half = PARTIALS // 2
        while half:
            for j in range(half):
                partials[j] = self.combine(partials[j], partials[j + half])
            half //= 2
        return partials[0]


class Runtime:
    """What rewritten kernels call."""

    def __init__(self):
        self.types = {}
        self.signatures = {}
        self.bound = {}
        self.regions = []

    def signature(self, function, params, returns):
        self.signatures[function] = (params, returns)

    def constant(self, annotation, value):
        return coerce(value, annotation.dtype)

    def parameter(self, function, name, value):
        annotation = self.signatures[function][0][name]
        if isinstance(annotation, ArrayType):
            if value.dtype != annotation.dtype or len(value.extents) != annotation.rank:
                raise Refused("an array of another type")
            return value
        value = coerce(value, annotation.dtype)
        self.types[function, name] = annotation.dtype
        return value

    def assign(self, function, name, value):
        if isinstance(value, (Array, tuple)):
            return value
        known = self.types.get((function, name))
        value = default(value) if known is None else coerce(value, known)
        self.types[function, name] = type_of(value)
        return value

    def declare(self, function, name, annotation, value):
        self.types[function, name] = annotation.dtype
        return coerce(value, annotation.dtype)

    def unpack(self, function, names, values):
        if len(names) != len(values):
            raise Refused("another number of values")
        return tuple(value if name is None else self.assign(function, name, value)
                     for name, value in zip(names, values))

    def finish(self, function, value, bound):
        self.bound = bound
        returns = self.signatures[function][1]
        if returns is None:
            return None
        types = getattr(returns, "__args__", None)
        if types is None:
            types = (returns,)
        values = value if isinstance(value, tuple) else (value,)
        typed = tuple(v if isinstance(v, Array) else coerce(v, t.dtype)
                      for v, t in zip(values, types, strict=True))
        return typed if isinstance(value, tuple) else typed[0]

    def counter(self):
        return Counter()

    def tick(self, counter):
        counter.value += 1

    def accumulator(self, start):
        return Accumulator(start)

    def put(self, accumulator, counter, kind, value):
        accumulator.put(counter.value, kind, value)

    def put_with(self, accumulator, kind, value, names, values):
        value = coerce(value, type_of(accumulator.value))
        better = value > accumulator.value if kind == "max" else value < accumulator.value
        if better:
            accumulator.value = value
            accumulator.payload = dict(zip(names, values))

    def result(self, function, name, before, accumulators, own):
        for accumulator in accumulators:
            if name in accumulator.payload:
                return coerce(accumulator.payload[name], type_of(before))
        return own.result()

    def enter(self, names):
        arrays = [value for value in names.values() if isinstance(value, Array)]
        twice = [a for i, a in enumerate(arrays) if any(a is b for b in arrays[:i])]
        for value in twice:
            value.aliased = True
        self.regions.append(twice)

    def leave(self):
        for value in self.regions.pop():
            value.aliased = False


@functools.cache
def rewritten(folder, stem):
    """A file's code, rewritten, and what it imports."""
    with open(os.path.join(folder, f"{stem}.py"), encoding="utf-8") as file:
        tree, imports = transform.module(file.read())
    return compile(tree, f"{stem}.py", "exec"), imports


def load(folder, stem, real, runtime, loaded):
    """The names of a file, its imports loaded."""
    if stem in loaded:
        return loaded[stem]
    code, imports = rewritten(folder, stem)
    names = kernel_builtins.names(real)
    names["__rt"] = runtime
    loaded[stem] = names
    for module, name in imports:
        names[name] = load(folder, module, real, runtime, loaded)[name]
    exec(code, names)
    return names


def read(value):
    dtype = value["dtype"]
    if "shape" in value:
        return Array(dtype, value["shape"], [from_bits(dtype, bits) for bits in value["bits"]])
    plain = from_bits(dtype, value["bits"])
    return plain if dtype == "bool" else Scalar(dtype, plain)


def write(value):
    if isinstance(value, Array):
        bits = [to_bits(value.dtype, element) for element in value.data]
        return {"dtype": value.dtype, "shape": list(value.extents), "bits": bits}
    plain = value.value if isinstance(value, Scalar) else value
    return {"dtype": type_of(value), "bits": to_bits(type_of(value), plain)}


def run(folder, request):
    runtime = Runtime()
    stem = request["file"].removesuffix(".py")
    names = load(folder, stem, request["real"], runtime, {})
    try:
        returned = names[request["entry"]](*[read(value) for value in request["args"]])
    except Trap as trap:
        return {"trap": str(trap)}
    values = () if returned is None else returned if isinstance(returned, tuple) else (returned,)
    params = {name: write(value) for name, value in runtime.bound.items()}
    return {"params": params, "returned": [write(value) for value in values]}


def main():
    request = json.load(sys.stdin)
    answers = []
    for wanted in request["runs"]:
        try:
            answers.append(run(request["folder"], wanted))
        except Exception as error:  # an answer for every run, whatever one of them does
            answers.append({"failed": f"{type(error).__name__}: {error}"})
    json.dump({"runs": answers}, sys.stdout)


if __name__ == "__main__":
    main()
