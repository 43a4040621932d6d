"""What generated kernels need of the compiler and numba has no word for; each becomes an instruction or two."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["as_float", "as_integer", "called", "float32s_at", "float64s_at", "int32s_at", "int64s_at", "shifted",
           "where_"]

_FLOAT_OF: dict[Any, Any] = {types.int64: types.float64, types.int32: types.float32}
_INTEGER_OF: dict[Any, Any] = {types.float64: types.int64, types.float32: types.int32}
_IR_FLOAT: dict[Any, Any] = {types.float64: ir.DoubleType(), types.float32: ir.FloatType()}


@intrinsic
def as_integer(_context: Any, number: Any) -> Any:
    """Return the bits of a float as an integer of its size."""
    result = _INTEGER_OF[number]

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(result.bitwidth))

    return result(number), generate


@intrinsic
def as_float(_context: Any, bits: Any) -> Any:
    """Return the float whose bits an integer holds."""
    result = _FLOAT_OF[bits]

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _IR_FLOAT[result])

    return result(bits), generate


@intrinsic
def where_(_context: Any, condition: Any, yes: Any, no: Any) -> Any:
    """Return one of two numbers of a type, without a branch."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return (yes(condition, yes, no) if yes == no else None), generate


def _pointer_to(element: Any) -> Any:
    @intrinsic
    def at(_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(address), generate  # type: ignore[no-untyped-call]

    return at


float32s_at, float64s_at, int32s_at, int64s_at = map(_pointer_to, (types.float32, types.float64, types.int32,
                                                                   types.int64))
"""Return the array that begins at an address, as a pointer."""


@intrinsic
def shifted(_context: Any, pointer: Any, elements: Any) -> Any:
    """Return a pointer to so many elements further on."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, elements), generate


@intrinsic
def called(_context: Any, address: Any, integers: Any) -> Any:
    """Call a compiled function with a tuple of integers; it returns nothing and raises nothing."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        of = [types.int64] * len(integers)
        kind = context.call_conv.get_function_type(types.none, of)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        values = [builder.extract_value(arguments[1], index) for index in range(len(of))]
        context.call_conv.call_function(builder, function, types.none, of, values)
        return context.get_dummy_value()

    return types.void(address, integers), generate
