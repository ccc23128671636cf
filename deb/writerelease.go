package deb

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// keptFields are the fields of upstream's Release that a rewritten one keeps as
// they are, before and behind those that are made anew. Signed-By is not among
// them: it would bind clients to upstream's key.
var (
	keptBefore = []string{"Origin", "Label", "Suite", "Version", "Codename", "Changelogs"}
	keptBehind = []string{"NotAutomatic", "ButAutomaticUpgrades"}
)

// rewrittenFields are the fields of a Release that we write.
func rewrittenFields(s *scope, date time.Time, validFor time.Duration) (fields []Field) {
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, Field{name, value})
		}
	}
	for _, name := range keptBefore {
		add(name, s.release.Field(name))
	}
	add("Date", formatDate(date))
	if validFor > 0 {
		add("Valid-Until", formatDate(date.Add(validFor)))
	}
	for _, name := range keptBehind {
		add(name, s.release.Field(name))
	}
	add("Acquire-By-Hash", "yes")
	architectures := s.writtenArchitectures()
	if slices.Contains(architectures, "all") {
		add("No-Support-for-Architecture-all", strings.Join(s.release.NoSupportForAll, " "))
	}
	add("Architectures", strings.Join(architectures, " "))
	add("Components", strings.Join(s.components, " "))
	add("Description", s.release.Description)
	return fields
}

// writtenArchitectures are upstream's that are in scope, in its order, then those
// that it does not announce.
func (s *scope) writtenArchitectures() []string {
	if len(s.architectures) == 0 {
		return s.release.Architectures // flat, or sources alone
	}
	var written []string
	for _, a := range s.release.Architectures {
		if slices.Contains(s.architectures, a) {
			written = append(written, a)
		}
	}
	for _, a := range s.architectures {
		if !slices.Contains(written, a) {
			written = append(written, a)
		}
	}
	return written
}

// writtenAlgorithms are those of a rewritten Release, strongest first: SHA256,
// MD5 for the oldest clients, and SHA512 where clients of upstream know it.
func writtenAlgorithms(upstream *Release) []repo.Algorithm {
	if slices.Contains(upstream.Algorithms, repo.SHA512) {
		return []repo.Algorithm{repo.SHA512, repo.SHA256, repo.MD5}
	}
	return []repo.Algorithm{repo.SHA256, repo.MD5}
}

// formatRelease writes a Release whose entries have a digest of each algorithm.
func formatRelease(fields []Field, algorithms []repo.Algorithm, entries []Entry) []byte {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	// Release files have the weakest list first.
	for i, s := range slices.Backward(sections) {
		k := slices.Index(algorithms, sections[i].algorithm)
		if k < 0 {
			continue
		}
		fmt.Fprintf(&b, "%s:\n", s.name)
		for _, e := range entries {
			fmt.Fprintf(&b, " %s %d %s\n", e.Digests[k].Hex(), e.Size, e.Path)
		}
	}
	return []byte(b.String())
}

// identity is all of upstream's root that a rewritten one depends on, but for the
// packages themselves.
func identity(root *repo.Root, r *Release) string {
	var b strings.Builder
	for _, name := range slices.Concat(keptBefore, keptBehind, []string{"Description"}) {
		fmt.Fprintf(&b, "%s: %s\n", name, r.Field(name))
	}
	fmt.Fprintln(&b, r.Components, r.Architectures, r.NoSupportForAll, writtenAlgorithms(r))
	for _, ix := range root.Indexes {
		if slices.Contains(catalogKinds, ix.Kind) {
			fmt.Fprintln(&b, ix.Name)
		}
	}
	return b.String()
}
