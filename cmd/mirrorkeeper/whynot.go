package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// absent is a package that a mirror does not hold.
type absent struct {
	Mirror       string   `json:"mirror"`
	Name         string   `json:"name"`
	Version      string   `json:"version,omitempty"` // this and the next two only of a package that there is
	Architecture string   `json:"architecture,omitempty"`
	Source       string   `json:"source,omitempty"`
	Reasons      []string `json:"reasons"`
}

func (a *app) whyNotCommand() *cobra.Command {
	var from origin
	c := &cobra.Command{
		Use:   "why-not PACKAGE [--mirror NAME] | why-not PACKAGE --from-system SEED...",
		Short: "Print what keeps a package out of a mirror",
		Long: `Prints for every package of the name that a mirror does not hold what kept it out:
it is in no repository, is excluded or hidden, has a negative priority, another
version or another package was chosen and by which relation, it conflicts with
something, or nothing asks for it. The package is named as seeds are, if wanted
with a version or an architecture: "nginx (>= 1.24)", libc6:i386. Exit code 3
when the mirrors hold all of them.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			wanted, err := expression(args[0])
			if err != nil {
				return usage("%v", err)
			}
			plans, err := a.plans(c, &from, args[1:])
			if err != nil {
				return err
			}
			answers := []absent{}
			for _, p := range plans {
				found, err := whyNot(p, wanted)
				if err != nil {
					return fmt.Errorf("%s: %w", p.Mirror, err)
				}
				answers = append(answers, found...)
			}
			return a.printAbsent(args[0], answers)
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	return c
}

func (a *app) printAbsent(wanted string, answers []absent) error {
	if a.JSON() {
		if err := a.PrintJSON(map[string]any{"why_not": answers}); err != nil {
			return err
		}
	} else {
		for _, x := range answers {
			fmt.Fprintf(a.Out, "%s: %s\n", x.Mirror, strings.TrimSpace(x.Name+" "+x.Version+" "+x.Architecture))
			for _, reason := range x.Reasons {
				fmt.Fprintf(a.Out, "  %s\n", reason)
			}
		}
	}
	if len(answers) == 0 {
		return &exit{Code: exitIncomplete, Err: fmt.Errorf("the mirrors hold every package that %s names", wanted), Hint: "mirrorkeeper why tells what asks for it"}
	}
	return nil
}

// whyNot tells why a mirror does not hold packages that the expression names.
func whyNot(p *mirror.Planned, wanted solver.Seed) (answers []absent, err error) {
	add := func(x *repo.Package, reasons ...string) {
		answers = append(answers, absent{p.Mirror, x.Name, x.Version, x.Architecture, x.Repository.Source.Name, reasons})
	}
	chosenFrom := map[*repo.Package]bool{}
	for _, x := range p.Pickings() {
		for _, y := range x.Catalog.Packages {
			chosenFrom[y] = true
		}
	}
	for _, x := range notPicked(p, wanted) {
		add(x.Package, x.Reasons...)
	}
	for _, x := range named(p.Catalog, wanted) {
		if exclusion := p.Exclusion(x); exclusion != nil && !chosenFrom[x] {
			add(x, "the configuration of the mirror excludes it by "+exclusion.String())
		}
	}
	everything, err := p.Link(repo.Wanted{Everything: true})
	if err != nil {
		return nil, err
	}
	seen := map[*repo.Package]bool{}
	for _, x := range p.Catalog {
		seen[x] = true
	}
	for _, x := range named(everything, wanted) {
		if !seen[x] {
			add(x, whyHidden(x))
		}
	}
	if answers == nil && len(named(p.Catalog, wanted)) == 0 {
		answers = append(answers, absent{Mirror: p.Mirror, Name: wanted.String(), Reasons: whyNowhere(p, wanted)})
	}
	return answers, nil
}

// notPicked joins what is told of each kind of machine: of a package only what those say
// that may install it, if there are such, and nothing where one of them has it.
func notPicked(p *mirror.Planned, wanted solver.Seed) (all []solver.NotPicked) {
	picked := map[*repo.Package]bool{}
	for _, x := range p.Picked {
		picked[x.Package] = true
	}
	index, fits := map[*repo.Package]int{}, map[*repo.Package]bool{}
	for _, x := range p.Pickings() {
		for _, answer := range solver.WhyNot(x.Catalog, solutionOf(x), x.Seeds, x.Options, wanted) {
			if answer.Package == nil || picked[answer.Package] {
				continue
			}
			fit := installs(x, answer.Package)
			i, known := index[answer.Package]
			switch {
			case !known:
				index[answer.Package], fits[answer.Package] = len(all), fit
				all = append(all, answer)
			case fit && !fits[answer.Package]:
				fits[answer.Package] = true
				all[i] = answer
			case fit:
				for _, reason := range answer.Reasons {
					if !slices.Contains(all[i].Reasons, reason) {
						all[i].Reasons = append(all[i].Reasons, reason)
					}
				}
			}
		}
	}
	return all
}

// whyHidden says why clients do not see a package that is in a repository.
func whyHidden(p *repo.Package) string {
	if line := assembly.FormatNamed(p.Repository.Source.Type).Line(p); line != "" {
		return "it is hidden: it belongs to the module stream " + line + ", which is not active; the group " + line + " makes it so"
	}
	return "it is hidden: an active module stream has packages of its name"
}

// whyNowhere says why no repository has a package.
func whyNowhere(p *mirror.Planned, wanted solver.Seed) (reasons []string) {
	for _, x := range p.Pickings() {
		for _, answer := range solver.WhyNot(x.Catalog, solutionOf(x), x.Seeds, x.Options, wanted) {
			for _, reason := range answer.Reasons {
				if !slices.Contains(reasons, reason) {
					reasons = append(reasons, reason)
				}
			}
		}
	}
	told := map[*repo.Source]bool{}
	for _, x := range p.Catalog {
		source := x.Repository.Source
		if told[source] {
			continue
		}
		told[source] = true
		matches := func(pattern string) bool { return repo.Match(pattern, wanted.Pattern) }
		excludes := slices.IndexFunc(source.Exclude, matches)
		switch {
		case excludes >= 0:
			reasons = append(reasons, "the configuration of the source "+source.Name+" excludes packages of this name by "+source.Exclude[excludes])
		case len(source.Only) > 0 && !slices.ContainsFunc(source.Only, matches):
			reasons = append(reasons, "the configuration of the source "+source.Name+" leaves out packages of this name")
		}
	}
	return reasons
}
