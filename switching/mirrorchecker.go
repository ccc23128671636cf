package switching

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Mirrorchecker is the configuration of mirrorchecker, mirrors.yaml.
type Mirrorchecker struct {
	// Level and File of its log, "" where they are not said.
	LogLevel, LogFile string
	Host              string
	Port              int
	Backends          []MirrorcheckerBackend
	// Notes are what the configuration says and mirrorkeeper takes no notice of.
	Notes []string
}

// MirrorcheckerBackend is a source site with its mirrors.
type MirrorcheckerBackend struct {
	Name string
	// RemotePath is the tree on the source site, Directories are below it.
	RemotePath    string
	Directories   []string
	Stamp         string // name of the timestamp's file
	StampInterval time.Duration
	SSH           MirrorcheckerSSH
	// Prefix is the path that all others are below: "/mirrors".
	Prefix string
	// YumRequest is a path with {words}, which YumResponse has, too; "" for no list.
	YumRequest, YumResponse string
	YumThreshold            time.Duration
	// Metrics is the path of the metrics, "" for none.
	Metrics string
	Mirrors []MirrorcheckerMirror
	// Newest judges mirrors by the newest timestamp, as the old program did (age: newest).
	Newest bool
}

// MirrorcheckerSSH is how the source site is reached: the arguments of paramiko's
// connect.
type MirrorcheckerSSH struct {
	Hostname, Username   string
	Port                 int
	Password, Passphrase string
	KeyFiles             []string
	Timeout              time.Duration
	ProxyCommand         string // %h and %p stand for the host and the port
	// Agent says whether keys of the agent are tried, LookForKeys whether those in ~/.ssh.
	Agent, LookForKeys bool
}

// MirrorcheckerMirror is a mirror site.
type MirrorcheckerMirror struct {
	URL       string
	Interval  time.Duration
	SlowStart int
	Whitelist bool
}

// The bounds of its files in bytes.
const maxFile = 4 << 20

// ReadMirrorchecker reads mirrors.yaml and the lists of mirrors that it names, which are
// relative to its directory. Errors name file and line or key.
func ReadMirrorchecker(path string) (*Mirrorchecker, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	return parseMirrorchecker(File{path, content}, readFile)
}

// parseMirrorchecker reads mirrors.yaml; open gets the lists of mirrors that it names.
func parseMirrorchecker(f File, open func(name string) ([]byte, error)) (*Mirrorchecker, error) {
	path := f.Name
	var document yaml.Node
	if err := yaml.Unmarshal(f.Content, &document); err != nil {
		return nil, fmt.Errorf("%s: not valid YAML: %w", path, err)
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("%s: is empty (expected backends)", path)
	}
	r := &mirrorcheckerReader{path: path, open: open}
	c := r.configuration(document.Content[0])
	if len(r.problems) > 0 {
		return nil, errors.Join(r.problems...)
	}
	return c, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return b, err
}

// mirrorcheckerReader collects what is wrong.
type mirrorcheckerReader struct {
	path     string
	open     func(name string) ([]byte, error)
	problems []error
	notes    []string
}

func (r *mirrorcheckerReader) fail(n *yaml.Node, key, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d: %s: %s", r.path, n.Line, key, fmt.Sprintf(format, args...)))
}

func (r *mirrorcheckerReader) configuration(n *yaml.Node) *Mirrorchecker {
	c := &Mirrorchecker{Host: "localhost", Port: 8080}
	r.mapping(n, "", map[string]func(n *yaml.Node, key string){
		"http_port": func(n *yaml.Node, key string) { c.Port = r.integer(n, key, 0, 65535) },
		"http_host": func(n *yaml.Node, key string) { c.Host = r.text(n, key) },
		"logging": func(n *yaml.Node, key string) {
			r.mapping(n, key, map[string]func(n *yaml.Node, key string){
				"level": func(n *yaml.Node, key string) { c.LogLevel = r.text(n, key) },
				"file":  func(n *yaml.Node, key string) { c.LogFile = r.text(n, key) },
			})
		},
		"backends": func(n *yaml.Node, key string) {
			if n.Kind != yaml.SequenceNode {
				r.fail(n, key, "expected a list of backends")
				return
			}
			for i, item := range n.Content {
				c.Backends = append(c.Backends, r.backend(item, fmt.Sprintf("%s[%d]", key, i)))
			}
		},
	})
	if len(c.Backends) == 0 && len(r.problems) == 0 {
		r.fail(n, "backends", "there is none")
	}
	names := map[string]bool{}
	for _, b := range c.Backends {
		if names[b.Name] {
			r.fail(n, "backends", "two have the name %q", b.Name)
		}
		names[b.Name] = true
	}
	c.Notes = r.notes
	return c
}

func (r *mirrorcheckerReader) backend(n *yaml.Node, key string) MirrorcheckerBackend {
	b := MirrorcheckerBackend{
		Stamp: ".timestamp", StampInterval: time.Minute, Prefix: "/mirrors", YumThreshold: 12 * time.Hour,
		SSH: MirrorcheckerSSH{Port: 22, Timeout: 10 * time.Second, Agent: true, LookForKeys: true},
	}
	var inline []MirrorcheckerMirror
	var file string
	r.mapping(n, key, map[string]func(n *yaml.Node, key string){
		"name":               func(n *yaml.Node, key string) { b.Name = r.text(n, key) },
		"remote_path":        func(n *yaml.Node, key string) { b.RemotePath = r.text(n, key) },
		"dirs":               func(n *yaml.Node, key string) { b.Directories = r.texts(n, key) },
		"stamp_interval":     func(n *yaml.Node, key string) { b.StampInterval = r.seconds(n, key) },
		"max_stamp":          func(*yaml.Node, string) {}, // never had an effect
		"ts_fname":           func(n *yaml.Node, key string) { b.Stamp = r.text(n, key) },
		"ssh_args":           func(n *yaml.Node, key string) { r.ssh(n, key, &b.SSH) },
		"http_prefix":        func(n *yaml.Node, key string) { b.Prefix = "/" + strings.Trim(r.text(n, key), "/") },
		"yum_request":        func(n *yaml.Node, key string) { b.YumRequest = strings.Trim(r.text(n, key), "/") },
		"yum_response":       func(n *yaml.Node, key string) { b.YumResponse = strings.TrimLeft(r.text(n, key), "/") },
		"yum_threshold":      func(n *yaml.Node, key string) { b.YumThreshold = r.seconds(n, key) },
		"prometheus_metrics": func(n *yaml.Node, key string) { b.Metrics = "/" + strings.Trim(r.text(n, key), "/") },
		"mirrors":            func(n *yaml.Node, key string) { inline = r.mirrors(n, key) },
		"mirrors_file":       func(n *yaml.Node, key string) { file = r.text(n, key) },
		"age": func(n *yaml.Node, key string) {
			switch word := r.text(n, key); word {
			case "newest":
				b.Newest = true
			case "oldest":
			default:
				r.fail(n, key, "is %q (expected newest or oldest)", word)
			}
		},
	})
	b.Mirrors = inline
	if file != "" {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(r.path), file)
		}
		listed, err := readMirrorcheckerList(file, r.open)
		if err != nil {
			r.fail(n, key+".mirrors_file", "%v", err)
		}
		b.Mirrors = listed
	}
	if b.Name == "" {
		r.fail(n, key, "has no name")
	}
	if len(b.Directories) == 0 {
		r.fail(n, key, "has no dirs: there is nothing that mirrors could be judged by")
	}
	return b
}

func (r *mirrorcheckerReader) ssh(n *yaml.Node, key string, s *MirrorcheckerSSH) {
	r.mapping(n, key, map[string]func(n *yaml.Node, key string){
		"hostname":      func(n *yaml.Node, key string) { s.Hostname = r.text(n, key) },
		"port":          func(n *yaml.Node, key string) { s.Port = r.integer(n, key, 1, 65535) },
		"username":      func(n *yaml.Node, key string) { s.Username = r.text(n, key) },
		"password":      func(n *yaml.Node, key string) { s.Password = r.text(n, key) },
		"passphrase":    func(n *yaml.Node, key string) { s.Passphrase = r.text(n, key) },
		"timeout":       func(n *yaml.Node, key string) { s.Timeout = r.seconds(n, key) },
		"proxy_cmd":     func(n *yaml.Node, key string) { s.ProxyCommand = r.text(n, key) },
		"allow_agent":   func(n *yaml.Node, key string) { s.Agent = r.boolean(n, key) },
		"look_for_keys": func(n *yaml.Node, key string) { s.LookForKeys = r.boolean(n, key) },
		"key_filename": func(n *yaml.Node, key string) {
			if n.Kind == yaml.SequenceNode {
				s.KeyFiles = r.texts(n, key)
			} else if file := r.text(n, key); file != "" {
				s.KeyFiles = []string{file}
			}
		},
	})
}

func (r *mirrorcheckerReader) mirrors(n *yaml.Node, key string) (all []MirrorcheckerMirror) {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.fail(n, key, "expected a list of mirrors")
		return nil
	}
	given := map[string]bool{}
	for i, item := range n.Content {
		key := fmt.Sprintf("%s[%d]", key, i)
		m := newMirrorcheckerMirror()
		r.mapping(item, key, map[string]func(n *yaml.Node, key string){
			"url":        func(n *yaml.Node, key string) { m.URL = r.text(n, key) },
			"interval":   func(n *yaml.Node, key string) { m.Interval = r.seconds(n, key) },
			"slow_start": func(n *yaml.Node, key string) { m.SlowStart = r.integer(n, key, 0, math.MaxInt32) },
			"whitelist":  func(n *yaml.Node, key string) { m.Whitelist = r.boolean(n, key) },
		})
		if err := m.complete(given); err != nil {
			r.fail(item, key, "%v", err)
		}
		all = append(all, m)
	}
	return all
}

func newMirrorcheckerMirror() MirrorcheckerMirror {
	return MirrorcheckerMirror{Interval: 90 * time.Second}
}

// complete checks the mirror against those that were given before it. An address with and
// one without a slash at its end are the same.
func (m *MirrorcheckerMirror) complete(given map[string]bool) error {
	m.URL = strings.TrimRight(m.URL, "/")
	switch {
	case m.URL == "":
		return errors.New("the mirror has no url")
	case !strings.HasPrefix(m.URL, "http://") && !strings.HasPrefix(m.URL, "https://"):
		return fmt.Errorf("url %q is no address of the web (expected http:// or https://)", m.URL)
	case given[m.URL]:
		return fmt.Errorf("the url %s is given twice", m.URL)
	case m.Interval <= 0:
		return fmt.Errorf("interval of %s is not above 0 seconds", m.URL)
	}
	given[m.URL] = true
	return nil
}

// readMirrorcheckerList reads mirrors.txt: a mirror a line, as arguments in Python's
// notation. Empty lines and those that begin with # are passed over.
func readMirrorcheckerList(path string, open func(name string) ([]byte, error)) ([]MirrorcheckerMirror, error) {
	content, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the list of mirrors: %w", err)
	}
	return parseMirrorcheckerList(path, string(content))
}

func parseMirrorcheckerList(name, content string) (all []MirrorcheckerMirror, err error) {
	var problems []error
	given := map[string]bool{}
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		m, err := parseMirrorcheckerMirror(line)
		if err == nil {
			err = m.complete(given)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, number, err))
			continue
		}
		all = append(all, m)
	}
	return all, errors.Join(problems...)
}

func parseMirrorcheckerMirror(line string) (m MirrorcheckerMirror, err error) {
	m = newMirrorcheckerMirror()
	values, err := literals(line)
	if err != nil {
		return m, err
	}
	for name, value := range values {
		ok := true
		switch name {
		case "url":
			m.URL, ok = value.(string)
		case "whitelist":
			m.Whitelist, ok = value.(bool)
		case "interval":
			m.Interval, ok = secondsOf(value)
		case "slow_start":
			var n int64
			n, ok = value.(int64)
			ok = ok && n >= 0 && n <= math.MaxInt32
			m.SlowStart = int(n)
		default:
			return m, fmt.Errorf("unknown argument %s (expected url, interval, slow_start or whitelist)", name)
		}
		if !ok {
			return m, fmt.Errorf("%s has the value %v, which is not of its kind", name, value)
		}
	}
	return m, nil
}

// maxSeconds is more than any interval can be: a hundred years.
const maxSeconds = 100 * 365 * 24 * 3600

func secondsOf(value any) (time.Duration, bool) {
	var f float64
	switch n := value.(type) {
	case int64:
		f = float64(n)
	case float64:
		f = n
	default:
		return 0, false
	}
	if !(f >= 0 && f <= maxSeconds) {
		return 0, false
	}
	return time.Duration(f * float64(time.Second)), true
}

// mapping calls the reader of each key. Keys that have none are noted.
func (r *mirrorcheckerReader) mapping(n *yaml.Node, key string, readers map[string]func(n *yaml.Node, key string)) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, strings.TrimPrefix(key, "."), "expected a mapping of keys to values")
		return
	}
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		at := strings.TrimPrefix(key+"."+name, ".")
		if slices.Contains(seen, name) {
			r.fail(n.Content[i], at, "is given twice")
			continue
		}
		seen = append(seen, name)
		if read, known := readers[name]; known {
			read(value, at)
		} else {
			r.notes = append(r.notes, fmt.Sprintf("%s:%d: %s is not known and has no effect", r.path, n.Content[i].Line, at))
		}
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (r *mirrorcheckerReader) text(n *yaml.Node, key string) string {
	if n.Kind != yaml.ScalarNode {
		r.fail(n, key, "expected a text")
		return ""
	}
	if isNull(n) {
		return ""
	}
	return n.Value
}

func (r *mirrorcheckerReader) texts(n *yaml.Node, key string) (all []string) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, key, "expected a list of texts")
		return nil
	}
	for i, item := range n.Content {
		all = append(all, r.text(item, fmt.Sprintf("%s[%d]", key, i)))
	}
	return all
}

func (r *mirrorcheckerReader) integer(n *yaml.Node, key string, least, most int) (value int) {
	if err := n.Decode(&value); err != nil || value < least || value > most {
		r.fail(n, key, "is %q (expected a whole number from %d to %d)", cut(n.Value), least, most)
		return least
	}
	return value
}

func (r *mirrorcheckerReader) boolean(n *yaml.Node, key string) (value bool) {
	if err := n.Decode(&value); err != nil {
		r.fail(n, key, "is %q (expected true or false)", cut(n.Value))
	}
	return value
}

func (r *mirrorcheckerReader) seconds(n *yaml.Node, key string) time.Duration {
	var f float64
	if isNull(n) {
		return 0
	}
	if err := n.Decode(&f); err == nil {
		if d, ok := secondsOf(f); ok {
			return d
		}
	}
	r.fail(n, key, "is %q (expected a number of seconds)", cut(n.Value))
	return 0
}
