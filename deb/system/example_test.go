package system_test

import (
	"fmt"
	"log"

	"github.com/mirrorkeeper/mirrorkeeper/deb/system"
)

// The root directory may be that of a chroot; "/" is this machine.
func ExampleRead() {
	s, err := system.Read("testdata/modern")
	if err != nil {
		log.Fatal(err)
	}
	for _, source := range s.Sources {
		fmt.Println(source.Name, source.Suites, source.Components, source.Architectures)
	}
	// Output:
	// near.example.net-debian [trixie trixie-updates] [main non-free-firmware] [amd64 arm64]
	// security.example.org-debian-security [trixie-security] [main non-free-firmware] [amd64 arm64]
	// packages.example.com-app-deb [stable] [main] [amd64 arm64]
	// srv-local [./] [] [amd64 arm64]
}
