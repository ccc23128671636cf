package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/nailguntest"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// fuelNode is a master node of Fuel: what it mirrors, the server that it tells, and the
// web server that machines are installed from.
type fuelNode struct {
	t        *testing.T
	dir      string
	upstream *fuelUpstream
	served   string
	origin   *repotest.Server
	server   *nailguntest.Server
	web      *nginx
}

const fuelConfiguration = `
common:
  connection_count: 4
  ignore_error_count: 0
  retries_num: 3
  http_proxy: "http://%[1]s"
  fuel_url: %[2]s
  destination: www
  base_url: %[3]s
versions: {centos_version: "7", ubuntu_version: base}
sources:
  - {name: mos, osname: %[4]s, type: %[5]s, baseurl: "%[6]s/mos", path: mos, keys: mos.asc, requirements: [system-standard], repositories: [%[7]s]}
  - {name: extra, osname: %[4]s, type: %[5]s, baseurl: "%[6]s/extra", path: extra, keys: extra.asc, priority: %[10]s, repositories: [%[8]s]}
  - {name: %[4]s, osname: %[4]s, type: %[5]s, master: [mos, extra], baseurl: "%[6]s/base", path: base, keys: base.asc, repositories: [%[9]s]}
`

func newFuelNode(t *testing.T, format string, size int) *fuelNode {
	t.Helper()
	n := &fuelNode{t: t, dir: tempDir(t), served: t.TempDir(), upstream: newFuelUpstream(t, format, size), server: nailguntest.New(t)}
	n.upstream.publish(n.served)
	n.origin = repotest.Serve(t, n.served)
	system, kind, priority, directories := "ubuntu", "deb", "1200", []string{"mos main, mos-updates main", "extra main, extra-updates main", "\"{ubuntu_version} main\", base-updates main"}
	if format == "rpm" {
		system, kind, priority, directories = "centos", "yum", "10", []string{"os, updates", "os, updates", "os, updates"}
	}
	if err := os.Mkdir(filepath.Join(n.dir, "www"), 0o755); err != nil {
		t.Fatal(err)
	}
	n.web = serveNginx(t, filepath.Join(n.dir, "www"))
	config := fmt.Sprintf(fuelConfiguration, serveSquid(t, "", ""), n.server.URL, n.web.URL, system, kind, throughProxyOnly(n.origin.URL),
		directories[0], directories[1], directories[2], priority)
	write(t, filepath.Join(n.dir, "config.yaml"), strings.Replace(config, "destination: www", "destination: "+filepath.Join(n.dir, "www"), 1))
	for archive, key := range n.upstream.keys {
		key.WriteFile(t, filepath.Join(n.dir, archive+".asc"))
	}
	n.server.AddCluster(1, "ubuntu", 1, "operational")
	n.server.AddCluster(2, "centos", 2, "new")
	return n
}

// clone runs the program, which has the password in its environment alone.
func (n *fuelNode) clone(code int, args ...string) string {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	args = append([]string{"clone", "--config", filepath.Join(n.dir, "config.yaml"), "--fuel-user", n.server.User, "--replace"}, args...)
	c := exec.CommandContext(ctx, filepath.Join(filepath.Dir(binary), "fuel-createmirror"), args...)
	c.Dir, c.Env = n.dir, environment(n.dir, "FUEL_PASSWORD="+n.server.Password)
	out, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != code {
		n.t.Fatalf("fuel-createmirror %s: %v, expected the exit code %d\n%s", strings.Join(args, " "), err, code, out)
	}
	return string(out)
}

// faults has the network fail here and there, once each.
func (n *fuelNode) faults() {
	for paths, fault := range map[string]repotest.Fault{
		`/(InRelease|repomd\.xml)$`:   repotest.Cut(),
		`/(Packages\.|.*primary)`:     repotest.Cut(),
		`/mos/.*nova-api.*(deb|rpm)$`: repotest.Unavailable("0"),
		`lib001.*(deb|rpm)$`:          repotest.Corrupt(),
		`lib002.*(deb|rpm)$`:          repotest.Unavailable("0"),
		`lib005.*(deb|rpm)$`:          repotest.NoRanges(),
		`kernel-image.*(deb|rpm)$`:    repotest.HTML(),
		`agent.*(deb|rpm)$`:           repotest.Cut(),
		`mariadb-server.*(deb|rpm)$`:  repotest.Corrupt(),
	} {
		n.origin.Strike(paths, repotest.Times(1, fault))
	}
}

// installs wants real clients, who know nothing but what the server holds for an
// environment, to install each role on a machine of its own. It returns the names of
// all that is installed anywhere.
func (n *fuelNode) installs(cluster int, roles []string, install func(t *testing.T, repositories []nailguntest.Object, role string) []string) map[string]bool {
	n.t.Helper()
	repositories := n.server.Repositories(cluster)
	for _, r := range repositories {
		if !strings.HasPrefix(r["uri"].(string), n.web.URL+"/") {
			n.t.Errorf("environment %d still has %v", cluster, r)
		}
	}
	all := map[string]bool{}
	for _, role := range roles {
		installed := install(n.t, repositories, role)
		if !slices.Contains(installed, role) {
			n.t.Errorf("%s is not installed", role)
		}
		for _, name := range installed {
			all[name] = true
		}
	}
	return all
}

// aptInstalls installs a role with apt and dpkg. As on machines that Fuel installs, the
// priorities of the server's entries are those of apt.
func (n *fuelNode) aptInstalls(t *testing.T, repositories []nailguntest.Object, role string) []string {
	t.Helper()
	var keyring []byte
	for _, archive := range []string{"mos", "extra"} {
		keyring = append(keyring, n.upstream.keys[archive].Public(t, false)...)
	}
	own, err := os.ReadFile(filepath.Join(n.dir, "www/base/key.gpg"))
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(tempDir(t), "fuel.gpg")
	write(t, key, string(append(keyring, own...)))
	var lines []string
	var pins bytes.Buffer
	for _, r := range repositories {
		lines = append(lines, debLine(key, r["uri"].(string), r["suite"].(string), r["section"].(string)))
		if p := r["priority"]; p != nil {
			fmt.Fprintf(&pins, "Package: *\nPin: release n=%s\nPin-Priority: %v\n\n", r["suite"], p)
		}
	}
	a := newApt(t, lines...)
	write(t, filepath.Join(a.dir, "etc/apt/preferences.d/fuel"), pins.String())
	a.update()
	return a.install(role)
}

func (n *fuelNode) dnfInstalls(t *testing.T, repositories []nailguntest.Object, role string) []string {
	t.Helper()
	var sections []string
	for _, r := range repositories {
		sections = append(sections, fmt.Sprintf("[%[1]s]\nname=%[1]s\nbaseurl=%[2]s\nenabled=1\n", r["name"], r["uri"]))
	}
	return newDnf(t, sections...).install(role)
}

// An operator behind a proxy and a bad network mirrors what environments need, and
// machines of every role are installed from the mirror alone: from a new one, and from the
// same one after upstream moved on.
func TestFuelInstallsFromThePartialMirror(t *testing.T) {
	size, roles, again := 16, []string{"role-controller", "bootstrap-image"}, []string{"role-compute"}
	if proving() {
		size, roles, again = 400, fuelRoles, fuelRoles
	}
	for _, format := range []string{"deb", "rpm"} {
		t.Run(format, func(t *testing.T) {
			n := newFuelNode(t, format, size)
			cluster, install := 1, n.aptInstalls
			if format == "rpm" {
				cluster, install = 2, n.dnfInstalls
			}
			n.origin.Strike("/", repotest.Unavailable("0"))
			if out := n.clone(failed, "--partial"); !strings.Contains(out, "nothing was changed on the Fuel server") {
				t.Errorf("the run does not say that the server was left alone:\n%s", out)
			}
			if w := n.server.Writes(); len(w) > 0 {
				t.Fatalf("mirroring failed, and the server was told: %v", w)
			}
			n.origin.Heal()
			n.faults()
			n.clone(done, "--partial")
			all := n.installs(cluster, roles, install)
			n.enough(all, "a new mirror")
			for name := range all {
				if strings.HasPrefix(name, "unneeded") {
					t.Errorf("%s is installed", name)
				}
			}
			n.without("unneeded001", "base-other000")

			n.upstream.add("base-updates", "base-lib005 2.0 amd64\n Depends: base-newer, base-lib011, base-lib012\nbase-newer 1.0 amd64\n")
			n.upstream.add("mos-updates", "role-compute 9.1 all\n Depends: role-agent, nova-compute, libvirt (>= 1.2), unneeded003\n")
			n.upstream.publish(n.served)
			n.faults()
			n.clone(done, "--partial")
			all = n.installs(cluster, again, install)
			for _, name := range []string{"base-newer", "unneeded003"} {
				if !all[name] {
					t.Errorf("after the update %s is not installed", name)
				}
			}
			n.enough(all, "the updated mirror")
			n.without("unneeded001")
		})
	}
}

// enough wants so many packages to be installed that it proves something.
func (n *fuelNode) enough(all map[string]bool, from string) {
	n.t.Helper()
	n.t.Logf("%d packages are installed from %s", len(all), from)
	if proving() && len(all) < 300 {
		n.t.Errorf("that is no proof (expected 300)")
	}
}

// without wants the mirror of the base not to hold packages that nobody needs.
func (n *fuelNode) without(names ...string) {
	n.t.Helper()
	for _, name := range names {
		var found []string
		_ = filepath.WalkDir(filepath.Join(n.dir, "www/base"), func(path string, _ os.DirEntry, _ error) error {
			if strings.HasPrefix(filepath.Base(path), name) {
				found = append(found, path)
			}
			return nil
		})
		if len(found) > 0 {
			n.t.Errorf("the partial mirror holds %v", found)
		}
	}
}
