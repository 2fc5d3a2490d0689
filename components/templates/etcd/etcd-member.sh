#!/bin/sh
# managed by Pulumi; edit components/templates/etcd/etcd-member.sh
# The membership of this host in the etcd cluster:
# state | check | join | promote | healthy | leave | abandon | strangers | forget
set -eu
configuration=${ETCD_CONFIGURATION:-/etc/default/etcd}
# shellcheck source=/dev/null
. "$configuration"
data=$ETCD_DATA_DIR/member
first_start=$(dirname "$ETCD_DATA_DIR")/first-start
peer_url=$ETCD_INITIAL_ADVERTISE_PEER_URLS

fail() {
    echo "$ETCD_NAME: $1" >&2
    exit 1
}

etcdctl_at() {
    endpoints=$1
    shift
    ETCDCTL_API=3 etcdctl --endpoints="$endpoints" --command-timeout=5s \
        --cacert="$ETCD_TRUSTED_CA_FILE" --cert="$ETCD_CERT_FILE" --key="$ETCD_KEY_FILE" "$@"
}

# Lines of the others' member list: ID, status, name, peer URLs, client URLs, learner
others_list() {
    [ -n "$OTHER_MEMBERS" ] || return 1
    list=$(etcdctl_at "$OTHER_MEMBERS" member list 2>/dev/null) || return 1
    echo "$list" | tr -d ' '
}

# A field of this host in such a list. The name is empty before the first start, so the peer URL identifies it.
own_field() {
    awk -F, -v url="$peer_url" -v field="$1" '$4 == url { print $field }'
}

state() {
    if [ -n "$(find "$data/wal" -name '*.wal' 2>/dev/null | head -n 1)" ] || [ -e "$first_start" ]; then
        echo member
    else
        echo "no data of a member"
    fi
}

# Data and first-start file are written before etcd runs, and belong to its user.
write_first_start() {
    install -d -o etcd -g etcd -m 0700 "$ETCD_DATA_DIR"
    printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=%s\n' "$1" "$2" >"$first_start.new"
    chown etcd:etcd "$first_start.new"
    mv "$first_start.new" "$first_start"
}

# Refused means: the host is up and no etcd runs there. Any other silence may hide a cluster.
refuses_connections() {
    python3 -I - "$1" <<'END'
import socket, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
try:
    socket.create_connection((url.hostname, url.port), timeout=3).close()
except ConnectionRefusedError:
    sys.exit(0)
except OSError:
    pass
sys.exit(1)
END
}

found() {
    [ "$FOUNDS" = yes ] || fail "no other member answers, and only the first host may found the cluster; start $OTHER_MEMBERS"
    for url in $(echo "$OTHER_MEMBERS" | tr ',' ' '); do
        refuses_connections "$url" || fail "$url is not reachable, it may have a cluster already; founding one is refused"
    done
    write_first_start "$ETCD_NAME=$peer_url" new
}

# etcd refuses to add a member for some seconds after another one started.
add_as_learner() {
    for _ in $(seq 30); do
        if etcdctl_at "$OTHER_MEMBERS" member add "$ETCD_NAME" --learner --peer-urls="$peer_url" >/dev/null 2>&1; then
            return
        fi
        sleep 1
    done
    etcdctl_at "$OTHER_MEMBERS" member add "$ETCD_NAME" --learner --peer-urls="$peer_url" >/dev/null
}

# A question that a majority has to answer; an election takes a moment.
has_majority() {
    for _ in 1 2 3; do
        etcdctl_at "$1" get majority >/dev/null 2>&1 && return
        sleep 1
    done
    return 1
}

join() {
    list=$(others_list) || { found; return; }
    has_majority "$OTHER_MEMBERS" ||
        fail "the cluster has lost its majority; start its members, or see what is said of lost hosts in docs/backups.md"
    if [ "$(echo "$list" | own_field 2)" = started ]; then
        etcdctl_at "$OTHER_MEMBERS" member remove "$(echo "$list" | own_field 1)" >/dev/null
        list=
    fi
    rm -rf "$data"
    [ "$(echo "$list" | own_field 2)" = unstarted ] || add_as_learner
    list=$(others_list)
    members=$(echo "$list" | awk -F, -v url="$peer_url" -v own="$ETCD_NAME" '{ print ($4 == url ? own : $3) "=" $4 }')
    write_first_start "$(echo "$members" | paste -s -d ,)" existing
}

# A learner has no vote; it gets one as soon as it has caught up.
promote() {
    [ -e "$first_start" ] || return 0
    if grep -q existing "$first_start"; then
        for _ in $(seq 60); do
            list=$(others_list) || list=
            [ "$(echo "$list" | own_field 6)" = false ] && break
            etcdctl_at "$OTHER_MEMBERS" member promote "$(echo "$list" | own_field 1)" >/dev/null 2>&1 || sleep 1
        done
        [ "$(others_list | own_field 6)" = false ] || fail "still without a vote after 60 s"
    fi
    rm -f "$first_start"
}

# The last member has nobody to leave. What is left behind is kept aside: with it in place a member could never join again.
leave() {
    list=$(etcdctl_at "$ETCD_ADVERTISE_CLIENT_URLS" member list 2>/dev/null) || list=
    [ "$(echo "$list" | wc -l)" -gt 1 ] || list=$(others_list) || return 0
    id=$(echo "$list" | tr -d ' ' | own_field 1)
    [ -z "$id" ] || etcdctl_at "$OTHER_MEMBERS" member remove "$id" >/dev/null
    put_aside
}

put_aside() {
    systemctl stop etcd.service
    [ ! -e "$data" ] || mv "$data" "$ETCD_DATA_DIR/left-$(date +%Y%m%d%H%M%S)"
}

# After a disaster: what is left of a cluster that can decide nothing any more stands in the way of a new one.
abandon() {
    ! has_majority "$ETCD_ADVERTISE_CLIENT_URLS" ||
        fail "the cluster has its majority; a member leaves it when the stack file says so"
    put_aside
}

# IDs and names of members that nobody declares and that do not answer. One that answers leaves by itself.
gone() {
    client_port=${ETCD_ADVERTISE_CLIENT_URLS##*:}
    declared=",$peer_url,$(echo "$OTHER_MEMBERS" | sed "s/:$client_port/:${peer_url##*:}/g"),"
    list=$(etcdctl_at "$ETCD_ADVERTISE_CLIENT_URLS" member list) || fail "etcd does not tell its members"
    echo "$list" | tr -d ' ' | while IFS=, read -r id _ name peer client _; do
        case $declared in *",$peer,"*) continue ;; esac
        [ -n "$client" ] && etcdctl_at "$client" endpoint health >/dev/null 2>&1 || echo "$id ${name:-$peer}"
    done
}

strangers() {
    found=$(gone)
    [ -n "$found" ] || found=". none"
    echo "$found" | cut -d ' ' -f 2 | paste -s -d ' '
}

forget() {
    found=$(gone)
    for id in $(echo "$found" | cut -d ' ' -f 1); do
        etcdctl_at "$ETCD_ADVERTISE_CLIENT_URLS" member remove "$id" >/dev/null
    done
}

case ${1:-} in
state) state ;;
check) [ "$(state)" = member ] || fail "has no data of a member; run pulumi up --refresh, and it joins the others again" ;;
join) join ;;
promote) promote ;;
healthy) etcdctl_at "$ETCD_ADVERTISE_CLIENT_URLS" endpoint health ;;
leave) leave ;;
abandon) abandon ;;
strangers) strangers ;;
forget) forget ;;
*) fail "usage: $0 state|check|join|promote|healthy|leave|abandon|strangers|forget" ;;
esac
