package webdav_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestPropertiesThatGrow: a body within the limit, whose long name space would
// be written out for each of its elements, takes no more memory than others.
func TestPropertiesThatGrow(t *testing.T) {
	const most = 64 << 20 // bytes allocated; such a body took gigabytes
	w := newWorld(t)
	w.put(t, "f", "f")
	body := fmt.Sprintf(patchBody, `<x xmlns:p="`+strings.Repeat("s", 30_000)+`">`+strings.Repeat("<p:b/>", 5_000)+`</x>`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.want(t, 400, "PROPPATCH", "data-set/f", body)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("a body of %d bytes took %d MiB, want at most %d", len(body), took>>20, most>>20)
	}
}
