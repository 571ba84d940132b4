"""report.html: the figures and pictures of a scene on one page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from depthgen.depth import colorize
from depthgen.evaluation.html import data_address, document, facts, table
from depthgen.geometry import Camera
from scene3d.export.contact_sheet import new_in_color, range_of
from scene3d.frame import Frame, pixels_of
from scene3d.report.figures import SceneFigures, ViewFigures
from scene3d.report.pictures import PLAN, Plan, plan_of, seam_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from scene3d.scene import Scene

THUMBNAIL = 220  # pixels
STAGE_COLORS = ("#6ea8fe", "#63c7a2", "#f2b45a", "#d98bd0", "#e0736d", "#9aa5b8", "#b7c95f")
NOTHING = "–"  # in the place of a figure that a view does not have
SIGHT = 22  # pixels that the line of sight of a camera is long in the plan

_STYLE = Template("""\
:root { --card: #8881; --good: #2e9e63; --bad: #d2463c; --mark: #3d7bd9; }
body { max-width: 1180px; }
header p { margin: .2em 0; color: var(--faint); }
.verdict { border-left: 4px solid var(--good); padding: .5em 1em; margin: 1.5em 0; background: var(--card); }
.verdict.bad { border-color: var(--bad); } .verdict ul { margin: .3em 0; padding-left: 1.2em; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 10px; }
.tiles div { background: var(--card); border-radius: 10px; padding: .7em 1em; }
.tiles b { display: block; font-size: 1.35em; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--faint); font-size: .85em; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 30px; }
.plan { width: 100%; max-width: 480px; background: var(--card); border-radius: 10px; }
.plan path { stroke: var(--mark); stroke-width: 2; fill: none; } .plan circle { fill: var(--mark); }
.plan text { font: 12px system-ui, sans-serif; fill: currentColor; }
.view { background: var(--card); border-radius: 12px; padding: 12px; margin: 12px 0; }
.view h3 { margin: 0 0 .4em; font-size: 1em; font-weight: 600; }
.view h3 small { display: inline; font-weight: 400; }
.strip { display: flex; gap: 8px; flex-wrap: wrap; } .strip figure { margin: 0; }
.strip img { width: ${thumbnail}px; display: block; } figcaption { color: var(--faint); font-size: .8em; }
.view dl { grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: .1em 1.5em; margin: .6em 0 0; }
.view dl div { display: flex; justify-content: space-between; gap: 1em; font-size: .9em; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 4px 10px; }
.bars span { color: var(--faint); font-size: .85em; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 12px; align-self: center; border-radius: 4px; overflow: hidden; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin: 0 5px 0 12px; }
.ramp { display: inline-block; width: 120px; height: 9px; border-radius: 4px; vertical-align: middle;
  background: linear-gradient(90deg, #40bf73, #fabf33, #e63333); }
""")

_BODY = Template("""\
<header><h1>$title</h1>$words</header>
$verdict
<div class="tiles">$tiles</div>
<div class="two">
<section><h2>From above</h2>$plan
<p><small>Up is where the first camera looks; the picture is $extent m wide. What lies above eye level is left
out.</small></p></section>
<section><h2>Time by view and stage</h2>$times</section>
</div>
<h2>Views</h2>
<p><small>Seams: the border of what was known before, coloured by the jump of depth across it,
none <span class="ramp"></span> 10 %.</small></p>
$views
<h2>All figures</h2><div class="scroll">$table</div>
<h2>What they depend on</h2><dl>$facts</dl>
""")


def page(scene: Scene, figures: SceneFigures, missed: Sequence[str]) -> str:
    """The HTML of a scene's report; missed: the limits it does not keep, one line each."""
    cameras = [frame.camera for frame in scene.frames]
    plan = plan_of(scene.adjusted().mesh(), cameras)
    near, far = range_of(scene.frames)
    pairs = zip(figures.views, scene.frames, strict=True)
    body = _BODY.substitute(
        title=escape(scene.prompt),
        words="".join(f"<p>from view {view} on: {escape(words)}</p>" for view, words in scene.manifest.then),
        verdict=_verdict(missed),
        tiles="".join(_tiles(figures)),
        plan=_plan(plan, cameras),
        extent=f"{plan.extent:.1f}",
        times=_times(figures.views),
        views="".join(_view(view, frame, near, far) for view, frame in pairs),
        table=_table(figures.views),
        facts="".join(facts(_facts(scene))),
    )
    return document(scene.prompt, body, _STYLE.substitute(thumbnail=THUMBNAIL))


def _verdict(missed: Sequence[str]) -> str:
    if not missed:
        return '<div class="verdict">All limits are kept.</div>'
    lines = "".join(f"<li>{escape(line)}</li>" for line in missed)
    return f'<div class="verdict bad">{len(missed)} limits are not kept:<ul>{lines}</ul></div>'


def _tiles(figures: SceneFigures) -> Iterator[str]:
    """The totals, each with its name."""
    total = figures.as_json()["totals"]
    cut = {name: count for name, count in total["triangles"].items() if name != "kept"}
    kept, memory = figures.over_views("known_kept"), figures.over_views("peak_memory_mib")
    yield _tile(
        _percent(total["coverage"], 1),
        f"covered around the path, at worst {_percent(total['least_coverage'], 0)}",
    )
    yield _tile(_percent(total["seam_step_median"]), "seam step, median")
    yield _tile(
        _percent(total["disagreement_after"]),
        f"disagreement of views, {_percent(total['disagreement_before'])} before the adjustment",
    )
    yield _tile(_percent(min(kept) if kept else None, 1), "known pixels kept exactly")
    yield _tile(_count(total["triangles"]["kept"]), "triangles")
    yield _tile(
        _count(sum(cut.values())),
        "cut: " + ", ".join(f"{_count(n)} {name.replace('_', ' ')}" for name, n in cut.items()),
    )
    yield _tile(f"{total['seconds']:.1f} s", "time of all stages")
    yield _tile(f"{max(memory):.0f} MiB" if memory else NOTHING, "peak memory")


def _tile(figure: str, name: str) -> str:
    return f"<div><b>{figure}</b><span>{escape(name)}</span></div>"


def _plan(plan: Plan, cameras: Sequence[Camera]) -> str:
    """The points from above, with the cameras, their path and where they look."""
    across, down = plan.positions(torch.stack([camera.position for camera in cameras]))
    eyes = list(zip(across.tolist(), down.tolist(), strict=True))
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in eyes)
    marks = "".join(
        _camera_mark(camera, eye, i) for i, (camera, eye) in enumerate(zip(cameras, eyes, strict=True))
    )
    return (
        f'<svg class="plan" viewBox="0 0 {PLAN} {PLAN}" role="img" aria-label="the scene from above">'
        f'<image href="{_png(plan.image)}" width="{PLAN}" height="{PLAN}"/>'
        f'<path d="{path}" opacity=".5"/>{marks}</svg>'
    )


def _camera_mark(camera: Camera, eye: tuple[float, float], number: int) -> str:
    x, y = eye
    ahead = camera.world_from_camera[:3, 2]
    dx, dy = SIGHT * float(ahead[0]), -SIGHT * float(ahead[2])
    return (
        f'<path d="M{x:.1f} {y:.1f}l{dx:.1f} {dy:.1f}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        f'<text x="{x + 1.35 * dx - 4:.1f}" y="{y + 1.35 * dy + 4:.1f}">{number}</text>'
    )


def _times(views: Sequence[ViewFigures]) -> str:
    """A bar for each view, as long as its time, in parts by stage."""
    stages = list(dict.fromkeys(stage for view in views for stage in view.seconds))
    longest = max((sum(view.seconds.values()) for view in views), default=0.0)
    if not stages or not longest:
        return "<p>No times were noted.</p>"
    colors = dict(zip(stages, STAGE_COLORS * len(stages), strict=False))
    key = "".join(f'<i style="background:{colors[stage]}"></i>{escape(stage)}' for stage in stages)
    rows = "".join(_bar(view, colors, longest) for view in views)
    return f'<div class="bars">{rows}</div><p class="key"><small>{key}</small></p>'


def _bar(view: ViewFigures, colors: dict[str, str], longest: float) -> str:
    parts = "".join(
        f'<div title="{escape(stage)}" '
        f'style="width:{100 * seconds / longest:.2f}%;background:{colors[stage]}"></div>'
        for stage, seconds in view.seconds.items()
    )
    total = sum(view.seconds.values())
    return f'<span>{view.entry.view}</span><div class="bar">{parts}</div><span>{total:.2f} s</span>'


def _view(view: ViewFigures, frame: Frame, near: float, far: float) -> str:
    pictures = {
        "picture": _jpeg(frame.image),
        "depth": _jpeg(colorize(frame.depth[0], frame.valid[0], near, far).permute(2, 0, 1) / 255),
        "new in colour": _jpeg(new_in_color(frame)),
    }
    if frame.known.any():
        pictures["seams"] = _jpeg(seam_picture(frame))
    if frame.certainty is not None:
        pictures["certainty, white: sure"] = _jpeg(frame.certainty.expand(3, -1, -1))
    strip = "".join(
        f'<figure><img src="{address}" alt="{name} of view {view.entry.view}" loading="lazy">'
        f"<figcaption>{name}</figcaption></figure>"
        for name, address in pictures.items()
    )
    known = {name: value for name, value in _cells(view).items() if value != NOTHING}
    rows = "".join(f"<div><span>{name}</span><span>{value}</span></div>" for name, value in known.items())
    title = f"view {view.entry.view} <small>{escape(view.prompt)}</small>"
    return f'<section class="view"><h3>{title}</h3><div class="strip">{strip}</div><dl>{rows}</dl></section>'


def _table(views: Sequence[ViewFigures]) -> str:
    rows = [
        [f"<td>{view.entry.view}</td>", *(f"<td>{cell}</td>" for cell in _cells(view).values())]
        for view in views
    ]
    return table(["view", *_cells(views[0])], rows)


def _cells(view: ViewFigures) -> dict[str, str]:
    """The figures of a view by name."""
    entry, triangles = view.entry, view.triangles
    memory = view.peak_memory_mib
    return {
        "new": _percent(entry.new_pixels, 0),
        "seam step": _percent(entry.seam_step),
        "seam colour": _percent(entry.seam_color),
        "residual, image": _percent(entry.residual_image),
        "residual, depth": _percent(entry.residual_depth),
        "known kept": _percent(view.known_kept, 1),
        "uncertain": _percent(entry.uncertain, 1),
        "triangles": _count(triangles.kept),
        "cut at edges": _count(triangles.depth_edge),
        "cut, grazing": _count(triangles.grazing),
        "cut, uncertain": _count(triangles.uncertain),
        "scale correction": f"{view.scale:.4f}",
        "depth over truth": NOTHING if view.drift is None else f"{view.drift:.4f}",
        "peak memory": NOTHING if memory is None else f"{memory:.0f} MiB",
    }


def _facts(scene: Scene) -> dict[str, Any]:
    manifest = scene.manifest
    return {"models": manifest.models, "environment": manifest.environment, "settings": manifest.config}


def _percent(share: float | None, digits: int = 2) -> str:
    return NOTHING if share is None else f"{100 * share:.{digits}f} %".replace("-0.00 %", "0.00 %")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _jpeg(image: Tensor) -> str:
    picture = _pil(image, "RGB")
    picture.thumbnail((THUMBNAIL * 3 // 2, THUMBNAIL * 3 // 2))
    return data_address(picture, "JPEG", quality=88)


def _png(image: Tensor) -> str:
    return data_address(_pil(image, "RGBA"))


def _pil(image: Tensor, mode: str) -> Image:
    from PIL import Image

    return Image.fromarray(pixels_of(image.expand(len(mode), -1, -1)).numpy(), mode=mode)
