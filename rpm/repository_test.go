package rpm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestRepositories(t *testing.T) {
	type row struct{ Name, Address, Dir, IndexDir string }
	tests := []struct {
		name   string
		source repo.Source
		want   []row
	}{
		{
			"no variables",
			repo.Source{URLs: []string{"https://rpm.example.org/el9/"}},
			[]row{{"", "https://rpm.example.org/el9", "", "repodata"}},
		},
		{
			"one machine",
			repo.Source{URLs: []string{"https://rpm.example.org/$basearch/os"}, Architectures: []string{"x86_64"}},
			[]row{{"", "https://rpm.example.org/x86_64/os", "", "repodata"}},
		},
		{
			"32 bits go with 64",
			repo.Source{URLs: []string{"https://rpm.example.org/$basearch"}, Architectures: []string{"x86_64", "i686"}},
			[]row{{"", "https://rpm.example.org/x86_64", "", "repodata"}},
		},
		{
			"two machines",
			repo.Source{URLs: []string{"https://rpm.example.org/$basearch/$arch"}, Architectures: []string{"i686", "aarch64", "noarch"}},
			[]row{{"i386", "https://rpm.example.org/i386/i686", "i386", "repodata"}, {"aarch64", "https://rpm.example.org/aarch64/aarch64", "aarch64", "repodata"}},
		},
		{
			"architectures of an address without variables",
			repo.Source{URLs: []string{"https://rpm.example.org/all"}, Architectures: []string{"x86_64", "aarch64"}},
			[]row{{"", "https://rpm.example.org/all", "", "repodata"}},
		},
		{
			"all combinations",
			repo.Source{
				URLs:       []string{"https://$releasever.example.org/${stream}/$releasever_major/$releasever_minor/$zone/$basearch"},
				Releasever: []string{"9.2", "10"}, Architectures: []string{"x86_64", "aarch64"},
				Variables: map[string][]string{"zone": {"a"}, "stream": {"main", "next"}, "unused": {"x", "y"}},
			},
			[]row{
				{"9.2/main/a/x86_64", "https://9.2.example.org/main/9/2/a/x86_64", "9.2/main/a/x86_64", "repodata"},
				{"9.2/main/a/aarch64", "https://9.2.example.org/main/9/2/a/aarch64", "9.2/main/a/aarch64", "repodata"},
				{"9.2/next/a/x86_64", "https://9.2.example.org/next/9/2/a/x86_64", "9.2/next/a/x86_64", "repodata"},
				{"9.2/next/a/aarch64", "https://9.2.example.org/next/9/2/a/aarch64", "9.2/next/a/aarch64", "repodata"},
				{"10/main/a/x86_64", "https://10.example.org/main/10//a/x86_64", "10/main/a/x86_64", "repodata"},
				{"10/main/a/aarch64", "https://10.example.org/main/10//a/aarch64", "10/main/a/aarch64", "repodata"},
				{"10/next/a/x86_64", "https://10.example.org/next/10//a/x86_64", "10/next/a/x86_64", "repodata"},
				{"10/next/a/aarch64", "https://10.example.org/next/10//a/aarch64", "10/next/a/aarch64", "repodata"},
			},
		},
		{
			"variables of the source come first",
			repo.Source{URLs: []string{"https://rpm.example.org/$basearch-$arch-$releasever"}, Architectures: []string{"x86_64"}, Releasever: []string{"9"}, Variables: map[string][]string{"basearch": {"b"}, "releasever": {"r"}}},
			[]row{{"", "https://rpm.example.org/b-x86_64-r", "", "repodata"}},
		},
		{
			"words for variables",
			repo.Source{URLs: []string{"https://rpm.example.org/${absent:-${a:-x}}/${a:-y}/${a:+with-$a}/${absent:+z}/$ $$"}, Variables: map[string][]string{"a": {"1"}}},
			[]row{{"", "https://rpm.example.org/1/1/with-1//$ $$", "", "repodata"}},
		},
		{
			"mirrorlist",
			repo.Source{Mirrorlist: "https://mirrors.example.org/list?repo=el$releasever&arch=$basearch", Architectures: []string{"x86_64"}, Releasever: []string{"9"}},
			[]row{{"", "https://mirrors.example.org/list?repo=el9&arch=x86_64", "", "repodata"}},
		},
		{
			"metalink with a root that a URL names",
			repo.Source{Metalink: "https://mirrors.example.org/metalink", URLs: []string{"https://rpm.example.org/el9/os/"}, Root: ".."},
			[]row{{"", "https://mirrors.example.org/metalink", "", "os/repodata"}},
		},
		{
			"root",
			repo.Source{URLs: []string{"https://rpm.example.org/el9/x%2By/os/", "file:///srv/x+y/os"}, Root: "../.."},
			[]row{{"", "https://rpm.example.org/el9", "", "x+y/os/repodata"}},
		},
		{
			"root of several",
			repo.Source{URLs: []string{"https://rpm.example.org/$basearch/os"}, Root: "..", Architectures: []string{"x86_64", "aarch64"}},
			[]row{{"x86_64", "https://rpm.example.org/x86_64", "x86_64", "os/repodata"}, {"aarch64", "https://rpm.example.org/aarch64", "aarch64", "os/repodata"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all, err := Format{}.Repositories(&test.source)
			if err != nil {
				t.Fatal(err)
			}
			var got []row
			for _, r := range all {
				address := r.List
				if address == "" {
					address = r.URLs[0]
				} else if r.URLs != nil {
					t.Errorf("a list stands beside the URLs %v", r.URLs)
				}
				got = append(got, row{r.Name, address, r.Dir, r.IndexDir})
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRepositoriesErrors(t *testing.T) {
	url := func(u string) repo.Source { return repo.Source{URLs: []string{u}} }
	tests := []struct {
		source repo.Source
		want   string
	}{
		{repo.Source{}, "no URL, mirrorlist or metalink"},
		{repo.Source{Mirrorlist: "https://a.example.org", Metalink: "https://b.example.org"}, "a mirrorlist and a metalink"},
		{url("https://rpm.example.org/$basearch"), "$basearch has no value; name the source's architectures"},
		{url("https://rpm.example.org/$other"), "$other has no value"},
		{url("https://rpm.example.org/${a"), `no "}" where ${a needs one`},
		{url("https://rpm.example.org/" + strings.Repeat("${a:-", 20)), "more than 8 deep"},
		{url("https://rpm.example.org/?x=y"), "has a query"},
		{repo.Source{URLs: []string{"https://rpm.example.org/$a"}, Variables: map[string][]string{"a": {"..", "x"}}}, "no name of a directory"},
		{repo.Source{URLs: []string{"https://rpm.example.org/$a"}, Variables: map[string][]string{"a": {"x", "x"}}}, `"x" is there twice`},
		{repo.Source{URLs: []string{"https://rpm.example.org/os"}, Root: "../.."}, "2 directories upwards"},
		{repo.Source{URLs: []string{"https://rpm.example.org/os"}, Root: "sub"}, "does not lead upwards"},
		{repo.Source{URLs: []string{"https://rpm.example.org/os"}, Root: "/"}, "does not lead upwards"},
		{repo.Source{URLs: []string{"https://a.example.org/x/os", "https://b.example.org/x/OS"}, Root: ".."}, `one ends in "os", another in "OS"`},
		{repo.Source{URLs: []string{"https://rpm.example.org/x/%2e%2e%2f"}, Root: ".."}, "leaves the repository"},
		{repo.Source{Metalink: "https://a.example.org", Root: ".."}, "needs the source's url"},
		{repo.Source{URLs: []string{"https://rpm.example.org"}, Include: []string{"dep11"}}, `kind "dep11" is unknown; there are packages, sources`},
	}
	for _, test := range tests {
		all, err := Format{}.Repositories(&test.source)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: repositories %v, error %v, expected %q", test.source, all, err, test.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"https://a.example.org/$basearch", "${a:-${b:+c}}", "$", "${", "${}", "${a:?}", "a}b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		parsed, err := parseTemplate(address)
		if err != nil {
			return
		}
		values := map[string]string{}
		parsed.variables(func(name string) { values[name] = "v" })
		if _, err := parsed.expand(values); err != nil {
			t.Errorf("with a value for each variable: %v", err)
		}
		if !strings.Contains(address, "$") {
			if got, _ := parsed.expand(nil); got != address {
				t.Errorf("%q became %q", address, got)
			}
		}
	})
}
