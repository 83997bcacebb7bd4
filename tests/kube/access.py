"""Who may come in, and what is forbidden on demand."""

from . import status


class Access:
    def __init__(self, cluster, tokens, anonymous=None):
        self.cluster, self.anonymous = cluster, anonymous       # kubectl sends no token without TLS
        cluster.tokens = dict(tokens)        # token -> user
        self.rules = []                      # (verb, resource, namespace); None matches everything

    def user(self, headers):
        if self.anonymous and "Authorization" not in headers:
            return self.anonymous
        kind, _, token = headers.get("Authorization", "").partition(" ")
        user = self.cluster.tokens.get(token) if kind == "Bearer" else None     # looked up once: a test may revoke it any time
        if user is None:
            raise status.unauthorized()
        return user

    def forbid(self, verb=None, resource=None, namespace=None):
        self.rules.append((verb, resource, namespace))

    def allow(self):
        """All again."""
        self.rules.clear()

    def refusal(self, verb, resource, namespace):
        return any((a in (None, verb)) and (b in (None, resource)) and (c in (None, namespace)) for a, b, c in self.rules)

    def check(self, request, verb):
        resource = request.resource
        name = resource.name + (f"/{request.subresource}" if request.subresource else "")
        if self.refusal(verb, name, request.namespace):
            where = f' in the namespace "{request.namespace}"' if request.namespace else " at the cluster scope"
            why = f'User "{request.user}" cannot {verb} resource "{name}" in API group "{resource.group}"{where}'
            raise status.forbidden(resource, request.name, why)
