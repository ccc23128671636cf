package header

import "fmt"

// List is where the header has a list of relations.
type List struct{ name, version, flags Tag }

// The lists of relations. The last two are those of distributions that had weak
// relations before rpm did (SUSE until 2015); the strong ones of them are
// recommendations and supplements.
var (
	Provides    = List{ProvideName, ProvideVersion, ProvideFlags}
	Requires    = List{RequireName, RequireVersion, RequireFlags}
	Conflicts   = List{ConflictName, ConflictVersion, ConflictFlags}
	Obsoletes   = List{ObsoleteName, ObsoleteVersion, ObsoleteFlags}
	Recommends  = List{RecommendName, RecommendVersion, RecommendFlags}
	Suggests    = List{SuggestName, SuggestVersion, SuggestFlags}
	Supplements = List{SupplementName, SupplementVersion, SupplementFlags}
	Enhances    = List{EnhanceName, EnhanceVersion, EnhanceFlags}

	OldSuggests = List{OldSuggestName, OldSuggestVersion, OldSuggestFlags}
	OldEnhances = List{OldEnhanceName, OldEnhanceVersion, OldEnhanceFlags}
)

// Relation is what a package says of another one.
type Relation struct {
	// Name is that of a package, or of what it provides; a path; or a rich relation, in
	// parentheses.
	Name []byte
	// Version is "[epoch:]version[-release]", and counts where Flags compare.
	Version []byte
	Flags   Sense
}

// Sense are the flags of a relation (rpmds.h).
type Sense uint32

// Flags of relations.
const (
	Serial     Sense = 1 << 0 // of a kind of versions that there was before epochs
	Less       Sense = 1 << 1
	Greater    Sense = 1 << 2
	Equal      Sense = 1 << 3
	PreRequire Sense = 1 << 6
	ScriptPre  Sense = 1 << 9
	ScriptPost Sense = 1 << 10
	MissingOK  Sense = 1 << 19 // a requirement that is none, as SUSE had them
	Strong     Sense = 1 << 27 // of the lists OldSuggests and OldEnhances

	Comparison = Serial | Less | Greater | Equal
)

// Relations returns a list of relations. It fails where names, versions and flags do
// not agree; a list without versions or flags has no versions.
func (h *Header) Relations(l List) ([]Relation, error) {
	names, versions, flags := h.find(l.name), h.find(l.version), h.find(l.flags)
	if !names.isStrings() {
		return nil, nil
	}
	if versions.count > 0 && versions.count != names.count || flags.count > 0 && flags.count != names.count {
		return nil, fmt.Errorf("tag %d: it has %d names of relations, %d versions and %d flags", l.name, names.count, versions.count, flags.count)
	}
	if err := checkList("relations", names.count); err != nil {
		return nil, err
	}
	all := make([]Relation, 0, names.count)
	for name := range h.texts(l.name) {
		all = append(all, Relation{Name: name})
	}
	if flags.isInts() {
		for i := range all {
			all[i].Flags = Sense(flags.int(i))
		}
	}
	i := 0
	for version := range h.texts(l.version) {
		all[i].Version = version
		i++
	}
	return all, nil
}
