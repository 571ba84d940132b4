"""Plain JSON or YAML values to dataclasses; loads nothing heavy, so that command lines start at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def from_plain(config_class: type, values: Mapping[str, Any]) -> Any:
    """A (nested) dataclass from plain JSON or YAML values; ValueError on unknown or ill-typed fields."""
    from dacite import Config, DaciteError, from_dict

    try:
        return from_dict(config_class, values, Config(strict=True, cast=[tuple, float]))
    except DaciteError as error:
        raise ValueError(f"{config_class.__name__}: {error}") from error
