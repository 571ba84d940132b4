"""Depth maps: coding, metrics, infilling, resizing, alignment and colours."""

from depthgen.depth.align import align_depth, align_disparity, scale_shift
from depthgen.depth.carry import border_interpolation, membrane
from depthgen.depth.coding import DepthCoding
from depthgen.depth.color import colorize, depth_range
from depthgen.depth.consensus import Reduce, most_likely_mode, reduce_samples
from depthgen.depth.infill import fill_sky, infill_nearest
from depthgen.depth.metrics import (
    METRICS,
    abs_rel,
    delta,
    depth_metrics,
    log10,
    rmse,
    rmse_log,
    silog,
    sq_rel,
)
from depthgen.depth.resize import downsample_depth, joint_bilateral_upsample
from depthgen.depth.sky import SegmenterSky, SkyMask, sky_by_rule, sky_file

__all__ = [
    "METRICS", "DepthCoding", "Reduce", "SegmenterSky", "SkyMask", "abs_rel", "align_depth",
    "align_disparity", "border_interpolation", "colorize", "delta", "depth_metrics", "depth_range",
    "downsample_depth", "fill_sky", "infill_nearest", "joint_bilateral_upsample", "log10", "membrane",
    "most_likely_mode", "reduce_samples", "rmse", "rmse_log", "scale_shift", "silog", "sky_by_rule",
    "sky_file", "sq_rel",
]  # fmt: skip
