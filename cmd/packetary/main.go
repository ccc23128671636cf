// Command packetary is the command line of packetary, by which mirrors of deb and rpm
// repositories were made, as a part of mirrorkeeper.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv)) }
