"""Hydra at the edge: YAML plus KEY=VALUE overrides become one dataclass, and no hydra object goes further."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from depthgen.plain import from_plain

T = TypeVar("T")


def configs_folder() -> Path:
    """The folder of YAML files: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def compose(name: str, overrides: Sequence[str], defaults: T) -> T:
    """`defaults` with the YAML config `name` and then the KEY=VALUE `overrides` laid over it.

    Every key must be a field of `defaults` (nested dataclasses as dots); ValueError in one line otherwise.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.config_store import ConfigStore
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if odd := [override for override in overrides if "=" not in override]:
        raise ValueError(f"{odd[0]!r} is no setting; give KEY=VALUE, --help lists what can be set")
    overrides = [_readable(override) for override in overrides]
    ConfigStore.instance().store("defaults", asdict(defaults))  # type: ignore[call-overload]
    try:
        with initialize_config_dir(str(configs_folder()), version_base="1.3"):
            tree: Any = OmegaConf.to_container(hydra_compose(name, list(overrides)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(_one_line(error, overrides, list(_keys(asdict(defaults))))) from error
    return from_plain(type(defaults), {str(key): value for key, value in tree.items()})


def _readable(override: str) -> str:
    """The override with its value in quotes, if hydra's grammar, which was not made for paths, stops at it,
    takes it for several values, or would halve its backslashes."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    key, _, value = override.partition("=")
    try:
        parsed = OverridesParser.create().parse_override(override)
        plain = isinstance(parsed.value(), str) and not value.startswith(("'", '"'))
        if not parsed.is_sweep_override() and not (plain and "\\\\" in value):
            return override
    except HydraException:
        pass
    escaped = re.sub(r"(\\*)('|$)", lambda end: 2 * end[1] + end[2].replace("'", r"\'"), value)
    return f"{key}='{escaped}'"


def _one_line(error: Exception, overrides: Sequence[str], known: Sequence[str]) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0].rstrip(".") if lines else type(error).__name__
    if unknown := re.fullmatch("Could not override '(.+)'", reason):
        similar = difflib.get_close_matches(unknown[1], known, 1)
        hint = f", did you mean {similar[0]!r}?" if similar else ""
        reason = f"there is no setting {unknown[1]!r}{hint}"
    return (
        f"cannot apply {' '.join(overrides) or 'the configuration'}: {reason}; --help lists what can be set"
    )


def _keys(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The names of all settings, those of groups with dots."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"
