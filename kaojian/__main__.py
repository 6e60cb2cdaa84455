"""``python -m kaojian``: the command line, nothing else."""

from __future__ import annotations

import sys

from kaojian.cli import main

sys.exit(main())
