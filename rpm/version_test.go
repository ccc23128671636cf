package rpm

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var update = flag.Bool("update", false, "write testdata/versions anew, with the real rpm")

// sign is the operator that holds between two versions compared as c.
func sign(c int) string {
	switch {
	case c < 0:
		return "<"
	case c > 0:
		return ">"
	}
	return "="
}

// packaged are versions as distributions have them.
var packaged = strings.Fields(`
	0:2.34-100.el9_4.2 2.34-83.el9.12 2.28-251.el8_10.2 1:3.0.7-27.el9 1:1.1.1k-12.el8_9 5.14.0-427.13.1.el9_4
	4.18.0-553.el8_10 1:18.20.4-1.module+el9.4.0+22195+c221878e 1:20.12.2-2.module+el9.4.0+21731+46b5b8a7
	8.1.27-1.module+el9.3.0+20773+a5ad4a2f.1 1.8.4^20240101git1a2b3c4-1.fc40 2.0~rc1-1.fc39 2.0~rc1^20230510gitabcdef-0.3.fc39
	2.0-1.fc39 2.0^post1-1.fc39 3.9.18-3.el9_4.1 3.6.8-62.el8_10.rocky.0 32:9.16.23-18.el9_4.1 32:9.11.36-16.el8_10
	4:5.32.1-481.el9 4:5.26.3-422.el8.0.1 2024a-1.el9 2023c-1.el8 252-32.el9_4.7 239-82.el8_10.1 9.0.0085-1.fc40 8.2.2637-20.el9_1
	0.0.0-0.1.20200101svn 1.0-0.1.rc2.el7 1.0-1.el7 1.0-1.el7.centos 1.0-1.el7_9.1 7.76.1-29.el9_4 7.61.1-34.el8
	1.02.198-2.el9 9:1.02.181-14.el8 20230731-1.git94f0e2c.el9 20210518-3.gitf2eab64.el9 2.06-77.el9.rocky 1:2.06-70.el9
	3.14.1-150400.5.10.1 150.1-150500.3.9 84.87+git20230815.cab7b44-lp155.1.1 6.4.0-150600.21.2 1.1.1d-2.78.1 4.15.1.2~pre3
	31-1.fc40 30.00-7 30.0-7 R16B03.1-1 v1.2-3 1_2-3 1.2-3_4 1.2..3-4 1.2.-3 A-1 a-1 10a2-1 10b2-1 10.1xyz-1`)

// versions generates versions that rpmbuild would let pass, most of them.
var versions = rapid.StringMatching(`([0-2]:)?[0-9a-cX][0-9a-c.+_~^]{0,6}(-[0-9ab.~^]{0,4})?`)

// near changes a little of a version.
func near(i int, version string) string {
	at, with := i*7%len(version), []string{"~", "^", ".", "0", "1", "a", ""}[i%7]
	return version[:at] + with + version[at+i%2:]
}

// pairs are versions to compare.
func pairs() (all [][2]string) {
	for i := range 3000 {
		a, b := packaged[i%len(packaged)], packaged[(i+i/len(packaged))%len(packaged)]
		switch i % 3 {
		case 1:
			b = near(i, a)
		case 2:
			a, b = versions.Example(i), versions.Example(i+100000)
		}
		if i%15 == 2 {
			b = near(i, a)
		}
		if a != "" && b != "" {
			all = append(all, [2]string{a, b})
		}
	}
	return all
}

// testdata/versions has what the real rpm says of some thousand pairs, one a line.
func TestCompareTable(t *testing.T) {
	const table = "testdata/versions"
	if *update {
		librpm := withLibrpm(t)
		var b bytes.Buffer
		for _, p := range pairs() {
			fmt.Fprintln(&b, p[0], librpm.ask(t, "compare", p[0], p[1]), p[1])
		}
		if err := os.WriteFile(table, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := 0
	for s := bufio.NewScanner(file); s.Scan(); lines++ {
		f := strings.Fields(s.Text())
		if got := sign(Format{}.Compare(f[0], f[2])); got != f[1] {
			t.Errorf("%s %s %s, expected %s", f[0], got, f[2], f[1])
		}
		if got := sign(Format{}.Compare(f[2], f[0])); got != sign(strings.Index(">=<", f[1])-1) {
			t.Errorf("%s %s %s, expected the reverse of %s", f[2], got, f[0], f[1])
		}
	}
	if lines < 2900 {
		t.Errorf("only %d lines read", lines)
	}
}

func TestCompareAsRPM(t *testing.T) {
	librpm := withLibrpm(t)
	anything := rapid.OneOf(versions, rapid.StringMatching(`[01a~^:. -]{1,6}`), rapid.StringMatching(`[ -~é]{1,8}`))
	rapid.Check(t, func(rt *rapid.T) {
		a, b := anything.Draw(rt, "a"), anything.Draw(rt, "b")
		if got, want := sign(Format{}.Compare(a, b)), librpm.ask(t, "compare", a, b); got != want {
			rt.Errorf("%q %s %q, rpm says %s", a, got, b, want)
		}
	})
}

func TestCompareIsAnOrder(t *testing.T) {
	anything := rapid.OneOf(versions, rapid.StringMatching(`[0-1a~^:.-]{0,5}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anything.Draw(t, "a"), anything.Draw(t, "b"), anything.Draw(t, "c")
		ab, bc, ac := sign(Format{}.Compare(a, b)), sign(Format{}.Compare(b, c)), sign(Format{}.Compare(a, c))
		if ba := sign(Format{}.Compare(b, a)); ab+ba != "==" && ab+ba != "<>" && ab+ba != "><" {
			t.Fatalf("a %s b, b %s a", ab, ba)
		}
		if ab == bc && ac != ab || ab == "=" && ac != bc {
			t.Fatalf("a %s b, b %s c, but a %s c", ab, bc, ac)
		}
	})
}

func TestSatisfies(t *testing.T) {
	tests := []struct {
		version string
		op      repo.Op
		wanted  string
		want    bool
	}{
		{"1.0-1", repo.Any, "", true},
		{"", repo.Any, "", true},
		{"", repo.GreaterEqual, "2", true}, // an unversioned provide
		{"1.0-1", repo.Equal, "1.0", true}, // any release
		{"1.0-1", repo.Equal, "1.0-2", false},
		{"1.0-1", repo.GreaterEqual, "1.0", true},
		{"1.0-1", repo.LessEqual, "1.0", true},
		{"1.0-1", repo.Greater, "1.0", false},
		{"1.0-1", repo.Less, "1.0", false},
		{"1.0", repo.Equal, "1.0-2", true}, // a provide without a release
		{"1.0", repo.Greater, "1.0-2", true},
		{"1.0", repo.Less, "1.0-2", true},
		{"1:1.0-1", repo.GreaterEqual, "2.0", true},
		{"1:1.0-1", repo.Equal, "1.0", false},
		{"1.0-1", repo.Equal, "0:1.0-1", true},
		{"2.0~rc1-1", repo.Less, "2.0", true},
		{"2.0^git1-1", repo.Greater, "2.0", true},
		{"1.0-1", repo.NotEqual, "1.0-1", false},
		{"1.0-2", repo.NotEqual, "1.0-1", true},
		{"<= 2", repo.Equal, "1", true}, // a range
		{"<= 2", repo.GreaterEqual, "2", true},
		{"<= 2", repo.Greater, "2", false},
		{"< 2", repo.GreaterEqual, "2", false},
		{">= 2", repo.Greater, "9", true},
		{"=2", repo.Greater, "1", true},
	}
	for _, test := range tests {
		if got := (Format{}).Satisfies(test.version, test.op, test.wanted); got != test.want {
			t.Errorf("Satisfies(%q, %s, %q) is %v", test.version, test.op, test.wanted, got)
		}
	}
}

func TestSatisfiesAsRPM(t *testing.T) {
	librpm := withLibrpm(t)
	version := rapid.StringMatching(`([01]:)?[12](\.[01~^])?(-[12]?)?`)
	ops := rapid.SampledFrom([]repo.Op{repo.Less, repo.LessEqual, repo.Equal, repo.GreaterEqual, repo.Greater, repo.NotEqual})
	rapid.Check(t, func(rt *rapid.T) {
		provided, op := ops.Draw(rt, "provided"), ops.Draw(rt, "op")
		have, wanted := version.Draw(rt, "version"), version.Draw(rt, "wanted")
		if provided == repo.NotEqual {
			provided, have = repo.Any, ""
		}
		want := librpm.ask(t, "overlap", provided.String(), have, op.String(), wanted) == "1"
		written := have
		if provided != repo.Equal && provided != repo.Any {
			written = provided.String() + " " + have
		}
		if got := (Format{}).Satisfies(written, op, wanted); got != want {
			rt.Errorf("provide %q satisfies %s %q: %v, rpm says %v", written, op, wanted, got, want)
		}
	})
}

func TestVersionString(t *testing.T) {
	for s, want := range map[string]Version{
		"1":           {"", "1", ""},
		"1:2.0-3.el9": {"1", "2.0", "3.el9"},
		"1-2-3":       {"", "1-2", "3"},
		"a:1":         {"", "a:1", ""},
	} {
		if got := ParseVersion(s); got != want || got.String() != s {
			t.Errorf("%q is %+v and written %q, expected %+v", s, got, got, want)
		}
	}
	if got := ParseVersion("0:1-2").String(); got != "1-2" {
		t.Errorf("an epoch of 0 is written: %q", got)
	}
}

func TestCheckVersion(t *testing.T) {
	for _, s := range []string{"1", "1:2-3", "a b", "~"} {
		if err := (Format{}).CheckVersion(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	if err := (Format{}).CheckVersion(""); err == nil {
		t.Error("the empty version passes")
	}
}

func TestVersionsAllocateNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		Format{}.Compare("1:2.30.2-1.el9_4.1", "1:2.30.2-1.el9_4.10")
		Format{}.Satisfies("<= 2.30.2-1.el9_4.1", repo.GreaterEqual, "2.30.2")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzCompare(f *testing.F) {
	librpm := withLibrpm(f)
	f.Add("1.0~rc1-1", "1.0-1")
	f.Add("1:00^a", "~-")
	f.Add("", "0")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := sign(Format{}.Compare(a, b))
		if back := sign(Format{}.Compare(b, a)); got+back != "==" && got+back != "<>" && got+back != "><" {
			t.Fatalf("%q %s %q, but reversed %s", a, got, b, back)
		}
		if a == "" || b == "" || strings.Contains(a+b, "\x00") {
			return
		}
		if want := librpm.ask(t, "compare", a, b); want != got {
			t.Fatalf("%q %s %q, rpm says %s", a, got, b, want)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Format{}.Compare("1:2.30.2-1.el9_4.1", "1:2.30.2-1.el9_4.10")
	}
}

func BenchmarkSatisfies(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Format{}.Satisfies("1:2.30.2-1.el9_4.1", repo.GreaterEqual, "1:2.30.2")
	}
}
