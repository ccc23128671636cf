package sshdial

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"
)

// hostKeyOf makes the same key for the same number.
func hostKeyOf(t rapid.TB, number byte) ssh.PublicKey {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = number
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(seed).Public())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// known are the keys for a name, as they are found in a file of known hosts.
func known(text, name string) *hostKeys {
	h := &hostKeys{name: name, host: name, file: "known_hosts"}
	h.find(parseKnownHosts("known_hosts", []byte(text)))
	return h
}

func TestKnownHosts(t *testing.T) {
	one, two := keyText(hostKeyOf(t, 1)), keyText(hostKeyOf(t, 2))
	for _, x := range []struct{ name, text, want string }{
		{"origin.example.org", "origin.example.org " + one, ""},
		{"origin.example.org", "ORIGIN.example.org,10.0.0.1 " + one + " comment", ""},
		{"Origin.Example.ORG", "origin.example.org " + one, ""},
		{"origin.example.org", "*.example.org,!origin.* " + one, "is unknown"},
		{"origin.example.org", "# nothing\n\nnonsense\norigin.example.org 1024 35 12345\norigin.example.org ssh-rsa AAAA\n\t*.example.org " + one, ""},
		{"origin.example.org", "origin.example.org " + two, "has changed"},
		{"origin.example.org", "origin.example.org " + two + "\norigin.example.org " + one, ""},
		{"[origin.example.org]:2222", "[origin.example.org]:2222 " + one, ""},
		{"[origin.example.org]:2222", "[*.example.org]:2222 " + one, ""},
		{"[origin.example.org]:2222", "origin.example.org " + one, ""},
		{"[origin.example.org]:2222", "origin.example.org " + two, "is unknown"},
		{"[origin.example.org]:2222", "origin.example.org " + one + "\n[origin.example.org]:2222 " + two, "has changed"},
		{"origin.example.org", "[origin.example.org]:2222 " + one, "is unknown"},
		{"origin.example.org", "@revoked * " + one + "\norigin.example.org " + one, "is revoked by known_hosts:1"},
		{"origin.example.org", "@cert-authority *.example.org " + one, "is unknown"},
		{"origin.example.org", "@other origin.example.org " + one, "is unknown"},
		{"2001:db8::1", "2001:db8::1 " + one, ""},
		{"[2001:db8::1]:2222", "[2001:db8::1]:2222 " + one, ""},
		{"origin.example.org", "", "is unknown"},
		{"origin.example.org", "|1|!!|x " + one + "\n|1 " + one + "\n|1||| " + one, "is unknown"},
	} {
		err := known(x.text, x.name).check(hostKeyOf(t, 1))
		switch {
		case err == nil && x.want == "":
		case err == nil || x.want == "" || !strings.Contains(err.Error(), x.want):
			t.Errorf("%s in %q: %v, expected %q", x.name, x.text, err, x.want)
		}
	}
}

// What ssh-keygen finds in a file, plain or as digests, is what is found here.
func TestAgreesWithSSHKeygen(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("ssh-keygen is not installed; scripts/install-tools.sh test installs it")
		}
		t.Skip("ssh-keygen is not installed")
	}
	hosts := []string{"a.example.org", "b.example.org", "[a.example.org]:2222", "10.0.0.1", "[2001:db8::1]:22222"}
	patterns := append([]string{"*.example.org", "!a.*", "[*]:2222", "a.*,!*.org", "?.example.org", "B.EXAMPLE.ORG,10.0.0.?"}, hosts...)
	texts := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			marker := rapid.SampledFrom([]string{"", "", "", "@cert-authority "}).Draw(t, "marker")
			names := rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 3).Draw(t, "names")
			key := hostKeyOf(t, rapid.ByteRange(1, 3).Draw(t, "key"))
			fmt.Fprintf(&b, "%s%s %s\n", marker, strings.Join(names, ","), keyText(key))
		}
		return b.String()
	})
	file := filepath.Join(t.TempDir(), "known_hosts")
	agrees := func(t rapid.TB, text string, hash bool) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if hash {
			// It leaves patterns and markers as they are.
			if out, err := exec.Command(keygen, "-q", "-H", "-f", file).CombinedOutput(); err != nil {
				t.Fatalf("ssh-keygen -H: %v: %s", err, out)
			}
		}
		for _, host := range hosts {
			out, _ := exec.Command(keygen, "-F", host, "-f", file).Output()
			want := map[string]bool{}
			for line := range strings.Lines(string(out)) {
				if fields := strings.Fields(line); line[0] != '#' {
					want[strings.Join(fields[len(fields)-2:], " ")] = true
				}
			}
			entries, err := readKnownHosts([]string{file})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, k := range entries {
				if k.isFor(host) {
					got[keyText(k.key)] = true
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s in\n%s: found %v, ssh-keygen %v", host, text, got, want)
			}
		}
	}
	if os.Getenv("PROVE") == "" {
		for seed := range 6 {
			agrees(t, texts.Example(seed), seed%2 == 1)
		}
		return
	}
	rapid.Check(t, func(t *rapid.T) { agrees(t, texts.Draw(t, "known hosts"), rapid.Bool().Draw(t, "hash")) })
}

// Whatever a file of known hosts holds, a key is accepted only where the file has it.
func FuzzKnownHosts(f *testing.F) {
	f.Add("origin.example.org "+keyText(hostKeyOf(f, 1)), "origin.example.org")
	f.Add("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= "+keyText(hostKeyOf(f, 1)), "[a]:2")
	f.Add("@revoked * "+keyText(hostKeyOf(f, 1)), "a")
	f.Fuzz(func(t *testing.T, text, name string) {
		key := hostKeyOf(t, 1)
		if known(text, name).check(key) == nil && !strings.Contains(text, strings.Fields(keyText(key))[1]) {
			t.Errorf("%q accepts a key that it does not have", text)
		}
	})
}

// The lines that hints name make the host known.
func TestHints(t *testing.T) {
	seen, other := hostKeyOf(t, 1), hostKeyOf(t, 2)
	for _, text := range []string{"", "[origin.example.org]:2222 " + keyText(other)} {
		err := known(text, "[origin.example.org]:2222").check(seen)
		e, ok := errors.AsType[*HostKeyError](err)
		if !ok {
			t.Fatalf("the error is %v", err)
		}
		_, line, _ := strings.Cut(e.Hint(), "\n")
		if err := known(line, "[origin.example.org]:2222").check(seen); err != nil {
			t.Errorf("the line %q does not help: %v", line, err)
		}
	}
	pinned, err := pinnedKeys([]string{keyText(other)})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := errors.AsType[*HostKeyError]((&hostKeys{name: "origin", trusted: pinned}).check(seen))
	if want := "host-keys: [\"" + keyText(seen) + "\"]"; !strings.HasSuffix(e.Hint(), want) {
		t.Errorf("the hint is %q, expected %q at its end", e.Hint(), want)
	}
}

// A server is asked for keys that are known before it is asked for others, and for
// certificates only where an authority is known.
func TestHostKeyAlgorithms(t *testing.T) {
	key := keyText(hostKeyOf(t, 1))
	plain := known("a "+key, "a").algorithms()
	if plain[0] != ssh.KeyAlgoED25519 || strings.Contains(strings.Join(plain, " "), "cert") || len(plain) < 4 {
		t.Errorf("for a known key: %q", plain)
	}
	if certified := known("@cert-authority a "+key, "a").algorithms(); !strings.Contains(certified[0], "cert") {
		t.Errorf("for a known authority: %q", certified)
	}
	h := known("@cert-authority a "+key, "a")
	if err := h.callback()("a:22", &net.TCPAddr{}, hostKeyOf(t, 1)); err == nil {
		t.Error("the key of an authority is taken for the host's")
	}
}
