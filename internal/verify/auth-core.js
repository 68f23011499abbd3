// Makes each request that @auth/core makes on the server, each on its own, with the code of one copy. Sign-ins and
// callbacks go through Auth(), as those of an app do.
"use strict";

const path = require("path");
const { pathToFileURL } = require("url");

const site = "http://localhost:3000/auth";
const idp = "https://idp.corp.test";
const account = { clientId: "client", clientSecret: "secret", apiKey: "key", from: "app@corp.test" };
const checks = ["none", "none"]; // each takes the place of one of a provider's own
// What some providers need in addition. todoist has no URL for userinfo, and is refused without an issuer.
const options = {
  loops: { transactionalId: "id" },
  nextcloud: { issuer: "https://cloud.corp.test" },
  todoist: { issuer: idp }
};
// An answer to a token request. WeChat and others read more from it than the standard says.
const tokens = { access_token: "token", token_type: "Bearer", user_id: "ada", openid: "ada", email: "ada@corp.test" };

// E-mail needs it. @auth/core then asks for it at each later request, whatever its provider is.
const adapter = { createVerificationToken() {}, useVerificationToken() {}, getUserByEmail() {}, getUserByAccount() {} };
const session = { strategy: "jwt" };

globalThis.crypto ??= require("crypto").webcrypto; // Node.js 18 lacks it, and Next.js adds it

// One copy of @auth/core.
class Copy {
  constructor({ dir }) {
    this.dir = dir;
  }

  load(file) {
    return import(pathToFileURL(path.join(this.dir, file)).href);
  }

  async provider(name, own) {
    return (await this.load(`providers/${name}.js`)).default({ ...account, checks, ...options[name], ...own });
  }

  // Sends a request to Auth() and returns where it redirects to. The first error is the one that explains the others.
  async visit(action, provider, params, callbacks) {
    const { Auth, raw, skipCSRFCheck } = await this.load("index.js");
    const errors = [];
    const logger = { error: error => errors.push(error), warn() {}, debug() {} };
    const answer = await Auth(requestOf(`${site}/${action}/${provider.id}`, params), {
      providers: [provider], secret: "secret", trustHost: true, adapter, session, callbacks, logger, raw, skipCSRFCheck
    }).catch(error => errors.push(error));
    if (errors.length) throw causeOf(errors[0]);
    if (!answer?.redirect) throw new Error("Auth() did not redirect");
    return answer.redirect;
  }

  // Starts a sign-in, and returns the page of the provider that it leads to.
  async signIn(provider) {
    return (await this.visit("signin", provider, {})).replace(/\?.*/, "");
  }

  // Ends a sign-in, and returns what a function finds in its results: what the provider said of the user, the tokens,
  // and the user.
  async signedIn(provider, find) {
    let found;
    const signIn = results => {
      found = find(results);
      return "/"; // ends it here, before the adapter would have to know more
    };
    await this.visit("callback", provider, { code: "code" }, { signIn });
    return found;
  }

  async entra(find) {
    return this.signedIn(await this.provider("microsoft-entra-id"), find);
  }

  // The userinfo of a provider that asks for it with its own code. The token is there already.
  async userinfo(name, find) {
    const { customFetch } = await this.load("index.js");
    const provider = await this.provider(name, {
      [customFetch]: async () => Response.json(tokens),
      profile: ({ id = "1" }) => ({ id })
    });
    return this.signedIn(provider, ({ profile }) => find(profile));
  }

  // Sends an e-mail with a link, and returns the name of the provider that did.
  async mail(name) {
    const provider = await this.provider(name);
    const { sendVerificationRequest } = provider;
    provider.sendVerificationRequest = params => handled(sendVerificationRequest(params));
    const page = await this.visit("signin", provider, { email: "ada@corp.test" });
    return new URL(page).searchParams.get("provider");
  }
}

// Apple's callback and all sign-ins are forms.
function requestOf(url, params) {
  const query = new URLSearchParams(params);
  return url.includes("/callback/") && !url.endsWith("/apple")
    ? new Request(`${url}?${query}`)
    : new Request(url, { method: "POST", body: query });
}

// @auth/core waits for something else before it looks at the promise. If the promise is rejected meanwhile, Node.js would
// end the process.
function handled(promise) {
  promise.catch(() => {});
  return promise;
}

// @auth/core wraps errors, and says only in the innermost what happened.
function causeOf(error) {
  const inner = error?.cause?.err;
  return inner ? causeOf(inner) : error;
}

// Providers without a file, as an app may write them. The requests of sign-ins with them go through the default fetch.
function custom(own) {
  return { id: "custom", name: "Custom", type: "oidc", issuer: idp, checks, ...account, ...own };
}

const discovered = { issuer: `${idp}/callback` };
const endpoints = { type: "oauth", authorization: `${idp}/authorize`, token: `${idp}/token`, userinfo: `${idp}/userinfo` };

const tokenOf = ({ account }) => account.access_token;
const nameOf = ({ name }) => name;

// By their kinds in internal/line. The value of a call shows that it got the answer.
const calls = {
  discovery: copy => copy.signIn(custom()),
  "discovery in the callback": copy => copy.signedIn(custom(discovered), ({ profile }) => profile.iss),
  token: copy => copy.signedIn(custom(discovered), tokenOf),
  userinfo: copy => copy.signedIn(custom({ ...discovered, idToken: false }), ({ profile }) => profile.name),
  "token without discovery": copy => copy.signedIn(custom(endpoints), tokenOf),
  "userinfo without discovery": copy => copy.signedIn(custom(endpoints), ({ profile }) => profile.name),

  "apple discovery": async copy => copy.signIn(await copy.provider("apple")),
  "apple token": async copy => copy.signedIn(await copy.provider("apple"), tokenOf),
  "microsoft-entra-id discovery": async copy => copy.signIn(await copy.provider("microsoft-entra-id")),
  "microsoft-entra-id token": copy => copy.entra(tokenOf),
  "microsoft-entra-id tenant discovery": copy => copy.entra(({ profile }) => profile.iss),
  "microsoft-entra-id photo": copy => copy.entra(({ user }) => user.image),
  "tiktok token": async copy => copy.signedIn(await copy.provider("tiktok"), tokenOf),
  "tiktok userinfo": copy => copy.userinfo("tiktok", ({ data }) => data.user.display_name),

  "azure-devops userinfo": copy => copy.userinfo("azure-devops", ({ displayName }) => displayName),
  "dropbox userinfo": copy => copy.userinfo("dropbox", ({ name }) => name.display_name),
  "facebook userinfo": copy => copy.userinfo("facebook", nameOf),
  "foursquare userinfo": copy => copy.userinfo("foursquare", ({ response }) => response.user.firstName),
  "github userinfo": copy => copy.userinfo("github", ({ login }) => login),
  "github e-mails": copy => copy.userinfo("github", ({ email }) => email),
  "hubspot userinfo": copy => copy.userinfo("hubspot", ({ user }) => user),
  "nextcloud userinfo": copy => copy.userinfo("nextcloud", ({ displayname }) => displayname),
  "notion userinfo": copy => copy.userinfo("notion", nameOf),
  "todoist userinfo": copy => copy.userinfo("todoist", ({ email }) => email),
  "trakt userinfo": copy => copy.userinfo("trakt", nameOf),
  "vk userinfo": copy => copy.userinfo("vk", ({ first_name }) => first_name),
  "wechat userinfo": copy => copy.userinfo("wechat", ({ nickname }) => nickname),

  "forwardemail e-mail": copy => copy.mail("forwardemail"),
  "loops e-mail": copy => copy.mail("loops"),
  "mailgun e-mail": copy => copy.mail("mailgun"),
  "postmark e-mail": copy => copy.mail("postmark"),
  "resend e-mail": copy => copy.mail("resend"),
  "sendgrid e-mail": copy => copy.mail("sendgrid")
};

module.exports = { calls, open: request => new Copy(request) };
