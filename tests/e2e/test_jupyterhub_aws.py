"""runbooks/jupyterhub-eks.yaml from its first step to its last. AWS is the moto server, the cluster's API the tests' own; git, openssl and
kubectl are real. Terraform, hubploy, sops, helm, docker, pip, curl and the AWS CLI are doubles that make in AWS what the real ones would,
with the credentials that they are given, and refuse what the real ones would refuse.

Not shown here: Terraform's own modules and what they make besides (node instances, NAT, the autoscaler), waiting for what takes AWS its
time (in moto a cluster is active at once), and that policies allow what is called, which moto does not enforce."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from moto import ACCOUNT, Between, moto  # noqa: F401 (the fixture)
from world import BINARY, ROOT, kill, until, world  # noqa: F401  (the fixture)

sys.path.insert(0, str(ROOT / "tests"))
from kube.server import KubeServer  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("kubectl") and os.environ.get("CI") != "true", reason="there is no kubectl")

BOOK = ROOT / "runbooks" / "jupyterhub-eks.yaml"
REGION, DNS_ACCOUNT, DNS_PROFILE = "us-east-1", "210987654321", "Route53-User-science.stsci.edu"
HOST = "roman-sit.science.stsci.edu"
IMAGE = "ami-12c6146b"      # moto knows it
MAST_SECRET = "hush-mast-0815"

DOUBLE = r'''#!/usr/bin/python3
import base64, fcntl, json, os, re, shutil, subprocess, sys, time
from pathlib import Path

name, words, world = Path(sys.argv[0]).name, sys.argv[1:], Path(os.environ["W"])
flags = dict(zip(words, words[1:]))


def aws(call, may_fail=False, **params):
    done = subprocess.run([os.environ["ENGINE"], "aws", call, "--params", json.dumps(params)], capture_output=True, text=True)
    if done.returncode and not may_fail:
        sys.exit(done.stderr)
    return None if done.returncode else json.loads(done.stdout or "{}")


def held_after(what):
    """What has been made is made; the test may end us here."""
    with open(world / "made", "a") as made:
        made.write(what + "\n")
    if (world / f"hold {what}").exists():
        (world / "held").touch()
        while not (world / "gate").exists():
            time.sleep(0.02)


def trust(*who):
    principal = who[0] if len(who) == 1 else list(who)
    statement = {"Sid": "", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def kubectl(*words, **more):
    done = subprocess.run(["kubectl", *words], text=True, capture_output=True, **more)
    if done.returncode:
        sys.exit(done.stderr)


# Terraform

def create(kind, name, given):
    users = re.findall(r'"(arn:[^"]+)"', given)
    if kind == "role":
        aws("iam.CreateRole", RoleName=name, AssumeRolePolicyDocument=trust(*dict.fromkeys(users)))
    elif kind == "group":
        aws("iam.CreateGroup", GroupName=name)
    elif kind == "repository":
        aws("codecommit.CreateRepository", repositoryName=name)
    elif kind == "key":
        key = aws("kms.CreateKey")["KeyMetadata"]
        Path(".sops.yaml").write_text(f'creation_rules:\n  - path_regex: .*\n    kms: "{key["Arn"]}"\n')
        return key["KeyId"]
    elif kind == "network":
        vpc = aws("ec2.CreateVpc", CidrBlock="172.16.0.0/16")["Vpc"]["VpcId"]
        return [vpc, *(aws("ec2.CreateSubnet", VpcId=vpc, CidrBlock=f"172.16.{i}.0/24")["Subnet"]["SubnetId"] for i in (1, 2))]
    elif kind == "cluster":
        subnets = next(made["id"] for made in state() if made["kind"] == "network")[1:]
        role = aws("iam.GetRole", RoleName=name + "-cluster")["Role"]["Arn"]
        aws("eks.CreateCluster", name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    elif kind == "nodes":
        cluster = aws("eks.DescribeCluster", name=name.rpartition("-")[0])["cluster"]
        aws("eks.CreateNodegroup", clusterName=cluster["name"], nodegroupName=name, nodeRole=cluster["roleArn"],
            subnets=cluster["resourcesVpcConfig"]["subnetIds"])
    elif kind == "registry":
        aws("ecr.CreateRepository", repositoryName=name)
    elif kind == "homes":
        return aws("efs.CreateFileSystem", CreationToken=name, Tags=[{"Key": "Name", "Value": name}])["FileSystemId"]


def delete(kind, name, id):
    if kind == "role":
        aws("iam.DeleteRole", RoleName=name)
    elif kind == "group":
        if aws("iam.GetGroup", GroupName=name).get("Users"):
            sys.exit(f"Error: DeleteConflict: {name} has users")      # as AWS would say
        aws("iam.DeleteGroup", GroupName=name)
    elif kind == "repository":
        aws("codecommit.DeleteRepository", repositoryName=name)
    elif kind == "key":
        aws("kms.ScheduleKeyDeletion", KeyId=id, PendingWindowInDays=30)
    elif kind == "network":
        if aws("elb.DescribeLoadBalancers")["LoadBalancerDescriptions"]:
            sys.exit("Error: DependencyViolation: a load balancer is in the network")
        for subnet in id[1:]:
            aws("ec2.DeleteSubnet", SubnetId=subnet)
        aws("ec2.DeleteVpc", VpcId=id[0])
    elif kind == "cluster":
        aws("eks.DeleteCluster", name=name)
    elif kind == "nodes":
        aws("eks.DeleteNodegroup", clusterName=name.rpartition("-")[0], nodegroupName=name)
    elif kind == "registry":
        aws("ecr.DeleteRepository", repositoryName=name)
    elif kind == "homes":
        aws("efs.DeleteFileSystem", FileSystemId=id)


def state():
    path = Path("terraform.tfstate")
    return json.loads(path.read_text()) if path.exists() else []


def save(resources):
    Path("terraform.tfstate.new").write_text(json.dumps(resources))
    os.replace("terraform.tfstate.new", "terraform.tfstate")


def terraform():
    modules = {"aws-creds": ["role -terraform-architect", "group -terraform-architects"],
               "terraform-iam": ["role -secrets-setup"],
               "kms-codecommit": ["repository -secrets", "key -secrets", "role -secrets-encrypt", "role -secrets-decrypt"],
               "aws": ["role -cluster", "network -vpc", "cluster ", "nodes -core", "nodes -notebook", "registry -user-image",
                       "homes -home-dirs", "role -hubploy-eks", "role -hubploy-ecr", "group -hubploy-deployers"]}
    module = Path.cwd().name
    if words == ["init", "-input=false"]:
        return Path(".terraform").mkdir(exist_ok=True)
    known = words[0] in ("plan", "apply", "destroy") and (words[0] != "plan") == ("-auto-approve" in words)
    if not known or not Path(".terraform").exists():
        sys.exit(f"Error: {words}")
    given = Path(words[-1].removeprefix("-var-file=")).read_text()
    prefix = re.search(r'(?:cluster_name|iam_prefix|repo_name) *= *"([^"]*)"', given)[1].removesuffix("-").removesuffix("-secrets")
    account = aws("sts.GetCallerIdentity")["Arn"]
    if (":assumed-role/" + prefix + "-secrets-setup/" in account) != (module == "kms-codecommit"):
        sys.exit(f"Error: AccessDenied for {account}")
    wanted = [(kind, prefix + rest) for kind, rest in (each.split(" ") for each in modules[module])]
    have = {(each["kind"], each["name"]) for each in state()}
    if words[0] == "plan":
        return print(f"Plan: {len(set(wanted) - have)} to add")
    lock = open(".lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit("Error: Error acquiring the state lock")
    if words[0] == "destroy":
        while state():
            *rest, last = state()
            delete(**last)
            save(rest)
        return
    for kind, name in wanted:
        if (kind, name) not in have:
            made = {"kind": kind, "name": name, "id": create(kind, name, given)}
            save([*state(), made])
            held_after(f"{kind} {name}")


# The others

def aws_cli():
    if words[:2] == ["sts", "assume-role"]:
        role = aws("iam.GetRole", may_fail=True, RoleName=flags["--role-arn"].rpartition("/")[2])
        me = aws("sts.GetCallerIdentity")["Arn"]
        if not role or me not in json.dumps(role["Role"]["AssumeRolePolicyDocument"]):
            print("An error occurred (AccessDenied) when calling the AssumeRole operation", file=sys.stderr)
            sys.exit(254)
        print(flags["--role-arn"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/runbook")
    elif words[:2] == ["eks", "update-kubeconfig"]:
        me = aws("sts.GetCallerIdentity")["Arn"]
        role = flags["--name"] + "-hubploy-eks"
        if f":assumed-role/{role}/" not in me or not flags["--role-arn"].endswith(f":role/{role}"):
            sys.exit(f"AccessDenied for {me}")
        aws("eks.DescribeCluster", name=flags["--name"])
        path, exported = Path(os.environ["KUBECONFIG"]), json.loads((world / "exported").read_text())
        config = json.loads(path.read_text())
        for kind in ("clusters", "users", "contexts"):
            config[kind] = [each for each in config[kind] if each["name"] != flags["--alias"]] + exported[kind]
        path.write_text(json.dumps(config))
    elif words[:2] == ["ecr", "get-login-password"]:
        print("password-of-the-registry")
    else:
        sys.exit(f"aws: {words}")


def docker():
    if words == ["info"]:
        sys.exit(0 if (world / "docker runs").exists() else 1)
    if words[0] != "login" or "--password-stdin" not in words or sys.stdin.read() != "password-of-the-registry\n":
        sys.exit(f"docker: {words}")


def sudo():
    if words != ["--non-interactive", "service", "docker", "start"]:
        sys.exit(f"sudo: {words}")
    (world / "docker runs").touch()


def pip():
    if words != ["install", "./hubploy.unfinished"] or not Path(words[1], "setup.py").exists():
        sys.exit(f"pip: {words}")
    shutil.copy(sys.argv[0], Path(sys.argv[0]).with_name("hubploy"))


def sops():
    if words[0] == "--encrypt":
        key = re.search(r'kms: "(.*)"', Path(".sops.yaml").read_text())[1]
        enc = base64.b64encode(sys.stdin.read().encode()).decode()
        print(f"data: ENC[{enc}]\nsops:\n    kms:\n    -   arn: {key}\n        created_at: '2020-07-01T17:08:39Z'\n        enc: STUFF\n"
              "        aws_profile: \"\"\n    gcp_kms: []\n    version: 3.4.0")
    else:
        text = Path(words[1]).read_text()
        if not re.search(r"^    -   arn: .*\n        role: arn:aws:iam::\d+:role/.*-secrets-decrypt$", text, re.M):
            sys.exit("Failed to get the data key: no role")
        print(base64.b64decode(re.search(r"ENC\[(.*)\]", text)[1]).decode())


def hubploy():
    deployment, release = words[1], words[1] + "-staging"
    if words == ["build", deployment, "--push", "--check-registry"]:
        commit = subprocess.run(["git", "log", "-n", "1", "--pretty=format:%H", "--", f"deployments/{deployment}/image"],
                                capture_output=True, text=True, check=True).stdout
        tag = commit[:max(7, re.search("[a-z]", commit).end())]
        repository = deployment + "-user-image"
        if aws("ecr.DescribeImages", may_fail=True, repositoryName=repository, imageIds=[{"imageTag": tag}]):
            return print(f"{repository} does not require building")
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:" + "0" * 64}, "layers": []}
        aws("ecr.PutImage", repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest), imageManifestMediaType=kind)
        held_after("image")
    elif words == ["deploy", deployment, "hub", "staging"]:
        secrets = subprocess.run(["sops", "--decrypt", f"secrets/deployments/{deployment}/secrets/staging.yaml"], capture_output=True,
                                 text=True, check=True).stdout
        (world / "deployed").write_text(secrets)
        manifests = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": release}},
                     {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "proxy-public", "namespace": release},
                      "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]}}]
        kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        if not aws("elb.DescribeLoadBalancers")["LoadBalancerDescriptions"]:
            aws("elb.CreateLoadBalancer", LoadBalancerName="af909e7b", AvailabilityZones=["us-east-1a"],
                Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 443, "InstancePort": 30443}])
            held_after("balancer")
        address = {"status": {"loadBalancer": {"ingress": [{"hostname": "af909e7b.us-east-1.elb.amazonaws.com"}]}}}
        kubectl("patch", "service/proxy-public", "-n", release, "--subresource=status", "--type=merge", "-p", json.dumps(address))
    else:
        sys.exit(f"hubploy: {words}")


def helm():
    if words != ["uninstall", "roman-sit-staging", "--namespace", "roman-sit-staging"]:
        sys.exit(f"helm: {words}")
    kubectl("delete", "service/proxy-public", "-n", words[1])
    aws("elb.DeleteLoadBalancer", LoadBalancerName="af909e7b")


def curl():
    if words[-1] != "https://roman-sit.science.stsci.edu/hub/health":
        sys.exit(f"curl: {words}")


{"terraform": terraform, "aws": aws_cli, "docker": docker, "sudo": sudo, "pip": pip, "sops": sops, "hubploy": hubploy, "helm": helm,
 "curl": curl}[name]()
'''

HUBPLOY_YAML = f"""images:
  image_name: {ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/roman-sit-user-image
  registry: {{provider: aws, aws: {{zone: us-east-1, role_arn: "arn:aws:iam::{ACCOUNT}:role/roman-sit-hubploy-ecr", project: {ACCOUNT}}}}}
cluster:
  provider: aws
  aws: {{zone: us-east-1, role_arn: "arn:aws:iam::{ACCOUNT}:role/roman-sit-hubploy-eks", cluster: roman-sit, project: {ACCOUNT}}}
"""


class Balancers(BaseHTTPRequestHandler):
    """Elastic Load Balancing as moto has it, with the zone of a balancer, which moto leaves out of its answer."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.moto, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("content-length", "connection")}
        connection.request("POST", self.path, self.rfile.read(int(self.headers["Content-Length"])), headers)
        answer = connection.getresponse()
        body = answer.read().replace(b"<CanonicalHostedZoneName>",
                                     b"<CanonicalHostedZoneNameID>Z35SXDOTRQ7X7K</CanonicalHostedZoneNameID><CanonicalHostedZoneName>")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site:
    """An account with what is there before: a user and his key, the trusted role, the security group, the zone in another account; the
    repositories; and the machine of an operator."""

    def __init__(self, world, moto, proxy, server, balancers):  # noqa: F811
        self.world, self.moto, self.proxy, self.server = world, moto, proxy, server
        folder = self.folder = world.folder
        world.book = BOOK
        clean = {name: value for name, value in world.env.items() if not name.startswith(("AWS_", "GIT_"))}
        world.env = clean | moto.env(AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION) | server.environment(folder, context="elsewhere")
        world.env |= {"ENGINE": str(BINARY), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
                      "JUPYTERHUB_MAST_SECRET": MAST_SECRET, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        server.kubeconfig(folder / "exported", context="roman-sit")
        (folder / "bin").mkdir()
        for name in ("terraform", "aws", "docker", "sudo", "pip", "sops", "helm", "curl"):
            world.write(DOUBLE, f"bin/{name}").chmod(0o755)
        self.repositories()
        self.certificate()
        self.account()
        world.env |= {"AWS_ENDPOINT_URL": proxy.url, "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING": f"http://127.0.0.1:{balancers}"}

    def aws(self, call, profile=None, **params):
        words = ["--profile", profile] if profile else []
        env = {"AWS_ENDPOINT_URL": self.moto.url}
        result = self.world("aws", call, "--params", json.dumps(params), *words, **env)
        assert result.code == 0, result
        return json.loads(result.out or "{}")

    def account(self):
        user = self.aws("iam.CreateUser", UserName="jdoe")["User"]["Arn"]
        key = self.aws("iam.CreateAccessKey", UserName="jdoe")["AccessKey"]
        self.world.env |= {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        self.world.write(f"[profile {DNS_PROFILE}]\nrole_arn = arn:aws:iam::{DNS_ACCOUNT}:role/route53\nsource_profile = jdoe\n", "config")
        self.world.write(f"[jdoe]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n",
                         "credentials")
        self.world.env |= {"AWS_CONFIG_FILE": str(self.folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials")}
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}]}
        self.aws("iam.CreateRole", RoleName="kops_svc", AssumeRolePolicyDocument=json.dumps(trust))
        vpc = self.aws("ec2.DescribeVpcs")["Vpcs"][0]["VpcId"]
        self.aws("ec2.CreateSecurityGroup", GroupName="institute-ssh-only", Description="ssh", VpcId=vpc)
        self.aws("ec2.CreateKeyPair", KeyName="jdoe")
        zone = self.aws("route53.CreateHostedZone", DNS_PROFILE, Name="science.stsci.edu", CallerReference="1")["HostedZone"]
        self.zone = zone["Id"].removeprefix("/hostedzone/")

    def git(self, *words, folder=None):
        subprocess.run(["git", *words], cwd=folder, env=self.world.env, check=True, capture_output=True)

    def repositories(self):
        places = {"https://github.com/spacetelescope/terraform-deploy": "terraform",
                  "https://github.com/yuvipanda/aws-codecommit-secret.git": "codecommit", "https://github.com/yuvipanda/hubploy": "hubploy",
                  "https://github.com/spacetelescope/jupyterhub-deploy.git": "hub",
                  "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/roman-sit-secrets": "secrets"}
        allowed = 'allowed_roles = ["arn:aws:iam::<account-id>:role/jupyterhub-deploy"]\n'
        files = {"terraform": {"aws-creds/iam.tf": "", "aws/main.tf": "",
                               "aws-creds/roles.tfvars.template": 'iam_prefix = "<cluster-name>-"\n' + allowed,
                               "aws/your-cluster.tfvars.template": 'cluster_name = "<cluster-name>"\n' + allowed},
                 "codecommit": {"terraform-iam/main.tf": "", "kms-codecommit/main.tf": ""},
                 "hubploy": {"setup.py": ""},
                 "hub": {"deployments/jmiller-hub/hubploy.yaml": "images: {image_name: jmiller-hub-user-image}\n",
                         "deployments/jmiller-hub/image/Dockerfile": "FROM scratch\n",
                         "deployments/jmiller-hub/secrets/staging.yaml": "those of another hub\n"},
                 "secrets": {}}
        rules = [f'[url "{self.folder / "origin" / name}"]\n\tinsteadOf = {url}\n' for url, name in places.items()]
        self.world.write("[user]\n\tname = J. Doe\n\temail = jdoe@example.org\n" + "".join(rules), "gitconfig")
        for name, contents in files.items():
            origin, work = self.folder / "origin" / name, self.folder / "work"
            self.git("init", "--bare", "--quiet", str(origin))
            self.git("clone", "--quiet", str(origin), str(work))
            for path, text in contents.items():
                (work / path).parent.mkdir(parents=True, exist_ok=True)
                (work / path).write_text(text)
            if contents:
                self.git("add", "-A", folder=work)
                self.git("commit", "--quiet", "-m", "all", folder=work)
                self.git("push", "--quiet", "origin", "HEAD", folder=work)
            shutil.rmtree(work)

    def certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={HOST}", "-addext",
                        f"subjectAltName=DNS:{HOST}", "-keyout", self.folder / "hub.key", "-out", self.folder / "hub.crt"],
                       check=True, capture_output=True)

    def configure(self):
        """What a person does in the copy."""
        copy = self.folder / "deploy" / "jupyterhub-deploy" / "deployments" / "roman-sit"
        (copy / "hubploy.yaml").write_text(HUBPLOY_YAML)
        (copy / "config").mkdir(exist_ok=True)
        (copy / "config" / "common.yaml").write_text(f"jupyterhub: {{proxy: {{https: {{hosts: [{HOST}]}}}}}}\n")

    def words(self, part="deployment"):
        given = {"part": part, "account": ACCOUNT, "user": "jdoe"}
        if part == "deployment":
            given |= {"deployment": "roman-sit", "copy_from": "jmiller-hub", "work_dir": self.folder / "deploy", "dns_account": DNS_ACCOUNT}
        else:
            given |= {"ci_image": IMAGE, "ssh_key": "jdoe"}
        return [word for name, value in given.items() for word in ("-i", f"{name}={value}")]

    def answer(self):
        step, = [each["step"] for each in self.world.show()["questions"]]
        given = {"certificates": [f"key={self.folder / 'hub.key'}", f"certificate={self.folder / 'hub.crt'}"],
                 "mast_client": ["client_id=464f261c10bf04a8"]}.get(step, [])
        if step == "configuration":
            self.configure()
        confirmed = self.world("confirm", "last", step, *[word for value in given for word in ("--set", value)])
        assert confirmed.code == 0, confirmed

    def go(self, part="deployment", to=None, resume=False):
        """Runs, and does what people are asked for, to the end; or until something holds, and then the engine is killed."""
        words = ["--resume"] if resume else self.words(part)
        while True:
            engine = self.world.start(*words)
            until(lambda: engine.poll() is not None or (to and to()), "the end of the engine, or the point", 600)
            if engine.poll() is None:
                return engine
            if engine.returncode != 3:
                assert not to and engine.returncode == 0, engine.log.read_text()
                return None
            self.answer()
            words = ["--resume"]

    def kill_at_answer(self, part, operation, resume):
        """The engine dies when AWS has done it and the answer is on its way."""
        before = len(self.proxy.sent(operation))
        self.proxy.mode, self.proxy.is_held = "hold", lambda request: operation.encode() in request
        engine = self.go(part, lambda: len(self.proxy.sent(operation)) > before, resume)
        kill(engine.pid)
        self.proxy.mode = "pass"
        self.proxy.release.set()
        self.proxy.release = threading.Event()

    def kill_in_step(self, what, everything):
        """The engine dies while the program of a step has made something and is at work yet; `everything`: and that with it."""
        (self.folder / f"hold {what}").touch()
        engine = self.go(to=(self.folder / "held").exists, resume=True)
        kill(engine.pid, *(self.world.supervisors() + self.world.step_processes() if everything else []))
        (self.folder / f"hold {what}").unlink()
        (self.folder / "held").unlink()
        if not everything:
            (self.folder / "gate").touch()      # it goes on without an engine

    def calls(self, *operations):
        return {operation: len(self.proxy.sent(operation)) for operation in operations}

    def stands(self):
        """All that is in the account, and the names in the zone."""
        keys = [self.aws("kms.DescribeKey", KeyId=each["KeyId"])["KeyMetadata"] for each in self.aws("kms.ListKeys").get("Keys", [])]
        registries = [each["repositoryName"] for each in self.aws("ecr.DescribeRepositories").get("repositories", [])]
        clusters = self.aws("eks.ListClusters").get("clusters", [])
        records = self.aws("route53.ListResourceRecordSets", DNS_PROFILE, HostedZoneId=self.zone)["ResourceRecordSets"]
        return {
            "roles": sorted(each["RoleName"] for each in self.aws("iam.ListRoles")["Roles"]),
            "groups": sorted(each["GroupName"] for each in self.aws("iam.ListGroups").get("Groups", [])),
            "mine": sorted(each["GroupName"] for each in self.aws("iam.ListGroupsForUser", UserName="jdoe").get("Groups", [])),
            "secrets": self.has_repository_of_secrets(),
            "keys": [each["KeyState"] for each in keys if each["KeyState"] == "Enabled"],
            "networks": len(self.aws("ec2.DescribeVpcs")["Vpcs"]),
            "clusters": clusters,
            "nodes": [group for name in clusters for group in self.aws("eks.ListNodegroups", clusterName=name)["nodegroups"]],
            "registries": registries,
            "images": [tag for name in registries for image in self.aws("ecr.DescribeImages", repositoryName=name)["imageDetails"]
                       for tag in image.get("imageTags", [])],
            "homes": [each["Name"] for each in self.aws("efs.DescribeFileSystems").get("FileSystems", [])],
            "balancers": len(self.aws("elb.DescribeLoadBalancers")["LoadBalancerDescriptions"]),
            "records": [each["Name"] for each in records if each["Type"] == "A"],
        }

    def has_repository_of_secrets(self):
        """moto can't list repositories."""
        params = json.dumps({"repositoryName": "roman-sit-secrets"})
        return self.world("aws", "codecommit.GetRepository", "--params", params, AWS_ENDPOINT_URL=self.moto.url).code == 0

    def trusted(self, role):
        document = self.aws("iam.GetRole", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        statement, = document["Statement"]
        return {who.removeprefix(f"arn:aws:iam::{ACCOUNT}:") for who in statement["Principal"]["AWS"]}

    def instances(self):
        found = [each for group in self.aws("ec2.DescribeInstances").get("Reservations", []) for each in group["Instances"]]
        return [(each["State"]["Name"], each["InstanceType"], each["KeyName"]) for each in found]

    def recorded(self):
        paths = [*self.folder.glob("journal.db*"), *self.folder.glob("journal.db.d/*/*")]
        return b"".join(path.read_bytes() for path in paths if path.is_file())


@pytest.fixture
def site(world, moto):  # noqa: F811
    moto.reset()
    proxy = Between(moto.port)
    balancers = ThreadingHTTPServer(("127.0.0.1", 0), Balancers)
    balancers.moto = moto.port
    threading.Thread(target=balancers.serve_forever, daemon=True).start()
    with KubeServer() as server:
        yield Site(world, moto, proxy, server, balancers.server_address[1])
    balancers.shutdown()
    balancers.server_close()
    proxy.close()


NATIVE = ("Action=AddUserToGroup", "Action=UpdateAssumeRolePolicy", "ChangeResourceRecordSetsRequest")


def states(site):
    return {each["instance"]: each["state"] for each in site.world.show()["steps"]}


def test_killed_again_and_again_everything_is_made_once_and_undone_to_the_last(site):
    before = site.stands()
    site.kill_at_answer("deployment", "Action=AddUserToGroup", resume=False)
    site.kill_in_step("cluster roman-sit", everything=True)         # Terraform ends with it, in the middle
    site.kill_at_answer("deployment", "Action=UpdateAssumeRolePolicy", resume=True)
    site.kill_in_step("image", everything=False)                    # hubploy goes on
    site.kill_at_answer("deployment", "ChangeResourceRecordSetsRequest", resume=True)
    site.go(resume=True)

    assert site.calls(*NATIVE) == {"Action=AddUserToGroup": 2, "Action=UpdateAssumeRolePolicy": 2, "ChangeResourceRecordSetsRequest": 1}
    made = site.world.lines("made")
    assert sorted(made) == sorted(set(made)) and len(made) == 19, made
    stands = site.stands()
    own = [f"roman-sit-{each}" for each in ("cluster", "hubploy-ecr", "hubploy-eks", "secrets-decrypt", "secrets-encrypt", "secrets-setup",
                                            "terraform-architect")]
    groups = ["roman-sit-hubploy-deployers", "roman-sit-terraform-architects"]
    tag, = stands.pop("images")
    assert stands == {
        "roles": sorted([*before["roles"], *own]), "groups": groups, "mine": groups, "secrets": True, "keys": ["Enabled"],
        "networks": before["networks"] + 1, "clusters": ["roman-sit"], "nodes": ["roman-sit-core", "roman-sit-notebook"],
        "registries": ["roman-sit-user-image"], "homes": ["roman-sit-home-dirs"], "balancers": 1, "records": [f"{HOST}."]}
    assert len(tag) >= 7
    assert site.trusted("roman-sit-hubploy-eks") == {"user/jdoe", "root", "role/roman-sit-secrets-decrypt"}
    assert site.trusted("roman-sit-secrets-decrypt") == {"role/roman-sit-hubploy-eks", "user/jdoe", "role/kops_svc"}
    deployed = (site.folder / "deployed").read_text()
    assert f'client_secret: "{MAST_SECRET}"' in deployed and (site.folder / "hub.key").read_text().splitlines()[1] in deployed
    assert MAST_SECRET.encode() not in site.recorded()

    first = site.world.show()["run"]
    site.proxy.requests.clear()
    site.go()
    again = states(site)
    assert site.calls(*NATIVE) == dict.fromkeys(NATIVE, 0) and site.world.lines("made") == made
    assert site.stands() == stands | {"images": [tag]}
    assert [step for step, state in again.items() if state == "satisfied"] == [
        "docker", "work_folder", "terraform_clone", "iam_apply", "architect", "setup_apply", "codecommit_apply", "cluster_apply",
        "deployer", "eks_trust", "decrypt_trust", "hubploy_installed", "hub_clone", "copied", "configuration_pushed", "image_built",
        "secrets_clone", "staging", "staging_role", "secrets_pushed", "record"]

    undone = site.world("undo", first, "--non-interactive", timeout=600)
    assert undone.code == 0, undone
    assert site.stands() == before and site.server.get("services", "proxy-public", "roman-sit-staging") is None


def test_a_machine_is_made_once_started_again_shut_down_and_undone(site):
    site.kill_at_answer("ci_node", "Action=RunInstances", resume=False)
    site.go(resume=True)
    first = site.world.show()["run"]
    assert site.instances() == [("running", "t3.xlarge", "jdoe")] and len(site.proxy.sent("Action=RunInstances")) == 1
    site.kill_at_answer("shut_down", "Action=StopInstances", resume=False)
    site.go(resume=True)
    assert [state for state, *_ in site.instances()] == ["stopped"] and len(site.proxy.sent("Action=StopInstances")) == 1
    site.go("ci_node")
    assert site.instances() == [("running", "t3.xlarge", "jdoe")] and states(site)["ci_node"] == "satisfied"
    assert site.calls("Action=RunInstances", "Action=StartInstances") == {"Action=RunInstances": 1, "Action=StartInstances": 1}
    assert site.world("undo", first, "--non-interactive", timeout=600).code == 0
    assert [state for state, *_ in site.instances()] == ["terminated"]


def test_a_user_in_nine_other_groups_is_told_before_anything_is_made(site):
    for number in range(9):
        site.aws("iam.CreateGroup", GroupName=f"group-{number}")
        site.aws("iam.AddUserToGroup", GroupName=f"group-{number}", UserName="jdoe")
    with pytest.raises(AssertionError, match="AWS allows ten groups a user"):
        site.go()
    assert states(site)["groups_are_few"] == "failed" and site.world.lines("made") == []


def test_a_name_that_leads_elsewhere_is_not_taken_over(site):
    record = {"Name": HOST, "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "203.0.113.9"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    site.aws("route53.ChangeResourceRecordSets", DNS_PROFILE, HostedZoneId=site.zone, ChangeBatch=batch)
    with pytest.raises(AssertionError, match="The name leads to something else"):
        site.go()
    assert site.calls("ChangeResourceRecordSetsRequest") == {"ChangeResourceRecordSetsRequest": 0}
