"""The tests' own Kubernetes API server: `from kube.server import KubeServer`; README.md says how a test uses it."""
