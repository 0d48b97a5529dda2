package dedupe_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/lanes"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// TestAnnouncedLength: a stream that was announced is stored as any other is,
// with every size of chunks, and one that is longer is not stored.
func TestAnnouncedLength(t *testing.T) {
	for _, chunk := range []int{dedupe.MinChunkBytes, dedupe.DefaultChunkBytes, dedupe.MaxChunkBytes} {
		for _, size := range []int{0, 1, 1 << 10, 128 << 10, 128<<10 + 1, 256<<10 - 1, 256 << 10, 2<<20 - 1, 2 << 20} {
			t.Run(fmt.Sprintf("%d in chunks of %d", size, chunk), func(t *testing.T) {
				e := engine(t, dedupe.Options{Store: store.NewMemory()})
				data := noise(uint64(size), size)
				plain := dedupe.Scope{Pool: "plain", Dataset: manifest.ID{1}, ChunkBytes: chunk}
				want := put(t, e, plain, data)
				announced := dedupe.Scope{Pool: scope.Pool, Dataset: manifest.ID{2}, ChunkBytes: chunk, Below: int64(size) + 1}
				var copied bytes.Buffer
				sum := lanes.NewPair()
				got, err := e.Store(t.Context(), announced, bytes.NewReader(data), &copied, sum)
				if err != nil {
					t.Fatal(err)
				}
				if got.Size != want.Size || got.NewChunks != want.NewChunks || len(got.Small) != len(want.Small) {
					t.Errorf("%d bytes in %d chunks, %d of them small; unannounced %d in %d, %d of them small",
						got.Size, got.NewChunks, len(got.Small), want.Size, want.NewChunks, len(want.Small))
				}
				for i, c := range got.Small {
					if !bytes.Equal(c.Data, want.Small[i].Data) {
						t.Errorf("small chunk %d differs", i)
					}
				}
				if len(got.Small) == 0 && size > 0 {
					check(t, e, got.Recipe, data)
				}
				if !bytes.Equal(copied.Bytes(), data) {
					t.Error("what is written beside differs")
				}
				if want := sha256.Sum256(data); !bytes.Equal(sum.SHA256(), want[:]) {
					t.Errorf("SHA-256 %x, want %x", sum.SHA256(), want)
				}
				if size == 0 {
					return
				}
				announced.Below = int64(size)
				if _, err := e.Store(t.Context(), announced, bytes.NewReader(data)); err == nil && size <= 256<<10 {
					t.Error("a stream that is longer than was announced is stored")
				}
				nothingHeld(t, e)
			})
		}
	}
}

// TestManyShortStreamsAtOnce: the memory that one stream of unknown length
// takes is enough for 150 that are known to be short.
func TestManyShortStreamsAtOnce(t *testing.T) {
	const streams = 150
	e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: 2 << 20})
	sc := scope
	sc.Below = 1<<10 + 1
	var begun, all sync.WaitGroup
	begun.Add(streams)
	for i := range streams {
		all.Go(func() {
			body, client := io.Pipe()
			all.Go(func() {
				_, err := client.Write(noise(uint64(i), 1)) // it is being read, so it has its memory
				begun.Done()
				begun.Wait()
				if err == nil {
					_, err = client.Write(noise(uint64(i), 1<<10-1))
				}
				if err != nil {
					t.Error(err)
				}
				client.Close()
			})
			if r, err := e.Store(t.Context(), sc, body); err != nil || r.Size != 1<<10 {
				t.Errorf("stream %d: %d bytes, %v", i, r.Size, err)
			}
		})
	}
	all.Wait()
	nothingHeld(t, e)
}
