package probe

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

func TestParseStamp(t *testing.T) {
	for text, want := range map[string]int64{
		"1700000000\n":            1700000000,
		"1700000000":              1700000000,
		"  1700000000 more words": 1700000000,
		"1700000000.25\n":         1700000000,
		"":                        0,
		"\n":                      0,
		"0\n":                     0,
		"-5\n":                    0,
		"+5\n":                    0,
		"soon\n":                  0,
		"99999999999999999999":    0,
		"<html>1700000000</html>": 0,
		"2024-01-01":              0,
	} {
		at, ok := parseStamp([]byte(text))
		if ok != (want != 0) || ok && at.Unix() != want {
			t.Errorf("%q: %s, %v, expected %d", text, at, ok, want)
		}
	}
}

func FuzzParseStamp(f *testing.F) {
	f.Add([]byte("1700000000\n"))
	f.Add([]byte("1e9"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if at, ok := parseStamp(body); ok && (at.Unix() <= 0 || at.Year() > 4200) {
			t.Errorf("%q is %s", body, at)
		}
	})
}

func TestParseListing(t *testing.T) {
	for line, want := range map[string]struct {
		name string
		size int64
	}{
		"-rw-r--r--          1,234 2024/01/01 12:00:00 pool/a.deb":            {"pool/a.deb", 1234},
		"-rw-r--r--     1234567890 2024/01/01 12:00:00 with blanks  in.rpm":   {"with blanks  in.rpm", 1234567890},
		"-rw-r--r--              0 2024/01/01 12:00:00 ./empty":               {"empty", 0},
		`-rw-r--r--              1 2024/01/01 12:00:00 odd\#012name`:          {"", 0},
		`-rw-r--r--              1 2024/01/01 12:00:00 gr\#303\#274n`:         {"grün", 1},
		"lrwxrwxrwx             11 2024/01/01 12:00:00 stable -> ../bookworm": {"stable", -1},
		"drwxr-xr-x          4,096 2024/01/01 12:00:00 .":                     {"", 0},
		"-rw-r--r--              1 2024/01/01 12:00:00 ../up":                 {"", 0},
		"-rw-r--r--              1 2024/01/01 12:00:00 /abs":                  {"", 0},
		"-rw-r--r--             -1 2024/01/01 12:00:00 negative":              {"", 0},
		"motd of the server": {"", 0},
		"":                   {"", 0},
	} {
		name, size, ok := parseListing(line)
		if ok != (want.name != "") || ok && (name != want.name || size != want.size) {
			t.Errorf("%q: %q, %d, %v, expected %v", line, name, size, ok, want)
		}
	}
}

func FuzzParseListing(f *testing.F) {
	f.Add("-rw-r--r--          1,234 2024/01/01 12:00:00 pool/a.deb")
	f.Add(`lrwxrwxrwx             11 2024/01/01 12:00:00 a\#0401 -> b`)
	f.Fuzz(func(t *testing.T, line string) {
		name, size, ok := parseListing(line)
		if !ok {
			return
		}
		if clean, err := repo.CleanPath(name); err != nil || clean != name || size < -1 {
			t.Errorf("%q is %q, %d", line, name, size)
		}
	})
}

func TestWholeSize(t *testing.T) {
	for text, want := range map[string]int64{
		"bytes 0-0/1234":                    1234,
		"bytes */0":                         0,
		"bytes 0-0/*":                       -1,
		"bytes 5-4/10":                      -1,
		"bytes 0-10/10":                     -1,
		"bytes 0-0/-1":                      -1,
		"bytes 0-0/+1":                      -1,
		"bytes 0-0":                         -1,
		"bytes 0-0/":                        -1,
		"items 0-0/1234":                    -1,
		"bytes 0-0/99999999999999999999999": -1,
		"":                                  -1,
	} {
		if got := wholeSize(text); got != want {
			t.Errorf("%q: %d, expected %d", text, got, want)
		}
	}
}

func FuzzWholeSize(f *testing.F) {
	f.Add("bytes 0-0/1234")
	f.Add("bytes */0")
	f.Fuzz(func(t *testing.T, text string) {
		if got := wholeSize(text); got < -1 {
			t.Errorf("%q: %d", text, got)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Unix(1700000000, 0).UTC()
	f.Add("120")
	f.Add(now.Add(time.Hour).Format(http.TimeFormat))
	f.Add("-1")
	f.Fuzz(func(t *testing.T, text string) {
		at := retryAfter(text, now)
		if !at.IsZero() && (at.Before(now) || at.After(now.Add(maxPause))) {
			t.Errorf("%q: %s", text, at)
		}
	})
}

// TestShuffled: the first files of a sample are spread over the parts as all files are,
// and the order follows from the seed.
func TestShuffled(t *testing.T) {
	part := func(path string) watch.Part {
		return watch.Part{Architecture: path[:strings.IndexByte(path, '/')]}
	}
	rapid.Check(t, func(t *rapid.T) {
		sizes := map[string]int{
			"large": rapid.IntRange(50, 300).Draw(t, "large"), "small": rapid.IntRange(0, 30).Draw(t, "small"), "one": 1,
		}
		var files []repo.File
		for name, n := range sizes {
			for i := range n {
				files = append(files, repo.File{Path: name + "/" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)})
			}
		}
		seed := rapid.Uint64().Draw(t, "seed")
		got := shuffled(files, len(files), seed, part)
		again := shuffled(files, len(files), seed, part)
		seen := map[string]bool{}
		n := rapid.IntRange(0, len(files)).Draw(t, "sample")
		count := map[string]int{}
		for i, f := range got {
			if seen[f.Path] || again[i] != f {
				t.Fatalf("%s is there twice, or the order is another one", f.Path)
			}
			seen[f.Path] = true
			if i < n {
				count[part(f.Path).Architecture]++
			}
		}
		if len(got) != len(files) {
			t.Fatalf("%d of %d files", len(got), len(files))
		}
		for name, size := range sizes {
			// Each part's share differs from that of the others by a file or two each.
			share := float64(n) * float64(size) / float64(len(files))
			if d := float64(count[name]) - share; d > 3 || d < -3 {
				t.Errorf("%d of the first %d are of the %d %s ones, expected about %.1f", count[name], n, size, name, share)
			}
		}
	})
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34":          true,
		"2606:2800:220:1::1":     true,
		"127.0.0.1":              false,
		"::1":                    false,
		"::":                     false,
		"0.0.0.0":                false,
		"10.1.2.3":               false,
		"172.16.0.1":             false,
		"192.168.1.1":            false,
		"169.254.169.254":        false,
		"100.64.0.1":             false,
		"224.0.0.1":              false,
		"255.255.255.255":        false,
		"fe80::1":                false,
		"fe80::1%eth0":           false,
		"fd00::1":                false,
		"ff02::1":                false,
		"::ffff:10.0.0.1":        false,
		"::ffff:93.184.216.34":   true,
		"64:ff9b::10.0.0.1":      false,
		"64:ff9b::93.184.216.34": true,
		"2002:0a00:0001::1":      false,
	} {
		o := &Options{}
		if got := o.mayConnect(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s may be connected to: %v", text, got)
		}
		o.Allowed = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
		if !o.mayConnect(netip.MustParseAddr(text)) {
			t.Errorf("%s is allowed, and is not connected to", text)
		}
	}
}

func TestBelow(t *testing.T) {
	at := func(urls ...string) (all []*repo.Repository) {
		for _, u := range urls {
			all = append(all, &repo.Repository{URLs: []string{u}})
		}
		return all
	}
	for _, c := range []struct {
		urls  []string
		base  string
		paths []string
	}{
		{[]string{"https://a.example.org/debian", "https://a.example.org/debian"}, "https://a.example.org/debian", []string{"", ""}},
		{[]string{"https://a.example.org/9/os/x86_64", "https://a.example.org/10/os/x86_64"}, "https://a.example.org", []string{"9/os/x86_64", "10/os/x86_64"}},
		{[]string{"https://a.example.org/el9/x86_64"}, "https://a.example.org/el9/x86_64", []string{""}},
		{[]string{"file:///srv/a", "file:///srv/b"}, "file:///srv", []string{"a", "b"}},
		{[]string{"https://a.example.org/a", "https://b.example.org/a"}, "", []string{"", ""}},
	} {
		base, paths := Below(at(c.urls...))
		if base != c.base || strings.Join(paths, ",") != strings.Join(c.paths, ",") {
			t.Errorf("%v: %q, %q, expected %q, %q", c.urls, base, paths, c.base, c.paths)
		}
	}
}
