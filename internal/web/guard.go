package web

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// maxBodyBytes bounds the bodies of requests of ours: the settings of a dataset.
const maxBodyBytes = backend.MaxSettingsBytes

var errBody = errors.New("the body is not what was signed")

// guarded answers requests of somebody whose key was verified.
type guarded func(http.ResponseWriter, *http.Request, auth.Identity)

// protect lets only those through who have a key of the gateway, and prove it
// by a signature, as S3 clients do, or by Basic authentication, which is what
// a metrics scraper or curl can do. A body that was signed is verified before
// h reads it.
func protect(verifier *auth.Verifier, h guarded) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		who, err := identify(verifier, r)
		if err != nil {
			note(r, err)
			status, body := refusal(err)
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Basic realm="AetherFS", charset="UTF-8"`)
			}
			reply(w, r, status, body)
			return
		}
		h(w, r, who)
	})
}

// refusal tells why somebody was not let through.
func refusal(err error) (status int, body Failure) {
	var refused *auth.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, Failure{"the body is too large"}
	case errors.Is(err, errBody):
		return http.StatusBadRequest, Failure{errBody.Error()}
	case errors.As(err, &refused) && refused.Code == auth.ServiceUnavailable:
		return http.StatusServiceUnavailable, Failure{"the access key cannot be looked up now"}
	}
	return http.StatusUnauthorized, Failure{"an access key and its secret are needed"}
}

func identify(verifier *auth.Verifier, r *http.Request) (auth.Identity, error) {
	if user, password, ok := r.BasicAuth(); ok {
		return verifier.VerifyBasic(r.Context(), user, password)
	}
	signed, err := verifier.Verify(r, "")
	if err != nil {
		return auth.Identity{}, err
	}
	return signed.Identity, verifyBody(r, signed)
}

// verifyBody compares the body with what was signed of it. Bodies in chunks
// are for files.
func verifyBody(r *http.Request, signed *auth.Request) error {
	if signed.Payload == auth.Unsigned {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if signed.Payload != auth.Digested || sha256.Sum256(body) != signed.Digest {
		return errBody
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}
