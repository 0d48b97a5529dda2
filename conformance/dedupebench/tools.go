package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// tool is what is measured.
type tool struct {
	name string
	// store stores versions, folders in their order, below the empty folder
	// work, and returns how many bytes it then keeps.
	store func(ctx context.Context, work string, versions []string) (int64, error)
	// check compares what it kept with the versions; nil: is not asked to.
	check func(ctx context.Context, work string, versions []string) error
}

func tools() []tool {
	var all []tool
	for _, kib := range chunkKiB {
		all = append(all, aetherFS(kib))
	}
	return append(all,
		tool{name: "restic", store: restic},
		tool{name: "borg", store: borg},
		tool{name: "whole files", store: wholeFiles},
		tool{name: "1 MiB blocks", store: fixedBlocks(false)},
		tool{name: "1 MiB blocks, zstd", store: fixedBlocks(true)},
	)
}

// restic backs up with repository version 2, which compresses, and its default
// settings.
func restic(ctx context.Context, work string, versions []string) (int64, error) {
	repo := filepath.Join(work, "repo")
	env := []string{"RESTIC_PASSWORD=bench", "RESTIC_REPOSITORY=" + repo, "RESTIC_CACHE_DIR=" + filepath.Join(work, "cache")}
	if err := command(ctx, work, env, "restic", "init", "--repository-version", "2"); err != nil {
		return 0, err
	}
	for _, dir := range versions {
		if err := command(ctx, dir, env, "restic", "backup", "--quiet", "--force", "."); err != nil {
			return 0, err
		}
	}
	return folderBytes(repo)
}

// borg makes an archive of each version, by zstd's level 3 and without
// encryption, which would add to the bytes.
func borg(ctx context.Context, work string, versions []string) (int64, error) {
	repo := filepath.Join(work, "repo")
	env := []string{"BORG_BASE_DIR=" + work, "BORG_REPO=" + repo}
	if err := command(ctx, work, env, "borg", "init", "--encryption", "none"); err != nil {
		return 0, err
	}
	for i, dir := range versions {
		if err := command(ctx, dir, env, "borg", "create", "--compression", "zstd,3", fmt.Sprintf("::v%d", i+1), "."); err != nil {
			return 0, err
		}
	}
	return folderBytes(repo)
}

func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// wholeFiles keeps each different file once, plain.
func wholeFiles(_ context.Context, _ string, versions []string) (int64, error) {
	var bytes int64
	seen := map[[sha256.Size]byte]bool{}
	err := eachFile(versions, func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if digest := sha256.Sum256(data); !seen[digest] {
			seen[digest] = true
			bytes += int64(len(data))
		}
		return nil
	})
	return bytes, err
}

// fixedBlocks keeps each different block of 1 MiB of a version's concatenated
// files once.
func fixedBlocks(compress bool) func(context.Context, string, []string) (int64, error) {
	return func(_ context.Context, _ string, versions []string) (int64, error) {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return 0, err
		}
		defer encoder.Close()
		seen := map[[sha256.Size]byte]bool{}
		var bytes int64
		for _, dir := range versions {
			r, w := io.Pipe()
			go func() { w.CloseWithError(concatenate(w, dir)) }()
			err := eachBlock(r, func(block []byte) {
				digest := sha256.Sum256(block)
				if seen[digest] {
					return
				}
				seen[digest] = true
				if compress {
					block = encoder.EncodeAll(block, nil)
				}
				bytes += int64(len(block))
			})
			if err != nil {
				return 0, err
			}
		}
		return bytes, nil
	}
}

// eachBlock cuts what r yields into blocks of 1 MiB, the last shorter.
func eachBlock(r io.Reader, visit func([]byte)) error {
	block := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(r, block)
		if n > 0 {
			visit(block[:n])
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

func concatenate(w io.Writer, dir string) error {
	return eachFile([]string{dir}, func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
}

// eachFile visits the regular files of each folder in lexical order.
func eachFile(dirs []string, visit func(path string) error) error {
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			return visit(path)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// folderBytes is the apparent size of all files below dir.
func folderBytes(dir string) (int64, error) {
	var n int64
	err := eachFile([]string{dir}, func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		n += info.Size()
		return nil
	})
	return n, err
}
