package sshdial

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshconfig"
)

// maxKnownHosts bounds a file of known hosts, in bytes.
const maxKnownHosts = 16 << 20

// knownKey is one entry of known hosts.
type knownKey struct {
	key      ssh.PublicKey
	marker   string   // "", "cert-authority" or "revoked"
	patterns []string // of names that it is for
	place    string   // where it stands, for people
	anyPort  bool     // it is for the host's port 22, and taken for another one
}

// readKnownHosts reads files of known hosts. Those that are not there are passed over,
// and so are entries that cannot be read, as ssh does: they make no host known.
func readKnownHosts(files []string) (known []knownKey, err error) {
	for _, name := range files {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the known hosts: %w", err)
		}
		content, err := io.ReadAll(io.LimitReader(file, maxKnownHosts+1))
		file.Close()
		switch {
		case err != nil:
			return nil, fmt.Errorf("cannot read the known hosts: %w", err)
		case len(content) > maxKnownHosts:
			return nil, fmt.Errorf("%s is too large (at most %d bytes)", name, maxKnownHosts)
		}
		known = append(known, parseKnownHosts(name, content)...)
	}
	return known, nil
}

func parseKnownHosts(file string, content []byte) (known []knownKey) {
	number := 0
	for line := range bytes.Lines(content) {
		number++
		marker, hosts, key, _, _, err := ssh.ParseKnownHosts(line)
		if err == nil && (marker == "" || marker == "cert-authority" || marker == "revoked") {
			known = append(known, knownKey{key: key, marker: marker, patterns: hosts, place: fmt.Sprintf("%s:%d", file, number)})
		}
	}
	return known
}

// pinnedKeys are keys that the configuration names, for whatever host.
func pinnedKeys(texts []string) (pinned []knownKey, err error) {
	for _, text := range texts {
		key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil || len(options) > 0 || len(rest) > 0 {
			return nil, fmt.Errorf("%q is no host key (expected TYPE BASE64, such as ssh-ed25519 AAAA...)", text)
		}
		pinned = append(pinned, knownKey{key: key, patterns: []string{"*"}, place: "the configuration"})
	}
	return pinned, nil
}

// isFor reports whether the entry is for a name of the form HOST or [HOST]:PORT.
func (k *knownKey) isFor(name string) bool {
	name = strings.ToLower(name)
	found := false
	for _, pattern := range k.patterns {
		pattern, negated := strings.CutPrefix(pattern, "!")
		switch {
		case !matchesKnown(pattern, name):
		case negated:
			return false
		default:
			found = true
		}
	}
	return found
}

// matchesKnown compares a name with a pattern, or with a digest of a name in the form
// |1|SALT|HMAC-SHA1.
func matchesKnown(pattern, name string) bool {
	hashed, isHashed := strings.CutPrefix(pattern, "|1|")
	if !isHashed {
		return sshconfig.Matches(strings.ToLower(pattern), name)
	}
	salt, digest, _ := strings.Cut(hashed, "|")
	key, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(digest)
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, key)
	mac.Write([]byte(name))
	return hmac.Equal(mac.Sum(nil), want)
}
