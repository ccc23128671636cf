package compress_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

func Example() {
	var file bytes.Buffer
	w, err := compress.Writer(&file, ".gz")
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(w, "Package: hello\n")
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	_, suffix := compress.SplitSuffix("main/binary-amd64/Packages.gz")
	for _, limit := range []int64{1000, 5} {
		r, err := compress.Reader(bytes.NewReader(file.Bytes()), suffix, limit)
		if err != nil {
			fmt.Println(err)
			return
		}
		content, err := io.ReadAll(r)
		r.Close()
		fmt.Printf("%q %v %v\n", content, err, errors.Is(err, compress.ErrTooLarge))
	}
	// Output:
	// "Package: hello\n" <nil> false
	// "Packa" .gz data decompresses to more than the limit of 5 bytes true
}
