"""Asks a Latchkey server whether a personal access token may do something. One file to copy; Python 3.10, no packages.

    from latchkey import Client

    client = Client("https://git.example.org", os.environ["LATCHKEY_SECRET"])
    verdict = client.verify(token, {"permissions": {"contents": "read"}, "repository": "acme/site"})
    if not verdict.allowed:
        print(verdict.status, verdict.message, verdict.remedy)

The secret is what `latchkey admin server add NAME` prints. A need is one of the questions of the check endpoint
(docs/forward-auth.md): permissions on something, or the method, path and host of a request that the route map knows.
`RequireToken` guards a WSGI application (Flask, Django), `RequireTokenAsgi` an ASGI one (Starlette, FastAPI).

Nothing is kept: every question is asked, so a revocation holds on the very next one. Whoever can't be asked has said
no; `verify` raises nothing. A server that has stopped answering is waited for twice, then asked by one question at a
time. A client may be shared by threads.
"""

import asyncio
import base64
import binascii
import http.client
import json
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Sequence
from urllib.parse import quote, urlsplit

__all__ = ["Client", "RequireToken", "RequireTokenAsgi", "Token", "Verdict", "token_in"]

DEFAULT_TIMEOUT_SEC = 5.0
MAX_ANSWER_BYTES = 1024 * 1024
# This many questions in a row without an answer in time: then further ones fail at once, but for one in each pause.
MAX_TIMEOUTS = 2
FIRST_PAUSE_SEC = 1.0
LONGEST_PAUSE_SEC = 10.0

Need = Mapping[str, Any]


@dataclass(frozen=True)
class Token:
    """Whose token it is. `expires_at` in unix seconds; None = no end."""

    id: int
    kind: str
    login: str
    user_id: int
    expires_at: Optional[int]


@dataclass(frozen=True)
class Verdict:
    """`status`: 200, 401 (the credential is dead), 403 (it may not do this) or 503 (the server could not be asked)."""

    allowed: bool
    status: int
    token: Optional[Token] = None
    reason: str = ""
    """A stable code: `permission_missing`."""
    message: str = ""
    """The cause in a sentence, for a person."""
    remedy: Optional[str] = None
    """The person's next step, with an address."""
    missing: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    missing_scopes: Sequence[str] = field(default_factory=tuple)


class Client:
    """Asks one server. `timeout`: seconds that one call may take in all."""

    def __init__(self, url: str, secret: str, timeout: float = DEFAULT_TIMEOUT_SEC) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + "/api/latchkey/check"
        self._secret, self._timeout = secret, timeout
        self._circuit = _Circuit()

    def __repr__(self) -> str:
        return f"<latchkey.Client of {self._host}>"

    def verify(
        self, token: str, need: Need, address: Optional[str] = None, purpose: Optional[str] = None
    ) -> Verdict:
        """May this token do this? Give the caller's `address`: tokens that are bound to some work only with it."""
        return self.check(token, [need], address, purpose)[0]

    def check(
        self, token: str, needs: Sequence[Need], address: Optional[str] = None, purpose: Optional[str] = None
    ) -> "list[Verdict]":
        """Up to 100 questions about one token in one call, answered in order."""
        asked = list(needs)
        if not self._circuit.admits():
            return [_unreachable("it has not answered in time lately") for _ in asked]
        try:
            body = {"token": token, "checks": asked}
            body.update({k: v for k, v in (("address", address), ("purpose", purpose)) if v is not None})
            status, text = self._post(json.dumps(body).encode())
            self._circuit.answered()
            if status != 200:
                words = f"it answered {status}: {_WORDS.get(status, 'it could not answer')}"
                return [_unreachable(words) for _ in asked]
            return _verdicts(json.loads(text), len(asked))
        except TimeoutError:
            self._circuit.timed_out()
            return [_unreachable("it did not answer in time") for _ in asked]
        except Exception as error:  # whatever went wrong, nobody said yes
            return [_unreachable(type(error).__name__) for _ in asked]

    def _post(self, body: bytes) -> "tuple[int, bytes]":
        connection: http.client.HTTPConnection
        if self._tls is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        else:
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        # A socket's time-out starts again with every byte, so a slow answer is cut off from outside.
        late = threading.Event()
        timer = threading.Timer(self._timeout, lambda: (late.set(), _cut(connection)))
        timer.daemon = True
        timer.start()
        try:
            headers = {"Authorization": f"Bearer {self._secret}", "Content-Type": "application/json"}
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            text = answer.read(MAX_ANSWER_BYTES + 1)
            if late.is_set() or len(text) > MAX_ANSWER_BYTES:
                raise TimeoutError if late.is_set() else ValueError("the answer is too long")
            return answer.status, text
        except Exception as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    try:
        if connection.sock is not None:
            connection.sock.shutdown(2)
    except OSError:
        pass


class _Circuit:
    """Keeps a server that has stopped answering from holding up every request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timeouts, self._pause, self._ask_again_at = 0, FIRST_PAUSE_SEC, 0.0

    def admits(self) -> bool:
        with self._lock:
            if self._timeouts < MAX_TIMEOUTS:
                return True
            now = time.monotonic()
            if now < self._ask_again_at:
                return False
            self._ask_again_at = now + self._pause
            return True

    def answered(self) -> None:
        with self._lock:
            self._timeouts, self._pause = 0, FIRST_PAUSE_SEC

    def timed_out(self) -> None:
        with self._lock:
            self._timeouts += 1
            if self._timeouts > MAX_TIMEOUTS:
                self._pause = min(self._pause * 2, LONGEST_PAUSE_SEC)
            if self._timeouts >= MAX_TIMEOUTS:
                self._ask_again_at = time.monotonic() + self._pause


_WORDS = {401: "the secret of this service is not known there", 400: "it could not read the question"}


def _verdicts(answer: Any, count: int) -> "list[Verdict]":
    token = None if answer["token"] is None else Token(*(answer["token"][name] for name in _FIELDS))
    results = answer["checks"]
    if len(results) != count:
        raise ValueError("it answered something else")
    return [_verdict(result, token) for result in results]


_FIELDS = ("id", "kind", "login", "user_id", "expires_at")


def _verdict(result: Mapping[str, Any], token: Optional[Token]) -> Verdict:
    if result["allowed"] is True:
        return _unreachable("it allowed something to nobody") if token is None else Verdict(True, 200, token)
    way_out = result["way_out"] or {}
    steps = [way_out.get(name) for name in ("text", "url", "command")]
    return Verdict(
        allowed=False,
        status=int(result["status"]),
        token=token,
        reason=result["reason"],
        message=" ".join([result["message"], *result["also"]]),
        remedy=" ".join(step for step in steps if step) or None,
        missing=tuple(result["missing"]),
        missing_scopes=tuple(result["missing_scopes"]),
    )


def _unreachable(why: str) -> Verdict:
    message = f"Whether this is allowed could not be asked: {why}."
    return Verdict(False, 503, reason="authority_unreachable", message=message)


def token_in(authorization: Sequence[str]) -> Optional[str]:
    """The token of a request: `Bearer`, GitHub's `token`, or the password of Basic. None unless there is just one."""
    if len(authorization) != 1:
        return None
    match = re.fullmatch(r"(\w+) +(\S+)", authorization[0].strip(), re.ASCII)
    if match is None:
        return None
    scheme, value = match[1].lower(), match[2]
    if scheme in ("bearer", "token"):
        return value
    if scheme != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _answer(verdict: Verdict) -> "tuple[int, list[tuple[str, str]], bytes]":
    """A refusal as an HTTP answer, with a challenge as RFC 6750 has it."""
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Vary", "Authorization"),
        ("X-Latchkey-Reason", verdict.reason),
    ]
    if verdict.status != 503:
        scope = " ".join(f"{one['permission']}:{one['level']}" for one in verdict.missing)
        error = ""
        if verdict.status == 401 and verdict.reason != "credentials_missing":
            error = ', error="invalid_token"'
        elif scope:
            error = f', error="insufficient_scope", scope="{scope}"'
        headers.append(("WWW-Authenticate", f'Bearer realm="Latchkey"{error}'))
    body = "\n".join(line for line in (verdict.message, verdict.remedy) if line) + "\n"
    return verdict.status, headers, body.encode()


_NO_TOKEN = Verdict(
    False, 401, reason="credentials_missing", message="This needs a personal access token, as Bearer."
)
_STATUS_WORDS = {401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}


class RequireToken:
    """WSGI middleware. `need(environ)` says what a request needs; left out, the server's route map does.

    The application finds the token in `environ["latchkey.token"]`.
    """

    def __init__(self, app: Callable[..., Any], client: Client, need: Optional[Callable[[dict], Need]] = None) -> None:
        self._app, self._client, self._need = app, client, need

    def __call__(self, environ: dict, start_response: Callable[..., Any]) -> Any:
        authorization = environ.get("HTTP_AUTHORIZATION")
        token = token_in([] if authorization is None else [authorization])
        verdict = _NO_TOKEN
        if token is not None:
            path = quote(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), _PLAIN, encoding="latin-1")
            raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
            asked = _request_need(
                environ["REQUEST_METHOD"],
                raw or _with_query(path, environ.get("QUERY_STRING", "")),
                environ.get("HTTP_HOST", ""),
                environ.get("HTTP_DESTINATION"),
            )
            need = asked if self._need is None else self._need(environ)
            purpose = f"{environ['REQUEST_METHOD']} {path}"[:200]
            verdict = self._client.verify(token, need, environ.get("REMOTE_ADDR"), purpose)
        if verdict.allowed:
            environ["latchkey.token"] = verdict.token
            return self._app(environ, start_response)
        status, headers, body = _answer(verdict)
        start_response(f"{status} {_STATUS_WORDS[status]}", headers)
        return [body]


class RequireTokenAsgi:
    """ASGI middleware, for requests over HTTP; anything else but the lifespan is refused.

    The application finds the token in `scope["latchkey.token"]`.
    """

    def __init__(self, app: Callable[..., Any], client: Client, need: Optional[Callable[[dict], Need]] = None) -> None:
        self._app, self._client, self._need = app, client, need

    async def __call__(self, scope: dict, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            raise RuntimeError(f"no token guards a connection of the type {scope['type']}")
        verdict = await asyncio.get_running_loop().run_in_executor(None, self._verify, scope)
        if verdict.allowed:
            return await self._app({**scope, "latchkey.token": verdict.token}, receive, send)
        status, headers, body = _answer(verdict)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    def _verify(self, scope: dict) -> Verdict:
        def every(name: bytes) -> "list[str]":
            return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]

        token = token_in(every(b"authorization"))
        if token is None:
            return _NO_TOKEN
        raw = scope.get("raw_path")
        path = quote(scope["path"], _PLAIN) if raw is None else raw.decode("latin-1").partition("?")[0]
        uri = _with_query(path, scope.get("query_string", b"").decode("latin-1"))
        destinations = every(b"destination")
        destination = ", ".join(destinations) if destinations else None
        asked = _request_need(scope["method"], uri, (every(b"host") or [""])[0], destination)
        need = asked if self._need is None else self._need(scope)
        caller = scope.get("client")
        purpose = f"{scope['method']} {path}"[:200]
        return self._client.verify(token, need, None if caller is None else caller[0], purpose)


# What a path may hold without percent-encoding (RFC 3986 section 3.3).
_PLAIN = "/-._~!$&'()*+,;=:@"


def _with_query(path: str, query: str) -> str:
    return path if query == "" else f"{path}?{query}"


def _request_need(method: str, uri: str, host: str, destination: Optional[str]) -> Need:
    need = {"method": method, "path": uri, "host": host}
    return need if destination is None else {**need, "destination": destination}
