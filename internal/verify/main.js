// Runs the calls of a copy with guard.js active. Adds one kind of output line, { kind, leak }: a refused connection and
// the call that tried it ("" if unknown).
calls.serve(({ proxy, ca }) => {
  guard.guard({ port: proxy, ca }, leak => calls.say({ kind: calls.current.getStore() || "", leak }));
});
