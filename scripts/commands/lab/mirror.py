"""The hosts' package mirror: a caching proxy of this machine's own, reachable from inside labs only.

nginx, outside, listens on a unix socket; socat joins port 80 of a lab's bridge to it. A lab has no other way out.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from commands.lab.apt import Sources
from commands.lab.errors import LabError
from commands.lab.places import Places, Shared
from commands.lab.processes import Background, only_one, wait_until

SOCKET = "socket"  # relative to the mirror's folder: the path of a socket is limited to 108 characters

CONFIG = """\
daemon off;
user root;  # the checkout may be where only root can read
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path temporary/body;
    proxy_temp_path temporary/proxy;
    fastcgi_temp_path temporary/fastcgi;
    uwsgi_temp_path temporary/uwsgi;
    scgi_temp_path temporary/scgi;
    proxy_cache_path cache levels=1:2 keys_zone=packages:8m max_size=8g inactive=60d use_temp_path=off;
    proxy_cache packages;
    proxy_cache_lock on;
    proxy_cache_key $uri;
    proxy_cache_use_stale error timeout updating http_502 http_503 http_504;
    proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_ssl_server_name on;
    proxy_max_temp_file_size 0;
    server {{
        listen unix:{socket};
{locations}    }}
}}
"""
LOCATION = """\
        location {path} {{
            proxy_pass {url};
            proxy_set_header Host {host};
            proxy_cache_valid 200 {valid};
        }}
"""


def nginx_config(urls: Mapping[str, str]) -> str:
    """Package files never change and stay; indices are asked for again after a minute."""
    locations = ""
    for archive, url in urls.items():
        host = urlsplit(url).netloc
        locations += LOCATION.format(path=f"/{archive}/pool/", url=f"{url}/pool/", host=host, valid="60d")
        locations += LOCATION.format(path=f"/{archive}/", url=f"{url}/", host=host, valid="1m")
    return CONFIG.format(socket=SOCKET, locations=locations)


def _server(shared: Shared) -> Background:
    return Background(shared.mirror, "nginx")


def ensure_server(shared: Shared, sources: Sources) -> None:
    """Leaves a running nginx alone unless its configuration is another one now."""
    with only_one(shared.lock("mirror")):
        server, config, text = _server(shared), shared.mirror / "nginx.conf", nginx_config(sources.urls)
        if server.find() and config.read_text() == text:
            return
        server.stop()
        (shared.mirror / "temporary").mkdir(parents=True, exist_ok=True)
        (shared.mirror / SOCKET).unlink(missing_ok=True)
        config.write_text(text)
        server.start(["nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr"], cwd=shared.mirror)
        if not wait_until((shared.mirror / SOCKET).is_socket, seconds=10):
            raise LabError(f"mirror: nginx did not start; {server.last_words()}")


def stop_unused_server(shared: Shared) -> None:
    with only_one(shared.lock("mirror")):
        if not shared.in_use:
            _server(shared).stop()


def ensure_relays(places: Places, addresses: tuple[str, ...]) -> None:
    """One socat per bridge address, inside the lab's namespace."""
    for address in addresses:
        relay = Background(places.processes, f"mirror-{address}")
        if not relay.find():
            listen = f"TCP4-LISTEN:80,bind={address},fork,reuseaddr"
            enter = ["nsenter", f"--net={places.namespace_file}"]
            relay.start([*enter, "socat", listen, f"UNIX-CONNECT:{SOCKET}"], cwd=places.shared.mirror)


def stop_relays(places: Places) -> None:
    for record in places.processes.glob("mirror-*.json"):
        Background(places.processes, record.stem).stop()


def host_urls(sources: Sources, address: str) -> dict[str, str]:
    """What the archives are called in a host's apt sources."""
    return {archive: f"http://{address}/{archive}" for archive in sources.urls}
