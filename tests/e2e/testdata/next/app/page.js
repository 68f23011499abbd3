import { getServerSession } from "next-auth"
import { authOptions } from "../auth"

export const dynamic = "force-dynamic"

export default async function Page() {
  const session = await getServerSession(authOptions)
  return <h1>{session ? `Signed in as ${session.user.name}` : "Signed out"}</h1>
}
