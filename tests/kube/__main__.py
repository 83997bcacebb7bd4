"""`python3 -m kube KUBECONFIG` in tests/: a server to try things on by hand, until Ctrl-C."""

import signal
import sys

from .server import KubeServer

with KubeServer() as server:
    print(f"export KUBECONFIG={server.kubeconfig(sys.argv[1])}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
