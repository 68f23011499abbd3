// A page with a provider in the browser's bundle.
import { useEffect, useState } from "react"
import AzureADProvider from "next-auth/providers/azure-ad"

export default function Provider() {
  const [name, setName] = useState("")
  useEffect(() => setName(AzureADProvider({}).name), [])
  return <h1>{name}</h1>
}
