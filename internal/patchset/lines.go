package patchset

import "bytes"

// lines are the lines of a text, each with its terminator. They are stored as the
// offsets of their ends. A slice for each line would take twenty-four times the memory
// of a text of empty lines.
type lines struct {
	text []byte
	ends []int // offset in the text after each line
}

func splitLines(text []byte) lines {
	l := lines{text: text, ends: make([]int, 0, bytes.Count(text, []byte("\n"))+1)}
	for end := 0; end < len(text); {
		if at := bytes.IndexByte(text[end:], '\n'); at >= 0 {
			end += at + 1
		} else {
			end = len(text)
		}
		l.ends = append(l.ends, end)
	}
	return l
}

func (l lines) count() int { return len(l.ends) }

// at returns one line by its index.
func (l lines) at(i int) []byte { return l.between(i, i+1) }

// between returns the text of the lines from one index up to another.
func (l lines) between(from, to int) []byte {
	start, end := 0, 0
	if from > 0 {
		start = l.ends[from-1]
	}
	if to > 0 {
		end = l.ends[to-1]
	}
	return l.text[start:end]
}

func allCRLF(content []byte) bool {
	crlf := bytes.Count(content, []byte("\r\n"))
	return crlf > 0 && crlf == bytes.Count(content, []byte("\n"))
}

func withCRLF(line []byte) []byte {
	text, found := bytes.CutSuffix(line, []byte("\n"))
	if !found || bytes.HasSuffix(text, []byte("\r")) {
		return line
	}
	return append(bytes.Clone(text), "\r\n"...)
}
