// Makes each request that next-auth 4 makes on the server, each on its own, with the code of one copy.
"use strict";

const path = require("path");
const { createRequire } = require("module");

const callbackUrl = "http://localhost:3000/api/auth/callback/idp";
const options = { clientId: "client", clientSecret: "secret" };
const tokens = { access_token: "token" };
const idp = "https://idp.corp.test";

// The providers that calls for all providers use. A copy may lack their files, because traced copies contain only what an
// app loads.
const providers = {
  github: {
    authorization: "https://github.com/login/oauth/authorize",
    token: "https://github.com/login/oauth/access_token",
    userinfo: { url: "https://api.github.com/user" }
  },
  twitter: {
    requestTokenUrl: "https://api.twitter.com/oauth/request_token",
    accessTokenUrl: "https://api.twitter.com/oauth/access_token",
    profileUrl: "https://api.twitter.com/1.1/account/verify_credentials.json"
  }
};

// Loads what calls need from one copy of next-auth.
class Release {
  constructor({ dir, idToken }) {
    this.require = createRequire(path.join(dir, "core/lib/oauth/client.js"));
    this.dir = dir;
    this.idToken = idToken;
  }

  load(file) {
    return this.require(path.join(this.dir, file));
  }

  provider(name) {
    const file = path.join(this.dir, `providers/${name}.js`);
    try {
      this.require.resolve(file);
    } catch (error) {
      if (providers[name]) return providers[name];
      throw error;
    }
    return this.require(file).default(options);
  }

  client(provider) {
    return this.load("core/lib/oauth/client.js").openidClient({ provider: { ...options, callbackUrl, ...provider } });
  }

  // Makes no request.
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

  // The client that next-auth uses for a sign-in.
  discovered(httpOptions) {
    this.discovering ||= this.client({ wellKnown: `${idp}/.well-known/openid-configuration`, httpOptions });
    return this.discovering;
  }

  // The same client, or one that works although discovery failed.
  async ready() {
    try {
      return await this.discovered();
    } catch {
      const client = await this.undiscovered("idp.corp.test");
      client.issuer.jwks_uri ||= `${idp}/jwks`; // older releases ignore jwks_endpoint
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

// By their kinds in internal/line. The value of a call shows that it got the answer.
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
  "trakt userinfo": async release => (await release.userinfo("trakt")).name
};

module.exports = { callbackUrl, calls, open: request => new Release(request) };
