package rpm

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// CheckPackage checks the signature that a package's header carries, the digests of
// the header, and with the digest that the header has of it the payload, as
// rpmkeys --checksig does. All of the content is read.
//
// Packages made before rpm 4.14 have no such digest: the signature then is good for
// the header alone, and the payload stands on the repository's metadata. Signatures of
// format 3, over header and payload together, are not believed.
func (Format) CheckPackage(name string, content io.Reader, keys repo.Verifier, now time.Time) error {
	if err := checkPackage(content, keys, now); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func checkPackage(content io.Reader, keys repo.Verifier, now time.Time) error {
	if keys == nil {
		return errors.New("there are no keys to verify it with")
	}
	p, err := header.Read(content)
	if err != nil {
		return err
	}
	if err := p.CheckDigests(); err != nil {
		return err
	}
	if err := checkSignatures(p, keys, now); err != nil {
		return err
	}
	return checkPayload(p, content)
}

// checkSignatures accepts a header with one good signature.
func checkSignatures(p *header.Package, keys repo.Verifier, now time.Time) error {
	signatures, err := p.Signatures()
	switch {
	case err != nil:
		return err
	case len(signatures) == 0 && p.SignsWhole():
		return fmt.Errorf("%w of the header; it has one of header and payload together only, as rpm 3 made it, which is not supported", signature.ErrUnsigned)
	case len(signatures) == 0:
		return fmt.Errorf("%w: the package is not signed", signature.ErrUnsigned)
	}
	for _, s := range signatures {
		_, refusal := keys.Detached(p.Header.Bytes(), s, now)
		switch {
		case refusal == nil:
			return nil
		case err == nil:
			err = refusal
		default:
			err = fmt.Errorf("%w; %w", err, refusal)
		}
	}
	return err
}

func checkPayload(p *header.Package, payload io.Reader) error {
	want, err := p.PayloadDigest()
	if err != nil {
		return err
	}
	if want.IsZero() {
		_, err := io.Copy(io.Discard, payload)
		return err
	}
	hash := want.Algorithm().New()
	if _, err := io.Copy(hash, payload); err != nil {
		return err
	}
	if got := repo.NewDigest(want.Algorithm(), hash.Sum(nil)); got != want {
		return fmt.Errorf("the payload has the digest %s, expected %s", got, want)
	}
	return nil
}
