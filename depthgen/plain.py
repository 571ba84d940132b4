"""Plain JSON or YAML values to dataclasses; loads nothing heavy, so that command lines start at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def from_plain(config_class: type, values: Mapping[str, Any]) -> Any:
    """A (nested) dataclass from plain JSON or YAML values.

    Absent fields keep their defaults, lists become tuples where the field is one, whole numbers floats.
    ValueError names a field that is unknown, missing or of another type.
    """
    return _dataclass(config_class, values, config_class.__name__)


def _dataclass(kind: type, values: Any, name: str) -> Any:
    if not isinstance(values, Mapping):
        raise ValueError(f"{name}: {values!r} is no group of settings")
    types = get_type_hints(kind)
    known = {field.name for field in fields(kind) if field.init}
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ValueError(f"{name} has no {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    given = {key: _converted(types[key], value, f"{name}.{key}") for key, value in values.items()}
    try:
        return kind(**given)
    except TypeError as error:  # a field without a default
        raise ValueError(f"{name}: {error}") from error


def _converted(kind: Any, value: Any, name: str) -> Any:
    """`value` as what the annotation `kind` says; ValueError that begins with `name`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if is_dataclass(kind):
        return value if isinstance(value, kind) else _dataclass(kind, value, name)  # type: ignore[arg-type]
    if origin in (Union, UnionType):
        return _first_fitting(arguments, value, name)
    if origin is Literal:
        return _checked(value in arguments, value, name, f"one of {', '.join(map(str, arguments))}")
    if origin is tuple:
        return _sequence(arguments, value, name)
    if origin is list:
        return list(_sequence((*arguments, ...), value, name))
    if origin is dict:
        _checked(isinstance(value, Mapping), value, name, "a group of settings")
        return {key: _converted(arguments[1], inner, f"{name}.{key}") for key, inner in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    return _checked(fits, value, name, NAMES.get(kind, f"of type {kind.__name__}"))


def _first_fitting(kinds: tuple[Any, ...], value: Any, name: str) -> Any:
    errors = []
    for kind in kinds:
        try:
            return _converted(kind, value, name)
        except ValueError as error:
            errors.append(error)
    raise errors[0]


def _sequence(kinds: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    _checked(isinstance(value, (list, tuple)), value, name, "a list")
    if kinds[-1] is ...:
        kinds = kinds[:1] * len(value)
    _checked(len(kinds) == len(value), value, name, f"of length {len(kinds)}")
    return tuple(
        _converted(kind, v, f"{name}[{i}]") for i, (kind, v) in enumerate(zip(kinds, value, strict=True))
    )


def _checked(fits: bool, value: Any, name: str, wanted: str) -> Any:
    if not fits:
        raise ValueError(f"{name} is {value!r}, which is not {wanted}")
    return value
