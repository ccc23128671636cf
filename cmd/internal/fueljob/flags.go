package fueljob

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/fuel"
	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// Flags are those that the programs for Fuel share: how the server is reached, and what it
// is told.
type Flags struct {
	Access fuel.Access
	Update fuel.UpdateOptions
	Astute string
	// NoApply tells the server nothing, AllowShrink accepts an upstream that lost packages.
	NoApply, AllowShrink bool
}

// AddAccess adds how the server is reached. The password has no option: it would be seen
// by all who list processes.
func (f *Flags) AddAccess(flags *pflag.FlagSet) {
	flags.StringVar(&f.Access.Server, "fuel-url", "", "`address` of the Fuel server (default: as configured, then that of this master node)")
	flags.StringVar(&f.Access.Who.User, "fuel-user", "", "`name` of the user; the password is taken from the variable FUEL_PASSWORD, the configuration, or /etc/fuel/astute.yaml")
	flags.StringVar(&f.Access.Who.Tenant, "fuel-tenant", "", "`name` of the user's tenant (default admin)")
	flags.StringVar(&f.Access.BaseURL, "base-url", "", "`address` at which machines find what is mirrored (default: port 8080 of the Fuel server)")
	flags.StringVar(&f.Astute, "astute", fuel.AstuteFile, "`file` that the master node was set up with")
	_ = flags.MarkHidden("astute")
}

// AddMirror adds how is mirrored.
func (f *Flags) AddMirror(flags *pflag.FlagSet) {
	flags.BoolVar(&f.AllowShrink, "allow-shrink", false, "accept that upstream lost most of its packages")
	f.addDryRun(flags)
}

func (f *Flags) addDryRun(flags *pflag.FlagSet) {
	if flags.Lookup("dry-run") == nil {
		flags.BoolVar(&f.Update.DryRun, "dry-run", false, "print what would be done, and change nothing")
	}
}

// AddUpdate adds what the server is told.
func (f *Flags) AddUpdate(flags *pflag.FlagSet) {
	flags.IntSliceVarP(&f.Update.Environments, "env", "e", nil, "`ID` of an environment to update; can be repeated (default: all that the repositories are for)")
	flags.BoolVar(&f.Update.Releases, "default", false, "also have new environments use the repositories")
	flags.BoolVar(&f.Update.Replace, "replace", false, "replace the lists of repositories (default: merge by name)")
	f.addDryRun(flags)
}

// Server is a connection to the server.
type Server struct {
	fuel.Access
	*nailgun.Client
}

// Connect finds the server; it is asked nothing yet.
func (f *Flags) Connect(c *console.Console, configured fuel.Access) (*Server, error) {
	a, err := fuel.FindAccess(f.Access, configured, c.Env, f.Astute)
	if err != nil {
		return nil, &console.Exit{Code: console.ExitUsage, Err: err}
	}
	client, err := nailgun.New(nailgun.Options{URL: a.Server, Credentials: a.Who, UserAgent: "mirrorkeeper/" + console.Version()})
	if err != nil {
		return nil, &console.Exit{Code: console.ExitUsage, Err: err}
	}
	return &Server{a, client}, nil
}

// Fill adds what the server says of itself to versions, where it is needed.
func (s *Server) Fill(ctx context.Context, v fuel.Versions, missing []string, told bool) (fuel.Versions, error) {
	if len(missing) == 0 && !told {
		return v, nil
	}
	server, err := s.Version(ctx)
	if err != nil {
		if len(missing) > 0 {
			err = fmt.Errorf("find out %s: %w", missing[0], err)
		}
		return nil, err
	}
	return v.With(server), nil
}
