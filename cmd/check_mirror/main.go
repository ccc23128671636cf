// Program check_mirror is a plugin for Nagios, Icinga and what else runs Monitoring
// Plugins: it asks a watcher how a mirror site is, and says so in one line and an exit
// code (monitoring-plugins.org, development guidelines).
package main

import (
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }
