"""`runbook aws` judged by the `aws` command: the same calls by both, on two moto servers that draw the same random numbers.

A story begins with a write. What writes (`do`) the aws command does on its server and runbook on its own, and the two answers are the same
but for the time of day and the servers' addresses. What reads (`look`) both do on both servers: on each the two answers are equal as they
stand, and from server to server they are the same as above. What the service refuses (`refused`) both say, with its code and its message."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import subprocess
import time
import urllib.parse

import pytest

from aws_cli import AwsCli
from aws_stories import NOW_MS, STORIES, TABLE, File
from moto import KEYS, REGION, Between, Moto, program
from world import BINARY, Result

# Checksums where an operation needs one or is given its algorithm, as runbook makes them; newer tools add one wherever they can.
CONFIG = f"[default]\nregion = {REGION}\noutput = json\ncli_timestamp_format = iso8601\ncli_pager =\nrequest_checksum_calculation = when_required\n"
OTHER_NAMES = {"s3": "s3api"}       # the aws command's names of services, where they differ from the models'


class Server(Moto):
    """One tool's world."""

    def __init__(self, folder):
        super().__init__(folder, PYTHONHASHSEED="0", TZ="UTC")
        self.folder, self.kept = folder, {}
        self.post("/moto-api/config", '{"lambda": {"use_docker": false}}')

    def post(self, path, body=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("POST", path, body)
        assert connection.getresponse().status in (200, 201), path

    def begin(self):
        self.reset()
        self.kept = {}

    def keep(self, paths, answer):
        """A path that ends in / stands for the last part of a text."""
        for name, path in paths.items():
            found = answer
            for key in re.findall(r"[^.\[\]/]+", path):
                found = found[int(key) if isinstance(found, list) else key]
            self.kept[name] = found.rpartition("/")[2] if path.endswith("/") else found

    def filled(self, text):
        return re.sub(r"\$([a-z]\w*)", lambda name: self.kept[name[1]], text)

    def written(self, value, options):
        """The parameters as runbook takes them; `options` gets those of the aws command that name files."""
        if isinstance(value, dict):
            return {key: self.written(each, options) for key, each in value.items()}
        if isinstance(value, list):
            return [self.written(each, options) for each in value]
        if not isinstance(value, File):
            return self.filled(value) if isinstance(value, str) else value
        content = value.content if isinstance(value.content, bytes) else base64.b64decode(self.filled(value.content))
        path = self.folder / hashlib.sha256(content).hexdigest()
        if not path.exists():
            path.write_bytes(content)
        options.append(value.option.format(path))
        return {"file": str(path)}


def without_files(value):
    """The parameters as --cli-input-json takes them: members that are files are options, and what holds nothing else is made by these."""
    if isinstance(value, list):
        return [without_files(each) for each in value]
    if not isinstance(value, dict):
        return value
    left = {key: without_files(each) for key, each in value.items() if not (isinstance(each, dict) and set(each) == {"file"})}
    return {key: each for key, each in left.items() if each != {} or value[key] == {}}


def words_of(call, server):
    """Where the answer is saved, the aws command takes no parameters as JSON."""
    options = []
    params = without_files(server.written(call.params, options))
    if call.saves is None:
        return ["--cli-input-json", json.dumps(params), *options]
    for name, value in params.items():
        options += ["--" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(), value]
    return [*options, str(server.folder / "saved by aws")]


class Judge:
    def __init__(self, folder):
        self.folder = folder
        (folder / "config").write_text(CONFIG)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
        self.env |= {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "HOME": str(folder), "NO_COLOR": "1"}
        self.aws = AwsCli(program("aws"), self.env, sorted({call.service for story in STORIES.values() for call in story}))
        self.servers = [Server(self.made("aws")), Server(self.made("runbook"))]
        self.seed = 0

    def made(self, name):
        (self.folder / name).mkdir()
        return self.folder / name

    def stop(self):
        self.aws.stop()
        for server in self.servers:
            server.stop()

    def reseed(self):
        """Both servers make the same identifiers of what comes next."""
        self.seed += 1
        for server in self.servers:
            server.post(f"/moto-api/seed?a={self.seed}")

    def by_aws(self, call, servers):
        """Begins it; `self.aws.end()` waits for the answers."""
        self.aws.begin(*[([OTHER_NAMES.get(call.service, call.service), call.operation, "--endpoint-url", server.url,
                           *(["--no-paginate"] if call.one_page else []), *words_of(call, server)], KEYS) for server in servers])

    def by_runbook(self, call, server):
        words = [] if call.saves is None else ["--save-to", str(server.folder / "saved by runbook")]
        return by_runbook(call.name, server.written(call.params, []), {**self.env, **KEYS, "AWS_ENDPOINT_URL": server.url}, *words)

    def do(self, call):
        theirs, ours = self.servers
        self.reseed()
        self.by_aws(call, [theirs])
        run = self.by_runbook(call, ours)
        said, = self.aws.end()
        answers = [as_runbook_has_it(answer_of(call, said)), answer_of(call, run)]
        assert_same(*answers, call, self.servers)
        for server, answer in zip(self.servers, answers):
            server.keep(call.keep, answer)
        self.check_saved(call, [theirs.folder / "saved by aws", ours.folder / "saved by runbook"])

    def look(self, call):
        self.by_aws(call, self.servers)
        ours = [self.by_runbook(call, server) for server in self.servers]
        theirs = self.aws.end()
        answers = [answer_of(call, each) for each in ours]
        for answer, said in zip(answers, theirs):
            expected = as_runbook_has_it(answer_of(call, said))
            assert_same(expected, answer, call, [])
        assert_same(*answers, call, self.servers)
        for server in self.servers:
            self.check_saved(call, [server.folder / "saved by aws", server.folder / "saved by runbook"])

    def refused(self, call):
        self.by_aws(call, self.servers)
        ours = [self.by_runbook(call, server) for server in self.servers]
        for run, said in zip(ours, self.aws.end()):
            told = REFUSAL.search(said.err)
            assert said.code != 0 and told, f"{call}: {said}"
            assert run.code == 1 and run.out == "", f"{call}: {run}"
            code, message = told.groups()
            assert f"{call.name}: {code}" in run.err and message.strip() in run.err, f"{call}: the aws command says\n{said.err}\nand runbook\n{run.err}"

    def check_saved(self, call, paths):
        if call.saves is not None:
            for path in paths:
                assert path.read_bytes() == call.saves, f"{call}: {path}"
                path.unlink()


REFUSAL = re.compile(r"An error occurred \((\S+)\) when calling the \w+ operation(?: \(reached max retries: \d+\))?: (.*)", re.DOTALL)


def by_runbook(name, params, env, *words):
    done = subprocess.run([BINARY, "aws", name, "--params", "-", *words], env=env, input=json.dumps(params), capture_output=True, text=True, timeout=120)
    return Result(done.returncode, done.stdout, done.stderr)


def answer_of(call, run):
    assert run.code == 0 and run.err == "", f"{call}: {run}"
    return json.loads(run.out or "{}")


def as_runbook_has_it(answer):
    """Without what the aws command adds. It merges pages, and names what is not part of the list even where no page had it; and it says what
    stood in the header Expires a second time."""
    if not isinstance(answer, dict):
        return answer
    return {name: as_runbook_has_it(member) for name, member in answer.items()
            if member is not None and not (name == "ExpiresString" and "Expires" in answer)}


def seconds_of(value):
    """Of a point in time as services write it: a date, or seconds or milliseconds since 1970, also as text. None of all else."""
    text = str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:?00)", text):
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    if re.fullmatch(r"\d{10}(\.\d+)?", text):
        return float(text)
    return int(text) / 1000 if re.fullmatch(r"\d{13}", text) else None


def is_later(one, other):
    """Two points in time, written alike, no further apart than the test is old."""
    times = [seconds_of(one), seconds_of(other)]
    return None not in times and len(re.sub(r"\.\d+", "", str(one))) == len(re.sub(r"\.\d+", "", str(other))) \
        and abs(times[0] - times[1]) <= time.time() - NOW_MS / 1000


def any_item(place):
    return re.sub(r"\[\d+\]", "[]", place)


def differences(one, other, call, servers, place=""):
    """Of the answers of one server, or of two: then all but their addresses and the time that went by between them."""
    if type(one) is type(other) is dict and set(one) == set(other):
        return [each for key in one for each in differences(one[key], other[key], call, servers, f"{place}.{key}" if place else key)]
    if type(one) is type(other) is list and len(one) == len(other):
        return [each for i in range(len(one)) for each in differences(one[i], other[i], call, servers, f"{place}[{i}]")]
    if type(one) is type(other) is str and servers:
        one, other = one.replace(servers[0].url, "the server"), other.replace(servers[1].url, "the server")
        if any_item(place) in call.random and one and other:
            return []
    if type(one) is type(other) and (one == other or (servers or any_item(place) in call.clock) and is_later(one, other)):
        return []
    return [f"{place or 'all'}: {one!r} and {other!r}"]


def assert_same(one, other, call, servers):
    found = differences(one, other, call, servers)
    assert not found, f"{call}\n" + "\n".join(found)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    made = Judge(tmp_path_factory.mktemp("judge"))
    yield made
    made.stop()


@pytest.mark.parametrize("story", STORIES)
def test_both_say_the_same(judge, story):
    for server in judge.servers:
        server.begin()
    for call in STORIES[story]:
        getattr(judge, call.kind)(call)


def test_the_judge_has_looked_at_much():
    calls = [call for story in STORIES.values() for call in story]
    assert len({call.name for call in calls}) >= 60 and len({call.service for call in calls}) >= 15


CLUSTER = f"arn:aws:eks:{REGION}:123456789012:cluster/c"
SIGNED = [
    ("sts.GetCallerIdentity", {}),
    ("iam.GetRole", {"RoleName": "a+b=c,d.e@f-g"}),
    ("ec2.DescribeVpcs", {"Filters": [{"Name": "tag:a b", "Values": ["c=d&e", "+ /é", "%41", "~*"]}]}),
    ("dynamodb.ListTables", {"ExclusiveStartTableName": "table"}),
    ("sqs.ListQueues", {"QueueNamePrefix": "ü"}),
    ("lambda.ListFunctions", {"MaxItems": 5}),
    ("eks.ListClusters", {"maxResults": 5, "nextToken": "a b+c/=&"}),
    ("eks.ListTagsForResource", {"resourceArn": CLUSTER}),
    ("eks.TagResource", {"resourceArn": CLUSTER, "tags": {"a b": "é"}}),
    ("route53.ListHostedZonesByName", {"DNSName": "a b*.example.org"}),
    ("apigateway.GetResource", {"restApiId": "a b%2F+é", "resourceId": "~!*'();:@&=$,"}),
    ("cloudwatch.ListMetrics", {"Namespace": "a b&c"}),
    ("s3.ListObjectsV2", {"Bucket": "signed", "Prefix": "a b+c/é&=", "Delimiter": "/", "StartAfter": "~!*'()%41"}),
    ("s3.GetBucketVersioning", {"Bucket": "signed"}),
]
OBJECTS = ["plain", "a b", "a+b", "a//b", "/first", "last/", "日本/ü🙂", "a/../b", "./a", "..", "%41", "%2F", "a=b&c", "a?b#c", "a:b@c,d;e", "~!*'()",
           "\"<q>\\^`{|}", "x" * 1000, "é" * 300]


def encoded(text, safe=""):
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(text), safe="-_.~" + safe)


def signature_of(request, secret):
    """What AWS makes of a request that came in, by its documents (Signature Version 4); what was sent is the last word of `authorization`."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ")
    headers = {name.lower(): " ".join(value.split()) for name, value in (each.split(":", 1) for each in lines)}
    scope, names = re.search(r"Credential=[^/]+/(\S+), ?SignedHeaders=([^,]+),", headers["authorization"]).groups()
    date, region, service, _ = scope.split("/")
    signed = names.split(";")
    assert signed == sorted(signed) and {"host", "x-amz-date"} | {name for name in headers if name.startswith("x-amz-")} <= set(signed)
    digest = hashlib.sha256(body).hexdigest()
    assert headers.get("x-amz-content-sha256", digest) == digest
    path, _, query = target.partition("?")
    twice = "/".join(urllib.parse.quote(encoded(part), safe="-_.~") for part in path.split("/"))
    canonical_path = encoded(path, "/") if service == "s3" else twice
    pairs = sorted("=".join(encoded(part) for part in (each + "=").split("=")[:2]) for each in query.split("&") if each)
    canonical = "\n".join([method, canonical_path, "&".join(pairs), *[f"{name}:{headers[name]}" for name in signed], "", names, digest])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request", to_sign):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return key.hex(), headers["authorization"].rpartition("Signature=")[2]


class Wire:
    """A server, and the requests that came to it."""

    def __init__(self, folder):
        self.server = Moto(folder)
        self.proxy = Between(self.server.port)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
        self.env |= {**self.server.env(HOME=str(folder)), "NO_COLOR": "1"}
        self.env["AWS_ENDPOINT_URL"] = self.proxy.url

    def begin(self):
        self.may("s3.CreateBucket", {"Bucket": "signed", "CreateBucketConfiguration": {"LocationConstraint": REGION}})
        subnets = [each["SubnetId"] for each in self.may("ec2.DescribeSubnets")["Subnets"]]
        self.may("eks.CreateCluster", {"name": "c", "roleArn": "arn:aws:iam::123456789012:role/r", "resourcesVpcConfig": {"subnetIds": subnets[:2]}})
        self.may("dynamodb.CreateTable", TABLE)

    def stop(self):
        self.proxy.close()
        self.server.stop()

    def by(self, name, params=None):
        return by_runbook(name, params or {}, self.env)

    def may(self, name, params=None):
        run = self.by(name, params)
        assert run.code == 0 and run.err == "", f"{name} {params}: {run}"
        return json.loads(run.out or "{}")

    def check(self):
        """All that came is signed with the secret, and would not be with another one."""
        came, self.proxy.requests = self.proxy.requests, []
        assert came
        for request in came:
            made, sent = signature_of(request, KEYS["AWS_SECRET_ACCESS_KEY"])
            assert made == sent, request
            assert signature_of(request, KEYS["AWS_SECRET_ACCESS_KEY"] + "x")[0] != sent


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    made = Wire(tmp_path_factory.mktemp("wire"))
    try:
        made.begin()
        made.check()
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("name, params", SIGNED, ids=[name for name, _ in SIGNED])
def test_a_signature_is_what_the_documents_say(judge, wire, name, params):
    wire.by(name, params)
    wire.check()
    service, operation = name.split(".")
    judge.aws.begin(([OTHER_NAMES.get(service, service), operation, "--endpoint-url", wire.proxy.url, "--cli-input-json", json.dumps(params)], KEYS))
    judge.aws.end()
    wire.check()        # the aws command's passes too: it is read rightly here


@pytest.mark.parametrize("key", OBJECTS, ids=[ascii(key[:10]) for key in OBJECTS])
def test_an_object_of_any_name_is_signed(judge, wire, key):
    of = {"Bucket": "signed", "Key": key}
    wire.may("s3.PutObject", {**of, "Body": "it is " + key, "Metadata": {"spaced": "a  b"}})
    assert wire.may("s3.GetObject", of)["Body"] == "it is " + key
    assert [each["Key"] for each in wire.may("s3.ListObjectsV2", {"Bucket": "signed"})["Contents"]] == [key]
    wire.check()
    judge.aws.begin((["s3api", "HeadObject", "--endpoint-url", wire.proxy.url, "--cli-input-json", json.dumps(of)], KEYS))
    said, = judge.aws.end()
    assert said.code == 0 and json.loads(said.out)["ContentLength"] == len(("it is " + key).encode()), said
    wire.check()
    wire.may("s3.DeleteObject", of)
    assert "404" in wire.by("s3.HeadObject", of).err
    wire.check()


class Guarded:
    """A server that verifies signatures and policies itself, once a user with all rights and one with few are made. It signs what it has made
    of a request, which is another request where there were blanks and the like, and GET in JSON."""

    def __init__(self, folder):
        self.server = Moto(folder, INITIAL_NO_AUTH_ACTION_COUNT="6")
        self.base = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
        self.base |= {**self.server.env(HOME=str(folder)), "NO_COLOR": "1"}
        self.keys = {}

    def begin(self):
        for user, actions in {"allowed": "*", "limited": "dynamodb:List*"}.items():
            policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
            assert self.by("", "iam.CreateUser", {"UserName": user}).code == 0
            assert self.by("", "iam.PutUserPolicy", {"UserName": user, "PolicyName": "p", "PolicyDocument": json.dumps(policy)}).code == 0
            key = json.loads(self.by("", "iam.CreateAccessKey", {"UserName": user}).out)["AccessKey"]
            self.keys[user] = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        self.keys["forger"] = {**self.keys["allowed"], "AWS_SECRET_ACCESS_KEY": self.keys["limited"]["AWS_SECRET_ACCESS_KEY"]}
        self.keys["stranger"] = {**self.keys["allowed"], "AWS_ACCESS_KEY_ID": "AKIA" + "Z" * 16}

    def by(self, user, name, params=None):
        return by_runbook(name, params or {}, {**self.base, **self.keys.get(user, {})})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    made = Guarded(tmp_path_factory.mktemp("guarded"))
    try:
        made.begin()
        yield made
    finally:
        made.server.stop()


GUARDED = [
    ("s3.CreateBucket", {"Bucket": "signed", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    ("s3.PutObject", {"Bucket": "signed", "Key": "a b//..", "Body": "x", "Metadata": {"spaced": "a  b"}}),
    ("s3.GetObject", {"Bucket": "signed", "Key": "a b//.."}),
    ("s3.GetBucketVersioning", {"Bucket": "signed"}),
    ("iam.GetUser", {"UserName": "allowed"}),
    ("ec2.DescribeVpcs", {}),
    ("dynamodb.DescribeLimits", {}),
    ("sqs.ListQueues", {"QueueNamePrefix": "ü"}),
    ("eks.CreateCluster", {"name": "c", "roleArn": "arn:aws:iam::123456789012:role/r", "resourcesVpcConfig": {}}),
]


@pytest.mark.parametrize("name, params", GUARDED, ids=[name for name, _ in GUARDED])
def test_the_server_lets_in_who_signs_and_may(guarded, name, params):
    forged = guarded.by("forger", name, params)
    assert forged.code == 1 and re.search("SignatureDoesNotMatch|AuthFailure", forged.err), forged
    unknown = guarded.by("stranger", name, params)
    assert unknown.code == 1 and re.search("InvalidClientTokenId|InvalidAccessKeyId|AuthFailure", unknown.err), unknown
    denied = guarded.by("limited", name, params)
    assert denied.code == 1 and re.search("AccessDenied|UnauthorizedOperation", denied.err), denied
    run = guarded.by("allowed", name, params)
    assert run.code == 0 and run.err == "", run


def test_who_may_little_may_that(guarded):
    assert guarded.by("limited", "dynamodb.ListTables").code == 0
    assert json.loads(guarded.by("limited", "sts.GetCallerIdentity").out)["Arn"] == "arn:aws:iam::123456789012:user/limited"
