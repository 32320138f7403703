package process

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process holds of the machine's memory, in bytes.
type Memory struct {
	Resident int64
	Peak     int64 // the most it was, since the start or ResetPeak
}

// Memory reads it from /proc, and so only where there is one (Linux).
func (s *Server) Memory() (Memory, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		return Memory{}, err
	}
	defer func() { _ = file.Close() }()
	var m Memory
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			continue
		}
		kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
		switch name {
		case "VmRSS":
			m.Resident = kilobytes << 10
		case "VmHWM":
			m.Peak = kilobytes << 10
		}
	}
	return m, lines.Err()
}

// ResetPeak makes the peak begin anew (proc(5), clear_refs).
func (s *Server) ResetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0o200)
}
