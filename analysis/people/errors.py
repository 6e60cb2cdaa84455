"""What can go wrong with a detector, as one tree. Light to import: the command line knows it.

DetectorError
├── ModelRefused      the file is no model that can be used; says what was found and what is needed
└── RuntimeMissing    the package that runs such a model is not installed; says how to install it
"""

from __future__ import annotations


class DetectorError(Exception):
    """Base of everything that goes wrong with a detector. The message is for people and says what to do."""


class ModelRefused(DetectorError):
    """The file is no model of people that can be run here."""


class RuntimeMissing(DetectorError):
    """No package that runs this kind of model is installed."""
