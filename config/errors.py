"""What can be wrong with what an operator wrote: settings, secrets, rule packs and the YAML files of the set-up.

    ConfigError
    ├── SettingsRefused    a setting is unknown, malformed or not allowed; one line for each
    ├── DocumentRefused    a YAML file is unreadable or breaks its schema; ``problems`` has file, line and field
    │   └── RulePackRefused    a rule pack that is missing, or a number without an origin
    └── SecretError        a named secret cannot be used
        ├── SecretMissing      neither the environment nor the secrets folder has it
        ├── SecretExposed      its file can be read by others than its owner
        ├── SecretMalformed    its name or its content is not what a secret looks like
        ├── SealBroken         it was sealed, and what lies there is damaged, swapped or changed
        └── KeyMissing         it was sealed with a key that is not there, or none that can be used is

Every message is written for the person who can mend it and never holds a secret's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ConfigError(Exception):
    """Base of this room."""


class SettingsRefused(ConfigError):
    """The service cannot start with these settings."""


class SecretError(ConfigError):
    """A named secret cannot be used."""


class SecretMissing(SecretError):
    """No such secret."""


class SecretExposed(SecretError):
    """The secret's file is readable by others."""


class SecretMalformed(SecretError):
    """The secret's name or content has the wrong form."""


class SealBroken(SecretError):
    """A sealed secret is damaged, swapped with another or changed."""


class KeyMissing(SecretError):
    """The key that a sealed secret wants is not there."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a file. ``line`` counts from 1; ``field`` is a path such as ``sites[0].rooms[1].id``."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class DocumentRefused(ConfigError):
    """A YAML file was refused. ``problems`` lists everything found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RulePackRefused(DocumentRefused):
    """A rule pack is missing or breaks its schema."""
