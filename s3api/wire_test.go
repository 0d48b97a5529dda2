package s3api_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"aetherfs/internal/auth"
)

// exchange sends r over a connection of its own and keeps what comes back, as
// it stands on the wire.
func exchange(w *world, r *http.Request, raw *bytes.Buffer) error {
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := r.Write(conn); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, raw)), r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// signAs signs r now, for whatever host it names.
func signAs(r *http.Request) { auth.Sign(r, accessKey, secretKey, region, time.Now()) }
