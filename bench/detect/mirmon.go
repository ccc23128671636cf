package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mirmon runs the real mirmon each hour, as its manual says. It goes by the moment when
// Perl began, $^T, which is set to the virtual time. A mirror is bad that is not
// fresh, or whose last probe failed.
type mirmon struct {
	f       *fleet
	program string
	config  string
	state   string
}

func newMirmon(dir, program string, f *fleet) (*mirmon, error) {
	m := &mirmon{f: f, program: program, config: filepath.Join(dir, "mirmon.conf"), state: filepath.Join(dir, "mirmon.state")}
	var list strings.Builder
	for _, s := range f.sites {
		fmt.Fprintf(&list, "de %s/\n", s.url)
	}
	for name, content := range map[string]string{
		m.config: fmt.Sprintf(`project_name fleet
project_url http://source.example.org/
mirror_list %[1]s/mirrors
state %[2]s
countries /usr/share/mirmon/countries.list
web_page %[1]s/page.html
icons /icons
timeout 20
probe /usr/bin/curl -s -m 10 %%URL%%%[3]s
`, dir, m.state, stampFile),
		filepath.Join(dir, "mirrors"): list.String(),
		m.state:                       "",
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *mirmon) name() string         { return "mirmon" }
func (m *mirmon) every() time.Duration { return time.Hour }

func (m *mirmon) check(ctx context.Context) (bad []*site, err error) {
	const at = `$^T = shift @ARGV; $0 = shift @ARGV; do $0; die $@ if $@`
	c := exec.CommandContext(ctx, "perl", "-e", at, fmt.Sprint(m.f.clock.now().Unix()), m.program, "-q", "-get", "update", "-c", m.config)
	c.Env = append(os.Environ(), "no_proxy=*", "NO_PROXY=*")
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	content, err := os.ReadFile(m.state)
	if err != nil {
		return nil, err
	}
	known := 0
	for line := range bytes.Lines(content) {
		// url, age, last status, last good probe, history of probes, time-history, last probe
		fields := strings.Fields(string(line))
		if len(fields) != 7 {
			return nil, fmt.Errorf("its state has the line %q", line)
		}
		known++
		probes, class := fields[4], fields[5]
		for _, s := range m.f.sites {
			if strings.TrimSuffix(fields[0], "/") == s.url && (strings.HasSuffix(probes, "f") || !strings.HasSuffix(class, "s")) {
				bad = append(bad, s)
			}
		}
	}
	if known != len(m.f.sites) {
		return nil, fmt.Errorf("it knows %d of %d sites", known, len(m.f.sites))
	}
	return bad, nil
}
