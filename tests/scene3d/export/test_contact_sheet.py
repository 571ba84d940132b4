from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from scene3d.export.contact_sheet import contact_sheet, range_of, write_contact_sheet
from scene3d.scene import Scene


def test_each_view_has_a_column_of_three_pictures(garden: Scene, tmp_path: Path) -> None:
    path = write_contact_sheet(garden, tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet).astype(int)
    top, cell = 76, np.s_[0:160, 0:192]  # below two lines of text and the view's label
    for view in range(3):
        column = pixels[top:, 8 + 200 * view :]
        picture, new = column[cell], column[336:][cell]
        assert np.abs(picture[:5].mean(axis=(0, 1)) - np.array([0.5, 0.7, 0.95]) * 255).max() < 4  # sky
        assert new.max() > 150
        if view:
            assert new[:, :80].max() < 0.3 * 255 + 3  # the left of a view that turns right was known
    assert np.array_equal(pixels[top:, 8:][cell], pixels[top + 336 :, 8:][cell])  # all of view 0 is new


def test_many_views_wrap(garden: Scene) -> None:
    nine, eighteen = (
        contact_sheet(
            replace(
                garden,
                frames=garden.frames * n,
                manifest=replace(garden.manifest, journal=garden.manifest.journal * n),
            )
        )
        for n in (3, 6)
    )
    assert nine.width == eighteen.width
    assert eighteen.height > 1.4 * nine.height  # three bands instead of two


def test_a_long_prompt_stops_short_of_the_border(garden: Scene) -> None:
    title = np.asarray(contact_sheet(replace(garden, prompt="word " * 300)))[8:26].max(axis=(0, 2))
    assert title[-200:-20].max() > 200
    assert title[-8:].max() < 40


def test_other_words_stand_above_the_view_they_begin_with(garden: Scene) -> None:
    manifest = replace(garden.manifest, then=((2, "a forest edge " * 9),))
    plain, marked = (np.asarray(contact_sheet(s)) for s in (garden, replace(garden, manifest=manifest)))
    assert marked.shape[0] == plain.shape[0] + 20
    words = marked[76:94].max(axis=(0, 2))
    assert words[8 + 400 : 8 + 592].max() > 130
    assert max(words[: 8 + 400].max(), words[8 + 592 :].max()) < 40


def test_the_range_ignores_the_sky_and_outliers(garden: Scene) -> None:
    frame = garden.frames[0]
    depth = torch.linspace(1, 3, frame.depth.numel()).reshape(frame.depth.shape)
    depth[0, 0, 0], depth[0, -1, -1] = 1e-3, 1e6
    near, far = range_of((replace(frame, depth=depth, valid=torch.ones_like(frame.valid)),))
    assert abs(near - 1.02) < 0.01
    assert abs(far - 2.98) < 0.01
    nothing = replace(frame, valid=torch.zeros_like(frame.valid))
    assert range_of((nothing,)) == (1.0, 2.0)
