package system

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// machine is a root directory with apt's files, that apt itself and this package
// both read.
type machine struct {
	dir         string
	environment map[string]string
}

// newMachine makes a machine of architecture amd64 with the given files, by
// their path below the root.
func newMachine(t testing.TB, files map[string]string) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{dir: dir, environment: map[string]string{"APT_CONFIG": filepath.Join(dir, "isolated.conf")}}
	for _, d := range []string{"etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.write(t, "isolated.conf", fmt.Sprintf("Dir %q;\nDir::State::status %q;\nAPT::Architecture \"amd64\";\n", dir+"/", dir+"/var/lib/dpkg/status"))
	m.write(t, "var/lib/dpkg/status", "")
	for name, text := range files {
		m.write(t, name, text)
	}
	return m
}

func (m *machine) write(t rapid.TB, name, text string) {
	t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) env(name string) string { return m.environment[name] }

func (m *machine) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range m.environment {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// run runs one of apt's tools on the machine.
func (m *machine) run(t rapid.TB, name string, args ...string) (string, error) {
	t.Helper()
	needs(t, name)
	var errors bytes.Buffer
	c := m.command(name, args...)
	c.Stderr = &errors
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, errors.String())
	}
	return string(out), err
}

// fetch lets apt's own method fetch a URI and returns the last thing that it
// says about it.
func (m *machine) fetch(t rapid.TB, uri string, configuration ...string) string {
	t.Helper()
	scheme, _, _ := strings.Cut(uri, ":")
	method := "/usr/lib/apt/methods/" + scheme
	needs(t, method)
	c := m.command(method)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	fmt.Fprintf(in, "601 Configuration\nConfig-Item: Dir=%s/\nConfig-Item: Dir::Etc=etc/apt\nConfig-Item: Dir::Etc::netrc=auth.conf\nConfig-Item: Dir::Etc::netrcparts=auth.conf.d\n", m.dir)
	for _, c := range configuration {
		fmt.Fprintf(in, "Config-Item: %s\n", c)
	}
	fmt.Fprintf(in, "\n600 URI Acquire\nURI: %s\nFilename: %s/fetched\n\n", uri, m.dir)
	last := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if message, found := strings.CutPrefix(lines.Text(), "Message: "); found {
			last = message
		}
		if code, _, _ := strings.Cut(last, " "); lines.Text() == "" && code != "" && !strings.HasPrefix(last, "Connecting") {
			return last
		}
	}
	return last
}

// needs skips the test where a tool is missing, unless all tools are due.
func needs(t rapid.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// TestMain draws fewer random cases than usual unless asked for more with
// -rapid.checks, as each starts apt.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		flag.Set("rapid.checks", "25")
	}
	os.Exit(m.Run())
}
