package persistence_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The test binary is also the server that some tests kill: see child_test.go.
func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		os.Exit(runChild(task))
	}
	goleak.VerifyTestMain(m)
}
