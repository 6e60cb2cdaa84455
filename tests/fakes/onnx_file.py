"""ONNX files of a few hundred bytes, written by hand: networks that answer every picture with the same numbers.

Only the fields of onnx.proto3 that are needed, in the wire format of protocol buffers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FLOAT = 1  # TensorProto.DataType


def constant_network(
    answers: Sequence[NDArray[np.float32]], shape: Sequence[int | str] = (1, 3, 64, 64), *, inputs: int = 1
) -> bytes:
    """A network whose outputs are always ``answers``. A name in ``shape`` leaves that size of its input open.

    Its inputs are used in so far as nothing of them is added, so that no runtime takes them away.
    """
    nodes, outputs, kept = [], [], [_tensor("nothing", np.zeros((), np.float32))]
    last = "nothing"
    for number in range(inputs):
        nodes.append(_node("ReduceSum", [f"pictures{number}"], f"sum{number}", _attribute("keepdims", 0)))
        nodes.append(_node("Mul", [last, f"sum{number}"], f"none{number}"))
        last = f"none{number}"
    for number, answer in enumerate(answers):
        kept.append(_tensor(f"answer{number}", answer))
        nodes.append(_node("Add", [f"answer{number}", last], f"output{number}"))
        outputs.append(_value(f"output{number}", answer.shape))
    taken = [_value(f"pictures{number}", shape) for number in range(inputs)]
    graph = b"".join(
        [
            *(_bytes(1, node) for node in nodes),
            _bytes(2, b"graph"),
            *(_bytes(5, tensor) for tensor in kept),
            *(_bytes(11, value) for value in taken),
            *(_bytes(12, value) for value in outputs),
        ]
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))


def yolox_answer(side: int, people: Sequence[tuple[int, float, float, float, float]]) -> NDArray[np.float32]:
    """What YOLOX would say: of each person an anchor, the offset of its centre, the logarithm of its size."""
    answer = np.zeros((1, sum((side // stride) ** 2 for stride in (8, 16, 32)), 85), np.float32)
    for anchor, *place in people:
        answer[0, anchor, :4], answer[0, anchor, 4], answer[0, anchor, 5] = place, 1.0, 0.75
    return answer


def _node(kind: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    parts = [*(_bytes(1, name.encode()) for name in inputs), _bytes(2, output.encode()), _bytes(4, kind.encode())]
    return b"".join([*parts, *(_bytes(5, each) for each in attributes)])


def _attribute(name: str, value: int) -> bytes:
    return _bytes(1, name.encode()) + _number(3, value) + _number(20, 2)


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    sizes = b"".join(_number(1, size) for size in values.shape)
    return sizes + _number(2, _FLOAT) + _bytes(8, name.encode()) + _bytes(9, values.astype("<f4").tobytes())


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sizes = [_bytes(2, size.encode()) if isinstance(size, str) else _number(1, size) for size in shape]
    tensor = _number(1, _FLOAT) + _bytes(2, b"".join(_bytes(1, size) for size in sizes))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
