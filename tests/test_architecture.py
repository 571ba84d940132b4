"""The dependency rules and the sizes that the design promises, read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("depthgen", "scene3d")
HEAVY = {
    "diffusers",
    "transformers",
    "open3d",
    "pyrender",
    "trimesh",
    "viser",
    "ray",
    "hydra",
    "omegaconf",
} | {
    "imageio",
    "scipy",
    "rich",
    "accelerate",
    "safetensors",
    "tqdm",
}
# package -> the parts of depthgen it may import besides itself
ALLOWED = {
    "diffusion": set(),
    "nn": set(),
    "depth": set(),
    "geometry": set(),
    "worlds": {"geometry", "depth"},
    "pretrain": {"geometry", "depth"},
    "data": {"geometry", "depth", "worlds", "images", "plain"},
    "training": set(),
}
SCENE3D_MAY_IMPORT = {"geometry", "worlds", "depth", "evaluation"}


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Dotted names of what is imported; `from a import b` gives a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what depends on what"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def all_imports(path: Path) -> set[str]:
    return set(imports(ast.walk(tree(path))))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("part", ALLOWED)
def test_parts_of_depthgen_import_only_what_they_may(part: str) -> None:
    for path in (ROOT / "depthgen" / part).rglob("*.py"):
        ours = {name.split(".")[1] for name in all_imports(path) if name.startswith("depthgen.")}
        assert ours <= ALLOWED[part] | {part}, f"{path} imports {ours - ALLOWED[part] - {part}}"


def test_nn_and_diffusion_meet_in_model_alone() -> None:
    networks, schedules = ("depthgen.nn.unet",), ("depthgen.diffusion",)
    for path in sources():
        names = all_imports(path)
        meets = any(n.startswith(networks) for n in names) and any(n.startswith(schedules) for n in names)
        assert not meets or path.name == "model.py", path


def test_depthgen_does_not_know_scene3d() -> None:
    for path in (ROOT / "depthgen").rglob("*.py"):
        assert not {name for name in all_imports(path) if name.split(".")[0] == "scene3d"}, path


def test_scene3d_uses_the_front_door_of_depthgen() -> None:
    import depthgen

    doors = set(depthgen.__all__) | SCENE3D_MAY_IMPORT | {"cli"}
    for path in (ROOT / "scene3d").rglob("*.py"):
        used = {name.split(".")[1] for name in all_imports(path) if name.startswith("depthgen.")}
        assert used <= doors, f"{path} imports {used - doors}"


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    top = set(imports(iter(tree(path).body)))
    assert not {name for name in top if name.split(".")[0] in HEAVY}


def test_no_import_cycles() -> None:
    modules = {module_name(path): path for path in sources()}
    edges = {
        name: {
            m for m in map(lambda n: closest(n, modules), imports(iter(tree(path).body))) if m and m != name
        }
        for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for other in edges[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in modules:
        visit(name, ())


def closest(name: str, modules: dict[str, Path]) -> str | None:
    """The module of ours that a dotted name lies in."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf8").splitlines()) <= 400
    for function in functions(path):
        arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        count = len([a for a in arguments if a.arg not in ("self", "cls")])
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno + 1 <= 60, f"{function.name} is too long"
        is_entry = path.name in ("cli.py", "generator.py") and function.name == "generate_scene"
        assert count <= 8 or is_entry, f"{function.name} takes {count} parameters"


def test_the_median_function_is_short() -> None:
    lengths = sorted(body_length(function) for path in sources() for function in functions(path))
    assert lengths[len(lengths) // 2] <= 10


def body_length(function: ast.FunctionDef) -> int:
    first = function.body[1 if ast.get_docstring(function) and len(function.body) > 1 else 0]
    assert function.end_lineno is not None
    return function.end_lineno - first.lineno + 1


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_every_argument_is_annotated(path: Path) -> None:
    for function in functions(path):
        arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        missing = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        assert not missing, f"{function.name}: {missing}"
        assert function.returns is not None, f"{function.name} has no return annotation"


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_public_functions_are_documented(path: Path) -> None:
    if module_name(path).split(".")[-1].startswith("_"):
        return
    assert ast.get_docstring(tree(path)) or not tree(path).body, "no module docstring"
    for owner in (tree(path), *(n for n in tree(path).body if isinstance(n, ast.ClassDef))):
        if isinstance(owner, ast.ClassDef) and owner.name.startswith("_"):
            continue
        for function in owner.body:
            if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                assert ast.get_docstring(function), f"{function.name} has no docstring"


def test_the_top_level_is_what_the_design_says() -> None:
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {name.split("/")[0] for name in listed.stdout.splitlines()}
    agreed = {"scene3d", "depthgen", "configs", "examples", "tests", "pyproject.toml", "README.md", "LICENSE"}
    assert {name for name in top if not name.startswith(".")} <= agreed
