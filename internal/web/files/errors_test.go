package files

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"aetherfs/backend"
)

func TestEveryErrorHasAnAnswer(t *testing.T) {
	for _, err := range backend.Errors() {
		f := translate(fmt.Errorf("a secret detail: %w", err))
		if f.message == "internal error" || f.status < 300 || strings.Contains(f.message, "secret") {
			t.Errorf("%v is answered by %d %q", err, f.status, f.message)
		}
	}
	if len(answers) != len(backend.Errors()) {
		t.Errorf("%d answers to %d errors", len(answers), len(backend.Errors()))
	}
	if f := translate(errors.New("a secret detail")); f.status != http.StatusInternalServerError || strings.Contains(f.message, "secret") {
		t.Errorf("an unknown error is answered by %d %q", f.status, f.message)
	}
}
