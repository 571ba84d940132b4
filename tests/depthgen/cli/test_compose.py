from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthgen.cli.compose import _readable, compose
from depthgen.evaluation import EvaluateConfig

PATHS = [
    "/tmp/käse.pt",
    "~/x",
    "/tmp/x(1).pt",
    "it's",
    "a\\",
    "a\\'b",
    "lr=3e-4/m",
    "a,b",
    "a&b",
    "#1",
    "C:\\x",
    "\\\\server\\share",
]


@pytest.mark.parametrize("path", PATHS)
def test_paths_with_any_characters_arrive(path: str) -> None:
    assert compose("evaluate", [f"out={path}"], EvaluateConfig()).out == path


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_what_hydra_cannot_read_is_text(value: str) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = _readable(f"out={value}")
    read = OverridesParser.create().parse_override(override)
    assert not read.is_sweep_override()
    if override != f"out={value}":
        assert read.value() == value


def test_a_list_with_backslashes_stays_a_list() -> None:
    override = r"checkpoint=['\\srv\a.pt','C:\b.pt']"
    assert compose("evaluate", [override], EvaluateConfig()).checkpoint == (r"\\srv\a.pt", r"C:\b.pt")


def test_several_numbers_are_not_one() -> None:
    assert compose("evaluate", ["samples=3"], EvaluateConfig()).samples == 3
    with pytest.raises(ValueError, match="samples is '3,4', which is not a whole number"):
        compose("evaluate", ["samples=3,4"], EvaluateConfig())
