"""Procedural RGB-D worlds: captions, exact depth and semantics from any camera, a frozen evaluation set."""

from depthgen.worlds.captions import caption, captions
from depthgen.worlds.evaluation_set import (
    EVALUATION_SEED_START,
    GENERATOR_VERSION,
    assert_training_seed,
    content_hash,
    evaluation_seeds,
    evaluation_worlds,
)
from depthgen.worlds.kinds import COLORS, INDOOR_KINDS, KINDS, OBJECTS, OUTDOOR_KINDS, TIMES, WEATHERS, Thing
from depthgen.worlds.render import SKY_DEPTH, RenderedViews, render
from depthgen.worlds.semantics import Semantic
from depthgen.worlds.sensors import kinect, lidar
from depthgen.worlds.vocabulary import held_out_caption
from depthgen.worlds.world import World, build_world, neighbour_camera

__all__ = [
    "COLORS",
    "EVALUATION_SEED_START",
    "GENERATOR_VERSION",
    "INDOOR_KINDS",
    "KINDS",
    "OBJECTS",
    "OUTDOOR_KINDS",
    "SKY_DEPTH",
    "TIMES",
    "WEATHERS",
    "RenderedViews",
    "Semantic",
    "Thing",
    "World",
    "assert_training_seed",
    "build_world",
    "caption",
    "captions",
    "content_hash",
    "evaluation_seeds",
    "evaluation_worlds",
    "held_out_caption",
    "kinect",
    "lidar",
    "neighbour_camera",
    "render",
]
