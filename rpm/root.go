package rpm

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// ReadRoot verifies and reads a repomd.xml. Its date is that of its newest record,
// or its revision where that is a time. It never expires.
//
// Servers answer requests for files that they do not have with pages of theirs:
// what lies beside the root is taken where it is what its name says, and left out
// with a warning where it is not.
func (Format) ReadRoot(r *repo.Repository, form repo.RootForm, files repo.RootFiles, keys repo.Verifier, now time.Time) (*repo.Root, error) {
	root := &repo.Root{Form: form}
	content, err := verifyRoot(root, r, files, keys, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r, form.Main, err)
	}
	repomd, err := repodata.ParseRepomd(content, form.Main)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	root.Detail = repomd
	setDate(root, repomd, now)
	if root.Indexes, err = indexes(repomd, r); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r, form.Main, err)
	}
	root.Identity = identity(repomd)
	takeBeside(root, r, files)
	root.Files = append(root.Files, fileOf(form.Main, content))
	root.Digest = root.Files[len(root.Files)-1].Digest
	return root, nil
}

func fileOf(name string, content []byte) repo.File {
	sum := sha256.Sum256(content)
	return repo.File{Path: name, Size: int64(len(content)), Digest: repo.NewDigest(repo.SHA256, sum[:])}
}

// verifyRoot returns the root's content when its signature is good, or need not be.
// It sets the root's signers, and its signature file.
func verifyRoot(root *repo.Root, r *repo.Repository, files repo.RootFiles, keys repo.Verifier, now time.Time) (content []byte, err error) {
	form := root.Form
	content, ok := files[form.Main]
	if !ok {
		return nil, errors.New("the file is missing")
	}
	signature, signed := files[form.Signature]
	switch {
	case keys == nil:
		err = errors.New("there are no keys to verify it with")
	case !signed:
		err = errors.New("the signature is missing")
	default:
		root.Signers, err = keys.Detached(content, signature, now)
	}
	if err != nil && !r.Source.Trusted {
		return nil, err
	}
	if err != nil {
		root.Signers = nil
		if keys != nil && signed {
			root.Warnings = append(root.Warnings, fmt.Sprintf("%s: the signature is not good, but the source is trusted: %v", form.Main, err))
		}
	}
	if signed {
		root.Files = append(root.Files, fileOf(form.Signature, signature))
	}
	return content, nil
}

// futureTolerance is how far ahead of us the clock of upstream may be.
const futureTolerance = 10 * time.Second

// setDate sets the date of the root. Clients take no notice of dates: one from the
// future is no reason to refuse the root, but would make each later root look old.
func setDate(root *repo.Root, repomd *repodata.Repomd, now time.Time) {
	latest := now.Add(futureTolerance)
	for _, record := range repomd.Records {
		switch {
		case record.Timestamp.After(latest):
			root.Warnings = append(root.Warnings, fmt.Sprintf("%s: the date of record %q, %s, is in the future and is ignored",
				root.Form.Main, record.Type, record.Timestamp.UTC().Format(time.RFC1123)))
		case record.Timestamp.After(root.Date):
			root.Date = record.Timestamp
		}
	}
	if t, ok := revisionTime(repomd.Revision); ok && t.After(root.Date) && !t.After(latest) {
		root.Date = t
	}
	if root.Date.IsZero() {
		root.Warnings = append(root.Warnings, root.Form.Main+" has no date: whether it is older than one seen before cannot be told")
	}
}

// firstRevision is the earliest revision that is taken for seconds since 1970 rather
// than for a number of another kind: repomd.xml was not thought of before 2001.
const firstRevision = 1_000_000_000

func revisionTime(revision string) (t time.Time, ok bool) {
	seconds, err := strconv.ParseInt(strings.TrimSpace(revision), 10, 64)
	if err != nil || seconds < firstRevision || seconds > 1<<36 {
		return t, false
	}
	return time.Unix(seconds, 0).UTC(), true
}

// identity is all of upstream's root that a rewritten one depends on, but for the
// packages themselves.
func identity(repomd *repodata.Repomd) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", repomd.Tags)
	for _, record := range repomd.Records {
		kind := kindOf(record.Type)
		if isKept(kind) || slices.Contains([]string{groupKind, updateinfoKind, modulesKind}, kind) {
			fmt.Fprintln(&b, record.Type, record.Checksum)
		}
	}
	return b.String()
}
