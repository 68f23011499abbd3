// Makes the requests of a sign-in on the server, with the next-auth installed in the
// working directory: discovery, token, JWKS, userinfo, and azure-ad's photo. Prints the
// results as JSON, or the error.
"use strict";

const path = require("path");
const load = file => require(path.resolve("node_modules/next-auth", file));

async function signIn() {
  const { openidClient } = load("core/lib/oauth/client.js");
  const callbackUrl = "http://localhost:3000/api/auth/callback/idp";
  const client = await openidClient({
    provider: {
      wellKnown: "https://idp.corp.test/.well-known/openid-configuration",
      clientId: "client",
      clientSecret: "secret",
      callbackUrl
    }
  });
  const tokens = await client.callback(callbackUrl, { code: "code" }, {});
  const user = await client.userinfo(tokens);
  const provider = load("providers/azure-ad.js").default({ clientId: "client", clientSecret: "secret" });
  const { image } = await provider.profile(user, tokens);
  return { subject: tokens.claims().sub, user: user.name, image };
}

signIn().then(
  result => console.log(JSON.stringify(result)),
  error => console.log(JSON.stringify({ error: String(error && error.message), cause: String((error && error.cause) || "") }))
);
