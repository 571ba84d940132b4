"""Rooms to live and sleep in."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material, Texture
from depthgen.worlds.indoor import equipment, fixtures, seating, storage
from depthgen.worlds.indoor.room import Room, Side, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import (
    FABRICS,
    LACQUERS,
    PAINTS,
    WOODS,
    Color,
    cloth,
    furniture,
    paint,
    pick,
    planks,
    shade,
    tiles,
    wood,
)
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.spot import Spot

OPPOSITE: dict[Side, Side] = {"far": "near", "near": "far", "left": "right", "right": "left"}
STONES = {"red": (0.55, 0.25, 0.18), "grey": (0.50, 0.50, 0.50), "white": (0.85, 0.84, 0.80)}
HOME_WALLS = (
    "white",
    "beige",
    "light green",
    "light blue",
    "yellow",
    "orange",
    "pink",
    "light purple",
    "teal",
)


def homely(room: Room, carpeted: float = 0.25) -> None:
    """Shut the room: painted or papered walls, and a floor of boards, carpet, marble or tiles; noted."""
    rng = room.rng
    walls = pick(rng, PAINTS, HOME_WALLS)
    papered = rng.random() < 0.35
    paper = Material(walls.rgb, Texture.WALLPAPER, shade(walls.rgb, 0.84), 0.3)
    room.close(paper if papered else paint(walls), floor(room, carpeted))
    room.builder.surround("wallpaper" if papered else "walls", walls.name)


def floor(room: Room, carpeted: float) -> Material:
    """Draw a floor and note it."""
    rng, note = room.rng, room.builder.surround
    if rng.random() < carpeted:
        carpet = pick(rng, FABRICS, ("grey", "brown", "blue", "purple", "beige", "green", "red"))
        note("carpet", carpet.name)
        return cloth(carpet)
    style = rng.random()
    if style < 0.65:
        note("wooden floor")
        boards = planks(Color("", WOODS[int(rng.integers(len(WOODS)))]), float(rng.uniform(0.4, 0.7)))
        return Material(boards.color, boards.texture, boards.color2, boards.scale, mirror=0.04)
    stone = pick(rng, PAINTS, ("beige", "light grey", "white"))
    if style < 0.85:
        note("tiled floor", stone.name)
        return tiles(Color("", shade(stone.rgb, 0.85)), float(rng.uniform(0.3, 0.6)))
    note("marble floor", stone.name)
    return Material(stone.rgb, Texture.MARBLE, shade(stone.rgb, 0.7), 0.8, mirror=0.12)


def living_room(builder: Recorder, rng: np.random.Generator) -> Layout:
    """A sofa group that faces a television or a fireplace, with shelves, a piano, plants and paintings."""
    room = new_room(builder, rng, (5.0, 7.5), (4.6, 6.8))
    homely(room)
    _sofa_group(room)
    fixtures.openings(room, int(rng.integers(1, 4)), pick(rng, FABRICS) if rng.random() < 0.7 else None)
    _living_walls(room)
    if room.width * room.depth > 36 and rng.random() < 0.3 and (spot := room.somewhere(0.5, 0.5, 3)):
        fixtures.column(spot, room.height)
    fixtures.decorate(room, int(rng.integers(1, 4)), int(rng.integers(1, 3)), rng.random() < 0.4)
    return room.layout("living room")


def _sofa_group(room: Room) -> None:
    """Sofa and armchairs around a rug and a coffee table, what they face on the opposite wall."""
    rng = room.rng
    side: Side = str(rng.choice(("near", "far", "left", "right")))  # type: ignore[assignment]
    across = OPPOSITE[side]
    span = room.depth if side in ("near", "far") else room.width
    along = rng.uniform(-0.12, 0.12) * room.length(side)
    back = min(max(0.0, span - 4.6), 0.8) if rng.random() < 0.5 else 0.0  # how far off the wall it stands
    color, cushion, seat = pick(rng, FABRICS), pick(rng, FABRICS), room.wall(side, along).shifted(0, back)
    _hearth(room, room.wall(across, along))
    width = float(rng.uniform(1.8, 2.5))
    if room.clear(seat, width, seating.SOFA_DEPTH, 0.9):
        seating.sofa(seat, color, cushion, width)
        if back == 0 and room.hang_above(seat, 1.3):
            fixtures.painting(seat, rng, (1.2, 0.7))
    middle = seat.shifted(0, 1.75)
    fixtures.rug(middle, pick(rng, FABRICS), (float(rng.uniform(1.8, 2.6)), float(rng.uniform(1.4, 1.9))))
    table = furniture(rng, 0.7)
    if room.clear(middle.shifted(0, -0.35), 1.1, 0.6, 0.42):
        seating.coffee_table(middle.shifted(0, -0.05), table)
        fixtures.vase(middle.shifted(-0.2, -0.05), pick(rng, LACQUERS), 0.42)
    chair_color = color if rng.random() < 0.5 else pick(rng, FABRICS)
    for sign in (-1, 1)[: int(rng.integers(0, 3))]:
        chair = middle.shifted(sign * (width / 2 + 0.75), 0.0, -90.0 * sign)
        if room.clear(chair, 0.95, 0.95, 0.9):
            seating.armchair(chair, chair_color, cushion)
    fixtures.pendant(middle, room.height, 0.45)
    if room.clear(seat.shifted(width / 2 + 0.35, 0.0), 0.45, 0.45, 1.7):
        fixtures.floor_lamp(seat.shifted(width / 2 + 0.35, 0.23))


def _hearth(room: Room, spot: Spot) -> None:
    """What the sofa faces: a television on a sideboard, or a fireplace."""
    rng = room.rng
    if rng.random() < 0.4 and room.clear(spot, 1.6, 0.6, 2.0):
        room.hang_above(spot, 1.6)
        equipment.fireplace(spot, pick(rng, STONES), room.height)
    elif room.clear(spot, 1.8, 0.5, 1.4):
        room.hang_above(spot, 1.8)
        storage.sideboard(spot, furniture(rng), 1.8)
        equipment.television(spot, float(rng.uniform(1.1, 1.5)), 0.82)


def _living_walls(room: Room) -> None:
    """Shelves, a piano, a sideboard with a lamp: as many as the walls hold."""
    rng = room.rng
    shelf = wood(rng)
    for _ in range(int(rng.integers(1, 3))):
        width = float(rng.uniform(0.9, 1.8))
        if spot := room.against_wall(width, storage.SHELF_DEPTH, 2.1, front=0.4):
            storage.bookshelf(spot, shelf, width)
    if rng.random() < 0.35 and (spot := room.against_wall(1.5, 1.2, 1.0)):
        equipment.piano(spot, pick(rng, LACQUERS, ("black", "white")) if rng.random() < 0.6 else wood(rng))
    if spot := room.against_wall(1.5, 0.44, 0.8, front=0.4):
        storage.sideboard(spot, furniture(rng))
        fixtures.table_lamp(spot.shifted(-0.45, 0.2), 0.8)
        if room.hang_above(spot, 0.9):
            fixtures.painting(spot, rng)


def bedroom(builder: Recorder, rng: np.random.Generator) -> Layout:
    """A bed between nightstands, a wardrobe, a dresser below a mirror, curtained windows, at times a desk."""
    room = new_room(builder, rng, (4.2, 6.2), (4.0, 5.8))
    homely(room, carpeted=0.5)
    _bed_group(room)
    fixtures.openings(room, int(rng.integers(1, 3)), pick(rng, FABRICS))
    leaves = int(rng.integers(2, 5))
    if spot := room.against_wall(0.55 * leaves, 0.62, 2.1, front=0.5):
        storage.wardrobe(spot, furniture(rng), leaves)
    if spot := room.against_wall(1.1, 0.47, 0.85, front=0.4):
        storage.dresser(spot, furniture(rng))
        if room.hang_above(spot, 0.8):
            fixtures.mirror(spot)
    if rng.random() < 0.5 and (spot := room.against_wall(1.3, 1.5, 0.8)):
        seating.desk(spot, furniture(rng), (1.3, 0.65))
        seating.chair(spot.shifted(-0.2, 1.15, 180), pick(rng, FABRICS))
        fixtures.table_lamp(spot.shifted(0.4, 0.25), seating.TABLE_HEIGHT)
    elif spot := room.against_wall(0.95, 0.95, 0.9):
        seating.armchair(spot, pick(rng, FABRICS), pick(rng, FABRICS))
    fixtures.pendant(room.spot(0, 0), room.height, 0.3)
    fixtures.decorate(room, int(rng.integers(1, 3)), int(rng.integers(0, 2)), rng.random() < 0.2)
    return room.layout("bedroom")


def _bed_group(room: Room) -> None:
    """The bed in the middle of a wall, its nightstands and lamps, a painting above it, a rug before it."""
    rng = room.rng
    blanket, frame = pick(rng, FABRICS), furniture(rng, 0.75)
    width = float(rng.choice((1.0, 1.5, 1.8)))
    side: Side = str(rng.choice(("near", "far", "left", "right")))  # type: ignore[assignment]
    head = room.wall(side, float(rng.uniform(-0.15, 0.15)) * room.length(side))
    if not room.clear(head, width + 0.1, seating.BED_LENGTH + 0.1, 1.1):
        spot = room.against_wall(width + 0.1, seating.BED_LENGTH + 0.1, 1.1, front=0.3)
        head = spot or head
    fixtures.rug(head.shifted(0.0, 1.9), pick(rng, FABRICS), (width + 1.4, 1.5))
    seating.bed(head, blanket, frame, width)
    for sign in (-1, 1):
        stand = head.shifted(sign * (width / 2 + 0.33))
        if room.clear(stand, 0.46, 0.42, 0.5):
            storage.nightstand(stand, frame)
            fixtures.table_lamp(stand.shifted(0, 0.2), 0.5)
    if room.hang_above(head, width):
        fixtures.painting(head, rng, (1.0, 0.6))
