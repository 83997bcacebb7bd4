"""Which folder may include which, and which library is whose.

The build files say it (`layer(NAME MAY_INCLUDE ...)`), the table here says what they have to say, and the sources do it.
"""
import re
import shutil

import pytest

from house import ROOT, includes, sources

TABLE = {
    "engine/base": "",
    "engine/expr": "base",
    "engine/os": "base",
    "engine/book": "base expr",
    "engine/step": "base book",
    "state": "base",
    "engine/run": "base expr os book step state",
    "engine/report": "base os state",
    "plugins": "base expr os book step plugins/aws",
    "plugins/aws": "base expr os book step",
    "engine/cli": "base expr os book step state run report plugins plugins/aws",
}

# Headers of a library, and the one place of the product that may know it. A test may, where it mirrors that place.
LIBRARIES = {
    r"sqlite3\.h": "state/",
    r"yaml-cpp/": "engine/book/",
    r"nlohmann/": "engine/base/json.cpp",
    r"curl/": "engine/os/",
    r"openssl/": "engine/base/",
    r"pugixml": "engine/base/",
    r"zlib\.h": "engine/base/",
}


def name_of(folder):
    """How an #include names a folder: those of the engine without `engine/`."""
    return folder.removeprefix("engine/")


def read_layers(root):
    """{folder: (names it may include, sources it names)} from the build files."""
    layers = {}
    for file in sorted(root.glob("**/CMakeLists.txt")):
        folder = str(file.parent.relative_to(root))
        if folder.split("/")[0] not in ("engine", "state", "plugins"):
            continue
        text = re.sub(r"#.*", "", file.read_text())
        for call in re.finditer(r"\blayer\(([^)]*)\)", text):
            words, key, values = call[1].split(), "", {"": [], "MAY_INCLUDE": [], "SOURCES": [], "PRIVATE": []}
            for word in words:
                if word in values:
                    key = word
                else:
                    values[key].append(word)
            layers[folder] = (values["MAY_INCLUDE"], values["SOURCES"], values[""][0])
    return layers


def folder_of(path, folders):
    """The innermost layer that a path lies in, or None."""
    inside = [folder for folder in folders if path.startswith(folder + "/")]
    return max(inside, key=len, default=None)


def edges(root):
    """{folder: names it may include}, target names turned into the names that an #include has."""
    layers = read_layers(root)
    names = {target: name_of(folder) for folder, (_, _, target) in layers.items()}
    return {folder: [names.get(target, target) for target in may] for folder, (may, _, _) in layers.items()}


def wrong_edges(root):
    """Where build files and table differ. A row whose folder is not built yet is no difference."""
    declared = edges(root)
    known = {name_of(folder) for folder in declared}
    problems = [f"{folder}: a layer that the table does not know" for folder in declared if folder not in TABLE]
    for folder, row in TABLE.items():
        want = set(row.split()) & known
        if folder in declared and set(declared[folder]) != want:
            problems.append(f"{folder}/CMakeLists.txt: MAY_INCLUDE is {sorted(declared[folder])}, has to be {sorted(want)}")
    return problems


def wrong_includes(root):
    """Every #include that goes where it must not, as file:line."""
    allowed = edges(root)
    names = {name_of(folder): folder for folder in TABLE}
    problems = []
    for path in sources(root):
        own = folder_of(path, TABLE)
        for line, quote, name in includes(root, path):
            at = f'{path}:{line}: #include "{name}"'
            problems += [f"{at}: only {place} may" for place in [owner_of(name)] if place and not may_know(path, place)]
            if own is None:
                continue
            target = folder_of(name, names)
            if target is None:
                if quote == '"':
                    problems.append(f"{at}: written with its folder, as base/error.h")
            elif ".." in name.split("/"):
                problems.append(f"{at}: written from the root")
            elif names[target] != own and target not in allowed.get(own, []):
                problems.append(f"{at}: {own} may include {' '.join(allowed.get(own, [])) or 'nothing'}")
    return problems


def owner_of(name):
    return next((place for pattern, place in LIBRARIES.items() if re.match(pattern, name)), None)


# Measures what a library costs without anything of ours.
BASELINES = "tests/bench/"


def may_know(path, place):
    if path.startswith(BASELINES):
        return True
    return path.startswith(place) or path.startswith("tests/" + name_of(place))


def used_edges(root):
    """{name: names that its files really include}."""
    names = {name_of(folder): folder for folder in TABLE}
    used = {}
    for path in sources(root):
        own = folder_of(path, TABLE)
        if own is None:
            continue
        targets = {folder_of(name, names) for _, _, name in includes(root, path)}
        used.setdefault(name_of(own), set()).update(targets - {None, name_of(own)})
    return used


def cycle(graph):
    """One cycle of {name: names} as a list, or None."""
    def walk(name, way):
        if name in way:
            return [*way[way.index(name):], name]
        return next(filter(None, (walk(target, [*way, name]) for target in sorted(graph.get(name, [])))), None)

    return next(filter(None, (walk(name, []) for name in sorted(graph))), None)


def unnamed_sources(root):
    """Sources that no build file names: they would never be compiled."""
    layers = read_layers(root)
    named = {f"{folder}/{source}" for folder, (_, files, _) in layers.items() for source in files}
    return [f"{path}: no build file names it" for path in sources(root)
            if path.endswith(".cpp") and folder_of(path, layers) and path not in named and path != "engine/cli/main.cpp"]


def report(problems):
    assert not problems, "\n" + "\n".join(problems)


def test_the_build_files_say_what_the_table_says():
    report(wrong_edges(ROOT))


def test_no_include_goes_where_its_folder_must_not():
    report(wrong_includes(ROOT))


def test_the_folders_form_no_cycle():
    assert cycle({name_of(folder): may for folder, may in edges(ROOT).items()}) is None
    assert cycle(used_edges(ROOT)) is None


def test_every_source_is_named_by_a_build_file():
    report(unnamed_sources(ROOT))


# The test itself is tested: on a copy of the build files, with wrong things planted.


@pytest.fixture(name="world")
def small_world(tmp_path):
    for folder in TABLE:
        if (ROOT / folder / "CMakeLists.txt").exists():
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / folder / "CMakeLists.txt", tmp_path / folder)
    return tmp_path


def plant(world, path, text):
    (world / path).parent.mkdir(parents=True, exist_ok=True)
    (world / path).write_text(text)


@pytest.mark.parametrize("path, include", [
    ("engine/base/wrong.h", '"expr/template.h"'),
    ("engine/expr/wrong.h", '"state/journal.h"'),
    ("engine/book/wrong.cpp", '"os/files.h"'),
    ("state/wrong.cpp", "<os/files.h>"),
    ("plugins/wrong.cpp", '"run/scope.h"'),
    ("plugins/wrong.cpp", '"state/journal.h"'),
    ("engine/base/wrong.cpp", '"error.h"'),
    ("engine/base/wrong.cpp", '"base/../state/journal.h"'),
    ("engine/run/wrong.cpp", "<sqlite3.h>"),
    ("engine/run/wrong.cpp", "<yaml-cpp/yaml.h>"),
    ("engine/base/wrong.cpp", "<nlohmann/json.hpp>"),
    ("plugins/wrong.cpp", "<curl/curl.h>"),
    ("state/wrong.cpp", "<openssl/evp.h>"),
    ("tests/run/wrong.cpp", "<sqlite3.h>"),
])
def test_a_planted_wrong_include_is_found(world, path, include):
    plant(world, path, f"#include {include}\n")
    assert len(wrong_includes(world)) == 1


@pytest.mark.parametrize("path, include", [
    ("engine/base/right.cpp", '"base/error.h"'),
    ("engine/base/right.cpp", "<vector>"),
    ("engine/book/right.h", '"expr/template.h"'),
    ("state/right.cpp", "<sqlite3.h>"),
    ("engine/base/json.cpp", "<nlohmann/json.hpp>"),
    ("tests/state/right_test.cpp", "<sqlite3.h>"),
])
def test_a_right_include_is_left_alone(world, path, include):
    plant(world, path, f"#include {include}\n")
    assert wrong_includes(world) == []


def test_a_planted_edge_is_found(world):
    plant(world, "engine/expr/CMakeLists.txt", "layer(expr MAY_INCLUDE base book SOURCES a.cpp)\n")
    assert len(wrong_edges(world)) == 1


def test_a_planted_cycle_is_found():
    assert cycle({"a": ["b"], "b": ["c"], "c": ["a"]}) == ["a", "b", "c", "a"]
    assert cycle({"a": ["b", "c"], "b": ["c"], "c": []}) is None


def test_a_forgotten_source_is_found(world):
    plant(world, "engine/base/forgotten.cpp", "")
    assert unnamed_sources(world) == ["engine/base/forgotten.cpp: no build file names it"]
