"""A process that writes segments and says each key once its commit came back: ``writer URL CAMERA COUNT``."""

from __future__ import annotations

import sys

from storage.database import connect
from tests.storage.database.examples import begin, copy, run, segment


def main(url: str, camera: str, count: int) -> None:
    database = connect(url)
    begin(database, run(f"run-{camera}", camera))
    for number in range(count):
        one = segment(number, number + 1, camera, f"run-{camera}")
        database.evidence.add_segment(one, copy(one))
        sys.stdout.write(one.key + "\n")
        sys.stdout.flush()
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
