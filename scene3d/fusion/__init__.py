"""Views into one surface: only what a view saw for the first time is added."""

from scene3d.fusion.background import background_layers
from scene3d.fusion.fuse import Fused, extend, fuse_all
from scene3d.fusion.seam import seam_color, seam_step
from scene3d.fusion.tidy import tidied
from scene3d.fusion.tsdf import tsdf_mesh
from scene3d.fusion.view import View, view_from

__all__ = [
    "Fused",
    "View",
    "background_layers",
    "extend",
    "fuse_all",
    "seam_color",
    "seam_step",
    "tidied",
    "tsdf_mesh",
    "view_from",
]
