#!/bin/sh
# A clock that can be set for services of this host alone: `clock own | off SECONDS | system`. libfaketime tells them the
# time. The monotonic clock stays right, as it does when a real clock is set.
set -eu
library=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1
folder=/run/drill-clock
units="patroni ejabberd rabbitmq-server keepalived"
here() { for unit in $units; do [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] || echo "$unit"; done; }
drop_in() { echo "/run/systemd/system/$1.service.d/drill-clock.conf"; }

restart() {
    [ ! -x /usr/local/lib/im/patroni-order ] || /usr/local/lib/im/patroni-order hand-over || :
    systemctl daemon-reload
    # shellcheck disable=SC2046
    systemctl restart $(here)
}

uses_library() {
    grep -q libfaketime "/proc/$(systemctl show -P MainPID "$1")/maps" && return
    echo "$1 does not use libfaketime" >&2
    return 1
}

case $1 in
own)
    apt-get -qq install -y libfaketime >/dev/null
    mkdir -p "$folder"
    echo +0 >"$folder/time"
    # Python sleeps by clock_nanosleep, which libfaketime 0.9.10 gets wrong.
    echo "import select, time; time.sleep = lambda s: select.select([], [], [], s) and None" >"$folder/sitecustomize.py"
    for unit in $(here); do
        mkdir -p "$(dirname "$(drop_in "$unit")")"
        cat >"$(drop_in "$unit")" <<END
[Service]
Environment=LD_PRELOAD=$library FAKETIME_DONT_FAKE_MONOTONIC=1
Environment=FAKETIME_TIMESTAMP_FILE=$folder/time FAKETIME_CACHE_DURATION=1 PYTHONPATH=$folder
END
    done
    restart
    for unit in $(here); do uses_library "$unit"; done
    ;;
off)
    [ -e "$folder/time" ]
    printf '%+d\n' "$2" >"$folder/time"
    ;;
system)
    [ -d "$folder" ] || exit 0
    for unit in $units; do rm -f "$(drop_in "$unit")"; done
    restart
    rm -r "$folder"
    apt-get -qq purge -y libfaketime >/dev/null
    ;;
esac
