"""A role that wants the code of an MFA device: a question of the run, asked once, whose answer stands nowhere."""

import json
import re

import pexpect
import pytest

from moto import KEYS, REGION, Between, alone, moto, without_aws  # noqa: F401 (the fixture)
from test_terminal import code_of, has_terminals, terminal  # noqa: F401 (the fixture)
from world import BINARY, world  # noqa: F401 (the fixture)

pytestmark = pytest.mark.skipif(not has_terminals(), reason="there are no pseudo-terminals here (is devpts mounted on /dev/pts?)")

DEVICE = "arn:aws:iam::123456789012:mfa/ada"
CONFIG = f"""
[profile ada]
aws_access_key_id = {KEYS['AWS_ACCESS_KEY_ID']}
aws_secret_access_key = {KEYS['AWS_SECRET_ACCESS_KEY']}
[profile ops]
role_arn = arn:aws:iam::123456789012:role/ops
source_profile = ada
mfa_serial = {DEVICE}
"""
BOOK = """
runbook: book
targets: {main: {aws: {account: "123456789012", region: us-east-2, profile: ops}}}
target: main
steps:
  - {id: one, title: One, aws: {call: sqs.CreateQueue, params: {QueueName: one}}, done_when: {aws: {call: sqs.GetQueueUrl, params: {QueueName: one}}}}
  - {id: two, title: Two, aws: {call: sqs.CreateQueue, params: {QueueName: two}}}
"""


@pytest.fixture
def cloud(moto, world):
    moto.reset()
    world.between = Between(moto.port)
    config = world.folder / "config"
    config.write_text(CONFIG)
    world.env = without_aws(world.env) | alone(world.between.url, config) | {"HOME": str(world.folder)}
    world.write(BOOK)
    yield world
    world.between.close()


def test_a_code_is_asked_for_once_checked_and_kept_nowhere(cloud, terminal):
    child = terminal()
    child.expect(f"`one` needs the code that the MFA device {DEVICE} shows")
    child.expect("code .Ctrl-D pauses.: ")
    child.sendline("12345")
    child.expect("a code has six digits")
    child.expect("code .Ctrl-D pauses.: ")      # what comes before the prompt is typed ahead
    child.sendline("493127")
    assert code_of(child) == 0
    asked = [request for request in cloud.between.requests if b"Action=AssumeRole&" in request]
    assert len(asked) == 1 and b"TokenCode=493127" in asked[0] and f"SerialNumber={DEVICE}".replace(":", "%3A").replace("/", "%2F").encode() in asked[0]
    assert cloud.state_of("one") == "succeeded" and cloud.state_of("two") == "succeeded"
    assert [path for path in cloud.folder.rglob("*") if path.is_file() and b"493127" in path.read_bytes()] == []


def test_branches_that_wait_for_the_same_device_go_on_with_one_code(cloud, terminal):
    cloud.write(BOOK[:BOOK.index("steps:")] + """
steps:
  - section: Side by side
    parallel:
      - section: One
        steps: [{id: one, title: One, aws: {call: sqs.CreateQueue, params: {QueueName: one}}}]
      - section: Two
        steps: [{id: two, title: Two, aws: {call: sqs.CreateQueue, params: {QueueName: two}}}]
""")
    child = terminal()
    child.expect("code .Ctrl-D pauses.: ")
    child.sendline("493127")
    assert code_of(child) == 0
    assert len(cloud.between.sent("Action=AssumeRole&")) == 1 and len(cloud.between.sent("CreateQueue")) == 2
    assert cloud.show()["questions"] == []


def test_each_device_is_told_its_own_code(cloud, terminal):
    """A code goes to the device that was asked about, and to no other that is waited for."""
    other = DEVICE.replace("ada", "bob")
    (cloud.folder / "config").write_text(CONFIG + CONFIG[CONFIG.index("[profile ops]"):].replace("ops", "dns").replace(DEVICE, other))
    cloud.write("""
runbook: book
targets:
  ops: {aws: {account: "123456789012", region: us-east-2, profile: ops}}
  dns: {aws: {account: "123456789012", region: us-east-2, profile: dns}}
steps:
  - section: Side by side
    parallel:
      - section: One
        steps: [{id: one, title: One, target: ops, aws: {call: sqs.CreateQueue, params: {QueueName: one}}}]
      - section: Two
        steps: [{id: two, title: Two, target: dns, aws: {call: sqs.CreateQueue, params: {QueueName: two}}}]
""")
    child = terminal()
    codes = {"ada": "111111", "bob": "222222"}
    for _ in codes:
        # The question and its prompt: the live view, which may yet have the one that was just answered, tells it too.
        child.expect("needs the code that the MFA device [^ ]*/(ada|bob) shows[^\n]*\n[^\n]*code .Ctrl-D pauses.: ")
        child.sendline(codes[child.match[1]])
    assert code_of(child) == 0
    told = sorted(re.findall(rb"mfa%2F(ada|bob)&TokenCode=([0-9]+)", b" ".join(cloud.between.sent("Action=AssumeRole&"))))
    assert told == [(b"ada", b"111111"), (b"bob", b"222222")]


def test_where_nobody_can_be_asked_the_run_waits_and_goes_on_at_a_terminal(cloud, terminal):
    for words in (["run", cloud.book], ["run", "--resume", "last"]):
        result = cloud(*words, "--non-interactive")
        assert result.code == 3 and f"needs the code that the MFA device {DEVICE} shows" in result.err and "runbook run" in result.err, result
    assert cloud.between.sent("CreateQueue") == []
    refused = cloud("confirm", "last", "one")
    assert refused.code == 2 and "waits for something else" in refused.err
    child = terminal("--resume")
    child.expect("code .Ctrl-D pauses.: ")
    child.sendline("493127")
    assert code_of(child) == 0
    assert len(cloud.between.sent("CreateQueue")) == 2


def test_a_question_that_is_left_open_is_none_once_there_are_credentials(cloud):
    assert cloud.run().code == 3
    (cloud.folder / "config").write_text(CONFIG.replace(f"mfa_serial = {DEVICE}\n", ""))
    assert cloud.resume().code == 0


def test_one_call_asks_at_its_terminal_and_elsewhere_says_what_it_needs(cloud):
    env = {**cloud.env, "AWS_PROFILE": "ops", "AWS_REGION": REGION}
    child = pexpect.spawn(str(BINARY), ["aws", "sts.GetCallerIdentity", "--compact"], env={**env, "TERM": "xterm"}, encoding="utf-8", timeout=300)
    child.expect(f"The code that the MFA device {DEVICE} shows: ")
    child.sendline("493127")
    child.expect('"Arn":"arn:aws:sts::123456789012:assumed-role/ops/')
    assert code_of(child) == 0
    result = cloud("aws", "sts.GetCallerIdentity", **env)
    assert result.code == 1 and f"needs a code of the device {DEVICE}, and nobody can be asked" in result.err, result


def test_a_code_that_aws_refuses_is_asked_for_again_at_the_next_try(cloud, terminal):
    def refused(request):
        return b"Action=AssumeRole&" in request and b"TokenCode=000000" in request

    cloud.between.mode, cloud.between.is_held = "deny", refused
    child = terminal()
    child.expect("code .Ctrl-D pauses.: ")
    child.sendline("000000")
    child.expect("MultiFactorAuthentication failed")
    assert code_of(child) == 1
    child = terminal("--resume")
    child.expect("code .Ctrl-D pauses.: ")
    child.sendline("493127")
    assert code_of(child) == 0
    assert json.loads(cloud("show", "last", "--json").out)["state"] == "succeeded"
