package web

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"aetherfs/internal/auth"
)

// KeysPath is where the further keys are to be had. GET tells Keys; POST of a
// KeyRequest makes a key and tells NewKey; DELETE of KeysPath/ACCESS makes one
// unknown. Only the owner's key may ask.
const KeysPath = "/api/v1/keys"

// MaxNoteBytes bounds the note of a key.
const MaxNoteBytes = 256

// Keys are the further keys, by access key.
type Keys struct {
	Keys []Key `json:"keys"`
}

// Key is what may be told of a further key.
type Key struct {
	Access     string    `json:"access"`
	Note       string    `json:"note"`
	Created    time.Time `json:"created"`
	Unreadable bool      `json:"unreadable,omitempty"` // made under another owner's secret: no good
}

// KeyRequest asks for a new key.
type KeyRequest struct {
	Note string `json:"note"` // printable, at most MaxNoteBytes
}

// NewKey is a key that was made. Its secret is not told again.
type NewKey struct {
	Access string `json:"access"`
	Secret string `json:"secret"`
}

// keyring answers for the keys.
type keyring struct {
	ring *auth.Ring
	log  *slog.Logger
}

// owners lets the owner's key through only.
func owners(h guarded) guarded {
	return func(w http.ResponseWriter, r *http.Request, who auth.Identity) {
		if !who.Owner {
			reply(w, r, http.StatusForbidden, Failure{"only the owner's key may manage keys"})
			return
		}
		h(w, r, who)
	}
}

func (k keyring) list(w http.ResponseWriter, r *http.Request, _ auth.Identity) {
	found, err := k.ring.List(r.Context())
	if err != nil {
		k.fail(w, r, err)
		return
	}
	keys := Keys{Keys: make([]Key, len(found))}
	for i, key := range found {
		keys.Keys[i] = Key{key.Access, key.Note, key.Created.UTC(), key.Unreadable}
	}
	reply(w, r, http.StatusOK, keys)
}

func (k keyring) create(w http.ResponseWriter, r *http.Request, who auth.Identity) {
	asked, err := readKeyRequest(r)
	if err != nil {
		note(r, err)
		status, body := badRequest(err)
		reply(w, r, status, body)
		return
	}
	access, secret, err := k.ring.Create(r.Context(), asked.Note)
	if err != nil {
		k.fail(w, r, err)
		return
	}
	k.log.InfoContext(r.Context(), "key created", "access_key", access, "note", asked.Note, "by", who.AccessKey)
	reply(w, r, http.StatusCreated, NewKey{access, secret})
}

func (k keyring) delete(w http.ResponseWriter, r *http.Request, who auth.Identity) {
	access := strings.TrimPrefix(r.URL.Path, KeysPath+"/")
	if err := k.ring.Delete(r.Context(), access); err != nil {
		k.fail(w, r, err)
		return
	}
	k.log.InfoContext(r.Context(), "key deleted", "access_key", access, "by", who.AccessKey)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// fail tells the client what it can act on; the log has the rest.
func (k keyring) fail(w http.ResponseWriter, r *http.Request, err error) {
	note(r, err)
	status, body := http.StatusServiceUnavailable, Failure{"the keys cannot be read or changed now; list them to see what happened"}
	switch {
	case errors.Is(err, auth.ErrNoKey):
		status, body = http.StatusNotFound, Failure{"there is no such key"}
	case errors.Is(err, auth.ErrOwner):
		status, body = http.StatusConflict, Failure{"the owner's key is a setting of the gateway and cannot be deleted"}
	case errors.Is(err, auth.ErrTooMany):
		status, body = http.StatusConflict, Failure{"there are too many keys: delete some"}
	}
	reply(w, r, status, body)
}

// What may be wrong with a KeyRequest.
var (
	errNoJSON = errors.New("send a JSON object such as {\"note\": \"laptop\"}, as application/json")
	errNote   = errors.New("a note is of at most 256 bytes of printable text")
)

// isJSON reports whether the body says that it is JSON. One that changes
// something must: the forms of a web page, which a browser would send with a
// password that it remembers, cannot.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// readKeyRequest reads the body.
func readKeyRequest(r *http.Request) (asked KeyRequest, err error) {
	if !isJSON(r) {
		return asked, errNoJSON
	}
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	object := &asked // null would leave it nil
	if err := body.Decode(&object); err != nil || object == nil {
		return asked, errors.Join(errNoJSON, err)
	}
	if err := body.Decode(new(any)); !errors.Is(err, io.EOF) {
		return asked, errors.Join(errNoJSON, err)
	}
	unfit := func(c rune) bool { return !unicode.IsPrint(c) }
	if len(asked.Note) > MaxNoteBytes || strings.ContainsFunc(asked.Note, unfit) {
		return asked, errNote
	}
	return asked, nil
}

func badRequest(err error) (status int, body Failure) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, Failure{"the body is too large"}
	case errors.Is(err, errNote):
		return http.StatusBadRequest, Failure{errNote.Error()}
	}
	return http.StatusBadRequest, Failure{errNoJSON.Error()}
}
