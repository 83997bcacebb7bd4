"""The AWS CLI as the judge. Its start costs half a second a call, so that one process loads it once and forks for each call: what then
runs is the CLI's own driver, with nothing left of the call before.

This file is both ends: the module that tests import, and, run by the interpreter that has the CLI, the process."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def interpreter(script):
    """The Python that runs the CLI's script, or None: a bundle has none."""
    first = Path(script).read_bytes().split(b"\n", 1)[0].decode(errors="replace")
    if "python" in first:
        return first.removeprefix("#!").strip()
    if shutil.which("pyenv"):
        real = subprocess.run(["pyenv", "which", "aws"], capture_output=True, text=True).stdout.strip()
        return interpreter(real) if real and real != script else None
    return None


class Cli:
    """`service`, `operation` and further words as the CLI has them."""

    def __init__(self, python, folder, env):
        config = folder / "cli-config"
        config.write_text("[default]\ncli_timestamp_format = iso8601\ncli_pager =\noutput = json\n")
        self.process = subprocess.Popen([python, __file__], env={**os.environ, **env, "AWS_CONFIG_FILE": str(config), "AWS_PAGER": "",
                                                                 "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1"},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *words):
        """Exit code, standard output, standard error."""
        print(json.dumps(words), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def serve():
    import awscli.clidriver
    driver = awscli.clidriver.create_clidriver()
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(driver, json.loads(line), out, err)
            _, status = os.waitpid(child, 0)
            print(json.dumps([os.waitstatus_to_exitcode(status), *(text_of(file) for file in (out, err))]), flush=True)


def run(driver, words, out, err):
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    code = driver.main(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def text_of(file):
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__":
    serve()
