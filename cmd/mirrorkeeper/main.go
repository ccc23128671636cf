// Command mirrorkeeper makes, updates and watches mirrors of package repositories.
package main

import (
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // certificates where the machine has none, as in a container without a system
)

func main() {
	tuneGC(os.LookupEnv)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}
