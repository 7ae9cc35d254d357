"""The builtins of the kernel language for CPython: types, loops, functions, atomics."""

import math
import struct
from fractions import Fraction

from values import (CODE, WIDTH, Array, Lazy, Refused, Scalar, Trap, coerce, default, is_int,
                    nearest, rounded, type_of, wrap)


class ArrayType:
    """`T[:]` or `T[:, :]`, as an annotation."""

    def __init__(self, dtype, rank):
        self.dtype, self.rank = dtype, rank


class Type:
    """A type's name: annotation and cast."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __getitem__(self, axes):
        return ArrayType(self.dtype, len(axes) if isinstance(axes, tuple) else 1)

    def __call__(self, value):
        return cast(self.dtype, value)


def cast(dtype, value):
    if isinstance(value, Lazy):
        return value.resolve(dtype)
    typed = isinstance(value, (bool, Scalar))
    number = value.value if isinstance(value, Scalar) else value
    if not is_int(dtype):
        exact = Fraction(number) if isinstance(number, int) else None
        result = nearest(dtype, exact) if exact is not None else rounded(dtype, number)
        return Scalar(dtype, result)
    if isinstance(number, float):
        if not math.isfinite(number) or wrap(dtype, math.trunc(number)) != math.trunc(number):
            raise Trap("cast") if typed else Refused("a literal out of range")
        return Scalar(dtype, math.trunc(number))
    if not typed:
        return coerce(number, dtype)
    return Scalar(dtype, wrap(dtype, int(number)))


def unify(*values):
    """Gives operands one type; literals alone stay literals."""
    types = {type_of(value) for value in values} - {None}
    if len(types) > 1:
        raise Refused("operands of different types")
    if not types:
        return list(values), None
    dtype = types.pop()
    return [coerce(value, dtype) for value in values], dtype


def minimum(a, b):
    (a, b), _ = unify(a, b)
    return b if b < a else a


def maximum(a, b):
    (a, b), _ = unify(a, b)
    return b if a < b else a


def absolute(x):
    if not isinstance(x, Scalar):
        return abs(x)
    value = abs(x.value)
    return Scalar(x.dtype, wrap(x.dtype, value) if is_int(x.dtype) else value)


def deferred(name, function, values):
    """A function of literals alone: its type comes from its partner."""
    return Lazy(lambda dtype: function(*[coerce(value, dtype) for value in values]))


def floats(name, compute):
    """A function of floats, computed in f64 and rounded to its type."""

    def function(*values):
        values, dtype = unify(*values)
        if dtype is None:
            return deferred(name, function, values)
        if dtype not in ("f32", "f64"):
            raise Refused(f"{name} of {dtype}")
        try:
            result = compute(*[value.value for value in values])
        except ValueError:
            result = math.nan
        except OverflowError:
            result = math.inf
        return Scalar(dtype, rounded(dtype, result))

    return function


def logarithm(function):
    return lambda x: -math.inf if x == 0 else function(x)


def whole(function):
    """Rounding to a whole float keeps the sign of zero, Inf and NaN."""

    def compute(x):
        return math.copysign(float(function(x)), x) if math.isfinite(x) else x

    return compute


def fma(a, b, c):
    (a, b, c), dtype = unify(a, b, c)
    if not all(math.isfinite(x.value) for x in (a, b, c)):
        return Scalar(dtype, a.value * b.value + c.value)
    exact = Fraction(a.value) * Fraction(b.value) + Fraction(c.value)
    if exact == 0:
        return Scalar(dtype, rounded(dtype, a.value * b.value + c.value))
    return Scalar(dtype, nearest(dtype, exact))


def bits_of(x):
    x = default(x)
    return x.dtype, x.value & ((1 << WIDTH[x.dtype]) - 1), WIDTH[x.dtype]


def popcount(x):
    dtype, bits, _ = bits_of(x)
    return Scalar(dtype, bits.bit_count())


def count_leading_zeros(x):
    dtype, bits, width = bits_of(x)
    return Scalar(dtype, width - bits.bit_length())


def count_trailing_zeros(x):
    dtype, bits, width = bits_of(x)
    return Scalar(dtype, (bits & -bits).bit_length() - 1 if bits else width)


def mul_high(a, b):
    (a, b), dtype = unify(a, b)
    a, b = default(a), default(b)
    return Scalar(a.dtype, wrap(a.dtype, (a.value * b.value) >> WIDTH[a.dtype]))


def bitcast(target, x):
    x = default(x)
    value = struct.unpack(CODE[target.dtype], struct.pack(CODE[x.dtype], x.value))[0]
    return Scalar(target.dtype, value)


def zeros(target, *extents):
    shape = [default(extent).__index__() for extent in extents]
    if any(not 0 <= extent < 2**31 for extent in shape):
        raise Trap("extent")
    return Array(target.dtype, shape)


def array(target, count):
    return Array(target.dtype, [default(count).__index__()])


def typed_range(*bounds):
    lo, hi = (0, bounds[0]) if len(bounds) == 1 else bounds[:2]
    step = bounds[2] if len(bounds) == 3 else 1
    (lo, hi), _ = unify(lo, hi)
    lo, hi = default(lo), default(hi)
    dtype = lo.dtype
    for value in range(lo.value, hi.value, step if isinstance(step, int) else step.value):
        yield Scalar(dtype, value)


def atomic(update, values):
    def function(target, *rest):
        count = len(rest) - values
        key = rest[:count] if count > 1 else rest[0]
        old = target[key]
        new = update(old, *[coerce(value, old.dtype) for value in rest[count:]])
        if new is not None:
            target[key] = new
        return old

    return function


ATOMICS = {
    "add": (lambda old, v: old + v, 1),
    "min": (minimum, 1),
    "max": (maximum, 1),
    "and": (lambda old, v: old & v, 1),
    "or": (lambda old, v: old | v, 1),
    "xor": (lambda old, v: old ^ v, 1),
    "exchange": (lambda old, v: v, 1),
    "compare_exchange": (lambda old, expected, new: new if old == expected else None, 2),
    "load": (lambda old: None, 0),
    "store": (lambda old, v: v, 1),
}


def names(real):
    """Every builtin by its name, with `real` standing for a type."""
    table = {name: Type(name) for name in ("bool", "u8", "i32", "u32", "i64", "u64", "f32", "f64")}
    table["real"] = Type(real)
    table.update(range=typed_range, prange=typed_range, zeros=zeros, array=array, bitcast=bitcast,
                 min=minimum, max=maximum, abs=absolute, fma=fma, popcount=popcount,
                 count_leading_zeros=count_leading_zeros, mul_high=mul_high,
                 count_trailing_zeros=count_trailing_zeros, tuple=tuple)
    functions = {
        "sqrt": math.sqrt, "floor": whole(math.floor), "ceil": whole(math.ceil),
        "trunc": whole(math.trunc), "round": whole(round), "exp": math.exp,
        "exp2": lambda x: math.pow(2.0, x), "log": logarithm(math.log),
        "log2": logarithm(math.log2), "pow": math.pow, "sin": math.sin, "cos": math.cos,
        "tan": math.tan, "asin": math.asin, "acos": math.acos, "atan": math.atan,
        "atan2": math.atan2, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh,
        "erf": math.erf,
    }
    table.update({name: floats(name, function) for name, function in functions.items()})
    table.update({f"atomic_{name}": atomic(*row) for name, row in ATOMICS.items()})
    return table
