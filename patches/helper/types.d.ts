// The types that the comments in proxy.js name. They are for the checker alone: no package gets this file.

type Agent = import("http").Agent;
type ClientRequest = import("http").ClientRequest;
type Socket = import("net").Socket;
type Answer = import("http").IncomingMessage & { statusCode: number; statusMessage: string };

/** An environment variable. */
type Setting = { name: string; value: string };

/** A proxy, as a setting describes it. No error may show `headers`. */
type Proxy = {
  name: string; // of the setting
  href: string; // without user and password
  label: string; // what errors call the proxy
  secure: boolean;
  host: string;
  port: number;
  servername: string;
  headers: { "Proxy-Authorization"?: string };
};

/** What an http.Agent connects to. */
type Target = {
  host: string;
  port: number;
  timeout?: number;
  once?: boolean; // the request must not be repeated
  stop?: AbortSignal;
  attempt?: Attempt; // of the request; there is none where an interceptor asks for a connection
};

/** What is known of a request on its way. */
type Attempt = {
  name: string; // of its target
  limit: number; // its time, in ms
  start: number; // by the clock
  load: object; // of the event loop, at the start
  opened?: boolean; // the proxy has opened a connection to the target
  answers?: string; // who has begun to answer
};

/** The ways to log in that a proxy offers with a status. */
type Refusal = { status: number; schemes: string };

type Open = (proxy: Proxy, target: Target, attempt: Attempt, signal: AbortSignal) => Promise<Socket>;
type AskForTunnel = (request: import("events").EventEmitter, target: object) => Promise<Socket>;
type Hop = { url: URL; method: string; headers: Headers; body: Buffer | null; type: string };

/** `_createClient` of the package "oauth". */
type OAuth1Request = (
  port: string | number | undefined, host: string, method: string, path: string,
  headers: import("http").OutgoingHttpHeaders, secure?: boolean
) => ClientRequest | undefined;

/** What the package "oauth" connects to. */
type OAuthTarget = {
  port?: string | number | null;
  host: string;
  method: string;
  path: string;
  headers: import("http").OutgoingHttpHeaders;
};
