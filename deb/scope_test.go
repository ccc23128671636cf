package deb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// release makes a Release that lists the given files.
func release(fields string, paths ...string) string {
	var b strings.Builder
	b.WriteString("Suite: stable\nCodename: bookworm\nDate: Sun, 22 Nov 2026 10:00:00 UTC\n" + fields + "SHA256:\n")
	for i, p := range paths {
		fmt.Fprintf(&b, " %064x %d %s\n", i+1, 10+i, p)
	}
	return b.String()
}

// everything is one of each that Debian and Ubuntu list.
var everything = []string{
	"Contents-amd64.gz",
	"main/Contents-all.gz", "main/Contents-amd64", "main/Contents-amd64.gz", "main/Contents-amd64.diff/Index", "main/Contents-arm64.gz",
	"main/Contents-source.gz", "main/Contents-udeb-amd64.gz",
	"main/binary-all/Packages", "main/binary-all/Packages.xz", "main/binary-all/Release",
	"main/binary-amd64/Packages", "main/binary-amd64/Packages.gz", "main/binary-amd64/Packages.xz", "main/binary-amd64/Packages.diff/Index", "main/binary-amd64/Release",
	"main/binary-amd64v3/Packages.xz",
	"main/binary-arm64/Packages.lzma", "main/binary-arm64/Packages.bz2", "main/binary-arm64/Release",
	"main/cnf/Commands-amd64.xz", "main/cnf/Commands-arm64.xz",
	"main/debian-installer/binary-all/Packages.xz", "main/debian-installer/binary-amd64/Packages.xz", "main/debian-installer/binary-amd64/Release",
	"main/dep11/CID-Index-amd64.json.gz", "main/dep11/Components-all.yml.xz", "main/dep11/Components-amd64.yml.gz", "main/dep11/Components-amd64.yml.xz", "main/dep11/Components-arm64.yml.gz",
	"main/dep11/icons-48x48.tar.gz", "main/dep11/icons-64x64@2.tar.gz",
	"main/dist-upgrader-all/current/ReleaseAnnouncement",
	"main/i18n/Translation-de.bz2", "main/i18n/Translation-en.bz2", "main/i18n/Translation-en.diff/Index",
	"main/installer-amd64/20230607/images/MD5SUMS", "main/installer-amd64/20230607/images/SHA256SUMS", "main/installer-arm64/current/images/SHA256SUMS",
	"main/source/Release", "main/source/Sources.gz", "main/source/Sources.diff/Index",
	"contrib/binary-amd64/Packages.gz", "contrib/dep11/icons-48x48.tar.gz", "contrib/i18n/Translation-en.bz2", "contrib/source/Sources.gz", "contrib/thing",
	"strange",
}

const debianFields = "Architectures: all amd64 arm64\nComponents: main contrib\nNo-Support-for-Architecture-all: Packages\n"

// names are those of indexes without the directory of the suite.
func names(all []repo.Index) (names []string) {
	for _, ix := range all {
		names = append(names, strings.TrimPrefix(ix.Name, "dists/bookworm/"))
	}
	return names
}

func TestInScope(t *testing.T) {
	byDefault := []string{
		"main/binary-amd64/Packages", "main/binary-amd64/Release", "main/cnf/Commands-amd64",
		"main/dep11/CID-Index-amd64.json", "main/dep11/Components-all.yml", "main/dep11/Components-amd64.yml",
		"main/dep11/icons-48x48.tar", "main/dep11/icons-64x64@2.tar", "main/i18n/Translation-de", "main/i18n/Translation-en",
	}
	contrib := []string{"contrib/binary-amd64/Packages", "contrib/dep11/icons-48x48.tar", "contrib/i18n/Translation-en"}
	// plus keeps the order of the Release.
	plus := func(lists ...[]string) []string {
		all := slices.Concat(lists...)
		var ordered []string
		for _, p := range everything {
			base, _ := splitSuffix(p)
			if slices.Contains(all, base) && !slices.Contains(ordered, base) {
				ordered = append(ordered, base)
			}
		}
		return ordered
	}
	main, amd64 := []string{"main"}, []string{"amd64"}
	tests := []struct {
		name   string
		fields string
		source repo.Source
		want   []string
	}{
		{"default", debianFields, repo.Source{Components: main, Architectures: amd64}, byDefault},
		{"all components", debianFields, repo.Source{Architectures: amd64}, plus(byDefault, contrib)},
		{
			"two architectures", debianFields,
			repo.Source{Components: main, Architectures: []string{"amd64", "arm64"}},
			plus(byDefault, []string{"main/binary-arm64/Packages", "main/binary-arm64/Release", "main/cnf/Commands-arm64", "main/dep11/Components-arm64.yml"}),
		},
		{
			"a variant", debianFields,
			repo.Source{Components: main, Architectures: []string{"amd64", "amd64v3"}},
			plus(byDefault, []string{"main/binary-amd64v3/Packages"}),
		},
		{
			"binary-all where it is announced", "Architectures: all amd64\nComponents: main contrib\n",
			repo.Source{Components: main, Architectures: amd64},
			plus(byDefault, []string{"main/binary-all/Packages", "main/binary-all/Release"}),
		},
		{
			"nothing for all where it is not", "Architectures: amd64\nComponents: main contrib\n",
			repo.Source{Components: main, Architectures: amd64},
			slices.DeleteFunc(slices.Clone(byDefault), func(s string) bool { return strings.HasSuffix(s, "-all.yml") }),
		},
		{
			"no words about itself", "",
			repo.Source{Components: main, Architectures: amd64},
			plus(byDefault, []string{"main/binary-all/Packages", "main/binary-all/Release"}),
		},
		{
			"components with a part before them", "Architectures: all amd64\nComponents: updates/main updates/contrib\nNo-Support-for-Architecture-all: Packages\n",
			repo.Source{Components: main, Architectures: amd64},
			byDefault,
		},
		{
			"and asked for with it", "Architectures: all amd64\nComponents: updates/main updates/contrib\nNo-Support-for-Architecture-all: Packages\n",
			repo.Source{Components: []string{"updates/main"}, Architectures: amd64},
			byDefault,
		},
		{
			"sources", debianFields,
			repo.Source{Components: main, Architectures: amd64, Include: []string{"packages", "sources"}},
			plus(byDefault, []string{"main/source/Sources", "main/source/Release"}),
		},
		{
			"sources alone", debianFields,
			repo.Source{Components: main, Include: []string{"sources"}},
			[]string{"main/source/Release", "main/source/Sources"},
		},
		{
			"contents", debianFields,
			repo.Source{Components: main, Architectures: amd64, Include: []string{"packages", "contents"}},
			plus(byDefault, []string{"Contents-amd64", "main/Contents-all", "main/Contents-amd64"}),
		},
		{
			"contents of all that is there", debianFields,
			repo.Source{Components: main, Architectures: amd64, Include: []string{"contents", "sources", "udebs"}},
			plus([]string{
				"Contents-amd64", "main/Contents-all", "main/Contents-amd64", "main/Contents-source", "main/Contents-udeb-amd64",
				"main/debian-installer/binary-amd64/Packages", "main/debian-installer/binary-amd64/Release", "main/source/Release", "main/source/Sources",
			}),
		},
		{
			"installer", debianFields,
			repo.Source{Components: main, Architectures: amd64, Include: []string{"installer"}},
			[]string{"main/installer-amd64/20230607/images/MD5SUMS", "main/installer-amd64/20230607/images/SHA256SUMS"},
		},
		{
			"pdiffs of what is in scope", debianFields,
			repo.Source{Components: main, Architectures: amd64, Include: []string{"packages", "pdiffs"}},
			plus(byDefault, []string{"main/binary-amd64/Packages.diff/Index", "main/i18n/Translation-en.diff/Index"}),
		},
		{
			"others", debianFields,
			repo.Source{Components: main, Include: []string{"other"}},
			[]string{"main/dist-upgrader-all/current/ReleaseAnnouncement", "strange"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.source
			s.Suites = []string{"bookworm"}
			r, root, err := readText(t, &s, release(test.fields, everything...))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Format{}.InScope(r, root)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, names(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCatalogIndexes(t *testing.T) {
	tests := []struct {
		name   string
		source repo.Source
		want   []string
	}{
		{"English by default", repo.Source{}, []string{"main/binary-amd64/Packages", "main/i18n/Translation-en"}},
		{"no language", repo.Source{Languages: []string{}}, []string{"main/binary-amd64/Packages"}},
		{"another language", repo.Source{Languages: []string{"de"}}, []string{"main/binary-amd64/Packages", "main/i18n/Translation-de"}},
		{
			"with sources",
			repo.Source{Include: []string{"packages", "sources", "contents"}},
			[]string{"main/binary-amd64/Packages", "main/i18n/Translation-en", "main/source/Sources"},
		},
		{"sources alone", repo.Source{Include: []string{"sources"}}, []string{"main/source/Sources"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.source
			s.Suites, s.Components, s.Architectures = []string{"bookworm"}, []string{"main"}, []string{"amd64"}
			r, root, err := readText(t, &s, release(debianFields, everything...))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Format{}.CatalogIndexes(r, root)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, names(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFlatScope(t *testing.T) {
	text := release("", "./Packages", "Packages.gz", "Sources.gz", "other/Packages", "extra")
	for suite, dir := range map[string]string{"./": "", "sub/": "sub/"} {
		r, root, err := readText(t, &repo.Source{Suites: []string{suite}}, text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format{}.InScope(r, root)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Name != dir+"Packages" || len(got[0].Variants) != 2 {
			t.Errorf("suite %q has %+v in scope, expected its Packages", suite, got)
		}
		if want := dir + "by-hash/SHA256/" + got[0].Variants[1].Digest.Hex(); got[0].Variants[1].Alternates[0] != want {
			t.Errorf("the alternate is %s, expected %s", got[0].Variants[1].Alternates[0], want)
		}
		r.Source.Include = []string{"packages", "sources"}
		if got, _ := (Format{}).InScope(r, root); len(got) != 2 || got[1].Name != dir+"Sources" {
			t.Errorf("suite %q has %+v in scope, expected its Packages and Sources", suite, got)
		}
	}
}

func TestScopeErrors(t *testing.T) {
	tests := []struct {
		source repo.Source
		want   string
	}{
		{repo.Source{Components: []string{"universe"}, Architectures: []string{"amd64"}}, `there is no component "universe"; it has main, contrib`},
		{repo.Source{Architectures: []string{"s390x"}}, `there is no architecture "s390x"; it has all, amd64, arm64`},
		{repo.Source{}, "names no architectures; the suite has all, amd64, arm64"},
		{repo.Source{Components: []string{"contrib"}, Architectures: []string{"arm64"}}, "lists no packages of components contrib for architectures arm64"},
	}
	for _, test := range tests {
		s := test.source
		s.Suites = []string{"bookworm"}
		r, root, err := readText(t, &s, release(debianFields, everything...))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := (Format{}).InScope(r, root); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v gives %v and error %v, expected %q", test.source, names(got), err, test.want)
		}
	}
}

func TestIndexKinds(t *testing.T) {
	_, root, err := readText(t, &repo.Source{Suites: []string{"bookworm"}}, release(debianFields, append(everything,
		"main/installer-i386/current/images/MD5SUMS", "main/empty/binary-amd64/Packages")...))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, ix := range root.Indexes {
		words := ix.Kind
		if ix.ListsFiles {
			words += " lists"
		}
		if ix.Optional {
			words += " optional"
		}
		got[strings.TrimPrefix(ix.Name, "dists/bookworm/")] = words
	}
	for name, want := range map[string]string{
		"main/binary-amd64/Packages":                         "packages lists",
		"main/binary-amd64/Packages.diff/Index":              "pdiffs lists optional",
		"main/binary-amd64/Release":                          "release optional",
		"main/source/Sources":                                "sources lists",
		"main/debian-installer/binary-amd64/Packages":        "udebs lists",
		"main/installer-amd64/20230607/images/MD5SUMS":       "installer optional",
		"main/installer-i386/current/images/MD5SUMS":         "installer lists optional",
		"main/installer-amd64/20230607/images/SHA256SUMS":    "installer lists optional",
		"main/i18n/Translation-en":                           "translations optional",
		"main/dep11/Components-amd64.yml":                    "dep11 optional",
		"main/dep11/icons-48x48.tar":                         "icons optional",
		"main/cnf/Commands-amd64":                            "cnf optional",
		"Contents-amd64":                                     "contents optional",
		"main/dist-upgrader-all/current/ReleaseAnnouncement": "other optional",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, expected %q", name, got[name], want)
		}
	}
}
