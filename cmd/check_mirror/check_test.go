package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The guidelines' own examples, and the odd ones.
func TestThresholds(t *testing.T) {
	for _, test := range []struct {
		text   string
		alerts []float64
		quiet  []float64
	}{
		{"10", []float64{-1, 10.1, 11}, []float64{0, 10}},
		{"10:", []float64{-3, 9.9}, []float64{10, 1e9}},
		{"~:10", []float64{10.1}, []float64{-1e9, 10}},
		{"10:20", []float64{9, 21}, []float64{10, 20}},
		{"@10:20", []float64{10, 15, 20}, []float64{9, 21}},
		{"@10", []float64{0, 10}, []float64{-1, 11}},
		{"-5:-1.5", []float64{-6, 0}, []float64{-5, -2}},
		{"~:", nil, []float64{-1e9, 0, 1e9}},
		{"", nil, []float64{-1, 0, 1}},
	} {
		var r threshold
		var err error
		if test.text != "" {
			r, err = parseThreshold(test.text)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range test.alerts {
			if !r.alerts(v) {
				t.Errorf("%q does not alert at %v", test.text, v)
			}
		}
		for _, v := range test.quiet {
			if r.alerts(v) {
				t.Errorf("%q alerts at %v", test.text, v)
			}
		}
	}
	for _, text := range []string{"a", "1:a", "20:10", "@", ":a", "1:2:3", "NaN", "inf", "~"} {
		if _, err := parseThreshold(text); err == nil {
			t.Errorf("%q is a range", text)
		}
	}
	for text, want := range map[string]string{"24": "86400", "1:": "3600:", "~:2": "~:7200", "@1:2": "@3600:7200", "0.5": "1800"} {
		r, err := parseThreshold(text)
		if err != nil || r.seconds() != want {
			t.Errorf("%q in seconds: %q, %v, expected %q", text, r.seconds(), err, want)
		}
	}
}

func checked(args ...string) (int, string) {
	var out bytes.Buffer
	return run(args, &out), out.String()
}

// The command lines and the answers of mirrorchecker's plugin.
func TestOldPlugin(t *testing.T) {
	age := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"http://m.example.net/pub": %s}`, age)
	}))
	defer server.Close()
	for _, test := range []struct {
		age  string
		code int
		want string
	}{
		{"0", 0, "OK - 0 seconds since last sync, which are 0.0000 hours.|last_sync=0\n"},
		{"4000", 0, "OK - 4000 seconds since last sync, which are 1.1111 hours.|last_sync=4000\n"},
		{"90000", 1, "WARNING - 90000 seconds since last sync, which are 25.0000 hours.|last_sync=90000\n"},
		{"136800", 2, "CRITICAL - 136800 seconds since last sync, which are 38.0000 hours.|last_sync=136800\n"},
		{"-1", 3, "UNKNOWN: no timestamp of http://m.example.net/pub was seen yet\n"},
		{`"x"`, 3, "UNKNOWN: "},
	} {
		age = test.age
		code, out := checked("--url", server.URL+"/mirrors/m.example.net_pub", "--w", "24", "--c", "36")
		if code != test.code || !strings.HasPrefix(out, test.want) {
			t.Errorf("age %s: exit code %d, %q; expected %d, %q", test.age, code, out, test.code, test.want)
		}
	}
}

const someSites = `{"sites": [{"url": "https://m.example.net/pub", "repositories": [
	{"repository": "good", "state": "IN_SYNC", "lag_seconds": 0, "complete": 1, "evidence": []},
	{"repository": "late", "state": "BEHIND", "lag_seconds": 90000, "complete": 1, "evidence": [{"text": "shows the generation of | yesterday"}]},
	{"repository": "half", "state": "HALF_SYNCED", "lag_seconds": 60, "complete": 0.5, "evidence": [{"text": "pool/x is missing"}]},
	{"repository": "odd's", "state": "FOREIGN", "lag_seconds": -1, "complete": -1, "evidence": []},
	{"repository": "blind", "state": "UNKNOWN", "lag_seconds": -1, "complete": -1, "evidence": []}
]}]}`

func TestVerdicts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/api/v1/sites":
			http.NotFound(w, r)
		case r.URL.Query().Get("url") != "https://m.example.net/pub":
			fmt.Fprint(w, `{"sites": []}`)
		default:
			fmt.Fprint(w, someSites)
		}
	}))
	defer server.Close()
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"--repository good -w 24 -c 36", 0, "MIRROR OK: https://m.example.net/pub: good is IN_SYNC|'good_lag'=0s;86400;129600;0 'good_complete'=100.00%;;;0;100\n"},
		{"--repository late -w 24 -c 36", 1, "MIRROR WARNING: https://m.example.net/pub: late is BEHIND for 25h0m0s|'late_lag'=90000s;86400;129600;0 'late_complete'=100.00%;;;0;100\nlate: shows the generation of / yesterday\n"},
		{"--repository late -w 48 -c 72", 0, "MIRROR OK"},
		{"--repository late --warning 12 --critical 24", 2, "MIRROR CRITICAL"},
		{"--repository late", 1, "MIRROR WARNING"},
		{"--repository half -w 24 -c 36", 1, "MIRROR WARNING: https://m.example.net/pub: half is HALF_SYNCED for 1m0s|'half_lag'=60s;86400;129600;0 'half_complete'=50.00%;;;0;100\nhalf: pool/x is missing\n"},
		{"--repository odd's", 2, "MIRROR CRITICAL: https://m.example.net/pub: odd's is FOREIGN|'odd_s_lag'=U;;;0\n"},
		{"--repository blind", 3, "MIRROR UNKNOWN"},
		{"--repository good --repository blind", 3, "MIRROR UNKNOWN"},
		{"", 2, "MIRROR CRITICAL: https://m.example.net/pub: good is IN_SYNC, late is BEHIND for 25h0m0s, half is"},
		{"--repository none", 3, `UNKNOWN: the site https://m.example.net/pub has no repository "none"`},
		{"--site https://n.example.net", 3, "UNKNOWN: the watcher does not know the site https://n.example.net"},
	} {
		args := append([]string{"--url", server.URL, "--site", "https://m.example.net/pub/"}, strings.Fields(test.args)...)
		code, out := checked(args...)
		if code != test.code || !strings.HasPrefix(out, test.want) {
			t.Errorf("%s: exit code %d, expected %d\n got %q\nwant %q", test.args, code, test.code, out, test.want)
		}
	}
}

// What fails is UNKNOWN, and said in one line.
func TestFailures(t *testing.T) {
	slow := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-slow:
			case <-r.Context().Done():
			}
		case "/page":
			fmt.Fprint(w, "<html>")
		case "/all":
			fmt.Fprint(w, `{"a": 1, "b": 2}`)
		default:
			http.Error(w, "no", http.StatusNotFound)
		}
	}))
	defer server.Close()
	defer close(slow)
	begun := time.Now()
	for args, want := range map[string]string{
		"--url " + server.URL + "/none":             "answers 404 Not Found",
		"--url " + server.URL + "/page":             "does not answer as a watcher does",
		"--url " + server.URL + "/all":              "is not the address of one site",
		"--url " + server.URL + "/slow --timeout 1": "no answer within 1s",
		"--url http://127.0.0.1:1/":                 "refused",
		"--url x":                                   "--url is \"x\"",
		"":                                          "--url is \"\"",
		"--url " + server.URL + " --w many":         `"many" is no number`,
		"--url " + server.URL + " --nonsense":       "unknown flag",
		"--url " + server.URL + " extra":            "unexpected argument",
		"--url " + server.URL + " -t 0":             "--timeout is 0",
		"--url " + server.URL + " --repository r":   "--repository goes with --site",
	} {
		code, out := checked(strings.Fields(args)...)
		if code != 3 || !strings.HasPrefix(out, "UNKNOWN: ") || !strings.Contains(out, want) {
			t.Errorf("%s: exit code %d, %q; expected %q", args, code, out, want)
		}
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("the time-out was not kept: %s", took)
	}
	if code, out := checked("--help"); code != 3 || !strings.Contains(out, "RANGE") {
		t.Errorf("--help: exit code %d: %s", code, out)
	}
	if code, out := checked("-V"); code != 3 || !strings.HasPrefix(out, "check_mirror ") {
		t.Errorf("-V: exit code %d: %s", code, out)
	}
}
