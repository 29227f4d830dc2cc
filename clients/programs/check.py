"""Answers lines of questions with the Python client, and guards two applications with it: see `languages.ts`."""

import asyncio
import json
import sys
import threading
from dataclasses import asdict
from wsgiref.simple_server import WSGIRequestHandler, make_server

import latchkey


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"Hello {environ['latchkey.token'].login}\n".encode()]


async def hello_asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"Hello {scope['latchkey.token'].login}\n".encode()})


def guarded_by_asgi(client, method, uri, headers):
    """One request to an ASGI application, as a server would make it."""
    path, _, query = uri.partition("?")
    sent = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("192.0.2.7", 1),
    }

    async def send(message):
        sent.append(message)

    asyncio.run(latchkey.RequireTokenAsgi(hello_asgi, client)(scope, None, send))
    return {"status": sent[0]["status"], "body": sent[1]["body"].decode()}


url, secret = sys.argv[1], sys.stdin.readline().strip()
client = latchkey.Client(url, secret, timeout=float(sys.argv[2]))
assert secret not in repr(client)
server = make_server("127.0.0.1", 0, latchkey.RequireToken(hello, client), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"port": server.server_port}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if "asgi" in asked:
        print(json.dumps(guarded_by_asgi(client, *asked["asgi"])), flush=True)
        continue
    verdicts = client.check(asked["token"], asked["needs"], asked.get("address"), "a test")
    print(json.dumps([asdict(verdict) for verdict in verdicts]), flush=True)
