package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// storePuts asks AetherFS how many objects it has put to its store.
func storePuts(ctx context.Context, url string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(accessKey, secretKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return parsePuts(string(text))
}

// parsePuts adds up the requests to put an object that a page of metrics tells.
func parsePuts(metrics string) (puts int64, err error) {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, `aetherfs_store_requests_total{kind="put"`) {
			_, value, _ := cutLast(strings.TrimSpace(line), " ")
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("metric %q: %w", line, err)
			}
			puts += int64(n)
		}
	}
	return puts, nil
}
