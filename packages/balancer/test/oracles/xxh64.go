package main

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// hashes gives the XXH64 of texts of all short lengths and some long ones, with and without a seed: [text, seed, hash], the numbers
// in hexadecimal. It is the module whose hashes grpc-go uses.
func hashes() [][3]string {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcdefghijklmnopqrstuvwxyz0123456789-_.:[]/ ÄßñЖ漢字🚀")
	texts := []string{strings.Repeat("0123456789abcdef", 64), strings.Repeat("ü", 1500)}
	for length := range 100 {
		var text strings.Builder
		for range length {
			text.WriteRune(letters[random.IntN(len(letters))])
		}
		texts = append(texts, text.String(), strings.Repeat("x", length))
	}
	var vectors [][3]string
	for i, text := range texts {
		seed := []uint64{0, 1, 1<<64 - 1, random.Uint64()}[i%4]
		digest := xxhash.NewWithSeed(seed)
		digest.WriteString(text)
		vectors = append(vectors, [3]string{text, hex(seed), hex(digest.Sum64())})
	}
	return vectors
}

func hex(number uint64) string {
	return strconv.FormatUint(number, 16)
}
