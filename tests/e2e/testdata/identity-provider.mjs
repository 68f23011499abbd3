// An identity provider for people whom it lets in without asking for more than a name. It speaks HTTP on this machine
// and is told by X-Forwarded headers that it is https://idp.corp.test. Prints its port when it can be asked.
// Working directory: where oidc-provider is installed.
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
      // Of a native application's address the port does not matter (RFC 8252, 7.3).
      application_type: "native",
      redirect_uris: ["", "/app"].flatMap(app =>
        ["idp", "azure-ad"].map(id => `http://localhost${app}/api/auth/callback/${id}`)
      )
    }
  ],
  claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
  conformIdTokenClaims: false, // azure-ad reads the claims of the ID token and nothing else
  cookies: { keys: ["not a secret"] },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, name: "Ada", email: "ada@corp.test" })
  }),
  pkce: { required: () => false }
});
provider.proxy = true;

const server = provider.listen(0, "127.0.0.1", () => console.log(server.address().port));
