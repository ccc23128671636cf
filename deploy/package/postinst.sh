#!/bin/sh
# After unpacking, of the deb: $1 is "configure", $2 the version that was there before.
set -e
if [ "$1" = configure ]; then
	systemd-sysusers mirrorkeeper.conf
	systemd-tmpfiles --create mirrorkeeper.conf || true
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			deb-systemd-invoke try-restart mirrorkeeper-watch.service >/dev/null || true
		fi
	fi
fi
