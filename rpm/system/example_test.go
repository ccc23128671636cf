package system_test

import (
	"fmt"
	"log"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/system"
)

// The root directory may be that of a chroot; "/" is this machine.
func ExampleRead() {
	s, err := system.Read("testdata/fedora")
	if err != nil {
		log.Fatal(err)
	}
	for _, source := range s.Sources {
		fmt.Println(source.Name, *source.Priority, source.Exclude)
	}
	// Output:
	// third-party 589 [kernel-debug* *-debuginfo third-old]
	// example 500 [kernel-debug*]
	// local 500 [kernel-debug*]
}
