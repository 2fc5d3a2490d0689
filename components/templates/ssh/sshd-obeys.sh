#!/bin/sh
# managed by Pulumi; edit components/templates/ssh/sshd-obeys.sh
# sshd-obeys FILE: whether sshd does what FILE says, or else what it does. A file that is read earlier wins over it.
set -eu
names=$(sed -n '/^Match/q; s/^\([A-Za-z]*\) .*/\1/p' "$1" | sort -u | paste -s -d '|')

settings() {
    sshd -T "$@" | grep -iE "^($names) " | sort
}

declared=$(settings -f "$1")
found=$(settings)
if [ "$found" = "$declared" ]; then
    echo "as declared"
else
    printf '%s\n' "$declared" | grep -vxF -e "$found" | sed 's/^/declared: /'
    printf '%s\n' "$found" | grep -vxF -e "$declared" | sed 's/^/found: /'
fi
