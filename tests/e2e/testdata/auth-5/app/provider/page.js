// With a provider in the browser's bundle.
"use client"
import Entra from "next-auth/providers/microsoft-entra-id"

export default function Provider() {
  return <h1>{Entra({}).name}</h1>
}
