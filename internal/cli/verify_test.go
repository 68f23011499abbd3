package cli

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// Calls that ran out of time end in 1 only if nothing else in the run went wrong, also in another copy.
func TestTooSlow(t *testing.T) {
	result := func(o verify.Outcome) verify.Result { return verify.Result{Outcome: o, Detail: string(o)} }
	proxied, slow, failed, leaked := result(verify.Proxied), result(verify.Slow), result(verify.Failed), result(verify.Leaked)
	for name, test := range map[string]struct {
		copies [][]verify.Result
		want   []report.ExitCode // of the slow calls of each copy
	}{
		"alone":               {[][]verify.Result{{proxied, slow}, {slow, slow}}, []report.ExitCode{report.Failed, report.Failed}},
		"a call leaks":        {[][]verify.Result{{slow, leaked}}, []report.ExitCode{report.Unproven}},
		"a call fails":        {[][]verify.Result{{failed, slow}}, []report.ExitCode{report.Unproven}},
		"another copy leaks":  {[][]verify.Result{{slow}, {leaked}}, []report.ExitCode{report.Unproven}},
		"another copy fails":  {[][]verify.Result{{proxied, failed}, {slow}}, []report.ExitCode{report.Unproven}},
		"all is well":         {[][]verify.Result{{proxied}, {proxied}}, nil},
		"no call is too slow": {[][]verify.Result{{leaked}, {failed}}, nil},
	} {
		var proofs []verify.Proof
		for _, results := range test.copies {
			proofs = append(proofs, verify.Proof{Results: results})
		}
		var got []report.ExitCode
		for _, p := range proofs {
			for _, err := range unproven(&apply.Copy{}, p.Results, provesFailure(proofs)) {
				if unproven, _ := errors.AsType[*unprovenError](err); unproven.reason == tooSlow {
					problem := (&situation{}).explain(err)
					if problem.Text != moreTime.Text || problem.Brief == "" {
						t.Errorf("%s: %+v", name, problem)
					}
					got = append(got, problem.Code)
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
