package sshdial

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// HostKeyError says that a host has another key than it should have.
type HostKeyError struct {
	// Host is the name that the key is looked for by, HOST or [HOST]:PORT.
	Host string
	// Seen is the key that the host has.
	Seen ssh.PublicKey
	// Expected are the keys that are known, each with its place. None: the host is
	// unknown.
	Expected []ExpectedKey
	// Revoked is the place that says that the key is not to be used any more, if any.
	Revoked string
	// File is where known hosts are written, "" where the configuration pins the keys.
	File string
}

// ExpectedKey is a key that a host should have.
type ExpectedKey struct {
	Key   ssh.PublicKey
	Place string
}

func (e *HostKeyError) Error() string {
	switch {
	case e.Revoked != "":
		return fmt.Sprintf("the host key of %s is revoked by %s (seen %s)", e.Host, e.Revoked, described(e.Seen))
	case len(e.Expected) == 0:
		return fmt.Sprintf("the host key of %s is unknown (seen %s)", e.Host, described(e.Seen))
	}
	var expected []string
	for _, x := range e.Expected {
		expected = append(expected, described(x.Key)+" as "+x.Place+" says")
	}
	return fmt.Sprintf("the host key of %s has changed (expected %s; seen %s)", e.Host, strings.Join(expected, ", or "), described(e.Seen))
}

// Hint says what makes the key known, if it is the right one.
func (e *HostKeyError) Hint() string {
	if e.Revoked != "" {
		return "give the host a new key; whoever has this one may listen"
	}
	compare := "somebody may stand between. Compare the fingerprint with what ssh-keygen -lf /etc/ssh/ssh_host_" + fileOf(e.Seen) + "_key.pub prints on the host; if it is the same, "
	switch {
	case e.File == "":
		return compare + "set this in the configuration:\nhost-keys: [\"" + keyText(e.Seen) + "\"]"
	case len(e.Expected) > 0:
		return compare + "put this in the place of the old line:\n" + e.Host + " " + keyText(e.Seen)
	}
	return compare + "add this line to " + e.File + ":\n" + e.Host + " " + keyText(e.Seen)
}

func described(k ssh.PublicKey) string { return k.Type() + " " + ssh.FingerprintSHA256(k) }

func keyText(k ssh.PublicKey) string {
	return k.Type() + " " + base64.StdEncoding.EncodeToString(k.Marshal())
}

// fileOf is the part of the name that sshd's file of a key has.
func fileOf(k ssh.PublicKey) string {
	switch t := k.Type(); {
	case strings.Contains(t, "ed25519"):
		return "ed25519"
	case strings.Contains(t, "ecdsa"):
		return "ecdsa"
	}
	return "rsa"
}

// hostKeys decides whether a host has the right key.
type hostKeys struct {
	name    string // HOST or [HOST]:PORT
	host    string // that certificates are for
	trusted []knownKey
	revoked []knownKey
	file    string
}

// readHostKeys reads what is known of the server's key.
func (s *settings) readHostKeys() (*hostKeys, error) {
	h := &hostKeys{name: s.knownAs, host: s.certifiedAs}
	if len(s.hostKeys) > 0 {
		var err error
		h.trusted, err = pinnedKeys(s.hostKeys)
		return h, err
	}
	if len(s.knownHosts) > 0 {
		h.file = s.knownHosts[0]
	}
	known, err := readKnownHosts(s.knownHosts)
	if err != nil {
		return nil, err
	}
	h.find(known)
	return h, nil
}

// find takes those of the keys that are for the host. Where there are none for its
// port, the host may have the same key as on port 22, as for ssh; with another key it
// is unknown, not changed.
func (h *hostKeys) find(known []knownKey) {
	for _, k := range known {
		switch {
		case k.marker == "revoked":
			h.revoked = append(h.revoked, k)
		case k.isFor(h.name):
			h.trusted = append(h.trusted, k)
		}
	}
	host, _, err := net.SplitHostPort(h.name)
	if err != nil || len(h.trusted) > 0 {
		return
	}
	for _, k := range known {
		if k.marker != "revoked" && k.isFor(host) {
			k.anyPort = true
			h.trusted = append(h.trusted, k)
		}
	}
}

// check decides on a key, which is no certificate.
func (h *hostKeys) check(seen ssh.PublicKey) error {
	if place := h.revokes(seen); place != "" {
		return &HostKeyError{Host: h.name, Seen: seen, Revoked: place}
	}
	e := &HostKeyError{Host: h.name, Seen: seen, File: h.file}
	for _, k := range h.trusted {
		switch {
		case k.marker != "":
		case bytes.Equal(k.key.Marshal(), seen.Marshal()):
			return nil
		case !k.anyPort:
			e.Expected = append(e.Expected, ExpectedKey{k.key, k.place})
		}
	}
	return e
}

// revokes returns the place that revokes the key, "" for none.
func (h *hostKeys) revokes(key ssh.PublicKey) string {
	for _, k := range h.revoked {
		if bytes.Equal(k.key.Marshal(), key.Marshal()) {
			return k.place
		}
	}
	return ""
}

// isAuthority reports whether certificates of the key are good for the host.
func (h *hostKeys) isAuthority(key ssh.PublicKey) bool {
	return slices.ContainsFunc(h.trusted, func(k knownKey) bool {
		return k.marker == "cert-authority" && bytes.Equal(k.key.Marshal(), key.Marshal())
	})
}

// callback checks keys, and certificates where an authority is known.
func (h *hostKeys) callback() ssh.HostKeyCallback {
	checker := ssh.CertChecker{
		IsHostAuthority: func(key ssh.PublicKey, _ string) bool { return h.isAuthority(key) },
		IsRevoked: func(c *ssh.Certificate) bool {
			return h.revokes(c.Key) != "" || h.revokes(c.SignatureKey) != ""
		},
		HostKeyFallback: func(_ string, _ net.Addr, key ssh.PublicKey) error { return h.check(key) },
	}
	return func(_ string, remote net.Addr, key ssh.PublicKey) error {
		return checker.CheckHostKey(net.JoinHostPort(h.host, "22"), remote, key)
	}
}

// algorithms are what the server is asked to sign with: those of keys that are known
// first, so that a server with several keys shows one of these. The others follow, so
// that a changed key can be told apart from a server that cannot be talked to.
func (h *hostKeys) algorithms() []string {
	supported := ssh.SupportedAlgorithms().HostKeys
	var first, rest []string
	authority := slices.ContainsFunc(h.trusted, func(k knownKey) bool { return k.marker == "cert-authority" })
	for _, algorithm := range supported {
		isCertificate := strings.Contains(algorithm, "-cert-v01@")
		isKnown := slices.ContainsFunc(h.trusted, func(k knownKey) bool { return k.marker == "" && signsWith(k.key, algorithm) })
		switch {
		case isCertificate && authority:
			first = append(first, algorithm)
		case isCertificate:
		case isKnown:
			first = append(first, algorithm)
		default:
			rest = append(rest, algorithm)
		}
	}
	return append(first, rest...)
}

// signsWith reports whether a key makes signatures of the algorithm; those of RSA keys
// have names of their own (RFC 8332).
func signsWith(key ssh.PublicKey, algorithm string) bool {
	return key.Type() == algorithm || key.Type() == ssh.KeyAlgoRSA && strings.HasPrefix(algorithm, "rsa-sha2-")
}
