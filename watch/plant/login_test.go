package plant_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

// refused plants and wants that the target is not reached, for a reason that names all
// of the words.
func refused(t *testing.T, p *plant.Planter, words ...string) error {
	t.Helper()
	r := p.Plant(t.Context(), []string{"a"}, moment)
	if r.Err == nil || r.Planted() != 0 {
		t.Fatalf("planted: %+v", r)
	}
	for _, w := range words {
		if !strings.Contains(r.Err.Error(), w) {
			t.Errorf("the error says nothing of %q: %v", w, r.Err)
		}
	}
	return r.Err
}

func TestProtectedKey(t *testing.T) {
	key := filepath.Join(t.TempDir(), "id")
	sshdtest.WriteKey(t, key, sshdtest.NewKey(t), "open sesame")
	s := sshdtest.Start(t, sshdtest.Options{Key: key})
	dirs := directories(t, s, "a")
	target := at(s)
	target.Server.Passphrase = "open sesame"
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	target.Server.Passphrase = "wrong"
	refused(t, planter(t, target, plant.Options{}), key, "the passphrase does not open it")
	target.Server.Passphrase = ""
	refused(t, planter(t, target, plant.Options{}), "is not let in", key, "protected by a passphrase", "none is given")
}

// agent runs an agent that holds the keys, and returns its socket.
func agent(t *testing.T, keys ...string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	c := exec.Command(need(t, "ssh-agent"), "-D", "-a", socket)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the agent does not listen")
		}
	}
	for _, key := range keys {
		add := exec.Command(need(t, "ssh-add"), "-q", key)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v: %s", err, out)
		}
	}
	return socket
}

// The agent has the keys that files have not, and a key that is named is shown first:
// servers count.
func TestAgent(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{Config: []string{"MaxAuthTries 2"}})
	dirs := directories(t, s, "a")
	var others []string
	for i := range 6 {
		others = append(others, filepath.Join(t.TempDir(), fmt.Sprint("id", i)))
		sshdtest.WriteKey(t, others[i], sshdtest.NewKey(t), "")
	}
	target := at(s)
	target.Server.Identities = nil
	alone := machine(t, "SSH_AUTH_SOCK="+agent(t, s.Key))
	plants(t, planter(t, target, plant.Options{Machine: alone}), dirs, moment)

	many := agent(t, append(slices.Clone(others), s.Key)...)
	refused(t, planter(t, target, plant.Options{Machine: machine(t, "SSH_AUTH_SOCK="+many)}), "is not let in", "Too many authentication failures")
	public := filepath.Join(t.TempDir(), "id.pub")
	if err := os.WriteFile(public, []byte(content(t, s.Key+".pub")), 0o600); err != nil {
		t.Fatal(err)
	}
	target.Server.Identities = []string{public}
	target.Server.Agent = many
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	target.Server.Agent = "none"
	refused(t, planter(t, target, plant.Options{}), "is not let in", "whose private key no agent has")
}

func TestPassword(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{Config: []string{"AuthenticationMethods password"}})
	dirs := directories(t, s, "a")
	target := at(s)
	target.Server.Password = sshdtest.Password
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	target.Server.Password = "hunter2"
	err := refused(t, planter(t, target, plant.Options{}), "is not let in", "the password")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
	target.Server.Password, target.Server.Identities = "", []string{"none"}
	refused(t, planter(t, target, plant.Options{}), "there is no key, no agent with keys and no password")
}

// The way over a jump host checks both hosts, and the password is for the last one.
func TestJumpHost(t *testing.T) {
	gate := sshdtest.Start(t, sshdtest.Options{})
	s := sshdtest.Start(t, sshdtest.Options{Key: gate.Key, Config: []string{"AuthenticationMethods publickey,password"}})
	dirs := directories(t, s, "a")
	target := at(s)
	target.Server.Jump = fmt.Sprintf("%s@127.0.0.1:%d", sshdtest.User, gate.Port)
	target.Server.KnownHosts = []string{s.KnownHosts, gate.KnownHosts}
	target.Server.Password = sshdtest.Password
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	if !strings.Contains(gate.Log(), "Accepted publickey") || strings.Contains(gate.Log(), "password") {
		t.Errorf("the gate was not passed by key alone:\n%s", gate.Log())
	}
	target.Server.KnownHosts, target.Server.HostKeys = []string{gate.KnownHosts}, []string{string(ssh.MarshalAuthorizedKey(s.HostKeys[0]))}
	plants(t, planter(t, target, plant.Options{}), dirs, moment) // what is pinned is the last one's
	target.Server.KnownHosts, target.Server.HostKeys = []string{s.KnownHosts}, nil
	refused(t, planter(t, target, plant.Options{}), "jump host", fmt.Sprintf("the host key of [127.0.0.1]:%d is unknown", gate.Port))
	target.Server.Jump += ",127.0.0.1:0"
	refused(t, planter(t, target, plant.Options{}), `"127.0.0.1:0" is no host to jump through`)
}

// A proxy command is run as ssh runs it, ends with the connection, and what it says is
// told when it fails.
func TestProxyCommand(t *testing.T) {
	gate := sshdtest.Start(t, sshdtest.Options{})
	s := sshdtest.Start(t, sshdtest.Options{Key: gate.Key})
	dirs := directories(t, s, "a")
	target := at(s)
	target.Server.ProxyCommand = []string{
		need(t, "ssh"), "-F", "none", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=" + gate.KnownHosts, "-i", gate.Key,
		"-p", fmt.Sprint(gate.Port), "-W", "%h:%p", "%r@127.0.0.1",
	}
	p := planter(t, target, plant.Options{})
	plants(t, p, dirs, moment)
	plants(t, p, dirs, moment)
	p.Close()
	target.Server.ProxyCommand = sshdial.ShellCommand("echo 'no route for %r' >&2; exit 1")
	refused(t, planter(t, target, plant.Options{}), "cannot connect by ProxyCommand", "no route for planter")
	target.Server.ProxyCommand = []string{"/nowhere/ssh"}
	refused(t, planter(t, target, plant.Options{}), "/nowhere/ssh")
}

// All that ssh_config says is followed: nothing is set but an alias.
func TestSSHConfig(t *testing.T) {
	gate := sshdtest.Start(t, sshdtest.Options{})
	s := sshdtest.Start(t, sshdtest.Options{Key: gate.Key, Config: []string{"AllowTcpForwarding no"}})
	dirs := directories(t, s, "a")
	m := machine(t)
	if err := os.Mkdir(filepath.Join(m.Home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(m.Home, ".ssh", "known_hosts")
	hosts := strings.ReplaceAll(content(t, s.KnownHosts), fmt.Sprintf("[127.0.0.1]:%d", s.Port), "the-origin") + content(t, gate.KnownHosts)
	for file, text := range map[string]string{
		known: hosts,
		filepath.Join(m.Home, ".ssh", "config"): fmt.Sprintf(`
Include more
Host gate
    HostName 127.0.0.1
    Port %d
Match user %s
    IdentityFile %s
`, gate.Port, sshdtest.User, gate.Key),
		filepath.Join(m.Home, ".ssh", "more"): fmt.Sprintf(`
Host origin
    HostName 127.0.0.1
    Port %d
    HostKeyAlias the-origin
    ProxyJump %[2]s@gate
    ConnectTimeout 20
Host *
    User %[2]s
    IdentitiesOnly yes
`, s.Port, sshdtest.User),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// As ssh itself would have it, known hosts may be digests.
	if out, err := exec.Command(need(t, "ssh-keygen"), "-H", "-f", known).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	target := plant.Target{Path: s.Tree, Server: &sshdial.Server{Host: "origin"}}
	plants(t, planter(t, target, plant.Options{Machine: m}), dirs, moment)
}

// An unknown host is refused, and with the line that the hint names it is let in.
func TestUnknownHost(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a")
	m := machine(t)
	target := at(s)
	target.Server.KnownHosts = nil
	err := refused(t, planter(t, target, plant.Options{Machine: m}), "is unknown", ssh.FingerprintSHA256(s.HostKeys[0]))
	e, ok := errors.AsType[*sshdial.HostKeyError](err)
	if !ok {
		t.Fatalf("the error is %T", err)
	}
	file := filepath.Join(m.Home, ".ssh", "known_hosts")
	before, line, _ := strings.Cut(e.Hint(), "\n")
	if !strings.HasSuffix(before, "add this line to "+file+":") {
		t.Errorf("the hint names another file: %s", before)
	}
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plants(t, planter(t, target, plant.Options{Machine: m}), dirs, moment)
}

// A changed key is refused, and both fingerprints are told, also where the host has a
// key of another type now.
func TestChangedHostKey(t *testing.T) {
	old := sshdtest.Start(t, sshdtest.Options{HostKeys: []string{"rsa", "ed25519"}})
	dirs := directories(t, old, "a")
	target := at(old)
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	for _, kind := range []string{"rsa", "ed25519"} {
		s := sshdtest.Start(t, sshdtest.Options{Key: old.Key, HostKeys: []string{kind}})
		target.Server.Port = s.Port
		known := filepath.Join(t.TempDir(), "known_hosts")
		text := strings.ReplaceAll(content(t, old.KnownHosts), fmt.Sprint(old.Port), fmt.Sprint(s.Port))
		if err := os.WriteFile(known, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		target.Server.KnownHosts = []string{known}
		refused(t, planter(t, target, plant.Options{}), "has changed", known+":1", known+":2",
			ssh.FingerprintSHA256(old.HostKeys[0]), ssh.FingerprintSHA256(old.HostKeys[1]), ssh.FingerprintSHA256(s.HostKeys[0]))
	}
}

// Keys of the configuration are the only ones, whatever files say.
func TestPinnedHostKey(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{HostKeys: []string{"rsa", "ed25519"}})
	dirs := directories(t, s, "a")
	for _, key := range s.HostKeys {
		target := at(s)
		target.Server.HostKeys = []string{string(ssh.MarshalAuthorizedKey(key))}
		plants(t, planter(t, target, plant.Options{}), dirs, moment)
	}
	target := at(s)
	other, err := ssh.NewPublicKey(sshdtest.NewKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	target.Server.HostKeys = []string{string(ssh.MarshalAuthorizedKey(other))}
	refused(t, planter(t, target, plant.Options{}), "has changed", "as the configuration says", ssh.FingerprintSHA256(other), ssh.FingerprintSHA256(s.HostKeys[1]))
	target.Server.HostKeys = []string{"ssh-ed25519 what"}
	refused(t, planter(t, target, plant.Options{}), `"ssh-ed25519 what" is no host key`)
}

// A host that shows a certificate of a known authority is let in without its key being
// known, and so are we.
func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	authority, host := filepath.Join(dir, "ca"), filepath.Join(dir, "host")
	for _, key := range []string{authority, host} {
		sshdtest.WriteKey(t, key, sshdtest.NewKey(t), "")
	}
	key := filepath.Join(dir, "id")
	sshdtest.WriteKey(t, key, sshdtest.NewKey(t), "")
	keygen := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(need(t, "ssh-keygen"), append([]string{"-q", "-s", authority, "-I", "test"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	keygen("-h", "-n", "127.0.0.1", host+".pub")
	keygen("-n", sshdtest.User, key+".pub")
	s := sshdtest.Start(t, sshdtest.Options{Config: []string{
		"HostKey " + host, "HostCertificate " + host + "-cert.pub", "TrustedUserCAKeys " + authority + ".pub",
	}})
	dirs := directories(t, s, "a")
	known := filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(known, []byte("@cert-authority [127.0.0.1]:* "+content(t, authority+".pub")), 0o600); err != nil {
		t.Fatal(err)
	}
	target := at(s)
	target.Server.KnownHosts, target.Server.Identities = []string{known}, []string{key}
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	if !strings.Contains(s.Log(), "ED25519-CERT") {
		t.Errorf("no certificate was shown:\n%s", s.Log())
	}
	revoked := content(t, known) + "@revoked * " + content(t, authority+".pub")
	if err := os.WriteFile(known, []byte(revoked), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, planter(t, target, plant.Options{}), "revoked")
}
