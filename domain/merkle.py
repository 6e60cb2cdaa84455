"""The Merkle tree hash of RFC 6962 2.1 over SHA-256: one value that stands for a list, its order and its length.

Leaves and nodes are hashed with different first bytes, so that neither can be taken for the other. Not here: what the
leaves are (``storage.manifest.form``).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

_LEAF = b"\x00"
_NODE = b"\x01"


def root(leaves: Iterable[bytes]) -> bytes:
    """The 32 bytes of the root; those of SHA-256 over nothing for no leaves.

    Full subtrees are kept on a stack and joined as soon as two are of one size, so that memory grows with the
    logarithm of the list. What is left at the end is joined from the right, which is the split at the largest power
    of two that the RFC asks for.
    """
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, digest = 1, sha256(_LEAF + leaf).digest()
        while stack and stack[-1][0] == size:
            size, digest = 2 * size, sha256(_NODE + stack.pop()[1] + digest).digest()
        stack.append((size, digest))
    if not stack:
        return sha256().digest()
    _, digest = stack.pop()
    while stack:
        digest = sha256(_NODE + stack.pop()[1] + digest).digest()
    return digest
