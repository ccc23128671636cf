package switching

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const oldConfiguration = `logging: {level: INFO, file: null}
http_port: 8081
http_host: localhost
backends:
  - name: resources.example.org
    remote_path: /srv/resources/pub
    dirs: [ovirt-4.4/src, ovirt-master/src]
    stamp_interval: 60.0
    max_stamp: 20
    ts_fname: .timestamp
    ssh_args:
      hostname: resources.example.org
      port: 2222
      username: mirror
      key_filename: /etc/id_rsa
      timeout: 10
      proxy_cmd: "ssh -W %h:%p gate"
      gss_auth: false
    http_prefix: /mirrors/
    yum_request: 'yum/mirrorlist-ovirt-{version}-{dist}'
    yum_response: 'ovirt-{version}/rpm/{dist}/'
    yum_threshold: 43200
    prometheus_metrics: /metrics
    mirrors:
      - {url: 'http://inline.example.net/pub', interval: 5}
    mirrors_file: mirrors.txt
  - name: second
    remote_path: /srv/second
    dirs: [a]
    age: newest
    mirrors:
      - {url: https://two.example.net/pub/, whitelist: true, slow_start: 2}
`

const oldList = `# comment
url='http://one.example.net/pub',whitelist=True,interval=90

url = "https://t\x77o.example.net/pub/" , slow_start=3, interval=7.5
`

func written(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "mirrors.yaml")
}

func TestReadMirrorchecker(t *testing.T) {
	path := written(t, map[string]string{"mirrors.yaml": oldConfiguration, "mirrors.txt": oldList})
	got, err := ReadMirrorchecker(path)
	if err != nil {
		t.Fatal(err)
	}
	want := &Mirrorchecker{
		LogLevel: "INFO", Host: "localhost", Port: 8081,
		Backends: []MirrorcheckerBackend{
			{
				Name: "resources.example.org", RemotePath: "/srv/resources/pub", Directories: []string{"ovirt-4.4/src", "ovirt-master/src"},
				Stamp: ".timestamp", StampInterval: time.Minute, Prefix: "/mirrors",
				SSH: MirrorcheckerSSH{
					Hostname: "resources.example.org", Port: 2222, Username: "mirror", KeyFiles: []string{"/etc/id_rsa"},
					Timeout: 10 * time.Second, ProxyCommand: "ssh -W %h:%p gate", Agent: true, LookForKeys: true,
				},
				YumRequest: "yum/mirrorlist-ovirt-{version}-{dist}", YumResponse: "ovirt-{version}/rpm/{dist}/", YumThreshold: 12 * time.Hour,
				Metrics: "/metrics",
				Mirrors: []MirrorcheckerMirror{
					{URL: "http://one.example.net/pub", Interval: 90 * time.Second, Whitelist: true},
					{URL: "https://two.example.net/pub", Interval: 7500 * time.Millisecond, SlowStart: 3},
				},
			},
			{
				Name: "second", RemotePath: "/srv/second", Directories: []string{"a"}, Stamp: ".timestamp", StampInterval: time.Minute,
				SSH:    MirrorcheckerSSH{Port: 22, Timeout: 10 * time.Second, Agent: true, LookForKeys: true},
				Prefix: "/mirrors", YumThreshold: 12 * time.Hour, Newest: true,
				Mirrors: []MirrorcheckerMirror{{URL: "https://two.example.net/pub", Interval: 90 * time.Second, SlowStart: 2, Whitelist: true}},
			},
		},
		Notes: []string{path + ":18: backends[0].ssh_args.gss_auth is not known and has no effect"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongMirrorcheckerFiles(t *testing.T) {
	for _, test := range []struct{ name, configuration, list, want string }{
		{"no backends", "http_port: 1\n", "", "backends: there is none"},
		{"empty", "", "", "is empty"},
		{"no mapping", "- a\n", "", "expected a mapping"},
		{"not YAML", "a: [\n", "", "not valid YAML"},
		{"port", "http_port: many\nbackends: []\n", "", `mirrors.yaml:1: http_port: is "many"`},
		{"no directories", "backends: [{name: x}]\n", "", "backends[0]: has no dirs"},
		{"no name", "backends: [{dirs: [a]}]\n", "", "has no name"},
		{"same names", "backends: [{name: x, dirs: [a]}, {name: x, dirs: [a]}]\n", "", `two have the name "x"`},
		{"key twice", "http_port: 1\nhttp_port: 2\n", "", "http_port"},
		{"no list", "backends: [{name: x, dirs: [a], mirrors_file: none.txt}]\n", "", "none.txt"},
		{"no url", "", "interval=4\n", "mirrors.txt:1: the mirror has no url"},
		{"url twice", "", "url='http://a/b'\nurl='http://a/b/'\n", "mirrors.txt:2: the url http://a/b is given twice"},
		{"rsync", "", "url='rsync://a/b'\n", "expected http:// or https://"},
		{"unknown", "", "url='http://a/b',weight=3\n", "unknown argument weight"},
		{"kind", "", "url='http://a/b',interval='x'\n", "interval has the value x"},
		{"open quote", "", "url='http://a/b\n", "no closing quote"},
		{"code", "", "url=__import__('os')\n", "is no value"},
		{"comma", "", "url='a' interval=3\n", "expected a comma"},
	} {
		t.Run(test.name, func(t *testing.T) {
			configuration := test.configuration
			if test.list != "" {
				configuration = "backends: [{name: x, dirs: [a], mirrors_file: mirrors.txt}]\n"
			}
			_, err := ReadMirrorchecker(written(t, map[string]string{"mirrors.yaml": configuration, "mirrors.txt": test.list}))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, expected %q in it", err, test.want)
			}
		})
	}
}

func FuzzMirrorcheckerList(f *testing.F) {
	f.Add(oldList)
	f.Add(`url="a\u00e4\U0001F600\N"`)
	f.Fuzz(func(t *testing.T, content string) {
		all, err := parseMirrorcheckerList("list", content)
		if err != nil {
			return
		}
		for _, m := range all {
			if m.URL == "" || m.Interval <= 0 || m.SlowStart < 0 {
				t.Errorf("%+v", m)
			}
		}
	})
}
