package e2e_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo runs the demonstration as on a machine without any apt source.
func TestDemo(t *testing.T) {
	t.Parallel()
	need(t, "apt-get")
	dir := tempDir(t)
	write(t, filepath.Join(dir, "etc/apt/sources.list"), "")
	write(t, filepath.Join(dir, "status"), "")
	write(t, filepath.Join(dir, "apt.conf"), `Dir "`+dir+`"; Dir::State::status "`+dir+`/status";`)
	goCache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache := strings.Fields(string(goCache))
	c := exec.CommandContext(t.Context(), "../scripts/demo.sh", filepath.Join(dir, "demo"))
	c.Env = environment(dir, "MIRRORKEEPER="+binary, "APT_CONFIG="+filepath.Join(dir, "apt.conf"), "GOCACHE="+cache[0], "GOMODCACHE="+cache[1])
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"sample", "Inst hello", "Inst nginx-light", "all right", "signed-by=" + filepath.Join(dir, "demo/mirror/key.gpg")} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the demonstration says nothing of %q:\n%s", want, out)
		}
	}
}
