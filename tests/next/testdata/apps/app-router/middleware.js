// In the Edge runtime, with a provider in the bundle.
import { withAuth } from "next-auth/middleware"
import { authOptions } from "./options"

export default withAuth({ secret: authOptions.secret })
export const config = { matcher: "/members" }
