"""What `runbooks/imrt-aws.yaml` makes in AWS, against the moto server: all its steps and looks that call AWS, as they stand there. The engine is
killed again and again; nothing is made twice, a second run finds everything, and an undo takes it back."""

import json

import pytest
import yaml

from moto import ACCOUNT, KEYS, REGION, Between, alone, moto, without_aws  # noqa: F401 (the fixture)
from world import ROOT, kill, until, world  # noqa: F401 (the fixture)

MOTO = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
CLUSTER, ZONE = "imrt.example.org", "example.org"
VALUES = {
    "account": ACCOUNT, "region": REGION, "aws_profile": "imrt-admin", "cluster_name": CLUSTER, "dns_zone": ZONE, "zones": ["us-east-2a", "us-east-2b"],
    "master_zones": ["us-east-2a"], "db_vpc_cidr": "10.40.0.0/16", "db_public_subnets": {"us-east-2a": "10.40.0.0/24", "us-east-2b": "10.40.1.0/24"},
    "db_private_subnets": {"us-east-2a": "10.40.10.0/24", "us-east-2b": "10.40.11.0/24"}, "db_zone": "us-east-2a", "db_reader_zone": "us-east-2b",
    "db_reporting_zone": "us-east-2b", "db_encrypted": True, "db_backup_days": 7, "operator_cidr": "203.0.113.7/32",
    "db_maintenance_window": "sun:08:00-sun:09:00", "graylog_name": "imrt-graylog", "admin_cidr": "203.0.113.8/32", "iis_host": f"iis.{ZONE}",
    "iss_host": f"iss.{ZONE}"}

# Stands for the step of kubectl whose output the domains are made with.
LOAD_BALANCER = {"id": "load_balancer", "title": "The address of the load balancer", "effect": "read", "outputs": {"address": {}},
                 "shell": 'echo "address=lb-1.us-east-2.elb.amazonaws.com" >> "$RUNBOOK_OUTPUT"'}


def calls_aws(step):
    return "aws" in step or any("aws" in step.get(key, {}) or set(step.get(key, {})) == {"that", "because"} for key in ("assert", "wait_until"))


def aws_part(steps):
    for step in steps:
        if "section" in step:
            kept = list(aws_part(step["steps"]))
            if kept:
                yield {**{key: value for key, value in step.items() if key != "env"}, "steps": kept}
        elif step["id"] == "load_balancer":
            yield LOAD_BALANCER
        elif calls_aws(step):
            yield {key: soon(value) if key == "done_when" else value for key, value in step.items() if key != "source"}


def soon(look):
    """AWS may take a minute until it shows what it has made; moto shows it at once."""
    return {**look, "timeout": "2s"} if "timeout" in look else look


def imrt(image):
    """The runbook without what other programs and people do."""
    book = yaml.safe_load((ROOT / "runbooks" / "imrt-aws.yaml").read_text())
    inputs = {name: dict(each) for name, each in book["inputs"].items() if each.get("type") != "secret" or name == "db_password"}
    for name, each in inputs.items():
        if name in VALUES or name == "graylog_image":
            each["default"] = VALUES.get(name, image)
        elif "default" not in each and "example" in each:
            each["default"] = each["example"]
    return {"runbook": "imrt_aws", "inputs": inputs, "constraints": book["constraints"], "targets": book["targets"],
            "vars": {"graylog_host": book["vars"]["graylog_host"]}, "steps": list(aws_part(book["steps"]))}


class Aws:
    """What is asked and made beside the runbook."""

    def __init__(self, world, url):
        self.world, self.url = world, url

    def __call__(self, name, **params):
        result = self.world("aws", name, "--params", json.dumps(params), AWS_ENDPOINT_URL=self.url)
        assert result.code == 0, result
        return json.loads(result.out or "{}")

    def make_what_kops_makes(self):
        """And what is there before it."""
        self("route53.CreateHostedZone", Name=ZONE, CallerReference="1")
        vpc = self("ec2.CreateVpc", CidrBlock="172.20.0.0/16",
                   TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "KubernetesCluster", "Value": CLUSTER}]}])["Vpc"]["VpcId"]
        for number, zone in enumerate(VALUES["zones"]):
            subnet = self("ec2.CreateSubnet", VpcId=vpc, AvailabilityZone=zone, CidrBlock=f"172.20.{number}.0/24", TagSpecifications=[
                {"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": f"utility-{zone}.{CLUSTER}"}]}])["Subnet"]["SubnetId"]
            address = self("ec2.AllocateAddress", Domain="vpc")["AllocationId"]
            self("ec2.CreateNatGateway", SubnetId=subnet, AllocationId=address)
        self("ec2.CreateSecurityGroup", GroupName=f"nodes.{CLUSTER}", VpcId=vpc, Description="Nodes")
        self("ec2.CreateKeyPair", KeyName=f"kubernetes.{CLUSTER}-aa")
        return vpc

    def count(self):
        """How many there are of each kind that the runbook makes."""
        named = [{"Name": "tag:Name", "Values": ["imrt-example-org-db", "imrt-example-org-db-*"]}]
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        groups = self("ec2.DescribeSecurityGroups", Filters=[{"Name": "group-name", "Values": ["imrt-db-security", "imrt-graylog"]}])["SecurityGroups"]
        zone = self("route53.ListHostedZonesByName", DNSName=ZONE)["HostedZones"][0]["Id"].removeprefix("/hostedzone/")
        records = self("route53.ListResourceRecordSets", HostedZoneId=zone)["ResourceRecordSets"]
        rules = [sorted([each["CidrIp"] for each in rule.get("IpRanges", [])] + [each["GroupId"] for each in rule.get("UserIdGroupPairs", [])])
                 for group in groups for rule in group["IpPermissions"]]
        tables = self("ec2.DescribeRouteTables", Filters=named)["RouteTables"]
        roles = [each["RoleName"] for each in self("iam.ListRoles")["Roles"]]
        profiles = self("iam.ListInstanceProfiles")["InstanceProfiles"]
        return {
            "buckets": len(self("s3.ListBuckets").get("Buckets") or []),
            "networks": len(self("ec2.DescribeVpcs", Filters=named)["Vpcs"]),
            "gateways": len(self("ec2.DescribeInternetGateways", Filters=named)["InternetGateways"]),
            "subnets": len(self("ec2.DescribeSubnets", Filters=named)["Subnets"]),
            "tables": len(tables),
            "routes in": sum("igw-" in route.get("GatewayId", "") for table in tables for route in table["Routes"]),
            "subnets with routes": sum("SubnetId" in each for table in tables for each in table["Associations"]),
            "subnet groups": len(self("rds.DescribeDBSubnetGroups")["DBSubnetGroups"]),
            "clusters": len(self("rds.DescribeDBClusters")["DBClusters"]),
            "databases": len(self("rds.DescribeDBInstances")["DBInstances"]),
            "groups": len(groups),
            "rules": sum(map(len, rules)),
            "roles": roles.count("imrt-graylog"),
            "profiles": sum(len(each["Roles"]) for each in profiles),
            "servers": sum(len(each["Instances"]) for each in self("ec2.DescribeInstances", Filters=alive)["Reservations"]),
            "domains": sum(each["Type"] == "CNAME" for each in records)}


MADE = {"buckets": 1, "networks": 1, "gateways": 1, "subnets": 4, "tables": 1, "routes in": 1, "subnets with routes": 2, "subnet groups": 1,
        "clusters": 1, "databases": 3, "groups": 2, "rules": 7, "roles": 1, "profiles": 1, "servers": 1, "domains": 3}
NOTHING = dict.fromkeys(MADE, 0)


@pytest.fixture
def cloud(moto, world):
    """The runbook in a world that kops has been in; `cloud.between` stands in front of AWS."""
    moto.reset()
    config = world.folder / "config"
    config.write_text(f"[profile imrt-admin]\naws_access_key_id = {KEYS['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {KEYS['AWS_SECRET_ACCESS_KEY']}\n")
    world.between = Between(moto.port)
    world.env = without_aws(world.env) | alone(world.between.url, config) | {"HOME": str(world.folder), "IMRT_DB_PASSWORD": "correct-horse-battery"}
    world.aws = Aws(world, moto.url)
    world.aws.world.env |= {"AWS_PROFILE": "imrt-admin", "AWS_REGION": REGION}
    world.aws.make_what_kops_makes()
    image = world.aws("ec2.DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    world.write(yaml.safe_dump(imrt(image), sort_keys=False))
    yield world
    world.between.close()


def killed_at(cloud, operation, mode, *words):
    """The engine dies when AWS has acted (`hold`) or was never reached (`lose`), before it has an answer."""
    between = cloud.between
    sent = len(between.sent(operation))
    between.release.clear()
    between.is_held = lambda request: operation.encode() in request
    between.mode = mode
    engine = cloud.start(*words)
    until(lambda: len(between.sent(operation)) > sent or engine.poll() is not None, operation)
    assert engine.poll() is None, engine.log.read_text()
    kill(engine.pid)
    between.mode = "pass"
    between.release.set()


# The call that the engine dies in, and whether AWS had it.
DEATHS = [("CreateBucketConfiguration", "hold"), ("Action=CreateVpc&", "hold"), ("Action=CreateRouteTable&", "lose"), ("Action=CreateSubnet&", "lose"),
          ("Action=CreateDBCluster&", "hold"), ("Action=CreateDBInstance&", "lose"), ("Action=AuthorizeSecurityGroupIngress&", "hold"),
          ("Action=CreateRole&", "hold"), ("Action=RunInstances&", "hold"), ("POST /2013-04-01/hostedzone", "lose")]


def test_killed_in_ten_calls_it_makes_each_thing_once_and_takes_all_of_it_back(cloud):
    assert cloud("check", cloud.book).err == ""
    for place, (operation, mode) in enumerate(DEATHS):
        killed_at(cloud, operation, mode, *(["--resume"] if place else []))
    assert cloud.resume().code == 0
    assert cloud.aws.count() == MADE

    first = json.loads(cloud("runs", "--json").out)[0]["run"]
    again = cloud.run("-i", "replace_names=true")
    assert again.code == 0, again
    assert cloud.aws.count() == MADE
    made = [step["id"] for step in cloud.show()["steps"] if step["state"] == "succeeded" and step["effect"] in ("once", "idempotent")]
    assert made == []

    undone = cloud("undo", first, "--non-interactive")
    assert undone.code == 0, undone
    assert cloud.aws.count() == NOTHING


def test_undone_in_the_middle_of_a_kill_nothing_is_left(cloud):
    assert cloud.run().code == 0
    cloud.between.release.clear()
    cloud.between.is_held = lambda request: b"Action=DeleteDBCluster&" in request
    cloud.between.mode = "hold"
    engine = cloud.start_command("undo", "last", "--non-interactive")
    until(lambda: cloud.between.sent("Action=DeleteDBCluster&"), "the cluster to be deleted")
    kill(engine.pid)
    cloud.between.mode = "pass"
    cloud.between.release.set()
    doubtful = cloud("undo", "last", "--non-interactive")
    assert doubtful.code == 4, doubtful
    assert cloud("resolve", "last", "database_cluster:undo", "done", "--because", "it is gone").code == 0
    assert cloud("undo", "last", "--non-interactive").code == 0
    assert cloud.aws.count() == NOTHING


def test_the_password_stands_in_no_file_of_the_run(cloud):
    assert cloud.run().code == 0
    kept = [path for path in cloud.folder.rglob("*") if path.is_file() and b"correct-horse-battery" in path.read_bytes()]
    assert kept == []
