package store_test

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/store"
)

func Example() {
	ctx := context.Background()
	var s store.Store = store.NewMemory()

	// Of all who race for a name one wins.
	for _, data := range []string{"first", "second"} {
		_, err := s.Put(ctx, "log/0001", []byte(data), store.Cond{IfAbsent: true})
		fmt.Println(data, "lost:", errors.Is(err, store.ErrExists))
	}

	// A negative offset counts from the end.
	data, info, err := s.Get(ctx, "log/0001", store.Range{Off: -3})
	fmt.Printf("%s of %d bytes, %v\n", data, info.Size, err)

	for info, err := range s.List(ctx, "log/", "") {
		fmt.Println(info.Key, err)
	}
	// Output:
	// first lost: false
	// second lost: true
	// rst of 5 bytes, <nil>
	// log/0001 <nil>
}
