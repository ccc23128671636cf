#!/bin/sh
# After the files have gone, of the rpm: $1 is 0 where no other version took their place.
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || :
	[ "$1" = 0 ] || systemctl try-restart mirrorkeeper-watch.service || :
fi
