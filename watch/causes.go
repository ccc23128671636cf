package watch

import (
	"slices"
	"strconv"
	"strings"
)

// Causes says what most likely happened at a site, for its admin, the likeliest first: a
// guess from the verdict and its evidence. It is empty where nothing is wrong, or nothing
// can be told.
func (v Verdict) Causes() (causes []string) {
	for _, e := range v.Evidence {
		causes = appendCause(causes, causeOf(v, e))
	}
	causes = appendCause(causes, stateCauses[v.State])
	causes = appendCause(causes, reasonCauses[v.Reason])
	if v.State == InSync || v.State == Unknown {
		return nil
	}
	return causes
}

func appendCause(causes []string, cause string) []string {
	if cause == "" || slices.Contains(causes, cause) {
		return causes
	}
	return append(causes, cause)
}

// stateCauses are causes that follow from the state alone, reasonCauses those that follow
// from the reason.
var (
	stateCauses = map[State]string{
		Behind:  "the job that copies the source to this mirror has not run lately, or fails",
		Foreign: "somebody else's repository is at this URL, or the root was changed on its way: do not use the mirror until that is known",
		Expired: "the mirror has not been updated for long",
		Ahead:   "the mirror copies from a server of the source that is newer than the one that is compared with",
	}
	reasonCauses = map[Reason]string{
		MetadataAhead:  "the mirror has copied the metadata before the packages, or its copying was cut: copy packages first, metadata last",
		MetadataBehind: "the mirror deletes packages before it has copied the new metadata: delete after all else (rsync --delete-after)",
		Mixed:          "the metadata was copied while the source changed it, or copying was cut amid the metadata",
		TreePartial:    "the mirror leaves out a whole part (an architecture, a component): its filters exclude it, or it holds a part by agreement, which the watcher has to be told",
		Incomplete:     "files were deleted, or never copied: the disk may be full, or a filter leaves them out",
		RootMissing:    "the repository is not at this URL, or has not been copied yet",
		Disagreement:   "several servers, or trees, answer for this mirror, and not all of them are updated",
		Flapping:       "several servers answer in turn for this mirror, and not all of them are updated",
		Backwards:      "the mirror was updated from an older copy, or another server answers for it now",
		EndpointDown:   "the name has an address at which no server answers, or one that is not set up for this name",
		Copying:        "copying is under way, or was cut",
		StampStale:     "the job that copies the source to this mirror has not run lately, or fails",
		StampFuture:    "the clock of who wrote the timestamp is wrong",
	}
)

// causeOf is what one fact hints at.
func causeOf(v Verdict, e Evidence) string {
	switch {
	case strings.Contains(e.Text+e.Detail, "certificate expired"):
		return "the certificate was not renewed"
	case strings.Contains(e.Text+e.Detail, "from https to http"):
		return "the server redirects to an address without TLS: its redirects name http:// where they should name https://"
	case e.Fault == FaultRedirect:
		return "the server sends clients to where they must not follow"
	case strings.Contains(e.Detail, "page of HTML"):
		return "the server answers with a page of HTML and status 200 in the place of files: a page for errors, or a portal before it"
	case cached(e.Detail) && (v.State == Behind || e.Level == LevelRoot):
		return "a cache before the mirror answers with what it kept, and the mirror itself may be newer: let it ask anew for the root, InRelease or repomd.xml"
	case e.Fault == FaultSize && isShorter(e):
		return "files are cut short: the disk was full, or copying was cut"
	case e.Fault == FaultDigest && e.Level != LevelRoot && e.Level != LevelIndexes:
		return "files have other bytes than the source's: the disk or the memory is damaged, or somebody changed them"
	case e.Fault == FaultForbidden:
		return "the server may not read the files: their modes, or those of their directories, are wrong"
	}
	return ""
}

// cached reports whether headers say that a cache answered: by the age of its copy (RFC
// 9111, 5.1), or by a word of its own.
func cached(detail string) bool {
	for header := range strings.SplitSeq(detail, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(header), ": ")
		switch name {
		case "Age":
			if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
				return true
			}
		case "X-Cache", "Cf-Cache-Status":
			if strings.Contains(strings.ToUpper(value), "HIT") {
				return true
			}
		}
	}
	return false
}

func isShorter(e Evidence) bool {
	expected, err := strconv.ParseInt(strings.TrimSuffix(e.Expected, " bytes"), 10, 64)
	seen, err2 := strconv.ParseInt(strings.TrimSuffix(e.Seen, " bytes"), 10, 64)
	return err == nil && err2 == nil && seen < expected
}
