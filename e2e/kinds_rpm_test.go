package e2e_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKindsOfRPM mirrors what thirty and more kinds of requirement need, once
// without and once with what is recommended. dnf installs each from the mirror alone,
// and what it installs is what it takes from the whole repositories, too.
func TestKindsOfRPM(t *testing.T) {
	t.Parallel()
	a, b := newRPM(t), newRPM(t)
	a.Comps, a.Modules = rpmComps, rpmModules
	for _, k := range rpmKinds {
		a.AddText(k.a)
		b.AddText(k.b)
	}
	for _, p := range slices.Concat(a.Packages(), b.Packages()) {
		for _, k := range rpmKinds {
			if file := k.files[p.Name]; file != "" {
				p.Files = map[string]string{file: p.Name}
			}
		}
	}
	a.publish()
	b.publish()
	wishes := allWishes(rpmKinds)

	// That the table is right is proven by dnf.
	whole := newDnf(t, dnfRepository("a", a.key, "file://"+a.dir), dnfRepository("b", b.key, "file://"+b.dir, "priority=50", "excludepkgs=excluded-one"))
	whole.update()
	wantKinds(t, "upstream", rpmKinds, whole.resolve(false, wishes...), kind.wantsUpstream)

	var seeds, groups []string
	for _, k := range rpmKinds {
		seeds = append(seeds, strings.Fields(k.seeds)...)
		groups = append(groups, strings.Fields(k.groups)...)
	}
	selection := "from: [a, b], packages: [" + strings.Join(seeds, ", ") + "], groups: ['" + strings.Join(groups, "', '") + "'], exclude: [excluded-one]"
	k := newKeeper(t, "sources:\n"+a.source("a", "file://"+a.dir, "architectures: [x86_64, i686]")+
		b.source("b", "file://"+b.dir, "architectures: [x86_64, i686]", "priority: 600")+
		"mirrors:\n  hard: {"+selection+", recommends: false}\n  weak: {"+selection+"}\n")
	k.sync()
	for _, c := range []struct {
		mirror string
		weak   bool
		wanted func(kind) string
	}{{"hard", false, kind.wantsHard}, {"weak", true, kind.wantsWeak}} {
		if diff := cmp.Diff(withoutEpochs(held(rpmKinds, c.wanted)), rpmFiles(t, k.published(c.mirror))); diff != "" {
			t.Errorf("mirror %s: packages (-want +got):\n%s", c.mirror, diff)
		}
		key := k.published(c.mirror, "key.asc")
		d := newDnf(t, dnfRepository("a", key, "file://"+k.published(c.mirror, "a")), dnfRepository("b", key, "file://"+k.published(c.mirror, "b"), "priority=50"))
		d.update()
		wantKinds(t, c.mirror, rpmKinds, d.resolve(c.weak, wishes...), c.wanted)
		if c.mirror == "hard" { // all of them in one system
			d.install(wishes...)
		}
		k.exits(done, "verify", k.published(c.mirror), "--level", "closure")
	}
}

// rpmFiles are the names of the package files below a directory, without their
// suffix.
func rpmFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	for path := range readTree(t, dir) {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".rpm"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var epoch = regexp.MustCompile(`-\d+:`)

// withoutEpochs are the packages as the names of their files have them.
func withoutEpochs(packages []string) (names []string) {
	for _, p := range packages {
		names = append(names, epoch.ReplaceAllString(p, "-"))
	}
	slices.Sort(names)
	return names
}

const rpmComps = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>tools</id><name>Tools</name><description>Tools.</description><default>false</default><uservisible>true</uservisible>
    <packagelist>
      <packagereq type="mandatory">group-must</packagereq>
      <packagereq type="default">group-default</packagereq>
      <packagereq type="optional">group-optional</packagereq>
    </packagelist>
  </group>
  <group>
    <id>shells</id><name>Shells</name><description>Shells.</description><default>false</default><uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">environment-shell</packagereq></packagelist>
  </group>
  <group>
    <id>editors</id><name>Editors</name><description>Editors.</description><default>false</default><uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">environment-editor</packagereq></packagelist>
  </group>
  <group>
    <id>games</id><name>Games</name><description>Games.</description><default>false</default><uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">environment-game</packagereq></packagelist>
  </group>
  <environment>
    <id>workplace</id><name>Workplace</name><description>All.</description><display_order>1</display_order>
    <grouplist><groupid>shells</groupid><groupid>editors</groupid></grouplist>
    <optionlist><groupid>games</groupid></optionlist>
  </environment>
</comps>
`

const rpmModules = `---
document: modulemd
version: 2
data:
  name: lamp
  stream: "1"
  version: 1
  context: abc
  arch: x86_64
  summary: Lamps
  description: Lamps.
  license: {module: [MIT]}
  profiles: {common: {rpms: [module-lamp]}}
  artifacts:
    rpms:
    - module-lamp-0:1.0-1.x86_64
    - module-oil-0:1.0-1.x86_64
---
document: modulemd
version: 2
data:
  name: lamp
  stream: "2"
  version: 1
  context: abc
  arch: x86_64
  summary: Lamps
  description: Lamps.
  license: {module: [MIT]}
  profiles: {common: {rpms: [module-lamp]}}
  artifacts:
    rpms:
    - module-lamp-0:2.0-1.x86_64
    - module-oil-0:2.0-1.x86_64
---
document: modulemd-defaults
version: 1
data:
  module: lamp
  stream: "1"
  profiles: {"1": [common], "2": [common]}
`

// rpmKinds are requirements as packages of rpm distributions have them.
var rpmKinds = []kind{
	{
		name: "range of versions", seeds: "range-app", wants: "range-app-1.0-1.x86_64 range-lib-1.2-1.x86_64",
		a: "range-app\n Requires: range-lib >= 1.1, range-lib < 2\n",
		b: "range-lib 1.0\nrange-lib 1.2\nrange-lib 2.0\n",
	},
	{
		name: "exact version and release", seeds: "exact-app", wants: "exact-app-1.0-1.x86_64 exact-lib-1.0-2.x86_64",
		a: "exact-app\n Requires: exact-lib = 1.0-2\n",
		b: "exact-lib 1.0-1\nexact-lib 1.0-2\nexact-lib 1.0-3\n",
	},
	{
		name: "version without a release", seeds: "release-app", wants: "release-app-1.0-1.x86_64 release-lib-1.0-5.x86_64",
		a: "release-app\n Requires: release-lib = 1.0\n",
		b: "release-lib 1.0-1\nrelease-lib 1.0-5\nrelease-lib 1.1-1\n",
	},
	{
		name: "epoch", seeds: "epoch-app", wants: "epoch-app-1.0-1.x86_64 epoch-lib-1:1.0-1.x86_64",
		a: "epoch-app\n Requires: epoch-lib >= 1:0.5\n",
		b: "epoch-lib 5.0\nepoch-lib 1:1.0\n",
	},
	{
		name: "tilde", seeds: "tilde-app", wants: "tilde-app-1.0-1.x86_64 tilde-lib-2.0~rc1-1.x86_64",
		a: "tilde-app\n Requires: tilde-lib < 2.0, tilde-lib > 1.9\n",
		b: "tilde-lib 1.9\ntilde-lib 2.0~rc1\ntilde-lib 2.0\n",
	},
	{
		name: "caret", seeds: "caret-app", wants: "caret-app-1.0-1.x86_64 caret-lib-1.0^git2-1.x86_64",
		a: "caret-app\n Requires: caret-lib > 1.0-9, caret-lib < 1.0.1\n",
		b: "caret-lib 1.0-1\ncaret-lib 1.0^git2\ncaret-lib 1.0.1\n",
	},
	{
		name: "version of what is provided", seeds: "provided-app", wants: "provided-app-1.0-1.x86_64 provided-two-1.0-1.x86_64",
		a: "provided-app\n Requires: provided-service >= 2\n",
		b: "provided-one 3.0\n Provides: provided-service = 1\nprovided-two\n Provides: provided-service = 2\n",
	},
	{
		name: "what is provided without a version is of every one", seeds: "unversioned-app", wants: "unversioned-app-1.0-1.x86_64 unversioned-lib-1.0-1.x86_64",
		a: "unversioned-app\n Requires: unversioned-service >= 2\n",
		b: "unversioned-lib\n Provides: unversioned-service\n",
	},
	{
		name: "one of several providers", seeds: "several-app", wants: "several-a-1.0-1.x86_64 several-app-1.0-1.x86_64",
		a: "several-app\n Requires: several-service\n",
		b: "several-b\n Provides: several-service\nseveral-a\n Provides: several-service\n",
	},
	{
		name: "shared library", seeds: "soname-app", wants: "soname-app-1.0-1.x86_64 soname-lib-1.0-1.x86_64",
		a: "soname-app\n Requires: libsoname.so.1()(64bit), libsoname.so.1(SONAME_1.2)(64bit)\n",
		b: "soname-lib\n Provides: libsoname.so.1()(64bit), libsoname.so.1(SONAME_1.2)(64bit)\nsoname-old\n Provides: libsoname.so.1()(64bit)\n",
	},
	{
		name: "32 bits on a machine of 64", seeds: "multilib-app", wants: "multilib-app-1.0-1.x86_64 multilib-lib-1.0-1.i686",
		// libsolv takes the package of the better architecture along where there is one.
		upstream: "multilib-app-1.0-1.x86_64 multilib-lib-1.0-1.i686 multilib-lib-1.0-1.x86_64",
		a:        "multilib-app\n Requires: libmultilib.so.1\n",
		b:        "multilib-lib 1.0 i686\n Provides: libmultilib.so.1\nmultilib-lib 1.0 x86_64\n Provides: libmultilib.so.1()(64bit)\n",
	},
	{
		name: "architecture of a name", seeds: "isa-app", wants: "isa-app-1.0-1.x86_64 isa-lib-1.0-1.x86_64",
		a: "isa-app\n Requires: isa-lib(x86-64) = 1.0-1\n",
		b: "isa-lib 1.0 i686\nisa-lib 1.0 x86_64\n",
	},
	{
		name: "noarch", seeds: "noarch-app", wants: "noarch-app-1.0-1.noarch noarch-lib-1.0-1.noarch",
		a: "noarch-app 1.0 noarch\n Requires: noarch-lib\n",
		b: "noarch-lib 1.0 noarch\n",
	},
	{
		name: "or", seeds: "or-app", wants: "or-app-1.0-1.x86_64 or-one-1.0-1.x86_64",
		a: "or-app\n Requires: (or-one or or-two)\n",
		b: "or-two\nor-one\n",
	},
	{
		name: "or, and the first is not there", seeds: "absent-app", wants: "absent-app-1.0-1.x86_64 absent-two-1.0-1.x86_64",
		a: "absent-app\n Requires: (absent-one >= 2 or absent-two)\n",
		b: "absent-one 1.0\nabsent-two\n",
	},
	{
		name: "and", seeds: "and-app", wants: "and-app-1.0-1.x86_64 and-one-1.0-1.x86_64 and-two-1.0-1.x86_64",
		a: "and-app\n Requires: (and-one and and-two)\n",
		b: "and-one\nand-two\nand-three\n",
	},
	{
		name: "if, and it is", seeds: "if-app", wants: "if-app-1.0-1.x86_64 if-lang-1.0-1.x86_64 if-lib-1.0-1.x86_64",
		a: "if-app\n Requires: if-lib, (if-lang if if-lib)\n",
		b: "if-lib\nif-lang\n",
	},
	{
		name: "if, and it is not", seeds: "ifnot-app", wants: "ifnot-app-1.0-1.x86_64",
		a: "ifnot-app\n Requires: (ifnot-lang if ifnot-lib)\n",
		b: "ifnot-lib\nifnot-lang\n",
	},
	{
		name: "if, else", seeds: "else-app", wants: "else-app-1.0-1.x86_64 else-other-1.0-1.x86_64",
		a: "else-app\n Requires: (else-one if else-two else else-other)\n",
		b: "else-one\nelse-two\nelse-other\n",
	},
	{
		name: "unless", seeds: "unless-app", wants: "unless-app-1.0-1.x86_64 unless-lib-1.0-1.x86_64",
		a: "unless-app\n Requires: unless-lib\n Conflicts: (unless-bad unless unless-cure)\n",
		b: "unless-lib\nunless-bad\nunless-cure\n",
	},
	{
		name: "with", seeds: "with-app", wants: "with-app-1.0-1.x86_64 with-lib-2.5-1.x86_64",
		a: "with-app\n Requires: (with(dist) >= 2 with with(dist) < 3)\n",
		b: "with-lib 1.5\n Provides: with(dist) = 1.5\nwith-lib 2.5\n Provides: with(dist) = 2.5\nwith-lib 3.5\n Provides: with(dist) = 3.5\n",
	},
	{
		name: "without", seeds: "without-app", wants: "without-app-1.0-1.x86_64 without-good-1.0-1.x86_64",
		a: "without-app\n Requires: (without-service without without-flaw)\n",
		b: "without-bad 2.0\n Provides: without-service, without-flaw\nwithout-good\n Provides: without-service\n",
	},
	{
		name: "rich within rich", seeds: "nested-app", wants: "nested-app-1.0-1.x86_64 nested-one-1.0-1.x86_64 nested-two-1.0-1.x86_64",
		a: "nested-app\n Requires: ((nested-none and nested-three) or (nested-one and (nested-two or nested-four)))\n",
		b: "nested-one\nnested-two\nnested-three\n",
	},
	{
		name: "file that primary lists", seeds: "file-app", wants: "file-app-1.0-1.x86_64 file-tool-1.0-1.x86_64",
		a: "file-app\n Requires: /usr/bin/file-tool\n", b: "file-tool\n", files: map[string]string{"file-tool": "usr/bin/file-tool"},
	},
	{
		name: "file that only filelists has", seeds: "list-app", wants: "list-app-1.0-1.x86_64 list-data-1.0-1.x86_64",
		a: "list-app\n Requires: /usr/share/list/data\n", b: "list-data\n", files: map[string]string{"list-data": "usr/share/list/data"},
	},
	{
		name: "renamed", seeds: "renamed-app", wants: "renamed-app-1.0-1.x86_64 renamed-new-2.0-1.x86_64",
		a: "renamed-app\n Requires: renamed-old\n",
		b: "renamed-new 2.0\n Obsoletes: renamed-old < 2\n Provides: renamed-old = 2\n",
	},
	{
		name: "asked for by the name that it had", seeds: "former-old", wants: "former-new-2.0-1.x86_64",
		a: "former-new 2.0\n Obsoletes: former-old < 2\n Provides: former-old = 2\n",
	},
	{
		// What is asked for by its name is mirrored, although dnf takes what obsoletes it.
		name: "asked for, and obsolete", seeds: "obsolete-old", wants: "obsolete-old-1.0-1.x86_64", upstream: "obsolete-new-2.0-1.x86_64",
		a: "obsolete-old\nobsolete-new 2.0\n Obsoletes: obsolete-old < 2\n",
	},
	{
		name: "conflict, and another way", seeds: "conflict-app", wants: "conflict-app-1.0-1.x86_64 conflict-lib-1.0-1.x86_64 conflict-two-1.0-1.x86_64",
		a: "conflict-app\n Requires: conflict-lib, (conflict-one or conflict-two)\n",
		b: "conflict-lib\nconflict-one\n Conflicts: conflict-lib\nconflict-two\n",
	},
	{
		name: "conflict by version", seeds: "clash-app", wants: "clash-app-1.0-1.x86_64 clash-lib-1.0-1.x86_64",
		a: "clash-app\n Requires: clash-lib\n Conflicts: clash-lib >= 2\n",
		b: "clash-lib 1.0\nclash-lib 2.0\n",
	},
	{
		name: "provides and conflicts with the same", seeds: "agent-app", wants: "agent-app-1.0-1.x86_64 agent-one-1.0-1.x86_64",
		a: "agent-app\n Requires: agent\n",
		b: "agent-one\n Provides: agent\n Conflicts: agent\n",
	},
	{
		name: "before and after installation", seeds: "pre-app", wants: "pre-app-1.0-1.x86_64 pre-one-1.0-1.x86_64 pre-two-1.0-1.x86_64",
		a: "pre-app\n Requires(pre): pre-one\n Requires(post): pre-two\n",
		b: "pre-one\npre-two\n",
	},
	{
		name: "provided by itself", seeds: "self-app", wants: "self-app-1.0-1.x86_64",
		a: "self-app\n Provides: self(thing) = 1, config(self-app) = 1.0-1\n Requires: self(thing), config(self-app) = 1.0-1, /usr/bin/self\n",
		b: "self-other\n Provides: self(thing) = 1\n", files: map[string]string{"self-app": "usr/bin/self"},
	},
	{
		name: "cycle", seeds: "cycle-app", wants: "cycle-app-1.0-1.x86_64 cycle-one-1.0-1.x86_64 cycle-two-1.0-1.x86_64",
		a: "cycle-app\n Requires: cycle-one\n",
		b: "cycle-one\n Requires: cycle-two\ncycle-two\n Requires: cycle-one\n",
	},
	{
		name: "what rpm itself provides", seeds: "rpmlib-app", wants: "rpmlib-app-1.0-1.x86_64",
		a: "rpmlib-app\n Requires: rpmlib(PayloadIsZstd) <= 5.4.18-1\n",
	},
	{
		name: "kernels side by side", seeds: "kernel-core kernel-module", wants: "kernel-core-1.0-1.x86_64 kernel-core-2.0-1.x86_64 kernel-module-1.0-1.x86_64",
		a: "kernel-module\n Requires: kernel-core = 1.0\n",
		b: "kernel-core 1.0\n Provides: kernel, installonlypkg(kernel)\nkernel-core 2.0\n Provides: kernel, installonlypkg(kernel)\n",
	},
	{
		name: "the better repository", seeds: "better-app", wants: "better-app-1.0-1.x86_64 better-lib-1.0-1.x86_64",
		a: "better-app\n Requires: better-lib\nbetter-lib 2.0\n",
		b: "better-lib 1.0\n",
	},
	{
		name: "excluded", seeds: "excluded-app", wants: "excluded-app-1.0-1.x86_64 excluded-two-1.0-1.x86_64",
		a: "excluded-app\n Requires: (excluded-one or excluded-two)\n",
		b: "excluded-one\nexcluded-two\n",
	},
	{
		name: "not what is recommended, suggested, enhanced", seeds: "weak-app", wants: "weak-app-1.0-1.x86_64",
		a:    "weak-app\n Recommends: weak-doc\n Suggests: weak-extra\n",
		b:    "weak-doc\nweak-extra\nweak-lang\n Supplements: weak-app\nweak-plugin\n Enhances: weak-app\n",
		weak: "weak-app-1.0-1.x86_64 weak-doc-1.0-1.x86_64 weak-lang-1.0-1.x86_64",
	},
	{
		name: "one of what is recommended", seeds: "taste-app", wants: "taste-app-1.0-1.x86_64",
		a:    "taste-app\n Recommends: (taste-one or taste-two), (taste-lang if taste-none), taste-absent\n",
		b:    "taste-one\ntaste-two\ntaste-lang\n",
		weak: "taste-app-1.0-1.x86_64 taste-one-1.0-1.x86_64",
	},
	{
		name: "supplement of two", seeds: "both-app", wants: "both-app-1.0-1.x86_64 both-lib-1.0-1.x86_64",
		a:    "both-app\n Requires: both-lib\n",
		b:    "both-lib\nboth-glue\n Supplements: (both-app and both-lib)\nboth-other\n Supplements: (both-app and both-none)\n",
		weak: "both-app-1.0-1.x86_64 both-glue-1.0-1.x86_64 both-lib-1.0-1.x86_64",
	},
	{
		name: "group", groups: "tools", wants: "group-default-1.0-1.x86_64 group-lib-1.0-1.x86_64 group-must-1.0-1.x86_64",
		a: "group-must\n Requires: group-lib\ngroup-default\ngroup-optional\n",
		b: "group-lib\n",
	},
	{
		name: "environment", groups: "workplace", wants: "environment-editor-1.0-1.x86_64 environment-shell-1.0-1.x86_64",
		a: "environment-shell\nenvironment-editor\nenvironment-game\n",
	},
	{
		name: "module stream", groups: "lamp:2", wants: "module-lamp-2.0-1.x86_64 module-oil-2.0-1.x86_64",
		a: "module-lamp 1.0\n Requires: module-oil\n ModularityLabel: lamp:1:1:abc:x86_64\nmodule-lamp 2.0\n Requires: module-oil\n ModularityLabel: lamp:2:1:abc:x86_64\n" +
			"module-oil 1.0\n ModularityLabel: lamp:1:1:abc:x86_64\nmodule-oil 2.0\n ModularityLabel: lamp:2:1:abc:x86_64\nmodule-oil 9.0\n",
	},
}
