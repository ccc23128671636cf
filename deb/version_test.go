package deb

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

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

// testdata/versions has what dpkg --compare-versions says of 3,000 pairs: real
// versions, mutants of them, and short random ones.
func TestCompareTable(t *testing.T) {
	file, err := os.Open("testdata/versions")
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
	if lines < 3000 {
		t.Errorf("only %d lines read", lines)
	}
}

// tool looks a program up that a test compares with. Without it the test is
// skipped, but not in CI.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

// asDpkg compares with the real dpkg; ok is false where it refuses a version.
func asDpkg(t testing.TB, dpkg, a, b string) (result string, ok bool) {
	for _, op := range []string{"lt", "eq", "gt"} {
		out, err := exec.Command(dpkg, "--compare-versions", a, op, b).CombinedOutput()
		if strings.Contains(string(out), "error:") {
			return "", false
		}
		if err == nil {
			return map[string]string{"lt": "<", "eq": "=", "gt": ">"}[op], true
		}
	}
	t.Fatalf("dpkg finds no operator between %q and %q", a, b)
	return "", false
}

var versions = rapid.StringMatching(`([0-2]:)?[0-9][0-9a-bzA-Z.+~]{0,6}(-[0-9ab.+~]{1,4})?`)

func TestCompareAsDpkg(t *testing.T) {
	dpkg := tool(t, "dpkg")
	for i := range 120 {
		a, b := versions.Example(i), versions.Example(i+1000)
		if i%2 == 0 { // near ones
			b = a + versions.Example(i)[:1] + "~"
		}
		want, ok := asDpkg(t, dpkg, a, b)
		if got := sign(Format{}.Compare(a, b)); ok && got != want {
			t.Errorf("%s %s %s, dpkg says %s", a, got, b, want)
		}
	}
}

func TestCompareIsAnOrder(t *testing.T) {
	anything := rapid.OneOf(versions, rapid.StringMatching(`[0-1a~:.-]{0,5}`), rapid.String())
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
		{"1.0", repo.Any, "", true},
		{"", repo.Any, "", true}, // an unversioned Provides
		{"", repo.GreaterEqual, "0", false},
		{"", repo.Less, "1", false},
		{"1.0~rc1", repo.Less, "1.0", true},
		{"1.0", repo.LessEqual, "1.0-0", true},
		{"1.0", repo.Equal, "0:1.0-0", true},
		{"1:0", repo.GreaterEqual, "9", true},
		{"1.0", repo.Greater, "1.0", false},
		{"1.0", repo.NotEqual, "1.0", false},
		{"", repo.NotEqual, "1.0", false},
		{" 1.0", repo.Equal, "1.0\t", true},
	}
	for _, test := range tests {
		if got := (Format{}).Satisfies(test.version, test.op, test.wanted); got != test.want {
			t.Errorf("Satisfies(%q, %s, %q) is %v", test.version, test.op, test.wanted, got)
		}
	}
}

func TestParseVersion(t *testing.T) {
	good := map[string]Version{
		"1":               {"", "1", ""},
		"1:2.0-3":         {"1", "2.0", "3"},
		"0:1-2-3":         {"0", "1-2", "3"},
		"2:1:2~a+b.c-d~e": {"2", "1:2~a+b.c", "d~e"},
	}
	for s, want := range good {
		got, err := ParseVersion(s)
		if err != nil || got != want {
			t.Errorf("%q is %+v (error %v), expected %+v", s, got, err, want)
		}
		if got.String() != s {
			t.Errorf("%q is written as %q", s, got)
		}
	}
	bad := []string{"", ":", ":1", "1:", "a:1", "-1:1", "+1:1", "99999999999:1", "1-", "-1", "a1", "1_2", "1 2", "1-a_b", "1-a:b", "1:-1", "1é"}
	for _, s := range bad {
		if v, err := ParseVersion(s); err == nil {
			t.Errorf("%q is read as %+v, expected an error", s, v)
		}
	}
}

func TestParseVersionAsDpkg(t *testing.T) {
	dpkg := tool(t, "dpkg")
	for i := range 120 {
		s := rapid.StringMatching(`[0-1a:~_. -]{1,5}`).Example(i)
		if s[0] == '-' {
			continue // an option to dpkg
		}
		_, err := ParseVersion(s)
		out, dpkgErr := exec.Command(dpkg, "--validate-version", "--", s).CombinedOutput()
		if (err == nil) != (dpkgErr == nil) {
			t.Errorf("%q: %v, but dpkg says: %v %s", s, err, dpkgErr, out)
		}
		err = Format{}.CheckVersion(s)
		if (err == nil) == strings.Contains(string(out), "error:") {
			t.Errorf("%q: CheckVersion says %v, dpkg: %s", s, err, out)
		}
	}
}

func TestCompareAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Format{}.Compare("1:2.30.2-1+deb12u1", "1:2.30.2-1+deb12u10") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzCompare(f *testing.F) {
	dpkg, _ := exec.LookPath("dpkg")
	f.Add("1.0~rc1-1", "1.0-1")
	f.Add("1:00:", "~-")
	f.Add("", "0")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := sign(Format{}.Compare(a, b))
		if back := sign(Format{}.Compare(b, a)); got+back != "==" && got+back != "<>" && got+back != "><" {
			t.Fatalf("%q %s %q, but reversed %s", a, got, b, back)
		}
		_, errA := ParseVersion(a)
		_, errB := ParseVersion(b)
		if errA != nil || errB != nil || dpkg == "" {
			return
		}
		if want, ok := asDpkg(t, dpkg, a, b); !ok || want != got {
			t.Fatalf("%q %s %q, dpkg says %s %v", a, got, b, want, ok)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Format{}.Compare("1:2.30.2-1+deb12u1", "1:2.30.2-1+deb12u10")
	}
}
