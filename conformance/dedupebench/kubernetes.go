package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
)

// makeKubernetes fetches two releases through the Go module proxy. They are
// left in the module cache, unpacked.
func makeKubernetes(ctx context.Context, _ source) ([]string, error) {
	var dirs []string
	for _, release := range []string{"k8s.io/kubernetes@v1.32.1", "k8s.io/kubernetes@v1.32.2"} {
		out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", release).Output()
		if err != nil {
			return nil, fmt.Errorf("go mod download %s: %w: %s", release, err, out)
		}
		var module struct{ Dir string }
		if err := json.Unmarshal(out, &module); err != nil {
			return nil, fmt.Errorf("go mod download %s: %w", release, err)
		}
		dirs = append(dirs, module.Dir)
	}
	return dirs, nil
}
