package main

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// notifier tells systemd how the program is (sd_notify(3)). Without systemd it says
// nothing.
type notifier struct {
	socket   string
	watchdog time.Duration
}

func newNotifier(env func(string) (string, bool)) *notifier {
	n := &notifier{}
	n.socket, _ = env("NOTIFY_SOCKET")
	if text, set := env("WATCHDOG_USEC"); set {
		if usec, err := strconv.ParseInt(text, 10, 64); err == nil && usec > 0 {
			n.watchdog = time.Duration(usec) * time.Microsecond
		}
	}
	return n
}

// say sends a state. That nobody listens is no concern of ours.
func (n *notifier) say(state string) {
	if n.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(state))
}

// reloading is the state of reading the configuration again.
func (n *notifier) reloading() string {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000)
}

// interval is how often the watchdog is to be told that all is well.
func (n *notifier) interval() time.Duration {
	if n.watchdog > 0 {
		return n.watchdog / 3
	}
	return time.Minute
}
