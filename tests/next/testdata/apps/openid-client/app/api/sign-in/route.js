// A client of the app's own, set up much as next-auth sets up its client.
import { Issuer, custom } from "openid-client"

export const dynamic = "force-dynamic"

const provider = { clientId: "client", clientSecret: "secret", callbackUrl: "http://localhost:3000/callback" }

export async function GET() {
  custom.setHttpOptionsDefaults({ timeout: 5000 })
  const issuer = await Issuer.discover("https://idp.corp.test/.well-known/openid-configuration")
  const client = new issuer.Client({
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    redirect_uris: [provider.callbackUrl],
  })
  client[custom.clock_tolerance] = 10
  return Response.redirect(client.authorizationUrl())
}
