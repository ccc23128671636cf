package deb_test

import (
	"fmt"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func ExampleFormat_Compare() {
	fmt.Println(deb.Format{}.Compare("1.0~rc1-1", "1.0-1") < 0)
	fmt.Println(deb.Format{}.Compare("1:0.9", "2.0") > 0)
	// Output:
	// true
	// true
}

func ExampleParseRelations() {
	relations, err := deb.ParseRelations(repo.Requires, "libc6 (>= 2.36), default-mta | mail-transport-agent, python3:any")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range relations {
		fmt.Println(r)
	}
	// Output:
	// libc6 (>= 2.36)
	// default-mta | mail-transport-agent
	// python3:any
}

func ExampleSourceRelation_For() {
	relations, err := deb.ParseSourceRelations(repo.Requires, "debhelper-compat (= 13), libsystemd-dev [linux-any], libgtk-4-dev <!nogui>")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range relations {
		if left, ok := r.For("hurd-amd64", []string{"nocheck"}); ok {
			fmt.Println(left)
		}
	}
	// Output:
	// debhelper-compat (= 13)
	// libgtk-4-dev
}
