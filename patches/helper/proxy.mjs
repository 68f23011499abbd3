// proxypatch helper revision 6 sha256:f0ef0039dc929c1511ef6eac0acd5949efee401a01888e2b15d8b87139e32591
// Sends the outbound calls of next-auth's server side through the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and
// NO_PROXY name. Put here by proxypatch; `proxypatch revert` removes it.

export { httpOptions, oauth1Request, proxyAgent, proxyFetch, proxyFor, throughProxy };

const OLDEST_NODE = 16; // and this file must parse with older releases, which get an error
const DEFAULT_TIME = 3500; // ms, the timeout that openid-client and next-auth give to a request
const PATIENCE = 10_000; // ms of silence allowed to a request that has no timeout of its own
const IDLE_TIME = 4000; // ms for which an unused connection is kept
const IDLE_COUNT = 64; // unused connections that are kept for each target
const FRESH_TIME = 1000; // ms after its last answer in which a connection takes a request that must not be repeated
const REPLY_SIZE = 64 * 1024; // bytes of a proxy's reply to CONNECT
const FETCH_TIME = 30_000; // ms for a whole proxyFetch
const FETCH_SIZE = 10 * 1024 * 1024; // bytes of a body in proxyFetch, as sent and as decoded
const FETCH_HOPS = 20; // redirects, the limit of fetch
const FETCH_HEADERS = { "accept": "*/*", "accept-encoding": "br, gzip, deflate", "accept-language": "*",
  "sec-fetch-mode": "cors", "user-agent": "node" };
const REDIRECTS = [301, 302, 303, 307, 308];
const OWN_PROXY = ["NEXTAUTH_PROXY", "AUTH_PROXY"]; // variables for these requests alone, most important first
const OWN_TIMEOUT = ["NEXTAUTH_HTTP_TIMEOUT", "AUTH_HTTP_TIMEOUT"];
// Headers of a body: they go with it when a redirect turns the request into GET.
const CONTENT = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];
// Headers that speak for the user or the site: they never follow a redirect to another origin.
const PRIVATE = ["authorization", "cookie", "host", "proxy-authorization", "trakt-api-key", "x-postmark-server-token"];
// Content encodings, and what of zlib decodes a body. Some servers send "deflate" without the header of zlib.
/** @type {Record<string, (body: Buffer) => "gunzip" | "inflate" | "inflateRaw" | "brotliDecompress">} */
const DECODERS = {
  gzip: () => "gunzip", "x-gzip": () => "gunzip", br: () => "brotliDecompress",
  deflate: body => ((body[0] & 15) === 8 ? "inflate" : "inflateRaw")
};

// The one place that loads modules, and only on first use: provider files are also bundled for browsers and for the
// Edge runtime, where Next.js sets NEXT_RUNTIME to "" and "edge" at build time and drops this block. Next.js 13 leaves
// NEXT_RUNTIME undefined in browsers; what bundlers for them know is process.browser.
async function load() {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    return {
      http: (await import("http")).default,
      https: (await import("https")).default,
      net: (await import("net")).default,
      tls: (await import("tls")).default,
      zlib: (await import("zlib")).default,
      Buffer: (await import("buffer")).default.Buffer, // as a global, bundlers for browsers would bring one along
      Duplex: (await import("stream")).default.Duplex,
      EventEmitter: (await import("events")).default,
      promisify: (await import("util")).default.promisify,
      // import() works with every release: 5 to 7 are CommonJS, 8 and 9 are ES modules.
      importAgent: async () => await import("https-proxy-agent"),
      // Read, so that no bundler drops it: this text shows that a build contains the helper.
      marker: "proxypatch helper revision 6"
    };
  }
  throw new Error("the proxy helper works in Node.js only");
}

/** @type {Awaited<ReturnType<typeof load>> | undefined} */
let loaded;
function modules() {
  if (!loaded) throw new Error("proxyFetch was not called yet, which loads what this needs");
  return loaded;
}

// ---- What next-auth calls ----

// openid-client's `custom.http_options` hook. The user's own agent wins, and so does a timeout that is not the default.
/** @type {(url: URL, options: {agent?: object, timeout?: number}) => object} */
function httpOptions(url, options) {
  const timeout = options.timeout === DEFAULT_TIME && timeSetting();
  return { ...(!options.agent && { agent: proxyAgent(url) }), ...(timeout && { timeout }) };
}

// Replaces `_createClient` of the package "oauth", which has no agent option for OAuth 1.0.
/** @type {OAuth1Request} */
function oauth1Request(port, host, method, path, headers, secure) {
  // Once, because its nonce is used up. The package asks for a new connection, which costs a tunnel.
  const tunnel = { headers: { ...headers, Connection: "keep-alive" }, once: true };
  return oauthRequest({ host, port, method, path, headers }, secure, tunnel);
}

// The package "oauth" with classes that make their requests through the proxy. next-auth 3 makes all of its requests so.
/** @type {(oauth: {OAuth: any, OAuth2: any}) => {OAuth: any, OAuth2: any}} */
function throughProxy({ OAuth, OAuth2 }) {
  return {
    OAuth: class extends OAuth {
      _createClient(/** @type {Parameters<OAuth1Request>} */ ...request) {
        return oauth1Request(...request);
      }
    },
    OAuth2: class extends OAuth2 {
      _chooseHttpLibrary(/** @type {{protocol: string}} */ { protocol }) {
        return { request: (/** @type {OAuthTarget} */ target) => oauthRequest(target, protocol === "https:") };
      }
    }
  };
}

// A request of the package "oauth". `tunnel` are options for a request that goes through a proxy.
/** @type {(target: OAuthTarget, secure?: boolean, tunnel?: object) => ClientRequest | undefined} */
function oauthRequest(target, secure, tunnel) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const { http, https } = modules();
    const { host, port } = target;
    let agent, timeout = 0;
    try {
      const url = `${secure ? "https" : "http"}://${bracketed(host)}:${port || (secure ? 443 : 80)}`;
      [agent, timeout = 0] = [proxyAgent(url), timeSetting()];
    } catch (error) {
      // Thrown, it could end the process: the package follows redirects in a callback, to any host.
      agent = { addRequest: (/** @type {any} */ request) => process.nextTick(() => request.emit("error", error)) };
    }
    const options = { ...target, timeout, ...(agent && { agent, ...tunnel }) };
    const request = (secure ? https : http).request(/** @type {any} */ (options));
    request.on("response", answer => answer.on("error", error => request.emit("error", error))); // the package would wait
    return agent ? request : request.on("timeout", () => {
      request.destroy(new Error(`${host} did not answer within ${timeout} ms, the limit in NEXTAUTH_HTTP_TIMEOUT`));
    });
  }
}

// `fetch`, through the proxy where one applies. The whole answer is read before it is returned.
/** @type {typeof fetch} */
async function proxyFetch(input, init) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    if (environment(...OWN_PROXY, "https_proxy", "http_proxy", "all_proxy")) loaded ??= await load();
    const setting = proxySetting(input instanceof Request ? input.url : input);
    if (setting) return fetchThrough(setting, new Request(input, init));
  }
  return fetch(input, init);
}

// The http.Agent for a URL, or undefined where the connection is direct. It never throws because of the proxy's
// settings: what is wrong with them fails the request, as every other error of the connection does.
/** @type {(url: string | URL) => Agent | undefined} */
function proxyAgent(url) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const setting = proxySetting(url);
    if (!setting) return undefined;
    const { protocol } = new URL(url);
    const key = [modules().marker, protocol, setting.name, setting.value].join(" ");
    if (!agents.has(key)) agents.set(key, newAgent(protocol, setting));
    return agents.get(key);
  }
}

// The URL of the proxy for a URL, without user and password, or "" where the connection is direct.
/** @type {(url: string | URL) => string} */
function proxyFor(url) {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const setting = proxySetting(url);
    if (setting) return parseProxy(setting).href;
  }
  return "";
}

const agents = new Map(); // one per proxy and kind of target, so that nothing is shared between two logins

// ---- Settings: which proxy, and how long ----

// The environment variable that decides, as { name, value }, or undefined where the connection is direct.
/** @type {(url: string | URL) => Setting | undefined} */
function proxySetting(url) {
  const own = environment(...OWN_PROXY);
  const setting = own || environment("https_proxy", "http_proxy", "all_proxy");
  if (!setting || setting.value === "direct" && own) return undefined;
  requireNode();
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$|\.$/g, "");
  if (!/^https?:$/.test(protocol) || isLoopback(host)) return undefined;
  if (isExcluded(host, port || (protocol === "https:" ? "443" : "80"))) return undefined;
  return own || protocol === "https:" ? setting : environment("http_proxy", "all_proxy");
}

// Older releases lack what the rest needs. Where the connection is direct, they work.
function requireNode() {
  if (!process.browser && process.env.NEXT_RUNTIME !== "edge" && process.env.NEXT_RUNTIME !== "") {
    const version = process.versions.node; // Next.js warns where the Edge runtime would read it
    if (parseInt(version, 10) >= OLDEST_NODE) return;
    throw new Error(`the proxy helper needs Node.js ${OLDEST_NODE} or newer; this is Node.js ${version}`);
  }
}

// The time limit in ms that the environment sets, or undefined. Its value is not shown: it may be in the wrong variable.
function timeSetting() {
  const { name, value } = environment(...OWN_TIMEOUT) || {};
  if (!value) return undefined;
  if (!/^0*[1-9]\d*$/.test(value)) throw new Error(`${name} must be a number of milliseconds, such as 10000`);
  return Math.min(Number(value), 2 ** 31 - 1); // the longest that a timer takes
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
const isLoopback = host => /(^|\.)localhost$/.test(host) || contains("127.0.0.0", 8, host) || contains("::1", 128, host);

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
  const isHTTP = /^https?:/i.test(text);
  if (!isHTTP) throw new Error(`${name} must be an http:// or https:// proxy; no other kind works, socks5:// included`);
  const parsed = tryParse(text);
  if (!parsed) throw new Error(`${name} is not a valid proxy URL; percent-encode the characters of user and password`);
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
      href: `${protocol}//${host}`, label: host, secure, host: bare, port: Number(port) || (secure ? 443 : 80),
      servername: net.isIP(bare) ? "" : bare,
      headers: login === ":" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(login).toString("base64")}` }
    };
  } catch {
    return undefined;
  }
}

// ---- Requests ----

const idleTimes = new WeakMap(); // for how long each connection may wait for its next request, in ms
const lastUses = new WeakMap(); // and when it began to

// An http.Agent that opens its connections to the proxy, keeps them as Node.js does, and handles their errors. The
// proxy's settings stay in this closure: what is a property of an agent shows in every error that holds a request.
/** @type {(protocol: string, setting: Setting) => Agent} */
function newAgent(protocol, setting) {
  const { http, https } = modules();
  const secure = protocol === "https:";
  /** @type {any} */
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxFreeSockets: IDLE_COUNT });
  const { addRequest, createConnection, keepSocketAlive, reuseSocket } = agent;
  const open = secure ? tunnelWith(createConnection.bind(agent)) : openForward;
  return Object.assign(agent, {
    /** @type {(request: ClientRequest, target: Target) => void} */
    addRequest(request, target) {
      const attempt = target.attempt || newAttempt(target, secure);
      const timeout = target.attempt ? target.timeout : attempt.limit;
      const mayRepeat = /^(GET|HEAD)$/.test(request.method) && !target.once;
      if (!mayRepeat) closeIdle(agent, target.attempt ? 0 : FRESH_TIME);
      if (timeout && timeout !== target.timeout) request.setTimeout(timeout);
      // A proxy is asked for an http:// target by its absolute URL: many refuse CONNECT to port 80.
      if (!secure) request.path = attempt.name + request.path;
      lookAfter(request, attempt, setting, () => mayRepeat && repeat(request, target, attempt));
      addRequest.call(agent, request, { ...target, timeout, attempt });
    },
    /** @type {(target: Target, callback: (error: Error | null, socket?: Socket) => void) => any} */
    createConnection(target, callback) {
      if (!target.attempt) return standIn(connect(setting, target, secure ? open : refuseIntercepted));
      // An error goes to callback, not to request.destroy(): a request without a socket would wait for ever.
      connect(setting, target, open).then(socket => callback(null, socket), callback);
    },
    /** @type {(socket: Socket) => boolean} */
    keepSocketAlive(socket) {
      const idleTime = idleTimes.has(socket) ? idleTimes.get(socket) : IDLE_TIME;
      lastUses.set(socket, performance.now());
      keepSocketAlive.call(agent, socket);
      socket.setTimeout(idleTime);
      return idleTime > 0;
    },
    /** @type {(socket: Socket, request: ClientRequest) => void} */
    reuseSocket(socket, request) {
      reuseSocket.call(agent, socket, request);
      if (!secure) authorize(socket, parseProxy(setting));
    }
  });
}

/** @type {(agent: Agent, age: number) => void} closes connections that were not used for so long */
function closeIdle(agent, age) {
  for (const socket of Object.values(agent.freeSockets).flat()) {
    if (socket && performance.now() - lastUses.get(socket) >= age) socket.destroy();
  }
}

/** @type {(target: Target, secure: boolean) => Attempt} */
function newAttempt({ host, port, timeout }, secure) {
  const at = `${bracketed(host)}:${port}`;
  return {
    name: secure ? at : new URL(`http://${at}`).origin,
    limit: timeout && timeout !== DEFAULT_TIME ? timeout : timeSetting() || timeout || PATIENCE,
    start: performance.now(),
    load: performance.eventLoopUtilization()
  };
}

// Turns events that Node.js leaves to the caller into errors that name who failed, also a proxy's 407 to a request for an
// http:// target. Makes the request once more, with `repeat`, if a kept connection is dead.
/** @type {(request: ClientRequest, attempt: Attempt, setting: Setting, repeat: () => ClientRequest | false) => void} */
function lookAfter(request, attempt, setting, repeat) {
  const { emit, destroy } = request;
  const secure = request.protocol === "https:";
  let received = 0; // on this connection, before this request
  let settled = false; // the caller knows how it ended, or has ended it
  /** @type {Answer | undefined} */
  let answer;
  /** @type {ClientRequest | false} */
  let again = false;
  const refuse = (/** @type {number} */ status, schemes = "") =>
    refused(parseProxy(setting), `a request for ${attempt.name}`, { status, schemes });
  // The caller does not get an event if its function returns a true value.
  /** @type {Record<string | symbol, (value: any) => unknown>} */
  const events = {
    socket({ bytesRead }) {
      received = bytesRead;
      attempt.opened = secure;
    },
    timeout: () => (answer || request).destroy(silence(parseProxy(setting), attempt)),
    response(incoming) {
      const { statusCode, headers, socket } = incoming;
      if (!secure && statusCode === 407) return request.destroy(refuse(407, headers["proxy-authenticate"]));
      const [, seconds = Infinity] = /timeout=(\d+)/.exec(headers["keep-alive"]) || [];
      idleTimes.set(socket, Math.min(IDLE_TIME, Math.max(Number(seconds) * 1000 - 1000, 0)));
      answer = incoming;
      settled = true;
    },
    error() {
      if (answer) return !request.listenerCount("error"); // who reads the answer gets it as well
      if (!settled && request.reusedSocket && request.socket && request.socket.bytesRead === received) again = repeat();
      settled = true;
      if (!again) return false;
      for (const event of ["information", "error", "close"]) again.on(event, value => emit.call(request, event, value));
      return again.on("response", answer => emit.call(request, "response", answer) || answer.resume());
    },
    // Without an answer or an error, as Node.js does with 101, the caller would wait for ever.
    close() {
      if (settled) return again;
      const { statusCode } = /** @type {any} */ (request).res || {};
      emit.call(request, "error", secure
        ? new Error(`${attempt.name} answered with ${statusCode}, which completes no request; ask its administrator`)
        : refuse(statusCode));
    }
  };
  request.emit = (/** @type {string | symbol} */ event, /** @type {any[]} */ ...values) =>
    Boolean(has(events, event) && events[event](values[0])) || emit.call(request, event, ...values);
  request.destroy = error => {
    settled = true;
    if (again) again.destroy(error);
    else destroy.call(request, error);
    return request;
  };
}

// The same request on a new connection, within the time that is left for it.
/** @type {(request: ClientRequest, target: Target, attempt: Attempt) => ClientRequest | false} */
function repeat(request, target, attempt) {
  const { http, https } = modules();
  const timeout = Math.ceil(attempt.limit - (performance.now() - attempt.start));
  const hasBody = request.hasHeader("content-length") || request.hasHeader("transfer-encoding");
  if (timeout <= 0 || hasBody) return false;
  const { agent, protocol } = /** @type {any} */ (request);
  const options = { ...target, agent, headers: request.getHeaders(), timeout, attempt, once: true };
  return (protocol === "https:" ? https : http).request(options).end();
}

// For interceptors, which handle requests instead of the agent and expect a socket from it at once.
/** @type {(opening: Promise<Socket>) => import("stream").Duplex} */
function standIn(opening) {
  const { Duplex } = modules();
  const socket = new Duplex({
    read() {},
    write: (chunk, encoding, done) => void opening.then(open => open.write(chunk, encoding, done), done),
    destroy: (error, done) => void opening.then(open => open.destroy(), () => {}).then(() => done(error))
  });
  opening.then(open => {
    open.on("data", chunk => socket.push(chunk)).on("error", error => socket.destroy(error));
    open.on("end", () => socket.push(null)).on("close", () => socket.destroy());
    for (const event of ["connect", "secureConnect", "ready"]) socket.emit(event);
  }, error => socket.destroy(error));
  return Object.assign(socket, { address: () => ({}) });
}

// ---- Connections ----

// Opens a connection within the request's own timeout. When that fails, what was opened is closed.
/** @type {(setting: Setting, target: Target, open: Open) => Promise<Socket>} */
async function connect(setting, target, open) {
  const proxy = parseProxy(setting);
  const { attempt = newAttempt(target, true), stop } = target;
  const opening = new AbortController();
  let timer;
  /** @type {Promise<never>} */
  const stopped = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(silence(proxy, attempt)), target.timeout || attempt.limit);
    if (stop) stop.addEventListener("abort", () => reject(stop.reason), { once: true });
  });
  try {
    const socket = await Promise.race([open(proxy, target, attempt, opening.signal), stopped]);
    // Closed while it was opened: a request would wait for ever for such a socket.
    if (socket.destroyed) throw proxyError(proxy, "closed the connection");
    return socket;
  } catch (error) {
    opening.abort();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

// For https:// targets. https-proxy-agent hands on what a proxy answers to CONNECT, a forgery included, as the answer of
// the target. So it gets a stand-in for the request and opens the tunnel only. TLS is up to Node's own agent, which knows
// whose session may be resumed. Nothing reads from the connection before the target has proved its name.
/** @type {(startTLS: (options: object) => Socket) => Open} */
function tunnelWith(startTLS) {
  return async (proxy, target, attempt, signal) => {
    const socket = await openTunnel(proxy, target, attempt.name, signal);
    attempt.opened = true;
    // A TLS socket keeps its options. So they have nothing that this request sends, and not Node's default agent, which
    // holds the proxy's URL under NODE_USE_ENV_PROXY.
    const { attempt: _, headers, stop, _defaultAgent, ...options } = /** @type {any} */ (target);
    return ready(startTLS({ ...options, socket }), "secureConnect").catch(error => {
      throw brokenTLS(proxy, attempt.name, error);
    });
  };
}

/** @type {(proxy: Proxy, target: Target, name: string, signal: AbortSignal) => Promise<Socket>} */
async function openTunnel(proxy, { host, port }, name, signal) {
  const request = new (modules().EventEmitter)();
  const asked = `CONNECT ${name}`;
  const seen = { reply: "" };
  const ask = await tunnelOpener(proxy, signal);
  // Not every release puts brackets around an IPv6 address.
  const asking = watched(seen, async () => ask(request, { host: bracketed(host), port: Number(port), secureEndpoint: false }));
  const tunnel = await asking.catch(error => {
    if (error.code) throw unreachable(proxy, error);
    if (!/ended before/.test(error.message)) throw refused(proxy, asked, readRefusal(seen.reply));
    throw proxyError(proxy, `closed the connection without an answer to ${asked}; check the port and scheme in ${proxy.name}`);
  });
  // Its errors reach the TLS connection on top of it. Before there is one, they must not end the process.
  tunnel.on("error", () => {});
  // All releases replay a refusal onto the socket of the request as soon as it has one; 5 reports it in no other way.
  let refusal = "";
  const push = (/** @type {Buffer | null} */ chunk) => (refusal += chunk || "");
  request.emit("socket", { listenerCount: () => 1, resume() {}, push });
  if (refusal) throw refused(proxy, asked, readRefusal(refusal));
  return tunnel;
}

// Records a proxy's reply, because release 6 drops it if a body follows. It ends a reply that is too long, which all
// releases copy again with each piece, and one that breaks off, for which release 5 would wait. No release returns its
// connection before it has the reply. All open it at once, so the first that is opened here is theirs.
/** @type {(seen: {reply: string}, ask: () => Promise<Socket>) => Promise<Socket>} */
async function watched(seen, ask) {
  const { prototype } = modules().net.Socket;
  const { connect } = prototype;
  /** @type {any} */
  let socket;
  prototype.connect = function (/** @type {any} */ ...args) {
    return connect.apply((socket = this), args);
  };
  const asking = ask();
  prototype.connect = connect;
  if (!socket) return asking;
  socket.push = (/** @type {Buffer | null} */ chunk) => {
    seen.reply += chunk || "";
    if (!chunk) socket.destroy(new Error("ended before there was a reply"));
    if (seen.reply.length > REPLY_SIZE) socket.destroy(new Error("the reply is too long"));
    return Object.getPrototypeOf(socket).push.call(socket, chunk);
  };
  return asking.finally(() => delete socket.push);
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
  const { importAgent } = modules();
  const module = await importAgent().catch(({ code }) => {
    const release = /ERR_REQUIRE_ESM|NOT_EXPORTED/.test(code) ? "7" : "7 or newer"; // which can be required, and is enough
    throw new Error(`https-proxy-agent cannot be loaded (${code}); install https-proxy-agent ${release}`);
  });
  const own = module.default || module;
  return module.HttpsProxyAgent || own.HttpsProxyAgent || own;
}

/** @type {Open} */
async function refuseIntercepted(proxy, { host }) {
  throw proxyError(proxy, `can't get a request for http://${host} that a tool intercepts; exclude that host in the tool`);
}

// For http:// targets.
/** @type {Open} */
async function openForward(proxy, { timeout }, attempt, signal) {
  const { net, tls } = modules();
  const options = { host: proxy.host, port: proxy.port, servername: proxy.servername, timeout, signal };
  const socket = await (proxy.secure
    ? ready(tls.connect({ ...options, ALPNProtocols: ["http/1.1"] }), "secureConnect")
    : ready(net.connect(options), "connect")
  ).catch(error => {
    throw unreachable(proxy, error);
  });
  authorize(socket, proxy);
  return socket;
}

// Adds Proxy-Authorization to the next write, which starts with the head of a request. As a header of the request it
// would show in every error that holds the request, as those of openid-client do.
/** @type {(socket: any, proxy: Proxy) => void} */
function authorize(socket, { headers: { "Proxy-Authorization": credentials } }) {
  if (!credentials) return;
  socket.write = (/** @type {string} */ head, /** @type {any[]} */ ...rest) => {
    delete socket.write; // this one, which hides that of all sockets
    return socket.write(head.replace("\r\n", `\r\nProxy-Authorization: ${credentials}\r\n`), ...rest);
  };
}

// Its error listener stays: an error right behind `event`, before the request listens, would end the process.
/** @type {<S extends Socket>(socket: S, event: string) => Promise<S>} */
const ready = (socket, event) => new Promise((resolve, reject) => socket.once(event, () => resolve(socket)).on("error", reject));

// Object.hasOwn, which early releases of Node.js 16 lack.
/** @type {(object: object, key: string | symbol) => boolean} */
const has = (object, key) => Object.prototype.hasOwnProperty.call(object, key);

/** @type {(host: string) => string} */
const bracketed = host => (host.includes(":") ? `[${host}]` : host);

// ---- Errors: they name the proxy's host and port, never more of its URL ----

/** @type {(proxy: Proxy, what: string, code?: string) => Error} */
const proxyError = (proxy, what, code) => Object.assign(new Error(`proxy ${proxy.label} ${what}`), code && { code });

/** @type {(proxy: Proxy, attempt: Attempt) => Error} */
function silence(proxy, { name, limit, load, opened, answers }) {
  const { utilization } = performance.eventLoopUtilization(/** @type {any} */ (load));
  const busy = utilization > 0.5 ? `; this process was busy for ${Math.round(utilization * 100)}% of that time` : "";
  const slow = `if it is only slow, set NEXTAUTH_HTTP_TIMEOUT=${limit * 2}${busy}`;
  if (answers) return new Error(`${answers} began to answer, but did not finish within ${limit} ms; ${slow}`);
  return proxyError(proxy, opened
    ? `opened a connection to ${name}, which did not answer within ${limit} ms; ${slow}`
    : `did not answer within ${limit} ms; check ${proxy.name} and the proxy${busy}`, "ETIMEDOUT");
}

/** @type {(reply: string) => Refusal} */
function readRefusal(reply) {
  const [head] = reply.split("\r\n\r\n");
  const schemes = head.match(/^proxy-authenticate:.*/gim) || [];
  const [, status] = /^HTTP\/1\.\d (?!200)(\d{3})\b/.exec(head) || [];
  return { status: Number(status), schemes: schemes.join() };
}

/** @type {(proxy: Proxy, asked: string, refusal: Refusal) => Error} */
function refused(proxy, asked, { status, schemes }) {
  const [other] = /ntlm|negotiate|kerberos|digest/i.exec(/basic/i.test(schemes) ? "" : schemes) || [];
  const login = proxy.headers["Proxy-Authorization"]
    ? `; check user and password in ${proxy.name}`
    : `: it needs a user and a password; set ${proxy.name}=http://USER:PASSWORD@${proxy.label}`;
  const tool = /ntlm/i.test(schemes) ? "px or cntlm" : "px"; // cntlm knows NTLM alone
  const kind = other && ` and accepts only ${other}, not a password; run ${tool} and set ${proxy.name} to its URL`;
  const hint = status === 407 ? kind || login : "; ask the proxy's administrator to allow this host";
  return proxyError(proxy, `answered ${asked} with ${status || "no valid status"}${hint}`);
}

/** @type {(proxy: Proxy, error: {code?: string}) => Error} */
function unreachable(proxy, { code = "no valid answer" }) {
  const unknownCA = /^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(code);
  const hint = unknownCA ? "name its CA in NODE_EXTRA_CA_CERTS" : `check ${proxy.name} and the proxy`;
  return proxyError(proxy, `could not be used (${code}); ${hint}`, code);
}

/** @type {(proxy: Proxy, name: string, error: Error & {code?: string}) => Error} */
function brokenTLS(proxy, name, { message, code = "" }) {
  return proxyError(proxy, `opened a connection to ${name}, but ` + (/^(ECONNRESET|EPIPE)$/.test(code)
    ? `it was closed during the TLS handshake (${code}); try again, and check the proxy's log`
    : `TLS failed there: ${message}; if the proxy inspects TLS, name its CA in NODE_EXTRA_CA_CERTS`), code);
}

// ---- fetch ----

/** @type {(setting: Setting, request: Request) => Promise<Response>} */
async function fetchThrough(setting, request) {
  const proxy = parseProxy(setting);
  const body = request.body && modules().Buffer.from(await request.arrayBuffer());
  const attempt = newAttempt({ host: "", port: 0, timeout: timeSetting() || FETCH_TIME }, true);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(silence(proxy, attempt)), attempt.limit);
  const onAbort = () => stop.abort(request.signal.reason);
  request.signal.addEventListener("abort", onAbort);
  if (request.signal.aborted) onAbort();
  try {
    return await follow(request, body, stop.signal, attempt);
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
/** @type {(request: Request, body: Buffer | null, signal: AbortSignal, attempt: Attempt) => Promise<Response>} */
async function follow({ url, method, headers, redirect }, body, signal, attempt) {
  let hop = { url: new URL(url), method, headers: new Headers(headers), body, type: "basic" };
  for (let hops = 0; ; hops++) {
    signal.throwIfAborted();
    const answer = await send(hop, signal);
    const { statusCode: status, headers: { location } } = answer;
    if (location === undefined || !REDIRECTS.includes(status) || redirect === "manual") {
      attempt.answers = hop.url.host;
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
  const kept = { url: next, headers, type: elsewhere ? "cors" : type };
  return toGet ? { ...kept, method: "GET", body: null } : { ...kept, method, body };
}

/** @type {(hop: Hop, signal: AbortSignal) => Promise<Answer>} */
function send({ url, method, headers, body }, signal) {
  const { http, https } = modules();
  const sent = { ...FETCH_HEADERS, ...Object.fromEntries(headers) };
  const options = { method, headers: sent, agent: proxyAgent(url), signal, stop: signal }; // agents get no `signal`
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
  const response = new Response([204, 205, 304].includes(status) ? null : body, { status: odd ? 200 : status, statusText, headers });
  for (const [name, value] of Object.entries({ ...facts, ...(odd && { status, ok: false }) })) {
    Object.defineProperty(response, name, { value });
  }
  return response;
}

/** @type {(answer: Answer) => Promise<Buffer>} */
async function read(answer) {
  const chunks = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > FETCH_SIZE) throw new Error(`the answer is larger than ${FETCH_SIZE} bytes`);
    chunks.push(chunk);
  }
  return modules().Buffer.concat(chunks);
}

// Compressed data that breaks off counts as far as it goes, as in fetch.
/** @type {(body: Buffer, encodings?: string) => Promise<Buffer>} */
async function decode(body, encodings = "") {
  const { zlib, promisify } = modules();
  const { BROTLI_OPERATION_FLUSH, Z_SYNC_FLUSH } = zlib.constants;
  const names = encodings.toLowerCase().split(",").map(name => name.trim()).reverse();
  if (names.length > 5) throw new Error("the answer is encoded more than five times");
  if (!names.every(name => has(DECODERS, name))) return body;
  for (const name of names) {
    if (!body.length) break;
    /** @type {(body: Buffer, options: object) => Promise<Buffer>} */
    const decompress = promisify(/** @type {any} */ (zlib[DECODERS[name](body)]));
    const finishFlush = name === "br" ? BROTLI_OPERATION_FLUSH : Z_SYNC_FLUSH;
    body = await decompress(body, { finishFlush, maxOutputLength: FETCH_SIZE });
  }
  return body;
}
