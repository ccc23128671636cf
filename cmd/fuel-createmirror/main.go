// Program fuel-createmirror makes local mirrors of what Fuel installs, and tells Fuel's
// server of them. It is called fuel-create-mirror, too.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv)) }
