// Command mirrorkeeper makes, updates and watches mirrors of package repositories.
package main

import "os"

func main() {
	tuneGC(os.LookupEnv)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}
