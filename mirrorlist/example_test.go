package mirrorlist_test

import (
	"fmt"
	"log"

	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
)

func ExampleParse() {
	content := []byte("# repo = el9 arch = x86_64\nhttps://near.example.org/el9/\nhttp://far.example.org/el9/\n")
	list, err := mirrorlist.Parse(content, "https://mirrors.example.org/list?repo=el9", "repodata/repomd.xml")
	if err != nil {
		log.Fatal(err)
	}
	for _, u := range list.URLs {
		fmt.Println(u)
	}
	// Output:
	// https://near.example.org/el9
	// http://far.example.org/el9
}
