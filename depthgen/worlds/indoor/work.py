"""Rooms to work in: meeting room and office."""

from __future__ import annotations

import numpy as np

from depthgen.worlds.builder import Material
from depthgen.worlds.indoor import equipment, fixtures, seating, storage
from depthgen.worlds.indoor.home import floor
from depthgen.worlds.indoor.room import Room, new_room
from depthgen.worlds.kinds import Layout
from depthgen.worlds.palette import FABRICS, LACQUERS, PAINTS, Color, furniture, paint, pick, wood
from depthgen.worlds.recorder import Recorder
from depthgen.worlds.spot import Spot

WALLS = ("white", "light grey", "light blue", "light green", "orange", "dark blue", "beige", "teal")
CHAIR_PITCH = 0.78


def _working(builder: Recorder, rng: np.random.Generator) -> Room:
    """A plain room with a ceiling of light panels."""
    room = new_room(builder, rng, (5.0, 7.4), (4.8, 6.8))
    walls = pick(rng, PAINTS, WALLS)
    room.close(paint(walls), floor(room, carpeted=0.6), Material((0.86, 0.87, 0.88)))
    builder.surround("walls", walls.name)
    fixtures.light_panels(room)
    return room


def meeting_room(builder: Recorder, rng: np.random.Generator) -> Layout:
    """A long table between chairs, a projector screen, a whiteboard, windows, a sideboard."""
    room = _working(builder, rng)
    _conference(room)
    width = float(rng.uniform(2.0, 2.6))
    if spot := room.on_wall(width + 0.2, ("far", "near") if room.width > width + 1 else ("left", "right")):
        equipment.projector_screen(spot, width)
    fixtures.openings(room, int(rng.integers(1, 4)))
    if spot := room.on_wall(2.1):
        equipment.whiteboard(spot, rng)
    if spot := room.against_wall(1.6, 0.44, 0.8, front=0.4):
        storage.sideboard(spot, furniture(rng))
        fixtures.vase(spot.shifted(0.4, 0.2), pick(rng, LACQUERS), 0.8)
    fixtures.decorate(room, 1, int(rng.integers(1, 3)), rng.random() < 0.6)
    return room.layout("meeting room")


def _conference(room: Room) -> None:
    """The table along the longer side of the room, chairs on both sides, some laptops on it."""
    rng = room.rng
    a_side = int(np.clip((max(room.width, room.depth) - 2.6) / CHAIR_PITCH, 2, 4))
    length = CHAIR_PITCH * a_side + 0.3
    yaw = 0.0 if room.width > room.depth else 90.0
    table = room.spot(float(rng.uniform(-0.4, 0.4)), float(rng.uniform(-0.3, 0.3)), yaw)
    room.claim(table.shifted(0, -1.1), length, 2.2, 0.95)
    top, seat = furniture(rng, 0.7), pick(rng, FABRICS)
    seating.conference_table(table, top, (length, 1.2))
    swivel = rng.random() < 0.4
    for i in range(a_side):
        right = CHAIR_PITCH * (i - (a_side - 1) / 2)
        for sign in (-1, 1):
            chair = table.shifted(right, sign * 1.05, 180.0 * (sign > 0))
            (seating.swivel_chair if swivel else seating.chair)(chair, seat)
        if rng.random() < 0.5:
            equipment.laptop(table.shifted(right, 0.35, 180), seating.TABLE_HEIGHT)
    if rng.random() < 0.5:
        fixtures.vase(table, pick(rng, LACQUERS), seating.TABLE_HEIGHT)


def office(builder: Recorder, rng: np.random.Generator) -> Layout:
    """Desks with monitors along walls or in an island, filing cabinets, shelves, windows, a whiteboard."""
    room = _working(builder, rng)
    fixtures.openings(room, int(rng.integers(1, 4)))
    _desks(room)
    color = pick(rng, LACQUERS, ("grey", "white", "blue", "green", "black"))
    for _ in range(int(rng.integers(1, 4))):
        if spot := room.against_wall(0.52, 0.62, 1.25):
            storage.filing_cabinet(spot, color)
    if spot := room.against_wall(1.3, storage.SHELF_DEPTH, 1.9, front=0.3):
        storage.bookshelf(spot, wood(rng), 1.3, 1.9)
    if rng.random() < 0.7 and (spot := room.on_wall(2.1)):
        equipment.whiteboard(spot, rng)
    fixtures.decorate(room, 1, int(rng.integers(1, 3)), rng.random() < 0.7)
    return room.layout("office")


def _desks(room: Room) -> None:
    """Two to four desks: pairs that face each other in the open floor, or single ones at the walls."""
    rng = room.rng
    top, seat = furniture(rng, 0.6), pick(rng, FABRICS, ("black", "blue", "red", "grey", "green", "orange"))
    if rng.random() < 0.5 and (spot := room.somewhere(1.7, 3.5, 1.2)):
        for sign in (-1, 1):
            _workplace(spot.shifted(0, 0, 90.0 - 90.0 * sign), top, seat)
    for _ in range(int(rng.integers(1, 4))):
        if spot := room.against_wall(1.6, 1.6, 1.1):
            _workplace(spot, top, seat)


def _workplace(spot: Spot, top: Color, seat: Color) -> None:
    """A desk at the spot, monitor on it, its chair drawn up."""
    seating.desk(spot, top)
    equipment.monitor(spot)
    seating.swivel_chair(spot.shifted(-0.15, 1.35, 180), seat)
