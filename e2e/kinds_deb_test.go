package e2e_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKindsOfDeb mirrors what thirty and more kinds of requirement need, once
// without and once with what is recommended. apt installs each from the mirror alone,
// and what it installs is what it takes from the whole archives, too.
func TestKindsOfDeb(t *testing.T) {
	t.Parallel()
	a, b := newUpstream(t), newUpstream(t)
	for _, k := range debKinds {
		a.AddText(k.a)
		b.AddText(k.b)
	}
	b.Suite("stable").Label = "Better"
	a.publish()
	b.publish()
	wishes := allWishes(debKinds)
	const pin = "Package: better-lib\nPin: release l=Better\nPin-Priority: 600\n"
	machine := func(aKey, aURL, bKey, bURL string) *aptRoot {
		line := func(key, url string) string {
			return strings.Replace(debLine(key, url), "arch=amd64", "arch=amd64,i386", 1)
		}
		root := newApt(t, line(aKey, aURL), line(bKey, bURL))
		write(t, filepath.Join(root.dir, "etc/apt/preferences.d/test"), pin)
		write(t, filepath.Join(root.dir, "etc/apt/apt.conf.d/test"), `APT::Architectures { "amd64"; "i386"; };`)
		root.update()
		return root
	}
	whole := machine(a.key, "file://"+a.dir, b.key, "file://"+b.dir)
	wantKinds(t, "upstream", debKinds, whole.resolve(false, wishes...), kind.wantsUpstream)

	var seeds, groups []string
	for _, k := range debKinds {
		seeds = append(seeds, strings.Fields(k.seeds)...)
		groups = append(groups, strings.Fields(k.groups)...)
	}
	selection := "from: [a, b], packages: ['" + strings.Join(seeds, "', '") + "'], groups: ['" + strings.Join(groups, "', '") + "'], exclude: [excluded-one]"
	k := newKeeper(t, "sources:\n"+a.source("a", "file://"+a.dir)+
		b.source("b", "file://"+b.dir, "priority: 600")+
		"mirrors:\n  hard: {"+selection+", recommends: false}\n  weak: {"+selection+"}\n")
	k.sync()
	for _, c := range []struct {
		mirror string
		weak   bool
		wanted func(kind) string
	}{{"hard", false, kind.wantsHard}, {"weak", true, kind.wantsWeak}} {
		if diff := cmp.Diff(held(debKinds, c.wanted), debFiles(t, k.published(c.mirror))); diff != "" {
			t.Errorf("mirror %s: packages (-want +got):\n%s", c.mirror, diff)
		}
		key := k.published(c.mirror, "key.gpg")
		root := machine(key, "file://"+k.published(c.mirror, "a"), key, "file://"+k.published(c.mirror, "b"))
		wantKinds(t, c.mirror, debKinds, root.resolve(c.weak, wishes...), c.wanted)
		k.exits(done, "verify", k.published(c.mirror), "--level", "closure")
	}
}

// debFiles are the names of the package files below a directory, without their
// suffix.
func debFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	for path := range readTree(t, dir) {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".deb"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var aptInst = regexp.MustCompile(`(?m)^Inst ([^ :]+)\S* \((?:\d+:)?(\S+) .*\[(\w+)\]`)

// resolve asks apt what it would install into an empty root for each of the wishes.
func (a *aptRoot) resolve(weak bool, wishes ...string) map[string]answer {
	a.t.Helper()
	answers := map[string]answer{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for part := range slices.Chunk(wishes, (len(wishes)+1)/2) {
		all.Go(func() {
			for _, wish := range part {
				name := wish
				if tail, ok := strings.CutPrefix(wish, "@"); ok {
					name = tail + "^" // apt's word for a task
				}
				out, err := a.run("apt-get", "install", "-s", "-o", fmt.Sprintf("APT::Install-Recommends=%v", weak), name)
				got := answer{}
				for _, m := range aptInst.FindAllStringSubmatch(out, -1) {
					got.Packages = append(got.Packages, m[1]+"_"+m[2]+"_"+m[3])
				}
				if err != nil {
					got.Error = err.Error() + "\n" + out
				}
				mu.Lock()
				answers[wish] = got
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return answers
}

// debKinds are requirements as packages of Debian have them.
var debKinds = []kind{
	{
		name: "range of versions", seeds: "range-app", wants: "range-app_1.0_amd64 range-lib_1.2_amd64",
		a: "range-app\n Depends: range-lib (>= 1.1), range-lib (<< 2)\n",
		b: "range-lib 1.2\n",
	},
	{
		name: "exact version", seeds: "exact-app", wants: "exact-app_1.0_amd64 exact-lib_1.0-2_amd64",
		a: "exact-app\n Depends: exact-lib (= 1.0-2)\n",
		b: "exact-lib 1.0-1\nexact-lib 1.0-2\n",
	},
	{
		name: "exact version of a binary-only rebuild", seeds: "rebuilt-app", wants: "rebuilt-app_1.0_amd64 rebuilt-lib_1.0-1+b2_amd64",
		a: "rebuilt-app\n Depends: rebuilt-lib (= 1.0-1+b2)\n",
		b: "rebuilt-lib 1.0-1\nrebuilt-lib 1.0-1+b2\n",
	},
	{
		name: "strictly later", seeds: "later-app", wants: "later-app_1.0_amd64 later-lib_1.0-2_amd64",
		a: "later-app\n Depends: later-lib (>> 1.0-1)\n",
		b: "later-lib 1.0-1\nlater-lib 1.0-2\n",
	},
	{
		name: "epoch", seeds: "epoch-app", wants: "epoch-app_1.0_amd64 epoch-lib_1.0_amd64",
		a: "epoch-app\n Depends: epoch-lib (>= 1:0.5)\n",
		b: "epoch-lib 5.0\nepoch-lib 1:1.0\n",
	},
	{
		name: "tilde", seeds: "tilde-app", wants: "tilde-app_1.0_amd64 tilde-lib_2.0~rc1_amd64",
		a: "tilde-app\n Depends: tilde-lib (>= 2.0~), tilde-lib (<< 2.0)\n",
		b: "tilde-lib 1.9\ntilde-lib 2.0~rc1\n",
	},
	{
		name: "older than the newest", seeds: "older-app older-lib", wants: "older-app_1.0_amd64 older-lib_2.0_amd64 older-tool_1.0_amd64",
		a: "older-app\n Depends: older-lib (<< 2) | older-tool\n",
		b: "older-lib 2.0\nolder-tool\n",
	},
	{
		name: "virtual package", seeds: "virtual-app", wants: "virtual-app_1.0_amd64 virtual-lib_1.0_amd64",
		a: "virtual-app\n Depends: virtual-service\n",
		b: "virtual-lib\n Provides: virtual-service\n",
	},
	{
		name: "version of what is provided", seeds: "provided-app", wants: "provided-app_1.0_amd64 provided-two_1.0_amd64",
		a: "provided-app\n Depends: provided-service (>= 2)\n",
		b: "provided-one 3.0\n Provides: provided-service (= 1)\nprovided-two\n Provides: provided-service (= 2)\nprovided-none 9\n Provides: provided-service\n",
	},
	{
		name: "one of several providers", seeds: "several-app", wants: "several-a_1.0_amd64 several-app_1.0_amd64",
		a: "several-app\n Depends: several-a | several-service\n",
		b: "several-b\n Provides: several-service\nseveral-a\n Provides: several-service\n",
	},
	{
		name: "real package before virtual", seeds: "real-app", wants: "real-app_1.0_amd64 real-lib_1.0_amd64",
		a: "real-app\n Depends: real-lib\n",
		b: "real-lib\nreal-other\n Provides: real-lib\n",
	},
	{
		name: "alternatives", seeds: "or-app", wants: "or-app_1.0_amd64 or-one_1.0_amd64",
		a: "or-app\n Depends: or-one | or-two\n",
		b: "or-two\nor-one\n",
	},
	{
		name: "alternatives, and the first is not there", seeds: "absent-app", wants: "absent-app_1.0_amd64 absent-two_1.0_amd64",
		a: "absent-app\n Depends: absent-one (>= 2) | absent-two\n",
		b: "absent-one 1.0\nabsent-two\n",
	},
	{
		name: "conflict, and another way", seeds: "conflict-app", wants: "conflict-app_1.0_amd64 conflict-lib_1.0_amd64 conflict-two_1.0_amd64",
		a: "conflict-app\n Depends: conflict-lib, conflict-one | conflict-two\n",
		b: "conflict-lib\nconflict-one\n Conflicts: conflict-lib\nconflict-two\n",
	},
	{
		name: "breaks older ones", seeds: "breaks-app", wants: "breaks-app_1.0_amd64 breaks-lib_2.0_amd64",
		a: "breaks-app\n Depends: breaks-lib\n Breaks: breaks-lib (<< 2)\n",
		b: "breaks-lib 1.0\nbreaks-lib 2.0\n",
	},
	{
		name: "provides and conflicts with the same", seeds: "agent-app", wants: "agent-app_1.0_amd64 agent-one_1.0_amd64",
		a: "agent-app\n Depends: agent-one | agent\n",
		b: "agent-one\n Provides: agent\n Conflicts: agent\nagent-two\n Provides: agent\n Conflicts: agent\n",
	},
	{
		name: "renamed, with a transitional package", seeds: "renamed-old", wants: "renamed-new_2.0_amd64 renamed-old_2.0_all",
		a: "renamed-old 2.0 all\n Depends: renamed-new\n",
		b: "renamed-new 2.0\n Replaces: renamed-old (<< 2)\n Breaks: renamed-old (<< 2)\n",
	},
	{
		name: "renamed, and provided", seeds: "replaced-app", wants: "replaced-app_1.0_amd64 replaced-new_2.0_amd64",
		a: "replaced-app\n Depends: replaced-old\n",
		b: "replaced-new 2.0\n Provides: replaced-old\n Replaces: replaced-old\n Conflicts: replaced-old\n",
	},
	{
		name: "before unpacking", seeds: "pre-app", wants: "pre-app_1.0_amd64 pre-one_1.0_amd64 pre-two_1.0_amd64",
		a: "pre-app\n Pre-Depends: pre-one\n",
		b: "pre-one\n Depends: pre-two\npre-two\n",
	},
	{
		name: "provided by itself", seeds: "self-app", wants: "self-app_1.0_amd64",
		a: "self-app\n Provides: self-thing\n Depends: self-thing\n",
		b: "self-other\n Provides: self-thing\n",
	},
	{
		name: "cycle", seeds: "cycle-app", wants: "cycle-app_1.0_amd64 cycle-one_1.0_amd64 cycle-two_1.0_amd64",
		a: "cycle-app\n Depends: cycle-one\n",
		b: "cycle-one\n Depends: cycle-two\ncycle-two\n Depends: cycle-one\n",
	},
	{
		name: "for all architectures", seeds: "all-app", wants: "all-app_1.0_all all-lib_1.0_amd64",
		a: "all-app 1.0 all\n Depends: all-lib\n",
		b: "all-lib\n",
	},
	{
		name: "of any architecture", seeds: "any-app", wants: "any-app_1.0_amd64 any-tool_1.0_amd64",
		a: "any-app\n Depends: any-tool:any\n",
		b: "any-tool 1.0 amd64\n Multi-Arch: allowed\n",
	},
	{
		name: "two archives", seeds: "two-app", wants: "two-app_1.0_amd64 two-base_1.0_amd64 two-lib_1.0_amd64",
		a: "two-app\n Depends: two-lib\ntwo-base\n",
		b: "two-lib\n Depends: two-base\n",
	},
	{
		name: "the better archive", seeds: "better-app", wants: "better-app_1.0_amd64 better-lib_1.0_amd64",
		a: "better-app\n Depends: better-lib\nbetter-lib 2.0\n",
		b: "better-lib 1.0\n",
	},
	{
		name: "excluded", seeds: "excluded-app", wants: "excluded-app_1.0_amd64 excluded-two_1.0_amd64",
		a: "excluded-app\n Depends: excluded-one | excluded-two\n",
		b: "excluded-one\nexcluded-two\n", upstream: "excluded-app_1.0_amd64 excluded-one_1.0_amd64",
	},
	{
		name: "not what is recommended, suggested, enhanced", seeds: "weak-app", wants: "weak-app_1.0_amd64",
		a:    "weak-app\n Recommends: weak-doc\n Suggests: weak-extra\n",
		b:    "weak-doc\nweak-extra\nweak-plugin\n Enhances: weak-app\n",
		weak: "weak-app_1.0_amd64 weak-doc_1.0_amd64",
	},
	{
		name: "one of what is recommended", seeds: "taste-app", wants: "taste-app_1.0_amd64",
		a:    "taste-app\n Recommends: taste-one | taste-two, taste-absent\n",
		b:    "taste-one\ntaste-two\n",
		weak: "taste-app_1.0_amd64 taste-one_1.0_amd64",
	},
	{
		name: "recommended of what is required", seeds: "deep-app", wants: "deep-app_1.0_amd64 deep-lib_1.0_amd64",
		a:    "deep-app\n Depends: deep-lib\n",
		b:    "deep-lib\n Recommends: deep-doc\ndeep-doc\n",
		weak: "deep-app_1.0_amd64 deep-doc_1.0_amd64 deep-lib_1.0_amd64",
	},
	{
		name: "task", groups: "web-server", wants: "task-lib_1.0_amd64 task-one_1.0_amd64 task-two_1.0_amd64",
		a: "task-one\n Task: web-server, mail-server\n Depends: task-lib\ntask-two\n Task: web-server\ntask-three\n Task: mail-server\n",
		b: "task-lib\n",
	},
}
