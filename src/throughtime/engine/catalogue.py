"""The operations that compile, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from throughtime.engine.lowering import GROUPS

USUAL_NAMES = {
    "_log_softmax": "log_softmax",
    "_prelu_kernel": "prelu",
    "_softmax": "softmax",
    "_to_copy": "to",
    "_unsafe_view": "view",
    "linalg_vector_norm": "linalg.vector_norm",
    "log_sigmoid_forward": "logsigmoid",
    "mm": "matmul",
    "mv": "matmul",
    "native_group_norm": "group_norm",
    "native_layer_norm": "layer_norm",
}
"""The public name of each operation whose internal name differs."""


def table() -> Iterator[str]:
    """Yield the lines of a Markdown table of all operations by subject."""
    yield "| subject | operations |"
    yield "|---|---|"
    for subject, operations in GROUPS.items():
        names = (str(func.overloadpacket.__name__) for func in operations)
        usual = sorted({USUAL_NAMES.get(name, name) for name in names})
        yield f"| {subject} | {', '.join(f'`{name}`' for name in usual)} |"
