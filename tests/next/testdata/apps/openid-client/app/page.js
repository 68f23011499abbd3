export default function Page() {
  return <a href="/api/sign-in">Sign in</a>
}
