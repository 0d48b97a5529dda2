package dedupe_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

func Example() {
	ctx := context.Background()
	e, err := dedupe.Open(dedupe.Options{Store: store.NewMemory()})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()

	scope := dedupe.Scope{Pool: "default", Dataset: manifest.ID{1}}
	content := strings.Repeat("row of a table that compresses well\n", 100_000)
	for _, version := range []string{content, "one line more\n" + content} {
		st, err := e.Store(ctx, scope, strings.NewReader(version))
		if err != nil {
			log.Fatal(err)
		}
		body := e.Open(ctx, scope.Pool, st.Recipe).Stream(0, st.Size)
		got, err := io.ReadAll(body)
		body.Close()
		fmt.Println(st.Size, string(got) == version, err)
	}
	// Output:
	// 3600000 true <nil>
	// 3600014 true <nil>
}
