package system

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// nothing is an empty environment.
func nothing(string) string { return "" }

// TestRead reads whole machines below testdata; what is read of each stands in
// the file beside it, with ROOT for its directory.
func TestRead(t *testing.T) {
	for _, name := range []string{"modern", "classic"} {
		t.Run(name, func(t *testing.T) {
			root, err := filepath.Abs(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			s, err := read(root, nothing)
			if err != nil {
				t.Fatal(err)
			}
			for i := range s.Sources {
				if diff := cmp.Diff(s.Pins, s.Sources[i].Pins); diff != "" {
					t.Errorf("pins of %s differ from the system's:\n%s", s.Sources[i].Name, diff)
				}
				s.Sources[i].Pins = nil // once is enough to read
			}
			var got bytes.Buffer
			e := json.NewEncoder(&got)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			if err := e.Encode(s); err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(got.String(), root, "ROOT")
			golden := root + ".json"
			if *update {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMachineWithoutApt(t *testing.T) {
	s, err := read(t.TempDir(), nothing)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Sources)+len(s.Pins)+len(s.Credentials)+len(s.Notes) != 0 {
		t.Errorf("read %+v out of nothing", s)
	}
	if s.Architecture != debianArchitecture(runtime.GOARCH) || len(s.Foreign) != 0 || !s.Recommends || s.Suggests || !s.CheckValidUntil {
		t.Errorf("the defaults are %+v", s)
	}
	if diff := cmp.Diff([]string{"en"}, s.Languages); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
}

// TestReadThisMachine compares with what its own tools say, where it is one of
// apt's.
func TestReadThisMachine(t *testing.T) {
	needs(t, "apt-config")
	needs(t, "dpkg")
	s, err := Read("/")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("apt-config", "shell",
		"architecture", "APT::Architecture",
		"recommends", "APT::Install-Recommends/b",
		"suggests", "APT::Install-Suggests/b",
	).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("architecture='%s'\nrecommends='%t'\nsuggests='%t'\n", s.Architecture, s.Recommends, s.Suggests)
	if diff := cmp.Diff(string(out), got); diff != "" {
		t.Errorf("(-apt-config +read):\n%s", diff)
	}
	foreign, err := exec.Command("dpkg", "--print-foreign-architectures").Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(foreign)), append([]string{}, s.Foreign...)); diff != "" {
		t.Errorf("foreign architectures (-dpkg +read):\n%s", diff)
	}
}

func TestArchitectureWithoutConfigurationIsThatOfDpkg(t *testing.T) {
	m := newMachine(t, map[string]string{
		"var/lib/dpkg/status": "Package: dpkg\nStatus: deinstall ok config-files\nArchitecture: amd64\n\n" +
			"Package: dpkg\nStatus: install ok installed\nArchitecture: riscv64\n",
		"var/lib/dpkg/arch": "riscv64\narmhf\n",
	})
	s, err := read(m.dir, nothing)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"riscv64", "armhf"}, append([]string{s.Architecture}, s.Foreign...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLanguages(t *testing.T) {
	for _, tt := range []struct {
		configured  string
		environment string
		want        string
	}{
		{"", "", "en"},
		{"", "LANG=C.UTF-8", "en"},
		{"", "LANG=POSIX", "en"},
		{"", "LANG=de_DE.UTF-8", "de_DE de en"},
		{"", "LANG=de_DE@euro LC_MESSAGES=fr_FR", "fr_FR fr en"},
		{"", "LANG=de_DE LC_ALL=C", "en"},
		{"", "LANG=de LANGUAGE=en:fr:de:it:es:pt", "de fr it es en"},
		{"none", "LANG=de_DE", ""},
		{"environment de en none fr", "LANG=C", "en de fr"},
		{"de_DE", "LANG=C", "de_DE"},
	} {
		environment := map[string]string{}
		for _, assignment := range strings.Fields(tt.environment) {
			name, value, _ := strings.Cut(assignment, "=")
			environment[name] = value
		}
		got := languages(strings.Fields(tt.configured), func(name string) string { return environment[name] })
		if strings.Join(got, " ") != tt.want {
			t.Errorf("Languages %q in %q are %q; expected %q", tt.configured, tt.environment, got, tt.want)
		}
	}
}
