// An app that uses @auth/core by itself, without next-auth.
import { Auth } from "@auth/core"
import GitHub from "@auth/core/providers/github"

const config = {
  basePath: "/api/auth",
  secret: "for the tests only",
  trustHost: true,
  providers: [GitHub({ clientId: "client", clientSecret: "secret" })],
}

const handler = (request) => Auth(request, config)
export { handler as GET, handler as POST }
