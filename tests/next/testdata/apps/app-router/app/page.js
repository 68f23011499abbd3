export default function Page() {
  return <a href="/api/auth/signin">Sign in</a>
}
