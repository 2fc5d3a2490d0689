#!/bin/sh
# A small file system for PostgreSQL alone, in memory: `disk small | full | room | gone`. What it holds when the host
# dies is gone with it, and Patroni copies it from the primary.
set -eu
place=/var/lib/postgresql/15
room_megabytes=128

start() {
    systemctl start patroni
    timeout 180 sh -c 'until /usr/local/lib/im/patroni-order healthy; do sleep 1; done' 2>/dev/null
}

case $1 in
small)
    /usr/local/lib/im/patroni-order hand-over
    systemctl stop patroni
    size=$(($(du -sm "$place" | cut -f 1) + room_megabytes))
    mv "$place" "$place.kept"
    mkdir "$place"
    mount -t tmpfs -o "size=${size}m" small "$place"
    cp -a "$place.kept/." "$place/"
    start
    ;;
full)
    mountpoint -q "$place"
    dd if=/dev/zero of="$place/filler" bs=4k 2>/dev/null || :
    ;;
room)
    rm -f "$place/filler"
    ;;
gone)
    rm -f "$place/filler"
    [ -d "$place.kept" ] || exit 0
    /usr/local/lib/im/patroni-order hand-over || :
    systemctl stop patroni
    if mountpoint -q "$place"; then
        rm -rf "$place.kept"
        cp -a "$place" "$place.kept"
        umount "$place"
    fi
    rmdir "$place"
    mv "$place.kept" "$place"
    start
    ;;
esac
