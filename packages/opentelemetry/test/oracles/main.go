// Command oracles has grpc-go send RPCs with its own OpenTelemetry metrics, and writes down what it has recorded, as the
// vectors that tests of packages/opentelemetry compare with: `go run . DIRECTORY`. Times are left out: the answers are the same each time.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: oracles DIRECTORY")
	}
	vectors := map[string]any{}
	for _, s := range scenarios {
		vectors[s.name] = s.run()
	}
	text, err := json.MarshalIndent(map[string]any{"grpcGo": grpc.Version, "vectors": vectors}, "", " ")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(os.Args[1], "metrics.json"), append(text, '\n'), 0o644); err != nil {
		log.Fatal(err)
	}
}
