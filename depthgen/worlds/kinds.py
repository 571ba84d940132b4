"""The vocabulary of the worlds: kinds of place, times, weathers, objects, colours; what a world contains."""

from __future__ import annotations

from dataclasses import dataclass

INDOOR_KINDS = ("living room", "bedroom", "kitchen", "library", "meeting room", "movie theatre", "office")
OUTDOOR_KINDS = ("meadow", "village", "lake", "mountains", "desert", "beach", "forest", "city street")
KINDS = INDOOR_KINDS + OUTDOOR_KINDS
TIMES = ("noon", "sunset", "night")
WEATHERS = ("clear", "fog", "snow")

COLORS = (
    *("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"),
    *("brown", "beige", "grey", "black", "white", "wooden"),
)
TONES = ("light", "dark")  # may stand before the colour of surroundings
INDOOR_OBJECTS = (
    *("sofa", "armchair", "coffee table", "bookshelf", "rug", "floor lamp", "table lamp", "ceiling lamp"),
    *("television", "painting", "mirror", "potted plant", "curtain", "fireplace", "piano", "clock", "bed"),
    *("nightstand", "wardrobe", "dresser", "desk", "office chair", "monitor", "whiteboard"),
    *("projector screen", "conference table", "filing cabinet", "stove", "fridge", "sink", "kitchen island"),
    *("bar stool", "hanging pot", "cupboard", "dining table", "chair", "fruit bowl", "window", "door"),
    *("ladder", "globe", "reading table", "cinema seat", "cinema screen", "popcorn stand", "wall lamp"),
    *("column", "sideboard", "laptop", "vase"),
)
OUTDOOR_OBJECTS = (
    *("oak", "pine", "birch", "palm", "cactus", "bush", "flower bed", "mushroom", "rock", "log", "stump"),
    *("fence", "path", "bench", "well", "barn", "house", "cabin", "church", "windmill", "tower", "bridge"),
    *("rowing boat", "sailing boat", "jetty", "tent", "campfire", "umbrella", "towel", "beach hut"),
    *("sandcastle", "lighthouse", "car", "bus", "street lamp", "traffic light", "shop", "tower block"),
    *("bus stop", "hydrant", "mailbox", "hay bale", "sheep", "cow", "snowman", "reeds", "dune"),
    *("mountain hut", "signpost", "crossing", "table mountain", "deckchair", "beach ball"),
)
OBJECTS = INDOOR_OBJECTS + OUTDOOR_OBJECTS
SURROUNDINGS = (
    *("walls", "wooden floor", "carpet", "tiled floor", "marble floor", "checkered floor", "wallpaper"),
    *(
        "wall tiles",
        "grass",
        "hills",
        "water",
        "sand",
        "sea",
        "peaks",
        "cobbles",
        "sandy shore",
        "dunes",
        "snow",
    ),
)

Interval = tuple[float, float]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Thing:
    """One object of a world: what captions call it, and the upright box around it.

    noun, color: words of `OBJECTS` and `COLORS`; color "" where none is worth saying. position: the middle of
    the box in world metres, y down. size: the box's extents along x, y and z in metres.
    """

    noun: str
    color: str
    position: Point
    size: Point


@dataclass(frozen=True)
class Layout:
    """What a kind's author says about the world just built.

    phrases: noun phrases with article, colour or count of what is there, things and surroundings.
    surroundings: noun and colour of what is all around (walls, grass, the sea). things: every object.
    stands: ground points (x, z) in metres from which the world may be seen. eye: interval of eye heights in
    metres. sights: ground points worth looking at besides the things, such as the middle of a lake.
    """

    kind: str
    phrases: tuple[str, ...]
    surroundings: tuple[tuple[str, str], ...]
    things: tuple[Thing, ...]
    stands: tuple[tuple[float, float], ...]
    eye: Interval
    sights: tuple[tuple[float, float], ...] = ()
