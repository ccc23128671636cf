package switching

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// read imports files of testdata.
func read(t *testing.T, kind string, in Input, names ...string) *Import {
	t.Helper()
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		in.Files = append(in.Files, File{name, content})
	}
	if in.Architecture == "" {
		in.Architecture = "amd64"
	}
	got, err := Read(kind, in)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestImports compares what becomes of each example in testdata with what is written
// beside it, and has package config read it. With -update=1 in the environment as UPDATE
// it is written anew.
func TestImports(t *testing.T) {
	for _, test := range []struct {
		kind string
		in   Input
		want string // file of the configuration
	}{
		{"apt-mirror", Input{}, "apt-mirror/debian.yaml"},
		{"apt-mirror", Input{}, "apt-mirror/everything.yaml"},
		{"apt-mirror2", Input{}, "apt-mirror2/mirror.yaml"},
		{"reposync", Input{Releasever: []string{"9"}}, "reposync/el9.yaml"},
		{"reposync", Input{Arguments: []string{"reposync", "-p", "/srv/rpm", "--repoid=app", "--newest-only", "--delete", "--download-metadata"}}, "reposync/app.yaml"},
		{"debmirror", Input{}, "debmirror/debmirror.yaml"},
		{"debmirror", Input{Arguments: []string{"debmirror", "--host", "archive.example.org", "-a", "amd64", "-d", "bookworm", "--section=main", "--nosource", "--method=http", "--nocheck-gpg", "--progress"}}, "debmirror/full.yaml"},
		{"aptly", Input{Keys: []string{"/usr/share/keyrings/debian-archive-keyring.gpg"}}, "aptly/mirrors.yaml"},
		{"rmt", Input{}, "rmt/repos.yaml"},
		{"mirmon", Input{}, "mirmon/mirmon.yaml"},
		{"mirrormanager", Input{}, "mirrormanager/mirrorlist.yaml"},
		{"mirrormanager", Input{Keys: []string{"/etc/pki/rpm-gpg/RPM-GPG-KEY-EPEL-9"}}, "mirrormanager/metalink.yaml"},
		{"mirrorchecker", Input{}, "mirrorchecker/mirrors.yaml"},
	} {
		t.Run(test.want, func(t *testing.T) {
			names, err := filepath.Glob(filepath.Join("testdata", strings.TrimSuffix(test.want, ".yaml")+".*"))
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, name := range names {
				if !strings.HasSuffix(name, ".yaml") {
					files = append(files, strings.TrimPrefix(name, "testdata/"))
				}
			}
			got := read(t, test.kind, test.in, files...)
			text, err := got.Text()
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			b.Write(text)
			for _, l := range got.Lost {
				b.WriteString("# " + l.String() + "\n")
			}
			file := filepath.Join("testdata", test.want)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(b.String(), "hunter2") {
				t.Errorf("a password is told")
			}
			if _, err := config.Parse("/etc/mirrorkeeper.yaml", text, func(string) (string, bool) { return "x", true }); err != nil {
				t.Error(err)
			}
			for _, l := range got.Lost {
				if !strings.Contains(strings.ReplaceAll(string(text), "\n", " "), l.What) {
					t.Errorf("no comment says: %s", l.What)
				}
			}
		})
	}
}

// placed are errors that name file and line.
var placed = regexp.MustCompile(`^[^\n:]+:\d+: `)

// fuzz has an importer read anything: it gives a configuration that can be read, or an
// error that says where it comes from.
func fuzz(f *testing.F, kind string, in func(content []byte) Input, seeds ...string) {
	examples, _ := filepath.Glob("testdata/" + kind + "/*")
	for _, name := range examples {
		if content, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, ".yaml") {
			f.Add(content)
		}
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := Read(kind, in(content))
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !placed.MatchString(line) {
					t.Errorf("%q names no file and line", line)
				}
			}
			return
		}
		if _, err := got.Text(); err != nil {
			t.Error(err)
		}
		for _, l := range got.Lost {
			if l.File == "" || l.Line <= 0 {
				t.Errorf("%+v is nowhere", l)
			}
		}
	})
}

func oneFile(content []byte) Input {
	return Input{Files: []File{{"file", content}}, Architecture: "amd64"}
}

func FuzzAptMirror(f *testing.F) { fuzz(f, "apt-mirror", oneFile, "set a b\ndeb http://a/b c d\n") }
func FuzzAptMirror2(f *testing.F) {
	fuzz(f, "apt-mirror2", oneFile, "deb [ arch=a,src ] http://a/b c,e/ d\nmirror_path http://a/b ..\n")
}

func FuzzReposync(f *testing.F) {
	fuzz(f, "reposync", func(content []byte) Input {
		in := oneFile(content)
		in.Releasever = []string{"9"}
		return in
	}, "[a]\nbaseurl=http://$x/$releasever ${basearch}\n")
}

func FuzzDebmirror(f *testing.F) {
	fuzz(f, "debmirror", oneFile, "$mirrordir='/x';@dists=qw(a b);push(@dists, 'c');%excludes_field=(a=>'b');")
}

func FuzzDebmirrorArguments(f *testing.F) {
	fuzz(f, "debmirror", func(content []byte) Input {
		return Input{Arguments: strings.Split(string(content), "\n")}
	}, "--host\na\n--arch=b\n-d\nc\n/srv")
}

func FuzzAptly(f *testing.F) {
	fuzz(f, "aptly", oneFile, `[{"Name":"a","ArchiveRoot":"http://b","Distribution":"c","Components":["d"],"Architectures":["e"],"Filter":"!(a|b (>=1)),c{d}"}]`)
}

func FuzzAptlyQuery(f *testing.F) {
	f.Add("a | b, !c (>= 1) {amd64} | Name (% 'x y')")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseQuery(text)
		if err != nil {
			return
		}
		for _, part := range append(q.conjuncts(), q.disjuncts()...) {
			part.seed()
			part.exclusion()
		}
	})
}

func FuzzRMT(f *testing.F) { fuzz(f, "rmt", oneFile, `[{"url":"http://a/b"}]`) }

// secondFile is a file that another one goes before.
func secondFile(first string) func(content []byte) Input {
	return func(content []byte) Input {
		in := oneFile(content)
		in.Files = append([]File{{"file", []byte(first)}}, in.Files...)
		return in
	}
}

func FuzzMirmon(f *testing.F) {
	fuzz(f, "mirmon", func(content []byte) Input {
		in := oneFile(content)
		in.Files = append(in.Files, File{"list", []byte("at http://a.example.net/ x@y\n")})
		return in
	})
}

func FuzzMirmonList(f *testing.F) {
	fuzz(f, "mirmon", secondFile("probe %URL%x\nlist_style apache\n"), "http at http://a/ b@c")
}

func FuzzMirrorManager(f *testing.F) { fuzz(f, "mirrormanager", oneFile) }

func FuzzMirrorchecker(f *testing.F) {
	fuzz(f, "mirrorchecker", func(content []byte) Input {
		in := oneFile(content)
		in.Files = append(in.Files, File{"mirrors.txt", []byte("url='http://a/b'\n")})
		return in
	})
}
