import AzureADProvider from "next-auth/providers/azure-ad"
import TwitterProvider from "next-auth/providers/twitter"
import options from "./options"

export const authOptions = options(AzureADProvider, TwitterProvider)
