"""The thesaurus's making, on a WordNet of a few senses."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "make_thesaurus.py"
ARTIFACT, PERSON, TIME, ADJECTIVE = "06", "18", "28", "00"
NOUNS = {  # number: (topic, words, links, definition)
    1: (ARTIFACT, "sofa couch", "@2 ~3", "an upholstered seat for more than one person"),
    2: (ARTIFACT, "seat", "~1 ~4", "furniture that is designed for sitting on"),
    3: (ARTIFACT, "loveseat Canape", "@1", "small sofa that seats two people"),
    4: (ARTIFACT, "settle_bench", "@2", "a long wooden seat, a sofa of wood for two people"),
    5: (PERSON, "sitter", "", "a person who sits on a sofa"),
    6: (TIME, "winter", "@7 ~9", "the coldest season of the year"),
    7: (TIME, "season", "~6 ~8", "a division of the year"),
    8: (TIME, "summer", "@7", "the warmest season of the year"),
    9: (TIME, "wintertime", "@6", "the time of winter, the coldest season of the year"),
}
ADJECTIVES = {
    21: (ADJECTIVE, "red reddish", "", "of a colour like blood"),
    22: (ADJECTIVE, "crimson(a)", "&21", "of a deep red colour like blood"),
    23: (ADJECTIVE, "turquoise", "", "of a shade of blue tinged with green"),
    24: (ADJECTIVE, "velvet", "", "smooth and soft to touch"),
}


def _write(folder: Path, name: str, part: str, senses: dict) -> None:
    lines, of_word = ["  1 a licence"], {}
    for number, (topic, words, links, definition) in senses.items():
        names, to = words.split(), links.split()
        spelled = " ".join(f"{word} 0" for word in names)
        pointers = " ".join(f"{link[0]} {int(link[1:]):08} {part} 0000" for link in to)
        counted = f"{len(names):02x} {spelled} {len(to):03} {pointers}"
        lines.append(f'{number:08} {topic} {part} {counted} | {definition}; "an example"')
        for word in names:
            of_word.setdefault(word.split("(")[0].lower(), []).append(f"{number:08}")
    (folder / f"data.{name}").write_text("\n".join(lines) + "\n")
    index = [
        f"{word} {part} {len(of)} 1 @ {len(of)} 0 {' '.join(of)}" for word, of in sorted(of_word.items())
    ]
    (folder / f"index.{name}").write_text("\n".join(["  1 a licence", *index]) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path, "noun", "n", NOUNS)
    _write(tmp_path, "adj", "a", ADJECTIVES)
    (tmp_path / "cntlist.rev").write_text("couch%1:06:00:: 1 3\ncouch%2:32:00:: 1 1\n")
    return tmp_path


def test_the_nearest_word_of_captions_is_taken_where_it_is_near_enough(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = runpy.run_path(str(SCRIPT))
    written = tmp_path / "thesaurus.txt"
    monkeypatch.setitem(script["main"].__globals__, "PATH", written)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(folder)])
    script["main"]()
    lines = written.read_text().splitlines()
    assert "Princeton" in written.read_text()
    tables = [line for line in lines if line and not line.startswith("#")]
    assert tables == [
        "[nouns]",
        "sofa: couch, loveseat, settle bench",  # not "canape", a proper name
        "winter: wintertime",  # not "summer", which is as near to it in WordNet
        "[before nouns]",
        "red: crimson, reddish",
        "teal: turquoise",  # as it looks; velvet, of the survey too, is no colour
    ]


def test_distances_are_steps_of_wordnet(folder: Path) -> None:
    script = runpy.run_path(str(SCRIPT))
    net = script["WordNet"](folder)
    _, things, times, *_ = script["TABLES"][0].topics
    steps = {int(key[1]): distance for key, distance in net.distances(("n", f"{1:08}"), things).items()}
    assert steps == {1: 0, 3: 1, 2: 2, 4: 3}
    seasons = net.distances(("n", f"{6:08}"), times)
    assert {int(key[1]) for key in seasons} == {6, 9}
    assert net.other_uses("couch") == 1
    assert net.uses["couch", "1"] == 3


def test_a_word_that_is_more_often_a_verb_is_left(folder: Path) -> None:
    (folder / "cntlist.rev").write_text("couch%1:06:00:: 1 1\ncouch%2:32:00:: 1 2\n")
    script = runpy.run_path(str(SCRIPT))
    net, table = script["WordNet"](folder), script["TABLES"][0]
    senses = script["definitions"](net, script["TextEncoder"].load(), table.topics)
    found = script["drawn_as"](net, table, senses)
    assert "couch" not in found
    assert found["loveseat"] == "sofa"


def test_colours_are_measured_in_cielab() -> None:
    lab = runpy.run_path(str(SCRIPT))["lab"]
    # the values that colour science texts print for sRGB under D65
    assert lab("white") == pytest.approx([100, 0, 0], abs=0.05)
    assert lab("black") == pytest.approx([0, 0, 0], abs=0.05)
    assert lab("red") == pytest.approx([53.2, 80.1, 67.2], abs=0.1)
    assert lab("#00f") == pytest.approx([32.3, 79.2, -107.9], abs=0.1)
