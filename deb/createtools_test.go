package deb

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// output runs a program in a directory and returns its standard output.
func output(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	var complaints strings.Builder
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, complaints.String())
	}
	return string(out)
}

// builtPackage is a package that dpkg-deb builds.
type builtPackage struct {
	control     string            // fields beside those of the least
	name        string            // "NAME VERSION ARCHITECTURE"
	files       map[string]string // content by path
	compression string            // of dpkg-deb -Z, gzip by default
	suffix      string            // ".deb" by default
}

// build builds the package into the directory, and returns the path of its file.
func (p builtPackage) build(t testing.TB, dir string) string {
	t.Helper()
	tool(t, "dpkg-deb")
	root := t.TempDir()
	words := strings.Fields(p.name)
	text := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\n", words[0], words[1], words[2])
	for _, field := range []string{"Maintainer: Test <test@example.org>", "Description: small package " + words[0]} {
		if name, _, _ := strings.Cut(field, ":"); !regexp.MustCompile("(?m)^-?" + name + ":").MatchString(p.control) {
			text += field + "\n"
		}
	}
	for line := range strings.Lines(p.control) {
		if line[0] != '-' { // "-Name:" leaves a field out
			text += line
		}
	}
	files := maps.Clone(p.files)
	if files == nil {
		files = map[string]string{"usr/share/doc/" + words[0] + "/README": words[0]}
	}
	files["DEBIAN/control"] = text
	for _, name := range slices.Sorted(maps.Keys(files)) {
		writeFile(t, filepath.Join(root, name), files[name])
	}
	suffix := p.suffix
	if suffix == "" {
		suffix = ".deb"
	}
	compression := p.compression
	if compression == "" {
		compression = "gzip"
	}
	_, version, found := strings.Cut(words[1], ":")
	if !found {
		version = words[1]
	}
	file := filepath.Join(dir, words[0]+"_"+version+"_"+words[2]+suffix)
	output(t, root, "dpkg-deb", "--root-owner-group", "-Z"+compression, "--build", ".", file)
	return file
}

func writeFile(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// machine is an empty machine with apt, which knows its own sources alone.
type machine struct {
	t   *testing.T
	dir string
}

// newMachine makes a machine of amd64 with lines of sources.list(5).
func newMachine(t *testing.T, sources ...string) *machine {
	t.Helper()
	tool(t, "apt-get")
	m := &machine{t: t, dir: t.TempDir()}
	for _, name := range []string{
		"etc/apt/sources.list.d/.keep", "etc/apt/apt.conf.d/.keep", "etc/apt/preferences.d/.keep", "etc/apt/trusted.gpg.d/.keep",
		"var/lib/apt/lists/partial/.keep", "var/cache/apt/archives/partial/.keep", "var/lib/dpkg/status",
	} {
		writeFile(t, filepath.Join(m.dir, name), "")
	}
	writeFile(t, filepath.Join(m.dir, "apt.conf"), fmt.Sprintf("Dir %q;\nDir::State::status \"%[1]s/var/lib/dpkg/status\";\n"+
		"APT::Architecture \"amd64\";\nAPT::Architectures { \"amd64\"; };\nAPT::Sandbox::User \"root\";\nAPT::Update::Error-Mode \"any\";\n", m.dir))
	writeFile(t, filepath.Join(m.dir, "etc/apt/sources.list"), strings.Join(sources, "\n")+"\n")
	return m
}

// run runs one of apt's programs and returns all that it says.
func (m *machine) run(name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir = m.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + m.dir, "APT_CONFIG=" + filepath.Join(m.dir, "apt.conf")}
	out, err := c.CombinedOutput()
	return string(out), err
}

var aptComplaint = regexp.MustCompile(`(?m)^[WEN]: `)

// update wants apt-get update to succeed without a word of complaint.
func (m *machine) update() {
	m.t.Helper()
	if out, err := m.run("apt-get", "update"); err != nil || aptComplaint.MatchString(out) {
		m.t.Fatalf("apt-get update: %v\n%s", err, out)
	}
}

// installs wants the packages to be installable, and returns the command's output.
func (m *machine) installs(names ...string) string {
	m.t.Helper()
	out, err := m.run("apt-get", append([]string{"install", "-s"}, names...)...)
	if err != nil {
		m.t.Fatalf("apt-get install -s %s: %v\n%s", strings.Join(names, " "), err, out)
	}
	return out
}
