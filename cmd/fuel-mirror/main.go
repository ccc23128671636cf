// Program fuel-mirror makes local mirrors of groups of repositories, and has Fuel use
// them, as two steps.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv)) }
