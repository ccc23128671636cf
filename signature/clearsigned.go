package signature

import (
	"bytes"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
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
