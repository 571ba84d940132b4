"""What a pixel shows."""

from __future__ import annotations

from enum import IntEnum, auto


class Semantic(IntEnum):
    """Class of a surface; SKY is where there is none."""

    SKY = 0
    GROUND = auto()
    FLOOR = auto()
    WALL = auto()
    CEILING = auto()
    WINDOW = auto()
    DOOR = auto()
    CURTAIN = auto()
    PICTURE = auto()
    SOFA = auto()
    CHAIR = auto()
    SEAT = auto()
    TABLE = auto()
    DESK = auto()
    BED = auto()
    SHELF = auto()
    BOOKS = auto()
    CABINET = auto()
    LAMP = auto()
    RUG = auto()
    SCREEN = auto()
    STAGE = auto()
    STOVE = auto()
    FRIDGE = auto()
    SINK = auto()
    PLANT = auto()
    TREE = auto()
    PALM = auto()
    CACTUS = auto()
    BUSH = auto()
    FLOWER = auto()
    HOUSE = auto()
    BUILDING = auto()
    ROOF = auto()
    ROAD = auto()
    CAR = auto()
    STREETLIGHT = auto()
    FENCE = auto()
    WATER = auto()
    BOAT = auto()
    MOUNTAIN = auto()
    ROCK = auto()
    SAND = auto()
    SNOW = auto()
    UMBRELLA = auto()
    TOWEL = auto()
