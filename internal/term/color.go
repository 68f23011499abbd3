package term

// Color is an SGR parameter of ECMA-48.
type Color string

// The colours are git's where it has one for the purpose. There is no yellow: on
// a light background nobody can read it.
const (
	Plain   Color = ""
	Red     Color = "31"
	Green   Color = "32"
	Magenta Color = "35"
	Cyan    Color = "36"
	Bold    Color = "1"
)

// Paint returns text in a colour, if colours are on.
func Paint(on bool, c Color, text string) string {
	if !on || c == Plain {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
