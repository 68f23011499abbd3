// What Node.js runs for a copy: calls.js behind guard.js. A line of the output more, { kind, leak }, tells of a connection
// that was refused, and of the call that wanted it ("" if none is known).
calls.serve(({ proxy, ca }) => {
  guard.guard({ port: proxy, ca }, leak => calls.say({ kind: calls.current.getStore() || "", leak }));
});
