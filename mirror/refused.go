package mirror

import "github.com/mirrorkeeper/mirrorkeeper/solver"

// Refused is a seed that can be installed from the mirror, but not by a client that is
// just told its name.
type Refused struct {
	Seed    string `json:"seed"`
	Package string `json:"package"`
	Reason  string `json:"reason"`
	// Command is the command line by which a client does install it.
	Command string `json:"command"`
}

// refused tells of a seed that clients refuse.
func (x *Picking) refused(r solver.Refused) Refused {
	return Refused{r.Seed, r.Wanted.String(), r.Reason, x.Format.InstallCommand(r.Install, x.Machine.Native)}
}

// String returns it as a line for people.
func (r Refused) String() string {
	return r.Seed + ": " + r.Reason + "; this installs it: " + r.Command
}
