package signature

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

var clearSignedBegin = []byte("-----BEGIN PGP SIGNED MESSAGE-----")

// clearSigned is a clear-signed document in its parts (RFC 9580, section 7).
type clearSigned struct {
	text      []byte // the signed content, with LF line ends and one at its end
	hashed    []byte // the same as it is hashed, with CRLF line ends
	signature []byte // its packets
}

// splitClearSigned takes a document apart. Nothing but white space may stand
// around it: what is not signed must not look as if it were.
func splitClearSigned(document []byte) (*clearSigned, error) {
	document = bytes.TrimLeft(document, " \t\r\n")
	if !bytes.HasPrefix(document, clearSignedBegin) {
		return nil, refuse(ErrUnsigned, "it is not clear-signed (it begins with %q)", beginning(document))
	}
	block, rest := clearsign.Decode(document)
	if block == nil {
		return nil, refuse(ErrUnsigned, "the clear-signed text is truncated or malformed")
	}
	if rest = bytes.TrimSpace(rest); len(rest) > 0 {
		return nil, refuse(ErrBadSignature, "%d bytes stand behind the signed text, unsigned (they begin with %q)", len(rest), beginning(rest))
	}
	packets, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		return nil, refuse(ErrUnsigned, "the signature is malformed: %v", err)
	}
	return &clearSigned{text: append(block.Plaintext, '\n'), hashed: block.Bytes, signature: packets}, nil
}

// clearText returns what readers see of content that was clear-signed: lines without
// white space at their ends, the last one ended.
func clearText(content []byte) []byte {
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	lines := bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimRight(lines[i], " \t\r")
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// joinClearSigned makes one document with the signatures of several, which are of the
// same text.
func joinClearSigned(documents [][]byte) ([]byte, error) {
	if len(documents) == 1 {
		return documents[0], nil
	}
	var digests []string
	var packets []byte
	for _, document := range documents {
		block, _ := clearsign.Decode(document)
		d, err := splitClearSigned(document)
		if err != nil {
			return nil, err
		}
		for _, names := range block.Headers["Hash"] {
			for name := range strings.SplitSeq(names, ",") {
				if name = strings.TrimSpace(name); !slices.Contains(digests, name) {
					digests = append(digests, name)
				}
			}
		}
		packets = append(packets, d.signature...)
	}
	armored, err := enarmor(packets, openpgp.SignatureType)
	if err != nil {
		return nil, err
	}
	d, err := splitClearSigned(documents[0])
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nHash: %s\n\n", clearSignedBegin, strings.Join(digests, ","))
	for line := range bytes.Lines(d.text) {
		if line[0] == '-' { // RFC 9580, section 7.2
			b.WriteString("- ")
		}
		b.Write(line)
	}
	b.Write(armored)
	return b.Bytes(), nil
}
