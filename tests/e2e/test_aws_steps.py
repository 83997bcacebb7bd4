"""`aws` steps against the moto server: what is sent, what is not sent twice, and what is known when the engine dies in between."""

import json
import re
import select
import signal
import socket
import sqlite3

import pytest

from moto import KEYS, REGION, Between, moto, without_aws  # noqa: F401 (the fixture)
from world import kill, until, world  # noqa: F401 (the fixture)


@pytest.fixture
def cloud(moto, world):
    moto.reset()
    world.env = without_aws(world.env) | moto.env() | {"HOME": str(world.folder)}
    return world


@pytest.fixture
def between(moto, cloud):
    proxy = Between(moto.port)
    cloud.env["AWS_ENDPOINT_URL"] = proxy.url
    yield proxy
    proxy.close()


def call(world, name, params=None):
    result = world("aws", name, "--params", json.dumps(params or {}))
    assert result.code == 0, result
    return json.loads(result.out or "{}")


BUCKET = """
runbook: bucket
targets: {main: {aws: {account: "123456789012", region: us-east-2}}}
target: main
steps:
  - id: bucket
    title: Create the bucket
    aws:
      call: s3.CreateBucket
      params: {Bucket: state-1, CreateBucketConfiguration: {LocationConstraint: us-east-2}}
    done_when: {aws: {call: s3.HeadBucket, params: {Bucket: state-1}}}
    undo: {aws: {call: s3.DeleteBucket, params: {Bucket: state-1}}}
"""


def test_a_bucket_is_made_found_and_taken_back(cloud):
    cloud.write(BUCKET)
    assert cloud.run().code == 0
    assert cloud.step("bucket")["state"] == "succeeded"
    assert cloud.run().code == 0
    assert cloud.step("bucket")["state"] == "satisfied"
    runs = json.loads(cloud("runs", "--json").out)
    assert cloud("undo", runs[1]["run"], "--non-interactive").code == 0
    assert cloud("aws", "s3.HeadBucket", "--params", '{"Bucket": "state-1"}').code == 1


def test_without_service_models_a_run_does_not_begin_and_with_them_its_record_says_which(cloud):
    cloud.write(BUCKET)
    result = cloud.run(RUNBOOK_AWS_MODELS=str(cloud.folder))
    assert result.code == 2 and "there are no AWS service models" in result.err and "apt install python3-botocore" in result.err, result
    assert not cloud.journal.exists()
    assert cloud.run().code == 0
    with sqlite3.connect(cloud.journal) as journal:
        began = json.loads(journal.execute("SELECT text FROM events ORDER BY rowid LIMIT 1").fetchone()[0])
    assert re.fullmatch(r"\S.* [0-9]+[.][0-9.]+", began["body"]["aws_models"]) and began["body"]["aws_models"] in cloud("doctor").out


def test_another_account_stops_before_the_step(cloud):
    cloud.write(BUCKET.replace("123456789012", "210987654321"))
    result = cloud.run()
    assert result.code == 1
    assert "the runbook says account 210987654321, this is 123456789012" in result.err
    assert call(cloud, "s3.ListBuckets").get("Buckets", []) == []


def test_another_region_at_resume_stops_before_the_step(cloud):
    cloud.write("""
runbook: region
steps:
  - {id: one, title: One, aws: {call: sqs.CreateQueue, params: {QueueName: one}}}
  - {id: gate, title: Gate, shell: test -e "$W/gate"}
  - {id: two, title: Two, aws: {call: sqs.CreateQueue, params: {QueueName: two}}}
""")
    assert cloud.run().code == 1
    cloud.open_gate()
    result = cloud.resume(AWS_REGION="eu-west-1")
    assert result.code == 1 and "the run began in account 123456789012 in us-east-2" in result.err
    assert cloud.step("two")["attempts"] == 0
    assert cloud.resume().code == 0


def test_results_are_outputs_by_jmespath(cloud):
    cloud.write("""
runbook: outputs
steps:
  - id: vpc
    title: Make the network
    aws: {call: ec2.CreateVpc, params: {CidrBlock: 10.0.0.0/16}}
    outputs: {id: Vpc.VpcId, cidr: Vpc.CidrBlock}
  - id: seen
    title: It is there
    assert:
      aws: {call: ec2.DescribeVpcs, params: {VpcIds: ["${{ $steps.vpc.id }}"]}}
      that: "Vpcs[0].CidrBlock == $steps.vpc.cidr"
outputs: {vpc: $steps.vpc.id}
""")
    result = cloud.run()
    assert result.code == 0 and "vpc=vpc-" in result.out


def test_what_is_not_there_is_no_and_what_is_denied_can_not_tell(cloud):
    cloud.write("""
runbook: looks
steps:
  - id: made
    title: Make it
    shell: touch "$W/made"
    done_when: {aws: {call: s3.HeadBucket, params: {Bucket: nothing}}}
""")
    result = cloud.run()
    assert result.code == 1 and "it ran, but is not done" in result.err
    refused = cloud("run", cloud.book, "--non-interactive", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert refused.code == 1 and "Connection refused" in refused.err


def start_and_kill_while_held(cloud, between, operation):
    """The engine dies when the service has acted and before the answer is there."""
    between.mode, between.is_held = "hold", lambda request: operation.encode() in request
    engine = cloud.start()
    until(lambda: between.sent(operation), "the request")
    kill(engine.pid)
    between.mode = "pass"
    between.release.set()


ONCE = """
runbook: once
steps:
  - id: topic
    title: Make the topic
    aws: {call: sns.CreateTopic, params: {Name: one}}
    outputs: {arn: TopicArn}
"""


def test_killed_between_sending_and_answering_it_is_in_doubt_and_not_sent_again(cloud, between):
    cloud.write(ONCE)
    start_and_kill_while_held(cloud, between, "CreateTopic")
    result = cloud.resume()
    assert result.code == 4
    assert "in doubt" in result.err and "topic" in result.err
    assert len(between.sent("CreateTopic")) == 1
    assert cloud("resolve", "last", "topic", "done", "--set", "arn=arn:aws:sns:us-east-2:123456789012:one", "--because", "seen").code == 0
    assert cloud.resume().code == 0
    assert len(between.sent("CreateTopic")) == 1


def test_in_doubt_its_postcondition_decides(cloud, between):
    cloud.write(BUCKET)
    start_and_kill_while_held(cloud, between, "PUT /state-1")
    result = cloud.resume()
    assert result.code == 0, result
    assert len([request for request in between.requests if request.startswith(b"PUT ")]) == 1
    assert "in doubt, but done_when holds" in cloud("why", "last", "bucket").out


def test_killed_before_the_request_left_it_is_simply_made(cloud, between):
    """Credentials that take their time: the intent is committed, and nothing was sent."""
    config = cloud.write(f"""[default]
region = {REGION}
credential_process = sh -c 'touch "$W/asked"; until [ -e "$W/gate" ]; do sleep 0.01; done; cat "$W/keys.json"'
""", "config")
    cloud.write(json.dumps({"Version": 1, "AccessKeyId": KEYS["AWS_ACCESS_KEY_ID"], "SecretAccessKey": KEYS["AWS_SECRET_ACCESS_KEY"]}), "keys.json")
    cloud.write(ONCE.replace("aws: {call", "timeout: 1h\n    aws: {call"))
    for name in KEYS:
        cloud.env.pop(name)
    cloud.env["AWS_CONFIG_FILE"] = str(config)
    engine = cloud.start()
    until(lambda: (cloud.folder / "asked").exists(), "the question for credentials")
    kill(engine.pid)
    cloud.open_gate()
    result = cloud.resume()
    assert result.code == 0, result
    assert len(between.sent("CreateTopic")) == 1, (between.requests, result, cloud("why", "last", "topic"))


def test_a_connection_that_is_cut_leaves_it_in_doubt_and_one_effect(cloud, between):
    """Neither libcurl nor a retry sends again what got no answer."""
    cloud.write("""
runbook: cut
steps:
  - {id: look, title: Look, aws: {call: sns.ListTopics}}
  - {id: topic, title: Make the topic, retry: {attempts: 3, delay: 10ms}, aws: {call: sns.CreateTopic, params: {Name: one}}}
""")
    between.mode, between.is_held = "cut", lambda request: b"CreateTopic" in request
    assert cloud.run().code == 4
    assert len(between.sent("CreateTopic")) == 1


def test_what_the_service_refused_is_known_not_to_be_done(cloud):
    cloud.write("""
runbook: refused
steps:
  - {id: gone, title: Delete it, aws: {call: s3.DeleteBucket, params: {Bucket: nothing}}}
""")
    result = cloud.run()
    assert result.code == 1
    assert "NoSuchBucket" in result.err
    assert cloud.step("gone")["state"] == "failed"


def test_what_the_model_marks_as_sensitive_is_a_secret_output(cloud):
    call(cloud, "secretsmanager.CreateSecret", {"Name": "db", "SecretString": "hush-4711-hush"})
    cloud.write("""
runbook: secret
steps:
  - id: read
    title: Read the password
    aws: {call: secretsmanager.GetSecretValue, params: {SecretId: db}}
    outputs: {password: SecretString, name: Name}
  - id: use
    title: Use it
    env: {PASSWORD: "${{ $steps.read.password }}"}
    shell: printf %s "$PASSWORD" > "$W/used"; echo "it is $PASSWORD"
""")
    result = cloud.run()
    assert result.code == 0, result
    assert cloud.step("read")["outputs"] == {"name": "db", "password": "[secret]"}
    for path in [cloud.journal, *cloud.folder.glob("journal.db*")]:
        assert not path.is_file() or b"hush-4711" not in path.read_bytes(), path
    assert (cloud.folder / "used").read_text() == "hush-4711-hush"
    assert "it is [secret]" in cloud("logs", "last").out


def test_a_role_is_assumed_for_steps_and_processes_alike(cloud):
    cloud.write(f"""
runbook: role
targets: {{dns: {{aws: {{account: "210987654321", assume_role: "arn:aws:iam::210987654321:role/route53"}}}}}}
target: dns
steps:
  - id: who
    title: Who am I
    aws: {{call: sts.GetCallerIdentity}}
    outputs: {{arn: Arn}}
  - id: shell_too
    title: A process is somebody else too
    shell: |
      test -n "$AWS_SESSION_TOKEN" && test "$AWS_ACCESS_KEY_ID" != {KEYS["AWS_ACCESS_KEY_ID"]}
      echo "$RUNBOOK_TARGET_ACCOUNT $AWS_SECRET_ACCESS_KEY"
""")
    result = cloud.run()
    assert result.code == 0, result
    assert "role/route53" in cloud.step("who")["outputs"]["arn"]
    logged = cloud("logs", "last", "shell_too").out
    assert "210987654321 [secret]" in logged


def test_a_waiter_knows_what_it_waits_for(cloud):
    cloud.write("""
runbook: waits
steps:
  - id: start
    title: Start a machine
    aws: {call: ec2.RunInstances, params: {ImageId: ami-12c6146b, MinCount: 1, MaxCount: 1}}
    outputs: {id: "Instances[0].InstanceId"}
  - id: running
    title: It runs
    wait_until: {aws: {wait: ec2.InstanceRunning, params: {InstanceIds: ["${{ $steps.start.id }}"]}}, every: 100ms, timeout: 1m}
""")
    assert cloud.run().code == 0
    assert cloud.run().code == 0


def test_all_pages_of_an_answer_are_put_together(cloud):
    names = sorted(f"queue-{i}" for i in range(30))
    for name in names:
        call(cloud, "sns.CreateTopic", {"Name": name})
    call(cloud, "s3.CreateBucket", {"Bucket": "many", "CreateBucketConfiguration": {"LocationConstraint": REGION}})
    assert len(call(cloud, "sns.ListTopics")["Topics"]) == 30


def test_a_token_tells_the_service_what_it_has_had(cloud, tmp_path):
    """A service that knows tokens, as EC2 documents it: killed between, the run asks it again with the same token."""
    from token_service import TokenService
    with TokenService() as service:
        cloud.env["AWS_ENDPOINT_URL"] = service.url
        cloud.write("""
runbook: tokens
steps:
  - id: machine
    title: Start a machine
    aws: {call: ec2.RunInstances, params: {ImageId: ami-1, MinCount: 1, MaxCount: 1}}
    outputs: {id: "Instances[0].InstanceId"}
""")
        service.hold()
        engine = cloud.start()
        until(lambda: service.made, "the machine")
        kill(engine.pid)
        service.go_on()
        result = cloud.resume()
        assert result.code == 0, result
        assert len(service.made) == 1 and len(service.asked) == 2 and len(set(service.asked)) == 1
        assert cloud.step("machine")["outputs"]["id"] == "i-1"
        assert "sent once more with the same token" in cloud("why", "last", "machine").out


def test_secrets_in_parameters_are_not_recorded(cloud):
    cloud.write("""
runbook: parameters
inputs: {password: {type: secret}}
steps:
  - id: secret
    title: Store it
    aws: {call: secretsmanager.CreateSecret, params: {Name: db, SecretString: "${{ $inputs.password }}"}}
""")
    assert cloud.run(RUNBOOK_INPUT_PASSWORD="hush-0815-hush").code == 0
    assert call(cloud, "secretsmanager.GetSecretValue", {"SecretId": "db"})["SecretString"] == "hush-0815-hush"
    for path in cloud.folder.glob("journal.db*"):
        assert not path.is_file() or b"hush-0815" not in path.read_bytes(), path


def test_mistakes_are_found_before_anything_is_sent(cloud):
    cloud.write("""
runbook: wrong
steps:
  - id: cluster
    title: Create it
    aws:
      call: rds.CreateDBCluster
      params:
        DBClusterIdentifer: one
        Engine: aurora
        BackupRetentionPeriod: many
""")
    result = cloud("check", cloud.book)
    assert result.code == 2
    assert "book.yaml:9:9" in result.err + result.out
    assert "did you mean `DBClusterIdentifier`?" in result.err + result.out
    assert "BackupRetentionPeriod" in result.err + result.out


def test_interrupted_before_it_is_sent_it_is_not_in_doubt(cloud):
    """The service takes no connection: what never left this machine is not asked about."""
    deaf = socket.socket()
    deaf.bind(("127.0.0.1", 0))
    deaf.listen(0)
    others = [socket.socket() for _ in range(3)]
    for other in others:
        other.setblocking(False)
        other.connect_ex(deaf.getsockname())
    until(lambda: select.select([deaf], [], [], 0)[0], "its queue to be full: a further connection is not even refused")
    cloud.write(ONCE)
    cloud.env["AWS_ENDPOINT_URL_SNS"] = f"http://127.0.0.1:{deaf.getsockname()[1]}"
    engine = cloud.start()
    until(lambda: list(cloud.folder.glob("journal.db.d/*/sent")), "the mark")
    engine.send_signal(signal.SIGINT)
    until(lambda: "pausing" in engine.log.read_text(), "the pause")
    engine.send_signal(signal.SIGINT)
    assert engine.wait(timeout=300) == 130
    assert cloud.step("topic")["state"] != "in_doubt"
    for each in (deaf, *others):
        each.close()
    del cloud.env["AWS_ENDPOINT_URL_SNS"]
    assert cloud.resume().code == 0
    assert len(call(cloud, "sns.ListTopics")["Topics"]) == 1
