package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// TestRPMSourcesOfTheMachine mirrors from what /etc/yum.repos.d says, in a mount
// namespace that has an /etc of the test's own.
func TestRPMSourcesOfTheMachine(t *testing.T) {
	t.Parallel()
	needRoot(t)
	need(t, "rpm")
	if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		absent(t, "no mount namespace can be made: %v: %s", err, out)
	}
	base, better := newRPM(t), newRPM(t)
	base.AddText(someRPMs + "lib 2.0\n")
	better.AddText("lib 1.5\nhidden 9.0\ndoc 9.0\n")
	base.publish()
	better.publish()
	server := repotest.Serve(t, base.dir)
	etc := tempDir(t)
	write(t, filepath.Join(etc, "os-release"), "ID=test\nVERSION_ID=9\nPLATFORM_ID=\"platform:el9\"\n")
	write(t, filepath.Join(etc, "dnf/dnf.conf"), "[main]\ngpgcheck=0\n")
	write(t, filepath.Join(etc, "pki/base.asc"), string(base.Key.Public(t, true)))
	write(t, filepath.Join(etc, "pki/better.asc"), string(better.Key.Public(t, true)))
	write(t, filepath.Join(etc, "yum.repos.d/test.repo"), fmt.Sprintf(`[base]
name=Base
baseurl=%s
repo_gpgcheck=1
gpgkey=file:///etc/pki/base.asc

[better]
name=Better
baseurl=file://%s
repo_gpgcheck=1
gpgkey=file:///etc/pki/better.asc
priority=10
excludepkgs=doc hidden

[off]
name=Off
baseurl=http://127.0.0.1:1/
enabled=0
`, server.URL, better.dir))
	k := newKeeper(t, "")
	to := filepath.Join(k.dir, "to")
	mirrorkeeper := k.command(t.Context(), "sync", "--from-system", "--type", "rpm", "--to", to, "app")
	mirrorkeeper.Path = need(t, "unshare")
	mirrorkeeper.Args = append([]string{"unshare", "--mount", "sh", "-c", `mount --bind "$1" /etc && shift && exec "$@"`, "sh", etc}, mirrorkeeper.Args...)
	if r := finish(t, mirrorkeeper); r.code != done {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if diff := cmp.Diff([]string{"app-1.0-1.x86_64", "data-1.0-1.noarch", "doc-1.0-1.noarch", "lib-1.5-1.x86_64"}, rpmFiles(t, to)); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}
