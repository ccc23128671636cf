#!/bin/sh
# After unpacking, of the rpm. Nothing that fails here keeps the package from working.
systemd-sysusers mirrorkeeper.conf || :
systemd-tmpfiles --create mirrorkeeper.conf || :
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
