// Command oracles asks grpc-go what it does, and writes down the answers as the vectors that tests of packages/balancer compare
// with: `go run . DIRECTORY`. The answers are the same each time.
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
	for name, vectors := range map[string]any{
		"xxh64":             hashes(),
		"ring-hash":         ringHash(),
		"random-subsetting": randomSubsetting(),
	} {
		text, err := json.MarshalIndent(map[string]any{"grpcGo": grpc.Version, "vectors": vectors}, "", " ")
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(os.Args[1], name+".json"), append(text, '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
