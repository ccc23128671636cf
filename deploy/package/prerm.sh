#!/bin/sh
# Before the files go, of the deb.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop mirrorkeeper-watch.service 'mirrorkeeper-sync@*' >/dev/null || true
fi
