"""A library: books on every wall."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.indoor import equipment, fixtures, seating, storage
from depthgen.worlds.indoor.home import floor
from depthgen.worlds.indoor.room import SIDES, Room, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import FABRICS, PAINTS, Color, paint, pick, wood
from depthgen.worlds.recorder import Recorder

WALLS = ("dark green", "dark red", "beige", "dark blue", "white", "teal")


def library(builder: Recorder, rng: np.random.Generator) -> Layout:
    """Tall shelves full of books along the walls, reading tables with lamps, armchairs, a globe, a ladder."""
    room = new_room(builder, rng, (5.4, 8.0), (5.0, 7.4), (2.8, 3.4))
    walls = pick(rng, PAINTS, WALLS)
    room.close(paint(walls), floor(room, carpeted=0.4))
    builder.surround("walls", walls.name)
    fixtures.openings(room, int(rng.integers(1, 3)))
    shelf = wood(rng)
    _shelves(room, shelf)
    for _ in range(2 if room.width > 6.6 else 1):
        _reading_table(room)
    if rng.random() < 0.35:
        _free_shelf(room, shelf)
    if rng.random() < 0.6 and (spot := room.somewhere(0.6, 0.6, 0.9)):
        equipment.globe(spot)
    if rng.random() < 0.6 and (spot := room.against_wall(0.95, 0.95, 0.9)):
        seating.armchair(spot, pick(rng, FABRICS), pick(rng, FABRICS))
    fixtures.pendant(room.spot(0, 0), room.height, 0.5)
    fixtures.decorate(room, 1, 1, rng.random() < 0.4)
    return room.layout("library")


def _shelves(room: Room, shelf: Color) -> None:
    """As many tall shelves as the walls hold, wide ones first; a ladder leans on one of them."""
    height = room.height - float(room.rng.uniform(0.25, 0.6))
    spots = []
    for width, tries in ((2.4, 4), (1.6, 3), (1.0, 3)):
        for _ in range(tries):
            if spot := room.against_wall(width, storage.SHELF_DEPTH, height, SIDES):
                storage.bookshelf(spot, shelf, width, height)
                spots.append(spot)
    if spots and room.rng.random() < 0.6:
        at = spots[0].shifted(0.5, storage.SHELF_DEPTH)
        if room.clear(at.shifted(0, 0.02), 0.5, 0.5, 2.0):
            storage.ladder(at, wood(room.rng), height - 0.2)


def _free_shelf(room: Room, shelf: Color) -> None:
    """Two shelves back to back in the open floor."""
    if spot := room.somewhere(1.8, 0.8, 2.0):
        storage.bookshelf(spot, shelf, 1.6, 2.0)
        storage.bookshelf(spot.shifted(turn=180), shelf, 1.6, 2.0)


def _reading_table(room: Room) -> None:
    """A table with chairs on its long sides, lamps on it and a rug below."""
    rng = room.rng
    turned = bool(rng.random() < 0.5)
    length = float(rng.uniform(1.6, 2.2))
    size = (2.7, length + 0.5) if turned else (length + 0.5, 2.7)
    spot = room.somewhere(*size, 0.8)
    if spot is None:
        return
    table = spot.shifted(turn=90.0 * turned)
    fixtures.rug(table, pick(rng, FABRICS), (length + 0.6, 2.3))
    seating.reading_table(table, wood(rng), (length, 0.9))
    lamps = int(rng.integers(1, 3))
    for i in range(lamps):
        fixtures.table_lamp(table.shifted(1.0 * (i - (lamps - 1) / 2)), seating.TABLE_HEIGHT)
    seat = pick(rng, FABRICS, ("red", "green", "brown", "blue", "black"))
    for right in (-0.45, 0.45):
        for sign in (-1, 1)[: int(rng.integers(1, 3))]:
            seating.chair(table.shifted(right, sign * 0.82, 180.0 * (sign > 0)), seat, paint(wood(rng)))
