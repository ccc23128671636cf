package rpm

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestMachines(t *testing.T) {
	x86 := repo.Machine{Native: "x86_64"}
	tests := []struct {
		architectures string
		want          []repo.Machine
	}{
		{"", nil},
		{"noarch src", nil},
		{"x86_64", []repo.Machine{x86}},
		{"x86_64 noarch src x86_64", []repo.Machine{x86}},
		{"x86_64 i686", []repo.Machine{{Native: "x86_64", Accepts: []string{"i686", "i586", "i486", "i386"}}}},
		{"x86_64 athlon", []repo.Machine{{Native: "x86_64", Accepts: []string{"athlon", "i686", "i586", "i486", "i386"}}}},
		{"x86_64 i386", []repo.Machine{{Native: "x86_64", Accepts: []string{"i386"}}}},
		{"i686", []repo.Machine{{Native: "i686", Accepts: []string{"i586", "i486", "i386"}}}},
		{"i686 x86_64", []repo.Machine{{Native: "i686", Accepts: []string{"i586", "i486", "i386"}}, x86}},
		{"x86_64 aarch64 i586", []repo.Machine{{Native: "x86_64", Accepts: []string{"i586", "i486", "i386"}}, {Native: "aarch64"}}},
		{"x86_64_v3", []repo.Machine{{Native: "x86_64_v3", Accepts: []string{"x86_64_v2", "x86_64"}}}},
		{"x86_64 x86_64_v2", []repo.Machine{x86, {Native: "x86_64_v2", Accepts: []string{"x86_64"}}}},
		{"ppc64le s390x riscv64", []repo.Machine{{Native: "ppc64le"}, {Native: "s390x"}, {Native: "riscv64"}}},
		{"s390x s390", []repo.Machine{{Native: "s390x", Accepts: []string{"s390"}}}},
		{"armv7hl", []repo.Machine{{Native: "armv7hl", Accepts: []string{"armv6hl"}}}},
	}
	for _, test := range tests {
		if d := cmp.Diff(test.want, Format{}.Machines(strings.Fields(test.architectures))); d != "" {
			t.Errorf("%q: %s", test.architectures, d)
		}
	}
}

func TestCompatible(t *testing.T) {
	for architecture, want := range map[string]string{
		"x86_64": "x86_64", "i686": "i686 i586 i486 i386", "x86_64_v2": "x86_64_v2 x86_64", "aarch64": "aarch64", "ppc64p7": "ppc64p7 ppc64",
	} {
		if got := strings.Join(compatible(architecture), " "); got != want {
			t.Errorf("with %s go %s, expected %s", architecture, got, want)
		}
	}
}

// What a machine installs, the machines do that install the machine's own packages.
func TestInstallsIsTransitive(t *testing.T) {
	for a, list := range installs {
		all := strings.Fields(list)
		for i, b := range all {
			if slices.Contains(all[:i], b) || b == a {
				t.Errorf("%s installs %s twice", a, b)
			}
			for _, c := range strings.Fields(installs[b]) {
				if !slices.Contains(all[i+1:], c) {
					t.Errorf("%s installs %s, which installs %s: %v", a, b, c, all)
				}
			}
		}
	}
}

func TestBaseArchitecture(t *testing.T) {
	for architecture, want := range map[string]string{
		"x86_64": "x86_64", "i686": "i386", "armv7hl": "armhfp", "aarch64": "aarch64", "x86_64_v2": "x86_64_v2", "ppc64p7": "ppc64",
	} {
		if got := BaseArchitecture(architecture); got != want {
			t.Errorf("$basearch of %s is %s, expected %s", architecture, got, want)
		}
	}
}
