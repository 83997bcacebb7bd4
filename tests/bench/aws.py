"""Costs of AWS calls, against a server on loopback that answers at once. Usage: aws.py RUNBOOK

Prints a table of what was measured beside its bound; exits with 1 when a bound is missed. It needs the aws command, in PATH or in build/moto."""

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS = 1000
ANSWERS = {
    b"GetCallerIdentity": b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                          b"<Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>"
                          b"</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    b"DescribeRegions": b'<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><regionInfo><item>'
                        b"<regionName>us-east-2</regionName><regionEndpoint>ec2.us-east-2.amazonaws.com</regionEndpoint></item></regionInfo>"
                        b"</DescribeRegionsResponse>",
    b"DescribeVpcs": b'<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><vpcSet/></DescribeVpcsResponse>',
}
HELD = b"DescribeVpcs"      # its answer comes late, so that the process that waits for it can be looked at
missed = []


def report(what, value, bound, unit="", word="at most"):
    is_kept = value <= bound if word == "at most" else value >= bound
    if not is_kept:
        missed.append(what)
    print(f"{what:<66} {value:>9.3f}{unit}  {word} {bound}{unit}  {'ok' if is_kept else 'MISSED'}", flush=True)


class Answering(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        if not end:
            return
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0)
        if len(body) < length:
            return
        self.data = body[length:]
        action = body[:length].partition(b"Action=")[2].partition(b"&")[0]
        asyncio.get_running_loop().call_later(0.5 if action == HELD else 0, self.answer, ANSWERS[action])

    def answer(self, body):
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def serve():
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def aws_command():
    """What starts the aws command without pyenv's script in front of it, which takes time of its own."""
    own = ROOT / "build" / "moto" / "bin" / "aws"
    found = str(own) if own.exists() else shutil.which("aws")
    if not found:
        sys.exit("the aws command is not here; `./dev test` installs it by pip")
    if "python" not in Path(found).read_text().split("\n", 1)[0]:
        found = subprocess.run(["pyenv", "which", "aws"], capture_output=True, text=True, check=True).stdout.strip()
    return found


def seconds(words, env):
    begin = time.monotonic()
    subprocess.run(words, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def cold(runbook, aws, env):
    def sts():
        return seconds([runbook, "aws", "sts.GetCallerIdentity"], env)

    def ec2():
        return seconds([runbook, "aws", "ec2.DescribeRegions"], env)

    sts(), ec2(), seconds([aws, "sts", "get-caller-identity"], env)      # the caches of both are there
    rounds = [(statistics.median(sts() for _ in range(5)), seconds([aws, "sts", "get-caller-identity"], env)) for _ in range(9)]
    ours, theirs = (statistics.median(column) for column in zip(*rounds))
    print(f"    sts.GetCallerIdentity, a whole process: {ours * 1000:.1f} ms, the aws command {theirs * 1000:.1f} ms")
    report("the aws command, in units of ours", statistics.median(b / a for a, b in rounds), 40, word="at least")
    pairs = [(sts(), ec2()) for _ in range(21)]
    report("an operation of EC2 beyond one of STS", statistics.median((b - a) * 1000 for a, b in pairs), 25, " ms")


def plain_client(port):
    """The server's time for one call: by a client that does nothing else."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    request = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.monotonic()
        for _ in range(CALLS):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"</GetCallerIdentityResponse>"):
                answer += connection.recv(65536)
        return time.monotonic() - begin


def many(runbook, env, folder, port):
    """All in one run, which keeps its connection: as looks, and as steps, which commit twice. The journal is in memory: a look that asks somebody
    is committed, one at nothing is not, and what the disk takes for that (`steps.py` measures it) is not the call's."""
    def run(step):
        path = Path(folder) / "many.yaml"
        path.write_text("runbook: many\nsteps:\n" + "".join(f"  - {{id: s{i}, title: Step {i}, {step}}}\n" for i in range(CALLS)))
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            return seconds([runbook, "run", str(path), "--non-interactive"], {**env, "RUNBOOK_JOURNAL": f"{memory}/j.db"})

    look, nothing = """assert: {aws: sts.GetCallerIdentity, that: "Account == '123456789012'"}""", """assert: {that: "'a' == 'a'"}"""
    step, process = "aws: sts.GetCallerIdentity", 'exec: ["true"]'
    rounds = [(plain_client(port), run(look), run(nothing), run(step), run(process)) for _ in range(5)]
    for each in rounds:
        print("    1,000 calls: the server's part {:.3f} s, as looks {:.3f} s (looks at nothing {:.3f} s), as steps {:.3f} s "
              "(steps of `true` {:.3f} s)".format(*each))
    server, looks, nothings, steps, processes = (statistics.median(column) * 1000 / CALLS for column in zip(*rounds))
    print(f"    the run's own costs included: a look {looks - server:.3f} ms, a step {steps - server:.3f} ms; a step of `true` {processes:.3f} ms")
    report("a look in a run, beyond the server's time and a look at nothing", looks - nothings - server, 1.3, " ms")
    report("a step that calls, beyond the server's time, its own costs included", steps - server, 1.3, " ms")


def peak(words, env):
    process = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    highest = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        highest = max([highest, *[int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]])
        time.sleep(0.01)
    assert process.returncode == 0
    return highest / 1024


def memory(runbook, env, folder):
    without_cache = {**env, "HOME": tempfile.mkdtemp(dir=folder), "XDG_CACHE_HOME": tempfile.mkdtemp(dir=folder)}
    words = [runbook, "aws", "ec2.DescribeVpcs"]
    report("the peak of memory with EC2's model, read for the first time", peak(words, without_cache), 60, " MB")
    report("the peak of memory with EC2's model, from the cache", peak(words, without_cache), 60, " MB")


def main(runbook):
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_TMP")) as folder:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
        env |= {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE12", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-2", "HOME": folder,
                "AWS_DEFAULT_REGION": "us-east-2", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}
        try:
            cold(runbook, aws_command(), env)
            memory(runbook, env, folder)
            many(runbook, env, folder, port)
        finally:
            server.kill()
            server.wait()
    print(f"{len(missed)} bounds missed" if missed else "every bound is kept")
    sys.exit(1 if missed else 0)


if sys.argv[1] == "--serve":
    asyncio.run(serve())
else:
    main(sys.argv[1])
