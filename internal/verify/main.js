// Runs a driver's calls of a copy with guard.js active. Adds one kind of output line, { kind, leak }: a refused connection
// and the call that tried it ("" if unknown).
serving.serve(driver, ({ proxy, ca }) => {
  guard.guard({ port: proxy, ca }, leak => serving.say({ kind: serving.current.getStore() || "", leak }));
});
