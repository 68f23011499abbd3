// Signs in with Chromium as a person does, by what the pages show. The parameters come as JSON in the first argument:
//   chromium  the program
//   url       of the app; api, where its next-auth is; page, another page of it
//   address   where all services are on this machine; key, the base64 SHA-256 of their public key, which Chromium trusts
//   image     where to put a picture of the page that follows the sign-in
// Prints as JSON the heading of that page and the heading of the other one. Working directory: where playwright-core is.
"use strict";

const path = require("path");
const { createRequire } = require("module");
const { chromium } = createRequire(path.join(process.cwd(), "package.json"))("playwright-core");

async function signIn({ chromium: executablePath, url, api, page: other, address, key, image }) {
  const browser = await chromium.launch({
    executablePath,
    args: [`--host-resolver-rules=MAP *.test:443 ${address}`, `--ignore-certificate-errors-spki-list=${key}`]
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${api}/signin`);
    await page.getByRole("button", { name: "Sign in with Corp" }).click();
    await page.getByPlaceholder("Enter any login").fill("ada");
    await page.getByPlaceholder("and password").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(address => address.href.startsWith(url));
    await page.goto(url);
    const signedIn = await page.getByRole("heading").textContent();
    await page.screenshot({ path: image });
    await page.goto(other);
    await page.waitForFunction(() => document.querySelector("h1")?.textContent);
    return { signedIn, other: await page.getByRole("heading").textContent() };
  } finally {
    await browser.close();
  }
}

signIn(JSON.parse(process.argv[2])).then(
  result => console.log(JSON.stringify(result)),
  error => {
    console.error(error);
    process.exitCode = 1;
  }
);
