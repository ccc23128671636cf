package system

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// machineArchitecture is this machine's architecture as rpm calls it. That of a
// chroot is the same, as its programs run on this machine.
func machineArchitecture() (string, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return rpmArchitecture(unix.ByteSliceToString(name.Machine[:])), nil
}

// rpmArchitecture is rpm's name of the architecture that uname(2) tells of.
func rpmArchitecture(machine string) string {
	switch machine {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "armv6l", "armv7l", "armv8l":
		// Distributions of today use the floating point unit of these.
		return strings.TrimSuffix(machine, "l") + "hl"
	}
	return machine
}

// narrow has, for architectures of 64 bits, the one of 32 bits whose packages the
// machine can have beside its own.
var narrow = map[string]string{"x86_64": "i686", "ppc64": "ppc", "s390x": "s390", "sparc64": "sparcv9"}
