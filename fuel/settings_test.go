package fuel

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

var mos9 = nailgun.Version{Release: "9.0", OpenStack: "mitaka-9.0"}

func example(t *testing.T) *Settings {
	t.Helper()
	s, err := ReadSettings("../examples/fuel-createmirror.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func groups(t *testing.T, s *Settings) []Group {
	t.Helper()
	s.Versions = s.Versions.With(mos9)
	all, err := s.Groups()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The example is what is documented, and the names of its entries are those that Fuel's
// server has for the same repositories.
func TestExample(t *testing.T) {
	s := example(t)
	if d := cmp.Diff([]string{"mos_version"}, s.Missing()); d != "" {
		t.Errorf("missing (-want +got):\n%s", d)
	}
	if s.Server != "http://10.20.0.2:8000" || s.Destination != "/var/www/nailgun" || s.Transfer.Connections != 8 || s.Transfer.IgnoreErrors != 2 {
		t.Errorf("%+v", s.Common)
	}
	all := groups(t, s)
	plan, err := NewPlan(all, all, PlanOptions{Destination: s.Destination, BaseURL: s.BaseURL, Transfer: s.Transfer})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, system := range []string{"ubuntu", "centos"} {
		for _, e := range plan.Entries[system] {
			got = append(got, e.Name+": "+e.String())
		}
	}
	want := strings.Split(strings.TrimSpace(`
mos: deb http://10.20.0.2:8080/mos-repos/ubuntu/9.0/ mos9.0 main restricted
mos-updates: deb http://10.20.0.2:8080/mos-repos/ubuntu/9.0/ mos9.0-updates main restricted
mos-security: deb http://10.20.0.2:8080/mos-repos/ubuntu/9.0/ mos9.0-security main restricted
mos-holdback: deb http://10.20.0.2:8080/mos-repos/ubuntu/9.0/ mos9.0-holdback main restricted
ubuntu: deb http://10.20.0.2:8080/ubuntu/ trusty main multiverse universe
ubuntu-updates: deb http://10.20.0.2:8080/ubuntu/ trusty-updates main multiverse universe
ubuntu-security: deb http://10.20.0.2:8080/ubuntu/ trusty-security main multiverse universe
mos: http://10.20.0.2:8080/mos-repos/centos/mos9.0-centos7/os/
mos-updates: http://10.20.0.2:8080/mos-repos/centos/mos9.0-centos7/updates/
mos-security: http://10.20.0.2:8080/mos-repos/centos/mos9.0-centos7/security/
mos-holdback: http://10.20.0.2:8080/mos-repos/centos/mos9.0-centos7/holdback/
mos-cr: http://10.20.0.2:8080/mos-repos/centos/mos9.0-centos7/cr/
centos: http://10.20.0.2:8080/centos/7/os/x86_64/
centos-updates: http://10.20.0.2:8080/centos/7/updates/x86_64/`), "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
	if p := plan.Entries["ubuntu"][3].Priority; p == nil || *p != 1100 {
		t.Errorf("mos-holdback has the priority %v", p)
	}
	if len(plan.Unchecked) != 14 {
		t.Errorf("unchecked are %v", plan.Unchecked)
	}
}

// What is mirrored whole and what in part follows from masters and requirements, and a
// base that is mirrored alone still knows what needs it.
func TestPartial(t *testing.T) {
	s := example(t)
	all := groups(t, s)
	plan := func(c Choice) *config.Config {
		t.Helper()
		p, err := NewPlan(all, c.Chosen(all), PlanOptions{Destination: "/srv/www", BaseURL: "http://10.20.0.2:8080", Partial: true})
		if err != nil {
			t.Fatal(err)
		}
		return p.Config
	}
	describe := func(c *config.Config) (out []string) {
		for _, m := range c.Mirrors {
			text := m.Name + " in " + m.Path + " of " + strings.Join(m.From, " ")
			if !m.Full() {
				text += " for " + strings.Join(m.NeedsOf, " ")
			}
			for _, p := range m.Packages {
				text += " +" + p.String()
			}
			out = append(out, text)
		}
		return out
	}
	const (
		mosUbuntu = "ubuntu-mos in mos-repos/ubuntu/9.0 of ubuntu-mos ubuntu-mos-updates ubuntu-mos-security ubuntu-mos-holdback"
		ubuntu    = "ubuntu in ubuntu of ubuntu ubuntu-updates ubuntu-security for ubuntu-mos ubuntu-mos-updates ubuntu-mos-security ubuntu-mos-holdback +linux-image-generic +ubuntu-minimal +ubuntu-standard"
		mosCentOS = "centos-mos in mos-repos/centos/mos9.0-centos7 of centos-mos centos-mos-updates centos-mos-security centos-mos-holdback centos-mos-cr"
		centos    = "centos in centos/7 of centos centos-updates for centos-mos centos-mos-updates centos-mos-security centos-mos-holdback centos-mos-cr"
	)
	for name, test := range map[string]struct {
		choice Choice
		want   []string
	}{
		"all":           {Choice{}, []string{mosUbuntu, mosCentOS, ubuntu, centos}},
		"all, said":     {Choice{MOS: true, Base: true, CentOS: true, Ubuntu: true}, []string{mosUbuntu, mosCentOS, ubuntu, centos}},
		"base":          {Choice{Base: true}, []string{ubuntu, centos}},
		"mos of CentOS": {Choice{MOS: true, CentOS: true}, []string{mosCentOS}},
		"base, Ubuntu":  {Choice{Base: true, Ubuntu: true}, []string{ubuntu}},
	} {
		if d := cmp.Diff(test.want, describe(plan(test.choice))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	c := plan(Choice{Base: true, CentOS: true})
	if s := c.Source(c.Mirrors[0].From[0]); c.Mirrors[0].SourcePath(*s) != "os/x86_64" || s.URLs[0] != "http://archive.example.org/centos/7/os/x86_64" {
		t.Errorf("%+v", s)
	}
}

// Every mistake is told with its line and its key.
func TestProblems(t *testing.T) {
	const source = "sources:\n  - {name: ubuntu, osname: ubuntu, type: deb, baseurl: 'http://a.example.org/ubuntu', repositories: [trusty main]"
	for text, want := range map[string]string{
		"":                                  "c.yaml:1: the file says nothing",
		"common: [":                         "c.yaml:2: not valid YAML",
		"- a":                               "c.yaml:1: is no mapping",
		"common: {}":                        "c.yaml:1: sources: is missing or empty",
		"common: {thread_num: many}":        `c.yaml:1: common.thread_num: is no number from 1 to 65536 (seen "many")`,
		"common:\n  treads: 1":              "c.yaml:2: common.treads: is not known here (expected one of architectures, base_url",
		"sauces: []":                        "c.yaml:1: sauces: is not known here (expected common, versions and sources)",
		"common: {}\ncommon: {}":            "c.yaml:2: common: stands here twice",
		"--- {}\n--- {}":                    "c.yaml:2: a second YAML document begins",
		source + ", colour: red}":           "c.yaml:2: sources[0].colour: is not known here",
		source + ", master: mos}":           `c.yaml:2: sources[0].master: there is no other source "mos" of ubuntu`,
		source + ", path: ../etc}":          "c.yaml:2: sources[0].path: is no clean path below the destination",
		source + ", requirements: ['a b']}": "c.yaml:2: sources[0].requirements: seed \"a b\"",
		source + "}\n  - {name: ubuntu, osname: ubuntu, type: deb, baseurl: 'http://b.example.org/', repositories: [trusty main]}": "c.yaml:3: sources[1].name: \"ubuntu\" of ubuntu is sources[0] already",
		"sources:\n  - name: a\n    osname: b\n    type: zip\n    baseurl: c\n    repositories: [d e]":                             `c.yaml:4: sources[0].type: is no type of repositories (expected deb or yum, seen "zip")`,
		"sources:\n  - name: a\n    osname: b\n    type: deb\n    baseurl: 'http://x'":                                             "c.yaml:2: sources[0].repositories: is missing",
		"sources:\n  - name: a\n    osname: b\n    type: deb\n    baseurl: 'http://x'\n    repositories:\n      - ubuntu-standard": `c.yaml:6: sources[0].repositories: "ubuntu-standard" has no components`,
	} {
		s, err := ParseSettings("c.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q\nread as %+v, error\n  %v\nexpected\n  %s", text, s, err, want)
		}
	}
	s, err := ParseSettings("c.yaml", []byte(strings.ReplaceAll(source, "[trusty main]", "['{ubuntu_version}{x} main']")+"}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Groups(); err == nil || !strings.Contains(err.Error(), "c.yaml:2: sources[0].repositories: there is no value for {ubuntu_version} and {x} (known are none)") {
		t.Errorf("error %v", err)
	}
	s, err = ParseSettings("c.yaml", []byte(strings.ReplaceAll(source, "http://a.example.org/ubuntu", "archive")+"}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Groups(); err == nil || !strings.Contains(err.Error(), "c.yaml:2: sources[0].baseurl: is no address of a repository") {
		t.Errorf("error %v", err)
	}
}

// The first description of the file had neither common nor versions, and commas behind
// values.
func TestTheFirstDescription(t *testing.T) {
	s, err := ParseSettings("c.yaml", []byte(`
        thread_num: 10,
        connection_count: 6,
        ignore_error_count: 2,
        http_proxy: null,
        https_proxy: null
        fuel_url: "http://localhost:8080"
        destination: "/srv/nailgun"
        centos_version: "6"
        ubuntu_version: "trusty"
        sources:
        -   name: "mos"
            osname: "ubuntu"
            type: "deb"
            baseurl: "http://mirror.example.org/{mos_version}"
            repositories:
                 - "mos{mos_version} main restricted"
            requirements:
                 - "ubuntu-standard"
`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Transfer.Connections != 6 || s.Transfer.HTTPProxy != "" || s.Destination != "/srv/nailgun" || s.Versions["ubuntu_version"] != "trusty" || s.Server != "http://localhost:8080" {
		t.Errorf("%+v", s)
	}
}

// Nothing that a configuration or a server says leads out of the destination.
func TestPlacesAreBelowTheDestination(t *testing.T) {
	for _, directory := range []string{"../../etc", "{mos_version}", ".mirrorkeeper"} {
		s, err := ParseSettings("c.yaml", []byte("versions: {mos_version: '../../../etc'}\nsources: [{name: a, osname: centos, type: yum, baseurl: 'http://a.example.org/a', path: '.', repositories: ['"+directory+"']}]"))
		if err != nil {
			t.Fatal(err)
		}
		all := groups(t, s)
		if _, err := NewPlan(all, all, PlanOptions{Destination: "/srv"}); err == nil || !strings.Contains(err.Error(), "no place below the destination") {
			t.Errorf("%s: %v", directory, err)
		}
	}
}

// Two sources at one place would mix.
func TestPlacesAreApart(t *testing.T) {
	const two = `
sources:
  - {name: a, osname: ubuntu, type: deb, baseurl: "http://a.example.org/ubuntu", repositories: [a main]}
  - {name: b, osname: ubuntu, type: deb, baseurl: "http://b.example.org/ubuntu", repositories: [b main]PATH}
`
	for path, want := range map[string]string{"": "would both be published in ubuntu", ", path: b/ubuntu": ""} {
		s, err := ParseSettings("c.yaml", []byte(strings.Replace(two, "PATH", path, 1)))
		if err != nil {
			t.Fatal(err)
		}
		all := groups(t, s)
		_, err = NewPlan(all, all, PlanOptions{Destination: "/srv"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	example, err := os.ReadFile("../examples/fuel-createmirror.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("sources: &a [*a]"))
	f.Add([]byte("sources:\n- {name: a, osname: b, type: deb, baseurl: 'http://x', repositories: [' ']}"))
	f.Add([]byte("sources:\n- {name: a, osname: b, type: yum, baseurl: 'http://x', repositories: ['/']}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := ParseSettings("c.yaml", content)
		if err != nil {
			return
		}
		s.Versions = s.Versions.With(mos9)
		all, err := s.Groups()
		if err != nil {
			return
		}
		for _, partial := range []bool{false, true} {
			plan, err := NewPlan(all, all, PlanOptions{Destination: "/srv", BaseURL: "http://x/", Partial: partial})
			if err != nil {
				continue
			}
			for _, m := range plan.Config.Mirrors {
				for _, name := range append(m.From, m.NeedsOf...) {
					if plan.Config.Source(name) == nil {
						t.Errorf("mirror %s has no source %s", m.Name, name)
					}
				}
			}
		}
	})
}
