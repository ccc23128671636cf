package deb

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The reasons to refuse a root that a caller may have advice for.
var (
	// ErrExpired is a root whose Valid-Until is over.
	ErrExpired = errors.New("has expired")
	// ErrFuture is a root whose Date is still to come.
	ErrFuture = errors.New("is from the future")
)

// futureTolerance is how far ahead of us the clock of upstream may be. apt's
// Acquire::Max-FutureTime is the same.
const futureTolerance = 10 * time.Second

// ReadRoot verifies and reads a Release file in one of the forms of RootForms.
//
// Errors wrap [ErrExpired], [ErrFuture] and [repo.ErrWeak] where that is the reason. A
// Release of another suite than the one asked for is a warning only, as it is to
// apt: suites have aliases.
func (Format) ReadRoot(r *repo.Repository, form repo.RootForm, files repo.RootFiles, keys repo.Verifier, now time.Time) (*repo.Root, error) {
	root := &repo.Root{Form: form}
	content, err := verifyRoot(root, r, files, keys, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r, form.Main, err)
	}
	release, err := ParseRelease(content, form.Main)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	root.Detail = release
	root.Date, root.ValidUntil = release.Date, release.ValidUntil
	if err := checkDates(root, r.Source.IgnoreValidUntil, now); err != nil {
		return nil, fmt.Errorf("%s: %s %w", r, form.Main, err)
	}
	if warning := checkSuite(r, release); warning != "" {
		root.Warnings = append(root.Warnings, form.Main+": "+warning)
	}
	if root.Indexes, err = indexes(release, rootDir(r), r.Source.Trusted); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r, form.Main, err)
	}
	root.Identity = identity(root, release)
	takeBeside(root, r, files, content, keys, now)
	root.Files = append(root.Files, fileOf(form.Main, files[form.Main]))
	root.Digest = root.Files[len(root.Files)-1].Digest
	return root, nil
}

func fileOf(name string, content []byte) repo.File {
	sum := sha256.Sum256(content)
	return repo.File{Path: name, Size: int64(len(content)), Digest: repo.NewDigest(repo.SHA256, sum[:])}
}

// verifyRoot returns the content of the root that its signature covers. It sets
// the root's signers, and its signature file.
func verifyRoot(root *repo.Root, r *repo.Repository, files repo.RootFiles, keys repo.Verifier, now time.Time) (content []byte, err error) {
	form := root.Form
	main, ok := files[form.Main]
	if !ok {
		return nil, errors.New("the file is missing")
	}
	inline := path.Base(form.Main) == "InRelease"
	signature, signed := files[form.Signature]
	switch {
	case keys == nil:
		err = errors.New("there are no keys to verify it with")
	case inline:
		content, root.Signers, err = keys.Inline(main, now)
	case !signed:
		err = errors.New("the signature is missing")
	default:
		content = main
		root.Signers, err = keys.Detached(main, signature, now)
	}
	if err != nil && !r.Source.Trusted {
		return nil, err
	}
	if err != nil {
		root.Signers = nil
		content = main
		if inline {
			content = unverified(main)
		}
		if keys != nil && (inline || signed) {
			root.Warnings = append(root.Warnings, fmt.Sprintf("%s: the signature is not good, but the source is trusted: %v", form.Main, err))
		}
	}
	if signed {
		root.Files = append(root.Files, fileOf(form.Signature, signature))
	}
	return content, nil
}

// unverified returns the text of a clear-signed document (RFC 9580, section 7)
// for sources that need no signature.
func unverified(document []byte) []byte {
	const begin, end = "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"
	if !bytes.HasPrefix(document, []byte(begin)) {
		return document
	}
	var text []byte
	header := true
	for line := range bytes.Lines(document) {
		switch {
		case header:
			header = len(bytes.TrimSpace(line)) > 0
		case bytes.HasPrefix(line, []byte(end)):
			return text
		default:
			text = append(text, bytes.TrimPrefix(line, []byte("- "))...)
		}
	}
	return text
}

func checkDates(root *repo.Root, ignoreValidUntil bool, now time.Time) error {
	warn := func(format string, args ...any) {
		root.Warnings = append(root.Warnings, root.Form.Main+" "+fmt.Sprintf(format, args...))
	}
	if root.Date.IsZero() {
		warn("has no Date: whether it is older than one seen before cannot be told")
	}
	if root.Date.After(now.Add(futureTolerance)) {
		return fmt.Errorf("%w: its Date is %s, the clock here says %s", ErrFuture, formatDate(root.Date), formatDate(now))
	}
	if root.ValidUntil.IsZero() || !now.After(root.ValidUntil) {
		return nil
	}
	if ignoreValidUntil {
		warn("has expired on %s, which is ignored", formatDate(root.ValidUntil))
		return nil
	}
	return fmt.Errorf("%w: it was valid until %s, the clock here says %s", ErrExpired, formatDate(root.ValidUntil), formatDate(now))
}

// checkSuite compares the suite asked for with what the Release says of itself:
// its suite or codename, or these with a part behind them ("bookworm/updates").
func checkSuite(r *repo.Repository, release *Release) (warning string) {
	if isFlat(r) || release.Suite == "" && release.Codename == "" {
		return ""
	}
	asked := r.Name
	for {
		if asked == release.Suite || asked == release.Codename {
			return ""
		}
		i := strings.LastIndexByte(asked, '/')
		if i < 0 {
			return fmt.Sprintf("it is of suite %q, codename %q, but %q was asked for", release.Suite, release.Codename, r.Name)
		}
		asked = asked[:i]
	}
}

// takeBeside adds the Release and Release.gpg that lie beside an InRelease to the
// root's files, if they say the same. While upstream publishes, one pair may be
// newer than the other.
func takeBeside(root *repo.Root, r *repo.Repository, files repo.RootFiles, content []byte, keys repo.Verifier, now time.Time) {
	if len(root.Form.Beside) != 2 {
		return
	}
	releaseName, signatureName := root.Form.Beside[0], root.Form.Beside[1]
	release, ok := files[releaseName]
	if !ok {
		return
	}
	if !sameText(release, content) {
		root.Warnings = append(root.Warnings, fmt.Sprintf("%s differs from %s and is left out", releaseName, root.Form.Main))
		return
	}
	beside := []repo.File{fileOf(releaseName, release)}
	if signature, ok := files[signatureName]; ok {
		var err error
		if keys != nil && !r.Source.Trusted {
			_, err = keys.Detached(release, signature, now)
		}
		if err != nil {
			root.Warnings = append(root.Warnings, fmt.Sprintf("%s does not fit %s, both are left out: %v", signatureName, releaseName, err))
			return
		}
		beside = append(beside, fileOf(signatureName, signature))
	}
	root.Files = append(root.Files, beside...)
}

// sameText compares texts but for what clear-signing leaves open: the ends of
// lines, blanks before them, and the last of them.
func sameText(a, b []byte) bool {
	return bytes.Equal(canonical(a), canonical(b))
}

func canonical(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		out = append(out, bytes.TrimRight(line, " \t\r\n")...)
		out = append(out, '\n')
	}
	return bytes.TrimRight(out, "\n")
}
