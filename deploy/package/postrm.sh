#!/bin/sh
# After the files have gone, of the deb. A purge takes what the watch has kept; mirrors,
# repositories and the user that owns them stay.
set -e
if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
	rm -f /etc/systemd/system/*.wants/mirrorkeeper-watch.service /etc/systemd/system/*.wants/mirrorkeeper-sync@*.timer
	# A signing key that was made there is in clients' hands: nobody can make it again.
	if [ -d /var/lib/mirrorkeeper ] && keys=$(find /var/lib/mirrorkeeper -name release-key.asc) && [ -z "$keys" ]; then
		rm -rf /var/lib/mirrorkeeper
	elif [ -d /var/lib/mirrorkeeper ]; then
		echo "mirrorkeeper: /var/lib/mirrorkeeper stays, since a signing key is in it" >&2
	fi
fi
