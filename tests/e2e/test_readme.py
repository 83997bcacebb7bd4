"""The README, word for word: its files are written, its commands run, its outputs compared (times, ids and digests apart)."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from world import BINARY, ROOT

sys.path.insert(0, str(ROOT / "tests"))
from kube.server import KubeServer  # noqa: E402

README = (ROOT / "README.md").read_text()


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.M | re.S)


def normal(text):
    for pattern, word in [
        (r"\d{8}-\d{4}-[a-z0-9]{4}", "RUN"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\b\d\d:\d\d:\d\d\b", "TIME"),
        (r"\b(\d+h \d\dm|\d+m \d\ds|\d+\.\ds|\d\ds)\b", "DURATION"),
        (r"shop-[a-z0-9]{10}(-[a-z0-9]{5})?", "shop-POD"),
        (r"head [0-9a-f]{64}", "head DIGEST"),
        (r"anew by \S+", "anew by SOMEBODY"),
    ]:
        text = re.sub(pattern, word, text)
    return text.strip()


def examples():
    for block in blocks("console"):
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = example.partition("\n")
            yield command, output


def test_every_command_of_the_readme_prints_what_it_says(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "runbook").symlink_to(BINARY)
    (tmp_path / "first.yaml").write_text(blocks("yaml")[0])
    (tmp_path / "rehearsals" / "first").mkdir(parents=True)
    (tmp_path / "rehearsals" / "first" / "late.yaml").write_text(blocks("yaml")[1])
    (tmp_path / "rolling.yaml").write_text(blocks("yaml")[2])
    env = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
    env |= {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "RUNBOOK_JOURNAL": str(tmp_path / "journal.db")}
    (tmp_path / "shop.yaml").write_text(blocks("yaml")[3])
    ran = 0
    with a_shop(tmp_path) as server:
        env |= server.environment(tmp_path)
        for command, expected in examples():
            # Results and messages as a person sees them; `2>&1` keeps their order as far as there is one.
            done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            assert sorted(normal(done.stdout).splitlines()) == sorted(normal(expected).splitlines()), command
            ran += 1
    assert ran >= 8


@contextmanager
def a_shop(folder):
    """A cluster in which version 1 of a shop runs, and of which no registry has version 2."""
    with KubeServer() as server:
        server.set_image_broken("shop:2")
        labels = {"app": "shop"}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "shop:1"}]}}
        manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
                    "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}}
        subprocess.run(["kubectl", "create", "-f", "-"], input=json.dumps(manifest), env={**os.environ, **server.environment(folder)},
                       text=True, check=True, stdout=subprocess.DEVNULL)
        yield server


def test_the_verbs_of_dev_that_the_readme_names_are_there():
    named = set(re.findall(r"\./dev ([a-z]+)", README))
    known = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    assert named and all(f"./dev {verb}" in known for verb in named)


def test_every_file_that_the_tour_names_is_there():
    tour = README[README.index("## A tour"):]
    for name in re.findall(r"`((?:engine|state|plugins|tests)/[\w/.]+)`", tour):
        assert (ROOT / name).exists(), name
    folder = None
    for row in re.findall(r"^\| (.*?) \|", tour, re.M):
        for name in re.findall(r"`([\w/.]+\.(?:cpp|h|md))`", row):
            folder = str(Path(name).parent) if "/" in name else folder
            assert (ROOT / (name if "/" in name else f"{folder}/{name}")).exists(), name
