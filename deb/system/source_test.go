package system

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// indexURIs are the URIs of the indexes that apt would fetch for the sources,
// before it knows any Release file: uncompressed names, sorted.
func indexURIs(s *System) (uris []string) {
	for _, source := range s.Sources {
		base := strings.Replace(source.URLs[0], "file:///", "file:/", 1)
		base, _ = url.PathUnescape(base)
		for _, suite := range source.Suites {
			if len(source.Components) == 0 {
				uris = append(uris, base+"/"+suite+"InRelease")
				if !source.SourcesOnly {
					uris = append(uris, base+"/"+suite+"Packages")
					for _, l := range source.Languages {
						uris = append(uris, base+"/"+suite+l)
					}
				}
				if source.IncludeSources {
					uris = append(uris, base+"/"+suite+"Sources")
				}
				continue
			}
			dist := base + "/dists/" + suite + "/"
			uris = append(uris, dist+"InRelease")
			for _, c := range source.Components {
				if source.IncludeSources {
					uris = append(uris, dist+c+"/source/Sources")
				}
				if source.SourcesOnly {
					continue
				}
				for _, l := range source.Languages {
					uris = append(uris, dist+c+"/i18n/Translation-"+l)
				}
				for _, a := range source.Architectures {
					uris = append(uris, dist+c+"/binary-"+a+"/Packages")
				}
				uris = append(uris, dist+c+"/binary-all/Packages")
			}
		}
	}
	slices.Sort(uris)
	return slices.Compact(uris)
}

// compareSourcesToApt reads the machine's sources with apt and this package.
func compareSourcesToApt(t rapid.TB, m *machine) (diff string) {
	out, aptErr := m.run(t, "apt-get", "update", "--print-uris")
	s, readErr := read("/", m.env)
	if (readErr == nil) != (aptErr == nil) {
		return "apt says " + errorText(aptErr) + "\nread says " + errorText(readErr)
	}
	if readErr != nil {
		if !strings.Contains(readErr.Error(), "etc/apt/sources.list") || !strings.Contains(readErr.Error(), ":1:") {
			return "no place in " + readErr.Error()
		}
		return ""
	}
	var want []string
	for line := range strings.Lines(out) {
		uri, _, _ := strings.Cut(strings.TrimPrefix(line, "'"), "'")
		want = append(want, strings.TrimSuffix(uri, ".xz"))
	}
	slices.Sort(want)
	return cmp.Diff(want, indexURIs(s))
}

func errorText(err error) string {
	if err == nil {
		return "nothing"
	}
	return err.Error()
}

func TestOneLineSourcesAgreeWithApt(t *testing.T) {
	m := newMachine(t, map[string]string{"etc/apt/apt.conf": `APT::Architectures { "amd64"; "i386"; };`})
	for _, text := range []string{
		"deb http://x.example.org/debian bookworm main contrib # comment\n",
		"# deb http://x.example.org/debian bookworm main\n\n   \n",
		"deb\thttp://x.example.org/debian/\tbookworm\tmain\r\n",
		"deb http://x.example.org/debian bookworm main#c\n  deb-src http://x.example.org/debian bookworm main\n",
		"deb-src http://x.example.org/debian bookworm main contrib\ndeb http://x.example.org/debian bookworm main\n",
		"deb http://x.example.org/debian a main\ndeb http://y.example.org/debian a main\ndeb http://x.example.org/debian b main\n",
		"deb [ arch=amd64,armhf  lang=de,fr ] http://x.example.org/debian bookworm main\n",
		"deb [arch=amd64] http://x.example.org/debian bookworm main\ndeb [arch=armhf] http://x.example.org/debian bookworm main contrib\n",
		"deb [arch+=armhf arch-=amd64] http://x.example.org/debian bookworm main\n",
		"deb [arch-=amd64,i386] http://x.example.org/debian bookworm main\n",
		"deb [arch=amd64 arch=i386] http://x.example.org/debian bookworm main\n",
		"deb [lang=none] http://x.example.org/debian bookworm main\n",
		"deb [lang+=de] http://x.example.org/debian bookworm main\n",
		"deb [foo=bar pdiffs=no by-hash=force] http://x.example.org/debian bookworm main\n",
		"deb [arch=\"amd64\"] \"http://x.example.org/a b\" bookworm main\n",
		"deb http://x.example.org/a%20b bookworm main%2fsub\n",
		"deb http://x.example.org/$(ARCH)/d/ s-$(ARCH)/\n",
		"deb http://x.example.org/d $(ARCH) main\n",
		"deb http://x.example.org/d ./\ndeb-src http://x.example.org/d ./\n",
		"deb file:/srv/debian bookworm main\n",
		"deb file:///srv/debian bookworm main\n",
		"deb [trusted=yes check-valid-until=no] http://x.example.org/debian bookworm main\n",
		"deb [signed-by=/a.gpg,/b.gpg] http://x.example.org/debian bookworm main\n",
		"deb http://x.example.org/debian bookworm main\ndeb [signed-by=/a.gpg] http://x.example.org/debian bookworm contrib\n",
		"deb [] http://x.example.org/debian bookworm main\n",
		"deb [# no comment=x] http://x.example.org/debian bookworm main\n",
		"deb http://u:p@x.example.org:8080/debian bookworm main\n",
		// Malformed:
		"deb [arch=amd64]http://x.example.org/debian bookworm main\n",
		"deb [arch = amd64] http://x.example.org/debian bookworm main\n",
		"deb [arch=] http://x.example.org/debian bookworm main\n",
		"deb [arch=amd64 http://x.example.org/debian bookworm main\n",
		"deb [arch] http://x.example.org/debian bookworm main\n",
		"deb [signed-by=/a b] http://x.example.org/debian bookworm main\n",
		"deb [signed-by=a.gpg] http://x.example.org/debian bookworm main\n",
		"deb [signed-by=DEADBEEF] http://x.example.org/debian bookworm main\n",
		"deb [signed-by=/a.gpg] http://x.example.org/debian bookworm main\n",
		"deb http://x.example.org/debian bookworm/ main\n",
		"deb http://x.example.org/debian bookworm\n",
		"deb http://x.example.org/debian\n",
		"deb\n",
		"deb /srv/debian bookworm main\n",
		"rpm http://x.example.org/debian bookworm main\n",
		"deb \"http://x.example.org/debian bookworm main\n",
	} {
		m.write(t, "etc/apt/sources.list", text)
		if diff := compareSourcesToApt(t, m); diff != "" {
			t.Errorf("%s(-apt +read):\n%s", text, diff)
		}
	}
}

func TestDeb822SourcesAgreeWithApt(t *testing.T) {
	m := newMachine(t, map[string]string{"etc/apt/apt.conf": `APT::Architectures { "amd64"; "i386"; };`})
	const source = "Types: deb\nURIs: http://x.example.org/debian\nSuites: bookworm\nComponents: main\n"
	for _, text := range []string{
		source,
		"types:deb\nURIS:http://x.example.org/debian\nsuites:   bookworm\ncomponents:\n main\n",
		"Types: deb deb-src\nURIs: http://x.example.org/debian http://y.example.org/d/\nSuites: a a-updates\nComponents: main contrib\n",
		"# comment\nTypes: deb\n# comment\nURIs: http://x.example.org/debian\nSuites:\n a\n# comment\n b\nComponents: main\n#\n",
		source + "Architectures: amd64 armhf\nLanguages: de fr\n",
		source + "Architectures: amd64,armhf\n",
		source + "Architectures-Add: armhf\n arm64\nArchitectures-Remove: amd64\nLanguages-Add: de\n",
		source + "Enabled: no\n",
		source + "Enabled: off\n",
		source + "Enabled: yes\n",
		source + "Enabled: perhaps\n",
		source + "X-Unknown: value\n",
		source + "Suites: trixie\n",
		source + "\n \n\n" + strings.ReplaceAll(source, "x.example", "y.example"),
		"Types: deb\nURIs: http://x.example.org/$(ARCH)\nSuites: ./ s/$(ARCH)/\n",
		"Types: deb\nURIs: http://x.example.org/\nSuites: ./\nComponents:\n",
		source + "Signed-By: /a.gpg /b.gpg,\n DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF! deadbeefdeadbeefdeadbeefdeadbeefdeadbeef\n",
		source + "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n -----END PGP PUBLIC KEY BLOCK-----\n",
		"",
		"# comment\n\n",
		// Malformed:
		"Type: deb\nURIs: http://x.example.org\nSuites: a\nComponents: main\n",
		"Types: deb\nSuites: a\nComponents: main\n",
		"Types: deb\nURIs: http://x.example.org\nComponents: main\n",
		"Types: deb\nURIs: http://x.example.org\nSuites: a\n",
		"Types: deb\nURIs: http://x.example.org\nSuites: a ./\nComponents: main\n",
		"Types: rpm\nURIs: http://x.example.org\nSuites: a\nComponents: main\n",
		"Types: deb\nURIs: x\nSuites: a\nComponents: main\n",
		"garbage\n",
		source + "Signed-By: relative.gpg\n",
		"Foo: bar\n",
	} {
		m.write(t, "etc/apt/sources.list.d/x.sources", text)
		if diff := compareSourcesToApt(t, m); diff != "" {
			t.Errorf("%s(-apt +read):\n%s", text, diff)
		}
	}
}

func TestFilesOfSourcesAgreeWithApt(t *testing.T) {
	line := func(host string) string { return "deb http://" + host + ".example.org/debian bookworm main\n" }
	stanza := func(host string) string {
		return "Types: deb\nURIs: http://" + host + ".example.org/debian\nSuites: bookworm\nComponents: main\n"
	}
	m := newMachine(t, map[string]string{
		"etc/apt/sources.list":                      line("main"),
		"etc/apt/sources.list.d/b.list":             line("b"),
		"etc/apt/sources.list.d/a.sources":          stanza("a"),
		"etc/apt/sources.list.d/B_1-2.3.list":       line("b123"),
		"etc/apt/sources.list.d/c.list.disabled":    line("disabled"),
		"etc/apt/sources.list.d/d.list~":            line("backup"),
		"etc/apt/sources.list.d/e e.list":           line("space"),
		"etc/apt/sources.list.d/.f.list":            line("hidden"),
		"etc/apt/sources.list.d/g":                  line("none"),
		"etc/apt/sources.list.d/h.repo":             line("repo"),
		"etc/apt/sources.list.d/i.list/j.list":      line("sub"),
		"etc/apt/sources.list.d/k.SOURCES":          stanza("capitals"),
		"etc/apt/sources.list.d/l.sources.list":     line("double"),
		"etc/apt/sources.list.d/m.sources.dpkg-new": stanza("dpkg"),
	})
	if diff := compareSourcesToApt(t, m); diff != "" {
		t.Errorf("(-apt +read):\n%s", diff)
	}
	s, err := read("/", m.env)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, source := range s.Sources {
		host, _, _ := strings.Cut(source.Name, ".")
		order = append(order, host)
	}
	if diff := cmp.Diff([]string{"main", "b123", "a", "b", "double"}, order); diff != "" {
		t.Errorf("order of the sources (-want +got):\n%s", diff)
	}
	m.write(t, "etc/apt/apt.conf", `Dir::Etc::sourcelist "sources.list.d/a.sources"; Dir::Etc::sourceparts "-";`)
	if diff := compareSourcesToApt(t, m); diff != "" {
		t.Errorf("with other paths (-apt +read):\n%s", diff)
	}
}

func TestRandomSourcesAgreeWithApt(t *testing.T) {
	m := newMachine(t, nil)
	list := func(values ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, 3, rapid.ID[string])
	}
	line := rapid.Custom(func(t *rapid.T) string {
		options := rapid.SampledFrom([]string{
			"", "", "", "[arch=amd64,i386] ", "[arch=i386] ", "[ arch+=armhf ] ", "[arch-=amd64] ", "[lang=de] ", "[trusted=yes] ",
		}).Draw(t, "options")
		kind := rapid.SampledFrom([]string{"deb", "deb", "deb-src"}).Draw(t, "type")
		uri := rapid.SampledFrom([]string{"http://x.example.org", "http://x.example.org/", "https://y.example.org/d"}).Draw(t, "uri")
		suite := rapid.SampledFrom([]string{"a", "b", "c", "./"}).Draw(t, "suite")
		if suite == "./" {
			return kind + " " + options + uri + " " + suite
		}
		return kind + " " + options + uri + " " + suite + " " + strings.Join(list("main", "contrib", "extra").Draw(t, "components"), " ")
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 1, 8).Draw(t, "lines"), "\n") + "\n"
		m.write(t, "etc/apt/sources.list", text)
		diff := compareSourcesToApt(t, m)
		if diff != "" && !strings.HasPrefix(diff, "no place") {
			t.Fatalf("%s(-apt +read):\n%s", text, diff)
		}
	})
}

// summary describes each source in a line: name, suites, components,
// architectures, and "src" or "src-only".
func summary(sources []Source) string {
	var b strings.Builder
	for _, s := range sources {
		b.WriteString(s.Name + ":")
		for _, list := range [][]string{s.Suites, s.Components, s.Architectures} {
			b.WriteString(" " + strings.Join(list, ","))
		}
		switch {
		case s.SourcesOnly:
			b.WriteString(" src-only")
		case s.IncludeSources:
			b.WriteString(" src")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestEntriesAreGroupedAndNamed(t *testing.T) {
	for _, tt := range []struct{ name, list, want string }{
		{
			"suites with the same components make one source",
			"deb http://a.example.org/debian/ x main\ndeb http://b.example.org x main\ndeb http://a.example.org/debian y main",
			"a.example.org-debian: x,y main amd64\nb.example.org: x main amd64\n",
		},
		{
			"components of one suite are joined",
			"deb http://a.example.org x main\ndeb http://a.example.org x contrib main\n",
			"a.example.org: x main,contrib amd64\n",
		},
		{
			"suites with other components are sources of their own, named by suite",
			"deb http://a.example.org/d x main contrib\ndeb http://a.example.org/d x-updates main\ndeb http://a.example.org/d y/updates main",
			"a.example.org-d: x main,contrib amd64\na.example.org-d-x-updates: x-updates,y/updates main amd64\n",
		},
		{
			"architectures and deb-src part components",
			"deb http://a.example.org x main contrib\ndeb-src http://a.example.org x main\ndeb [arch=i386] http://a.example.org x extra",
			"a.example.org: x main amd64 src\na.example.org-x: x contrib amd64\na.example.org-x-2: x extra i386\n",
		},
		{
			"sources alone",
			"deb-src http://a.example.org x main",
			"a.example.org: x main  src-only\n",
		},
		{
			"the machine's architecture comes first",
			"deb [arch=i386,amd64,armhf] http://a.example.org x main\ndeb [arch-=amd64] http://b.example.org x main",
			"a.example.org: x main amd64,i386,armhf\nb.example.org: x main all\n",
		},
		{
			"other keys are another source",
			"deb [signed-by=/a.gpg] http://a.example.org x main\ndeb [signed-by=/b.gpg] http://a.example.org y main",
			"a.example.org: x main amd64\na.example.org-y: y main amd64\n",
		},
		{
			"names are fit for directories",
			"deb http://user:secret@A.Example.org:8080/home:/me/../d%20e/ x main\ndeb http://a.example.org/.hidden x main\ndeb file:/srv/x ./\ndeb file:/ ./\n",
			"a.example.org-8080-home-me-d-e: x main amd64\na.example.org-hidden: x main amd64\nsrv-x: ./  amd64\nsource: ./  amd64\n",
		},
		{
			"names are unique",
			"deb http://a.example.org/b x main\ndeb http://a.example.org/b./ x main\ndeb http://a.example.org/b/ ./\ndeb [trusted=yes] http://a.example.org/b ././",
			"a.example.org-b: x main amd64\na.example.org-b.: x main amd64\na.example.org-b-2: ./  amd64\na.example.org-b-3: ././  amd64\n",
		},
	} {
		m := newMachine(t, map[string]string{"etc/apt/sources.list": tt.list})
		s, err := read("/", m.env)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, summary(s.Sources)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestChecksOfDateAndExpiry(t *testing.T) {
	for _, tt := range []struct {
		configuration, option          string
		ignoreValidUntil, ignoreFuture bool
	}{
		{"", "", false, false},
		{"", "[check-valid-until=no]", true, false},
		{"", "[check-date=no]", true, true},
		{`Acquire::Check-Valid-Until "no";`, "", true, false},
		{`Acquire::Check-Valid-Until "no";`, "[check-valid-until=yes]", false, false},
		{`Acquire::Check-Date "no";`, "", true, true},
		{`Acquire::Check-Date "no";`, "[check-date=yes]", false, false},
	} {
		m := newMachine(t, map[string]string{
			"etc/apt/apt.conf":     tt.configuration,
			"etc/apt/sources.list": "deb " + tt.option + " http://x.example.org a main\n",
		})
		s, err := read("/", m.env)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Sources[0]; got.IgnoreValidUntil != tt.ignoreValidUntil || got.IgnoreDate != tt.ignoreFuture {
			t.Errorf("%s %s: IgnoreValidUntil %t, IgnoreDate %t; expected %t, %t", tt.configuration, tt.option, got.IgnoreValidUntil, got.IgnoreDate, tt.ignoreValidUntil, tt.ignoreFuture)
		}
	}
}

func TestKeysOfSources(t *testing.T) {
	const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567"
	m := newMachine(t, map[string]string{
		"etc/apt/trusted.gpg.d/b.gpg":  "b",
		"etc/apt/trusted.gpg.d/a.asc":  "a",
		"etc/apt/trusted.gpg.d/c.gpg~": "c",
		"etc/apt/sources.list": "deb http://x.example.org default main\n" +
			"deb [signed-by=/k/a.gpg,/k/b.asc] http://x.example.org files main\n" +
			"deb [signed-by=" + strings.ToLower(fingerprint) + "!] http://x.example.org fingerprint main\n" +
			"deb [signed-by=/k/a.gpg," + fingerprint + "] http://x.example.org both main\n",
		"etc/apt/sources.list.d/x.sources": "Types: deb\nURIs: http://x.example.org\nSuites: block\nComponents: main\n" +
			"Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA\n\t=BBBB\n -----END PGP PUBLIC KEY BLOCK-----\n",
	})
	s, err := read("/", m.env)
	if err != nil {
		t.Fatal(err)
	}
	trusted := []string{m.dir + "/etc/apt/trusted.gpg.d/a.asc", m.dir + "/etc/apt/trusted.gpg.d/b.gpg"}
	type keys struct {
		Files, Fingerprints []string
		Data                string
	}
	got := map[string]keys{}
	for _, source := range s.Sources {
		got[source.Suites[0]] = keys{source.Keys, source.Fingerprints, string(source.KeyData)}
	}
	want := map[string]keys{
		"default":     {Files: trusted},
		"files":       {Files: []string{"/k/a.gpg", "/k/b.asc"}},
		"fingerprint": {Files: trusted, Fingerprints: []string{fingerprint + "!"}},
		"both":        {Files: []string{"/k/a.gpg"}, Fingerprints: []string{fingerprint}},
		"block":       {Data: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n=BBBB\n-----END PGP PUBLIC KEY BLOCK-----\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSourcesThatCannotBeMirrored(t *testing.T) {
	for _, tt := range []struct{ line, note string }{
		{"deb cdrom:[Example GNU/Linux 12]/ x main", "it is a CD"},
		{"deb tor+https://x.example.org x main", `transport "tor+https" is not supported`},
		{"deb ftp://x.example.org x main", `transport "ftp" is not supported`},
		{"deb mirror://user:secret@x.example.org/list x main", "mirror lists are read from files"},
		{"deb mirror+https://x.example.org/list x main", "mirror lists are read from files"},
		{"deb [trusted=no] http://x.example.org x main", "it is not trusted"},
	} {
		m := newMachine(t, map[string]string{"etc/apt/sources.list": tt.line + "\n"})
		s, err := read("/", m.env)
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		notes := strings.Join(s.Notes, "\n")
		if len(s.Sources) != 0 || !strings.Contains(notes, tt.note) || !strings.Contains(notes, "sources.list:1: ") || strings.Contains(notes, "secret") {
			t.Errorf("%s: sources %q, notes %q; expected a note with its place: %q", tt.line, summary(s.Sources), notes, tt.note)
		}
	}
}

func TestSourcesThatAreRefused(t *testing.T) {
	for _, tt := range []struct{ list, err string }{
		{"deb http:/srv x main", "sources.list:1: \"http:/srv\" names no host"},
		{"deb http://user:secret@/d x main", "sources.list:1: \"http://user@/d\" names no host"},
		{"deb http://x.example.org:port/ x main", "sources.list:1: \"http://x.example.org:port\" is no URL"},
		{"deb file:srv x main", "sources.list:1: \"file:srv\" is no absolute path"},
		{"deb file://host/srv x main", "is no absolute path"},
		{"deb mirror+file:/etc/apt/none.list x main", "etc/apt/none.list: file does not exist"},
		{"deb mirror+file:none.list x main", "is no absolute path"},
		{"deb [trusted=yes] http://u:secret@x.example.org x main\ndeb http://u:secret@x.example.org x contrib", "sources.list:2: option trusted is \"\" here and \"yes\" at"},
		{"\n# c\ndeb http://x.example.org x", "sources.list:3: suite \"x\" has no components"},
	} {
		m := newMachine(t, map[string]string{"etc/apt/sources.list": tt.list + "\n"})
		_, err := read("/", m.env)
		if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error is %v; expected %q", tt.list, err, tt.err)
		}
	}
}

func TestMirrorLists(t *testing.T) {
	for _, tt := range []struct {
		list, want, note, err string
	}{
		{"http://a.example.org/d/\n# comment\n\nhttps://b.example.org/d\nhttp://a.example.org/d", "http://a.example.org/d https://b.example.org/d", "", ""},
		{"http://a.example.org\tpriority:2\nhttp://b.example.org\nhttp://c.example.org\tpriority:1\nfile:/srv/d\tpriority:1", "http://c.example.org file:///srv/d http://a.example.org http://b.example.org", "", ""},
		{"http://a.example.org\ttype:index\nhttp://b.example.org\n", "http://b.example.org", "http://a.example.org is left out: it is for some", ""},
		{"http://a.example.org\ttype:index\nhttp://b.example.org\ttype:deb arch:amd64\n", "http://a.example.org http://b.example.org", "", ""},
		{"ftp://a.example.org\nhttp://b.example.org", "http://b.example.org", "ftp://a.example.org is left out", ""},
		{"# nothing\n", "", "", "names no mirror"},
		{"http:///d\n", "", "", "names no host"},
	} {
		m := newMachine(t, nil)
		m.write(t, "mirrors.list", tt.list)
		m.write(t, "etc/apt/sources.list", "deb mirror+file:"+m.dir+"/mirrors.list x main\n")
		s, err := read("/", m.env)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error is %v; expected %q", tt.list, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.list, err)
			continue
		}
		if got := strings.Join(s.Sources[0].URLs, " "); got != tt.want {
			t.Errorf("%s: URLs are %q; expected %q", tt.list, got, tt.want)
		}
		if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, tt.note) || (notes == "") != (tt.note == "") {
			t.Errorf("%s: notes are %q; expected %q", tt.list, notes, tt.note)
		}
	}
}

// checkEntries holds what the rest relies on for all entries that a parser lets
// through.
func checkEntries(t *testing.T, entries []entry, err error) {
	if err != nil && !strings.HasPrefix(err.Error(), "sources:") {
		t.Errorf("no place in %v", err)
	}
	s := &System{Architecture: "amd64", Languages: []string{}, files: files{"/nonexistent"}, configuration: defaultConfiguration()}
	for _, e := range entries {
		if len(e.types) == 0 || len(e.uris) == 0 || len(e.suites) == 0 || !strings.HasPrefix(e.place, "sources:") {
			t.Errorf("incomplete entry %+v", e)
		}
	}
	releases, err := s.releases(entries)
	if err != nil {
		return
	}
	names := names{}
	for _, g := range grouped(releases) {
		urls, err := s.urls(g)
		if err != nil || len(urls) == 0 {
			continue
		}
		name := names.unique(urls[0], g.suites[0])
		if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\ \x00") {
			t.Errorf("name %q of %q is no file name", name, urls)
		}
		if _, err := url.Parse(urls[0]); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseSourcesList(f *testing.F) {
	f.Add("deb [arch=amd64 signed-by=/a.gpg] http://x.example.org/d bookworm main # comment\n")
	f.Add("deb-src \"file:/a b\" ./\ndeb cdrom:[x y]/ a b")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parseSourcesList("sources", text)
		checkEntries(t, entries, err)
	})
}

func FuzzParseSources(f *testing.F) {
	f.Add("Types: deb deb-src\nURIs: http://x.example.org/d\nSuites: a b\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n A\n\n# c\nEnabled: no\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parseSources("sources", text)
		checkEntries(t, entries, err)
	})
}
