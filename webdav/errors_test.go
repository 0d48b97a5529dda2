package webdav_test

import (
	"errors"
	"fmt"
	"testing"

	"aetherfs/backend"
	"aetherfs/webdav"
)

func TestEveryErrorHasAnAnswer(t *testing.T) {
	unknown, _ := webdav.StatusOf(errors.New("new"))
	for _, err := range backend.Errors() {
		status, text := webdav.StatusOf(fmt.Errorf("around: %w", err))
		if text == "" || status < 400 || status == unknown && !errors.Is(err, backend.ErrCorrupt) {
			t.Errorf("%v is answered %d %q", err, status, text)
		}
	}
	for err, want := range map[error]int{backend.ErrNoSpace: 507, backend.ErrTooLarge: 413, backend.ErrUnavailable: 503, backend.ErrReadOnly: 403} {
		if got, _ := webdav.StatusOf(err); got != want {
			t.Errorf("%v is answered %d, want %d", err, got, want)
		}
	}
}
