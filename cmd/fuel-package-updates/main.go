// Program fuel-package-updates mirrors the updates of a release of Fuel, and puts them
// into environments, or prints what is to be put there.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv)) }
