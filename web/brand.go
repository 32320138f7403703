package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Brand is whose page it is.
type Brand struct {
	Name   string
	Logo   string // path of a picture on this server; empty: a letter stands for it
	Accent string // colour as #rrggbb; empty or anything else: the one of the house
}

// Letter stands where there is no logo: the first letter or digit of the name.
func (b Brand) Letter() string {
	for _, r := range b.Name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "•"
}

// readable is the contrast that text needs (WCAG 2.2, success criterion 1.4.3).
const readable = 4.5

// The surfaces that the accent stands on, as the style sheet has them.
var (
	lightSurface = colour{0xff, 0xff, 0xff}
	darkSurface  = colour{0x17, 0x1a, 0x21}
	ink          = colour{0x10, 0x14, 0x1c}
)

// Style are the colours that follow from the accent, for the page's own style: on buttons, and as text on either surface,
// moved towards black or white as far as it takes to be read. It is empty where there is no accent.
func (b Brand) Style() template.CSS {
	accent, ok := parseColour(b.Accent)
	if !ok {
		return ""
	}
	light, dark := accent.until(colour{}, lightSurface), accent.until(lightSurface, darkSurface)
	return template.CSS(fmt.Sprintf( //nolint:gosec // made of four colours
		":root{--accent:%s;--on-accent:%s}@media(prefers-color-scheme:dark){:root{--accent:%s;--on-accent:%s}}",
		light, light.over(), dark, dark.over()))
}

// colour is red, green and blue.
type colour [3]uint8

func parseColour(text string) (colour, bool) {
	digits, ok := strings.CutPrefix(text, "#")
	if !ok || len(digits) != 6 {
		return colour{}, false
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// luminance is how bright a colour is, from 0 to 1 (WCAG 2.2, relative luminance).
func (c colour) luminance() float64 {
	channel := func(b uint8) float64 {
		s := float64(b) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c[0]) + 0.7152*channel(c[1]) + 0.0722*channel(c[2])
}

// contrast of two colours, from 1 to 21.
func (c colour) contrast(other colour) float64 {
	a, b := c.luminance(), other.luminance()
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

// until moves a colour towards another one until it can be read on a surface.
func (c colour) until(towards, surface colour) colour {
	const steps = 32
	for i := range steps {
		if mixed := c.mix(towards, float64(i)/steps); mixed.contrast(surface) >= readable {
			return mixed
		}
	}
	return towards
}

func (c colour) mix(other colour, share float64) colour {
	var mixed colour
	for i := range c {
		mixed[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return mixed
}

// over is what can be read on a colour: white, or ink.
func (c colour) over() colour {
	if c.contrast(lightSurface) >= readable {
		return lightSurface
	}
	return ink
}
