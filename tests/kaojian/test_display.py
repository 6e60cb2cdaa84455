"""What the demonstration shows in a terminal, as far as people copy from it."""

from __future__ import annotations

import io

from rich.console import Console

from dashboard.access.table import Act, may
from dashboard.access.tokens import PREFIX
from domain.people import Role
from kaojian import display


def test_accounts_fit_into_ten_lines_and_no_secret_is_broken_off_in_a_narrow_terminal() -> None:
    people = {role for role in Role if may(role, Act.OWN_SESSION)}
    secrets = {role: "abcde-fghjk-mnpqr-stuvw" if role in people else PREFIX + "x" * 43 for role in Role}
    written = io.StringIO()
    told = [(f"demo-{role}", role, secret) for role, secret in secrets.items()]
    display.accounts(Console(file=written, width=80), told, "http://127.0.0.1:8000")
    where, *lines = written.getvalue().splitlines()
    assert where.startswith("the page: http://127.0.0.1:8000 ")
    assert len(lines) == len(Role) < 10
    for line, (role, secret) in zip(lines, secrets.items(), strict=True):
        assert line.split()[:3] == [f"demo-{role}", secret, role.zh]
    assert lines[-1].endswith("as Authorization: Bearer")
