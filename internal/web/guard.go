package web

import (
	"net/http"

	"aetherfs/internal/auth"
)

// protect lets only those through who have a key of the gateway, and prove it
// by a signature, as S3 clients do, or by Basic authentication, which is what
// a metrics scraper or curl can do.
func protect(verifier *auth.Verifier, h func(http.ResponseWriter, *http.Request, auth.Identity)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := identify(verifier, r)
		if err != nil {
			note(r, err)
			w.Header().Set("WWW-Authenticate", `Basic realm="AetherFS", charset="UTF-8"`)
			http.Error(w, "an access key and its secret are needed", http.StatusUnauthorized)
			return
		}
		h(w, r, who)
	})
}

func identify(verifier *auth.Verifier, r *http.Request) (auth.Identity, error) {
	if user, password, ok := r.BasicAuth(); ok {
		return verifier.VerifyBasic(r.Context(), user, password)
	}
	signed, err := verifier.Verify(r, "")
	if err != nil {
		return auth.Identity{}, err
	}
	return signed.Identity, nil
}
