package main

import (
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// operators of compare-versions, as dpkg(1) names them.
var operators = map[string]repo.Op{
	"lt": repo.Less, "le": repo.LessEqual, "eq": repo.Equal, "ne": repo.NotEqual, "ge": repo.GreaterEqual, "gt": repo.Greater,
}

func (a *app) compareVersionsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compare-versions deb|rpm A lt|le|eq|ne|ge|gt B",
		Short: "Compare two versions as the format orders them",
		Long:  "Compares two versions as the format orders them. Exit code 0: true; 1: false; 2: bad arguments.",
		Args:  exactly(4),
		RunE: func(_ *cobra.Command, args []string) error {
			format := assembly.FormatNamed(args[0])
			if format == nil {
				return usage("there is no format %q; the formats are %s", args[0], assembly.FormatNames())
			}
			op, ok := operators[args[2]]
			if !ok {
				return usage("there is no operator %q; the operators are lt, le, eq, ne, ge, gt", args[2])
			}
			for _, v := range []string{args[1], args[3]} {
				if err := format.CheckVersion(v); err != nil {
					return usage("%v", err)
				}
			}
			if !op.Holds(format.Compare(args[1], args[3])) {
				return &exit{Code: 1}
			}
			return nil
		},
	}
}
