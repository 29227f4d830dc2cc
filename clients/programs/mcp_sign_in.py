"""The official MCP client of Python, unchanged, at the address that it is given: it registers, prints where a person says
yes, takes the answer on loopback, and calls one tool that reads and one that deletes. Prints what came of each, as JSON."""

import asyncio
import json
import sys
import urllib.parse

import httpx2
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nDone"


class Kept:
    """What it was given, as long as the program runs."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main(address: str) -> None:
    answered: asyncio.Future[dict[str, list[str]]] = asyncio.get_running_loop().create_future()

    async def arrive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).decode().split(" ")[1]
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        if "state" in query and not answered.done():
            answered.set_result(query)
        writer.write(PAGE)
        await writer.drain()
        writer.close()

    loopback = await asyncio.start_server(arrive, "127.0.0.1", 0)
    callback = f"http://127.0.0.1:{loopback.sockets[0].getsockname()[1]}/callback"

    async def redirect(url: str) -> None:
        print(f"open {url}", file=sys.stderr, flush=True)

    async def answer() -> AuthorizationCodeResult:
        query = await answered
        first = {name: values[0] for name, values in query.items()}
        return AuthorizationCodeResult(code=first.get("code", ""), state=first.get("state"), iss=first.get("iss"))

    kept = Kept()
    metadata = OAuthClientMetadata(
        client_name="Notebook",
        redirect_uris=[callback],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
    )
    auth = OAuthClientProvider(address, metadata, kept, redirect, answer)
    told = {}
    async with httpx2.AsyncClient(auth=auth, timeout=60) as http:
        async with streamable_http_client(address, http_client=http) as streams:
            async with ClientSession(*streams[:2]) as session:
                await session.initialize()
                told["tools"] = len((await session.list_tools()).tools)
                for tool, arguments in (("search_nodes", {"query": "site"}), ("delete_entities", {"entityNames": []})):
                    try:
                        await session.call_tool(tool, arguments)
                        told[tool] = "ok"
                    except Exception as error:  # whatever the client makes of a refusal
                        told[tool] = f"refused: {error}"
    told["scope"] = kept.tokens.scope
    print(json.dumps(told))


asyncio.run(main(sys.argv[1]))
