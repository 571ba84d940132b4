"""Views into one surface: only what a view saw for the first time is added."""

from scene3d.fusion.fuse import Fused, View, extend, fuse_all, sky_dome, view_from
from scene3d.fusion.seam import seam_step

__all__ = ["Fused", "View", "extend", "fuse_all", "seam_step", "sky_dome", "view_from"]
