package repotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sourceRPM is the package file of a source package, which rpmbuild makes. Its
// requirements are what it is built with.
func (p *Package) sourceRPM(t T) []byte {
	t.Helper()
	wantProgram(t, "rpmbuild")
	dir, err := os.MkdirTemp("", "repotest-")
	if err != nil {
		t.Fatalf("package %s: %v", p.Name, err)
		return nil
	}
	defer os.RemoveAll(dir)
	_, version, release := splitVersion(t, p.Version)
	spec := filepath.Join(dir, p.Name+".spec")
	text := fmt.Sprintf("Name: %s\nVersion: %s\nRelease: %s\nSummary: %s\nLicense: MIT\n%s\n%%description\nIt was made for a test.\n%%files\n",
		p.Name, version, release, p.description(), strings.ReplaceAll(strings.Join(p.Fields, "\n"), "Requires:", "BuildRequires:"))
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatalf("package %s: %v", p.Name, err)
	}
	c := exec.Command("rpmbuild", "-bs", "--quiet", "--nodeps", "--define", "_topdir "+dir, "--define", "_srcrpmdir "+dir,
		"--define", "_buildhost localhost", "--define", "use_source_date_epoch_as_buildtime 1", spec)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", firstDate.Unix()))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("package %s: %v\n%s", p.Name, err, out)
	}
	content, err := os.ReadFile(filepath.Join(dir, p.rpmFile(t)))
	if err != nil {
		t.Fatalf("package %s: %v", p.Name, err)
	}
	return content
}
