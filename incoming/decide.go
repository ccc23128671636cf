package incoming

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Signature is a good signature by an uploader.
type Signature struct {
	Uploader int    // its place among the uploaders
	Signer   string // fingerprint and name of the key
}

// Facts are what there is to know of an upload.
type Facts struct {
	// Signed are the good signatures of the upload. Unsigned says why there is none.
	Signed   []Signature
	Unsigned string
	// Problem says why the list of its files cannot be used, "" for nothing.
	Problem string
	Files   []File
}

// File is a file of an upload.
type File struct {
	Name string
	// Want is what the list says of it, zero where nothing lists it.
	Want repo.File
	// Size and Digest are those that it has; the digest is of Want's algorithm.
	Size   int64
	Digest repo.Digest
	// Package says which package it is, nil for other files. Problem says why it is none.
	Package *repo.Inspected
	Problem string
}

// Decide decides whether an upload is admitted. The reasons why not are for people; none
// means that it is.
//
// It is when it is signed by an uploader, all its files are those that were listed, and
// one of its signers may upload all of its packages. Whether they fit to what the
// repository holds already is decided when they are added to it.
func Decide(f *Facts, uploaders []Uploader) (reasons []string) {
	refuse := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if len(f.Signed) == 0 {
		refuse("it is not signed by an uploader: %s", f.Unsigned)
	}
	if f.Problem != "" {
		refuse("%s", f.Problem)
	}
	var packages []*repo.Inspected
	for _, file := range f.Files {
		for _, problem := range file.problems() {
			refuse("%s: %s", file.Name, problem)
		}
		if file.Package != nil {
			packages = append(packages, file.Package)
		}
	}
	if len(reasons) > 0 {
		return reasons // of whom it is then is of no interest
	}
	if len(packages) == 0 {
		refuse("there is no package in it")
	}
	if !slices.ContainsFunc(f.Signed, func(s Signature) bool { return len(uploaders[s.Uploader].forbidden(packages)) == 0 }) {
		for _, s := range f.Signed {
			refuse("%s may not upload %s", s.Signer, strings.Join(uploaders[s.Uploader].forbidden(packages), ", "))
		}
	}
	return reasons
}

// problems are what is wrong with a file.
func (f *File) problems() (all []string) {
	if want := f.Want; want != (repo.File{}) {
		switch {
		case want.Digest.IsZero() || want.Digest.Algorithm().Weak():
			all = append(all, fmt.Sprintf("its digest is listed as %s only, which can be forged", want.Digest.Algorithm()))
		case f.Size != want.Size:
			all = append(all, fmt.Sprintf("it has %d bytes, %d are listed", f.Size, want.Size))
		case f.Digest != want.Digest:
			all = append(all, fmt.Sprintf("its digest is %s, %s is listed", f.Digest, want.Digest))
		}
	}
	if f.Problem != "" {
		all = append(all, f.Problem)
	}
	return all
}

// forbidden are the names of the packages that the uploader may not upload.
func (u *Uploader) forbidden(packages []*repo.Inspected) (names []string) {
	for _, p := range packages {
		may := len(u.Packages) == 0 || slices.ContainsFunc(u.Packages, func(x repo.Pattern) bool { return x.Match(p.Name) || x.Match(p.Source) })
		if !may && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// outcome is what is known of an upload that is not decided on yet.
func (f *Facts) outcome(name string) Outcome {
	o := Outcome{Name: name, Signers: names(f.Signed)}
	for _, file := range f.Files {
		if p := file.Package; p != nil {
			o.Packages = append(o.Packages, fmt.Sprintf("%s %s %s", p.Name, p.Version, p.Architecture))
		}
	}
	return o
}
