// In the Edge runtime, with all providers in the bundle.
import { withAuth } from "next-auth/middleware"
import { authOptions } from "./auth"

export default withAuth({ secret: authOptions.secret })
export const config = { matcher: "/members" }
