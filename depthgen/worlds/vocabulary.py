"""Words that no training caption contains, for everything that captions speak of.

Prompts made of them measure how far the text encoder carries: a model has seen "a red sofa", never "a crimson
couch". The tables are frozen; a test holds the grammar of training captions against them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from depthgen.worlds.captions import filled
from depthgen.worlds.grammar import HELD_OUT_TEMPLATES
from depthgen.worlds.kinds import KINDS, TIMES, WEATHERS, Thing
from depthgen.worlds.phrases import counted

MENTIONED = 3  # things at most

HELD_OUT_PLACES: dict[str, tuple[str, ...]] = {
    "living room": ("parlour", "salon", "den"),
    "bedroom": ("bedchamber", "boudoir", "dormitory"),
    "kitchen": ("cookhouse", "galley", "scullery"),
    "library": ("athenaeum", "archive"),
    "meeting room": ("boardroom", "council chamber"),
    "movie theatre": ("multiplex", "filmhouse"),
    "office": ("workplace", "bureau"),
    "meadow": ("pasture", "prairie"),
    "village": ("hamlet", "settlement"),
    "lake": ("mere", "tarn", "lagoon"),
    "mountains": ("sierra", "highland"),
    "desert": ("wasteland", "sahara"),
    "beach": ("seashore", "coast"),
    "forest": ("grove", "thicket"),
    "city street": ("boulevard", "avenue", "thoroughfare"),
}
HELD_OUT_TIMES: dict[str, tuple[str, ...]] = {
    "noon": ("at lunchtime", "in broad daylight", "in early afternoon"),
    "sunset": ("at sundown", "in the gloaming", "at eventide"),
    "night": ("after nightfall", "in pitch blackness", "in the wee hours"),
}
HELD_OUT_WEATHERS: dict[str, tuple[str, ...]] = {  # adjectives
    "clear": ("cloudless",),
    "fog": ("murky", "smoggy"),
    "snow": ("frosty", "icy"),
}
HELD_OUT_COLORS: dict[str, tuple[str, ...]] = {
    "red": ("crimson", "scarlet"),
    "orange": ("tangerine", "apricot"),
    "yellow": ("lemon", "amber"),
    "green": ("emerald", "olive"),
    "teal": ("turquoise", "aquamarine"),
    "blue": ("azure", "navy"),
    "purple": ("violet", "mauve"),
    "pink": ("magenta", "fuchsia"),
    "brown": ("chestnut", "chocolate"),
    "beige": ("tan", "cream"),
    "grey": ("silver", "ashen"),
    "black": ("ebony", "sable"),
    "white": ("ivory", "alabaster"),
    "wooden": ("timber", "mahogany"),
}
HELD_OUT_OBJECTS: dict[str, tuple[str, ...]] = {
    "sofa": ("couch", "settee"),
    "armchair": ("recliner",),
    "coffee table": ("tea trolley",),
    "bookshelf": ("bookcase",),
    "rug": ("mat",),
    "floor lamp": ("torchiere",),
    "table lamp": ("nightlight",),
    "ceiling lamp": ("chandelier",),
    "television": ("telly",),
    "painting": ("artwork", "canvas"),
    "mirror": ("reflector",),
    "potted plant": ("houseplant",),
    "curtain": ("drape",),
    "fireplace": ("hearth",),
    "piano": ("pianoforte",),
    "clock": ("timepiece",),
    "bed": ("bunk",),
    "nightstand": ("bedstand",),
    "wardrobe": ("armoire", "closet"),
    "dresser": ("chiffonier",),
    "desk": ("workstation",),
    "office chair": ("swivel",),
    "monitor": ("computer display",),
    "whiteboard": ("marker panel",),
    "projector screen": ("slideshow display",),
    "conference table": ("boardroom counter",),
    "filing cabinet": ("archive locker",),
    "stove": ("cooker",),
    "fridge": ("refrigerator", "icebox"),
    "sink": ("washbasin",),
    "kitchen island": ("chopping counter",),
    "bar stool": ("perch",),
    "hanging pot": ("saucepan",),
    "cupboard": ("larder",),
    "dining table": ("supper counter",),
    "chair": ("stoolback",),
    "fruit bowl": ("basket",),
    "window": ("casement",),
    "door": ("doorway", "portal"),
    "ladder": ("stepladder",),
    "globe": ("orb",),
    "reading table": ("study counter",),
    "cinema seat": ("folding recliner",),
    "cinema screen": ("film display",),
    "popcorn stand": ("snack kiosk",),
    "wall lamp": ("sconce",),
    "column": ("pillar",),
    "sideboard": ("credenza",),
    "laptop": ("notebook computer",),
    "vase": ("urn",),
    "oak": ("deciduous giant",),
    "pine": ("conifer", "spruce"),
    "birch": ("poplar",),
    "palm": ("coconut",),
    "cactus": ("saguaro",),
    "bush": ("shrub",),
    "flower bed": ("blossom patch",),
    "mushroom": ("toadstool",),
    "rock": ("boulder",),
    "log": ("felled trunk",),
    "stump": ("hewn trunk",),
    "fence": ("palisade",),
    "path": ("trail", "footway"),
    "bench": ("settle",),
    "well": ("cistern",),
    "barn": ("granary",),
    "house": ("dwelling", "cottage"),
    "cabin": ("lodge",),
    "church": ("chapel",),
    "windmill": ("gristmill",),
    "tower": ("turret",),
    "bridge": ("footbridge",),
    "rowing boat": ("dinghy", "skiff"),
    "sailing boat": ("yacht", "sloop"),
    "jetty": ("pier",),
    "tent": ("canvas shelter",),
    "campfire": ("bonfire",),
    "umbrella": ("parasol",),
    "towel": ("bathing cloth",),
    "beach hut": ("bathing shack",),
    "sandcastle": ("sculpted fortress",),
    "lighthouse": ("beacon",),
    "car": ("automobile", "sedan"),
    "bus": ("motorcoach",),
    "street lamp": ("lamppost",),
    "traffic light": ("stoplight",),
    "shop": ("boutique",),
    "tower block": ("skyscraper", "highrise"),
    "bus stop": ("transit shelter",),
    "hydrant": ("fireplug",),
    "mailbox": ("postbox",),
    "hay bale": ("straw bundle",),
    "sheep": ("ewe",),
    "cow": ("heifer",),
    "snowman": ("frosty figure",),
    "reeds": ("rushes",),
    "dune": ("sandhill",),
    "mountain hut": ("alpine refuge",),
    "signpost": ("waymarker",),
    "crossing": ("crosswalk",),
    "table mountain": ("mesa", "butte"),
    "deckchair": ("sunlounger",),
    "beach ball": ("inflatable toy",),
}
PREPOSITIONS = {"city street": "on", "beach": "on", "lake": "by", "meadow": "on"}
FUNCTION_WORDS = frozenset(("a", "an", "the", "in", "at", "after", "on", "by"))


def held_out_caption(
    kind: str, time: str, weather: str, things: Sequence[Thing], rng: np.random.Generator
) -> str:
    """A caption that names place, time, weather and up to MENTIONED of `things` in held-out words alone.

    Its sentence form is held out too. Raises ValueError for an unknown kind, time or weather.
    """
    for name, value, known in (("kind", kind, KINDS), ("time", time, TIMES), ("weather", weather, WEATHERS)):
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; one of: {', '.join(known)}")
    noun = _pick(HELD_OUT_PLACES[kind], rng)
    if weather != "clear":
        noun = f"{_pick(HELD_OUT_WEATHERS[weather], rng)} {noun}"
    groups = list(Counter((thing.noun, thing.color) for thing in things).items())
    chosen = [groups[int(i)] for i in rng.permutation(len(groups))[: int(rng.integers(1, MENTIONED + 1))]]
    said = [_reworded(thing, color, count, rng) for (thing, color), count in chosen]
    place = (noun, PREPOSITIONS.get(kind, "in"), True)
    return filled(HELD_OUT_TEMPLATES, place, _pick(HELD_OUT_TIMES[time], rng), " and ".join(said), rng)


def _reworded(noun: str, color: str, count: int, rng: np.random.Generator) -> str:
    other = _pick(HELD_OUT_COLORS[color], rng) if color else ""
    return counted(count, _pick(HELD_OUT_OBJECTS[noun], rng), other)


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
