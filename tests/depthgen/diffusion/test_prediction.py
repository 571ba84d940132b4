import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgen.diffusion.prediction import target, to_eps, to_x0
from depthgen.diffusion.schedule import diffuse

kinds = pytest.mark.parametrize("kind", ["eps", "x0", "v"])
numbers = st.floats(-5, 5).map(lambda x: torch.tensor(x, dtype=torch.float64))
angles = st.floats(0.01, math.pi / 2 - 0.01).map(lambda x: torch.tensor(x, dtype=torch.float64))


@kinds
@settings(deadline=None)
@given(x0=numbers, eps=numbers, angle=angles)
def test_every_kind_gives_back_what_z_was_made_of(kind, x0, eps, angle):
    alpha, sigma = angle.cos(), angle.sin()
    z = diffuse(x0, eps, alpha, sigma)
    output = target(x0, eps, alpha, sigma, kind)
    torch.testing.assert_close(to_x0(output, z, alpha, sigma, kind), x0, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(to_eps(output, z, alpha, sigma, kind), eps, rtol=1e-6, atol=1e-9)


def test_v_is_the_derivative_of_z_by_the_angle():
    x0, eps, angle = torch.tensor(0.7), torch.tensor(-1.3), torch.tensor(0.4, requires_grad=True)
    (slope,) = torch.autograd.grad(diffuse(x0, eps, angle.cos(), angle.sin()), angle)
    torch.testing.assert_close(target(x0, eps, angle.cos(), angle.sin(), "v").detach(), slope)


@pytest.mark.parametrize("convert", [to_x0, to_eps, target])
def test_an_unknown_kind_names_the_choices(convert):
    one = torch.ones(())
    with pytest.raises(ValueError, match="'score' is unknown; choose one of eps, x0, v"):
        convert(one, one, one, one, "score")
