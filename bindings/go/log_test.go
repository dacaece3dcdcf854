package fulgurite

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTheLogTellsOfGraphs(t *testing.T) {
	graph := row(t, 3)
	var lines []string
	must(0, SetLog(LogInfo, func(level LogLevel, message string) {
		if level != LogInfo {
			t.Error(level)
		}
		lines = append(lines, message)
	}))
	path := filepath.Join(t.TempDir(), "row")
	must(0, graph.Save(path, FormatSnapshot))
	must(0, must(Load(path)).Close())
	must(0, SetLog(LogNone, nil))
	must(0, must(Load(path)).Close())
	if len(lines) != 2 || !strings.Contains(strings.Join(lines, " "), path) {
		t.Fatal(lines)
	}
	isStatus(t, SetLog(9, func(LogLevel, string) {}), ErrBadArgument)
}
