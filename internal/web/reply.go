package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Failure is the answer of the API when what was asked for cannot be had.
type Failure struct {
	Error string `json:"error"`
}

// reply answers with JSON that nobody keeps.
func reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		note(r, err)
	}
}

// methods answers each method by its own handler, and no other method.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, ok := m[r.Method]
	if !ok {
		allowed := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
		w.Header().Set("Allow", allowed)
		http.Error(w, "only "+allowed, http.StatusMethodNotAllowed)
		return
	}
	h.ServeHTTP(w, r)
}

func readOnly(h http.Handler) http.Handler {
	return methods{http.MethodGet: h, http.MethodHead: h}
}
