package rpm

import (
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The Architectures of source packages. No machine has them, so they answer no
// relation of a binary package.
const (
	sourceArchitecture   = "src"
	noSourceArchitecture = "nosrc" // some of its sources may not be distributed
)

const intel32 = "i686 i586 i486 i386"

// installs says of which other architectures the machines of one install packages,
// better ones first, as libsolv (poolarch.c) and rpm (arch_compat in rpmrc) have it.
var installs = map[string]string{
	"x86_64":       "athlon " + intel32,
	"x86_64_v2":    "x86_64 athlon " + intel32,
	"x86_64_v3":    "x86_64_v2 x86_64 athlon " + intel32,
	"x86_64_v4":    "x86_64_v3 x86_64_v2 x86_64 athlon " + intel32,
	"amd64":        "x86_64 athlon " + intel32,
	"ia32e":        "x86_64 athlon " + intel32,
	"athlon":       intel32,
	"pentium4":     "pentium3 " + intel32,
	"pentium3":     intel32,
	"geode":        "i586 i486 i386",
	"i686":         "i586 i486 i386",
	"i586":         "i486 i386",
	"i486":         "i386",
	"ppc64":        "ppc",
	"ppc64p7":      "ppc64 ppc",
	"ppc64iseries": "ppc64 ppc",
	"ppc64pseries": "ppc64 ppc",
	"s390x":        "s390",
	"armv8hl":      "armv7hl armv6hl",
	"armv7hnl":     "armv7hl armv6hl",
	"armv7hl":      "armv6hl",
	"armv8l":       "armv7l armv6l armv5tejl armv5tel armv5tl armv4tl armv4l armv3l",
	"armv7l":       "armv6l armv5tejl armv5tel armv5tl armv4tl armv4l armv3l",
	"armv6l":       "armv5tejl armv5tel armv5tl armv4tl armv4l armv3l",
	"armv5tejl":    "armv5tel armv5tl armv4tl armv4l armv3l",
	"armv5tel":     "armv5tl armv4tl armv4l armv3l",
	"armv5tl":      "armv4tl armv4l armv3l",
	"armv4tl":      "armv4l armv3l",
	"armv4l":       "armv3l",
	"sparc64v":     "sparc64 sparcv9v sparcv9 sparcv8 sparc",
	"sparc64":      "sparcv9 sparcv8 sparc",
	"sparcv9v":     "sparcv9 sparcv8 sparc",
	"sparcv9":      "sparcv8 sparc",
	"sparcv8":      "sparc",
	"sh4a":         "sh4",
	"mips64":       "mips",
	"mips64el":     "mipsel",
	"mips64r6":     "mipsr6",
	"mips64r6el":   "mipsr6el",
	"alphaev67":    "alphaev6 alphapca56 alphaev56 alphaev5 alpha",
	"alphaev6":     "alphapca56 alphaev56 alphaev5 alpha",
	"alphapca56":   "alphaev56 alphaev5 alpha",
	"alphaev56":    "alphaev5 alpha",
	"alphaev5":     "alpha",
}

// bases has the architectures whose $basearch is another one's name.
var bases = map[string]string{
	"amd64": "x86_64", "ia32e": "x86_64",
	"athlon": "i386", "geode": "i386", "i486": "i386", "i586": "i386", "i686": "i386", "pentium3": "i386", "pentium4": "i386",
	"armv5tejl": "arm", "armv5tel": "arm", "armv5tl": "arm", "armv6l": "arm", "armv7l": "arm", "armv8l": "arm",
	"armv6hl": "armhfp", "armv7hl": "armhfp", "armv7hnl": "armhfp", "armv8hl": "armhfp",
	"ppc64iseries": "ppc64", "ppc64p7": "ppc64", "ppc64pseries": "ppc64",
	"sh4a":    "sh4",
	"sparc64": "sparc", "sparc64v": "sparc", "sparcv8": "sparc", "sparcv9": "sparc", "sparcv9v": "sparc",
	"alphaev4": "alpha", "alphaev45": "alpha", "alphaev5": "alpha", "alphaev56": "alpha", "alphaev6": "alpha",
	"alphaev67": "alpha", "alphaev68": "alpha", "alphaev7": "alpha", "alphapca56": "alpha",
}

// BaseArchitecture returns the value of $basearch on machines of the architecture, as
// dnf has it.
func BaseArchitecture(architecture string) string {
	if base, ok := bases[architecture]; ok {
		return base
	}
	return architecture
}

// wide reports whether the architecture has the colour of 64 bits. Packages of the two
// colours are installed side by side (pool_arch2color of libsolv).
func wide(architecture string) bool {
	return architecture == "s390x" || strings.Contains(architecture, "64")
}

// compatible returns the architecture and those whose packages its machines install
// without being told, the better ones first: those of its own colour.
func compatible(architecture string) []string {
	all := []string{architecture}
	for _, other := range strings.Fields(installs[architecture]) {
		if wide(other) == wide(architecture) {
			all = append(all, other)
		}
	}
	return all
}

// Machines makes each architecture a kind of machine, unless a machine that was named
// before installs its packages too: with x86_64 and i686 there is one kind, with its
// 32-bit packages. The others accepted are those that go with one that was named.
func (Format) Machines(architectures []string) (machines []repo.Machine) {
	named := map[string][]string{} // by native architecture
	for _, a := range architectures {
		if a == "noarch" || a == sourceArchitecture || a == noSourceArchitecture {
			continue
		}
		i := slices.IndexFunc(machines, func(m repo.Machine) bool {
			return m.Native == a || slices.Contains(strings.Fields(installs[m.Native]), a)
		})
		if i < 0 {
			i = len(machines)
			machines = append(machines, repo.Machine{Native: a})
		}
		native := machines[i].Native
		named[native] = append(named[native], compatible(a)...)
	}
	for i, m := range machines {
		for _, other := range strings.Fields(installs[m.Native]) {
			if slices.Contains(named[m.Native], other) {
				machines[i].Accepts = append(machines[i].Accepts, other)
			}
		}
	}
	return machines
}
