// An identity provider at https://idp.corp.test, and the requests of sign-ins to it as next-auth makes them.
"use strict";

const { helper, project } = require(".");
const { startTarget } = require("./servers");

const issuer = "https://idp.corp.test";
const redirect = "https://app.test/cb";
const client = { client_id: "app", client_secret: "client secret", redirect_uris: [redirect] };
const oauth2 = { issuer, token_endpoint: `${issuer}/token2`, userinfo_endpoint: `${issuer}/userinfo` };

// `sessions` has a value for each TLS connection: whether it resumed a session.
async function startIdp() {
  const jose = project("jose");
  const keys = await jose.generateKeyPair("RS256");
  const jwk = { ...(await jose.exportJWK(keys.publicKey)), kid: "k", alg: "RS256" };
  const token = { access_token: "access", token_type: "Bearer" };
  const idToken = await new jose.SignJWT({ nonce: "n" }).setProtectedHeader({ alg: "RS256", kid: "k" })
    .setIssuer(issuer).setAudience("app").setSubject("jane").setIssuedAt().setExpirationTime("1h").sign(keys.privateKey);
  const answers = {
    "/.well-known/openid-configuration": { ...oauth2, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` },
    "/token": { ...token, id_token: idToken },
    "/token2": token,
    "/jwks": { keys: [jwk] },
    "/userinfo": { sub: "jane", email: "jane@corp.test" }
  };
  const idp = await startTarget((request, response) => {
    if (request.url.startsWith("/oauth1/")) return response.end("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answers[request.url]));
  });
  const sessions = [];
  idp.server.on("secureConnection", socket => sessions.push(socket.isSessionReused()));
  return { ...idp, sessions, signIn };
}

// With the metadata of its issuer, or a promise of one that asks for them.
function newClient(metadata) {
  const { Issuer, custom } = project("openid-client");
  const found = metadata ? new Issuer(metadata) : undefined;
  const hook = issuer => {
    issuer[custom.http_options] = helper.httpOptions;
    const made = new issuer.Client(client);
    made[custom.http_options] = helper.httpOptions;
    return made;
  };
  Issuer[custom.http_options] = helper.httpOptions;
  return found ? hook(found) : Issuer.discover(issuer).then(hook);
}

const redeem = client => client.callback(redirect, { code: "c" }, { nonce: "n" });

// Each waits for `meanwhile`, as if the user was at the provider's pages.
const signIn = {
  async oidc(meanwhile = () => {}) {
    await newClient();
    await meanwhile();
    const client = await newClient();
    const tokens = await redeem(client);
    return client.userinfo(tokens);
  },
  async oauth2(meanwhile = () => {}) {
    await meanwhile();
    const client = newClient(oauth2);
    return client.userinfo(await client.oauthCallback(redirect, { code: "c" }, {}));
  },
  async oauth1(meanwhile = () => {}) {
    const { OAuth } = project("oauth");
    const url = `${issuer}/oauth1/`;
    const client = new OAuth(`${url}request`, `${url}access`, "key", "secret", "1.0A", redirect, "HMAC-SHA1");
    client._createClient = helper.oauth1Request;
    const ask = (name, ...args) => new Promise((resolve, reject) => {
      client[name](...args, (error, ...values) => (error ? reject(error) : resolve(values)));
    });
    const [token, secret] = await ask("getOAuthRequestToken");
    await meanwhile();
    await ask("getOAuthAccessToken", token, secret, "verifier");
    return ask("get", `${url}profile`, token, secret);
  }
};

module.exports = { newClient, redeem, startIdp };
