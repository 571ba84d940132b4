from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import torch

from scene3d.export.video import write_preview
from scene3d.scene import Scene


def test_the_film_starts_and_turns_back_at_the_cameras(garden: Scene, tmp_path: Path) -> None:
    path = write_preview(garden, tmp_path / "preview.mp4", frames=5)
    film = [np.asarray(picture) / 255 for picture in imageio.get_reader(path)]
    assert len(film) == 8  # there and back; the ends are shown once
    assert film[0].shape[:2] == (212, 256)  # the longer side has 256 pixels, both are even
    for picture, frame in zip(film[0:5:2], garden.frames, strict=True):
        large = torch.nn.functional.interpolate(frame.image[None], (212, 256), mode="bilinear")[0]
        assert np.abs(picture - large.permute(1, 2, 0).numpy()).mean() < 0.04
        assert picture.min() > 0.05  # no black anywhere: the sky and the gaps have a backdrop


def test_a_lone_view_sways(garden: Scene, tmp_path: Path) -> None:
    path = write_preview(replace(garden, frames=garden.frames[:1]), tmp_path / "preview.mp4", frames=3)
    first, middle, *_ = (np.asarray(picture).astype(float) for picture in imageio.get_reader(path))
    assert np.abs(first - middle).mean() > 0.5
