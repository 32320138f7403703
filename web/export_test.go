package web

// Contrast of two colours, for tests.
func Contrast(a, b string) float64 {
	first, _ := parseColour(a)
	second, _ := parseColour(b)
	return first.contrast(second)
}
