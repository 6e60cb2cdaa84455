"""Sealed secrets: whatever is wrong with one is told with what to do, and no step of a change ever loses one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import vault as keeping
from config.errors import KeyMissing, SealBroken, SecretError, SecretExposed, SecretMalformed
from config.private_files import write_private
from config.sealing import Ring, is_sealed, seal, unseal
from config.secrets import Credentials, KeySource, Secrets
from config.vault import Vault

RING = Ring.new()
SECRET = "admin:hunter2"


class Place:
    """A folder of secrets and a key apart from it."""

    def __init__(self, root: Path) -> None:
        self.folder, self.key = root / "secrets", root / "elsewhere" / "secrets.key"
        self.source = KeySource(self.key, environ={})
        self.vault = Vault(self.folder, self.source)
        self.secrets = Secrets(self.folder, {}, self.source)

    def password(self, name: str) -> str:
        return self.secrets.credentials(name).password

    def clear(self, name: str, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).touch(0o600)
        (self.folder / name).write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# What is wrong with a sealed secret


@pytest.mark.parametrize("at", range(0, 130, 3))
def test_a_change_of_any_letter_is_found_out(at: int) -> None:
    text = seal("cam", SECRET, RING)
    letter = "B" if text[at % len(text)] != "B" else "C"
    changed = text[: at % len(text)] + letter + text[at % len(text) + 1 :]
    with pytest.raises((SealBroken, KeyMissing)) as refused:
        unseal("cam", changed, RING, "file cam")
    assert "kaojian secret set" in str(refused.value)


@pytest.mark.parametrize("keep", [0, 20, 40, 45, 60, -6, -5, -2])
def test_a_text_that_is_cut_short_is_told(keep: int) -> None:
    text = seal("cam", SECRET, RING)
    with pytest.raises(SealBroken, match="damaged") as refused:
        unseal("cam", text[:keep], RING, "file cam")
    assert "backup" in str(refused.value)


def test_two_secrets_that_were_swapped_are_told_apart(place: Place) -> None:
    place.vault.put("cam-1", "admin:one")
    place.vault.put("cam-2", "admin:two")
    (place.folder / "cam-1").rename(place.folder / "cam-2")
    with pytest.raises(SealBroken, match=r"holds the secret 'cam-1': it was renamed or swapped"):
        place.password("cam-2")
    forged = (place.folder / "cam-2").read_text().replace("cam-1", "cam-2")
    write_private(place.folder / "cam-2", forged.encode())
    with pytest.raises(SealBroken, match="was changed after it was sealed"):
        place.password("cam-2")


def test_the_wrong_key_is_told_by_its_name_and_no_key_by_its_file(place: Place, tmp_path: Path) -> None:
    place.vault.put("cam", SECRET)
    (right,) = place.source.ring().ids()
    place.source.keep(Ring.new())
    (wrong,) = place.source.ring().ids()
    with pytest.raises(KeyMissing, match=f"sealed with the key {right}, but here is {wrong}; bring back that key"):
        place.password("cam")
    place.key.unlink()
    with pytest.raises(KeyMissing, match=f"bring {place.key} back, or name it in KAOJIAN_SECRETS_KEY_FILE"):
        place.password("cam")


@pytest.mark.parametrize("text", ["", "abc", b64encode(b"x" * 31).decode(), "=" * 44])
def test_what_is_no_key_is_refused_without_being_shown(place: Place, text: str) -> None:
    place.vault.put("cam", SECRET)
    place.key.write_text(text)
    with pytest.raises(KeyMissing, match="backup") as refused:
        place.password("cam")
    assert not text or text not in str(refused.value)


def test_a_key_that_others_may_read_is_refused(place: Place) -> None:
    place.vault.put("cam", SECRET)
    place.key.chmod(0o640)
    with pytest.raises(SecretExposed, match=f"chmod 600 {place.key}"):
        place.password("cam")


def test_a_sealed_secret_without_any_source_of_keys_is_refused(place: Place) -> None:
    place.vault.put("cam", SECRET)
    with pytest.raises(KeyMissing):
        Secrets(place.folder, {}).credentials("cam")


# What works


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=200))
def test_what_was_sealed_opens_again(password: str) -> None:
    text = seal("cam", f"admin:{password}", RING)
    assert unseal("cam", text, RING, "file cam") == f"admin:{password}"
    assert is_sealed(text)
    assert f"admin:{password}" not in text
    assert len(password) < 8 or password not in text.split()[-1]  # shorter ones may stand there by chance


def test_the_same_secret_never_looks_the_same_twice() -> None:
    assert seal("cam", SECRET, RING) != seal("cam", SECRET, RING)


def test_a_key_is_never_printed() -> None:
    assert b64encode(RING.keys[0]).decode() not in repr(RING)
    assert repr(RING.keys[0]) not in repr(RING)


def test_a_secret_is_set_sealed_for_its_owner_only_and_read_back(place: Place) -> None:
    place.vault.put("cam-c1", "admin:p@ss:word\n")
    assert place.secrets.credentials("cam-c1") == Credentials("admin", "p@ss:word")
    assert "p@ss" not in (place.folder / "cam-c1").read_text()
    for path in (place.folder / "cam-c1", place.key):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "secret"), [("../cam", SECRET), ("Cam", SECRET), ("cam", "admin"), ("cam", "a:b\nc:d")]
)
def test_what_is_no_secret_is_refused_and_nothing_is_written(place: Place, name: str, secret: str) -> None:
    with pytest.raises(SecretMalformed) as refused:
        place.vault.put(name, secret)
    assert "hunter2" not in str(refused.value)
    assert not place.key.exists()


def test_a_key_from_the_environment_or_from_systemd_opens_and_is_not_replaced(place: Place) -> None:
    place.vault.put("cam", SECRET)
    key = place.key.read_text()
    place.key.chmod(0o440)
    granted = KeySource(place.key, environ={"CREDENTIALS_DIRECTORY": str(place.key.parent)})
    for source in (KeySource(Path("/nowhere/key"), key.strip()), granted):
        assert Secrets(place.folder, {}, source).credentials("cam").password == "hunter2"
        with pytest.raises(KeyMissing, match="cannot be written from here"):
            Vault(place.folder, source).rekey()
        assert Secrets(place.folder, {}, source).credentials("cam").password == "hunter2"


def test_a_missing_key_is_not_replaced_while_a_secret_wants_it(place: Place) -> None:
    place.vault.put("cam", SECRET)
    place.key.unlink()
    with pytest.raises(KeyMissing):
        place.vault.put("other", SECRET)
    assert not place.key.exists()
    assert place.vault.names() == ["cam"]


# Changes, and being stopped in the middle of one


def test_secrets_in_the_clear_still_work_and_are_sealed_all_at_once(place: Place) -> None:
    place.clear("cam-1", "admin:one\n")
    place.clear("cam-2", "admin:two")
    place.clear("signing.key", "not a secret of ours")
    assert place.password("cam-1") == "one"
    assert place.vault.in_the_clear() == ["cam-1", "cam-2"]
    assert place.vault.seal_all() == ["cam-1", "cam-2"]
    assert (place.password("cam-1"), place.password("cam-2")) == ("one", "two")
    assert place.vault.in_the_clear() == place.vault.seal_all() == []
    assert (place.folder / "signing.key").read_text() == "not a secret of ours"


def test_nothing_is_sealed_where_one_is_malformed(place: Place) -> None:
    place.clear("cam-1", "admin:one")
    place.clear("cam-2", "no colon")
    with pytest.raises(SecretMalformed, match="cam-2"):
        place.vault.seal_all()
    assert place.vault.in_the_clear() == ["cam-1", "cam-2"]


def test_a_new_key_opens_everything_and_the_old_one_nothing(place: Place) -> None:
    place.vault.put("cam-1", "admin:one")
    place.vault.put("cam-2", "admin:two")
    place.clear("cam-3", "admin:three")
    old = place.source.ring()
    assert place.vault.rekey() == 2
    assert [place.password(f"cam-{number}") for number in (1, 2, 3)] == ["one", "two", "three"]
    assert len(place.source.ring().keys) == 1
    with pytest.raises(KeyMissing):
        unseal("cam-1", (place.folder / "cam-1").read_text(), old, "file")


def test_nothing_is_changed_by_rekey_where_one_does_not_open(place: Place) -> None:
    place.vault.put("cam-1", "admin:one")
    place.vault.put("cam-2", "admin:two")
    (place.folder / "cam-2").write_text((place.folder / "cam-2").read_text()[:-9])
    before = place.key.read_text()
    with pytest.raises(SecretError, match="cam-2"):
        place.vault.rekey()
    assert place.key.read_text() == before
    assert place.password("cam-1") == "one"


class Stopped(BaseException):
    """The power fails."""


@pytest.mark.parametrize("writes", range(7))
@pytest.mark.parametrize("act", [Vault.rekey, Vault.seal_all])
def test_whoever_is_stopped_in_the_middle_has_lost_nothing_and_may_go_on(
    place: Place, monkeypatch: pytest.MonkeyPatch, writes: int, act: Callable[[Vault], object]
) -> None:
    place.vault.put("cam-1", "admin:one")
    place.vault.put("cam-2", "admin:two")
    place.clear("cam-3", "admin:three")
    place.clear("cam-4", "admin:four")
    left = writes

    def failing(path: Path, content: bytes) -> None:
        nonlocal left
        if left == 0:
            raise Stopped
        left -= 1
        write_private(path, content)

    def all_open() -> None:
        assert [place.password(f"cam-{number}") for number in range(1, 5)] == ["one", "two", "three", "four"]

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "write_private", failing)
        patched.setattr("config.secrets.write_private", failing)
        try:
            act(place.vault)
        except Stopped:
            all_open()
    act(place.vault)
    all_open()


def test_a_reader_between_key_and_secret_of_a_change_finds_the_new_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.vault.put("cam", SECRET)
    ring = place.source.ring
    changed: list[bool] = []

    def late() -> Ring:
        if not changed:
            changed.append(True)
            Vault(place.folder, KeySource(place.key, environ={})).rekey()
        return ring()

    monkeypatch.setattr(place.source, "ring", late)
    assert place.password("cam") == "hunter2"
