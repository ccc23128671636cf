package rpm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// payloads are the forms in which rpmbuild writes payloads.
var payloads = []string{"w.ufdio", "w2.gzdio", "w2.bzdio", "w2.xzdio", "w2.lzdio", "w2.zstdio"}

// latin1 is a spec file of Latin-1, as there were many once, of a package whose source
// must not be passed on.
const latin1 = "Name: latin\nVersion: 1\nRelease: 1\nSummary: caf\xe9 \xa9 d\xe9j\xe0\nLicense: MIT\nVendor: M\xfcller\nBuildArch: noarch\n" +
	"Source0: secret.tar\nNoSource: 0\nProvides: na\xefve = 1\n%description\ncaf\xe9\n%files\n" +
	"%changelog\n* Mon Jan 01 2024 M\xfcller <m@example.org> - 1-1\n- gr\xfc\xdfe\n"

// builtByRpmbuild is a directory of packages of every kind that the real rpmbuild makes: of all
// relations, files, texts and payloads, for machines and of sources.
func builtByRpmbuild(t *testing.T) string {
	t.Helper()
	tool(t, "rpmbuild")
	dir := t.TempDir()
	for name, content := range map[string]string{"latin.spec": latin1, "secret.tar": "", "kinds.tar": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files := 300
	if os.Getenv("PROVE") == "1" {
		files = 10_000
	}
	rpmbuild(t, dir, "-ba", "testdata/specs/kinds.spec", fmt.Sprint("many ", files))
	rpmbuild(t, dir, "-ba", filepath.Join(dir, "latin.spec"))
	for i, form := range payloads {
		rpmbuild(t, dir, "-bb", "testdata/specs/payload.spec", fmt.Sprint("number ", i), "_binary_payload "+form)
	}
	return dir
}

func rpmbuild(t *testing.T, dir, what, spec string, defines ...string) {
	t.Helper()
	arguments := []string{what, "--quiet"}
	for _, define := range append(defines, "_topdir "+dir, "_sourcedir "+dir, "_invalid_encoding_terminates_build 0", "_build_id_links none", "debug_package %{nil}", "__os_install_post %{nil}") {
		arguments = append(arguments, "--define", define)
	}
	command := exec.Command("rpmbuild", append(arguments, spec)...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("rpmbuild %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}
