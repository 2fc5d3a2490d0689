#!/bin/sh
# managed by Pulumi; edit components/templates/postgresql/postgresql-existing.sh
# Data that was there before us: `state FOLDER` says whose it is, `take FOLDER` leaves it to Patroni, where and as it
# is, `release FOLDER` makes it fit for Debian's own server again, should the change be put back.
set -eu
folder=$2
cluster=$(basename "$(dirname "$folder")")-$(basename "$folder")
unit=postgresql@$cluster.service

# Clusters that Debian's tools manage, but for the one that is to be served.
others() {
    for configuration in /etc/postgresql/*/*/postgresql.conf; do
        name=${configuration#/etc/postgresql/}
        name=${name%/postgresql.conf}
        [ ! -e "$configuration" ] || [ "/var/lib/postgresql/$name" = "$folder" ] || echo "/var/lib/postgresql/$name"
    done
}

state() {
    if [ -n "$(others)" ]; then
        echo "beside another cluster: $(others | tr '\n' ' ')"
    elif systemctl is-active --quiet "$unit"; then
        echo "served by $unit"
    elif [ -e "$folder/PG_VERSION" ] && [ ! -e "$folder/postgresql.conf" ]; then
        echo "configured elsewhere"
    else
        echo "Patroni's"
    fi
}

take() {
    if [ -n "$(others)" ]; then
        echo "PostgreSQL has data already, in $(others | tr '\n' ' '): name the folder as" \
            "im:postgresql.data_directory to serve it, or remove that cluster with pg_dropcluster" >&2
        exit 1
    fi
    systemctl stop "$unit"
    [ -e "$folder/PG_VERSION" ] && [ ! -e "$folder/postgresql.conf" ] || return 0
    # Patroni asks its own server as this role, before any step can make it. An error says that there is one.
    echo "CREATE ROLE replicator LOGIN REPLICATION" |
        runuser -u postgres -- /usr/lib/postgresql/15/bin/postgres --single -D "$folder" \
            -c "config_file=/etc/postgresql/${folder#/var/lib/postgresql/}/postgresql.conf" postgres >/dev/null
    # Patroni wants a file to set aside; Debian keeps its own in /etc.
    install -m 0600 -o postgres -g postgres /dev/null "$folder/postgresql.conf"
}

case ${1:-} in
state) state ;;
take) take ;;
release) rm -f "$folder/standby.signal" ;;
*)
    echo "usage: $0 state|take|release FOLDER" >&2
    exit 2
    ;;
esac
