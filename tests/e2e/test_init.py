"""`init` writes a runbook that works: checked, run, run again, on any machine."""

import json

from world import world  # noqa: F401  (the fixture)


def test_what_init_writes_is_checked_run_and_run_again(world):
    written = world("init")
    assert written.code == 0 and "runbook check runbook.yaml" in written.out
    assert "# yaml-language-server: $schema=runbook.schema.json" in written.out
    checked = world("check", "runbook.yaml")
    assert checked.code == 0 and checked.out == "runbook.yaml: 3 steps, no problems\n"
    first = world("run", "runbook.yaml", "--non-interactive")
    assert first.code == 0 and first.out == "greeting=hello world\n", first
    states = [step["state"] for step in world.show()["steps"]]
    assert states == ["succeeded", "succeeded", "succeeded"]
    second = world("run", "runbook.yaml", "--non-interactive")
    assert second.code == 0 and second.out == "greeting=hello world\n", second
    assert world.state_of("write_greeting") == "satisfied"


def test_it_touches_only_its_scratch_folder(world):
    world("init", "deploy.yaml")
    before = {path.name for path in world.folder.iterdir()}
    assert world("run", "deploy.yaml", "--non-interactive").code == 0
    after = {path.name for path in world.folder.iterdir() if not path.name.startswith("journal.db")}
    assert after - before == {"scratch"}


def test_another_input_is_another_greeting(world):
    world("init")
    assert world("run", "runbook.yaml", "--non-interactive").code == 0
    assert world("run", "runbook.yaml", "--non-interactive", "-i", "name=Ana").out == "greeting=hello Ana\n"
    assert world.state_of("write_greeting") == "succeeded"
    assert (world.folder / "scratch" / "greeting").read_text() == "hello Ana\n"


def test_nothing_is_written_over(world):
    path = world.write("mine", "runbook.yaml")
    refused = world("init")
    assert refused.code == 2 and "runbook.yaml is there already" in refused.err and "runbook init FILE" in refused.err
    assert path.read_text() == "mine"
    (world.folder / "dangling.yaml").symlink_to(world.folder / "elsewhere.yaml")
    assert world("init", "dangling.yaml").code == 2
    assert not (world.folder / "elsewhere.yaml").exists()


def test_the_file_names_the_runbook_and_stands_in_its_comments(world):
    written = world("init", "My deploy-2.yaml")
    text = (world.folder / "My deploy-2.yaml").read_text()
    assert "\nrunbook: my_deploy_2\n" in text and "runbook run 'My deploy-2.yaml'" in text
    assert "runbook run 'My deploy-2.yaml'" in written.out
    assert "\nrunbook: first\n" in world("init", "-").out
    assert world("init", "two\nlines.yaml").code == 0
    assert world("check", "two\nlines.yaml").code == 0


def test_it_says_as_json_what_it_wrote(world):
    assert json.loads(world("init", "a.yaml", "--json").out) == {"file": "a.yaml"}


def test_a_folder_that_is_not_there_is_an_error(world):
    refused = world("init", "nowhere/a.yaml")
    assert refused.code == 2 and "nowhere/a.yaml" in refused.err and "No such file" in refused.err
