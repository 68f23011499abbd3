// proxypatch helper revision 3 sha256:e02b18bde9b5dc4ae8ddeee74c071646909469b2439c25efdc15f7c381412dcf
// Sends the outbound calls of next-auth's server side through the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and
// NO_PROXY name. Put here by proxypatch; `proxypatch revert` removes it.
"use strict";

/**
 * @typedef {import("http").Agent} Agent
 * @typedef {import("http").ClientRequest} ClientRequest
 * @typedef {import("net").Socket} Socket
 * @typedef {{name: string, value: string}} Setting an environment variable
 * @typedef {NonNullable<ReturnType<typeof tryParse>> & {name: string}} Proxy
 * @typedef {{host: string, port: number, timeout?: number, stop?: AbortSignal}} Target what an http.Agent connects to
 * @typedef {(proxy: Proxy, target: Target, signal: AbortSignal) => Promise<Socket>} Open
 * @typedef {(request: import("events").EventEmitter, target: object) => Promise<Socket>} AskForTunnel
 * @typedef {{url: URL, method: string, headers: Headers, body: Buffer | null, type: string}} Hop
 * @typedef {import("http").IncomingMessage & {statusCode: number, statusMessage: string}} Answer
 */

exports.httpOptions = httpOptions;
exports.oauth1Request = oauth1Request;
exports.proxyAgent = proxyAgent;
exports.proxyFetch = proxyFetch;
exports.proxyFor = proxyFor;

const PATIENCE = 10_000; // ms of silence allowed to a request that has no timeout of its own
const FETCH_TIME = 30_000; // ms for a whole proxyFetch
const FETCH_SIZE = 10 * 1024 * 1024; // bytes of a body in proxyFetch, as sent and as decoded
const FETCH_HOPS = 20; // redirects, the limit of fetch
const FETCH_HEADERS = {
  accept: "*/*",
  "accept-language": "*",
  "sec-fetch-mode": "cors",
  "user-agent": "node",
  "accept-encoding": "br, gzip, deflate"
};
const REDIRECTS = [301, 302, 303, 307, 308];
const NO_BODY = [204, 205, 304];
// Headers of a body: they go with it when a redirect turns the request into GET.
const CONTENT = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];
// Headers that speak for the user or the site: they never follow a redirect to another origin.
const PRIVATE = ["authorization", "cookie", "host", "proxy-authorization", "trakt-api-key"];
// Content encodings, and what of zlib decodes a body. Some servers send "deflate" without the header of zlib.
/** @type {Record<string, (body: Buffer) => "gunzip" | "inflate" | "inflateRaw" | "brotliDecompress">} */
const DECODERS = {
  gzip: () => "gunzip",
  "x-gzip": () => "gunzip",
  deflate: body => ((body[0] & 15) === 8 ? "inflate" : "inflateRaw"),
  br: () => "brotliDecompress"
};

// The one place that loads modules, and only on first use: provider files are also bundled for browsers and for the
// Edge runtime, where Next.js sets NEXT_RUNTIME to "" and "edge" at build time and drops this block. Next.js 13 leaves
// NEXT_RUNTIME undefined in browsers; what bundlers for them know is process.browser.
function modules() {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    return {
      http: require("http"),
      https: require("https"),
      net: require("net"),
      tls: require("tls"),
      zlib: require("zlib"),
      Buffer: require("buffer").Buffer, // as a global, bundlers for browsers would bring one along
      EventEmitter: require("events"),
      promisify: require("util").promisify,
      // import() takes every release: 5 to 7 are CommonJS, 8 and 9 are ES modules.
      importAgent: async () => await import("https-proxy-agent")
    };
  }
  throw new Error("the proxy helper works in Node.js only");
}

// ---- What next-auth calls ----

/**
 * openid-client's `custom.http_options` hook. An agent from the user's own `httpOptions` wins.
 * @param {URL} url
 * @param {{agent?: object}} options
 */
function httpOptions(url, options) {
  return options.agent ? {} : { agent: proxyAgent(url) };
}

/**
 * Replaces `_createClient` of the package "oauth", which has no agent option for OAuth 1.0.
 * @param {string | number | undefined} port
 * @param {string} host
 * @param {string} method
 * @param {string} path
 * @param {import("http").OutgoingHttpHeaders} headers
 * @param {boolean} [secure]
 */
function oauth1Request(port, host, method, path, headers, secure) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const { http, https } = modules();
    const url = `${secure ? "https" : "http"}://${bracketed(host)}:${port || (secure ? 443 : 80)}`;
    return (secure ? https : http).request({ host, port, method, path, headers, agent: proxyAgent(url) });
  }
}

/**
 * `fetch`, through the proxy where one applies. The whole answer is read before it is returned.
 * @type {typeof fetch}
 */
async function proxyFetch(input, init) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const setting = proxySetting(input instanceof Request ? input.url : input);
    if (setting) return fetchThrough(setting, new Request(input, init));
  }
  return fetch(input, init);
}

/**
 * The http.Agent for a URL, or undefined where the connection is direct. It never throws because of the proxy's
 * settings: what is wrong with them fails the request, as every other error of the connection does.
 * @param {string | URL} url
 * @returns {Agent | undefined}
 */
function proxyAgent(url) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const setting = proxySetting(url);
    if (!setting) return undefined;
    const { protocol } = new URL(url);
    const key = [protocol, setting.name, setting.value].join(" ");
    if (!agents.has(key)) agents.set(key, newAgent(protocol, setting));
    return agents.get(key);
  }
}

/**
 * The URL of the proxy for a URL, without user and password, or "" where the connection is direct.
 * @param {string | URL} url
 */
function proxyFor(url) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const setting = proxySetting(url);
    if (setting) return parseProxy(setting).href;
  }
  return "";
}

const agents = new Map(); // one per proxy and kind of target

/** @type {(protocol: string, setting: Setting) => Agent} */
function newAgent(protocol, setting) {
  const { http, https } = modules();
  return protocol === "https:"
    ? connectWith(openTunnel, new https.Agent(), setting)
    : connectWith(openForward, new http.Agent(), setting);
}

// ---- Which proxy ----

// The environment variable that decides, as { name, value }, or undefined where the connection is direct.
/** @type {(url: string | URL) => Setting | undefined} */
function proxySetting(url) {
  const setting = environment("https_proxy", "http_proxy", "all_proxy");
  if (!setting) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$|\.$/g, "");
  if (!/^https?:$/.test(protocol) || isLoopback(host)) return undefined;
  if (isExcluded(host, port || (protocol === "https:" ? "443" : "80"))) return undefined;
  return protocol === "https:" ? setting : environment("http_proxy", "all_proxy");
}

/** @type {(...names: string[]) => Setting | undefined} */
function environment(...names) {
  for (const name of names.flatMap(name => [name, name.toUpperCase()])) {
    const value = (process.env[name] || "").trim();
    if (value) return { name, value };
  }
}

// A name that merely looks like a loopback address (127.example.com) is not one.
/** @type {(host: string) => boolean} */
function isLoopback(host) {
  return /(^|\.)localhost$/.test(host) || contains("127.0.0.0", 8, host) || contains("::1", 128, host);
}

/** @type {(host: string, port: string) => boolean} */
function isExcluded(host, port) {
  const { value = "" } = environment("no_proxy") || {};
  return value.toLowerCase().split(/[\s,]+/).some(entry => {
    // Without brackets, an entry with more than one colon is an IPv6 address or block, never host:port.
    const [, name, only] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) || [entry, entry];
    return (!only || only === port) && matches(host, name.replace(/^\*?\.|[[\]]|\.$/g, ""));
  });
}

/** @type {(host: string, name: string) => boolean} */
function matches(host, name) {
  if (!name || name === "*") return name === "*";
  if (!modules().net.isIP(host)) return host === name || host.endsWith("." + name);
  const [address, bits = address.includes(":") ? "128" : "32"] = name.split("/");
  return /^\d+$/.test(bits) && contains(address, Number(bits), host);
}

// Whether a host is an IP address inside a block. An IPv4 address written as IPv6 (::ffff:10.0.0.1) is in its IPv4 block.
/** @type {(address: string, bits: number, host: string) => boolean} */
function contains(address, bits, host) {
  const { net } = modules();
  const family = (/** @type {string} */ ip) => net.isIPv6(ip) ? "ipv6" : "ipv4";
  if (!net.isIP(host) || !net.isIP(address) || address.includes("%")) return false;
  if (net.isIPv6(address) ? net.isIPv4(host) || bits > 128 : bits > 32) return false;
  const block = new net.BlockList();
  block.addSubnet(address, bits, family(address));
  return block.check(host, family(host));
}

// Nothing of a proxy's URL may show in an error: a character that is not percent-encoded moves a part of the password
// to where the host or the path is expected, and the errors of URL() and of the agents quote their input.
/** @type {(setting: Setting) => Proxy} */
function parseProxy({ name, value }) {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : "http://" + value;
  if (!/^https?:/i.test(text)) {
    throw new Error(`${name} must be an http:// or https:// proxy; no other kind works, socks5:// included`);
  }
  const parsed = tryParse(text);
  if (!parsed) {
    throw new Error(`${name} is not a valid proxy URL; percent-encode the characters of user and password`);
  }
  return { name, ...parsed };
}

/** @param {string} text */
function tryParse(text) {
  const { Buffer, net } = modules();
  try {
    const { protocol, host, hostname, port, username, password, pathname, search, hash } = new URL(text);
    if ([...text].some(char => char < " ") || (pathname + search + hash).includes("@")) return undefined;
    const secure = protocol === "https:";
    const bare = hostname.replace(/^\[|\]$/g, "");
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return {
      href: `${protocol}//${host}`,
      label: host, // what errors call the proxy
      secure,
      host: bare,
      port: Number(port) || (secure ? 443 : 80),
      servername: net.isIP(bare) ? "" : bare,
      headers: login === ":" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(login).toString("base64")}` }
    };
  } catch {
    return undefined;
  }
}

// ---- Connections ----

// Makes an http.Agent open its connections with `open`. The proxy's settings stay in its closure: what is a property
// of an agent shows in every error that holds a request.
/** @type {(open: Open, agent: any, setting: Setting) => Agent} */
function connectWith(open, agent, setting) {
  /** @type {(target: Target, callback: (error: Error | null, socket?: Socket) => void) => void} */
  agent.createConnection = (target, callback) => {
    // An error goes to callback, not to request.destroy(): a request without a socket would wait for ever.
    connect(setting, target, open).then(socket => callback(null, socket), callback);
  };
  const { addRequest } = agent;
  /** @type {(request: ClientRequest, target: Target) => void} */
  agent.addRequest = (request, target) => {
    const onSilence = () => request.destroy(silence(parseProxy(setting), target.timeout || PATIENCE));
    if (!target.timeout) request.setTimeout(PATIENCE, onSilence);
    // A proxy is asked for an http:// target by its absolute URL: many refuse CONNECT to port 80.
    if (agent.protocol === "http:") {
      const { origin } = new URL(`http://${bracketed(target.host)}:${target.port}`);
      const onDenial = () => request.destroy(refused(parseProxy(setting), `a request for ${origin}`, "407"));
      request.path = origin + request.path;
      failInstead(request, { timeout: onSilence, response: ({ statusCode }) => statusCode === 407 && onDenial() });
    }
    addRequest.call(agent, request, target);
  };
  return agent;
}

// Makes errors of events. To a request for an http:// target nobody but the proxy answers, and the caller would report
// its silence without its name and take its 407 for the target's. Any other status may be the target's own.
/** @type {(request: ClientRequest, failures: Record<string | symbol, (answer: any) => unknown>) => void} */
function failInstead(request, failures) {
  const { emit } = request;
  request.emit = (/** @type {string | symbol} */ event, /** @type {any[]} */ ...values) =>
    Boolean(failures[event]?.(values[0])) || emit.call(request, event, ...values);
}

// Opens a connection within the request's own timeout. When that fails, what was opened is closed.
/** @type {(setting: Setting, target: Target, open: Open) => Promise<Socket>} */
async function connect(setting, target, open) {
  const proxy = parseProxy(setting);
  const patience = target.timeout || PATIENCE;
  const opening = new AbortController();
  /** @type {(error: Error) => void} */
  let giveUp = () => {};
  /** @type {Promise<never>} */
  const stopped = new Promise((resolve, reject) => (giveUp = reject));
  const timer = setTimeout(() => giveUp(silence(proxy, patience)), patience);
  const onStop = () => giveUp(target.stop?.reason);
  target.stop?.addEventListener("abort", onStop);
  try {
    const socket = await Promise.race([open(proxy, target, opening.signal), stopped]);
    // Closed while it was opened: a request would wait for ever for such a socket.
    if (socket.destroyed) throw proxyError(proxy, "closed the connection");
    return socket;
  } catch (error) {
    opening.abort();
    throw error;
  } finally {
    clearTimeout(timer);
    target.stop?.removeEventListener("abort", onStop);
  }
}

// For https:// targets. https-proxy-agent hands on what a proxy answers to CONNECT, a forgery included, as the answer
// of the target. So it gets a stand-in for the request and opens the tunnel only. TLS with the target happens here, and
// nobody reads from the connection before the target has proved its name.
/** @type {Open} */
async function openTunnel(proxy, options, signal) {
  const { EventEmitter, tls } = modules();
  const target = `${bracketed(options.host)}:${options.port}`;
  const request = new EventEmitter();
  const asked = `CONNECT ${target}`;
  const askForTunnel = await tunnelOpener(proxy, signal);
  const tunnel = await askForTunnel(request, {
    host: bracketed(options.host), // not every release puts brackets around an IPv6 address
    port: Number(options.port),
    secureEndpoint: false
  }).catch(async error => {
    if (error.code) throw unreachable(proxy, error);
    // Release 6 takes a body for headers, and tells nothing else of a refusal. Asking again costs one more failed login
    // where the password is wrong; without the status nobody would know that it is.
    const unread = /^Invalid header/.test(error.message);
    throw refused(proxy, asked, unread ? await askStatus(proxy, target, signal) : "");
  });
  // Its errors reach the TLS connection on top of it. Before there is one, they must not end the process.
  tunnel.on("error", () => {});
  const status = refusal(request);
  if (status) throw refused(proxy, asked, status);
  // TLS sockets keep their options, and under NODE_USE_ENV_PROXY Node's default agent holds the proxy's URL.
  const tlsOptions = { ...options, _defaultAgent: undefined, socket: tunnel };
  return ready(tls.connect(tlsOptions), "secureConnect").catch(error => {
    throw proxyError(proxy, `opened a connection to ${target}, but TLS failed there: ${error.message}; ` +
      "if the proxy inspects TLS, name its CA in NODE_EXTRA_CA_CERTS", error.code);
  });
}

// The method of https-proxy-agent that does the CONNECT. There is an agent for each connection, since its options are
// the only way to close a connection that is still being opened; it keeps nothing that could be shared.
/** @type {(proxy: Proxy, signal: AbortSignal) => Promise<AskForTunnel>} */
async function tunnelOpener(proxy, signal) {
  const HttpsProxyAgent = await loadAgent();
  const options = { headers: proxy.headers, servername: proxy.servername, signal };
  if (HttpsProxyAgent.prototype.connect) {
    const agent = new HttpsProxyAgent(proxy.href, options);
    return agent.connect.bind(agent);
  }
  if (proxy.secure) throw proxyError(proxy, "is an https:// proxy; upgrade https-proxy-agent to 7 or newer");
  const agent = new HttpsProxyAgent({ ...options, host: proxy.host, port: proxy.port });
  return agent.callback.bind(agent);
}

async function loadAgent() {
  try {
    const module = await modules().importAgent();
    return module.HttpsProxyAgent || module.default.HttpsProxyAgent || module.default;
  } catch (error) {
    throw new Error(`https-proxy-agent cannot be loaded (${error.code}); install https-proxy-agent 7 or newer`);
  }
}

// The status of a refused CONNECT, or "" if the tunnel stands. All releases replay a refusal onto the socket of the
// request as soon as it has one; release 5 tells of it in no other way.
/** @type {(request: import("events").EventEmitter) => string} */
function refusal(request) {
  let reply = "";
  const push = (/** @type {Buffer | null} */ chunk) => (reply += chunk || "");
  request.emit("socket", { listenerCount: () => 1, resume() {}, push });
  return reply && (/^HTTP\/1\.\d (\d{3})\b/.exec(reply)?.[1] || "no valid status");
}

// The same, asked of the proxy once more, without the agent.
/** @type {(proxy: Proxy, target: string, signal: AbortSignal) => Promise<string>} */
function askStatus(proxy, target, signal) {
  const { http, https } = modules();
  const { host, port, servername } = proxy;
  const options = { host, port, servername, signal, method: "CONNECT", path: target, agent: false };
  const request = (proxy.secure ? https : http).request({ ...options, headers: { host: target, ...proxy.headers } });
  return new Promise(resolve => {
    request.on("error", () => resolve("")).on("connect", ({ statusCode }, socket) => {
      socket.destroy();
      resolve(statusCode === 200 ? "" : String(statusCode));
    }).end();
  });
}

// For http:// targets.
/** @type {Open} */
async function openForward(proxy, { timeout }, signal) {
  const { net, tls } = modules();
  const options = { host: proxy.host, port: proxy.port, servername: proxy.servername, timeout, signal };
  const socket = await (proxy.secure
    ? ready(tls.connect({ ...options, ALPNProtocols: ["http/1.1"] }), "secureConnect")
    : ready(net.connect(options), "connect")
  ).catch(error => {
    throw unreachable(proxy, error);
  });
  if (proxy.headers["Proxy-Authorization"]) authorize(socket, proxy.headers["Proxy-Authorization"]);
  return socket;
}

// Adds Proxy-Authorization to the first write, which starts with the head of the request. As a header of the request
// it would show in every error that holds the request, as those of openid-client do.
/** @type {(socket: {write(head: string, ...rest: any[]): boolean}, credentials: string) => void} */
function authorize(socket, credentials) {
  const { write } = socket;
  socket.write = (head, ...rest) => {
    socket.write = write;
    return socket.write(head.replace("\r\n", `\r\nProxy-Authorization: ${credentials}\r\n`), ...rest);
  };
}

// Its error listener stays: an error right behind `event`, before the request listens, would end the process.
/** @type {<S extends Socket>(socket: S, event: string) => Promise<S>} */
function ready(socket, event) {
  return new Promise((resolve, reject) => socket.once(event, () => resolve(socket)).on("error", reject));
}

/** @type {(host: string) => string} */
function bracketed(host) {
  return host.includes(":") ? `[${host}]` : host;
}

// ---- Errors: they name the proxy's host and port, never more of its URL ----

/** @type {(proxy: Proxy, what: string, code?: string) => Error} */
function proxyError(proxy, what, code) {
  return Object.assign(new Error(`proxy ${proxy.label} ${what}`), code && { code });
}

/** @type {(proxy: Proxy, ms: number) => Error} */
function silence(proxy, ms) {
  return proxyError(proxy, `did not answer within ${ms} ms; check ${proxy.name} and the proxy`, "ETIMEDOUT");
}

/** @type {(proxy: Proxy, asked: string, status: string) => Error} */
function refused(proxy, asked, status) {
  const hint = status === "407" ? `check user and password in ${proxy.name}` : "ask who runs the proxy to allow this host";
  return proxyError(proxy, `answered ${asked} with ${status || "no valid status"}; ${hint}`);
}

/** @type {(proxy: Proxy, error: {code?: string}) => Error} */
function unreachable(proxy, { code }) {
  return proxyError(proxy, `could not be used (${code || "no valid answer"}); check ${proxy.name} and the proxy`, code);
}

// ---- fetch ----

/** @type {(setting: Setting, request: Request) => Promise<Response>} */
async function fetchThrough(setting, request) {
  const { Buffer } = modules();
  const proxy = parseProxy(setting);
  const body = request.body && Buffer.from(await request.arrayBuffer());
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(silence(proxy, FETCH_TIME)), FETCH_TIME);
  const onAbort = () => stop.abort(request.signal.reason);
  request.signal.addEventListener("abort", onAbort);
  if (request.signal.aborted) onAbort();
  try {
    return await follow(request, body, stop.signal);
  } catch (error) {
    request.signal.throwIfAborted();
    const cause = stop.signal.reason || error;
    throw new TypeError(`fetch failed: ${cause.message}`, { cause });
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}

// The redirects of the fetch standard.
/** @type {(request: Request, body: Buffer | null, signal: AbortSignal) => Promise<Response>} */
async function follow({ url, method, headers, redirect }, body, signal) {
  let hop = { url: new URL(url), method, headers: new Headers(headers), body, type: "basic" };
  for (let hops = 0; ; hops++) {
    signal.throwIfAborted();
    const answer = await send(hop, signal);
    const { statusCode: status, headers: { location } } = answer;
    if (location === undefined || !REDIRECTS.includes(status) || redirect === "manual") {
      return respond(answer, { url: hop.url.href.replace(/#.*/, ""), redirected: hops > 0, type: hop.type });
    }
    answer.destroy();
    if (redirect === "error") throw new Error("unexpected redirect");
    if (hops === FETCH_HOPS) throw new Error("redirect count exceeded");
    hop = nextHop(hop, status, new URL(location, hop.url));
  }
}

/** @type {(hop: Hop, status: number, next: URL) => Hop} */
function nextHop({ url, method, headers, body, type }, status, next) {
  if (!/^https?:$/.test(next.protocol)) throw new Error("URL scheme must be a HTTP(S) scheme");
  if (next.username || next.password) throw new Error("redirect to a URL with user or password");
  const elsewhere = next.origin !== url.origin;
  const toGet = status === 303 ? method !== "HEAD" : status < 303 && method === "POST";
  for (const name of [...(toGet ? CONTENT : []), ...(elsewhere ? PRIVATE : [])]) headers.delete(name);
  return {
    url: next,
    method: toGet ? "GET" : method,
    headers,
    body: toGet ? null : body,
    type: elsewhere ? "cors" : type
  };
}

/** @type {(hop: Hop, signal: AbortSignal) => Promise<Answer>} */
function send({ url, method, headers, body }, signal) {
  const { http, https } = modules();
  const options = {
    method,
    headers: { ...FETCH_HEADERS, ...Object.fromEntries(headers) },
    agent: proxyAgent(url),
    signal,
    stop: signal // for `connect`, from which Node keeps `signal`
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? https : http).request(url, options);
    request.on("response", answer => {
      if (answer.statusCode !== 407) resolve(/** @type {Answer} */ (answer));
      else request.destroy(new Error(`${url.host} answered with 407`)); // fetch takes it from no target either
    });
    // The listener stays: an error after the answer has begun reaches the reader of the answer as well.
    request.on("error", reject).end(body);
  });
}

// `facts` are what the constructor of Response does not take.
/** @type {(answer: Answer, facts: object) => Promise<Response>} */
async function respond(answer, facts) {
  const { statusCode: status, statusMessage: statusText, rawHeaders } = answer;
  const body = await decode(await read(answer), answer.headers["content-encoding"]);
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const odd = status > 599; // answered by some sites, refused by the constructor
  const response = new Response(NO_BODY.includes(status) ? null : body, { status: odd ? 200 : status, statusText, headers });
  for (const [name, value] of Object.entries({ ...facts, ...(odd && { status, ok: false }) })) {
    Object.defineProperty(response, name, { value });
  }
  return response;
}

/** @type {(answer: Answer) => Promise<Buffer>} */
async function read(answer) {
  const { Buffer } = modules();
  const chunks = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > FETCH_SIZE) throw new Error(`the answer is larger than ${FETCH_SIZE} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// Compressed data that breaks off counts as far as it goes, as in fetch.
/** @type {(body: Buffer, encodings?: string) => Promise<Buffer>} */
async function decode(body, encodings = "") {
  const { zlib, promisify } = modules();
  const { BROTLI_OPERATION_FLUSH, Z_SYNC_FLUSH } = zlib.constants;
  const names = encodings.toLowerCase().split(",").map(name => name.trim()).reverse();
  if (names.length > 5) throw new Error("the answer is encoded more than five times");
  if (!names.every(name => Object.hasOwn(DECODERS, name))) return body;
  for (const name of names) {
    if (!body.length) break;
    /** @type {(body: Buffer, options: object) => Promise<Buffer>} */
    const decompress = promisify(/** @type {any} */ (zlib[DECODERS[name](body)]));
    const finishFlush = name === "br" ? BROTLI_OPERATION_FLUSH : Z_SYNC_FLUSH;
    body = await decompress(body, { finishFlush, maxOutputLength: FETCH_SIZE });
  }
  return body;
}
