"""The coverage planner: from where the next view shows most of what is still missing.

Views are taken from places around the first camera that are seen to be free, in directions all around. Of
these the planner picks the view in whose holes most new surface is expected, among those that enough known
surface ties to the scene. It is a pure function of the committed views.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depthgen.geometry import Camera, pixels_at, turned
from scene3d.cameras.free_space import FreeSpace
from scene3d.cameras.paths import distance_ahead
from scene3d.cameras.surroundings import (
    ROWS,
    coarse_mesh,
    directions,
    filled,
    panorama,
    six_around,
    sky_around,
    solid_angles,
)
from scene3d.frame import Frame

SPACING = 0.6  # between the places, relative to `distance_ahead` of the first view
PLACES_ACROSS = 5
DIRECTIONS = [(yaw, pitch) for yaw in range(0, 360, 15) for pitch in range(-60, 61, 20)]  # degrees
LEAST_KNOWN = 0.4  # share of a view that must be known, and known well, for the rest to agree with it
NEARNESS = 2.0  # the most that a hole counts for being nearer to the middle of the scene than to the camera
SKY = 0.1  # what a hole counts that will show the sky, which has no surface


@dataclass(frozen=True)
class Explorer:
    """A route (see scene3d.cameras.route) that is planned view by view.

    lens: the camera of the first view. in_view: (D, cells) float32, 1 for the cells of a panorama that a view
        in each direction shows, 0 for the others.
    eyes: of each of P places the cameras that look around it. around: (P, 2, ROWS, 2 ROWS) what they show:
        distances, and how well they are known, see `panorama`.
    looked: (P, ROWS, 2 ROWS) bool, where views from these places have looked: what a hole there hides is not
        to be seen from there. sky: (ROWS, 2 ROWS) bool, the directions of known sky.
    """

    lens: Camera
    in_view: Tensor
    space: FreeSpace
    eyes: tuple[tuple[Camera, ...], ...]
    around: Tensor
    looked: Tensor
    sky: Tensor

    @property
    def places(self) -> Tensor:
        """(P, 3) float64 metres in the scene's frame; the first camera's is in the middle."""
        return torch.stack([cameras[0].position for cameras in self.eyes])

    def after(self, frame: Frame) -> Explorer:
        """The route once one more view is committed."""
        mesh = coarse_mesh(frame)
        seen = torch.stack([panorama(mesh, cameras) for cameras in self.eyes])
        nearer = seen[:, :1] < self.around[:, :1]
        at_place = (self.places == frame.camera.position).all(1)
        shown = _shown(frame.camera.at(torch.zeros(3))).bool().view(ROWS, 2 * ROWS)
        return replace(
            self,
            space=self.space.after(frame),
            around=torch.where(nearer, seen, self.around),
            looked=self.looked | (at_place[:, None, None] & shown),
            sky=self.sky | sky_around(frame),
        )

    def next_camera(self) -> Camera:
        """The view that is expected to show most new surface, of those with enough in common with the scene.

        If none has enough, the one that has most.
        """
        free = self.space.holds(self.places)
        free[len(free) // 2] = True  # where the first camera stood
        gain, known = self.expected(free)
        score = torch.where(known >= LEAST_KNOWN, gain, known - LEAST_KNOWN)
        place, direction = divmod(int(score.argmax()), score.shape[1])
        return self.lens.moved(turned(*DIRECTIONS[direction])).at(self.places[free][place])

    def expected(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """What views from the C chosen of the places (P,) add, and how much of them is known, each (C, D).

        Added is the solid angle of the holes, in steradians as seen from the middle of the scene. Known is a
        share of the view, in [0, 1], weighted by how well it is known.
        """
        distance, quality = self.around[chosen].unbind(1)
        surface = distance.isfinite()
        known = surface | self.sky
        hole = ~(known | self.looked[chosen])
        value = self._worth(self.places[chosen], distance) * hole * solid_angles()
        trust = quality.where(surface, known.float()) * solid_angles()
        whole = self.in_view @ solid_angles().expand(ROWS, 2 * ROWS).flatten()
        return value.flatten(1) @ self.in_view.T, trust.flatten(1) @ self.in_view.T / whole

    def _worth(self, places: Tensor, distance: Tensor) -> Tensor:
        """(P, ROWS, 2 ROWS): what a cell counts for, were it a hole.

        A surface at the distance r, expected from its surroundings, takes up (r / r0)^2 times as much of the
        view from the middle of the scene, r0 away from it, as it does here. Where the sky is expected there
        is little to be seen.
        """
        r = torch.stack([filled(panorama) for panorama in distance])
        r0 = (places.float()[:, None, None] + r[..., None] * directions()).norm(dim=-1)
        nearness = (r / r0).square().clamp(max=NEARNESS)
        return nearness * (1 - (1 - SKY) * self._sky_share())

    def _sky_share(self) -> Tensor:
        """(ROWS, 1): the share of sky at each height above the horizon, no less than below it; 0 below it."""
        surface = self.around[len(self.eyes) // 2, 0].isfinite()
        sky = self.sky & ~surface
        share = sky.sum(1) / (sky | surface).sum(1).clamp(min=1)
        above = share[: ROWS // 2].flip(0).cummax(0).values.flip(0)
        return torch.cat((above, torch.zeros(ROWS - len(above))))[:, None]


def explorer(first: Frame) -> Explorer:
    """An explorer that knows the first view of a scene."""
    step = SPACING * distance_ahead(first)
    offsets = step * (torch.arange(PLACES_ACROSS, dtype=torch.float64) - PLACES_ACROSS // 2)
    places = torch.cartesian_prod(offsets, torch.zeros(1, dtype=torch.float64), offsets)
    unknown = Explorer(
        lens=first.camera,
        in_view=torch.stack([_shown(first.camera.moved(turned(*angles))) for angles in DIRECTIONS]),
        space=FreeSpace.unseen(first),
        eyes=tuple(six_around(place) for place in places),
        around=torch.full((len(places), 2, ROWS, 2 * ROWS), math.inf),
        looked=torch.zeros(len(places), ROWS, 2 * ROWS, dtype=torch.bool),
        sky=torch.zeros(ROWS, 2 * ROWS, dtype=torch.bool),
    )
    return unknown.after(first)


def _shown(camera: Camera) -> Tensor:
    """(cells,) float32: 1 for the directions that a camera at the origin has in view, 0 for the others."""
    inside, _, _ = pixels_at(directions(), camera)
    return inside.flatten().float()
