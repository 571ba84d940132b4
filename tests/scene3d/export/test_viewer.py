from __future__ import annotations

import base64
import gzip
import html.parser
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scene3d.export import write_viewer
from scene3d.export.viewer import grown_mesh
from scene3d.scene import Scene

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(html.parser.HTMLParser):
    """Text of the script elements by id, and every address that an attribute names."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.addresses: list[str] = []
        self._inside: str | None = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [value for key in ("src", "href") if (value := given.get(key))]
        self._inside = given.get("id", "program") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[self._inside] = self.scripts.get(self._inside, "") + data


def test_the_page_is_whole_and_needs_no_network(garden: Scene, tmp_path: Path) -> None:
    path = write_viewer(garden, tmp_path / "viewer.html")
    page = Page(path)
    assert page.addresses == []
    assert not re.findall(r"https?://|@import|\bfetch\(|XMLHttpRequest|%%[A-Z]+%%", path.read_text())


def test_the_page_holds_the_scene(garden: Scene, tmp_path: Path) -> None:
    page = Page(write_viewer(garden, tmp_path / "viewer.html"))
    meta = json.loads(page.scripts["scene-meta"])
    data = gzip.decompress(base64.b64decode(page.scripts["scene-data"]))
    assert [view["newShare"] for view in meta["views"]] == [e.new_pixels for e in garden.manifest.journal]
    n, mesh = meta["vertices"], garden.mesh()
    assert np.array_equal(np.frombuffer(data, "<f4", 3 * n).reshape(n, 3), mesh.vertices.numpy())
    colors = np.frombuffer(data, np.uint8, 4 * n, 12 * n).reshape(n, 4)[:, :3]
    assert np.abs(colors / 255 - mesh.colors.numpy()).max() < 0.51 / 255
    assert np.array_equal(
        np.frombuffer(data, "<u4", 3 * meta["faces"], 16 * n).reshape(-1, 3), mesh.faces.numpy()
    )
    assert [view["pose"] for view in meta["views"]] == [
        frame.camera.world_from_camera.tolist() for frame in garden.frames
    ]


def test_a_prefix_of_the_faces_is_the_scene_as_it_was(garden: Scene) -> None:
    mesh, ends = grown_mesh(garden.frames)
    for view, end in enumerate(ends):
        then = replace(garden, frames=garden.frames[: view + 1]).mesh()
        assert np.array_equal(mesh.faces[:end].numpy(), then.faces.numpy())


def test_no_prompt_can_break_out_of_the_page(garden: Scene, tmp_path: Path) -> None:
    prompt = 'a </script><script>alert(1)</script> <!-- %%DATA%% " \\ \u2028'
    page = Page(write_viewer(replace(garden, prompt=prompt), tmp_path / "viewer.html"))
    assert json.loads(page.scripts["scene-meta"])["prompt"] == prompt
    assert set(page.scripts) == {"scene-meta", "scene-data", "program"}


def browse(page: str, profile: Path, *options: str) -> str:
    """Open a page in headless Chromium with software OpenGL; returns what it prints."""
    assert CHROMIUM
    drawing = "--use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --window-size=640,480"
    quiet = "--no-first-run --disable-background-networking --disable-component-update --disable-sync"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu-sandbox", "--disable-quic"]
    command += [*drawing.split(), *quiet.split(), f"--user-data-dir={profile}", "--virtual-time-budget=8000"]
    run = subprocess.run([*command, *options, page], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_draws_the_scene(garden: Scene, tmp_path: Path) -> None:
    address = write_viewer(garden, tmp_path / "viewer.html").as_uri()
    document = browse(f"{address}#view=0", tmp_path / "one", "--dump-dom")
    assert 'data-ready="yes"' in document
    assert "view 1 of 3" in document
    browse(f"{address}#view=0", tmp_path / "two", f"--screenshot={tmp_path / 'shot.png'}")
    with Image.open(tmp_path / "shot.png") as shot:
        pixels = np.asarray(shot.convert("RGB")) / 255
    sky, wall = pixels[20, 500], pixels[240, 500]
    assert np.abs(sky - [0.5, 0.7, 0.95]).max() < 0.03
    row = round((240 - 0.5) / 480 * 40)  # the window is as high as the picture
    column = round((500 - 320) / 480 * 40 + 24)
    assert np.abs(wall - garden.frames[0].image[:, row, column].numpy()).max() < 0.03
