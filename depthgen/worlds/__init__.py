"""Procedural RGB-D worlds: captions, exact depth and semantics from any camera, and a frozen evaluation set."""

from depthgen.worlds.captions import caption
from depthgen.worlds.kinds import INDOOR_KINDS, KINDS, OUTDOOR_KINDS, TIMES, WEATHERS
from depthgen.worlds.render import SKY_DEPTH, RenderedViews, render
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.world import World, build_world, neighbour_camera

__all__ = [
    "INDOOR_KINDS",
    "KINDS",
    "OUTDOOR_KINDS",
    "SKY_DEPTH",
    "TIMES",
    "WEATHERS",
    "RenderedViews",
    "Semantic",
    "World",
    "build_world",
    "caption",
    "neighbour_camera",
    "render",
]
