#!/bin/sh
# Stops the server. Accounts and messages stay in the database.
set -eu
systemctl disable --quiet --now prosody
rm -f /etc/prosody/database.cfg.lua /etc/systemd/system/prosody.service.d/database.conf
systemctl daemon-reload
