package system

import (
	"fmt"
	"strings"
)

// keyBlock begins a key that stands in the configuration itself.
const keyBlock = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

// signedBy is the option Signed-By: an armoured key, or files of keys and
// fingerprints that select from these.
type signedBy struct {
	block               string
	files, fingerprints []string
}

func (s signedBy) isZero() bool { return s.block == "" && len(s.files)+len(s.fingerprints) == 0 }

// String is the option in one spelling.
func (s signedBy) String() string {
	return s.block + strings.Join(append(s.files[:len(s.files):len(s.files)], s.fingerprints...), ",")
}

func parseSignedBy(value string) (s signedBy, err error) {
	if strings.HasPrefix(strings.TrimLeft(value, blanks), keyBlock) {
		s.block = dedented(value)
		return s, nil
	}
	for _, word := range splitList(value) {
		switch {
		case strings.HasPrefix(word, "/"):
			s.files = append(s.files, word)
		case isFingerprint(strings.TrimSuffix(word, "!")):
			s.fingerprints = append(s.fingerprints, strings.ToUpper(word))
		default:
			return s, fmt.Errorf("signed-by %q is neither an absolute path nor a fingerprint of 40 hexadecimal digits", word)
		}
	}
	return s, nil
}

func isFingerprint(word string) bool {
	return len(word) == 40 && strings.Trim(word, "0123456789abcdefABCDEF") == ""
}

// dedented is a value of several lines as it was before it was put into a field:
// without the blanks that begin its lines, and with empty lines for ".".
func dedented(value string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.Trim(value, blanks), "\n") {
		if line = strings.Trim(line, blanks); line != "." {
			b.WriteString(line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// trustedKeys are the keyrings that apt trusts for sources that name none.
func (s *System) trustedKeys() (keys []string, err error) {
	if path := s.configuration.path("Dir::Etc::trusted"); path != "" && s.files.exists(path) {
		keys = append(keys, s.files.on(path))
	}
	parts, err := s.files.parts(s.configuration.path("Dir::Etc::trustedparts"), "gpg", "asc")
	if err != nil {
		return nil, err
	}
	for _, path := range parts {
		keys = append(keys, s.files.on(path))
	}
	return keys, nil
}
