"""Typed values of the kernel language for CPython (rules 1, 2, 6 and 7 of docs/LANGUAGE.md).

A Python int or float is a literal without a type; it takes the type of its partner. A `Scalar` has
one. A Python bool is the language's `bool`.
"""

import ctypes
import math
import struct
from fractions import Fraction

WIDTH = {"u8": 8, "i32": 32, "u32": 32, "i64": 64, "u64": 64, "f32": 32, "f64": 64}
CODE = {"i32": "i", "u32": "I", "i64": "q", "u64": "Q", "f32": "f", "f64": "d"}


class Trap(Exception):
    """A run-time error of the kernel; the text names its kind."""


class Refused(Exception):
    """Something that the compiler refuses."""


def is_int(dtype):
    return dtype[0] in "iu"


def wrap(dtype, value):
    width = WIDTH[dtype]
    value &= (1 << width) - 1
    return value - (1 << width) if dtype[0] == "i" and value >> (width - 1) else value


def round32(value):
    return ctypes.c_float(value).value


def rounded(dtype, value):
    return round32(value) if dtype == "f32" else value


def nearest(dtype, exact):
    """The float nearest to a Fraction, ties to even."""
    value = float(exact)
    if dtype == "f64" or not math.isfinite(round32(value)):
        return rounded(dtype, value)
    near = struct.unpack("I", struct.pack("f", round32(value)))[0]
    best = None
    for bits in (near - 1, near, near + 1):
        candidate = struct.unpack("f", struct.pack("I", bits & 0xFFFFFFFF))[0]
        if math.isfinite(candidate):
            key = (abs(Fraction(candidate) - exact), bits & 1)
            best = min(best, (key, candidate)) if best else (key, candidate)
    return best[1]


class Lazy:
    """A literal shifted by a typed count: its type comes from its partner."""

    def __init__(self, resolve):
        self.resolve = resolve


def coerce(value, dtype):
    """A value where `dtype` is needed: literals take it, others must have it."""
    if isinstance(value, Lazy):
        return value.resolve(dtype)
    if isinstance(value, bool) or dtype == "bool":
        if isinstance(value, bool) and dtype == "bool":
            return value
        raise Refused(f"{value!r} where {dtype} is needed")
    if isinstance(value, Scalar):
        if value.dtype != dtype:
            raise Refused(f"{value.dtype} where {dtype} is needed")
        return value
    if is_int(dtype):
        if not isinstance(value, int) or wrap(dtype, value) != value:
            raise Refused(f"{value} does not fit {dtype}")
        return Scalar(dtype, value)
    result = rounded(dtype, float(value))
    if isinstance(value, int) and int(result) != value:
        raise Refused(f"{value} is not exact in {dtype}")
    return Scalar(dtype, result)


def default(value):
    """A literal without a partner."""
    if isinstance(value, Lazy):
        return value.resolve("i32")
    if isinstance(value, int) and not isinstance(value, bool):
        return coerce(value, "i32")
    if isinstance(value, float):
        raise Refused("a float literal without a type")
    return value


def type_of(value):
    if isinstance(value, bool):
        return "bool"
    return value.dtype if isinstance(value, Scalar) else None


def float_quotient(a, b):
    if b != 0 or math.isnan(b):
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, math.copysign(1, a) * math.copysign(1, b))


def int_divisor(a, b):
    if b == 0:
        raise Trap("division")
    return a, b


ARITHMETIC = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
}
INTEGERS = {
    "floordiv": lambda a, b: a // b if int_divisor(a, b) else 0,
    "mod": lambda a, b: a % b if int_divisor(a, b) else 0,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}


class Scalar:
    """A number with a type."""

    __slots__ = ("dtype", "value")

    def __init__(self, dtype, value):
        self.dtype = dtype
        self.value = value

    def __repr__(self):
        return f"{self.dtype}({self.value})"

    def __bool__(self):
        raise Refused("a number as a condition")

    def __index__(self):
        if not is_int(self.dtype):
            raise Refused("a float where an integer is needed")
        return self.value

    def binary(self, name, other, swapped=False):
        if not isinstance(other, (int, float, Scalar, Lazy)) or isinstance(other, bool):
            return NotImplemented
        other = coerce(other, self.dtype)
        a, b = (other.value, self.value) if swapped else (self.value, other.value)
        if is_int(self.dtype):
            operation = ARITHMETIC.get(name) or INTEGERS.get(name)
            if operation is None:
                raise Refused(f"{name} on {self.dtype}")
            return Scalar(self.dtype, wrap(self.dtype, operation(a, b)))
        if name == "truediv":
            return Scalar(self.dtype, rounded(self.dtype, float_quotient(a, b)))
        if name not in ARITHMETIC:
            raise Refused(f"{name} on {self.dtype}")
        return Scalar(self.dtype, rounded(self.dtype, ARITHMETIC[name](a, b)))

    def shift(self, other, left):
        count = default(other)
        if not is_int(self.dtype) or not is_int(count.dtype):
            raise Refused("a shift of or by a float")
        count = count.value % WIDTH[self.dtype]
        value = self.value << count if left else self.value >> count
        return Scalar(self.dtype, wrap(self.dtype, value))

    def compare(self, other, test):
        if isinstance(other, (int, float, Scalar, Lazy)) and not isinstance(other, bool):
            return test(self.value, coerce(other, self.dtype).value)
        raise Refused("a comparison of different types")

    def __lshift__(self, other):
        return self.shift(other, True)

    def __rshift__(self, other):
        return self.shift(other, False)

    def __rlshift__(self, other):
        return Lazy(lambda dtype: coerce(other, dtype) << self)

    def __rrshift__(self, other):
        return Lazy(lambda dtype: coerce(other, dtype) >> self)

    def __neg__(self):
        value = -self.value
        return Scalar(self.dtype, wrap(self.dtype, value) if is_int(self.dtype) else value)

    def __invert__(self):
        return Scalar(self.dtype, wrap(self.dtype, ~self.value))

    def __eq__(self, other):
        return self.compare(other, lambda a, b: a == b)

    def __ne__(self, other):
        return self.compare(other, lambda a, b: a != b)

    def __lt__(self, other):
        return self.compare(other, lambda a, b: a < b)

    def __le__(self, other):
        return self.compare(other, lambda a, b: a <= b)

    def __gt__(self, other):
        return self.compare(other, lambda a, b: a > b)

    def __ge__(self, other):
        return self.compare(other, lambda a, b: a >= b)

    __hash__ = None


def _operator(name):
    def forward(self, other):
        return self.binary(name, other)

    def backward(self, other):
        return self.binary(name, other, True)

    return forward, backward


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "and", "or", "xor"):
    _forward, _backward = _operator(_name)
    setattr(Scalar, f"__{_name}__", _forward)
    setattr(Scalar, f"__r{_name}__", _backward)


class Array:
    """A dense row-major array with checked indices."""

    def __init__(self, dtype, shape, data=None):
        self.dtype = dtype
        self.extents = tuple(shape)
        count = math.prod(self.extents)
        zero = False if dtype == "bool" else (0 if is_int(dtype) else 0.0)
        self.data = list(data) if data is not None else [zero] * count
        # Two names of the array meet in the running region.
        self.aliased = False

    @property
    def shape(self):
        return tuple(Scalar("i32", extent) for extent in self.extents)

    def flat(self, key):
        key = key if isinstance(key, tuple) else (key,)
        if len(key) != len(self.extents):
            raise Refused("a wrong number of indices")
        at = 0
        for index, extent in zip(key, self.extents):
            index = default(index).__index__()
            if not 0 <= index < extent:
                raise Trap("bounds")
            at = at * extent + index
        return at

    def __getitem__(self, key):
        value = self.data[self.flat(key)]
        if self.dtype == "bool":
            return value
        return Scalar("u32" if self.dtype == "u8" else self.dtype, value)

    def __setitem__(self, key, value):
        at = self.flat(key)
        if self.aliased:
            raise Trap("aliased")
        value = coerce(value, "u32" if self.dtype == "u8" else self.dtype)
        if self.dtype == "bool":
            self.data[at] = value
        else:
            self.data[at] = value.value & 0xFF if self.dtype == "u8" else value.value


def to_bits(dtype, value):
    """The value as the bit pattern that requests and answers carry."""
    if dtype in ("bool", "u8"):
        return int(value)
    if dtype in ("f32", "f64"):
        return struct.unpack("I" if dtype == "f32" else "Q", struct.pack(CODE[dtype], value))[0]
    return value & ((1 << WIDTH[dtype]) - 1)


def from_bits(dtype, bits):
    if dtype == "bool":
        return bool(bits & 1)
    if dtype == "u8":
        return bits & 0xFF
    if dtype in ("f32", "f64"):
        return struct.unpack(CODE[dtype], struct.pack("I" if dtype == "f32" else "Q", bits))[0]
    return wrap(dtype, bits)
