import { useSession } from "next-auth/client";

export default function Home() {
  const [session] = useSession();
  return <h1>{session ? session.user.name : "nobody"}</h1>;
}
