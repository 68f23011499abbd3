// Makes the calls of next-auth releases. Each line of the input is a request: { dir, kinds, idToken }, the directory of a
// next-auth and which of its calls to make. Each line of the output says what came of them, by their kinds: { value }, or
// { error, code }. Every call is made by itself, whatever came of the others.
"use strict";

const assert = require("assert");
const https = require("https");
const path = require("path");
const readline = require("readline");
const tls = require("tls");
const { createRequire } = require("module");

const HANGS = 30_000; // ms after which a call is given up for lost
const callbackUrl = "http://localhost:3000/api/auth/callback/idp";
const options = { clientId: "client", clientSecret: "secret" };
const tokens = { access_token: "token" };
const idp = "https://idp.corp.test";

// All that a call may need, from one release.
class Release {
  constructor({ dir, idToken }) {
    // openid-client keeps the http options of the process, and next-auth's own state is in its modules: with modules of
    // its own, no release works because of what another one did. Only jose is shared: it keeps nothing, and takes longest
    // to load.
    for (const file of Object.keys(require.cache)) {
      if (!file.includes(path.join("/", "node_modules", "jose", "/"))) delete require.cache[file];
    }
    this.require = createRequire(path.join(dir, "core/lib/oauth/client.js"));
    const { Issuer, custom } = this.require("openid-client");
    assert.equal(Issuer[custom.http_options], undefined);
    this.dir = dir;
    this.idToken = idToken;
  }

  load(file) {
    return this.require(path.join(this.dir, file));
  }

  provider(name) {
    return this.load(`providers/${name}.js`).default(options);
  }

  client(provider) {
    return this.load("core/lib/oauth/client.js").openidClient({ provider: { ...options, callbackUrl, ...provider } });
  }

  // Without a request.
  undiscovered(host, httpOptions) {
    return this.client({
      issuer: idp,
      authorization: { url: `${idp}/authorize` },
      token: { url: `${idp}/token` },
      userinfo: { url: `https://${host}/userinfo` },
      jwks_endpoint: `${idp}/jwks`,
      httpOptions
    });
  }

  // As next-auth makes it for a sign-in.
  discovered(httpOptions) {
    this.discovering ||= this.client({ wellKnown: `${idp}/.well-known/openid-configuration`, httpOptions });
    return this.discovering;
  }

  // The same, or one that can make its requests although discovery failed.
  async ready() {
    try {
      return await this.discovered();
    } catch {
      const client = await this.undiscovered("idp.corp.test");
      client.issuer.jwks_uri ||= `${idp}/jwks`; // older releases take none
      return client;
    }
  }

  oauth1() {
    const provider = { ...this.provider("twitter"), ...options, callbackUrl };
    return { provider, client: this.load("core/lib/oauth/client-legacy.js").oAuth1Client({ provider }) };
  }

  userinfo(name) {
    const provider = this.provider(name);
    return provider.userinfo.request({ tokens, provider: { ...provider, ...options } });
  }
}

const calls = {
  discovery: async release => (await release.discovered()).issuer.token_endpoint,
  token: async release => (await (await release.ready()).callback(callbackUrl, { code: "code" }, {})).access_token,
  JWKS: async release => {
    const client = await release.ready();
    const answer = { id_token: release.idToken };
    return (await client.callback(callbackUrl, answer, { response_type: "id_token" })).claims().sub;
  },
  userinfo: async release => (await (await release.ready()).userinfo("token")).name,
  "userinfo without discovery": async release => {
    const client = await release.client(release.provider("github"));
    return (await client.userinfo("token")).login;
  },

  "OAuth 1.0A request token": async release => {
    const { oauth_token, oauth_token_secret, params } = await release.oauth1().client.getOAuthRequestToken({});
    return [oauth_token, oauth_token_secret, params.oauth_callback_confirmed].join(" ");
  },
  "OAuth 1.0A access token": async release => {
    const { client } = release.oauth1();
    const { oauth_token, oauth_token_secret } = await client.getOAuthAccessToken("request-token", null, "verifier");
    return [oauth_token, oauth_token_secret].join(" ");
  },
  "OAuth 1.0A profile": async release => {
    const { client, provider } = release.oauth1();
    return JSON.parse(await client.get(provider.profileUrl, "access-token", "access-secret")).name;
  },

  "azure-ad photo": async release => (await release.provider("azure-ad").profile({ sub: "user-1" }, tokens)).image,
  "linkedin e-mail": async release => (await release.provider("linkedin").profile({ id: "1" }, tokens)).email,
  "github e-mails": async release => {
    const client = { userinfo: async () => ({ id: 1, login: "ada" }) }; // a private e-mail
    return (await release.provider("github").userinfo.request({ client, tokens })).email;
  },
  "foursquare userinfo": async release => (await release.userinfo("foursquare")).response.user.firstName,
  // Some releases wrap it, for their own profile().
  "hubspot userinfo": async release => release.provider("hubspot").profile(await release.userinfo("hubspot")).email,
  "todoist userinfo": async release => (await release.userinfo("todoist")).email,
  "trakt userinfo": async release => (await release.userinfo("trakt")).name,

  "sign-in with an own agent": async release => {
    const client = await release.discovered({ agent: ownAgent() });
    const set = await client.callback(callbackUrl, { code: "code" }, {});
    return [set.claims().sub, (await client.userinfo(set)).name].join(" ");
  },
  "own timeout, silent proxy": async release => userinfoAt(release, "silent.corp.test", { timeout: 50 }),
  "own timeout, slow proxy": async release => userinfoAt(release, "slow.corp.test", { timeout: 60_000 }),
  "no timeout, slow proxy": async release => userinfoAt(release, "slow.corp.test")
};

async function userinfoAt(release, host, httpOptions) {
  return (await (await release.undiscovered(host, httpOptions)).userinfo("token")).name;
}

// Knows the way to the services without a proxy.
function ownAgent() {
  const agent = new https.Agent();
  const port = process.env.OWN_AGENT_PORT;
  agent.createConnection = ({ host }) => tls.connect({ host: "127.0.0.1", port, servername: host });
  return agent;
}

async function resultOf(kind, release) {
  let timer;
  const hangs = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`neither answered nor failed within ${HANGS} ms`)), HANGS);
  });
  try {
    return { value: String(await Promise.race([calls[kind](release), hangs])) };
  } catch (error) {
    const { code } = error.cause || error;
    return { error: [error.message, error.cause].filter(Boolean).join(": ") || JSON.stringify(error), code };
  } finally {
    clearTimeout(timer);
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const release = new Release(request);
    const results = await Promise.all(request.kinds.map(async kind => [kind, await resultOf(kind, release)]));
    console.log(JSON.stringify(Object.fromEntries(results)));
  }
}

main();
