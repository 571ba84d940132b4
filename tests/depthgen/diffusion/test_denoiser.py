import pytest
import torch

from depthgen.diffusion.denoiser import LOOKS, Look, clipped, denoise_at, guided, over_looks

Z, T = torch.zeros(2, 1, 1, 1), torch.zeros(2)


def constant(value):
    return lambda z, t: torch.full_like(z, value)


def unwanted(z, t):
    raise AssertionError("called")


def test_guidance_extrapolates_from_the_unconditional_through_the_conditional():
    assert guided(constant(2.0), constant(1.5), 3.0)(Z, T).unique().item() == 3.0
    assert guided(constant(2.0), constant(1.5), 0.0)(Z, T).unique().item() == 1.5


def test_guidance_of_scale_one_costs_no_unconditional_call():
    assert guided(constant(2.0), unwanted, 1.0)(Z, T).unique().item() == 2.0


def test_guidance_between_two_times_leaves_the_others_as_they_are():
    t = torch.tensor([0.1, 0.2, 0.5, 0.8, 0.9])
    denoise = guided(constant(2.0), constant(1.5), 3.0, between=(0.2, 0.8))
    assert denoise(torch.zeros(5, 1, 1, 1), t).flatten().tolist() == [2.0, 3.0, 3.0, 3.0, 2.0]


def test_guidance_outside_its_times_costs_no_unconditional_call():
    denoise = guided(constant(2.0), unwanted, 3.0, between=(0.5, 1.0))
    assert denoise(Z, T).unique().item() == 2.0


def test_clipped_bounds_the_answer():
    assert clipped(constant(1.7))(Z, T).unique().item() == 1.0
    assert clipped(constant(-9.0), -2.0, 2.0)(Z, T).unique().item() == -2.0


def test_denoise_at_gives_every_batch_entry_the_time_in_the_type_of_the_data():
    def echo(z, t):
        assert t.dtype == z.dtype
        return z + t[:, None, None, None]

    torch.testing.assert_close(denoise_at(echo, Z, torch.tensor(0.25, dtype=torch.float64)), Z + 0.25)


PICTURE = torch.arange(180.0).reshape(1, 2, 9, 10)
WIDEST = max(abs(look.shift) for look in LOOKS)


def test_a_look_moves_the_picture_down_and_to_the_right_and_repeats_its_border():
    moved = Look(1, mirrored=False).at(PICTURE)
    assert torch.equal(moved[..., 1:, 1:], PICTURE[..., :-1, :-1])
    assert torch.equal(moved[..., 0, 1:], PICTURE[..., 0, :-1])
    assert torch.equal(Look(1, mirrored=True).at(PICTURE), moved.flip(-1))


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_looked_at_goes_back_to_its_place(look: Look):
    inside = (..., slice(WIDEST, -WIDEST), slice(WIDEST, -WIDEST))
    assert torch.equal(look.back(look.at(PICTURE))[inside], PICTURE[inside])


def test_looks_see_the_condition_and_z_where_they_belong():
    found = over_looks(lambda condition: lambda z, t: condition + 2 * z, PICTURE)(PICTURE, T[:1])
    inside = (..., slice(WIDEST, -WIDEST), slice(WIDEST, -WIDEST))
    torch.testing.assert_close(found[inside], 3 * PICTURE[inside])


def test_of_looks_that_disagree_the_lower_third_is_taken():
    answers = iter([7.0, 0.0, 3.0, 1.0, 6.0, 2.0, 5.0, 4.0][: len(LOOKS)])
    denoise = over_looks(lambda condition: lambda z, t: torch.full_like(z, next(answers)), PICTURE)
    found = denoise(PICTURE, T[:1])
    torch.testing.assert_close(found, torch.full_like(found, 7 / 3))
