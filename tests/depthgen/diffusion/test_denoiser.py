import torch

from depthgen.diffusion.denoiser import clipped, denoise_at, guided

Z, T = torch.zeros(2, 1, 1, 1), torch.zeros(2)


def constant(value):
    return lambda z, t: torch.full_like(z, value)


def test_guidance_extrapolates_from_the_unconditional_through_the_conditional():
    assert guided(constant(2.0), constant(1.5), 3.0)(Z, T).unique().item() == 3.0
    assert guided(constant(2.0), constant(1.5), 0.0)(Z, T).unique().item() == 1.5


def test_guidance_of_scale_one_costs_no_unconditional_call():
    def unwanted(z, t):
        raise AssertionError("called")

    assert guided(constant(2.0), unwanted, 1.0)(Z, T).unique().item() == 2.0


def test_clipped_bounds_the_answer():
    assert clipped(constant(1.7))(Z, T).unique().item() == 1.0
    assert clipped(constant(-9.0), -2.0, 2.0)(Z, T).unique().item() == -2.0


def test_denoise_at_gives_every_batch_entry_the_time_in_the_type_of_the_data():
    def echo(z, t):
        assert t.dtype == z.dtype
        return z + t[:, None, None, None]

    torch.testing.assert_close(denoise_at(echo, Z, torch.tensor(0.25, dtype=torch.float64)), Z + 0.25)
