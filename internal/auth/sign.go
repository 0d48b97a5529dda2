package auth

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sign signs a request that is about to be sent, in its Authorization header.
// Of the body it says what the header x-amz-content-sha256 says, and without
// one nothing. It changes r's header alone; call it last.
func Sign(r *http.Request, accessKey, secret, region string, now time.Time) {
	if r.Header.Get(payloadName) == "" {
		r.Header.Set(payloadName, unsignedPayload)
	}
	timestamp := now.UTC().Format(timestampFormat)
	r.Header.Set("X-Amz-Date", timestamp)
	names := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); isAmz(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	s := scope{date: timestamp[:len("20060102")], region: region}
	request := canonical{r: r, query: r.URL.Query(), signed: names, payload: r.Header.Get(payloadName)}
	signature := signRequest(s.key(secret), timestamp, s, request.digest())
	r.Header.Set("Authorization", algorithm+" Credential="+accessKey+"/"+s.String()+
		", SignedHeaders="+strings.Join(names, ";")+", Signature="+hex.EncodeToString(signature))
}
