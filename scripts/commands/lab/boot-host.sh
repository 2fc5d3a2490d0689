#!/bin/sh
# Runs one lab host until it is switched off: `boot-host.sh BASE FOLDER CGROUP NAMESPACE MACHINE NAME BRIDGE`.
# Its mounts live in a mount namespace of its own, so nothing stale is left when it is killed.
set -eu
base=$1 folder=$2 cgroup=$3 namespace=$4 machine=$5 name=$6 bridge=$7
if [ "${ONPREM_LAB_UNSHARED:-}" != yes ]; then
    mkdir -p "$cgroup"
    echo $$ >"$cgroup/cgroup.procs"
    ONPREM_LAB_UNSHARED=yes exec nsenter --net="$namespace" unshare --mount --propagation=slave "$0" "$@"
fi
# volatile: this host's fsync costs nothing; its data outlives its own death, not that of the machine under it.
(cd "$folder/work" && rm -rf work/incompat)
mount -t overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work,volatile" "lab-$name" "$folder/root"
again=133 # systemd-nspawn's exit code for a reboot under --keep-unit
code=$again
while [ "$code" = "$again" ]; do
    code=0
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit --settings=no \
        --link-journal=no --resolv-conf=off --timezone=off --directory="$folder/root" --machine="$machine" \
        --hostname="$name" --network-bridge="$bridge" --boot </dev/null || code=$?
done
exit "$code"
