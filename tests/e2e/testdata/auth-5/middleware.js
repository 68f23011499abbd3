// In the Edge runtime, with all providers in the bundle.
export { auth as middleware } from "./auth"
export const config = { matcher: "/members" }
