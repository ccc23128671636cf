package sshconfig_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshconfig"
)

// need returns the path of a program of the machine. Without it the test is
// skipped, or fails where everything has to be there.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed; scripts/install-tools.sh test installs it", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// compared are the keywords whose values are compared with those of ssh.
var compared = []string{
	"hostname", "port", "user", "hostkeyalias", "proxycommand", "proxyjump", "identityfile",
	"identitiesonly", "userknownhostsfile", "connecttimeout", "addressfamily",
}

// askSSH returns what ssh itself says of a host, each argument list as one text, or
// nothing where it refuses the configuration.
func askSSH(ssh, file, host string) map[string][]string {
	out, err := exec.Command(ssh, "-F", file, "-G", "--", host).Output()
	if err != nil {
		return nil
	}
	said := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		keyword, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if slices.Contains(compared, keyword) {
			said[keyword] = append(said[keyword], value)
		}
	}
	return said
}

// withDefaults adds what ssh says where the configuration says nothing.
func withDefaults(v sshconfig.Values, host, user string, empty map[string][]string) map[string][]string {
	all := map[string][]string{}
	for _, keyword := range compared {
		args := v[keyword]
		switch {
		case keyword == "hostname" && args == nil:
			all[keyword] = []string{host}
		case keyword == "hostname":
			name, _ := sshconfig.Expand(args[0], map[byte]string{'h': host})
			all[keyword] = []string{name}
		case keyword == "user" && args == nil:
			all[keyword] = []string{user}
		case args != nil && strings.HasPrefix(keyword, "proxy") && args[0] == "none":
		case args == nil:
			if d := empty[keyword]; d != nil {
				all[keyword] = d
			}
		case keyword == "identityfile":
			all[keyword] = args
		case keyword == "userknownhostsfile":
			all[keyword] = []string{strings.Join(args, " ")}
		default:
			all[keyword] = args[:1]
		}
	}
	return all
}

// scenario is a configuration of three files, which include each other in turn, and
// the host that is asked for.
type scenario struct {
	files [3]string
	host  string
}

// Whatever blocks a configuration has, what is found for a host is what ssh finds.
func TestAgreesWithSSH(t *testing.T) {
	ssh := need(t, "ssh")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	main := filepath.Join(dir, "config")
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defaults := askSSH(ssh, empty, "a")
	scenarios := rapid.Custom(func(t *rapid.T) (s scenario) {
		for i := range s.files {
			s.files[i] = configuration(me.Username, fmt.Sprintf("%s-[%d-2]", main, i+1), i < 2).Draw(t, "configuration")
		}
		s.host = rapid.SampledFrom([]string{"a", "b.example.org", "gate", "10.0.0.1"}).Draw(t, "host")
		return s
	})
	agrees := func(t rapid.TB, s scenario) {
		for i, file := range []string{main, main + "-1", main + "-2"} {
			if err := os.WriteFile(file, []byte(s.files[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want := askSSH(ssh, main, s.host)
		if want == nil {
			return // ssh refuses the configuration
		}
		r := sshconfig.Reader{Home: me.HomeDir, User: me.Username}
		values, err := r.Lookup([]string{main}, s.host, "")
		if err != nil {
			t.Fatalf("Lookup: %v, in %q", err, s)
		}
		if diff := cmp.Diff(want, withDefaults(values, s.host, me.Username, defaults)); diff != "" {
			t.Fatalf("%q: -ssh +ours:\n%s", s, diff)
		}
	}
	if os.Getenv("PROVE") == "" {
		for seed := range 20 {
			agrees(t, scenarios.Example(seed))
		}
		return
	}
	rapid.Check(t, func(t *rapid.T) { agrees(t, scenarios.Draw(t, "scenario")) })
}

// configuration draws the text of a file.
func configuration(me, included string, includes bool) *rapid.Generator[string] {
	pattern := rapid.SampledFrom([]string{"a", "b", "*", "b.*", "?", "*.example.org", "!a", "!*.org", "gate", "10.0.0.?", "node-*"})
	lists := rapid.Map(rapid.SliceOfN(pattern, 1, 3), func(p []string) string { return strings.Join(p, ",") })
	users := rapid.SampledFrom([]string{me, "mirror", "*", "!" + me, "nobody"})
	block := rapid.Custom(func(t *rapid.T) string {
		negated := rapid.SampledFrom([]string{"", "", "!"}).Draw(t, "negated")
		switch rapid.IntRange(0, 7).Draw(t, "block") {
		case 0, 1, 2:
			return rapid.SampledFrom([]string{"Host ", "host\t", "HOST=", "Host = "}).Draw(t, "host") +
				strings.Join(rapid.SliceOfN(pattern, 1, 3).Draw(t, "patterns"), " ")
		case 3:
			return "Match " + negated + "host " + lists.Draw(t, "list")
		case 4:
			return "Match " + negated + "originalhost " + lists.Draw(t, "list") + " user " + users.Draw(t, "user")
		case 5:
			return "match localuser=" + users.Draw(t, "user") + " " + negated + "host " + lists.Draw(t, "list")
		case 6:
			return "Match " + negated + "final" + rapid.SampledFrom([]string{"", " all", " host *.example.org"}).Draw(t, "more")
		}
		return "Match all"
	})
	setting := rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		line := rapid.SampledFrom([]string{
			"HostName node-%d.example.org", "HostName %%h.example.org", "hostname=10.0.0.%d", "Port %d", "Port=\"220%d\"", "User user%d", "  User mirror # %d", "HostKeyAlias alias%d",
			"ProxyCommand ssh -W %%h:%%p gate%d # no comment", "ProxyCommand none", "ProxyJump gate%d", "ProxyJump me@gate%d:22,other", "ProxyJump none",
			"IdentityFile ~/.ssh/id%d", "IdentityFile \"/keys/with blank %d\"", "IdentityFile /keys/a\\ b%d",
			"IdentitiesOnly yes", "IdentitiesOnly no", "UserKnownHostsFile /k%d /l", "ConnectTimeout %d", "AddressFamily inet6",
			"# Port %d", "", "\tServerAliveInterval %d",
		}).Draw(t, "setting")
		if strings.Contains(line, "%") {
			line = fmt.Sprintf(line, n)
			line, _, _ = strings.Cut(line, "%!(EXTRA") // a line that takes no number
		}
		return line
	})
	return rapid.Custom(func(t *rapid.T) string {
		var lines []string
		for range rapid.IntRange(0, 5).Draw(t, "blocks") {
			lines = append(lines, rapid.SliceOfN(setting, 0, 4).Draw(t, "settings")...)
			if includes && rapid.IntRange(0, 3).Draw(t, "include") == 0 {
				lines = append(lines, "Include "+included)
			}
			lines = append(lines, block.Draw(t, "block"))
		}
		lines = append(lines, rapid.SliceOfN(setting, 0, 4).Draw(t, "settings")...)
		return strings.Join(lines, rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end"))
	})
}
