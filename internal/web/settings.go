package web

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// SettingsPath is where the settings of a dataset are read and replaced, as
// JSON, by whoever has a key.
func SettingsPath(dataset string) string { return datasetsPath + dataset + settingsEnd }

const (
	datasetsPath = "/api/v1/datasets/"
	settingsEnd  = "/settings"
)

// settingsOf returns the name of the dataset whose settings are at a path, if
// any name of a dataset can be there.
func settingsOf(path string) (dataset string, ok bool) {
	if dataset, ok = strings.CutPrefix(path, datasetsPath); ok {
		dataset, ok = strings.CutSuffix(dataset, settingsEnd)
	}
	return dataset, ok
}

// settings answers for the settings of datasets.
type settings struct {
	tree func(auth.Identity) backend.Tree
}

func (s settings) methods(verifier *auth.Verifier) methods {
	get := protect(verifier, s.get)
	return methods{http.MethodGet: get, http.MethodHead: get, http.MethodPut: protect(verifier, s.put)}
}

func (s settings) get(w http.ResponseWriter, r *http.Request, who auth.Identity) {
	dataset, _ := settingsOf(r.URL.Path)
	tree := s.tree(who)
	if _, err := tree.Dataset(r.Context(), dataset); err != nil { // so that it is what others have set
		s.fail(w, r, err)
		return
	}
	found, err := tree.Settings(r.Context(), dataset)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	reply(w, r, http.StatusOK, found)
}

func (s settings) put(w http.ResponseWriter, r *http.Request, who auth.Identity) {
	wanted, err := readSettings(r)
	if err == nil {
		dataset, _ := settingsOf(r.URL.Path)
		err = s.tree(who).SetSettings(r.Context(), dataset, wanted)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

func readSettings(r *http.Request) (backend.Settings, error) {
	if !isJSON(r) {
		return backend.Settings{}, errNoSettings
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return backend.Settings{}, err
	}
	return backend.ParseSettings(body)
}

var errNoSettings = errors.New("send the settings as a JSON object, as application/json")

// fail tells the client what it can act on; the log has the rest.
func (s settings) fail(w http.ResponseWriter, r *http.Request, err error) {
	note(r, err)
	status, text := http.StatusServiceUnavailable, "the settings cannot be read or changed now; read them to see what they are"
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		status, text = http.StatusRequestEntityTooLarge, "the body is too large"
	case errors.Is(err, errNoSettings), errors.Is(err, backend.ErrInvalidSettings):
		status, text = http.StatusBadRequest, err.Error()
	case errors.Is(err, backend.ErrNoDataset):
		status, text = http.StatusNotFound, "there is no such dataset"
	case errors.Is(err, backend.ErrReadOnly):
		status, text = http.StatusForbidden, "the store is opened for reading only"
	case errors.Is(err, backend.ErrNoSpace):
		status, text = http.StatusInsufficientStorage, "the store is full"
	}
	reply(w, r, status, Failure{text})
}
