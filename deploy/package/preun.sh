#!/bin/sh
# Before the files go, of the rpm: $1 is 0 where no other version takes their place.
if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
	systemctl --quiet disable --now mirrorkeeper-watch.service || :
	systemctl --quiet stop 'mirrorkeeper-sync@*' || :
	rm -f /etc/systemd/system/*.wants/mirrorkeeper-sync@*.timer
fi
