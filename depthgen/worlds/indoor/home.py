"""Rooms to live and sleep in."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Builder
from depthgen.worlds.indoor import fixtures, seating, storage
from depthgen.worlds.indoor.palette import (
    DOORS,
    FABRICS,
    PAINTS,
    WARDROBES,
    WHITE,
    WOODS,
    a,
    cloth,
    counted,
    paint,
    pick,
    planks,
    wallpaper,
)
from depthgen.worlds.indoor.room import Room, new_room
from depthgen.worlds.kinds import Layout


def living_room(builder: Builder, rng: np.random.Generator) -> Layout:
    """A sofa group facing a television, with plants, a bookshelf, pictures and curtained windows."""
    room = new_room(builder, rng, (6.0, 7.2), (5.0, 6.4))
    walls = pick(rng, PAINTS, ("white", "cream", "light green", "light blue", "yellow", "orange"))
    floor = pick(rng, WOODS)
    room.close(paint(walls), planks(floor), WHITE)
    return room.layout(
        "living room",
        (*_sofa_group(room, rng), *_living_walls(room, rng), f"{walls.name} walls", a(f"{floor.name} floor")),
        (-room.width / 2 + 3.9, room.width / 2 - 1.3),
        (-room.depth / 2 + 0.95, room.depth / 2 - 1.55),
    )


def _sofa_group(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """Sofa, armchair, rug, coffee table and television in the left part of the room."""
    sofa, cushion = pick(rng, FABRICS), pick(rng, FABRICS)
    rug, wood = pick(rng, FABRICS), pick(rng, WOODS)
    middle = -room.width / 2 + 2.0
    seating.sofa(room.wall("near", middle), sofa, cushion)
    fixtures.picture(room.wall("near", middle), rng, (1.3, 0.7), 1.4)
    storage.television(room.wall("far", middle), wood)
    fixtures.picture(room.wall("far", middle), rng, (1.0, 0.6), 1.65)
    fixtures.rug(room.spot(middle, 0), rug, (2.3, 1.7))
    seating.table(room.spot(middle, 0), planks(wood), (1.1, 0.6), 0.42)
    armchairs = int(rng.integers(1, 3)) if room.depth > 5.6 else 1
    for i in range(armchairs):
        seating.armchair(room.wall("left", 1.15 * (i - (armchairs - 1) / 2)), sofa, cushion)
    fixtures.floor_lamp(room.spot(-room.width / 2 + 0.45, -room.depth / 2 + 0.45))
    fixtures.pendant(room.spot(middle, 0), room.height)
    return (
        a(f"{sofa.name} sofa"),
        counted(armchairs, f"{sofa.name} armchair"),
        a(f"{rug.name} rug"),
        "a television",
    )


def _living_walls(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """What stands along the other walls: windows, shelf, sideboard, plants, door."""
    curtain, pot, wood = pick(rng, FABRICS), pick(rng, FABRICS), pick(rng, WOODS)
    camera_side = room.width / 2 - 1.5
    window = room.wall("left", 0)
    fixtures.window(window, 1.6)
    fixtures.curtains(window, curtain, 1.6)
    storage.bookshelf(room.wall("far", camera_side), wood, float(rng.uniform(1.0, 1.8)))
    plants = int(rng.integers(1, 3))
    fixtures.plant(room.spot(-room.width / 2 + 0.5, room.depth / 2 - 0.5), pot)
    if plants == 2:
        fixtures.plant(room.spot(-room.width / 2 + 3.25, room.depth / 2 - 0.4), pot)
    storage.cabinet(room.wall("right", 0.3), wood, (1.5, 0.8, 0.42), 3)
    fixtures.table_lamp(room.wall("right", 0.3).shifted(-0.45, 0.2), 0.8)
    fixtures.picture(room.wall("right", 0.3), rng)
    fixtures.window(room.wall("right", 1.75), 0.9)
    fixtures.door(room.wall("near", room.width / 2 - 1.7), pick(rng, DOORS))
    return f"{curtain.name} curtains", counted(plants, "potted plant")


def bedroom(builder: Builder, rng: np.random.Generator) -> Layout:
    """A bed and night stands, a wardrobe, a chest of drawers below a mirror, a curtained window."""
    room = new_room(builder, rng, (5.2, 6.4), (4.6, 5.8))
    walls = pick(rng, PAINTS, ("lavender", "pink", "light blue", "cream", "light green", "white"))
    carpet = pick(rng, FABRICS, ("grey", "brown", "pink", "blue", "purple", "white"))
    room.close(wallpaper(walls), cloth(carpet), WHITE)
    return room.layout(
        "bedroom",
        (
            *_bed_group(room, rng),
            *_bedroom_walls(room, rng),
            f"{walls.name} walls",
            a(f"{carpet.name} carpet"),
        ),
        (-room.width / 2 + 3.0, room.width / 2 - 1.45),
        (-room.depth / 2 + 1.35, room.depth / 2 - 1.0),
    )


def _bed_group(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """The bed on the left wall, its night stands and lamps, and a picture above it."""
    blanket, wood = pick(rng, FABRICS), pick(rng, WOODS)
    width = float(rng.choice((1.1, 1.5, 1.8)))
    head = room.wall("left")
    seating.bed(head, wood, blanket, width)
    stands = int(rng.integers(1, 3))
    for side in (-1, 1)[:stands]:
        stand = head.shifted(side * (width / 2 + 0.35))
        storage.drawers(stand, wood, (0.46, 0.5, 0.4), 2)
        fixtures.table_lamp(stand.shifted(0, 0.2), 0.5)
    fixtures.picture(head, rng, (0.9, 0.6), 1.5)
    return (
        f"a bed with {a(blanket.name)} blanket",
        counted(stands, f"{wood.name} night stand"),
        counted(stands, "bedside lamp"),
    )


def _bedroom_walls(room: Room, rng: np.random.Generator) -> tuple[str, ...]:
    """Wardrobe, mirror, curtained window and door on the other walls."""
    wood, curtain, rug = pick(rng, WOODS), pick(rng, FABRICS), pick(rng, FABRICS)
    wardrobe = pick(rng, WARDROBES)
    leaves = int(rng.integers(2, 5))
    fixtures.picture(room.wall("right", -1.7), rng, (0.6, 0.8))
    storage.cabinet(room.wall("right", 0.4), wardrobe, (0.55 * leaves, 2.1, 0.6), leaves)
    window = room.wall("far", -0.3)
    fixtures.window(window, 1.5)
    fixtures.curtains(window, curtain, 1.5)
    chest = room.wall("near", -room.width / 2 + 1.6)
    storage.drawers(chest, wood, (1.1, 0.85, 0.45), 3)
    fixtures.mirror(chest)
    fixtures.door(room.wall("near", room.width / 2 - 1.4), pick(rng, DOORS))
    fixtures.rug(room.spot(-room.width / 2 + 2.7, 0), rug, (1.0, 1.7))
    fixtures.pendant(room.spot(0, 0), room.height, 0.35)
    return (a(f"{wardrobe.name} wardrobe"), f"{curtain.name} curtains", a(f"{rug.name} rug"))
