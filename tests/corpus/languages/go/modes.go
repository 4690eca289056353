package main

import "fmt"

func main() {
	var mode string
	var a, b int64
	fmt.Scan(&mode, &a, &b)
	spin := int64(1)
	for mode == "endless" {
		spin += a ^ spin
	}
	var kept [][]byte
	for mode == "hog" {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		kept = append(kept, block)
	}
	if mode == "crash" {
		panic("crash")
	}
	if mode == "wrong" {
		b = -b
	}
	fmt.Println(a + b)
}
