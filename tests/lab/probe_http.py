"""What the web ports say: `probe_http.py ADDRESS DOMAIN CA_FILE METHOD PATH…`. Runs inside the lab."""

import http.client
import json
import socket
import ssl
import sys

SECONDS = 20
Answer = tuple[int, str]


def answer(address: str, domain: str, context: ssl.SSLContext | None, method: str, path: str) -> Answer:
    """The status, and where a redirect points to. With a context over TLS."""
    connection = http.client.HTTPConnection(domain)
    connection.sock = socket.create_connection((address, 443 if context else 80), SECONDS)
    if context:
        connection.sock = context.wrap_socket(connection.sock, server_hostname=domain)
    connection.request(method, path, headers={"Content-Length": "0"})
    response = connection.getresponse()
    connection.close()
    return response.status, response.headers.get("Location", "")


def main(address: str, domain: str, ca_file: str, method: str, *paths: str) -> dict[str, dict[str, Answer]]:
    """By port and path."""
    context = ssl.create_default_context(cafile=ca_file)
    ways = {"80": None, "443": context}
    return {port: {path: answer(address, domain, way, method, path) for path in paths} for port, way in ways.items()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
