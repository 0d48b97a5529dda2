package crashdisk_test

import (
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/crashdisk"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s, err := crashdisk.New(crashdisk.Options{}).Open(dirstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
