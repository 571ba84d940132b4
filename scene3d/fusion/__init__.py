"""Views into one surface: only what a view saw for the first time is added."""

from scene3d.fusion.fuse import Fused, extend, fuse_all, sky_dome
from scene3d.fusion.seam import seam_step
from scene3d.fusion.view import View, fill_pinholes, view_from

__all__ = ["Fused", "View", "extend", "fill_pinholes", "fuse_all", "seam_step", "sky_dome", "view_from"]
