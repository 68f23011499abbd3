// An identity provider that accepts everyone with a name. It speaks HTTP on this machine, and X-Forwarded headers make
// it https://idp.corp.test. Prints its port when it is ready. Working directory: where oidc-provider is installed.
import { createRequire } from "module";
import path from "path";
import { pathToFileURL } from "url";

const { resolve } = createRequire(path.join(process.cwd(), "package.json"));
const { default: Provider } = await import(pathToFileURL(resolve("oidc-provider")));

const provider = new Provider("https://idp.corp.test", {
  clients: [
    {
      client_id: "client",
      client_secret: "secret",
      // The port of a native application's address does not matter (RFC 8252, 7.3).
      application_type: "native",
      redirect_uris: ["", "/app"].flatMap(app =>
        ["idp", "azure-ad"].map(id => `http://localhost${app}/api/auth/callback/${id}`)
      )
    },
    {
      client_id: "client-3", // of next-auth 3, which sends the secret so
      client_secret: "secret",
      token_endpoint_auth_method: "client_secret_post",
      application_type: "native",
      redirect_uris: ["http://localhost/api/auth/callback/idp"]
    }
  ],
  claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
  conformIdTokenClaims: false, // azure-ad reads only the claims of the ID token
  cookies: { keys: ["not a secret"] },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, name: "Ada", email: "ada@corp.test" })
  }),
  pkce: { required: () => false }
});
provider.proxy = true;

const server = provider.listen(0, "127.0.0.1", () => console.log(server.address().port));
