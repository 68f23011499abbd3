package markdown

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := Parse([]byte("# A `b`, *c*!\n\n[x](y.md#z) ![p](q.svg)\n\n## 무엇인가요?\n\n## A b c\n\n" +
		"| k | v |\n|---|---|\n| `a\\|b` | [l](m) |\n\n```sh not-run docker\nx\ny\n```\n\n```\nz\n```\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Document{
		{},
		{
			Level: 1, Title: "A b, c!", Anchor: "a-b-c", Codes: []string{"b"}, Links: []string{"y.md#z", "q.svg"},
			Prose: []Prose{{"A ``, c!", 1}, {"x p", 3}},
		},
		{Level: 2, Title: "무엇인가요?", Anchor: "무엇인가요", Prose: []Prose{{"무엇인가요?", 5}}},
		{
			Level: 2, Title: "A b c", Anchor: "a-b-c-1", Links: []string{"m"}, Codes: []string{"a|b"},
			Blocks: []Block{{"sh", "not-run docker", "x\ny\n", 14}, {"", "", "z\n", 19}},
			Rows:   [][]string{{"k", "v"}, {"a|b", "l"}},
			Prose:  []Prose{{"A b c", 7}, {"k", 9}, {"v", 9}, {"``", 11}, {"l", 11}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnder(t *testing.T) {
	all, err := Parse([]byte("# A\n\n## B\n\n### C\n\n## D\n\n# E\n"))
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string][]string{"A": {"A", "B", "C", "D"}, "B": {"B", "C"}, "E": {"E"}, "F": nil} {
		var got []string
		for _, section := range all.Under(title) {
			got = append(got, section.Title)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", title, diff)
		}
	}
}
