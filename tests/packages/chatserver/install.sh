#!/bin/sh
# Sets up this version: checks the machine, installs what is needed, writes the configuration, starts the server.
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

here=$(pwd)
[ "$(id -u)" = 0 ] || fail "needs root"
[ ! -t 0 ] || fail "is not to be run from a terminal"
[ -r "${IM_SETTINGS:-}" ] || fail "IM_SETTINGS names no readable file"
# shellcheck source=/dev/null
. "$IM_SETTINGS"
command -v apt-get >/dev/null || fail "this version is for Debian and Ubuntu"
[ "$(df --output=avail -k / | tail -1)" -gt 200000 ] || fail "less than 200 MB are free on /"
for file in "$IM_DOMAIN_CERTIFICATE" "$IM_DOMAIN_KEY" "$IM_HOST_CERTIFICATE" "$IM_HOST_KEY" "$IM_CA"; do
    [ -s "$file" ] || fail "$file is missing"
done
python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)' \
    "$IM_DATABASE_HOST" "$IM_DATABASE_PORT" || fail "the database does not answer"

if ! dpkg -s prosody lua-dbi-postgresql >/dev/null 2>&1; then
    # Debian would start it at once, with a configuration that is not ours.
    ln -sf /dev/null /etc/systemd/system/prosody.service
    systemctl daemon-reload
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends prosody lua-dbi-postgresql
    rm /etc/systemd/system/prosody.service
fi

install -d -m 0750 -o root -g prosody /etc/prosody/tls
for name in domain host; do
    install -m 0644 "$(dirname "$IM_DOMAIN_CERTIFICATE")/$name.pem" "/etc/prosody/tls/$name.crt"
    install -m 0640 -g prosody "$(dirname "$IM_DOMAIN_KEY")/$name.key" "/etc/prosody/tls/$name.key"
done
install -m 0644 "$IM_CA" /etc/prosody/tls/ca.crt
install -d -m 0755 /etc/systemd/system/prosody.service.d
cat >/etc/systemd/system/prosody.service.d/database.conf <<EOF
[Service]
Environment=PGSSLMODE=verify-full PGSSLROOTCERT=/etc/prosody/tls/ca.crt
EOF

quoted=""
for address in $IM_LOAD_BALANCERS; do
    quoted="$quoted\"$address\", "
done
umask 027
cat >/etc/prosody/database.cfg.lua <<EOF
sql = {
    driver = "PostgreSQL", host = "$IM_DATABASE_HOST", port = $IM_DATABASE_PORT,
    database = "$IM_DATABASE_NAME", username = "$IM_DATABASE_USER", password = "$IM_DATABASE_PASSWORD"
}
EOF
sed -e "s/@DOMAIN@/$IM_DOMAIN/g; s/@ADDRESS@/$IM_ADDRESS/g; s/@LOAD_BALANCERS@/$quoted/" \
    -e "s/@STARTTLS_PORT@/$IM_STARTTLS_PORT/; s/@DIRECT_TLS_PORT@/$IM_DIRECT_TLS_PORT/; s/@WEB_PORT@/$IM_WEB_PORT/" \
    -e "s/@MAX_UPLOAD_BYTES@/$IM_MAX_UPLOAD_BYTES/" "$here/prosody.cfg.lua" >/etc/prosody/prosody.cfg.lua
chgrp prosody /etc/prosody/database.cfg.lua /etc/prosody/prosody.cfg.lua

systemctl daemon-reload
systemctl enable --quiet prosody
systemctl restart prosody
echo "version $(cat "$here/VERSION") is set up"
