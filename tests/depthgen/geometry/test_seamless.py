from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.geometry import seamless

LEFT = (torch.arange(96) < 50).expand(1, 48, 96)


def picture(seed: int) -> torch.Tensor:
    noise = torch.rand(3, 12, 24, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise[None], (48, 96), mode="bicubic")[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1))
def test_known_pixels_stay_and_nothing_known_changes_nothing(seed: int, share: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    known = torch.rand(1, 48, 96, generator=generator) < share
    drawn, image = picture(seed), picture(seed + 1)
    assert torch.equal(seamless(drawn, image, known)[:, known[0]], image[:, known[0]])
    torch.testing.assert_close(seamless(drawn, image, known & ~known), drawn)


def test_an_offset_leaves_no_step_at_the_seam_and_fades_into_the_hole() -> None:
    image = torch.full((1, 48, 96), 0.5)
    blended = seamless(image + 0.2, image, LEFT)[0, 24]
    assert (blended.diff() >= -1e-4).all()
    assert blended.diff().max() < 0.04  # 0.2 spread over several of the 6 pixels of its reach
    assert blended[-1].item() == pytest.approx(0.7, abs=0.01)


def test_far_along_one_axis_the_correction_is_the_closed_form() -> None:
    """c'' = c / 36 between pixels, for a reach of 6: a geometric series."""
    image = torch.zeros(1, 48, 240)
    left = (torch.arange(240) < 2).expand(1, 48, 240)
    flat = torch.full_like(image, -1.0)  # no gradients of its own, so only the screening acts
    correction = (seamless(flat, image, left) - flat)[0, 20, 1:60]
    ratio = 1 + 1 / 72 - ((1 + 1 / 72) ** 2 - 1) ** 0.5  # root of r + 1 / r = 2 + 1 / 36
    expected = ratio ** torch.arange(59)
    torch.testing.assert_close(correction, expected, atol=2e-3, rtol=0)


def test_a_step_that_was_drawn_at_the_seam_itself_goes_too() -> None:
    """The known half is drawn without error, so a correction of errors alone would leave the step."""
    image = picture(0)
    drawn = image + 0.3 * (~LEFT).float()
    across = (seamless(drawn, image, LEFT)[..., 50] - image[..., 49]).abs().mean()
    assert across < 0.3 * (drawn[..., 50] - image[..., 49]).abs().mean()


def test_texture_beyond_the_band_is_kept() -> None:
    image, drawn = picture(0), picture(1)
    far = seamless(drawn, image, LEFT)[..., 80:]
    assert (far.diff(dim=-1) - drawn[..., 80:].diff(dim=-1)).abs().max() < 0.01
