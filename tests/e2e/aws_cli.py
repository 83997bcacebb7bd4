"""The real `aws` command, started once: a Python that has read it and the services' models, and that forks for each call."""

import json
import os
import subprocess
import sys
from pathlib import Path


def interpreter(command):
    """The Python that a script is started with. What pyenv puts in PATH is a script of the shell; pyenv says what it stands for."""
    def head(path):
        return Path(path).read_text().split("\n", 1)[0]

    if "python" not in head(command):
        command = subprocess.run(["pyenv", "which", Path(command).name], capture_output=True, text=True, check=True).stdout.strip()
    words = head(command).removeprefix("#!").split()
    return words[1:] if words[0].endswith("/env") else words


class Said:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class AwsCli:
    """Calls are made side by side: `begin` says which, each a list of words and an environment, and `end` gives for each what came of it.
    The second word may be the operation's name as the models have it."""

    def __init__(self, command, env, services=()):
        self.server = subprocess.Popen([*interpreter(command), __file__, *services], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       env={**env, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true", "TZ": "UTC", "PYTHONUTF8": "1"})

    def begin(self, *calls):
        self.server.stdin.write(json.dumps(calls) + "\n")
        self.server.stdin.flush()

    def end(self):
        line = self.server.stdout.readline()
        assert line, "the aws command's Python ended"
        return [Said(*each) for each in json.loads(line)]

    def stop(self):
        self.server.stdin.close()
        self.server.wait()
        self.server.stdout.close()


def serve(services):
    import gc
    import tempfile
    import traceback

    import awscli.clidriver
    import botocore

    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    with open(os.devnull, "r+") as nowhere:
        for stream in (0, 1):
            os.dup2(nowhere.fileno(), stream)
    driver = awscli.clidriver.create_clidriver()
    for service in services:
        driver.session.get_service_model(service)
        driver.session.create_client(service)      # imports what a call needs
    gc.freeze()
    gc.disable()

    def run(words, env, out, err):
        """In a child."""
        code = 255
        try:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.environ.update(env)
            code = driver.main([words[0], botocore.xform_name(words[1], "-"), *words[2:]])
        except SystemExit as end:
            code = end.code
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)

    for line in requests:
        running = []
        for words, env in json.loads(line):
            out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
            running.append((os.fork() or run(words, env, out, err), out, err))
        said = []
        for child, *streams in running:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            for stream in streams:
                stream.seek(0)
            said.append([code, *[stream.read().decode(errors="replace") for stream in streams]])
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1:])
