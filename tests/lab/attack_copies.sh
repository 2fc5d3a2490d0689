#!/bin/sh
# Tries to delete and to overwrite every kind of file offsite, with what this host has, its own and around the path.
# Prints a line for each try: the status of HTTP, the method, the path.
own=$(hostname)
url=$(python3 -c 'import json; print(json.load(open("/etc/im-restic/restic.json"))["places"]["offsite"].removeprefix("rest:"))')
server=${url%"$own/"}
request() {
    python3 - "$server" "$@" <<'PYTHON'
import http.client, ssl, sys, urllib.parse
server, method, path, body = sys.argv[1:5]
place = urllib.parse.urlsplit(server)
context = ssl.create_default_context(cafile="/etc/im-restic/ca.pem")
context.load_cert_chain("/etc/im-restic/client.pem")
connection = http.client.HTTPSConnection(place.hostname, place.port, context=context, timeout=20)
connection.request(method, path, body or None, {"Accept": "application/vnd.x.restic.rest.v2"})
answer = connection.getresponse()
text = answer.read().decode(errors="replace")
print(text if method == "GET" else f"{answer.status} {method} {path}")
PYTHON
}
names() {
    request GET "/$own/$1/" "" | python3 -c 'import json, sys; print("\n".join(each["name"] for each in json.load(sys.stdin)))'
}
for kind in data index keys snapshots; do
    name=$(names $kind | head -n 1)
    for path in "$kind/$name" "locks/../$kind/$name" "locks/%2e%2e/$kind/$name" "$kind/locks/../$name" "$kind/$name/" "$kind/"; do
        request DELETE "/$own/$path" ""
    done
    request POST "/$own/$kind/$name" rubbish
    request PUT "/$own/$kind/$name" rubbish
done
for path in "/$own/config" "/$own/" "/$own" / /far1/; do
    request DELETE "$path" ""
done
request POST "/$own/config" rubbish
request MOVE "/$own/config" ""
