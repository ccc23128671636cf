package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

const anyPackage = `\.(deb|rpm|dsc|tar\.[a-z0-9]+)$`

// switched is an old program's tree that a mirror is to take over from.
type switched struct {
	t      *testing.T
	server *repotest.Server
	dir    string
}

// over imports the files, syncs with --adopt, and wants no package to be fetched.
func (s *switched) over(code int, adopt string, args ...string) (config string) {
	s.t.Helper()
	config = filepath.Join(s.dir, "mirrorkeeper.yaml")
	r := mirrorkeeper(append([]string{"import"}, append(args[:1:1], append([]string{"--write", config}, args[1:]...)...)...)...)
	if r.code != code {
		s.t.Fatalf("import: exit code %d, expected %d: %s%s", r.code, code, r.out, r.errs)
	}
	if !strings.Contains(r.errs, "--adopt "+adopt) {
		s.t.Errorf("no hint at --adopt %s: %s", adopt, r.errs)
	}
	s.server.Reset()
	r = mirrorkeeper("sync", "--config", config, "--adopt", adopt)
	if r.code != 0 && r.code != exitIncomplete {
		text, _ := os.ReadFile(config)
		s.t.Fatalf("sync: exit code %d: %s%s\n%s", r.code, r.out, r.errs, text)
	}
	if !strings.Contains(r.out, " files were there already") {
		s.t.Errorf("nothing was adopted: %s", r.out)
	}
	for _, q := range s.server.Requests(anyPackage) {
		s.t.Errorf("fetched again: %s", q)
	}
	if len(s.server.Requests("")) == 0 {
		s.t.Error("nothing was asked of the server")
	}
	return config
}

// old runs an old program.
func old(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	c := exec.Command(need(t, name), args...)
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

const threeDebs = "nginx 1.22.1-9\n Depends: libc6\nlibc6 2.36-9\nvim 2:9.0-1 all\n"

func newDebs(t *testing.T) (*switched, *repotest.Deb) {
	d := repotest.NewDeb(t)
	s := &switched{t: t, dir: t.TempDir()}
	served := t.TempDir()
	stable := d.Suite("stable")
	stable.Add(repotest.ParsePackages(t, threeDebs)...)
	stable.AddSource(repotest.Source{Name: "nginx", Version: "1.22.1-9"})
	d.Publish(filepath.Join(served, "debian"))
	s.server = repotest.Serve(t, served)
	return s, d
}

func TestSwitchFromAptMirror(t *testing.T) {
	t.Parallel()
	s, _ := newDebs(t)
	list := write(t, filepath.Join(s.dir, "mirror.list"), fmt.Sprintf(`
set base_path %[1]s/spool
set defaultarch amd64
set nthreads 2
set run_postmirror 0
set use_proxy on
set http_proxy %[2]s
deb http://archive.example.org/debian stable main
deb-src http://archive.example.org/debian stable main
clean http://archive.example.org/debian
`, s.dir, s.server.URL)) // the server answers as a proxy, since apt-mirror strips ports off paths
	old(t, nil, "apt-mirror", list)
	tree := filepath.Join(s.dir, "spool/mirror")
	config := s.over(0, tree, "apt-mirror", list)

	dists := filepath.Join(tree, "archive.example.org/debian/dists/stable/InRelease")
	if _, err := os.Stat(dists); err != nil {
		t.Error(err)
	}
	r := mirrorkeeper("verify", filepath.Join(tree, "archive.example.org/debian"), "--config", config, "--level", "digest")
	if r.code != 0 {
		t.Errorf("verify: exit code %d: %s%s", r.code, r.out, r.errs)
	}
}

func TestSwitchFromDebmirror(t *testing.T) {
	t.Parallel()
	s, d := newDebs(t)
	home := t.TempDir()
	key := filepath.Join(s.dir, "key.gpg")
	if err := os.WriteFile(key, d.Key.Public(t, false), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(s.dir, "tree")
	args := []string{
		"--method=http", "--host=" + strings.TrimPrefix(s.server.URL, "http://"), "--root=debian", "--dist=stable", "--section=main",
		"--arch=amd64", "--keyring=" + key, "--rsync-extra=none", "--diff=none", "--ignore-small-errors", tree,
	}
	old(t, []string{"HOME=" + home, "GNUPGHOME=" + home}, "debmirror", args...)
	s.over(exitIncomplete, tree, append([]string{"debmirror", "--"}, args...)...)
}

// reposync is the directory of dnf's plugins. They are unpacked only: Debian's package
// cannot be installed beside zypper.
func reposync(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, command := range [][]string{{"apt-get", "download", "-q", "dnf-plugins-core"}, {"sh", "-c", "dpkg-deb -x dnf-plugins-core_*.deb ."}} {
		c := exec.Command(need(t, command[0]), command[1:]...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			t.Skipf("%s: %v\n%s", command, err, out)
		}
	}
	return filepath.Join(dir, "usr/lib/python3/dist-packages")
}

func TestSwitchFromReposync(t *testing.T) {
	t.Parallel()
	r := newRPMs(t, twoPackages)
	r.Publish(filepath.Join(r.served, "el9/x86_64"))
	plugins := reposync(t)
	file := write(t, filepath.Join(r.dir, "repos/app.repo"), fmt.Sprintf(`[app]
name=App
baseurl=%s/el$releasever/$basearch
gpgcheck=0
repo_gpgcheck=1
gpgkey=file://%s
`, r.server.URL, r.key))
	tree := filepath.Join(r.dir, "tree")
	args := []string{"reposync", "--download-path=" + tree, "--download-metadata", "--releasever=9"}
	none := write(t, filepath.Join(r.dir, "dnf.conf"), "[main]\n")
	old(t, []string{"PYTHONPATH=" + plugins}, "dnf", append([]string{
		"-y", "--setopt=pluginpath=" + filepath.Join(plugins, "dnf-plugins"), "--setopt=reposdir=" + filepath.Dir(file), "--setopt=cachedir=" + filepath.Join(r.dir, "cache"), "--setopt=logdir=" + r.dir,
		"--setopt=persistdir=" + filepath.Join(r.dir, "persist"), "--forcearch=x86_64", "-c", none,
	}, args...)...)
	s := &switched{t: t, server: r.server, dir: r.dir}
	s.over(0, tree, append([]string{"reposync", file, "--"}, args...)...)
	if _, err := os.Stat(filepath.Join(tree, "app/repodata/repomd.xml")); err != nil {
		t.Error(err)
	}
}

func TestImportSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := write(t, filepath.Join(dir, "mirror.list"), "set colour blue\ndeb http://user:hunter2@archive.example.org/debian stable main\nclean http://archive.example.org/debian\n")
	r := mirrorkeeper("import", "apt-mirror", list)
	if r.code != exitIncomplete || !strings.Contains(r.errs, "not carried over: "+list+":1: the variable colour is unknown") || strings.Contains(r.out+r.errs, "hunter2") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
	r = mirrorkeeper("import", "apt-mirror", list, "-o", "json")
	var got imported
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got.Lost) != 2 || got.Lost[1].Line != 1 || !strings.Contains(got.Configuration, "trusted: true") {
		t.Errorf("%v: %s", err, r.out)
	}
	for _, test := range []struct {
		want string
		args []string
	}{
		{"mirror.list:1: ", []string{"apt-mirror", write(t, filepath.Join(dir, "broken/mirror.list"), "deb\n")}},
		{"there is no kind", []string{"rsync", list}},
		{"no such file", []string{"apt-mirror", filepath.Join(dir, "none")}},
		{"exists", []string{"apt-mirror", list, "--write", list}},
	} {
		if r := mirrorkeeper(append([]string{"import"}, test.args...)...); r.code != exitUsage || !strings.Contains(r.errs, test.want) {
			t.Errorf("%v: exit code %d, expected %q in %s", test.args, r.code, test.want, r.errs)
		}
	}
}
