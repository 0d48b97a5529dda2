package nfs

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"aetherfs/backend"
)

var testKey = bytes.Repeat([]byte{7}, KeyBytes)

// Clients hold handles for months: these stay what they are.
func TestHandlesStayTheSame(t *testing.T) {
	for _, c := range []struct {
		node backend.Node
		want string
	}{
		{backend.Node{Dir: true}, goldenRoot},
		{backend.Node{Name: "maps/v1/a", Info: backend.Info{ID: "id"}}, goldenFile},
	} {
		got := hex.EncodeToString(handleOf(c.node).seal(testKey))
		if got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("handle of %q is %s, want %s", c.node.Name, got, c.want)
		}
	}
}

const (
	goldenRoot = "01010000 e3b0c44298fc1c14 e3b0c44298fc1c14 e3b0c44298fc1c149afbf4c8996fb924 0000000000000000 6cb97c8b3fd2361a24a39dc21681cc04"
	goldenFile = "01020000 325392e8dd2826a5 3bfc269594ef6492 823b8553bb0649678268ee3e72997645 a56145270ce6b3be e76f65bdce9c5df080f9504d435d664a"
)

func TestHandlesAreOpenedOnlyAsTheyWereSealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := handle{
			kind: rapid.SampledFrom([]kind{directory, file}).Draw(t, "kind"), dataset: rapid.Uint64().Draw(t, "dataset"),
			tag: rapid.Uint64().Draw(t, "tag"), path: HashOf(rapid.String().Draw(t, "path")), version: rapid.Uint64().Draw(t, "version"),
		}
		b := h.seal(testKey)
		if got, err := openHandle(testKey, b); len(b) != handleBytes || got != h || err != nil {
			t.Fatalf("%+v is sealed as %x and opened as %+v, %v", h, b, got, err)
		}
		bit := rapid.IntRange(0, 8*handleBytes-1).Draw(t, "bit")
		b[bit/8] ^= 1 << (bit % 8)
		if got, err := openHandle(testKey, b); err == nil {
			t.Errorf("with bit %d changed it is opened as %+v", bit, got)
		}
		if got, err := openHandle(bytes.Repeat([]byte{8}, KeyBytes), h.seal(testKey)); err == nil {
			t.Errorf("under another key it is opened as %+v", got)
		}
	})
}

// What has a good MAC and makes no sense is not opened either.
func FuzzOpenHandle(f *testing.F) {
	f.Add(handleOfDir("maps/v1").seal(testKey))
	f.Add(make([]byte, handleBytes))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, remade(b)} {
			h, err := openHandle(testKey, b)
			if err == nil && !bytes.Equal(h.seal(testKey), b) {
				t.Errorf("%x is opened as %+v, which is sealed as %x", b, h, h.seal(testKey))
			}
		}
	})
}

// remade is a handle that begins as b does and has a MAC.
func remade(b []byte) []byte {
	body := make([]byte, macAt)
	copy(body, b)
	return appendMAC(body, testKey)[:handleBytes]
}
