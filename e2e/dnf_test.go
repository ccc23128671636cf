package e2e_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dnfRoot is an empty machine as dnf sees it: it reads nothing of this machine's
// configuration, loads no plugins, and knows only its own repositories.
type dnfRoot struct {
	t   *testing.T
	dir string
}

const dnfConfiguration = `
[main]
reposdir=%[1]s/repos
cachedir=%[1]s/cache
persistdir=%[1]s/persist
logdir=%[1]s/log
varsdir=%[1]s/vars
pluginpath=%[1]s/plugins
pluginconfpath=%[1]s/plugins
plugins=0
gpgcheck=0
metadata_expire=0
module_platform_id=platform:el9
proxy=
retries=1
timeout=30
`

// newDnf makes a root with repositories.
func newDnf(t *testing.T, repositories ...string) *dnfRoot {
	t.Helper()
	need(t, "dnf")
	d := &dnfRoot{t: t, dir: tempDir(t)}
	write(t, d.configuration(), fmt.Sprintf(dnfConfiguration, d.dir))
	write(t, filepath.Join(d.dir, "root/etc/.keep"), "")
	write(t, filepath.Join(d.dir, "log/.keep"), "") // the solver makes no directory for it
	d.repositories(repositories...)
	return d
}

func (d *dnfRoot) configuration() string { return filepath.Join(d.dir, "dnf.conf") }

func (d *dnfRoot) repositories(sections ...string) {
	d.t.Helper()
	write(d.t, filepath.Join(d.dir, "repos/test.repo"), strings.Join(sections, "\n"))
}

// dnfRepository is a section of a .repo file: the root's signature is checked with
// the key; further lines may change that.
func dnfRepository(name, key, url string, lines ...string) string {
	return fmt.Sprintf("[%[1]s]\nname=%[1]s\nbaseurl=%[2]s\nenabled=1\nrepo_gpgcheck=1\ngpgkey=file://%[3]s\n%[4]s\n", name, url, key, strings.Join(lines, "\n"))
}

// run runs dnf in the root and returns all that it says.
func (d *dnfRoot) run(args ...string) (string, error) {
	out, err := d.command(args...).CombinedOutput()
	return string(out), err
}

func (d *dnfRoot) command(args ...string) *exec.Cmd {
	args = append([]string{
		"-y", "-c", d.configuration(), "--installroot=" + filepath.Join(d.dir, "root"), "--releasever=9", "--forcearch=x86_64",
	}, args...)
	c := exec.CommandContext(d.t.Context(), "dnf", args...)
	c.Dir, c.Env = d.dir, environment(d.dir)
	return c
}

// does wants dnf to succeed, and returns what it says.
func (d *dnfRoot) does(args ...string) string {
	d.t.Helper()
	out, err := d.run(args...)
	if err != nil {
		d.t.Errorf("dnf %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// update reads the metadata afresh, and wants it to be right.
func (d *dnfRoot) update() {
	d.t.Helper()
	if out, err := d.run("makecache", "--refresh"); err != nil || strings.Contains(out, "rror:") {
		d.t.Fatalf("dnf makecache: %v\n%s", err, out)
	}
}

// query reads the metadata afresh and returns the lines of dnf repoquery, sorted and
// each once.
func (d *dnfRoot) query(format string, args ...string) []string {
	d.t.Helper()
	c := d.command(append([]string{"repoquery", "-q", "--refresh", "--qf", format}, args...)...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		d.t.Errorf("dnf repoquery %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	return slices.Compact(slices.DeleteFunc(lines, func(l string) bool { return l == "" }))
}

// available are the names of all packages that dnf sees.
func (d *dnfRoot) available() []string {
	d.t.Helper()
	return d.query("%{name}")
}

// version is the newest version of the package that dnf sees, "" for none.
func (d *dnfRoot) version(name string) string {
	d.t.Helper()
	return strings.Join(d.query("%{version}", "--latest-limit=1", name), " ")
}

// install installs the packages for real, without what they recommend, and returns
// the names of all that is installed then.
func (d *dnfRoot) install(packages ...string) []string {
	d.t.Helper()
	return d.installs(append([]string{"--setopt=install_weak_deps=False"}, packages...)...)
}

// installs is as install, with options.
func (d *dnfRoot) installs(args ...string) []string {
	d.t.Helper()
	needRoot(d.t)
	d.does(append([]string{"install"}, args...)...)
	return d.installed()
}

func (d *dnfRoot) installed() []string {
	d.t.Helper()
	return installedRPMs(d.t, d.dir)
}

// installedRPMs are the names of the packages in the database of dir/root.
func installedRPMs(t *testing.T, dir string) []string {
	t.Helper()
	c := exec.CommandContext(t.Context(), need(t, "rpm"), "--root", filepath.Join(dir, "root"), "-qa", "--qf", "%{name}\n")
	c.Env = environment(dir)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("rpm -qa: %v\n%s", err, out)
	}
	names := strings.Fields(string(out))
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "gpg-pubkey" })
}

// dnfResolve is a program for the interpreter that has dnf's modules: what dnf would
// install into an empty root, for each line of seeds, as JSON.
const dnfResolve = `
import json, sys
import dnf
import dnf.module.module_base
from dnf.exceptions import MarkingErrors

configuration, root, weak = sys.argv[1:4]

def new_base():
    base = dnf.Base()
    base.conf.read(configuration)
    base.conf.installroot = root
    base.conf.substitutions.update({"releasever": "9", "arch": "x86_64", "basearch": "x86_64"})
    base.conf.install_weak_deps = weak == "weak"
    base.read_all_repos()
    base.fill_sack(load_system_repo=False)
    base.read_comps(arch_filter=True)
    return base

def resolve(base, wishes):
    for wish in wishes:
        if wish.startswith("@"):
            try:
                dnf.module.module_base.ModuleBase(base).install([wish[1:]])
                continue
            except MarkingErrors as e:
                if not e.no_match_group_specs:
                    raise
        base.install_specs([wish])
    base.resolve()
    return sorted("%s-%s.%s" % (p.name, p.evr, p.arch) for p in base.transaction.install_set)

shared, answers = new_base(), {}
for line in sys.stdin:
    line = line.strip()
    shared.reset(goal=True)
    base = new_base() if "@" in line else shared # streams stay enabled
    try:
        answers[line] = {"packages": resolve(base, line.split("\t"))}
    except Exception as e:
        answers[line] = {"error": str(e)}
json.dump(answers, sys.stdout)
`

// answer is what dnf makes of one wish.
type answer struct {
	Packages []string // name-[epoch:]version-release.architecture
	Error    string
}

// resolve asks dnf what it would install into an empty root for each of the wishes,
// which are packages or "@groups", separated by tabs. It is one run of dnf's solver
// for all of them.
func (d *dnfRoot) resolve(weak bool, wishes ...string) map[string]answer {
	d.t.Helper()
	word := "hard"
	if weak {
		word = "weak"
	}
	c := exec.CommandContext(d.t.Context(), "/usr/bin/python3", "-c", dnfResolve, d.configuration(), filepath.Join(d.dir, "root"), word)
	c.Dir, c.Env = d.dir, environment(d.dir)
	c.Stdin = strings.NewReader(strings.Join(wishes, "\n") + "\n")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		d.t.Fatalf("dnf's solver: %v\n%s", err, &stderr)
	}
	var answers map[string]answer
	if err := json.Unmarshal(out, &answers); err != nil {
		d.t.Fatalf("dnf's solver: %v\n%s", err, out)
	}
	return answers
}

// simulates wants each of the packages to be installable, by itself.
func (d *dnfRoot) simulates(packages ...string) {
	d.t.Helper()
	for wish, a := range d.resolve(true, packages...) {
		if a.Error != "" {
			d.t.Errorf("dnf install %s: %s", wish, a.Error)
		}
	}
}
