// Package rpm reads and writes rpm repositories: directories with repodata/.
package rpm

// Format is the format of rpm repositories. It has no state.
type Format struct{}

// Name returns "rpm".
func (Format) Name() string { return "rpm" }
