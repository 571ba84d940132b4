"""Metric depth of one picture, how sure the model is, and completion of depth that is known in part.

    python examples/02_depth_of_a_picture.py photo.jpg

Without a picture it takes a rendered world that no training has seen, whose true depth is known, and
prints the errors.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from depthgen import DepthEstimator
from depthgen.depth import abs_rel
from depthgen.worlds import build_world, render


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", nargs="?")
    options = parser.parse_args()
    estimator = DepthEstimator.from_pretrained("builtin")
    if options.image:
        out = estimator.predict(options.image, samples=4)
        metres = out.depth[out.valid]  # depth (H,W) metres of planar z, valid (H,W) False on sky
        if not len(metres):
            print("no surface in sight, only sky")
            return
        print(f"{metres.min():.1f} to {metres.max():.1f} m, spread {out.std[out.valid].median():.2f} m")
        return

    world = build_world(seed=2**31 + 5, kind="living room")  # beyond the seeds that models are trained on
    views = render([world], [world.camera(np.random.default_rng(0), size=128)])
    truth, valid = views.depth[0], ~views.sky[0]
    out = estimator.predict(views.image[0], samples=4)
    print(f"{world.kind}: mean relative error {abs_rel(out.depth, truth[0], valid[0]):.3f}")

    # 200 true metres scattered over the picture, as a LiDAR would give them
    known = torch.zeros_like(valid)
    known.view(-1)[torch.randperm(known.numel(), generator=torch.Generator().manual_seed(0))[:200]] = True
    out = estimator.complete(views.image[0], truth, known & valid)
    print(f"with 200 known pixels: {abs_rel(out.depth, truth[0], valid[0]):.3f}")


if __name__ == "__main__":
    main()
