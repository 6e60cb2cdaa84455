"""What is sent while it is made, block by block: hashed on its way, and told of however it ends.

Not here: what is made, and who may have it (``dashboard.api.screeners``, ``dashboard.api.exports``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from hashlib import sha256

from fastapi.concurrency import run_in_threadpool

Told = Callable[[int, str], None]
"""Is told how many bytes were sent, and their SHA-256; "" where it was broken off."""


async def sent(first: bytes, blocks: Generator[bytes], tell: Told) -> AsyncGenerator[bytes]:
    """``first`` and all after it, none of them empty. However it ends, nothing more is made, and then it is told."""
    digest, size, block, whole = sha256(), 0, first, False
    try:
        while block:
            digest.update(block)
            size += len(block)
            yield block
            block = await run_in_threadpool(next, blocks, b"")
        whole = True
    finally:
        blocks.close()
        tell(size, digest.hexdigest() if whole else "")
