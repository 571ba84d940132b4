"""Depth maps: coding, metrics, infilling, resizing, alignment and colours."""
from depthgen.depth.coding import DepthCoding

__all__ = ["DepthCoding"]
