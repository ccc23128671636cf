package control_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
)

func ExampleReader() {
	in := control.NewReader(strings.NewReader("Package: hello\nVersion: 2.10-3\n\nPackage: nginx\nVersion: 1.22.1-9\n"), "Packages")
	for {
		s, err := in.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("line %d: %s %s\n", s.Line(), s.Get("Package"), s.Get("Version"))
	}
	// Output:
	// line 1: hello 2.10-3
	// line 4: nginx 1.22.1-9
}
