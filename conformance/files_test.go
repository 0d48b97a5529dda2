package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

type digest [sha256.Size]byte

func (d digest) String() string { return fmt.Sprintf("%x", d[:8]) }

// randomBytes is an endless stream that the seed decides and that neither
// compresses nor repeats.
func randomBytes(seed uint64) io.Reader {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

// writeRandom makes a file of n bytes of randomBytes.
func writeRandom(path string, n int64, seed uint64) (digest, error) {
	return writeAll(path, io.LimitReader(randomBytes(seed), n))
}

// writeAll makes a file of what r yields.
func writeAll(path string, r io.Reader) (digest, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return digest{}, err
	}
	file, err := os.Create(path)
	if err != nil {
		return digest{}, err
	}
	sum, err := sumOf(io.TeeReader(r, file))
	if err != nil {
		file.Close()
		return digest{}, err
	}
	return sum, file.Close()
}

func sumOf(r io.Reader) (digest, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, r)
	return digest(hash.Sum(nil)), err
}

func sumOfFile(path string) (digest, error) {
	file, err := os.Open(path)
	if err != nil {
		return digest{}, err
	}
	defer file.Close()
	return sumOf(file)
}

func sumOfBytes(b []byte) digest { return sha256.Sum256(b) }

// sumOfTree is the digest of each file under dir, by its path below dir.
func sumOfTree(dir string) (map[string]digest, error) {
	sums := map[string]digest{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		sums[name], err = sumOfFile(path)
		return err
	})
	return sums, err
}

// writeNames makes a file for each name under dir, whose bytes tell which one
// it is. The digests are by prefix and name.
func writeNames(dir, prefix string, names []string) (map[string]digest, error) {
	sums := map[string]digest{}
	for _, name := range names {
		sum, err := writeAll(filepath.Join(dir, name), bytes.NewReader([]byte("the bytes of "+name)))
		if err != nil {
			return nil, err
		}
		sums[prefix+name] = sum
	}
	return sums, nil
}

// differ says how two sets of files differ, naming a few; nil if they are equal.
func differ(got, want map[string]digest) error {
	var odd []string
	for name, sum := range want {
		if other, ok := got[name]; !ok {
			odd = append(odd, fmt.Sprintf("%q is missing", name))
		} else if other != sum {
			odd = append(odd, fmt.Sprintf("%q has the digest %v, want %v", name, other, sum))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			odd = append(odd, fmt.Sprintf("%q should not be there", name))
		}
	}
	if len(odd) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d names differ, among them: %q", len(odd), len(want), odd[:min(len(odd), 12)])
}
