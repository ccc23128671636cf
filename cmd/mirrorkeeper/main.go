// Command mirrorkeeper makes, updates and watches mirrors of package repositories.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}
